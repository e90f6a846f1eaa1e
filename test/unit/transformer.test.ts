/** A transformer block: layer normalisation, attention of two heads, Gelu; by both protocols, close to onnxruntime. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { RealValues } from '../../src/compile/passes/calibrate.js';
import { inputNodes } from '../../src/compile/passes/domains.js';
import { openReference } from '../../src/reference/onnxruntime.js';
import { compileBoth, runBoth } from './onnx-circuits.js';
import { uniform } from './real-graphs.js';
import { transformerBlock } from './transformer-block.js';

const [TOKENS, WIDTH] = [8, 16];
const block = transformerBlock(TOKENS, WIDTH, 2);
const next = uniform(12);
const draw = (): RealValues => new Map([['x', Float64Array.from({ length: TOKENS * WIDTH }, () => 2 * next())]]);

it('a transformer block keeps to onnxruntime, by bits and by lookups', async () => {
  const compiled = compileBoth(block, Array.from({ length: 24 }, draw));
  const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-transformer-'));
  try {
    const file = path.join(folder, 'block.onnx');
    await writeFile(file, block);
    const reference = await openReference(file, inputNodes(compiled.original));
    for (let sample = 0; sample < 3; sample++) {
      const input = draw();
      const outputs = await reference!.run(new Map([...input].map(([name, x]) => [name, x.map(Math.fround)])));
      const expected = outputs.get('y')!.values;
      const got = runBoth(compiled, input).get('y')!;
      const magnitude = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i]!)), 0);
      expect(worst / magnitude).toBeLessThan(0.01);
    }
    await reference!.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const costs = ({ layers }: { layers: readonly { op: string; constraints: number }[] }, op: RegExp) =>
    layers.reduce((sum, layer) => sum + (op.test(layer.op) ? layer.constraints : 0), 0);
  // Two heads of 8×8 by 8×8, twice: 512 products an attention matrix and head, 176 rows of Freivalds' check.
  expect(costs(compiled.plain, /^raw/)).toBeGreaterThan(1024);
  expect(costs(compiled.rounds, /^raw \(MatMul/)).toBeLessThan(costs(compiled.plain, /^raw \(MatMul/) / 2);
  process.stderr.write(
    `transformer block: ${compiled.plain.r1cs.nConstraints} rows by bits, ${compiled.rounds.r1cs.nConstraints} by lookups\n`,
  );
});

it('and with --overflow reject, on what it was calibrated for', () => {
  const samples = Array.from({ length: 6 }, draw);
  const saturating = compileBoth(block, samples, { bits: 8 });
  const rejecting = compileBoth(block, samples, { bits: 8, overflow: 'reject' });
  const [y, z] = [saturating, rejecting].map((compiled) => runBoth(compiled, samples[0]!).get('y')!);
  expect(Array.from(z!)).toEqual(Array.from(y!));
  expect(rejecting.rounds.r1cs.nConstraints).toBeLessThan(saturating.rounds.r1cs.nConstraints);
});
