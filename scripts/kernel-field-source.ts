/**
 * Writes the AssemblyScript of one prime field: src/kernels/assembly/fq.ts and fr.ts are this file's output. Everything is
 * unrolled, and every constant comes from the BigInt twin, so that the two fields differ in immediates only.
 *
 * Legend and representation as in kernel-limbs.ts; the limbs of an element are nine u32 words, little-endian.
 */
import { inverse, mod } from '../src/field/bn254.js';
import {
  carryOut,
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
  toLocals,
  toMemory,
} from './kernel-limbs.js';

interface Field {
  /** Prefix of every function, `fq` or `fr`. */
  readonly name: string;
  readonly p: bigint;
}

export function fieldSource(name: string, p: bigint): string {
  const field: Field = { name, p };
  const product = (left: number, right: number): string => `a${left} * b${right}`;
  return [
    header(field),
    memoryFunctions(field),
    rangeFunctions(field),
    multiplication(
      field,
      `${name}_mul(out: usize, a: usize, b: usize)`,
      'a·b/R mod p, the Montgomery product.',
      [...loadWide('a'), ...loadWide('b')],
      (k) => pairs(k).map(([i, j]) => product(i, j)),
    ),
    multiplication(field, `${name}_sqr(out: usize, a: usize)`, 'a²/R mod p.', loadSquare(), squareColumn),
    multiplication(
      field,
      `${name}_fix_inverse(out: usize, a: usize)`,
      'a·R² mod p: the plain inverse of x·R becomes x^-1·R.',
      loadWide('a'),
      constantColumn(field, MONTGOMERY ** 3n),
      false,
    ),
    inversion(field),
    bytesFunctions(field),
    vectorFunctions(field),
  ].join('\n');
}

function header({ name, p }: Field): string {
  return `// Written by scripts/kernel-field-source.ts; change that file, then run scripts/build-kernels.ts.
//
// The prime field of p = ${p}
// Nine limbs of 29 bits, one in each u32 word, little-endian (36 bytes); Montgomery form with R = 2^261.
// Every input and output is in [0, 2p) with limbs below 2^29, unless its comment says otherwise; out may alias any input.

/** Bytes of an element. */
export function ${name}_bytes(): i32 {
  return ${LIMBS * 4};
}
`;
}

// ---- loads, stores, predicates ------------------------------------------------------------------------------------------

const loadWide = (pointer: string): string[] =>
  range(0, LIMBS).map((i) => `const ${pointer}${i}: u64 = load<u32>(${pointer}, ${4 * i});`);
const loadSigned = (pointer: string): string[] =>
  range(0, LIMBS).map((i) => `const ${pointer}${i}: i32 = load<i32>(${pointer}, ${4 * i});`);

function storeConstant(value: bigint): string[] {
  return limbsOf(value).map((limb, i) => `store<u32>(out, ${limb}, ${4 * i});`);
}

function memoryFunctions({ name, p }: Field): string {
  const difference = (value: bigint): string =>
    limbsOf(value)
      .map((limb, i) => (limb === 0n ? `a${i}` : `(a${i} ^ ${limb})`))
      .join(' | ');
  return `
/** out = 0. */
export function ${name}_zero(out: usize): void {
${lines(storeConstant(0n))}
}

/** out = R mod p, the Montgomery form of one. */
export function ${name}_one(out: usize): void {
${lines(storeConstant(mod(MONTGOMERY, p)))}
}

/** out = a, limb by limb. */
export function ${name}_copy(out: usize, a: usize): void {
${lines(range(0, 4).map((i) => `const w${i} = load<u64>(a, ${8 * i});`))}
  const w4 = load<u32>(a, 32);
${lines(range(0, 4).map((i) => `store<u64>(out, w${i}, ${8 * i});`))}
  store<u32>(out, w4, 32);
}

/** Whether a ≡ 0: the residue 0 or p. */
export function ${name}_is_zero(a: usize): bool {
${lines(loadSigned('a'))}
  if ((${difference(0n)}) == 0) return true;
  return (${difference(p)}) == 0;
}

/** Whether a ≡ b. */
export function ${name}_eq(a: usize, b: usize): bool {
${lines([...loadSigned('a'), ...loadSigned('b')])}
  if ((${range(0, LIMBS)
    .map((i) => `(a${i} ^ b${i})`)
    .join(' | ')}) == 0) return true;
  // Both are below 2p: otherwise a ≡ b only where a + p = b or b + p = a.
  return ${name}_differs_by_p(a, b) || ${name}_differs_by_p(b, a);
}

/** Whether b = a + p as integers. */
function ${name}_differs_by_p(a: usize, b: usize): bool {
${lines([...loadSigned('a'), ...loadSigned('b')])}
  let carry: i32 = 0;
  let difference: i32 = 0;
${lines(
  limbsOf(p).flatMap((limb, i) => [
    `carry += a${i} + ${limb} - b${i};`,
    `difference |= carry & ${MASK};`,
    'carry >>= 29;',
  ]),
)}
  return (difference | carry) == 0;
}
`;
}

