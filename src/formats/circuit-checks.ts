/** What the readers of circuit.bin (circuit.ts, circuit-rounds.ts) check alike. */
import { operandsOf, operandWords, type OperandKind } from '../constraint/program.js';
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

/** Calls `accepts` for every operand. Throws where one is not accepted, or an instruction is unknown or cut off. */
export function eachInstruction(
  container: Container,
  code: Int32Array,
  accepts: (at: number, kind: OperandKind, opcode: number) => boolean,
): void {
  for (let at = 0; at < code.length;) {
    const start = at++;
    const opcode = code[start]!;
    const operands = operandsOf(opcode);
    if (operands === undefined)
      throw container.corrupt(
        `the witness program has an unknown instruction at word ${start}`,
        undefined,
        String(opcode),
      );
    for (const kind of operands) {
      if (!accepts(at, kind, opcode))
        throw container.corrupt(`the witness program has an operand out of range at word ${start}`);
      at += operandWords(kind);
    }
  }
}
