/**
 * Writes the AssemblyScript whose text is unrolled limb by limb for the curves: src/kernels/assembly/fq2.ts (products fused with the
 * sums around them, over F_q and F_q²) and msm-glv.ts (the split of a scalar in two halves). Constants come from the BigInt twins.
 *
 * Legend as in kernel-field-source.ts: nine limbs of 29 bits, elements in [0, 2q). A "difference" is never carried: b - c becomes
 * the nine values b_i - c_i + D_i, D a spread form of 3q whose limbs are at least 2^29 - 1 (the top one at least that of 2q), so
 * that each value is in [0, 1.5·2^30) and the whole in (q, 5q).
 */
import { GLV } from '../src/field/curve-bigint.js';
import { Q, inverse, mod } from '../src/field/bn254.js';

const LIMBS = 9;
const LIMB_BITS = 29;
const MASK = (1n << 29n) - 1n;

const limbsOf = (value: bigint): bigint[] =>
  Array.from({ length: LIMBS }, (_, i) => (value >> BigInt(LIMB_BITS * i)) & MASK);
const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
const lines = (list: readonly string[]): string => list.map((line) => `  ${line}`).join('\n');

const PRIME = limbsOf(Q);

/** D: 3q with 2^29 lent to every limb but the top one by the limb above it. */
const SPREAD = limbsOf(3n * Q).map((limb, i) => limb + (i < 8 ? 1n << 29n : 0n) - (i > 0 ? 1n : 0n));

// ---- products -----------------------------------------------------------------------------------------------------------------

/** How many of the nine reduction rounds use 2^-29 mod q; the others are Montgomery's. See kernel-field-source.ts. */
const FAST_ROUNDS = 7;
const SHIFT = limbsOf(inverse(1n << 29n, Q));
const QUOTIENT = mod(-inverse(Q, 1n << 29n), 1n << 29n);

/** A product of two vectors of nine limbs in locals, by their name prefixes. */
type Product = readonly [left: string, right: string];

function columnTerms(products: readonly Product[], k: number): string[] {
  return products.flatMap(([a, b]) =>
    range(Math.max(0, k - LIMBS + 1), Math.min(k, LIMBS - 1) + 1).map((i) => `${a}${i} * ${b}${k - i}`),
  );
}

/** a·a, each mixed product once, with the doubled limbs in locals `twice`. */
function squareTerms(a: string, twice: string, k: number): string[] {
  return range(Math.max(0, k - LIMBS + 1), (k >> 1) + 1).map((i) =>
    i === k - i ? `${a}${i} * ${a}${i}` : `${twice}${i} * ${a}${k - i}`,
  );
}

function reductionTerms(k: number): string[] {
  return range(0, Math.min(k, LIMBS)).flatMap((j) => {
    const limb = (j < FAST_ROUNDS ? SHIFT[k - j - 1] : PRIME[k - j]) ?? 0n;
    return limb === 0n ? [] : [`m${j} * ${limb}`];
  });
}

/** Statements of one reduction; the result's limbs become the locals `result`0..8, i32. */
function reduced(column: (k: number) => readonly string[], result: string): string[] {
  const statements = range(0, LIMBS).map((i) => `let ${result}${i}: i32;`);
  statements.push('{', 'let t: u64 = 0;');
  for (let k = 0; k < 2 * LIMBS; k++) {
    const terms = [...column(k), ...reductionTerms(k)];
    if (terms.length > 0) statements.push(`t += ${terms.join(' + ')};`);
    if (k < FAST_ROUNDS) {
      statements.push(`const m${k}: u64 = t & ${MASK};`, 't >>= 29;');
    } else if (k < LIMBS) {
      statements.push(`const m${k}: u64 = <u64>((<u32>t * <u32>${QUOTIENT}) & ${MASK});`);
      statements.push(`t = (t + m${k} * ${PRIME[0]!}) >> 29;`);
    } else if (k < 2 * LIMBS - 1) {
      statements.push(`${result}${k - LIMBS} = <i32>t & ${MASK};`, 't >>= 29;');
    } else {
      statements.push(`${result}${k - LIMBS} = <i32>t;`);
    }
  }
  return [...statements, '}'];
}

const sum = (products: readonly Product[], result: string): string[] =>
  reduced((k) => columnTerms(products, k), result);

// ---- operands and results -------------------------------------------------------------------------------------------------------

/** An element in memory: pointer expression and byte offset. */
interface Element {
  readonly pointer: string;
  readonly offset: number;
}
const at = (pointer: string, component = 0): Element => ({ pointer, offset: 36 * component });
const limb = ({ pointer, offset }: Element, i: number): string => `load<i32>(${pointer}, ${offset + 4 * i})`;

/** Loads limbs as i32 locals. */
const narrow = (name: string, element: Element): string[] =>
  range(0, LIMBS).map((i) => `const ${name}${i}: i32 = ${limb(element, i)};`);
