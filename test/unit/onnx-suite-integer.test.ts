/**
 * The official node suite again, down to the constraints: every case with computed float data becomes an integer program whose outputs
 * stay within 1 % of the largest expected magnitude and have the expected shape and type, and whose circuit the witness satisfies.
 */
import { describe, expect, it } from 'vitest';
import { assemble, assembleRounds } from '../../src/compile/assemble.js';
import { encodeInputs } from '../../src/compile/real/input-grid.js';
import { prepareImported } from '../../src/compile/prepare.js';
import { Interpreter, verifyIr } from '../../src/compile/ir/program.js';
import { suiteExclusions } from '../../src/compile/onnx/exclusions.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { calibrate } from '../../src/compile/passes/calibrate.js';
import { inputDomains } from '../../src/compile/passes/domains.js';
import { quantise, type QuantisedModel } from '../../src/compile/passes/quantise.js';
import { makeSchema } from '../../src/compile/schema.js';
import { ZkonnxError } from '../../src/base/errors.js';
import { mod } from '../../src/field/bn254.js';
import { completeWitness } from '../../scripts/complete-witness.js';
import { checkSatisfied, outputsOf, publicSignals, solve } from '../../src/constraint/solver.js';
import type { Schema } from '../../src/verify/statement.js';
import { caseNames, readCase, type SuiteCase } from './onnx-suite-cases.js';

/** Relative to the largest expected magnitude of the output. */
const TOLERANCE = 0.01;

/** Imports with as many computed inputs as the operator allows; undefined where only folding is left. */
function importComputed(test: SuiteCase) {
  for (const fixed of [new Set<string>(), test.constantInputs]) {
    const constants = new Map([...test.inputs].filter(([name]) => fixed.has(name)));
    try {
      const imported = importModel(test.bytes, { constants });
      return imported.graph.inputs.length > 0 ? imported : undefined;
    } catch (error) {
      if (!(error instanceof ZkonnxError) || error.code !== 'OP_UNSUPPORTED') throw error;
    }
  }
  return undefined;
}

/** Worst error over the outputs, relative to each one's magnitude, with inputs as fine as `fine` says. */
function integerError(
  test: SuiteCase,
  imported: NonNullable<ReturnType<typeof importComputed>>,
  fine: boolean,
): number {
  const { graph } = prepareImported(imported, 'circuit');
  const sample = new Map(graph.inputs.map((input) => [input, test.inputs.get(input)!.values]));
  const statistics = calibrate(graph, [sample]);
  const domains = inputDomains(graph, [sample], () => undefined, fine);
  const model = quantise(graph, statistics, { bits: 12, overflow: 'saturate', domains });
  verifyIr(model.ir);
  const integers = encodeInputs(sample, domains);
  const values = new Interpreter(model.ir).run(integers);
  const choice = { input: 'private', output: 'public' } as const;
  const schema = makeSchema(graph, model, (node) => model.bounds.get(node)!, choice, new Map());
  const elements = model.ir.nodes.reduce((sum, { dims }) => sum + dims.reduce((size, dim) => size * dim, 1), 0);
  const { circuit, witness } =
    elements > MOST_BY_BITS ? byLookups(model, schema, integers) : byBits(model, schema, integers);
  const outputs = outputsOf(circuit, witness);
  for (const { name, dims, dtype } of schema.outputs) {
    const { dims: expected, dtype: type } = test.outputs.get(name)!;
    expect({ dims, dtype }).toEqual({ dims: expected, dtype: type });
  }
  let worst = 0;
  for (const { name: output, node } of graph.outputs) {
    const { node: ir, scale, offset } = model.tensors.get(node)!;
    expect(Array.from(outputs.get(output)!)).toEqual(Array.from(values.get(ir)!));
    const expected = test.outputs.get(output)!.values;
    const magnitude = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 0) || 1;
    expected.forEach((value, i) => {
      if (value === 0 && JUMPS_AT_ZERO.has(test.op)) return;
      worst = Math.max(worst, Math.abs(outputs.get(output)![i]! * scale + offset - value) / magnitude);
    });
  }
  return worst;
}

/** Elements of a program beyond which it is laid out by lookups: by bits the largest cases have millions of rows. */
const MOST_BY_BITS = 5_000;
/** No small numbers: what holds for these holds for all but a few of the field. */
const CHALLENGES = { x: mod(3n ** 157n), theta: mod(5n ** 113n) };

function byBits({ ir }: QuantisedModel, schema: Schema, integers: ReadonlyMap<string, Float64Array>) {
  const circuit = assemble(ir, schema);
  const witness = solve(circuit, integers);
  expect(checkSatisfied(circuit.r1cs, witness)).toBeUndefined();
  return { circuit, witness };
}

function byLookups({ ir }: QuantisedModel, schema: Schema, integers: ReadonlyMap<string, Float64Array>) {
  const circuit = assembleRounds(ir, schema);
  const witness = solve(circuit, integers);
  const complete = completeWitness(circuit, witness, publicSignals(circuit, witness), CHALLENGES);
  expect(checkSatisfied(circuit.r1cs, complete)).toBeUndefined();
  return { circuit, witness };
}

/** Operators of which a computed zero may be either side's: the steps of an input's domain need not meet it. */
const JUMPS_AT_ZERO = new Set(['Sign']);
/** Cases whose data has no integer program, and what `compile` says. */
const REFUSED = new Map([['test_reciprocal_example', 'reciprocal is not finite on the range of its argument']]);

/** Casts of NaN and infinity: floats have them, the integers of a circuit do not. */
function isFinite({ inputs }: SuiteCase): boolean {
  return [...inputs.values()].every(({ values }) => values.every(Number.isFinite));
}

describe('official node suite in integers', () => {
  const covered = new Map<string, number>();
  for (const name of caseNames.filter((each) => suiteExclusions[each] === undefined)) {
    it(name, () => {
      const test = readCase(name);
      const imported = importComputed(test);
      if (imported === undefined) return;
      if (!isFinite(test)) {
        expect(() => integerError(test, imported, false)).toThrow('infinity or NaN');
        return;
      }
      const refused = REFUSED.get(name);
      if (refused !== undefined) {
        expect(() => integerError(test, imported, false)).toThrow(refused);
        return;
      }
      covered.set(test.op, (covered.get(test.op) ?? 0) + 1);
      // What `compile` does when the tolerance asks for it.
      const error = integerError(test, imported, false);
      expect(error <= TOLERANCE ? error : integerError(test, imported, true)).toBeLessThan(TOLERANCE);
    });
  }

  it('covers every operator that computes', () => {
    process.stderr.write(`${[...covered].map(([op, cases]) => `${op} ${cases}`).join(', ')}\n`);
    for (const op of 'Conv Gemm MatMul Add Sub Mul Relu LeakyRelu Clip MaxPool AveragePool GlobalAveragePool BatchNormalization Flatten Reshape Transpose Squeeze Unsqueeze Concat Slice Pad Gather Identity Softmax LogSoftmax ArgMax Sigmoid Tanh Abs Celu Div Elu Equal Erf Exp Gelu Greater GreaterOrEqual HardSigmoid HardSwish LayerNormalization Less LessOrEqual Log And Mish Or Pow RMSNormalization Reciprocal Selu Sign Softplus Softsign Sqrt Swish Where Xor'.split(
      ' ',
    )) {
      expect(covered.get(op) ?? 0, op).toBeGreaterThan(0);
    }
  });
});
