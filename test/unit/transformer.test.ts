/** A transformer block: layer normalisation, attention of two heads, Gelu; by both protocols, close to onnxruntime. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { RealValues } from '../../src/compile/passes/calibrate.js';
import { inputNodes } from '../../src/compile/passes/domains.js';
import { openReference } from '../../src/reference.js';
import { buildModel, type TestNode, type TestTensor } from './onnx-build.js';
import { compileBoth, runBoth } from './onnx-circuits.js';
import { uniform } from './real-graphs.js';

const [TOKENS, WIDTH, HEADS] = [8, 16, 2];
const HEAD = WIDTH / HEADS;

const next = uniform(11);
const weights = (dims: readonly number[], gain = 1): TestTensor => {
  const size = dims.reduce((a, b) => a * b, 1);
  return { dims, values: Float32Array.from({ length: size }, () => (gain * next()) / Math.sqrt(dims[0]!)) };
};

function layerNorm(input: string, output: string): TestNode {
  return {
    op: 'LayerNormalization',
    inputs: [input, `${output}.scale`, `${output}.bias`],
    outputs: [output],
    attributes: { axis: -1, epsilon: 1e-5 },
  };
}

function heads(input: string, output: string, perm: readonly number[]): TestNode[] {
  return [
    { op: 'Reshape', inputs: [input, 'split'], outputs: [`${output}.split`] },
    { op: 'Transpose', inputs: [`${output}.split`], outputs: [output], attributes: { perm } },
  ];
}

const block = buildModel({
  opset: 20,
  nodes: [
    layerNorm('x', 'ln1'),
    ...['q', 'k', 'v'].map((name) => ({ op: 'MatMul', inputs: ['ln1', `w.${name}`], outputs: [name] })),
    ...heads('q', 'qh', [1, 0, 2]),
    ...heads('k', 'kh', [1, 2, 0]),
    ...heads('v', 'vh', [1, 0, 2]),
    { op: 'MatMul', inputs: ['qh', 'kh'], outputs: ['raw'] },
    { op: 'Div', inputs: ['raw', 'root'], outputs: ['scores'] },
    { op: 'Softmax', inputs: ['scores'], outputs: ['weights'], attributes: { axis: -1 } },
    { op: 'MatMul', inputs: ['weights', 'vh'], outputs: ['mixed'] },
    { op: 'Transpose', inputs: ['mixed'], outputs: ['back'], attributes: { perm: [1, 0, 2] } },
    { op: 'Reshape', inputs: ['back', 'joined'], outputs: ['attended'] },
    { op: 'MatMul', inputs: ['attended', 'w.o'], outputs: ['projected'] },
    { op: 'Add', inputs: ['x', 'projected'], outputs: ['residual'] },
    layerNorm('residual', 'ln2'),
    { op: 'MatMul', inputs: ['ln2', 'w.up'], outputs: ['up'] },
    { op: 'Gelu', inputs: ['up'], outputs: ['active'] },
    { op: 'MatMul', inputs: ['active', 'w.down'], outputs: ['down'] },
    { op: 'Add', inputs: ['residual', 'down'], outputs: ['y'] },
  ],
  inputs: { x: [TOKENS, WIDTH] },
  outputs: ['y'],
  constants: {
    'ln1.scale': { dims: [WIDTH], values: Float32Array.from({ length: WIDTH }, () => 1 + next() / 4) },
    'ln1.bias': weights([WIDTH], 0.2),
    'ln2.scale': { dims: [WIDTH], values: Float32Array.from({ length: WIDTH }, () => 1 + next() / 4) },
    'ln2.bias': weights([WIDTH], 0.2),
    'w.q': weights([WIDTH, WIDTH], 1.7),
    'w.k': weights([WIDTH, WIDTH], 1.7),
    'w.v': weights([WIDTH, WIDTH], 1.7),
    'w.o': weights([WIDTH, WIDTH], 1.7),
    'w.up': weights([WIDTH, 2 * WIDTH], 1.7),
    'w.down': weights([2 * WIDTH, WIDTH], 1.7),
    split: { dims: [3], values: [TOKENS, HEADS, HEAD], type: 7 },
    joined: { dims: [2], values: [TOKENS, WIDTH], type: 7 },
    root: { dims: [], values: [Math.sqrt(HEAD)] },
  },
});

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
      const expected = (await reference!.run(new Map([...input].map(([name, x]) => [name, x.map(Math.fround)])))).get(
        'y',
      )!;
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
