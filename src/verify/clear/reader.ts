/** Both sides' walk through the argument's messages: who has been sent what, which pad is whose, which claims have come of it. */
import { invariant } from '../../base/errors.js';
import type { Ext } from '../../field/goldilocks.js';
import { javascriptArithmetic } from './arithmetic-javascript.js';
import type { Arithmetic } from './arithmetic.js';
import type { Exchange } from './channel.js';
import type { Expression } from './expression.js';
import { Affine, Padded } from './expression.js';
import type { Claim } from './functional.js';
import type { ArgumentPlan } from './plan.js';
import type { PublicTensors } from './weighting.js';

/** Where messages and challenges come from: the verifier's channel, or what a prover has sent. */
export interface Transcript {
  draw(label: string, count: number): readonly Ext[];
  exchange(label: string, count: number, draws: number): Exchange;
}

export class ArgumentReader {
  private pads = 0;
  private products = 0;
  private readonly claims: Claim[] = [];
  readonly publics: PublicTensors;

  constructor(
    readonly plan: ArgumentPlan,
    publics: readonly BigUint64Array[],
    readonly transcript: Transcript,
    readonly arithmetic: Arithmetic = javascriptArithmetic,
  ) {
    this.publics = {
      weightedSum: (tensor, weighting, select) => arithmetic.weightedSum(weighting, publics[tensor]!, select),
    };
  }

  /** The next values, each with the next pad. */
  padded(values: readonly Ext[]): Padded[] {
    return values.map((value) => new Padded(value, this.pads++));
  }

  /** A message of padded values. */
  exchange(label: string, count: number, draws: number): { values: Padded[]; challenges: readonly Ext[] } {
    const { values, challenges } = this.transcript.exchange(label, count, draws);
    return { values: this.padded(values), challenges };
  }

  /** (a' + p_a)·(b' + p_b) = a'·b' + a'·p_b + b'·p_a + p_a·p_b, the last the next committed product. */
  product(a: Padded, b: Padded): Affine {
    const { products, firstProduct } = this.plan.blinding;
    const [padA, padB] = products[this.products] ?? [-1, -1];
    invariant(padA === a.pad && padB === b.pad, 'a product of pads is of the pads it is committed for', {
      product: this.products,
    });
    const committed = new Affine([0n, 0n], new Map([[firstProduct + this.products++, [1n, 0n]]]));
    // a'·(b' + p_b) + b'·p_a + p_a·p_b.
    return new Affine([0n, 0n])
      .plus(b, a.known)
      .plus(new Affine([0n, 0n], new Map([[a.pad, [1n, 0n]]])), b.known)
      .plus(committed, [1n, 0n]);
  }

  claimZero(label: string, expression: Expression): void {
    this.claims.push(expression.isZero(label, this.plan.blindingTensor));
  }

  /** All claims, once: throws (a bug of ours) unless they are those of the plan, in its order, and every pad and product has been used. */
  takeClaims(): readonly Claim[] {
    const { claims, blinding } = this.plan;
    const labels = this.claims.map(({ label }) => label);
    invariant(labels.join('\n') === claims.join('\n'), 'the claims of an argument are those of its plan', { labels });
    invariant(
      this.pads === blinding.pads && this.products === blinding.products.length,
      'an argument uses each pad and each product of pads once',
      { pads: this.pads, products: this.products },
    );
    return this.claims.splice(0);
  }
}
