/**
 * Number-theoretic transforms over Fr on the host's side: the table of twiddles, whole transforms on one thread, and Groth16's chain
 * (values on the domain to values on the odd coset) as phases of tasks for a pool.
 *
 * Order: coefficients stand in natural order, values in bit-reversed order: the value at ω^j at position `bitReverse(j, k)`. Then no
 * transform permutes anything, and the coset costs nothing. Who fills in values puts them where they belong; `fr_join_abc` brings
 * the quotient's values back to natural order while it writes them.
 */
import { R, inverse, rootOfUnity } from '../field/bn254.js';
import { domainSize, MAX_LOG_SIZE, type Domain } from './domain.js';
import { ELEMENT_BYTES } from './field-exports.js';
import { writeElement, writeLimbs } from './field.js';
import type { KernelExports, Kernels } from './module.js';
import type { NttExports } from './ntt-exports.js';

/** Which points: the 2^k-th roots of unity, or those times ω_(2^(k+1)). */
export type NttDomain = 'roots' | 'odd-coset';
const NODE: Readonly<Record<NttDomain, number>> = { roots: 0, 'odd-coset': 1 };

/** Twiddles for domains of up to 2^logSize points, shared by all instances over one memory. Read-only once made. */
export interface NttTable {
  readonly pointer: number;
  readonly logSize: number;
}

/** Bytes that `createNttTable` allocates. */
export function nttTableBytes(logSize: number): number {
  return Math.max(2, 2 ** logSize) * ELEMENT_BYTES;
}

/** Makes the twiddles: 2^logSize products. */
export function createNttTable(kernels: Kernels, logSize: number): NttTable {
  checkLogSize(logSize);
  const { exports, heap } = kernels;
  const pointer = heap.allocate(nttTableBytes(logSize));
  const mark = heap.mark();
  const root = heap.allocate(ELEMENT_BYTES);
  exports.fr_one(pointer);
  exports.fr_reduce(pointer, pointer);
  for (let t = 0; t < Math.max(1, logSize); t++) {
    writeElement(kernels, 'fr', root, rootOfUnity(t + 2));
    exports.fr_ntt_twiddles(pointer, 2 ** t, root, 0, 2 ** t);
  }
  heap.release(mark);
  return { pointer, logSize };
}

function checkLogSize(logSize: number): void {
  if (!Number.isInteger(logSize) || logSize < 0 || logSize > MAX_LOG_SIZE) {
    throw new RangeError(`a domain of 2^${logSize} points: BN254 has 2^0 to 2^${MAX_LOG_SIZE}`);
  }
}

function checkTable(table: NttTable, logSize: number): void {
  checkLogSize(logSize);
  if (logSize > table.logSize) throw new RangeError(`2^${logSize} points with twiddles for 2^${table.logSize}`);
}

/** Coefficients of a polynomial of degree below 2^k at `data`, natural order, to its values on the domain, bit-reversed, in place. */
export function evaluate(
  exports: KernelExports,
  table: NttTable,
  data: number,
  logSize: number,
  domain: NttDomain,
): void {
  checkTable(table, logSize);
  exports.fr_ntt_forward(data, 2 ** logSize, NODE[domain], table.pointer);
}

/** Undoes `evaluate` up to the factor 2^k: leaves 2^k times the coefficients. */
export function interpolateUnscaled(
  exports: KernelExports,
  table: NttTable,
  data: number,
  logSize: number,
  domain: NttDomain,
): void {
  checkTable(table, logSize);
  exports.fr_ntt_inverse(data, 2 ** logSize, NODE[domain], table.pointer);
}

/** Undoes `evaluate`. For the owner of the heap. */
export function interpolate(kernels: Kernels, table: NttTable, data: number, logSize: number, domain: NttDomain): void {
  interpolateUnscaled(kernels.exports, table, data, logSize, domain);
  const mark = kernels.heap.mark();
  const factor = kernels.heap.allocate(ELEMENT_BYTES);
  writeElement(kernels, 'fr', factor, inverse(1n << BigInt(logSize)));
  kernels.exports.fr_scale_n(data, data, factor, 2 ** logSize);
  kernels.heap.release(mark);
}

// ---- Groth16's chain, for a pool --------------------------------------------------------------------------------------------

/**
 * A piece of a transform, as data for a worker's message. `forward` and `inverse` do a whole block, the `-top` kinds two layers of a
 * range of butterflies, `turn` the last two layers of the inverse and the first two of the forward transform of a range, and between them
 * what makes three cosets' coefficients those of their odd cosets. `chain` is all of it.
 */
export interface NttTask {
  readonly kind: 'inverse' | 'inverse-top' | 'turn' | 'forward-top' | 'forward' | 'chain';
  /** First element of the block. */
  readonly data: number;
  /** Elements of the block. */
  readonly size: number;
  /** Blocks side by side that `turn` and `chain` work on: the cosets of a domain. */
  readonly cosets: Domain['cosets'];
  /** The block's node in the tree of assembly/ntt.ts. */
  readonly node: number;
  /** Butterflies from ≤ j < to, of size/4; all for the kinds that do whole blocks. */
  readonly from: number;
  readonly to: number;
}

