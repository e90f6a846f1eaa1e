/**
 * Multiples of a generator by many scalars: signed windows over a table of all digits of all windows.
 * With windows of c bits a multiple is ceil(255 / c) additions of table points; the table holds ceil(255 / c)·2^(c−1) affine points.
 */
import { SCALAR_BYTES } from './tasks.js';
import type { GroupFunctions, WasmCurve } from './wasm-curve.js';

/** Scalars are below r < 2^254; one more bit takes the last carry of the signed digits. */
const SCALAR_BITS = 255;
const SCALAR_WORDS = SCALAR_BYTES / 4;

const windowCount = (windowBits: number): number => Math.ceil(SCALAR_BITS / windowBits);

/** Window width with the least additions for `multiples` of each of `threads` workers, each of which makes its own table. */
export function bestWindow(multiples: number, threads: number): number {
  const cost = (bits: number) => windowCount(bits) * (multiples / threads + 1.5 * 2 ** (bits - 1));
  let best = 4;
  for (let bits = 5; bits <= 16; bits++) if (cost(bits) < cost(best)) best = bits;
  return best;
}

/** Table and scratch memory for one group; lives as long as the worker. Holds public points only. */
export class FixedBase {
  private readonly group: GroupFunctions;
  private readonly half: number;
  private readonly windows: number;
  /** Affine d·2^(c·w)·G for d = 1 … 2^(c−1), window after window. */
  private readonly table: number;

  constructor(
    private readonly curve: WasmCurve,
    group: 'g1' | 'g2',
    private readonly windowBits: number,
  ) {
    this.group = curve[group];
    this.half = 2 ** (windowBits - 1);
    this.windows = windowCount(windowBits);
    this.table = curve.allocate(this.windows * this.half * this.group.affineBytes);
    this.fillTable();
  }

  private fillTable(): void {
    const { curve, group, half } = this;
    curve.scoped(() => {
      const base = curve.allocate(group.affineBytes);
      const row = curve.allocate(half * group.jacobianBytes);
      const sum = curve.allocate(group.jacobianBytes);
      curve.reserve(2 * half * group.jacobianBytes);
      curve.bytes.copyWithin(base, group.generator, group.generator + group.affineBytes);
      for (let window = 0; window < this.windows; window++) {
        group.zero(sum);
        for (let digit = 0; digit < half; digit++) {
          group.addMixed(sum, base, sum);
          group.copy(sum, row + digit * group.jacobianBytes);
        }
        const start = this.table + window * half * group.affineBytes;
        group.batchToAffine(row, half, start);
        // Next base 2^c·base = 2·(2^(c−1)·base).
        group.doubleAffine(start + (half - 1) * group.affineBytes, sum);
        group.toAffine(sum, base);
      }
    });
  }

  /**
   * s·G for each scalar (canonical little-endian, below r): affine in Montgomery form as zkey files hold points, infinity as zeros,
   * and canonical big-endian as their hash wants them.
   */
  multiples(scalars: Uint32Array): { affine: Uint8Array; uncompressed: Uint8Array } {
    const { curve, group } = this;
    const count = scalars.length / SCALAR_WORDS;
    return curve.scoped(() => {
      const sums = curve.allocate(count * group.jacobianBytes);
      const affine = curve.allocate(count * group.affineBytes);
      curve.reserve(2 * count * group.jacobianBytes + 1024);
      for (let i = 0; i < count; i++) this.multiple(scalars, i * SCALAR_WORDS, sums + i * group.jacobianBytes);
      group.batchToAffine(sums, count, affine);
      const size = count * group.affineBytes;
      const result = curve.bytes.slice(affine, affine + size);
      group.batchToUncompressed(affine, count, affine);
      return { affine: result, uncompressed: curve.bytes.slice(affine, affine + size) };
    });
  }

  private multiple(scalars: Uint32Array, at: number, sum: number): void {
    const { group, half, windowBits, table } = this;
    const size = group.affineBytes;
    const mask = 2 * half - 1;
    group.zero(sum);
    let carry = 0;
    for (let window = 0, bit = 0; window < this.windows; window++, bit += windowBits) {
      const word = bit >>> 5;
      const shift = bit & 31;
      let bits = scalars[at + word]! >>> shift;
      if (shift + windowBits > 32 && word + 1 < SCALAR_WORDS) bits |= scalars[at + word + 1]! << (32 - shift);
      let digit = (bits & mask) + carry;
      carry = digit > half ? 1 : 0;
      if (carry === 1) digit -= 2 * half;
      const row = table + (window * half - 1) * size;
      if (digit > 0) group.addMixed(sum, row + digit * size, sum);
      else if (digit < 0) group.subMixed(sum, row - digit * size, sum);
    }
  }
}
