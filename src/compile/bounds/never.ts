/** Whether an integer program ever leaves a range at an end that is not the model's own, for any input in its domain. */
import { hull } from '../real/box.js';
import type { IrGraph } from '../ir/graph.js';
import { rounded } from '../ir/ops/requantise.js';
import { liveness } from '../ir/program.js';
import { integerBounds } from './integer-bounds.js';

/** A range that bounds do not show to hold all values: it may be left, or the bounds are too wide to tell. */
export interface OpenRange {
  readonly node: string;
  readonly origin: string;
  /** The range. */
  readonly expected: { readonly lo: number; readonly hi: number };
  /** Bounds of the values before they would be clamped, over the elements that an output depends on. */
  readonly got: { readonly lo: number; readonly hi: number };
}

/**
 * The ranges with a counted or refused end that relaxed bounds over the integer program do not rule out; none: no input in the domain is clamped or
 * refused. By induction along the program: bounds of a node take those before it as they are, clamped or not, so no assumption is made.
 */
export function openRanges(ir: IrGraph, work?: number): OpenRange[] {
  const { boxes } = integerBounds(ir, work);
  const live = liveness(ir);
  return ir.nodes.flatMap((node): OpenRange[] => {
    if (node.op !== 'requantise') return [];
    const { shift, lo, bits, ends } = node.attrs;
    const x = boxes.get(node.inputs[0]!)!;
    const isLive = live.get(node.name)!;
    const seen = hull({ lo: x.lo.filter((_, i) => isLive[i]), hi: x.hi.filter((_, i) => isLive[i]) });
    const got = { lo: rounded(Math.ceil(seen.lo), shift), hi: rounded(Math.floor(seen.hi), shift) };
    const expected = { lo, hi: lo + 2 ** bits - 1 };
    const holds = (ends.lo === 'own' || got.lo >= expected.lo) && (ends.hi === 'own' || got.hi <= expected.hi);
    return holds ? [] : [{ node: node.name, origin: node.origin, expected, got }];
  });
}
