/**
 * Why each part of protocol `mirage` is there: the forgery that its absence allows, carried out against a verifier or a circuit weakened
 * in that one place, and refused by ours.
 */
import { bn254 } from '@noble/curves/bn254.js';
import { describe, expect, it } from 'vitest';
import { R, inverse, mod } from '../../src/field/bn254.js';
import { makeVerificationKey, pointsFor, prepareKey, uncontributed } from '../../src/verify/key.js';
import { ZkonnxError } from '../../src/base/errors.js';
import { verify } from '../../src/verify/verify.js';
import { jobOf, makeKeyPair, makeMirageFixture, mirageFacts, mirageFile } from '../fixtures/proofs/mirage-fixture.js';
import type { MirageProven } from '../fixtures/proofs/mirage-fixture.js';
import {
  blindingFrom,
  brokenRows,
  equationHolds,
  fold,
  g1,
  g2,
  keyFields,
  mirageTrapdoor,
  proofWords,
  referenceProve,
  referenceSetup,
  referenceTranscript,
  unblinded,
} from '../fixtures/proofs/mirage-reference.js';
import type { Challenges, ReferenceKeys, TranscriptParts } from '../fixtures/proofs/mirage-reference.js';
import { forgeSum, lookupSystem, sumParts, sumSystem } from '../fixtures/proofs/mirage-systems.js';
import type { SumSystem } from '../fixtures/proofs/mirage-systems.js';
import { shiftValues, weakTranscript } from '../fixtures/proofs/mirage-vectors.js';
import type { WeakPart } from '../fixtures/proofs/mirage-vectors.js';
import { scalarFrom } from '../fixtures/proofs/trapdoor.js';

const system = lookupSystem(2, true);
const pair = makeKeyPair(system, 'first mirage key');
const { keys, key } = pair;
const prepared = prepareKey(key);
const V = [3, 1];
const reasonOf = (file: unknown) => {
  const result = verify(file, prepared);
  return result.valid ? 'VALID' : result.reason;
};
const codeOf = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error instanceof ZkonnxError ? error.code : error;
  }
  return 'no error';
};

/** A verifier that draws its challenges from these parts alone, with D of the values it is given. */
const weakVerifier =
  (kept: readonly WeakPart[]) =>
  (claim: TranscriptParts, { proof }: MirageProven) => {
    const { x, theta } = weakTranscript(kept)(claim);
    return equationHolds(keys, { x, theta, d: fold(claim.publicValues, theta) }, proof);
  };

const ALL: readonly WeakPart[] = ['dst', 'key', 'count', 'values', 'context', 'c1'];

