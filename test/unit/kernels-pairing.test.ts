/** The pairing kernels beside @noble/curves: the tower, the pairing's very value, products that are one and not, checks of points, verdicts. */
import { bn254 } from '@noble/curves/bn254.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { inverse, mod, Q, R } from '../../src/field/bn254.js';
import { g1Curve, g2Curve, type G1Point, type G2Point } from '../../src/field/curve-bigint.js';
import { ELEMENT_BYTES } from '../../src/kernels/field-exports.js';
import { readElement, readLimbs, writeLimbs } from '../../src/kernels/field.js';
import { instantiateKernels, type KernelExports, type Kernels } from '../../src/kernels/module.js';
import {
  allocateConstants,
  FQ12_BYTES,
  GAMMA,
  isInG2,
  isOnG1,
  isOnTwist,
  millerProduct,
  pairingProduct,
  pairingProductIsOne,
  preparePairs,
  TWIST_B,
  type Pair,
} from '../../src/kernels/pairing.js';
import { KernelVerifier } from '../../src/prove/engine/kernel-verifier.js';
import { checkGroth16, groth16Equation } from '../../src/verify/groth16.js';
import { prepareGroth16Key, type PreparedGroth16Key } from '../../src/verify/key.js';
import { refusing } from '../../src/verify/refusal.js';
import { below, multipleOfGenerator } from './curve-support.js';
import { randomNumbers } from './random-r1cs.js';

const { Fp2, Fp6, Fp12 } = bn254.fields;
type Fp2Value = ReturnType<typeof Fp2.mul>;
type Fp6Value = ReturnType<typeof Fp6.mul>;
type Fp12Value = ReturnType<typeof Fp12.mul>;

const X = 4965661367192848881n;
const MONTGOMERY = 1n << 261n;
const random = randomNumbers(Number(process.env['KERNEL_SEED'] ?? 20261121));
const nonzero = (): bigint => 1n + below(random, R - 1n);

let kernels: Kernels;
let exports: KernelExports;
let scratch: number;
let constants: number;
let cells: [number, number, number, number];
beforeAll(async () => {
  kernels = await instantiateKernels({ pages: 16 });
  ({ exports } = kernels);
  scratch = kernels.heap.allocate(exports.pairing_scratch());
  constants = allocateConstants(kernels);
  cells = [0, 1, 2, 3].map(() => kernels.heap.allocate(FQ12_BYTES)) as typeof cells;
});

// ---- elements -------------------------------------------------------------------------------------------------------------------

const fp2 = (v: readonly bigint[]): Fp2Value => Fp2.fromBigTuple([v[0]!, v[1]!]);
const fp6 = (v: readonly bigint[]): Fp6Value => ({ c0: fp2(v), c1: fp2(v.slice(2)), c2: fp2(v.slice(4)) });
const fp12 = (v: readonly bigint[]): Fp12Value => ({ c0: fp6(v), c1: fp6(v.slice(6)) });
const of2 = ({ c0, c1 }: Fp2Value): bigint[] => [c0, c1];
const of6 = ({ c0, c1, c2 }: Fp6Value): bigint[] => [c0, c1, c2].flatMap(of2);
const of12 = ({ c0, c1 }: Fp12Value): bigint[] => [c0, c1].flatMap(of6);

/** Coefficients: all edges, sparse, or random. */
function coefficients(n: number): bigint[] {
  const edges = [0n, 1n, 2n, Q - 1n, Q - 2n, (Q - 1n) / 2n];
  const kind = random(4);
  return Array.from({ length: n }, () => {
    if (kind === 0) return edges[random(edges.length)]!;
    return kind === 1 && random(2) === 0 ? 0n : below(random, Q);
  });
}

/** Montgomery forms in either spelling of [0, 2q). */
function write(out: number, values: readonly bigint[]): void {
  values.forEach((value, i) => {
    const residue = mod(value * MONTGOMERY, Q);
    writeLimbs(kernels, out + i * ELEMENT_BYTES, random(2) === 0 ? residue : residue + Q);
  });
}

