/**
 * The optimal ate pairing on the kernels: products of pairings compared with one, and checks of points. For the owner of the heap.
 *
 * Points are canonical affine coordinates; `undefined` is infinity, whose pairings are one. What is not in [0, q) is refused with
 * RangeError. Pairings are of points on their curves and in their subgroups: others must have been refused before, by the checks here.
 */
import { Q, toBytesLE, FIELD_BYTES } from '../field/bn254.js';
import type { G1Point, G2Point } from '../field/curve-bigint.js';
import { allocatePoints, type PointOf } from './curve.js';
import { ELEMENT_BYTES } from './field-exports.js';
import type { Kernels } from './module.js';
import type { GroupName } from './msm.js';

const FQ2_BYTES = 2 * ELEMENT_BYTES;
/** An element of F_q¹² in memory. */
export const FQ12_BYTES = 12 * ELEMENT_BYTES;

/** γ = ξ^((q-1)/6), ξ = 9 + u. */
export const GAMMA: readonly [bigint, bigint] = [
  8376118865763821496583973867626364092589906065868298776909617916018768340080n,
  16469823323077808223889137241176536799009286646108169935659301613961712198316n,
];
/** b of the twist, 3/ξ. */
export const TWIST_B: readonly [bigint, bigint] = [
  19485874751759354771024239261021720505790618469301721065564631296452457478373n,
  266929791119991161246907387137283842545076965332900288569378510910307636690n,
];

/** A point of G2 with its lines in the kernels' memory, good until the heap is released to before them. */
export interface PreparedG2 {
  /** Pointer; 0 for the point at infinity, which has none. */
  readonly lines: number;
}

export interface Pair {
  readonly g1: G1Point;
  readonly g2: G2Point | PreparedG2;
}

/** A product of Miller loops in the kernels' memory: pairs that are always the same, computed once. */
export interface MillerProduct {
  readonly pointer: number;
}

/** Lines of points that will be paired often. Stays on the heap. */
export function preparePairs(kernels: Kernels, points: readonly G2Point[]): PreparedG2[] {
  const { exports } = kernels;
  points.forEach(requireCanonical);
  return points.map((point) => {
    if (point === undefined) return { lines: 0 };
    const lines = kept(kernels, exports.pairing_lines_bytes(), (to, scratch, constants) => {
      exports.pairing_lines(to, allocatePoints(kernels, 'g2', [point]), constants, scratch);
    });
    return { lines };
  });
}

/** The Miller loops of pairs, for `pairingProductIsOne`. Stays on the heap. */
export function millerProduct(kernels: Kernels, pairs: readonly Pair[]): MillerProduct {
  return { pointer: kept(kernels, FQ12_BYTES, (out, scratch) => multiplyPairs(kernels, out, pairs, scratch)) };
}

/** Whether Π e(P_i, Q_i) = 1, over the pairs and those of `fixed`. */
export function pairingProductIsOne(kernels: Kernels, pairs: readonly Pair[], fixed?: MillerProduct): boolean {
  return inScratch(kernels, (scratch, constants) => {
    const { exports, heap } = kernels;
    const product = heap.allocate(FQ12_BYTES);
    multiplyPairs(kernels, product, pairs, scratch);
    if (fixed !== undefined) exports.fq12_mul(product, product, fixed.pointer, scratch);
    exports.pairing_final(product, product, constants, scratch);
    return exports.fq12_is_one(product, scratch) !== 0;
  });
}

/** The final exponentiation of the product of the Miller loops at `out`: what a product of pairings is. */
export function pairingProduct(kernels: Kernels, pairs: readonly Pair[], out: number): void {
  inScratch(kernels, (scratch, constants) => {
    multiplyPairs(kernels, out, pairs, scratch);
    kernels.exports.pairing_final(out, out, constants, scratch);
  });
}

