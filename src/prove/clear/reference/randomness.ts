/**
 * What a proof draws: its seed comes from fresh bytes of the system, the statement and the witness, so that fresh bytes which repeat (a restored snapshot) do not give
 * two witnesses the same pads. Streams of the seed are BLAKE3 in key-derivation mode, one context a use.
 */
import { blake3 } from '@noble/hashes/blake3.js';
import { ORDER, type Element } from '../../../field/goldilocks.js';
import type { StatementBytes } from '../../../verify/clear/channel.js';
import { SALT_BYTES } from '../../../verify/clear/merkle.js';

const encode = (text: string) => new TextEncoder().encode(text);

/** BLAKE3 with the key of 32 fresh bytes over statement and witness (the cells of every tensor, before pads and masks), each part with its length before it. */
export function proofSeed(
  fresh: Uint8Array,
  statement: StatementBytes,
  witness: readonly BigUint64Array[],
): Uint8Array {
  const hash = blake3.create({ key: fresh });
  for (const part of [statement.keyDigest, statement.publicBytes, statement.context]) {
    hash.update(length(part.length)).update(part);
  }
  for (const tensor of witness) {
    hash.update(length(tensor.length));
    const bytes = new Uint8Array(8 * tensor.length);
    const view = new DataView(bytes.buffer);
    tensor.forEach((value, i) => view.setBigUint64(8 * i, value, true));
    hash.update(bytes);
  }
  return hash.digest();
}

/** Uniform elements of one use of a seed. */
export class SecretStream {
  private readonly stream;

  constructor(seed: Uint8Array, use: string) {
    this.stream = blake3.create({ context: encode(`zkonnx clear v1 secret ${use}`) }).update(seed);
  }

  /** A word ≥ p is drawn again. */
  element(): Element {
    for (;;) {
      const bytes = this.stream.xof(8);
      const word = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
      if (word < ORDER) return word;
    }
  }

  elements(count: number): Element[] {
    return Array.from({ length: count }, () => this.element());
  }
}

/** The salt of leaf `index`: 16 bytes of a hash whose key is the seed's own for salts. */
export function saltOf(seed: Uint8Array, index: number): Uint8Array {
  const key = blake3(seed, { context: encode('zkonnx clear v1 secret salts') });
  return blake3(length(index), { key, dkLen: SALT_BYTES });
}

function length(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}
