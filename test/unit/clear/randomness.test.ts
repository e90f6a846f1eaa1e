/** What a proof draws: fresh for each witness even where the system's bytes repeat, salts and masks without repetition. */
import { expect, it } from 'vitest';
import { ORDER } from '../../../src/field/goldilocks.js';
import { commitCells } from '../../../src/prove/clear/reference/commit.js';
import { proofSeed, saltOf, SecretStream } from '../../../src/prove/clear/reference/randomness.js';
import { layOut } from '../../../src/verify/clear/layout.js';
import { STATEMENT, tiny } from './opening-support.js';

const system = new Uint8Array(32).fill(9);
const witness = [BigUint64Array.of(1n, 2n, 3n), BigUint64Array.of(4n)];

it('a repeated system seed gives other draws for another witness, statement or cut of tensors', () => {
  const seeds = [
    proofSeed(system, STATEMENT, witness),
    proofSeed(system, STATEMENT, [BigUint64Array.of(1n, 2n, 3n), BigUint64Array.of(5n)]),
    proofSeed(system, STATEMENT, [BigUint64Array.of(1n, 2n), BigUint64Array.of(3n, 4n)]),
    proofSeed(system, { ...STATEMENT, context: Uint8Array.of(1) }, witness),
    proofSeed(system, { ...STATEMENT, publicBytes: Uint8Array.of(1, 2) }, witness),
    proofSeed(system, { ...STATEMENT, publicBytes: Uint8Array.of(1, 2), context: Uint8Array.of(3) }, witness),
    proofSeed(system, { ...STATEMENT, keyDigest: new Uint8Array(32) }, witness),
    proofSeed(new Uint8Array(32).fill(8), STATEMENT, witness),
  ];
  const drawn = seeds.map((seed) => [String(new SecretStream(seed, 'masks').element()), String(saltOf(seed, 0))]);
  expect(new Set(drawn.flat()).size).toBe(2 * seeds.length);
  expect(proofSeed(system, STATEMENT, witness)).toEqual(seeds[0]);
});

it('salts, random rows and masks of a proof are all different, and others with another seed', () => {
  const seen = new Set<string>();
  const layout = layOut([[3], [1]], 5, 8);
  let drawn = 0;
  for (const fresh of [1, 2]) {
    const seed = proofSeed(new Uint8Array(32).fill(fresh), STATEMENT, witness);
    const { columns, tree } = commitCells(layout, witness, tiny(5, [4]), seed);
    const random = [...columns.slice(0, 1).map((column) => column.slice(-8)), ...columns.slice(1)].flat();
    expect(random.every((value) => value >= 0n && value < ORDER)).toBe(true);
    expect(columns[0]!.slice(0, 5)).toEqual([1n, 2n, 3n, 4n, 0n]);
    for (const text of [...random.map(String), ...tree.leaves.map((leaf) => String(leaf.slice(0, 16)))]) seen.add(text);
    drawn += random.length + tree.leaves.length;
  }
  expect(drawn).toBe(2 * (8 + 6 * 32 + 128));
  expect(seen.size).toBe(drawn);
});