/** Whether y² = x³ + 3: as G1 has cofactor one, whether the point is in it. */
export function isOnG1(kernels: Kernels, point: NonNullable<G1Point>): boolean {
  return inScratch(
    kernels,
    (scratch) => kernels.exports.g1_on_curve(allocatePoint(kernels, 'g1', point), scratch) !== 0,
  );
}

/** Whether y² = x³ + 3/ξ; the order of the point is not looked at. */
export function isOnTwist(kernels: Kernels, point: NonNullable<G2Point>): boolean {
  return inScratch(kernels, (scratch, constants) => {
    return kernels.exports.g2_on_curve(allocatePoint(kernels, 'g2', point), constants, scratch) !== 0;
  });
}

/** Whether a point of the twist has order r. */
export function isInG2(kernels: Kernels, point: NonNullable<G2Point>): boolean {
  return inScratch(kernels, (scratch, constants) => {
    return kernels.exports.g2_in_subgroup(allocatePoint(kernels, 'g2', point), constants, scratch) !== 0;
  });
}

/** Allocates and fills what the functions with `constants` take. */
export function allocateConstants({ exports, heap }: Kernels): number {
  const constants = heap.allocate(6 * FQ2_BYTES);
  const mark = heap.mark();
  const bytes = heap.allocate(FIELD_BYTES);
  const write = (at: number, values: readonly bigint[]): void =>
    values.forEach((value, i) => {
      toBytesLE(value, heap.bytes(bytes, FIELD_BYTES), 0);
      exports.fq_from_bytes(at + i * ELEMENT_BYTES, bytes);
    });
  write(constants, GAMMA);
  for (let i = 1; i < 5; i++) {
    exports.fq2_mul(constants + i * FQ2_BYTES, constants + (i - 1) * FQ2_BYTES, constants);
  }
  write(constants + 5 * FQ2_BYTES, TWIST_B);
  heap.release(mark);
  return constants;
}

/** Runs `compute` with scratch and constants, and gives back what it allocates. */
function inScratch<T>(kernels: Kernels, compute: (scratch: number, constants: number) => T): T {
  const { exports, heap } = kernels;
  const mark = heap.mark();
  try {
    const scratch = heap.allocate(exports.pairing_scratch());
    return compute(scratch, allocateConstants(kernels));
  } finally {
    heap.release(mark);
  }
}

/** Allocates what `fill` fills, and nothing if that throws. */
function kept(
  kernels: Kernels,
  byteLength: number,
  fill: (out: number, scratch: number, constants: number) => void,
): number {
  const { heap } = kernels;
  const mark = heap.mark();
  try {
    const out = heap.allocate(byteLength);
    inScratch(kernels, (scratch, constants) => fill(out, scratch, constants));
    return out;
  } catch (error) {
    heap.release(mark);
    throw error;
  }
}

function requireCanonical(point: G1Point | G2Point): void {
  for (const value of point === undefined ? [] : [point.x, point.y].flat()) {
    if (value < 0n || value >= Q) throw new RangeError(`coordinate ${value} is not in [0, q)`);
  }
}

function allocatePoint<Name extends GroupName>(kernels: Kernels, name: Name, point: PointOf<Name>): number {
  requireCanonical(point);
  return allocatePoints(kernels, name, [point]);
}

/** out = Π of the pairs' Miller loops. Allocates. */
function multiplyPairs(kernels: Kernels, out: number, pairs: readonly Pair[], scratch: number): void {
  const words: number[] = [];
  for (const { g1, g2 } of pairs) {
    if (g1 === undefined || g2 === undefined) continue;
    const { lines } = 'lines' in g2 ? g2 : preparePairs(kernels, [g2])[0]!;
    if (lines !== 0) words.push(lines, allocatePoint(kernels, 'g1', g1));
  }
  const { exports, heap } = kernels;
  const table = heap.allocate(4 * words.length);
  heap.words(table, words.length).set(words);
  exports.pairing_miller(out, table, words.length / 2, scratch);
}
