// The optimal ate pairing of BN254 (Vercauteren, eprint 2008/096; Beuchat et al., eprint 2010/354, algorithm 1) with x = 4965661367192848881:
//
//   e(P, Q) = (f · l_{T, ψ(Q)}(P) · l_{T + ψ(Q), -ψ²(Q)}(P))^((q¹² - 1)/r · 2x(6x² + 3x + 1)),   f = f_{6x+2, Q}(P), T = (6x + 2)·Q.
//
// The twist is E': y² = x³ + b/ξ, taken to E by (x, y) -> (x·w², y·w³). `constants`, 432 bytes, are γ^1 … γ^5 of
// γ = ξ^((q-1)/6), then b/ξ, from the host. ψ(x, y) = (γ²·x̄, γ³·ȳ) is the q-th power Frobenius seen on the twist.
//
// The lines through the multiples of a Q are made once (`pairing_lines`) and evaluated at many P. Points must be on their curves and in
// their subgroups and not at infinity: others give values of no meaning, never an access out of place.
import { addXyzz, double as doubleXyzz, fromAffine } from './curve';
import { Fq, Fq2, add, copy, equal, isZero, neg, sub } from './curve-field';
import { fq_add, fq_copy, fq_mul, fq_neg, fq_one, fq_sqr, fq_zero } from './fq';
import { fq2_mul, fq2_sqr } from './fq2';
import { g2_copy } from './g2';
import { fq12_conjugate, fq12_copy, fq12_cyclotomic_sqr, fq12_frobenius, fq12_inv, fq12_mul } from './fq12';
import { fq12_mul_line, fq12_one, fq12_scratch, fq12_sqr } from './fq12';

const F1: usize = 36;
const F2: usize = 72;
const F12: usize = 432;
const G2: usize = 144;

/**
 * Signed digits of 6x + 2 below its top one at 2^64, by position: its non-adjacent form but for the top, where 1·2^65 - 1·2^63 is
 * 1·2^64 + 1·2^63. 64 doublings, 21 additions.
 */
const LOOP_PLUS: u64 = 0xa002004200804028;
const LOOP_MINUS: u64 = 0x02889008420a0480;
const LOOP_TOP: u64 = 1 << 63;

/** The non-adjacent form of x below its top digit at 2^62. */
const X_PLUS: u64 = 0x050a14044a890a01;
const X_MINUS: u64 = 0x0020815000200010;
const X_TOP: u64 = 1 << 61;

const GAMMA_2: usize = F2;
const GAMMA_3: usize = 2 * F2;
const TWIST_B: usize = 5 * F2;

/** Bytes of a line: its coefficients l0, l1, l3 of F_q²; at (x, y) it is l0·y + l1·x·w + l3·w³. */
const LINE: usize = 3 * F2;
/** One for each doubling and each addition, two in the end. */
const LINES: usize = 64 + 21 + 2;

export function pairing_lines_bytes(): usize {
  return LINES * LINE;
}

/** Bytes of scratch for every function below. */
export function pairing_scratch(): usize {
  return 8 * F12 + fq12_scratch();
}

/** a·3 of F_q²; `out` may not alias a. */
function triple(out: usize, a: usize): void {
  add<Fq2>(out, a, a);
  add<Fq2>(out, out, a);
}

// ---- lines --------------------------------------------------------------------------------------------------------------------

/**
 * T = 2T, T = (X : Y : Z) homogeneous, and its tangent: Costello, Lange, Naehrig (eprint 2009/615, section 5), as in Aranha et al. (eprint
 * 2010/526, section 4), with all of T scaled by 4. With e = 3b'Z²: l = 2YZ·y_P - 3X²·x_P·w + (Y² - e)·w³,
 * X' = 2XY(Y² - 3e), Y' = (Y² + 3e)² - 12e², Z' = 8Y³Z. `t` takes seven elements.
 */
