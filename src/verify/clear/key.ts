/**
 * verification_key.json of protocol `clear` beside its facts: the relation without values of weights, the parameters of the opening, and the root of
 * the weights (docs/formats.md, "Keys of clear"). Nothing of it is secret and nothing is drawn: whoever has the model makes the same key again.
 */
import { blake3 } from '@noble/hashes/blake3.js';
import { hexToBytes } from '@noble/hashes/utils.js';
import { fromBase64, toBase64 } from '../../base/base64.js';
import { CodecFault } from '../../base/codec.js';
import { canonicalJson, unknownField, type JsonObject } from '../json.js';
import { factsOf, type KeyDigests } from '../key-digest.js';
import { keyInvalid } from '../key-invalid.js';
import { elementCount, statementParts, type Schema } from '../statement.js';
import { axesWork } from './axes.js';
import { widthsOf } from './oracle.js';
import { joined } from './channel.js';
import { assertSecure, checkParameters, errorTerms, reservedRows, strictParameters } from './parameters.js';
import type { ErrorTerm, OpeningParameters } from './parameters.js';
import { listsTooLong } from './listed.js';
import { committedTensors, type ArgumentPlan } from './plan.js';
import { elementsOf, tableRows, type Relation, type WeightMap } from './relation.js';
import { readRelation, relationBytes } from './relation-bytes.js';
import { argumentSizes } from './sizes.js';
import { planOf } from './verify.js';

/** Said by every key, and by every report of a proof. */
export const NOT_REVIEWED = 'not reviewed from outside';

/** A set of parameters, by name. */
export type ParameterSet = 'strict';

/** The hash of trees and transcript, by name. */
export type ClearHash = 'blake3';

/** A function of n and the rate each. */
const PARAMETER_SETS: { readonly [S in ParameterSet]: typeof strictParameters } = { strict: strictParameters };

const HASHES: readonly ClearHash[] = ['blake3'];

/** The body of a key as it is written. */
export interface ClearKeyJson {
  readonly protocol: 'clear';
  /** "not reviewed from outside", in this version. */
  readonly review: string;
  readonly parameters: ParameterSet;
  readonly hash: ClearHash;
  /** 2^n rows of a column. */
  readonly n: number;
  /** The code's rate is 2^−rateLog. */
  readonly rateLog: number;
  readonly nPublic: number;
  /** "0x" and 64 hexadecimal digits: of the tree of the weights; null for a program without weights. */
  readonly root: string | null;
  /** Base64 of the relation's bytes. */
  readonly relation: string;
}

/** A body that has been checked. */
export interface PreparedClearKey {
  readonly nPublic: number;
  readonly relation: Relation;
  readonly relationBytes: Uint8Array;
  readonly parameters: OpeningParameters;
  readonly weightsRoot: Uint8Array | undefined;
  readonly plan: ArgumentPlan;
  /** Every error of a proof, none above 2^−100. */
  readonly errors: readonly ErrorTerm[];
}

const FIELDS = ['protocol', 'review', 'parameters', 'hash', 'n', 'rateLog', 'nPublic', 'root', 'relation', 'zkonnx'];
const MAX_PUBLIC = 1 << 17;
/** 2^n rows: what a verifier's layout and a prover's columns are willing to be. */
const MAX_N = 24;
const MAX_RATE_LOG = 4;
/** Columns of both trees: a row of more is larger than all the rest of a proof. */
const MAX_COLUMNS = 1024;
/** Entries of maps that a verifier walks one by one, or products along the axes of structured ones. */
const MAX_WALKED = 2 ** 26;

/** The body of a key for a relation and the root of its weights. */
export function clearKeyJson(
  relation: Relation,
  { n, rateLog }: Pick<OpeningParameters, 'n' | 'rateLog'>,
  root: Uint8Array | undefined,
  nPublic: number,
): ClearKeyJson {
  return {
    protocol: 'clear',
    review: NOT_REVIEWED,
    parameters: 'strict',
    hash: 'blake3',
    n,
    rateLog,
    nPublic,
    root: root === undefined ? null : `0x${Array.from(root, (byte) => byte.toString(16).padStart(2, '0')).join('')}`,
    relation: toBase64(relationBytes(relation)),
  };
}

