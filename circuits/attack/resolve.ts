/**
 * The witness program over BigInt, with any wire overridden: what a prover gets who lies about some values and computes everything that
 * follows honestly from the lie. Never refuses. Also the slow oracle for the float64 interpreter in src/constraint/solver.ts.
 * Of a circuit of two rounds it computes round 1 without multiplicities; an operand that speaks of them counts the lookups as they are.
 */
import { mod } from '../../src/field/bn254.js';
import { instructionOf, operandWords } from '../../src/constraint/instructions.js';
import { isTwoRound } from '../../src/constraint/kind.js';
import { Side, type Circuit } from '../../src/constraint/program.js';
import type { FieldLc } from '../builder.js';
import { attacked, type Decoded, type Hint, type Operand, type Step } from './instructions.js';
import { Counting, evaluate, formOf, isMultiplicity, systemOf, tallied, type Membership } from './rows.js';

export class Resolver {
  readonly hints: Hint[] = [];
  private readonly steps: Step[] = [];
  private readonly nWires: number;
  /** The register is kept behind the wires. */
  private readonly register: number;
  /** Lookups; none of one round. */
  private readonly memberships: readonly Membership[];

  constructor(circuit: Circuit) {
    this.nWires = circuit.r1cs.nWires;
    this.register = this.nWires;
    this.memberships = systemOf(circuit).memberships.filter(({ tallies }) => tallies !== true);
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
    const known = instructionOf(code[pc]!);
    if (known === undefined) throw new RangeError(`unknown instruction ${code[pc]}`);
    const word = (i: number): number => code[pc + i]!;
    const at: Decoded = {
      circuit,
      register: this.register,
      word,
      operand: (i, fresh) => this.operand(circuit, word(i), word(i + 1), fresh),
    };
    const { follow, hint } = attacked[known.name];
    this.steps.push(follow(at));
    const free = hint(at);
    if (free !== undefined) this.hints.push(free);
    return 1 + operandWords(known);
  }

  /** The operand in row `row` of side `side`; without the wires from `fresh` on, where that is given. */
  private operand(circuit: Circuit, side: number, row: number, fresh = Infinity): Operand {
    const { r1cs, program } = circuit;
    if (side === Side.Register) return (values) => values[this.register]!;
    const form = below(formOf([r1cs.a, r1cs.b, r1cs.c, program.hints][side]!, row, r1cs.bigCoefs), fresh);
    if (!isTwoRound(circuit) || !form.wires.some((wire) => isMultiplicity(circuit.rounds, wire)))
      return (values) => evaluate(form, values);
    const counting = new Counting(circuit.rounds, this.memberships);
    const overTallies = counting.form(form);
    const { first, tallies } = counting;
    return (values) =>
      evaluate(overTallies, [...values.slice(0, first), ...tallies.map((tally) => tallied(tally, values))]);
  }
}

function below(form: FieldLc, fresh: number): FieldLc {
  const kept = form.wires.filter((wire) => wire < fresh).length;
  // Wires ascend within a row.
  return { ...form, wires: form.wires.slice(0, kept), coefs: form.coefs.slice(0, kept) };
}