// ---- addition: one carry chain, the multiple of p chosen from the top limb --------------------------------------------------

function rangeFunctions({ name, p }: Field): string {
  const prime = limbsOf(p);
  const top = prime[8]!;
  const top2 = limbsOf(2n * p)[8]!;
  const masked = (i: number): string => `((${prime[i]!} & m1) + (${prime[i]!} & m2))`;
  // d = floor(difference of the top limbs): the whole difference is in (d·2^232 - 2^232, d·2^232 + 2^232).
  const subtraction = [
    `const m1 = ((a8 - b8 - 1) >> 31);`,
    `const m2 = ((a8 - b8 + ${top - 1n}) >> 31);`,
    ...carryOut((i) => `a${i} - b${i} + ${masked(i)}`),
  ];
  return `
// Sums and differences choose q in {0, 1, 2} for ±q·p from the top limbs alone: as p is above 3·10^6 times the weight 2^232 of
// limb 8, what the lower limbs can change (less than 2·2^232) never leads out of [0, 2p).

/** a + b mod p. Subtracts q·p with q = [s8 > p8] + [s8 > (2p)8] for s8 = a8 + b8: q = 2 only where a + b ≥ 2p, q = 0 only where
 *  a + b < p + 2·2^232, q = 1 only where p ≤ a + b < 2p + 3·2^232. */
export function ${name}_add(out: usize, a: usize, b: usize): void {
${lines([
  ...loadSigned('a'),
  ...loadSigned('b'),
  `const m1 = ((${top} - a8 - b8) >> 31);`,
  `const m2 = ((${top2} - a8 - b8) >> 31);`,
  ...carryOut((i) => `a${i} + b${i} - ${masked(i)}`),
])}
}

/** 2a mod p. */
export function ${name}_double(out: usize, a: usize): void {
  ${name}_add(out, a, a);
}

/** a - b mod p. Adds q·p with q = [d8 ≤ 0] + [d8 ≤ -p8] for d8 = a8 - b8: q = 0 only where a > b, q = 1 only where
 *  -p < a - b < 2^232, q = 2 only where a - b < -p + 2·2^232. */
export function ${name}_sub(out: usize, a: usize, b: usize): void {
${lines([...loadSigned('a'), ...loadSigned('b'), ...subtraction])}
}

/** -a mod p. */
export function ${name}_neg(out: usize, a: usize): void {
${lines([
  ...loadSigned('a'),
  `const m2 = ((${top - 1n} - a8) >> 31);`,
  ...carryOut((i) => `${prime[i]!} + (${prime[i]!} & m2) - a${i}`),
])}
}

/** The canonical residue of a, in [0, p). */
export function ${name}_reduce(out: usize, a: usize): void {
${lines([...loadSigned('a'), ...reduceStatements(p, 'a', toMemory)])}
}
`;
}

// ---- multiplication ---------------------------------------------------------------------------------------------------------

function multiplication(
  field: Field,
  signature: string,
  comment: string,
  loads: readonly string[],
  column: (k: number) => readonly string[],
  exported = true,
): string {
  return `
/** ${comment} Below 1.54p for inputs below 2p; below 2p while a·b < 80p². */
${exported ? 'export ' : ''}function ${signature}: void {
${lines([...loads, ...columns(field.p, column)])}
}
`;
}

