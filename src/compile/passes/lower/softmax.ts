/**
 * Softmax and LogSoftmax as integer programs: m = max x, d = m − x, e = exp(−d) by table, S = Σ e;
 * softmax = ⌊e·2^16 / S⌋, logSoftmax = −d − log S with log by table. Arguments are rounded to 1/256 (error of exp: 0.2 %).
 */
import { OWN_ENDS } from '../../ir/graph.js';
import type { AxisGroups } from '../../real/graph.js';
import { LinearMapBuilder, scalarMap, type LinearMap } from '../../real/linear-map.js';
import type { RealOpOf } from '../../real/op.js';
import type { Statistics } from '../calibrate.js';
import type { IrEmitter } from '../emitter.js';
import type { Lowering } from '../lowering.js';
import { requantise, type Quantised } from '../scales.js';

/** Step of the argument of exp. */
const STEP_BITS = 8;
/** exp values have this many fractional bits; exp(−12) < 2^−17 rounds to 0. */
const EXP_BITS = 16;
const EXP_ROWS = 12 * 2 ** STEP_BITS;

const CALIBRATED = { calibrated: { lo: true, hi: true }, rigid: true } as const;

export const softmax: Lowering<RealOpOf<'softmax'>> = {
  calibrated(lane, { op, inputs }) {
    const [source] = inputs as [string];
    return lowerSoftmax(lane.emitter, op, lane.tensor(source), lane.stats(source));
  },
  isPrecise: true,
};

function lowerSoftmax(emitter: IrEmitter, op: RealOpOf<'softmax'>, x: Quantised, stats: Statistics): Quantised {
  const { groups, log } = op;
  const size = emitter.fact(x.node).size;
  const quarter = (stats.max - stats.min) / 4;
  const ends = stats.range ?? { lo: stats.min - quarter, hi: stats.max + quarter };
  const bits = Math.max(STEP_BITS + 2, Math.ceil(Math.log2((ends.hi - ends.lo + 1) * 2 ** STEP_BITS)));
  const lo = Math.floor(ends.lo * 2 ** STEP_BITS);
  const rounded = requantise(emitter, x, { scale: 2 ** -STEP_BITS, lo, bits, ...CALIBRATED });
  const members = groupMembers(groups, size);
  const group = groupOf(groups, size);

  const count = groups.base.length;
  const start = Uint32Array.from({ length: count + 1 }, (_, g) => g * groups.size);
  const max = emitter.emit('maxWindows', { start, index: members }, [rounded.node], { dims: [count] });
  const toGroups = { maps: [expand(group, count), scalarMap(size, -1)], bias: new Float64Array(size) };
  const distance = emitter.emit('linear', toGroups, [max, rounded.node]);
  // Beyond the table exp is 0 to its stated error.
  const reach = { shift: 0, lo: 0, bits: Math.ceil(Math.log2(EXP_ROWS)), ends: OWN_ENDS };
  const index = emitter.emit('requantise', reach, [distance]);
  const exp = emitter.emit('table', { name: `exp:${STEP_BITS}:${EXP_BITS}`, lo: 0, values: expTable() }, [index]);
  const sums = emitter.emit('linear', sumGroups(members, groups.size, size), [exp], { dims: [count] });
  if (!log) {
    // exp(0) = 2^EXP_BITS is always among the summands; interval analysis does not see it, so a clamp that changes nothing proves it.
    const range = {
      shift: 0,
      lo: 2 ** EXP_BITS,
      bits: EXP_BITS + Math.ceil(Math.log2(groups.size + 1)),
      ends: OWN_ENDS,
    };
    const proven = emitter.emit('requantise', range, [sums], { dims: [count] });
    const spread = emitter.emit('linear', { maps: [expand(group, count)], bias: new Float64Array(size) }, [proven]);
    return { node: emitter.emit('divide', { shift: 16 }, [exp, spread]), scale: 2 ** -16, offset: 0 };
  }
  const logs = logTable(emitter, sums, groups.size, count);
  const fine = LOG_SCALE_BITS - STEP_BITS;
  const maps = [scalarMap(size, -(2 ** fine)), scaleExpand(group, count, -1)];
  const value = emitter.emit('linear', { maps, bias: new Float64Array(size) }, [distance, logs]);
  return { node: value, scale: 2 ** -LOG_SCALE_BITS, offset: 0 };
}

/** Fractional bits of log S. */
const LOG_SCALE_BITS = 12;

function expTable(): Float64Array {
  const rows = 2 ** Math.ceil(Math.log2(EXP_ROWS));
  return Float64Array.from({ length: rows }, (_, i) => Math.round(Math.exp(-i * 2 ** -STEP_BITS) * 2 ** EXP_BITS));
}

/** log(S / 2^EXP_BITS) of S ∈ [2^EXP_BITS, n·2^EXP_BITS], S rounded to a step of at most 2^−8: log is off by at most 2^−9. */
function logTable(emitter: IrEmitter, sums: string, n: number, count: number): string {
  const bits = Math.max(12, Math.ceil(Math.log2(n)) + 8);
  const shift = Math.max(0, EXP_BITS + Math.ceil(Math.log2(n)) - bits);
  const lo = 2 ** (EXP_BITS - shift);
  const index = emitter.emit('requantise', { shift, lo, bits, ends: OWN_ENDS }, [sums], { dims: [count] });
  const values = Float64Array.from({ length: 2 ** bits }, (_, i) =>
    Math.round(Math.log(((lo + i) * 2 ** shift) / 2 ** EXP_BITS) * 2 ** LOG_SCALE_BITS),
  );
  return emitter.emit('table', { name: `log:${shift}:${LOG_SCALE_BITS}`, lo, values }, [index], { dims: [count] });
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
