/** Polynomials in one variable by their coefficients, lowest first, and what a round of a sumcheck does to tables. */
import { EXT_ZERO, extAdd, extMul, extScale, extSub, type Ext } from '../../../field/goldilocks.js';

export type Polynomial = readonly Ext[];

export function addPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  const [long, short] = a.length < b.length ? [b, a] : [a, b];
  return long.map((value, k) => (k < short.length ? extAdd(value, short[k]!) : value));
}

export function multiplyPolynomials(a: Polynomial, b: Polynomial): Polynomial {
  const product = new Array<Ext>(a.length + b.length - 1).fill(EXT_ZERO);
  a.forEach((x, i) => {
    b.forEach((y, k) => {
      product[i + k] = extAdd(product[i + k]!, extMul(x, y));
    });
  });
  return product;
}

export function scalePolynomial(a: Polynomial, scale: Ext): Polynomial {
  return a.map((value) => extMul(value, scale));
}

export function evaluatePolynomial(a: Polynomial, x: Ext): Ext {
  return a.reduceRight<Ext>((sum, value) => extAdd(extMul(sum, x), value), EXT_ZERO);
}

/** Σ over pairs (2i, 2i + 1) of Π_tables (even + X·(odd − even)). */
export function roundPolynomial(tables: readonly (readonly Ext[])[]): Polynomial {
  let sum: Polynomial = [];
  for (let i = 0; i < tables[0]!.length / 2; i++) {
    const lines = tables.map((table): Polynomial => [table[2 * i]!, extSub(table[2 * i + 1]!, table[2 * i]!)]);
    sum = addPolynomials(sum, lines.reduce(multiplyPolynomials));
  }
  return sum;
}

/** 2^exponent, which may be negative, times a value. */
export function timesPowerOfTwo(value: Ext, exponent: number): Ext {
  const HALF = 0x7fffffff80000001n;
  let result = value;
  for (let k = 0; k < Math.abs(exponent); k++) result = extScale(result, exponent < 0 ? HALF : 2n);
  return result;
}
