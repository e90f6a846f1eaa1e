/** What the readers of circuit.bin (circuit.ts, circuit-rounds.ts) check alike. */
import { instructionOf, type Known } from '../constraint/instructions.js';
import { OPERAND_WORDS, Side, type OperandKind } from '../constraint/program.js';
import type { Container } from './iden3-container.js';

export const isCount = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
export const isText = (value: unknown): boolean => typeof value === 'string';

export function hasShape(item: unknown, shape: Readonly<Record<string, (value: unknown) => boolean>>): boolean {
  if (typeof item !== 'object' || item === null) return false;
  return Object.entries(shape).every(([field, accepts]) => accepts((item as Record<string, unknown>)[field]));
}

/** The section's own aligned buffer, of whole elements. */
export function elements(container: Container, bytes: Uint8Array, elementBytes: number): ArrayBuffer {
  if (bytes.length % elementBytes !== 0)
    throw container.corrupt(`a section is not whole elements of ${elementBytes} bytes`);
  return bytes.buffer as ArrayBuffer;
}

/** An operand of one of these kinds takes words that the program's circuit decides about; `register` takes none. */
export type WrittenKind = Exclude<OperandKind, 'value' | 'register'>;

/**
 * Calls `accepts` for every operand, of a `value` where it names a row. Throws where one is not accepted, an instruction is unknown or cut
 * off, or the register is read before anything has set it.
 */
export function eachInstruction(
  container: Container,
  code: Int32Array,
  accepts: (at: number, kind: WrittenKind, instruction: Known) => boolean,
): void {
  let isSet = false;
  for (let at = 0; at < code.length;) {
    const start = at++;
    const known = instructionOf(code[start]!);
    if (known === undefined)
      throw container.corrupt(
        `the witness program has an unknown instruction at word ${start}`,
        undefined,
        String(code[start]),
      );
    for (const kind of known.operands) {
      const readsRegister = kind === 'register' || (kind === 'value' && code[at] === Side.Register);
      if (readsRegister && !isSet)
        throw container.corrupt(`the witness program reads the register at word ${start}, and nothing has set it`);
      // Beside the side of the register stands row 0.
      const sound = kind === 'register' || (readsRegister ? code[at + 1] === 0 : accepts(at, rowOf(kind), known));
      if (!sound) throw container.corrupt(`the witness program has an operand out of range at word ${start}`);
      at += OPERAND_WORDS[kind];
    }
    isSet ||= known.setsRegister;
  }
}

const rowOf = (kind: Exclude<OperandKind, 'register'>): WrittenKind => (kind === 'value' ? 'row' : kind);
