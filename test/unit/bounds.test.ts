/** Bounds hold what runs give; searches and proofs of errors agree; ranges come of them. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeInputs } from '../../src/compile/real/input-grid.js';
import { openRanges } from '../../src/compile/bounds/never.js';
import { GradientEvaluator } from '../../src/compile/bounds/gradient.js';
import { integerBounds } from '../../src/compile/bounds/integer-bounds.js';
import { provenErrors } from '../../src/compile/bounds/proven-errors.js';
import { realBounds } from '../../src/compile/bounds/real-bounds.js';
import { DrawnOutputs } from '../../src/compile/bounds/drawn-outputs.js';
import { searchedErrors } from '../../src/compile/bounds/searched-errors.js';
import { compile } from '../../src/compile/compile.js';
import { clampWatch } from '../../src/compile/ir/clamped.js';
import type { IrAttrs, IrGraph } from '../../src/compile/ir/graph.js';
import { Interpreter } from '../../src/compile/ir/program.js';
import type { InputDomain } from '../../src/compile/real/input-grid.js';
import { calibrate } from '../../src/compile/passes/calibrate.js';
import { IrEmitter } from '../../src/compile/passes/emitter.js';
import { quantise } from '../../src/compile/passes/quantise.js';
import { choosingRanges } from '../../src/compile/ranges.js';
import { hull, uniformBox } from '../../src/compile/real/box.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import type { RealGraph, RealNode, RealOp } from '../../src/compile/real/graph.js';
import { functionLines, imageOf } from '../../src/compile/real/image.js';
import * as functions from '../../src/compile/real/unary.js';
import { recompile } from '../../src/compile/recompile.js';
import { finish } from '../../src/base/work.js';
import { namesOf } from '../../src/formats/circuit-file.js';
import { dense, graphOf, linearNode, node, uniform, windows } from './real-graphs.js';

const acasxu = path.resolve(import.meta.dirname, '../fixtures/models/acasxu-1-1/model.onnx');
const SIZE = 8;
const groups = { base: Uint32Array.from([0, 4]), size: 4, stride: 1 };
const pool = windows(2, 2, 2, 2);

const middles: Readonly<Record<string, RealOp>> = {
  relu: { kind: 'clamp', lo: 0, hi: Infinity },
  clip: { kind: 'clamp', lo: -0.25, hi: 0.5 },
  leaky: { kind: 'leakyRelu', slope: 0.1 },
  steep: { kind: 'leakyRelu', slope: 1.5 },
  sigmoid: { kind: 'unary', fn: functions.sigmoid },
  gelu: { kind: 'unary', fn: functions.gelu },
  exp: { kind: 'unary', fn: functions.exp },
  softmax: { kind: 'softmax', groups, log: false },
  logSoftmax: { kind: 'softmax', groups, log: true },
  step: { kind: 'step', strict: false },
  gather: { kind: 'gather', index: Int32Array.from([7, -1, 5, 0, 1, 2, 2, 3]), fill: 0.5 },
  square: {
    kind: 'bilinear',
    start: Uint32Array.from({ length: SIZE + 1 }, (_, i) => i),
    left: Uint32Array.from({ length: SIZE }, (_, i) => i),
    right: Uint32Array.from({ length: SIZE }, (_, i) => i),
  },
};

/** x → linear → op → linear → ReLU → linear. */
function graphWith(op: RealOp, seed: number): RealGraph {
  const next = uniform(seed);
  const inputs = op.kind === 'bilinear' ? ['a', 'a'] : ['a'];
  const nodes: RealNode[] = [
    node('x', { kind: 'input' }, [], [5]),
    linearNode('a', dense(5, SIZE, next, 2), 'x', [SIZE], next),
    node('m', op, inputs, [SIZE]),
    linearNode('b', dense(SIZE, SIZE, next, 2), 'm', [SIZE], next),
    node('p', { kind: 'maxWindows', ...pool }, ['b'], [2]),
    node('r', { kind: 'clamp', lo: 0, hi: Infinity }, ['p'], [2]),
    linearNode('c', dense(2, 3, next, 2), 'r', [3], next),
  ];
  return graphOf(nodes, 'c');
}

