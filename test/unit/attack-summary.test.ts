/** Processes that share the attack come to the sums of what each found. */
import { expect, it } from 'vitest';
import { bitLayouts, lookupLayouts } from '../../circuits/attack/plans.js';
import { attackShare, joined } from '../../circuits/attack/summary.js';
import { weakenedGadgets } from '../../circuits/attack/weakened.js';

it('shares of the attack join to one summary, each gadget once', () => {
  const parts = 150;
  const heard: string[] = [];
  const shares = [0, 1].map((part) =>
    attackShare(3, { part, parts }, ({ gadget }, layout) => heard.push(`${gadget}, ${layout}`)),
  );
  const mine = (all: readonly unknown[]) => all.filter((_, i) => i % parts < 2).length;
  const { builders, protocol, counted, weakened } = joined(shares);
  expect(builders.map(({ builder, gadgets }) => [builder, gadgets])).toEqual([
    ['bits', mine(bitLayouts)],
    ['lookups', mine(lookupLayouts)],
  ]);
  expect(new Set(heard).size).toBe(mine(bitLayouts) + mine(lookupLayouts));
  expect([...weakened.caught, ...weakened.missed]).toHaveLength(mine(weakenedGadgets()));
  builders.forEach(({ lies, deletions, breaches }, b) => {
    const each = shares.map((share) => share.builders[b]!);
    expect(lies).toBe(each[0]!.lies + each[1]!.lies);
    expect(deletions.rows).toBe(each[0]!.deletions.rows + each[1]!.deletions.rows);
    expect(deletions.unnoticed).toEqual([...each[0]!.deletions.unnoticed, ...each[1]!.deletions.unnoticed]);
    expect(breaches).toEqual([]);
  });
  expect(protocol).toEqual(shares[0]!.protocol);
  expect(counted.lies).toBe(shares[0]!.counted.lies);
  expect(shares[1]!.protocol.honest).toBe(0);
});
