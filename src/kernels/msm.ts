/**
 * Multi-scalar multiplication Σ k_i·P_i on the kernels, by the class of its scalars, in steps that workers over one memory can share.
 *
 * Everything is a pointer into the kernels' memory, so that a step can be described to another thread. Points are affine in the
 * kernels' own form (`groupOf(…).pointBytes` each), results XYZZ (`sumBytes`). Points at infinity and scalars 0 cost nothing.
 * The time taken depends on the scalars.
 *
 * - small scalars (bits, signed integers): `msmSmall` on a range of points; the sum of the ranges' sums is the whole (`addSums`);
 * - full width: `fullPrepare` on ranges of points, then `fullWindows` on ranges of windows, then `fullCombine`;
 * - values from a table: `groupPrepare` once, `groupSums` on ranges of table entries, then a full-width one of the groups' sums.
 */
import { internal } from '../base/errors.js';
import type { KernelExports } from './module.js';
import type { OneGroup } from './msm-exports.js';

export type GroupName = 'g1' | 'g2';

/** Bytes of a full-width scalar: canonical, little-endian, below r. */
export const SCALAR_BYTES = 32;
/** Magnitudes of the halves of a scalar are below 2^126. */
const HALF_BITS = 126;
/**
 * W windows of digits in [-2^(c-1), 2^(c-1)) reach (2^(c-1) - 1)·(2^(cW) - 1)/(2^c - 1), at least 2^(cW-2) for c ≥ 2: they take two bits more than
 * the magnitudes have.
 */
const SPARE_BITS = 2;
/** Digits are Int16 in [-2^(c-1), 2^(c-1)), but for an open last window. */
const MAX_WINDOW_BITS = 16;

/** One group's functions and sizes. */
export interface GroupKernels extends OneGroup {
  readonly name: GroupName;
  readonly exports: KernelExports;
  /** An affine point in memory. */
  readonly pointBytes: number;
  /** An XYZZ point in memory. */
  readonly sumBytes: number;
  /** An affine point in snarkjs's keys. */
  readonly keyBytes: number;
  readonly scratchBytes: number;
}

export function groupOf(exports: KernelExports, name: GroupName): GroupKernels {
  const names: readonly (keyof OneGroup)[] = [
    ...([
      'scratch',
      'from_mont256',
      'from_bytes',
      'to_mont256',
      'to_bytes',
      'endomorphism',
      'accumulate',
      'reduce',
    ] as const),
    ...(['horner', 'add', 'clear', 'copy', 'from_affine', 'to_affine', 'fixed_table', 'fixed_multiply'] as const),
  ];
  const functions = Object.fromEntries(names.map((key) => [key, exports[`${name}_${key}`]])) as unknown as OneGroup;
  const degree = name === 'g1' ? 1 : 2;
  return {
    ...functions,
    name,
    exports,
    pointBytes: 72 * degree,
    sumBytes: 144 * degree,
    keyBytes: 64 * degree,
    scratchBytes: functions.scratch(),
  };
}

const aligned = (bytes: number): number => Math.ceil(bytes / 16) * 16;

/** Hands out parts of one region; the region's size is the sum of `aligned` sizes. */
function regions(start: number): (bytes: number) => number {
  let next = start;
  return (bytes) => {
    const region = next;
    next += aligned(bytes);
    return region;
  };
}

// ---- windows ------------------------------------------------------------------------------------------------------------------

/** Windows of the digits of one multiplication. */
export interface Windows {
  /** Bits of a window. */
  readonly bits: number;
  readonly count: number;
  /** Buckets of a window: the largest digit. */
  readonly buckets: number;
  /** Of the last window, where it has another number. */
  readonly lastBuckets?: number;
}

/**
 * What a bucket costs, in additions of terms: two to sum it into the weighted sum, less the one that its first term saves, and a little for
 * lists; measured with 2^14 and 2^16 points.
 */
const BUCKET_COST = 1.2;
/** What a window costs besides, in additions of terms. */
const WINDOW_COST = 150;

