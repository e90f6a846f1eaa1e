/** A transformer block from ONNX to verdict: matrix products at the challenge, in a real proof. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freivaldsRows } from '../../circuits/gadgets/freivalds.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { artifactPaths } from '../../src/formats/manifest.js';
import { prove } from '../../src/prove/prove.js';
import { setup } from '../../src/setup/setup.js';
import { verify } from '../../src/verify/index.js';
import { transformerBlock } from '../unit/transformer-block.js';

const [TOKENS, WIDTH] = [4, 8];
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-transformer-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

it('a proof of a transformer block is accepted', async () => {
  const model = path.join(dir, 'block.onnx');
  await writeFile(model, transformerBlock(TOKENS, WIDTH, 2));
  const compiled = await compile(model, { domain: { lo: -2, hi: 2 }, bits: 10, tolerance: 0.05 });
  const { rounds } = compiled.circuit;
  // Beside the fold of the public values there are the rows of four matrix products.
  expect(rounds!.fieldRows.length - rounds!.publicValues).toBe(4 * freivaldsRows({ m: TOKENS, k: 4, n: 4 }).rows);
  // gelu is covered as far as its argument reaches.
  expect(compiled.manifest.notes.join()).not.toContain('arguments of gelu are clamped');
  const artifact = path.join(dir, 'artifact');
  await writeArtifact(artifact, compiled, model);
  await setup(artifact, { dev: true, threads: 2 });
  const key = await readFile(artifactPaths(artifact).verificationKey, 'utf8');
  const x = Float64Array.from({ length: TOKENS * WIDTH }, (_, i) => 2 * Math.sin(5 * i));
  for await (const { proof } of prove(artifact, [{ id: '0', tensors: new Map([['x', x]]) }], { threads: 2 })) {
    expect(verify(proof, key)).toMatchObject({ valid: true, protocol: 'mirage' });
  }
});
