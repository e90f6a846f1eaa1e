/** Random points and scalars with what breaks a multi-scalar multiplication: infinity, equal and opposite points, edges of the ranges. */
import { bn254 } from '@noble/curves/bn254.js';
import { mod, R } from '../../src/field/bn254.js';
import { g1Curve, g2Curve, GLV, type Curve, type Fq2 } from '../../src/field/curve-bigint.js';
import type { PointOf } from '../../src/kernels/curve.js';
import type { GroupName } from '../../src/kernels/msm.js';
import type { randomNumbers } from './random-r1cs.js';

export type Random = ReturnType<typeof randomNumbers>;

/** A uniform value below `bound`, at most 2^300. */
export function below(random: Random, bound: bigint): bigint {
  let value = 0n;
  for (let i = 0; i < 12; i++) value = (value << 32n) | BigInt(random(2 ** 32));
  return value % bound;
}

/** The twin of a group. */
export function curveOf<Name extends GroupName>(name: Name): Curve<Name extends 'g1' ? bigint : Fq2> {
  return (name === 'g1' ? g1Curve : g2Curve) as unknown as Curve<Name extends 'g1' ? bigint : Fq2>;
}

/** k·G by @noble/curves, the judge of sums of points with known logarithms. */
export function multipleOfGenerator<Name extends GroupName>(name: Name, k: bigint): PointOf<Name> {
  const scalar = mod(k);
  if (scalar === 0n) return undefined as PointOf<Name>;
  if (name === 'g1') return bn254.G1.Point.BASE.multiplyUnsafe(scalar).toAffine() as PointOf<Name>;
  const { x, y } = bn254.G2.Point.BASE.multiplyUnsafe(scalar).toAffine();
  return { x: [x.c0, x.c1], y: [y.c0, y.c1] } as unknown as PointOf<Name>;
}

/** A point with its logarithm to the generator; infinity has 0. */
export interface KnownPoint<Name extends GroupName> {
  readonly log: bigint;
  readonly point: PointOf<Name>;
}

/** Points among which equal, opposite and λ-related ones and infinity are frequent. */
export function pointPool<Name extends GroupName>(name: Name, random: Random): KnownPoint<Name>[] {
  const bases = [1n, 2n, 3n, ...Array.from({ length: 12 }, () => below(random, R))];
  const { lambda } = GLV;
  const logs = [
    0n,
    ...bases,
    ...bases.map((log) => -log),
    ...bases.slice(0, 6).flatMap((log) => [log * lambda, -log * lambda, 2n * log]),
  ].map((log) => mod(log));
  return logs.map((log) => ({ log, point: multipleOfGenerator(name, log) }));
}

const EDGES = [
  0n,
  1n,
  2n,
  3n,
  R - 1n,
  R - 2n,
  (R - 1n) / 2n,
  GLV.lambda,
  mod(-GLV.lambda),
  GLV.lambda + 1n,
  1n << 127n,
  1n << 253n,
];

/** A scalar in [0, r), edges frequent. */
export function scalar(random: Random): bigint {
  switch (random(4)) {
    case 0:
      return EDGES[random(EDGES.length)]!;
    case 1:
      return mod((random(2) === 0 ? 1n : -1n) * below(random, 1n << BigInt(1 + random(253))));
    default:
      return below(random, R);
  }
}

/** An integer in [-max, max], both ends, 0 and ±1 frequent. */
export function integer(random: Random, max: number): number {
  const edges = [0, 1, -1, max, -max];
  return random(3) === 0 ? edges[random(edges.length)]! : random(2 * max + 1) - max;
}