function loadSquare(): string[] {
  return [...loadWide('a'), ...range(0, LIMBS - 1).map((i) => `const d${i} = a${i} << 1;`)];
}

const squareColumn = (k: number): string[] =>
  pairs(k)
    .filter(([i, j]) => i <= j)
    .map(([i, j]) => (i === j ? `a${i} * a${i}` : `d${i} * a${j}`));

/** The column terms of a product with a constant, its limbs as immediates. */
function constantColumn({ p }: Field, constant: bigint): (k: number) => string[] {
  const limbs = limbsOf(mod(constant, p));
  return (k) =>
    pairs(k)
      .filter(([, j]) => limbs[j] !== 0n)
      .map(([i, j]) => (limbs[j] === 1n ? `a${i}` : `a${i} * ${limbs[j]!}`));
}

// ---- inversion --------------------------------------------------------------------------------------------------------------

/** One update of (x, y) by the matrix rows (u v; q r), divided by 2^29; `modulus` adds the multiples md, me of p. */
function matrixUpdate(x: string, y: string, prime: readonly bigint[] | undefined): string[] {
  const term = (a: string, b: string, m: string, i: number): string =>
    `${a} * <i64>${x}${i} + ${b} * <i64>${y}${i}` +
    (prime === undefined || prime[i] === 0n ? '' : ` + ${m} * ${prime[i]!}`);
  return [
    ...range(1, LIMBS).flatMap((i) => [
      `cx = (cx >> 29) + ${term('u', 'v', 'mx', i)};`,
      `cy = (cy >> 29) + ${term('q', 'r', 'my', i)};`,
      `${x}${i - 1} = <i32>cx & ${MASK};`,
      `${y}${i - 1} = <i32>cy & ${MASK};`,
    ]),
    `${x}8 = <i32>(cx >> 29);`,
    `${y}8 = <i32>(cy >> 29);`,
  ];
}

function inversion(field: Field): string {
  const { name, p } = field;
  const prime = limbsOf(p);
  const primeInverse = inverse(p, 1n << 29n);
  return `
/**
 * 1/a mod p in Montgomery form, and 0 for a ≡ 0. Bernstein-Yang division steps (eprint 2019/266), 29 at a time on the low words,
 * variable time: not for secrets. Invariants: f odd; d·x ≡ f and e·x ≡ g mod p; |f|, |g| < 2p; d, e in (-2p, p).
 */
export function ${name}_inv(out: usize, a: usize): void {
  if (${name}_is_zero(a)) {
    ${name}_zero(out);
    return;
  }
${lines([
  ...range(0, LIMBS).map((i) => `let f${i}: i32 = ${prime[i]!};`),
  ...range(0, LIMBS).map((i) => `let g${i}: i32 = load<i32>(a, ${4 * i});`),
  ...range(0, LIMBS).map((i) => `let d${i}: i32 = 0;`),
  ...range(0, LIMBS).map((i) => `let e${i}: i32 = ${i === 0 ? 1 : 0};`),
])}
  let eta: i32 = -1;
  while ((${range(0, LIMBS)
    .map((i) => `g${i}`)
    .join(' | ')}) != 0) {
    // 29 division steps: (u v; q r) times (f, g) is 2^29 times the next (f, g).
    let fl: i32 = f0 | (f1 << 29);
    let gl: i32 = g0 | (g1 << 29);
    let ul: i32 = 1;
    let vl: i32 = 0;
    let ql: i32 = 0;
    let rl: i32 = 1;
    let steps: i32 = 29;
    while (true) {
      // The set bits above stop the count at the steps that are left.
      const zeros = ctz(gl | (-1 << steps));
      gl >>= zeros;
      ul <<= zeros;
      vl <<= zeros;
      eta -= zeros;
      steps -= zeros;
      if (steps == 0) break;
      if (eta < 0) {
        eta = -eta;
        const ft = fl;
        fl = gl;
        gl = -ft;
        const ut = ul;
        ul = ql;
        ql = -ut;
        const vt = vl;
        vl = rl;
        rl = -vt;
      }
      // Clears up to six low bits of g at once: f(f² - 2) = -1/f mod 2^6 for odd f.
      const limit = min(min(eta + 1, steps), 6);
      const w = (fl * gl * (fl * fl - 2)) & ((1 << limit) - 1);
      gl += fl * w;
      ql += ul * w;
      rl += vl * w;
    }
    const u: i64 = ul;
    const v: i64 = vl;
    const q: i64 = ql;
    const r: i64 = rl;
    let cx: i64 = u * <i64>f0 + v * <i64>g0;
    let cy: i64 = q * <i64>f0 + r * <i64>g0;
${lines(matrixUpdate('f', 'g', undefined)).replace(/^/gm, '  ')}
    // The multiples of p that make (d, e) divisible by 2^29 and keep it in (-2p, p).
    let mxl: i32 = (ul & (d8 >> 31)) + (vl & (e8 >> 31));
    let myl: i32 = (ql & (d8 >> 31)) + (rl & (e8 >> 31));
    cx = u * <i64>d0 + v * <i64>e0;
    cy = q * <i64>d0 + r * <i64>e0;
    mxl -= (${primeInverse} * <i32>cx + mxl) & ${MASK};
    myl -= (${primeInverse} * <i32>cy + myl) & ${MASK};
    const mx: i64 = mxl;
    const my: i64 = myl;
    cx += mx * ${prime[0]!};
    cy += my * ${prime[0]!};
${lines(matrixUpdate('d', 'e', prime)).replace(/^/gm, '  ')}
  }
  // Now f = ±1 and ±d is the inverse, in (-2p, 2p): 2p more makes it positive, below 4p.
  const s = f8 >> 31;
${lines(carryOut((i) => `((d${i} ^ s) - s) + ${limbsOf(2n * p)[i]!}`))}
  ${name}_fix_inverse(out, out);
}
`;
}

