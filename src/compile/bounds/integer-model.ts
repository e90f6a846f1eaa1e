/** An integer program beside the real graph it came from, as searches and proofs take it. */
import { uniformBox, type Box } from '../real/box.js';
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

/**
 * How an input's real values become integers: q = round(x / scale + zeroPoint) ∈ [0, 2^bits − 1]; scale and zero point are one for all elements, or
 * lists along the last axis.
 */
export interface BoundedDomain {
  readonly min: number;
  readonly max: number;
  readonly bits: number;
  readonly scale: number | readonly number[];
  readonly zeroPoint: number | readonly number[];
  readonly source: 'declared' | 'grid' | 'calibration';
}

export type BoundedDomains = ReadonlyMap<string, BoundedDomain>;

/** Scale and zero point of the element at a row-major position. */
export function stepAt(
  { scale, zeroPoint }: BoundedDomain,
  i: number,
): { readonly scale: number; readonly zeroPoint: number } {
  const of = (value: number | readonly number[]) => (typeof value === 'number' ? value : value[i % value.length]!);
  return { scale: of(scale), zeroPoint: of(zeroPoint) };
}

export function encoded(x: Float64Array, domain: BoundedDomain): Float64Array {
  const top = 2 ** domain.bits - 1;
  return x.map((value, i) => {
    const { scale, zeroPoint } = stepAt(domain, i);
    return Math.min(top, Math.max(0, Math.round(value / scale + zeroPoint)));
  });
}

/** The real values that inputs may have, element by element. */
export function domainBoxes(graph: RealGraph, domains: BoundedDomains): Map<string, Box> {
  const nodes = new Map(graph.nodes.map((node) => [node.name, node]));
  return new Map(graph.inputs.map((name) => [name, boxOf(domains.get(name)!, sizeOf(nodes.get(name)!))]));
}

function boxOf(domain: BoundedDomain, size: number): Box {
  if (typeof domain.scale === 'number') return uniformBox(size, domain.min, domain.max);
  const ends = Array.from({ length: size }, (_, i) => {
    const { scale, zeroPoint } = stepAt(domain, i);
    return [-zeroPoint * scale, (2 ** domain.bits - 1 - zeroPoint) * scale] as const;
  });
  return { lo: Float64Array.from(ends, ([lo]) => lo), hi: Float64Array.from(ends, ([, hi]) => hi) };
}

/** Where searches may look: whole numbers of integer inputs, grid points of 8-bit data, all reals of others. */
export function searchDomains(graph: RealGraph, domains: BoundedDomains): SearchDomains {
  const boxes = domainBoxes(graph, domains);
  return new Map(graph.inputs.map((name) => [name, { box: boxes.get(name)!, step: gridStep(domains.get(name)!) }]));
}

/** The step of the values that an input has; 0: all reals. */
export function gridStep({ source, scale }: BoundedDomain): number {
  return typeof scale === 'number' && (source === 'grid' || scale === 1) ? scale : 0;
}
