/**
 * Quantisation: real graph + statistics → integer IR. Every node is offered to the exact lane (exact.ts) and else goes by calibrated scales:
 * every tensor has a real scale of its own (free: it is a constant of the circuit), linear layers keep high-precision weights, and one saturating
 * requantisation a tensor brings accumulators back to b bits. How an op does it is its record in lower/.
 */
import { isWholeType } from '../../base/element-types.js';
import { invariant, ZkonnxError } from '../../base/errors.js';
import { finish, type Work } from '../../base/work.js';
import type { IrGraph } from '../ir/graph.js';
import { sizeOf, type RealGraph, type RealNode, type RealOutput } from '../real/graph.js';
import type { RealOpOf } from '../real/op.js';
import type { UnaryFunction } from '../real/unary.js';
import type { Statistics } from './calibrate.js';
import type { InputDomain } from '../real/input-grid.js';
import type { Overflow } from '../../verify/statement.js';
import { columnsIntoReaders, type ByOneScale, type UniformDomain } from './columns.js';
import { IrEmitter, type CalibratedEnd } from './emitter.js';
import { loweringOf } from './lower.js';
import type { Approximation, CalibratedLane, NodeOf } from './lowering.js';
import { Magnitudes } from './magnitudes.js';
import { overflowModes } from './overflow.js';
import { poolOrders, type PoolOrder } from './pools.js';
import { requantise, signedTarget, type Quantised, type Target } from './scales.js';
import { readerCounts } from './simplify.js';
import { wantedTarget } from './unary.js';

export interface QuantiseOptions {
  /** Bits of activations. */
  readonly bits: number;
  readonly overflow: Overflow;
  readonly domains: ReadonlyMap<string, InputDomain>;
  /** See IrEmitter. Not for `--overflow reject`, which refuses what lies beyond the calibrated range. Default 0. */
  readonly growth?: number;
  /** The protocol's. Default: that of the protocols of rows. */
  readonly poolOrder?: PoolOrder;
}

export interface QuantisedModel {
  readonly ir: IrGraph;
  /** The integer tensor of every real node: real = q·scale + offset. */
  readonly tensors: ReadonlyMap<string, Quantised>;
  /** How the real values of every input become its integers. */
  readonly domains: ReadonlyMap<string, InputDomain>;
  /** The real nodes that the exact lane took: neither statistics nor widths have a part in them. */
  readonly exact: ReadonlySet<string>;
  /** Proven bounds over all elements of every IR tensor. */
  readonly bounds: ReadonlyMap<string, { readonly lo: number; readonly hi: number }>;
  /** Largest error of the IR tensors that tables and divisions approximate a function by, for arguments in the table's range. */
  readonly errors: ReadonlyMap<string, number>;
  /** Where arguments of a function are clamped, in sentences. */
  readonly notes: readonly string[];
}

export function quantise(
  graph: RealGraph,
  statistics: ReadonlyMap<string, Statistics>,
  options: QuantiseOptions,
): QuantisedModel {
  return finish(quantising(graph, statistics, options));
}

/** As `quantise`, node by node. */
export function* quantising(
  graph: RealGraph,
  statistics: ReadonlyMap<string, Statistics>,
  options: QuantiseOptions,
): Work<QuantisedModel> {
  const uniform = columnsIntoReaders(graph, statistics, options.domains);
  const quantiser = new Quantiser(uniform, options);
  const { nodes } = uniform.graph;
  for (const [i, node] of nodes.entries()) {
    yield i / nodes.length;
    quantiser.add(node);
  }
  return quantiser.finish();
}

/** What becomes of arguments of a function that are not in its range, in words before the range. */
const BEYOND: { readonly [E in CalibratedEnd]: string } = { counted: 'clamped to', refused: 'refused outside of' };

/** What a precise reader (`Lowering.isPrecise`) gets. */
const PRECISE_BITS = 14;

class Quantiser implements CalibratedLane {
  readonly emitter: IrEmitter;
  readonly bits: number;
  readonly magnitudes: Magnitudes;
  readonly poolOrder: PoolOrder;
  private readonly tensors = new Map<string, Quantised>();
  private readonly exact = new Set<string>();
  private readonly narrowed = new Map<string, Quantised>();
  private readonly arguments = new Map<string, Target>();
  private readonly errors = new Map<string, number>();
  private readonly notes: string[] = [];
  private readonly readerCounts: ReadonlyMap<string, number>;
  private readonly readersOf = new Map<string, RealNode[]>();
  private readonly outputs: ReadonlySet<string>;

  private readonly graph: RealGraph;
  private readonly statistics: ReadonlyMap<string, Statistics>;
  private readonly domains: ReadonlyMap<string, UniformDomain>;

  constructor(
    { graph, statistics, domains }: ByOneScale,
    private readonly options: QuantiseOptions,
  ) {
    this.graph = graph;
    this.statistics = statistics;
    this.domains = domains;
    this.bits = options.bits;
    this.poolOrder = options.poolOrder ?? poolOrders.mirage;
    const { beyond, grows } = overflowModes[options.overflow];
    this.emitter = new IrEmitter(grows ? options.growth : 0, beyond);
    this.magnitudes = new Magnitudes(graph);
    this.readerCounts = readerCounts(graph);
    this.outputs = new Set(graph.outputs.map((output) => output.node));
    for (const node of graph.nodes) {
      for (const name of new Set(node.inputs)) {
        this.readersOf.set(name, [...(this.readersOf.get(name) ?? []), node]);
      }
    }
  }

