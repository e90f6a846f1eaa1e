/** proof.opening.json: what opens the commitments of a proof. Whoever holds it may show it; whoever sees it can check it against the proof. */
import { ZkonnxError } from '../base/errors.js';
import { poseidonChain } from '../field/poseidon.js';
import { R } from './curve.js';
import { excerpt, isObject, readDecimal, unknownField } from './json.js';
import type { JsonObject } from './json.js';
import { elementCount, pack } from './statement.js';
import type { ByteOrder, Schema, TensorSchema } from './statement.js';

/** What opens a committed tensor's hash. Secret: with it, anybody can check guesses of the values. */
export interface Opening {
  readonly formatVersion: 1;
  readonly keyDigest: string;
  /** Decimal salt by tensor name. */
  readonly salts: Readonly<Record<string, string>>;
  /** Integers of the committed tensors by name. */
  readonly values: Readonly<Record<string, readonly number[]>>;
}

/** An opening of a key's committed tensors, its form checked. */
export interface ReadOpening {
  readonly keyDigest: string;
  readonly tensors: ReadonlyMap<string, { readonly salt: bigint; readonly values: readonly number[] }>;
}

const FIELDS = ['formatVersion', 'keyDigest', 'salts', 'values'];
const VERSION = 1;

/** The committed tensors of a schema. */
export function committedTensors({ outputs, inputs }: Schema): readonly TensorSchema[] {
  return [...outputs, ...inputs].filter(({ visibility }) => visibility === 'committed');
}

/**
 * Checks the form of an opening, parsed. Throws USAGE where the key commits to nothing, INPUT_FORMAT; no message holds a salt or a value. Whether it
 * opens is `isOpenedBy`'s to say.
 */
export function readOpening(opening: unknown, schema: Schema): ReadOpening {
  const committed = committedTensors(schema);
  if (committed.length === 0) {
    throw new ZkonnxError('USAGE', 'proofs of this key have no commitment that an opening could open', {
      expected: 'a key with a committed input or output',
      got: 'a key without',
    });
  }
  if (!isObject(opening)) throw invalid('it is not a JSON object', 'the whole file');
  const stray = unknownField(opening, FIELDS);
  if (stray !== undefined) throw invalid('it has a field no opening has', excerpt(stray));
  if (opening['formatVersion'] !== VERSION) {
    throw invalid(`formatVersion must be ${VERSION}`, 'formatVersion', excerpt(opening['formatVersion'] ?? null));
  }
  const { keyDigest, salts, values } = opening;
  if (typeof keyDigest !== 'string') throw invalid('keyDigest must be a text', 'keyDigest');
  const tensors = committed.map((tensor) => {
    const { name, dims } = tensor;
    const salt = readDecimal(ownField(salts, name, 'salts'), R);
    if (typeof salt !== 'bigint')
      throw invalid('a salt must be a canonical decimal below r', `salts, ${excerpt(name)}`);
    const integers = ownField(values, name, 'values');
    const isWhole =
      Array.isArray(integers) && integers.length === elementCount(dims) && integers.every(Number.isSafeInteger);
    if (!isWhole) throw invalid(`values must be ${elementCount(dims)} integers`, `values, ${excerpt(name)}`);
    return [name, { salt, values: integers as number[] }] as const;
  });
  for (const [field, list] of [
    ['salts', salts],
    ['values', values],
  ] as const) {
    // prettier-ignore
    const other = unknownField(list as JsonObject, committed.map(({ name }) => name));
    if (other !== undefined)
      throw invalid('it opens a tensor that the key does not commit to', `${field}, ${excerpt(other)}`);
  }
  return { keyDigest, tensors: new Map(tensors) };
}

function ownField(list: unknown, name: string, field: string): unknown {
  if (!isObject(list)) throw invalid(`${field} must be an object`, field);
  return Object.hasOwn(list, name) ? list[name] : undefined;
}

function invalid(what: string, where: string, got?: string): ZkonnxError {
  return new ZkonnxError('INPUT_FORMAT', `the opening is unusable: ${what}`, {
    where,
    ...(got === undefined ? {} : { got }),
    help: 'use the proof.opening.json that prove wrote beside the proof, unchanged',
  });
}

/** Whether the commitment is Poseidon of these integers, packed, and the salt. */
export function isOpenedBy(
  commitment: bigint,
  tensor: TensorSchema,
  { salt, values }: { readonly salt: bigint; readonly values: readonly number[] },
  order: ByteOrder,
): boolean {
  const isInRange = values.every((q) => q >= tensor.lo && q <= tensor.hi);
  return isInRange && poseidonChain([...pack(tensor, values, order), salt]) === commitment;
}
