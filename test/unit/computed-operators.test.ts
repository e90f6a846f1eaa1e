/** Operators on computed values: functions within their declared error, chains as one table, comparisons, division, normalisation. */
import { describe, expect, it } from 'vitest';
import { prepareImported } from '../../src/compile/prepare.js';
import { importModel } from '../../src/compile/onnx/import.js';
import type { RealValues, Statistics } from '../../src/compile/passes/calibrate.js';
import { coverFunction, tableName, wantedTarget, type Cover } from '../../src/compile/passes/unary.js';
import * as functions from '../../src/compile/real/unary.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import { ZkonnxError } from '../../src/base/errors.js';
import { buildModel, type TestModel, type TestNode } from './onnx-build.js';
import { compileBoth, runBoth } from './onnx-circuits.js';
import { uniform } from './real-graphs.js';

const next = uniform(3);

function statistics(values: readonly number[]): Statistics {
  return { min: Math.min(...values), max: Math.max(...values), mean: 0, rms: 1 };
}

/** f over equally spaced arguments. */
function calibrated(fn: functions.UnaryFunction, lo: number, hi: number): [Statistics, Statistics] {
  const x = Array.from({ length: 101 }, (_, i) => lo + ((hi - lo) * i) / 100);
  return [statistics(x), statistics(x.map(fn.apply))];
}

/** What the tables and lines of a cover say of an argument. */
function valueOf({ segments, tables, lines, scale }: Cover, q: number): number {
  let sum = 0;
  segments.forEach(({ shift, z, bits }, s) => {
    const rounded = shift === 0 ? q : Math.floor(q / 2 ** shift + 0.5);
    sum += tables[s]![Math.min(Math.max(rounded - z, 0), 2 ** bits - 1)]!;
  });
  const { left, right } = lines;
  if (right !== undefined) sum += right.coefficient * Math.max(0, q - right.from);
  if (left !== undefined) sum += left.coefficient * Math.max(0, left.from - q);
  return sum * scale;
}

/** Arguments of a scale over a proven range. */
const argumentsOver = (scale: number, lo: number, hi: number) => ({
  scale,
  offset: 0,
  lo: Math.ceil(lo / scale),
  hi: Math.floor(hi / scale),
});