/** The windows that take the least time if `threads` threads share them out. */
function cheapest(terms: number, threads: number, candidates: readonly Windows[]): Windows {
  const cost = ({ count, buckets, lastBuckets = buckets }: Windows): number =>
    Math.ceil(count / threads) * (terms + WINDOW_COST + (BUCKET_COST * ((count - 1) * buckets + lastBuckets)) / count);
  return candidates.reduce((best, next) => (cost(next) < cost(best) ? next : best));
}

function windowsFor(magnitudeBits: number): Windows[] {
  return Array.from({ length: MAX_WINDOW_BITS - 1 }, (_, i) => {
    const bits = i + 2;
    return { bits, count: Math.ceil((magnitudeBits + SPARE_BITS) / bits), buckets: 2 ** (bits - 1) };
  });
}

/**
 * Windows of c bits over the halves of full-width scalars. The last one is open: its digit is unsigned, the bits that are left and a carry, so that
 * no window is needed for a sign. Its digits must be Int16: no c from 2 to 16 leaves more than 14 bits.
 */
export function fullWindowsOfBits(bits: number): Windows {
  const count = Math.ceil(HALF_BITS / bits);
  return { bits, count, buckets: 2 ** (bits - 1), lastBuckets: 2 ** (HALF_BITS - bits * (count - 1)) };
}

const FULL_WINDOWS = Array.from({ length: MAX_WINDOW_BITS - 1 }, (_, i) => fullWindowsOfBits(i + 2));

/** The windows of n full-width scalars, for `threads` threads that do windows side by side. */
export function fullWindowsOf(n: number, threads = 1): Windows {
  return cheapest(2 * n, threads, FULL_WINDOWS);
}

/** The windows of n integers of at most `maxAbs` in absolute value. One window takes the integers as they are. */
export function smallWindowsOf(n: number, maxAbs: number): Windows {
  const bits = 32 - Math.clz32(maxAbs);
  const single: Windows = { bits, count: 1, buckets: Math.max(1, maxAbs) };
  return cheapest(n, 1, [single, ...windowsFor(bits).filter(({ count }) => count > 1)]);
}

// ---- one window -----------------------------------------------------------------------------------------------------------------

interface SortedTerms {
  readonly points: number;
  readonly images: number;
  /** Points; entries from there on are images. */
  readonly n: number;
  /** Pointer to the digits, `terms` of them, of 16 or of 32 bits. */
  readonly digits: number;
  readonly digitBits: 16 | 32;
  readonly terms: number;
}

const windowScratchBytes = (group: GroupKernels, terms: number, buckets: number): number =>
  aligned(4 * terms) + aligned(4 * (buckets + 1)) + aligned(buckets * group.pointBytes) + aligned(group.scratchBytes);

/** out (XYZZ) = Σ digit_i·P_i. */
function windowSum(group: GroupKernels, input: SortedTerms, buckets: number, out: number, scratch: number): void {
  const region = regions(scratch);
  const entries = region(4 * input.terms);
  const ends = region(4 * (buckets + 1));
  const sums = region(buckets * group.pointBytes);
  const rest = region(group.scratchBytes);
  sortTerms(group.exports, input, buckets, entries, ends);
  group.accumulate(sums, input.points, input.images, input.n, entries, ends, 1, buckets, rest);
  if (buckets === 1) group.from_affine(out, sums);
  else group.reduce(out, sums, buckets, rest);
}

function sortTerms(
  exports: KernelExports,
  { digits, digitBits, terms }: Pick<SortedTerms, 'digits' | 'digitBits' | 'terms'>,
  buckets: number,
  entries: number,
  ends: number,
): void {
  const sort = digitBits === 16 ? exports.msm_sort16 : exports.msm_sort32;
  if (sort(entries, ends, digits, terms, buckets) === 0) {
    throw internal('a scalar is beyond the bound of its class', { bound: buckets, terms });
  }
}

// ---- small scalars ----------------------------------------------------------------------------------------------------------------

/** Σ values[i]·points[i] for Int32 values with |value| ≤ maxAbs < 2^31; 1 for bits. */
export interface SmallMsm {
  readonly points: number;
  readonly values: number;
  readonly n: number;
  readonly maxAbs: number;
}

