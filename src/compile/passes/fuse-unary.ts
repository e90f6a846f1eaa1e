/**
 * Chains of elementwise nodes that are together one function of one tensor become one `unary` node, hence one table: x·sigmoid(x),
 * 0.5·x·(1 + erf(x/√2)), 1/√(v/n + ε). Steps that others read stay what they are, and what follows them starts anew.
 */
import type { LinearMap } from '../real/linear-map.js';
import type { RealGraph, RealNode } from '../real/graph.js';
import {
  affine,
  clamp,
  composed,
  identity,
  leakyRelu,
  productOf,
  reciprocal,
  sumOf,
  type UnaryFunction,
} from '../real/unary.js';

/** A node as a function of `source`, element by element. */
interface Chain {
  readonly source: string;
  readonly fn: UnaryFunction;
  /** Steps that would be tables, and those that cost rows at all. */
  readonly tables: number;
  readonly costly: number;
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
    if (chain === undefined || !ends.has(node.name) || !worthwhile(node, byName.get(chain.source)!, chain)) return node;
    return { ...node, op: { kind: 'unary', fn: chain.fn }, inputs: [chain.source] };
  });
  return { ...graph, nodes };
}

/** Nodes whose sums are exact and wide: what reads them through an affine step would have them rounded first. */
const EXACT_SOURCES: ReadonlySet<string> = new Set(['bilinear', 'leakyRelu', 'maxWindows']);

/**
 * One table instead of a table and more. An affine step alone vanishes into a linear layer before it; behind an exact sum it is better
 * inside the table. A reciprocal is better off as a division (reciprocal.ts).
 */
function worthwhile(node: RealNode, source: RealNode, { tables, costly, fn }: Chain): boolean {
  if (tables === 0 || (node.op.kind === 'unary' && node.op.fn.name === fn.name)) return false;
  return costly > 1 || (EXACT_SOURCES.has(source.op.kind) && !fn.name.includes(reciprocal.name));
}

function chainsOf(
  graph: RealGraph,
  byName: ReadonlyMap<string, RealNode>,
  ends: ReadonlySet<string>,
): Map<string, Chain> {
  const chains = new Map<string, Chain>();
  const from = (name: string): Chain =>
    (ends.has(name) ? undefined : chains.get(name)) ?? { source: name, fn: identity, tables: 0, costly: 0 };
  for (const node of graph.nodes) {
    const source = byName.get(node.inputs[0] ?? '');
    if (source === undefined || source.op.kind === 'constant' || !sameShape(node, source)) continue;
    const inputs = node.inputs.map(from);
    if (inputs.some((each) => each.source !== inputs[0]!.source)) continue;
    const step = stepOf(
      node,
      inputs.map(({ fn }) => fn),
    );
    if (step === undefined || step.fn.name.length > MAX_NAME) continue;
    const sum = (count: (chain: Chain) => number) => inputs.reduce((total, chain) => total + count(chain), 0);
    chains.set(node.name, {
      source: inputs[0]!.source,
      fn: step.fn,
      tables: sum(({ tables }) => tables) + (node.op.kind === 'unary' ? 1 : 0),
      costly: sum(({ costly }) => costly) + (step.free ? 0 : 1),
    });
  }
  return chains;
}

function stepOf(
  { op }: RealNode,
  fns: readonly UnaryFunction[],
): { readonly fn: UnaryFunction; readonly free: boolean } | undefined {
  const inner = fns[0]!;
  const after = (outer: UnaryFunction) => ({ fn: inner === identity ? outer : composed(outer, inner), free: false });
  switch (op.kind) {
    case 'unary':
      return after(op.fn);
    case 'clamp':
      return after(clamp(op.lo, op.hi));
    case 'leakyRelu':
      return after(leakyRelu(op.slope));
    case 'bilinear': {
      const plain = [op.left, op.right].every((index) => index.every((j, i) => j === i));
      const single = op.start.every((first, i) => first === i);
      if (!plain || !single) return undefined;
      return { fn: productOf(fns[0]!, fns[1]!), free: false };
    }
    case 'linear': {
      const factors = op.maps.map(uniformFactor);
      const offset = op.bias[0] ?? 0;
      if (factors.includes(undefined) || op.bias.some((value) => value !== offset)) return undefined;
      const known = factors as number[];
      if (known.length === 1) return { ...after(affine(known[0]!, offset)), free: true };
      return { fn: sumOf(fns, known, offset), free: true };
    }
    case 'input':
    case 'constant':
    case 'gather':
    case 'maxWindows':
    case 'step':
    case 'softmax':
    case 'argmax':
      return undefined;
  }
}

/** c where the map is y = c·x, else undefined. */
export function uniformFactor(map: LinearMap): number | undefined {
  const { inSize, rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  if (rowPattern.length !== inSize || inSize === 0) return undefined;
  const factor = patCoef[patStart[rowPattern[0]!]!];
  for (let i = 0; i < rowPattern.length; i++) {
    const first = patStart[rowPattern[i]!]!;
    if (patStart[rowPattern[i]! + 1] !== first + 1) return undefined;
    if (rowBase[i]! + patOffset[first]! !== i || patCoef[first] !== factor) return undefined;
  }
  return factor;
}

function sameShape(a: RealNode, b: RealNode): boolean {
  const size = ({ dims }: RealNode) => dims.reduce((product, dim) => product * dim, 1);
  return size(a) === size(b);
}
