/** `export solidity`: a verifier contract for one key, and the calldata it takes. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { groth16VerifierAbi, groth16VerifierSource } from '../../contracts/groth16-verifier.js';
import { mirageVerifierAbi, mirageVerifierSource } from '../../contracts/mirage-verifier.js';
import type { ValueSegment } from '../../contracts/mirage-verifier.js';
import type { ContractNames, PointG1, PointG2 } from '../../contracts/solidity-parts.js';
import { invariant, ZkonnxError } from '../base/errors.js';
import type { G1, G2 } from '../verify/curve.js';
import type { JsonObject } from '../verify/json.js';
import { isPreparedKey, prepareKey, uncontributed } from '../verify/key.js';
import type { KeyBlock, PreparedKeyOf } from '../verify/key.js';
import type { CurveProtocol } from '../verify/key-points.js';
import { readContext, readCoordinates, readMirageCoordinates, readProofJson, readSignals } from '../verify/proof.js';
import { refusing } from '../verify/refusal.js';
import { PROTOCOLS, isProtocol, publicBytes, signalCount, signalWidths, statementParts } from '../verify/statement.js';
import type { Protocol, Schema } from '../verify/statement.js';

/** How the contract is named, and whether it may be of a development key. */
export interface SolidityOptions {
  /** Name of the contract: a capital letter, then letters, digits and _. Default ZkonnxVerifier. */
  readonly name?: string;
  /** Export a key that no ceremony made. It is marked in the contract; such a contract secures nothing. */
  readonly allowDevelopmentKey?: boolean;
}

/** A contract’s source, and its ABI. */
export interface SolidityExport {
  readonly source: string;
  readonly abi: readonly object[];
}

/** EIP-170 caps deployed code at 24,576 bytes: about 105 bytes a signal, compiled without optimiser (forge's default). */
export const MAX_CONTRACT_SIGNALS = 190;
/** What the functions about a clamped value take of it. */
export const CLAMPED_CONTRACT_SIGNALS = 2;
/** Protocol `mirage`: runs of elements of one width; each costs about 20 bytes of code, 140 if they are commitments (no optimiser). */
export const MAX_CONTRACT_SEGMENTS = 128;
/** Protocol `mirage`: elements. Their bytes must fit a transaction, of which nodes take 131,072 bytes (geth's pool). */
export const MAX_CONTRACT_ELEMENTS = 4096;

/**
 * The verifier contract of a key of either protocol (JSON text, parsed, or prepared). Throws KEY_INVALID for an unusable or forgeable
 * key, DEV_KEY for one that no ceremony made (unless allowed), USAGE for a bad name or a statement that no contract takes.
 */
export function exportSolidity(keyJson: unknown, options: SolidityOptions = {}): SolidityExport {
  const key = isPreparedKey(keyJson) ? keyJson : prepareKey(keyJson);
  const name = options.name ?? 'ZkonnxVerifier';
  if (!/^[A-Z][A-Za-z0-9_]{0,63}$/.test(name)) {
    throw new ZkonnxError('USAGE', 'unusable contract name', {
      expected: 'a capital letter, then at most 63 letters, digits and _',
      got: JSON.stringify(name.slice(0, 80)),
    });
  }
  return contractOf(name, key, options.allowDevelopmentKey === true);
}

/** A protocol's contract: its source, and what it takes. */
interface ContractProtocol<P extends Protocol> {
  /** Throws KEY_INVALID for a key by which anybody could forge proofs, DEV_KEY for one that secures nothing unless that is allowed. */
  readonly refuseInsecure: (key: PreparedKeyOf<P>, allowDevelopmentKey: boolean) => void;
  /** Throws USAGE for a statement that no contract takes. */
  readonly contract: (names: ContractNames, key: PreparedKeyOf<P>) => SolidityExport;
  /** Throws INPUT_FORMAT where a number of the proof is no canonical decimal in range, USAGE without a key that it needs. */
  readonly calldata: (file: JsonObject, key: PreparedKeyOf<P> | undefined) => SolidityCalldata;
}

