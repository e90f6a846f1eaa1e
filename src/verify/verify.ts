/** Verifying a proof.json against a verification_key.json, and saying what was proven in the model's own words. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { ZkonnxError } from '../base/errors.js';
import { parseJsonFile } from '../base/strict-json.js';
import { requirePinned, requireUnclamped, requireWord } from './clamped.js';
import { ARITHMETIC_NAMES, type ArithmeticName } from './clear/arithmetic-choice.js';
import { checkExpectation, compareExpectation } from './expect.js';
import type { Expectation, ProvenTensor } from './expect.js';
import { parseSignals } from './groth16.js';
import { excerpt, isObject } from './json.js';
import type { JsonObject } from './json.js';
import { isPreparedKey, prepareKey } from './key.js';
import type { ModelLabels, PreparedKey, SetupKind } from './key.js';
import { isOpenedBy, readOpening } from './opening.js';
import type { ReadOpening } from './opening.js';
import { MAX_CONTEXT_BYTES, checkProofFile, checkSnarkjsProof, readProofJson } from './proof.js';
import { VERIFIERS, judgeOf, openProof, protocolsWithContext } from './protocols.js';
import type { Evidences, OpenedProof } from './protocols.js';
import type { Judge } from './judge.js';
import { Refusal, refusing } from './refusal.js';
import type { Refused } from './refusal.js';
import { realValues, topClasses } from './report.js';
import type { TensorValue, TopClass } from './report.js';
import { PACKING_ORDER, signalCount, statementParts, unpack } from './statement.js';
import type { ByteOrder, Overflow, Protocol, TensorSchema } from './statement.js';

/** What the caller expects of a proof beside being valid. */
export interface VerifyOptions {
  /** The model hash the caller wants proven ("sha256:…" or the bare 64 digits). */
  readonly expectModel?: string;
  /**
   * The schema digest that the caller wants the integers read by ("0x" and 64 digits). Nothing in a `groth16` proof depends on the schema, so
   * whoever can hand over another key can relabel its proofs: this, or the key's digest, pins it.
   */
  readonly expectSchema?: string;
  /** The digest of the key that the caller trusts ("0x" and 64 digits, `keyDigest`): every other key is refused. It pins all that a key says. */
  readonly expectKey?: string;
  /**
   * That no value left its calibrated range and was clamped: refuses a statement that says one did (CLAMPED), and keys by which nobody can tell
   * (CLAMPED_UNSAID). A key of overflow `reject` or `never` has no bit for it; its word counts where `expectKey` pins it, and is USAGE otherwise.
   */
  readonly expectUnclamped?: boolean;
  /** proof.opening.json, parsed or its text: the committed tensors are shown, and expectations may name them. */
  readonly opening?: unknown;
  /** Real values of public, or opened, outputs by name; compared as integers, after quantising by the schema. */
  readonly expectOutputs?: Expectation;
  readonly expectInputs?: Expectation;
  /** What a proof of a protocol with contexts must have been made for: at most 32 bytes, or their hexadecimal after "0x". */
  readonly expectContext?: Uint8Array | string;
  /**
   * Public signals from another source than the proof file (snarkjs's public.json, a contract's calldata). A proof.json's own
   * must equal them; a bare snarkjs proof is accepted only with them.
   */
  readonly publicSignals?: unknown;
  /**
   * What a check of protocol `clear` computes with; verdicts are the same. Default: WebAssembly where it runs, else plain JavaScript, as under a
   * Content-Security-Policy without 'wasm-unsafe-eval'. `webassembly` where it does not run is USAGE. The other protocols have plain JavaScript alone.
   */
  readonly arithmetic?: ArithmeticName;
}

/** A valid proof, and what it proves: public tensors in real values, by name. */
export interface Verified {
  readonly valid: true;
  readonly protocol: Protocol;
  /** What a proof of a protocol with contexts was made for: "0x" and up to 32 bytes in lower-case hexadecimal. */
  readonly context?: string;
  /** "development": whoever made the key can forge proofs for it. */
  readonly setup: SetupKind;
  readonly modelHash: string;
  readonly circuitHash: string;
  readonly schemaDigest: string;
  readonly keyDigest: string;
  /**
   * What the proof itself binds: the `key`, with all that it says; or its `points` alone, so that another key may call the same proof something
   * else, and model, schema and setup are worth what the key's origin is (`expectSchema`, `expectModel`).
   */
  readonly boundTo: 'key' | 'points';
  /** What of the protocol nobody from outside has looked at, in words; absent where there is no such thing to say. */
  readonly review?: string;
  /** What the model's publisher says of it, where the key does. */
  readonly model: ModelLabels;
  /**
   * Whether a value left its calibrated range and was clamped, so that the outputs may be off by more than the stated error; null where
   * the statement does not say.
   */
  readonly clamped: boolean | null;
  /** What the key says becomes of such a value: `saturate`, it is clamped; `reject`, no proof exists; `never`, bounds exclude it. Null in keys of formatVersion 1. */
  readonly overflow: Overflow | null;
  /** Public tensors, real values. */
  readonly inputs: Readonly<Record<string, TensorValue>>;
  readonly outputs: Readonly<Record<string, TensorValue>>;
  /** Commitments of committed tensors, decimal. */
  readonly committed: Readonly<Record<string, string>>;
  /** Committed tensors in real values, where an opening was given that opens them. */
  readonly opened?: Readonly<Record<string, TensorValue>>;
  /** For each public output whose last axis has two or more elements: the largest of each row. */
  readonly top: Readonly<Record<string, readonly TopClass[]>>;
}

