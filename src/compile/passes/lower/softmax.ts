/**
 * Softmax and LogSoftmax as integer programs: m = max x, d = m − x, e = exp(−d) by table, S = Σ e;
 * softmax = ⌊e·2^16 / S⌋, logSoftmax = −d − log S with log by tables.
 *
 * Ranges. x is rounded to a step over all it is proven to be, nothing of it is clamped; beyond the table of exp a distance is 0 to its rounding.
 * Only where x may be 2^30 steps apart do calibrated ends come in.
 *
 * Error. With h the step and 5h/8 the rounding of x, distances are off by at most 5h/4; softmax, whose derivatives are p(1 − p), by 5h/16 of 1;
 * e by half a unit 2^−E each, which is n·2^−(E+1) of S at most; the floor by 2^−16. E grows with n so that this stays below 2^−12.
 * logSoftmax: 5h/4 for x − m and log S together, the rounding of e as above, and what the tables of log declare.
 *
 * Masks. With a second input `keep` of zeros and ones, e is 0 where it is 0, exactly, and m is the largest x that is kept: masked ones are lowered
 * beneath all others first. A row that keeps nothing is what `empty` says (real/graph.ts); where that is nothing, S = 0 is clamped to 1 unit and
 * counts as a clamp: every e is 0.
 */
import { invariant } from '../../../base/errors.js';
import { OWN_ENDS } from '../../ir/graph.js';
import type { AxisGroups } from '../../real/graph.js';
import { LinearMapBuilder, scalarMap, type LinearMap } from '../../real/linear-map.js';
import type { RealOpOf } from '../../real/op.js';
import { log as logFunction, type UnaryFunction } from '../../real/unary.js';
import type { Statistics } from '../calibrate.js';
import type { IrEmitter } from '../emitter.js';
import { moved } from '../exact.js';
import type { CalibratedLane, Lowering, NodeOf } from '../lowering.js';
import { requantise, type Quantised } from '../scales.js';
import { coverFunction, tableName } from '../unary.js';
import { emitCover } from './unary.js';

type Softmax = RealOpOf<'softmax'>;

/** Fractional bits of the argument of exp, and of x where a logarithm gives the distances themselves. */
const STEP_BITS = 9;
const LOG_STEP_BITS = 11;
/** exp values have this many fractional bits for up to 2^FREE_BITS of them, and one more for each doubling. */
const EXP_BITS = 16;
const FREE_BITS = 4;
/** Fractional bits of probabilities and of log S. */
const VALUE_BITS = 16;
/** Bits that x may have by its bounds before calibrated ends come in. */
const MAX_BITS = 30;

export const softmax: Lowering<Softmax> = {
  calibrated: lowerSoftmax,
  isPrecise: true,
};

/** What the steps of one softmax share. */
interface Program {
  readonly emitter: IrEmitter;
  readonly size: number;
  readonly groups: AxisGroups;
  /** Elements of each group, one group after another; and the group of each element. */
  readonly members: Uint32Array;
  readonly group: Int32Array;
  readonly count: number;
  readonly expBits: number;
}

function lowerSoftmax(lane: CalibratedLane, node: NodeOf<Softmax>): Quantised {
  const { op, inputs } = node;
  const { groups, log } = op;
  const [source, mask] = inputs as [string, string?];
  const x = lane.tensor(source);
  const { emitter } = lane;
  const size = emitter.fact(x.node).size;
  const expBits = EXP_BITS + Math.max(0, Math.ceil(Math.log2(groups.size)) - FREE_BITS);
  const members = groupMembers(groups, size);
  const program: Program = {
    emitter,
    size,
    groups,
    members,
    group: groupOf(groups, size),
    count: groups.base.length,
    expBits,
  };
  const stepBits = log ? LOG_STEP_BITS : STEP_BITS;
  const rounded = roundedLogits(emitter, x, lane.stats(source), stepBits);
  const keep = mask === undefined ? undefined : keptElements(program, moved(lane, lane.tensor(mask), 1, 0), op);
  const distance = distances(program, rounded, keep?.element);
  const shift = stepBits - STEP_BITS;
  const values = expTable(expBits);
  const reach = { shift, lo: 0, bits: Math.log2(values.length), ends: OWN_ENDS };
  const index = emitter.emit('requantise', reach, [distance]);
  const raw = emitter.emit('table', { name: tableName('exp', values), lo: 0, values }, [index]);
  const exp = keep === undefined ? raw : keptValues(program, raw, keep);
  const sums = emitter.emit('linear', sumGroups(members, groups.size, size), [exp], { dims: [program.count] });
  // A part in 16 covers what the second derivatives add.
  const rounding = (17 / 16) * groups.size * 2 ** -(expBits + 1);
  if (!log) {
    const value = probabilities(program, exp, sums, keep?.mayBeEmpty === true);
    const error = (17 / 16) * (5 / 16) * 2 ** -STEP_BITS + rounding + 2 ** -expBits + 2 ** -VALUE_BITS;
    lane.declare(value, node, named('softmax'), x, { range: { lo: -Infinity, hi: Infinity }, whole: true, error });
    return { node: value, scale: 2 ** -VALUE_BITS, offset: 0 };
  }
  return logarithms(lane, node, program, { distance, sums, x, rounding });
}

