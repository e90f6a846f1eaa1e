/**
 * Quantisation: real graph + statistics → integer IR. Every tensor gets a real scale of its own (free: it is a constant of the
 * circuit), linear layers keep high-precision weights, and one saturating requantisation a tensor brings accumulators back to b bits.
 *
 * Scales (gadgets.md): a linear layer's integer coefficients are round(w·s_x/s_y·2^s), so its accumulator has scale s_y/2^s and the
 * requantisation after it is a shift by s. s_y is the scale the *consumer* wants, so ReLU, clip and max pool see no rescaling.
 */
import { ZkonnxError } from '../../errors.js';
import type { RealGraph, RealNode } from '../real/graph.js';
import { scaleRows, type LinearMap } from '../real/linear-map.js';
import type { IrGraph } from '../ir/graph.js';
import type { InputDomain, Statistics } from './calibrate.js';
import { IrEmitter } from './emitter.js';
import { gatherAffine } from './compose.js';
import { readerCounts, sizeOf } from './simplify.js';
import { lowerSoftmax } from './softmax.js';
import {
  chooseShift,
  requantise,
  roundingError,
  signedTarget,
  targetOf,
  type Quantised,
  type Source,
  type Target,
} from './scales.js';
import { unaryTable } from './unary.js';

export interface QuantiseOptions {
  /** Bits of activations. */
  readonly bits: number;
  readonly overflow: 'saturate' | 'reject';
  readonly domains: ReadonlyMap<string, InputDomain>;
  /** See IrEmitter. Not for `--overflow reject`, which pays for the calibrated range alone. Default 0. */
  readonly growth?: number;
}

export interface QuantisedModel {
  readonly ir: IrGraph;
  /** The integer tensor of every real node: real = q·scale + offset. */
  readonly tensors: ReadonlyMap<string, Quantised>;
  /** Proven bounds over all elements of every IR tensor. */
  readonly bounds: ReadonlyMap<string, { readonly lo: number; readonly hi: number }>;
}

export function quantise(
  graph: RealGraph,
  statistics: ReadonlyMap<string, Statistics>,
  options: QuantiseOptions,
): QuantisedModel {
  const quantiser = new Quantiser(graph, statistics, options);
  for (const node of graph.nodes) quantiser.add(node);
  return quantiser.finish();
}

/** An output accumulator is exposed as it is (free) if it fits three bytes at this error, relative to the output's magnitude. */
const OUTPUT_ERROR = 1e-3;

/** Readers that look at an accumulator more closely than b bits: exp and sigmoid magnify what they read. */
const PRECISE_READERS: ReadonlySet<string> = new Set(['softmax', 'unary', 'argmax']);
const PRECISE_BITS = 14;

class Quantiser {
  private readonly emitter: IrEmitter;
  private readonly tensors = new Map<string, Quantised>();
  private readonly narrowed = new Map<string, Quantised>();
  private readonly readers: Map<string, number>;
  private readonly readersOf = new Map<string, RealNode[]>();
  private readonly outputs: ReadonlySet<string>;

  constructor(
    private readonly graph: RealGraph,
    private readonly statistics: ReadonlyMap<string, Statistics>,
    private readonly options: QuantiseOptions,
  ) {
    this.emitter = new IrEmitter(options.overflow === 'saturate' ? options.growth : 0);
    this.readers = readerCounts(graph);
    this.outputs = new Set(graph.outputs.map((output) => output.node));
    for (const node of graph.nodes) {
      for (const name of new Set(node.inputs)) {
        this.readersOf.set(name, [...(this.readersOf.get(name) ?? []), node]);
      }
    }
  }

  finish(): QuantisedModel {
    const outputs = this.graph.outputs.map(({ name, node }) => ({ name, node: this.tensor(node).node }));
    const ir = this.emitter.finish(
      this.graph.inputs.map((name) => this.tensor(name).node),
      outputs,
    );
    return {
      ir,
      tensors: this.tensors,
      bounds: new Map(ir.nodes.map(({ name }) => [name, this.emitter.bounds(name)])),
    };
  }

  add(node: RealNode): void {
    this.emitter.at(node);
    this.tensors.set(node.name, this.lower(node));
  }