// ---- bytes and vectors --------------------------------------------------------------------------------------------------------

/** The limbs of four little-endian 64-bit words at `bytes`, as locals; the top limb gets 24 bits. */
function loadSplit(): string[] {
  const words = range(0, 4).map((i) => `const w${i} = load<u64>(bytes, ${8 * i}, 1);`);
  const limbs = range(0, LIMBS).map((i) => {
    const [word, shift] = [(LIMB_BITS * i) >> 6, (LIMB_BITS * i) & 63];
    const low = `w${word} >> ${shift}`;
    const value = shift + LIMB_BITS > 64 && word < 3 ? `(${low} | w${word + 1} << ${64 - shift})` : `(${low})`;
    return `const a${i}: u64 = ${value} & ${MASK};`;
  });
  return [...words, ...limbs];
}

/** Stores the limbs in locals `c0..c8` of type u64 as four little-endian 64-bit words. */
function storeJoined(): string[] {
  return range(0, 4).map((word) => {
    const terms = range(0, LIMBS).flatMap((i) => {
      const shift = LIMB_BITS * i - 64 * word;
      if (shift <= -LIMB_BITS || shift >= 64) return [];
      return [shift === 0 ? `c${i}` : shift > 0 ? `c${i} << ${shift}` : `c${i} >> ${-shift}`];
    });
    return `store<u64>(out, ${terms.join(' | ')}, ${8 * word}, 1);`;
  });
}

/** Statements that leave in `to` the canonical form of the limbs in `from`, a value in [0, 2p). */
function reduceStatements(p: bigint, from: string, sink: Sink): string[] {
  const prime = limbsOf(p);
  return [
    `let borrow: i32 = ${from}0 - ${prime[0]!};`,
    ...range(1, LIMBS).map((i) => `borrow = (borrow >> 29) + ${from}${i} - ${prime[i]!};`),
    '// All ones where the value is p or more.',
    'const above = ~(borrow >> 31);',
    ...carryOut((i) => `${from}${i} - (${prime[i]!} & above)`, sink, 's'),
  ];
}

