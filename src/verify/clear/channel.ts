/**
 * The transcript of protocol `clear`: one object for prover, verifier and test double. A state of 32 bytes absorbs everything that is sent, and
 * challenges are drawn from it:
 *
 *   s_0 = H("zkonnx clear v1" ‖ keyDigest ‖ len64 ‖ publicBytes ‖ len64 ‖ context)
 *   absorb(label, data):  s ← H(0x00 ‖ len8(label) ‖ label ‖ len64(data) ‖ data ‖ s)
 *   draw(label):          XOF = C(len8(label) ‖ label ‖ s), words of 8 bytes, refused ≥ p and the next taken: two make an element;  s ← H(0x01 ‖ len8(label) ‖ label ‖ s)
 *
 * H, C, indices and grinding are BLAKE3 key derivations with contexts of their own, so no output of one is an input or a prefix of another. Integers are
 * little-endian. Labels carry phase and round, and no two draws of a proof share one.
 *
 * A message is sent in the call that draws the challenge which batches or binds it: what is to be covered by a challenge cannot be written after it.
 */
import { ORDER, type Ext } from '../../field/goldilocks.js';
import { Refusal } from '../refusal.js';
import { hasherOf } from './hash.js';

const encode = (text: string) => new TextEncoder().encode(text);
const HASH = 'zkonnx clear v1 transcript';
const CHALLENGE = 'zkonnx clear v1 challenge';
const INDEX = 'zkonnx clear v1 index';
export const GRIND_CONTEXT = 'zkonnx clear v1 grind';

export interface StatementBytes {
  /** 32 bytes. */
  readonly keyDigest: Uint8Array;
  readonly publicBytes: Uint8Array;
  /** At most 32 bytes. */
  readonly context: Uint8Array;
}

/** A message and the challenges that were drawn after it. */
export interface Exchange {
  readonly values: readonly Ext[];
  readonly challenges: readonly Ext[];
}

/** What both sides do; they differ in where a message comes from. */
export abstract class Channel {
  private state: Uint8Array;

  constructor({ keyDigest, publicBytes, context }: StatementBytes) {
    if (keyDigest.length !== 32 || context.length > 32) {
      throw new RangeError(
        `a key digest of ${keyDigest.length} bytes (32), a context of ${context.length} (at most 32)`,
      );
    }
    this.state = derive(HASH, [
      encode('zkonnx clear v1'),
      keyDigest,
      len64(publicBytes.length),
      publicBytes,
      len64(context.length),
      context,
    ]);
  }

  /** What both sides know already and challenges are to depend on: nothing is sent. */
  bind(label: string, data: Uint8Array): void {
    this.absorb(label, data);
  }

  protected absorb(label: string, data: Uint8Array): void {
    this.state = derive(HASH, [Uint8Array.of(0), named(label), len64(data.length), data, this.state]);
  }

  /** Challenges of their own, where no message goes before. */
  draw(label: string, count: number): Ext[] {
    const words = new Words(CHALLENGE, [named(label), this.state]);
    this.state = derive(HASH, [Uint8Array.of(1), named(label), this.state]);
    return Array.from({ length: count }, () => [words.element(), words.element()] as const);
  }

  /** What a nonce is hashed with, behind it. */
  protected grindingTail(): Uint8Array {
    return this.state;
  }

  /** Whether the nonce has `bits` leading zero bits (of the hash's bytes, highest bit first) in this state. */
  protected grinds(nonce: Uint8Array, bits: number): boolean {
    const hash = derive(GRIND_CONTEXT, [nonce, this.state]);
    return hash.subarray(0, bits >> 3).every((byte) => byte === 0) && hash[bits >> 3]! >> (8 - (bits & 7)) === 0;
  }

  /**
   * `count` draws of an index below 2^log (≤ 32), repetitions left out, rising: fewer than `count` may come. The nonce of the grinding is absorbed by this call, so that
   * indices depend on it and on nothing after it.
   */
  indices(label: string, count: number, log: number, grindingBits: number): number[] {
    this.absorb(`${label} nonce`, this.nonce(label, grindingBits));
    const words = new Words(INDEX, [named(label), this.state]);
    this.state = derive(HASH, [Uint8Array.of(1), named(label), this.state]);
    const drawn = Array.from({ length: count }, () => Number(words.word() & ((1n << BigInt(log)) - 1n)));
    return [...new Set(drawn)].sort((a, b) => a - b);
  }

  protected abstract nonce(label: string, bits: number): Uint8Array;
}

/** The prover's side: it writes the proof's message bytes as they are sent. */
export class ProverChannel extends Channel {
  private readonly parts: Uint8Array[] = [];

