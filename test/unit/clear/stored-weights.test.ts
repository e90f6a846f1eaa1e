/** The stored code of weights: read, it serves as what is encoded; whatever else it is, no false proof comes of it. */
import { describe, expect, it } from 'vitest';
import { instantiateClearKernels } from '../../../src/kernels/clear/module.js';
import { SoloClearTeam } from '../../../src/kernels/clear/team.js';
import { concatenate } from '../../../src/formats/iden3-container.js';
import { RelationProver } from '../../../src/prove/clear/relation-prover.js';
import { isWorthStoring, type WithStoredCode } from '../../../src/prove/clear/stored-weights.js';
import { layOut } from '../../../src/verify/clear/layout.js';
import { planOf, verifyClear } from '../../../src/verify/clear/verify.js';
import { tiny } from './opening-support.js';
import { requantised } from './toys.js';

const parameters = tiny(8, [5, 4, 4, 3], 3);
const { relation, assignment } = requantised(5, 7);
const plan = planOf({ relation, parameters });
const said = { publicBytes: Uint8Array.of(1), context: new Uint8Array() };
const digest = new Uint8Array(32).fill(9);

async function opened(weights = assignment.weights, stored?: { root: Uint8Array; code: WithStoredCode }) {
  const team = new SoloClearTeam(await instantiateClearKernels());
  return RelationProver.open(team, plan, weights, parameters, () => undefined, stored);
}

const encoded = await opened();
const root = encoded.weightsRoot!;
const file = concatenate(encoded.storedCode()!);
const proofOf = (prover: RelationProver) => prover.prove(digest, assignment, said, new Uint8Array(32).fill(1));
const proof = await proofOf(encoded);

/** A prover that is given these bytes as the file, how many of them it took, and whether its proof is accepted. */
async function given(bytes: Uint8Array, weights = assignment.weights) {
  let taken = 0;
  const prover = await opened(weights, {
    root,
    code: (use) =>
      use({
        size: bytes.length,
        readInto(offset, target) {
          target.set(bytes.subarray(offset, offset + target.length));
          taken += target.length;
          return Promise.resolve();
        },
      }),
  });
  const made = await proofOf(prover);
  const key = { digest, relation, parameters, weightsRoot: root };
  return { prover, taken, made, refused: verifyClear(key, { ...said, publics: assignment.publics }, made) };
}

it('is the file that docs/formats.md describes', () => {
  const view = new DataView(file.buffer, file.byteOffset);
  expect(Buffer.from(file.subarray(0, 4)).toString('latin1')).toBe('zkcw');
  const columns = plan.layouts.weights!.columns;
  expect([1, 2, 3, 4].map((word) => view.getUint32(4 * word, true))).toEqual([1, 8, 2, columns]);
  expect(file.subarray(20, 32).every((byte) => byte === 0)).toBe(true);
  expect(file.subarray(32, 64)).toEqual(root);
  const leaves = 2 ** 10;
  expect(file.length).toBe(64 + 8 * columns * leaves + 32 * (2 * leaves - 1));
  expect(file.subarray(-32)).toEqual(root);
});

it('read, it gives the proof that encoding gives, and is written again as it was', async () => {
  const { prover, taken, made, refused } = await given(file);
  expect(taken).toBe(file.length);
  expect(made).toEqual(proof);
  expect(refused).toBeUndefined();
  expect(concatenate(prover.storedCode()!)).toEqual(file);
});

describe('is left alone, and the weights are encoded, where it is', () => {
  it.each([
    ['of another magic', file.with(0, 0x7b)],
    ['of another version', file.with(4, 2)],
    ['of another size', file.with(8, 9)],
    ['of another rate', file.with(12, 1)],
    ['of other columns', file.with(16, file[16]! + 1)],
    ['not 0 where nothing is', file.with(31, 1)],
    ['of another key', file.with(40, file[40]! ^ 1)],
    ['of another root in its tree', file.with(file.length - 1, file.at(-1)! ^ 1)],
    ['shorter', file.subarray(0, -1)],
    ['longer', concatenate([file, Uint8Array.of(0)])],
    ['empty', new Uint8Array()],
  ])('%s', async (_, bytes) => {
    const { made, refused } = await given(bytes);
    expect(made).toEqual(proof);
    expect(refused).toBeUndefined();
  });
});

it('with false words or nodes gives proofs that are refused, or the same one', async () => {
  let refusals = 0;
  for (let at = 64; at < file.length - 32; at += 997) {
    const { made, refused } = await given(file.with(at, file[at]! ^ 0x80));
    // What no query meets is in no proof.
    if (refused === undefined) expect(made).toEqual(proof);
    else refusals++;
  }
  const words = file.slice();
  words.fill(0xff, 64, 64 + 8 * 2 ** 10);
  expect((await given(words)).refused).toMatchObject({ valid: false });
  const nodes = file.slice();
  nodes.fill(0, file.length - 32 * (2 ** 10 - 1), file.length - 32);
  expect((await given(nodes)).refused).toMatchObject({ valid: false });
  expect(refusals).toBeGreaterThan(0);
});

it('of the right code beside other weights gives no proof that is accepted', async () => {
  const others = assignment.weights.map((values) => values.map((value) => (value === 0n ? 1n : 0n)));
  expect((await given(file, others)).refused).toMatchObject({ valid: false });
});

it('is worth it for many weights alone', () => {
  const cells = plan.layouts.cells;
  const of = (weights: number, n: number) => ({ layouts: { cells, weights: layOut([[weights]], n, 0) } });
  expect(isWorthStoring(of(6000, 11), { n: 11, rateLog: 2 })).toBe(false);
  expect(isWorthStoring(of(2_000_000, 15), { n: 15, rateLog: 2 })).toBe(true);
  expect(isWorthStoring({ layouts: { cells, weights: undefined } }, { n: 15, rateLog: 2 })).toBe(false);
});