function bytesFunctions(field: Field): string {
  const reader = (suffix: string, factor: bigint, comment: string): string => `
/** ${comment} Any 256-bit value is taken modulo p: checking v < p is the caller's. \`bytes\` needs no alignment. */
export function ${field.name}_${suffix}(out: usize, bytes: usize): void {
${lines([...loadSplit(), ...columns(field.p, constantColumn(field, factor))])}
}
`;
  const writer = (suffix: string, factor: bigint, comment: string): string => `
/** ${comment} Canonical. Writes 32 bytes; \`out\` needs no alignment and may alias a. */
export function ${field.name}_${suffix}(out: usize, a: usize): void {
${lines([
  ...loadWide('a'),
  ...columns(field.p, constantColumn(field, factor), { sink: toLocals('b') }),
  ...reduceStatements(field.p, 'b', toLocals('c', 'u64')),
  ...storeJoined(),
])}
}
`;
  const raw = `
/** The limbs of a as they stand, reduced, as 32 little-endian bytes: no Montgomery form undone. Alignment and aliasing as above. */
export function ${field.name}_raw_to_bytes(out: usize, a: usize): void {
${lines([...loadSigned('a'), ...reduceStatements(field.p, 'a', toLocals('c', 'u64')), ...storeJoined()])}
}
`;
  return [
    reader('from_bytes', MONTGOMERY * MONTGOMERY, 'The element of v, given as 32 little-endian bytes.'),
    reader(
      'from_mont256',
      1n << 266n,
      "The element of x, given as the 32 little-endian bytes of x·2^256 mod p, snarkjs's form.",
    ),
    writer('to_bytes', 1n, 'The value of a as 32 little-endian bytes.'),
    writer('to_mont256', 1n << 256n, "The value of a times 2^256 mod p as 32 little-endian bytes, snarkjs's form."),
    raw,
  ].join('');
}

function vectorFunctions({ name }: Field): string {
  const conversion = (suffix: string, outBytes: number, inBytes: number): string => `
/** ${name}_${suffix} on n elements: ${inBytes} bytes each at \`from\`, ${outBytes} bytes each at \`out\`; the two may not overlap. */
export function ${name}_${suffix}_n(out: usize, from: usize, n: i32): void {
  for (let end = from + <usize>n * ${inBytes}; from < end; from += ${inBytes}, out += ${outBytes}) ${name}_${suffix}(out, from);
}
`;
  return `
/**
 * out[i] = 1/in[i] for n elements of 36 bytes, zeros staying zero: one inversion and 3n products. \`scratch\` takes 36·(n + 2) bytes;
 * out may be in.
 */
export function ${name}_batch_inv(out: usize, from: usize, n: i32, scratch: usize): void {
  const running = scratch;
  const prefixes = scratch + 72;
  const bytes = <usize>n * 36;
  ${name}_one(running);
  for (let i: usize = 0; i < bytes; i += 36) {
    ${name}_copy(prefixes + i, running);
    if (!${name}_is_zero(from + i)) ${name}_mul(running, running, from + i);
  }
  ${name}_inv(running, running);
  for (let i: usize = bytes; i > 0; ) {
    i -= 36;
    if (${name}_is_zero(from + i)) {
      ${name}_zero(out + i);
      continue;
    }
    ${name}_mul(prefixes + i, prefixes + i, running);
    ${name}_mul(running, running, from + i);
    ${name}_copy(out + i, prefixes + i);
  }
}
${conversion('from_bytes', 36, 32)}${conversion('from_mont256', 36, 32)}${conversion('to_bytes', 32, 36)}${conversion('to_mont256', 32, 36)}
/** out[i] = a[i]·b[i] for n elements; out may be a or b. */
export function ${name}_mul_n(out: usize, a: usize, b: usize, n: i32): void {
  for (let end = out + <usize>n * 36; out < end; out += 36, a += 36, b += 36) ${name}_mul(out, a, b);
}

/** out[i] = a[i]·factor for n elements; out may be a. */
export function ${name}_scale_n(out: usize, a: usize, factor: usize, n: i32): void {
  for (let end = out + <usize>n * 36; out < end; out += 36, a += 36) ${name}_mul(out, a, factor);
}

/** out[i] = a[i] - b[i] for n elements; out may be a or b. */
export function ${name}_sub_n(out: usize, a: usize, b: usize, n: i32): void {
  for (let end = out + <usize>n * 36; out < end; out += 36, a += 36, b += 36) ${name}_sub(out, a, b);
}
`;
}
