/** Sizes of an argument, as its error terms have them (docs/soundness/clear.md, "Errors"). */
import { FIELD_BITS } from './parameters.js';
import type { ArgumentSizes, ErrorTerm } from './parameters.js';
import { MASK_DEGREE, type ArgumentPlan } from './plan.js';
import { elementsOf, tableRows } from './relation.js';

export function argumentSizes(
  { relation, constraints, lookups, blinding, claims }: ArgumentPlan,
  columns: number,
): ArgumentSizes {
  const depth = lookups?.depth ?? 0;
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  return {
    columns,
    claims: claims.length,
    lookups: sum(relation.constraints.map(({ kind, dims }) => (kind === 'lookup' ? elementsOf(dims) : 0))),
    tableRows: sum(relation.tables.map(tableRows)),
    rounds: (constraints ? constraints.rounds : 0) + (depth * (depth - 1)) / 2 + blinding.variables,
    others: [
      ...(constraints
        ? term('constraints at one point', constraints.pointVariables + constraints.indices.length - 1)
        : []),
      ...term('fractions of layers', 2 * depth),
      ...term('products of pads', blinding.variables + (blinding.variables > 0 ? 1 : 0)),
    ],
  };
}

/** Bytes of a proof before its opening: the root of cells and all messages of the argument. */
export function argumentBytes({ relation, constraints, blinding }: ArgumentPlan): number {
  const clear = (constraints?.indices ?? []).reduce((count, index) => {
    const constraint = relation.constraints[index]!;
    return count + (constraint.kind === 'linear' ? constraint.terms.length : 0);
  }, 0);
  const products = blinding.variables > 0 ? 1 + MASK_DEGREE * blinding.variables + 4 : 0;
  return 32 + 16 * (blinding.pads + clear + products);
}

function term(name: string, bad: number): ErrorTerm[] {
  return bad > 0 ? [{ name, bits: FIELD_BITS - Math.log2(bad) }] : [];
}
