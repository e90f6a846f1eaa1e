/**
 * The names of a circuit. Its *relation* is the constraints and, of two rounds, which wires are fixed before the challenges: what a proof is
 * sound for. Its *digest*, since formatVersion 2, says besides what the relation means: which wires are which input, output or salt, and the schema.
 * The witness program, rows' origins and what a publisher says of the model are in neither: other hints are the same circuit.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { isTwoRound } from '../constraint/kind.js';
import type { Circuit } from '../constraint/program.js';
import type { R1cs, SparseMatrix } from '../constraint/r1cs.js';
import type { Rounds } from '../constraint/rounds.js';
import { canonicalJson } from '../verify/json.js';
import type { FormatVersion } from '../verify/schema.js';
import { bytesOf } from './iden3-container.js';
import { r1csChunks } from './r1cs.js';
import type { NewSha256 } from './sha256.js';

/** Runs anywhere; Node's own, for circuit-file.ts, is ten times as fast. */
export const portableSha256: NewSha256 = () => sha256.create();

/** What a circuit's names are made of, each "sha256:" and 64 hexadecimal digits. */
export interface CircuitNames {
  readonly relation: string;
  readonly bindings: string;
}

export function circuitNames(circuit: Circuit, newSha256: NewSha256 = portableSha256): CircuitNames {
  return {
    relation: hashRelation(circuit.r1cs, circuit.rounds, newSha256),
    bindings: hashBindings(circuit, newSha256),
  };
}

/**
 * "sha256:" and the SHA-256 of the system's .r1cs file as r1cs.ts writes it; of two rounds, followed by "zkonnx mirage v1\n",
 * firstRound2 u32 and publicValues u32. In formatVersion 1 this alone was the circuit's hash.
 */
export function hashRelation(r1cs: R1cs, rounds?: Rounds, newSha256: NewSha256 = portableSha256): string {
  const hash = newSha256();
  for (const chunk of r1csChunks(r1cs)) hash.update(chunk);
  const kind = { rounds };
  if (isTwoRound(kind)) {
    hash.update(utf8('zkonnx mirage v1\n'));
    hash.update(bytesOf(new Uint32Array([kind.rounds.firstRound2, kind.rounds.publicValues])));
  }
  return named(hash.digest());
}

/**
 * "sha256:" and the SHA-256 of 32 bytes and a text. The bytes: SHA-256 of an .r1cs file with a row for each element of each output, in order, whose
 * side A is the element's combination of wires, B and C empty. The text: the canonical JSON of {inputs: [{name, first, count}], outputs: [{name,
 * count}], salts: [{name, wire}]}.
 */
export function hashBindings(circuit: Circuit, newSha256: NewSha256 = portableSha256): string {
  const { inputs, outputs, salts } = circuit;
  const elements = newSha256();
  for (const chunk of r1csChunks(outputRows(circuit))) elements.update(chunk);
  const hash = newSha256();
  hash.update(elements.digest());
  const text = canonicalJson({
    inputs: inputs.map(({ name, first, count }) => ({ name, first, count })),
    outputs: outputs.map(({ name, count }) => ({ name, count })),
    salts: salts.map(({ name, wire }) => ({ name, wire })),
  });
  hash.update(utf8(text));
  return named(hash.digest());
}

/**
 * The circuit's digest: "sha256:" and the SHA-256 of "zkonnx circuit v2\n", then relation, bindings and the schema's digest, 32 bytes each.
 * `schemaDigest`: "0x" and 64 hexadecimal digits.
 */
export function circuitDigest({ relation, bindings }: CircuitNames, schemaDigest: string): string {
  const hash = sha256.create();
  hash.update(utf8('zkonnx circuit v2\n'));
  for (const name of [relation, bindings, schemaDigest]) hash.update(bytesOfName(name));
  return named(hash.digest());
}

/** What keys and manifests of each version call the circuit's hash. */
const CIRCUIT_HASH: { readonly [V in FormatVersion]: (names: CircuitNames, schemaDigest: string) => string } = {
  1: ({ relation }) => relation,
  2: circuitDigest,
};

/** The circuit's hash as a key or manifest of this version has it. */
export function circuitHashIn(version: FormatVersion, names: CircuitNames, schemaDigest: string): string {
  return CIRCUIT_HASH[version](names, schemaDigest);
}

/** The elements of the outputs as side A of rows. */
function outputRows({ r1cs, program, outputs }: Circuit): R1cs {
  const { rowStart, wires, coefs } = program.hints;
  const starts = [0];
  const parts: (readonly [start: number, end: number])[] = [];
  for (const { first, count } of outputs) {
    for (let row = first; row < first + count; row++) {
      parts.push([rowStart[row]!, rowStart[row + 1]!]);
      starts.push(starts.at(-1)! + rowStart[row + 1]! - rowStart[row]!);
    }
  }
  const a: SparseMatrix = {
    rowStart: Uint32Array.from(starts),
    wires: new Uint32Array(starts.at(-1)!),
    coefs: new Float64Array(starts.at(-1)!),
  };
  parts.forEach(([start, end], i) => {
    a.wires.set(wires.subarray(start, end), starts[i]);
    a.coefs.set(coefs.subarray(start, end), starts[i]);
  });
  const empty = { rowStart: new Uint32Array(starts.length), wires: new Uint32Array(0), coefs: new Float64Array(0) };
  return { ...r1cs, nPubOut: 0, nPubIn: 0, nConstraints: parts.length, a, b: empty, c: empty };
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function bytesOfName(name: string): Uint8Array {
  return Uint8Array.from(name.slice(-64).match(/../g)!, (pair) => parseInt(pair, 16));
}

function named(digest: Uint8Array): string {
  return `sha256:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
