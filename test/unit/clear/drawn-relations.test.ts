/** Relations drawn at random: true ones are accepted, false ones are not. */
import { describe, expect, it } from 'vitest';
import { ORDER } from '../../../src/field/goldilocks.js';
import { unsatisfied } from '../../../src/prove/clear/reference/satisfied.js';
import { checkRelation } from '../../../src/verify/clear/relation-check.js';
import { drawnToy } from './drawn.js';
import { proveToy, verdict } from './plain.js';
import type { Toy } from './toys.js';

describe.each(Array.from({ length: 20 }, (_, seed) => [seed + 1] as const))('drawn by %i', (seed) => {
  const { toy, kinds } = drawnToy(seed);

  it(kinds.join(', '), () => {
    checkRelation(toy.relation);
    expect(unsatisfied(toy.relation, toy.assignment)).toBeUndefined();
    expect(verdict(proveToy(toy))).toBe('accepted');
    // A result that is another is seen; of a lookup it is no row, so the multiplicities stay as they are.
    for (const [index, { name }] of toy.relation.cells.entries()) {
      const values = toy.assignment.cells[index]!;
      const cells = toy.assignment.cells.map((v, k) =>
        k === index ? values.map((x, i) => (i === values.length - 1 ? (x + 1n) % ORDER : x)) : v,
      );
      const changed: Toy = { relation: toy.relation, assignment: { ...toy.assignment, cells } };
      const wrong = unsatisfied(toy.relation, changed.assignment);
      if (wrong === undefined || wrong.kind === 'lookup') continue;
      expect(verdict(proveToy(changed)), name).not.toBe('accepted');
    }
  });
});