/** Throws KEY_INVALID; SECURITY_TOO_LOW for parameters that leave a cheating prover a better chance than 2^−100 somewhere. */
export function readClearKey(key: JsonObject): PreparedClearKey {
  const stray = unknownField(key, FIELDS);
  if (stray !== undefined) throw keyInvalid('it has a field no key has', stray.slice(0, 60));
  requireText(key, 'review', [NOT_REVIEWED]);
  const set = requireText(key, 'parameters', Object.keys(PARAMETER_SETS) as ParameterSet[]);
  requireText(key, 'hash', HASHES);
  const n = requireCount(key, 'n', 1, MAX_N);
  const rateLog = requireCount(key, 'rateLog', 1, MAX_RATE_LOG);
  const nPublic = requireCount(key, 'nPublic', 1, MAX_PUBLIC);
  const weightsRoot = readRoot(key['root']);
  const bytes = typeof key['relation'] === 'string' ? fromBase64(key['relation']) : undefined;
  if (bytes === undefined) throw keyInvalid('relation must be base64', 'relation', key['relation'] ?? null);
  const relation = readBoundedRelation(bytes);
  if (relation.weights.length > 0 !== (weightsRoot !== undefined)) {
    throw keyInvalid('a root belongs to a relation with weights, and to no other', 'root', key['root']);
  }
  const parameters = PARAMETER_SETS[set](n, rateLog);
  const reserved = reservedRows(parameters);
  checkParameters(parameters, reserved);
  requireColumns(relation, 2 ** n, reserved);
  const tooLong = listsTooLong(relation);
  if (tooLong !== undefined) throw keyInvalid(`a check of it would make ${tooLong}`, 'relation');
  const plan = planOf({ relation, parameters });
  const errors = errorTerms(parameters, argumentSizes(plan, columnsOf(plan)));
  assertSecure(errors);
  return { nPublic, relation, relationBytes: bytes, parameters, weightsRoot, plan, errors };
}

/** Columns of a proof's opening. */
export function columnsOf({ layouts: { weights, cells } }: ArgumentPlan): number {
  return widthsOf({ cells: { layout: cells }, ...(weights === undefined ? {} : { weights: { layout: weights } }) })
    .columns;
}

/** Throws KEY_INVALID where public tensors of the relation are not those of the schema, in the statement's order. */
export function requireClearSchema({ relation }: PreparedClearKey, schema: Schema): void {
  const parts = statementParts(schema).map(({ tensor }) => tensor);
  if (parts.some(({ visibility }) => visibility === 'committed')) {
    throw keyInvalid('protocol clear has no committed tensors', 'zkonnx.schema');
  }
  const shown = parts.filter(({ visibility }) => visibility === 'public').map(({ dims }) => elementCount(dims));
  const bound = relation.publics.map(({ dims }) => elementsOf(dims));
  if (shown.join() === bound.join()) return;
  throw keyInvalid(
    `its schema shows tensors of ${shown.join(', ') || 'no'} elements, its relation binds ${bound.join(', ') || 'none'}`,
    'zkonnx.schema',
  );
}

function readBoundedRelation(bytes: Uint8Array): Relation {
  try {
    const relation = readRelation(bytes);
    const walked = relation.constraints.reduce((sum, constraint) => {
      if (constraint.kind !== 'linear') return sum;
      return sum + constraint.terms.reduce((entries, { map }) => entries + WALKED[map.kind](map as never), 0);
    }, 0);
    if (walked > MAX_WALKED) throw keyInvalid(`its matrices have ${walked} entries to walk`, 'relation');
    return relation;
  } catch (fault) {
    if (!(fault instanceof CodecFault)) throw fault;
    throw keyInvalid(fault.message, 'relation');
  }
}

