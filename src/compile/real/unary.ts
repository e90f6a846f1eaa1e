/**
 * Functions of one variable. `name` is the identity of a function: equal names are equal functions, attributes included. A function is
 * NaN or infinite where it is not defined; nothing else says so.
 */

import { imageByTurns, imageOf, UNKNOWN, widened, type Image } from './image.js';

export interface UnaryFunction {
  readonly name: string;
  readonly apply: (x: number) => number;
  /** An interval that holds f of every x in [lo, hi]; [−∞, ∞], or left out, where nothing is known. May be wider than the image. */
  readonly image?: Image;
  /** The operation that it undoes: it is computed from that, exactly, to a part of each value. */
  readonly inverse?: InverseOf;
}

/** x·y = 1, y² = x, x·y² = 1. */
export type InverseOf = 'product' | 'square' | 'productWithSquare';

/** A function that rises or falls, or does both and changes over at `turns` alone; not defined below `from`. */
function named(
  name: string,
  apply: (x: number) => number,
  turns: readonly number[] = [],
  from = -Infinity,
): UnaryFunction {
  return { name, apply, image: imageByTurns(apply, turns, from) };
}

/** inner, then outer: one function. */
export function composed(outer: UnaryFunction, inner: UnaryFunction): UnaryFunction {
  const apply = (x: number) => outer.apply(inner.apply(x));
  return { name: `${outer.name}(${inner.name})`, apply, image: (lo, hi) => imageOf(outer, ...imageOf(inner, lo, hi)) };
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
export const log = named('log', Math.log, [], 0);
export const sqrt: UnaryFunction = { ...named('sqrt', Math.sqrt, [], 0), inverse: 'square' };
export const reciprocal: UnaryFunction = {
  name: 'reciprocal',
  apply: (x) => 1 / x,
  image: (lo, hi) => (lo > 0 || hi < 0 ? widened(1 / hi, 1 / lo) : UNKNOWN),
  inverse: 'product',
};
export const inverseSqrt: UnaryFunction = {
  name: 'power:-0.5',
  apply: (x) => x ** -0.5,
  image: (lo, hi) => (lo > 0 ? widened(hi ** -0.5, lo ** -0.5) : UNKNOWN),
  inverse: 'productWithSquare',
};
export const erfFunction = named('erf', erf);
export const gelu = named('gelu', (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)), [-0.75179152469356]);
export const geluTanh = named(
  'gelu:tanh',
  (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  [-0.75246142207101],
);
export const softplus = named('softplus', softplusOf);
export const mish = named('mish', (x) => x * Math.tanh(softplusOf(x)), [-1.1924312145]);
export const softsign = named('softsign', (x) => x / (1 + Math.abs(x)));
export const hardSwish = named('hardSwish', (x) => x * clampOf(x / 6 + 0.5, 0, 1), [-3, -1.5, 0]);

export const swish = (alpha: number) =>
  named(`swish:${alpha}`, (x) => x * sigmoidOf(alpha * x), [-1.27846454276107 / alpha]);
export const elu = (alpha: number) => named(`elu:${alpha}`, (x) => (x >= 0 ? x : alpha * Math.expm1(x)), [0]);
export const celu = (alpha: number) => named(`celu:${alpha}`, (x) => (x >= 0 ? x : alpha * Math.expm1(x / alpha)), [0]);
export const selu = (alpha: number, gamma: number) =>
  named(`selu:${alpha}:${gamma}`, (x) => gamma * (x >= 0 ? x : alpha * Math.expm1(x)), [0]);
/** Of what has an inverse, that one. Below 0 a power is defined for whole exponents alone, and has a pole at 0 where they are negative. */
export const power = (exponent: number): UnaryFunction => {
  const known = { '0.5': sqrt, '-1': reciprocal, '-0.5': inverseSqrt }[exponent];
  if (known !== undefined) return known;
  const fn = named(`power:${exponent}`, (x) => x ** exponent, [0], Number.isInteger(exponent) ? -Infinity : 0);
  const isPole = (lo: number, hi: number) => exponent < 0 && lo <= 0 && hi >= 0;
  return { ...fn, image: (lo, hi) => (isPole(lo, hi) ? UNKNOWN : fn.image!(lo, hi)) };
};
/** `composed`, without a trace of an inner function that does nothing. */
export const after = (outer: UnaryFunction, inner: UnaryFunction) =>
  inner === identity ? outer : composed(outer, inner);
/** Steps of a chain that is one function. */
export const affine = (factor: number, offset: number) => named(`${factor}x+${offset}`, (x) => factor * x + offset);
export const clamp = (lo: number, hi: number) => named(`clamp:${lo}:${hi}`, (x) => clampOf(x, lo, hi));
export const leakyRelu = (slope: number) => named(`leaky:${slope}`, (x) => (x >= 0 ? x : slope * x), [0]);
export const identity = named('x', (x) => x);
/** f·g, argument by argument. */
export const productOf = (f: UnaryFunction, g: UnaryFunction): UnaryFunction => ({
  name: `${f.name}*${g.name}`,
  apply: (x) => f.apply(x) * g.apply(x),
  image(lo, hi) {
    const [a, b] = [imageOf(f, lo, hi), imageOf(g, lo, hi)];
    const corners = a.flatMap((p) => b.map((q) => p * q));
    return widened(Math.min(...corners), Math.max(...corners));
  },
});
/** offset + Σ factors[i]·f_i. */
export const sumOf = (fs: readonly UnaryFunction[], factors: readonly number[], offset: number): UnaryFunction => ({
  name: `(${fs.map((f, i) => `${factors[i]}*${f.name}`).join('+')}+${offset})`,
  apply: (x) => fs.reduce((sum, f, i) => sum + factors[i]! * f.apply(x), offset),
  image(lo, hi) {
    const images = fs.map((f, i) => imageOf(f, lo, hi).map((value) => factors[i]! * value) as [number, number]);
    const reach = images.reduce((sum, image) => sum + Math.max(...image.map(Math.abs)), Math.abs(offset));
    const slack = reach * 2 ** -44;
    return [
      images.reduce((sum, image) => sum + Math.min(...image), offset - slack),
      images.reduce((sum, image) => sum + Math.max(...image), offset + slack),
    ];
  },
});