function read(pointer: number, n: number): bigint[] {
  return Array.from({ length: n }, (_, i) => {
    const at = pointer + i * ELEMENT_BYTES;
    expect(readLimbs(kernels, at) < 2n * Q).toBe(true);
    return readElement(kernels, 'fq', at);
  });
}

/** An element of the cyclotomic subgroup. */
function cyclotomic(): Fp12Value {
  const f = fp12(Array.from({ length: 12 }, () => below(random, Q)));
  const g = Fp12.div(Fp12.conjugate(f), f);
  return Fp12.mul(Fp12.frobeniusMap(g, 2), g);
}

describe('the tower', () => {
  it('has the constants that it says', () => {
    const xi = Fp2.fromBigTuple([9n, 1n]);
    expect(of2(Fp2.pow(xi, (Q - 1n) / 6n))).toEqual(GAMMA);
    expect(of2(Fp2.div(Fp2.fromBigTuple([3n, 0n]), xi))).toEqual(TWIST_B);
    expect([1, 2, 3, 4, 5].map((i) => read(constants + 2 * (i - 1) * ELEMENT_BYTES, 2))).toEqual(
      [1n, 2n, 3n, 4n, 5n].map((i) => of2(Fp2.pow(xi, ((Q - 1n) / 6n) * i))),
    );
  });

  it('multiplies by ξ, limbs at the edges of what sums of nine can be', () => {
    const [a, , , out] = cells;
    const tops = [0n, 1n, Q >> 232n, (Q >> 232n) + 1n, (2n * Q - 1n) >> 232n, (Q >> 232n) - 1n];
    const edges = [
      ...[0n, 1n, Q - 1n, Q, Q + 1n, 2n * Q - 1n],
      ...tops.flatMap((top) => [top << 232n, (top << 232n) | ((1n << 232n) - 1n)]),
      ...Array.from({ length: 30 }, (_, k) => (BigInt(k) * Q) / 9n + below(random, 3n)),
    ].filter((value) => value < 2n * Q);
    const inverseR = inverse(mod(MONTGOMERY, Q), Q);
    const check = (c0: bigint, c1: bigint): void => {
      [c0, c1].forEach((value, i) => writeLimbs(kernels, a + i * ELEMENT_BYTES, value));
      exports.fq2_mul_xi(out, a);
      expect(read(out, 2)).toEqual([mod((9n * c0 - c1) * inverseR, Q), mod((9n * c1 + c0) * inverseR, Q)]);
    };
    for (const c0 of edges) for (const c1 of edges) check(c0, c1);
    for (let i = 0; i < 2000; i++) check(below(random, 2n * Q), below(random, 2n * Q));
  });

  it('F_q⁶', () => {
    const [a, b, , out] = cells;
    for (let i = 0; i < 500; i++) {
      const [va, vb] = [coefficients(6), coefficients(6)];
      write(a, va);
      write(b, vb);
      exports.fq6_mul(out, a, b, scratch);
      expect(read(out, 6)).toEqual(of6(Fp6.mul(fp6(va), fp6(vb))));
      exports.fq6_mul_01(out, a, b, scratch);
      const sparse = of6(Fp6.mul(fp6(va), fp6([...vb.slice(0, 4), 0n, 0n])));
      expect(read(out, 6)).toEqual(sparse);
      exports.fq6_inv(out, a, scratch);
      expect(read(out, 6)).toEqual(va.every((value) => value === 0n) ? va : of6(Fp6.inv(fp6(va))));
      exports.fq6_mul_01(a, a, b, scratch);
      expect(read(a, 6)).toEqual(sparse);
      exports.fq6_mul(a, a, a, scratch);
      expect(read(a, 6)).toEqual(of6(Fp6.sqr(fp6(sparse))));
    }
  });

  it('F_q¹²', () => {
    const [a, b, , out] = cells;
    for (let i = 0; i < 300; i++) {
      const [va, vb] = [coefficients(12), coefficients(12)];
      const [fa, fb] = [fp12(va), fp12(vb)];
      write(a, va);
      write(b, vb);
      exports.fq12_mul(out, a, b, scratch);
      expect(read(out, 12)).toEqual(of12(Fp12.mul(fa, fb)));
      exports.fq12_sqr(out, a, scratch);
      expect(read(out, 12)).toEqual(of12(Fp12.sqr(fa)));
      exports.fq12_inv(out, a, scratch);
      expect(read(out, 12)).toEqual(va.every((value) => value === 0n) ? va : of12(Fp12.inv(fa)));
      exports.fq12_conjugate(out, a);
      expect(read(out, 12)).toEqual(of12(Fp12.conjugate(fa)));
      exports.fq12_mul_line(out, a, b, scratch);
      const [l0, l1, l3] = [vb.slice(0, 2), vb.slice(2, 4), vb.slice(4, 6)];
      const line = fp12([...l0, 0n, 0n, 0n, 0n, ...l1, ...l3, 0n, 0n]);
      expect(read(out, 12)).toEqual(of12(Fp12.mul(fa, line)));
    }
  });

  it('Frobenius maps', () => {
    const [a] = cells;
    for (let i = 0; i < 20; i++) {
      const va = coefficients(12);
      write(a, va);
      for (let power = 1; power <= 12; power++) {
        exports.fq12_frobenius(a, a, constants, scratch);
        expect(read(a, 12)).toEqual(of12(Fp12.frobeniusMap(fp12(va), power)));
      }
      expect(read(a, 12)).toEqual(va);
    }
  });

  it('in place', () => {
    const [a, b] = cells;
    const [va, vb] = [coefficients(12), coefficients(12).map((value) => mod(value + 5n, Q))];
    write(a, va);
    write(b, vb);
    exports.fq12_mul(a, a, b, scratch);
    exports.fq12_mul(b, a, b, scratch);
    exports.fq12_sqr(b, b, scratch);
    exports.fq12_inv(b, b, scratch);
    exports.fq12_conjugate(b, b);
    const first = Fp12.mul(fp12(va), fp12(vb));
    expect(read(b, 12)).toEqual(of12(Fp12.conjugate(Fp12.inv(Fp12.sqr(Fp12.mul(first, fp12(vb)))))));
  });

  it('squares in the cyclotomic subgroup, and nowhere else', () => {
    const [a, , , out] = cells;
    for (let i = 0; i < 20; i++) {
      const g = cyclotomic();
      write(a, of12(g));
      exports.fq12_cyclotomic_sqr(out, a, scratch);
      expect(read(out, 12)).toEqual(of12(Fp12.sqr(g)));
      exports.fq12_cyclotomic_sqr(a, a, scratch);
      expect(read(a, 12)).toEqual(of12(Fp12.sqr(g)));
    }
    const other = fp12(Array.from({ length: 12 }, () => below(random, Q)));
    write(a, of12(other));
    exports.fq12_cyclotomic_sqr(out, a, scratch);
    expect(read(out, 12)).not.toEqual(of12(Fp12.sqr(other)));
  });

  it('knows one in either spelling', () => {
    const [a, , , out] = cells;
    const one = [1n, ...new Array<bigint>(11).fill(0n)];
    for (let i = 0; i < 10; i++) {
      write(a, one);
      expect(exports.fq12_is_one(a, out)).toBe(1);
    }
    for (let i = 0; i < 12; i++) {
      write(
        a,
        one.map((value, j) => (i === j ? value + 1n : value)),
      );
      expect(exports.fq12_is_one(a, out)).toBe(0);
    }
  });
});

