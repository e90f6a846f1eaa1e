/**
 * The groups G1 and G2 of BN254 over BigInt: affine, slow and obvious; the twin that the kernels are held equal to, and the source
 * of their constants. The point at infinity is `undefined`.
 *
 * G1: y² = x³ + 3 over F_q. G2: y² = x³ + 3/(9 + u) over F_q² = F_q[u]/(u² + 1), the subgroup of order r.
 */
import { Q, R, inverse, mod, pow } from './bn254.js';

/** c0 + c1·u */
export type Fq2 = readonly [c0: bigint, c1: bigint];

export interface AffinePoint<F> {
  readonly x: F;
  readonly y: F;
}
export type Point<F> = AffinePoint<F> | undefined;
export type G1Point = Point<bigint>;
export type G2Point = Point<Fq2>;

export interface TwinField<F> {
  readonly zero: F;
  readonly add: (a: F, b: F) => F;
  readonly sub: (a: F, b: F) => F;
  readonly mul: (a: F, b: F) => F;
  /** Throws RangeError on 0. */
  readonly inverse: (a: F) => F;
  readonly equal: (a: F, b: F) => boolean;
}

export const fq: TwinField<bigint> = {
  zero: 0n,
  add: (a, b) => mod(a + b, Q),
  sub: (a, b) => mod(a - b, Q),
  mul: (a, b) => mod(a * b, Q),
  inverse: (a) => inverse(a, Q),
  equal: (a, b) => a === b,
};

export const fq2: TwinField<Fq2> = {
  zero: [0n, 0n],
  add: (a, b) => [mod(a[0] + b[0], Q), mod(a[1] + b[1], Q)],
  sub: (a, b) => [mod(a[0] - b[0], Q), mod(a[1] - b[1], Q)],
  mul: (a, b) => [mod(a[0] * b[0] - a[1] * b[1], Q), mod(a[0] * b[1] + a[1] * b[0], Q)],
  inverse: (a) => {
    const norm = inverse(a[0] * a[0] + a[1] * a[1], Q);
    return [mod(a[0] * norm, Q), mod(-a[1] * norm, Q)];
  },
  equal: (a, b) => a[0] === b[0] && a[1] === b[1],
};

/** Affine arithmetic on y² = x³ + b. Points are taken to be on the curve. */
export class Curve<F> {
  constructor(
    readonly field: TwinField<F>,
    readonly b: F,
    readonly generator: AffinePoint<F>,
  ) {}

  isOnCurve(p: Point<F>): boolean {
    if (p === undefined) return true;
    const { add, mul, equal } = this.field;
    return equal(mul(p.y, p.y), add(mul(mul(p.x, p.x), p.x), this.b));
  }

  equal(p: Point<F>, q: Point<F>): boolean {
    if (p === undefined || q === undefined) return p === q;
    return this.field.equal(p.x, q.x) && this.field.equal(p.y, q.y);
  }

  negate(p: Point<F>): Point<F> {
    return p && { x: p.x, y: this.field.sub(this.field.zero, p.y) };
  }

  add(p: Point<F>, q: Point<F>): Point<F> {
    if (p === undefined) return q;
    if (q === undefined) return p;
    const { add, sub, mul, inverse: invert, equal } = this.field;
    let slope: F;
    if (equal(p.x, q.x)) {
      // No point has y = 0: both groups have odd order.
      if (!equal(p.y, q.y)) return undefined;
      const square = mul(p.x, p.x);
      slope = mul(add(add(square, square), square), invert(add(p.y, p.y)));
    } else {
      slope = mul(sub(q.y, p.y), invert(sub(q.x, p.x)));
    }
    const x = sub(sub(mul(slope, slope), p.x), q.x);
    return { x, y: sub(mul(slope, sub(p.x, x)), p.y) };
  }

  /** k·p for any integer k. */
  multiply(p: Point<F>, k: bigint): Point<F> {
    let sum: Point<F>;
    let power = k < 0n ? this.negate(p) : p;
    for (let rest = k < 0n ? -k : k; rest > 0n; rest >>= 1n) {
      if (rest & 1n) sum = this.add(sum, power);
      power = this.add(power, power);
    }
    return sum;
  }

