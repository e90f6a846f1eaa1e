/** Soundness: every gadget under attack, by bits and by lookups, and the attack itself under test by gadgets with holes in them. */
import { describe, expect, it } from 'vitest';
import { checkGadget, type AttackOptions, type Gadget } from '../../circuits/attack/harness.js';
import { limbCount } from '../../circuits/builders/lookup-plan.js';
import { bitLayouts, lookupLayouts, type Layout } from '../../circuits/attack/plans.js';
import { attackWeakened, unnoticedDeletions, weakenedGadgets } from '../../circuits/attack/weakened.js';

const slow = ({ gadget }: Layout): boolean => gadget.name === 'poseidon';
const named = (layouts: readonly Layout[]) =>
  layouts.map((layout) => [`${layout.gadget.name} ${layout.gadget.parameters}, ${layout.layout}`, layout] as const);
/** `npm run attack` deletes constraints in all of them. */
const DELETED_IN = ['bits', 'b=3', 'b=4 with every table'];

function refusesEveryLie({ gadget, plan }: Layout, options: AttackOptions): void {
  const report = checkGadget(gadget, { ...options, ...(plan === undefined ? {} : { plan }) });
  expect(report.breaches).toEqual([]);
  expect(report.lies).toBe(report.refused + report.harmless);
  // All solutions of the constraints were found, for every input tried: they alone determine the output.
  expect(report.enumerated).toBe(report.samples);
  // Wires that are no inputs can be lied about.
  if (report.wires > 1 + gadget.inputs.length && !['materialise', 'split'].includes(gadget.name))
    expect(report.lies).toBeGreaterThan(0);
}

describe('every gadget', () => {
  it.each(named(bitLayouts))('%s refuses every lie', (_, layout) => {
    refusesEveryLie(layout, slow(layout) ? { samples: 3, maxLies: 300 } : { samples: 25, maxLies: 1000 });
  });

  it.each(named(lookupLayouts))('%s refuses every lie', (_, layout) => {
    refusesEveryLie(layout, slow(layout) ? { samples: 1, maxLies: 30 } : { samples: 4, maxLies: 150 });
  });

  /**
   * The slowest have the same rows in other layouts or sizes. Quotients of 33 bits are put together from quotients, positive parts and ranges, whose rows
   * are deleted here by themselves; at that width the search samples where it would have to branch. Square roots: below.
   */
  const isSlow = ({ gadget, plan }: Layout): boolean =>
    gadget.name === 'poseidon' ||
    gadget.name === 'squareRoot' ||
    gadget.parameters.includes('b=33') ||
    (plan !== undefined && (gadget.name === 'table' || gadget.parameters.startsWith('10 of')));
  const deleted = [...bitLayouts, ...lookupLayouts].filter(
    (layout) => DELETED_IN.includes(layout.layout) && !isSlow(layout),
  );
  it.each(named(deleted))(
    '%s has no superfluous row: without any one of them a false statement passes',
    (_, layout) => {
      expect(unnoticedDeletions(layout).unnoticed).toEqual([]);
    },
  );
});

/**
 * Of a square root the range of r says nothing that the two others do not: their sum is 2r as an integer, whose square is 4(n − above). It is there for
 * the search to have a domain to branch over. Its rows follow the square's; every other row is missed.
 */
describe('a square root without any one row but those of its own range lets a false statement pass', () => {
  const layouts = [...bitLayouts, ...lookupLayouts].filter(
    ({ gadget, layout }) =>
      gadget.name === 'squareRoot' && ['[0, 3]', '[0, 99]'].includes(gadget.parameters) && DELETED_IN.includes(layout),
  );
  it.each(named(layouts))('%s', (_, layout) => {
    const bits = layout.gadget.parameters === '[0, 3]' ? 1 : 4;
    const ranged = layout.plan === undefined ? bits : limbCount(layout.plan, bits);
    const { rows, unnoticed } = unnoticedDeletions(layout);
    expect(unnoticed).toEqual(Array.from({ length: ranged }, (_row, i) => i + 1));
    expect(rows).toBeGreaterThan(ranged + 1);
  });
});

describe('the attack finds the hole in every weakened gadget', () => {
  it.each(weakenedGadgets().map((weakened) => [weakened.name, weakened] as const))('%s', (_, weakened) => {
    expect(weakened.alter !== undefined || (weakened.without?.size ?? 0) > 0).toBe(true);
    expect(attackWeakened(weakened).forgeries).toBeGreaterThan(0);
  });
});

describe('the attack notices', () => {
  const doubled: Gadget = {
    name: 'double',
    parameters: '',
    inputs: [{ lo: 0, hi: 9 }],
    build: (b, [x]) => [b.product(x!, x!)],
    oracle: ([x]) => [2 * x!],
  };

  it('a gadget that computes something else', () => {
    expect(checkGadget(doubled).breaches.join()).toContain("is not the oracle's");
  });

  it('an output that no row binds', () => {
    const square: Gadget = { ...doubled, oracle: ([x]) => [x! ** 2] };
    expect(checkGadget(square).breaches).toEqual([]);
    expect(checkGadget(square, { without: new Set([0]), stopAtForgery: true }).forgeries).toBeGreaterThan(0);
  });

  it('an input outside its domain that is let in', () => {
    const unchecked: Gadget = { ...doubled, oracle: ([x]) => (x! < 5 ? [x! ** 2] : undefined) };
    expect(checkGadget(unchecked).forgeries).toBeGreaterThan(0);
  });
});
