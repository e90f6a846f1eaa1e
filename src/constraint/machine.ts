/**
 * What the instructions of a witness program work on: values of wires, the register, table rows of lookups. Values are exact integers in
 * float64; full-width field elements are BigInt in a map of their own and NaN in the array, so that no rounding is ever silent.
 */
import { ZkonnxError } from '../base/errors.js';
import { batchInverse, mod } from '../field/bn254.js';
import { fieldDot } from './field-dot.js';
import { lookupCount } from './kind.js';
import { Side, type Circuit } from './program.js';
import type { SparseMatrix } from './r1cs.js';

/** Exclusive limit of exact integers. */
const EXACT_LIMIT = 2 ** 53;

export class Machine {
  readonly small: Float64Array;
  readonly field = new Map<number, bigint>();
  /** Table row of each lookup. */
  readonly lookups: Int32Array;
  register = 0;
  private readonly code: Int32Array;
  private readonly sides: readonly SparseMatrix[];
  /** Wires that wait for their inverses: no instruction reads them, so one batch at the end computes all. */
  private readonly inverses = { wires: [] as number[], values: [] as (number | bigint)[] };

  constructor(private readonly circuit: Circuit) {
    const { r1cs, program } = circuit;
    this.code = program.code;
    this.small = new Float64Array(r1cs.nWires);
    this.small[0] = 1;
    this.sides = [r1cs.a, r1cs.b, r1cs.c, program.hints];
    this.lookups = new Int32Array(lookupCount(circuit));
  }

  /** The word at `at` of the program. */
  word(at: number): number {
    return this.code[at]!;
  }

  /** 2 to the power that the word at `at` says. */
  power(at: number): number {
    return 2 ** this.code[at]!;
  }

  /**
   * Value of the `row` operand at `at`, without its wires from `fresh` on: those the instruction is about to set. Exact: the builder has
   * bounded every side's partial sums below 2^53.
   */
  row(at: number, fresh = Infinity): number {
    const { small } = this;
    const { rowStart, wires, coefs } = this.sides[this.code[at]!]!;
    const row = this.code[at + 1]!;
    let sum = 0;
    // Wires ascend within a row.
    for (let k = rowStart[row]!, end = rowStart[row + 1]!; k < end && wires[k]! < fresh; k++)
      sum += coefs[k]! * small[wires[k]!]!;
    return sum;
  }

  /** Value of the `row` operand at `at`, whose partial sums nobody has bounded: in F_r where float64 might round them. */
  exactRow(at: number): number | bigint {
    const { rowStart, wires, coefs } = this.sides[this.code[at]!]!;
    const row = this.code[at + 1]!;
    let [sum, magnitude] = [0, 0];
    for (let k = rowStart[row]!, end = rowStart[row + 1]!; k < end; k++) {
      const term = coefs[k]! * this.small[wires[k]!]!;
      sum += term;
      magnitude += Math.abs(term);
    }
    return magnitude < EXACT_LIMIT ? sum : this.fieldRow(at);
  }

  /** Value of the `value` operand at `at`. */
  value(at: number): number {
    return this.code[at] === Side.Register ? this.register : this.row(at);
  }

  /** Value of the `row` operand at `at` in F_r. */
  fieldRow(at: number): bigint {
    return fieldDot(this.sides[this.code[at]!]!, this.code[at + 1]!, this, this.circuit.r1cs.bigCoefs);
  }

  setField(wire: number, value: bigint): void {
    this.small[wire] = NaN;
    this.field.set(wire, value);
  }

  /** `wire` becomes 1/value in F_r, 0 for 0, once the program has run. */
  setInverse(wire: number, value: number | bigint): void {
    this.small[wire] = NaN;
    this.inverses.wires.push(wire);
    this.inverses.values.push(value);
  }

  /** `value`, which must lie in [0, limit): RANGE_EXCEEDED otherwise, in that layer. */
  checked(value: number, limit: number, layer: number): number {
    if (value >= 0 && value < limit) return value;
    throw new ZkonnxError('RANGE_EXCEEDED', 'a value leaves the range its constraint allows', {
      expected: `0 to ${limit - 1} (after the offset of its range check)`,
      got: String(value),
      where: this.circuit.program.layers[layer] ?? 'circuit',
      help: 'the input lies outside what the model was compiled for: widen --domain or --calibrate, or use --overflow saturate',
    });
  }

  /** Notes a lookup's table row, and gives the row's value. */
  lookUp(lookup: number, row: number, layer: number): number {
    const { tables, lookupTable } = this.circuit.rounds!;
    const { rows, values, firstMultiplicity } = tables[lookupTable[lookup]!]!;
    this.checked(row, rows, layer);
    this.lookups[lookup] = row;
    this.small[firstMultiplicity + row]!++;
    return values?.[row] ?? 0;
  }

  /** Computes the inverses that instructions have asked for. */
  finish(): void {
    const distinct = [...new Set(this.inverses.values)];
    const inverted = batchInverse(distinct.map((value) => mod(BigInt(value))));
    const byValue = new Map(distinct.map((value, i) => [value, inverted[i]!]));
    this.inverses.wires.forEach((wire, i) => this.field.set(wire, byValue.get(this.inverses.values[i]!)!));
  }
}
