/**
 * Gadgets with a check left out, as one might forget it: the harness has to find the hole in every one of them, or it finds nothing.
 * A weakened gadget is the sound one without some of its rows.
 */
import { internal } from '../../src/base/errors.js';
import { mod } from '../../src/field/bn254.js';
import type { FieldLc } from '../builder.js';
import { isTwoRound } from '../../src/constraint/kind.js';
import type { Circuit } from '../../src/constraint/program.js';
import { gadgets } from './gadgets.js';
import { buildGadget, checkGadget, type AttackOptions, type AttackReport, type Gadget } from './harness.js';
import { fieldCombination } from '../lc.js';
import { plans, type Layout } from './plans.js';
import { isBooleanRow, rowsOf, unit, type Membership, type Row, type System } from './rows.js';

export interface Weakened extends Pick<AttackOptions, 'plan' | 'without' | 'alter'> {
  readonly name: string;
  readonly gadget: Gadget;
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
  const gadget = gadgetOf(gadgetName, parameters);
  const rows = rowsOf(buildGadget(gadget).circuit.r1cs);
  const booleans = rows.flatMap((row, i) => (isBooleanRow(row) ? [i] : []));
  const others = rows.flatMap((row, i) => (isBooleanRow(row) ? [] : [i]));
  return { name, gadget, without: new Set(choose({ booleans, others })) };
}

/** A clamp by bits whose part of the sum is another, made of its row sign·(1 − o) = fits. */
function altered(name: string, parameters: string, part: (fits: Row) => FieldLc): Weakened {
  const alter = ({ rows, ...system }: System): System => {
    const others = rows.filter((row) => !isBooleanRow(row));
    // A clamp has four such rows: two of o, fits, y.
    const parts = others.slice(0, -3).flatMap((row, i) => (i % 4 === 2 ? [part(row)] : []));
    const sum = others.at(-3)!;
    const c = fieldCombination(
      parts,
      parts.map(() => 1n),
    );
    return { ...system, rows: rows.map((row) => (row === sum ? { ...row, c } : row)) };
  };
  return { name, gadget: gadgetOf('requantise', parameters), alter };
}

function gadgetOf(name: string, parameters: string): Gadget {
  const gadget = gadgets.find((candidate) => candidate.name === name && candidate.parameters === parameters);
  if (gadget === undefined) throw internal('no gadget to weaken', { name, parameters });
  return gadget;
}

export function weakenedGadgets(): Weakened[] {
  return [...weakenedBits(), ...weakenedLookups()];
}

function weakenedBits(): Weakened[] {
  const saturating = 's=2 b=4 lo=0 x in [-600, 700]';
  const counting = `${saturating} ends counted counted`;
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
    weaken('square root whose square may be above n', 'squareRoot', '[0, 99]', ({ booleans }) =>
      booleans.slice(-10, -5),
    ),
    weaken('square root that may be too small', 'squareRoot', '[0, 99]', ({ booleans }) => booleans.slice(-5)),
    weaken('square root without its square', 'squareRoot', '[0, 99]', ({ others }) => others.slice(0, 1)),
    weaken('argmax with an unbounded last comparison', 'argmax', '5 of [0, 7], ties first', ({ booleans }) =>
      booleans.slice(-4),
    ),
    weaken('argmax with a free maximum', 'argmax', '5 of [0, 7], ties first', ({ others }) => others.slice(0, 1)),
    ...[
      ['the sum of what was clamped', -3, -2],
      ['the first row of its zero test', -2, -1],
      ['the second row of its zero test', -1, undefined],
    ].map(([what, from, to]) =>
      weaken(`bit without ${what}`, 'requantise', counting, ({ others }) =>
        others.slice(from as number, to as number | undefined),
      ),
    ),
    // Of each clamp sign − fits is the flag above, 1 − sign the flag below.
    altered('bit of what is above alone', counting, (fits) => fieldCombination([fits.a, fits.c], [1n, -1n])),
    altered('bit of a sum whose signs cancel', 'two of one bit', (fits) =>
      fieldCombination([fits.a, fits.c], [2n, -1n], -1n),
    ),
    weaken('poseidon without one square', 'poseidon', '2 inputs', ({ others }) => others.slice(30, 31)),
  ];
}

