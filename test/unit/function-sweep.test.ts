/** Functions over their declared domain, sampled: `npm run sweep` runs over all of it. */
import { expect, it, describe } from 'vitest';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import { functionCases, functionModel, isWithin, SIZE, sweep } from '../../scripts/function-cases.js';
import { circuitRun, programRun } from '../../scripts/function-circuits.js';
import { clampWatch } from '../../src/compile/ir/clamped.js';
import { Interpreter } from '../../src/compile/ir/program.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import { prepareImported } from '../../src/compile/prepare.js';
import { exp, log } from '../../src/compile/real/unary.js';
import { buildModel } from './onnx-build.js';
import { compileBoth, runBoth } from './onnx-circuits.js';
import { elementCount, PROTOCOLS } from '../../src/verify/statement.js';
import { uniform } from './real-graphs.js';

describe('functions over the whole domain', () => {
  it.each(functionCases.map((given) => [`${given.fn.name} over [${given.domain.join(', ')}]`, given] as const))(
    '%s: never off by more than declared',
    (_, given) => {
      const model = functionModel(given, 8);
      const swept = sweep(given, model, programRun(model), { stride: 37 });
      expect(isWithin(given, swept), JSON.stringify(swept)).toBe(true);
    },
  );

  it.each(functionCases.map((given) => [`${given.fn.name} over [${given.domain.join(', ')}]`, given] as const))(
    '%s: the circuits of both protocols put out what the program does, and every row holds',
    (_, given) => {
      const model = functionModel(given, 8);
      const program = programRun(model);
      const next = uniform(7);
      const drawn = Float64Array.from({ length: SIZE }, () => Math.floor(((next() + 1) / 2) * model.levels));
      const ends = Float64Array.from({ length: SIZE }, (_, i) => Math.round((i * (model.levels - 1)) / (SIZE - 1)));
      for (const protocol of PROTOCOLS) {
        const run = circuitRun(model, protocol);
        for (const q of [drawn, ends]) expect(Array.from(run(q, true))).toEqual(Array.from(program(q, false)));
      }
    },
  );

  it('an error beyond the declared one, a value that is none and a calibrated end are noticed', () => {
    const [given] = functionCases;
    const model = functionModel(given!, 8);
    const program = programRun(model);
    const off = (by: number) => (q: Float64Array) =>
      program(q, false).map((y, i) => (q[i] === model.levels - 1 ? y + by : y));
    const judge = (by: number) => isWithin(given!, sweep(given!, model, off(by), { stride: 64 }));
    expect([0, 2 ** 12, NaN].map(judge)).toEqual([true, false, false]);
    const swept = sweep(given!, model, program, { stride: 64 });
    expect(isWithin(given!, { ...swept, calibratedEnds: true })).toBe(false);
  });

  it.each([
    ['exp to where it runs away', exp, [0, 4], [-2, 1000]],
    ['log near its pole', log, [0.5, 2], [-1, 8]],
  ] as const)('%s: right to what is declared wherever nothing is counted as clamped', (_, fn, calibrated, domain) => {
    const { ir, model, levels, real } = functionModel({ fn, calibrated, domain }, 8);
    const [declared = NaN] = model.errors.values();
    const { scale, offset } = model.tensors.get('y')!;
    const clamps = clampWatch(ir);
    const interpreter = new Interpreter(ir);
    let counted = 0;
    for (let first = 0; first < levels; first += 7) {
      const q = new Float64Array(SIZE).fill(first);
      const values = interpreter.run(new Map([[ir.inputs[0]!, q]]));
      if (clamps(values).length > 0) {
        counted++;
        continue;
      }
      const y = values.get(ir.outputs[0]!.node)![0]! * scale + offset;
      expect(Math.abs(y - fn.apply(real(first)))).toBeLessThanOrEqual(declared);
    }
    expect(counted).toBeGreaterThan(0);
  });

  it.each(['Sigmoid', 'Gelu', 'Softplus', 'Exp', 'Softmax', 'LogSoftmax'])(
    '%s has the same values in both protocols',
    (op) => {
      const bytes = buildModel({
        nodes: [{ op, inputs: ['x'], outputs: ['y'] }],
        inputs: { x: [6] },
        outputs: ['y'],
        opset: 20,
      });
      const next = uniform(5);
      const draw = () => new Map([['x', Float64Array.from({ length: 6 }, () => 4 * next())]]);
      const compiled = compileBoth(bytes, Array.from({ length: 8 }, draw));
      const { original } = prepareImported(importModel(bytes), 'circuit');
      const [declared = NaN] = compiled.model.errors.values();
      for (let i = 0; i < 3; i++) {
        const sample = draw();
        const expected = evaluateReal(original, sample).get(original.outputs[0]!.node)!;
        // Half a step of the input beside what the function is off by.
        const slack = Number(compiled.domains.get('x')!.scale) * Math.max(1, ...expected.map(Math.abs));
        runBoth(compiled, sample)
          .get('y')!
          .forEach((value, j) => {
            expect(Math.abs(value - expected[j]!)).toBeLessThanOrEqual(declared + slack);
          });
      }
    },
  );
});

