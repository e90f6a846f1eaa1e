/** BLAKE3 in key-derivation mode. Every use in protocol `clear` has a context of its own: no output of one is an output or an input of another. */
import { blake3 } from '@noble/hashes/blake3.js';

export type Hasher = ReturnType<typeof blake3.create>;

export const DIGEST_BYTES = 32;

const known = new Map<string, Hasher>();

/** Its state after the context, not to be written to. Contexts are few and constant; hashing one costs as much as a short message. */
function stateOf(context: string): Hasher {
  const hasher = known.get(context) ?? blake3.create({ context: new TextEncoder().encode(context) });
  known.set(context, hasher);
  return hasher;
}

/** A hasher of this context, fresh. */
export function hasherOf(context: string): Hasher {
  return stateOf(context).clone();
}

const scratch = blake3.create({});

/** Writes the digest of a message at `offset`. */
export function digestInto(context: string, message: Uint8Array, out: Uint8Array, offset: number): void {
  // One hasher for all messages: a new one costs as much as the hash.
  stateOf(context)
    ._cloneInto(scratch)
    .update(message)
    .digestInto(out.subarray(offset, offset + DIGEST_BYTES));
}
