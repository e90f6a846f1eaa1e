/**
 * verification_key.json, formatVersion 1: snarkjs's fields, and a `zkonnx` block that says which circuit of which model this is,
 * how the key was made and how its public signals read. `keyDigest` names all of it in 32 bytes; every proof and every contract
 * carries it, so a key with other labels or scales is another key.
 */
import { bn254 } from '@noble/curves/bn254.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ZkonnxError } from '../errors.js';
import { g1OnCurve, g1Shape, g2OnCurve, g2Shape, inSubgroup, readCoordinate } from './curve.js';
import type { G1, G1Json, G2, G2Json } from './curve.js';
import { canonicalJson, excerpt, isObject, unknownField } from './json.js';
import type { JsonObject } from './json.js';
import { readSchema } from './schema.js';
import { publicCount } from './statement.js';
import type { Schema } from './statement.js';

export const FORMAT_VERSION = 1;

/** How the key came to be. Whoever made a development key can forge proofs for it. */
export type SetupKind = 'development' | 'ceremony' | 'unknown';

/** What snarkjs writes. */
export interface Groth16Key {
  readonly protocol: string;
  readonly curve: string;
  readonly nPublic: number;
  readonly vk_alpha_1: G1Json;
  readonly vk_beta_2: G2Json;
  readonly vk_gamma_2: G2Json;
  readonly vk_delta_2: G2Json;
  /** e(α, β), written for snarkjs's sake: never read, always computed anew. */
  readonly vk_alphabeta_12?: unknown;
  readonly IC: readonly G1Json[];
}

export interface KeyFacts {
  readonly setup: SetupKind;
  /** "sha256:" and 64 hexadecimal digits: the ONNX file, external data included. */
  readonly modelHash: string;
  readonly circuitHash: string;
  readonly schema: Schema;
}

export interface VerificationKey extends Groth16Key {
  readonly zkonnx: KeyFacts & { readonly formatVersion: number; readonly keyDigest: string };
}

/** A key whose every point has been checked; what verification needs and nothing else. */
export interface PreparedGroth16Key {
  readonly nPublic: number;
  readonly alpha: G1;
  readonly beta: G2;
  readonly gamma: G2;
  readonly delta: G2;
  readonly ic: readonly G1[];
}

/** Only `prepareKey` makes one; `isPreparedKey` knows it by identity, so no JSON passes for it. */
export interface PreparedKey {
  readonly groth16: PreparedGroth16Key;
  readonly facts: VerificationKey['zkonnx'];
}

/** Beyond this a key is no key of ours: four million elements of one byte are 131,072 signals. */
const MAX_PUBLIC = 1 << 17;
const MAX_KEY_CHARS = 64 << 20;
const GROTH16_FIELDS = 'protocol curve nPublic vk_alpha_1 vk_beta_2 vk_gamma_2 vk_delta_2 vk_alphabeta_12 IC'.split(
  ' ',
);
const FACT_FIELDS = ['formatVersion', 'setup', 'modelHash', 'circuitHash', 'schema', 'keyDigest'];
const HASH = /^sha256:[0-9a-f]{64}$/;

/** The error of every unusable key. */
export function keyInvalid(what: string, where: string, got?: unknown): ZkonnxError {
  return new ZkonnxError('KEY_INVALID', `the verification key is unusable: ${what}`, {
    where,
    ...(got === undefined ? {} : { got: excerpt(got) }),
    help: 'use the verification_key.json that setup wrote for this circuit, unchanged',
  });
}

/**
 * keccak256 of "zkonnx key v1\n" and the canonical JSON of the whole key object, without `zkonnx.keyDigest` and without
 * `vk_alphabeta_12` (which follows from the rest). "0x" and 64 hexadecimal digits.
 */