export function smallScratchBytes(group: GroupKernels, n: number, maxAbs: number): number {
  const windows = smallWindowsOf(n, maxAbs);
  const digits = windows.count === 1 ? 0 : aligned(2 * n) * windows.count;
  return digits + aligned(windows.count * group.sumBytes) + windowScratchBytes(group, n, windows.buckets);
}

/** out (XYZZ) = the whole sum of the range. Throws INTERNAL if a value is beyond what the windows of maxAbs cover. */
export function msmSmall(group: GroupKernels, msm: SmallMsm, out: number, scratch: number): void {
  const { points, values, n, maxAbs } = msm;
  const windows = smallWindowsOf(n, maxAbs);
  const terms = { points, images: 0, n, terms: n };
  if (windows.count === 1) {
    windowSum(group, { ...terms, digits: values, digitBits: 32 }, windows.buckets, out, scratch);
    return;
  }
  const region = regions(scratch);
  const row = aligned(2 * n);
  const digits = region(row * windows.count);
  const sums = region(windows.count * group.sumBytes);
  const rest = region(0);
  const uncovered = group.exports.msm_digits_small(digits, row, values, n, windows.bits, windows.count);
  if (uncovered > 0) throw internal('a scalar is beyond the bound of its class', { bound: maxAbs, uncovered });
  for (let w = 0; w < windows.count; w++) {
    const input: SortedTerms = { ...terms, digits: digits + w * row, digitBits: 16 };
    windowSum(group, input, windows.buckets, sums + w * group.sumBytes, rest);
  }
  group.horner(out, sums, windows.count, windows.bits, rest);
}

/** out (XYZZ) = the sum of XYZZ points; none of them may be at `out`. */
export function addSums(group: GroupKernels, sums: readonly number[], out: number, scratch: number): void {
  group.clear(out);
  for (const sum of sums) group.add(out, sum, scratch);
}

// ---- full width -------------------------------------------------------------------------------------------------------------------

/** Σ scalars[i]·points[i] for canonical scalars of SCALAR_BYTES below r, with what the steps share. Points must have order r. */
export interface FullMsm {
  readonly points: number;
  readonly scalars: number;
  readonly n: number;
  /** `fullSharedBytes` bytes, written by `fullPrepare`, read by `fullWindows`. */
  readonly shared: number;
  /** The same in every step; `fullWindowsOf(n)` if absent. */
  readonly windows?: Windows;
}

export function fullSharedBytes(group: GroupKernels, n: number, windows = fullWindowsOf(n)): number {
  return 4 * n * windows.count + (n * group.pointBytes) / 2;
}

/** Digits and images of the points first..first+count-1. `scratch` takes 64 bytes. */
export function fullPrepare(group: GroupKernels, msm: FullMsm, first: number, count: number, scratch: number): void {
  const { points, scalars, n, shared, windows = fullWindowsOf(n) } = msm;
  const { pointBytes, exports } = group;
  const from = points + first * pointBytes;
  exports.msm_digits_full(
    shared + 2 * first,
    4 * n,
    2 * n,
    scalars + first * SCALAR_BYTES,
    from,
    pointBytes,
    count,
    windows.bits,
    windows.count,
    scratch,
  );
  group.endomorphism(imagesOf(msm, windows) + (first * pointBytes) / 2, from, count, scratch);
}

/** Behind the digits: rows of 2n Int16, one a window. */
const imagesOf = ({ shared, n }: FullMsm, windows: Windows): number => shared + 4 * n * windows.count;

export function fullScratchBytes(group: GroupKernels, n: number, windows = fullWindowsOf(n)): number {
  const buckets = Math.max(windows.buckets, windows.lastBuckets ?? 0);
  return aligned(windows.count * group.sumBytes) + windowScratchBytes(group, 2 * n, buckets);
}