/** Loads limbs as u64 locals. */
const wide = (name: string, { pointer, offset }: Element): string[] =>
  range(0, LIMBS).map((i) => `const ${name}${i}: u64 = load<u32>(${pointer}, ${offset + 4 * i});`);
/** u64 locals from i32 expressions that are not negative. */
const widen = (name: string, expression: (i: number) => string): string[] =>
  range(0, LIMBS).map((i) => `const ${name}${i}: u64 = <u32>(${expression(i)});`);
/** The difference a - b of i32 locals. */
const difference = (name: string, a: string, b: string): string[] =>
  widen(name, (i) => `${a}${i} - ${b}${i} + ${SPREAD[i]!}`);
const store = (element: Element, name: string): string[] =>
  range(0, LIMBS).map((i) => `store<i32>(${element.pointer}, ${name}${i}, ${element.offset + 4 * i});`);

/**
 * Stores the value x - y_1 - … - y_n of i32 locals, x below 1.2q and each y in [0, 2q), brought to [0, 2q), into `out` and the
 * locals `result`. With v the value of limb 8 alone, the whole is in ((v - n)·2^232, (v + 1)·2^232); adding q once for each of
 * the 2n thresholds v < n - j·q8, j = 0..2n-1, leads to [0, q + (n + 2)·2^232 + 2n·2^232), well below 2q.
 */
function settle(out: Element, x: string, subtrahends: readonly string[], result: string): string[] {
  const n = subtrahends.length;
  const term = (i: number): string => [`${x}${i}`, ...subtrahends.map((y) => `${y}${i}`)].join(' - ');
  const top = PRIME[8]!;
  const thresholds = range(0, 2 * n).map((j) => `((v - ${BigInt(n) - BigInt(j) * top}) >>> 31)`);
  const statements = range(0, LIMBS).map((i) => `let ${result}${i}: i32;`);
  statements.push('{', `const v: i32 = ${term(8)};`, `const multiple: i32 = <i32>(${thresholds.join(' + ')});`);
  // Up to 4·2^29 and a limb: one bit too many for i32.
  const wideTerm = (i: number): string =>
    n > 1 ? `<i64>(${term(i)}) + <i64>multiple * ${PRIME[i]!}` : `${term(i)} + multiple * ${PRIME[i]!}`;
  statements.push(`let t: ${n > 1 ? 'i64' : 'i32'} = ${wideTerm(0)};`, `${result}0 = <i32>t & ${MASK};`);
  for (const i of range(1, LIMBS)) {
    statements.push(`t = (t >> 29) + (${wideTerm(i)});`, `${result}${i} = <i32>t${i < 8 ? ` & ${MASK}` : ''};`);
  }
  return [...statements, '}', ...store(out, result)];
}

function definition(comment: string, signature: string, body: readonly string[]): string {
  return `
/** ${comment} */
export function ${signature}: void {
${lines(body)}
}
`;
}

// ---- over F_q -------------------------------------------------------------------------------------------------------------------

function primeFunctions(): string {
  return [
    definition('a·(b - c).', 'fq_mul_diff(out: usize, a: usize, b: usize, c: usize)', [
      ...wide('a', at('a')),
      ...narrow('b', at('b')),
      ...narrow('c', at('c')),
      ...difference('d', 'b', 'c'),
      ...sum([['a', 'd']], 'r'),
      ...store(at('out'), 'r'),
    ]),
    definition(
      'The chord: p = (x, y) becomes the third point (x3, -(…)) of the line of slope s through p and a point of abscissa x2: x3 = s² - x - x2, y3 = s·(x - x3) - y.',
      'fq_chord(p: usize, slope: usize, x2: usize)',
      [
        ...wide('s', at('slope')),
        ...narrow('x', at('p')),
        ...narrow('w', at('x2')),
        ...widen('e', (i) => `load<i32>(slope, ${4 * i}) << 1`),
        ...reduced((k) => squareTerms('s', 'e', k), 'q'),
        ...settle(at('p'), 'q', ['x', 'w'], 'z'),
        ...difference('d', 'x', 'z'),
        ...sum([['s', 'd']], 'r'),
        ...narrow('y', at('p', 1)),
        ...settle(at('p', 1), 'r', ['y'], 'o'),
      ],
    ),
  ].join('');
}

// ---- over F_q² = F_q[u]/(u² + 1), elements (c0, c1) --------------------------------------------------------------------------------

/** Loads the element at `pointer` as `name`0_… no: components `n`0.. are locals `<name>r` and `<name>i`. */
const wideTwo = (name: string, pointer: string): string[] => [
  ...wide(`${name}r`, at(pointer, 0)),
  ...wide(`${name}i`, at(pointer, 1)),
];
const narrowTwo = (name: string, pointer: string, first = 0): string[] => [
  ...narrow(`${name}r`, at(pointer, first)),
  ...narrow(`${name}i`, at(pointer, first + 1)),
];