  private lower(node: RealNode): Quantised {
    switch (node.op.kind) {
      case 'input':
        return this.input(node);
      case 'constant':
        return this.constant(node.op.values);
      case 'linear':
        return this.linear(node, node.op.maps, node.op.bias, node.inputs);
      case 'gather':
        return this.gather(node, node.op.index, node.op.fill);
      case 'clamp':
        return this.clamp(node, node.op.lo, node.op.hi);
      case 'leakyRelu':
        return this.leakyRelu(node, node.op.slope);
      case 'maxWindows':
        return this.maxWindows(node, node.op.start, node.op.index);
      case 'bilinear':
        return this.bilinear(node, node.op.start, node.op.left, node.op.right);
      case 'unary':
        return this.unary(node, node.op.fn);
      case 'softmax':
        return lowerSoftmax(this.emitter, node.op, this.tensor(node.inputs[0]!), this.stats(node.inputs[0]!));
      case 'argmax': {
        const x = this.tensor(node.inputs[0]!);
        const { groups, last } = node.op;
        return { node: this.emitter.emit('argmax', { groups, last }, [x.node]), scale: 1, offset: 0 };
      }
    }
  }

  private tensor(name: string): Quantised {
    return this.tensors.get(name)!;
  }

  private stats(name: string): Statistics {
    return this.statistics.get(name) ?? { min: 0, max: 0, mean: 0, rms: 0 };
  }

  private input(node: RealNode): Quantised {
    const domain = this.options.domains.get(node.name);
    if (domain === undefined) {
      throw new ZkonnxError('CALIBRATION_INVALID', 'an input has no domain', { where: node.name });
    }
    const name = this.emitter.emit('input', { lo: 0, hi: 2 ** domain.bits - 1 }, []);
    return { node: name, scale: domain.scale, offset: -domain.zeroPoint * domain.scale };
  }

  private constant(values: Float64Array): Quantised {
    const magnitude = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    // Integers (indices, shapes, masks) stay themselves; other constants get 16 bits.
    const scale = values.every(Number.isInteger) && magnitude < 2 ** 31 ? 1 : magnitude / 32767;
    const bias = values.map((value) => Math.round(value / scale));
    return { node: this.emitter.emit('linear', { maps: [], bias }, []), scale, offset: 0 };
  }

  /** The tensor in b bits and without offset, as multiplications want it. Rounded once, shared by all readers. */
  private narrow(name: string): Quantised {
    const known = this.narrowed.get(name);
    if (known !== undefined) return known;
    const x = this.tensor(name);
    const { lo, hi } = this.emitter.bounds(x.node);
    const wide = x.target !== undefined || hi - lo >= 2 ** Math.max(16, this.options.bits);
    const narrow = wide ? this.requantise(x, signedTarget(this.stats(name), this.options.bits), name) : x;
    this.narrowed.set(name, narrow);
    return narrow;
  }

  /** As `narrow`, and with zero at zero: products and tables have no place for an offset. */
  private symmetric(name: string): Quantised {
    const x = this.narrow(name);
    return x.offset === 0 ? x : this.requantise(x, signedTarget(this.stats(name), this.options.bits), name);
  }

  /** `source` is the real node x stands for: its statistics are the window of `--overflow reject`. */
  private requantise(x: Quantised, target: Target, source: string, name?: string): Quantised {
    const window = this.options.overflow === 'reject' ? this.stats(source) : undefined;
    return requantise(this.emitter, x, target, { window, ...(name === undefined ? {} : { name }) });
  }

  /** What the consumers of a raw accumulator will requantise it to; undefined when it is exposed as an output. */
  private targetFor(node: RealNode): Target | undefined {
    const readers = this.readersOf.get(node.name) ?? [];
    const precise = readers.some((reader) => PRECISE_READERS.has(reader.op.kind));
    const own = signedTarget(this.stats(node.name), precise ? PRECISE_BITS : this.bitsOf(node));
    if (this.outputs.has(node.name)) return readers.length === 0 ? undefined : own;
    const [reader] = readers;
    if (readers.length !== 1 || reader === undefined) return own;
    if (reader.op.kind === 'maxWindows' || (reader.op.kind === 'gather' && reader.inputs.length === 1)) {
      return this.targetFor(reader);
    }
    if (reader.op.kind === 'clamp') return targetOf(this.stats(reader.name), this.bitsOf(reader), reader.op);
    if (reader.op.kind === 'leakyRelu') return signedTarget(this.stats(reader.name), this.bitsOf(reader));
    return own;
  }

  /** Outputs are read as numbers, so they get at least 12 bits: a few constraints for a visible digit. */
  private bitsOf(node: RealNode): number {
    return this.outputs.has(node.name) ? Math.max(12, this.options.bits) : this.options.bits;
  }

