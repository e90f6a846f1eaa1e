/** The perceptron of two million weights, which others publish figures for, with what a bench or a test needs beside the file. */
import { writeFile } from 'node:fs/promises';
import { DEFAULT_WIDTHS, makeMlp } from '../scripts/make-mlp.js';
import type { CompileOptions } from '../src/compile/options.js';
import { mnistImages } from './models.js';

export const PERCEPTRON = `mlp-${DEFAULT_WIDTHS.join('-')}`;
const INPUT = 'input';
const pixel = (value: number): number => value / 255;

/** Calibrated on the images that the fixtures for MNIST are calibrated on: pixels of 8 bits. */
export async function perceptronOptions(): Promise<CompileOptions> {
  return { samples: (await mnistImages(1000, 100, pixel)).map((image) => new Map([[INPUT, image]])) };
}

/** Test images 0 to `count` − 1, which it is not calibrated on. */
export async function perceptronSamples(count: number): Promise<Map<string, Float64Array>[]> {
  return (await mnistImages(0, count, pixel)).map((image) => new Map([[INPUT, image]]));
}

export function writePerceptron(file: string): Promise<void> {
  return writeFile(file, makeMlp());
}
