/** Grids of inputs: zero is a step, the range is covered, and columns of different magnitude have steps of their own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputDomains } from '../../src/compile/passes/domains.js';
import { columnDomain, inputDomain } from '../../src/compile/passes/input-domain.js';
import { encodeValues, endsAt, stepAt } from '../../src/compile/real/input-grid.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { prepareImported } from '../../src/compile/prepare.js';
import { compileBoth, runBoth } from './onnx-circuits.js';
import { buildModel } from './onnx-build.js';

describe('one grid', () => {
  const ends = fc.double({ min: -1e6, max: 1e6, noNaN: true });

  it('covers its range with hardly more than a step more, and meets zero', () => {
    fc.assert(
      fc.property(ends, ends, fc.constantFrom(8, 12, 16, 24), (a, b, bits) => {
        const [lo, hi] = a < b ? [a, b] : [b, a];
        fc.pre(hi - lo > 1e-6);
        const { min, max, scale, zeroPoint } = inputDomain([], bits, { lo, hi });
        const step = Number(scale);
        expect(Number.isInteger(zeroPoint)).toBe(true);
        // Rounding a scale up to 28 bits widens a range of 2^24 steps by an eighth of one.
        const slack = 1.126 * step + 1e-12;
        expect(min).toBeLessThanOrEqual(lo + 1e-12);
        expect(max).toBeGreaterThanOrEqual(hi - 1e-9 * Math.abs(hi));
        expect(lo - min).toBeLessThan(slack);
        expect(max - hi).toBeLessThan(slack);
      }),
    );
  });

  it('declared from zero keeps all its steps', () => {
    expect(inputDomain([], 8, { lo: 0, hi: 255 })).toMatchObject({ scale: 1, zeroPoint: 0, min: 0, max: 255 });
  });

  const bytes = (fn: (level: number) => number) => [Float64Array.from({ length: 256 }, (_, i) => Math.fround(fn(i)))];

  it('of pictures around zero is the data’s own; of pictures from zero or with zero inside it meets zero', () => {
    const normalised = inputDomain(
      bytes((p) => (p / 255 - 0.4914) / 0.247),
      16,
    );
    expect(normalised).toMatchObject({ source: 'grid', bits: 8 });
    expect(Number.isInteger(normalised.zeroPoint)).toBe(false);
    const [data] = bytes((p) => (p / 255 - 0.4914) / 0.247);
    const q = encodeValues(data!, normalised);
    expect(Array.from(q)).toEqual(Array.from({ length: 256 }, (_, i) => i));
    expect(inputDomain(bytes((p) => p / 255), 16)).toMatchObject({ source: 'grid', zeroPoint: 0 }); // prettier-ignore
    expect(inputDomain(bytes((p) => p - 128), 16)).toMatchObject({ source: 'grid', zeroPoint: 128 }); // prettier-ignore
  });
});

describe('a grid a column', () => {
  const node = { dims: [1, 3], dtype: 'float32' };
  const rows = (make: (s: number) => readonly number[]) =>
    Array.from({ length: 16 }, (_, s) => Float64Array.from(make(s)));

  it('where columns differ by 256 and more', () => {
    const values = rows((s) => [12_000 * s + 3, s / 16, 7]);
    const domain = columnDomain(node, values, 16)!;
    expect(domain.scale).toHaveLength(3);
    const [salary, ratio, constant] = [0, 1, 2].map(endsAt(domain));
    expect(salary!.hi).toBeGreaterThan(180_003);
    expect(salary!.lo).toBeLessThan(3);
    expect(ratio!.hi - ratio!.lo).toBeLessThan(1.5);
    expect(constant!.hi - constant!.lo).toBeLessThan(15);
    expect([0, 1, 2].map((i) => Number.isInteger(stepAt(domain)(i).zeroPoint))).toEqual([true, true, true]);
    expect(stepAt(domain)(4)).toEqual(stepAt(domain)(1));
  });

  it('and not where they do not, nor of a few values', () => {
    expect(columnDomain(node, rows((s) => [s, s / 16, 100 - s]), 16)).toBeUndefined(); // prettier-ignore
    expect(columnDomain(node, rows((s) => [12_000 * s, s / 16, 7]).slice(0, 7), 16)).toBeUndefined(); // prettier-ignore
  });

  const model = buildModel({
    inputs: { x: [1, 3] },
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['dense'] },
      { op: 'Relu', inputs: ['dense'], outputs: ['r'] },
      { op: 'Sigmoid', inputs: ['x'], outputs: ['s'] },
      { op: 'Concat', inputs: ['r', 's'], outputs: ['y'], attributes: { axis: 1 } },
    ],
    outputs: ['y'],
    constants: { w: { dims: [3, 1], values: Float32Array.of(1e-5, 2, 0.1) } },
  });

  it('in both circuits: a linear layer reads each column by its own steps, a function all of them by one', () => {
    const samples = rows((s) => [12_000 * s + 3, Math.sin(s), 5 + (s % 3)]).map((x) => new Map([['x', x]]));
    const compiled = compileBoth(model, samples, { bits: 14 });
    for (const sample of samples.slice(0, 4)) {
      const [a, b, c] = sample.get('x')! as unknown as [number, number, number];
      const [dense] = runBoth(compiled, sample).get('y')!;
      expect(Math.abs(dense! - Math.max(0, 1e-5 * a + 2 * b + 0.1 * c))).toBeLessThan(0.005);
    }
  });

  it('of integers are whole steps, one where they suffice', () => {
    const graph = prepareImported(
      importModel(
        buildModel({
          inputs: { x: [1, 2] },
          inputType: 7,
          nodes: [
            { op: 'Cast', inputs: ['x'], outputs: ['f'], attributes: { to: 1 } },
            { op: 'MatMul', inputs: ['f', 'w'], outputs: ['y'] },
          ],
          outputs: ['y'],
          constants: { w: { dims: [2, 1], values: Float32Array.of(1e-9, 0.01) } },
        }),
      ),
      'circuit',
    ).graph;
    const samples = rows((s) => [1_700_000_000 + 86_400 * s, 100 + 7 * s]).map((x) => new Map([['x', x]]));
    const domain = inputDomains(graph, samples, () => undefined).get('x')!;
    expect(domain.scale).toEqual([1, 1]);
    expect(stepAt(domain)(0).zeroPoint).toBeLessThan(-1_699_000_000);
  });

  it('a declared domain is that of every column', () => {
    const { graph } = prepareImported(importModel(model), 'circuit');
    const samples = rows((s) => [12_000 * s + 3, Math.sin(s), 5 + (s % 3)]).map((x) => new Map([['x', x]]));
    const domain = inputDomains(graph, samples, () => ({ lo: -10, hi: 200_000 })).get('x')!;
    expect(domain).toMatchObject({ source: 'declared' });
    expect(typeof domain.scale).toBe('number');
  });
});
