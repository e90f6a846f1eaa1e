/** Circuits of one round and of two: the one place that tells them apart. Keys and proofs of one kind mean nothing for the other. */
import { ZkonnxError } from '../base/errors.js';
import type { Circuit, TwoRoundCircuit } from './program.js';

/** Of a circuit, or of anything that has a circuit's rounds: a file's header, what is known of a circuit beforehand. */
export function isTwoRound<C extends { readonly rounds?: unknown }>(
  circuit: C,
): circuit is C & { readonly rounds: NonNullable<C['rounds']> } {
  return circuit.rounds !== undefined;
}

/** Wires that are set before any challenge is drawn: all of a circuit of one round. */
export function roundOneWires(circuit: Pick<Circuit, 'r1cs' | 'rounds'>): number {
  return isTwoRound(circuit) ? circuit.rounds.firstRound2 : circuit.r1cs.nWires;
}

/** Lookups, of which a circuit of one round has none. */
export function lookupCount(circuit: Pick<Circuit, 'rounds'>): number {
  return isTwoRound(circuit) ? circuit.rounds.lookupRow.length : 0;
}

/** Throws KEY_MISMATCH for a circuit of one round. */
export function requireTwoRounds<C extends Pick<Circuit, 'rounds'>>(circuit: C): C & Pick<TwoRoundCircuit, 'rounds'> {
  if (isTwoRound(circuit)) return circuit;
  throw otherKind('a circuit of two rounds (mirage)', 'one of one round (groth16)');
}

/** Throws KEY_MISMATCH for a circuit of two rounds: as one of one, its prover would choose the challenges. */
export function requireOneRound<C extends Circuit>(circuit: C): C {
  if (!isTwoRound(circuit)) return circuit;
  throw otherKind('a circuit of one round (groth16)', 'one of two rounds (mirage)');
}

function otherKind(expected: string, got: string): ZkonnxError {
  return new ZkonnxError('KEY_MISMATCH', 'the circuit is of another protocol than its key', {
    expected,
    got,
    help: 'compile the model again, and run setup',
  });
}
