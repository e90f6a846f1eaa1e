/**
 * Statements of any schema with a circuit that says nothing of them but that they are folded: D = Σ P_j·Θ^j over round-1 wires. The
 * contract's work depends on the schema and on nothing else of a circuit, so its gas is that of a real model with this schema.
 */
import { SparseRows } from '../../src/constraint/growable.js';
import { WireClass } from '../../src/constraint/r1cs.js';
import type { SparseMatrix } from '../../src/constraint/r1cs.js';
import { mod } from '../../src/field/bn254.js';
import { makeVerificationKey } from '../../src/verify/key.js';
import type { MirageVerificationKey } from '../../src/verify/key.js';
import type { MirageProofFile } from '../../src/verify/proof.js';
import { elementsFromBytes } from '../../src/verify/statement.js';
import type { Schema, TensorSchema } from '../../src/verify/statement.js';
import { mirageFacts, mirageFile } from '../fixtures/proofs/mirage-fixture.js';
import {
  blindingFrom,
  keyFields,
  mirageTrapdoor,
  referenceProve,
  referenceSetup,
} from '../fixtures/proofs/mirage-reference.js';
import type { Challenges, ReferenceSystem } from '../fixtures/proofs/mirage-reference.js';

/** Of 32 bytes, none zero: the dearest. */
const CONTEXT = Uint8Array.from({ length: 32 }, (_, i) => 0xa0 + i);
const THETA = 2;
const D = 3;

interface FoldSystem extends ReferenceSystem {
  solveRound2(elements: readonly bigint[], challenges: Challenges): bigint[];
}

/** Wires: P_1 … P_n | partial sums; row k: (P_(n−k) + sum_(k−1))·Θ = sum_k, the last sum is D. */
function foldSystem(n: number): FoldSystem {
  const value = (j: number) => 4 + j;
  const sum = (k: number) => 4 + n + k;
  const rows = Array.from({ length: n }, (_, k) => ({
    a: [value(n - 1 - k), ...(k === 0 ? [] : [sum(k - 1)])],
    b: [THETA],
    c: [k === n - 1 ? D : sum(k)],
  }));
  const side = (name: 'a' | 'b' | 'c'): SparseMatrix => {
    const sparse = new SparseRows();
    for (const row of rows) {
      for (const wire of row[name]) sparse.push(wire, 1);
      sparse.endRow();
    }
    return sparse.finish();
  };
  const nWires = 4 + 2 * n - 1;
  return {
    r1cs: {
      nWires,
      nPubOut: 0,
      nPubIn: 3,
      nConstraints: n,
      a: side('a'),
      b: side('b'),
      c: side('c'),
      bigCoefs: [],
      wireClass: new Uint8Array(nWires).fill(WireClass.Field),
    },
    firstRound2: 4 + n,
    n,
    solveRound2: (elements, { theta }) => {
      const sums: bigint[] = [];
      for (const element of [...elements.slice(1)].reverse()) sums.push(mod((element + (sums.at(-1) ?? 0n)) * theta));
      return sums;
    },
  };
}

export function tensor(
  name: string,
  count: number,
  bytes: number,
  visibility: TensorSchema['visibility'] = 'public',
): TensorSchema {
  return {
    name,
    dims: [count],
    visibility,
    lo: 0,
    hi: 256 ** bytes - 1,
    bytes,
    scale: 1,
    zeroPoint: 0,
    dtype: 'float32',
  };
}

/** 10 scores of three bytes, and an image: 784 pixels are mnist-12's statement, 27 elements. */
export function imageSchema(pixels: number): Schema {
  return { outputs: [tensor('scores', 10, 3)], inputs: [tensor('image', pixels, 1)] };
}

/** Key and proof file of the elements that these bytes are. */
export function foldStatement(
  schema: Schema,
  values: Uint8Array,
): { key: MirageVerificationKey; file: MirageProofFile } {
  const publicValues = elementsFromBytes(schema, values);
  const system = foldSystem(publicValues.length);
  const keys = referenceSetup(system, mirageTrapdoor('fold'));
  const key = makeVerificationKey(keyFields(keys), mirageFacts(schema));
  const { proof } = referenceProve(keys, {
    round1: publicValues,
    solveRound2: (challenges) => system.solveRound2(publicValues, challenges),
    blinding: blindingFrom('fold'),
    keyDigest: key.zkonnx.keyDigest,
    context: CONTEXT,
    publicValues,
  });
  return { key, file: mirageFile(key, proof, { publicValues, context: CONTEXT }) };
}
