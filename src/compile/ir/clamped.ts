/** Which ends that are not the model's own an integer run has left: what the bit of a proof says, found beside the circuit. */
import type { End, IrGraph, IrNode } from './graph.js';
import { at } from './op.js';
import { rounded } from './ops/requantise.js';
import { liveness } from './program.js';

/** An end that some elements of a run left; ends.ts has those that any run may leave. */
export interface LeftEnd {
  readonly node: string;
  readonly side: 'lo' | 'hi';
  readonly end: Exclude<End, 'own'>;
  /** How many elements, and the farthest of them before it was clamped, in the integers of the range. */
  readonly elements: number;
  readonly farthest: number;
}

type Requantise = Extract<IrNode, { op: 'requantise' }>;

/**
 * A judge of the runs of one program (`values` of `Interpreter.run`), in the order of the nodes, the lower end first; none: the proof's bit is 0,
 * or of refused ends it has a witness. Elements that no output depends on have no rows and do not count.
 */
export function clampWatch(ir: IrGraph): (values: ReadonlyMap<string, Float64Array>) => LeftEnd[] {
  const live = liveness(ir);
  const watched = ir.nodes.filter((node): node is Requantise => node.op === 'requantise' && hasEnds(node));
  return (values) => watched.flatMap((node) => leftEnds(node, values.get(at(node.inputs, 0))!, live.get(node.name)!));
}

function hasEnds({ attrs: { ends } }: Requantise): boolean {
  return ends.lo !== 'own' || ends.hi !== 'own';
}

function leftEnds({ name, attrs }: Requantise, x: Float64Array, live: Uint8Array): LeftEnd[] {
  const { shift, lo, bits, ends } = attrs;
  // floor(x/2^s + 1/2) < lo where x < (lo − 1/2)·2^s, and ≥ top + 1 where x ≥ (top + 1/2)·2^s: both exact in float64.
  const [first, past] = [(lo - 0.5) * 2 ** shift, (lo + 2 ** bits - 0.5) * 2 ** shift];
  if (!isAny(x, live, ends.lo === 'own' ? -Infinity : first, ends.hi === 'own' ? Infinity : past)) return [];
  let [below, above, least, most] = [0, 0, Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    if (live[i] === 0) continue;
    const value = x[i]!;
    if (value < first) below++;
    if (value >= past) above++;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  const sides = [
    { side: 'lo', end: ends.lo, elements: below, farthest: rounded(least, shift) },
    { side: 'hi', end: ends.hi, elements: above, farthest: rounded(most, shift) },
  ] as const;
  return sides.flatMap(({ end, ...left }) =>
    end === 'own' || left.elements === 0 ? [] : [{ node: name, end, ...left }],
  );
}

/** Whether a live element is below `first`, or `past` or more: searches ask this of every point. */
function isAny(x: Float64Array, live: Uint8Array, first: number, past: number): boolean {
  for (let i = 0; i < x.length; i++) {
    const value = x[i]!;
    if ((value < first || value >= past) && live[i] !== 0) return true;
  }
  return false;
}