describe('a transcript that leaves something out', () => {
  const forge = (...missing: WeakPart[]) => {
    const kept = ALL.filter((part) => !missing.includes(part));
    const proven = makeMirageFixture(pair, jobOf(system, pair, V), { transcript: weakTranscript(kept) });
    const claim = { ...proven.job, c1: proven.proof.c1 };
    return { proven, claim, accepts: weakVerifier(kept) };
  };

  it('that leaves nothing out is ours', () => {
    const { proven, claim, accepts } = forge();
    expect(accepts(claim, proven)).toBe(true);
    expect(reasonOf(proven.file)).toBe('VALID');
  });

  it.each([
    ['the public values', ['values']],
    ['everything but C1', ['dst', 'key', 'count', 'values', 'context']],
  ] as const)('%s: a proof of one statement is a proof of others with the same D', (_, missing) => {
    const { proven, claim, accepts } = forge(...missing);
    const publicValues = shiftValues(claim.publicValues, proven.challenges.theta);
    expect(publicValues).not.toEqual(claim.publicValues);
    expect(fold(publicValues, proven.challenges.theta)).toBe(proven.challenges.d);
    expect(accepts({ ...claim, publicValues }, proven)).toBe(true);
    expect(reasonOf(mirageFile(key, proven.proof, { ...claim, publicValues }))).toBe('PAIRING_FAILED');
    expect(reasonOf(proven.file)).toBe('PAIRING_FAILED');
  });

  it('the public values: but ours refuses the same shift of an honest proof', () => {
    const honest = makeMirageFixture(pair, jobOf(system, pair, V));
    const publicValues = shiftValues(honest.job.publicValues, honest.challenges.theta);
    expect(equationHolds(keys, honest.challenges, honest.proof)).toBe(true);
    expect(reasonOf(mirageFile(key, honest.proof, { ...honest.job, publicValues }))).toBe('PAIRING_FAILED');
  });

  it('the context: a proof made for one purpose serves another', () => {
    const { proven, claim, accepts } = forge('context');
    const stolen = { ...claim, context: new TextEncoder().encode('somebody else') };
    expect(accepts(stolen, proven)).toBe(true);
    expect(reasonOf(mirageFile(key, proven.proof, stolen))).toBe('PAIRING_FAILED');
  });

  it('the key: a proof serves a key whose values mean something else', () => {
    const { proven, claim, accepts } = forge('key');
    const [y, ...rest] = system.schema.outputs;
    const renamed = mirageFacts({ ...system.schema, outputs: [{ ...y!, scale: 1000 }, ...rest] });
    const rescaled = makeVerificationKey(keyFields(keys), renamed);
    expect(rescaled.zkonnx.keyDigest).not.toBe(key.zkonnx.keyDigest);
    expect(accepts({ ...claim, keyDigest: rescaled.zkonnx.keyDigest }, proven)).toBe(true);
    expect(verify(mirageFile(rescaled, proven.proof, claim), rescaled)).toMatchObject({ reason: 'PAIRING_FAILED' });
    const honest = makeMirageFixture(pair, jobOf(system, pair, V));
    expect(verify(mirageFile(rescaled, honest.proof, claim), rescaled)).toMatchObject({ reason: 'PAIRING_FAILED' });
  });

  it('C1: round 1 is chosen after the challenges, and a false output proven', () => {
    const kept = ALL.filter((part) => part !== 'c1');
    const falseY = [7, 7];
    const publicValues = system.publicValues(V, falseY);
    const draft = jobOf(system, pair, V, { y: falseY });
    const known = weakTranscript(kept)({ ...draft, c1: keys.pk.alpha1 });
    const round1 = cheatMultiplicity(system.round1(V, falseY), known);
    const forged = makeMirageFixture(pair, jobOf(system, pair, V, { round1, publicValues }), {
      transcript: weakTranscript(kept),
    });
    expect(brokenRows(system, forged.witness)).toEqual([]);
    expect(weakVerifier(kept)({ ...forged.job, c1: forged.proof.c1 }, forged)).toBe(true);
    expect(reasonOf(forged.file)).toBe('PAIRING_FAILED');
  });
});

/** Round 1 with the multiplicity of row 0 of f's table that makes its sum come out, whatever the queries are. */
function cheatMultiplicity(round1: readonly bigint[], { x, theta }: Pick<Challenges, 'x' | 'theta'>): bigint[] {
  const at = system.firstMultiplicity - 4;
  const honest = system.round2(round1, { x, theta, d: 0n });
  // Inverses of the two-column lookups first, then of the others, then the quotients.
  const sum = honest.slice(0, 2).reduce((total, value) => total + value, 0n);
  const others = honest.slice(5, 8).reduce((total, value) => total + value, 0n);
  // Row 0: X + 0 + f(0)·Θ.
  return round1.with(at, mod((sum - others) * (x + 5n * theta))) as bigint[];
}

