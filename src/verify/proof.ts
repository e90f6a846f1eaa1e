/**
 * proof.json, formatVersion 2 (the same fields as 1; it is the version of its key): points as snarkjs writes them (`pi_a`, `pi_b` and `pi_c`, or `pi_c1` and `pi_c2`), the public signals
 * beside them, the context of a `mirage` proof, and the names of the key and the model it was made for. Nothing here is trusted: a field
 * missing, extra or misspelt is a refusal.
 */
import { hexToBytes } from '@noble/hashes/utils.js';
import { toBase64 } from '../base/base64.js';
import { JsonFault, parseJson } from '../base/strict-json.js';
import { Q, R, g1Shape, g2Shape } from './curve.js';
import type { G1Json, G2Json } from './curve.js';
import { excerpt, isObject, readDecimal, unknownField } from './json.js';
import type { JsonObject } from './json.js';
import { FORMAT_VERSIONS, isFormatVersion } from './key.js';
import type { SetupKind } from './key.js';
import type { CurveProtocol } from './key-points.js';
import { Refusal } from './refusal.js';
import type { RefusalReason } from './refusal.js';
import { isProtocol } from './statement.js';
import type { Protocol } from './statement.js';

/** What snarkjs writes. */
export interface Groth16Proof {
  readonly pi_a: G1Json;
  readonly pi_b: G2Json;
  readonly pi_c: G1Json;
  readonly protocol: string;
  readonly curve: string;
}

/** What a proof file says beside its points and signals; all of it must be the key’s own. */
export interface ProofFacts {
  /** Of the verification key, and so of the proof. */
  readonly formatVersion: number;
  /** `zkonnx.keyDigest` of the verification key. */
  readonly keyDigest: string;
  readonly modelHash: string;
  readonly setup: SetupKind;
}

/** proof.json of `groth16`: what snarkjs writes, and the facts. */
export interface ProofFile extends Groth16Proof, ProofFacts {
  /** Decimal strings below r: outputs, then inputs, packed as statement.ts says. */
  readonly publicSignals: readonly string[];
}

/** The points of a proof of protocol `mirage`. */
export interface MirageProof {
  readonly protocol: 'mirage';
  readonly curve: 'bn128';
  readonly pi_a: G1Json;
  readonly pi_b: G2Json;
  readonly pi_c1: G1Json;
  readonly pi_c2: G1Json;
}

/** What every proof.json has beside its body. */
export interface ProofFrame extends ProofFacts {
  readonly protocol: string;
  readonly publicSignals: readonly string[];
}

/** proof.json of `mirage`. */
export interface MirageProofFile extends MirageProof, ProofFacts {
  /** Decimal strings below r: P_1 … P_n, outputs, then inputs, packed as statement.ts says. */
  readonly publicSignals: readonly string[];
  /** "0x" and 0 … 32 bytes in lower-case hexadecimal: what the proof was made for. */
  readonly context: string;
}

/** proof.json of `clear`. */
export interface ClearProofFile extends ProofFrame {
  readonly protocol: 'clear';
  /** As of `mirage`. */
  readonly context: string;
  /** Base64 of the proof's bytes (docs/formats.md). */
  readonly proof: string;
}

/** proof.json by protocol. */
export interface ProofFiles {
  readonly groth16: ProofFile;
  readonly mirage: MirageProofFile;
  readonly clear: ClearProofFile;
}

/** proof.json of a protocol; of one that no file is written for yet, its frame. */
export type ProofFileOf<P extends Protocol> = P extends keyof ProofFiles ? ProofFiles[P] : ProofFrame;

/** proof.json of any protocol. */
export type AnyProofFile = ProofFileOf<Protocol>;

/**
 * A proof's eight coordinates in [0, q), in the order of the EVM's precompiles (EIP-197: imaginary part first) and so of the
 * contract's calldata: A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
 */
export type ProofCoordinates = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
/** Likewise of a `mirage` proof: A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C1.x, C1.y, C2.x, C2.y. */
export type MirageCoordinates = readonly [...ProofCoordinates, bigint, bigint];

/** The points of a proof over the curve, in calldata's order; pi_b is in G2, the others in G1. */
export const PROOF_POINTS: { readonly [P in CurveProtocol]: readonly string[] } = {
  groth16: ['pi_a', 'pi_b', 'pi_c'],
  mirage: ['pi_a', 'pi_b', 'pi_c1', 'pi_c2'],
};

