/**
 * verification_key.json, formatVersion 1: the points (snarkjs's fields for groth16), and a `zkonnx` block that says which circuit of
 * which model this is, how the key was made and how its public signals read. `keyDigest` names all of it in 32 bytes; every proof and
 * every contract carries it, so a key with other labels or scales is another key.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { JsonFault, parseJson } from '../base/strict-json.js';
import { inSubgroup } from './curve.js';
import { canonicalJson, isObject, unknownField } from './json.js';
import type { JsonObject } from './json.js';
import { KEY_POINTS, keyInvalid, readGroth16Points, refuseForgeable } from './key-points.js';
import type { Groth16Key, MirageKey, PreparedGroth16Key, PreparedPoints, SubgroupCheck } from './key-points.js';
import { readSchema } from './schema.js';
import { PROTOCOLS, isProtocol, publicCount } from './statement.js';
import type { Protocol, Schema } from './statement.js';

export { uncontributed } from './key-points.js';
export type { Groth16Key, MirageKey, PreparedGroth16Key, PreparedMirageKey, PreparedPoints } from './key-points.js';

/** The version of verification keys and proof files that this build writes. */
export const FORMAT_VERSION = 1;

/** How the key came to be. Whoever made a development key can forge proofs for it. */
export type SetupKind = 'development' | 'ceremony' | 'unknown';

/** What a verification key says about its model and itself. */
export interface KeyFacts {
  readonly setup: SetupKind;
  /** "sha256:" and 64 hexadecimal digits: the ONNX file, external data included. */
  readonly modelHash: string;
  readonly circuitHash: string;
  readonly schema: Schema;
}

/** The `zkonnx` block. */
export interface KeyBlock extends KeyFacts {
  readonly formatVersion: number;
  readonly keyDigest: string;
}

/** verification_key.json of `groth16`: snarkjs’s key and the facts. */
export interface VerificationKey extends Groth16Key {
  readonly zkonnx: KeyBlock;
}

/** verification_key.json of `mirage`. */
export interface MirageVerificationKey extends MirageKey {
  readonly zkonnx: KeyBlock;
}

/** A key of one protocol, checked. */
export interface PreparedKeyOf<P extends Protocol> {
  readonly protocol: P;
  readonly points: PreparedPoints[P];
  readonly facts: KeyBlock;
}

/** Only `prepareKey` makes one; `isPreparedKey` knows it by identity, so no JSON passes for it. */
export type PreparedKey = AnyKeyOf<Protocol>;
type AnyKeyOf<P extends Protocol> = P extends Protocol ? PreparedKeyOf<P> : never;

const MAX_KEY_CHARS = 64 << 20;
const FACT_FIELDS = ['formatVersion', 'setup', 'modelHash', 'circuitHash', 'schema', 'keyDigest'];
const HASH = /^sha256:[0-9a-f]{64}$/;

/**
 * keccak256 of "zkonnx key v1\n" and the canonical JSON of the whole key object, without `zkonnx.keyDigest` and without
 * `vk_alphabeta_12` (which follows from the rest). "0x" and 64 hexadecimal digits.
 */
export function keyDigest(key: (Groth16Key | MirageKey) & { readonly zkonnx: object }): string {
  const { vk_alphabeta_12: _derived, zkonnx, ...points } = key as Groth16Key & { readonly zkonnx: object };
  const { keyDigest: _self, ...facts } = zkonnx as Record<string, unknown>;
  const text = `zkonnx key v1\n${canonicalJson({ ...points, zkonnx: facts })}`;
  return `0x${bytesToHex(keccak_256(new TextEncoder().encode(text)))}`;
}

/** Adds our block to the points that snarkjs or our setup computed. Throws KEY_INVALID if the result could not be verified with. */
export function makeVerificationKey(points: MirageKey, facts: KeyFacts): MirageVerificationKey;
export function makeVerificationKey(points: Groth16Key, facts: KeyFacts): VerificationKey;
export function makeVerificationKey(points: Groth16Key | MirageKey, facts: KeyFacts) {
  const { setup, modelHash, circuitHash, schema } = facts;
  const bare = { ...points, zkonnx: { formatVersion: FORMAT_VERSION, setup, modelHash, circuitHash, schema } };
  const key = { ...bare, zkonnx: { ...bare.zkonnx, keyDigest: keyDigest(bare) } };
  prepareKey(key);
  return key;
}