/** `valid` tells the two apart. */
export type VerifyResult = Verified | Refused;

/**
 * Verifies one proof. Both files as JSON text or parsed; the key also as `prepareKey` returns it.
 * Whatever is wrong in the proof is a refusal; throws KEY_INVALID for an unusable key, USAGE for an impossible expectation.
 */
export function verify(proofJson: unknown, keyJson: unknown, options: VerifyOptions = {}): VerifyResult {
  return verifyBy(undefined, proofJson, keyJson, options);
}

/**
 * As `verify`, with another judge of the evidence of a proof of protocol P, which must throw Refusal as its own would. A prover that checks its
 * own work brings one with faster arithmetic.
 */
export function verifyBy<P extends Protocol>(
  check: ((evidence: Evidences[P]) => void) | undefined,
  proofJson: unknown,
  keyJson: unknown,
  options: VerifyOptions = {},
): VerifyResult {
  const question = askQuestion(keyJson, options);
  return refusing(() => {
    const proof = readProof(question, proofJson);
    (check ?? question.judge.one)(proof.evidence as Evidences[P]);
    return answer(question, proof);
  });
}

/** A key and what is expected of its proofs, all checked. */
export interface Question {
  readonly key: PreparedKey;
  readonly judge: Judge<Evidences[Protocol]>;
  readonly options: VerifyOptions;
  readonly model: string | undefined;
  readonly schema: string | undefined;
  readonly keyDigest: string | undefined;
  readonly context: string | undefined;
  readonly opening: ReadOpening | undefined;
}

/** Throws KEY_INVALID for an unusable key, USAGE for an impossible expectation. */
export function askQuestion(keyJson: unknown, options: VerifyOptions): Question {
  requireOption('the options', options, isObject(options), 'an object');
  const { expectOutputs = {}, expectInputs = {} } = options;
  // A Map has no fields, so nothing would be compared.
  const isByName = (value: unknown) => isObject(value) && !(Symbol.iterator in value);
  requireOption('expectOutputs', expectOutputs, isByName(expectOutputs), 'an object, values by name');
  requireOption('expectInputs', expectInputs, isByName(expectInputs), 'an object, values by name');
  const key = isPreparedKey(keyJson) ? keyJson : prepareKey(keyJson);
  const { schema } = key.facts;
  const model = readExpectedModel(options.expectModel);
  const expectedSchema = readDigest('schema', options.expectSchema);
  const keyDigest = readDigest('key', options.expectKey);
  const { expectUnclamped = false } = options;
  requireOption('expectUnclamped', expectUnclamped, typeof expectUnclamped === 'boolean', 'true or false');
  if (expectUnclamped) requirePinned(schema, keyDigest !== undefined);
  const context = readExpectedContext(options.expectContext, key.protocol);
  const opening = options.opening === undefined ? undefined : readOpening(parsedOpening(options.opening), schema);
  const isShown = ({ visibility }: TensorSchema) =>
    visibility === 'public' || (visibility === 'committed' && opening !== undefined);
  checkExpectation('output', schema.outputs.filter(isShown), expectOutputs);
  checkExpectation('input', schema.inputs.filter(isShown), expectInputs);
  const { arithmetic } = options;
  const isKnown = arithmetic === undefined || ARITHMETIC_NAMES.includes(arithmetic);
  requireOption('arithmetic', arithmetic, isKnown, ARITHMETIC_NAMES.join(' or '));
  const judge = judgeOf<Protocol>(key, arithmetic);
  return { key, judge, options, model, schema: expectedSchema, keyDigest, context, opening };
}