const SNARKJS_FIELDS = [...PROOF_POINTS.groth16, 'protocol', 'curve'];
const FRAME_FIELDS = ['protocol', 'formatVersion', 'publicSignals', 'keyDigest', 'modelHash', 'setup'];
const FILE_FIELDS: { readonly [P in Protocol]: readonly string[] } = {
  groth16: [...PROOF_POINTS.groth16, 'curve', ...FRAME_FIELDS],
  mirage: [...PROOF_POINTS.mirage, 'curve', ...FRAME_FIELDS, 'context'],
  clear: [...FRAME_FIELDS, 'context', 'proof'],
};
const MAX_PROOF_CHARS = 16 << 20;
/** The context takes one word of the transcript. */
export const MAX_CONTEXT_BYTES = 32;

/** The content of proof.json. Copies nothing else of `proof`, whatever the prover left in it. */
export function makeProof(proof: Groth16Proof, publicSignals: readonly string[], facts: ProofFacts): ProofFile {
  return {
    formatVersion: facts.formatVersion,
    protocol: proof.protocol,
    curve: proof.curve,
    pi_a: proof.pi_a,
    pi_b: proof.pi_b,
    pi_c: proof.pi_c,
    publicSignals,
    keyDigest: facts.keyDigest,
    modelHash: facts.modelHash,
    setup: facts.setup,
  };
}

/** The content of a `mirage` proof.json, `context` as in `MirageProofFile`. Copies nothing else of `proof`. */
export function makeMirageProof(
  proof: MirageProof,
  publicSignals: readonly string[],
  context: string,
  facts: ProofFacts,
): MirageProofFile {
  return {
    formatVersion: facts.formatVersion,
    protocol: proof.protocol,
    curve: proof.curve,
    pi_a: proof.pi_a,
    pi_b: proof.pi_b,
    pi_c1: proof.pi_c1,
    pi_c2: proof.pi_c2,
    publicSignals,
    context,
    keyDigest: facts.keyDigest,
    modelHash: facts.modelHash,
    setup: facts.setup,
  };
}

/** The content of a `clear` proof.json. */
export function makeClearProof(
  proof: Uint8Array,
  publicSignals: readonly string[],
  context: string,
  facts: ProofFacts,
): ClearProofFile {
  return {
    formatVersion: facts.formatVersion,
    protocol: 'clear',
    proof: toBase64(proof),
    publicSignals,
    context,
    keyDigest: facts.keyDigest,
    modelHash: facts.modelHash,
    setup: facts.setup,
  };
}

/** The JSON object of a proof from its text, or parsed already. Throws Refusal. */
export function readProofJson(proofJson: unknown): JsonObject {
  const value = typeof proofJson === 'string' ? parseProofText('a proof', proofJson) : proofJson;
  if (!isObject(value)) throw new Refusal('PROOF_MALFORMED', `a proof is a JSON object, got ${excerpt(value)}`);
  return value;
}

const JSON_FAULTS: { readonly [K in JsonFault['kind']]: RefusalReason } = {
  syntax: 'PROOF_NOT_JSON',
  duplicate: 'PROOF_MALFORMED',
  depth: 'PROOF_NOT_JSON',
  size: 'PROOF_TOO_LARGE',
};

/** What the text of a proof, or of its public signals, holds. `what` begins the refusal's sentence. Throws Refusal. */
export function parseProofText(what: string, text: string): unknown {
  if (text.length > MAX_PROOF_CHARS) {
    throw new Refusal('PROOF_TOO_LARGE', `${what} has at most ${MAX_PROOF_CHARS} characters, got ${text.length}`);
  }
  try {
    return parseJson(text);
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    throw new Refusal(JSON_FAULTS[fault.kind], `${what} cannot be read: ${fault.message}, it begins ${excerpt(text)}`);
  }
}

/** Checks the frame of a proof.json: version, which is the key's, protocol, no field missing or extra, the right types. Throws Refusal. */
export function checkProofFile(proof: JsonObject, protocol: Protocol, version: number): void {
  const { formatVersion } = proof;
  if (!isFormatVersion(formatVersion)) {
    const got = Object.hasOwn(proof, 'formatVersion') ? excerpt(formatVersion) : 'none';
    const known = FORMAT_VERSIONS.join(' and ');
    throw new Refusal('FORMAT_VERSION', `this verifier reads proofs of formatVersion ${known}, got ${got}`);
  }
  if (formatVersion !== version) {
    throw new Refusal('FORMAT_VERSION', `the proof is of formatVersion ${formatVersion}, the key of ${version}`);
  }
  refuseOtherProtocol(proof, protocol);
  refuseStray(proof, FILE_FIELDS[protocol]);
  for (const field of ['keyDigest', 'modelHash', 'setup']) {
    if (typeof proof[field] !== 'string') throw malformed(`${field} must be a string`, proof[field]);
  }
}

/** Checks the frame of a proof as snarkjs writes it. Throws Refusal. */
export function checkSnarkjsProof(proof: JsonObject): void {
  refuseOtherProtocol(proof, 'groth16');
  refuseStray(proof, SNARKJS_FIELDS);
}

