/** Soundness: every gadget under attack, and the attack itself under test by gadgets with holes in them. */
import { describe, expect, it } from 'vitest';
import { gadgets } from '../../circuits/attack/gadgets.js';
import { checkGadget, type Gadget } from '../../circuits/attack/harness.js';
import { attackWeakened, unnoticedDeletions, weakenedGadgets } from '../../circuits/attack/weakened.js';

const label = ({ name, parameters }: Gadget) => `${name} ${parameters}`;
const slow = (gadget: Gadget) => gadget.name === 'poseidon';

describe('every gadget', () => {
  it.each(gadgets.map((gadget) => [label(gadget), gadget] as const))('%s refuses every lie', (_, gadget) => {
    const report = checkGadget(gadget, slow(gadget) ? { samples: 3, maxLies: 300 } : { samples: 25 });
    expect(report.breaches).toEqual([]);
    expect(report.lies).toBe(report.refused + report.harmless);
    // All solutions of the rows were found, for every input tried: the constraints alone determine the output.
    expect(report.enumerated).toBe(report.samples);
    if (!['materialise', 'split'].includes(gadget.name)) expect(report.lies).toBeGreaterThan(0);
  });

  it.each(gadgets.filter((gadget) => !slow(gadget)).map((gadget) => [label(gadget), gadget] as const))(
    '%s has no superfluous row: without any one of them a false statement passes',
    (_, gadget) => {
      expect(unnoticedDeletions(gadget).unnoticed).toEqual([]);
    },
  );
});

describe('the attack finds the hole in every weakened gadget', () => {
  it.each(weakenedGadgets().map((weakened) => [weakened.name, weakened] as const))('%s', (_, weakened) => {
    expect(weakened.without.size).toBeGreaterThan(0);
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
