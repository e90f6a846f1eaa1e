/** Keys of the BigInt reference in the kernels' memory, and one proof by both provers. */
import { bn254 } from '@noble/curves/bn254.js';
import type {
  G1,
  G2,
  MirageTrapdoor,
  Proven,
  ReferenceKeys,
  ReferenceProof,
} from '../fixtures/proofs/mirage-reference.js';
import {
  g1Text,
  g2Text,
  referenceProve,
  referenceSetup,
  referenceTranscript,
} from '../fixtures/proofs/mirage-reference.js';
import { allocatePoints } from '../../src/kernels/curve.js';
import { domainOf } from '../../src/kernels/domain.js';
import type { Kernels } from '../../src/kernels/module.js';
import { createJoinConstants, createNttTable } from '../../src/kernels/ntt.js';
import type { WirePoints } from '../../src/prove/engine/wire-points.js';
import type { RoundsKey } from '../../src/prove/mirage/kernel-key.js';
import type { Challenge, MirageProof } from '../../src/prove/mirage/prover.js';
import { foldOf, type RandomRounds } from './random-rounds.js';

export const twin1 = (point: G1) => (point.is0() ? undefined : point.toAffine());
export function twin2(point: G2) {
  if (point.is0()) return undefined;
  const { x, y } = point.toAffine();
  return { x: [x.c0, x.c1], y: [y.c0, y.c1] } as const;
}

export function referenceKeyIn(kernels: Kernels, { system, pk, domain: points }: ReferenceKeys): RoundsKey {
  const domain = domainOf(points.length);
  const g1 = (list: readonly G1[]) => allocatePoints(kernels, 'g1', list.map(twin1));
  const g2 = (list: readonly G2[]) => allocatePoints(kernels, 'g2', list.map(twin2));
  const finite = <P extends G1 | G2>(list: readonly P[], first = 0) => {
    const kept = list.map((point, i) => ({ point, wire: first + i })).filter(({ point }) => !point.is0());
    return { wires: Uint32Array.from(kept, ({ wire }) => wire), points: kept.map(({ point }) => point) };
  };
  const list1 = (list: readonly G1[], first = 0): WirePoints => {
    const { wires, points: kept } = finite(list, first);
    return { group: 'g1', wires, points: g1(kept) };
  };
  const b2 = finite(pk.b2);
  return {
    nWires: system.r1cs.nWires,
    firstRound2: system.firstRound2,
    rows: system.r1cs.nConstraints,
    domain,
    a: list1(pk.a),
    b1: list1(pk.b1),
    b2: { group: 'g2', wires: b2.wires, points: g2(b2.points) },
    c1: list1(pk.p1, 4),
    c2: list1(pk.p2, system.firstRound2),
    h: g1(pk.h),
    alpha1: g1([pk.alpha1]),
    beta1: g1([pk.beta1]),
    beta2: g2([pk.beta2]),
    delta1: g1([pk.delta1]),
    delta2: g1([pk.delta2]),
    delta2G2: g2([pk.delta2G2]),
    table: createNttTable(kernels, domain.logSize),
    join: createJoinConstants(kernels, domain),
  };
}

export const KEY_DIGEST = `0x${'5a'.repeat(32)}`;
export const CONTEXT = Uint8Array.of(1, 2, 3);

/** The challenges of the transcript. */
export const challengeOf =
  (system: RandomRounds): Challenge =>
  ({ x, y }) => {
    const { publicValues } = system;
    const c1 = bn254.G1.Point.fromAffine({ x, y });
    const challenges = referenceTranscript({ keyDigest: KEY_DIGEST, publicValues, context: CONTEXT, c1 });
    return system.second({ ...challenges, d: foldOf(publicValues, challenges.theta) });
  };

export interface FixedBlinding {
  readonly rho: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

/** The keys of a random system. */
export function referenceKeys(
  { r1cs, rounds, publicValues }: RandomRounds,
  trapdoor: MirageTrapdoor,
  domainSize?: number,
): ReferenceKeys {
  const system = { r1cs, firstRound2: rounds.firstRound2, n: publicValues.length };
  return referenceSetup(domainSize === undefined ? system : { ...system, domainSize }, trapdoor);
}

export function provenByReference(keys: ReferenceKeys, system: RandomRounds, blinding: FixedBlinding): Proven {
  const { publicValues, round1, solveRound2 } = system;
  return referenceProve(keys, { round1, solveRound2, blinding, keyDigest: KEY_DIGEST, context: CONTEXT, publicValues });
}

/** The reference's proof as the engine writes it. */
export function asMirageProof({ proof: { a, b, c1, c2 } }: Proven): MirageProof {
  return {
    pi_a: g1Text(a),
    pi_b: g2Text(b),
    pi_c1: g1Text(c1),
    pi_c2: g1Text(c2),
    protocol: 'mirage',
    curve: 'bn128',
  } as unknown as MirageProof;
}

/** The points of a proof of the engine's. */
export function pointsOf({ pi_a, pi_b, pi_c1, pi_c2 }: MirageProof): ReferenceProof {
  const g1 = ([x, y]: readonly string[]) => bn254.G1.Point.fromAffine({ x: BigInt(x!), y: BigInt(y!) });
  const [x, y] = pi_b.map(([c0, c1]) => ({ c0: BigInt(c0!), c1: BigInt(c1!) }));
  return { a: g1(pi_a), b: bn254.G2.Point.fromAffine({ x: x!, y: y! }), c1: g1(pi_c1), c2: g1(pi_c2) };
}

/** Gives the values in order, then fails. */
export function inOrder(...values: readonly bigint[]): () => bigint {
  const queue = values.values();
  return () => {
    const next = queue.next();
    if (next.done === true) throw new Error('more blinding was drawn than the test gave');
    return next.value;
  };
}