describe('tables of functions', () => {
  it.each<[functions.UnaryFunction, number, number, number, number]>([
    [functions.sigmoid, -2, 3, -100, 120],
    [functions.tanh, -5, 5, -80, 80],
    [functions.erfFunction, -1, 1, -20, 20],
    [functions.exp, -3, 4, -30, 5],
    [functions.log, 0.05, 6, 0.001, 30],
    [functions.gelu, -6, 6, -90, 90],
    [functions.geluTanh, -6, 6, -90, 90],
    [functions.softplus, -4, 4, -90, 90],
    [functions.mish, -4, 4, -90, 90],
    [functions.softsign, -4, 4, -90, 90],
    [functions.hardSwish, -4, 4, -90, 90],
    [functions.elu(1.5), -4, 4, -90, 90],
    [functions.celu(0.7), -4, 4, -90, 90],
    [functions.selu(1.67, 1.05), -4, 4, -90, 90],
    [functions.swish(1), -4, 4, -90, 90],
    [functions.power(-1.5), 0.1, 4, 0.05, 8],
    [functions.power(2.5), 0, 4, 0, 8],
    [functions.leakyRelu(0.1), -2, 2, -50, 50],
  ])('%o, calibrated from %d to %d, stays within the declared error from %d to %d', (fn, lo, hi, from, to) => {
    const [argument, value] = calibrated(fn, lo, hi);
    for (const bits of [8, 10]) {
      const wanted = { argument, value, bits, size: 100 };
      const x = argumentsOver(wantedTarget(fn, wanted).scale / 64, from, to);
      const cover = coverFunction(fn, x, wanted);
      expect(cover.calibrated).toEqual({ lo: false, hi: false });
      const largest = Math.max(Math.abs(fn.apply(from)), Math.abs(fn.apply(to)), Math.abs(fn.apply(hi)));
      let worst = 0;
      for (let i = 0; i <= 20_000; i++) {
        const q = Math.round(x.lo + ((x.hi - x.lo) * i) / 20_000);
        worst = Math.max(worst, Math.abs(valueOf(cover, q) - fn.apply(q * x.scale)));
      }
      expect(worst).toBeLessThanOrEqual(cover.error);
      // And the error is not declared so large that it says nothing.
      expect(worst).toBeGreaterThan(cover.error / 8);
      expect(cover.error).toBeLessThanOrEqual(largest * 2 ** -10);
      expect(cover.tables.reduce((rows, { length }) => rows + length, 0)).toBeLessThanOrEqual(2 ** 15);
    }
  });

  it('are as fine as the bits of activations ask', () => {
    for (const fn of [functions.sigmoid, functions.gelu, functions.exp]) {
      const [argument, value] = calibrated(fn, -4, 4);
      for (const bits of [8, 10, 12]) {
        const { error } = coverFunction(fn, argumentsOver(2 ** -18, -4, 4), { argument, value, bits, size: 1 });
        expect(error).toBeLessThanOrEqual(2 ** -bits * (fn === functions.sigmoid ? 1 : value.max - value.min));
      }
    }
  });

  it('end where calibration does at a pole and where values run away, and refuse a pole between the samples', () => {
    const [argument, value] = calibrated(functions.log, 0.05, 6);
    const near = coverFunction(functions.log, argumentsOver(2 ** -12, -3, 6), { argument, value, bits: 8, size: 1 });
    expect(near.calibrated).toEqual({ lo: true, hi: false });
    expect(near.range.lo).toBeGreaterThan(0);
    const [x, y] = calibrated(functions.exp, -3, 3);
    const far = coverFunction(functions.exp, argumentsOver(2 ** -12, -90, 90), {
      argument: x,
      value: y,
      bits: 8,
      size: 1,
    });
    expect(far.calibrated).toEqual({ lo: false, hi: true });
    const both: Statistics = { min: -1, max: 1, mean: 0, rms: 1 };
    const wanted = { argument: { ...both, min: -0.5 }, value: both, bits: 8, size: 1 };
    expect(() => coverFunction(functions.log, argumentsOver(2 ** -9, -1, 1), wanted)).toThrow('log is not finite');
  });

  it('have names that say what their values are', () => {
    expect(tableName('f', Float64Array.of(1, 2))).not.toBe(tableName('f', Float64Array.of(1, 3)));
    expect(tableName('f', Float64Array.of(1, 2))).toBe(tableName('f', Float64Array.of(1, 2)));
  });

  it('erf is the integral to float64 accuracy', () => {
    // Abramowitz and Stegun, table 7.1; and no jump at the switch from the series to the fraction.
    for (const [x, y] of [
      [0.5, 0.5204998778130465],
      [1, 0.8427007929497149],
      [2, 0.9953222650189527],
      [2.5, 0.999593047982555],
      [3.5, 0.9999992569016276],
    ] as const) {
      expect(functions.erf(x)).toBeCloseTo(y, 12);
      expect(functions.erf(-x)).toBeCloseTo(-y, 12);
    }
    expect(functions.erf(2.5) - functions.erf(2.5 - 1e-12)).toBeLessThan(1e-14);
    expect([functions.erf(7), functions.erf(-7), functions.erf(0)]).toEqual([1, -1, 0]);
  });
});

function oneNode(node: Partial<TestNode> & { op: string }, inputs: TestModel['inputs'], more: Partial<TestModel> = {}) {
  return buildModel({
    nodes: [{ inputs: Object.keys(inputs!), outputs: ['y'], ...node }],
    inputs: inputs!,
    outputs: ['y'],
    opset: 20,
    ...more,
  });
}

/** Draws samples of the inputs' sizes and returns the worst error over fresh ones, relative to the largest magnitude. */
function worstError(bytes: Uint8Array, draw: () => RealValues): number {
  const compiled = compileBoth(bytes, Array.from({ length: 30 }, draw));
  let [worst, magnitude] = [0, 0];
  for (let s = 0; s < 3; s++) {
    const sample = draw();
    const expected = evaluateReal(compiled.original, sample);
    const got = runBoth(compiled, sample);
    for (const { name, node } of compiled.original.outputs) {
      expected.get(node)!.forEach((value, i) => {
        magnitude = Math.max(magnitude, Math.abs(value));
        worst = Math.max(worst, Math.abs(value - got.get(name)![i]!));
      });
    }
  }
  return worst / magnitude;
}

