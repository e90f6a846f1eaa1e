/** Sections as GitHub markdown and as JSON. Pure. */
import type { Comparison, Machine, Section, Side } from './harness.js';
import { pairRatios, spread } from './statistics.js';

const UNITS = [
  [1e-3, 1e-6, 'ns'],
  [1, 1e-3, 'µs'],
  [1000, 1, 'ms'],
  [Infinity, 1000, 's'],
] as const;

/** Three significant digits, no exponent. */
export function digits(value: number): string {
  if (value >= 100 || value === 0) return value.toFixed(0);
  return value.toFixed(Math.max(0, 2 - Math.floor(Math.log10(value))));
}

/** "71.2 (70.1–75.0) ms": median, least and most, in the unit that suits the median. */
export function duration(ms: readonly number[]): string {
  const { median, least, most } = spread(ms);
  const [, scale, unit] = UNITS.find(([below]) => median < below)!;
  const [middle, low, high] = [median, least, most].map((value) => digits(value / scale));
  return ms.length === 1 ? `${middle} ${unit}` : `${middle} (${low}–${high}) ${unit}`;
}

function ratio({ ours, peer }: Comparison): string {
  if (peer === undefined) return '';
  const { median, least, most } = spread(pairRatios({ ours: ours.ms, peer: peer.ms }));
  const times = (value: number) => value.toFixed(value < 10 ? 2 : 1);
  return ours.ms.length === 1 ? `${times(median)} ×` : `${times(median)} (${times(least)}–${times(most)}) ×`;
}

function asked({ target, design, limitMs, limitBytes }: Comparison): string {
  const limits = [
    target === undefined ? '' : `≥ ${Number(target.toFixed(2))} ×`,
    design === undefined ? '' : `≤ ${design.slack} × design`,
    limitMs === undefined
      ? ''
      : limitMs < 1
        ? `< ${duration([limitMs])}`
        : limitMs < 1000
          ? `< ${limitMs} ms`
          : `< ${limitMs / 1000} s`,
    limitBytes === undefined ? '' : `< ${Math.floor(limitBytes / 2 ** 20)} MiB`,
  ];
  return limits.filter((limit) => limit !== '').join(', ');
}

/** Designs were reckoned with the best of some runs, and what else a machine does makes a run longer, never shorter: so the least run is beside it. */
function leastOf(ms: readonly number[], reference: number): string {
  return `${(spread(ms).least / reference).toFixed(2)} ×`;
}

function memory(side: Side | undefined): string {
  if (side?.peakBytes === undefined) return '';
  return `${(spread(side.peakBytes).median / 2 ** 20).toFixed(0)} MiB`;
}

/** Columns in which no row has anything are left out. */
export function markdownTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const used = columns.map((_, i) => rows.some((row) => row[i] !== ''));
  const line = (cells: readonly string[]) => `| ${cells.filter((_, i) => used[i]).join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...rows.map(line)].join('\n');
}

function comparisonTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map((row) => [
    row.name,
    duration(row.ours.ms),
    row.peer?.who ?? '',
    row.peer === undefined ? '' : duration(row.peer.ms),
    ratio(row),
    row.design === undefined ? '' : duration([row.design.ms]),
    row.design === undefined ? '' : leastOf(row.ours.ms, row.design.ms),
    row.design === undefined || row.peer === undefined ? '' : leastOf(row.ours.ms, spread(row.peer.ms).least),
    asked(row),
    String(row.ours.ms.length),
    memory(row.ours),
    memory(row.peer),
  ]);
  const columns = [
    '',
    'ours',
    'peer',
    "peer's time",
    'ratio',
    'design',
    'our least of it',
    'of the peer’s least',
    'asked',
    'runs',
    'our peak',
    "peer's peak",
  ];
  return markdownTable(columns, rows);
}

export function markdownSection({ title, notes, comparisons, facts }: Section): string {
  const list = notes.map((note) => `- ${note}`).join('\n');
  const table = comparisons.length === 0 ? '' : comparisonTable(comparisons);
  const counted = facts === undefined ? '' : markdownTable(facts.columns, facts.rows);
  return [`## ${title}`, list, counted, table].filter((part) => part !== '').join('\n\n');
}

export function markdownHeader({ cpu, cores, memoryGiB, node, platform }: Machine, method: readonly string[]): string {
  return [
    '# zkonnx bench',
    `Machine: ${cores} × ${cpu}, ${memoryGiB} GiB, ${platform}, Node ${node}`,
    `Method: ${method.join(' ')}`,
  ].join('\n\n');
}

/** The same without what the project asks of itself, for inputs that it does not ask it of. */
export function withoutTargets(section: Section): Section {
  const comparisons = section.comparisons.map(
    ({ target: _target, design: _design, limitMs: _limitMs, limitBytes: _limitBytes, ...row }) => row,
  );
  return { ...section, comparisons };
}

/** For the JSON document: every time, and the ratios. */
export function plainSection({ title, notes, comparisons, facts }: Section): object {
  return {
    title,
    notes,
    ...(facts === undefined ? {} : { facts }),
    comparisons: comparisons.map((row) => {
      if (row.peer === undefined) return row;
      const ratios = pairRatios({ ours: row.ours.ms, peer: row.peer.ms });
      return { ...row, ratios, ratio: spread(ratios) };
    }),
  };
}
