/** Models compiled for protocol `mirage`: what they cost (test/golden/mirage-models.json), and that their rows compute them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { compileInside, type CompiledInside } from '../../src/compile/compile.js';
import type { CompileOptions } from '../../src/compile/options.js';
import { Interpreter } from '../../src/compile/ir/program.js';
import { encodeSample } from '../../src/prove/encode.js';
import { freshScalar } from '../../src/prove/engine/fresh-scalar.js';
import type { TwoRoundCircuit } from '../../src/constraint/program.js';
import { requireTwoRounds } from '../../src/constraint/kind.js';
import { completeWitness } from '../../scripts/complete-witness.js';
import { checkSatisfied, outputsOf, publicSignals, solve, type Witness } from '../../src/constraint/solver.js';

const GOLDEN = new URL('../golden/mirage-models.json', import.meta.url);

export interface ModelCost {
  readonly rows: number;
  readonly lookups: number;
  /** Packed public values. */
  readonly publicValues: number;
  /** Names of the tables, which say how many rows each has. */
  readonly tables: readonly string[];
}

/** Compares with the golden entry; UPDATE_GOLDEN=1 renews it and leaves the others. */
export function expectGoldenCost(name: string, cost: ModelCost): void {
  const golden = () => JSON.parse(readFileSync(GOLDEN, 'utf8')) as Record<string, ModelCost>;
  if (process.env['UPDATE_GOLDEN'] === '1') {
    const entries = Object.entries({ ...golden(), [name]: cost }).sort(([left], [right]) => (left < right ? -1 : 1));
    writeFileSync(GOLDEN, `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
  }
  expect(cost).toEqual(golden()[name]);
}

export interface Compiled extends CompiledInside {
  readonly circuit: TwoRoundCircuit;
  readonly cost: ModelCost;
}

/** By the default protocol, which is `mirage`. */
export async function compileRounds(file: string, options: CompileOptions): Promise<Compiled> {
  const compiled = await compileInside(file, options);
  const circuit = requireTwoRounds(compiled.circuit);
  const { tables, lookupRow, publicValues } = circuit.rounds;
  const cost = {
    rows: circuit.r1cs.nConstraints,
    lookups: lookupRow.length,
    publicValues,
    tables: tables.map((table) => table.name),
  };
  return { ...compiled, circuit, cost };
}

/**
 * Solves both rounds of a sample at random challenges: every row holds, the outputs are the integer program's, and neither other public
 * values nor another multiplicity satisfy the rows.
 */
export function expectComputes(
  { circuit, schema, quantised }: Compiled,
  sample: ReadonlyMap<string, Float64Array>,
): void {
  const inputs = encodeSample(schema, sample);
  const witness = solve(circuit, inputs, { salts: new Map() });
  const outputs = outputsOf(circuit, witness);
  const values = new Interpreter(quantised.ir).run(inputs);
  for (const { name, node } of quantised.ir.outputs) expect(outputs.get(name)).toEqual(values.get(node));
  expect(outputs.size).toBe(quantised.ir.outputs.length);

  const stated = publicSignals(circuit, witness);
  const challenges = { x: freshScalar(), theta: freshScalar() };
  const unsatisfied = (given: Witness, publicValues: readonly bigint[]) =>
    checkSatisfied(circuit.r1cs, completeWitness(circuit, given, publicValues, challenges));
  expect(unsatisfied(witness, stated)).toBeUndefined();
  expect(unsatisfied(witness, stated.with(0, stated[0]! + 1n))).toBeDefined();
  const small = witness.small.slice();
  small[circuit.rounds.tables[0]!.firstMultiplicity]! += 1;
  expect(unsatisfied({ ...witness, small }, stated)).toBeDefined();
}
