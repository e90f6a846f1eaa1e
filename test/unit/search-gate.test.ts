/** Which width the searched errors let through. */
import { describe, expect, it } from 'vitest';
import { SearchGate } from '../../src/compile/search-gate.js';

const LIMIT = 0.005;
const same = (error: number) => ({ all: error, unpatterned: error });

/** The width that a gate takes of errors by width, from 8 bits up; `undefined` where it takes none before they end. */
function taken(errors: readonly number[], gate = new SearchGate<number>(LIMIT, false)): number | undefined {
  for (const [i, error] of errors.entries()) {
    const choice = gate.judge(8 + i, same(error));
    if (choice !== undefined) return choice;
    if (gate.isSpent) return gate.takeFallback();
  }
  return undefined;
}

describe('SearchGate', () => {
  it('takes the first width with room', () => {
    expect(taken([0.03, 0.015, 0.004, 0.002, 0.001])).toBe(11);
  });

  it('asks for less room where data shows what inputs look like', () => {
    expect(taken([0.03, 0.015, 0.004, 0.002, 0.001], new SearchGate<number>(LIMIT, true))).toBe(10);
  });

  it('takes one that holds the tolerance without room where more bits do not help', () => {
    expect(taken([0.03, 0.0045, 0.0044, 0.0046, 0.0045, 0.0044])).toBe(9);
  });

  it('takes what the samples ask for where an output jumps', () => {
    expect(taken(Array.from({ length: 12 }, () => 1))).toBe(8);
  });

  it('takes the first with room but for patterns, where no bits help there', () => {
    const gate = new SearchGate<number>(LIMIT, false);
    const unpatterned = [0.03, 0.015, 0.004, 0.0024];
    const judged = unpatterned.map((error, i) => gate.judge(8 + i, { all: 0.06, unpatterned: error }));
    expect(judged).toEqual(unpatterned.map(() => undefined));
    expect(gate.unpatterned).toBe(11);
    expect(gate.isSpent).toBe(true);
    gate.renew();
    expect(gate.judge(111, { all: 0.05, unpatterned: 0.0024 })).toBeUndefined();
    expect(gate.isSpent).toBe(true);
    expect(gate.takeFallback()).toBe(11);
  });

  it('takes one that holds the tolerance but for patterns before one that holds it on the samples alone', () => {
    const gate = new SearchGate<number>(LIMIT, false);
    const unpatterned = [0.016, 0.0027, 0.0044, 0.0089, 0.0044, 0.0045];
    unpatterned.forEach((error, i) => gate.judge(10 + i, { all: 0.02, unpatterned: error }));
    expect(gate.isSpent).toBe(true);
    expect(gate.takeFallback()).toBe(11);
  });

  it('takes one that does for patterns too, where bits help', () => {
    const gate = new SearchGate<number>(LIMIT, false);
    expect(gate.judge(8, { all: 0.03, unpatterned: 0.002 })).toBeUndefined();
    expect(gate.isSpent).toBe(false);
    expect(gate.judge(9, { all: 0.01, unpatterned: 0.001 })).toBeUndefined();
    expect(gate.judge(10, { all: 0.002, unpatterned: 0.001 })).toBe(10);
  });

  it('goes on with finer inputs while they bring the error down, and no further than one width where they do not', () => {
    const gate = new SearchGate<number>(LIMIT, false);
    const coarse = (): void => {
      for (const bits of [8, 9, 10, 11, 12, 13, 14]) gate.judge(bits, same(0.06));
      expect(gate.isSpent).toBe(true);
      gate.renew();
    };
    coarse();
    expect(taken([0.02, 0.001], gate)).toBe(9);
    coarse();
    gate.judge(20, same(0.06));
    expect(gate.isSpent).toBe(true);
    expect(gate.takeFallback()).toBe(8);
  });

  it('gives the best of what it saw once no width is left, and once only', () => {
    const gate = new SearchGate<number>(LIMIT, false);
    expect(taken([0.03, 0.02], gate)).toBeUndefined();
    expect(gate.takeFallback()).toBe(8);
    expect(gate.takeFallback()).toBeUndefined();
  });
});