function pointsOf(count: number, seed: number, size = 5): Map<string, Float64Array>[] {
  const next = uniform(seed);
  const corner = (i: number) => (i % 3 === 0 ? Math.sign(next()) || 1 : next());
  return Array.from(
    { length: count },
    (_, i) => new Map([['x', Float64Array.from({ length: size }, () => corner(i))]]),
  );
}

const domain: InputDomain = { min: -1, max: 1, bits: 16, scale: 2 / 65535, zeroPoint: 32767.5, source: 'declared' };
const domains = new Map([['x', domain]]);

it('the product of a tensor with itself is a square, of which a root may be taken', () => {
  const emitter = new IrEmitter();
  emitter.at(node('x', { kind: 'input' }, [], [1]));
  const x = emitter.emit('input', { lo: -3, hi: 5 }, []);
  const once = { start: Uint32Array.of(0, 1), left: Uint32Array.of(0), right: Uint32Array.of(0) };
  const square = emitter.emit('bilinear', once, [x, x], { name: 'square' });
  const root = emitter.emit('squareRoot', {}, [square], { name: 'root' });
  const { boxes } = integerBounds(emitter.finish([x], [{ name: 'y', node: root }]));
  expect(hull(boxes.get(root)!)).toEqual({ lo: 0, hi: 5 });
});

describe.each(Object.entries(middles))('%s', (name, op) => {
  const graph = graphWith(op, 11 + name.length);
  const samples = pointsOf(200, 5);

  it('real bounds hold every run, relaxed and plain', () => {
    for (const work of [undefined, 0]) {
      const { boxes } = realBounds(graph, new Map([['x', uniformBox(5, -1, 1)]]), work);
      for (const sample of samples) {
        for (const [tensor, values] of evaluateReal(graph, sample)) {
          const { lo, hi } = boxes.get(tensor)!;
          expect(
            values.every((value, i) => value >= lo[i]! && value <= hi[i]!),
            tensor,
          ).toBe(true);
        }
      }
    }
  });

  it('integer bounds hold every run, and proven errors what a search finds', () => {
    const model = quantise(graph, calibrate(graph, samples), { bits: 12, overflow: 'saturate', domains });
    const { boxes } = integerBounds(model.ir);
    const interpreter = new Interpreter(model.ir);
    for (const sample of samples) {
      const q = encodeInputs(sample, domains);
      for (const [tensor, values] of interpreter.run(q)) {
        const { lo, hi } = boxes.get(tensor)!;
        expect(
          values.every((value, i) => value >= lo[i]! && value <= hi[i]!),
          tensor,
        ).toBe(true);
      }
    }
    const searched = searchedErrors(graph, model, domains, { starts: 40, samples });
    // Searches that share what they draw, though another domain drew in between, find what each finds alone.
    const floats = new DrawnOutputs(graph);
    const wider = new Map([...domains].map(([input, domain]) => [input, { ...domain, scale: 2 ** -9 }]));
    for (const where of [domains, wider, domains, domains]) {
      const alone = searchedErrors(graph, model, where, { starts: 10 });
      expect(searchedErrors(graph, model, where, { starts: 10, floats })).toEqual(alone);
    }
    const proven = provenErrors(graph, model, domains);
    expect(searched.evaluations).toBeGreaterThan(100);
    searched.outputs.forEach(({ maxAbsError }, o) => {
      expect(proven.outputs[o]!.maxAbsError ?? Infinity).toBeGreaterThanOrEqual(maxAbsError);
    });
  });

  it('its derivative backwards is that of differences', () => {
    if (op.kind === 'step') return expect(new GradientEvaluator(graph).run(samples[1]!).has('c')).toBe(true);
    const evaluator = new GradientEvaluator(graph);
    const point = samples[1]!.get('x')!;
    evaluator.run(new Map([['x', point]]));
    const gradient = Float64Array.from(evaluator.gradient('c', 1).get('x')!);
    const h = 1e-6;
    gradient.forEach((slope, i) => {
      const at = (by: number) => {
        const moved = point.map((value, j) => (i === j ? value + by : value));
        return evaluateReal(graph, new Map([['x', moved]])).get('c')![1]!;
      };
      expect(slope).toBeCloseTo((at(h) - at(-h)) / (2 * h), 4);
    });
  });
});