const CONTRACTS: { readonly [P in Protocol]: ContractProtocol<P> } = {
  groth16: { refuseInsecure, contract: exportGroth16, calldata: groth16Calldata },
  mirage: { refuseInsecure, contract: exportMirage, calldata: mirageCalldata },
  get clear(): never {
    throw new ZkonnxError('PROTOCOL_UNSUPPORTED', 'no contract verifies proofs of protocol clear', {
      expected: 'a proof of a few hundred bytes and some pairings: what a contract can check for 0.3 million gas',
      got: 'a proof of 0.1 to 0.6 MB and thousands of hashes: by estimate as much gas as a transaction may take, or more',
      help: 'compile with --protocol mirage for a contract; check clear proofs with `zkonnx verify`, `export verifier` or `export page`',
    });
  },
};

function contractOf<P extends Protocol>(
  name: string,
  key: PreparedKeyOf<P>,
  allowDevelopmentKey: boolean,
): SolidityExport {
  const { refuseInsecure: refuse, contract } = CONTRACTS[key.protocol];
  refuse(key, allowDevelopmentKey);
  return contract(contractNames(name, key.facts), key);
}

function refuseInsecure<P extends CurveProtocol>(key: PreparedKeyOf<P>, allowDevelopmentKey: boolean): void {
  const bare = uncontributed<P>(key);
  if (bare.length > 0) {
    throw new ZkonnxError(
      'KEY_INVALID',
      'the verification key has no phase 2 contribution: anyone can forge its proofs',
      {
        where: `${bare.join(' or ')} is the generator of G2`,
        help: 'contribute to the key before exporting its verifier',
      },
    );
  }
  if (!allowDevelopmentKey) {
    throw new ZkonnxError('DEV_KEY', 'this key secures nothing: whoever made it can forge proofs', {
      expected: 'a key from a ceremony, which this version can neither make nor check',
      got: `setup "${key.facts.setup}"`,
      help: 'for test networks allow development keys explicitly (--allow-development-key)',
    });
  }
}

function contractNames(
  name: string,
  { setup, keyDigest, modelHash, circuitHash, schemaDigest }: KeyBlock,
): ContractNames {
  invariant(setup !== 'none', 'a key over the curve comes from a setup');
  return {
    name,
    setup,
    keyDigest: keyDigest.slice('0x'.length),
    modelHash: modelHash.slice('sha256:'.length),
    circuitHash: circuitHash.slice('sha256:'.length),
    schemaDigest: schemaDigest.slice('0x'.length),
  };
}

function exportGroth16(names: ContractNames, { body: key, facts }: PreparedKeyOf<'groth16'>): SolidityExport {
  const clampedSignal = clampedElement(facts.schema)?.index;
  const most = MAX_CONTRACT_SIGNALS - (clampedSignal === undefined ? 0 : CLAMPED_CONTRACT_SIGNALS);
  if (key.nPublic < 1 || key.nPublic > most) {
    throw new ZkonnxError('USAGE', 'no contract takes this number of public signals', {
      expected: `1 to ${most} (a contract has at most 24,576 bytes, EIP-170)`,
      got: String(key.nPublic),
      help: 'compile with --input committed or --output committed: a committed tensor is one signal',
    });
  }
  const source = groth16VerifierSource({
    ...names,
    clampedSignal,
    alpha: wordsG1(key.alpha),
    beta: wordsG2(key.beta),
    gamma: wordsG2(key.gamma),
    delta: wordsG2(key.delta),
    ic: key.ic.map(wordsG1),
  });
  return { source, abi: groth16VerifierAbi(key.nPublic, { clampedSignal }) };
}

