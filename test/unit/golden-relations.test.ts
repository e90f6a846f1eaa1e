/** When the golden relations ask for a new number of the lowering. golden-models and mirage-models compare them. */
import { describe, expect, it } from 'vitest';
import { faultOf, mayRenew, type GoldenRelation } from './golden-relations.js';

const golden: GoldenRelation = { lowering: 3, choices: 'c', relation: 'r' };

describe('a relation that is not the golden one', () => {
  it.each<[string, GoldenRelation | undefined, Partial<GoldenRelation>, string | undefined, boolean]>([
    ['the same', golden, {}, undefined, false],
    ['another circuit of equal choices', golden, { relation: 's' }, 'raise LOWERING', false],
    ['another circuit, and the number raised', golden, { relation: 's', lowering: 4 }, 'UPDATE_GOLDEN', true],
    ['another circuit of other choices', golden, { relation: 's', choices: 'd' }, 'chooses otherwise', true],
    ['a lower number', golden, { lowering: 2 }, 'may only rise', false],
    ['a new model', undefined, {}, 'UPDATE_GOLDEN', true],
  ])('%s', (_, before, change, message, renewable) => {
    const made = { ...golden, ...change };
    const fault = faultOf(before, made);
    if (message === undefined) expect(fault).toBeUndefined();
    else expect(fault).toContain(message);
    expect(mayRenew(before, made)).toBe(renewable);
  });
});
