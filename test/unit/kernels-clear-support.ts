/** What the tests of the kernels of protocol `clear` share: edge operands and a stream of draws. */
import { ORDER, type Ext } from '../../src/field/goldilocks.js';
import { randomNumbers } from './random-r1cs.js';

export const SEED = Number(process.env['KERNEL_SEED'] ?? 20261130);
const TOP = 2n ** 64n - 1n;

/** Residues at the ends of [0, p) and around the words' halves. */
export const CANONICAL_EDGES = [
  0n,
  1n,
  2n,
  2n ** 32n - 2n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 32n + 1n,
  2n ** 48n,
  2n ** 63n - 1n,
  2n ** 63n,
  ORDER - 2n ** 32n,
  ORDER - 2n,
  ORDER - 1n,
];
/** With p … 2^64 − 1: words that stand for a residue without being one. */
export const ANY_EDGES = [...CANONICAL_EDGES, ORDER, ORDER + 1n, TOP - 2n ** 31n, TOP - 1n, TOP];

/** Draws of words, residues and extension elements; a third of the residues are edges. */
export class Draws {
  private readonly next: (below: number) => number;

  constructor(seed = SEED) {
    this.next = randomNumbers(seed);
  }

  below(n: number): number {
    return this.next(n);
  }

  word(): bigint {
    return (BigInt(this.next(2 ** 32)) << 32n) | BigInt(this.next(2 ** 32));
  }

  any(): bigint {
    return this.next(3) === 0 ? ANY_EDGES[this.next(ANY_EDGES.length)]! : this.word();
  }

  element(): bigint {
    return this.next(3) === 0 ? CANONICAL_EDGES[this.next(CANONICAL_EDGES.length)]! : this.word() % ORDER;
  }

  ext(): Ext {
    return [this.element(), this.element()];
  }

  elements(n: number): bigint[] {
    return Array.from({ length: n }, () => this.element());
  }

  exts(n: number): Ext[] {
    return Array.from({ length: n }, () => this.ext());
  }

  bytes(n: number): Uint8Array {
    return Uint8Array.from({ length: n }, () => this.next(256));
  }
}

/** Every element p − 1: the largest that sums and products of residues can be. */
export const largest = (n: number): Ext[] => Array.from({ length: n }, () => [ORDER - 1n, ORDER - 1n] as const);
