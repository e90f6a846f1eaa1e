/** F = F_p[u]/(u² − 7), p = 2^64 − 2^32 + 1, in plain BigInt: section 1 of docs/soundness/clear.md. */

export const P = 2n ** 64n - 2n ** 32n + 1n;

/** c0 + c1·u, both in [0, p). */
export type Element = readonly [bigint, bigint];

export const ZERO: Element = [0n, 0n];
export const ONE: Element = [1n, 0n];

export function residue(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

export function base(value: bigint | number): Element {
  return [residue(BigInt(value)), 0n];
}

export function add(a: Element, b: Element): Element {
  return [(a[0] + b[0]) % P, (a[1] + b[1]) % P];
}

export function sub(a: Element, b: Element): Element {
  return [(a[0] - b[0] + P) % P, (a[1] - b[1] + P) % P];
}

export function mul(a: Element, b: Element): Element {
  return [(a[0] * b[0] + 7n * a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P];
}

/** By a residue of F_p. */
export function scale(a: Element, by: bigint): Element {
  return [(a[0] * by) % P, (a[1] * by) % P];
}

export function negate(a: Element): Element {
  return sub(ZERO, a);
}

export function sum(elements: readonly Element[]): Element {
  return elements.reduce(add, ZERO);
}

export function equal(a: Element, b: Element): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

export function powerOf(value: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = value;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

export function inverse(value: bigint): bigint {
  return powerOf(value, P - 2n);
}

/** ω_k of order 2^k. */
export function root(k: number): bigint {
  return powerOf(7n, (P - 1n) >> BigInt(k));
}

/** 1, x, x², …: `count` of them. */
export function powers(x: Element, count: number): Element[] {
  const list: Element[] = [];
  for (let power = ONE; list.length < count; power = mul(power, x)) list.push(power);
  return list;
}

/** eq(r, i) of every i < 2^r.length; variable k is bit k of i. */
export function eqTable(r: readonly Element[]): Element[] {
  return r.reduce<Element[]>((low, x) => [...low.map((e) => mul(e, sub(ONE, x))), ...low.map((e) => mul(e, x))], [ONE]);
}

/** Π r_k·s_k + (1 − r_k)(1 − s_k). */
export function eqPoints(r: readonly Element[], s: readonly Element[]): Element {
  return r.reduce((product, x, k) => {
    const y = s[k] ?? ZERO;
    return mul(product, add(mul(x, y), mul(sub(ONE, x), sub(ONE, y))));
  }, ONE);
}

/** ⌈log2 n⌉ of n ≥ 1. */
export function log2Ceil(n: number): number {
  let log = 0;
  while (2 ** log < n) log++;
  return log;
}

export function variablesOf(dims: readonly number[]): number {
  return dims.reduce((total, dim) => total + log2Ceil(dim), 0);
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** w(r, i) of every element of a box, row-major: section 2. A point may have more variables than the box. */
export function boxWeights(r: readonly Element[], dims: readonly number[]): Element[] {
  let weights = [ONE];
  let at = 0;
  for (const dim of [...dims].reverse()) {
    const end = at + log2Ceil(dim);
    const inner = weights;
    weights = eqTable(r.slice(at, end))
      .slice(0, dim)
      .flatMap((x) => inner.map((y) => mul(x, y)));
    at = end;
  }
  return weights;
}