  /** Σ scalars[i]·points[i]. */
  msm(points: readonly Point<F>[], scalars: readonly bigint[]): Point<F> {
    let sum: Point<F>;
    points.forEach((point, i) => (sum = this.add(sum, this.multiply(point, scalars[i]!))));
    return sum;
  }
}

export const g1Curve = new Curve(fq, 3n, { x: 1n, y: 2n });

export const g2Curve = new Curve<Fq2>(fq2, fq2.mul([3n, 0n], fq2.inverse([9n, 1n])), {
  x: [
    10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    11559732032986387107991004021392285783925812861821192530917403151452391805634n,
  ],
  y: [
    8495653923123431417604973247489272438418190587263600148770280649306958101930n,
    4082367875863433681332203403145435568316851327593401208105741076214120093531n,
  ],
});

/** The nearest integer to a/b, b > 0; halves up. */
export const roundedQuotient = (a: bigint, b: bigint): bigint => {
  const doubled = 2n * a + b;
  const quotient = doubled / (2n * b);
  return doubled < 0n && quotient * 2n * b !== doubled ? quotient - 1n : quotient;
};

/**
 * The endomorphism (x, y) -> (βx, y), β³ = 1, is multiplication by a cube root of one modulo r on either group: λ on G1 with β1, on G2
 * with β2. A lattice of short vectors (a, b) with a + b·λ ≡ 0 mod r splits a scalar k into k1 + k2·λ with halves below 2^126.
 */
export interface Glv {
  readonly lambda: bigint;
  readonly beta1: bigint;
  readonly beta2: bigint;
  /** Two short vectors of the lattice. */
  readonly v1: readonly [bigint, bigint];
  readonly v2: readonly [bigint, bigint];
}

export const GLV: Glv = deriveGlv();

function deriveGlv(): Glv {
  const lambda = pow(5n, (R - 1n) / 3n);
  const beta = pow(3n, (Q - 1n) / 3n, Q);
  const matching = <F>(curve: Curve<F>, times: (x: F, factor: bigint) => F): bigint => {
    const { generator } = curve;
    const image = curve.multiply(generator, lambda);
    const found = [beta, mod(beta * beta, Q)].find((candidate) =>
      curve.equal(image, { x: times(generator.x, candidate), y: generator.y }),
    );
    if (found === undefined) throw new Error('no cube root of one acts as λ');
    return found;
  };
  const beta1 = matching(g1Curve, (x, factor) => fq.mul(x, factor));
  const beta2 = matching(g2Curve, (x, factor) => fq2.mul(x, [factor, 0n]));
  return { lambda, beta1, beta2, ...shortVectors(lambda) };
}

/** The two steps of Euclid on (r, λ) around √r: every remainder is s·r + t·λ, so (remainder, -t) is in the lattice. */
function shortVectors(lambda: bigint): { v1: [bigint, bigint]; v2: [bigint, bigint] } {
  let [r0, r1] = [R, lambda];
  let [t0, t1] = [0n, 1n];
  while (r1 * r1 >= R) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [t0, t1] = [t1, t0 - quotient * t1];
  }
  return { v1: [r0, -t0], v2: [r1, -t1] };
}

/** k = k1 + k2·λ mod r with |k1|, |k2| < 2^126, for k in [0, r). */
export function splitScalar(k: bigint): { k1: bigint; k2: bigint } {
  const { v1, v2 } = GLV;
  // (k, 0) = c1·v1 + c2·v2 over the rationals; det = ±r.
  const determinant = v1[0] * v2[1] - v2[0] * v1[1];
  const sign = determinant < 0n ? -1n : 1n;
  const c1 = roundedQuotient(sign * k * v2[1], sign * determinant);
  const c2 = roundedQuotient(-sign * k * v1[1], sign * determinant);
  return { k1: k - c1 * v1[0] - c2 * v2[0], k2: -c1 * v1[1] - c2 * v2[1] };
}