/** The same gadget laid out by lookups under a plan of plans.ts, its system changed. */
function loosen(
  name: string,
  planName: string,
  [gadgetName, parameters]: readonly [string, string],
  alter: (system: System) => Partial<System>,
): Weakened {
  const plan = plans.find((candidate) => candidate.name === planName)?.plan;
  if (plan === undefined) throw internal('no plan to weaken under', { planName });
  const gadget = gadgetOf(gadgetName, parameters);
  return { name: `${name}, ${planName}`, plan, gadget, alter: (system) => ({ ...system, ...alter(system) }) };
}

/** Without the rows, and without the lookups, at these places; negative ones count from the end. */
const without =
  (places: { readonly rows?: readonly number[]; readonly lookups?: readonly number[] }) =>
  ({ rows, memberships }: System): Partial<System> => ({
    rows: dropped(rows, places.rows ?? []),
    memberships: dropped(memberships, places.lookups ?? []),
  });

function dropped<T>(items: readonly T[], places: readonly number[]): T[] {
  const drop = new Set(places.map((place) => (place < 0 ? items.length + place : place)));
  if (places.some((place) => items.at(place) === undefined)) throw internal('nothing there to leave out', {});
  return items.filter((_, i) => !drop.has(i));
}

/** With the lookup at one place changed. */
const changed =
  (place: number, change: (membership: Membership) => Membership) =>
  ({ memberships }: System): Partial<System> => {
    const at = place < 0 ? memberships.length + place : place;
    return { memberships: memberships.map((membership, i) => (i === at ? change(membership) : membership)) };
  };

const inTable =
  (rows: number) =>
  (membership: Membership): Membership => ({ ...membership, table: `range ${rows}`, rows });

/** A table's lookups find the values of both tables of as many rows. */
function sharedTable({ memberships }: System): Partial<System> {
  const both = memberships.map(({ values }) => values!);
  return {
    memberships: memberships.map((membership) => ({
      ...membership,
      values: membership.values!.map((_, t) => [...new Set(both.flatMap((values) => values[t]!))]),
    })),
  };
}

/** x + 2^k = low + 2^k·sign with k below the bits of the limbs: for K in place of k, low may be 2^k and more. */
function narrowSign(limbBits: number, k: number) {
  return ({ rows, memberships, ...system }: System): Partial<System> => {
    const [from, to] = [1n << BigInt(limbBits), 1n << BigInt(k)];
    const sign = rows.find((row) => isBooleanRow(row))!.a.wires[0]!;
    const low = memberships.map((membership): Membership => {
      if (!membership.query.wires.includes(sign)) return membership;
      const query = fieldCombination([membership.query, unit(sign)], [1n, from - to], to - from);
      return { ...membership, query };
    });
    return { ...system, rows, memberships: low };
  };
}

/** With other factors of p and n, which come by turns, in the sum of what was clamped. */
const summed =
  (above: bigint, below: bigint) =>
  ({ rows }: System): Partial<System> => {
    const sum = rows.at(-3)!;
    const coefs = sum.c.coefs.map((_, i) => mod(i % 2 === 0 ? above : below));
    return { rows: rows.map((row) => (row === sum ? { ...row, c: { ...sum.c, coefs } } : row)) };
  };

/** With another count of a clamp table's lookups below, of which there are rows up to `clampedBelow`. */
const tallying =
  (clampedBelow: number, below: bigint) =>
  ({ memberships, tallies }: System): Partial<System> => {
    const changed = (t: number, coef: bigint): bigint => (t < clampedBelow ? mod(below) : coef);
    return {
      tallies: tallies.map((tally) => ({ ...tally, coefs: tally.coefs.map((coef, t) => changed(t, coef)) })),
      memberships: memberships.map((membership) =>
        membership.tallies === true
          ? { ...membership, values: membership.values!.map(([coef], t) => [changed(t, coef!)]) }
          : membership,
      ),
    };
  };

