/** The argument of protocol `clear` accepts what is true, for every kind of constraint and boxes of any shape. */
import { describe, expect, it } from 'vitest';
import { proveToy, verdict } from './plain.js';
import { everyKind, requantised, structured } from './toys.js';

describe('an honest proof is accepted', () => {
  it.each([
    ['a requantised network', requantised()],
    ['every kind of constraint', everyKind()],
    ['every kind of axis', structured()],
    ['boxes of one element', requantised(1, 1)],
    ['boxes of 7 and 13', requantised(7, 13)],
    ['boxes of powers of two', requantised(8, 16)],
  ])('%s', (_, toy) => {
    expect(verdict(proveToy(toy))).toBe('accepted');
  });
});
