/** Functions as one-node models, and how far their integer programs are from them over every argument of a domain. */
import { Interpreter } from '../src/compile/ir/program.js';
import type { IrGraph } from '../src/compile/ir/graph.js';
import type { Statistics } from '../src/compile/passes/calibrate.js';
import { quantise, type QuantisedModel } from '../src/compile/passes/quantise.js';
import type { RealGraph, RealNode } from '../src/compile/real/graph.js';
import * as functions from '../src/compile/real/unary.js';
import type { UnaryFunction } from '../src/compile/real/unary.js';

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
const SIZE = 64;

export interface SweptModel {
  readonly model: QuantisedModel;
  readonly ir: IrGraph;
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
  const model = quantise(graph, statistics, { bits, overflow: 'saturate', domains: new Map([['x', input]]) });
  return { model, ir: model.ir, levels: 2 ** ARGUMENT_BITS, real: (q) => (q - zeroPoint) * scale };
}

function statisticsOf(values: readonly number[]): Statistics {
  const squares = values.reduce((sum, value) => sum + value ** 2, 0);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { min: Math.min(...values), max: Math.max(...values), mean, rms: Math.sqrt(squares / values.length) };
}

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
}

/** Runs the integer program on every `stride`-th argument, the first and the last among them. */
export function sweep(given: FunctionCase, bits: number, stride = 1): Swept {
  const { model, ir, levels, real } = functionModel(given, bits);
  const interpreter = new Interpreter(ir);
  const [output] = ir.outputs;
  const { scale, offset } = model.tensors.get('y')!;
  const all = [...Array.from({ length: Math.ceil(levels / stride) }, (_, i) => i * stride), levels - 1];
  let [worst, at, largest, worstPart] = [0, NaN, 0, 0];
  for (let start = 0; start < all.length; start += SIZE) {
    const q = Float64Array.from({ length: SIZE }, (_, i) => all[Math.min(start + i, all.length - 1)]!);
    const y = interpreter.run(new Map([[ir.inputs[0]!, q]])).get(output!.node)!;
    q.forEach((each, i) => {
      const value = given.fn.apply(real(each));
      const error = Math.abs(y[i]! * scale + offset - value);
      largest = Math.max(largest, Math.abs(value));
      if (value !== 0) worstPart = Math.max(worstPart, error / Math.abs(value));
      if (error > worst) [worst, at] = [error, real(each)];
    });
  }
  const [declared] = model.errors.values();
  return { declared: declared ?? NaN, worst, at, largest, worstPart, calibratedEnds: model.notes.length > 0 };
}
