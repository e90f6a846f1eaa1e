/** The points of a verification key of a protocol over the curve: their shape, their groups, and that nobody can forge proofs because of them. */
import { bn254 } from '@noble/curves/bn254.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { g1OnCurve, g1Shape, g2OnCurve, g2Shape, inSubgroup, readCoordinate } from './curve.js';
import type { G1, G1Json, G2, G2Json } from './curve.js';
import { excerpt, unknownField } from './json.js';
import type { JsonObject } from './json.js';
import { keyInvalid } from './key-invalid.js';

/** What snarkjs writes. */
export interface Groth16Key {
  readonly protocol: string;
  readonly curve: string;
  readonly nPublic: number;
  readonly vk_alpha_1: G1Json;
  readonly vk_beta_2: G2Json;
  readonly vk_gamma_2: G2Json;
  readonly vk_delta_2: G2Json;
  /** e(α, β), written for snarkjs's sake: never read, always computed anew. */
  readonly vk_alphabeta_12?: unknown;
  readonly IC: readonly G1Json[];
}

/** The points of a key of protocol `mirage`. */
export interface MirageKey {
  readonly protocol: 'mirage';
  readonly curve: 'bn128';
  /** n: packed public values, at least one. */
  readonly nPublic: number;
  readonly vk_alpha_1: G1Json;
  readonly vk_beta_2: G2Json;
  readonly vk_gamma_2: G2Json;
  readonly vk_delta1_2: G2Json;
  readonly vk_delta2_2: G2Json;
  /** Of 1, X, Θ and D. */
  readonly IC: readonly G1Json[];
}

/** A key whose every point has been checked; what verification needs and nothing else. */
export interface PreparedGroth16Key {
  readonly nPublic: number;
  readonly alpha: G1;
  readonly beta: G2;
  readonly gamma: G2;
  readonly delta: G2;
  readonly ic: readonly G1[];
}

/** Likewise for `mirage`; `ic` has four points. */
export interface PreparedMirageKey {
  readonly nPublic: number;
  readonly alpha: G1;
  readonly beta: G2;
  readonly gamma: G2;
  readonly delta1: G2;
  readonly delta2: G2;
  readonly ic: readonly G1[];
}

/** By protocol, of those whose keys and proofs are points of BN254 and whose check is a product of pairings. */
export interface PreparedPoints {
  readonly groth16: PreparedGroth16Key;
  readonly mirage: PreparedMirageKey;
}

export type CurveProtocol = keyof PreparedPoints;

/** Beyond this a key is no key of ours: four million elements of one byte are 131,072 signals. */
const MAX_PUBLIC = 1 << 17;
/** IC of 1, X, Θ and D. */
const MIRAGE_IC = 4;
const POINT_FIELDS = ['protocol', 'curve', 'nPublic', 'vk_alpha_1', 'vk_beta_2', 'vk_gamma_2', 'IC', 'zkonnx'];
const GROTH16_FIELDS = [...POINT_FIELDS, 'vk_delta_2', 'vk_alphabeta_12'];
const MIRAGE_FIELDS = [...POINT_FIELDS, 'vk_delta1_2', 'vk_delta2_2'];

/** Whether a point of the twist has order r; `inSubgroup` of curve.ts, or the kernels. */
export type SubgroupCheck = (point: G2) => boolean;

/** The points of a Groth16 key, ours or snarkjs's, forgeable or not. Throws KEY_INVALID. */
export function readGroth16Points(key: JsonObject, isInSubgroup: SubgroupCheck = inSubgroup): PreparedGroth16Key {
  const { nPublic, common } = readCommon(key, 'groth16', GROTH16_FIELDS, isInSubgroup);
  return {
    nPublic,
    ...common(nPublic + 1, 'nPublic + 1 points'),
    delta: g2(key['vk_delta_2'], 'vk_delta_2', isInSubgroup),
  };
}

