/** Functions as one-node models, and how far what is made of them is from them over every argument of a domain. */
import type { Work } from '../src/base/work.js';
import type { IrGraph } from '../src/compile/ir/graph.js';
import type { Statistics } from '../src/compile/passes/calibrate.js';
import { quantise, quantising, type QuantisedModel } from '../src/compile/passes/quantise.js';
import { ERROR_BITS } from '../src/compile/passes/unary.js';
import type { RealGraph, RealNode } from '../src/compile/real/graph.js';
import * as functions from '../src/compile/real/unary.js';
import type { UnaryFunction } from '../src/compile/real/unary.js';
import { makeSchema } from '../src/compile/schema.js';
import type { Schema } from '../src/verify/statement.js';

export interface FunctionCase {
  readonly fn: UnaryFunction;
  /** Calibrated arguments, and the domain that is declared. */
  readonly calibrated: readonly [lo: number, hi: number];
  readonly domain: readonly [lo: number, hi: number];
}

const wide = (fn: UnaryFunction): FunctionCase => ({ fn, calibrated: [-4, 4], domain: [-60, 60] });

/** `relative` in what is swept: of reciprocals and roots. */
export const functionCases: readonly FunctionCase[] = [
  ...[functions.sigmoid, functions.tanh, functions.erfFunction, functions.gelu, functions.geluTanh].map(wide),
  ...[functions.softplus, functions.mish, functions.softsign, functions.hardSwish, functions.swish(1)].map(wide),
  ...[functions.elu(1), functions.celu(0.7), functions.selu(1.6732632, 1.050701)].map(wide),
  { fn: functions.exp, calibrated: [-4, 3], domain: [-30, 4] },
  { fn: functions.log, calibrated: [0.1, 8], domain: [0.001, 30] },
  { fn: functions.power(2.5), calibrated: [0, 4], domain: [0, 8] },
  { fn: functions.power(0.3), calibrated: [0.1, 4], domain: [0, 8] },
  { fn: functions.power(-1.5), calibrated: [0.1, 4], domain: [0.05, 8] },
  { fn: functions.reciprocal, calibrated: [0.01, 1], domain: [0.001, 1] },
  { fn: functions.reciprocal, calibrated: [-1, -0.01], domain: [-1, -0.001] },
  { fn: functions.sqrt, calibrated: [0.1, 4], domain: [0, 16] },
  { fn: functions.inverseSqrt, calibrated: [0.01, 4], domain: [0.00001, 16] },
];

const ARGUMENT_BITS = 16;
/** Elements of such a model's input. */
export const SIZE = 64;

export interface SweptModel {
  readonly model: QuantisedModel;
  /** The same again, step by step, for who assembles it. */
  readonly quantise: () => Work<QuantisedModel>;
  readonly ir: IrGraph;
  readonly schema: Schema;
  readonly levels: number;
  real(q: number): number;
}

/** A function of a model's input, by itself: the input has 2^16 values that span the domain. */
export function functionModel({ fn, calibrated, domain }: FunctionCase, bits: number): SweptModel {
  const [lo, hi] = domain;
  const scale = (hi - lo) / (2 ** ARGUMENT_BITS - 1);
  const zeroPoint = -lo / scale;
  const shape = { dims: [SIZE], dtype: 'float32' } as const;
  const nodes: RealNode[] = [
    { name: 'x', op: { kind: 'input' }, inputs: [], origin: 'x', ...shape },
    { name: 'y', op: { kind: 'unary', fn }, inputs: ['x'], origin: 'y', ...shape },
  ];
  const graph: RealGraph = { nodes, inputs: ['x'], outputs: [{ name: 'y', node: 'y', ...shape }] };
  const seen = Array.from({ length: 513 }, (_, i) => calibrated[0] + ((calibrated[1] - calibrated[0]) * i) / 512);
  const statistics = new Map([
    ['x', statisticsOf(seen)],
    ['y', statisticsOf(seen.map(fn.apply))],
  ]);
  const input = { min: lo, max: hi, bits: ARGUMENT_BITS, scale, zeroPoint, source: 'declared' } as const;
  const options = { bits, overflow: 'saturate', domains: new Map([['x', input]]) } as const;
  const model = quantise(graph, statistics, options);
  const everything = { input: 'public', output: 'public', overflow: 'saturate' } as const;
  const schema = makeSchema(graph, model, (node) => model.bounds.get(node)!, everything, new Map());
  return {
    model,
    quantise: () => quantising(graph, statistics, options),
    ir: model.ir,
    schema,
    levels: 2 ** ARGUMENT_BITS,
    real: (q) => (q - zeroPoint) * scale,
  };
}

function statisticsOf(values: readonly number[]): Statistics {
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { min: Math.min(...values), max: Math.max(...values), mean, rms: Math.sqrt(squares / values.length) };
}

/** What becomes of so many arguments; `checked`: and whether every row holds, where there are rows. */
export type Run = (q: Float64Array, checked: boolean) => Float64Array;

export interface Swept {
  /** Largest error that is declared, and that is found, and where. */
  readonly declared: number;
  readonly worst: number;
  readonly at: number;
  /** Largest value on the domain. */
  readonly largest: number;
  /** The largest error as a part of the value it is of. */
  readonly worstPart: number;
  readonly calibratedEnds: boolean;
  /** Arguments that were tried. */
  readonly points: number;
  /** Runs whose every row was checked. */
  readonly checked: number;
}

export interface Density {
  /** Every so many arguments, the last one always. */
  readonly stride?: number;
  /** Every so many runs all rows are checked, of the last one always. */
  readonly checkEvery?: number;
}

/** Runs on arguments of the whole domain, the first and the last among them. */
export function sweep(
  { fn }: FunctionCase,
  { model, levels, real }: SweptModel,
  run: Run,
  { stride = 1, checkEvery = 1 }: Density = {},
): Swept {
  const { scale, offset } = model.tensors.get('y')!;
  const all = Array.from({ length: Math.ceil((levels - 1) / stride) + 1 }, (_, i) => Math.min(i * stride, levels - 1));
  let [worst, at, largest, worstPart, checked] = [0, NaN, 0, 0, 0];
  for (let start = 0, runs = 0; start < all.length; start += SIZE, runs++) {
    const q = Float64Array.from({ length: SIZE }, (_, i) => all[Math.min(start + i, all.length - 1)]!);
    const isChecked = runs % checkEvery === 0 || start + SIZE >= all.length;
    if (isChecked) checked++;
    const y = run(q, isChecked);
    q.forEach((each, i) => {
      const value = fn.apply(real(each));
      const error = Math.abs(y[i]! * scale + offset - value);
      largest = Math.max(largest, Math.abs(value));
      if (value !== 0) worstPart = Math.max(worstPart, error / Math.abs(value));
      // Neither more nor less than NaN is an error, too.
      if (!(error <= worst)) [worst, at] = [error, real(each)];
    });
  }
  const [declared = NaN] = model.errors.values();
  return {
    declared,
    worst,
    at,
    largest,
    worstPart,
    calibratedEnds: model.notes.length > 0,
    points: all.length,
    checked,
  };
}

/** Whether an error is no more than is declared, and no more than may be declared; no end is calibrated. */
export function isWithin({ fn }: FunctionCase, swept: Swept): boolean {
  const { declared, worst, largest, worstPart, calibratedEnds } = swept;
  // Of reciprocals and roots the error is a part of each value, of others of the largest one.
  const measure = fn.inverse === undefined || fn.inverse === 'square' ? worst / largest : worstPart;
  return worst <= declared && measure <= 2 ** -ERROR_BITS && !calibratedEnds;
}
