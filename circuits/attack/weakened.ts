/**
 * Gadgets with a check left out, as one might forget it: the harness has to find the hole in every one of them, or it finds nothing.
 * A weakened gadget is the sound one without some of its rows.
 */
import { internal } from '../../src/errors.js';
import { gadgets } from './gadgets.js';
import { buildGadget, checkGadget, type AttackReport, type Gadget } from './harness.js';
import { isBooleanRow, rowsOf } from './rows.js';

export interface Weakened {
  readonly name: string;
  readonly gadget: Gadget;
  readonly without: ReadonlySet<number>;
}

/** Rows of a built gadget by what they are for. */
interface RowRoles {
  readonly booleans: readonly number[];
  readonly others: readonly number[];
}

function weaken(
  name: string,
  gadgetName: string,
  parameters: string,
  choose: (roles: RowRoles) => readonly number[],
): Weakened {
  const gadget = gadgets.find((candidate) => candidate.name === gadgetName && candidate.parameters === parameters);
  if (gadget === undefined) throw internal('no gadget to weaken', { gadgetName, parameters });
  const rows = rowsOf(buildGadget(gadget).circuit.r1cs);
  const booleans = rows.flatMap((row, i) => (isBooleanRow(row) ? [i] : []));
  const others = rows.flatMap((row, i) => (isBooleanRow(row) ? [] : [i]));
  return { name, gadget, without: new Set(choose({ booleans, others })) };
}

export function weakenedGadgets(): Weakened[] {
  const saturating = 's=2 b=4 lo=0 x in [-600, 700]';
  return [
    weaken('requantise without the range of the remainder', 'requantise', saturating, ({ booleans }) =>
      booleans.slice(0, 2),
    ),
    weaken('requantise without the range of the output', 'requantise', saturating, ({ booleans }) =>
      booleans.slice(2, 6),
    ),
    weaken('requantise with a sign that is no bit', 'requantise', saturating, ({ booleans }) => booleans.slice(-1)),
    weaken('requantise with a free overflow flag', 'requantise', saturating, ({ others }) => others.slice(1, 2)),
    weaken('requantise without the recomposition', 'requantise', `${saturating} long`, ({ others }) =>
      others.slice(0, 1),
    ),
    weaken('max without the range of the difference', 'max', 'two of [-20, 20]', ({ booleans }) =>
      booleans.slice(0, -1),
    ),
    weaken('max with a sign that is no bit', 'max', 'two of [-20, 20]', ({ booleans }) => booleans.slice(-1)),
    weaken('positive without its range', 'positive', '[-100, 90]', ({ booleans }) => booleans.slice(0, -1)),
    weaken('nonZero without the second row', 'nonZero', '3 bits', ({ others }) => others.slice(-1)),
    weaken('nonZero without the first row', 'nonZero', '3 bits', ({ others }) => others.slice(0, 1)),
    weaken('range with one check too few (upper)', 'input', '[-3, 3]', ({ booleans }) => booleans.slice(3)),
    weaken('range with one check too few (lower)', 'input', '[-3, 3]', ({ booleans }) => booleans.slice(0, 3)),
    weaken('split with a missing boolean row', 'split', '[2 3 1] of a long x', ({ booleans }) => booleans.slice(2, 3)),
    weaken('table with a free one-hot entry', 'table', '256 entries, x in [0, 255]', ({ others }) =>
      others.slice(0, 1),
    ),
    weaken('table read beyond its end', 'table', '13 entries, x in [-2, 20]', ({ booleans }) => booleans.slice(4)),
    weaken('divide without remainder < divisor', 'divide', '[0, 60] / [1, 7]', ({ booleans }) => booleans.slice(-3)),
    weaken('divide without remainder ≥ 0', 'divide', '[0, 60] / [1, 7]', ({ booleans }) => booleans.slice(-6, -3)),
    weaken('divide without the range of the quotient', 'divide', '[0, 60] / [1, 7]', ({ booleans }) =>
      booleans.slice(0, -6),
    ),
    weaken('argmax with an unbounded last comparison', 'argmax', '5 of [0, 7], ties first', ({ booleans }) =>
      booleans.slice(-4),
    ),
    weaken('argmax with a free maximum', 'argmax', '5 of [0, 7], ties first', ({ others }) => others.slice(0, 1)),
    weaken('poseidon without one square', 'poseidon', '2 inputs', ({ others }) => others.slice(30, 31)),
  ];
}

/** Attacks a weakened gadget; caught when the report has a forgery. */
export function attackWeakened({ gadget, without }: Weakened): AttackReport {
  return checkGadget(gadget, { without, stopAtForgery: true, maxLies: 1000 });
}

/** Deletes each row of a gadget by itself; the rows whose loss the attack does not notice. */
export function unnoticedDeletions(gadget: Gadget): { readonly rows: number; readonly unnoticed: readonly number[] } {
  const rows = buildGadget(gadget).circuit.r1cs.nConstraints;
  const all = Array.from({ length: rows }, (_, row) => row);
  const unnoticed = all.filter((row) => attackWeakened({ name: '', gadget, without: new Set([row]) }).forgeries === 0);
  return { rows, unnoticed };
}
