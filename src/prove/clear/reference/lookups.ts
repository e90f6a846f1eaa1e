/** Step 2 of the argument (verify/clear/lookups.ts): the tree of fractions, proved from its root to the leaves. */
import {
  EXT_ONE,
  EXT_ZERO,
  extAdd,
  extInv,
  extMul,
  extNeg,
  extOf,
  extScale,
  extSub,
  type Ext,
} from '../../../field/goldilocks.js';
import { bindLowest, eqTable } from '../../../verify/clear/multilinear.js';
import type { LookupsPlan } from '../../../verify/clear/plan.js';
import type { Relation } from '../../../verify/clear/relation.js';
import { flatIndex } from '../../../verify/clear/weighting.js';
import { rowsOf } from './satisfied.js';
import type { Sender } from './sender.js';
import { formValues, type Values } from './values.js';

/** Numerators and denominators of a layer. */
interface Layer {
  readonly p: readonly Ext[];
  readonly q: readonly Ext[];
}

export function proveLookups(sender: Sender, relation: Relation, plan: LookupsPlan, values: Values): void {
  const [chi, theta] = sender.transcript.draw('lookups fold', 2) as [Ext, Ext];
  const layers = [leavesOf(relation, plan, values, chi, theta)];
  while (layers[0]!.p.length > 1) layers.unshift(parentsOf(layers[0]!));
  const root = layers[0]!.q[0]!;
  let [lambda] = sender.exchange('lookups root', [root, extInv(root)], 1);
  let point: readonly Ext[] = [];
  for (let layer = 0; layer < plan.depth; layer++) {
    const next = proveLayer(sender, layer, layers[layer + 1]!, point, lambda!, layer === plan.depth - 1);
    point = next.point;
    lambda = next.lambda;
  }
}

function leavesOf(relation: Relation, plan: LookupsPlan, values: Values, chi: Ext, theta: Ext): Layer {
  const p = new Array<Ext>(2 ** plan.depth).fill(EXT_ZERO);
  const q = new Array<Ext>(2 ** plan.depth).fill(EXT_ONE);
  const denominator = (input: Ext, output: Ext, table: number) => {
    const tagged = extAdd(output, extScale(theta, BigInt(table + 1)));
    return extSub(chi, extAdd(input, extMul(theta, tagged)));
  };
  for (const { of, start, logs, log, leaf } of plan.blocks) {
    const locals = Array.from({ length: 2 ** log }, (_, local) => local);
    if (of.kind === 'table') {
      const rows = rowsOf(relation.tables[of.index]!);
      for (const local of locals) {
        const [input, output] = rows[start[0]! + local]!;
        p[leaf + local] = extNeg(values.multiplicities[of.index]![start[0]! + local]!);
        q[leaf + local] = denominator(extOf(input), extOf(output), of.index);
      }
      continue;
    }
    const constraint = relation.constraints[of.index]!;
    if (constraint.kind !== 'lookup') continue;
    const [input, output] = [constraint.input, constraint.output].map((f) => formValues(f, constraint.dims, values));
    for (const local of locals) {
      const flat = flatIndex(constraint.dims, { start, logs }, local);
      p[leaf + local] = EXT_ONE;
      q[leaf + local] = denominator(input![flat]!, output![flat]!, constraint.table);
    }
  }
  return { p, q };
}

function parentsOf({ p, q }: Layer): Layer {
  const half = p.length / 2;
  const pair = (of: (i: number) => Ext) => Array.from({ length: half }, (_, i) => of(i));
  return {
    p: pair((i) => extAdd(extMul(p[i]!, q[i + half]!), extMul(p[i + half]!, q[i]!))),
    q: pair((i) => extMul(q[i]!, q[i + half]!)),
  };
}

function proveLayer(
  sender: Sender,
  layer: number,
  { p, q }: Layer,
  point: readonly Ext[],
  lambda: Ext,
  last: boolean,
): { readonly point: readonly Ext[]; readonly lambda: Ext | undefined } {
  const half = p.length / 2;
  // p0, p1, q0, q1.
  let tables = [p.slice(0, half), p.slice(half), q.slice(0, half), q.slice(half)];
  const rho: Ext[] = [];
  for (let round = 0; round < layer; round++) {
    const weights = eqTable(point.slice(round + 1));
    const at = (index: (i: number) => number) => weightedSum(weights, tables, lambda, index);
    const steps = tables.map((table) => table.map((value, i) => (i % 2 === 1 ? extSub(value, table[i - 1]!) : value)));
    const [zero, one] = [at((i) => 2 * i), at((i) => 2 * i + 1)];
    const square = weightedSum(weights, steps, lambda, (i) => 2 * i + 1);
    const [challenge] = sender.exchange(`lookups layer ${layer} round ${round}`, [extSub(one, zero), square], 1);
    tables = tables.map((table) => bindLowest(table, challenge!));
    rho.push(challenge!);
  }
  const ends = tables.map((table) => table[0]!);
  const [mu, next] = sender.exchange(`lookups layer ${layer} end`, ends, last ? 1 : 2);
  return { point: [...rho, mu!], lambda: next };
}

/** Σ_i weights[i]·(p0·q1 + p1·q0 + λ·q0·q1) at index(i). */
function weightedSum(
  weights: readonly Ext[],
  [p0, p1, q0, q1]: readonly (readonly Ext[])[],
  lambda: Ext,
  index: (i: number) => number,
): Ext {
  let sum = EXT_ZERO;
  weights.forEach((weight, k) => {
    const i = index(k);
    const cross = extAdd(extMul(p0![i]!, q1![i]!), extMul(p1![i]!, q0![i]!));
    sum = extAdd(sum, extMul(weight, extAdd(cross, extMul(lambda, extMul(q0![i]!, q1![i]!)))));
  });
  return sum;
}
