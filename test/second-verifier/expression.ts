import { add, mul, negate, ONE, sub, ZERO, type Element } from './field.js';

/** weight · element `index` of a committed tensor. Of blinding the elements are those of F, by what they are for. */
export interface Term {
  readonly of: `${'cell' | 'weight' | 'multiplicity'} ${number}` | 'pad' | 'pad product' | 'free' | 'mask';
  readonly index: number;
  readonly weight: Element;
}

/** known + Σ terms. */
export interface Expression {
  readonly known: Element;
  readonly terms: readonly Term[];
}

/** A value sent padded: what was sent + pad `pad`. */
export interface Padded extends Expression {
  readonly pad: number;
}

export function constant(known: Element): Expression {
  return { known, terms: [] };
}

export function times(by: Element, { known, terms }: Expression): Expression {
  return { known: mul(by, known), terms: terms.map((term) => ({ ...term, weight: mul(by, term.weight) })) };
}

export function plus(...parts: readonly Expression[]): Expression {
  return {
    known: parts.reduce((total, { known }) => add(total, known), ZERO),
    terms: parts.flatMap(({ terms }) => terms),
  };
}

export function minus(a: Expression, b: Expression): Expression {
  return plus(a, times(negate(ONE), b));
}

/** s(x) of the polynomial with s(0), c_2, c_3 and s(0) + s(1) = claim. */
export function afterRound(claim: Expression, x: Element, s0: Expression, c2: Expression, c3: Expression): Expression {
  const square = mul(x, x);
  return plus(
    times(sub(ONE, add(x, x)), s0),
    times(x, claim),
    times(sub(square, x), c2),
    times(sub(mul(square, x), x), c3),
  );
}