function doubleStep(line: usize, point: usize, constants: usize, t: usize): void {
  const x = point;
  const y = point + F2;
  const z = point + 2 * F2;
  const square = t;
  const e = t + F2;
  const three = t + 2 * F2;
  const u = t + 3 * F2;
  const v = t + 4 * F2;
  fq2_sqr(square, y);
  fq2_sqr(u, z);
  fq2_mul(v, u, constants + TWIST_B);
  triple(e, v);
  triple(three, e);
  fq2_mul(u, y, z);
  add<Fq2>(line, u, u);
  fq2_sqr(u, x);
  triple(v, u);
  neg<Fq2>(line + F2, v);
  sub<Fq2>(line + 2 * F2, square, e);
  // The point.
  fq2_mul(u, x, y);
  add<Fq2>(u, u, u);
  sub<Fq2>(v, square, three);
  fq2_mul(x, u, v);
  add<Fq2>(u, square, three);
  fq2_sqr(y, u);
  fq2_sqr(u, e);
  triple(v, u);
  add<Fq2>(v, v, v);
  add<Fq2>(v, v, v);
  sub<Fq2>(y, y, v);
  fq2_mul(z, square, line);
  add<Fq2>(z, z, z);
  add<Fq2>(z, z, z);
}

/**
 * T = T + Q, Q affine, and the line through both, from the same papers. With θ = Y - y_Q·Z and λ = X - x_Q·Z:
 * l = λ·y_P - θ·x_P·w + (θ·x_Q - λ·y_Q)·w³; with h = λ³ + Z·θ² - 2X·λ²: X' = λ·h, Y' = θ·(X·λ² - h) - Y·λ³, Z' = Z·λ³.
 */
function addStep(line: usize, point: usize, q: usize, t: usize): void {
  const x = point;
  const y = point + F2;
  const z = point + 2 * F2;
  const theta = t;
  const lambda = line;
  const u = t + F2;
  const cube = t + 2 * F2;
  const g = t + 3 * F2;
  const h = t + 4 * F2;
  fq2_mul(u, q + F2, z);
  sub<Fq2>(theta, y, u);
  fq2_mul(u, q, z);
  sub<Fq2>(lambda, x, u);
  neg<Fq2>(line + F2, theta);
  fq2_mul(line + 2 * F2, theta, q);
  fq2_mul(u, lambda, q + F2);
  sub<Fq2>(line + 2 * F2, line + 2 * F2, u);
  // The point.
  fq2_sqr(u, lambda);
  fq2_mul(cube, u, lambda);
  fq2_mul(g, u, x);
  fq2_sqr(u, theta);
  fq2_mul(h, u, z);
  add<Fq2>(h, h, cube);
  sub<Fq2>(h, h, g);
  sub<Fq2>(h, h, g);
  fq2_mul(x, lambda, h);
  sub<Fq2>(g, g, h);
  fq2_mul(u, theta, g);
  fq2_mul(g, y, cube);
  sub<Fq2>(y, u, g);
  fq2_mul(u, z, cube);
  copy<Fq2>(z, u);
}

/** out = ψ(p), affine; `out` may not alias p. `t` takes an element. */
function frobenius(out: usize, p: usize, constants: usize, t: usize): void {
  conjugateTimes(out, p, constants + GAMMA_2, t);
  conjugateTimes(out + F2, p + F2, constants + GAMMA_3, t);
}

/** out = ā·b; `out` may alias a. `t` takes an element. */
function conjugateTimes(out: usize, a: usize, b: usize, t: usize): void {
  fq_copy(t, a);
  fq_neg(t + F1, a + F1);
  fq2_mul(out, t, b);
}

/** The lines of the affine Q at `q`. */
export function pairing_lines(lines: usize, q: usize, constants: usize, scratch: usize): void {
  const point = scratch;
  const negated = point + 3 * F2;
  const image = negated + G2;
  const t = image + G2;
  copy<Fq2>(point, q);
  copy<Fq2>(point + F2, q + F2);
  fq_one(point + 2 * F2);
  fq_zero(point + 2 * F2 + F1);
  copy<Fq2>(negated, q);
  neg<Fq2>(negated + F2, q + F2);
  for (let digit = LOOP_TOP; digit != 0; digit >>= 1) {
    doubleStep(lines, point, constants, t);
    lines += LINE;
    if ((LOOP_PLUS | LOOP_MINUS) & digit) {
      addStep(lines, point, LOOP_PLUS & digit ? q : negated, t);
      lines += LINE;
    }
  }
  frobenius(image, q, constants, t);
  addStep(lines, point, image, t);
  frobenius(negated, image, constants, t);
  neg<Fq2>(negated + F2, negated + F2);
  addStep(lines + LINE, point, negated, t);
}

