/**
 * The witness program over BigInt, with any wire overridden: what a prover gets who lies about some values and computes everything that
 * follows honestly from the lie. Never refuses. Also the slow oracle for the float64 interpreter in src/constraint/solver.ts.
 * Of a circuit of two rounds it computes round 1 without multiplicities.
 */
import { inverse, mod, R, signed } from '../../src/field/bn254.js';
import { Opcode, Side, type Circuit } from '../../src/constraint/program.js';
import type { FieldLc } from '../builder.js';
import { evaluate, formOf } from './rows.js';

/** Wires whose values a prover chooses freely, as the program gives them. */
export type Hint =
  | { readonly kind: 'bits'; readonly wires: readonly number[] }
  | { readonly kind: 'limb'; readonly wire: number }
  | { readonly kind: 'nonZero'; readonly inverse: number; readonly flag: number; readonly of: Operand }
  | { readonly kind: 'divide'; readonly quotient: number; readonly remainder: number; readonly by: Operand }
  | { readonly kind: 'evaluate'; readonly wire: number }
  /** `parts`: the clamped value, and what is above and below where these have wires. */
  | { readonly kind: 'quotient'; readonly parts: readonly number[]; readonly shift: number }
  | { readonly kind: 'parts'; readonly wire: number; readonly of: Operand };

/** Value of an operand for a full assignment. */
export type Operand = (values: readonly bigint[]) => bigint;

/** An instruction as a function from the values so far to the wires it writes. */
type Step = (values: readonly bigint[]) => readonly (readonly [wire: number, value: bigint])[];

export class Resolver {
  readonly hints: Hint[] = [];
  private readonly steps: Step[] = [];
  private readonly nWires: number;
  /** The register is kept behind the wires. */
  private readonly register: number;

  constructor(circuit: Circuit) {
    this.nWires = circuit.r1cs.nWires;
    this.register = this.nWires;
    const { code } = circuit.program;
    for (let pc = 0; pc < code.length; pc += this.decode(circuit, pc));
  }

  /** Every wire, from given values (inputs, salts) and overrides, which hold whatever the program says. */
  run(given: ReadonlyMap<number, bigint>, overrides: ReadonlyMap<number, bigint> = new Map()): bigint[] {
    const values = new Array<bigint>(this.nWires + 1).fill(0n);
    values[0] = 1n;
    for (const [wire, value] of [...given, ...overrides]) values[wire] = mod(value);
    for (const step of this.steps) {
      for (const [wire, value] of step(values)) if (!overrides.has(wire)) values[wire] = mod(value);
    }
    return values.slice(0, this.nWires);
  }