/** (a0 + a1·u)·(d0 + d1·u) with `n` holding -d1: locals ar, ai, dr, di, ni become rr, ri. */
const productTwo = (a: string, d: string, result: string): string[] => [
  ...sum(
    [
      [`${a}r`, `${d}r`],
      [`${a}i`, `${d}n`],
    ],
    `${result}r`,
  ),
  ...sum(
    [
      [`${a}r`, `${d}i`],
      [`${a}i`, `${d}r`],
    ],
    `${result}i`,
  ),
];

/** Locals dr, di, dn of the difference b - c. */
const differenceTwo = (d: string, b: string, c: string): string[] => [
  ...difference(`${d}r`, `${b}r`, `${c}r`),
  ...difference(`${d}i`, `${b}i`, `${c}i`),
  ...difference(`${d}n`, `${c}i`, `${b}i`),
];

/** (a0 + a1)(a0 - a1) + 2·a0·a1·u from i32 locals. Values below 4q and 5q, limbs below 2^30 and 1.5·2^30. */
const squareTwo = (a: string, result: string): string[] => [
  ...widen('sp', (i) => `${a}r${i} + ${a}i${i}`),
  ...difference('sd', `${a}r`, `${a}i`),
  ...widen('st', (i) => `${a}r${i} << 1`),
  ...widen('sw', (i) => `${a}i${i}`),
  ...sum([['sp', 'sd']], `${result}r`),
  ...sum([['st', 'sw']], `${result}i`),
];

function quadraticFunctions(): string {
  return [
    definition('a·b.', 'fq2_mul(out: usize, a: usize, b: usize)', [
      ...wideTwo('a', 'a'),
      ...narrowTwo('b', 'b'),
      ...widen('dr', (i) => `br${i}`),
      ...widen('di', (i) => `bi${i}`),
      ...widen('dn', (i) => `${SPREAD[i]!} - bi${i}`),
      ...productTwo('a', 'd', 'r'),
      ...store(at('out', 0), 'rr'),
      ...store(at('out', 1), 'ri'),
    ]),
    definition('a².', 'fq2_sqr(out: usize, a: usize)', [
      ...narrowTwo('a', 'a'),
      ...squareTwo('a', 'r'),
      ...store(at('out', 0), 'rr'),
      ...store(at('out', 1), 'ri'),
    ]),
    definition('a·(b - c).', 'fq2_mul_diff(out: usize, a: usize, b: usize, c: usize)', [
      ...wideTwo('a', 'a'),
      ...narrowTwo('b', 'b'),
      ...narrowTwo('c', 'c'),
      ...differenceTwo('d', 'b', 'c'),
      ...productTwo('a', 'd', 'r'),
      ...store(at('out', 0), 'rr'),
      ...store(at('out', 1), 'ri'),
    ]),
    definition('fq_chord over F_q².', 'fq2_chord(p: usize, slope: usize, x2: usize)', [
      ...narrowTwo('s', 'slope'),
      ...narrowTwo('x', 'p'),
      ...narrowTwo('w', 'x2'),
      ...squareTwo('s', 'q'),
      ...settle(at('p', 0), 'qr', ['xr', 'wr'], 'zr'),
      ...settle(at('p', 1), 'qi', ['xi', 'wi'], 'zi'),
      ...differenceTwo('d', 'x', 'z'),
      ...widen('ar', (i) => `sr${i}`),
      ...widen('ai', (i) => `si${i}`),
      ...productTwo('a', 'd', 'r'),
      ...narrowTwo('y', 'p', 2),
      ...settle(at('p', 2), 'rr', ['yr'], 'or'),
      ...settle(at('p', 3), 'ri', ['yi'], 'oi'),
    ]),
  ].join('');
}

export function fusedSource(): string {
  return `// Written by scripts/kernel-curve-source.ts; change that file, then run it and scripts/build-kernels.ts.
//
// Products fused with the sums around them, over F_q and over F_q² = F_q[u]/(u² + 1) (72 bytes: c0, then c1).
// Inputs and outputs are in [0, 2q) with limbs below 2^29; out may alias any input.
//
// Bounds of a column, all below 2^64: two products of a limb below 2^29 by a difference's below 1.5·2^30 are 27·2^59 over nine
// terms each, one of 2^30 by 1.5·2^30 is 27·2^59 too; the reduction adds 9·2^58 and a carry below 2^36. The products' values are
// at most 2·(2q·5q) or 4q·5q = 20q², far below the 169q² up to which a reduction ends below 2q; it ends below 1.2q.
${primeFunctions()}${quadraticFunctions()}`;
}