// ---- Miller loop ----------------------------------------------------------------------------------------------------------------

/** f *= the lines at `offset` of all n pairs. */
function multiplyLines(f: usize, pairs: usize, n: u32, offset: usize, t: usize): void {
  const line = t;
  for (const end = pairs + 8 * <usize>n; pairs < end; pairs += 8) {
    const from = <usize>load<u32>(pairs) + offset;
    const p = <usize>load<u32>(pairs, 4);
    fq_mul(line, from, p + F1);
    fq_mul(line + F1, from + F1, p + F1);
    fq_mul(line + F2, from + F2, p);
    fq_mul(line + F2 + F1, from + F2 + F1, p);
    copy<Fq2>(line + 2 * F2, from + 2 * F2);
    fq12_mul_line(f, f, line, t + LINE);
  }
}

/** out = Π f_i over n pairs of pointers (u32 each) at `pairs`: lines of Q_i, affine P_i. One squaring a step for all of them. */
export function pairing_miller(out: usize, pairs: usize, n: u32, scratch: usize): void {
  let offset: usize = 0;
  fq12_one(out);
  for (let digit = LOOP_TOP; digit != 0; digit >>= 1) {
    if (digit != LOOP_TOP) fq12_sqr(out, out, scratch);
    multiplyLines(out, pairs, n, offset, scratch);
    offset += LINE;
    if ((LOOP_PLUS | LOOP_MINUS) & digit) {
      multiplyLines(out, pairs, n, offset, scratch);
      offset += LINE;
    }
  }
  multiplyLines(out, pairs, n, offset, scratch);
  multiplyLines(out, pairs, n, offset + LINE, scratch);
}

// ---- final exponentiation ---------------------------------------------------------------------------------------------------------

/** out = a^x for a of the cyclotomic subgroup; `out` may not alias a. `t` takes an element and fq12_scratch() bytes. */
function powerOfX(out: usize, a: usize, t: usize): void {
  const inverse = t;
  const u = t + F12;
  fq12_conjugate(inverse, a);
  fq12_copy(out, a);
  for (let digit = X_TOP; digit != 0; digit >>= 1) {
    fq12_cyclotomic_sqr(out, out, u);
    if (X_PLUS & digit) fq12_mul(out, out, a, u);
    else if (X_MINUS & digit) fq12_mul(out, out, inverse, u);
  }
}

/**
 * out = f^((q¹² - 1)/r · 2x(6x² + 3x + 1)), f ≠ 0. The hard part as Fuentes-Castañeda, Knapp, Rodríguez-Henríquez ("Faster hashing to G2",
 * SAC 2011, section 5): with m = f^((q⁶ - 1)(q² + 1)) it is m^(λ0 + λ1·q + λ2·q² + λ3·q³), λ2 = 12x³ + 6x² + 6x, λ1 = λ2 - 2x,
 * λ0 = λ2 + 6x² + 1, λ3 = λ1 - 1. `out` may alias f.
 */
export function pairing_final(out: usize, f: usize, constants: usize, scratch: usize): void {
  const m = scratch;
  const a = m + F12;
  const b = a + F12;
  const c = b + F12;
  const d = c + F12;
  const t = d + F12;
  // m = (f̄/f)^(q² + 1).
  fq12_inv(a, f, t);
  fq12_conjugate(b, f);
  fq12_mul(a, a, b, t);
  fq12_frobenius(b, a, constants, t);
  fq12_frobenius(b, b, constants, t);
  fq12_mul(m, a, b, t);
  // a = m^(2x), b = m^(6x), c = m^(6x²), d = m^(12x³).
  powerOfX(a, m, t);
  fq12_cyclotomic_sqr(a, a, t);
  fq12_cyclotomic_sqr(b, a, t);
  fq12_mul(b, b, a, t);
  powerOfX(c, b, t);
  fq12_cyclotomic_sqr(out, c, t);
  powerOfX(d, out, t);
  // d = m^λ2, a = m^λ1, c = m^λ0.
  fq12_mul(d, d, c, t);
  fq12_mul(d, d, b, t);
  fq12_conjugate(a, a);
  fq12_mul(a, a, d, t);
  fq12_mul(c, c, d, t);
  fq12_mul(c, c, m, t);
  // m^λ0 · (m^λ1 · (m^λ2 · m^(λ3·q))^q)^q.
  fq12_conjugate(m, m);
  fq12_mul(m, m, a, t);
  fq12_frobenius(m, m, constants, t);
  fq12_mul(m, m, d, t);
  fq12_frobenius(m, m, constants, t);
  fq12_mul(m, m, a, t);
  fq12_frobenius(m, m, constants, t);
  fq12_mul(out, m, c, t);
}