const draws =
  (sizes: Readonly<Record<string, number>>, map: (x: number) => number = (x) => 3 * x) =>
  () =>
    new Map(
      Object.entries(sizes).map(([name, size]) => [name, Float64Array.from({ length: size }, () => map(next()))]),
    );

/** Kinds of the nodes that cost rows. */
function costly(bytes: Uint8Array): string[] {
  const { graph } = prepareImported(importModel(bytes), 'circuit');
  return graph.nodes
    .map(({ op }) => op.kind)
    .filter((kind) => !['input', 'constant', 'linear', 'gather'].includes(kind));
}

describe('chains of one variable', () => {
  const scalar = (value: number) => ({ dims: [], values: [value] });
  const gelu = (extra: readonly string[] = []) =>
    buildModel({
      nodes: [
        { op: 'Div', inputs: ['x', 'root'], outputs: ['a'] },
        { op: 'Erf', inputs: ['a'], outputs: ['b'] },
        { op: 'Add', inputs: ['b', 'one'], outputs: ['c'] },
        { op: 'Mul', inputs: ['x', 'c'], outputs: ['d'] },
        { op: 'Mul', inputs: ['d', 'half'], outputs: ['y'] },
      ],
      inputs: { x: [2, 8] },
      outputs: ['y', ...extra],
      constants: { root: scalar(Math.SQRT2), one: scalar(1), half: scalar(0.5) },
    });

  it('a Gelu made of Erf is one table, of the same function', () => {
    expect(costly(gelu())).toEqual(['unary']);
    const { graph } = prepareImported(importModel(gelu()), 'circuit');
    const [node] = graph.nodes.filter(({ op }) => op.kind === 'unary');
    const fn = node!.op.kind === 'unary' ? node!.op.fn : functions.identity;
    for (const x of [-3, -0.5, 0, 1, 4]) expect(fn.apply(x)).toBeCloseTo(functions.gelu.apply(x), 7);
    expect(worstError(gelu(), draws({ x: 16 }))).toBeLessThan(0.01);
  });

  it('x·sigmoid(x) is one table', () => {
    const swish = buildModel({
      nodes: [
        { op: 'Sigmoid', inputs: ['x'], outputs: ['s'] },
        { op: 'Mul', inputs: ['x', 's'], outputs: ['y'] },
      ],
      inputs: { x: [8] },
      outputs: ['y'],
    });
    expect(costly(swish)).toEqual(['unary']);
    expect(worstError(swish, draws({ x: 8 }))).toBeLessThan(0.01);
  });

  it('a step that is an output stays what it is', () => {
    expect(costly(gelu(['b']))).toEqual(['unary', 'bilinear']);
    expect(worstError(gelu(['b']), draws({ x: 16 }))).toBeLessThan(0.01);
  });

  it('the root mean square written out is products, a root and its reciprocal', () => {
    const rms = buildModel({
      nodes: [
        { op: 'Pow', inputs: ['x', 'two'], outputs: ['a'] },
        { op: 'ReduceMean', inputs: ['a'], outputs: ['b'], attributes: { axes: [-1], keepdims: 1 } },
        { op: 'Add', inputs: ['b', 'eps'], outputs: ['c'] },
        { op: 'Sqrt', inputs: ['c'], outputs: ['d'] },
        { op: 'Div', inputs: ['x', 'd'], outputs: ['y'] },
      ],
      inputs: { x: [3, 12] },
      outputs: ['y'],
      constants: { two: scalar(2), eps: scalar(1e-5) },
    });
    expect(costly(rms)).toEqual(['bilinear', 'unary', 'unary', 'bilinear']);
    expect(worstError(rms, draws({ x: 36 }))).toBeLessThan(0.01);
  });
});

