/**
 * The pairing functions of the kernels: the tower over F_q² = F_q[u]/(u² + 1), the optimal ate pairing, checks of points. Pointers as in
 * field-exports.ts; elements in and out are in [0, 2q).
 *
 * F_q⁶ = F_q²[v]/(v³ - ξ), ξ = 9 + u, is 216 bytes; F_q¹² = F_q⁶[w]/(w² - v) is 432. `scratch` takes `pairing_scratch()` bytes and overlaps
 * nothing else; `out` may alias an input unless said. `constants`, 432 bytes, are six elements of F_q²: γ^1 … γ^5 of γ = ξ^((q-1)/6), then
 * 3/ξ, the twist's b.
 */
export interface PairingExports {
  pairing_scratch(): number;
  /** ξ·a over F_q²; `out` may not alias a. */
  fq2_mul_xi(out: number, a: number): void;
  fq6_mul(out: number, a: number, b: number, scratch: number): void;
  /** a·(b0 + b1·v), b of 144 bytes. */
  fq6_mul_01(out: number, a: number, b: number, scratch: number): void;
  /** 0 for 0. */
  fq6_inv(out: number, a: number, scratch: number): void;
  fq12_one(out: number): void;
  /** 0 or 1; the scratch takes 432 bytes. */
  fq12_is_one(a: number, scratch: number): number;
  fq12_mul(out: number, a: number, b: number, scratch: number): void;
  fq12_sqr(out: number, a: number, scratch: number): void;
  /** 0 for 0. */
  fq12_inv(out: number, a: number, scratch: number): void;
  /** a^(q⁶). */
  fq12_conjugate(out: number, a: number): void;
  /** a^q. */
  fq12_frobenius(out: number, a: number, constants: number, scratch: number): void;
  /** a² for a^(q⁴ - q² + 1) = 1. */
  fq12_cyclotomic_sqr(out: number, a: number, scratch: number): void;
  /** a·(l0 + l1·w + l3·w³), the three coefficients at `line`. */
  fq12_mul_line(out: number, a: number, line: number, scratch: number): void;
  /** Bytes of the lines of one point. */
  pairing_lines_bytes(): number;
  /** The lines of the affine Q of G2, not infinity. */
  pairing_lines(lines: number, q: number, constants: number, scratch: number): void;
  /** The product of the Miller loops of n pairs of words at `pairs`: pointers to lines of Q and to an affine P, not infinity. */
  pairing_miller(out: number, pairs: number, n: number, scratch: number): void;
  /** The final exponentiation: to the power (q¹² - 1)/r · 2x(6x² + 3x + 1). f ≠ 0. */
  pairing_final(out: number, f: number, constants: number, scratch: number): void;
  /** 0 or 1: whether the affine point satisfies the equation of its curve. Infinity does not. */
  g1_on_curve(p: number, scratch: number): number;
  g2_on_curve(p: number, constants: number, scratch: number): number;
  /** 0 or 1: whether the affine point of the twist has order r or is at infinity. */
  g2_in_subgroup(p: number, constants: number, scratch: number): number;
}
