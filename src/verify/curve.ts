/**
 * BN254 points as snarkjs writes them (decimal strings, affine with a third coordinate of one), read in the verifier's order:
 * shape, then range, then curve, then subgroup. The point at infinity is refused: it has no affine spelling, and no honest proof
 * or key holds it.
 */
import { bn254 } from '@noble/curves/bn254.js';
import { readDecimal } from './json.js';
import type { DecimalFault } from './json.js';

/** Order of both groups: public signals lie below it. */
export const R = bn254.fields.Fr.ORDER;
/** Characteristic of the coordinate field. */
export const Q = bn254.fields.Fp.ORDER;

/** A point of G1, as @noble/curves has it. */
export type G1 = InstanceType<typeof bn254.G1.Point>;
/** A point of G2, as @noble/curves has it. */
export type G2 = InstanceType<typeof bn254.G2.Point>;

/** [x, y, "1"] */
export type G1Json = readonly string[];
/** [[x.c0, x.c1], [y.c0, y.c1], ["1", "0"]] with x = c0 + c1·u */
export type G2Json = readonly (readonly string[])[];

const { Fp, Fp2 } = bn254.fields;

/** x and y of a G1 point, unread, if the value has the shape of one. */
export function g1Shape(value: unknown): readonly [unknown, unknown] | undefined {
  if (!Array.isArray(value) || value.length !== 3 || value[2] !== '1') return undefined;
  return [value[0], value[1]];
}

/** x.c0, x.c1, y.c0, y.c1 of a G2 point, unread, if the value has the shape of one. */
export function g2Shape(value: unknown): readonly [unknown, unknown, unknown, unknown] | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [x, y, z]: unknown[] = value;
  const isPair = (pair: unknown): pair is [unknown, unknown] => Array.isArray(pair) && pair.length === 2;
  if (!isPair(x) || !isPair(y) || !isPair(z) || z[0] !== '1' || z[1] !== '0') return undefined;
  return [x[0], x[1], y[0], y[1]];
}

/** A coordinate in [0, Q). */
export function readCoordinate(value: unknown): bigint | DecimalFault {
  return readDecimal(value, Q);
}

/** The point (x, y) if it satisfies y² = x³ + 3; coordinates must be in [0, Q). */
export function g1OnCurve(x: bigint, y: bigint): G1 | undefined {
  if (!Fp.eql(Fp.sqr(y), Fp.add(Fp.mul(Fp.sqr(x), x), 3n))) return undefined;
  return bn254.G1.Point.fromAffine({ x, y });
}

/** b of the twist y² = x³ + b, b = 3/(9 + u). */
const TWIST_B = Fp2.div(Fp2.fromBigTuple([3n, 0n]), Fp2.fromBigTuple([9n, 1n]));

/** The point of the twist with these coordinates, in [0, Q); its order is not looked at. */
export function g2OnCurve(x0: bigint, x1: bigint, y0: bigint, y1: bigint): G2 | undefined {
  const x = Fp2.fromBigTuple([x0, x1]);
  const y = Fp2.fromBigTuple([y0, y1]);
  if (!Fp2.eql(Fp2.sqr(y), Fp2.add(Fp2.mul(Fp2.sqr(x), x), TWIST_B))) return undefined;
  return bn254.G2.Point.fromAffine({ x, y });
}

/** Whether a point of the twist has order R. (G1 has cofactor one: on the curve is in the group.) */
export function inSubgroup(point: G2): boolean {
  return point.isTorsionFree();
}

/** x, y. Throws for infinity. */
export function affineOf1(point: G1): readonly bigint[] {
  const { x, y } = point.toAffine();
  return [x, y];
}

/** x.c0, x.c1, y.c0, y.c1. Throws for infinity. */
export function affineOf2(point: G2): readonly bigint[] {
  const { x, y } = point.toAffine();
  return [x.c0, x.c1, y.c0, y.c1];
}
