/**
 * Integer inference as witness generation: interprets a circuit's witness program. Values are exact integers in float64 (negative ones
 * stay negative); full-width field elements are BigInt in a map of their own and NaN in the array, so that no rounding is ever silent.
 */
import { coefficient, BIG_COEF_BASE, type R1cs, type SparseMatrix } from '../../circuits/r1cs.js';
import { invariant, ZkonnxError } from '../errors.js';
import { batchInverse, FIELD_BYTES, mod, R, toBytesLE } from '../field/bn254.js';
import { Opcode, Side, type Circuit } from './program.js';

/** Exclusive limit of exact integers. */
const EXACT_LIMIT = 2 ** 53;

export interface Witness {
  /** Integer value by wire, |value| < 2^53; NaN for the wires in `field`. */
  readonly small: Float64Array;
  /** Canonical residues of the full-width wires. */
  readonly field: ReadonlyMap<number, bigint>;
  /** Of a circuit of two rounds: the table row of each lookup. Its challenges and round-2 wires are 0 in `small`. */
  readonly lookups?: Int32Array;
}

export interface SolveOptions {
  /** Salts of committed tensors by name, in [0, r); one for each of `circuit.salts`. */
  readonly salts?: ReadonlyMap<string, bigint>;
}

/**
 * Computes every wire from the inputs (integers, one array a tensor of `circuit.inputs`).
 * Throws INPUT_NAME, INPUT_SHAPE, INPUT_TYPE for inputs that are not the circuit's, and RANGE_EXCEEDED, naming layer, value and
 * bound, where a value leaves the range its constraint allows: such an input has no witness.
 */
export function solve(
  circuit: Circuit,
  inputs: ReadonlyMap<string, Float64Array>,
  { salts = new Map() }: SolveOptions = {},
): Witness {
  const interpreter = new Interpreter(circuit);
  for (const { name, first, count } of circuit.inputs) interpreter.small.set(inputTensor(inputs, name, count), first);
  for (const { name, wire } of circuit.salts) interpreter.setField(wire, salt(salts, name));
  interpreter.run();
  const { small, field, lookups } = interpreter;
  return { small, field, ...(circuit.rounds === undefined ? {} : { lookups }) };
}

function inputTensor(inputs: ReadonlyMap<string, Float64Array>, name: string, count: number): Float64Array {
  const values = inputs.get(name);
  if (values === undefined) {
    throw new ZkonnxError('INPUT_NAME', `input ${name} is missing`, { got: [...inputs.keys()].join(', ') || 'none' });
  }
  if (values.length !== count) {
    throw new ZkonnxError('INPUT_SHAPE', `input ${name} has another number of elements`, {
      expected: String(count),
      got: String(values.length),
    });
  }
  const bad = values.findIndex((value) => !Number.isSafeInteger(value));
  if (bad >= 0) {
    throw new ZkonnxError('INPUT_TYPE', `input ${name} is not made of integers`, { got: `${values[bad]} at ${bad}` });
  }
  return values;
}

function salt(salts: ReadonlyMap<string, bigint>, name: string): bigint {
  const value = salts.get(name);
  invariant(value !== undefined && value >= 0n && value < R, 'a salt for every commitment, in [0, r)', { name });
  return value;
}

class Interpreter {
  readonly small: Float64Array;
  readonly field = new Map<number, bigint>();
  readonly lookups: Int32Array;
  private readonly sides: readonly SparseMatrix[];
  /** What LOAD, QUOTIENT and PARTS leave for the range checks that follow. */
  private register = 0;
  /** Wires that wait for their inverses: no instruction reads them, so one batch at the end computes all. */
  private readonly inverses = { wires: [] as number[], values: [] as number[] };

  constructor(private readonly circuit: Circuit) {
    const { r1cs, program } = circuit;
    this.small = new Float64Array(r1cs.nWires);
    this.small[0] = 1;
    this.sides = [r1cs.a, r1cs.b, r1cs.c, program.hints];
    this.lookups = new Int32Array(circuit.rounds?.lookupRow.length ?? 0);
  }

  setField(wire: number, value: bigint): void {
    this.small[wire] = NaN;
    this.field.set(wire, value);
  }