  /** Adds the step of the instruction at `pc` and returns its length in words. */
  private decode(circuit: Circuit, pc: number): number {
    const { code } = circuit.program;
    const word = (i: number) => code[pc + i]!;
    const operand = (i: number, fresh?: number) => this.operand(circuit, word(i), word(i + 1), fresh);
    const out = word(1);
    switch (word(0)) {
      case Opcode.Linear:
      case Opcode.FieldLinear: {
        const of = operand(2);
        this.steps.push((values) => [[out, of(values)]]);
        return 4;
      }
      case Opcode.Product:
      case Opcode.FieldProduct: {
        const [left, right] = [operand(2), operand(4)];
        this.steps.push((values) => [[out, left(values) * right(values)]]);
        return 6;
      }
      case Opcode.ProductPlus: {
        const [left, right, addend] = [operand(2), operand(4), operand(6)];
        this.steps.push((values) => [[out, left(values) * right(values) + addend(values)]]);
        return 8;
      }
      case Opcode.Bits: {
        const [skip, of] = [BigInt(word(3)), operand(6)];
        const wires = Array.from({ length: word(2) }, (_, i) => out + i);
        this.hints.push({ kind: 'bits', wires });
        this.steps.push((values) => wires.map((wire, i) => [wire, (of(values) >> (skip + BigInt(i))) & 1n]));
        return 8;
      }
      case Opcode.Limb: {
        const [skip, mask, of] = [BigInt(word(2)), (1n << BigInt(word(3))) - 1n, operand(4)];
        this.hints.push({ kind: 'limb', wire: out });
        this.steps.push((values) => [[out, (of(values) >> skip) & mask]]);
        return 6;
      }
      case Opcode.NonZero: {
        const [flag, of] = [word(2), operand(3)];
        this.hints.push({ kind: 'nonZero', inverse: out, flag, of });
        this.steps.push((values) => {
          const x = of(values);
          return [
            [out, x === 0n ? 0n : inverse(x)],
            [flag, x === 0n ? 0n : 1n],
          ];
        });
        return 5;
      }
      case Opcode.Divide: {
        const [remainder, n, d] = [word(2), operand(3), operand(5)];
        this.hints.push({ kind: 'divide', quotient: out, remainder, by: d });
        this.steps.push((values) => divideSigned(out, remainder, signed(n(values)), signed(d(values))));
        return 7;
      }
      case Opcode.Load: {
        const of = operand(3);
        this.steps.push((values) => [[this.register, of(values)]]);
        return 5;
      }
      case Opcode.Reflect: {
        const of = operand(1);
        this.steps.push((values) => [[this.register, of(values) - values[this.register]!]]);
        return 3;
      }
      case Opcode.Lookup:
        return 7;
      case Opcode.Evaluate: {
        const of = operand(4);
        const { tables, lookupTable } = circuit.rounds!;
        const { values: column } = tables[lookupTable[word(2)]!]!;
        this.hints.push({ kind: 'evaluate', wire: out });
        this.steps.push((values) => [[out, BigInt(column?.[Number(of(values))] ?? 0)]]);
        return 6;
      }
      case Opcode.Quotient:
        this.quotient(operand(7, out), [out, word(2), word(3)], word(4), BigInt(word(5)));
        return 9;
      case Opcode.Parts: {
        const of = operand(4, out);
        this.hints.push({ kind: 'parts', wire: out, of });
        this.steps.push((values) => {
          const x = signed(of(values));
          return [
            [out, x > 0n ? x : 0n],
            [this.register, x > 0n ? x : -x],
          ];
        });
        return 6;
      }
      default:
        throw new RangeError(`unknown instruction ${word(0)}`);
    }
  }

  /** The operand in row `row` of side `side`; without the wires from `fresh` on, where that is given. */
  private operand({ r1cs, program }: Circuit, side: number, row: number, fresh = Infinity): Operand {
    if (side === Side.Register) return (values) => values[this.register]!;
    const form = below(formOf([r1cs.a, r1cs.b, r1cs.c, program.hints][side]!, row, r1cs.bigCoefs), fresh);
    return (values) => evaluate(form, values);
  }

  private quotient(of: Operand, [y, above, below]: readonly number[], shift: number, top: bigint): void {
    this.hints.push({ kind: 'quotient', parts: [y!, above!, below!].filter((wire) => wire !== 0), shift });
    this.steps.push((values) => {
      const x = signed(of(values));
      const v = x >> BigInt(shift);
      // Where the case has no wire the interpreter refuses; a liar lets y be v.
      const p = above !== 0 && v > top ? v - top : 0n;
      const n = below !== 0 && v < 0n ? -v : 0n;
      const wires = [
        [y!, v - p + n],
        [above!, p],
        [below!, n],
      ] as const;
      return [...wires.filter(([wire]) => wire !== 0), [this.register, x - (v << BigInt(shift))]];
    });
  }
}

function below(form: FieldLc, fresh: number): FieldLc {
  const kept = form.wires.filter((wire) => wire < fresh).length;
  // Wires ascend within a row.
  return { ...form, wires: form.wires.slice(0, kept), coefs: form.coefs.slice(0, kept) };
}

function divideSigned(
  quotient: number,
  remainder: number,
  n: bigint,
  d: bigint,
): readonly (readonly [number, bigint])[] {
  const q = d === 0n ? 0n : n / d;
  return [
    [quotient, q],
    [remainder, n - q * d],
  ];
}

/** All wires a hint sets. */
export function wiresOf(hint: Hint): readonly number[] {
  switch (hint.kind) {
    case 'bits':
      return hint.wires;
    case 'limb':
    case 'evaluate':
    case 'parts':
      return [hint.wire];
    case 'nonZero':
      return [hint.inverse, hint.flag];
    case 'divide':
      return [hint.quotient, hint.remainder];
    case 'quotient':
      return hint.parts;
  }
}

/** (r − 1) / 2, the largest positive signed value. */
export const HALF = (R - 1n) / 2n;
