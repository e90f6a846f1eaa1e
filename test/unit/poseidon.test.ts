import { buildPoseidon } from 'circomlibjs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FieldLc } from '../../circuits/builder.js';
import { poseidonCircuit } from '../../circuits/gadgets/poseidon.js';
import { poseidonChain } from '../../src/field/poseidon.js';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import { R } from '../../src/field/bn254.js';
import { checkSatisfied, publicSignals, solve } from '../../src/constraint/solver.js';

type Reference = (inputs: readonly bigint[]) => bigint;
let reference: Reference;

beforeAll(async () => {
  const hash = await buildPoseidon();
  reference = (inputs) => hash.F.toObject(hash([...inputs]));
});

/** Field elements spread over the whole range, and its ends. */
const element = (i: number): bigint =>
  [0n, 1n, R - 1n, R >> 1n][i] ?? (BigInt(i) * 0x9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95n) % R;
const elements = (count: number, from = 0) => Array.from({ length: count }, (_, i) => element(from + i));

describe('poseidon', () => {
  it.each(Array.from({ length: 16 }, (_, i) => i + 1))('of %i inputs is circomlib’s', (count) => {
    for (const from of [0, 3, 20]) expect(poseidonChain(elements(count, from))).toBe(reference(elements(count, from)));
  });

  it('refuses what is no field element, without naming it, and nothing', () => {
    expect(() => poseidonChain([1n, R])).toThrow(
      new RangeError('element 1 of a Poseidon input is not a canonical field element'),
    );
    expect(() => poseidonChain([-1n])).toThrow(RangeError);
    expect(() => poseidonChain([])).toThrow(/1 to 16/);
  });

  it('chains longer inputs: first 16, then the digest and up to 15 more', () => {
    const values = elements(40);
    const first = reference(values.slice(0, 16));
    const second = reference([first, ...values.slice(16, 31)]);
    expect(poseidonChain(values)).toBe(reference([second, ...values.slice(31)]));
    expect(poseidonChain(values.slice(0, 16))).toBe(first);
    expect(poseidonChain(values.slice(0, 17))).toBe(reference([first, values[16]!]));
  });
});

describe('the circuit of poseidon', () => {
  const wire = (w: number): FieldLc => ({ wires: [w], coefs: [1n], constant: 0n });

  it.each([1, 2, 5, 16, 18])('computes the same of %i salted values', (count) => {
    const b = new R1csBuilder({ nPubOut: 1, nPubIn: 0 });
    const values = elements(count, 1);
    const names = values.map((_, i) => `v${i}`);
    b.bindPublic(
      0,
      poseidonCircuit(
        b,
        names.map((name) => wire(b.salt(name))),
      ),
    );
    const circuit = b.finish();
    const witness = solve(circuit, new Map(), { salts: new Map(names.map((name, i) => [name, values[i]!])) });
    expect(publicSignals(circuit, witness)).toEqual([poseidonChain(values)]);
    expect(checkSatisfied(circuit.r1cs, witness)).toBeUndefined();
  });

  it('costs 3 rows an S-box, the constant one of the first round folded, and one to bind it', () => {
    const b = new R1csBuilder({ nPubOut: 1, nPubIn: 0 });
    b.bindPublic(0, poseidonCircuit(b, [wire(b.salt('x')), wire(b.salt('y'))]));
    expect(b.constraints).toBe(3 * (8 * 3 + 57) - 3 + 1);
  });

  it('refuses another hash', () => {
    const b = new R1csBuilder({ nPubOut: 1, nPubIn: 0 });
    b.bindPublic(0, poseidonCircuit(b, [wire(b.salt('x'))]));
    const circuit = b.finish();
    const witness = solve(circuit, new Map(), { salts: new Map([['x', 7n]]) });
    const forged = { small: witness.small, field: new Map(witness.field).set(1, 8n) };
    expect(checkSatisfied(circuit.r1cs, forged)?.row).toBe(circuit.r1cs.nConstraints - 1);
  });
});