describe('which round a wire is in', () => {
  const job = (
    sums: SumSystem,
    z: bigint,
    parts: (challenges: Challenges) => ReturnType<typeof sumParts>,
    seed: string,
  ) => ({
    round1: sums.round1(sumParts(0, 0)),
    solveRound2: (challenges: Challenges) => sums.round2(parts(challenges), challenges),
    blinding: blindingFrom(seed),
    keyDigest: `0x${'5a'.repeat(32)}`,
    context: new Uint8Array(),
    publicValues: [z],
  });
  const make = (sums: SumSystem) => {
    const sumKeys = referenceSetup(sums, mirageTrapdoor('sums'));
    return { sumKeys, sumKey: makeVerificationKey(keyFields(sumKeys), mirageFacts(sums.schema)) };
  };

  it('a true sum is provable in every arrangement', () => {
    for (const [queries, multiplicities] of [
      [1, 1],
      [2, 1],
      [1, 2],
    ] as const) {
      const sums = sumSystem(queries, multiplicities);
      const { sumKeys, sumKey } = make(sums);
      const honest = { ...job(sums, 5n, () => sumParts(3, 2), 'true'), keyDigest: sumKey.zkonnx.keyDigest };
      const proven = referenceProve(sumKeys, { ...honest, round1: sums.round1(sumParts(3, 2)) });
      expect(brokenRows(sums, proven.witness)).toEqual([]);
      expect(verify(mirageFile(sumKey, proven.proof, honest), sumKey)).toMatchObject({ valid: true });
    }
  });

  it.each([
    ['queries', 2, 1],
    ['multiplicities', 1, 2],
  ] as const)('%s in round 2: 200 = a + b with a, b ∈ [0, 4) is proven', (moved, queries, multiplicities) => {
    const sums = sumSystem(queries, multiplicities);
    const { sumKeys, sumKey } = make(sums);
    const { keyDigest } = sumKey.zkonnx;
    // Half of the challenges leave the forger without roots: it draws ρ again.
    for (let attempt = 0; ; attempt++) {
      expect(attempt).toBeLessThan(64);
      let hasForgery = true;
      const early = moved === 'multiplicities' ? { a: 200n, b: 0n, multiplicities: [] } : sumParts(0, 0);
      const lie = (challenges: Challenges) => {
        const parts = forgeSum(moved, 200n, challenges);
        hasForgery = parts !== undefined;
        return parts ?? sumParts(0, 0);
      };
      const cheat = { ...job(sums, 200n, lie, `forger ${attempt}`), round1: sums.round1(early), keyDigest };
      const { proof, witness } = referenceProve(sumKeys, cheat);
      if (!hasForgery) continue;
      expect(brokenRows(sums, witness)).toEqual([]);
      const result = verify(mirageFile(sumKey, proof, cheat), sumKey);
      expect(result).toMatchObject({ valid: true, outputs: { z: { data: [200] } } });
      break;
    }
  });

  it('with both in round 1 the same forgers have no witness', () => {
    const sums = sumSystem(1, 1);
    const { sumKeys, sumKey } = make(sums);
    const { keyDigest } = sumKey.zkonnx;
    for (const moved of ['queries', 'multiplicities'] as const) {
      const lie = (challenges: Challenges) => forgeSum(moved, 200n, challenges) ?? sumParts(3, 3);
      const cheat = { ...job(sums, 200n, lie, 'forger'), keyDigest };
      const { proof, witness } = referenceProve(sumKeys, cheat);
      expect(brokenRows(sums, witness).length).toBeGreaterThan(0);
      expect(verify(mirageFile(sumKey, proof, cheat), sumKey)).toMatchObject({ reason: 'PAIRING_FAILED' });
    }
  });
});

describe('keys that anyone forges with', () => {
  const trapdoor = mirageTrapdoor('careless');
  const keyOf = (change: Partial<typeof trapdoor>) => referenceSetup(system, { ...trapdoor, ...change });
  const made = (careless: ReferenceKeys) => makeVerificationKey(keyFields(careless), mirageFacts(system.schema));

  it('δ1 = δ2: any point passes for C1, and round 1 is chosen after the challenges', () => {
    const careless = keyOf({ delta1: trapdoor.delta2 });
    const falseY = [7, 7];
    const publicValues = system.publicValues(V, falseY);
    // Hashed before anything is known: a point that commits to nothing.
    const decoy = bn254.G1.Point.BASE.multiply(scalarFrom('decoy', 'point'));
    const context = new Uint8Array();
    const keyDigest = `0x${'5a'.repeat(32)}`;
    const { x, theta } = referenceTranscript({ keyDigest, publicValues, context, c1: decoy });
    const round1 = cheatMultiplicity(system.round1(V, falseY), { x, theta });
    const job = jobOf(system, pair, V, { round1, publicValues, context, keyDigest });
    const { proof, challenges, witness } = referenceProve(careless, job, { c1: () => decoy });
    expect(brokenRows(system, witness)).toEqual([]);
    const honestC1 = unblinded(careless, witness).c1.add(careless.pk.delta2.multiply(job.blinding.rho));
    const forged = { ...proof, c2: proof.c2.add(honestC1).subtract(decoy) };
    expect(equationHolds(careless, challenges, forged)).toBe(true);
    expect(challenges).toEqual({ x, theta, d: fold(publicValues, theta) });
    expect(codeOf(() => made(careless))).toBe('KEY_INVALID');
  });

  it.each([
    ['δ1 = δ2', { delta1: trapdoor.delta2 }],
    ['δ1 = −δ2', { delta1: R - trapdoor.delta2 }],
    ['δ1 = γ', { delta1: 1n }],
    ['δ2 = γ', { delta2: 1n }],
    ['δ2 = −γ', { delta2: R - 1n }],
    ['β = γ', { beta: 1n }],
    ['β = δ1', { beta: trapdoor.delta1 }],
    ['β = −δ2', { beta: R - trapdoor.delta2 }],
  ])('%s: refused', (_, change) => {
    expect(codeOf(() => made(keyOf(change)))).toBe('KEY_INVALID');
  });

  it('a key without contributions to δ1 or δ2 is known as one', () => {
    const points = pointsFor('mirage', prepared);
    expect(uncontributed({ protocol: 'mirage', body: points })).toEqual([]);
    const generator = bn254.G2.Point.BASE;
    const of = (change: object) => uncontributed({ protocol: 'mirage', body: { ...points, ...change } });
    expect(of({ delta1: generator })).toEqual(['vk_delta1_2', 'vk_delta2_2']);
    expect(of({ delta2: generator.negate() })).toEqual(['vk_delta1_2', 'vk_delta2_2']);
  });
});

