/**
 * Sums of products of extension elements in float64, without BigInt: what generic maps and selections ask of a verifier by the hundred thousand.
 *
 * A residue is x0 + x1·2^22 + x2·2^44 with x0, x1 < 2^22 and x2 < 2^20. A product's limbs go to five diagonals, Σ_(i + j = k) x_i·y_j at 2^(22·k). Each coordinate of an
 * extension product is two products of residues, so a diagonal grows by less than 2^46 a product: 2·(2^44 + 2^44) at k = 1, 2·(2^44 + 2·2^42) at k = 2, 2·2^40 at k = 4. After
 * OPEN = 64 products it is below 2^52 and what was left of it before, and float64 is exact below 2^53. Then carries go up; of the last diagonal what is above 2^40, at
 * 2^128 ≡ −2^32, goes off the second at 2^10 times: diagonals are below 2^22 in magnitude (the second 2^24, the last 2^40) and integers all the while.
 */
import { GL, NON_RESIDUE, ORDER, type Ext } from '../../field/goldilocks.js';
import type { WeightMap } from './relation.js';

const LIMB = 2 ** 22;
const DIAGONALS = 5;
/** Where the last diagonal's carry begins. */
const TOP = 2 ** 40;
const OPEN = 64;

/** Extension elements as the first factor of products: three limbs a coordinate. */
export interface LeftFactors {
  readonly limbs: Float64Array;
}
/** As the second: also of 7 times the second coordinate. */
export interface RightFactors {
  readonly limbs: Float64Array;
}
const LEFT = 6;
const RIGHT = 9;

/** Coordinates are residues in [0, p). */
export function leftFactors(values: readonly Ext[]): LeftFactors {
  const limbs = new Float64Array(LEFT * values.length);
  values.forEach(([c0, c1], i) => {
    writeLimbs(limbs, LEFT * i, c0);
    writeLimbs(limbs, LEFT * i + 3, c1);
  });
  return { limbs };
}

export function rightFactors(values: readonly Ext[]): RightFactors {
  const limbs = new Float64Array(RIGHT * values.length);
  values.forEach(([c0, c1], i) => {
    writeLimbs(limbs, RIGHT * i, c0);
    writeLimbs(limbs, RIGHT * i + 3, c1);
    writeLimbs(limbs, RIGHT * i + 6, (NON_RESIDUE * c1) % ORDER);
  });
  return { limbs };
}

const word = new DataView(new ArrayBuffer(8));

function writeLimbs(limbs: Float64Array, at: number, value: bigint): void {
  word.setBigUint64(0, value);
  const [high, low] = [word.getUint32(0), word.getUint32(4)];
  limbs[at] = low % LIMB;
  limbs[at + 1] = (low >>> 22) + (high % 2 ** 12) * 2 ** 10;
  limbs[at + 2] = high >>> 12;
}

/** Sums of products, each begun at 0. */
export class LimbSums {
  private readonly diagonals: Float64Array;
  /** Products of each since its carries. */
  private readonly open: Uint8Array;

  constructor(count: number) {
    this.diagonals = new Float64Array(2 * DIAGONALS * count);
    this.open = new Uint8Array(count);
  }

  /** sum[s] += left[i]·right[j]. */
  add(s: number, { limbs: left }: LeftFactors, i: number, { limbs: right }: RightFactors, j: number): void {
    const sums = this.diagonals;
    const [l, r, o] = [LEFT * i, RIGHT * j, 2 * DIAGONALS * s];
    const a0 = left[l]!;
    const a1 = left[l + 1]!;
    const a2 = left[l + 2]!;
    const b0 = left[l + 3]!;
    const b1 = left[l + 4]!;
    const b2 = left[l + 5]!;
    const x0 = right[r]!;
    const x1 = right[r + 1]!;
    const x2 = right[r + 2]!;
    const y0 = right[r + 3]!;
    const y1 = right[r + 4]!;
    const y2 = right[r + 5]!;
    const z0 = right[r + 6]!;
    const z1 = right[r + 7]!;
    const z2 = right[r + 8]!;
    sums[o]! += a0 * x0 + b0 * z0;
    sums[o + 1]! += a0 * x1 + a1 * x0 + b0 * z1 + b1 * z0;
    sums[o + 2]! += a0 * x2 + a1 * x1 + a2 * x0 + b0 * z2 + b1 * z1 + b2 * z0;
    sums[o + 3]! += a1 * x2 + a2 * x1 + b1 * z2 + b2 * z1;
    sums[o + 4]! += a2 * x2 + b2 * z2;
    sums[o + 5]! += a0 * y0 + b0 * x0;
    sums[o + 6]! += a0 * y1 + a1 * y0 + b0 * x1 + b1 * x0;
    sums[o + 7]! += a0 * y2 + a1 * y1 + a2 * y0 + b0 * x2 + b1 * x1 + b2 * x0;
    sums[o + 8]! += a1 * y2 + a2 * y1 + b1 * x2 + b2 * x1;
    sums[o + 9]! += a2 * y2 + b2 * x2;
    if (++this.open[s]! === OPEN) this.carry(s);
  }

  value(s: number): Ext {
    this.carry(s);
    return [this.residue(2 * DIAGONALS * s), this.residue(2 * DIAGONALS * s + DIAGONALS)];
  }

  /** Brings the diagonals back into their bounds. */
  private carry(s: number): void {
    this.open[s] = 0;
    const sums = this.diagonals;
    for (let o = 2 * DIAGONALS * s; o < 2 * DIAGONALS * (s + 1); o += DIAGONALS) {
      for (let k = o; k < o + DIAGONALS - 1; k++) {
        const up = Math.floor(sums[k]! / LIMB);
        sums[k]! -= up * LIMB;
        sums[k + 1]! += up;
      }
      const over = Math.floor(sums[o + 4]! / TOP);
      sums[o + 4]! -= over * TOP;
      sums[o + 1]! -= over * 2 ** 10;
    }
  }

  private residue(o: number): bigint {
    const sums = this.diagonals;
    // Both below 2^47 in magnitude.
    const low = sums[o]! + sums[o + 1]! * LIMB;
    const middle = sums[o + 2]! + sums[o + 3]! * LIMB;
    return GL.mod(BigInt(low) + (BigInt(middle) << 44n) + (BigInt(sums[o + 4]!) << 88n));
  }
}

/** What each weight of a map weighs: Σ over rows i with entry e of rows[i]·columns[base_i + offset_e]. */
export function patternWeights(
  { pattern, base, start, offset }: Extract<WeightMap, { kind: 'patterns' }>,
  rows: readonly Ext[],
  columns: readonly Ext[],
): Ext[] {
  const [left, right] = [leftFactors(rows), rightFactors(columns)];
  const sums = new LimbSums(offset.length);
  for (let i = 0; i < rows.length; i++) {
    const p = pattern[i]!;
    const [first, to] = [base[i]!, start[p + 1]!];
    for (let e = start[p]!; e < to; e++) sums.add(e, left, i, right, first + offset[e]!);
  }
  return Array.from(offset, (_, e) => sums.value(e));
}