  run(): void {
    const { code } = this.circuit.program;
    const { small } = this;
    for (let pc = 0; pc < code.length;) {
      const out = code[pc + 1]!;
      switch (code[pc]!) {
        case Opcode.Linear:
          small[out] = this.ref(pc + 2);
          pc += 4;
          break;
        case Opcode.Product:
          small[out] = this.ref(pc + 2) * this.ref(pc + 4);
          pc += 6;
          break;
        case Opcode.ProductPlus:
          small[out] = this.ref(pc + 2) * this.ref(pc + 4) + this.ref(pc + 6);
          pc += 8;
          break;
        case Opcode.Bits:
          this.bits(out, code[pc + 2]!, code[pc + 3]!, this.rangeChecked(pc));
          pc += 8;
          break;
        case Opcode.Limb:
          small[out] = Math.floor(this.ref(pc + 4) / 2 ** code[pc + 2]!) % 2 ** code[pc + 3]!;
          pc += 6;
          break;
        case Opcode.NonZero:
          this.nonZero(out, code[pc + 2]!, this.ref(pc + 3));
          pc += 5;
          break;
        case Opcode.Divide:
          this.divide(out, code[pc + 2]!, this.ref(pc + 3), this.ref(pc + 5));
          pc += 7;
          break;
        case Opcode.FieldLinear:
          this.setField(out, this.fieldRef(pc + 2));
          pc += 4;
          break;
        case Opcode.FieldProduct:
          this.setField(out, (this.fieldRef(pc + 2) * this.fieldRef(pc + 4)) % R);
          pc += 6;
          break;
        case Opcode.Load:
          this.register = this.checked(this.ref(pc + 3), 2 ** code[pc + 1]!, code[pc + 2]!);
          pc += 5;
          break;
        case Opcode.Reflect:
          this.register = this.ref(pc + 1) - this.register;
          pc += 3;
          break;
        case Opcode.Lookup:
          this.lookUp(
            code[pc + 1]!,
            Math.floor(this.ref(pc + 5) / 2 ** code[pc + 2]!) % 2 ** code[pc + 3]!,
            code[pc + 4]!,
          );
          pc += 7;
          break;
        case Opcode.Evaluate:
          small[out] = this.lookUp(code[pc + 2]!, this.ref(pc + 4), code[pc + 3]!);
          pc += 6;
          break;
        case Opcode.Quotient:
          this.quotient(pc);
          pc += 9;
          break;
        case Opcode.Parts:
          this.parts(pc);
          pc += 6;
          break;
        default:
          throw new ZkonnxError('ARTIFACT_INVALID', 'unknown instruction in a witness program', {
            got: `${code[pc]} at word ${pc}`,
            help: 'this artifact was made by another version of zkonnx; compile the model again',
          });
      }
    }
    this.invert();
  }

  /**
   * Value of the operand whose two words are at `at`, without its wires from `fresh` on. Exact: the builder has bounded every side's partial
   * sums below 2^53.
   */
  private ref(at: number, fresh = Infinity): number {
    const { code } = this.circuit.program;
    if (code[at] === Side.Register) return this.register;
    const { rowStart, wires, coefs } = this.sides[code[at]!]!;
    const row = code[at + 1]!;
    const { small } = this;
    let sum = 0;
    // Wires ascend within a row.
    for (let k = rowStart[row]!, end = rowStart[row + 1]!; k < end && wires[k]! < fresh; k++)
      sum += coefs[k]! * small[wires[k]!]!;
    return sum;
  }

  /** Notes a lookup's table row, and gives the row's value. */
  private lookUp(lookup: number, row: number, layer: number): number {
    const { tables, lookupTable } = this.circuit.rounds!;
    const { rows, values, firstMultiplicity } = tables[lookupTable[lookup]!]!;
    this.checked(row, rows, layer);
    this.lookups[lookup] = row;
    this.small[firstMultiplicity + row]!++;
    return values?.[row] ?? 0;
  }

  private quotient(pc: number): void {
    const { code } = this.circuit.program;
    const [y, above, below, top, layer] = [code[pc + 1]!, code[pc + 2]!, code[pc + 3]!, code[pc + 5]!, code[pc + 6]!];
    const step = 2 ** code[pc + 4]!;
    const value = this.ref(pc + 7, y);
    const v = Math.floor(value / step);
    this.register = value - v * step;
    const clamped = v < 0 && below !== 0 ? 0 : v > top && above !== 0 ? top : this.checked(v, top + 1, layer);
    const { small } = this;
    small[y] = clamped;
    if (above !== 0) small[above] = Math.max(0, v - top);
    if (below !== 0) small[below] = Math.max(0, -v);
  }

  private parts(pc: number): void {
    const { code } = this.circuit.program;
    const positive = code[pc + 1]!;
    const value = this.ref(pc + 4, positive);
    this.register = this.checked(Math.abs(value), 2 ** code[pc + 2]!, code[pc + 3]!);
    this.small[positive] = Math.max(0, value);
  }

