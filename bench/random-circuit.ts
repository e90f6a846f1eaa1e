/**
 * Circuits whose every wire is full width, the hardest case for a prover: row i says x_i·(x_i + c_i) = x_(i+1) with a random c_i. x_0 is
 * private, the last x is the one public wire, and every wire is on all three sides of some row.
 */
import { SparseRows } from '../src/constraint/growable.js';
import { WireClass, type R1cs } from '../src/constraint/r1cs.js';
import { R } from '../src/field/bn254.js';
import { CoefficientEncoder } from '../src/formats/coefficients.js';
import { randomResidues, scalarBytes } from './random.js';

export interface RandomCircuit {
  readonly r1cs: R1cs;
  /** 32 little-endian bytes a wire. */
  readonly witness: Uint8Array;
}

/** Rows so that Groth16's domain, the least power of two above rows + public wires, has exactly 2^logSize points and is full. */
export function randomCircuit(logSize: number): RandomCircuit {
  const nConstraints = 2 ** logSize - 2;
  const nWires = nConstraints + 2;
  const [first, ...constants] = randomResidues(`circuit 2^${logSize}`, nConstraints + 1) as [bigint, ...bigint[]];
  const encoder = new CoefficientEncoder();
  const [a, b, c] = [new SparseRows(), new SparseRows(), new SparseRows()];
  const values: bigint[] = [1n, 0n, first];
  // Wire 1 is the public one; x_i is wire i + 2 before.
  const wireOf = (i: number): number => (i === nConstraints ? 1 : i + 2);
  constants.forEach((constant, i) => {
    const x = values[wireOf(i)]!;
    a.push(wireOf(i), 1);
    b.push(0, encoder.encode(constant));
    b.push(wireOf(i), 1);
    c.push(wireOf(i + 1), 1);
    for (const side of [a, b, c]) side.endRow();
    values[wireOf(i + 1)] = (x * (x + constant)) % R;
  });
  const r1cs: R1cs = {
    nWires,
    nPubOut: 1,
    nPubIn: 0,
    nConstraints,
    a: a.finish(),
    b: b.finish(),
    c: c.finish(),
    bigCoefs: encoder.bigCoefs,
    wireClass: new Uint8Array(nWires).fill(WireClass.Field),
  };
  return { r1cs, witness: scalarBytes(values) };
}
