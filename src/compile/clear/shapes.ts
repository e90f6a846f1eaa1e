/**
 * Dims of tensors that stand side by side in constraints, element by element: one box for all of them, as coarse as those allow who read it along axes. A box
 * is known by its *cuts*, the products of its last dims: boxes have a common refinement where their cuts, sorted, divide each other.
 */
import { elementsOf, type Ref } from '../../verify/clear/relation.js';

interface Group {
  readonly size: number;
  /** Ascending, without 1 and the size. */
  cuts: readonly number[];
  /** Exactly these, where somebody needs just them. */
  exact: readonly number[] | undefined;
  members: readonly string[];
}

export class Shapes {
  private readonly groups = new Map<string, Group>();

  /** A tensor of its own. */
  add(ref: Ref, size: number): void {
    const key = keyOf(ref);
    this.groups.set(key, { size, cuts: [], exact: undefined, members: [key] });
  }

  /** Both have one box from now on, where there is one for both. */
  join(a: Ref, b: Ref): boolean {
    const [x, y] = [this.groupOf(a), this.groupOf(b)];
    if (x === y) return true;
    const merged = mergedOf(x, y);
    if (merged === undefined) return false;
    for (const key of merged.members) this.groups.set(key, merged);
    return true;
  }

  /** Asks for a box that has runs of dims for the extents (verify/clear/axes.ts); false where there is none. */
  refine(ref: Ref, extents: readonly number[]): boolean {
    const group = this.groupOf(ref);
    const merged = mergedOf(group, groupOf(extents));
    if (merged === undefined) return false;
    group.cuts = merged.cuts;
    return true;
  }

  /** Asks for just these dims. */
  fix(ref: Ref, dims: readonly number[]): boolean {
    const group = this.groupOf(ref);
    const merged = mergedOf(group, { ...groupOf(dims), exact: dims });
    if (merged === undefined) return false;
    [group.cuts, group.exact] = [merged.cuts, merged.exact];
    return true;
  }

  /** Final once nobody asks for more. */
  dimsOf(ref: Ref): readonly number[] {
    return dimsFrom(this.groupOf(ref));
  }

  sizeOf(ref: Ref): number {
    return this.groupOf(ref).size;
  }

  private groupOf(ref: Ref): Group {
    return this.groups.get(keyOf(ref))!;
  }
}

/** The coarsest box that has runs of dims for all of these extents, without axes of 1; undefined where there is none. */
export function commonBox(boxes: readonly (readonly number[])[]): readonly number[] | undefined {
  const [first, ...others] = boxes.map(groupOf);
  const merged = others.reduce<Group | undefined>((group, other) => group && mergedOf(group, other), first);
  return merged && dimsFrom(merged);
}

function groupOf(dims: readonly number[]): Group {
  return { size: elementsOf(dims), cuts: cutsOf(dims), exact: undefined, members: [] };
}

function dimsFrom({ size, cuts, exact }: Group): readonly number[] {
  if (exact !== undefined) return exact;
  const all = [1, ...cuts, size];
  return all
    .slice(1)
    .map((cut, k) => cut / all[k]!)
    .reverse();
}

function keyOf({ side, index }: Ref): string {
  return `${side} ${index}`;
}

function cutsOf(dims: readonly number[]): number[] {
  const products = dims.map((_, axis) => elementsOf(dims.slice(axis)));
  const size = products[0] ?? 1;
  return [...new Set(products)].filter((cut) => cut > 1 && cut < size).sort((a, b) => a - b);
}

function mergedOf(a: Group, b: Group): Group | undefined {
  const { size } = a;
  if (size !== b.size) return undefined;
  const cuts = [...new Set([...a.cuts, ...b.cuts])].sort((x, y) => x - y);
  const isChain = [...cuts, size].every((cut, k, all) => k === 0 || cut % all[k - 1]! === 0);
  const exact = a.exact ?? b.exact;
  const isFree = [a, b].every(({ exact: own }) => own === undefined || sameDims(own, exact!));
  // Exact dims have all the cuts that there are.
  const fits = exact === undefined || cutsOf(exact).length === cuts.length;
  return isChain && isFree && fits ? { size, cuts, exact, members: [...a.members, ...b.members] } : undefined;
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}
