/** From a model whose values leave their calibrated ranges to a verdict that says so, on the command line. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { requireStatementOf } from '../../src/prove/statement-of-sample.js';
import { PACKING_ORDER, pack, PROTOCOLS, type Schema, type TensorSchema } from '../../src/verify/statement.js';
import { expectError, scratchFolder, zkonnx, zkonnxJson } from '../unit/cli-harness.js';
import { buildModel } from '../unit/onnx-build.js';

const folder = await scratchFolder();
const at = (name: string) => path.join(folder, name);

const WIDTH = 8;
const LAYERS = 6;
/** Weight from element i to element j of layer k. */
const weight = (k: number, i: number, j: number) => 0.6 * Math.cos(3 * i + 7 * j + k);
const square = Array.from({ length: WIDTH }, (_, i) => i);

/** Layers of linear maps and ReLUs without a bias: what the inputs are scaled by, every value is. Its domain is forty times as wide as its calibration. */
const model = buildModel({
  nodes: Array.from({ length: LAYERS }, (_, k) => [
    { op: 'MatMul', inputs: [k === 0 ? 'x' : `r${k - 1}`, `A${k}`], outputs: [`h${k}`] },
    { op: 'Relu', inputs: [`h${k}`], outputs: [`r${k}`] },
  ]).flat(),
  inputs: { x: [1, WIDTH] },
  outputs: [`r${LAYERS - 1}`],
  constants: Object.fromEntries(
    Array.from({ length: LAYERS }, (_, k) => [
      `A${k}`,
      { dims: [WIDTH, WIDTH], values: square.flatMap((i) => square.map((j) => weight(k, i, j))) },
    ]),
  ),
});
await writeFile(at('model.onnx'), model);
/** Of which the first layer is far beyond. */
const BEYOND = square.map((i) => Math.sign(weight(0, i, 0)));
const samples = Array.from({ length: 20 }, (_, i) => ({ x: square.map((k) => Math.sin(i + 5 * k) / 40) }));
await writeFile(at('calibration.json'), JSON.stringify(samples));
await writeFile(at('inside.json'), JSON.stringify(samples[3]));
await writeFile(at('beyond.json'), JSON.stringify({ x: BEYOND }));

const compile = (name: string, ...flags: string[]) =>
  zkonnx([
    ...['compile', at('model.onnx'), '-o', at(name), '--calibrate', at('calibration.json'), '--domain', '-1..1'],
    ...['--quiet', ...flags],
  ]);

describe.each(PROTOCOLS)('a model whose values leave their ranges, %s', (protocol) => {
  it('says so in run, prove and verify, and is refused where nothing may be clamped', async () => {
    expect((await compile(protocol, '--protocol', protocol)).code).toBe(0);
    const key = at(`${protocol}/verification_key.json`);
    expect(await zkonnxJson(['run', at(protocol), '--in', at('inside.json')])).toMatchObject({
      json: { clamped: false, clamps: [] },
    });
    const ran = await zkonnx(['run', at(protocol), '--in', at('beyond.json')]);
    expect(ran.stdout).toContain('clamped  YES');
    expect(ran.stderr).toMatch(/beyond\.json: CLAMPED at \S+.*: \d values? (above|below) [\d.]+, the farthest [\d.]+/);
    const { json } = await zkonnxJson(['run', at(protocol), '--in', at('beyond.json')]);
    expect(json).toMatchObject({
      clamped: true,
      clamps: expect.arrayContaining([expect.objectContaining({ layer: 'r0', side: 'above', units: 'real' })]),
    });
    const clamps = json['clamps'] as { layer: string; bound: number; value: number }[];
    const { bound, value } = clamps.find(({ layer }) => layer === 'r0')!;
    expect(value).toBeGreaterThan(bound);
    expect((await zkonnx(['setup', at(protocol), '--dev', '--quiet'])).code).toBe(0);
    const proof = at(`${protocol}.json`);
    const proven = await zkonnx(['prove', at(protocol), '--in', at('beyond.json'), '-o', proof]);
    expect(proven).toMatchObject({ code: 0 });
    expect(proven.stderr).toContain('clamped');
    expect((await zkonnx(['verify', proof, '--key', key])).stdout).toMatch(/clamped +YES/);
    expect(await zkonnxJson(['verify', proof, '--key', key, '--expect-unclamped'])).toMatchObject({
      code: 1,
      json: { reason: 'CLAMPED' },
    });
    const inside = await zkonnxJson(['prove', at(protocol), '--in', at('inside.json'), '-o', proof]);
    expect(inside).toMatchObject({ code: 0, json: { clamped: false } });
    expect((await zkonnx(['verify', proof, '--key', key, '--expect-unclamped'])).code).toBe(0);
    expect((await zkonnx(['inspect', at(protocol)])).stdout).toContain('the statement has a bit');
  });

  it('with --overflow reject is refused before proving, naming the layer', async () => {
    expect((await compile(`${protocol}-reject`, '--protocol', protocol, '--overflow', 'reject')).code).toBe(0);
    const args = ['run', at(`${protocol}-reject`), '--in', at('beyond.json')];
    const error = await expectError(args, 'RANGE_EXCEEDED');
    expect(error['where']).toMatch(/^(x\.round|r0)$/);
    expect(error['help']).toContain('--overflow saturate');
    expect(await zkonnxJson([...args.slice(0, 3), at('inside.json')])).toMatchObject({
      code: 0,
      json: { clamped: null },
    });
  });
});

describe('a proof leaves only with the bit that solving found', () => {
  const tensor = (name: string): TensorSchema => ({
    ...{ name, dims: [1], visibility: 'public', lo: 0, hi: 255, bytes: 1, scale: 1, zeroPoint: 0, dtype: 'float32' },
  });
  const schema: Schema = { outputs: [tensor('y')], inputs: [tensor('x')], overflow: 'saturate', clamped: true };
  const values = {
    inputs: new Map([['x', Float64Array.of(3)]]),
    outputs: { y: Float64Array.of(4) },
    salts: new Map<string, bigint>(),
  };

  it.each(PROTOCOLS)('%s', (protocol) => {
    const order = PACKING_ORDER[protocol];
    const stating = (bit: string) => [
      ...pack(tensor('y'), [4], order).map(String),
      bit,
      ...pack(tensor('x'), [3], order).map(String),
    ];
    for (const clamped of [true, false]) {
      const own = clamped ? '1' : '0';
      expect(() => requireStatementOf(schema, protocol, stating(own), { ...values, clamped })).not.toThrow();
      for (const other of [clamped ? '0' : '1', '2'])
        expect(() => requireStatementOf(schema, protocol, stating(other), { ...values, clamped })).toThrow(/clamped/);
    }
    expect(() => requireStatementOf(schema, protocol, stating('0'), { ...values, clamped: null })).toThrow(/clamped/);
  });
});
