/**
 * Inputs whose columns have steps of their own (input-domain.ts). An integer tensor has one scale, so here such an input becomes its integers
 * themselves, u = q − 2^(bits−1), and what reads it takes the steps into its coefficients: x = scale·u + scale·(2^(bits−1) − zeroPoint), column by
 * column. In linear layers and movements that costs nothing, and no column is rounded to another's step. Whatever else reads the input reads
 * `${input}.columns`, a linear node that brings the columns to one scale.
 *
 * u lies around zero, so that rounding a coefficient adds its error times at most half of the range, wherever the range lies.
 */
import { accumulate } from '../real/accumulate.js';
import { LinearMapBuilder, type LinearMap } from '../real/linear-map.js';
import { sizeOf, type RealGraph, type RealNode } from '../real/graph.js';
import { realOpOf } from '../real/ops.js';
import type { Statistics } from './calibrate.js';
import type { InputDomain } from '../real/input-grid.js';

/** A domain with one scale for all elements. */
export type UniformDomain = InputDomain & { readonly scale: number; readonly zeroPoint: number };

export interface ByOneScale {
  readonly graph: RealGraph;
  readonly statistics: ReadonlyMap<string, Statistics>;
  readonly domains: ReadonlyMap<string, UniformDomain>;
}

/** The graph over inputs of one scale each: itself where they all are. Inputs with columns are no outputs of the model. */
export function columnsIntoReaders(
  graph: RealGraph,
  statistics: ReadonlyMap<string, Statistics>,
  domains: ReadonlyMap<string, InputDomain>,
): ByOneScale {
  const nodes: RealNode[] = [];
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const columns = new Map<string, Columns>();
  const [newStatistics, uniform] = [new Map(statistics), new Map<string, UniformDomain>()];
  for (const [name, domain] of domains) {
    if (isUniform(domain)) {
      uniform.set(name, domain);
      continue;
    }
    const node = byName.get(name)!;
    columns.set(name, columnsOf(node, domain));
    uniform.set(name, integersOf(domain));
    const stats = statistics.get(name);
    newStatistics.set(name, integerStatistics(domain));
    if (stats !== undefined) newStatistics.set(`${name}.columns`, stats);
  }
  if (columns.size === 0) return { graph, statistics, domains: uniform };
  const unread = new Set(columns.keys());
  const read = (name: string): string => {
    const input = columns.get(name);
    if (input === undefined) return name;
    if (unread.delete(name)) nodes.push(input.scaled);
    return input.scaled.name;
  };
  for (const node of graph.nodes) {
    const affine = node.inputs.some((name) => columns.has(name)) ? affineOf(node, byName) : undefined;
    nodes.push(affine === undefined ? { ...node, inputs: node.inputs.map(read) } : inSteps(node, affine, columns));
  }
  return { graph: { ...graph, nodes }, statistics: newStatistics, domains: uniform };
}

export function isUniform(domain: InputDomain): domain is UniformDomain {
  return typeof domain.scale === 'number' && typeof domain.zeroPoint === 'number';
}

interface Columns {
  /** x = factor·u + offset, one of each a column. */
  readonly factors: readonly number[];
  /** By element. */
  readonly offsets: Float64Array;
  /** x itself, for readers that are not linear. */
  readonly scaled: RealNode;
}

function columnsOf(node: RealNode, { scale, zeroPoint, bits }: InputDomain): Columns {
  const [factors, zeroPoints] = [scale as readonly number[], zeroPoint as readonly number[]];
  const size = sizeOf(node);
  const offsets = Float64Array.from({ length: size }, (_, i) => {
    const column = i % factors.length;
    return factors[column]! * (2 ** (bits - 1) - zeroPoints[column]!);
  });
  const identity = new LinearMapBuilder(size);
  const patterns = factors.map((factor) => identity.pattern([0], [factor]));
  for (let i = 0; i < size; i++) identity.row(patterns[i % factors.length]!, i);
  const op = { kind: 'linear', maps: [identity.build()], bias: offsets } as const;
  const scaled = { ...node, name: `${node.name}.columns`, op, inputs: [node.name] };
  return { factors, offsets, scaled };
}

/** u as a domain: its integers, around zero. */
function integersOf({ bits, source }: InputDomain): UniformDomain {
  const half = 2 ** (bits - 1);
  return { min: -half, max: half - 1, bits, scale: 1, zeroPoint: half, source };
}

/** Of u over all of the domain, evenly: nothing is known of a column's own. */
function integerStatistics({ bits }: InputDomain): Statistics {
  const half = 2 ** (bits - 1);
  return { min: -half, max: half - 1, mean: 0, rms: half / Math.sqrt(3) };
}

function affineOf(node: RealNode, byName: ReadonlyMap<string, RealNode>) {
  const sizes = node.inputs.map((name) => sizeOf(byName.get(name)!));
  return realOpOf(node.op).affine?.(node.op, sizes);
}

function inSteps(
  node: RealNode,
  { maps, bias }: { readonly maps: readonly LinearMap[]; readonly bias: Float64Array },
  columns: ReadonlyMap<string, Columns>,
): RealNode {
  const shifted = Float64Array.from(bias);
  const scaled = maps.map((map, s) => {
    const input = columns.get(node.inputs[s]!);
    if (input === undefined) return map;
    accumulate(map, input.offsets, shifted);
    return scaleColumns(map, input.factors);
  });
  return { ...node, op: { kind: 'linear', maps: scaled, bias: shifted } };
}

/** The map of x as one of u: coefficients of column c times factors[c]. Rows of one pattern that begin in one column keep sharing. */
function scaleColumns(map: LinearMap, factors: readonly number[]): LinearMap {
  const builder = new LinearMapBuilder(map.inSize);
  const patterns = new Map<string, number>();
  for (let i = 0; i < map.rowPattern.length; i++) {
    const [p, base] = [map.rowPattern[i]!, map.rowBase[i]!];
    const [start, end] = [map.patStart[p]!, map.patStart[p + 1]!];
    const key = `${p}:${base % factors.length}`;
    let pattern = patterns.get(key);
    if (pattern === undefined) {
      const offsets = map.patOffset.subarray(start, end);
      const scaled = map.patCoef
        .subarray(start, end)
        .map((coef, k) => coef * factors[(base + offsets[k]!) % factors.length]!);
      pattern = builder.pattern(offsets, scaled);
      patterns.set(key, pattern);
    }
    builder.row(pattern, base);
  }
  return builder.build();
}
