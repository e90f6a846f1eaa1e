/**
 * The claim ⟨f, w⟩ = value that an opening carries from fold to fold: f is the polynomial under the sumcheck, w = Σ coefficient·eq(ρ, ·) and Σ coefficient·(evaluation at x). Both
 * kinds of weights are products over variables, so binding a variable is one factor a term.
 */
import { EXT_ONE, extAdd, extEq, extMul, type Element, type Ext } from '../../field/goldilocks.js';
import type { Arithmetic } from './arithmetic.js';
import { eqOne, evaluateAt, quadraticRound } from './multilinear.js';

interface Joined {
  readonly points: readonly Element[];
  readonly epsilon: Ext;
  readonly bound: Ext[];
}

export class RunningClaim {
  private coefficient: Ext = EXT_ONE;
  private point: readonly Ext[];
  private readonly joined: Joined[] = [];

  /** f̃(ρ) = value. */
  constructor(
    point: readonly Ext[],
    private value: Ext,
    private readonly arithmetic: Pick<Arithmetic, 'joinedSum'>,
  ) {
    this.point = point;
  }

  /** Adds the claims f(x) = value, f as a univariate polynomial, with powers 1, 2, … of ε. */
  join(queries: readonly { readonly x: Element; readonly value: Ext }[], epsilon: Ext): void {
    let power = epsilon;
    for (const { value } of queries) {
      this.value = extAdd(this.value, extMul(power, value));
      power = extMul(power, epsilon);
    }
    this.joined.push({ points: queries.map(({ x }) => x), epsilon, bound: [] });
  }

  /** A round of the sumcheck: the message, and r that the lowest variable is bound to. The weight of variable b of an evaluation is x^b, bound to r 1 − r + r·x. */
  round(message: readonly [Ext, Ext], r: Ext): void {
    this.value = quadraticRound(message, this.value, r);
    this.coefficient = extMul(this.coefficient, eqOne(this.point[0]!, r));
    this.point = this.point.slice(1);
    for (const { bound } of this.joined) bound.push(r);
  }

  /** Whether ⟨f, w⟩ is the value, for all coefficients of what is left of f. */
  holds(coefficients: readonly Ext[]): boolean {
    const atPoint = extMul(this.coefficient, evaluateAt(coefficients, this.point));
    return extEq(extAdd(atPoint, this.arithmetic.joinedSum(coefficients, this.joined)), this.value);
  }
}
