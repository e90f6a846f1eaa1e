/** Text for people: tables, numbers, tensors. Nothing here decides anything. */
import { oneLine } from '../base/printable.js';
import { FIGURES, type Figures, type LayerCost, type Manifest } from '../formats/manifest.js';
import type { SetupKind } from '../verify/key.js';
import type { Protocol } from '../verify/statement.js';
import type { TensorValue } from '../verify/report.js';

/** One line, whatever a name holds: white space is a space, for columns. */
function cell(value: string | number): string {
  return oneLine(String(value).replace(/\s+/g, ' '));
}

/** Columns padded to their widest cell, two spaces apart, indented by two; numbers to the right. */
export function table(rows: readonly (readonly (string | number)[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((value, c) => (widths[c] = Math.max(widths[c] ?? 0, cell(value).length)));
  const line = (row: readonly (string | number)[]) =>
    row.map((value, c) =>
      typeof value === 'number' ? cell(value).padStart(widths[c]!) : cell(value).padEnd(widths[c]!),
    );
  return rows.map((row) => `  ${line(row).join('  ')}`.trimEnd()).join('\n');
}

/** Lines of a section under its title; empty when there is none. */
export function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n\n${title}\n${lines.map((line) => `  ${oneLine(line)}`).join('\n')}`;
}

/** Six significant digits, and no more than are there; integers whole, for they may be names of things. */
export function real(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  return String(Number(value.toPrecision(6)));
}

export function percent(part: number): string {
  return `${Number((100 * part).toPrecision(3))} %`;
}

export function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

export function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}

/** `total 2.10 s (witness 100 ms, prove 2.00 s)`. */
export function timings({ total, ...phases }: Readonly<Record<string, number>>): string {
  const parts = Object.entries(phases).map(([phase, value]) => `${phase} ${seconds(value)}`);
  return `${seconds(total ?? 0)}${parts.length === 0 ? '' : ` (${parts.join(', ')})`}`;
}

const SHOWN_VALUES = 16;

/** `scores [1, 10]: 0.1, -2.5, … (784 values)`. */
export function tensor(name: string, { dims, data }: TensorValue): string {
  const shown = data.slice(0, SHOWN_VALUES).map(real).join(', ');
  const rest = data.length > SHOWN_VALUES ? `, … (${data.length} values)` : '';
  return `${cell(name)} [${dims.join(', ')}]: ${shown}${rest}`;
}

/** Shown wherever a development key or its proof is. */
export const DEVELOPMENT_NOTICE =
  'DEVELOPMENT KEY: whoever made it can forge proofs; for tests and demonstrations only';

/** Of a sample in which a value was clamped. */
export const CLAMPED_NOTICE =
  'a value left its calibrated range and was clamped: the outputs may be off by more than the stated error';

/** What a key of each kind is worth; shown wherever it is believed. */
export const SETUP_NOTICES: { readonly [K in SetupKind]: string } = {
  development: DEVELOPMENT_NOTICE,
  none: 'NO SETUP: nothing about this key is secret, and anybody makes it again from the model (zkonnx key check)',
  unknown: 'KEY OF UNKNOWN ORIGIN: whoever knows how it was made may be able to forge proofs',
};

/** Rows, or cells of a protocol that has those. */
function costOf({ constraints, cells }: Pick<LayerCost, 'constraints' | 'cells'>): number {
  return constraints ?? cells ?? 0;
}

/** The figures of a circuit or relation that are shown in a line, the first of which layers cost. */
export function figuresLine({ protocol, circuit }: Pick<Manifest, 'protocol' | 'circuit'>): string {
  return FIGURES[protocol].shown.map((name) => `${circuit[name] ?? 0} ${name}`).join(', ');
}

/** Those of a line, for --json. */
export function figuresShown({ protocol, circuit }: Pick<Manifest, 'protocol' | 'circuit'>): Figures {
  return Object.fromEntries(FIGURES[protocol].shown.map((name) => [name, circuit[name]]));
}

export function layerUnit(protocol: Protocol): string {
  return FIGURES[protocol].shown[0]!;
}

/** All figures of a circuit or relation, for --json. */
export function figuresJson({ protocol, circuit }: Pick<Manifest, 'protocol' | 'circuit'>): Figures {
  return Object.fromEntries(FIGURES[protocol].all.map((name) => [name, circuit[name]]));
}

/** Layers with what they cost; those that cost nothing are counted in one line. */
export function layerTable(layers: readonly LayerCost[]): string {
  const total = layers.reduce((sum, layer) => sum + costOf(layer), 0);
  const costly = layers.filter((layer) => costOf(layer) > 0);
  const rows = costly.map((layer) => [layer.name, layer.op, costOf(layer), percent(costOf(layer) / total)]);
  const free = layers.length - costly.length;
  if (free > 0) rows.push([`(${free} more)`, '', 0, '']);
  return table(rows);
}

/** Every layer with shape, proven bounds and scale. */
export function layerFactsTable(layers: readonly LayerCost[]): string {
  const total = layers.reduce((sum, layer) => sum + costOf(layer), 0);
  return table(
    layers.map(({ name, op, dims, lo, hi, scale, ...cost }) => [
      name,
      op,
      costOf(cost),
      percent(costOf(cost) / (total || 1)),
      dims === undefined ? '' : `[${dims.join(', ')}]`,
      lo === undefined || hi === undefined ? '' : `${lo} to ${hi}`,
      scale === undefined ? '' : `scale ${real(scale)}`,
    ]),
  );
}