describe('zero knowledge', () => {
  const prove = (blinding: Partial<ReturnType<typeof blindingFrom>>, seed = 'proof') =>
    makeMirageFixture(pair, jobOf(system, pair, V, { blinding: { ...blindingFrom(seed), ...blinding } }));
  /** Which elements are the sums that whoever guesses the witness computes himself. */
  const guessable = ({ proof, witness }: MirageProven) => {
    const known = unblinded(keys, witness);
    return {
      a: proof.a.equals(known.a),
      b: proof.b.equals(known.b),
      c1: proof.c1.equals(known.c1),
    };
  };

  it('two proofs of one statement share no coordinate', () => {
    const [first, second] = [prove({}, 'first'), prove({}, 'second')];
    expect(reasonOf(first.file)).toBe('VALID');
    expect(reasonOf(second.file)).toBe('VALID');
    const words = [...proofWords(first.proof), ...proofWords(second.proof)];
    expect(new Set(words).size).toBe(20);
  });

  it('a blinded proof has no element that its witness alone gives', () => {
    expect(guessable(prove({}))).toEqual({ a: false, b: false, c1: false });
  });

  it('a simulator with the trapdoors and no witness makes proofs of everything, so a proof tells nothing', () => {
    const { alpha, beta, delta1, delta2 } = mirageTrapdoor('first mirage key');
    const [a, b, c] = ['a', 'b', 'c'].map((label) => scalarFrom('simulator', label)) as [bigint, bigint, bigint];
    const publicValues = system.publicValues(V, [7, 7]);
    const context = new Uint8Array();
    const c1 = g1(c);
    const { x, theta } = referenceTranscript({ keyDigest: key.zkonnx.keyDigest, publicValues, context, c1 });
    const scalars = [1n, x, theta, fold(publicValues, theta)];
    const ic = keys.vk.ic.reduce((sum, point, j) => sum.add(point.multiply(scalars[j]!)), bn254.G1.Point.ZERO);
    const c2 = g1(a * b - alpha * beta - c * delta1)
      .subtract(ic)
      .multiply(inverse(delta2));
    const simulated = { a: g1(a), b: g2(b), c1, c2 };
    expect(reasonOf(mirageFile(key, simulated, { publicValues, context }))).toBe('VALID');
  });

  it.each([
    ['r', { r: 0n }, { a: true, b: false, c1: false }],
    ['s', { s: 0n }, { a: false, b: true, c1: false }],
    ['ρ', { rho: 0n }, { a: false, b: false, c1: true }],
  ])('without %s a proof is valid, and tells its witness to whoever guesses it', (_, omitted, found) => {
    const proven = prove(omitted);
    expect(reasonOf(proven.file)).toBe('VALID');
    expect(guessable(proven)).toEqual(found);
  });
});
