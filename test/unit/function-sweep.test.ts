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
import { PROTOCOLS } from '../../src/verify/statement.js';
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

it('a square root of what may be negative is refused', () => {
  const b = new R1csBuilder();
  const [x] = b.input('x', 1, -1, 6);
  expect(() => b.squareRoot(x!)).toThrow('a square root needs');
});
