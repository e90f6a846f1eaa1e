import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { ZkonnxError } from '../../src/base/errors.js';
import type { ErrorCode } from '../../src/base/errors.js';
import { readSamples } from '../../src/inputs/samples.js';
import type { InputSpec, ReadOptions, Sample } from '../../src/inputs/samples.js';

export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/inputs/${name}`, import.meta.url));

export const input = (name: string, dims: readonly number[], dtype = 'float32'): InputSpec => ({ name, dims, dtype });

/** A folder that goes when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zkonnx-inputs-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

export async function written(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

export async function all(path: string, inputs: readonly InputSpec[], options?: ReadOptions): Promise<Sample[]> {
  const samples: Sample[] = [];
  for await (const sample of readSamples(path, inputs, options)) samples.push(sample);
  return samples;
}

/** Samples as plain values: [id, { name: values }]. */
export function plain(samples: readonly Sample[]): [string, Record<string, number[]>][] {
  return samples.map(({ id, tensors }) => [
    id,
    Object.fromEntries([...tensors].map(([name, values]) => [name, [...values]])),
  ]);
}

/** The error of a refusal, which must be of the given code and say all of `words`. */
export async function refusal(
  attempt: Promise<unknown> | (() => unknown),
  code: ErrorCode,
  ...words: string[]
): Promise<ZkonnxError> {
  let outcome: unknown = 'it was accepted';
  try {
    await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    outcome = error;
  }
  if (!(outcome instanceof ZkonnxError)) throw new Error(`no refusal: ${String(outcome)}`, { cause: outcome });
  if (outcome.code !== code) throw new Error(`refused as ${outcome.code} instead of ${code}`, { cause: outcome });
  const missing = words.filter((word) => !outcome.message.includes(word));
  if (missing.length > 0) throw new Error(`the refusal does not say ${missing.join(', ')}`, { cause: outcome });
  return outcome;
}
