/**
 * Maxima of windows, pair by pair, level by level: a committed maximum a pair that bounds do not decide. Left to the requantisation behind it where that
 * alone reads it (pooled.ts).
 */
import type { IrAttrs } from '../../ir/graph.js';
import type { Lowering } from '../lowering.js';
import { max } from '../maxima.js';
import type { ClearOp } from '../op.js';
import { play, tournamentOf } from '../tournament.js';
import { select } from '../vec.js';

export const maxWindows: ClearOp<'maxWindows'> = {
  lower(c, { name, inputs, attrs }) {
    if (isLeft(c, name)) return;
    const rows = c.openRows(name);
    const x = c.vec(inputs[0]!);
    const tournament = tournamentOf(x, windowsOf(attrs, rows));
    const elements = select(x, tournament.elements);
    const largest = play(tournament, elements, (a, b, level) => max(c, a, b, `maximum, level ${level + 1}`));
    c.define(name, rows, largest);
  },
};

/** Whether maxima are left to the requantisation that stands directly behind them, that alone reads them and that rounds. */
export function isLeft(c: Lowering, name: string): boolean {
  const reader = c.soleReader(name);
  return reader?.op === 'requantise' && reader.attrs.shift > 0;
}

export function windowsOf({ start, index }: IrAttrs['maxWindows'], rows: Uint32Array): Uint32Array[] {
  return Array.from(rows, (row) => index.subarray(start[row]!, start[row + 1]!));
}