/** The points of a `mirage` key, forgeable or not. Throws KEY_INVALID. */
export function readMiragePoints(key: JsonObject, isInSubgroup: SubgroupCheck = inSubgroup): PreparedMirageKey {
  const { nPublic, common } = readCommon(key, 'mirage', MIRAGE_FIELDS, isInSubgroup);
  // Without a public value D is zero whatever the statement, and the circuit proves nothing to anybody.
  if (nPublic === 0) throw keyInvalid('a key of protocol mirage has at least one public value', 'nPublic', nPublic);
  return {
    nPublic,
    ...common(MIRAGE_IC, 'four points'),
    delta1: g2(key['vk_delta1_2'], 'vk_delta1_2', isInSubgroup),
    delta2: g2(key['vk_delta2_2'], 'vk_delta2_2', isInSubgroup),
  };
}

function readCommon(key: JsonObject, protocol: CurveProtocol, known: readonly string[], isInSubgroup: SubgroupCheck) {
  if (key['protocol'] !== protocol) {
    throw keyInvalid(`protocol must be "${protocol}"`, 'protocol', key['protocol'] ?? null);
  }
  const stray = unknownField(key, known);
  if (stray !== undefined) throw keyInvalid('it has a field no key has', excerpt(stray));
  if (key['curve'] !== 'bn128') throw keyInvalid('curve must be "bn128"', 'curve', key['curve'] ?? null);
  const nPublic = key['nPublic'];
  if (!Number.isInteger(nPublic) || (nPublic as number) < 0 || (nPublic as number) > MAX_PUBLIC) {
    throw keyInvalid(`nPublic must be an integer in [0, ${MAX_PUBLIC}]`, 'nPublic', nPublic ?? null);
  }
  const common = (icLength: number, rule: string) => {
    const ic = key['IC'];
    if (!Array.isArray(ic) || ic.length !== icLength) throw keyInvalid(`IC must have ${rule}`, 'IC', ic ?? null);
    return {
      alpha: g1(key['vk_alpha_1'], 'vk_alpha_1'),
      beta: g2(key['vk_beta_2'], 'vk_beta_2', isInSubgroup),
      gamma: g2(key['vk_gamma_2'], 'vk_gamma_2', isInSubgroup),
      ic: ic.map((point, i) => g1(point, `IC[${i}]`)),
    };
  };
  return { nPublic: nPublic as number, common };
}

/** How the points of a key are read, and which of them only a contribution makes safe. */
interface KeyPoints<P extends CurveProtocol> {
  /** The fields of its points of G2, in the order of the digest. */
  readonly g2Fields: readonly string[];
  /** The points, forgeable or not. Throws KEY_INVALID. */
  readonly read: (key: JsonObject, isInSubgroup: SubgroupCheck) => PreparedPoints[P];
  /** δ, or δ1 and δ2, by their fields. */
  readonly deltas: (points: PreparedPoints[P]) => readonly (readonly [field: string, point: G2])[];
}

export const KEY_POINTS: { readonly [P in CurveProtocol]: KeyPoints<P> } = {
  groth16: {
    g2Fields: ['vk_beta_2', 'vk_gamma_2', 'vk_delta_2'],
    read: readGroth16Points,
    deltas: ({ delta }) => [['vk_delta_2', delta]],
  },
  mirage: {
    g2Fields: ['vk_beta_2', 'vk_gamma_2', 'vk_delta1_2', 'vk_delta2_2'],
    read: readMiragePoints,
    deltas: ({ delta1, delta2 }) => [
      ['vk_delta1_2', delta1],
      ['vk_delta2_2', delta2],
    ],
  },
};

/**
 * With two of β, γ, δ, δ1, δ2 equal up to sign anyone can solve the equation without a witness (γ = δ, a setup nobody contributed to,
 * was robbed in 2026): with δ = γ, A = α, B = β, C = −L passes for every statement; the other pairs fall to B = γ + t·δ. With δ1 = δ2
 * the two rounds are one: any point passes for C1 in the transcript, and C2 makes up for it with round-1 wires chosen after the
 * challenges. A known ratio is as bad and is not seen here; only a verified ceremony excludes it. Throws KEY_INVALID.
 */