  private linear(node: RealNode, maps: readonly LinearMap[], bias: Float64Array, inputs: readonly string[]): Quantised {
    const sources = inputs.map((name) => this.narrow(name));
    const target = this.targetFor(node);
    if (target === undefined) return this.outputAccumulator(node, maps, bias, inputs, sources);
    const shift = chooseShift(maps, this.distributions(inputs, sources, target.scale));
    const scale = target.scale * 2 ** -shift;
    return { node: this.affine(maps, bias, sources, scale), scale, offset: 0, target, shift };
  }

  private distributions(inputs: readonly string[], sources: readonly Quantised[], accScale: number): Source[] {
    return inputs.map((name, s) => {
      const { mean, rms } = this.stats(name);
      const { scale } = sources[s]!;
      return { factor: scale / accScale, mean: mean / scale, rms: rms / scale };
    });
  }

  /** Emits bias + Σ maps(sources) with accumulator scale `scale`; the sources' offsets go into the bias. */
  private affine(maps: readonly LinearMap[], bias: Float64Array, sources: readonly Quantised[], scale: number): string {
    const integerBias = bias.map((value) => value / scale);
    const integerMaps = maps.map((map, s) => {
      const source = sources[s]!;
      const factor = source.scale / scale;
      const rounded = { ...map, patCoef: map.patCoef.map((coef) => Math.round(coef * factor)) };
      subtractZeroPoint(rounded, -source.offset / source.scale, integerBias);
      return rounded;
    });
    return this.emitter.emit(
      'linear',
      { maps: integerMaps, bias: integerBias.map(Math.round) },
      sources.map((source) => source.node),
    );
  }

  /**
   * A linear output needs no requantisation: its bounds are proven by interval arithmetic. Its scale is chosen so that a digit takes
   * three bytes, or four or five where the weights' rounding would show.
   */
  private outputAccumulator(
    node: RealNode,
    maps: readonly LinearMap[],
    bias: Float64Array,
    inputs: readonly string[],
    sources: readonly Quantised[],
  ): Quantised {
    const span = this.realSpan(maps, bias, sources);
    const magnitude = Math.max(Math.abs(this.stats(node.name).min), Math.abs(this.stats(node.name).max)) || span || 1;
    for (const bytes of [3, 4, 5, 6]) {
      // 0.1 % of room for the rounding of coefficients.
      const scale = (span * 1.001 || 1) / (256 ** bytes - 2);
      const noise = roundingError(maps, this.distributions(inputs, sources, scale)) * scale;
      if (noise > OUTPUT_ERROR * magnitude && bytes < 6) continue;
      return { node: this.affine(maps, bias, sources, scale), scale, offset: 0 };
    }
    throw new ZkonnxError('BOUND_OVERFLOW', 'an output has no integer scale', { where: node.origin });
  }

  /** Widest span of real values, over all rows together, that the inputs' proven bounds allow. */
  private realSpan(maps: readonly LinearMap[], bias: Float64Array, sources: readonly Quantised[]): number {
    const lo = Float64Array.from(bias);
    const hi = Float64Array.from(bias);
    maps.forEach((map, s) => {
      const { scale, offset, node } = sources[s]!;
      const fact = this.emitter.fact(node);
      for (let i = 0; i < lo.length; i++) {
        const p = map.rowPattern[i]!;
        for (let k = map.patStart[p]!; k < map.patStart[p + 1]!; k++) {
          const j = map.rowBase[i]! + map.patOffset[k]!;
          const a = map.patCoef[k]! * (fact.lo[j]! * scale + offset);
          const b = map.patCoef[k]! * (fact.hi[j]! * scale + offset);
          lo[i]! += Math.min(a, b);
          hi[i]! += Math.max(a, b);
        }
      }
    });
    return hi.reduce((max, v) => Math.max(max, v), -Infinity) - lo.reduce((min, v) => Math.min(min, v), Infinity);
  }

  private gather(node: RealNode, index: Int32Array, fill: number): Quantised {
    const sources = node.inputs.map((name) => this.tensor(name));
    const [first] = sources;
    const same = sources.every((x) => x.scale === first!.scale && x.offset === first!.offset);
    const q = first === undefined ? NaN : (fill - first.offset) / first.scale;
    const filled = index.includes(-1);
    if (first !== undefined && same && (!filled || Number.isInteger(q))) {
      const attrs = { index, fill: filled ? q : 0 };
      return {
        ...first,
        node: this.emitter.emit(
          'gather',
          attrs,
          sources.map((x) => x.node),
        ),
      };
    }
    const { maps, bias } = gatherAffine(
      node.inputs.map((name) => this.emitter.fact(this.tensor(name).node).size),
      index,
      fill,
    );
    return this.linear(node, maps, bias, node.inputs);
  }