/** Every check that comes before the evidence is judged. Throws Refusal. */
export function readProof({ key, options, model, schema, keyDigest }: Question, proofJson: unknown): OpenedProof {
  const proof = readProofJson(proofJson);
  const isSnarkjs = options.publicSignals !== undefined && !Object.hasOwn(proof, 'formatVersion');
  const isBare = isSnarkjs && VERIFIERS[key.protocol].readsSnarkjs;
  if (isBare) checkSnarkjsProof(proof);
  else checkBinding(proof, key);
  if (keyDigest !== undefined && keyDigest !== key.facts.keyDigest) {
    const message = `the key has digest ${key.facts.keyDigest}, the caller expects ${keyDigest}`;
    throw new Refusal('KEY_DIGEST_MISMATCH', message);
  }
  if (model !== undefined && model !== key.facts.modelHash) {
    throw new Refusal('MODEL_MISMATCH', `the key is of model ${key.facts.modelHash}, the caller expects ${model}`);
  }
  const { schemaDigest } = key.facts;
  if (schema !== undefined && schema !== schemaDigest) {
    throw new Refusal('SCHEMA_MISMATCH', `the key has schema ${schemaDigest}, the caller expects ${schema}`);
  }
  if (options.expectUnclamped === true) requireWord(key.facts.schema);
  return openProof<Protocol>(key, signalsOf(proof, options, isBare), proof);
}

/** Callers without types pass anything. Throws USAGE. */
export function requireOption(name: string, value: unknown, isRight: boolean, expected: string): void {
  if (!isRight) throw new ZkonnxError('USAGE', `${name} must be ${expected}`, { got: excerpt(value) });
}

function readExpectedModel(expected: unknown): string | undefined {
  if (expected === undefined) return undefined;
  const hash = typeof expected === 'string' && !expected.startsWith('sha256:') ? `sha256:${expected}` : expected;
  if (typeof hash === 'string' && /^sha256:[0-9a-f]{64}$/.test(hash)) return hash;
  throw new ZkonnxError('USAGE', 'the expected model must be named by its SHA-256', {
    expected: '"sha256:" and 64 lower-case hexadecimal digits',
    got: excerpt(expected),
  });
}

function readDigest(what: 'schema' | 'key', expected: string | undefined): string | undefined {
  if (expected === undefined) return undefined;
  const digest = typeof expected === 'string' ? expected.toLowerCase() : '';
  if (/^0x[0-9a-f]{64}$/.test(digest)) return digest;
  throw new ZkonnxError('USAGE', `the expected ${what} must be named by its digest`, {
    expected: '"0x" and 64 hexadecimal digits, as verify prints them',
    got: excerpt(expected),
  });
}

function readExpectedContext(expected: Uint8Array | string | undefined, protocol: Protocol): string | undefined {
  if (expected === undefined) return undefined;
  if (!VERIFIERS[protocol].hasContext) {
    const others = protocolsWithContext().join(' or ');
    throw new ZkonnxError('USAGE', 'proofs of this key carry no context', {
      expected: `a key of protocol ${others}`,
      got: `a key of protocol ${protocol}`,
    });
  }
  const text = expected instanceof Uint8Array ? `0x${bytesToHex(expected)}` : expected;
  const isContext = typeof text === 'string' && text.length <= 2 + 2 * MAX_CONTEXT_BYTES;
  if (isContext && /^0x([0-9a-fA-F]{2})*$/.test(text)) return text.toLowerCase();
  throw new ZkonnxError('USAGE', 'the expected context must be bytes', {
    expected: `at most ${MAX_CONTEXT_BYTES} bytes, or "0x" and their hexadecimal digits`,
    got: excerpt(text),
  });
}

/** The proof names the key, the model and the setup it was made for: they must be this key's. */
function checkBinding(proof: JsonObject, { protocol, facts }: PreparedKey): void {
  checkProofFile(proof, protocol, facts.formatVersion);
  const bindings = [
    ['keyDigest', 'KEY_DIGEST_MISMATCH'],
    ['modelHash', 'MODEL_MISMATCH'],
    ['setup', 'SETUP_MISMATCH'],
  ] as const;
  for (const [field, reason] of bindings) {
    if (proof[field] === facts[field]) continue;
    throw new Refusal(
      reason,
      `the proof is for ${field} ${excerpt(proof[field])}, the key has ${excerpt(facts[field])}`,
    );
  }
}

function signalsOf(proof: JsonObject, options: VerifyOptions, isBare: boolean): unknown {
  if (options.publicSignals === undefined) return proof['publicSignals'];
  const separate = parseSignals(options.publicSignals);
  if (isBare) return separate;
  const own = proof['publicSignals'];
  const isSame =
    Array.isArray(own) &&
    Array.isArray(separate) &&
    own.length === separate.length &&
    own.every((signal, i) => signal === separate[i]);
  if (!isSame)
    throw new Refusal('PUBLIC_SIGNALS_MISMATCH', 'the proof file holds other public signals than those given');
  return own;
}

