/**
 * Many multiples of one base: all results advance together, window by window, so that each window is a few batches of affine additions
 * with a point of the base's table. The table is read only: one serves all workers of a memory, who may also share its making out by
 * windows.
 */
import { ELEMENT_BYTES } from './field-exports.js';
import type { GroupKernels } from './msm.js';

/** Scalars are below r < 2^254; one more bit takes the last carry of the signed digits. */
const SCALAR_BITS = 255;
/** Digits are Int16 in [-2^(c-1), 2^(c-1)). */
const MAX_WINDOW_BITS = 16;

export interface FixedBase {
  /** `windowCount(bits)`·2^(bits-1) affine points, written by `fillFixedBase`. */
  readonly table: number;
  /** Bits of a window, 2..16. */
  readonly bits: number;
}

export const windowCount = (bits: number): number => Math.ceil(SCALAR_BITS / bits);

/** What tells the size of a table. */
type PointSize = Pick<GroupKernels, 'pointBytes'>;

/** Bytes of the table. */
export function fixedBaseBytes(group: PointSize, bits: number): number {
  return windowCount(bits) * 2 ** (bits - 1) * group.pointBytes;
}

/** Window bits with the least additions for `multiples` in all, with a table of at most `maxBytes`. */
export function fixedBaseBits(group: PointSize, multiples: number, maxBytes = 64 * 2 ** 20): number {
  const cost = (bits: number): number => windowCount(bits) * (multiples + 2 ** (bits - 1));
  let best = 2;
  for (let bits = 3; bits <= MAX_WINDOW_BITS; bits++) {
    if (fixedBaseBytes(group, bits) <= maxBytes && cost(bits) < cost(best)) best = bits;
  }
  return best;
}

/** Fills the table of the affine point at `base`. `scratch` takes the group's `scratchBytes`. */
export function fillFixedBase(group: GroupKernels, { table, bits }: FixedBase, base: number, scratch: number): void {
  group.fixed_table(table, base, bits, windowCount(bits), scratch);
}

/** One window of a table, which can be made on its own. */
export interface FixedBaseWindow {
  /** Where its 2^(bits-1) points go. */
  readonly table: number;
  readonly bits: number;
  /** The affine point 2^(bits·w)·B of window w. */
  readonly base: number;
}

/** The windows of the table of the affine point at `base`. Their bases are put at `bases`, `windowCount(bits)` affine points. */
export function fixedBaseWindows(
  group: GroupKernels,
  { table, bits }: FixedBase,
  base: number,
  bases: number,
  scratch: number,
): FixedBaseWindow[] {
  const sum = scratch;
  const rest = scratch + group.sumBytes;
  group.from_affine(sum, base);
  return Array.from({ length: windowCount(bits) }, (_, w) => {
    const windowBase = bases + w * group.pointBytes;
    group.to_affine(windowBase, sum, rest);
    for (let bit = 0; bit < bits; bit++) group.add(sum, sum, rest);
    return { table: table + w * 2 ** (bits - 1) * group.pointBytes, bits, base: windowBase };
  });
}

/** Bytes of scratch for `fixedBaseWindows`. */
export const fixedBaseWindowsScratchBytes = (group: GroupKernels): number => group.sumBytes + group.scratchBytes;

/** Makes one window. `scratch` takes the group's `scratchBytes`. */
export function fillWindow(group: GroupKernels, { table, bits, base }: FixedBaseWindow, scratch: number): void {
  group.fixed_table(table, base, bits, 1, scratch);
}

export function fixedBaseScratchBytes(group: GroupKernels, n: number, bits: number): number {
  return digitBytes(n, bits) + group.scratchBytes;
}

const digitBytes = (n: number, bits: number): number => Math.ceil((2 * n * windowCount(bits)) / 16) * 16;

/** out[i] = scalars[i]·base, affine, for n canonical scalars of 32 bytes below r. A few thousand at a time are enough for full speed. */
export function multiplyFixedBase(
  { exports, ...group }: GroupKernels,
  { table, bits }: FixedBase,
  scalars: number,
  n: number,
  out: number,
  scratch: number,
): void {
  const windows = windowCount(bits);
  const rest = scratch + digitBytes(n, bits);
  exports.msm_digits_wide(scratch, 2 * n, scalars, n, bits, windows);
  group.fixed_multiply(out, table, scratch, 2 * n, n, bits, windows, rest);
}

/** Multiples of a base in the forms of keys. */
export interface KeyPoints {
  readonly base: FixedBase;
  /** n canonical scalars of 32 bytes below r. */
  readonly scalars: number;
  readonly n: number;
  /** If present, where the points go in the form of snarkjs's keys, `keyBytes` each. */
  readonly file?: number | undefined;
  /** If present, where they go as snarkjs hashes them: coordinates canonical and big-endian, in G2 c1 before c0; infinity as zeros. */
  readonly hash?: number | undefined;
  /** If present, where they go as the memory has them, coordinates reduced. */
  readonly own?: number | undefined;
}

export function keyPointsScratchBytes(group: GroupKernels, { n, base }: Pick<KeyPoints, 'n' | 'base'>): number {
  return n * group.pointBytes + fixedBaseScratchBytes(group, n, base.bits);
}

/** `scratch` takes `keyPointsScratchBytes`. */
export function writeKeyPoints(
  group: GroupKernels,
  { base, scalars, n, file, hash, own }: KeyPoints,
  scratch: number,
): void {
  const points = own ?? scratch;
  multiplyFixedBase(group, base, scalars, n, points, scratch + n * group.pointBytes);
  if (file !== undefined) group.to_mont256(file, points, n);
  if (hash !== undefined) {
    group.to_bytes(hash, points, n);
    group.exports.reverse_bytes(hash, group.keyBytes / 2, 2 * n);
  }
  if (own !== undefined) group.exports.fq_reduce_n(own, (n * group.pointBytes) / ELEMENT_BYTES);
}
