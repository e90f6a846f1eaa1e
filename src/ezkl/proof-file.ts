/**
 * ezkl's proof.json, read strictly. The engine itself ignores fields that it does not use (`hex_proof`, the readable values in
 * `pretty_public_inputs`), so a file could show one thing and prove another: here they must agree, and the engine
 * is given the file that `engineProof` writes anew from what was checked, never the bytes received.
 */
import { JsonFault, parseJson } from '../base/strict-json.js';
import { FIELD_BYTES, R, fromBytesLE, signed, toBytesLE } from '../field/bn254.js';
import { excerpt, isObject, unknownField } from '../verify/json.js';
import type { JsonObject } from '../verify/json.js';
import type { TensorValue } from '../verify/report.js';
import type { EzklSettings, EzklTensorLayout } from './settings.js';

/** Stable, with the meanings of the Groth16 verifier's reasons of the same name. PROOF_INVALID: the engine's halo2 verifier refused. */
export type EzklRefusalReason =
  | 'PROOF_TOO_LARGE'
  | 'PROOF_NOT_JSON'
  | 'PROOF_MALFORMED'
  | 'PUBLIC_INPUT_COUNT'
  | 'PUBLIC_INPUT_NOT_IN_FIELD'
  | 'PUBLIC_SIGNALS_MISMATCH'
  | 'PROOF_INVALID';

export interface EzklRefused {
  readonly valid: false;
  readonly reason: EzklRefusalReason;
  /** One sentence for people. */
  readonly message: string;
}

/** Thrown by the reader and the verifier job; caught at the job's boundary. */
export class EzklRefusal extends Error {
  readonly refused: EzklRefused;

  constructor(reason: EzklRefusalReason, message: string) {
    super(message);
    this.name = 'EzklRefusal';
    this.refused = { valid: false, reason, message };
  }
}

export interface EzklProof {
  /** Canonical field elements, in order. */
  readonly instances: readonly bigint[];
  readonly proof: Uint8Array;
  readonly transcript: 'EVM' | 'Poseidon';
  /** Version of ezkl that the file names; the engine itself writes "source - no compatibility guaranteed". */
  readonly version: string | null;
}

/** Largest proof file looked at: a public 3×224×224 input takes about 25 MB in ezkl's spelling. */
export const MAX_PROOF_FILE_BYTES = 64 * 2 ** 20;
const FIELDS = [
  'protocol',
  'instances',
  'proof',
  'hex_proof',
  'transcript_type',
  'split',
  'pretty_public_inputs',
  'timestamp',
  'commitment',
  'version',
];

/**
 * Reads a proof and holds it to the settings: form, then the number of public values, then their range, then the readable copies.
 * @throws EzklRefusal for everything wrong in it.
 */
export function parseProof(bytes: Uint8Array, settings: EzklSettings): EzklProof {
  const file = parseFile(bytes);
  const transcript = file['transcript_type'];
  if (transcript !== 'EVM' && transcript !== 'Poseidon') {
    throw malformed('transcript_type', '"EVM" or "Poseidon"', transcript);
  }
  const commitment = file['commitment'] ?? null;
  if (commitment !== null && commitment !== 'KZG') throw malformed('commitment', '"KZG"', commitment);
  const version = file['version'] ?? null;
  if (version !== null && typeof version !== 'string') throw malformed('version', 'a string', version);
  const instances = readInstances(file['instances'], settings.instanceCount);
  const proof = readBytes(file['proof']);
  checkHex(file['hex_proof'] ?? null, proof);
  checkReadable(file['pretty_public_inputs'] ?? null, instances, settings);
  return { instances, proof, transcript, version: version === null ? null : version.slice(0, 60) };
}

/** The file that the engine is given: only what was read, in ezkl's spelling. */
export function engineProof(proof: Pick<EzklProof, 'instances' | 'proof' | 'transcript'>): Uint8Array {
  const file = {
    protocol: null,
    instances: [proof.instances.map(littleEndianHex)],
    proof: Array.from(proof.proof),
    transcript_type: proof.transcript,
    split: null,
    pretty_public_inputs: null,
    timestamp: null,
    commitment: 'KZG',
    version: null,
  };
  return new TextEncoder().encode(JSON.stringify(file));
}

/** Public tensors in real values, by name: ezkl's signed integers over 2^scale. */
export function readTensors(
  layouts: readonly EzklTensorLayout[],
  instances: readonly bigint[],
): Record<string, TensorValue> {
  return Object.fromEntries(
    layouts.map((layout) => [layout.name, { dims: layout.dims, data: realValues(layout, instances) }]),
  );
}

function realValues({ dims, scaleBits, offset }: EzklTensorLayout, instances: readonly bigint[]): number[] {
  const count = dims.reduce((product, dim) => product * dim, 1);
  return instances.slice(offset, offset + count).map((felt) => Number(signed(felt)) / 2 ** scaleBits);
}

