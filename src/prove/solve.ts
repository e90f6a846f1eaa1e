/** Inputs of a circuit to what its prover takes. Uses no Node API. */
import type { Circuit } from '../constraint/program.js';
import { outputsOf, publicSignals, solve, type Witness } from '../constraint/solver.js';
import type { CurveProtocol } from '../verify/key-points.js';
import { requireTwoRounds } from '../constraint/kind.js';
import { classifyWitness } from './engine/classified-witness.js';
import { roundOne } from './mirage/two-rounds.js';
import type { Parts } from './protocols.js';
import type { CircuitInputs, SolvedWitness } from './tasks.js';

/**
 * What a solved circuit's values are to the prover. Beside the provers' records, not among them: a worker solves, and would load all that
 * proving takes, the verifier's curves included.
 */
const WITNESSES: { readonly [P in CurveProtocol]: (circuit: Circuit, values: Witness) => Parts[P]['witness'] } = {
  groth16: (_circuit, values) => classifyWitness(values),
  mirage: (circuit, values) => roundOne(requireTwoRounds(circuit), values),
};

/** `solve` with names as messages carry them. Throws as `solve`. */
export function solveInputs(circuit: Circuit, { inputs, salts = {} }: CircuitInputs): Witness {
  return solve(circuit, new Map(Object.entries(inputs)), { salts: new Map(Object.entries(salts)) });
}

export function solvedWitness<P extends CurveProtocol>(
  protocol: P,
  circuit: Circuit,
  values: Witness,
): SolvedWitness<P> {
  return {
    witness: WITNESSES[protocol](circuit, values),
    outputs: Object.fromEntries(outputsOf(circuit, values)),
    publicSignals: publicSignals(circuit, values).map(String),
    clamped: values.clamped ?? null,
  };
}
