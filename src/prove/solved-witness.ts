/** Inputs of a circuit to what its prover takes. Uses no Node API. */
import { classifyWitness } from './engine/classified-witness.js';
import type { Circuit, TwoRoundCircuit } from '../constraint/program.js';
import type { CircuitInputs, SolvedRoundOne, SolvedWitness } from './tasks.js';
import { roundOne } from './mirage/two-rounds.js';
import { outputsOf, publicSignals, solve, type Witness } from '../constraint/solver.js';

/** `solve` with names as messages carry them. Throws as `solve`. */
export function solveInputs(circuit: Circuit, { inputs, salts = {} }: CircuitInputs): Witness {
  return solve(circuit, new Map(Object.entries(inputs)), { salts: new Map(Object.entries(salts)) });
}

export function solvedWitness(circuit: Circuit, witness: Witness): SolvedWitness {
  return {
    witness: classifyWitness(witness),
    outputs: Object.fromEntries(outputsOf(circuit, witness)),
    publicSignals: publicSignals(circuit, witness).map(String),
  };
}

export function solvedRoundOne(circuit: TwoRoundCircuit, witness: Witness): SolvedRoundOne {
  return {
    witness: roundOne(circuit, witness),
    outputs: Object.fromEntries(outputsOf(circuit, witness)),
    publicSignals: publicSignals(circuit, witness).map(String),
  };
}
