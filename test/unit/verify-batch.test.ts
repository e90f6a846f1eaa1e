import { bn254 } from '@noble/curves/bn254.js';
import { describe, expect, it } from 'vitest';
import { prepareKey, verify, verifyBatch, ZkonnxError } from '../../src/verify/index.js';
import type { VerifyResult } from '../../src/verify/index.js';
import { pairsOf, pointTerms, type ProofNumbers } from '../../src/verify/equation.js';
import { equationOf } from '../../src/verify/protocols.js';
import type { PreparedKeyOf } from '../../src/verify/key.js';
import { askQuestion, readProof } from '../../src/verify/verify.js';
import { makeFixture } from '../fixtures/proofs/classifier.js';
import { mirageFile } from '../fixtures/proofs/mirage-fixture.js';
import { smallMirageSet, toMirageProof } from '../fixtures/proofs/mirage-vectors.js';
import { SMALL_PIXELS, smallModel, smallSet } from '../fixtures/proofs/sets.js';
import { toProof } from '../fixtures/proofs/vectors.js';

const mirage = smallMirageSet();
const groth16 = smallSet();
const mirageProofs = mirage.list.map((vector) => toMirageProof(mirage.fixture.file, mirage.system.schema, vector));
const groth16Proofs = groth16.list.map((vector) => toProof(groth16.fixture.proof, vector));
const isValid = ({ valid }: VerifyResult) => valid;

describe.each([
  ['mirage', mirage.pair.key, mirageProofs, 4],
  ['groth16', groth16.fixture.key, groth16Proofs, 3],
] as const)('a batch of %s proofs', (_, keyJson, all, extra) => {
  const key = prepareKey(keyJson);
  const single = all.map((proof) => verify(proof, key));
  const good = all.filter((_proof, i) => single[i]!.valid);

  it('that all hold gives the verdicts of verify', () => {
    expect(good.length).toBeGreaterThan(2);
    expect(verifyBatch(good, key)).toEqual(single.filter(isValid));
  });

  it('with every kind of bad proof in it gives the verdicts of verify, in order', () => {
    expect(verifyBatch(all, keyJson)).toEqual(single);
  });

  it.each([0, 1, 2])('with one bad proof at place %i names that one', (place) => {
    const bad = all.find(
      (_proof, i) => !single[i]!.valid && 'reason' in single[i]! && single[i].reason === 'PAIRING_FAILED',
    )!;
    const proofs = good.slice(0, 2).toSpliced(place, 0, bad);
    const verdicts = verifyBatch(proofs, key);
    expect(verdicts.map(isValid)).toEqual([0, 1, 2].map((i) => i !== place));
    expect(verdicts[place]).toMatchObject({ reason: 'PAIRING_FAILED' });
  });

  it(`of N costs N + ${extra} Miller loops`, () => {
    const question = askQuestion(key, {});
    const terms = good.map((proof) => pointTerms(readProof(question, proof).evidence as ProofNumbers));
    for (const count of [1, 2, terms.length]) {
      const some = terms.slice(0, count);
      const weights = some.map((_term, i) => BigInt(i + 2));
      const pairs = pairsOf(equationOf(question.key as PreparedKeyOf<'groth16' | 'mirage'>), some, weights);
      expect(pairs).toHaveLength(count + extra);
      // Only each proof's own pair is with its own B.
      expect(pairs.slice(0, count).map(({ g2 }) => g2)).toEqual(some.map(({ b }) => b));
    }
  });

  it('draws 16 bytes a proof that is worth an equation, and needs them not to be foreseen', () => {
    const drawn: number[] = [];
    const zeros = (bytes: Uint8Array) => {
      drawn.push(bytes.length);
    };
    expect(verifyBatch([good[0], '{', good[1]], key, { random: zeros }).map(isValid)).toEqual([true, false, true]);
    expect(drawn).toEqual([16, 16]);
  });

  it('of none, or of none that can be read, is no error', () => {
    expect(verifyBatch([], key)).toEqual([]);
    expect(verifyBatch(['{'], key)).toMatchObject([{ reason: 'PROOF_NOT_JSON' }]);
  });
});

it('two proofs whose errors cancel pass with weights that their maker foresaw, and with no others', () => {
  const { pair, fixture } = mirage;
  const error = bn254.G1.Point.BASE;
  const { proof, job } = fixture;
  const first = mirageFile(pair.key, { ...proof, c2: proof.c2.add(error) }, job);
  const second = mirageFile(pair.key, { ...proof, c2: proof.c2.subtract(error) }, job);
  const foreseen = verifyBatch([first, second], pair.key, { random: (bytes) => bytes.fill(1) });
  expect(foreseen.map(isValid)).toEqual([true, true]);
  const verdicts = verifyBatch([first, second], pair.key);
  expect(verdicts).toMatchObject([{ reason: 'PAIRING_FAILED' }, { reason: 'PAIRING_FAILED' }]);
});

it('expectations are of every proof; impossible ones and unusable keys throw', () => {
  const { pair, fixture } = mirage;
  const other = mirageProofs[2]!;
  const outputs = { y: [-3, 0] };
  const verdicts = verifyBatch([fixture.file, other], pair.key, { expectOutputs: outputs });
  expect(verdicts).toMatchObject([{ valid: true }, { reason: 'OUTPUT_MISMATCH' }]);
  expect(() => verifyBatch([fixture.file], pair.key, { expectOutputs: { y: [1] } })).toThrow(ZkonnxError);
  expect(() => verifyBatch([], '{}')).toThrow(ZkonnxError);
  const { key, proof } = makeFixture(smallModel(), SMALL_PIXELS, 'first key', 'development');
  expect(() => verifyBatch([proof], key, { expectContext: '0x' })).toThrow(ZkonnxError);
});