  private clamp(node: RealNode, lo: number, hi: number): Quantised {
    // ONNX's Clip is min(max(x, lo), hi).
    if (lo >= hi) return this.constant(new Float64Array(sizeOf(node)).fill(hi));
    const x = this.tensor(node.inputs[0]!);
    const target = targetOf(this.stats(node.name), this.bitsOf(node), { lo, hi });
    const { lo: xLo, hi: xHi } = this.emitter.bounds(x.node);
    // Already rounded to the target by a pool that found it cheaper: nothing left to do.
    if (x.target === undefined && x.scale === target.scale && xLo >= target.lo && xHi < target.lo + 2 ** target.bits)
      return x;
    return this.requantise(x, target, node.inputs[0]!, node.name);
  }

  private leakyRelu(node: RealNode, slope: number): Quantised {
    const x = this.withoutOffset(node.inputs[0]!);
    const positive = this.emitter.emit('positive', {}, [x.node], { name: `${node.name}.positive` });
    const bits = 8;
    const alpha = Math.round(slope * 2 ** bits);
    const size = sizeOf(node);
    const maps = [alpha, 2 ** bits - alpha].map((coef) => constantDiagonal(size, coef));
    const raw = this.emitter.emit('linear', { maps, bias: new Float64Array(size) }, [x.node, positive]);
    const scale = x.scale * 2 ** -bits;
    const target = signedTarget(this.stats(node.name), this.bitsOf(node));
    const exact = x.target?.scale === target.scale && x.shift !== undefined;
    return { node: raw, scale, offset: 0, target, ...(exact ? { shift: x.shift + bits } : {}) };
  }

  private withoutOffset(name: string): Quantised {
    const x = this.tensor(name);
    return x.offset === 0 ? x : this.symmetric(name);
  }

  /** Pools before or after requantising, whichever costs fewer constraints by the bounds. */
  private maxWindows(node: RealNode, start: Uint32Array, index: Uint32Array): Quantised {
    let x = this.tensor(node.inputs[0]!);
    if (x.target !== undefined && x.shift !== undefined && this.readers.get(node.inputs[0]!) === 1) {
      const { lo, hi } = this.emitter.bounds(x.node);
      const span = Math.log2(hi - lo + 1);
      const perRound = span + 5;
      const windows = start.length - 1;
      const maxima = index.length - windows;
      const distinct = new Set(index).size;
      const before = maxima * (span + 3) + windows * perRound;
      const after = distinct * perRound + maxima * (x.target.bits + 3);
      if (after < before) x = this.requantise(x, x.target, node.inputs[0]!);
    }
    return { ...x, node: this.emitter.emit('maxWindows', { start, index }, [x.node]) };
  }

  private bilinear(node: RealNode, start: Uint32Array, left: Uint32Array, right: Uint32Array): Quantised {
    const [a, b] = [this.symmetric(node.inputs[0]!), this.symmetric(node.inputs[1]!)];
    const name = this.emitter.emit('bilinear', { start, left, right }, [a.node, b.node]);
    return {
      node: name,
      scale: a.scale * b.scale,
      offset: 0,
      target: signedTarget(this.stats(node.name), this.bitsOf(node)),
    };
  }

  private unary(node: RealNode, fn: 'sigmoid' | 'tanh'): Quantised {
    const x = this.tensor(node.inputs[0]!);
    const table = unaryTable(fn);
    const index = requantise(this.emitter, x, table.input);
    const attrs = { name: table.name, lo: table.input.lo, values: table.values };
    return { node: this.emitter.emit('table', attrs, [index.node]), scale: table.scale, offset: 0 };
  }
}

/** bias[i] −= zeroPoint · Σ of row i: with the rounded coefficients, so that an input's offset cancels exactly. */
function subtractZeroPoint(map: LinearMap, zeroPoint: number, bias: Float64Array): void {
  if (zeroPoint === 0) return;
  const sums = new Float64Array(map.patStart.length - 1);
  for (let p = 0; p < sums.length; p++) {
    for (let k = map.patStart[p]!; k < map.patStart[p + 1]!; k++) sums[p]! += map.patCoef[k]!;
  }
  for (let i = 0; i < bias.length; i++) bias[i]! -= zeroPoint * sums[map.rowPattern[i]!]!;
}

function constantDiagonal(size: number, coef: number): LinearMap {
  return scaleRows(
    gatherAffine(
      [size],
      Int32Array.from({ length: size }, (_, i) => i),
      0,
    ).maps[0]!,
    () => coef,
  );
}