function refuseOtherProtocol(proof: JsonObject, protocol: Protocol): void {
  const other = proof['protocol'];
  if (other === protocol || !isProtocol(other)) return;
  throw new Refusal('PROTOCOL_MISMATCH', `the proof is of protocol ${other}, the key of protocol ${protocol}`);
}

function refuseStray(proof: JsonObject, known: readonly string[]): void {
  const stray = unknownField(proof, known);
  if (stray !== undefined) throw new Refusal('PROOF_MALFORMED', `a proof has no field ${excerpt(stray)}`);
  const missing = known.find((field) => !Object.hasOwn(proof, field));
  if (missing !== undefined) throw new Refusal('PROOF_MALFORMED', `the proof has no field "${missing}"`);
}

function malformed(what: string, got: unknown): Refusal {
  return new Refusal('PROOF_MALFORMED', `${what}, got ${excerpt(got)}`);
}

/** The public signals, unread, if they are as many as the key has. Throws Refusal. */
export function countSignals(value: unknown, count: number): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed('publicSignals must be an array', value);
  if (value.length !== count) {
    throw new Refusal('PUBLIC_INPUT_COUNT', `the key has ${count} public signals, the proof ${value.length}`);
  }
  return value;
}

/** The public signals: their count, then their range. Throws Refusal. */
export function readSignals(value: unknown, count: number): bigint[] {
  return countSignals(value, count).map((signal: unknown, i) => {
    const number = readDecimal(signal, R);
    if (number === 'MALFORMED') throw malformed(`publicSignals[${i}] must be a canonical decimal string`, signal);
    if (number === 'TOO_LARGE') {
      const message = `publicSignals[${i}] must be below the field order r, got ${excerpt(signal)}`;
      throw new Refusal('PUBLIC_INPUT_NOT_IN_FIELD', message, i);
    }
    return number;
  });
}

/** The context of a proof that has one as bytes. Throws Refusal CONTEXT_INVALID. */
export function readContext(value: unknown): Uint8Array {
  // The length is looked at first, so that a long string costs nothing.
  const isHex = typeof value === 'string' && value.length <= 2 + 2 * MAX_CONTEXT_BYTES && HEX_BYTES.test(value);
  if (isHex) return hexToBytes(value.slice(2));
  const rule = `context must be "0x" and at most ${MAX_CONTEXT_BYTES} bytes in lower-case hexadecimal`;
  throw new Refusal('CONTEXT_INVALID', `${rule}, got ${excerpt(value)}`);
}

const HEX_BYTES = /^0x([0-9a-f]{2})*$/;

/** A Groth16 proof's coordinates, in range; the curve is not looked at. Throws Refusal. */
export function readCoordinates(proof: JsonObject): ProofCoordinates {
  return coordinatesOf(proof, 'groth16') as unknown as ProofCoordinates;
}

/** A `mirage` proof's coordinates, likewise. Throws Refusal. */
export function readMirageCoordinates(proof: JsonObject): MirageCoordinates {
  return coordinatesOf(proof, 'mirage') as unknown as MirageCoordinates;
}

function coordinatesOf(proof: JsonObject, protocol: CurveProtocol): bigint[] {
  if (proof['protocol'] !== protocol) throw malformed(`protocol must be "${protocol}"`, proof['protocol']);
  if (proof['curve'] !== 'bn128') throw malformed('curve must be "bn128"', proof['curve']);
  const unread = PROOF_POINTS[protocol].flatMap((name) => unreadCoordinates(name, proof[name]));
  return unread.map(([name, coordinate], i) => {
    const number = readDecimal(coordinate, Q);
    if (number === 'MALFORMED') throw malformed(`${name} must be a canonical decimal string`, coordinate);
    if (number === 'TOO_LARGE') {
      const message = `${name} must be below the field order q, got ${excerpt(coordinate)}`;
      throw new Refusal('POINT_NOT_CANONICAL', message, i);
    }
    return number;
  });
}

/** Names and texts of a point's coordinates, the imaginary parts of G2 first. */
function unreadCoordinates(name: string, point: unknown): (readonly [name: string, coordinate: unknown])[] {
  if (name !== 'pi_b') {
    const shape = g1Shape(point);
    if (shape === undefined) throw malformed(`${name} must be [x, y, "1"]`, point);
    return [[`${name} x`, shape[0]], [`${name} y`, shape[1]]]; // prettier-ignore
  }
  const shape = g2Shape(point);
  if (shape === undefined) throw malformed('pi_b must be [[x0, x1], [y0, y1], ["1", "0"]]', point);
  const [x0, x1, y0, y1] = shape;
  return [
    ['pi_b x.c1', x1],
    ['pi_b x.c0', x0],
    ['pi_b y.c1', y1],
    ['pi_b y.c0', y0],
  ];
}