function exportMirage(names: ContractNames, { body: key, facts }: PreparedKeyOf<'mirage'>): SolidityExport {
  const segments = valueSegments(facts.schema);
  if (key.nPublic > MAX_CONTRACT_ELEMENTS || segments.length > MAX_CONTRACT_SEGMENTS) {
    throw new ZkonnxError('USAGE', 'no contract takes a statement of this size', {
      expected: `at most ${MAX_CONTRACT_ELEMENTS} public elements (of 31 bytes) in ${MAX_CONTRACT_SEGMENTS} runs of one width`,
      got: `${key.nPublic} in ${segments.length}`,
      help: 'compile with --input committed or --output committed: a committed tensor is one element',
    });
  }
  const clampedByte = clampedElement(facts.schema)?.start;
  const source = mirageVerifierSource({
    ...names,
    clampedByte,
    alpha: wordsG1(key.alpha),
    beta: wordsG2(key.beta),
    gamma: wordsG2(key.gamma),
    delta1: wordsG2(key.delta1),
    delta2: wordsG2(key.delta2),
    ic: key.ic.map(wordsG1),
    segments,
  });
  return { source, abi: mirageVerifierAbi({ clampedByte }) };
}

/** The element that says whether a value was clamped: its place among the elements, and its first byte among theirs. */
function clampedElement(schema: Schema): { readonly index: number; readonly start: number } | undefined {
  if (schema.clamped !== true) return undefined;
  const index = statementParts(schema)
    .filter(({ side }) => side === 'output')
    .reduce((count, { tensor }) => count + signalCount(tensor), 0);
  const start = signalWidths(schema)
    .slice(0, index)
    .reduce((sum, width) => sum + width, 0);
  return { index, start };
}

/** How the public elements of a statement lie in `values`: neighbours of one width are one segment. */
function valueSegments(schema: Schema): ValueSegment[] {
  const segments: ValueSegment[] = [];
  for (const width of signalWidths(schema)) {
    const last = segments.at(-1);
    if (last?.width === width) segments[segments.length - 1] = { width, count: last.count + 1 };
    else segments.push({ width, count: 1 });
  }
  return segments;
}

function wordsG1(point: G1): PointG1 {
  const { x, y } = point.toAffine();
  return [x, y];
}

function wordsG2(point: G2): PointG2 {
  const { x, y } = point.toAffine();
  return [x.c1, x.c0, y.c1, y.c0];
}

/** What a `groth16` contract takes. */
export interface Groth16Calldata {
  readonly protocol: 'groth16';
  /** Eight words; the imaginary parts of B come first. */
  readonly proof: readonly bigint[];
  readonly signals: readonly bigint[];
  /** "0x", selector and arguments of `verify(uint256[8],uint256[N])`, for `cast call ADDRESS --data` or eth_call. */
  readonly data: `0x${string}`;
}

/** What a `mirage` contract takes. */
export interface MirageCalldata {
  readonly protocol: 'mirage';
  /** Ten words; the imaginary parts of B come first. */
  readonly proof: readonly bigint[];
  /** The public elements, big-endian, one after another. */
  readonly values: `0x${string}`;
  readonly context: `0x${string}`;
  /** "0x", selector and arguments of `verify(uint256[10],bytes,bytes)`. */
  readonly data: `0x${string}`;
}

/** What the contract of the proof’s protocol takes. */
export type SolidityCalldata = Groth16Calldata | MirageCalldata;

/**
 * What the contract takes, from a proof.json (text or parsed). A proof of protocol `mirage` needs its key beside it (text, parsed or
 * prepared), whose schema says how wide the elements are. Throws INPUT_FORMAT where a number of the proof is no canonical decimal
 * in range, USAGE without the key or with one of another protocol, KEY_INVALID for an unusable one; whether the proof holds is the
 * contract's to say.
 */
