/** Which ends of requantisations some input in the domain may go beyond, by exact integer bounds. */
import type { End, Fact, IrGraph, IrNode } from './graph.js';
import { opOf } from './ops.js';
import { at } from './op.js';
import { rounded } from './ops/requantise.js';
import { liveness, sizeOf } from './program.js';

/** An end that is not the model's own, and that values which an output depends on may go beyond. */
export interface ReachableEnd {
  readonly node: IrNode;
  readonly side: 'lo' | 'hi';
  readonly end: Exclude<End, 'own'>;
  /** The last value within, and the farthest that the bounds allow. */
  readonly bound: number;
  readonly reach: number;
}

const known = new WeakMap<IrGraph, ReadonlyMap<string, Fact>>();

/** Bounds of every element of every tensor; found once a program. Throws BOUND_OVERFLOW as `infer` does. */
export function factsOf(ir: IrGraph): ReadonlyMap<string, Fact> {
  const facts = known.get(ir) ?? findFacts(ir);
  known.set(ir, facts);
  return facts;
}

function findFacts({ nodes }: IrGraph): ReadonlyMap<string, Fact> {
  const facts = new Map<string, Fact>();
  for (const node of nodes) {
    const inputs = node.inputs.map((name) => facts.get(name)!);
    facts.set(node.name, opOf(node).infer(node.attrs, inputs, sizeOf(node)));
  }
  return facts;
}

/** In the order of the nodes, the lower end first. Elements that no output depends on do not count: a circuit has no rows for them. */
export function reachableEnds(ir: IrGraph): ReachableEnd[] {
  const [facts, live] = [factsOf(ir), liveness(ir)];
  return ir.nodes.flatMap((node): ReachableEnd[] => {
    if (node.op !== 'requantise') return [];
    const { shift, lo, bits, ends } = node.attrs;
    const [x, read] = [facts.get(at(node.inputs, 0))!, live.get(node.name)!];
    let [least, most] = [Infinity, -Infinity];
    read.forEach((isRead, i) => {
      if (isRead === 0) return;
      least = Math.min(least, rounded(x.lo[i]!, shift));
      most = Math.max(most, rounded(x.hi[i]!, shift));
    });
    const top = lo + 2 ** bits - 1;
    const sides = [
      { side: 'lo', end: ends.lo, bound: lo, reach: least, isBeyond: least < lo },
      { side: 'hi', end: ends.hi, bound: top, reach: most, isBeyond: most > top },
    ] as const;
    return sides.flatMap(({ isBeyond, end, ...rest }) => (isBeyond && end !== 'own' ? [{ node, end, ...rest }] : []));
  });
}

/** Whether a proof has to say if a value was clamped. */
export function mayClamp(ir: IrGraph): boolean {
  return reachableEnds(ir).some(({ end }) => end === 'counted');
}
