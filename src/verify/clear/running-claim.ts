/**
 * The claim ⟨f, w⟩ = value that an opening carries from fold to fold: f is the polynomial under the sumcheck, w = Σ coefficient·eq(ρ, ·) and Σ coefficient·(evaluation at x). Both
 * kinds of weights are products over variables, so binding a variable is one factor a term.
 */
import {
  EXT_ONE,
  EXT_ZERO,
  extAdd,
  extEq,
  extMul,
  extScale,
  extSub,
  GL,
  type Element,
  type Ext,
} from '../../field/goldilocks.js';
import { eqOne, evaluateAt, horner, quadraticRound } from './multilinear.js';

interface Evaluation {
  coefficient: Ext;
  /** x^(2^bound) of the variables that are bound. */
  x: Element;
}

export class RunningClaim {
  private coefficient: Ext = EXT_ONE;
  private point: readonly Ext[];
  private readonly evaluations: Evaluation[] = [];

  /** f̃(ρ) = value. */
  constructor(
    point: readonly Ext[],
    private value: Ext,
  ) {
    this.point = point;
  }

  /** Adds the claims f(x) = value, f as a univariate polynomial, with powers 1, 2, … of ε. */
  join(queries: readonly { readonly x: Element; readonly value: Ext }[], epsilon: Ext): void {
    let power = epsilon;
    for (const { x, value } of queries) {
      this.value = extAdd(this.value, extMul(power, value));
      this.evaluations.push({ coefficient: power, x });
      power = extMul(power, epsilon);
    }
  }

  /** A round of the sumcheck: the message, and r that the lowest variable is bound to. */
  round(message: readonly [Ext, Ext], r: Ext): void {
    this.value = quadraticRound(message, this.value, r);
    this.coefficient = extMul(this.coefficient, eqOne(this.point[0]!, r));
    this.point = this.point.slice(1);
    for (const term of this.evaluations) {
      // The weight of variable b is x^b: its extension is 1 − r + r·x.
      term.coefficient = extMul(term.coefficient, extAdd(extSub(EXT_ONE, r), extScale(r, term.x)));
      term.x = GL.mul(term.x, term.x);
    }
  }

  /** Whether ⟨f, w⟩ is the value, for all coefficients of what is left of f. */
  holds(coefficients: readonly Ext[]): boolean {
    const atPoint = extMul(this.coefficient, evaluateAt(coefficients, this.point));
    const sum = this.evaluations.reduce<Ext>(
      (total, { coefficient, x }) => extAdd(total, extMul(coefficient, horner(coefficients, x))),
      EXT_ZERO,
    );
    return extEq(extAdd(atPoint, sum), this.value);
  }
}