function weakenedLookups(): Weakened[] {
  const wide = ['requantise', 's=2 b=4 lo=0 x in [-600, 700]'] as const;
  const relu = ['requantise', 's=2 b=4 lo=0 x in [-200, 40]'] as const;
  const above = ['requantise', 's=2 b=4 lo=0 x in [0, 250]'] as const;
  const far = ['requantise', 's=2 b=4 lo=0 x in [-5000, 5000] ends own refused'] as const;
  const counting = ['requantise', 's=2 b=4 lo=0 x in [-600, 700] ends counted counted'] as const;
  const bits = ['requantise', 'two of one bit'] as const;
  const refusing = ['requantise', 's=2 b=4 lo=0 x in [-5000, 5000] ends refused refused'] as const;
  const every = 'b=4 with every table';
  return [
    // b = 4: remainder in two lookups (rem, 3 − rem), p + n in two limbs, y in one.
    loosen('clamp without the remainder', 'b=4', wide, without({ lookups: [0, 1] })),
    loosen('clamp with a remainder of 2 bits in a table of 4 alone', 'b=4', wide, without({ lookups: [1] })),
    loosen('clamp with a remainder that may be negative', 'b=4', wide, without({ lookups: [0] })),
    loosen('clamp with y above top and n', 'b=4', wide, without({ rows: [0] })),
    loosen('clamp with y and n both', 'b=4', wide, without({ rows: [1] })),
    loosen('clamp without the range of p + n', 'b=4', wide, without({ lookups: [2, 3] })),
    loosen('clamp with an unchecked top limb of p + n', 'b=4', wide, without({ lookups: [3] })),
    loosen('clamp with an unchecked low limb of p + n', 'b=4', wide, without({ lookups: [2] })),
    loosen('clamp without the range of y', 'b=4', wide, without({ lookups: [-1] })),
    loosen('clamp with y in a table that is larger', 'b=4', wide, changed(-1, inTable(32))),
    loosen('clamp with y in a table of one row more', 'b=4', wide, changed(-1, inTable(17))),
    loosen('clamp with the top bit of y unchecked', 'b=3', wide, without({ lookups: [-2, -1] })),
    loosen('clamp with the top bit of y in a table of 3 bits alone', 'b=3', wide, without({ lookups: [-1] })),
    loosen('ReLU without the product', 'b=4', relu, without({ rows: [0] })),
    loosen('ReLU without the range of y + n', 'b=4', relu, without({ lookups: [2, 3] })),
    loosen('ReLU refused above without y ≤ top', 'b=4', far, without({ lookups: [-1] })),
    loosen('clamp from above without the product', 'b=4', above, without({ rows: [0] })),
    loosen('clamp from above without y ≤ top', 'b=4', above, without({ lookups: [-1] })),
    loosen('clamp table without its second column', every, wide, changed(-1, withoutSecond)),
    loosen('clamp table without the remainder', every, wide, without({ lookups: [0] })),
    loosen('clamp table with a remainder in a larger table', every, wide, changed(0, inTable(8))),
    loosen('clamp table with wrong rows at its end', every, wide, changed(-1, wrongRows)),
    loosen(
      'function table without its second column',
      every,
      ['table', '13 entries, x in [-2, 20]'],
      changed(0, withoutSecond),
    ),
    loosen('function table of one row more', every, ['table', '13 entries, x in [-2, 20]'], changed(0, oneRowMore)),
    loosen('one table for two functions', every, ['tables', 'two of 13 entries'], sharedTable),
    loosen('input in a table that is larger', every, ['input', '[0, 1]'], changed(0, inTable(16))),
    loosen('input of 8 bits in three limbs of 3', 'b=3', ['input', '[0, 255]'], without({ lookups: [-1] })),
    loosen('range without its upper side', 'b=4', ['range', '[0, 9] of [-20, 20]'], without({ lookups: [1] })),
    loosen('range without its lower side', 'b=4', ['range', '[0, 9] of [-20, 20]'], without({ lookups: [0] })),
    loosen('positive without the product', 'b=4', ['positive', '[-100, 90]'], without({ rows: [0] })),
    loosen('positive without the range of |x|', 'b=4', ['positive', '[-100, 90]'], without({ lookups: [0, 1] })),
    loosen('positive with an unchecked top limb', 'b=4', ['positive', '[-100, 90]'], without({ lookups: [1] })),
    loosen('max without the range of the difference', 'b=3', ['max', 'two of [-20, 20]'], without({ lookups: [0, 1] })),
    loosen('sign that is no bit', 'b=4', ['isNonNegative', '[-100, 90]'], without({ rows: [0] })),
    loosen('sign with unchecked limbs', 'b=4', ['isNonNegative', '[-100, 90]'], without({ lookups: [0, 1] })),
    loosen('sign above limbs that reach further', 'b=4', ['isNonNegative', '[-100, 90]'], narrowSign(8, 7)),
    loosen('bit of what is above alone', 'b=4', bits, summed(1n, 0n)),
    loosen('bit of a sum whose signs cancel', 'b=4', bits, summed(1n, -1n)),
    loosen('bit without the sum of what was clamped', 'b=4', counting, without({ rows: [-3] })),
    loosen('bit without the first row of its zero test', 'b=4', counting, without({ rows: [-2] })),
    loosen('bit without the second row of its zero test', 'b=4', counting, without({ rows: [-1] })),
    loosen('bit of a table that counts above alone', every, counting, tallying(160, 0n)),
    loosen('bit of a table whose counts cancel', every, bits, tallying(160, -1n)),
    loosen('refused end without its range', 'b=4', refusing, without({ lookups: [-1] })),
    loosen('division without rem ≥ 0', 'b=4', ['divide', '[0, 60] / [1, 7]'], without({ lookups: [-2] })),
    loosen('division without rem < d', 'b=4', ['divide', '[0, 60] / [1, 7]'], without({ lookups: [-1] })),
    loosen(
      'division without the range of the quotient',
      'b=4',
      ['divide', '[0, 60] / [1, 7]'],
      without({ lookups: [0, 1] }),
    ),
    loosen('division without its product', 'b=4', ['divide', '[0, 60] / [1, 7]'], without({ rows: [0] })),
    // b = 4: the root in one limb, n − r² and 2r − (n − r²) in two each.
    loosen('root whose square may be above n', 'b=4', ['squareRoot', '[0, 99]'], without({ lookups: [-4, -3] })),
    loosen('root that may be too small', 'b=4', ['squareRoot', '[0, 99]'], without({ lookups: [-2, -1] })),
    loosen('root without its square', 'b=4', ['squareRoot', '[0, 99]'], without({ rows: [0] })),
  ];
}