export function refuseForgeable<P extends CurveProtocol>(protocol: P, key: PreparedPoints[P]): PreparedPoints[P] {
  const deltas = KEY_POINTS[protocol].deltas(key);
  const points = [['vk_beta_2', key.beta] as const, ['vk_gamma_2', key.gamma] as const, ...deltas];
  points.forEach(([name, point], i) => {
    for (const [otherName, other] of points.slice(i + 1)) {
      if (point.equals(other) || point.equals(other.negate())) {
        const where = `${name} and ${otherName}`;
        throw keyInvalid('two of its points are the same up to sign, so anyone can forge proofs for it', where);
      }
    }
  });
  return key;
}

/** The fields of δ, δ1 or δ2 that are the generator of G2, up to sign, if one is: a phase 2 without any contribution. */
export function uncontributed<P extends CurveProtocol>({
  protocol,
  body,
}: {
  readonly protocol: P;
  readonly body: PreparedPoints[P];
}): readonly string[] {
  const generator = bn254.G2.Point.BASE;
  const deltas = KEY_POINTS[protocol].deltas(body);
  const isBare = deltas.some(([, delta]) => delta.equals(generator) || delta.equals(generator.negate()));
  return isBare ? deltas.map(([field]) => field) : [];
}

/**
 * The points of a key as a contract holds them: α, then the points of G2 in the order of `KEY_POINTS`, then IC, each coordinate a word of 32 bytes,
 * big-endian, of G2 the imaginary part first (EIP-197). Throws KEY_INVALID for what are no points.
 */
export function packedPoints(key: JsonObject): Uint8Array {
  const { protocol, IC } = key;
  if (!isCurveProtocol(protocol) || !Array.isArray(IC)) {
    throw keyInvalid('it has no points of a known protocol', 'protocol');
  }
  const { g2Fields } = KEY_POINTS[protocol];
  const ofG1 = (point: unknown, where: string) => coordinates(g1Shape(point), where, G1_FORM);
  const words = [
    ...ofG1(key['vk_alpha_1'], 'vk_alpha_1'),
    ...g2Fields.flatMap((field) => {
      const [x0, x1, y0, y1] = coordinates(g2Shape(key[field]), field, G2_FORM) as [bigint, bigint, bigint, bigint];
      return [x1, x0, y1, y0];
    }),
    ...IC.flatMap((point, i) => ofG1(point, `IC[${i}]`)),
  ];
  return hexToBytes(words.map((word) => word.toString(16).padStart(64, '0')).join(''));
}

/** In the order of their coming. */
export const CURVE_PROTOCOLS = Object.keys(KEY_POINTS) as readonly CurveProtocol[];

function isCurveProtocol(value: unknown): value is CurveProtocol {
  return typeof value === 'string' && Object.hasOwn(KEY_POINTS, value);
}

const G1_FORM = '[x, y, "1"]';
const G2_FORM = '[[x0, x1], [y0, y1], ["1", "0"]]';

function coordinates(shape: readonly unknown[] | undefined, where: string, form: string): bigint[] {
  if (shape === undefined) throw keyInvalid(`a point must be written ${form}`, where);
  return shape.map((coordinate) => {
    const value = readCoordinate(coordinate);
    if (typeof value === 'string')
      throw keyInvalid('a coordinate is not a canonical decimal below q', where, coordinate);
    return value;
  });
}

function g1(value: unknown, where: string): G1 {
  const [x, y] = coordinates(g1Shape(value), where, G1_FORM) as [bigint, bigint];
  const point = g1OnCurve(x, y);
  if (point === undefined) throw keyInvalid('a point is not on the curve', where);
  return point;
}

function g2(value: unknown, where: string, isInSubgroup: SubgroupCheck): G2 {
  const shape = coordinates(g2Shape(value), where, G2_FORM);
  const [x0, x1, y0, y1] = shape as [bigint, bigint, bigint, bigint];
  const point = g2OnCurve(x0, x1, y0, y1);
  if (point === undefined) throw keyInvalid('a point is not on the twist', where);
  if (!isInSubgroup(point)) throw keyInvalid('a point is not in the subgroup of order r', where);
  return point;
}
