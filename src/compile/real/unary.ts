/**
 * Functions of one variable. `name` is the identity of a function: equal names are equal functions, attributes included. A function is
 * NaN or infinite where it is not defined; nothing else says so.
 */

export interface UnaryFunction {
  readonly name: string;
  readonly apply: (x: number) => number;
  /** The operation that it undoes: it is computed from that, exactly, to a part of each value. */
  readonly inverse?: InverseOf;
}

/** x·y = 1, y² = x, x·y² = 1. */
export type InverseOf = 'product' | 'square' | 'productWithSquare';

function named(name: string, apply: (x: number) => number, inverse?: InverseOf): UnaryFunction {
  return inverse === undefined ? { name, apply } : { name, apply, inverse };
}

/** inner, then outer: one function. */
export function composed(outer: UnaryFunction, inner: UnaryFunction): UnaryFunction {
  return named(`${outer.name}(${inner.name})`, (x) => outer.apply(inner.apply(x)));
}

/**
 * erf to 1e-15. Below 2.5: 2/√π·e^(−x²)·Σ 2^n·x^(2n+1)/(2n+1)!! (Abramowitz and Stegun 7.1.6, all terms of one sign); beyond: 1 − erfc by the
 * continued fraction 7.1.14, evaluated from a fixed depth.
 */
export function erf(x: number): number {
  const z = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  if (z > 6) return Math.sign(x);
  return Math.sign(x) * (z < 2.5 ? erfSeries(z) : 1 - erfcFraction(z));
}

function erfSeries(z: number): number {
  let [term, sum] = [z, z];
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= (2 * z * z) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
}

function erfcFraction(z: number): number {
  let tail = z;
  for (let n = 60; n > 0; n--) tail = z + n / 2 / tail;
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / tail;
}

const sigmoidOf = (x: number) => 1 / (1 + Math.exp(-x));
/** log(1 + e^x), without overflow. */
const softplusOf = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clampOf = (x: number, lo: number, hi: number) => Math.min(Math.max(x, lo), hi);

export const sigmoid = named('sigmoid', sigmoidOf);
export const tanh = named('tanh', Math.tanh);
export const exp = named('exp', Math.exp);
export const log = named('log', Math.log);
export const sqrt = named('sqrt', Math.sqrt, 'square');
export const reciprocal = named('reciprocal', (x) => 1 / x, 'product');
export const inverseSqrt = named('power:-0.5', (x) => x ** -0.5, 'productWithSquare');
export const erfFunction = named('erf', erf);
export const gelu = named('gelu', (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)));
export const geluTanh = named(
  'gelu:tanh',
  (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
);
export const softplus = named('softplus', softplusOf);
export const mish = named('mish', (x) => x * Math.tanh(softplusOf(x)));
export const softsign = named('softsign', (x) => x / (1 + Math.abs(x)));
export const hardSwish = named('hardSwish', (x) => x * clampOf(x / 6 + 0.5, 0, 1));

export const swish = (alpha: number) => named(`swish:${alpha}`, (x) => x * sigmoidOf(alpha * x));
export const elu = (alpha: number) => named(`elu:${alpha}`, (x) => (x >= 0 ? x : alpha * Math.expm1(x)));
export const celu = (alpha: number) => named(`celu:${alpha}`, (x) => (x >= 0 ? x : alpha * Math.expm1(x / alpha)));
export const selu = (alpha: number, gamma: number) =>
  named(`selu:${alpha}:${gamma}`, (x) => gamma * (x >= 0 ? x : alpha * Math.expm1(x)));
/** Of what has an inverse, that one. */
export const power = (exponent: number): UnaryFunction =>
  ({ '0.5': sqrt, '-1': reciprocal, '-0.5': inverseSqrt })[exponent] ??
  named(`power:${exponent}`, (x) => x ** exponent);
/** `composed`, without a trace of an inner function that does nothing. */
export const after = (outer: UnaryFunction, inner: UnaryFunction) =>
  inner === identity ? outer : composed(outer, inner);
/** Steps of a chain that is one function. */
export const affine = (factor: number, offset: number) => named(`${factor}x+${offset}`, (x) => factor * x + offset);
export const clamp = (lo: number, hi: number) => named(`clamp:${lo}:${hi}`, (x) => clampOf(x, lo, hi));
export const leakyRelu = (slope: number) => named(`leaky:${slope}`, (x) => (x >= 0 ? x : slope * x));
export const identity = named('x', (x) => x);
/** f·g, argument by argument. */
export const productOf = (f: UnaryFunction, g: UnaryFunction) =>
  named(`${f.name}*${g.name}`, (x) => f.apply(x) * g.apply(x));
/** offset + Σ factors[i]·f_i. */
export const sumOf = (fs: readonly UnaryFunction[], factors: readonly number[], offset: number) =>
  named(`(${fs.map((f, i) => `${factors[i]}*${f.name}`).join('+')}+${offset})`, (x) =>
    fs.reduce((sum, f, i) => sum + factors[i]! * f.apply(x), offset),
  );