// ---- pairings ---------------------------------------------------------------------------------------------------------------------

const g1 = (k: bigint): G1Point => multipleOfGenerator('g1', k);
const g2 = (k: bigint): G2Point => multipleOfGenerator('g2', k);

function product(pairs: readonly Pair[]): bigint[] {
  const out = cells[3];
  pairingProduct(kernels, pairs, out);
  return read(out, 12);
}

/** e(aG, bH) by noble. */
function noble(a: bigint, b: bigint): bigint[] {
  return of12(bn254.pairing(bn254.G1.Point.BASE.multiply(a), bn254.G2.Point.BASE.multiply(b)));
}

describe('the pairing', () => {
  it('has the value that noble computes', () => {
    for (const [a, b] of [
      [1n, 1n],
      [R - 1n, 1n],
      [2n, R - 1n],
      ...Array.from({ length: 4 }, () => [nonzero(), nonzero()]),
    ]) {
      expect(product([{ g1: g1(a!), g2: g2(b!) }])).toEqual(noble(a!, b!));
    }
  });

  it('is bilinear', () => {
    const base = fp12(product([{ g1: g1(1n), g2: g2(1n) }]));
    for (let i = 0; i < 5; i++) {
      const [a, b] = [nonzero(), nonzero()];
      const value = product([{ g1: g1(a), g2: g2(b) }]);
      expect(value).toEqual(product([{ g1: g1(a * b), g2: g2(1n) }]));
      expect(value).toEqual(product([{ g1: g1(1n), g2: g2(a * b) }]));
      expect(value).toEqual(of12(Fp12.pow(base, mod(a * b))));
    }
    expect(of12(Fp12.pow(base, R))).toEqual(of12(Fp12.ONE));
    expect(of12(base)).not.toEqual(of12(Fp12.ONE));
  });

  /** Logarithms of five pairs whose product is one. */
  function fiveLogs(): { a: bigint; b: bigint }[] {
    const logs = Array.from({ length: 4 }, () => ({ a: nonzero(), b: nonzero() }));
    const b = nonzero();
    const rest = logs.reduce((sum, pair) => sum + pair.a * pair.b, 0n);
    return [...logs, { a: mod(-rest * inverse(b)), b }];
  }

  it('of five pairs multiplies to one, and not if any scalar is another', () => {
    const logs = fiveLogs();
    const pairs = logs.map(({ a, b }) => ({ g1: g1(a), g2: g2(b) }));
    const prepared = preparePairs(
      kernels,
      pairs.map((pair) => pair.g2),
    );
    const isOne = (list: readonly Pair[]): boolean => pairingProductIsOne(kernels, list);
    expect(isOne(pairs)).toBe(true);
    expect(isOne([...pairs].reverse())).toBe(true);
    expect(isOne(pairs.slice(1))).toBe(false);
    expect(isOne(pairs.map((pair, i) => ({ g1: pair.g1, g2: prepared[i]! })))).toBe(true);
    for (let i = 0; i < 5; i++) {
      const { a, b } = logs[i]!;
      const others = [
        { g1: g1(a + 1n), g2: g2(b) },
        { g1: g1(a), g2: g2(b + 1n) },
        { g1: g1(-a), g2: prepared[i]! },
      ];
      for (const other of others) expect(isOne(pairs.map((pair, j) => (i === j ? other : pair)))).toBe(false);
      const fixed = millerProduct(kernels, pairs.slice(0, i));
      expect(pairingProductIsOne(kernels, pairs.slice(i), fixed)).toBe(true);
      expect(pairingProductIsOne(kernels, pairs.slice(i + 1), fixed)).toBe(false);
    }
  });

  it('takes infinity for a pairing of one', () => {
    const infinity = preparePairs(kernels, [undefined])[0]!;
    const [p, q] = [g1(nonzero()), g2(nonzero())];
    const isOne = (...pairs: Pair[]): boolean => pairingProductIsOne(kernels, pairs);
    expect(isOne()).toBe(true);
    expect(isOne({ g1: undefined, g2: q })).toBe(true);
    expect(isOne({ g1: p, g2: undefined })).toBe(true);
    expect(isOne({ g1: p, g2: infinity }, { g1: undefined, g2: undefined })).toBe(true);
    expect(isOne({ g1: p, g2: q }, { g1: undefined, g2: q })).toBe(false);
    expect(isOne({ g1: p, g2: q }, { g1: p, g2: undefined }, { g1: g1Curve.negate(p), g2: q })).toBe(true);
    expect(
      product([
        { g1: p, g2: q },
        { g1: undefined, g2: q },
      ]),
    ).toEqual(product([{ g1: p, g2: q }]));
  });

  it('refuses coordinates out of range and gives back what it allocated', () => {
    const mark = kernels.heap.mark();
    const [p, q] = [g1(5n)!, g2(7n)!];
    const bad = [Q, -1n, 1n << 256n, p.x + Q];
    for (const value of bad) {
      expect(() => pairingProductIsOne(kernels, [{ g1: { ...p, x: value }, g2: q }])).toThrow(RangeError);
      expect(() => millerProduct(kernels, [{ g1: { ...p, y: value }, g2: q }])).toThrow(RangeError);
      expect(() => preparePairs(kernels, [q, { ...q, x: [q.x[0], value] }])).toThrow(RangeError);
      expect(() => isOnG1(kernels, { ...p, x: value })).toThrow(RangeError);
      expect(() => isOnTwist(kernels, { ...q, y: [value, q.y[1]] })).toThrow(RangeError);
      expect(() => isInG2(kernels, { ...q, x: [value, q.x[1]] })).toThrow(RangeError);
    }
    pairingProductIsOne(kernels, [{ g1: p, g2: q }]);
    expect([isOnG1(kernels, p), isOnTwist(kernels, q), isInG2(kernels, q)]).toEqual([true, true, true]);
    expect(kernels.heap.mark()).toBe(mark);
  });
});

