/**
 * Integer inference as witness generation: runs a circuit's witness program on the machine of machine.ts. Negative integers stay negative.
 */
import type { R1cs, SparseMatrix } from './r1cs.js';
import { invariant, ZkonnxError } from '../base/errors.js';
import { FIELD_BYTES, mod, R, toBytesLE } from '../field/bn254.js';
import { fieldDot, wireValue, type WireValues } from './field-dot.js';
import { instructionOf, operandWords } from './instructions.js';
import { isTwoRound } from './kind.js';
import { Machine } from './machine.js';
import type { Circuit } from './program.js';

/** Exclusive limit of exact integers. */
const EXACT_LIMIT = 2 ** 53;

export interface Witness extends WireValues {
  /** Of a circuit of two rounds: the table row of each lookup. Its challenges and round-2 wires are 0 in `small`. */
  readonly lookups?: Int32Array;
  /** Whether a value was clamped; absent where the circuit's statement does not say. */
  readonly clamped?: boolean;
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
  const machine = new Machine(circuit);
  for (const { name, first, count } of circuit.inputs) machine.small.set(inputTensor(inputs, name, count), first);
  for (const { name, wire } of circuit.salts) machine.setField(wire, salt(salts, name));
  run(machine, circuit.program.code);
  const { small, field, lookups, clamped } = machine;
  return {
    small,
    field,
    ...(isTwoRound(circuit) ? { lookups } : {}),
    ...(clamped === undefined ? {} : { clamped }),
  };
}

/** Steps and lengths by opcode, dense: looked up for every instruction of every proof. */
const OPCODES = 256;
const steps = Array.from({ length: OPCODES }, (_, code) => instructionOf(code)?.solve ?? unknown);
const lengths = Uint8Array.from({ length: OPCODES }, (_, code) => {
  const known = instructionOf(code);
  return known === undefined ? 0 : 1 + operandWords(known);
});

function run(machine: Machine, code: Int32Array): void {
  for (let at = 0; at < code.length;) {
    const opcode = code[at]!;
    (steps[opcode] ?? unknown)(machine, at + 1);
    at += lengths[opcode]!;
  }
  machine.finish();
}

function unknown(machine: Machine, at: number): never {
  throw new ZkonnxError('ARTIFACT_INVALID', 'unknown instruction in a witness program', {
    got: `${machine.word(at - 1)} at word ${at - 1}`,
    help: 'this artifact was made by another version of zkonnx; compile the model again',
  });
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
    throw new ZkonnxError('INPUT_TYPE', `input ${name} is not made of integers`, { where: `element ${bad}` });
  }
  return values;
}

function salt(salts: ReadonlyMap<string, bigint>, name: string): bigint {
  const value = salts.get(name);
  invariant(value !== undefined && value >= 0n && value < R, 'a salt for every commitment, in [0, r)', { name });
  return value;
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
  if (isTwoRound(circuit)) {
    const { rounds, program } = circuit;
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
    invariant(Math.abs(value) < EXACT_LIMIT, 'a witness value is an exact integer', { wire });
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
