/**
 * Step 3 of the argument: committed products are products of pads. Triple i has a_i, b_i, gathered from the pads themselves, and c_i, its product; behind the last stand free
 * uniform triples, of which no product is asked. Σ_i eq(τ, i)·(a_i·b_i − c_i) over the products alone is 0, by a sumcheck masked as in Libra (eprint 2019/317): + β·g, g =
 * g_0 + Σ_k (g_k1·X_k + g_k2·X_k² + g_k3·X_k³), whose sum over the cube is sent before β. Nothing here is padded: masks and free triples hide it.
 */
import {
  EXT_ONE,
  EXT_ZERO,
  GL,
  extAdd,
  extEq,
  extMul,
  extOf,
  extScale,
  extSub,
  type Ext,
} from '../../field/goldilocks.js';
import { Refusal } from '../refusal.js';
import { Affine, Expression, afterRound } from './expression.js';
import { eqTable } from './multilinear.js';
import { FREE_TRIPLES, MASK_DEGREE } from './plan.js';
import type { BlindingPlan } from './plan.js';
import type { ArgumentReader } from './reader.js';

export function readPadProducts(reader: ArgumentReader): void {
  const { blinding } = reader.plan;
  const { variables } = blinding;
  const { values, challenges } = reader.transcript.exchange('pads sum', 1, variables + 1);
  const tau = challenges.slice(0, variables);
  const beta = challenges[variables]!;
  claim(reader, 'pads sum', maskSum(blinding), values[0]!);
  let running = new Affine(extMul(beta, values[0]!));
  const rho: Ext[] = [];
  for (let round = 0; round < variables; round++) {
    const message = reader.transcript.exchange(`pads round ${round}`, MASK_DEGREE, 1);
    running = afterRound(
      running,
      message.values.map((value) => new Affine(value)),
      message.challenges[0]!,
    );
    rho.push(message.challenges[0]!);
  }
  const end = reader.transcript.exchange('pads end', 4, 0).values as readonly [Ext, Ext, Ext, Ext];
  const [a, b, c, g] = end;
  const weights = eqTable(rho);
  const difference = extMul(productsWeight(blinding, tau, weights), extSub(extMul(a, b), c));
  if (!extEq(running.known, extAdd(difference, extMul(beta, g)))) {
    throw new Refusal('ARGUMENT_FAILED', 'the products of pads are not those of the sumcheck over them');
  }
  claim(reader, 'pads a', triples(blinding, weights, 0), a);
  claim(reader, 'pads b', triples(blinding, weights, 1), b);
  claim(reader, 'pads c', triples(blinding, weights, 2), c);
  claim(reader, 'pads mask', maskAt(blinding, rho), g);
}

function claim(reader: ArgumentReader, label: string, coefficients: ReadonlyMap<number, Ext>, value: Ext): void {
  const expression = new Expression();
  expression.addAffine(new Affine(extScale(value, GL.neg(1n)), coefficients), EXT_ONE);
  reader.claimZero(label, expression);
}

/** Σ_i eq(τ, i)·eq(ρ, i) over the products: free triples and the rest of the cube have no weight. */
function productsWeight({ products }: BlindingPlan, tau: readonly Ext[], weights: readonly Ext[]): Ext {
  const equal = eqTable(tau);
  return products.reduce<Ext>((sum, _, i) => extAdd(sum, extMul(equal[i]!, weights[i]!)), EXT_ZERO);
}

/** Element i of column 0 (a), 1 (b) or 2 (c) of the triples, as index among the blinding's elements. */
export function tripleElement(blinding: BlindingPlan, i: number, column: 0 | 1 | 2): number {
  const count = blinding.products.length;
  if (i >= count) return blinding.firstFree + 3 * (i - count) + column;
  return column === 2 ? blinding.firstProduct + i : blinding.products[i]![column];
}

/** A column's evaluation; a pad may be in several triples. */
function triples(blinding: BlindingPlan, weights: readonly Ext[], column: 0 | 1 | 2): ReadonlyMap<number, Ext> {
  const coefficients = new Map<number, Ext>();
  for (let i = 0; i < blinding.products.length + FREE_TRIPLES; i++) {
    const element = tripleElement(blinding, i, column);
    coefficients.set(element, extAdd(coefficients.get(element) ?? EXT_ZERO, weights[i]!));
  }
  return coefficients;
}

/** The sum of g over the cube: 2^m·g_0 + 2^(m − 1)·Σ_k (g_k1 + g_k2 + g_k3). */
function maskSum({ variables, firstMask }: BlindingPlan): ReadonlyMap<number, Ext> {
  const half = extOf(2n ** BigInt(variables - 1));
  const coefficients = new Map<number, Ext>([[firstMask, extAdd(half, half)]]);
  for (let k = 0; k < MASK_DEGREE * variables; k++) coefficients.set(firstMask + 1 + k, half);
  return coefficients;
}

/** g(ρ). */
function maskAt({ firstMask }: BlindingPlan, rho: readonly Ext[]): ReadonlyMap<number, Ext> {
  const coefficients = new Map<number, Ext>([[firstMask, EXT_ONE]]);
  rho.forEach((r, k) => {
    let power = EXT_ONE;
    for (let degree = 0; degree < MASK_DEGREE; degree++) {
      power = extMul(power, r);
      coefficients.set(firstMask + 1 + MASK_DEGREE * k + degree, power);
    }
  });
  return coefficients;
}
