// F_q¹² = F_q⁶[w]/(w² - v): 432 bytes, the coefficients of 1 and w. `t` is scratch of `fq12_scratch()` bytes at least; `out` may alias an input
// but for what is said. As polynomials in w over F_q², w⁶ = ξ, an element is a0 + b0·w + a1·w² + b1·w³ + a2·w⁴ + b2·w⁵.
import { Fq2, add, copy, equal, neg, sub } from './curve-field';
import { fq_neg, fq_one } from './fq';
import { fq2_mul, fq2_sqr } from './fq2';
import { fq2_mul_xi, fq6_add, fq6_inv, fq6_mul, fq6_mul_0, fq6_mul_01, fq6_mul_v, fq6_scratch, fq6_sub } from './fq6';

const F2: usize = 72;
const F6: usize = 216;

/** Bytes of scratch. */
export function fq12_scratch(): usize {
  return 4 * F6 + fq6_scratch();
}

export function fq12_one(out: usize): void {
  fq_one(out);
  memory.fill(out + 36, 0, 2 * F6 - 36);
}

export function fq12_copy(out: usize, a: usize): void {
  memory.copy(out, a, 2 * F6);
}

/** `t` takes an element of F_q¹². */
export function fq12_is_one(a: usize, t: usize): bool {
  fq12_one(t);
  for (let i: usize = 0; i < 2 * F6; i += F2) if (!equal<Fq2>(a + i, t + i)) return false;
  return true;
}

export function fq12_mul(out: usize, a: usize, b: usize, t: usize): void {
  const v0 = t;
  const v1 = t + F6;
  const s = t + 2 * F6;
  const r = t + 3 * F6;
  const u = t + 4 * F6;
  fq6_mul(v0, a, b, u);
  fq6_mul(v1, a + F6, b + F6, u);
  fq6_add(s, a, a + F6);
  fq6_add(r, b, b + F6);
  fq6_mul(s, s, r, u);
  fq6_sub(s, s, v0);
  fq6_sub(out + F6, s, v1);
  fq6_mul_v(v1, v1, u);
  fq6_add(out, v0, v1);
}

/** a² with c0 = (a + b)(a + v·b) - ab - v·ab, c1 = 2ab. */
export function fq12_sqr(out: usize, a: usize, t: usize): void {
  const product = t;
  const s = t + F6;
  const r = t + 2 * F6;
  const u = t + 4 * F6;
  fq6_mul(product, a, a + F6, u);
  fq6_add(s, a, a + F6);
  fq6_mul_v(r, a + F6, u);
  fq6_add(r, r, a);
  fq6_mul(s, s, r, u);
  fq6_sub(s, s, product);
  fq6_add(out + F6, product, product);
  fq6_mul_v(product, product, u);
  fq6_sub(out, s, product);
}

/** The conjugate over F_q⁶, a^(q⁶): the inverse of an element of the cyclotomic subgroup. */
export function fq12_conjugate(out: usize, a: usize): void {
  for (let i: usize = 0; i < F6; i += F2) {
    copy<Fq2>(out + i, a + i);
    neg<Fq2>(out + F6 + i, a + F6 + i);
  }
}

/** 1/a, 0 for 0. */
export function fq12_inv(out: usize, a: usize, t: usize): void {
  const norm = t;
  const s = t + F6;
  const u = t + 4 * F6;
  fq6_mul(norm, a, a, u);
  fq6_mul(s, a + F6, a + F6, u);
  fq6_mul_v(s, s, u);
  fq6_sub(norm, norm, s);
  fq6_inv(norm, norm, u);
  fq12_conjugate(out, a);
  fq6_mul(out, out, norm, u);
  fq6_mul(out + F6, out + F6, norm, u);
}

/** a^q; the powers γ^1 … γ^5 of γ = ξ^((q-1)/6) are at `gammas`. */
export function fq12_frobenius(out: usize, a: usize, gammas: usize, t: usize): void {
  for (let power: usize = 0; power < 6; power++) {
    // The coefficient of w^power: even ones in the first half.
    const at = (power & 1) * F6 + (power >> 1) * F2;
    copy<Fq2>(t, a + at);
    fq_neg(t + 36, t + 36);
    if (power == 0) copy<Fq2>(out, t);
    else fq2_mul(out + at, t, gammas + (power - 1) * F2);
  }
}

/** a·(l0 + l1·w + l3·w³), the line's three coefficients of F_q² at `line`. */
export function fq12_mul_line(out: usize, a: usize, line: usize, t: usize): void {
  const v0 = t;
  const v1 = t + F6;
  const s = t + 2 * F6;
  const sum = t + 3 * F6;
  const u = t + 4 * F6;
  fq6_mul_0(v0, a, line);
  fq6_mul_01(v1, a + F6, line + F2, u);
  fq6_add(s, a, a + F6);
  add<Fq2>(sum, line, line + F2);
  copy<Fq2>(sum + F2, line + 2 * F2);
  fq6_mul_01(s, s, sum, u);
  fq6_sub(s, s, v0);
  fq6_sub(out + F6, s, v1);
  fq6_mul_v(v1, v1, u);
  fq6_add(out, v0, v1);
}

/** first + second·s = (a + b·s)² over F_q⁴ = F_q²[s]/(s² - ξ): both after each other at `out`. `t` takes two elements of F_q². */
function squareFour(out: usize, a: usize, b: usize, t: usize): void {
  const second = out + F2;
  fq2_sqr(out, a);
  fq2_sqr(t, b);
  add<Fq2>(t + F2, a, b);
  fq2_sqr(second, t + F2);
  sub<Fq2>(second, second, out);
  sub<Fq2>(second, second, t);
  fq2_mul_xi(t + F2, t);
  add<Fq2>(out, out, t + F2);
}

/** out = 3·square - 2·a. `out` may alias a; `t` takes an element of F_q². */
function triple(out: usize, square: usize, a: usize, t: usize): void {
  sub<Fq2>(t, square, a);
  add<Fq2>(t, t, t);
  add<Fq2>(out, t, square);
}

/** out = 3·square + 2·a. */
function tripleUp(out: usize, square: usize, a: usize, t: usize): void {
  add<Fq2>(t, square, a);
  add<Fq2>(t, t, t);
  add<Fq2>(out, t, square);
}

/** a² of the cyclotomic subgroup, a^(q⁴ - q² + 1) = 1: three squares over F_q⁴ (Granger and Scott, eprint 2009/565, section 3.2). */
export function fq12_cyclotomic_sqr(out: usize, a: usize, t: usize): void {
  const one = t;
  const two = t + 2 * F2;
  const three = t + 4 * F2;
  const u = t + 6 * F2;
  const b = a + F6;
  squareFour(one, a, b + F2, u);
  squareFour(two, b, a + 2 * F2, u);
  squareFour(three, a + F2, b + 2 * F2, u);
  triple(out, one, a, u);
  triple(out + F2, two, a + F2, u);
  triple(out + 2 * F2, three, a + 2 * F2, u);
  const high = out + F6;
  fq2_mul_xi(u + F2, three + F2);
  tripleUp(high, u + F2, b, u);
  tripleUp(high + F2, one + F2, b + F2, u);
  tripleUp(high + 2 * F2, two + F2, b + 2 * F2, u);
}
