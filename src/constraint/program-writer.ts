/**
 * Writes a witness program. Operands are typed by the instructions' records, and the register by what it is: only an instruction that sets it
 * makes a `RegisterRef`, without one nothing can be written that reads it, and one that another instruction has overwritten is refused.
 */
import { invariant } from '../base/errors.js';
import { Growable } from './growable.js';
import { instructions, type RegisterSetter } from './instructions.js';
import { Opcode, OPERAND_WORDS, Side, type OpcodeName, type OperandKind } from './program.js';

/** The register as one instruction left it, until the next one sets it. Made by `ProgramWriter.set` alone. */
class Register {
  // A private member makes the type nominal.
  constructor(private readonly setAt: number) {}

  isFrom(instruction: number): boolean {
    return this.setAt === instruction;
  }
}
export type RegisterRef = Register;

/** Where a combination stands: side A, B, C or H (`Side`), and row. */
export type RowRef = readonly [side: number, row: number];

interface OperandValue {
  out: number;
  part: number;
  run: readonly [first: number, count: number];
  shift: number;
  word: number;
  layer: number;
  lookup: number;
  row: RowRef;
  value: RowRef | RegisterRef;
  register: RegisterRef;
}

type Values<Kinds extends readonly OperandKind[]> = { readonly [I in keyof Kinds]: OperandValue[Kinds[I]] };

/** The operands of an opcode, one value each. */
export type Operands<O extends OpcodeName> = Values<(typeof instructions)[O]['operands']>;

export class ProgramWriter {
  private readonly code = new Growable((n) => new Int32Array(n));
  /** Place of the last instruction that set the register; −1 for none. */
  private lastSet = -1;

  /** Appends an instruction that leaves the register as it is. */
  emit<O extends Exclude<OpcodeName, RegisterSetter>>(name: O, ...operands: Operands<O>): void {
    this.write(name, operands);
  }

  /** Appends an instruction that sets the register, and returns what stands there now. */
  set<O extends RegisterSetter>(name: O, ...operands: Operands<O>): RegisterRef {
    const at = this.code.length;
    this.write(name, operands);
    this.lastSet = at;
    return new Register(at);
  }

  finish(): Int32Array {
    return this.code.finish();
  }

  private write(name: OpcodeName, operands: readonly (number | readonly number[] | RegisterRef)[]): void {
    const isCurrent = operands.every((operand) => !(operand instanceof Register) || operand.isFrom(this.lastSet));
    invariant(isCurrent, 'the register holds another value by now', { reader: name });
    this.code.push(Opcode[name]);
    instructions[name].operands.forEach((kind, i) => {
      const operand = operands[i]!;
      if (typeof operand === 'number') this.code.push(operand);
      else if (!(operand instanceof Register)) for (const word of operand) this.code.push(word);
      else if (OPERAND_WORDS[kind] > 0) for (const word of [Side.Register, 0]) this.code.push(word);
    });
  }
}