/**
 * Reads and checks a key of ours, of either protocol, from its JSON text or parsed: every point, the schema against the number of
 * signals, the digest. Verifying many proofs with the result spares that work. Throws KEY_INVALID.
 */
export function prepareKey(keyJson: unknown): PreparedKey {
  return prepareKeyBy(inSubgroup, keyJson);
}

/** As `prepareKey`, for a caller who has a faster way to tell whether a point of the twist has order r. */
export function prepareKeyBy(isInSubgroup: SubgroupCheck, keyJson: unknown): PreparedKey {
  const key = readKeyJson(keyJson);
  const { protocol } = key;
  if (!isProtocol(protocol)) {
    const known = PROTOCOLS.map((name) => JSON.stringify(name)).join(' or ');
    throw keyInvalid(`protocol must be ${known}`, 'protocol', protocol ?? null);
  }
  const prepared = prepareOf(protocol, key, isInSubgroup) as PreparedKey;
  preparedKeys.add(prepared);
  return prepared;
}

function prepareOf<P extends Protocol>(protocol: P, key: JsonObject, isInSubgroup: SubgroupCheck): PreparedKeyOf<P> {
  const points = refuseForgeable(protocol, KEY_POINTS[protocol].read(key, isInSubgroup));
  if (!Object.hasOwn(key, 'zkonnx')) {
    throw keyInvalid('it has no zkonnx block, so its signals have no meaning (a plain snarkjs key?)', 'zkonnx');
  }
  const facts = readFacts(key['zkonnx'], points.nPublic);
  const digest = keyDigest(key as unknown as VerificationKey);
  if (digest !== facts.keyDigest) {
    throw keyInvalid(
      'its keyDigest does not match its content (edited or damaged)',
      'zkonnx.keyDigest',
      facts.keyDigest,
    );
  }
  return { protocol, points, facts };
}

/** The points of a prepared key, for what works with no other protocol. Throws KEY_INVALID. */
export function pointsFor<P extends Protocol>(wanted: P, { protocol, points }: PreparedKey): PreparedPoints[P] {
  if (protocol === wanted) return points as PreparedPoints[P];
  throw keyInvalid(`it is a key of protocol ${protocol}, where one of ${wanted} is needed`, 'protocol', protocol);
}

const preparedKeys = new WeakSet<object>();

export function isPreparedKey(key: unknown): key is PreparedKey {
  return typeof key === 'object' && key !== null && preparedKeys.has(key);
}

/** Reads and checks a plain snarkjs key, or the snarkjs part of one of ours. Throws KEY_INVALID. */
export function prepareGroth16Key(keyJson: unknown): PreparedGroth16Key {
  return refuseForgeable('groth16', prepareForgeableGroth16Key(keyJson));
}

/**
 * As `prepareGroth16Key`, but takes keys for which anyone can forge proofs: a prover may check its own work with one, and nobody may
 * believe a proof because of one.
 */
export function prepareForgeableGroth16Key(keyJson: unknown): PreparedGroth16Key {
  return readGroth16Points(readKeyJson(keyJson));
}

function readKeyJson(keyJson: unknown): JsonObject {
  let value = keyJson;
  if (typeof keyJson === 'string') {
    if (keyJson.length > MAX_KEY_CHARS) throw keyInvalid('it is too large', 'the whole file', keyJson.length);
    try {
      value = parseJson(keyJson);
    } catch (fault) {
      if (!(fault instanceof JsonFault)) throw fault;
      throw keyInvalid(fault.message, 'the whole file', keyJson);
    }
  }
  if (!isObject(value)) throw keyInvalid('it is not a JSON object', 'the whole file', value ?? null);
  return value;
}

function readFacts(value: unknown, nPublic: number): KeyBlock {
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
    throw keyInvalid(
      `its schema describes ${outputs + inputs} public signals, its nPublic is ${nPublic}`,
      'zkonnx.schema',
    );
  }
  return value as unknown as KeyBlock;
}