const withoutSecond = ({ table, query, rows }: Membership): Membership => ({ table, query, rows });
const wrongRows = (membership: Membership): Membership => ({
  ...membership,
  values: membership.values!.map((column, t) => (t + 20 < membership.rows ? column : [...column, 7n])),
});
const oneRowMore = (membership: Membership): Membership => ({
  ...membership,
  rows: membership.rows + 1,
  values: [...membership.values!, [0n]],
});

/** Attacks a weakened gadget; caught when the report has a forgery. */
export function attackWeakened({ gadget, plan, without, alter }: Omit<Weakened, 'name'>): AttackReport {
  return checkGadget(gadget, {
    stopAtForgery: true,
    maxLies: 1000,
    // Of two clamps in one gadget the first one's sign takes more than 200.
    maxNodes: 400,
    without: without ?? new Set(),
    ...(plan === undefined ? {} : { plan }),
    ...(alter === undefined ? {} : { alter }),
  });
}

/** Deletes each row of a gadget by itself, a table's as one; the rows whose loss the attack does not notice. */
export function unnoticedDeletions({ gadget, plan }: Pick<Layout, 'gadget' | 'plan'>): {
  readonly rows: number;
  readonly unnoticed: readonly number[];
} {
  const rows = deletableRows(buildGadget(gadget, plan).circuit);
  const layout = { gadget, ...(plan === undefined ? {} : { plan }) };
  const unnoticed = rows.filter((row) => attackWeakened({ ...layout, without: new Set([row]) }).forgeries === 0);
  return { rows: rows.length, unnoticed };
}

/** All rows but those that bind public values, which gadgets have none of; of each table its first row and its sum stand for the others. */
function deletableRows(circuit: Circuit): number[] {
  const all = Array.from({ length: circuit.r1cs.nConstraints }, (_, row) => row);
  if (!isTwoRound(circuit)) return all;
  const { rounds } = circuit;
  const others = new Set([
    ...rounds.fieldRows,
    ...rounds.tables.flatMap(({ firstRow, rows }) => Array.from({ length: rows - 1 }, (_, t) => firstRow + 1 + t)),
  ]);
  return all.filter((row) => !others.has(row));
}
