/** BLAKE3 in key-derivation mode. Every use in protocol `clear` has a context of its own: no output of one is an output or an input of another. */
import { blake3 } from '@noble/hashes/blake3.js';

export type Hasher = ReturnType<typeof blake3.create>;

const known = new Map<string, Hasher>();

/** A hasher of this context, fresh. Contexts are few and constant; hashing one costs as much as a short message. */
export function hasherOf(context: string): Hasher {
  const hasher = known.get(context) ?? blake3.create({ context: new TextEncoder().encode(context) });
  known.set(context, hasher);
  return hasher.clone();
}
