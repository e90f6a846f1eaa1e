/** Weights on the elements of a constraint's box, and what Σ_i weight_i·form_i is: a known part and functionals of committed tensors. */
import { EXT_ZERO, GL, extAdd, extMul, extScale, type Ext } from '../../field/goldilocks.js';
import { boxTotal, boxVectors, tablesOf } from './box.js';
import type { Expression } from './expression.js';
import { entriesFrom, type BoxPart, type BoxWeights, type FunctionalTerm } from './functional.js';
import { eqAt, eqTable } from './multilinear.js';
import { flatIndices, type Block } from './layout.js';
import type { LeafBlock, Layouts } from './plan.js';
import { elementsOf } from './relation.js';
import type { Form, FormTerm, Ref, Relation } from './relation.js';

type Tree = 'cells' | 'weights';

export interface Weighting {
  /** What it is, for who lists it in other memory. */
  readonly box: BoxWeights;
  /** Of each element, flat. */
  elements(): readonly Ext[];
  total(): Ext;
  /** coefficient·weight on the elements of a tensor that has the box's dims. */
  terms(tree: Tree, tensor: number, coefficient: Ext): FunctionalTerm[];
}

/** What the verifier knows itself. */
export interface PublicTensors {
  /** Σ_i weight_i·tensor[i], or Σ_e weight_to·tensor[from] over the entries of a selection. */
  weightedSum(tensor: number, weighting: Weighting, select: FormTerm['select']): Ext;
}

/** The box's weights at a point. */
export class PointWeighting implements Weighting {
  readonly box: BoxWeights;

  constructor(
    private readonly dims: readonly number[],
    private readonly point: readonly Ext[],
  ) {
    this.box = { kind: 'point', dims, point };
  }

  elements(): readonly Ext[] {
    return tablesOf(this.point).weights(this.dims);
  }

  total(): Ext {
    return boxTotal(this.dims, this.point);
  }

  terms(_tree: Tree, tensor: number, coefficient: Ext): FunctionalTerm[] {
    return [{ kind: 'axes', tensor, coefficient, vectors: boxVectors(this.dims, this.point) }];
  }
}

/** eq(point, leaf) for the leaves of a box's blocks. */
export class LeafWeighting implements Weighting {
  readonly box: BoxWeights;
  private flat: readonly Ext[] | undefined;
  private readonly parts: readonly BoxPart[];

  constructor(
    private readonly dims: readonly number[],
    private readonly layouts: Layouts,
    blocks: readonly LeafBlock[],
    point: readonly Ext[],
  ) {
    this.parts = blocks.map((block) => ({
      start: block.start,
      logs: block.logs,
      scale: eqAt(point.slice(block.log), block.leaf / 2 ** block.log),
      point: point.slice(0, block.log),
    }));
    this.box = { kind: 'parts', dims, parts: this.parts };
  }

  elements(): readonly Ext[] {
    return (this.flat ??= this.listed());
  }

  total(): Ext {
    return this.parts.reduce<Ext>((sum, { scale }) => extAdd(sum, scale), EXT_ZERO);
  }

  terms(tree: Tree, tensor: number, coefficient: Ext): FunctionalTerm[] {
    const blocks = this.layouts[tree]!.ofTensor[tensor]!;
    return this.parts.flatMap((part) =>
      blocks.flatMap((block, number): FunctionalTerm[] => {
        const inside = within(block, part);
        if (!inside) return [];
        const scale = extMul(coefficient, inside.scale);
        return [{ kind: 'block', tensor, block: number, coefficient: scale, point: inside.point }];
      }),
    );
  }

  private listed(): Ext[] {
    const weights = new Array<Ext>(elementsOf(this.dims)).fill(EXT_ZERO);
    for (const { scale, point, ...block } of this.parts) {
      const flat = flatIndices(this.dims, block);
      eqTable(point).forEach((weight, local) => {
        weights[flat[local]!] = extMul(scale, weight);
      });
    }
    return weights;
  }
}

/** scale·eq(point, ·) of a part on a block of a layout that lies in it: of an axis the lower variables run through the smaller block, the upper ones say where it is. */
function within(block: Block, { scale, point, ...whole }: BoxPart): Pick<BoxPart, 'scale' | 'point'> | undefined {
  const inside = block.start.every(
    (start, axis) => start >= whole.start[axis]! && start < whole.start[axis]! + 2 ** whole.logs[axis]!,
  );
  if (!inside) return undefined;
  let offset = 0;
  let scaled = scale;
  const own: Ext[] = [];
  for (let axis = whole.logs.length - 1; axis >= 0; axis--) {
    const [log, all] = [block.logs[axis]!, whole.logs[axis]!];
    const place = (block.start[axis]! - whole.start[axis]!) / 2 ** log;
    own.push(...point.slice(offset, offset + log));
    scaled = extMul(scaled, eqAt(point.slice(offset + log, offset + all), place));
    offset += all;
  }
  return { scale: scaled, point: own };
}

/** Flat index in its box of element `local` (row-major) of a block. */
export function flatIndex(
  dims: readonly number[],
  { start, logs }: Pick<LeafBlock, 'start' | 'logs'>,
  local: number,
): number {
  let flat = 0;
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const side = 2 ** logs[axis]!;
    flat += (start[axis]! + (local % side)) * stride;
    local = Math.floor(local / side);
    stride *= dims[axis]!;
  }
  return flat;
}

/** Adds Σ_i weight_i·form_i·scale. */
export function addForm(
  sum: Expression,
  relation: Relation,
  publics: PublicTensors,
  form: Form,
  weighting: Weighting,
  scale: Ext,
): void {
  if (form.constant !== 0n) sum.addKnown(extScale(extMul(scale, weighting.total()), GL.mod(form.constant)));
  for (const term of form.terms) addFormTerm(sum, relation, publics, term, weighting, scale);
}

function addFormTerm(
  sum: Expression,
  relation: Relation,
  publics: PublicTensors,
  { coefficient, source, select }: FormTerm,
  weighting: Weighting,
  scale: Ext,
): void {
  const factor = extScale(scale, GL.mod(coefficient));
  if (source.side === 'public') {
    return sum.addKnown(extMul(factor, publics.weightedSum(source.index, weighting, select)));
  }
  const [tree, tensor] = placeOf(relation, source);
  if (!select) return sum.addTerms(tree, weighting.terms(tree, tensor, factor));
  const elements = () => weighting.elements();
  const listed = () => {
    const weights = elements();
    return Array.from(select.to, (to) => extMul(factor, weights[to]!));
  };
  const made = { kind: 'select', box: weighting.box, elements, to: select.to, factor } as const;
  sum.addTerms(tree, [entriesFrom(tensor, select.from, made, listed)]);
}

/** The tree that commits to a tensor, and its index there. */
export function placeOf(relation: Relation, { side, index }: Ref): [Tree, number] {
  if (side === 'weight') return ['weights', index];
  return ['cells', side === 'multiplicity' ? relation.cells.length + index : index];
}