// ---- checks of points ---------------------------------------------------------------------------------------------------------------

/** The order of the twist over F_q². */
const TWIST_ORDER = bn254.G2.Point.CURVE().h * R;

/** A random point of the twist, almost surely outside of the subgroup. */
function twistPoint(): NonNullable<G2Point> {
  for (;;) {
    const x = fp2([below(random, Q), below(random, Q)]);
    const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), fp2(TWIST_B));
    // Euler's criterion by the norm: c0 + c1·u is a square where c0² + c1² is one of F_q.
    const norm = bn254.fields.Fp.create(square.c0 * square.c0 + square.c1 * square.c1);
    if (bn254.fields.Fp.pow(norm, (Q - 1n) / 2n) !== 1n) continue;
    const y = Fp2.sqrt(square);
    return { x: [x.c0, x.c1], y: [y.c0, y.c1] };
  }
}

const isTorsionFree = ({ x, y }: NonNullable<G2Point>): boolean =>
  bn254.G2.Point.fromAffine({ x: fp2(x), y: fp2(y) }).isTorsionFree();

describe('checks of points', () => {
  it('G1: on the curve or not', () => {
    for (let i = 0; i < 50; i++) {
      const p = g1(nonzero())!;
      expect(isOnG1(kernels, p)).toBe(true);
      expect(isOnG1(kernels, g1Curve.negate(p)!)).toBe(true);
      for (const other of [
        { x: p.x, y: mod(p.y + 1n, Q) },
        { x: p.y, y: p.x },
        { x: below(random, Q), y: p.y },
      ]) {
        expect(isOnG1(kernels, other)).toBe(g1Curve.isOnCurve(other));
      }
    }
    expect(isOnG1(kernels, { x: 0n, y: 0n })).toBe(false);
  });

  it('the twist: on the curve or not', () => {
    for (let i = 0; i < 50; i++) {
      const q = i % 2 === 0 ? g2(nonzero())! : twistPoint();
      expect(isOnTwist(kernels, q)).toBe(true);
      for (const other of [
        { x: q.x, y: [q.y[1], q.y[0]] as const },
        { x: q.x, y: [mod(q.y[0] + 1n, Q), q.y[1]] as const },
        { x: [q.x[0], mod(-q.x[1], Q)] as const, y: q.y },
      ]) {
        expect(isOnTwist(kernels, other)).toBe(g2Curve.isOnCurve(other));
      }
    }
    expect(isOnTwist(kernels, { x: [0n, 0n], y: [0n, 0n] })).toBe(false);
  });

  it('the subgroup, as noble says', () => {
    const inside = [g2(1n)!, g2(R - 1n)!, g2(2n)!, ...Array.from({ length: 30 }, () => g2(nonzero())!)];
    for (const q of inside) expect([isInG2(kernels, q), isTorsionFree(q)]).toEqual([true, true]);
    for (let i = 0; i < 30; i++) {
      const q = twistPoint();
      expect(isInG2(kernels, q)).toBe(isTorsionFree(q));
      expect(isInG2(kernels, q)).toBe(false);
    }
  });

  it('the subgroup: points of small order, and beside the subgroup by one', () => {
    // The cofactor's least prime factor.
    const small = 10069n;
    expect((TWIST_ORDER / R) % small).toBe(0n);
    let point: G2Point;
    while (point === undefined) point = g2Curve.multiply(twistPoint(), TWIST_ORDER / small);
    expect(g2Curve.multiply(point, small)).toBeUndefined();
    for (let k = 1n; k < 20n; k++) {
      const multiple = g2Curve.multiply(point, k)!;
      const beside = g2Curve.add(multiple, g2(nonzero()))!;
      for (const q of [multiple, beside]) {
        expect(isOnTwist(kernels, q)).toBe(true);
        expect([isInG2(kernels, q), isTorsionFree(q)]).toEqual([false, false]);
      }
    }
    // What the cofactor clears is in.
    const cleared = g2Curve.multiply(twistPoint(), TWIST_ORDER / R)!;
    expect([isInG2(kernels, cleared), isTorsionFree(cleared)]).toEqual([true, true]);
  });

  it('the equation of the subgroup check is complete', () => {
    // a(ψ) = (x + 1) + x·ψ + x·ψ² - 2x·ψ³ modulo ψ² - tψ + q, t = 6x² + 1.
    const t = 6n * X * X + 1n;
    expect(Q + 1n - t).toBe(R);
    const a = [X + 1n, X, X, -2n * X];
    // ψ is q on the subgroup.
    expect(mod(a.reduceRight((sum, coefficient) => sum * Q + coefficient, 0n))).toBe(0n);
    while (a.length > 2) {
      const top = a.pop()!;
      a[a.length - 1]! += top * t;
      a[a.length - 2]! -= top * Q;
    }
    const [b0, b1] = a as [bigint, bigint];
    const norm = b0 * b0 + b0 * b1 * t + b1 * b1 * Q;
    let [m, n] = [norm, TWIST_ORDER];
    while (n !== 0n) [m, n] = [n, m % n];
    expect(m).toBe(R);
  });
});

