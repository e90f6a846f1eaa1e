/**
 * Values of many magnitudes. Reciprocals and roots are right to a part of each value, not of the largest one: a variance near zero makes a large
 * factor. So what they are taken of must not have been rounded to a step chosen for its largest values, nor what is multiplied by them.
 * Which tensors these are is a matter of the graph alone.
 */
import type { RealGraph, RealNode, RealOp } from '../real/graph.js';
import type { IrEmitter } from './emitter.js';
import type { ExactLane } from './exact.js';
import { requantise, type Quantised } from './scales.js';

export class Magnitudes {
  private readonly byName: ReadonlyMap<string, RealNode>;
  private readonly readersOf = new Map<string, RealNode[]>();
  private readonly factors = new Map<string, Quantised>();
  private readonly wanted = new Map<string, boolean>();

  constructor(graph: RealGraph) {
    this.byName = new Map(graph.nodes.map((node) => [node.name, node]));
    for (const node of graph.nodes) {
      for (const name of new Set(node.inputs)) this.readersOf.set(name, [...(this.readersOf.get(name) ?? []), node]);
    }
  }

  /**
   * An earlier node as a factor of a product: as it is where it is of many magnitudes, else over its whole proven range, with zero at zero, in at most
   * 17 bits. Nothing of it is clamped. Rounded once, shared by all readers.
   */
  factor(lane: ExactLane, name: string): Quantised {
    const x = lane.tensor(name);
    if (x.wide === true) return x;
    let factor = this.factors.get(name);
    if (factor === undefined) {
      factor = wholeFactor(lane.emitter, x);
      this.factors.set(name, factor);
    }
    return factor;
  }

  /** Whether the tensor is a reciprocal or a root, moved perhaps. */
  isWide(name: string): boolean {
    const node = this.byName.get(name)!;
    return isRelative(node.op) || (node.op.kind === 'gather' && node.inputs.some((input) => this.isWide(input)));
  }

  /** Whether a reader, near or far, takes a reciprocal or a root of it, or multiplies it by one. */
  isWanted(name: string): boolean {
    let wanted = this.wanted.get(name);
    if (wanted === undefined) {
      wanted = (this.readersOf.get(name) ?? []).some((reader) => this.passesOn(reader));
      this.wanted.set(name, wanted);
    }
    return wanted;
  }

  /** Whether all its readers take a reciprocal or a root of it, whatever its zero. */
  isArgument(name: string): boolean {
    return (this.readersOf.get(name) ?? []).every((reader) => isRelative(reader.op));
  }

  /** Whether a product takes its factors as they are: one is a reciprocal or a root, or the product is wanted for one. */
  isWantedBy(product: RealNode): boolean {
    return product.inputs.some((input) => this.isWide(input)) || this.isWanted(product.name);
  }

  private passesOn(reader: RealNode): boolean {
    const { kind } = reader.op;
    if (isRelative(reader.op)) return true;
    if (kind === 'linear' || kind === 'gather') return this.isWanted(reader.name);
    return kind === 'bilinear' && this.isWantedBy(reader);
  }
}

function isRelative(op: RealOp): boolean {
  return op.kind === 'unary' && op.fn.inverse !== undefined;
}

/** Bits of a factor that is taken by its proven range. */
const FACTOR_BITS = 17;

function wholeFactor(emitter: IrEmitter, x: Quantised): Quantised {
  const { lo, hi } = emitter.bounds(x.node);
  if (x.offset === 0 && hi - lo < 2 ** (FACTOR_BITS + 1)) return { node: x.node, scale: x.scale, offset: 0 };
  const step = 2 ** Math.max(0, Math.ceil(Math.log2((hi - lo + 1) / (2 ** FACTOR_BITS - 2))));
  const [least, most] = [lo, hi].map((q) => (q + x.offset / x.scale) / step) as [number, number];
  const target = {
    scale: x.scale * step,
    lo: Math.floor(least) - 1,
    bits: Math.ceil(Math.log2(Math.ceil(most) - Math.floor(least) + 3)),
    calibrated: { lo: false, hi: false },
    rigid: true,
  } as const;
  return requantise(emitter, { node: x.node, scale: x.scale, offset: x.offset }, target);
}
