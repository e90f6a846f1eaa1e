import { blake3 } from '@noble/hashes/blake3.js';
import { P, type Element } from './field.js';

/** Reasons of docs/formats.md, "proof.json": the first three of the statement, the others of the proof. */
export type Reason =
  | 'PUBLIC_INPUT_COUNT'
  | 'PUBLIC_INPUT_NOT_IN_FIELD'
  | 'CONTEXT_INVALID'
  | 'PROOF_MALFORMED'
  | 'ROOT_MISMATCH'
  | 'ARGUMENT_FAILED';

/** Why a proof is refused; nothing else is thrown at a proof. */
export class Refusal extends Error {
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function word(value: bigint | number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes;
}

function wordAt(bytes: Uint8Array, at: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true);
}

export function elementBytes(elements: readonly Element[]): Uint8Array {
  return join(...elements.map(([c0, c1]) => join(word(c0), word(c1))));
}

/** D(context, message) of section 7. */
export function derive(context: string, message: Uint8Array, length = 32): Uint8Array {
  return blake3(message, { context: ascii(`zkonnx clear v1 ${context}`), dkLen: length });
}

function labelled(label: string): Uint8Array {
  const bytes = ascii(label);
  return join(Uint8Array.of(bytes.length), bytes);
}

/** The proof as it is read, and the transcript that follows it: section 7, "Transcript". */
export class Transcript {
  private state: Uint8Array;
  private readonly proof: Uint8Array;
  private at = 0;

  constructor(digest: Uint8Array, publicBytes: Uint8Array, context: Uint8Array, proof: Uint8Array) {
    const statement = join(word(publicBytes.length), publicBytes, word(context.length), context);
    this.state = derive('transcript', join(ascii('zkonnx clear v1'), digest, statement));
    this.proof = proof;
  }

  absorb(label: string, data: Uint8Array): void {
    const message = join(Uint8Array.of(0), labelled(label), word(data.length), data, this.state);
    this.state = derive('transcript', message);
  }

  draw(label: string, count: number): Element[] {
    const seed = join(labelled(label), this.state);
    let words: bigint[] = [];
    for (let length = 16 * count; words.length < 2 * count; length += 64) {
      const stream = derive('challenge', seed, length);
      words = Array.from({ length: length / 8 }, (_, i) => wordAt(stream, 8 * i)).filter((value) => value < P);
    }
    this.step(label);
    return Array.from({ length: count }, (_, i): Element => [words[2 * i] ?? 0n, words[2 * i + 1] ?? 0n]);
  }

  /** Distinct rising indices below 2^log, after a proof of work of `bits` zero bits. */
  indices(label: string, count: number, log: number, bits: number): number[] {
    const nonce = this.bytes(8);
    const work = derive('grind', join(nonce, this.state));
    for (let bit = 0; bit < bits; bit++) {
      if (((work[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) throw new Refusal('PROOF_MALFORMED');
    }
    this.absorb(`${label} nonce`, nonce);
    const stream = derive('index', join(labelled(label), this.state), 8 * count);
    this.step(label);
    const found = Array.from({ length: count }, (_, i) => Number(wordAt(stream, 8 * i) & ((1n << BigInt(log)) - 1n)));
    return [...new Set(found)].sort((a, b) => a - b);
  }

  bytes(length: number): Uint8Array {
    if (this.at + length > this.proof.length) throw new Refusal('PROOF_MALFORMED');
    this.at += length;
    return this.proof.subarray(this.at - length, this.at);
  }

  residues(count: number): bigint[] {
    const bytes = this.bytes(8 * count);
    return Array.from({ length: count }, (_, i) => {
      const value = wordAt(bytes, 8 * i);
      if (value >= P) throw new Refusal('PROOF_MALFORMED');
      return value;
    });
  }

  /** Elements that the proof sends under a label. */
  sent(label: string, count: number): Element[] {
    const residues = this.residues(2 * count);
    const elements = Array.from({ length: count }, (_, i): Element => [
      residues[2 * i] ?? 0n,
      residues[2 * i + 1] ?? 0n,
    ]);
    this.absorb(label, elementBytes(elements));
    return elements;
  }

  end(): void {
    if (this.at !== this.proof.length) throw new Refusal('PROOF_MALFORMED');
  }

  private step(label: string): void {
    this.state = derive('transcript', join(Uint8Array.of(1), labelled(label), this.state));
  }
}