// ---- verdicts -----------------------------------------------------------------------------------------------------------------------

const g1Json = (point: G1Point): string[] => [String(point!.x), String(point!.y), '1'];
const g2Json = (point: G2Point): string[][] => [point!.x.map(String), point!.y.map(String), ['1', '0']];

describe('the verifier on the kernels', () => {
  const [alpha, beta, gamma, delta] = [nonzero(), nonzero(), nonzero(), nonzero()];
  const ic = [nonzero(), nonzero(), nonzero(), nonzero()];
  const signals = [nonzero(), 0n, R - 1n];
  let key: PreparedGroth16Key;
  let verifier: KernelVerifier;
  beforeAll(async () => {
    key = prepareGroth16Key({
      protocol: 'groth16',
      curve: 'bn128',
      nPublic: 3,
      vk_alpha_1: g1Json(g1(alpha)),
      vk_beta_2: g2Json(g2(beta)),
      vk_gamma_2: g2Json(g2(gamma)),
      vk_delta_2: g2Json(g2(delta)),
      IC: ic.map((log) => g1Json(g1(log))),
    });
    verifier = await KernelVerifier.of(groth16Equation(key));
  });

  const statement = (values: readonly bigint[]): bigint => values.reduce((sum, s, i) => sum + s * ic[i + 1]!, ic[0]!);

  /** A proof of the signals by the key's logarithms. */
  function proofOf(values: readonly bigint[]) {
    const [a, b] = [nonzero(), nonzero()];
    const c = mod((a * b - alpha * beta - gamma * statement(values)) * inverse(delta));
    return { pi_a: g1Json(g1(a)), pi_b: g2Json(g2(b)), pi_c: g1Json(g1(c)), protocol: 'groth16', curve: 'bn128' };
  }

  /** Both verdicts, which must be the same. */
  function verdict(values: readonly bigint[], proof: object) {
    const by = (...check: [] | [Parameters<typeof checkGroth16>[3]]) =>
      refusing(() => checkGroth16(key, values.map(String), { ...proof }, ...check));
    const ours = by((numbers) => verifier.check(numbers));
    expect(ours).toEqual(by());
    return Array.isArray(ours) ? 'VALID' : ours.reason;
  }

  it('accepts what noble accepts, and again', () => {
    for (let i = 0; i < 3; i++) expect(verdict(signals, proofOf(signals))).toBe('VALID');
    // A statement at infinity: Σ s_i·IC_i = 0.
    const last = mod(-(ic[0]! + ic[1]! + ic[2]!) * inverse(ic[3]!));
    expect(mod(statement([1n, 1n, last]))).toBe(0n);
    expect(verdict([1n, 1n, last], proofOf([1n, 1n, last]))).toBe('VALID');
    expect(verdict([1n, 1n, last], proofOf([1n, 1n, 0n]))).toBe('PAIRING_FAILED');
  });

  it('refuses what noble refuses, for the same reason', () => {
    const proof = proofOf(signals);
    signals.forEach((_, i) =>
      expect(
        verdict(
          signals.map((s, j) => (i === j ? mod(s + 1n) : s)),
          proof,
        ),
      ).toBe('PAIRING_FAILED'),
    );
    const point = g1(nonzero());
    expect(verdict(signals, { ...proof, pi_a: g1Json(point) })).toBe('PAIRING_FAILED');
    expect(verdict(signals, { ...proof, pi_b: g2Json(g2(nonzero())) })).toBe('PAIRING_FAILED');
    expect(verdict(signals, { ...proof, pi_c: g1Json(point) })).toBe('PAIRING_FAILED');
    const off = [String(point!.x), String(mod(point!.y + 1n, Q)), '1'];
    for (const name of ['pi_a', 'pi_c']) {
      expect(verdict(signals, { ...proof, [name]: off })).toBe('POINT_NOT_ON_CURVE');
      expect(verdict(signals, { ...proof, [name]: ['0', '0', '1'] })).toBe('POINT_NOT_ON_CURVE');
    }
    const [x, y, one] = proof.pi_b;
    expect(verdict(signals, { ...proof, pi_b: [x, [y![1], y![0]], one] })).toBe('POINT_NOT_ON_CURVE');
    expect(verdict(signals, { ...proof, pi_b: g2Json(twistPoint()) })).toBe('POINT_NOT_IN_SUBGROUP');
    expect(verdict(signals.slice(1), proof)).toBe('PUBLIC_INPUT_COUNT');
    expect(verdict([...signals.slice(1), R], proof)).toBe('PUBLIC_INPUT_NOT_IN_FIELD');
    expect(verdict(signals, { ...proof, pi_a: [String(Q), '2', '1'] })).toBe('POINT_NOT_CANONICAL');
    expect(verdict(signals, proof)).toBe('VALID');
  });

  const numbers = (scalars: readonly bigint[], coordinates: readonly bigint[]) => ({
    scalars,
    coordinates,
    names: ['pi_a', 'pi_b', 'pi_c1', 'pi_c2'],
  });

  it('checks two C with two δ, on kernels that are given', async () => {
    const second = nonzero();
    const given = await instantiateKernels();
    const two = await KernelVerifier.create(
      {
        fixed: [{ g1: g1(alpha), g2: g2(beta) }],
        gamma: g2(gamma),
        deltas: [g2(delta), g2(second)],
        ic: ic.map(g1),
      },
      given,
    );
    const mark = given.heap.mark();
    const [a, b, c1] = [nonzero(), nonzero(), nonzero()];
    const c2 = mod((a * b - alpha * beta - gamma * statement(signals) - c1 * delta) * inverse(second));
    const coordinates = (logs: readonly [bigint, bigint, bigint, bigint]): bigint[] => {
      const [A, B, C1, C2] = [g1(logs[0])!, g2(logs[1])!, g1(logs[2])!, g1(logs[3])!];
      return [A.x, A.y, B.x[1], B.x[0], B.y[1], B.y[0], C1.x, C1.y, C2.x, C2.y];
    };
    const reason = (scalars: readonly bigint[], given: readonly bigint[]): unknown => {
      const result = refusing(() => {
        two.check(numbers(scalars, given));
        return 'VALID';
      });
      return typeof result === 'string' ? result : [result.reason, result.index, result.message.split(' ')[0]];
    };
    const good = coordinates([a, b, c1, c2]);
    expect(reason(signals, good)).toBe('VALID');
    expect(reason(signals, coordinates([a, b, c2, c1]))).toEqual(['PAIRING_FAILED', undefined, 'the']);
    expect(reason([...signals.slice(0, 2), 5n], good)).toEqual(['PAIRING_FAILED', undefined, 'the']);
    expect(reason(signals, [...good.slice(0, 9), good[8]!])).toEqual(['POINT_NOT_ON_CURVE', 3, 'pi_c2']);
    expect(() => two.check(numbers(signals, good.slice(0, 8)))).toThrow(RangeError);
    expect(() => two.check(numbers(signals.slice(1), good))).toThrow(RangeError);
    expect(() => two.check(numbers([...signals.slice(1), R], good))).toThrow(RangeError);
    expect(() => two.check(numbers(signals, [good[0]! + Q, ...good.slice(1)]))).toThrow(RangeError);
    expect(given.heap.mark()).toBe(mark);
  });

  it('sums hundreds of points of a statement', async () => {
    const logs = Array.from({ length: 301 }, nonzero);
    const many = await KernelVerifier.create({
      fixed: [],
      gamma: g2(gamma),
      deltas: [g2(delta)],
      ic: logs.map(g1),
    });
    const scalars = logs.slice(1).map((_, i) => (i % 7 === 0 ? BigInt(i) : nonzero()));
    const sum = scalars.reduce((total, s, i) => total + s * logs[i + 1]!, logs[0]!);
    const [a, b] = [nonzero(), nonzero()];
    const [A, B] = [g1(a)!, g2(b)!];
    const C = g1((a * b - gamma * sum) * inverse(delta))!;
    const coordinates = [A.x, A.y, B.x[1], B.x[0], B.y[1], B.y[0], C.x, C.y];
    many.check(numbers(scalars, coordinates));
    expect(() => many.check(numbers([...scalars].reverse(), coordinates))).toThrow('does not prove');
  });
});
