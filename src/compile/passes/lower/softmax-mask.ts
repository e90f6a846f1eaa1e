/**
 * The mask of a softmax in integers: keep ∈ {0, 1}, element by element. What is masked takes the least score, so that it is never above the
 * maximum of what is kept, and weighs nothing in sum and result.
 *
 * A group that keeps nothing has by its `empty` no value: then its sum is 0, which the caller's division must not meet; or all its elements weigh
 * as if they were kept: `scores` those of its scores, `uniform` of the least score, all alike.
 */
import type { EmptyRow } from '../../real/graph.js';
import { gatherMap, LinearMapBuilder, scalarMap } from '../../real/linear-map.js';
import type { IrEmitter } from '../emitter.js';

export interface MaskOptions {
  /** IR tensor of zeros and ones. */
  readonly keep: string;
  readonly empty: EmptyRow;
  /** The group of each element, and how many there are. */
  readonly group: Int32Array;
  readonly count: number;
}

export class SoftmaxMask {
  /** Whether the weights of a group may all be 0. */
  readonly mayVanish: boolean;
  private readonly scored: string;
  private readonly weighed: string;

  constructor(
    private readonly emitter: IrEmitter,
    { keep, empty, group, count }: MaskOptions,
  ) {
    const { lo } = emitter.fact(keep);
    const surelyKept = new Uint8Array(count);
    group.forEach((g, i) => (surelyKept[g]! |= lo[i] === 1 ? 1 : 0));
    const mayBeEmpty = surelyKept.includes(0);
    this.mayVanish = mayBeEmpty && empty === 'none';
    const orAll = mayBeEmpty && empty !== 'none' ? orWholeGroups(emitter, keep, group, count) : keep;
    this.weighed = orAll;
    this.scored = empty === 'scores' ? orAll : keep;
  }

  /** x where it is kept, and `least`, which no element is below, where it is not. */
  hide(x: string, least: number): string {
    const above = shifted(this.emitter, x, -least);
    return shifted(this.emitter, product(this.emitter, this.scored, above), least);
  }

  /** x ≥ 0 where it counts, 0 where it does not. */
  weigh(x: string): string {
    return product(this.emitter, this.weighed, x);
  }
}

/** keep, or 1 for all elements of a group that keeps nothing: keep + 1 − [Σ keep ≥ 1]. */
function orWholeGroups(emitter: IrEmitter, keep: string, group: Int32Array, count: number): string {
  const size = group.length;
  const members = Array.from({ length: count }, (): number[] => []);
  group.forEach((g, i) => members[g]!.push(i));
  const sums = new LinearMapBuilder(size);
  for (const each of members) sums.row(sums.pattern(each, new Float64Array(each.length).fill(1)), 0);
  const less = { maps: [sums.build()], bias: new Float64Array(count).fill(-1) };
  const some = emitter.emit('compare', {}, [emitter.emit('linear', less, [keep], { dims: [count] })], {
    dims: [count],
  });
  const maps = [scalarMap(size, 1), gatherMap(count, group, () => -1)];
  return emitter.emit('linear', { maps, bias: new Float64Array(size).fill(1) }, [keep, some]);
}

/** flag·x; at no row where the flags are known. */
function product(emitter: IrEmitter, flag: string, x: string): string {
  const { lo, hi, size } = emitter.fact(flag);
  if (lo.every((value, i) => value === hi[i])) {
    const map = gatherMap(size, iota(size), (i) => lo[i]!);
    return emitter.emit('linear', { maps: [map], bias: new Float64Array(size) }, [x]);
  }
  const each = Uint32Array.from(iota(size));
  return emitter.emit('bilinear', { start: Uint32Array.from(iota(size + 1)), left: each, right: each }, [flag, x]);
}

function shifted(emitter: IrEmitter, x: string, by: number): string {
  if (by === 0) return x;
  const { size } = emitter.fact(x);
  return emitter.emit('linear', { maps: [scalarMap(size, 1)], bias: new Float64Array(size).fill(by) }, [x]);
}

function iota(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => i);
}
