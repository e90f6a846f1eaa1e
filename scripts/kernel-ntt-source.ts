/**
 * Writes src/kernels/assembly/ntt-butterflies.ts: the butterflies of the number-theoretic transform over Fr, each with its sums fused
 * to its product: a sum that only feeds a product is not carried, and most sums are carried but not reduced.
 *
 * Bounds, with twiddles in [0, p). An uncarried difference, made positive by a multiple of p in balanced limbs (below 2^28 in absolute
 * value), has limbs below 2^30 in absolute value; its product with a twiddle has columns below 9·2^30·2^29 + 9·2^58 < 2^63, the limit
 * of i64. Products stay below 2p while their other factor is below 80p (`columns`).
 *
 * Measured (Zen 5, Node 20): two layers in one function, with its 36 live limbs spilled, took 163 ns for the four butterflies that
 * take 117 ns one by one; four products alone take 96 ns. So a butterfly is one function, but for those without twiddles.
 */
import { cubeRootOfUnity, mod } from '../src/field/bn254.js';
import {
  columns,
  LIMB_BITS,
  LIMBS,
  limbsOf,
  lines,
  MASK,
  MONTGOMERY,
  pairs,
  range,
  type Sink,
} from './kernel-limbs.js';

/** The limb i of an uncarried value, as an i64 expression. */
type Value = (i: number) => string;

const local =
  (name: string): Value =>
  (i) =>
    `${name}${i}`;
const sum =
  (...values: readonly Value[]): Value =>
  (i) =>
    values.map((value) => value(i)).join(' + ');
const minus =
  (a: Value, b: Value): Value =>
  (i) =>
    `${a(i)} - (${b(i)})`;

/** A constant with limbs in [-2^28, 2^28), the top one larger. */
function balanced(value: bigint): Value {
  const limbs: bigint[] = [];
  let rest = value;
  for (let i = 0; i < LIMBS; i++) {
    const limb = i === LIMBS - 1 ? rest : BigInt.asIntN(LIMB_BITS, rest);
    limbs.push(limb);
    rest = (rest - limb) >> BigInt(LIMB_BITS);
  }
  return (i) => `(${limbs[i]!})`;
}

const declare = (name: string, value: Value): string[] =>
  range(0, LIMBS).map((i) => `const ${name}${i}: i64 = ${value(i)};`);
const load = (name: string, pointer: string): string[] => declare(name, (i) => `load<u32>(${pointer}, ${4 * i})`);

const intoLocals =
  (name: string): Sink =>
  (i, limb) =>
    `const ${name}${i}: i64 = ${limb.replace('<i32>', '')};`;
const intoMemory =
  (pointer: string): Sink =>
  (i, limb) =>
    `store<u32>(${pointer}, ${limb}, ${4 * i});`;

/** The Montgomery product of the locals x and w; `tag` tells several of one function apart. */
const product = (p: bigint, x: string, w: string, sink: Sink, tag = ''): string[] =>
  columns(p, (k) => pairs(k).map(([i, j]) => `${x}${i} * ${w}${j}`), { sink, type: 'i64', tag });

/** Stores a value that is not negative, carried. */
function carried(pointer: string, value: Value): string[] {
  const t = `n_${pointer}`;
  return range(0, LIMBS).flatMap((i) => [
    `${i === 0 ? `let ${t}: i64 =` : `${t} = (${t} >> ${LIMB_BITS}) +`} ${value(i)};`,
    `store<u32>(${pointer}, <u32>${t}${i === LIMBS - 1 ? '' : ` & ${MASK}`}, ${4 * i});`,
  ]);
}

/** Bits of the reciprocal that estimates a quotient by p from the top limb. */
const RECIPROCAL_BITS = 40n;
/** Multiples of p that make an estimate's argument positive. */
const OFFSET = 4n;

