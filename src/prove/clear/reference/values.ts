/** Values that the reference prover works on: all tensors as elements of the extension, forms and blinding evaluated. */
import { EXT_ZERO, GL, extAdd, extMul, extOf, extScale, type Ext } from '../../../field/goldilocks.js';
import type { BlindingPlan } from '../../../verify/clear/plan.js';
import { MASK_DEGREE } from '../../../verify/clear/plan.js';
import { elementsOf } from '../../../verify/clear/relation.js';
import type { Assignment, Form, Ref, Relation } from '../../../verify/clear/relation.js';
import { countMultiplicities } from './satisfied.js';

/** By the relation's order. */
export interface Values {
  readonly cells: readonly (readonly Ext[])[];
  readonly multiplicities: readonly (readonly Ext[])[];
  readonly weights: readonly (readonly Ext[])[];
  readonly publics: readonly (readonly Ext[])[];
  /** By the plan of the blinding. */
  readonly blinding: readonly Ext[];
}

/**
 * Pads, products, free triples and mask. `random` gives uniform elements of the extension, each once.
 */
export function drawBlinding(plan: BlindingPlan, random: () => Ext): Ext[] {
  const pads = Array.from({ length: plan.pads }, random);
  const products = plan.products.map(([a, b]) => extMul(pads[a]!, pads[b]!));
  const rest = Array.from({ length: plan.count - plan.firstFree }, random);
  return [...pads, ...products, ...rest];
}

/** Multiplicities are counted unless given. Throws RangeError where a lookup is no row of its table. */
export function valuesOf(
  relation: Relation,
  assignment: Assignment,
  blinding: readonly Ext[],
  multiplicities: readonly BigUint64Array[] = countMultiplicities(relation, assignment),
): Values {
  const embedded = (tensors: readonly BigUint64Array[]) => tensors.map((tensor) => Array.from(tensor, extOf));
  return {
    cells: embedded(assignment.cells),
    multiplicities: embedded(multiplicities),
    weights: embedded(assignment.weights),
    publics: embedded(assignment.publics),
    blinding,
  };
}

/** What the cells' tree commits to: committedTensors(relation), flat. */
export function committedValues({ cells, multiplicities, blinding }: Values): BigUint64Array[] {
  const base = (tensor: readonly Ext[]) => BigUint64Array.from(tensor, ([value]) => value);
  const own = blinding.length === 0 ? [0n, 0n] : blinding.flatMap(([c0, c1]) => [c0, c1]);
  return [...cells.map(base), ...multiplicities.map(base), BigUint64Array.from(own)];
}

const VECTORS: { readonly [S in Ref['side']]: (values: Values) => readonly (readonly Ext[])[] } = {
  cell: (values) => values.cells,
  weight: (values) => values.weights,
  public: (values) => values.publics,
  multiplicity: (values) => values.multiplicities,
};

export function vectorOf({ side, index }: Ref, values: Values): readonly Ext[] {
  return VECTORS[side](values)[index]!;
}

/** A form's elements. */
export function formValues({ terms, constant }: Form, dims: readonly number[], values: Values): Ext[] {
  const sum = new Array<Ext>(elementsOf(dims)).fill(extOf(constant));
  for (const { coefficient, source, select } of terms) {
    const vector = vectorOf(source, values);
    const scale = GL.mod(coefficient);
    const entries = select ? select.from.length : sum.length;
    for (let e = 0; e < entries; e++) {
      const to = select ? select.to[e]! : e;
      sum[to] = extAdd(sum[to]!, extScale(vector[select ? select.from[e]! : e]!, scale));
    }
  }
  return sum;
}

/** The mask's g_k(x), and g_k as coefficients of X, X², X³. */
export function maskPart(blinding: readonly Ext[], { firstMask }: BlindingPlan, k: number): readonly Ext[] {
  const first = firstMask + 1 + MASK_DEGREE * k;
  return [EXT_ZERO, ...blinding.slice(first, first + MASK_DEGREE)];
}