/** What a proof states whose evidence holds. Throws Refusal where that is not what is expected. */
export function answer({ key, options, context, opening }: Question, proof: OpenedProof): Verified {
  const { setup, modelHash, circuitHash, schemaDigest, keyDigest, schema, name, version, card } = key.facts;
  const { boundTo, review } = VERIFIERS[key.protocol];
  const { signals } = proof;
  let next = 0;
  let clamped: boolean | null = null;
  const committed: [string, string][] = [];
  const opened: ProvenTensor[] = [];
  const proven: Record<'output' | 'input', ProvenTensor[]> = { output: [], input: [] };
  for (const { tensor, side } of statementParts(schema)) {
    const own = signals.slice(next, (next += signalCount(tensor)));
    if (tensor.visibility === 'private') continue;
    const order = PACKING_ORDER[key.protocol];
    if (tensor.visibility === 'committed') {
      committed.push([tensor.name, own[0]!.toString()]);
      if (opening === undefined) continue;
      const read = openTensor(tensor, own[0]!, opening, keyDigest, order);
      opened.push(read);
      if (side !== 'clamped') proven[side].push(read);
      continue;
    }
    const read = readTensor(tensor, own, order);
    if (side === 'clamped') clamped = read.integers[0] === 1;
    else proven[side].push(read);
  }
  const { output: outputs, input: inputs } = proven;
  if (context !== undefined && context !== proof.context) {
    const message = `the proof is valid, but made for context ${excerpt(proof.context)}, expected ${excerpt(context)}`;
    throw new Refusal('CONTEXT_MISMATCH', message);
  }
  if (options.expectUnclamped === true) requireUnclamped(clamped);
  compareExpectation('output', outputs, options.expectOutputs ?? {});
  compareExpectation('input', inputs, options.expectInputs ?? {});
  const byName = (tensors: readonly ProvenTensor[]) =>
    Object.fromEntries(tensors.map(({ tensor, value }) => [tensor.name, value]));
  const shown = ({ tensor }: ProvenTensor) => tensor.visibility === 'public';
  const top = outputs.filter(shown).flatMap(({ tensor, value }) => {
    const rows = topClasses(tensor, value);
    return rows === undefined ? [] : [[tensor.name, rows] as const];
  });
  return {
    valid: true,
    protocol: key.protocol,
    ...(proof.context === undefined ? {} : { context: proof.context }),
    setup,
    modelHash,
    circuitHash,
    schemaDigest,
    keyDigest,
    boundTo,
    ...(review === undefined ? {} : { review }),
    model: {
      ...(name === undefined ? {} : { name }),
      ...(version === undefined ? {} : { version }),
      ...(card === undefined ? {} : { card }),
    },
    clamped,
    overflow: schema.overflow ?? null,
    inputs: byName(inputs.filter(shown)),
    outputs: byName(outputs.filter(shown)),
    committed: Object.fromEntries(committed),
    ...(opening === undefined ? {} : { opened: byName(opened) }),
    top: Object.fromEntries(top),
  };
}

function parsedOpening(opening: unknown): unknown {
  if (typeof opening !== 'string') return opening;
  return parseJsonFile('INPUT_FORMAT', 'the opening', opening, { help: 'use the proof.opening.json that prove wrote' });
}

/** Throws Refusal where the opening is of another proof. The message shows neither the one value nor the other. */
function openTensor(
  tensor: TensorSchema,
  commitment: bigint,
  opening: ReadOpening,
  keyDigest: string,
  order: ByteOrder,
): ProvenTensor {
  const own = opening.tensors.get(tensor.name)!;
  if (opening.keyDigest !== keyDigest || !isOpenedBy(commitment, tensor, own, order)) {
    throw new Refusal(
      'OPENING_MISMATCH',
      `the proof is valid, but the opening is not of its commitment to ${excerpt(tensor.name)}`,
    );
  }
  const integers = Float64Array.from(own.values);
  return { tensor, integers, value: realValues(tensor, integers) };
}

/** A circuit of ours proves only canonical packings; one that proves others is not what its schema says. */
function readTensor(tensor: TensorSchema, signals: readonly bigint[], order: ByteOrder): ProvenTensor {
  const integers = unpack(tensor, signals, order);
  if (integers === undefined) {
    throw new Refusal(
      'PACKING_INVALID',
      `the signals of ${excerpt(tensor.name)} are not packed integers in its bounds`,
    );
  }
  return { tensor, integers, value: realValues(tensor, integers) };
}