/**
 * Stores a value v in (-4p, 64p), limbs below 2^31 in absolute value, as v - q·p in [0, 1.01p). With s the top limb, v is within 4
 * units of 2^232 around s·2^232, and q is floor((s - 8)/(p8 + 1)), or one less where that is within 2^-12 of it: the reciprocal is
 * truncated. The 8 covers those 4 units and, for negative q, the |q| ≤ 4 units by which q·p is above q·(p8 + 1)·2^232: v ≥ q·p.
 */
function reduced(p: bigint, pointer: string, value: Value): string[] {
  const prime = limbsOf(p);
  const divisor = prime[8]! + 1n;
  const q = `q_${pointer}`;
  const shifted = `${value(8)} + ${OFFSET * divisor - 8n}`;
  return [
    `const ${q}: i64 = (((${shifted}) * ${(1n << RECIPROCAL_BITS) / divisor}) >> ${RECIPROCAL_BITS}) - ${OFFSET};`,
    ...carried(pointer, (i) => `${value(i)} - ${q} * ${prime[i]!}`),
  ];
}

function definition(comment: string, signature: string, body: readonly string[]): string {
  return `
/** ${comment} */
export function ${signature}: void {
${lines(body)}
}
`;
}

const [A, B, C, D, U] = ['a', 'b', 'c', 'd', 'u'].map((name) => local(`${name}_`)) as [
  Value,
  Value,
  Value,
  Value,
  Value,
];

export function butterflySource(p: bigint): string {
  return [
    `// Written by scripts/kernel-ntt-source.ts; change that file, then run scripts/build-kernels.ts.
//
// In place on the elements a, b (c, d) at a, a + stride (a + 2·stride, a + 3·stride). w points to a twiddle in [0, p).
`,
    pairFunctions(p),
    quadFunctions(p),
    tripleFunctions(p),
  ].join('');
}

function pairFunctions(p: bigint): string {
  const [two, four] = [balanced(2n * p), balanced(4n * p)];
  const forward = ['const b = a + stride;', ...load('b_', 'b'), ...load('w_', 'w')];
  forward.push(...product(p, 'b_', 'w_', intoLocals('u_')), ...load('a_', 'a'));
  const inverse = ['const b = a + stride;', ...load('a_', 'a'), ...load('b_', 'b'), ...load('w_', 'w')];
  return [
    definition(
      '(a + b·w, a - b·w) for a, b in [0, 58p), limbs below 2^29. Adds at most 2p to the bound.',
      'forward2(a: usize, stride: usize, w: usize)',
      [...forward, ...carried('a', sum(A, U)), ...carried('b', sum(minus(A, U), two))],
    ),
    definition('`forward2`, reduced to [0, 2p).', 'forward2_reduced(a: usize, stride: usize, w: usize)', [
      ...forward,
      ...reduced(p, 'a', sum(A, U)),
      ...reduced(p, 'b', minus(A, U)),
    ]),
    definition(
      '(a + b, (b - a)·w) for a, b in [0, 2p). The sum is in [0, 4p).',
      'inverse2(a: usize, stride: usize, w: usize)',
      [
        ...inverse,
        ...declare('e_', sum(minus(B, A), two)),
        ...carried('a', sum(A, B)),
        ...product(p, 'e_', 'w_', intoMemory('b')),
      ],
    ),
    definition(
      '`inverse2` for a, b in [0, 4p), reduced to [0, 2p).',
      'inverse2_reduced(a: usize, stride: usize, w: usize)',
      [
        ...inverse,
        ...declare('e_', sum(minus(B, A), four)),
        ...reduced(p, 'a', sum(A, B)),
        ...product(p, 'e_', 'w_', intoMemory('b')),
      ],
    ),
  ].join('');
}