const named = (name: string): UnaryFunction => ({ name, apply: (x) => x });

/** x as multiples of 2^−stepBits, over its proven range. */
function roundedLogits(emitter: IrEmitter, x: Quantised, stats: Statistics, stepBits: number): string {
  const step = 2 ** -stepBits;
  const { lo, hi } = emitter.bounds(x.node);
  const [least, most] = [lo, hi].map((q) => (q * x.scale + x.offset) / step) as [number, number];
  const width = Math.max(1, Math.ceil(Math.log2(most - least + 3)));
  if (width <= MAX_BITS) {
    const own = { calibrated: { lo: false, hi: false }, rigid: true } as const;
    return requantise(emitter, x, { scale: step, lo: Math.floor(least) - 1, bits: width, ...own }).node;
  }
  const span = stats.max - stats.min;
  const bits = Math.max(stepBits + 2, Math.ceil(Math.log2((1.5 * span + 1) / step)));
  const from = Math.floor((stats.min - span / 4) / step);
  const ends = { calibrated: { lo: true, hi: true }, rigid: true } as const;
  return requantise(emitter, x, { scale: step, lo: from, bits, ...ends }).node;
}

/** m − x, m the largest of the group's x that are kept. Of others it is some number that is not negative. */
function distances({ emitter, size, groups, members, group, count }: Program, x: string, keep?: string): string {
  const start = Uint32Array.from({ length: count + 1 }, (_, g) => g * groups.size);
  let kept = x;
  if (keep !== undefined) {
    // A masked x, less the whole span, is below every other: x − span·(1 − keep).
    const { lo, hi } = emitter.bounds(x);
    const span = hi - lo + 1;
    const lowered = { maps: [scalarMap(size, 1), scalarMap(size, span)], bias: new Float64Array(size).fill(-span) };
    kept = emitter.emit('linear', lowered, [x, keep]);
  }
  const max = emitter.emit('maxWindows', { start, index: members }, [kept], { dims: [count] });
  const toGroups = { maps: [expand(group, count), scalarMap(size, -1)], bias: new Float64Array(size) };
  return emitter.emit('linear', toGroups, [max, kept]);
}

/** A mask as a program uses it. */
interface Kept {
  /** One where an element takes part. */
  readonly element: string;
  /** Whether a group may have no such element; and one where it has none and then is uniform. */
  readonly mayBeEmpty: boolean;
  readonly uniform?: string;
}

function keptElements(program: Program, mask: Quantised, { empty = 'none' }: Softmax): Kept {
  const { emitter, members, groups, size, count, group } = program;
  const total = emitter.emit('linear', sumGroups(members, groups.size, size), [mask.node], { dims: [count] });
  if (emitter.fact(total).lo.every((least) => least >= 1)) return { element: mask.node, mayBeEmpty: false };
  if (empty === 'none') return { element: mask.node, mayBeEmpty: true };
  // 1 − [Σ keep ≥ 1], at every element of the group.
  const less = { maps: [scalarMap(count, 1)], bias: new Float64Array(count).fill(-1) };
  const some = emitter.emit('compare', {}, [emitter.emit('linear', less, [total], { dims: [count] })], {
    dims: [count],
  });
  const none = { maps: [scaleExpand(group, count, -1)], bias: new Float64Array(size).fill(1) };
  const lost = emitter.emit('linear', none, [some]);
  if (empty === 'uniform') return { element: mask.node, mayBeEmpty: false, uniform: lost };
  const either = { maps: [scalarMap(size, 1), scalarMap(size, 1)], bias: new Float64Array(size) };
  // Where nothing is kept the mask is 0 throughout: the sum is 0 or 1, which a clamp that changes nothing proves.
  const sum = emitter.emit('linear', either, [mask.node, lost]);
  const element = emitter.emit('requantise', { shift: 0, lo: 0, bits: 1, ends: OWN_ENDS }, [sum]);
  return { element, mayBeEmpty: false };
}

/** keep·e, and one unit's worth of 1 for every element of a group that is uniform. */
function keptValues({ emitter, size, expBits }: Program, exp: string, { element, uniform }: Kept): string {
  const each = Uint32Array.from({ length: size }, (_, i) => i);
  const start = Uint32Array.from({ length: size + 1 }, (_, i) => i);
  const product = emitter.emit('bilinear', { start, left: each, right: each }, [element, exp]);
  if (uniform === undefined) return product;
  const maps = [scalarMap(size, 1), scalarMap(size, 2 ** expBits)];
  return emitter.emit('linear', { maps, bias: new Float64Array(size) }, [product, uniform]);
}