// ---- checks of points ---------------------------------------------------------------------------------------------------------------

/** Whether the affine p satisfies y² = x³ + 3; infinity does not. */
export function g1_on_curve(p: usize, scratch: usize): bool {
  const cube = scratch;
  const t = scratch + F1;
  fq_sqr(t, p);
  fq_mul(cube, t, p);
  fq_one(t);
  for (let i = 0; i < 3; i++) fq_add(cube, cube, t);
  fq_sqr(t, p + F1);
  return equal<Fq>(t, cube);
}

/** Whether the affine p satisfies y² = x³ + b/ξ; infinity does not. */
export function g2_on_curve(p: usize, constants: usize, scratch: usize): bool {
  const cube = scratch;
  const t = scratch + F2;
  fq2_sqr(t, p);
  fq2_mul(cube, t, p);
  add<Fq2>(cube, cube, constants + TWIST_B);
  fq2_sqr(t, p + F2);
  return equal<Fq2>(t, cube);
}

/** p = ψ(p), XYZZ. */
function frobeniusXyzz(p: usize, constants: usize, t: usize): void {
  conjugateTimes(p, p, constants + GAMMA_2, t);
  conjugateTimes(p + F2, p + F2, constants + GAMMA_3, t);
  fq_neg(p + 2 * F2 + F1, p + 2 * F2 + F1);
  fq_neg(p + 3 * F2 + F1, p + 3 * F2 + F1);
}

/**
 * Whether the affine Q, on the twist, is in the subgroup of order r: [x + 1]Q + ψ([x]Q) + ψ²([x]Q) = ψ³([2x]Q) (Dai, Lin, Zhao, Zhou, eprint
 * 2022/348, section 4). Complete: ψ² - tψ + q = 0 on the twist; the equation's polynomial in ψ is b0 + b1·ψ modulo
 * that one, so its norm b0² + b0·b1·t + b1²·q annihilates every Q that satisfies it, and the greatest common divisor of the norm
 * and the twist's order is r, as the tests compute. On the subgroup ψ is q, for which the polynomial is 0 mod r.
 */
export function g2_in_subgroup(q: usize, constants: usize, scratch: usize): bool {
  const multiple = scratch;
  const sum = multiple + 2 * G2;
  const given = sum + 2 * G2;
  const negated = given + 2 * G2;
  const t = negated + 2 * G2;
  fromAffine<Fq2>(given, q);
  g2_copy(negated, given);
  neg<Fq2>(negated + F2, negated + F2);
  g2_copy(multiple, given);
  for (let digit = X_TOP; digit != 0; digit >>= 1) {
    doubleXyzz<Fq2>(multiple, t);
    if (X_PLUS & digit) addXyzz<Fq2>(multiple, given, t);
    else if (X_MINUS & digit) addXyzz<Fq2>(multiple, negated, t);
  }
  g2_copy(sum, multiple);
  addXyzz<Fq2>(sum, given, t);
  frobeniusXyzz(multiple, constants, t);
  addXyzz<Fq2>(sum, multiple, t);
  frobeniusXyzz(multiple, constants, t);
  addXyzz<Fq2>(sum, multiple, t);
  // ψ³([2x]Q), negated: the sum must be at infinity.
  frobeniusXyzz(multiple, constants, t);
  doubleXyzz<Fq2>(multiple, t);
  neg<Fq2>(multiple + F2, multiple + F2);
  addXyzz<Fq2>(sum, multiple, t);
  return isZero<Fq2>(sum + 2 * F2);
}
