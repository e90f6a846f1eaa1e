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

/** One of `parts` parts of the work, from 0: processes share it. */
export interface AttackShare {
  readonly part: number;
  readonly parts: number;
}

/** Attacks the gadgets of a share in all its layouts, and its weakened ones; `onGadget` hears of each report as it is made. */
export function attackShare(
  seed: number,
  { part, parts }: AttackShare,
  onGadget: (report: AttackReport, layout: string) => void = () => undefined,
): AttackSummary {
  const isMine = (_: unknown, i: number): boolean => i % parts === part;
  const weakened = weakenedGadgets()
    .filter(isMine)
    .map((variant) => ({ name: variant.name, caught: attackWeakened(variant).forgeries > 0 }));
  const runs = part === 0 ? 20 : 0;
  return {
    builders: [
      attackBuilder('bits', bitLayouts.filter(isMine), seed, onGadget),
      attackBuilder('lookups', lookupLayouts.filter(isMine), seed, onGadget),
    ],
    protocol: attackProtocol(randomField(seed), runs),
    counted: attackCounted(randomField(seed), runs),
    weakened: {
      caught: weakened.filter(({ caught }) => caught).map(({ name }) => name),
      missed: weakened.filter(({ caught }) => !caught).map(({ name }) => name),
    },
  };
}

/** The summary of all shares: numbers added up, names one after the other. */
export function joined(shares: readonly AttackSummary[]): AttackSummary {
  return shares.reduce((all, share) => ({
    builders: all.builders.map((builder, b) => sumOf(builder, share.builders[b]!)),
    protocol: sumOf(all.protocol, share.protocol),
    counted: sumOf(all.counted, share.counted),
    weakened: sumOf(all.weakened, share.weakened),
  }));
}

/** Field by field; equal texts stay. */
function sumOf<T extends object>(left: T, right: T): T {
  const sum = (a: unknown, b: unknown): unknown => {
    if (typeof a === 'number') return a + (b as number);
    if (Array.isArray(a)) return [...(a as unknown[]), ...(b as unknown[])];
    return typeof a === 'object' && a !== null ? sumOf(a, b as object) : a;
  };
  const entries = Object.entries(left).map(([key, value]) => [key, sum(value, right[key as keyof T])]);
  return Object.fromEntries(entries) as T;
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
