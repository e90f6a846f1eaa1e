/**
 * Writes the AssemblyScript whose text is unrolled limb by limb for the curves: src/kernels/assembly/fq2.ts (products fused with the
 * sums around them, over F_q and F_q²) and msm-glv.ts (the split of a scalar in two halves). Constants come from the BigInt twins.
 *
 * Legend as in kernel-limbs.ts: nine limbs of 29 bits, elements in [0, 2q). A "difference" is never carried: b - c becomes
 * the nine values b_i - c_i + D_i, D a spread form of 3q whose limbs are at least 2^29 - 1 (the top one at least that of 2q), so
 * that each value is in [0, 1.5·2^30) and the whole in (q, 5q).
 */
import { Q, R, mod } from '../src/field/bn254.js';
import { GLV, roundedQuotient } from '../src/field/curve-bigint.js';
import { LIMBS, LIMB_BITS, MASK, columns, limbsOf, lines, pairs, range, toLocals } from './kernel-limbs.js';

const PRIME = limbsOf(Q);

/** D: 3q with 2^29 lent to every limb but the top one by the limb above it. */
const SPREAD = limbsOf(3n * Q).map((limb, i) => limb + (i < 8 ? 1n << 29n : 0n) - (i > 0 ? 1n : 0n));

// ---- products -----------------------------------------------------------------------------------------------------------------

/** A product of two vectors of nine limbs in locals, by their name prefixes. */
type Product = readonly [left: string, right: string];

/** a·a at column k, each mixed product once, with the doubled limbs in locals `twice`. */
function squareTerms(a: string, twice: string, k: number): string[] {
  return pairs(k)
    .filter(([i, j]) => i <= j)
    .map(([i, j]) => (i === j ? `${a}${i} * ${a}${i}` : `${twice}${i} * ${a}${j}`));
}

/** Statements of one reduction; the result's limbs become the locals `result`0..8, i32. */
function reduced(column: (k: number) => readonly string[], result: string): string[] {
  return columns(Q, column, { sink: toLocals(result), tag: `_${result}` });
}

