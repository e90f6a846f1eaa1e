/** What a check lists element by element because of a relation: weights of boxes, positions of tensors. A few bytes of a key may name large ones. */
import { dimsOf } from './plan.js';
import { elementsOf, type Form, type Relation } from './relation.js';

/** Of one box: 64 MiB of weights, as much as the memory of the loops in WebAssembly is at most. */
const MAX_BOX = 2 ** 22;
/** Of all. */
const MAX_LISTED = 2 ** 26;

/** Undefined for a relation whose lists are within bounds, or what is beyond. */
export function listsTooLong(relation: Relation): string | undefined {
  const counts = relation.constraints.flatMap((constraint) => {
    const box = elementsOf(constraint.dims);
    switch (constraint.kind) {
      case 'linear': {
        const maps = constraint.terms.flatMap(({ operand, map }) =>
          map.kind === 'patterns' ? [box, elementsOf(dimsOf(relation, operand))] : [],
        );
        return [...listedBy(relation, constraint.form, box), ...maps];
      }
      case 'product':
        return [constraint.a, constraint.b, constraint.c].flatMap((form) => listedBy(relation, form, box));
      case 'matmul':
        return listedBy(relation, constraint.form, box);
      case 'lookup':
        return [constraint.input, constraint.output].flatMap((form) => listedBy(relation, form, box));
    }
  });
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (counts.some((count) => count > MAX_BOX)) return `a list of more than ${MAX_BOX} elements`;
  return total > MAX_LISTED ? `lists of ${total} elements` : undefined;
}

/** Weights of the box, and positions of the source, of each term that selects; weights of terms of publics. */
function listedBy(relation: Relation, { terms }: Form, box: number): number[] {
  return terms.flatMap(({ source, select }) => {
    if (source.side === 'public') return [box];
    return select ? [box, elementsOf(dimsOf(relation, source))] : [];
  });
}
