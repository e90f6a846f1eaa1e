/** An ONNX model down to the circuits of both protocols, whose witnesses must satisfy every row and agree with the interpreter. */
import { expect } from 'vitest';
import { assemble, assembleRounds } from '../../src/compile/assemble.js';
import { encodeInputs } from '../../src/compile/real/input-grid.js';
import { prepareImported } from '../../src/compile/prepare.js';
import { Interpreter, verifyIr } from '../../src/compile/ir/program.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { calibrate, type RealValues } from '../../src/compile/passes/calibrate.js';
import { inputDomains } from '../../src/compile/passes/domains.js';
import { quantise } from '../../src/compile/passes/quantise.js';
import { makeSchema } from '../../src/compile/schema.js';
import { mod } from '../../src/field/bn254.js';
import { completeWitness } from '../../scripts/complete-witness.js';
import { checkSatisfied, outputsOf, publicSignals, solve } from '../../src/constraint/solver.js';

/** No small numbers: what holds for these holds for all but a few of the field. */
const CHALLENGES = { x: mod(3n ** 157n), theta: mod(5n ** 113n) };

export function compileBoth(
  bytes: Uint8Array,
  samples: readonly RealValues[],
  options: { readonly bits?: number; readonly overflow?: 'saturate' | 'reject' } = {},
) {
  const { bits = 12, overflow = 'saturate' } = options;
  const { graph, original } = prepareImported(importModel(bytes), 'circuit');
  const domains = inputDomains(graph, samples, () => undefined);
  const model = quantise(graph, calibrate(graph, samples), { bits, overflow, domains });
  verifyIr(model.ir);
  const choice = { input: 'public', output: 'public' } as const;
  const schema = makeSchema(graph, model, (node) => model.bounds.get(node)!, choice, new Map());
  return {
    graph,
    original,
    domains,
    model,
    plain: assemble(model.ir, schema),
    rounds: assembleRounds(model.ir, schema),
  };
}

/** The outputs' real values by name. */
export function runBoth(compiled: ReturnType<typeof compileBoth>, sample: RealValues): Map<string, Float64Array> {
  const { graph, domains, model, plain, rounds } = compiled;
  const integers = encodeInputs(sample, domains);
  const values = new Interpreter(model.ir).run(integers);
  const one = solve(plain, integers);
  expect(checkSatisfied(plain.r1cs, one)).toBeUndefined();
  const first = solve(rounds, integers);
  const two = completeWitness(rounds, first, publicSignals(rounds, first), CHALLENGES);
  expect(checkSatisfied(rounds.r1cs, two)).toBeUndefined();
  const results = [outputsOf(plain, one), outputsOf(rounds, first)];
  return new Map(
    graph.outputs.map(({ name, node }) => {
      const { node: ir, scale, offset } = model.tensors.get(node)!;
      for (const result of results) expect(Array.from(result.get(name)!)).toEqual(Array.from(values.get(ir)!));
      return [name, values.get(ir)!.map((q) => q * scale + offset)];
    }),
  );
}
