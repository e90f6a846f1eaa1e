/**
 * Chains of elementwise nodes that are together one function of one tensor become one `unary` node, hence one table: x·sigmoid(x),
 * 0.5·x·(1 + erf(x/√2)), 1/√(v/n + ε). Steps that others read stay what they are, and what follows them starts anew.
 */
import type { RealGraph, RealNode } from '../real/graph.js';
import { realOpOf } from '../real/ops.js';
import { identity, type UnaryFunction } from '../real/unary.js';

/** A node as a function of `source`, element by element. */
interface Chain {
  readonly source: string;
  readonly fn: UnaryFunction;
  /** Of the first step that would be a table: what the whole is reported under. */
  readonly origin: string | undefined;
  /** Steps, those of them that would be tables, and those that cost rows at all. */
  readonly steps: number;
  readonly tables: number;
  readonly costly: number;
  /** Steps that are reciprocals and roots. */
  readonly inverses: number;
}

/** Names spell functions out; a chain beyond this is left in pieces. */
const MAX_NAME = 400;

export function fuseUnary(graph: RealGraph): RealGraph {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const readers = new Map<string, RealNode[]>();
  for (const node of graph.nodes) {
    for (const name of new Set(node.inputs)) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const outputs = new Set(graph.outputs.map(({ node }) => node));
  // Nodes that somebody outside their chain reads: sources of the chains behind them. The set only grows.
  const ends = new Set<string>();
  let chains = chainsOf(graph, byName, ends);
  for (;;) {
    const before = ends.size;
    for (const [name, chain] of chains) {
      const inside = (reader: RealNode) => chains.get(reader.name)?.source === chain.source;
      if (outputs.has(name) || !(readers.get(name) ?? []).every(inside)) ends.add(name);
    }
    if (ends.size === before) break;
    chains = chainsOf(graph, byName, ends);
  }
  const nodes = graph.nodes.map((node): RealNode => {
    const chain = chains.get(node.name);
    if (chain === undefined || !ends.has(node.name) || !worthwhile(byName.get(chain.source)!, chain)) return node;
    return {
      ...node,
      origin: chain.origin ?? node.origin,
      op: { kind: 'unary', fn: chain.fn },
      inputs: [chain.source],
    };
  });
  return { ...graph, nodes };
}

/**
 * One table instead of a table and more. An affine step alone vanishes into a linear layer before it; behind an exact sum it is better
 * inside the table. Reciprocals and roots of sums are better off by themselves, exactly (inverse.ts).
 */
function worthwhile(source: RealNode, { steps, tables, costly, inverses }: Chain): boolean {
  if (tables === 0 || steps === 1 || costly === inverses) return false;
  return costly > 1 || realOpOf(source.op).isWide === true;
}

function chainsOf(
  graph: RealGraph,
  byName: ReadonlyMap<string, RealNode>,
  ends: ReadonlySet<string>,
): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  const from = (name: string): Chain =>
    (ends.has(name) ? undefined : chains.get(name)) ?? {
      source: name,
      fn: identity,
      origin: undefined,
      steps: 0,
      tables: 0,
      costly: 0,
      inverses: 0,
    };
  for (const node of graph.nodes) {
    const source = byName.get(node.inputs[0] ?? '');
    if (source === undefined || realOpOf(source.op).values === 'known' || !sameShape(node, source)) continue;
    const inputs = node.inputs.map(from);
    if (inputs.some((each) => each.source !== inputs[0]!.source)) continue;
    const record = realOpOf(node.op);
    const step = record.asFunction?.(
      node.op,
      inputs.map(({ fn }) => fn),
    );
    if (step === undefined || step.fn.name.length > MAX_NAME) continue;
    const sum = (count: (chain: Chain) => number) => inputs.reduce((total, chain) => total + count(chain), 0);
    chains.set(node.name, {
      source: inputs[0]!.source,
      fn: step.fn,
      origin:
        inputs.find(({ origin }) => origin !== undefined)?.origin ??
        (record.isTable === true ? node.origin : undefined),
      steps: sum(({ steps }) => steps) + 1,
      tables: sum(({ tables }) => tables) + (record.isTable === true ? 1 : 0),
      costly: sum(({ costly }) => costly) + (step.free ? 0 : 1),
      inverses:
        sum(({ inverses }) => inverses) + (node.op.kind === 'unary' && node.op.fn.inverse !== undefined ? 1 : 0),
    });
  }
  return chains;
}

function sameShape(a: RealNode, b: RealNode): boolean {
  const size = ({ dims }: RealNode) => dims.reduce((product, dim) => product * dim, 1);
  return size(a) === size(b);
}
