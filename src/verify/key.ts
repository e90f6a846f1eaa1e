/**
 * verification_key.json, formatVersion 2: the points (snarkjs's fields for groth16), and a `zkonnx` block that says which circuit of
 * which model this is, how the key was made and how its public signals read. `keyDigest` names all of it in 32 bytes; every proof and
 * every contract carries it, so a key with other labels or scales is another key. Keys of formatVersion 1 are read for ever.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import { JsonFault, parseJson } from '../base/strict-json.js';
import { inSubgroup } from './curve.js';
import type { ClearKeyJson } from './clear/key.js';
import { isObject, unknownField } from './json.js';
import type { JsonObject } from './json.js';
import { KEY_BODIES } from './key-bodies.js';
import type { PreparedBodies, SetupKind } from './key-bodies.js';
import { keyInvalid } from './key-invalid.js';
import { readGroth16Points, refuseForgeable } from './key-points.js';
import type { Groth16Key, MirageKey, PreparedGroth16Key, SubgroupCheck } from './key-points.js';
import { readSchema, schemaDigest } from './schema.js';
import type { FormatVersion } from './schema.js';
import { PROTOCOLS, isProtocol, publicCount } from './statement.js';
import type { Protocol, Schema } from './statement.js';

export { uncontributed } from './key-points.js';
export type { PreparedBodies, SetupKind } from './key-bodies.js';
export type { Groth16Key, MirageKey, PreparedGroth16Key, PreparedMirageKey } from './key-points.js';

/** The version of verification keys and proof files that this build writes. */
export const FORMAT_VERSION = 2;

/** What the publisher of a model says about it. Nobody checks it; the key's digest covers it. */
export interface ModelLabels {
  /** The model's name and version in its publisher's words. */
  readonly name?: string;
  readonly version?: string;
  /** A link to the model's card, or a digest of it. */
  readonly card?: string;
}

/** What a verification key says about its model and itself. */
export interface KeyFacts extends ModelLabels {
  readonly setup: SetupKind;
  /** "sha256:" and 64 hexadecimal digits, of the ONNX file; docs/formats.md says how external data enters. */
  readonly modelHash: string;
  /** "sha256:" and 64 hexadecimal digits, of constraints, bindings and schema; in formatVersion 1 of the constraints alone. */
  readonly circuitHash: string;
  readonly schema: Schema;
}

