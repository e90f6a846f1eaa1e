/** The key files of an artifact folder: which are there, and whether they belong to a circuit. Proofs depend on them, so none goes unasked. */
import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { parseJson } from '../base/strict-json.js';
import { canonicalJson, isObject } from '../verify/json.js';
import { FORMAT_VERSION, MAX_KEY_CHARS } from '../verify/key.js';
import type { Protocol, Schema } from '../verify/statement.js';
import { artifactPaths, keyPaths, ownProvingKey, PROVING_KEYS } from './manifest.js';
import { readMirageKeyInfo } from './mirage-key-file.js';
import { readRegular } from './regular-file.js';
import { readZkeyInfo } from './zkey-file.js';

/** What keys are made for; facts that are left out are not compared. */
export interface KeyedFacts {
  readonly protocol: Protocol;
  readonly modelHash: string;
  readonly circuitHash?: string;
  readonly schema?: Schema;
}

/** Paths of the key files that are there, of all protocols, the verification key first. */
export async function keyFiles(dir: string): Promise<string[]> {
  const files = keyPaths(dir);
  const isThere = await Promise.all(files.map((file) => lstat(file).then(Boolean, () => false)));
  return files.filter((_, i) => isThere[i]);
}

/**
 * Why these keys, which are all of the folder, are not of this circuit; undefined if every one is, as far as it says of what it is. A key that
 * cannot be read is not.
 */
export async function keyMisfit(dir: string, files: readonly string[], facts: KeyedFacts): Promise<string | undefined> {
  const paths = artifactPaths(dir);
  let isNamed = false;
  if (files.includes(paths.verificationKey)) {
    const misfit = verificationKeyMisfit(
      await readRegular(paths.verificationKey, MAX_KEY_CHARS).then(String, () => ''),
      facts,
    );
    if (misfit !== undefined) return misfit;
    isNamed = true;
  }
  const { protocol, circuitHash } = facts;
  const own = ownProvingKey(dir, protocol);
  const stored = PROVING_KEYS[protocol].stored.map((name) => path.join(dir, name));
  const ofProtocol = own === undefined ? stored : [own, ...stored];
  const besides = files.filter((file) => file !== own && file !== paths.verificationKey);
  if (besides.some((file) => !ofProtocol.includes(file))) return 'protocol';
  // What only makes the key load faster, without the key.
  if (own === undefined || !files.includes(own)) return besides.length > 0 ? 'circuit' : undefined;
  const said = await unlessDamaged(CIRCUIT_OF_KEY[protocol](own));
  if (said === undefined) return 'circuit';
  // A key of another tool does not say: it is the one that the verification key goes with, if there is one.
  if (said.hash === undefined) return isNamed ? undefined : 'circuit';
  return circuitHash !== undefined && said.hash !== circuitHash ? 'circuit' : undefined;
}

/** The circuit that a proving key says it is of. Throws as readers of keys. */
const CIRCUIT_OF_KEY: { readonly [P in Protocol]: (file: string) => Promise<{ readonly hash?: string | undefined }> } =
  {
    groth16: async (file) => ({ hash: (await readZkeyInfo(file)).development?.circuitHash }),
    mirage: async (file) => ({ hash: (await readMirageKeyInfo(file)).circuitHash }),
    // Never asked: there is no such file.
    clear: () => Promise.resolve({}),
  };

function verificationKeyMisfit(text: string, facts: KeyedFacts): string | undefined {
  const key = parse(text);
  if (!isObject(key) || !isObject(key['zkonnx'])) return 'circuit';
  const { formatVersion, modelHash, circuitHash, schema } = key['zkonnx'];
  if (formatVersion !== FORMAT_VERSION) return 'formatVersion';
  if (key['protocol'] !== facts.protocol) return 'protocol';
  if (modelHash !== facts.modelHash) return 'model';
  if (facts.circuitHash !== undefined && circuitHash !== facts.circuitHash) return 'circuit';
  // What the signals mean: shapes, scales, labels.
  if (facts.schema === undefined) return undefined;
  return isObject(schema) && canonicalJson(schema) === canonicalJson(facts.schema) ? undefined : 'schema';
}

function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

async function unlessDamaged<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof ZkonnxError) return undefined;
    throw error;
  }
}

/** The refusal to do what takes keys away. `what` is a sentence, `help` says what else there is to do. */
export function keysExist(dir: string, files: readonly string[], what: string, help: string): ZkonnxError {
  return new ZkonnxError('KEYS_EXIST', what, {
    got: files.map((file) => path.basename(file)).join(', '),
    where: dir,
    help,
  });
}
