/**
 * Quantisation: real graph + statistics → integer IR. Every tensor gets a real scale of its own (free: it is a constant of the
 * circuit), linear layers keep high-precision weights, and one saturating requantisation a tensor brings accumulators back to b bits.
 *
 * Scales (docs/architecture.md): a linear layer's integer coefficients are round(w·s_x/s_y·2^s), so its accumulator has scale s_y/2^s and the
 * requantisation after it is a shift by s. s_y is the scale the *consumer* wants, so ReLU, clip and max pool see no rescaling.
 */
import { ZkonnxError } from '../../base/errors.js';
import type { Bilinear, RealGraph, RealNode } from '../real/graph.js';
import { scalarMap, scaleRows, type LinearMap } from '../real/linear-map.js';
import { reciprocal, type UnaryFunction } from '../real/unary.js';
import type { IrGraph } from '../ir/graph.js';
import type { InputDomain, Statistics } from './calibrate.js';
import { IrEmitter } from './emitter.js';
import { gatherAffine } from './compose.js';
import { uniformFactor } from './fuse-unary.js';
import { lowerReciprocal } from './reciprocal.js';
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
import { unaryTable, type Range, type UnaryTable } from './unary.js';

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
  const quantiser = new Quantiser(graph, statistics, options);
  for (const node of graph.nodes) quantiser.add(node);
  return quantiser.finish();
}

/** An output accumulator is exposed as it is (free) if it fits three bytes at this error, relative to the output's magnitude. */
const OUTPUT_ERROR = 1e-3;

/** Readers that look at an accumulator more closely than b bits: exp and sigmoid magnify what they read. */
const PRECISE_READERS: ReadonlySet<string> = new Set(['softmax', 'unary', 'argmax', 'step']);
const PRECISE_BITS = 14;

