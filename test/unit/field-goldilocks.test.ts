/** The BigInt field of protocol `clear`: its constants are what they claim to be, and the operations are those of a field. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EXT_ONE,
  extAdd,
  extEq,
  extInv,
  extMul,
  extNeg,
  extOf,
  extPow,
  extScale,
  extSub,
  GENERATOR,
  GL,
  NON_RESIDUE,
  ORDER,
  rootOfUnity,
  TWO_ADICITY,
  type Ext,
} from '../../src/field/goldilocks.js';

const EDGES = [0n, 1n, 7n, 2n ** 32n - 1n, 2n ** 32n, ORDER >> 1n, ORDER - 2n ** 32n, ORDER - 2n, ORDER - 1n];
const element = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt(0n, ORDER - 1n));
const ext: fc.Arbitrary<Ext> = fc.tuple(element, element);
const inRange = (...values: bigint[]) => values.forEach((v) => expect(v >= 0n && v < ORDER).toBe(true));

describe('the Goldilocks field', () => {
  it('is of the prime 2^64 − 2^32 + 1, whose unit group 7 generates', () => {
    expect(ORDER).toBe(2n ** 64n - 2n ** 32n + 1n);
    const factors = [2n, 3n, 5n, 17n, 257n, 65537n];
    expect(2n ** 32n * factors.slice(1).reduce((product, f) => product * f)).toBe(ORDER - 1n);
    // A generator of order p − 1 exists only modulo a prime (Lucas), so this proves p prime too.
    expect(GL.pow(GENERATOR, ORDER - 1n)).toBe(1n);
    for (const factor of factors) expect(GL.pow(GENERATOR, (ORDER - 1n) / factor)).not.toBe(1n);
    expect(GL.pow(NON_RESIDUE, (ORDER - 1n) / 2n)).toBe(ORDER - 1n);
  });

  it('has roots of unity of the orders 2^0 to 2^32, each the square of the next', () => {
    expect(rootOfUnity(0)).toBe(1n);
    expect(rootOfUnity(1)).toBe(ORDER - 1n);
    for (let k = 1; k <= TWO_ADICITY; k++) expect(GL.pow(rootOfUnity(k), 2n)).toBe(rootOfUnity(k - 1));
    for (const k of [-1, 33, 1.5]) expect(() => rootOfUnity(k)).toThrow(RangeError);
  });

  it('adds, subtracts, multiplies and inverts', () => {
    fc.assert(
      fc.property(element, element, element, (a, b, c) => {
        inRange(GL.add(a, b), GL.sub(a, b), GL.mul(a, b), GL.neg(a));
        expect(GL.add(GL.sub(a, b), b)).toBe(a);
        expect(GL.add(a, GL.neg(a))).toBe(0n);
        expect(GL.mul(GL.add(a, b), c)).toBe(GL.add(GL.mul(a, c), GL.mul(b, c)));
        if (a !== 0n) expect(GL.mul(a, GL.inv(a))).toBe(1n);
      }),
    );
    expect(() => GL.inv(0n)).toThrow(RangeError);
    expect(() => GL.inv(ORDER)).toThrow(RangeError);
    expect(() => GL.pow(2n, -1n)).toThrow(RangeError);
  });

  it('has an extension with u² = 7', () => {
    expect(extMul([0n, 1n], [0n, 1n])).toEqual([7n, 0n]);
    fc.assert(
      fc.property(ext, ext, ext, element, (a, b, c, s) => {
        inRange(...extAdd(a, b), ...extSub(a, b), ...extMul(a, b), ...extNeg(a), ...extScale(a, s));
        expect(extAdd(extSub(a, b), b)).toEqual(a);
        expect(extSub([0n, 0n], a)).toEqual(extNeg(a));
        expect(extMul(a, extAdd(b, c))).toEqual(extAdd(extMul(a, b), extMul(a, c)));
        expect(extMul(extMul(a, b), c)).toEqual(extMul(a, extMul(b, c)));
        expect(extScale(a, s)).toEqual(extMul(a, extOf(s)));
        expect(extEq(a, b)).toBe(a[0] === b[0] && a[1] === b[1]);
        if (a[0] !== 0n || a[1] !== 0n) {
          expect(extMul(a, extInv(a))).toEqual(EXT_ONE);
          inRange(...extInv(a));
        }
      }),
    );
    expect(() => extInv([0n, 0n])).toThrow(RangeError);
  });

  it('has powers, the p-th of which conjugates', () => {
    const a: Ext = [ORDER - 3n, 123456789n];
    expect(extPow(a, 0n)).toEqual(EXT_ONE);
    expect(extPow(a, 5n)).toEqual(extMul(a, extMul(extMul(a, a), extMul(a, a))));
    expect(extPow(a, ORDER)).toEqual([a[0], ORDER - a[1]]);
    expect(() => extPow(a, -1n)).toThrow(RangeError);
  });
});