export function keyDigest(key: Groth16Key & { readonly zkonnx: object }): string {
  const { vk_alphabeta_12: _derived, zkonnx, ...points } = key;
  const { keyDigest: _self, ...facts } = zkonnx as Record<string, unknown>;
  const text = `zkonnx key v1\n${canonicalJson({ ...points, zkonnx: facts })}`;
  return `0x${Array.from(keccak_256(new TextEncoder().encode(text)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Adds our block to the key snarkjs or our setup computed. Throws KEY_INVALID if the result could not be verified with. */
export function makeVerificationKey(snarkjsKey: Groth16Key, facts: KeyFacts): VerificationKey {
  const { setup, modelHash, circuitHash, schema } = facts;
  const bare = { ...snarkjsKey, zkonnx: { formatVersion: FORMAT_VERSION, setup, modelHash, circuitHash, schema } };
  const key = { ...bare, zkonnx: { ...bare.zkonnx, keyDigest: keyDigest(bare) } };
  prepareKey(key);
  return key;
}

/**
 * Reads and checks a key of ours, from its JSON text or parsed: every point, the schema against the number of signals, the
 * digest. Verifying many proofs with the result spares that work. Throws KEY_INVALID.
 */
export function prepareKey(keyJson: unknown): PreparedKey {
  const key = readKeyJson(keyJson);
  const groth16 = refuseForgeable(prepareFields(key, [...GROTH16_FIELDS, 'zkonnx']));
  if (!Object.hasOwn(key, 'zkonnx')) {
    throw keyInvalid('it has no zkonnx block, so its signals have no meaning (a plain snarkjs key?)', 'zkonnx');
  }
  const facts = readFacts(key['zkonnx'], groth16.nPublic);
  const digest = keyDigest(key as unknown as VerificationKey);
  if (digest !== facts.keyDigest) {
    throw keyInvalid(
      'its keyDigest does not match its content (edited or damaged)',
      'zkonnx.keyDigest',
      facts.keyDigest,
    );
  }
  const prepared = { groth16, facts };
  preparedKeys.add(prepared);
  return prepared;
}

const preparedKeys = new WeakSet<object>();

export function isPreparedKey(key: unknown): key is PreparedKey {
  return typeof key === 'object' && key !== null && preparedKeys.has(key);
}

/** Reads and checks a plain snarkjs key, or the snarkjs part of one of ours. Throws KEY_INVALID. */
export function prepareGroth16Key(keyJson: unknown): PreparedGroth16Key {
  return refuseForgeable(prepareForgeableGroth16Key(keyJson));
}

/**
 * As `prepareGroth16Key`, but takes keys for which anyone can forge proofs: a prover may check its own work with one, and nobody may
 * believe a proof because of one.
 */
export function prepareForgeableGroth16Key(keyJson: unknown): PreparedGroth16Key {
  return prepareFields(readKeyJson(keyJson), [...GROTH16_FIELDS, 'zkonnx']);
}

function readKeyJson(keyJson: unknown): JsonObject {
  let value = keyJson;
  if (typeof keyJson === 'string') {
    if (keyJson.length > MAX_KEY_CHARS) throw keyInvalid('it is too large', 'the whole file', keyJson.length);
    try {
      value = JSON.parse(keyJson);
    } catch {
      throw keyInvalid('it is not JSON', 'the whole file', keyJson);
    }
  }
  if (!isObject(value)) throw keyInvalid('it is not a JSON object', 'the whole file', value ?? null);
  return value;
}

function prepareFields(key: JsonObject, known: readonly string[]): PreparedGroth16Key {
  const stray = unknownField(key, known);
  if (stray !== undefined) throw keyInvalid('it has a field no key has', excerpt(stray));
  if (key['protocol'] !== 'groth16')
    throw keyInvalid('protocol must be "groth16"', 'protocol', key['protocol'] ?? null);
  if (key['curve'] !== 'bn128') throw keyInvalid('curve must be "bn128"', 'curve', key['curve'] ?? null);
  const nPublic = key['nPublic'];
  const ic = key['IC'];
  if (!Number.isInteger(nPublic) || (nPublic as number) < 0 || (nPublic as number) > MAX_PUBLIC) {
    throw keyInvalid(`nPublic must be an integer in [0, ${MAX_PUBLIC}]`, 'nPublic', nPublic ?? null);
  }
  if (!Array.isArray(ic) || ic.length !== (nPublic as number) + 1) {
    throw keyInvalid('IC must have nPublic + 1 points', 'IC', ic ?? null);
  }
  return {
    nPublic: nPublic as number,
    alpha: g1(key['vk_alpha_1'], 'vk_alpha_1'),
    beta: g2(key['vk_beta_2'], 'vk_beta_2'),
    gamma: g2(key['vk_gamma_2'], 'vk_gamma_2'),
    delta: g2(key['vk_delta_2'], 'vk_delta_2'),
    ic: ic.map((point, i) => g1(point, `IC[${i}]`)),
  };
}

/**
 * With two of β, γ, δ equal up to sign anyone can solve the equation without a witness (γ = δ, a setup nobody contributed to,
 * was robbed in 2026): with δ = γ, A = α, B = β, C = −L passes for every statement; the other pairs fall to B = γ + t·δ.
 */
function refuseForgeable(key: PreparedGroth16Key): PreparedGroth16Key {
  const { beta, gamma, delta } = key;
  const pairs = [
    [gamma, delta, 'vk_gamma_2 and vk_delta_2'],
    [beta, gamma, 'vk_beta_2 and vk_gamma_2'],
    [beta, delta, 'vk_beta_2 and vk_delta_2'],
  ] as const;
  for (const [left, right, where] of pairs) {
    if (left.equals(right) || left.equals(right.negate())) {
      throw keyInvalid('two of its points are the same up to sign, so anyone can forge proofs for it', where);
    }
  }
  return key;
}

/** Whether a key's δ is the generator of G2: a phase 2 without any contribution. */
export function isUncontributed(key: PreparedGroth16Key): boolean {
  return key.delta.equals(bn254.G2.Point.BASE) || key.delta.equals(bn254.G2.Point.BASE.negate());
}

function coordinates(shape: readonly unknown[] | undefined, where: string, form: string): bigint[] {
  if (shape === undefined) throw keyInvalid(`a point must be written ${form}`, where);
  return shape.map((coordinate) => {
    const value = readCoordinate(coordinate);
    if (typeof value === 'string')
      throw keyInvalid('a coordinate is not a canonical decimal below q', where, coordinate);
    return value;
  });
}

function g1(value: unknown, where: string): G1 {
  const [x, y] = coordinates(g1Shape(value), where, '[x, y, "1"]') as [bigint, bigint];
  const point = g1OnCurve(x, y);
  if (point === undefined) throw keyInvalid('a point is not on the curve', where);
  return point;
}

function g2(value: unknown, where: string): G2 {
  const shape = coordinates(g2Shape(value), where, '[[x0, x1], [y0, y1], ["1", "0"]]');
  const [x0, x1, y0, y1] = shape as [bigint, bigint, bigint, bigint];
  const point = g2OnCurve(x0, x1, y0, y1);
  if (point === undefined) throw keyInvalid('a point is not on the twist', where);
  if (!inSubgroup(point)) throw keyInvalid('a point is not in the subgroup of order r', where);
  return point;
}

function readFacts(value: unknown, nPublic: number): VerificationKey['zkonnx'] {
  if (!isObject(value)) throw keyInvalid('zkonnx must be an object', 'zkonnx', value);
  const stray = unknownField(value, FACT_FIELDS);
  if (value['formatVersion'] !== FORMAT_VERSION) {
    const version = value['formatVersion'] ?? null;
    throw keyInvalid(`formatVersion must be ${FORMAT_VERSION}`, 'zkonnx.formatVersion', version);
  }
  if (stray !== undefined) throw keyInvalid('it has a field no key has', `zkonnx.${stray.slice(0, 60)}`);
  if (!['development', 'ceremony', 'unknown'].includes(value['setup'] as string)) {
    throw keyInvalid('setup must be "development", "ceremony" or "unknown"', 'zkonnx.setup', value['setup'] ?? null);
  }
  for (const [field, pattern] of [
    ['modelHash', HASH],
    ['circuitHash', HASH],
    ['keyDigest', /^0x[0-9a-f]{64}$/],
  ] as const) {
    const text = value[field];
    if (typeof text !== 'string' || !pattern.test(text)) {
      throw keyInvalid(`${field} must look like ${String(pattern)}`, `zkonnx.${field}`, text ?? null);
    }
  }
  const schema = readSchema(value['schema']);
  const { outputs, inputs } = publicCount(schema);
  if (outputs + inputs !== nPublic) {
    throw keyInvalid(`its schema describes ${outputs + inputs} public signals, its IC ${nPublic}`, 'zkonnx.schema');
  }
  return value as unknown as VerificationKey['zkonnx'];
}
