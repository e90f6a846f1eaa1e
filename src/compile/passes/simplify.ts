/**
 * Rewrites of the real graph that keep its meaning and make it cheaper to prove. One named list; the order matters where it says so.
 */
import { invariant } from '../../base/errors.js';
import { finish, type Work } from '../../base/work.js';
import type { Affine } from '../real/affine.js';
import { sizeOf, type RealGraph, type RealNode, type RealOp } from '../real/graph.js';
import { nonZeros, type LinearMap } from '../real/linear-map.js';
import { realOpOf } from '../real/ops.js';
import { compose } from './compose.js';
import { fuseUnary } from './fuse-unary.js';

type Pass = (graph: RealGraph) => RealGraph;

/** All passes in order; each is small enough to read beside its reason. */
const passes: readonly (readonly [name: string, pass: Pass])[] = [
  ['drop identity movements', dropIdentityMovements],
  // Before composing: a bias or BatchNorm between convolution and pool would otherwise look like a consumer of its own.
  ['max pool before monotone activations', poolBeforeActivation],
  // Before composing, which would take a chain's first steps into the layer before it.
  ['fuse functions of one variable', fuseUnary],
  ['compose linear maps', composeLinear],
  ['drop nodes nobody reads', dropUnread],
];

export function simplify(graph: RealGraph): RealGraph {
  return finish(simplifying(graph));
}

/** As `simplify`, pass by pass. */
export function* simplifying(graph: RealGraph): Work<RealGraph> {
  let current = graph;
  for (const [i, [, pass]] of passes.entries()) {
    yield i / passes.length;
    current = pass(current);
  }
  return current;
}

/** How many readers each node has; being a model output counts as one. */
export function readerCounts(graph: RealGraph): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const output of graph.outputs) count(output.node);
  return counts;
}

function dropIdentityMovements(graph: RealGraph): RealGraph {
  const alias = new Map<string, string>();
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const resolve = (name: string) => alias.get(name) ?? name;
  const nodes: RealNode[] = [];
  for (const original of graph.nodes) {
    const node = { ...original, inputs: original.inputs.map(resolve) };
    const source = node.inputs[0];
    if (node.inputs.length === 1 && source !== undefined) {
      if (realOpOf(node.op).isIdentity?.(node.op, sizeOf(byName.get(source)!)) === true) {
        alias.set(node.name, source);
        continue;
      }
    }
    nodes.push(node);
  }
  return { ...graph, nodes, outputs: graph.outputs.map((o) => ({ ...o, node: resolve(o.node) })) };
}

/**
 * max over a window of f(x) = f(max over the window of x) for monotone f; then f costs one element a window. The two nodes change places and
 * keep their names and origins: the pool reads what the activation read, the activation reads the pool, and whoever read the pool reads the
 * activation.
 */
function poolBeforeActivation(graph: RealGraph): RealGraph {
  const readers = readerCounts(graph);
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const placed = new Map<string, readonly RealNode[]>();
  const instead = new Map<string, string>();
  for (const pool of graph.nodes) {
    const activation = byName.get(pool.inputs[0] ?? '');
    if (activation === undefined || readers.get(activation.name) !== 1) continue;
    if (realOpOf(pool.op).takesMaxima !== true || realOpOf(activation.op).isMonotone?.(activation.op) !== true)
      continue;
    placed.set(activation.name, []);
    placed.set(pool.name, [
      { ...pool, inputs: activation.inputs },
      { ...activation, inputs: [pool.name], dims: pool.dims },
    ]);
    instead.set(pool.name, activation.name);
  }
  if (instead.size === 0) return graph;
  const redirect = (name: string) => instead.get(name) ?? name;
  const nodes = graph.nodes.flatMap((node) => {
    const [pool, activation] = placed.get(node.name) ?? [node];
    if (pool === undefined) return [];
    const first = { ...pool, inputs: pool.inputs.map(redirect) };
    return activation === undefined ? [first] : [first, activation];
  });
  return { ...graph, nodes, outputs: graph.outputs.map((o) => ({ ...o, node: redirect(o.node) })) };
}

/** Composed maps may be this much larger than the two they replace: weights are free, set-up time is not. */
const GROWTH = 2;

/**
 * Linear over linear becomes one linear, when nobody else reads the inner one. A movement with several sources always composes. The result has the
 * outer one's name and the origin of the part with the most weights: a convolution stays the layer that it was, whatever is added to it.
 */
function composeLinear(graph: RealGraph): RealGraph {
  const readers = readerCounts(graph);
  const done = new Map<string, RealNode>();
  const nodes: RealNode[] = [];
  for (const node of graph.nodes) {
    const composed = node.op.kind === 'linear' ? absorb(node, done, readers) : node;
    done.set(node.name, composed);
    nodes.push(composed);
  }
  return { ...graph, nodes };
}

function absorb(node: RealNode, done: ReadonlyMap<string, RealNode>, readers: ReadonlyMap<string, number>): RealNode {
  if (node.op.kind !== 'linear') return node;
  const inputs: string[] = [];
  const maps: LinearMap[] = [];
  const bias = Float64Array.from(node.op.bias);
  let heaviest = { origin: node.origin, weights: weightsOf(node.op.maps) };
  const work = node.inputs.map((name, s) => ({ name, map: at(node.op, s) }));
  for (let item = work.shift(); item !== undefined; item = work.shift()) {
    const source = done.get(item.name)!;
    const inner = asAffine(source, done, readers.get(item.name) === 1);
    const size = inner?.maps.reduce((total, map) => total + nonZeros(map), nonZeros(item.map)) ?? 0;
    const composed = inner === undefined ? undefined : compose(item.map, inner, GROWTH * size);
    if (composed === undefined) {
      inputs.push(item.name);
      maps.push(item.map);
      continue;
    }
    const weights = source.op.kind === 'linear' ? weightsOf(source.op.maps) : 0;
    if (weights > heaviest.weights) heaviest = { origin: source.origin, weights };
    composed.maps.forEach((map, t) => work.push({ name: source.inputs[t]!, map }));
    composed.bias.forEach((value, i) => {
      bias[i]! += value;
    });
  }
  return { ...node, origin: heaviest.origin, inputs, op: { kind: 'linear', maps, bias } };
}

function weightsOf(maps: readonly LinearMap[]): number {
  return maps.reduce((total, map) => total + nonZeros(map), 0);
}

function at(op: RealOp, s: number): LinearMap {
  invariant(op.kind === 'linear' && op.maps[s] !== undefined, 'linear node without a map for each input');
  return op.maps[s];
}

/** The node as an affine map of its inputs, if composing it into its reader cannot add constraints. */
function asAffine(node: RealNode, done: ReadonlyMap<string, RealNode>, onlyReader: boolean): Affine | undefined {
  const { affine, inlines } = realOpOf(node.op);
  if (!onlyReader && inlines?.(node.inputs.length) !== true) return undefined;
  return affine?.(
    node.op,
    node.inputs.map((name) => sizeOf(done.get(name)!)),
  );
}

function dropUnread(graph: RealGraph): RealGraph {
  const needed = new Set([...graph.inputs, ...graph.outputs.map((output) => output.node)]);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (needed.has(node.name)) node.inputs.forEach((name) => needed.add(name));
  }
  return { ...graph, nodes: graph.nodes.filter((node) => needed.has(node.name)) };
}