export function solidityCalldata(proofJson: unknown): Groth16Calldata;
export function solidityCalldata(proofJson: unknown, keyJson: unknown): SolidityCalldata;
export function solidityCalldata(proofJson: unknown, keyJson?: unknown): SolidityCalldata {
  const file = reading(() => readProofJson(proofJson));
  const key = keyJson === undefined || isPreparedKey(keyJson) ? keyJson : prepareKey(keyJson);
  const { protocol } = file;
  if (!isProtocol(protocol)) throw unfit(`protocol must be ${PROTOCOLS.join(' or ')}`);
  if (key !== undefined && key.protocol !== protocol) throw keyless(protocol, `a key of protocol ${key.protocol}`);
  return calldataOf(protocol, file, key as PreparedKeyOf<typeof protocol> | undefined);
}

function calldataOf<P extends Protocol>(
  protocol: P,
  file: JsonObject,
  key: PreparedKeyOf<P> | undefined,
): SolidityCalldata {
  return CONTRACTS[protocol].calldata(file, key);
}

function keyless(protocol: Protocol, got: string): ZkonnxError {
  return new ZkonnxError('USAGE', `the calldata of a ${protocol} proof is made with the key of the contract`, {
    expected: 'the verification_key.json the proof was made for',
    got: `a proof of protocol ${protocol}, and ${got}`,
  });
}

/** What `read` returns; a refusal of it is an INPUT_FORMAT error. */
function reading<T>(read: () => T): T {
  const result = refusing(() => ({ read: read() }));
  if ('valid' in result) throw unfit(result.message);
  return result.read;
}

function unfit(got: string): ZkonnxError {
  return new ZkonnxError('INPUT_FORMAT', 'the proof cannot be put into calldata', { got });
}

function groth16Calldata(file: JsonObject): Groth16Calldata {
  const published = file['publicSignals'];
  const { proof, signals } = reading(() => ({
    signals: readSignals(published, Array.isArray(published) ? published.length : 0),
    proof: readCoordinates(file),
  }));
  const data = callOf(`verify(uint256[8],uint256[${signals.length}])`, [...proof, ...signals].map(word));
  return { protocol: 'groth16', proof, signals, data };
}

function mirageCalldata(file: JsonObject, key: PreparedKeyOf<'mirage'> | undefined): MirageCalldata {
  if (key === undefined) throw keyless('mirage', 'no key');
  const { body: points, facts } = key;
  const { proof, signals, context } = reading(() => ({
    signals: readSignals(file['publicSignals'], points.nPublic),
    context: readContext(file['context']),
    proof: readMirageCoordinates(file),
  }));
  const values = bytesOf(facts.schema, signals);
  const data = callOf('verify(uint256[10],bytes,bytes)', [
    ...proof.map(word),
    ...dynamicBytes(proof.length, [values, context]),
  ]);
  return { protocol: 'mirage', proof, values: `0x${bytesToHex(values)}`, context: `0x${bytesToHex(context)}`, data };
}

function bytesOf(schema: Schema, signals: readonly bigint[]): Uint8Array {
  try {
    return publicBytes(schema, signals);
  } catch (error) {
    if (error instanceof RangeError) throw unfit(error.message);
    throw error;
  }
}

/** 64 hexadecimal digits. */
function word(value: bigint | number): string {
  return value.toString(16).padStart(64, '0');
}

/** Arguments of type bytes after `headWords` words: their offsets, then length and content of each, filled up to whole words. */
function dynamicBytes(headWords: number, args: readonly Uint8Array[]): string[] {
  let offset = 32 * (headWords + args.length);
  const heads: string[] = [];
  const tails: string[] = [];
  for (const bytes of args) {
    const words = Math.ceil(bytes.length / 32);
    heads.push(word(offset));
    tails.push(word(bytes.length), bytesToHex(bytes).padEnd(64 * words, '0'));
    offset += 32 * (1 + words);
  }
  return [...heads, ...tails];
}

function callOf(signature: string, words: readonly string[]): `0x${string}` {
  const selector = bytesToHex(keccak_256(new TextEncoder().encode(signature)).subarray(0, 4));
  return `0x${selector}${words.join('')}`;
}