  private fieldRef(at: number): bigint {
    const { code } = this.circuit.program;
    return fieldDot(this.sides[code[at]!]!, code[at + 1]!, this, this.circuit.r1cs.bigCoefs);
  }

  /** The operand of the BITS at `pc`, which must lie in [0, 2^width). */
  private rangeChecked(pc: number): number {
    const { code } = this.circuit.program;
    return this.checked(this.ref(pc + 6), 2 ** code[pc + 4]!, code[pc + 5]!);
  }

  /** `value`, which must lie in [0, limit). */
  private checked(value: number, limit: number, layer: number): number {
    if (value >= 0 && value < limit) return value;
    throw new ZkonnxError('RANGE_EXCEEDED', 'a value leaves the range its constraint allows', {
      expected: `0 to ${limit - 1} (after the offset of its range check)`,
      got: String(value),
      where: this.circuit.program.layers[layer] ?? 'circuit',
      help: 'the input lies outside what the model was compiled for: widen --domain or --calibrate, or use --overflow saturate',
    });
  }

  private bits(first: number, count: number, skip: number, value: number): void {
    const { small } = this;
    // 30 bits at a time, so that the loop runs on int32.
    let rest = Math.floor(value / 2 ** skip);
    for (let done = 0; done < count; done += 30) {
      let chunk = rest % 2 ** 30;
      rest = Math.floor(rest / 2 ** 30);
      for (let i = done; i < count && i < done + 30; i++) {
        small[first + i] = chunk & 1;
        chunk >>= 1;
      }
    }
  }

  private nonZero(inverse: number, flag: number, value: number): void {
    this.small[flag] = value === 0 ? 0 : 1;
    this.small[inverse] = NaN;
    this.inverses.wires.push(inverse);
    this.inverses.values.push(value);
  }

  private divide(quotient: number, remainder: number, numerator: number, denominator: number): void {
    // n % d is exact in float64, and so is the division of what remains; floor(n / d) could round up across an integer.
    const rem = numerator % denominator;
    this.small[remainder] = rem;
    this.small[quotient] = (numerator - rem) / denominator;
  }

  private invert(): void {
    const distinct = [...new Set(this.inverses.values)];
    const inverted = batchInverse(distinct.map((value) => mod(BigInt(value))));
    const byValue = new Map(distinct.map((value, i) => [value, inverted[i]!]));
    this.inverses.wires.forEach((wire, i) => this.field.set(wire, byValue.get(this.inverses.values[i]!)!));
  }
}

function wireValue({ small, field }: Witness, wire: number): bigint {
  const value = small[wire]!;
  return Number.isNaN(value) ? field.get(wire)! : BigInt(value);
}

function fieldDot(
  { rowStart, wires, coefs }: SparseMatrix,
  row: number,
  witness: Witness,
  big: readonly bigint[],
): bigint {
  let sum = 0n;
  for (let k = rowStart[row]!, end = rowStart[row + 1]!; k < end; k++) {
    const coef = coefs[k]!;
    const factor = coef >= BIG_COEF_BASE ? coefficient(coef, big) : BigInt(coef);
    sum += factor * wireValue(witness, wires[k]!);
  }
  return mod(sum);
}

/** Integers of every output tensor, by name. */
export function outputsOf(circuit: Circuit, witness: Witness): Map<string, Float64Array> {
  const { rowStart, wires, coefs } = circuit.program.hints;
  const value = (row: number): number => {
    let sum = 0;
    for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) sum += coefs[k]! * witness.small[wires[k]!]!;
    return sum;
  };
  return new Map(
    circuit.outputs.map(({ name, first, count }) => [
      name,
      Float64Array.from({ length: count }, (_, i) => value(first + i)),
    ]),
  );
}

/** The public signals, outputs before inputs, canonical; the packed public values of a circuit of two rounds. */
export function publicSignals(circuit: Circuit, witness: Witness): bigint[] {
  const { rounds, program } = circuit;
  if (rounds !== undefined) {
    return Array.from({ length: rounds.publicValues }, (_, j) =>
      fieldDot(program.hints, rounds.firstPublicRow + j, witness, circuit.r1cs.bigCoefs),
    );
  }
  const { nPubOut, nPubIn } = circuit.r1cs;
  return Array.from({ length: nPubOut + nPubIn }, (_, i) => mod(wireValue(witness, 1 + i)));
}

