/** What stands in for data where only a domain is declared. */
import { describe, expect, it } from 'vitest';
import { patternLevels } from '../../src/compile/bounds/patterns.js';
import { lehmer } from '../../src/compile/bounds/random.js';
import { sampling } from '../../src/compile/calibration-samples.js';
import { compileInside } from '../../src/compile/compile.js';
import { Interpreter } from '../../src/compile/ir/program.js';
import { clampWatch } from '../../src/compile/ir/clamped.js';
import { calibrate } from '../../src/compile/passes/calibrate.js';
import { encodeInputs } from '../../src/compile/real/input-grid.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import type { RealNode } from '../../src/compile/real/graph.js';
import * as functions from '../../src/compile/real/unary.js';
import { readingModel } from '../../src/compile/model-file.js';
import { Stages } from '../../src/compile/stages.js';
import { buildModel } from './onnx-build.js';
import { dense, graphOf, linearNode, node, uniform } from './real-graphs.js';

const SIDE = 20;
const TOLERANCE = 0.005;

/** A mean of all elements: of independent ones it is the middle of the domain, nearly. */
const sum = dense(SIDE * SIDE, 1, () => 1 / SIDE);
const mean: RealNode[] = [
  node('x', { kind: 'input' }, [], [1, 1, SIDE, SIDE]),
  linearNode('y', sum, 'x', [1], () => 0),
];

describe('patterns', () => {
  it('are levels of which neighbours are alike, from one end to the other', () => {
    const random = lehmer(3);
    const drawn = Array.from({ length: 100 }, () => patternLevels([3, 8, 8], random));
    const all = drawn.flatMap((levels) => [...levels]);
    expect(drawn.every(({ length }) => length === 192)).toBe(true);
    expect(all.every((level) => level >= 0 && level <= 1)).toBe(true);
    expect(all.filter((level) => level === 0).length).toBeGreaterThan(100);
    expect(all.filter((level) => level === 1).length).toBeGreaterThan(100);
    const steps = drawn.flatMap((levels) => [...levels.subarray(1)].map((level, i) => Math.abs(level - levels[i]!)));
    // Of independent levels 1/3.
    expect(steps.reduce((sum, step) => sum + step, 0) / steps.length).toBeLessThan(0.15);
  });

  it('come of any dims', () => {
    for (const dims of [[], [0], [7], [2, 0, 3], [1, 1, 1, 1]]) {
      const size = dims.reduce((product, dim) => product * dim, 1);
      expect(patternLevels(dims, lehmer(1))).toHaveLength(size);
    }
  });
});

describe('drawn samples', () => {
  it('hold patterns: a mean of many elements goes from one end of the domain to the other', () => {
    const { all, drawn } = sampling(graphOf(mean, 'y'), { domain: { lo: -2, hi: 4 } });
    const { min, max } = calibrate(graphOf(mean, 'y'), all).get('y')!;
    expect(drawn).toBe(true);
    expect(min).toBeLessThan(-1.5);
    expect(max).toBeGreaterThan(3.5);
    expect(all.every((sample) => sample.get('x')!.every((value) => value >= -2 && value <= 4))).toBe(true);
  });

  it('hold no pattern of which the model has no answer', () => {
    const log = [...mean, node('z', { kind: 'unary', fn: functions.log }, ['y'], [1])];
    const { all } = sampling(graphOf(log, 'z'), { domain: { lo: 0, hi: 1 } });
    expect(all).toHaveLength(80);
    for (const sample of all)
      expect(evaluateReal(graphOf(log, 'z'), sample).get('z')!.every(Number.isFinite)).toBe(true);
  });

  it('count as the largest of them in mean and rms', () => {
    const samples = [0.5, -2].map((value) => new Map([['x', new Float64Array(SIDE * SIDE).fill(value)]]));
    const usual = calibrate(graphOf(mean, 'y'), samples).get('x')!;
    expect(usual.mean).toBeCloseTo(-0.75, 12);
    expect(usual.rms).toBeCloseTo(Math.sqrt(4.25 / 2), 12);
    const largest = calibrate(graphOf(mean, 'y'), samples, { byLargest: true }).get('x')!;
    expect(largest.mean).toBeCloseTo(-2, 12);
    expect(largest.rms).toBeCloseTo(2, 12);
  });
});