describe('comparisons', () => {
  const INT64 = 7;
  const integers = (inputs: readonly string[], size: number) => () =>
    new Map(inputs.map((name) => [name, Float64Array.from({ length: size }, () => Math.round(5 * next()))]));

  it.each(['Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual', 'Equal'])(
    '%s of integers is exact, ties included',
    (op) => {
      const bytes = oneNode({ op }, { a: [40], b: [40] }, { inputType: INT64 });
      expect(worstError(bytes, integers(['a', 'b'], 40))).toBe(0);
    },
  );

  it.each(['And', 'Or', 'Xor'])('%s of computed truth values, one of them negated', (op) => {
    const bytes = buildModel({
      nodes: [
        { op: 'Greater', inputs: ['a', 'b'], outputs: ['p'] },
        { op: 'Equal', inputs: ['a', 'b'], outputs: ['q'] },
        { op: 'Not', inputs: ['p'], outputs: ['n'] },
        { op, inputs: ['n', 'q'], outputs: ['y'] },
        { op, inputs: ['p', 'mask'], outputs: ['z'] },
      ],
      inputs: { a: [30], b: [30] },
      outputs: ['y', 'z'],
      inputType: INT64,
      constants: { mask: { dims: [30], type: 9, raw: { int32Data: Array.from({ length: 30 }, (_, i) => i % 2) } } },
    });
    expect(worstError(bytes, integers(['a', 'b'], 30))).toBe(0);
  });

  it('Where chooses by a computed condition, broadcast', () => {
    const bytes = buildModel({
      nodes: [
        { op: 'Less', inputs: ['a', 'zero'], outputs: ['c'] },
        { op: 'Where', inputs: ['c', 'b', 'k'], outputs: ['y'] },
        { op: 'Where', inputs: ['c', 'one', 'k'], outputs: ['z'] },
      ],
      inputs: { a: [3, 1], b: [3, 5] },
      outputs: ['y', 'z'],
      constants: {
        zero: { dims: [], values: [0] },
        one: { dims: [], values: [1] },
        k: { dims: [5], values: [1, -2, 3, -4, 0.5] },
      },
    });
    expect(worstError(bytes, draws({ a: 3, b: 15 }))).toBeLessThan(0.01);
  });
});

describe('division', () => {
  it.each([1, -1])('by values of sign %d, elementwise and broadcast', (sign) => {
    const divisor = (x: number) => sign * (1.6 + x);
    const bytes = oneNode({ op: 'Div' }, { a: [4, 6], b: [4, 1] });
    const draw = () => new Map([...draws({ a: 24 })(), ...draws({ b: 4 }, divisor)()]);
    expect(worstError(bytes, draw)).toBeLessThan(0.01);
  });

  it('of a constant by computed values', () => {
    const bytes = oneNode(
      { op: 'Div', inputs: ['k', 'b'] },
      { b: [5] },
      { constants: { k: { dims: [], values: [2.5] } } },
    );
    expect(
      worstError(
        bytes,
        draws({ b: 5 }, (x) => 1.3 + x),
      ),
    ).toBeLessThan(0.01);
  });

  it('notes the clamping of a divisor whose proven range holds 0', () => {
    const draw = draws({ b: 6 }, (x) => 1.5 + 1.4 * x);
    const { model } = compileBoth(oneNode({ op: 'Reciprocal' }, { b: [6] }), Array.from({ length: 20 }, draw));
    expect(model.notes.join()).toMatch(
      /y \(Reciprocal, opset 20\): arguments of reciprocal are clamped to \[0\.\d+, \d\.\d+\]/,
    );
    expect(model.errors.get('y')).toBeLessThan(0.01);
  });

  it('refuses divisors of both signs', () => {
    const compiling = () =>
      compileBoth(oneNode({ op: 'Div' }, { a: [4], b: [4] }), Array.from({ length: 9 }, draws({ a: 4, b: 4 })));
    expect(compiling).toThrow('not finite on the range of its argument');
  });
});

describe('layer normalisation', () => {
  it('over the last axes, with mean and inverse deviation, scale and bias computed', () => {
    const bytes = buildModel({
      nodes: [
        { op: 'LayerNormalization', inputs: ['x', 's', 'b'], outputs: ['y', 'mean', 'inv'], attributes: { axis: 1 } },
      ],
      inputs: { x: [2, 3, 4], s: [3, 4], b: [3, 4] },
      outputs: ['y', 'mean', 'inv'],
      opset: 17,
    });
    expect(worstError(bytes, draws({ x: 24, s: 12, b: 12 }))).toBeLessThan(0.015);
  });
});

