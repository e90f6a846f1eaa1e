/** One run of everything the harness has, in numbers. */
import { attackCounted, type CountedSummary } from './counted.js';
import { checkGadget, randomField, type AttackReport } from './harness.js';
import { bitLayouts, lookupLayouts, type Layout } from './plans.js';
import { attackProtocol, type ProtocolSummary } from './protocol.js';
import { attackWeakened, unnoticedDeletions, weakenedGadgets } from './weakened.js';

/** What one way of laying out gadgets stood up to. */
export interface BuilderSummary {
  readonly builder: 'bits' | 'lookups';
  readonly gadgets: number;
  readonly lies: number;
  readonly refused: number;
  readonly harmless: number;
  /** Inputs for which all solutions of the constraints were found and gave one output. */
  readonly enumerated: number;
  readonly samples: number;
  readonly breaches: readonly string[];
  /** Constraints deleted one at a time over all gadgets, and those whose loss went unnoticed. */
  readonly deletions: { readonly rows: number; readonly unnoticed: readonly string[] };
}

export interface AttackSummary {
  readonly builders: readonly BuilderSummary[];
  readonly protocol: ProtocolSummary;
  readonly counted: CountedSummary;
  readonly weakened: { readonly caught: readonly string[]; readonly missed: readonly string[] };
}

/** Attacks all gadgets in all layouts, then the weakened ones; `onGadget` hears of each report as it is made. */
export function attackAll(
  seed: number,
  onGadget: (report: AttackReport, layout: string) => void = () => undefined,
): AttackSummary {
  const weakened = weakenedGadgets().map((variant) => ({
    name: variant.name,
    caught: attackWeakened(variant).forgeries > 0,
  }));
  return {
    builders: [
      attackBuilder('bits', bitLayouts, seed, onGadget),
      attackBuilder('lookups', lookupLayouts, seed, onGadget),
    ],
    protocol: attackProtocol(randomField(seed), 20),
    counted: attackCounted(randomField(seed), 20),
    weakened: {
      caught: weakened.filter(({ caught }) => caught).map(({ name }) => name),
      missed: weakened.filter(({ caught }) => !caught).map(({ name }) => name),
    },
  };
}

function attackBuilder(
  builder: BuilderSummary['builder'],
  layouts: readonly Layout[],
  seed: number,
  onGadget: (report: AttackReport, layout: string) => void,
): BuilderSummary {
  const reports = layouts.map(({ gadget, plan, layout }) => {
    const report = checkGadget(gadget, {
      seed,
      ...(plan === undefined ? {} : { plan }),
      ...(gadget.name === 'poseidon' ? { samples: 3, maxLies: 800 } : {}),
    });
    onGadget(report, layout);
    return { report, layout };
  });
  const total = (count: (report: AttackReport) => number) =>
    reports.reduce((sum, { report }) => sum + count(report), 0);
  // Of a square root the range of r is implied (test/unit/gadget-attack.test.ts deletes its rows); quotients of 33 bits are made of others. Poseidon has no lookups: its rows are deleted once.
  const deleted = layouts
    .filter(({ gadget, plan }) => gadget.name !== 'poseidon' || plan === undefined)
    .filter(({ gadget }) => gadget.name !== 'squareRoot' && !gadget.parameters.includes('b=33'))
    .map((layout) => ({ layout, ...unnoticedDeletions(layout) }));
  return {
    builder,
    gadgets: layouts.length,
    lies: total((report) => report.lies),
    refused: total((report) => report.refused),
    harmless: total((report) => report.harmless),
    enumerated: total((report) => report.enumerated),
    samples: total((report) => report.samples),
    breaches: reports.flatMap(({ report, layout }) =>
      report.breaches.map((breach) => `${report.gadget}, ${layout}: ${breach}`),
    ),
    deletions: {
      rows: deleted.reduce((sum, { rows }) => sum + rows, 0),
      unnoticed: deleted.flatMap(({ layout: { gadget, layout }, unnoticed }) =>
        unnoticed.map((row) => `${gadget.name} ${gadget.parameters}, ${layout}: row ${row}`),
      ),
    },
  };
}
