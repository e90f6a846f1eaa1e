/** The bench's random circuits are what it says of them: satisfied, full width everywhere, and a domain of exactly 2^k points. */
import { describe, expect, it } from 'vitest';
import { randomCircuit } from '../../bench/random-circuit.js';
import { randomIntegers, randomResidues, scalarBytes } from '../../bench/random.js';
import { coefficient, type SparseMatrix } from '../../src/constraint/r1cs.js';
import { FIELD_BYTES, fromBytesLE, mod, R } from '../../src/field/bn254.js';

const logSize = 7;
const { r1cs, witness } = randomCircuit(logSize);
const values = Array.from({ length: r1cs.nWires }, (_, wire) => fromBytesLE(witness, wire * FIELD_BYTES));

function side({ rowStart, wires, coefs }: SparseMatrix, row: number, given: readonly bigint[]): bigint {
  let sum = 0n;
  for (let i = rowStart[row]!; i < rowStart[row + 1]!; i++)
    sum += coefficient(coefs[i]!, r1cs.bigCoefs) * given[wires[i]!]!;
  return mod(sum);
}

const holds = (row: number, given: readonly bigint[]): boolean =>
  mod(side(r1cs.a, row, given) * side(r1cs.b, row, given)) === side(r1cs.c, row, given);

describe('a random circuit', () => {
  const rows = Array.from({ length: r1cs.nConstraints }, (_, row) => row);

  it('is satisfied by its witness, and by no other value of any wire', () => {
    expect(rows.filter((row) => !holds(row, values))).toEqual([]);
    for (let wire = 1; wire < r1cs.nWires; wire++) {
      const changed = values.with(wire, mod(values[wire]! + 1n));
      expect(rows.every((row) => holds(row, changed))).toBe(false);
    }
  });

  it('fills its domain: one row more would take the next power of two', () => {
    const { nConstraints, nPubOut, nPubIn, nWires } = r1cs;
    expect(nConstraints + nPubOut + nPubIn).toBe(2 ** logSize - 1);
    expect(witness.length).toBe(nWires * FIELD_BYTES);
  });

  it('has full-width values on every wire but the constant, all different', () => {
    expect(values[0]).toBe(1n);
    const wide = values.slice(1);
    expect(wide.filter((value) => value < 2n ** 200n || R - value < 2n ** 200n)).toEqual([]);
    expect(new Set(wide).size).toBe(wide.length);
  });

  it('has every private wire on A and B, and every wire but the first x on C', () => {
    const wiresOf = ({ wires }: SparseMatrix) => new Set(wires);
    expect(wiresOf(r1cs.a).size).toBe(r1cs.nConstraints);
    expect(wiresOf(r1cs.b).size).toBe(r1cs.nConstraints + 1);
    expect(wiresOf(r1cs.c).size).toBe(r1cs.nConstraints);
  });
});

describe('random values', () => {
  it('are the same for the same label and others for another', () => {
    expect(randomResidues('a', 4)).toEqual(randomResidues('a', 4));
    expect(randomResidues('a', 4)).not.toEqual(randomResidues('b', 4));
  });

  it('integers reach over their bits and not beyond', () => {
    const integers = randomIntegers('bits', 4096, 5);
    expect(new Set(integers)).toEqual(new Set(Array.from({ length: 32 }, (_, i) => i)));
    expect(fromBytesLE(scalarBytes(integers), 7 * FIELD_BYTES)).toBe(BigInt(integers[7]!));
  });
});
