/** Collects IR nodes and infers each one's bounds as it comes, so that the quantiser can choose by what is proven. */
import { ZkonnxError } from '../../base/errors.js';
import type { RealNode } from '../real/graph.js';
import type { End, Fact, IrAttrs, IrGraph, IrNode, IrOpName } from '../ir/graph.js';
import { irOps } from '../ir/ops.js';
import type { IrOp } from '../ir/op.js';

export interface EmitAs {
  readonly name?: string;
  readonly dims?: readonly number[];
  readonly like?: string;
}

/** What becomes of values beyond an end that only calibration set. */
export type CalibratedEnd = Exclude<End, 'own'>;

export class IrEmitter {
  private readonly nodes: IrNode[] = [];
  private readonly byName = new Map<string, IrNode>();
  private readonly facts = new Map<string, Fact>();
  private current: RealNode | undefined;

  /** Bits that an activation may have beyond what its calibrated range takes, so that nothing needs to be clamped. */
  constructor(
    readonly growth = 0,
    readonly beyond: CalibratedEnd = 'counted',
  ) {}

  /** Nodes emitted from here on belong to this real node. */
  at(node: RealNode): void {
    this.current = node;
  }

  /**
   * Appends a node and returns its name: the current real node's unless `as.name` is given, made unique.
   * Dims default to the current real node's; `as.like` takes dims and origin from an earlier IR node.
   */
  emit<K extends IrOpName>(op: K, attrs: IrAttrs[K], inputs: readonly string[], as: EmitAs = {}): string {
    const like = as.like === undefined ? this.current! : this.byName.get(as.like)!;
    const dims = as.dims ?? like.dims;
    const size = dims.reduce((product, dim) => product * dim, 1);
    const name = this.unique(as.name ?? this.current!.name);
    const record = irOps[op] as unknown as IrOp<IrAttrs[K]>;
    this.facts.set(name, this.infer(record, attrs, inputs, size));
    const node = { name, op, attrs, inputs, dims, origin: like.origin } as IrNode;
    this.nodes.push(node);
    this.byName.set(name, node);
    return name;
  }

  private infer<A>(record: IrOp<A>, attrs: A, inputs: readonly string[], size: number): Fact {
    try {
      return record.infer(
        attrs,
        inputs.map((input) => this.fact(input)),
        size,
      );
    } catch (error) {
      if (!(error instanceof ZkonnxError)) throw error;
      const details = { ...this.causeOf(inputs), ...error.details, where: this.current!.origin };
      if (error.code !== 'BOUND_OVERFLOW') throw new ZkonnxError(error.code, error.shortMessage, details);
      const { got } = error.details;
      const widest = this.widest(inputs);
      const because =
        widest === undefined ? '' : `: it reads ${widest.name}, integers up to 2^${widest.bits.toFixed(1)}`;
      throw new ZkonnxError('BOUND_OVERFLOW', error.shortMessage, { ...details, got: `${got ?? ''}${because}` });
    }
  }

  /** The widest of these tensors. */
  private widest(inputs: readonly string[]): { readonly name: string; readonly bits: number } | undefined {
    const reaches = inputs.map((name) => {
      const { lo, hi } = this.bounds(name);
      return { name, bits: Math.log2(Math.max(1, Math.abs(lo), Math.abs(hi))) };
    });
    return reaches.toSorted((a, b) => b.bits - a.bits)[0];
  }

  /** What helps where integers grow too large: it depends on what makes them large, which `got` names. */
  private causeOf(inputs: readonly string[]): { readonly help: string } {
    const origins = new Set(inputs.map((name) => this.byName.get(name)!.op));
    return {
      help: origins.has('input')
        ? 'values of that input, or constants beside it, are too far apart in magnitude: scale the input in front of the model, or declare a narrower --domain'
        : 'values or constants that meet there are too far apart in magnitude (a mask or a sentinel beside scores, say): use a smaller constant, or declare a narrower --domain',
    };
  }

  fact(name: string): Fact {
    return this.facts.get(name)!;
  }

  /** Bounds over all elements of a tensor. */
  bounds(name: string): { readonly lo: number; readonly hi: number } {
    const { lo, hi } = this.fact(name);
    return {
      lo: lo.reduce((min, value) => Math.min(min, value), Infinity),
      hi: hi.reduce((max, value) => Math.max(max, value), -Infinity),
    };
  }

  finish(inputs: readonly string[], outputs: IrGraph['outputs']): IrGraph {
    return { nodes: this.nodes, inputs, outputs };
  }

  private unique(name: string): string {
    if (!this.facts.has(name)) return name;
    let suffix = 1;
    while (this.facts.has(`${name}.${suffix}`)) suffix++;
    return `${name}.${suffix}`;
  }
}
