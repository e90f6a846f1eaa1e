/** One run of everything the harness has, in numbers. */
import { gadgets } from './gadgets.js';
import { checkGadget, type AttackReport } from './harness.js';
import { attackWeakened, unnoticedDeletions, weakenedGadgets } from './weakened.js';

export interface AttackSummary {
  readonly reports: readonly AttackReport[];
  readonly lies: number;
  readonly refused: number;
  readonly harmless: number;
  /** Inputs for which all solutions of the constraints were found and gave one output. */
  readonly enumerated: number;
  readonly samples: number;
  readonly breaches: readonly string[];
  readonly weakened: { readonly caught: readonly string[]; readonly missed: readonly string[] };
  /** Rows deleted one at a time over all gadgets, and those whose loss went unnoticed. */
  readonly deletions: { readonly rows: number; readonly unnoticed: readonly string[] };
}

/** Attacks all gadgets, then the weakened ones; `onGadget` hears of each report as it is made. */
export function attackAll(seed: number, onGadget: (report: AttackReport) => void = () => undefined): AttackSummary {
  const reports = gadgets.map((gadget) => {
    const report = checkGadget(gadget, { seed, ...(gadget.name === 'poseidon' ? { samples: 3, maxLies: 800 } : {}) });
    onGadget(report);
    return report;
  });
  const total = (count: (report: AttackReport) => number) => reports.reduce((sum, report) => sum + count(report), 0);
  const weakened = weakenedGadgets().map((variant) => ({
    name: variant.name,
    caught: attackWeakened(variant).forgeries > 0,
  }));
  const deletions = gadgets.map((gadget) => ({ gadget, ...unnoticedDeletions(gadget) }));
  return {
    reports,
    lies: total((report) => report.lies),
    refused: total((report) => report.refused),
    harmless: total((report) => report.harmless),
    enumerated: total((report) => report.enumerated),
    samples: total((report) => report.samples),
    breaches: reports.flatMap(({ gadget, breaches }) => breaches.map((breach) => `${gadget}: ${breach}`)),
    weakened: {
      caught: weakened.filter(({ caught }) => caught).map(({ name }) => name),
      missed: weakened.filter(({ caught }) => !caught).map(({ name }) => name),
    },
    deletions: {
      rows: deletions.reduce((sum, { rows }) => sum + rows, 0),
      unnoticed: deletions.flatMap(({ gadget, unnoticed }) =>
        unnoticed.map((row) => `${gadget.name} ${gadget.parameters}: row ${row}`),
      ),
    },
  };
}