it('relaxation is tighter than intervals where layers cancel', () => {
  const graph = graphWith(middles['relu']!, 3);
  const inputs = new Map([['x', uniformBox(5, -1, 1)]]);
  const width = (work?: number) => {
    const { lo, hi } = hull(realBounds(graph, inputs, work).boxes.get('b')!);
    return hi - lo;
  };
  expect(width()).toBeLessThan(0.95 * width(0));
  expect(realBounds(graph, inputs, 0).plain).toContain('b');
});

const named = [
  ...[functions.sigmoid, functions.tanh, functions.exp, functions.erfFunction, functions.gelu, functions.geluTanh],
  ...[functions.softplus, functions.mish, functions.softsign, functions.hardSwish, functions.swish(1.5)],
  ...[functions.elu(0.7), functions.celu(1.3), functions.selu(1.67, 1.05), functions.power(2), functions.power(3)],
  ...[
    functions.leakyRelu(0.1),
    functions.clamp(-1, 2),
    functions.affine(-2, 1),
    functions.composed(functions.exp, functions.tanh),
  ],
  ...[
    functions.productOf(functions.sigmoid, functions.identity),
    functions.sumOf([functions.tanh, functions.exp], [2, -1], 0.5),
  ],
];

it.each(named.map((fn) => [fn.name, fn] as const))('the image and the lines of %s hold its values', (_name, fn) => {
  const next = uniform(31);
  for (let t = 0; t < 60; t++) {
    const [a, b] = [4 * next(), 4 * next()];
    const [lo, hi] = [Math.min(a, b), Math.max(a, b)];
    const [least, most] = imageOf(fn, lo, hi);
    const [low, high] = functionLines(fn, lo, hi);
    const xs = Array.from({ length: 51 }, (_, i) => lo + ((hi - lo) * i) / 50);
    const isHeld = (x: number) => {
      const y = fn.apply(x);
      const isBetween = y >= low[0] * x + low[1] - 1e-12 && y <= high[0] * x + high[1] + 1e-12;
      return y >= least && y <= most && isBetween;
    };
    expect(xs.find((x) => !isHeld(x))).toBeUndefined();
  }
});

it('nothing is said of functions where they are not defined', () => {
  expect(imageOf(functions.reciprocal, -1, 1)).toEqual([-Infinity, Infinity]);
  expect(imageOf(functions.log, -1, 1)).toEqual([-Infinity, Infinity]);
  expect(imageOf(functions.power(-1), -1, 1)).toEqual([-Infinity, Infinity]);
  expect(imageOf({}, 0, 1)).toEqual([-Infinity, Infinity]);
});

