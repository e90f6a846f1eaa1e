/** A verification key as callers hold it: what it says of itself. Its points are the verifier's own affair. */
import { prepareKey as prepare } from './key.js';
import type { KeyBlock } from './key.js';
import type { Protocol } from './statement.js';

/** A key that has been read and checked whole. Only `prepareKey` makes one; `verify` knows it by identity, so no JSON passes for it. */
export interface CheckedKey {
  readonly protocol: Protocol;
  readonly facts: KeyBlock;
}

/**
 * Reads and checks a key of ours, of any protocol, from its JSON text or parsed: every point, the schema against the number of signals, the
 * digest. Verifying many proofs with the result spares that work. Throws KEY_INVALID.
 */
export function prepareKey(keyJson: unknown): CheckedKey {
  return prepare(keyJson);
}