/** Units that independent elements never reach: of each the mean of one field of a picture less that of another, less a threshold. */
function contrasts(): Uint8Array {
  const next = uniform(17);
  const fields = 16;
  const units = 12;
  const first = Array.from({ length: units * fields }, (_, i) => {
    const [unit, field] = [Math.floor(i / fields), i % fields];
    const [up, down] = [(7 * unit) % fields, (7 * unit + 1 + (unit % 5)) % fields];
    return field === up ? 1 : field === down ? -1 : 0;
  });
  return buildModel({
    inputs: { x: [1, 1, SIDE, SIDE] },
    outputs: ['y'],
    nodes: [
      { op: 'AveragePool', inputs: ['x'], outputs: ['means'], attributes: { kernel_shape: [5, 5], strides: [5, 5] } },
      { op: 'Flatten', inputs: ['means'], outputs: ['fields'] },
      { op: 'Gemm', inputs: ['fields', 'a', 'b'], outputs: ['units'], attributes: { transB: 1 } },
      { op: 'Relu', inputs: ['units'], outputs: ['active'] },
      { op: 'Gemm', inputs: ['active', 'c', 'd'], outputs: ['y'], attributes: { transB: 1 } },
    ],
    constants: {
      a: { dims: [units, fields], values: first },
      b: { dims: [units], values: Array.from({ length: units }, () => -0.45) },
      c: { dims: [3, units], values: Array.from({ length: 3 * units }, () => 4 * next() + 1) },
      d: { dims: [3], values: [0.02, -0.01, 0.03] },
    },
  });
}

describe('a model compiled from a domain alone', () => {
  it('is within the tolerance on pictures, though noise is all that independent draws show it', async () => {
    const bytes = contrasts();
    const { quantised, domains, manifest, accuracy } = await compileInside(bytes, {
      domain: { lo: 0, hi: 1 },
      overflow: 'reject',
    });
    const { prepared } = await new Stages({}).run('import', readingModel(bytes, {}));
    const name = prepared.graph.outputs[0]!.node;
    const { node: irNode, scale, offset } = quantised.tensors.get(name)!;
    const watch = clampWatch(quantised.ir);
    const interpreter = new Interpreter(quantised.ir);
    const random = lehmer(41);
    let [worst, looked] = [0, 0];
    for (let i = 0; i < 300; i++) {
      // Strokes on white.
      const picture = new Float64Array(SIDE * SIDE);
      for (let s = 0; s < 4; s++) {
        const [row, column, length] = [0, 0, 0].map(() => Math.floor(SIDE * random())) as [number, number, number];
        for (let k = 0; k <= length; k++) {
          for (let w = 0; w < 5; w++)
            picture[((row + (s % 2 ? k : w)) % SIDE) * SIDE + ((column + (s % 2 ? w : k)) % SIDE)] = 1;
        }
      }
      const point = new Map([['x', picture]]);
      const values = interpreter.run(encodeInputs(point, domains));
      if (watch(values).length > 0) continue;
      looked++;
      const exact = evaluateReal(prepared.graph, point).get(name)!;
      values.get(irNode)!.forEach((q, e) => {
        worst = Math.max(worst, Math.abs(q * scale + offset - exact[e]!));
      });
    }
    expect(looked).toBeGreaterThan(250);
    expect(manifest.quantisation.tolerance).toBe(TOLERANCE);
    expect(worst / accuracy.outputs[0]!.magnitude).toBeLessThan(TOLERANCE);
  });
});