/** Runs one task on any instance over the memory of `data` and `table`. */
export function runNttTask(exports: NttExports, table: number, task: NttTask): void {
  const { kind, data, size, cosets, node, from, to } = task;
  switch (kind) {
    case 'inverse':
      return exports.fr_ntt_inverse(data, size, node, table);
    case 'inverse-top':
      return exports.fr_ntt_inverse_top(data, size, node, table, from, to);
    case 'turn':
      for (const block of blocks(data, size, cosets)) exports.fr_ntt_inverse_top(block, size, 0, table, from, to);
      // The coefficients that those butterflies leave, one range in each quarter.
      for (let first = 0; cosets === 3 && first < size; first += size / 4) {
        exports.fr_ntt_three(data, size, first + from, first + to);
      }
      for (const block of blocks(data, size, cosets)) exports.fr_ntt_forward_top(block, size, 1, table, from, to);
      return;
    case 'forward-top':
      return exports.fr_ntt_forward_top(data, size, node, table, from, to);
    case 'forward':
      return exports.fr_ntt_forward(data, size, node, table);
    case 'chain':
      for (const block of blocks(data, size, cosets)) exports.fr_ntt_inverse(block, size, 0, table);
      if (cosets === 3) exports.fr_ntt_three(data, size, 0, size);
      for (const block of blocks(data, size, cosets)) exports.fr_ntt_forward(block, size, 1, table);
  }
}

/** Pointers to `count` blocks of `size` elements one after another. */
const blocks = (data: number, size: number, count: number): number[] =>
  Array.from({ length: count }, (_, i) => data + i * size * ELEMENT_BYTES);

/** Below this many elements a polynomial is one task: handing out pieces would cost more than they take. */
const SPLIT_FROM = 1024;

/**
 * The chain of Groth16 for polynomials of N values each on `domain`, in the order of their positions there, at `polynomials`: in place to N
 * times their values on the odd coset, in the same order. The tasks of one phase are independent; a phase starts when the one before is
 * done. Keeps up to 16 workers a polynomial busy.
 */
export function oddCosetPhases(
  table: NttTable,
  domain: Domain,
  polynomials: readonly number[],
  workers: number,
): NttTask[][] {
  const { logSize, cosets } = domain;
  checkTable(table, logSize);
  const size = 2 ** logSize;
  const whole = (kind: NttTask['kind'], data: number): NttTask => ({
    kind,
    data,
    size,
    cosets,
    node: 0,
    from: 0,
    to: size / 4,
  });
  if (domainSize(domain) < SPLIT_FROM || polynomials.length % workers === 0) {
    return [polynomials.map((data) => whole('chain', data))];
  }

  const transforms = polynomials.flatMap((data) => blocks(data, size, cosets));
  const levels = transforms.length * 4 >= workers ? 1 : 2;
  const inner = levels === 2 ? [blockTasks(transforms, size, 1)] : [];
  const tops = (kind: 'inverse-top' | 'forward-top', firstNode: number): NttTask[][] =>
    inner.map((tasks) =>
      tasks.flatMap((task) =>
        inRanges({ ...task, kind, node: firstNode + task.node }, Math.ceil(workers / tasks.length)),
      ),
    );
  const outer = blockTasks(transforms, size, levels);
  return [
    outer.map((block) => ({ ...block, kind: 'inverse' as const })),
    ...tops('inverse-top', 0),
    polynomials.flatMap((data) => inRanges(whole('turn', data), Math.ceil(workers / polynomials.length))),
    ...tops('forward-top', 4),
    outer.map((block) => ({ ...block, kind: 'forward' as const, node: 4 ** levels + block.node })),
  ];
}

/** The 4^level blocks of every transform, as whole blocks under node 0. */
function blockTasks(transforms: readonly number[], size: number, level: number): NttTask[] {
  const blockSize = size / 4 ** level;
  return transforms.flatMap((data) =>
    blocks(data, blockSize, 4 ** level).map((first, node): NttTask => {
      return { kind: 'inverse', data: first, size: blockSize, cosets: 1, node, from: 0, to: blockSize / 4 };
    }),
  );
}

/** A task of butterflies, cut into ranges of about the same size. */
function inRanges(task: NttTask, count: number): NttTask[] {
  const cut = (i: number): number => task.from + Math.floor(((task.to - task.from) * i) / count);
  return Array.from({ length: count }, (_, i) => ({ ...task, from: cut(i), to: cut(i + 1) })).filter(
    ({ from, to }) => from < to,
  );
}

/** Pointers to the constants of `fr_join_abc` that undo the factors N of three polynomials. */
export interface JoinConstants {
  readonly inner: number;
  readonly outer: number;
}

/** Allocates and fills them. */
export function createJoinConstants(kernels: Kernels, domain: Domain): JoinConstants {
  const inner = kernels.heap.allocate(ELEMENT_BYTES);
  const outer = kernels.heap.allocate(ELEMENT_BYTES);
  const factor = inverse(BigInt(domainSize(domain)), R);
  writeElement(kernels, 'fr', inner, factor);
  writeLimbs(kernels, outer, factor);
  return { inner, outer };
}
