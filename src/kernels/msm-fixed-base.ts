/**
 * Many multiples of one base: all results advance together, window by window, so that each window is a few batches of affine additions
 * with a point of the base's table. The table is read only: one serves all workers of a memory.
 */
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

/** Bytes of the table. */
export function fixedBaseBytes(group: GroupKernels, bits: number): number {
  return windowCount(bits) * 2 ** (bits - 1) * group.pointBytes;
}

/** Window bits with the least additions for `multiples` in all, with a table of at most `maxBytes`. */
export function fixedBaseBits(group: GroupKernels, multiples: number, maxBytes = 64 * 2 ** 20): number {
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
