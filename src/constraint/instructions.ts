/**
 * The instructions of the witness program, one record an opcode: what the words are, what happens to the register, how a witness is computed.
 * Readers check programs by these records, builders are typed by them, the solver runs them. `at` is the place of the first operand.
 */
import { R } from '../field/bn254.js';
import type { Machine } from './machine.js';
import { Opcode, OPERAND_WORDS, type OpcodeName, type OperandKind } from './program.js';

export interface Instruction {
  /** In the order of the words behind the opcode. */
  readonly operands: readonly OperandKind[];
  /** What its operands are: exact float64 integers, or elements of F_r, which alone may run in round 2. */
  readonly over: 'integers' | 'field';
  /** Whether it leaves a value in the register. */
  readonly setsRegister: boolean;
  readonly solve: (machine: Machine, at: number) => void;
}

/** A canonical residue from the canonical residues of an instruction's rows. */
type FieldMeaning = (rows: readonly bigint[]) => bigint;

const inField = {
  FieldLinear: ([x]: readonly bigint[]): bigint => x!,
  FieldProduct: ([left, right]: readonly bigint[]): bigint => (left! * right!) % R,
};

export const instructions = {
  /** w[out] = row. */
  Linear: {
    operands: ['out', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      machine.small[machine.word(at)] = machine.row(at + 1);
    },
  },
  /** w[out] = left·right. */
  Product: {
    operands: ['out', 'row', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      machine.small[machine.word(at)] = machine.row(at + 1) * machine.row(at + 3);
    },
  },
  /**
   * first, count, skip, width, layer, row: w[first + i] = bit skip + i of row, i < count; a row outside [0, 2^width) is RANGE_EXCEEDED in
   * that layer. width ≤ 52; count may be 0 (the check alone).
   */
  Bits: {
    operands: ['run', 'shift', 'shift', 'layer', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      const { small } = machine;
      const [first, count] = [machine.word(at), machine.word(at + 1)];
      const value = machine.checked(machine.row(at + 5), machine.power(at + 3), machine.word(at + 4));
      // 30 bits at a time, so that the loop runs on int32.
      let rest = Math.floor(value / machine.power(at + 2));
      for (let done = 0; done < count; done += 30) {
        let chunk = rest % 2 ** 30;
        rest = Math.floor(rest / 2 ** 30);
        for (let i = done; i < count && i < done + 30; i++) {
          small[first + i] = chunk & 1;
          chunk >>= 1;
        }
      }
    },
  },
  /** inverse, flag, row: inverse = 1/row in the field (0 for 0), flag = row ≠ 0. */
  NonZero: {
    operands: ['out', 'out', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      const value = machine.row(at + 2);
      machine.small[machine.word(at + 1)] = value === 0 ? 0 : 1;
      machine.setInverse(machine.word(at), value);
    },
  },
  /** quotient, remainder, numerator, denominator. */
  Divide: {
    operands: ['out', 'out', 'row', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      const [numerator, denominator] = [machine.row(at + 2), machine.row(at + 4)];
      // n % d is exact in float64, and so is the division of what remains; floor(n / d) could round up across an integer.
      const remainder = numerator % denominator;
      machine.small[machine.word(at + 1)] = remainder;
      machine.small[machine.word(at)] = (numerator - remainder) / denominator;
    },
  },
  /** root, row: w[root] = floor(√row); row below 2^52, where the rounding of float64's root crosses no integer. */
  Root: {
    operands: ['out', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      machine.small[machine.word(at)] = Math.floor(Math.sqrt(machine.row(at + 1)));
    },
  },
  /** As Linear, over full-width field elements. */
  FieldLinear: {
    operands: ['out', 'row'],
    over: 'field',
    setsRegister: false,
    solve(machine, at) {
      machine.setField(machine.word(at), inField.FieldLinear([machine.fieldRow(at + 1)]));
    },
  },
  /** As Product, over full-width field elements. */
  FieldProduct: {
    operands: ['out', 'row', 'row'],
    over: 'field',
    setsRegister: false,
    solve(machine, at) {
      const factors = [machine.fieldRow(at + 1), machine.fieldRow(at + 3)];
      machine.setField(machine.word(at), inField.FieldProduct(factors));
    },
  },
  /** out, left, right, addend: w[out] = left·right + addend. */
  ProductPlus: {
    operands: ['out', 'row', 'row', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      machine.small[machine.word(at)] = machine.row(at + 1) * machine.row(at + 3) + machine.row(at + 5);
    },
  },
  /** out, skip, width, value: w[out] = floor(value / 2^skip) mod 2^width; value not negative (another instruction has checked it). */
  Limb: {
    operands: ['out', 'shift', 'shift', 'value'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      machine.small[machine.word(at)] =
        Math.floor(machine.value(at + 3) / machine.power(at + 1)) % machine.power(at + 2);
    },
  },

  // Of circuits with lookups. They run before the challenges are drawn, which then count as 0. `row*` leaves out the wires from the
  // instruction's first output on: a row may hold wires that the instruction is about to set.

  /** width, layer, row: register = row; outside [0, 2^width) is RANGE_EXCEEDED. */
  Load: {
    operands: ['shift', 'layer', 'row'],
    over: 'integers',
    setsRegister: true,
    solve(machine, at) {
      machine.register = machine.checked(machine.row(at + 2), machine.power(at), machine.word(at + 1));
    },
  },
  /** register = row − register. */
  Reflect: {
    operands: ['register', 'row'],
    over: 'integers',
    setsRegister: true,
    solve(machine, at) {
      machine.register = machine.row(at) - machine.register;
    },
  },
  /** lookup, skip, width, layer, value: the lookup's table row is floor(value / 2^skip) mod 2^width; beyond the table is RANGE_EXCEEDED. */
  Lookup: {
    operands: ['lookup', 'shift', 'shift', 'layer', 'value'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      const row = Math.floor(machine.value(at + 4) / machine.power(at + 1)) % machine.power(at + 2);
      machine.lookUp(machine.word(at), row, machine.word(at + 3));
    },
  },
  /** out, lookup, layer, row: the lookup's table row is `row`, w[out] the value there; beyond the table is RANGE_EXCEEDED. */
  Evaluate: {
    operands: ['out', 'lookup', 'layer', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      const value = machine.lookUp(machine.word(at + 1), machine.row(at + 3), machine.word(at + 2));
      machine.small[machine.word(at)] = value;
    },
  },
  /**
   * y, above, below, shift, top, layer, row*: v = floor(row / 2^shift), register = row − v·2^shift, w[y] = clamp(v, 0, top),
   * w[above] = max(v − top, 0), w[below] = max(−v, 0). `above` or `below` 0: there is no such wire, and the case is RANGE_EXCEEDED.
   */
  Quotient: {
    operands: ['out', 'part', 'part', 'shift', 'word', 'layer', 'row'],
    over: 'integers',
    setsRegister: true,
    solve(machine, at) {
      const { small } = machine;
      const [y, above, below, top] = [
        machine.word(at),
        machine.word(at + 1),
        machine.word(at + 2),
        machine.word(at + 4),
      ];
      const step = machine.power(at + 3);
      const value = machine.row(at + 6, y);
      const v = Math.floor(value / step);
      machine.register = value - v * step;
      if (v < 0 && below !== 0) small[y] = 0;
      else if (v > top && above !== 0) small[y] = top;
      else small[y] = machine.checked(v, top + 1, machine.word(at + 5));
      if (above !== 0) small[above] = Math.max(0, v - top);
      if (below !== 0) small[below] = Math.max(0, -v);
    },
  },
  /** positive, width, layer, row*: w[positive] = max(row, 0), register = |row|; |row| ≥ 2^width is RANGE_EXCEEDED. */
  Parts: {
    operands: ['out', 'shift', 'layer', 'row'],
    over: 'integers',
    setsRegister: true,
    solve(machine, at) {
      const positive = machine.word(at);
      const value = machine.row(at + 3, positive);
      machine.register = machine.checked(Math.abs(value), machine.power(at + 1), machine.word(at + 2));
      machine.small[positive] = Math.max(0, value);
    },
  },
  /**
   * sum, inverse, flag, row: w[sum] = row, a sum of integers that are not negative and alone below 2^53; inverse = 1/row in the field (0 for 0),
   * flag = row ≠ 0. A sum that float64 may not hold is one over F_r. After every instruction that sets a wire of the row, or counts in it.
   */
  NonZeroSum: {
    operands: ['out', 'out', 'out', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      const value = machine.exactRow(at + 3);
      if (typeof value === 'number') machine.small[machine.word(at)] = value;
      else machine.setField(machine.word(at), value);
      machine.setInverse(machine.word(at + 1), value);
      machine.clamped = BigInt(value) !== 0n;
      machine.small[machine.word(at + 2)] = machine.clamped ? 1 : 0;
    },
  },
  /** shift, width, layer, row: floor(row / 2^shift) from 2^width on is RANGE_EXCEEDED; sets nothing. */
  Below: {
    operands: ['shift', 'shift', 'layer', 'row'],
    over: 'integers',
    setsRegister: false,
    solve(machine, at) {
      const value = Math.floor(machine.row(at + 3) / machine.power(at));
      machine.checked(Math.max(0, value), machine.power(at + 1), machine.word(at + 2));
    },
  },
} as const satisfies { readonly [O in OpcodeName]: Instruction };