/** Entries of maps that are walked one by one, and products that the vectors of structured ones cost. */
const WALKED: { readonly [K in WeightMap['kind']]: (map: Extract<WeightMap, { kind: K }>) => number } = {
  dense: () => 0,
  patterns: ({ pattern, start }) => pattern.reduce((sum, p) => sum + (start[p + 1]! - start[p]!), 0),
  axes: ({ axes }) => axesWork(axes),
};

/** Before tensors are laid out: what a few bytes may make a verifier allocate. */
function requireColumns(relation: Relation, rows: number, reserved: number): void {
  const elements = (tensors: readonly { readonly dims: readonly number[] }[]) =>
    tensors.reduce((sum, { dims }) => sum + elementsOf(dims), 0);
  const columns = elements(relation.weights) / rows + elements(committedTensors(relation)) / (rows - reserved);
  if (reserved < rows && columns <= MAX_COLUMNS) return;
  throw keyInvalid(`its tensors take more than ${MAX_COLUMNS} columns of ${rows} rows`, 'n');
}

function readRoot(root: unknown): Uint8Array | undefined {
  if (root === null) return undefined;
  if (typeof root === 'string' && /^0x[0-9a-f]{64}$/.test(root)) return hexToBytes(root.slice(2));
  throw keyInvalid('root must be null, or "0x" and 64 hexadecimal digits', 'root', root ?? null);
}

function requireText<T extends string>(key: JsonObject, field: string, known: readonly T[]): T {
  const found = known.find((name) => name === key[field]);
  if (found !== undefined) return found;
  const rule = known.map((name) => JSON.stringify(name)).join(' or ');
  throw keyInvalid(`${field} must be ${rule}`, field, key[field] ?? null);
}

function requireCount(key: JsonObject, field: string, least: number, most: number): number {
  const value = key[field];
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return value as number;
  throw keyInvalid(`${field} must be an integer in [${least}, ${most}]`, field, value ?? null);
}

const CONTEXT = new TextEncoder().encode('zkonnx clear v1 key');

/**
 * BLAKE3, in the mode that derives keys, of three strings, each behind its length in 8 bytes, little-endian: the canonical JSON of the key without
 * `root`, `relation` and `zkonnx.keyDigest`; the root, of 32 bytes or none; the relation.
 */
function digest(key: JsonObject): Uint8Array {
  const { root, relation, zkonnx: _facts, ...said } = key;
  const text = new TextEncoder().encode(canonicalJson({ ...said, zkonnx: factsOf(key) }));
  const parts = [text, readRoot(root) ?? new Uint8Array(), fromBase64(String(relation)) ?? new Uint8Array()];
  return blake3(joined(parts.flatMap((part) => [len64(part.length), part])), { context: CONTEXT });
}

/** Of formatVersion 2 alone: the protocol came with it. */
export const CLEAR_KEY_DIGESTS: KeyDigests = { 2: digest };

function len64(length: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  return bytes;
}

/** What a proof of the key takes, in the figures that inspect shows. */
export interface ClearFigures {
  readonly cells: number;
  readonly weights: number;
  readonly lookups: number;
  readonly tableRows: number;
  readonly equations: number;
}

export function figuresOf(relation: Relation): ClearFigures {
  const elements = (tensors: readonly { readonly dims: readonly number[] }[]) =>
    tensors.reduce((sum, { dims }) => sum + elementsOf(dims), 0);
  const lookups = relation.constraints.filter(({ kind }) => kind === 'lookup');
  return {
    cells: elements(relation.cells),
    weights: elements(relation.weights),
    lookups: elements(lookups),
    tableRows: relation.tables.reduce((sum, table) => sum + tableRows(table), 0),
    equations: elements(relation.constraints) - elements(lookups),
  };
}
