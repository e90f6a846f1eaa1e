/**
 * Σ_i eq(point, first + i)·values[i] over listed rows of a table, without a product of BigInts a row. eq is a product of a part in the low variables and one in the
 * high ones, so rows are summed 2^low at a time against the same weights, in float64: residues in three limbs of 22 bits, integers in parts of 20. A sum of
 * 2^10 products of these stays below 2^52, hence exact.
 */
import { EXT_ZERO, extAdd, extMul, GL, type Ext } from '../../field/goldilocks.js';
import { eqTable } from './multilinear.js';

const LIMB_BITS = 22;
const LIMBS = 3;
const PART_BITS = 20;
const MOST_LOW = 10;
const PART = 2 ** PART_BITS;

/** Integers |value| < 2^53; first + values.length ≤ 2^point.length. */
export function listedSum(point: readonly Ext[], first: number, values: Float64Array): Ext {
  const low = Math.min(MOST_LOW, Math.ceil(point.length / 2));
  const block = 2 ** low;
  const limbs = limbsOf(eqTable(point.slice(0, low)));
  const high = eqTable(point.slice(low));
  const parts = partsOf(values);
  let sum: Ext = EXT_ZERO;
  const end = first + values.length;
  for (let from = first; from < end;) {
    const number = Math.floor(from / block);
    const to = Math.min(end, (number + 1) * block);
    let [s0, s1] = [0n, 0n];
    parts.forEach((part, k) => {
      const [c0, c1] = blockSum(limbs, part.subarray(from - first, to - first), from - number * block);
      s0 += c0 << BigInt(PART_BITS * k);
      s1 += c1 << BigInt(PART_BITS * k);
    });
    sum = extAdd(sum, extMul(high[number]!, [GL.mod(s0), GL.mod(s1)]));
    from = to;
  }
  return sum;
}

/** Limb l of residue c of weight i at [(3·c + l)·weights + i]. */
interface Limbs {
  readonly values: Float64Array;
  readonly weights: number;
}

function limbsOf(table: readonly Ext[]): Limbs {
  const weights = table.length;
  const values = new Float64Array(2 * LIMBS * weights);
  table.forEach((residues, i) => {
    residues.forEach((residue, c) => {
      for (let l = 0; l < LIMBS; l++) {
        values[(LIMBS * c + l) * weights + i] = Number(BigInt.asUintN(LIMB_BITS, residue >> BigInt(LIMB_BITS * l)));
      }
    });
  });
  return { values, weights };
}

/** values = Σ_k parts[k]·2^(20·k), each of the value's sign and below 2^20: as many parts as the largest takes. */
function partsOf(values: Float64Array): Float64Array[] {
  const parts: Float64Array[] = [];
  for (let rest = values; rest.some((value) => value !== 0);) {
    const above = rest.map((value) => Math.trunc(value / PART));
    parts.push(rest.map((value, i) => value - above[i]! * PART));
    rest = above;
  }
  return parts;
}

/** Σ_i weight[at + i]·part[i] for both residues. */
function blockSum({ values, weights }: Limbs, part: Float64Array, at: number): [bigint, bigint] {
  const [a, b, c, d, e, f] = Array.from({ length: 2 * LIMBS }, (_, l) =>
    values.subarray(l * weights + at, l * weights + at + part.length),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
  let [sa, sb, sc, sd, se, sf] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < part.length; i++) {
    const value = part[i]!;
    sa += a[i]! * value;
    sb += b[i]! * value;
    sc += c[i]! * value;
    sd += d[i]! * value;
    se += e[i]! * value;
    sf += f[i]! * value;
  }
  const joined = (low: number, middle: number, top: number) =>
    BigInt(low) + (BigInt(middle) << BigInt(LIMB_BITS)) + (BigInt(top) << BigInt(2 * LIMB_BITS));
  return [joined(sa, sb, sc), joined(sd, se, sf)];
}
