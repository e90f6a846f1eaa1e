/** An integer program beside the real graph it came from, as searches and proofs take it. */
import type { Box } from '../real/box.js';
import { endsAt, type InputDomain } from '../real/input-grid.js';
import { sizeOf, type RealGraph } from '../real/graph.js';
import type { IrGraph } from '../ir/graph.js';
import type { SearchDomains } from './points.js';

/** How the integers of a tensor read: real = q·scale + offset. */
export interface IntegerTensor {
  /** The IR node. */
  readonly node: string;
  readonly scale: number;
  readonly offset: number;
}

export interface IntegerModel {
  readonly ir: IrGraph;
  /** By real node. */
  readonly tensors: ReadonlyMap<string, IntegerTensor>;
  /** Declared errors of the IR tensors that approximate a function. */
  readonly errors: ReadonlyMap<string, number>;
}

/** By input. */
export type InputDomains = ReadonlyMap<string, InputDomain>;

/** The real values that inputs may have, element by element. */
export function domainBoxes(graph: RealGraph, domains: InputDomains): Map<string, Box> {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  return new Map(graph.inputs.map((name) => [name, boxOf(domains.get(name)!, sizeOf(nodes.get(name)!))]));
}

function boxOf(domain: InputDomain, size: number): Box {
  const at = endsAt(domain);
  const ends = Array.from({ length: size }, (_, i) => at(i));
  return { lo: Float64Array.from(ends, ({ lo }) => lo), hi: Float64Array.from(ends, ({ hi }) => hi) };
}

/** Where searches may look: whole numbers of integer inputs, grid points of 8-bit data, all reals of others. */
export function searchDomains(graph: RealGraph, domains: InputDomains): SearchDomains {
  const boxes = domainBoxes(graph, domains);
  const dims = new Map(graph.nodes.map((node) => [node.name, node.dims]));
  return new Map(
    graph.inputs.map((name) => {
      return [name, { box: boxes.get(name)!, step: gridStep(domains.get(name)!), dims: dims.get(name)! }];
    }),
  );
}

/** The step of the values that an input has; 0: all reals. */
export function gridStep({ source, scale }: InputDomain): number {
  return typeof scale === 'number' && (source === 'grid' || scale === 1) ? scale : 0;
}
