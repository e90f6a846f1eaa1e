/**
 * The two rounds of a `mirage` witness (src/constraint/rounds.ts). Round 1 is integer inference; its values and those of the rows go to the prover,
 * so that no weight passes through it. Round 2 follows from the challenges: inverses and quotients by table (the prover's affair), and
 * here the few field elements that are left. Uses no Node API.
 */
import { coefficient, type SparseMatrix } from '../../constraint/r1cs.js';
import { ChallengeWire } from '../../constraint/rounds.js';
import { FIELD_BYTES, fromBytesLE, mod, R } from '../../field/bn254.js';
import type { Challenges } from '../../verify/transcript.js';
import type { RoundOneWitness, RoundTwo } from './rounds-witness.js';
import { classifyWitness, type ClassifiedWitness } from '../engine/classified-witness.js';
import { Opcode, Side, type TwoRoundCircuit } from '../../constraint/program.js';
import { sideValue, type Witness } from '../../constraint/solver.js';

/** From what `solve` computed for a circuit of two rounds. */
export function roundOne({ r1cs, rounds }: TwoRoundCircuit, witness: Witness): RoundOneWitness {
  const { firstRound2, lookupRow, thetaRow, fieldRows, tables } = rounds;
  const small = witness.small.slice(0, firstRound2);
  small.fill(0, ChallengeWire.x, ChallengeWire.d + 1);
  const skip = new Uint8Array(r1cs.nConstraints);
  for (const rows of [lookupRow, fieldRows]) for (const row of rows) skip[row] = BOTH;
  for (const row of thetaRow) skip[row] = ONLY_B;
  for (const { firstRow, rows } of tables) skip.fill(BOTH, firstRow, firstRow + rows);
  const side = (matrix: SparseMatrix, skipped: number): ClassifiedWitness => {
    const values = new Float64Array(r1cs.nConstraints);
    const field = new Map<number, bigint>();
    for (let row = 0; row < values.length; row++) {
      if (skip[row]! >= skipped) continue;
      const value = sideValue(matrix, row, witness, r1cs.bigCoefs);
      if (typeof value === 'number') values[row] = value;
      else {
        values[row] = NaN;
        field.set(row, value);
      }
    }
    return classifyWitness({ small: values, field });
  };
  const wires = classifyWitness({ small, field: witness.field });
  return { wires, lookups: witness.lookups!, a: side(r1cs.a, BOTH), b: side(r1cs.b, ONLY_B) };
}

/** Rows of which neither side, or only B, waits for the challenges. */
const ONLY_B = 1;
const BOTH = 2;

/** Runs the round-2 program. */
export function roundTwo(circuit: TwoRoundCircuit, wires: ClassifiedWitness, { x, theta, d }: Challenges): RoundTwo {
  const { rounds, r1cs } = circuit;
  const { firstField, code, fieldRows } = rounds;
  const fields = new Array<bigint>(r1cs.nWires - firstField).fill(0n);
  const wide = new Map(Array.from(wires.wide, (wire, i) => [wire, i]));
  const known: Readonly<Record<number, bigint>> = {
    [ChallengeWire.x]: x,
    [ChallengeWire.theta]: theta,
    [ChallengeWire.d]: d,
  };
  const valueOf = (wire: number): bigint => {
    if (wire >= firstField) return fields[wire - firstField]!;
    const place = wide.get(wire);
    if (place !== undefined) return fromBytesLE(wires.scalars, place * FIELD_BYTES);
    return known[wire] ?? BigInt(wires.small[wire]!);
  };
  const sides = [r1cs.a, r1cs.b, r1cs.c];
  const dot = (side: number, row: number): bigint => {
    const { rowStart, wires: columns, coefs } = sides[side]!;
    let sum = 0n;
    for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++)
      sum += coefficient(coefs[k]!, r1cs.bigCoefs) * valueOf(columns[k]!);
    return mod(sum);
  };
  for (let pc = 0; pc < code.length;) {
    const out = code[pc + 1]! - firstField;
    const left = dot(code[pc + 2]!, code[pc + 3]!);
    const isProduct = code[pc] === Opcode.FieldProduct;
    fields[out] = isProduct ? (left * dot(code[pc + 4]!, code[pc + 5]!)) % R : left;
    pc += isProduct ? 6 : 4;
  }
  const rowsOf = (side: number): bigint[] => Array.from(fieldRows, (row) => dot(side, row));
  return { x, theta, d, fields, rowsA: rowsOf(Side.A), rowsB: rowsOf(Side.B) };
}