/** The `zkonnx` block. */
export interface KeyBlock extends KeyFacts {
  readonly formatVersion: number;
  /** "0x" and 64 hexadecimal digits: what the integers mean. Computed where a key of formatVersion 1 is read. */
  readonly schemaDigest: string;
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

/** verification_key.json of `clear`. */
export interface ClearVerificationKey extends ClearKeyJson {
  readonly zkonnx: KeyBlock;
}

/** A key of one protocol, checked. */
export interface PreparedKeyOf<P extends Protocol> {
  readonly protocol: P;
  readonly body: PreparedBodies[P];
  readonly facts: KeyBlock;
}

/** Only `prepareKey` makes one; `isPreparedKey` knows it by identity, so no JSON passes for it. */
export type PreparedKey = AnyKeyOf<Protocol>;
type AnyKeyOf<P extends Protocol> = P extends Protocol ? PreparedKeyOf<P> : never;

/** Of a key's text; a file of more bytes need not be read. */
export const MAX_KEY_CHARS = 64 << 20;
const MAX_LABEL_CHARS = 1024;
const HASH = /^sha256:[0-9a-f]{64}$/;
const DIGEST = /^0x[0-9a-f]{64}$/;

const LABEL_FIELDS = ['name', 'version', 'card'] as const satisfies readonly (keyof ModelLabels)[];

/** A version of the `zkonnx` block. */
interface KeyFormat {
  readonly fields: readonly string[];
  /** Of these fields each is "sha256:…" or "0x…". */
  readonly hashes: readonly (readonly [field: string, pattern: RegExp])[];
}

const HASHES_1 = [['modelHash', HASH], ['circuitHash', HASH], ['keyDigest', DIGEST]] as const; // prettier-ignore
const FIELDS_1 = ['formatVersion', 'setup', 'modelHash', 'circuitHash', 'schema', 'keyDigest'];

const KEY_FORMATS: { readonly [V in FormatVersion]: KeyFormat } = {
  1: { fields: FIELDS_1, hashes: HASHES_1 },
  2: {
    fields: [...FIELDS_1, 'schemaDigest', ...LABEL_FIELDS],
    hashes: [...HASHES_1, ['schemaDigest', DIGEST]],
  },
};

export const FORMAT_VERSIONS = Object.keys(KEY_FORMATS).map(Number) as readonly FormatVersion[];

export function isFormatVersion(value: unknown): value is FormatVersion {
  return typeof value === 'number' && Object.hasOwn(KEY_FORMATS, value);
}

/** A key whose digest is asked for. */
export type DigestedKey = (Groth16Key | MirageKey | ClearKeyJson) & { readonly zkonnx: object };

/**
 * The digest of a key, "0x" and 64 hexadecimal digits, by its protocol and version (key-digest.ts); `zkonnx.keyDigest` itself is left out. Throws
 * KEY_INVALID for a key of no known protocol.
 */
export function keyDigest(key: DigestedKey): string {
  const { protocol, zkonnx } = key as unknown as JsonObject;
  const { formatVersion } = zkonnx as Partial<KeyBlock>;
  return digestIn(requireProtocol(protocol), isFormatVersion(formatVersion) ? formatVersion : FORMAT_VERSION, key);
}

function digestIn(protocol: Protocol, version: FormatVersion, key: object): string {
  const digest = KEY_BODIES[protocol].digests[version];
  if (digest !== undefined) return `0x${bytesToHex(digest(key as JsonObject))}`;
  throw keyInvalid(`no key of protocol ${protocol} is of formatVersion ${version}`, 'zkonnx.formatVersion', version);
}

function requireProtocol(protocol: unknown): Protocol {
  if (isProtocol(protocol)) return protocol;
  const known = PROTOCOLS.map((name) => JSON.stringify(name)).join(' or ');
  throw keyInvalid(`protocol must be ${known}`, 'protocol', protocol ?? null);
}

/** Adds our block to the body that snarkjs or our setup computed. Throws KEY_INVALID if the result could not be verified with. */
export function makeVerificationKey(points: MirageKey, facts: KeyFacts): MirageVerificationKey;
export function makeVerificationKey(points: Groth16Key, facts: KeyFacts): VerificationKey;
export function makeVerificationKey(body: ClearKeyJson, facts: KeyFacts): ClearVerificationKey;
export function makeVerificationKey(body: Groth16Key | MirageKey | ClearKeyJson, facts: KeyFacts) {
  const { setup, modelHash, circuitHash, schema } = facts;
  const labels = Object.fromEntries(
    LABEL_FIELDS.filter((field) => facts[field] !== undefined).map((field) => [field, facts[field]]),
  );
  const digest = schemaDigest(schema);
  const block = {
    formatVersion: FORMAT_VERSION,
    setup,
    modelHash,
    circuitHash,
    ...labels,
    schema,
    schemaDigest: digest,
  };
  const bare = { ...body, zkonnx: block };
  const key = { ...bare, zkonnx: { ...block, keyDigest: keyDigest(bare) } };
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
  const prepared = prepareOf(requireProtocol(key['protocol']), key, isInSubgroup) as PreparedKey;
  preparedKeys.add(prepared);
  return prepared;
}

function prepareOf<P extends Protocol>(protocol: P, key: JsonObject, isInSubgroup: SubgroupCheck): PreparedKeyOf<P> {
  const { read, setups, requireSchema } = KEY_BODIES[protocol];
  const body = read(key, isInSubgroup);
  if (!Object.hasOwn(key, 'zkonnx')) {
    throw keyInvalid('it has no zkonnx block, so its signals have no meaning (a plain snarkjs key?)', 'zkonnx');
  }
  const facts = readFacts(key['zkonnx'], body.nPublic, setups);
  requireSchema(body, facts.schema);
  const digest = digestIn(protocol, facts.formatVersion, key);
  if (digest !== facts.keyDigest) {
    throw keyInvalid(
      'its keyDigest does not match its content (edited or damaged)',
      'zkonnx.keyDigest',
      facts.keyDigest,
    );
  }
  return { protocol, body, facts };
}

/** The points of a prepared key, for what works with no other protocol. Throws KEY_INVALID. */
export function pointsFor<P extends Protocol>(wanted: P, { protocol, body }: PreparedKey): PreparedBodies[P] {
  if (protocol === wanted) return body as PreparedBodies[P];
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

function readFacts(
  value: unknown,
  nPublic: number,
  setups: readonly SetupKind[],
): KeyBlock & { readonly formatVersion: FormatVersion } {
  if (!isObject(value)) throw keyInvalid('zkonnx must be an object', 'zkonnx', value);
  const { formatVersion } = value;
  if (!isFormatVersion(formatVersion)) {
    throw keyInvalid(
      `formatVersion must be ${FORMAT_VERSIONS.join(' or ')}`,
      'zkonnx.formatVersion',
      formatVersion ?? null,
    );
  }
  const { fields, hashes } = KEY_FORMATS[formatVersion];
  const stray = unknownField(value, fields);
  if (stray !== undefined) throw keyInvalid('it has a field no key has', `zkonnx.${stray.slice(0, 60)}`);
  checkSetup(value['setup'], setups);
  for (const [field, pattern] of hashes) {
    const text = value[field];
    if (typeof text !== 'string' || !pattern.test(text)) {
      throw keyInvalid(`${field} must look like ${String(pattern)}`, `zkonnx.${field}`, text ?? null);
    }
  }
  checkLabels(value);
  const schema = readSchema(value['schema'], formatVersion);
  const { outputs, inputs } = publicCount(schema);
  if (outputs + inputs !== nPublic) {
    throw keyInvalid(
      `its schema describes ${outputs + inputs} public signals, its nPublic is ${nPublic}`,
      'zkonnx.schema',
    );
  }
  const digest = schemaDigest(schema);
  if (Object.hasOwn(value, 'schemaDigest') && value['schemaDigest'] !== digest) {
    throw keyInvalid('its schemaDigest is not its schema’s', 'zkonnx.schemaDigest', value['schemaDigest']);
  }
  return { ...(value as unknown as KeyBlock), formatVersion, schemaDigest: digest };
}

function checkSetup(setup: unknown, kinds: readonly SetupKind[]): void {
  if (kinds.some((kind) => kind === setup)) return;
  const rule = `setup must be ${kinds.map((kind) => JSON.stringify(kind)).join(' or ')}`;
  const what = setup === 'ceremony' ? 'it claims a ceremony, and nothing that this version reads could show one' : rule;
  throw keyInvalid(what, 'zkonnx.setup', setup ?? null);
}

function checkLabels(facts: JsonObject): void {
  for (const field of LABEL_FIELDS) {
    const text = facts[field];
    if (text === undefined || (typeof text === 'string' && text !== '' && text.length <= MAX_LABEL_CHARS)) continue;
    throw keyInvalid(`${field} must be a text of 1 to ${MAX_LABEL_CHARS} characters`, `zkonnx.${field}`, text);
  }
}
