/**
 * Mutated proofs of protocol `clear`, honest ones among them and those of false assignments: two verifiers, written apart, agree on each, and ours by both of its
 * arithmetics. `npm run attack:clear` takes ten thousand; the slow tier the first of the same seed.
 */
import { expect, it } from 'vitest';
import { compare } from '../unit/clear/agreement.js';
import { drawnToy } from '../unit/clear/drawn.js';
import { cheat, mutated, prove, type Judged } from '../unit/clear/mutated-proofs.js';
import { tiny } from '../unit/clear/opening-support.js';
import { draws, everyKind, requantised, type Toy } from '../unit/clear/toys.js';

const PROOFS = Number(process.env['ZKONNX_ATTACK_PROOFS'] ?? 3000);
const CHEATING = 200;
const SEED = 20261130;

/** Without grinding a changed message reaches the checks behind it, with it the nonce is met. */
const SHAPES = [3, 0].map((grindingBits) => ({ ...tiny(8, [5, 4, 4, 3], 3), grindingBits }));

it(`agree on ${PROOFS} proofs`, () => {
  const toys: Toy[] = [
    requantised(),
    requantised(2, 3),
    everyKind(),
    ...Array.from({ length: 14 }, (_, k) => drawnToy(k + 1).toy),
  ];
  const honest = toys.flatMap((toy, i) => SHAPES.map((shape, k) => prove(toy, shape, 2 * i + k + 1)));
  const draw = draws(SEED);
  const cheating: Judged[] = [];
  for (let i = 0; cheating.length < CHEATING; i++) {
    const made = cheat(toys[i % toys.length]!, SHAPES[i % 2]!, draw);
    if (made) cheating.push(made);
  }
  const all = function* () {
    yield* cheating.map((whole) => ({ kind: 'cheating', whole }));
    yield* mutated(honest, PROOFS - CHEATING, SEED);
  };
  const result = compare(all());
  const { proofs, agreements, accepted, refused, disagreements } = result;
  console.log(
    `${proofs} proofs: ${agreements} agreements (${accepted} accepted, ${JSON.stringify(refused)}), ${disagreements.length} disagreements`,
  );
  expect(disagreements).toEqual([]);
  expect(proofs).toBe(PROOFS);
});