/** out (XYZZ) = Σ 2^(bits·(w - first))·(sum of window w) over `count` windows from `first`. */
export function fullWindows(
  group: GroupKernels,
  msm: FullMsm,
  first: number,
  count: number,
  out: number,
  scratch: number,
): void {
  const { points, n, shared, windows = fullWindowsOf(n) } = msm;
  const region = regions(scratch);
  const sums = region(windows.count * group.sumBytes);
  const rest = region(0);
  const images = imagesOf(msm, windows);
  for (let i = 0; i < count; i++) {
    const digits = shared + 4 * n * (first + i);
    const input: SortedTerms = { points, images, n, digits, digitBits: 16, terms: 2 * n };
    const { buckets, lastBuckets = buckets } = windows;
    windowSum(group, input, first + i === windows.count - 1 ? lastBuckets : buckets, sums + i * group.sumBytes, rest);
  }
  group.horner(out, sums, count, windows.bits, rest);
}

/** A result of `fullWindows`. */
export interface WindowsPart {
  readonly first: number;
  readonly sum: number;
}

/** out (XYZZ) = the whole sum from the parts of all windows. `scratch` takes `fullScratchBytes`. */
export function fullCombine(
  group: GroupKernels,
  windows: Windows,
  parts: readonly WindowsPart[],
  out: number,
  scratch: number,
): void {
  const region = regions(scratch);
  const sums = region(windows.count * group.sumBytes);
  for (let w = 0; w < windows.count; w++) group.clear(sums + w * group.sumBytes);
  for (const { first, sum } of parts) group.copy(sums + first * group.sumBytes, sum);
  group.horner(out, sums, windows.count, windows.bits, region(0));
}

/** out (XYZZ) = the whole sum, by one thread. `scratch` takes `fullScratchBytes`. */
export function msmFull(group: GroupKernels, msm: FullMsm, out: number, scratch: number): void {
  fullPrepare(group, msm, 0, msm.n, scratch);
  fullWindows(group, msm, 0, (msm.windows ?? fullWindowsOf(msm.n)).count, out, scratch);
}

// ---- values from a table --------------------------------------------------------------------------------------------------------------

/**
 * The groups of Σ table[index_i]·points[i]: Int32 indices 1..entries, 0 for a term left out, negative for one of negated value.
 * With `sums` the sums of the groups, the whole is the full-width sum of table and `sums`.
 */
export interface GroupedMsm {
  readonly points: number;
  readonly indices: number;
  readonly n: number;
  readonly entries: number;
  /** `groupedSharedBytes` bytes, written by `groupPrepare`, read by `groupSums`. */
  readonly shared: number;
  /** One affine point a table entry, written by `groupSums`. */
  readonly sums: number;
}

/** Groups sorted by the caller: `shared` holds `terms` entries (u32, 2·point + 1 for a negative), then the groups' ends from `groupEnds` on. */
export interface SortedGroups extends Omit<GroupedMsm, 'indices'> {
  /** A point may be in several groups, and several times in one. */
  readonly terms: number;
}

/** Where the ends are: entries + 1 u32, the first of them 0, then the end of each group. */
export const groupEnds = (shared: number, terms: number): number => shared + aligned(4 * terms);

export const groupedSharedBytes = (n: number, entries: number): number => aligned(4 * n) + aligned(4 * (entries + 1));

/** Sorts the terms by table entry. Throws INTERNAL if an index is beyond ±entries. */
export function groupPrepare({ exports }: GroupKernels, msm: GroupedMsm): void {
  const region = regions(msm.shared);
  const lists = region(4 * msm.n);
  const { indices, n, entries } = msm;
  sortTerms(exports, { digits: indices, digitBits: 32, terms: n }, entries, lists, region(0));
}

/** Sums of the groups first..last, 1 ≤ first ≤ last ≤ entries. `scratch` takes the group's `scratchBytes`. */
export function groupSums(
  group: GroupKernels,
  msm: GroupedMsm | SortedGroups,
  first: number,
  last: number,
  scratch: number,
): void {
  const { points, n, shared, sums } = msm;
  const ends = groupEnds(shared, 'terms' in msm ? msm.terms : n);
  group.accumulate(sums + (first - 1) * group.pointBytes, points, 0, n, shared, ends, first, last, scratch);
}
