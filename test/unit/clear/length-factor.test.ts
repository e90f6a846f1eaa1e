/** A summand of fewer variables than rounds enters as 2^(v − V) times itself: a prover that takes it otherwise is refused. */
import { describe, expect, it, vi } from 'vitest';
import type * as polynomial from '../../../src/prove/clear/reference/polynomial.js';
import { isBilinear } from '../../../src/verify/clear/plan.js';
import { proveToy, verdict, plainPlan } from './plain.js';
import { everyKind, requantised, structured } from './toys.js';

const factor = vi.hoisted(() => ({ wrong: false }));

vi.mock('../../../src/prove/clear/reference/polynomial.js', async (importActual) => {
  const actual = await importActual<typeof polynomial>();
  const timesPowerOfTwo: typeof actual.timesPowerOfTwo = (value, exponent) =>
    actual.timesPowerOfTwo(value, factor.wrong ? Math.max(0, exponent) : exponent);
  return { ...actual, timesPowerOfTwo };
});

describe.each([
  ['a requantised network', requantised()],
  ['every kind of constraint', everyKind()],
  ['every kind of axis', structured()],
])('%s', (_, toy) => {
  it('has summands of several lengths', () => {
    const { constraints } = plainPlan(toy.relation);
    expect(constraints!.rounds).toBeGreaterThan(2);
    expect(constraints!.degree).toBe(toy.relation.constraints.some(isBilinear) ? 3 : 2);
  });

  it.each([
    [false, /^accepted$/],
    [true, /^constraint/],
  ])('without the factor: %s', (wrong, expected) => {
    factor.wrong = wrong;
    expect(verdict(proveToy(toy))).toMatch(expected);
    factor.wrong = false;
  });
});
