/** Functions whose declared domain holds a pole: what lies nearer to it than the data is clamped, so that what is not stays within the tolerance. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { buildModel, type TestModel } from './onnx-build.js';

const TOLERANCE = 0.005;
const SHAPE = [1, 6];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-poles-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** 600 different values from 1/201 to just below 1. */
const data = Array.from(
  { length: 100 },
  (_, s) => new Map([['x', Float64Array.from({ length: 6 }, (_, i) => ((((6 * s + i) * 7919) % 1000) + 5) / 1006)]]),
);
const unary = (op: string, input = 'x', output = 'y') => ({ op, inputs: [input], outputs: [output] });

const whole = { lo: 0, hi: 1 };
const both = { lo: -1, hi: 1 };
const functions: Readonly<
  Record<string, Pick<TestModel, 'nodes' | 'constants'> & { domain: typeof whole; of: (x: number) => number }>
> = {
  'log x': { nodes: [unary('Log')], domain: whole, of: Math.log },
  '1/x': { nodes: [unary('Reciprocal')], domain: both, of: (x) => 1 / x },
  '1/√x': { nodes: [unary('Sqrt', 'x', 's'), unary('Reciprocal', 's')], domain: whole, of: (x) => 1 / Math.sqrt(x) },
  'x^−1.5': {
    nodes: [{ op: 'Pow', inputs: ['x', 'e'], outputs: ['y'] }],
    constants: { e: { dims: [], values: [-1.5] } },
    domain: whole,
    of: (x) => x ** -1.5,
  },
  'x/(x + 0.5)': {
    nodes: [
      { op: 'Add', inputs: ['x', 'c'], outputs: ['d'] },
      { op: 'Div', inputs: ['x', 'd'], outputs: ['y'] },
    ],
    constants: { c: { dims: [1], values: [0.5] } },
    domain: both,
    of: (x) => x / (x + 0.5),
  },
};

it.each(Object.entries(functions))('%s', async (name, { of, domain, ...model }) => {
  const file = path.join(dir, `${Object.keys(functions).indexOf(name)}.onnx`);
  await writeFile(file, buildModel({ ...model, inputs: { x: SHAPE }, outputs: ['y'] }));
  const { accuracy } = await compile(file, { samples: data, domain, tolerance: TOLERANCE });
  const largest = Math.max(...data.flatMap((sample) => [...sample.get('x')!].map((x) => Math.abs(of(x)))));
  const [searched] = accuracy.searched!.outputs;
  expect(accuracy.searched!.clamped).toBeGreaterThan(0);
  expect(searched!.maxAbsError).toBeLessThan(TOLERANCE * largest);
  // Of what was clamped nothing counts, or infinity would hide every error.
  expect(searched!.magnitude).toBeLessThan(2 * largest);
});
