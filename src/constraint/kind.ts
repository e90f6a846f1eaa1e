/** Circuits of one round and of two: the one place that tells them apart. Keys and proofs of one kind mean nothing for the other. */
import { ZkonnxError } from '../base/errors.js';
import type { Circuit, TwoRoundCircuit } from './program.js';

export function isTwoRound(circuit: Circuit): circuit is TwoRoundCircuit {
  return circuit.rounds !== undefined;
}

/** Throws KEY_MISMATCH for a circuit of one round. */
export function requireTwoRounds<C extends Circuit>(circuit: C): C & TwoRoundCircuit {
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
