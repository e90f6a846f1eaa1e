/** Points of which the logarithms are known, in the spellings of keys and proofs. */
import { bn254 } from '@noble/curves/bn254.js';
import type { G1Point, G2Point } from '../src/field/curve-bigint.js';

export const G1 = bn254.G1.Point;
export const G2 = bn254.G2.Point;

export const affineG2 = (point: InstanceType<typeof G2>): NonNullable<G2Point> => {
  const { x, y } = point.toAffine();
  return { x: [x.c0, x.c1], y: [y.c0, y.c1] };
};

export const g1Json = (log: bigint): [string, string, string] => {
  const { x, y } = G1.BASE.multiply(log).toAffine() as NonNullable<G1Point>;
  return [String(x), String(y), '1'];
};

export const g2Json = (log: bigint): [[string, string], [string, string], [string, string]] => {
  const { x, y } = affineG2(G2.BASE.multiply(log));
  return [
    [String(x[0]), String(x[1])],
    [String(y[0]), String(y[1])],
    ['1', '0'],
  ];
};
