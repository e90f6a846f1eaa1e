/** A slice of `npm run test:provers`: random circuits by our prover and snarkjs, all four combinations of prover and verifier. */
import { expect, it } from 'vitest';
import { crossCase, crossProve } from '../../scripts/cross-provers.js';

it('25 random circuits: both provers, both verifiers, and no changed signal', async () => {
  expect(await crossProve({ count: 25, seed: 2 })).toEqual({ passed: 25, failures: [] });
});

it('the circuits are what they are said to be', () => {
  const cases = Array.from({ length: 60 }, (_, index) => crossCase(2, index));
  const nPublic = cases.map(({ r1cs }) => r1cs.nPubOut + r1cs.nPubIn);
  expect(Math.min(...nPublic)).toBe(0);
  expect(Math.max(...nPublic)).toBeGreaterThanOrEqual(40);
  const mentioned = cases.map(({ r1cs: { a, b, c } }) => new Set([a, b, c].flatMap(({ wires }) => [...wires])).size);
  expect(cases.some(({ r1cs }, i) => mentioned[i]! < r1cs.nWires)).toBe(true);
  const privateWires = cases.map(({ r1cs, witness }, i) => witness.slice(nPublic[i]! + 1, r1cs.nWires));
  expect(privateWires.some((values) => values.every((value) => value === 0n))).toBe(true);
  expect(privateWires.some((values) => values.every((value) => value >= 2n ** 31n))).toBe(true);
});
