/**
 * Multilinear extensions over the cube of 2^m points, as protocol `clear` orders it: variable k is bit k of the index, lowest first.
 * eq(r, i) = Π_k (i_k ? r_k : 1 − r_k).
 */
import { EXT_ONE, EXT_ZERO, extAdd, extMul, extSub, type Ext } from '../../field/goldilocks.js';

/** eq(point, i) for all i < 2^point.length. */
export function eqTable(point: readonly Ext[]): Ext[] {
  const table = new Array<Ext>(2 ** point.length);
  table[0] = EXT_ONE;
  point.forEach((r, k) => {
    const half = 2 ** k;
    for (let i = 0; i < half; i++) {
      const value = table[i]!;
      const high = extMul(value, r);
      table[i] = extSub(value, high);
      table[half + i] = high;
    }
  });
  return table;
}

/** eq(point, index) for one index < 2^point.length. */
export function eqAt(point: readonly Ext[], index: number): Ext {
  return point.reduce((product, r, k) => extMul(product, bitOf(index, k) ? r : extSub(EXT_ONE, r)), EXT_ONE);
}

/** Π_k (a_k·b_k + (1 − a_k)·(1 − b_k)) for points of equal length. */
export function eqBetween(a: readonly Ext[], b: readonly Ext[]): Ext {
  return a.reduce((product, r, k) => extMul(product, eqOne(r, b[k]!)), EXT_ONE);
}

/** a·b + (1 − a)·(1 − b) = 1 − a − b + 2·a·b. */
export function eqOne(a: Ext, b: Ext): Ext {
  const product = extMul(a, b);
  return extSub(extAdd(EXT_ONE, extAdd(product, product)), extAdd(a, b));
}

/** Values on the cube with variable 0 bound to r: (1 − r)·even + r·odd. */
export function bindLowest(values: readonly Ext[], r: Ext): Ext[] {
  return Array.from({ length: values.length / 2 }, (_, i) => interpolate(values[2 * i]!, values[2 * i + 1]!, r));
}

/** (1 − r)·a + r·b. */
export function interpolate(a: Ext, b: Ext, r: Ext): Ext {
  return extAdd(a, extMul(r, extSub(b, a)));
}

/** The extension at a point, of 2^point.length values. */
export function evaluateAt(values: readonly Ext[], point: readonly Ext[]): Ext {
  return point.reduce<readonly Ext[]>(bindLowest, values)[0]!;
}

export function innerProduct(a: readonly Ext[], b: readonly Ext[]): Ext {
  return a.reduce<Ext>((sum, value, index) => extAdd(sum, extMul(value, b[index]!)), EXT_ZERO);
}

/**
 * A round of a sumcheck of degree 2 is sent as s(0) and its leading coefficient c: s(X) = s(0) + b·X + c·X², and s(0) + s(1) is the running claim, which gives b.
 * Returns s(r).
 */
export function quadraticRound([atZero, leading]: readonly [Ext, Ext], claim: Ext, r: Ext): Ext {
  const linear = extSub(extSub(claim, extAdd(atZero, atZero)), leading);
  return extAdd(atZero, extMul(r, extAdd(linear, extMul(r, leading))));
}

/** The powers base^0 … base^(count − 1). */
export function powersOf(base: Ext, count: number): Ext[] {
  const powers: Ext[] = [];
  for (let power = EXT_ONE; powers.length < count; power = extMul(power, base)) powers.push(power);
  return powers;
}

/** Bit k of an index below 2^53. */
function bitOf(index: number, k: number): boolean {
  return Math.floor(index / 2 ** k) % 2 === 1;
}
