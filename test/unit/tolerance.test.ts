/** The tolerance is kept on all the data given, by output, and what cannot keep it says why. */
import { describe, expect, it } from 'vitest';
import { comparing, statedAccuracy, worstRelativeError } from '../../src/compile/accuracy.js';
import { chosenBy, isHeldOut } from '../../src/compile/calibration-samples.js';
import { compile, compileInside } from '../../src/compile/compile.js';
import { calibrate } from '../../src/compile/passes/calibrate.js';
import { prepareImported } from '../../src/compile/prepare.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { encodeInputs } from '../../src/compile/real/input-grid.js';
import { Interpreter } from '../../src/compile/ir/program.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import { buildModel, type TestModel } from './onnx-build.js';

/** Values in −1 … 1, the same in every run. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
}

const mlp = (activation = 'Tanh'): TestModel => {
  const next = draws(7);
  const weights = (rows: number, columns: number) => ({
    dims: [rows, columns],
    values: Array.from({ length: rows * columns }, next),
  });
  return {
    nodes: [
      { op: 'MatMul', inputs: ['x', 'a'], outputs: ['h'], name: 'first' },
      { op: 'Add', inputs: ['h', 'b'], outputs: ['hb'], name: 'bias' },
      { op: activation, inputs: ['hb'], outputs: ['t'], name: 'bend' },
      { op: 'MatMul', inputs: ['t', 'c'], outputs: ['y'], name: 'last' },
    ],
    inputs: { x: [1, 6] },
    outputs: ['y'],
    constants: { a: weights(6, 12), b: { dims: [12], values: Array.from({ length: 12 }, next) }, c: weights(12, 3) },
  };
};

const samplesOf = (count: number, width = 6, seed = 11) => {
  const next = draws(seed);
  return Array.from({ length: count }, () => new Map([['x', Float64Array.from({ length: width }, next)]]));
};

describe('held out', () => {
  it('is every fifth of five and more, and none of fewer', () => {
    expect(Array.from({ length: 11 }, (_, i) => i).filter((i) => isHeldOut(i, 11))).toEqual([4, 9]);
    expect([0, 1, 2, 3].filter((i) => isHeldOut(i, 4))).toEqual([]);
    expect(chosenBy({ all: samplesOf(10) })).toHaveLength(8);
  });

  it('chooses no range: only the input’s domain holds it', async () => {
    const samples = samplesOf(20).map((sample, s) =>
      isHeldOut(s, 20) ? new Map([['x', sample.get('x')!.map((value) => 1.2 * value)]]) : sample,
    );
    const bytes = buildModel(mlp());
    const { manifest, domains } = await compileInside(bytes, { samples });
    const { graph } = prepareImported(importModel(bytes), 'circuit');
    const four = calibrate(
      graph,
      samples.filter((_, s) => !isHeldOut(s, 20)),
    );
    for (const [name, min, max, mean, rms] of manifest.choices!.statistics) {
      expect([min, max, mean, rms]).toEqual([
        four.get(name)!.min,
        four.get(name)!.max,
        four.get(name)!.mean,
        four.get(name)!.rms,
      ]);
    }
    const all = samples.flatMap((sample) => [...sample.get('x')!]);
    expect(domains.get('x')!.max).toBeGreaterThanOrEqual(Math.max(...all));
  });

  it('is counted in report and manifest, with its own worst error', async () => {
    const { accuracy, manifest } = await compile(buildModel(mlp()), { samples: samplesOf(23) });
    expect(accuracy.measured).toMatchObject({ source: 'given', samples: 23, heldOut: 4 });
    const [output] = accuracy.measured.outputs;
    const worst = Math.max(output!.chosenBy, output!.heldOut!);
    expect(worst).toBe(worstRelativeError(accuracy));
    expect(manifest.accuracy).toMatchObject({
      samples: 23,
      heldOut: 4,
      outputs: [{ name: 'y', measured: worst, heldOut: output!.heldOut }],
    });
    expect(statedAccuracy(accuracy)).toEqual(manifest.accuracy);
    const few = await compile(buildModel(mlp()), { samples: samplesOf(4) });
    expect(few.accuracy.measured).toMatchObject({ samples: 4, heldOut: 0, outputs: [{ heldOut: null }] });
    const none = await compile(buildModel(mlp()), { domain: { lo: -1, hi: 1 } });
    expect(none.accuracy.measured).toMatchObject({ source: 'drawn', samples: 80, heldOut: 16 });
  });
});

describe('the tolerance', () => {
  it('is kept on samples behind the first 48, held-out ones too', async () => {
    const bytes = buildModel(mlp());
    // All alike, so that 8 bits do for them; the hard ones come last, one of them held out.
    const easy = Array.from({ length: 100 }, () => samplesOf(1)[0]!);
    const samples = [...easy, ...samplesOf(50, 6, 5)];
    const tolerance = 0.002;
    const { accuracy, manifest, quantised, domains } = await compileInside(bytes, { samples, tolerance });
    expect(accuracy.samples).toBe(150);
    expect(worstRelativeError(accuracy)).toBeLessThanOrEqual(tolerance);
    expect(manifest.quantisation.bits).toBeGreaterThan(8);
    // What the report says is so, by our own evaluation.
    const graph = importModel(bytes).graph;
    const interpreter = new Interpreter(quantised.ir);
    const { node, scale, offset } = quantised.tensors.get('y')!;
    let worst = 0;
    for (const sample of samples) {
      const [q, exact] = [
        interpreter.run(encodeInputs(sample, domains)).get(node)!,
        evaluateReal(graph, sample).get('y')!,
      ];
      q.forEach((value, i) => (worst = Math.max(worst, Math.abs(value * scale + offset - exact[i]!))));
    }
    expect(worst).toBeCloseTo(accuracy.outputs[0]!.maxAbsError, 5);
  });

  it('is by output: one of magnitude 1e-6 beside one of 1 keeps it by its own', async () => {
    const model = mlp();
    const bytes = buildModel({
      ...model,
      nodes: [...model.nodes, { op: 'Mul', inputs: ['y', 'tiny'], outputs: ['z'] }],
      outputs: ['y', 'z'],
      constants: { ...model.constants, tiny: { dims: [1], values: [1e-6] } },
    });
    const { accuracy } = await compile(bytes, { samples: samplesOf(20) });
    const [y, z] = accuracy.outputs;
    expect(z!.magnitude).toBeLessThan(1e-5);
    expect(y!.magnitude).toBeGreaterThan(0.1);
    for (const { maxAbsError, magnitude } of accuracy.outputs)
      expect(maxAbsError / magnitude).toBeLessThanOrEqual(0.005);
  });

  it('that a width given cannot keep names the tensor where the error grows, and the width', async () => {
    await expect(compile(buildModel(mlp('Relu')), { samples: samplesOf(20), bits: 3 })).rejects.toMatchObject({
      code: 'TOLERANCE_UNREACHABLE',
      details: {
        got: expect.stringMatching(
          /% with 3 bits, the closest: the error grows most at .+ \(\w+, opset 13\)/,
        ) as string,
        where: expect.stringMatching(/^calibration sample \d+.*, output y$/) as string,
        help: expect.stringContaining('leave --bits out') as string,
      },
    });
  });

  it('that no width keeps speaks of no bits', async () => {
    const failure: unknown = await compile(buildModel(mlp()), { samples: samplesOf(20), tolerance: 1e-12 }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 'TOLERANCE_UNREACHABLE', exitCode: 2 });
    // float32 is not that exact: the cause is the model's own arithmetic.
    expect((failure as Error).message).toContain('the model’s own arithmetic in onnxruntime');
    expect((failure as Error).message).not.toContain('--bits');
  });
});

it('a sample that clamps is counted apart, and its error is among the measured', () => {
  const report = comparing({
    model: { tensors: new Map([['y', { node: 'y', scale: 1, offset: 0 }]]) } as never,
    interpreter: { run: (inputs: ReadonlyMap<string, Float64Array>) => new Map([['y', inputs.get('x')!]]) } as never,
    domains: new Map([['x', { min: 0, max: 255, bits: 8, scale: 1, zeroPoint: 0, source: 'declared' }]]),
    layers: [],
    outputs: [{ name: 'y', node: 'y', op: 'Identity' }],
    samples: [1, 2, 200].map((value) => new Map([['x', Float64Array.of(value)]])),
    drawn: false,
    floats: () => new Map(),
    references: [1, 2, 210].map((value) => new Map([['y', Float64Array.of(value)]])),
    reference: 'float64',
    comparison: { compared: false, reason: 'a test' },
    isClamped: (values) => values.get('y')![0]! >= 200,
  });
  let step = report.next();
  while (step.done !== true) step = report.next();
  expect(step.value.measured).toMatchObject({ samples: 3, heldOut: 0, clamped: 1, outputs: [{ worstAt: 2 }] });
  expect(step.value.outputs[0]).toMatchObject({ maxAbsError: 10, magnitude: 210 });
});