/** Two layers of a block whose twiddles are 1, but for the last one: w is √-1. In- and outputs are in [0, 2p). */
function quadFunctions(p: bigint): string {
  const two = balanced(2n * p);
  const loads = ['const b = a + stride;', 'const c = b + stride;', 'const d = c + stride;'];
  loads.push(...['a', 'b', 'c', 'd'].flatMap((name) => load(`${name}_`, name)), ...load('w_', 'w'));
  const turned = (difference: Value): string[] => [
    ...declare('e_', sum(difference, two)),
    ...product(p, 'e_', 'w_', intoLocals('u_')),
  ];
  return [
    definition(
      '(a + c + (b + d), a + c - (b + d), a - c + (b - d)·w, a - c - (b - d)·w).',
      'forward4_one(a: usize, stride: usize, w: usize)',
      [
        ...loads,
        ...turned(minus(B, D)),
        ...reduced(p, 'a', sum(A, B, C, D)),
        ...reduced(p, 'b', minus(sum(A, C), sum(B, D))),
        ...reduced(p, 'c', sum(minus(A, C), U)),
        ...reduced(p, 'd', minus(minus(A, C), U)),
      ],
    ),
    definition(
      '`forward4_one` undone, times 4: (a + b + (c + d), a - b + (d - c)·w, a + b - (c + d), a - b - (d - c)·w).',
      'inverse4_one(a: usize, stride: usize, w: usize)',
      [
        ...loads,
        ...turned(minus(D, C)),
        ...reduced(p, 'a', sum(A, B, C, D)),
        ...reduced(p, 'b', sum(minus(A, B), U)),
        ...reduced(p, 'c', minus(sum(A, B), sum(C, D))),
        ...reduced(p, 'd', minus(minus(A, B), U)),
      ],
    ),
  ].join('');
}

/**
 * The map of assembly/ntt-three.ts at one coefficient. With h a cube root of unity, a' = a - 2(h·c + h^2·b), b' = b - 2(h·a + h^2·c),
 * c' = c - 2(h·b + h^2·a); for h = ω, 2ω = θ - 1 and 2ω^2 = -θ - 1 with θ = √-3.
 */
function tripleFunctions(p: bigint): string {
  const theta = limbsOf(mod((2n * cubeRootOfUnity() + 1n) * MONTGOMERY, p));
  // Limbs that are not negative: a - 2b - 2c has some near -2^31 already.
  const four = limbsOf(4n * p);
  const loads = ['a', 'b', 'c'].flatMap((name) => load(`${name}_`, name));
  const turned = (tag: string, other: string, sink: Sink): string[] => [
    ...declare(
      `e${tag}_`,
      (i) => `<i64>load<u32>(a, ${4 * i}) - <i64>load<u32>(${other}, ${4 * i}) + ${balanced(2n * p)(i)}`,
    ),
    ...product(p, `e${tag}_`, 'w_', sink, tag),
  ];
  const [V, S] = [local('v_'), local('s_')];
  const lessTwice =
    (x: Value, y: Value, z: Value): Value =>
    (i) =>
      `${x(i)} - 2 * (${y(i)} + ${z(i)}) + ${four[i]!}`;
  return [
    definition(
      "The three cosets' map with h = 1: (a - 2(b + c), b - 2(c + a), c - 2(a + b)) for a, b, c in [0, 2p). So are the results.",
      'triple_one(a: usize, b: usize, c: usize)',
      [
        ...loads,
        ...reduced(p, 'a', lessTwice(A, B, C)),
        ...reduced(p, 'b', lessTwice(B, C, A)),
        ...reduced(p, 'c', lessTwice(C, A, B)),
      ],
    ),
    definition(
      "The three cosets' map with h = ω, and with ω^2 where b and c change places: with s = a + b + c, (s - (c - b)·θ, s - (a - c)·θ, s - (b - a)·θ) for a, b, c in [0, 2p). So are the results.",
      'triple_turned(a: usize, b: usize, c: usize)',
      [
        ...range(0, LIMBS).map((i) => `const w_${i}: i64 = ${theta[i]!};`),
        ...turned('x', 'c', intoLocals('u_')),
        ...turned('y', 'b', intoLocals('v_')),
        ...loads,
        ...declare('s_', sum(A, B, C)),
        ...reduced(p, 'a', minus(sum(S, U), V)),
        ...reduced(p, 'b', minus(S, U)),
        ...reduced(p, 'c', sum(S, V)),
      ],
    ),
  ].join('');
}