  finish(): QuantisedModel {
    this.graph.outputs.forEach((output) => {
      this.requireWhole(output);
    });
    const outputs = this.graph.outputs.map(({ name, node }) => ({ name, node: this.tensor(node).node }));
    const ir = this.emitter.finish(
      this.graph.inputs.map((name) => this.tensor(name).node),
      outputs,
    );
    return {
      ir,
      tensors: this.tensors,
      exact: this.exact,
      bounds: new Map(ir.nodes.map(({ name }) => [name, this.emitter.bounds(name)])),
      domains: this.options.domains,
      errors: this.errors,
      notes: this.notes,
    };
  }

  /** Throws RANGE_EXCEEDED for an output of integers or truth values that is not read as whole numbers. */
  private requireWhole({ name, node, dtype }: RealOutput): void {
    const { scale, offset } = this.tensor(node);
    if (!isWholeType(dtype) || (scale === 1 && Number.isInteger(offset))) return;
    throw new ZkonnxError('RANGE_EXCEEDED', `an output of ${dtype} would not be whole numbers`, {
      expected: 'inputs of at most 2^32 integers, and integers computed of nothing else',
      where: `output ${name}`,
      help: 'declare a narrower --domain, or give the model an output of floats',
    });
  }

  add(node: RealNode): void {
    this.emitter.at(node);
    const { exact, calibrated } = loweringOf(node.op);
    const whole = exact?.(this, node);
    if (whole !== undefined) this.exact.add(node.name);
    const tensor = whole ?? calibrated?.(this, node);
    invariant(tensor !== undefined, 'an op of the exact lane alone declined', { node: node.name, op: node.op.kind });
    this.tensors.set(node.name, tensor);
  }

  // Lowerings take these two out of the lane and call them as functions.
  readonly tensor = (name: string): Quantised => this.tensors.get(name)!;

  readonly domain = (name: string): UniformDomain => {
    const domain = this.domains.get(name);
    if (domain === undefined) {
      throw new ZkonnxError('CALIBRATION_INVALID', 'an input has no domain', { where: name });
    }
    return domain;
  };

  stats(name: string): Statistics {
    return this.statistics.get(name) ?? { min: 0, max: 0, mean: 0, rms: 0 };
  }

  isInput(name: string): boolean {
    return this.domains.has(name);
  }

  isOutput(name: string): boolean {
    return this.outputs.has(name);
  }

  readers(name: string): number {
    return this.readerCounts.get(name) ?? 0;
  }

  isOnlyCompared(node: RealNode): boolean {
    const readers = this.readersOf.get(node.name) ?? [];
    return !this.isOutput(node.name) && readers.every((reader) => loweringOf(reader.op).compares === true);
  }

  narrow(name: string): Quantised {
    const known = this.narrowed.get(name);
    if (known !== undefined) return known;
    const x = this.tensor(name);
    const { lo, hi } = this.emitter.bounds(x.node);
    if (x.wide === true) return x;
    const wide = x.target !== undefined || hi - lo >= 2 ** Math.max(16, this.bits);
    const narrow = wide ? this.requantise(x, signedTarget(this.stats(name), this.bits)) : x;
    this.narrowed.set(name, narrow);
    return narrow;
  }

  symmetric(name: string): Quantised {
    const x = this.narrow(name);
    return x.offset === 0 ? x : this.requantise(x, signedTarget(this.stats(name), this.bits));
  }

  requantise(x: Quantised, target: Target, name?: string): Quantised {
    return requantise(this.emitter, x, target, name === undefined ? {} : { name });
  }

  targetFor(node: RealNode): Target | undefined {
    const readers = this.readersOf.get(node.name) ?? [];
    const precise =
      this.magnitudes.isWanted(node.name) || readers.some((reader) => loweringOf(reader.op).isPrecise === true);
    const own = signedTarget(this.stats(node.name), precise ? PRECISE_BITS : this.bitsOf(node));
    if (this.isOutput(node.name)) return readers.length === 0 ? undefined : own;
    const [reader] = readers;
    if (readers.length !== 1 || reader === undefined) return own;
    const wanted = loweringOf(reader.op).wants?.(this, reader);
    return wanted === undefined ? own : wanted.target;
  }

  bitsOf(node: RealNode): number {
    return this.isOutput(node.name) ? Math.max(12, this.bits) : this.bits;
  }

  argumentTarget({ name, op, inputs, dims }: NodeOf<RealOpOf<'unary'>>): Target {
    let target = this.arguments.get(name);
    if (target === undefined) {
      const [argument, value] = [this.stats(inputs[0]!), this.stats(name)];
      target = wantedTarget(op.fn, { argument, value, bits: this.bits, size: sizeOf({ dims }) });
      this.arguments.set(name, target);
    }
    return target;
  }

  declare(name: string, node: RealNode, fn: UnaryFunction, x: Quantised, approximation: Approximation): void {
    const { range, whole, error } = approximation;
    this.errors.set(name, error);
    const { lo, hi } = this.emitter.bounds(x.node);
    const [least, most] = [lo * x.scale + x.offset, hi * x.scale + x.offset];
    if (whole || (least >= range.lo && most <= range.hi)) return;
    const digits = (value: number) => value.toPrecision(4);
    this.notes.push(
      `${node.origin}: arguments of ${fn.name} are ${BEYOND[this.emitter.beyond]} [${digits(range.lo)}, ${digits(range.hi)}], the calibrated range and headroom; ` +
        `within it the error is at most ${error.toPrecision(2)}`,
    );
  }
}