/** ⌊e·2^16 / S⌋. */
function probabilities(program: Program, exp: string, sums: string, mayBeEmpty: boolean): string {
  const { emitter, groups, group, size, count, expBits } = program;
  // exp(0) = 2^E is always among the summands; interval analysis does not see it, so a clamp that changes nothing proves it.
  const range = {
    shift: 0,
    lo: 2 ** expBits,
    bits: expBits + Math.ceil(Math.log2(groups.size + 1)),
    ends: { lo: mayBeEmpty ? emitter.beyond : 'own', hi: 'own' } as const,
  };
  const proven = emitter.emit('requantise', range, [sums], { dims: [count] });
  const spread = emitter.emit('linear', { maps: [expand(group, count)], bias: new Float64Array(size) }, [proven]);
  return emitter.emit('divide', { shift: VALUE_BITS }, [exp, spread]);
}

/** −d − log S. */
function logarithms(
  lane: CalibratedLane,
  node: NodeOf<Softmax>,
  program: Program,
  given: { readonly distance: string; readonly sums: string; readonly x: Quantised; readonly rounding: number },
): Quantised {
  const { emitter, groups, size, count, group, expBits } = program;
  const range = {
    shift: 0,
    lo: 2 ** expBits,
    bits: expBits + Math.ceil(Math.log2(groups.size + 1)),
    ends: OWN_ENDS,
  };
  const proven = emitter.emit('requantise', range, [given.sums], { dims: [count] });
  const unit = 2 ** -expBits;
  const [argument, value] = [
    { min: 1, max: groups.size, mean: 1, rms: 1 },
    { min: 0, max: Math.max(1, Math.log(groups.size)), mean: 1, rms: 1 },
  ];
  const whole = { scale: unit, offset: 0, ...emitter.bounds(proven) };
  const cover = coverFunction(logFunction, whole, { argument, value, bits: LOG_BITS, size: count });
  const argumentOf = { node: proven, scale: unit, offset: 0 };
  const logs = emitCover(emitter, argumentOf, cover, { fn: logFunction, name: `${node.name}.log`, dims: [count] });
  const fine = VALUE_BITS - LOG_STEP_BITS;
  const factor = Math.round(cover.scale * 2 ** VALUE_BITS);
  invariant(factor === cover.scale * 2 ** VALUE_BITS, 'log S is a multiple of the unit of the result', { factor });
  const maps = [scalarMap(size, -(2 ** fine)), scaleExpand(group, count, -factor)];
  const result = emitter.emit('linear', { maps, bias: new Float64Array(size) }, [given.distance, logs]);
  const error = (5 / 4) * 2 ** -LOG_STEP_BITS + 2 ** -(STEP_BITS + 1) + 2 * given.rounding + cover.error;
  lane.declare(result, node, named('logSoftmax'), given.x, {
    range: { lo: -Infinity, hi: Infinity },
    whole: true,
    error,
  });
  return { node: result, scale: 2 ** -VALUE_BITS, offset: 0 };
}

/** log S to 2^−10 of the largest, or 1. */
const LOG_BITS = 10;

/** exp of −i steps, on to where it is below half a unit 2^−expBits. */
function expTable(expBits: number): Float64Array {
  const rows = 2 ** Math.ceil(Math.log2((expBits + 1) * Math.LN2 * 2 ** STEP_BITS));
  return Float64Array.from({ length: rows }, (_, i) => Math.round(Math.exp(-i * 2 ** -STEP_BITS) * 2 ** expBits));
}

/** Elements of each group, one group after another. */
function groupMembers(groups: AxisGroups, size: number): Uint32Array {
  const members = new Uint32Array(size);
  groups.base.forEach((base, g) => {
    for (let j = 0; j < groups.size; j++) members[g * groups.size + j] = base + j * groups.stride;
  });
  return members;
}

/** The group of each element. */
function groupOf(groups: AxisGroups, size: number): Int32Array {
  const group = new Int32Array(size);
  groups.base.forEach((base, g) => {
    for (let j = 0; j < groups.size; j++) group[base + j * groups.stride] = g;
  });
  return group;
}

function expand(group: Int32Array, count: number): LinearMap {
  return scaleExpand(group, count, 1);
}

/** y[i] = coef·x[group[i]]. */
function scaleExpand(group: Int32Array, count: number, coef: number): LinearMap {
  const builder = new LinearMapBuilder(count);
  const pattern = builder.pattern([0], [coef]);
  for (const g of group) builder.row(pattern, g);
  return builder.build();
}

function sumGroups(members: Uint32Array, width: number, size: number): { maps: LinearMap[]; bias: Float64Array } {
  const count = members.length / width;
  const builder = new LinearMapBuilder(size);
  for (let g = 0; g < count; g++) {
    const offsets = members.subarray(g * width, (g + 1) * width);
    builder.row(builder.pattern(offsets, new Float64Array(width).fill(1)), 0);
  }
  return { maps: [builder.build()], bias: new Float64Array(count) };
}
