/** All wires of a two-round circuit for given challenges, which the prover only ever has in pieces; apart from its code, with BigInt. */
import { ChallengeWire } from '../src/constraint/rounds.js';
import { batchInverse, mod, R } from '../src/field/bn254.js';
import type { TwoRoundCircuit } from '../src/constraint/program.js';
import { roundOne, roundTwo } from '../src/prove/mirage/two-rounds.js';
import type { Witness } from '../src/constraint/solver.js';

/** D = Σ P_j·Θ^j, j from 1. */
export function foldPublic(values: readonly bigint[], theta: bigint): bigint {
  return values.reduceRight((sum, value) => ((sum + value) * theta) % R, 0n);
}

/** Every wire's value. Round 1 is what `solve` computed. */
export function completeWitness(
  circuit: TwoRoundCircuit,
  witness: Witness,
  publicValues: readonly bigint[],
  challenges: { readonly x: bigint; readonly theta: bigint },
): Witness {
  const { rounds } = circuit;
  const { wires } = roundOne(circuit, witness);
  const { x, theta } = challenges;
  const two = roundTwo(circuit, wires, { x, theta, d: foldPublic(publicValues, theta) });
  const small = witness.small.slice();
  const field = new Map(witness.field);
  const set = (wire: number, value: bigint): void => {
    small[wire] = NaN;
    field.set(wire, mod(value));
  };
  set(ChallengeWire.x, two.x);
  set(ChallengeWire.theta, two.theta);
  set(ChallengeWire.d, two.d);
  const inverses = rounds.tables.map(({ rows, values }) =>
    batchInverse(Array.from({ length: rows }, (_, t) => mod(two.x + BigInt(t) + BigInt(values?.[t] ?? 0) * two.theta))),
  );
  witness.lookups!.forEach((row, k) => {
    set(rounds.firstInverse + k, inverses[rounds.lookupTable[k]!]![row]!);
  });
  rounds.tables.forEach(({ rows, firstQuotient, firstMultiplicity }, id) => {
    for (let t = 0; t < rows; t++) set(firstQuotient + t, BigInt(small[firstMultiplicity + t]!) * inverses[id]![t]!);
  });
  rounds.thetaSource.forEach((source, j) => {
    set(rounds.firstTheta + j, BigInt(small[source]!) * two.theta);
  });
  two.fields.forEach((value, i) => {
    set(rounds.firstField + i, value);
  });
  return { small, field };
}
