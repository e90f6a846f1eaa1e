/** An integer program beside the real graph it came from, as searches and proofs take it. */
import type { Box } from '../real/box.js';
import type { RealGraph } from '../real/graph.js';
import type { IrGraph } from '../ir/graph.js';
import { sizeOf } from './real-bounds.js';
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

/** How an input's real values become integers: q = round(x / scale + zeroPoint) ∈ [0, 2^bits − 1]. */
export interface BoundedDomain {
  readonly min: number;
  readonly max: number;
  readonly bits: number;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly source: 'declared' | 'grid' | 'calibration';
}

export type BoundedDomains = ReadonlyMap<string, BoundedDomain>;

export function encoded(x: Float64Array, { scale, zeroPoint, bits }: BoundedDomain): Float64Array {
  const top = 2 ** bits - 1;
  return x.map((value) => Math.min(top, Math.max(0, Math.round(value / scale + zeroPoint))));
}

/** Where searches may look: whole numbers of integer inputs, grid points of 8-bit data, all reals of others. */
export function searchDomains(graph: RealGraph, domains: BoundedDomains): SearchDomains {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  return new Map(
    graph.inputs.map((name) => {
      const [node, domain] = [nodes.get(name)!, domains.get(name)!];
      const size = sizeOf(node);
      const box: Box = { lo: new Float64Array(size).fill(domain.min), hi: new Float64Array(size).fill(domain.max) };
      const onGrid = domain.source === 'grid' || domain.scale === 1;
      return [name, { box, step: onGrid ? domain.scale : 0 }];
    }),
  );
}