type WithProperty<P> = { [O in OpcodeName]: (typeof instructions)[O] extends P ? O : never }[OpcodeName];

/** Opcodes that leave a value in the register. */
export type RegisterSetter = WithProperty<{ readonly setsRegister: true }>;

/** Opcodes over F_r: the only ones of round 2. */
export type FieldOpcode = WithProperty<{ readonly over: 'field' }>;

/** What each opcode over F_r makes of its rows. */
export const fieldMeanings: { readonly [O in FieldOpcode]: FieldMeaning } = inField;

/** Words of an instruction behind its opcode. */
export function operandWords({ operands }: Instruction): number {
  return operands.reduce((sum, kind) => sum + OPERAND_WORDS[kind], 0);
}

/** An opcode with its record. */
export interface Known extends Instruction {
  readonly name: OpcodeName;
}

const byCode: readonly (Known | undefined)[] = Array.from(
  { length: 1 + Math.max(...Object.values(Opcode)) },
  (_, code) =>
    (Object.keys(Opcode) as OpcodeName[])
      .filter((name) => Opcode[name] === code)
      .map((name) => ({ name, ...instructions[name] }))
      .at(0),
);

/** The record of a number; undefined where no opcode has it. */
export function instructionOf(code: number): Known | undefined {
  return byCode[code];
}

/** Whether an opcode may run in round 2. */
export function isFieldOpcode(name: OpcodeName): name is FieldOpcode {
  return instructions[name].over === 'field';
}

/** First and count of the wires that an operand of this kind at `at` sets; undefined where it sets none. */
export function wiresSet(
  code: Int32Array,
  kind: OperandKind,
  at: number,
): readonly [first: number, count: number] | undefined {
  switch (kind) {
    case 'out':
      return [code[at]!, 1];
    case 'part':
      return code[at] === 0 ? undefined : [code[at]!, 1];
    case 'run':
      return code[at + 1] === 0 ? undefined : [code[at]!, code[at + 1]!];
    case 'shift':
    case 'word':
    case 'layer':
    case 'lookup':
    case 'row':
    case 'value':
    case 'register':
      return undefined;
  }
}