/** Canonical residues of all wires, 32 bytes each, little-endian. */
export function witnessToBytes({ small, field }: Witness, nWires: number): Uint8Array {
  invariant(small.length === nWires, 'a witness has a value for every wire', { nWires, values: small.length });
  const bytes = new Uint8Array(nWires * FIELD_BYTES);
  const view = new DataView(bytes.buffer);
  const r = new Uint8Array(FIELD_BYTES);
  toBytesLE(R, r, 0);
  for (let wire = 0; wire < nWires; wire++) {
    const value = small[wire]!;
    if (Number.isNaN(value)) {
      invariant(field.has(wire), 'a full-width wire has a value', { wire });
      continue;
    }
    invariant(Math.abs(value) < EXACT_LIMIT, 'a witness value is an exact integer', { wire, value });
    if (value < 0) bytes.set(r, wire * FIELD_BYTES);
    writeSmall(view, wire * FIELD_BYTES, value);
  }
  for (const [wire, value] of field) toBytesLE(value, bytes, wire * FIELD_BYTES);
  return bytes;
}

const R_BYTES = new Uint8Array(FIELD_BYTES);
toBytesLE(R, R_BYTES, 0);

/** The canonical residue of an exact integer, or a canonical residue, to 32 bytes at `offset`, little-endian; those bytes are zero before. */
export function putResidue(bytes: Uint8Array, offset: number, value: number | bigint): void {
  if (typeof value === 'bigint') {
    toBytesLE(value, bytes, offset);
    return;
  }
  if (value < 0) bytes.set(R_BYTES, offset);
  writeSmall(new DataView(bytes.buffer, bytes.byteOffset), offset, value);
}

/** Value of a row's side: an exact integer, or a canonical residue where full-width elements are in it or float64 might round. */
export function sideValue(
  side: SparseMatrix,
  row: number,
  witness: Witness,
  bigCoefs: readonly bigint[],
): number | bigint {
  const value = exactDot(side, row, witness.small);
  return Number.isNaN(value) ? fieldDot(side, row, witness, bigCoefs) : value;
}

/** The low eight bytes of a residue whose other bytes stand already: value, or r − |value| (r mod 2^64 > 2^53: no borrow leaves them). */
function writeSmall(view: DataView, offset: number, value: number): void {
  const size = Math.abs(value);
  const [high, low] = [Math.floor(size / 2 ** 32), size % 2 ** 32];
  if (value >= 0) {
    view.setUint32(offset, low, true);
    view.setUint32(offset + 4, high, true);
    return;
  }
  const difference = view.getUint32(offset, true) - low;
  const borrow = difference < 0 ? 1 : 0;
  view.setUint32(offset, difference + borrow * 2 ** 32, true);
  view.setUint32(offset + 4, view.getUint32(offset + 4, true) - high - borrow, true);
}

export interface Unsatisfied {
  readonly row: number;
  /** Values of the three sides, canonical. */
  readonly a: bigint;
  readonly b: bigint;
  readonly c: bigint;
}

/** The first row with a·b ≠ c, or undefined. Exact for any witness: float64 where nothing can round, BigInt otherwise. */
export function checkSatisfied(r1cs: R1cs, witness: Witness): Unsatisfied | undefined {
  for (let row = 0; row < r1cs.nConstraints; row++) {
    const product = exactDot(r1cs.a, row, witness.small) * exactDot(r1cs.b, row, witness.small);
    const right = exactDot(r1cs.c, row, witness.small);
    if (Math.abs(product) < EXACT_LIMIT && product === right) continue;
    const [a, b, c] = [r1cs.a, r1cs.b, r1cs.c].map((side) => fieldDot(side, row, witness, r1cs.bigCoefs));
    if ((a! * b!) % R !== c!) return { row, a: a!, b: b!, c: c! };
  }
  return undefined;
}

/** The side's integer value, or NaN where float64 might round it or a full-width element is in it. */
function exactDot({ rowStart, wires, coefs }: SparseMatrix, row: number, small: Float64Array): number {
  let sum = 0;
  let magnitude = 0;
  for (let k = rowStart[row]!, end = rowStart[row + 1]!; k < end; k++) {
    const term = coefs[k]! * small[wires[k]!]!;
    sum += term;
    magnitude += Math.abs(term);
  }
  return magnitude < EXACT_LIMIT ? sum : NaN;
}

/** The layer a row belongs to: rows are emitted layer after layer. */
export function layerOfRow(circuit: Circuit, row: number): { readonly name: string; readonly op: string } | undefined {
  let end = 0;
  return circuit.layers.find(({ constraints }) => row < (end += constraints));
}