class Quantiser {
  private readonly emitter: IrEmitter;
  private readonly tensors = new Map<string, Quantised>();
  private readonly narrowed = new Map<string, Quantised>();
  private readonly tables = new Map<string, UnaryTable>();
  private readonly errors = new Map<string, number>();
  private readonly notes: string[] = [];
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
      errors: this.errors,
      notes: this.notes,
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
        return this.bilinear(node, node.op);
      case 'unary':
        return this.unary(node, node.op.fn);
      case 'step':
        return this.step(node.inputs[0]!, node.op.strict);
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
    if (reader.op.kind === 'unary' && reader.op.fn.name !== reciprocal.name) {
      return this.tableOf(reader, reader.op.fn).input;
    }
    return own;
  }

  /** Outputs are read as numbers, so they get at least 12 bits: a few constraints for a visible digit. */
  private bitsOf(node: RealNode): number {
    return this.outputs.has(node.name) ? Math.max(12, this.options.bits) : this.options.bits;
  }

  private linear(node: RealNode, maps: readonly LinearMap[], bias: Float64Array, inputs: readonly string[]): Quantised {
    const free = this.exactly(node, maps, bias, inputs) ?? this.rescaled(node, maps, bias, inputs);
    if (free !== undefined) return free;
    const sources = inputs.map((name) => this.narrow(name));
    const target = this.targetFor(node);
    if (target === undefined) return this.outputAccumulator(node, maps, bias, inputs, sources);
    const shift = chooseShift(maps, this.distributions(inputs, sources, target.scale));
    const scale = target.scale * 2 ** -shift;
    return { node: this.affine(maps, bias, sources, scale), scale, offset: 0, target, shift };
  }

  /** Integers and what a comparison reads keep the scale of their sources, where all have one and the weights are integers: no rounding at all. */
  private exactly(
    node: RealNode,
    maps: readonly LinearMap[],
    bias: Float64Array,
    inputs: readonly string[],
  ): Quantised | undefined {
    const compared = (this.readersOf.get(node.name) ?? []).every((reader) => reader.op.kind === 'step');
    if (isFloat(node) && (!compared || this.outputs.has(node.name))) return undefined;
    const sources = inputs.map((name) => this.tensor(name));
    const scale = sources[0]?.scale ?? 1;
    const whole =
      sources.every((x) => x.scale === scale && Number.isInteger(x.offset / scale)) &&
      maps.every(({ patCoef }) => patCoef.every(Number.isInteger)) &&
      bias.every((value) => Number.isInteger(value / scale));
    return whole ? { node: this.affine(maps, bias, sources, scale), scale, offset: 0 } : undefined;
  }

  /** A positive multiple of one tensor is the same integers at another scale. */
  private rescaled(
    node: RealNode,
    maps: readonly LinearMap[],
    bias: Float64Array,
    inputs: readonly string[],
  ): Quantised | undefined {
    const [map, ...others] = maps;
    if (map === undefined || others.length > 0 || this.outputs.has(node.name)) return undefined;
    const factor = uniformFactor(map);
    if (factor === undefined || factor <= 0 || bias.some((value) => value !== 0)) return undefined;
    const x = this.tensor(inputs[0]!);
    const target = x.target === undefined ? undefined : { ...x.target, scale: x.target.scale * factor };
    return {
      ...x,
      scale: x.scale * factor,
      offset: x.offset * factor,
      ...(target === undefined ? {} : { target }),
    };
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

  private bilinear(node: RealNode, { start, left, right, shape }: Bilinear): Quantised {
    const [a, b] = [this.symmetric(node.inputs[0]!), this.symmetric(node.inputs[1]!)];
    const attrs = { start, left, right, ...(shape === undefined ? {} : { shape }) };
    const product = {
      node: this.emitter.emit('bilinear', attrs, [a.node, b.node]),
      scale: a.scale * b.scale,
      offset: 0,
    };
    return isFloat(node) ? { ...product, target: signedTarget(this.stats(node.name), this.bitsOf(node)) } : product;
  }

  private tableOf(node: RealNode, fn: UnaryFunction): UnaryTable {
    let table = this.tables.get(node.name);
    if (table === undefined) {
      table = unaryTable(fn, this.stats(node.inputs[0]!), this.stats(node.name), this.options.bits);
      this.tables.set(node.name, table);
    }
    return table;
  }

  private unary(node: RealNode, fn: UnaryFunction): Quantised {
    const source = node.inputs[0]!;
    const x = this.tensor(source);
    if (fn.name === reciprocal.name) return this.reciprocal(node, x);
    const table = this.tableOf(node, fn);
    const index = table.whole
      ? requantise(this.emitter, x, table.input)
      : this.requantise(x, table.input, source, `${node.name}.argument`);
    const attrs = { name: table.name, lo: table.input.lo, values: table.values };
    const name = this.emitter.emit('table', attrs, [index.node]);
    this.declare(name, node, fn, x, table);
    return { node: name, scale: table.scale, offset: 0 };
  }

  private reciprocal(node: RealNode, x: Quantised): Quantised {
    const source = node.inputs[0]!;
    const { value, range, error } = lowerReciprocal(this.emitter, x, this.stats(source), this.stats(node.name), {
      bits: this.options.bits,
      reject: this.options.overflow === 'reject',
    });
    this.declare(value.node, node, reciprocal, x, { range, whole: false, error });
    return value;
  }

  /** Notes the error of a function, and its clamping where the proven range of x leaves that of the function. */
  private declare(
    name: string,
    node: RealNode,
    fn: UnaryFunction,
    x: Quantised,
    { range, whole, error }: { readonly range: Range; readonly whole: boolean; readonly error: number },
  ): void {
    this.errors.set(name, error);
    const { lo, hi } = this.emitter.bounds(x.node);
    const [least, most] = [lo * x.scale + x.offset, hi * x.scale + x.offset];
    if (whole || (least >= range.lo && most <= range.hi)) return;
    const digits = (value: number) => value.toPrecision(4);
    this.notes.push(
      `${node.origin}: arguments of ${fn.name} are clamped to [${digits(range.lo)}, ${digits(range.hi)}], the calibrated range and headroom; ` +
        `within it the error is at most ${error.toPrecision(2)}`,
    );
  }

  /** x ≥ 0 or x > 0 of the quantised x, exactly: q·scale + offset ≥ 0 where q is at least the least such integer. */
  private step(source: string, strict: boolean): Quantised {
    const x = this.tensor(source);
    const zero = -x.offset / x.scale;
    const least = strict ? Math.floor(zero) + 1 : Math.ceil(zero);
    const size = this.emitter.fact(x.node).size;
    const attrs = { maps: [scalarMap(size, 1)], bias: new Float64Array(size).fill(-least) };
    const distance = least === 0 ? x.node : this.emitter.emit('linear', attrs, [x.node]);
    return { node: this.emitter.emit('compare', {}, [distance]), scale: 1, offset: 0 };
  }
}

/** Whether rounding may be modelled: integers and truth values are exact. */
function isFloat({ dtype }: RealNode): boolean {
  return !/^(u?int|bool)/.test(dtype);
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