describe('LeakyRelu', () => {
  it.each([0.01, 0.001, 0.3, -0.5, 1 / 3])('a slope of %d is as precise as a weight', (alpha) => {
    const node = { op: 'LeakyRelu', inputs: ['x'], outputs: ['y'], attributes: { alpha } };
    const bytes = buildModel({ nodes: [node], inputs: { x: [2] }, outputs: ['y'], opset: 16 });
    const compiled = compileBoth(bytes, [
      new Map([['x', Float64Array.of(-8, 8)]]),
      new Map([['x', Float64Array.of(-6, 7)]]),
    ]);
    const got = runBoth(compiled, new Map([['x', Float64Array.of(-8, 8)]])).get('y')!;
    expect(Math.abs(got[0]! - alpha * -8)).toBeLessThanOrEqual(8 * Math.abs(alpha) * 2 ** -11 + 16 * 2 ** -16);
  });
});

describe('PRelu', () => {
  const SLOPES = [0.25, 0.01, -0.5, 1 / 3, 0.001, 1];
  const modelOf = (dims: readonly number[], slopes: { dims: readonly number[]; values: readonly number[] }) =>
    buildModel({
      nodes: [{ op: 'PRelu', inputs: ['x', 'slope'], outputs: ['y'] }],
      inputs: { x: dims },
      constants: { slope: slopes },
      outputs: ['y'],
      opset: 16,
    });

  it.each([
    ['a channel', [1, 6, 2, 2], [6, 1, 1], SLOPES, (i: number) => SLOPES[Math.floor(i / 4)]!],
    ['an element', [2, 3], [2, 3], SLOPES, (i: number) => SLOPES[i]!],
    ['one for all', [2, 3], [1], [0.125], () => 0.125],
  ] as const)('a slope for each, %s, is as precise as a weight', (_, dims, slopeDims, values, slopeOf) => {
    const size = elementCount(dims);
    const next = uniform(11);
    const draw = () => new Map([['x', Float64Array.from({ length: size }, () => 8 * next())]]);
    const ends = [-8, 8].map((end) => new Map([['x', new Float64Array(size).fill(end)]]));
    const samples = [...ends, draw(), draw()];
    const compiled = compileBoth(modelOf(dims, { dims: slopeDims, values }), samples, { bits: 16 });
    for (const sample of [...ends, draw(), draw()]) {
      const x = sample.get('x')!;
      runBoth(compiled, sample)
        .get('y')!
        .forEach((value, i) => {
          const factor = x[i]! < 0 ? slopeOf(i) : 1;
          // The slope's rounding, and half a step each of the input, over ±12, and of the activation, over ±16, in 16 bits.
          const error = Math.abs(value - factor * x[i]!);
          expect(error).toBeLessThanOrEqual(8 * Math.abs(factor) * 2 ** -13 + 8 * 2 ** -21 + (24 + 32) * 2 ** -17);
        });
    }
  });

  it('stays where it is before a max pool, whose windows it does not know', () => {
    const bytes = buildModel({
      nodes: [
        { op: 'PRelu', inputs: ['x', 'slope'], outputs: ['p'] },
        { op: 'MaxPool', inputs: ['p'], outputs: ['y'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      ],
      inputs: { x: [1, 2, 2, 2] },
      constants: { slope: { dims: [2, 2, 2], values: [-0.5, 0.25, 0.5, 0, 0.25, 0.25, 2, -1] } },
      outputs: ['y'],
      opset: 16,
    });
    const next = uniform(3);
    const draw = () => new Map([['x', Float64Array.from({ length: 8 }, () => 4 * next())]]);
    const compiled = compileBoth(bytes, Array.from({ length: 16 }, draw));
    for (let i = 0; i < 4; i++) {
      const sample = draw();
      const expected = evaluateReal(compiled.original, sample).get(compiled.original.outputs[0]!.node)!;
      runBoth(compiled, sample)
        .get('y')!
        .forEach((value, j) => {
          expect(Math.abs(value - expected[j]!)).toBeLessThanOrEqual(2 ** -9);
        });
    }
  });

  it('of slopes that do not broadcast, are not finite or are not known is refused', () => {
    const importing = (bytes: Uint8Array) => () => importModel(bytes);
    expect(importing(modelOf([1, 6, 2, 2], { dims: [6], values: SLOPES }))).toThrow(
      expect.objectContaining({
        code: 'SHAPE_MISMATCH',
        details: expect.objectContaining({ got: '[6] and [1, 6, 2, 2]' }) as unknown,
      }),
    );
    expect(importing(modelOf([2], { dims: [2], values: [1, NaN] }))).toThrow('a slope is not finite');
    const given = buildModel({
      nodes: [{ op: 'PRelu', inputs: ['x', 'slope'], outputs: ['y'] }],
      inputs: { x: [6], slope: [6] },
      outputs: ['y'],
      opset: 16,
    });
    expect(importing(given)).toThrow('the slope');
  });
});

it('a square root of what may be negative is refused', () => {
  const b = new R1csBuilder();
  const [x] = b.input('x', 1, -1, 6);
  expect(() => b.squareRoot(x!)).toThrow('a square root needs');
});