function parseFile(bytes: Uint8Array): JsonObject {
  let file: unknown;
  try {
    file = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (fault) {
    const isJson = fault instanceof JsonFault && fault.kind !== 'syntax';
    if (isJson) throw new EzklRefusal('PROOF_MALFORMED', `the proof file cannot be read: ${fault.message}`);
    throw new EzklRefusal('PROOF_NOT_JSON', 'the proof file is not JSON');
  }
  if (!isObject(file)) throw malformed('the file', 'an object', file);
  const unknown = unknownField(file, FIELDS);
  if (unknown !== undefined) throw new EzklRefusal('PROOF_MALFORMED', `unknown field ${excerpt(unknown)} in the proof`);
  return file;
}

function readInstances(value: unknown, expected: number): bigint[] {
  if (!Array.isArray(value) || value.length !== 1 || !Array.isArray(value[0])) {
    throw malformed('instances', 'one array of field elements in an array', value);
  }
  const column = value[0] as readonly unknown[];
  if (column.length !== expected) {
    throw new EzklRefusal(
      'PUBLIC_INPUT_COUNT',
      `the circuit has ${expected} public values, the proof ${column.length}`,
    );
  }
  return column.map((element, i) => {
    if (typeof element !== 'string' || !/^[0-9a-f]{64}$/.test(element)) {
      throw malformed(`instances[0][${i}]`, '64 hexadecimal digits, least significant byte first', element);
    }
    const felt = fromBytesLE(Buffer.from(element, 'hex'), 0);
    if (felt >= R) {
      throw new EzklRefusal('PUBLIC_INPUT_NOT_IN_FIELD', `instances[0][${i}] is not below the field modulus`);
    }
    return felt;
  });
}

function readBytes(value: unknown): Uint8Array {
  if (!Array.isArray(value) || value.length === 0) throw malformed('proof', 'an array of bytes', value);
  const bytes = new Uint8Array(value.length);
  for (let i = 0; i < value.length; i++) {
    const byte: unknown = value[i];
    if (typeof byte !== 'number' || !Number.isInteger(byte) || byte < 0 || byte > 255) {
      throw malformed(`proof[${i}]`, 'an integer from 0 to 255', byte);
    }
    bytes[i] = byte;
  }
  return bytes;
}

function checkHex(value: unknown, proof: Uint8Array): void {
  if (value === null || value === `0x${Buffer.from(proof).toString('hex')}`) return;
  if (typeof value !== 'string') throw malformed('hex_proof', 'a string', value);
  throw new EzklRefusal('PUBLIC_SIGNALS_MISMATCH', 'hex_proof is not the proof in hexadecimal');
}

/** Holds ezkl's readable copies of the public tensors to the instances; copies of hashes are not looked at. */
function checkReadable(value: unknown, instances: readonly bigint[], settings: EzklSettings): void {
  if (value === null) return;
  if (!isObject(value)) throw malformed('pretty_public_inputs', 'an object', value);
  for (const [field, layouts] of [
    ['inputs', settings.inputs],
    ['outputs', settings.outputs],
  ] as const) {
    layouts.forEach((layout, i) => {
      const real = realValues(layout, instances);
      const felts = instances.slice(layout.offset, layout.offset + real.length);
      checkCopy(value, field, i, (element, k) => element === bigEndianHex(felts[k]!), real.length);
      checkCopy(value, `rescaled_${field}`, i, (element, k) => Number(element) === real[k], real.length);
    });
  }
}

/** @param agrees whether element k of the copy says what instance k of the tensor does. */
function checkCopy(
  copies: JsonObject,
  field: string,
  index: number,
  agrees: (element: string, k: number) => boolean,
  count: number,
): void {
  const tensors = copies[field];
  const copy: unknown = Array.isArray(tensors) ? tensors[index] : undefined;
  if (!Array.isArray(copy) || copy.length !== count) {
    throw new EzklRefusal('PUBLIC_SIGNALS_MISMATCH', `pretty_public_inputs.${field}[${index}] is not ${count} values`);
  }
  const wrong = copy.findIndex((element, k) => typeof element !== 'string' || !agrees(element, k));
  if (wrong >= 0) {
    throw new EzklRefusal(
      'PUBLIC_SIGNALS_MISMATCH',
      `pretty_public_inputs.${field}[${index}][${wrong}] shows ${excerpt(copy[wrong])}, which is not the public value proven`,
    );
  }
}

function bigEndianHex(felt: bigint): string {
  return `0x${felt.toString(16).padStart(2 * FIELD_BYTES, '0')}`;
}

function littleEndianHex(felt: bigint): string {
  const bytes = Buffer.alloc(FIELD_BYTES);
  toBytesLE(felt, bytes, 0);
  return bytes.toString('hex');
}

function malformed(where: string, expected: string, got: unknown): EzklRefusal {
  const found = got === undefined ? 'nothing' : excerpt(got);
  return new EzklRefusal('PROOF_MALFORMED', `${where}: expected ${expected}, got ${found}`);
}
