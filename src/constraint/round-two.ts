/** Runs the program of round 2: instructions over F_r, which readers have checked to be nothing else. */
import { invariant } from '../base/errors.js';
import { fieldMeanings, instructionOf, isFieldOpcode } from './instructions.js';
import { OPERAND_WORDS } from './program.js';

/** `row` gives the value of a side's row, canonical; `set` takes wires in the order of the program, each before a row that reads it. */
export function runRoundTwo(
  code: Int32Array,
  row: (side: number, row: number) => bigint,
  set: (wire: number, value: bigint) => void,
): void {
  for (let at = 0; at < code.length;) {
    const known = instructionOf(code[at++]!);
    invariant(known !== undefined && isFieldOpcode(known.name), 'round 2 runs over field elements alone', { at });
    const values: bigint[] = [];
    let out = 0;
    for (const kind of known.operands) {
      if (kind === 'out') out = code[at]!;
      else values.push(row(code[at]!, code[at + 1]!));
      at += OPERAND_WORDS[kind];
    }
    set(out, fieldMeanings[known.name](values));
  }
}