describe('hostile forms', () => {
  const scale = { scale: { dims: [4], values: [1, 1, 1, 1] } };
  it.each<[string, string, Uint8Array]>([
    [
      'Gelu of an unknown form',
      'MODEL_INVALID',
      oneNode({ op: 'Gelu', attributes: { approximate: 'fast' } }, { x: [4] }),
    ],
    ['an infinite alpha', 'MODEL_INVALID', oneNode({ op: 'Elu', attributes: { alpha: Infinity } }, { x: [4] })],
    ['Swish before opset 24', 'OP_UNSUPPORTED', oneNode({ op: 'Swish' }, { x: [4] })],
    [
      'an axis that does not exist',
      'SHAPE_MISMATCH',
      oneNode(
        { op: 'LayerNormalization', inputs: ['x', 'scale'], attributes: { axis: 2 } },
        { x: [3, 4] },
        { constants: scale },
      ),
    ],
    [
      'statistics in double',
      'OP_UNSUPPORTED',
      oneNode(
        { op: 'LayerNormalization', inputs: ['x', 'scale'], attributes: { stash_type: 11 } },
        { x: [3, 4] },
        { constants: scale },
      ),
    ],
    [
      'a negative epsilon',
      'MODEL_INVALID',
      oneNode(
        { op: 'LayerNormalization', inputs: ['x', 'scale'], attributes: { epsilon: -0.5 } },
        { x: [3, 4] },
        { constants: scale },
      ),
    ],
    [
      'a scale wider than the data',
      'SHAPE_MISMATCH',
      oneNode({ op: 'LayerNormalization', inputs: ['x', 's'] }, { x: [1, 1], s: [1, 5] }),
    ],
    [
      'a mean over nothing',
      'OP_UNSUPPORTED',
      oneNode({ op: 'LayerNormalization', inputs: ['x', 's'] }, { x: [3, 0], s: [0] }),
    ],
    [
      'exponents that differ',
      'OP_UNSUPPORTED',
      oneNode({ op: 'Pow', inputs: ['x', 'e'] }, { x: [2] }, { constants: { e: { dims: [2], values: [2, 3] } } }),
    ],
    [
      'an infinite exponent',
      'OP_UNSUPPORTED',
      oneNode({ op: 'Pow', inputs: ['x', 'e'] }, { x: [2] }, { constants: { e: { dims: [], values: [Infinity] } } }),
    ],
    ['a sum of integers', 'OP_UNSUPPORTED', oneNode({ op: 'Exp' }, { x: [2] }, { inputType: 7 })],
    ['And of floats', 'MODEL_INVALID', oneNode({ op: 'And' }, { a: [2], b: [2] })],
    ['Not of floats', 'MODEL_INVALID', oneNode({ op: 'Not' }, { a: [2] })],
    ['Where by floats', 'MODEL_INVALID', oneNode({ op: 'Where' }, { c: [2], a: [2], b: [2] })],
    [
      'comparison of two types',
      'MODEL_INVALID',
      oneNode(
        { op: 'Greater', inputs: ['x', 'k'] },
        { x: [2] },
        { constants: { k: { dims: [], values: [1], type: 7 } } },
      ),
    ],
    [
      'a mask of −∞',
      'MODEL_INVALID',
      buildModel({
        nodes: [
          { op: 'Greater', inputs: ['x', 'k'], outputs: ['c'] },
          { op: 'Where', inputs: ['c', 'x', 'inf'], outputs: ['y'] },
        ],
        inputs: { x: [2] },
        outputs: ['y'],
        constants: { k: { dims: [], values: [0] }, inf: { dims: [], values: [-Infinity] } },
      }),
    ],
    [
      'a product of 2^40 terms',
      'MODEL_INVALID',
      oneNode({ op: 'MatMul' }, { a: [2 ** 13, 2 ** 13], b: [2 ** 13, 2 ** 13] }),
    ],
    [
      'a centring map of 2^40 weights',
      'MODEL_INVALID',
      oneNode({ op: 'LayerNormalization', inputs: ['x', 's'] }, { x: [2 ** 20], s: [2 ** 20] }),
    ],
  ])('%s: %s', (_, code, bytes) => {
    let error: unknown;
    try {
      importModel(bytes);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ZkonnxError);
    expect((error as ZkonnxError).code).toBe(code);
  });
});