describe('ranges', () => {
  const graph = graphWith(middles['relu']!, 3);
  const few = pointsOf(16, 9).map((point) => new Map([['x', point.get('x')!.map((x) => x / 2)]]));
  const ranged = (declared: boolean, stays: boolean) =>
    finish(choosingRanges({ graph, statistics: calibrate(graph, few), given: few, domains, declared, stays }));

  it('of a declared domain hold what the samples did not show', () => {
    const before = calibrate(graph, few);
    const { statistics } = ranged(true, false);
    const seen = calibrate(graph, pointsOf(3000, 77));
    for (const tensor of ['a', 'b', 'c']) {
      const { range } = statistics.get(tensor)!;
      expect(range!.hi).toBeGreaterThanOrEqual(seen.get(tensor)!.max);
      expect(range!.lo).toBeLessThanOrEqual(seen.get(tensor)!.min);
      expect(seen.get(tensor)!.max).toBeGreaterThan(before.get(tensor)!.max);
    }
  });

  it('of bounds are never left, and calibrated ones too narrow are named', () => {
    const { statistics } = ranged(true, true);
    const stays = quantise(graph, statistics, { bits: 16, overflow: 'never', domains });
    expect(openRanges(stays.ir)).toEqual([]);
    const narrow = quantise(graph, calibrate(graph, few.slice(0, 2)), { bits: 16, overflow: 'never', domains });
    expect(openRanges(narrow.ir)[0]?.origin).toMatch(/linear|clamp|maxWindows/);
  });

  it('few samples, and samples that are all alike, are said to be', () => {
    expect(ranged(false, false).notes.join()).toMatch(/few calibration samples \(16\)/);
    const same = Array.from({ length: 70 }, () => few[0]!);
    const { notes } = finish(
      choosingRanges({
        graph,
        statistics: calibrate(graph, same),
        given: same,
        domains,
        declared: false,
        stays: false,
      }),
    );
    expect(notes).toEqual([expect.stringMatching(/all alike/)]);
  });
});

it('a tensor multiplied by itself is a square: its root has bounds', () => {
  const same = Uint32Array.of(0, 1);
  const square = { start: Uint32Array.of(0, 1, 2), left: same, right: same };
  const origin = 'a norm';
  const ir: IrGraph = {
    nodes: [
      { op: 'input', name: 'x', inputs: [], attrs: { lo: -9, hi: 7 }, dims: [2], origin },
      { op: 'bilinear', name: 'squares', inputs: ['x', 'x'], attrs: square, dims: [2], origin },
      { op: 'squareRoot', name: 'root', inputs: ['squares'], attrs: {}, dims: [2], origin },
    ],
    inputs: ['x'],
    outputs: [{ name: 'y', node: 'root' }],
  };
  const { boxes } = integerBounds(ir);
  expect(boxes.get('squares')).toMatchObject({ lo: Float64Array.of(0, 0), hi: Float64Array.of(81, 81) });
  expect(boxes.get('root')).toMatchObject({ lo: Float64Array.of(0, 0), hi: Float64Array.of(9, 9) });
});

it('a clamped run is told from one that is not', () => {
  const graph = graphWith(middles['relu']!, 3);
  const near = pointsOf(16, 9).map((point) => new Map([['x', point.get('x')!.map((x) => x / 20)]]));
  const model = quantise(graph, calibrate(graph, near), { bits: 8, overflow: 'saturate', domains });
  const [interpreter, watch] = [new Interpreter(model.ir), clampWatch(model.ir)];
  const run = (x: Float64Array) => {
    const q = encodeInputs(new Map([['x', x]]), domains);
    return watch(interpreter.run(q));
  };
  expect(run(new Float64Array(5))).toEqual([]);
  const clamped = pointsOf(50, 3).flatMap((point) => run(point.get('x')!));
  expect(clamped.length).toBeGreaterThan(0);
  for (const { node, side, end, elements, farthest } of clamped) {
    const found = model.ir.nodes.find(({ name, op }) => name === node && op === 'requantise')!;
    const { lo, bits, ends } = found.attrs as IrAttrs['requantise'];
    expect({ end, isWithin: farthest >= lo && farthest < lo + 2 ** bits }).toEqual({
      end: ends[side],
      isWithin: false,
    });
    expect(elements).toBeGreaterThan(0);
  }
});

it('a network compiled for its domain never clamps in it, within the tolerance at corners, and compiles again to the same', async () => {
  const compiled = await compile(acasxu, { domain: { lo: -0.5, hi: 0.5 }, overflow: 'never' });
  expect(compiled.manifest.choices!.ranges!.length).toBeGreaterThan(10);
  expect(compiled.schema.overflow).toBe('never');
  const again = await recompile(acasxu, compiled.manifest);
  expect(namesOf(again.product.circuit)).toEqual(namesOf(compiled.circuit));
}, 120_000);
