/**
 * The building blocks of the unrolled kernels: AssemblyScript statements on numbers of nine 29-bit limbs.
 *
 * Legend: p the prime, below 2^254; limb i has the weight 2^(29i); R = 2^261 the Montgomery radix. An element is any residue in
 * [0, 2p) with limbs below 2^29; its limb 8 is below 2^23.
 */
import { inverse, mod } from '../src/field/bn254.js';

export const LIMBS = 9;
export const LIMB_BITS = 29;
export const MASK = (1n << 29n) - 1n;
/** R */
export const MONTGOMERY = 1n << 261n;

/** The nine limbs of a value below 2^261. */
export function limbsOf(value: bigint): bigint[] {
  return Array.from({ length: LIMBS }, (_, i) => (value >> BigInt(LIMB_BITS * i)) & MASK);
}

export const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
export const lines = (list: readonly string[]): string => list.map((line) => `  ${line}`).join('\n');

/** Index pairs (i, j) with i + j = k, both below 9. */
export function pairs(k: number): [number, number][] {
  return range(Math.max(0, k - LIMBS + 1), Math.min(k, LIMBS - 1) + 1).map((i) => [i, k - i]);
}

/** The statement that puts limb i of a result, a 32-bit expression, where it belongs. */
export type Sink = (i: number, limb: string) => string;
export const toMemory: Sink = (i, limb) => `store<u32>(out, ${limb}, ${4 * i});`;
export const toLocals =
  (local: string, type = 'i32'): Sink =>
  (i, limb) =>
    `const ${local}${i}: ${type} = ${limb};`;

/** Statements that store `terms[i]`, carried, limb by limb. The terms are signed and below 2^31 in absolute value. */
export function carryOut(term: (i: number) => string, sink: Sink = toMemory, t = 't'): string[] {
  return [
    `let ${t}: i32 = ${term(0)};`,
    sink(0, `${t} & ${MASK}`),
    ...range(1, LIMBS).flatMap((i) => [
      `${t} = (${t} >> 29) + ${term(i)};`,
      sink(i, i === LIMBS - 1 ? t : `${t} & ${MASK}`),
    ]),
  ];
}

// ---- products ----------------------------------------------------------------------------------------------------

/** How many of the nine reduction rounds use 2^-29 mod p; the last uses p. */
const FAST_ROUNDS = 8;

/** How `columns` names and types what it declares. */
interface ColumnStyle {
  readonly sink?: Sink;
  /** Behind the names of the locals, where one function holds several products. */
  readonly tag?: string;
  /** i64 where a limb of an input may be negative: the running value is then signed, its sum still non-negative. */
  readonly type?: 'u64' | 'i64';
}

/**
 * The statements of a Montgomery product whose column k sums the terms `column(k)`. A round takes the low limb m off the running
 * value T. Rounds 0..7 replace T by floor(T/2^29) + m·c with c = 2^-29 mod p: nine products and no wait for a Montgomery quotient.
 * The last round is Montgomery's own, (T + m·p)/2^29 with m = -T/p mod 2^29, and divides away what the others left. The result is
 * below
 *
 *   ab/R + p + c·(1 + 2^-28) < ab/R + 1.51p   (c < p/2 in both fields, which is asserted),
 *
 * that is, as p/R < 0.006, below 1.54p for inputs below 2p, and below 2p for ab < 80p². A column holds at most 9 products of inputs
 * and 9 of reduction, each below 2^58, and a carry below 2^35: below 2^63.
 */
export function columns(p: bigint, column: (k: number) => readonly string[], style: ColumnStyle = {}): string[] {
  const { sink = toMemory, tag = '', type = 'u64' } = style;
  const [t, m] = [`t${tag}`, `m${tag}`];
  const quotient = mod(-inverse(p, 1n << 29n), 1n << 29n);
  const statements: string[] = [];
  for (let k = 0; k < 2 * LIMBS; k++) {
    const terms = [...column(k), ...reductionTerms(p, k, m)];
    if (k === 0) statements.push(`let ${t}: ${type} = ${terms.join(' + ')};`);
    else if (terms.length > 0) statements.push(`${t} += ${terms.join(' + ')};`);
    if (k < FAST_ROUNDS) {
      statements.push(`const ${m}_${k}: ${type} = ${t} & ${MASK};`, `${t} >>= 29;`);
    } else if (k < LIMBS) {
      statements.push(`const ${m}_${k}: ${type} = <${type}>((<u32>${t} * <u32>${quotient}) & ${MASK});`);
      statements.push(`${t} = (${t} + ${m}_${k} * ${limbsOf(p)[0]!}) >> 29;`);
    } else if (k < 2 * LIMBS - 1) {
      statements.push(sink(k - LIMBS, `<i32>${t} & ${MASK}`), `${t} >>= 29;`);
    } else {
      statements.push(sink(k - LIMBS, `<i32>${t}`));
    }
  }
  return statements;
}

/** 2^-29 mod p. */
function fastFactor(p: bigint): bigint {
  const factor = inverse(1n << 29n, p);
  if (2n * factor >= p) throw new Error(`2^-29 mod ${p} is not below p/2: the product would leave [0, 2p)`);
  return factor;
}

/** What the quotients found before column k add to it. */
function reductionTerms(p: bigint, k: number, m: string): string[] {
  const prime = limbsOf(p);
  const shift = limbsOf(fastFactor(p));
  return range(0, Math.min(k, LIMBS)).flatMap((j) => {
    const limb = (j < FAST_ROUNDS ? shift[k - j - 1] : prime[k - j]) ?? 0n;
    return limb === 0n ? [] : [`${m}_${j} * ${limb}`];
  });
}