  /** Sends elements, then draws. */
  exchange(label: string, values: readonly Ext[], draws: number): Exchange {
    this.send(label, elementBytes(values));
    return { values, challenges: this.draw(label, draws) };
  }

  /** Sends a root of 32 bytes. */
  commitment(label: string, root: Uint8Array): void {
    this.send(label, root);
  }

  /** Bytes that nothing is drawn after: openings, whose hashes the roots bind. */
  append(bytes: Uint8Array): void {
    this.parts.push(bytes);
  }

  /** The proof. */
  bytes(): Uint8Array {
    return joined(this.parts);
  }

  protected nonce(_label: string, bits: number): Uint8Array {
    const nonce = len64(this.leastNonce(bits));
    this.parts.push(nonce);
    return nonce;
  }

  /** The first that grinds. */
  protected leastNonce(bits: number): bigint {
    let counter = 0n;
    while (!this.grinds(len64(counter), bits)) counter++;
    return counter;
  }

  private send(label: string, bytes: Uint8Array): void {
    this.parts.push(bytes);
    this.absorb(label, bytes);
  }
}

/** The verifier's side: reads a proof's bytes in the one order there is. Throws Refusal PROOF_MALFORMED for anything but one encoding. */
export class VerifierChannel extends Channel {
  private offset = 0;

  constructor(
    statement: StatementBytes,
    private readonly proof: Uint8Array,
  ) {
    super(statement);
  }

  /** Reads `count` elements, then draws. */
  exchange(label: string, count: number, draws: number): Exchange {
    const bytes = this.take(16 * count);
    const values = elementsOf(bytes, this.offset - bytes.length);
    this.absorb(label, bytes);
    return { values, challenges: this.draw(label, draws) };
  }

  commitment(label: string): Uint8Array {
    const root = this.take(32);
    this.absorb(label, root);
    return root;
  }

  /** Bytes that are not absorbed. */
  take(length: number): Uint8Array {
    if (this.offset + length > this.proof.length) {
      throw new Refusal('PROOF_MALFORMED', `the proof ends at byte ${this.proof.length}, in the middle of a part`);
    }
    return this.proof.subarray(this.offset, (this.offset += length));
  }

  /** Refuses what lies behind the last part. */
  end(): void {
    const left = this.proof.length - this.offset;
    if (left > 0) throw new Refusal('PROOF_MALFORMED', `${left} bytes after the end of the proof`);
  }

  protected nonce(label: string, bits: number): Uint8Array {
    const nonce = this.take(8);
    if (!this.grinds(nonce, bits))
      throw new Refusal('PROOF_MALFORMED', `the nonce of ${label} lacks ${bits} zero bits`);
    return nonce;
  }
}

/** 8 bytes a residue, each below p. */
export function elementBytes(values: readonly Ext[]): Uint8Array {
  const bytes = new Uint8Array(16 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach(([a, b], index) => {
    view.setBigUint64(16 * index, a, true);
    view.setBigUint64(16 * index + 8, b, true);
  });
  return bytes;
}

/** Reads residues; throws Refusal for one ≥ p. `at` is where the bytes lie in the proof. */
function elementsOf(bytes: Uint8Array, at: number): Ext[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const residue = (offset: number) => {
    const value = view.getBigUint64(offset, true);
    if (value >= ORDER) throw new Refusal('PROOF_MALFORMED', `the residue at byte ${at + offset} is not below p`);
    return value;
  };
  return Array.from(
    { length: bytes.length / 16 },
    (_, index) => [residue(16 * index), residue(16 * index + 8)] as const,
  );
}

/** Words of 8 bytes from a BLAKE3 stream. */
class Words {
  private readonly stream;

  constructor(context: string, parts: readonly Uint8Array[]) {
    this.stream = hasherOf(context);
    for (const part of parts) this.stream.update(part);
  }

  word(): bigint {
    const bytes = this.stream.xof(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  }

  /** Uniform in [0, p): a word ≥ p (one in 2^32) is drawn again. */
  element(): bigint {
    for (;;) {
      const word = this.word();
      if (word < ORDER) return word;
    }
  }
}

function derive(context: string, parts: readonly Uint8Array[]): Uint8Array {
  const hasher = hasherOf(context);
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

/** One byte of length, then the label in ASCII, at most 255 bytes. */
function named(label: string): Uint8Array {
  const text = encode(label);
  if (text.length > 255) throw new RangeError(`a label of ${text.length} bytes`);
  return joined([Uint8Array.of(text.length), text]);
}

function len64(length: number | bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  return bytes;
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
