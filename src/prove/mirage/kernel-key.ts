/**
 * A proving key of two rounds in the kernels' memory. It has no rows: their values come from the solver and from the tables. Of the lists
 * only finite points are kept, each with its wire.
 */
import { FIRST_ROUND1_WIRE, N_CHALLENGES, type Rounds } from '../../constraint/rounds.js';
import { internal } from '../../base/errors.js';
import type { WirePoints } from '../engine/wire-points.js';
import type { TransformKey } from '../engine/quotient.js';
import type { RoundOneWitness } from './rounds-witness.js';

/** Pointers to affine points in the kernels' form. */
export interface RoundsKey extends TransformKey {
  readonly nWires: number;
  readonly firstRound2: number;
  /** Constraints, without the rows that bind wires 0 … 3. */
  readonly rows: number;
  readonly a: WirePoints;
  readonly b1: WirePoints;
  readonly b2: WirePoints;
  /** Round 1, over δ1. */
  readonly c1: WirePoints;
  /** Round 2, over δ2. */
  readonly c2: WirePoints;
  /** One point for each of the domain. */
  readonly h: number;
  readonly alpha1: number;
  readonly beta1: number;
  readonly beta2: number;
  /** [δ1]_1, [δ2]_1 and [δ2]_2. */
  readonly delta1: number;
  readonly delta2: number;
  readonly delta2G2: number;
}

/** Rows that bind the constant and the challenges. */
export const BINDING_ROWS = 1 + N_CHALLENGES;

/** The points of the wires from ≤ j < to. */
export function wireRange(
  { group, points, wires }: WirePoints,
  from: number,
  to: number,
  pointBytes: number,
): WirePoints {
  const first = firstAtLeast(wires, from);
  return { group, points: points + first * pointBytes, wires: wires.subarray(first, firstAtLeast(wires, to)) };
}

/** The number of entries below `bound` in an ascending list. */
function firstAtLeast(list: Uint32Array, bound: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Throws INTERNAL where key, rounds and witness do not belong together, or name wires, rows or table entries that are not there: each of
 * them becomes an address.
 */
export function requireRounds(
  { nWires, firstRound2, rows }: Pick<RoundsKey, 'nWires' | 'firstRound2' | 'rows'>,
  rounds: Rounds,
  witness: RoundOneWitness,
): void {
  const { tables, lookupRow, lookupTable, firstInverse, firstTheta, firstField, thetaRow, thetaSource } = rounds;
  const { wires, lookups, a, b } = witness;
  const entries = tables.reduce((sum, table) => sum + table.rows, 0);
  const isOrdered =
    rounds.firstRound2 === firstRound2 &&
    firstInverse === firstRound2 &&
    firstInverse + lookupRow.length <= firstTheta &&
    firstTheta + thetaSource.length === firstField &&
    firstField <= nWires &&
    firstInverse + lookupRow.length + entries === firstTheta;
  const isOfSize =
    wires.small.length === firstRound2 &&
    lookups.length === lookupRow.length &&
    lookupTable.length === lookupRow.length &&
    thetaRow.length === thetaSource.length &&
    a.small.length === rows &&
    b.small.length === rows;
  const areThere =
    tables.every(
      (table) =>
        (table.values === undefined || table.values.length === table.rows) &&
        table.firstMultiplicity >= FIRST_ROUND1_WIRE &&
        table.firstMultiplicity + table.rows <= firstRound2 &&
        table.firstQuotient >= firstInverse + lookupRow.length &&
        table.firstQuotient + table.rows <= firstTheta &&
        table.firstRow + table.rows <= rows,
    ) &&
    lookups.every((row, k) => row >= 0 && row < (tables[lookupTable[k]!]?.rows ?? 0)) &&
    [lookupRow, thetaRow, rounds.fieldRows].every((list) => list.every((row) => row < rows)) &&
    thetaSource.every((wire) => wire < firstRound2);
  if (!isOrdered || !isOfSize || !areThere) {
    throw internal('key, circuit and witness do not belong together', { nWires, firstRound2, rows });
  }
}
