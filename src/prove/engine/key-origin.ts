/** What a proving key says of itself, against the verification key. Uses no Node API. */
import { ZkonnxError } from '../../base/errors.js';
import { requireSameCircuit } from '../../formats/circuit.js';
import type { KeyBlock, SetupKind } from '../../verify/key.js';

/** A key of another tool says no circuit. */
export interface KeyOrigin {
  readonly setup: SetupKind;
  readonly circuitHash?: string;
}

/**
 * Throws KEY_MISMATCH for a key of another circuit, and where it says another kind of setup than the verification key: an edited block must not
 * lose the warnings of a development key.
 */
export function requireSameOrigin({ setup, circuitHash }: KeyOrigin, facts: KeyBlock, where: string): void {
  if (circuitHash !== undefined) requireSameCircuit(facts.circuitHash, circuitHash, where);
  if (setup === facts.setup) return;
  throw new ZkonnxError('KEY_MISMATCH', 'the proving key says another setup of itself than the verification key', {
    expected: facts.setup,
    got: setup,
    where,
    help: 'use the two files that one setup wrote, unchanged',
  });
}