/** The sum of products under one reduction. */
function sum(products: readonly Product[], result: string): string[] {
  return reduced((k) => products.flatMap(([a, b]) => pairs(k).map(([i, j]) => `${a}${i} * ${b}${j}`)), result);
}

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
 * Stores the value x - y_1 - … - y_n of i32 locals, all in [0, 2q), brought to [0, 2q), into `out` and the
 * locals `result`. With v the value of limb 8 alone, the whole is in ((v - n)·2^232, (v + 1)·2^232); adding q once for each of
 * the 2n thresholds v < n - j·q8, j = 0..2n-1, leads to [0, q + 3n·2^232 + 2^233) if any is added, and all of it
 * is below 2q.
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
      'p = (x, y) becomes its sum with a point of abscissa w at `other`, s the slope of the line through both:\n *  x3 = s² - x - w, y3 = s·(x - x3) - y.',
      'fq_chord(p: usize, slope: usize, other: usize)',
      [
        ...wide('s', at('slope')),
        ...narrow('x', at('p')),
        ...narrow('w', at('other')),
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
//
// One function a component: V8 keeps the limbs of one reduction in registers, but a function with two takes twice the time of both.

/** Pointer parameters of these names. */
const parameters = (names: string): string =>
  names
    .split(' ')
    .map((name) => `${name}: usize`)
    .join(', ');

/** The functions `name`_0 and `name`_1 of the components, and `name`, which calls both. */
function byComponent(
  comment: string,
  name: string,
  operands: readonly string[],
  component: (index: 0 | 1) => readonly string[],
): string {
  const signature = parameters(['out', ...operands].join(' '));
  const call = (index: number): string => `${name}_${index}(${['out', ...operands].join(', ')});`;
  return [
    definition(`c0 of ${name}.`, `${name}_0(${signature})`, component(0)),
    definition(`c1 of ${name}.`, `${name}_1(${signature})`, component(1)),
    definition(comment, `${name}(${signature})`, [call(0), call(1)]),
  ].join('');
}

/** Component `index` of a·d as locals r, of an `a` in memory, from locals `dr` and `di`, or `dn` = -di. */
function componentOf(index: 0 | 1, d: (name: 'dr' | 'di' | 'dn') => readonly string[]): string[] {
  const second = index === 0 ? 'dn' : 'di';
  const products: Product[] =
    index === 0
      ? [
          ['ar', 'dr'],
          ['ai', 'dn'],
        ]
      : [
          ['ar', 'di'],
          ['ai', 'dr'],
        ];
  return [...wide('ar', at('a', 0)), ...wide('ai', at('a', 1)), ...d('dr'), ...d(second), ...sum(products, 'r')];
}

/** Component `index` of a·b. */
const productComponent = (index: 0 | 1): string[] =>
  componentOf(index, (name) => {
    if (name === 'dn') return widen(name, (i) => `${SPREAD[i]!} - ${limb(at('b', 1), i)}`);
    return wide(name, at('b', name === 'dr' ? 0 : 1));
  });

/** r = a·(b - c) + d·(e - f) over F_q, six pointers. */
const dotDifference = (): string[] => [
  ...wide('u', at('a')),
  ...widen('v', (i) => `${limb(at('b'), i)} - ${limb(at('c'), i)} + ${SPREAD[i]!}`),
  ...wide('x', at('d')),
  ...widen('y', (i) => `${limb(at('e'), i)} - ${limb(at('f'), i)} + ${SPREAD[i]!}`),
  ...sum(
    [
      ['u', 'v'],
      ['x', 'y'],
    ],
    'r',
  ),
];

/** The pointers of `dotDifference` for component `index` of a·(b - c): c0 is a0·(b0 - c0) + a1·(c1 - b1). */
const dotOperands = (index: 0 | 1): string =>
  index === 0 ? 'a, b, c, a + 36, c + 36, b + 36' : 'a, b + 36, c + 36, a + 36, b, c';

/** Component `index` of a² = (a0 + a1)(a0 - a1) + 2·a0·a1·u: values below 4q and 5q, limbs below 2^30 and 1.5·2^30. */
function squareComponent(index: 0 | 1): string[] {
  const [low, high] = [at('a', 0), at('a', 1)];
  const factors =
    index === 0
      ? [
          ...widen('f', (i) => `${limb(low, i)} + ${limb(high, i)}`),
          ...widen('g', (i) => `${limb(low, i)} - ${limb(high, i)} + ${SPREAD[i]!}`),
        ]
      : [...widen('f', (i) => `${limb(low, i)} << 1`), ...wide('g', high)];
  return [...factors, ...sum([['f', 'g']], 'r')];
}

function quadraticFunctions(): string {
  const out = (index: 0 | 1): Element => at('out', index);
  return [
    byComponent('a·b; `out` may not alias a or b.', 'fq2_mul', ['a', 'b'], (index) => [
      ...productComponent(index),
      ...store(out(index), 'r'),
    ]),
    byComponent('a²; `out` may not alias a.', 'fq2_sqr', ['a'], (index) => [
      ...squareComponent(index),
      ...store(out(index), 'r'),
    ]),
    definition(
      'a·(b - c) + d·(e - f) over F_q. One piece of code for both components keeps the instruction cache small.',
      `fq_dot_diff(${parameters('out a b c d e f')})`,
      [...dotDifference(), ...store(at('out'), 'r')],
    ),
    definition('a·(b - c) + d·(e - f) - g over F_q.', `fq_dot_diff_sub(${parameters('out a b c d e f g')})`, [
      ...dotDifference(),
      ...narrow('s', at('g')),
      ...settle(at('out'), 'r', ['s'], 'z'),
    ]),
    definition('a·(b - c); `out` may alias none of them.', `fq2_mul_diff(${parameters('out a b c')})`, [
      `fq_dot_diff(out, ${dotOperands(0)});`,
      `fq_dot_diff(out + 36, ${dotOperands(1)});`,
    ]),
    definition(
      'a·(b - c) - d; `out` may alias d, none of the others.',
      `fq2_mul_diff_sub(${parameters('out a b c d')})`,
      [`fq_dot_diff_sub(out, ${dotOperands(0)}, d);`, `fq_dot_diff_sub(out + 36, ${dotOperands(1)}, d + 36);`],
    ),
    byComponent('a² - b - c; `out` may not alias a.', 'fq2_sqr_sub', ['a', 'b', 'c'], (index) => [
      ...squareComponent(index),
      ...narrow('x', at('b', index)),
      ...narrow('y', at('c', index)),
      ...settle(out(index), 'r', ['x', 'y'], 'z'),
    ]),
  ].join('');
}

export function fusedSource(): string {
  return `// Written by scripts/kernel-curve-source.ts; change that file, then run scripts/build-kernels.ts.
//
// Products fused with the sums around them, over F_q and over F_q² = F_q[u]/(u² + 1) (72 bytes: c0, then c1).
// Inputs and outputs are in [0, 2q) with limbs below 2^29. Over F_q, out may alias any input.
//
// Bounds of a column, all below 2^64: two products of a limb below 2^29 by a difference's below 1.5·2^30 are 27·2^59 over nine
// terms each, one of 2^30 by 1.5·2^30 is 27·2^59 too; the reduction adds 9·2^58 and a carry below 2^36. The products' values are
// at most 2·(2q·5q) or 4q·5q = 20q², so that a reduction ends below 1.51q + 20q²/R < 1.63q.
${primeFunctions()}${quadraticFunctions()}`;
}

// ---- the split of a scalar --------------------------------------------------------------------------------------------------------

const HALF_LIMBS = 5;
const limbsAt = (value: bigint, count: number): bigint[] =>
  range(0, count).map((i) => (mod(value, 1n << 145n) >> BigInt(LIMB_BITS * i)) & MASK);

/** c = floor((k·g + 2^260) / 2^261), g the nearest integer to 2^261·numerator/r: locals `result`0..count-1. */
function scaledQuotient(numerator: bigint, count: number, result: string): string[] {
  const g = limbsAt(roundedQuotient(numerator << 261n, R), count);
  const columns = range(0, LIMBS + count).map((k) =>
    range(Math.max(0, k - count + 1), Math.min(k, LIMBS - 1) + 1).map((i) => `k${i} * ${g[k - i]!}`),
  );
  const statements = [...range(0, count).map((i) => `let ${result}${i}: u64;`), '{', 'let t: u64 = 0;'];
  columns.forEach((terms, k) => {
    if (k === LIMBS - 1) terms.push(`${1n << 28n}`);
    if (terms.length > 0) statements.push(`t += ${terms.join(' + ')};`);
    if (k >= LIMBS) statements.push(`${result}${k - LIMBS} = t & ${MASK};`);
    statements.push('t >>= 29;');
  });
  return [...statements, '}'];
}

/** Stores |start + c·a + d·b| for constants a, b, computed mod 2^145, as 16 bytes at `offset`, its sign at `signOffset`. */
function half(start: string | undefined, a: bigint, b: bigint, offset: number, signOffset: number): string[] {
  const [first, second] = [limbsAt(a, HALF_LIMBS), limbsAt(b, HALF_LIMBS)];
  const statements = ['{', 'let t: u64 = 0;'];
  for (const k of range(0, HALF_LIMBS)) {
    const terms = [
      ...(start === undefined ? [] : [`${start}${k}`]),
      ...range(0, k + 1).map((i) => `c${i} * ${first[k - i]!}`),
      ...range(0, Math.min(k, 2) + 1).map((i) => `d${i} * ${second[k - i]!}`),
    ];
    statements.push(`t += ${terms.join(' + ')};`, `const h${k}: u64 = t & ${MASK};`, 't >>= 29;');
  }
  return [
    ...statements,
    '// All ones where the value is negative, by bit 144.',
    'const sign: u64 = 0 - (h4 >> 28);',
    'const low: u64 = (h0 | (h1 << 29) | (h2 << 58)) ^ sign;',
    'const high: u64 = ((h2 >> 6) | (h3 << 23) | (h4 << 52)) ^ sign;',
    'const absolute: u64 = low - sign;',
    `store<u64>(out, absolute, ${offset});`,
    `store<u64>(out, high + u64(absolute == 0) * (sign & 1), ${offset + 8});`,
    `store<u32>(out, <u32>(sign & 1), ${signOffset});`,
    '}',
  ];
}

export function glvSource(): string {
  const { v1, v2 } = GLV;
  const words = range(0, 4).map((i) => `const w${i} = load<u64>(scalar, ${8 * i}, 1);`);
  const limbs = range(0, LIMBS).map((i) => {
    const [word, shift] = [(LIMB_BITS * i) >> 6, (LIMB_BITS * i) & 63];
    const low = `w${word} >> ${shift}`;
    const value = shift + LIMB_BITS > 64 && word < 3 ? `(${low} | w${word + 1} << ${64 - shift})` : `(${low})`;
    return `const k${i}: u64 = ${value} & ${MASK};`;
  });
  return `// Written by scripts/kernel-curve-source.ts; change that file, then run scripts/build-kernels.ts.

/**
 * Splits k, 32 little-endian bytes below r, into k1 + k2·λ mod r, with λ and the lattice of src/field/curve-bigint.ts.
 * Writes 40 bytes: |k1|, |k2| (16 each, below 2^126), then for each 1 where it is negative (u32). The quotients are within
 * 1/2 + 2^-7 of the rational ones, so a half is at most 0.51·(2^126.8 + 2^63.2) < 2^126. A k of r or more gives halves of no meaning.
 */
export function glv_split(out: usize, scalar: usize): void {
${lines([
  ...words,
  ...limbs,
  ...scaledQuotient(-v2[1], HALF_LIMBS, 'c'),
  ...scaledQuotient(v1[1], 3, 'd'),
  ...half('k', -v1[0], -v2[0], 0, 32),
  ...half(undefined, -v1[1], -v2[1], 16, 36),
])}
}
${endomorphism('glv_beta1', GLV.beta1)}${endomorphism('glv_beta2', GLV.beta2)}`;
}

/** Stores β in Montgomery form. */
function endomorphism(name: string, beta: bigint): string {
  const value = limbsOf(mod(beta << 261n, Q));
  return definition(
    'β of the endomorphism (x, y) -> (βx, y), in Montgomery form.',
    `${name}(out: usize)`,
    value.map((word, i) => `store<u32>(out, ${word}, ${4 * i});`),
  );
}

// ---- the files --------------------------------------------------------------------------------------------------------------------

/** Sources written by this program, by path from the repository's root. */
export function writtenCurveSources(): ReadonlyMap<string, string> {
  return new Map([
    ['src/kernels/assembly/fq2.ts', fusedSource()],
    ['src/kernels/assembly/msm-glv.ts', glvSource()],
  ]);
}
