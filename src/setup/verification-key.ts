/** The verification key of a .zkey, ours or a foreign one, in snarkjs's JSON. */
import { bn254 } from '@noble/curves/bn254.js';
import { ZkonnxError } from '../base/errors.js';
import {
  g1Curve,
  g2Curve,
  type Curve,
  type Fq2,
  type G1Point,
  type G2Point,
  type Point,
} from '../field/curve-bigint.js';
import type { G1Json, G2Json, GtJson, SnarkjsVerificationKey } from '../formats/snarkjs-json.js';
import { coordinates, G1_BYTES } from '../formats/zkey.js';
import { readZkeyVerifierPart } from '../formats/zkey-file.js';

/**
 * Reads a Groth16 .zkey and gives its verification key. Throws FILE_UNREADABLE, KEY_INVALID (not a zkey, sizes that contradict each
 * other, a point off its curve, [β]_2 outside of the group of order r), FORMAT_VERSION. Whether the other points of G2 are in that group is
 * the verifier's to check.
 */
export async function verificationKeyFromZkey(file: string): Promise<SnarkjsVerificationKey> {
  const { nPublic, points, ic } = await readZkeyVerifierPart(file);
  const g1 = (bytes: Uint8Array): G1Point => g1Point(file, bytes);
  const g2 = (bytes: Uint8Array): G2Point => g2Point(file, bytes);
  const alpha = g1(points.alpha1);
  const beta = g2(points.beta2);
  // Not in the verification key, but a key with others is damaged.
  g1(points.beta1);
  g1(points.delta1);
  return {
    protocol: 'groth16',
    curve: 'bn128',
    nPublic,
    vk_alpha_1: g1Json(alpha),
    vk_beta_2: g2Json(beta),
    vk_gamma_2: g2Json(g2(points.gamma2)),
    vk_delta_2: g2Json(g2(points.delta2)),
    vk_alphabeta_12: pairing(file, alpha, beta),
    IC: Array.from({ length: nPublic + 1 }, (_, i) => g1Json(g1(ic.subarray(i * G1_BYTES, (i + 1) * G1_BYTES)))),
  };
}

function g1Point(file: string, bytes: Uint8Array): G1Point {
  const [x, y] = coordinates(bytes) as [bigint, bigint];
  return onCurve(file, g1Curve, x === 0n && y === 0n ? undefined : { x, y });
}

function g2Point(file: string, bytes: Uint8Array): G2Point {
  const [x0, x1, y0, y1] = coordinates(bytes) as [bigint, bigint, bigint, bigint];
  const isInfinity = [x0, x1, y0, y1].every((value) => value === 0n);
  return onCurve(file, g2Curve, isInfinity ? undefined : { x: [x0, x1], y: [y0, y1] });
}

function onCurve<F>(file: string, curve: Curve<F>, point: Point<F>): Point<F> {
  if (!curve.isOnCurve(point)) {
    throw new ZkonnxError('KEY_INVALID', 'a point of the key is not on the curve', { where: file });
  }
  return point;
}

/** e(α, β), over noble's tower, which is snarkjs's: F_q¹² = F_q⁶[w]/(w² − v), F_q⁶ = F_q²[v]/(v³ − 9 − u). */
function pairing(file: string, alpha: G1Point, beta: G2Point): GtJson {
  const { G1, G2, fields } = bn254;
  // noble pairs no infinity; the product of no pairs is one.
  let result = fields.Fp12.ONE;
  if (alpha !== undefined && beta !== undefined) {
    const point = G2.Point.fromAffine({ x: toFp2(beta.x), y: toFp2(beta.y) });
    if (!point.isTorsionFree()) {
      throw new ZkonnxError('KEY_INVALID', 'β of the key is not in the group of order r', { where: file });
    }
    result = bn254.pairing(G1.Point.fromAffine(alpha), point);
  }
  return [result.c0, result.c1].map(({ c0, c1, c2 }) => [fq2Json(c0), fq2Json(c1), fq2Json(c2)]);
}

const toFp2 = ([c0, c1]: Fq2) => ({ c0, c1 });

const fq2Json = ({ c0, c1 }: { readonly c0: bigint; readonly c1: bigint }): [string, string] => [
  String(c0),
  String(c1),
];

function g1Json(point: G1Point): G1Json {
  return point === undefined ? ['0', '1', '0'] : [String(point.x), String(point.y), '1'];
}

function g2Json(point: G2Point): G2Json {
  if (point === undefined) {
    return [
      ['0', '0'],
      ['1', '0'],
      ['0', '0'],
    ];
  }
  const [[x0, x1], [y0, y1]] = [point.x, point.y];
  return [
    [String(x0), String(x1)],
    [String(y0), String(y1)],
    ['1', '0'],
  ];
}
