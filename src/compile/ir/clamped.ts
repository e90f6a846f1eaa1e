/** Which ends that are not the model's own an integer run has left: what the bit of a proof says, found beside the circuit. */
import type { IrGraph, IrNode } from './graph.js';
import { liveness } from './program.js';

export interface ClampedNode {
  readonly node: string;
  /** How many elements left the range at an end that is `counted` or `refused`. */
  readonly elements: number;
  /** Least and largest of those elements, before they were clamped. */
  readonly lo: number;
  readonly hi: number;
}

type Requantise = Extract<IrNode, { op: 'requantise' }>;

/** A judge of the runs of one program. Elements that no output depends on have no rows and do not count. */
export function clampWatch(ir: IrGraph): (values: ReadonlyMap<string, Float64Array>) => ClampedNode[] {
  const live = liveness(ir);
  const watched = ir.nodes.filter((node): node is Requantise => node.op === 'requantise' && hasEnds(node));
  return (values) => watched.flatMap((node) => clampedOf(node, values.get(node.inputs[0]!)!, live.get(node.name)!));
}

/** The nodes of one run (`values` of `Interpreter.run`) that clamped; none: the proof's bit is 0. */
export function clampedNodes(ir: IrGraph, values: ReadonlyMap<string, Float64Array>): ClampedNode[] {
  return clampWatch(ir)(values);
}

function hasEnds({ attrs: { ends } }: Requantise): boolean {
  return ends.lo !== 'own' || ends.hi !== 'own';
}

function clampedOf({ name, attrs }: Requantise, x: Float64Array, live: Uint8Array): ClampedNode[] {
  const { shift, ends, bits } = attrs;
  const least = ends.lo === 'own' ? -Infinity : attrs.lo;
  const most = ends.hi === 'own' ? Infinity : attrs.lo + 2 ** bits - 1;
  const [inverse, half] = [2 ** -shift, shift === 0 ? 0 : 0.5];
  let [elements, lo, hi] = [0, Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    if (live[i] === 0) continue;
    const z = Math.floor(x[i]! * inverse + half);
    if (z >= least && z <= most) continue;
    elements++;
    lo = Math.min(lo, z);
    hi = Math.max(hi, z);
  }
  return elements === 0 ? [] : [{ node: name, elements, lo, hi }];
}
