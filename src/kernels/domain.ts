/**
 * Evaluation domains over Fr: the N-th roots of unity for N = 2^k, or N = 3·2^k as three cosets ω^s·⟨ω_M⟩ of the M = 2^k-th roots, with
 * ω a cube root of unity. Their odd coset is ω_{2M} times all of them: x^N = −1 there.
 *
 * Row i = s·M + j belongs to the point ω^s·ω_M^j. Arrays of values hold coset after coset, each bit-reversed as in ntt.ts.
 */
import { cubeRootOfUnity, mod, pow, rootOfUnity } from '../field/bn254.js';

export interface Domain {
  /** k: log2 of the points of one coset. */
  readonly logSize: number;
  readonly cosets: 1 | 3;
}

/** The largest k: BN254's Fr has 2^28-th roots of unity, and the odd coset takes a root of twice the coset's points. */
export const MAX_LOG_SIZE = 27;

/** N. */
export function domainSize({ logSize, cosets }: Domain): number {
  return cosets * 2 ** logSize;
}

/** The domain of N points. Throws RangeError where there is none. */
export function domainOf(points: number): Domain {
  for (const cosets of [1, 3] as const) {
    const logSize = Math.log2(points / cosets);
    if (Number.isInteger(logSize) && logSize >= 0 && logSize <= MAX_LOG_SIZE) return { logSize, cosets };
  }
  throw new RangeError(`a domain of ${points} points: BN254 has 2^k and 3·2^k, k ≤ ${MAX_LOG_SIZE}`);
}

/** The domain with the fewest points, at least `points`, among those with k ≥ 1 of these kinds. Throws RangeError where there is none. */
export function smallestDomain(points: number, kinds: readonly Domain['cosets'][] = [1, 3]): Domain {
  const candidates = kinds.map((cosets): Domain => {
    let logSize = 1;
    while (cosets * 2 ** logSize < points) logSize++;
    return { logSize, cosets };
  });
  const smallest = candidates
    .filter((domain) => domain.logSize <= MAX_LOG_SIZE && domainSize(domain) >= points)
    .sort((left, right) => domainSize(left) - domainSize(right))[0];
  if (smallest === undefined) throw new RangeError(`a domain of ${points} points: BN254 has k ≤ ${MAX_LOG_SIZE}`);
  return smallest;
}

/** The first point of coset s, 0 ≤ s < 3, of which all others are multiples by ω_M. */
export function cosetShift(coset: number): bigint {
  return pow(cubeRootOfUnity(), BigInt(coset));
}

/** The point of row i. */
export function domainPoint({ logSize }: Domain, row: number): bigint {
  const j = row % 2 ** logSize;
  return mod(cosetShift((row - j) / 2 ** logSize) * pow(rootOfUnity(logSize), BigInt(j)));
}

/** The number whose k bits are those of i in reverse; i < 2^k. */
export function bitReverse(i: number, k: number): number {
  let reversed = 0;
  for (let bit = 0; bit < k; bit++) reversed = (reversed << 1) | ((i >>> bit) & 1);
  return reversed;
}

/** Where the value at row i's point stands in an array of values. */
export function valuePosition({ logSize }: Domain, row: number): number {
  const j = row % 2 ** logSize;
  return row - j + bitReverse(j, logSize);
}

/** Rows of one coset: first + from … first + to − 1, `first` being the coset's own first. */
export interface CosetRange {
  readonly coset: number;
  readonly first: number;
  readonly from: number;
  readonly to: number;
}

/** The rows from ≤ i < to, cut where cosets end. */
export function cosetRanges({ logSize, cosets }: Domain, from: number, to: number): CosetRange[] {
  const size = 2 ** logSize;
  return Array.from({ length: cosets }, (_, coset): CosetRange => {
    const first = coset * size;
    return { coset, first, from: Math.max(from - first, 0), to: Math.min(to - first, size) };
  }).filter((range) => range.from < range.to);
}
