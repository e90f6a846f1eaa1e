/**
 * proof.json, formatVersion 1: what snarkjs writes (`pi_a`, `pi_b`, `pi_c`, decimal strings), the public signals beside it, and
 * the names of the key and the model it was made for. Nothing here is trusted: a field missing, extra or misspelt is a refusal.
 */
import { Q, R, g1Shape, g2Shape } from './curve.js';
import type { G1Json, G2Json } from './curve.js';
import { excerpt, isObject, readDecimal, unknownField } from './json.js';
import type { JsonObject } from './json.js';
import { FORMAT_VERSION } from './key.js';
import type { SetupKind } from './key.js';
import { Refusal } from './refusal.js';

/** What snarkjs writes. */
export interface Groth16Proof {
  readonly pi_a: G1Json;
  readonly pi_b: G2Json;
  readonly pi_c: G1Json;
  readonly protocol: string;
  readonly curve: string;
}

export interface ProofFacts {
  /** `zkonnx.keyDigest` of the verification key. */
  readonly keyDigest: string;
  readonly modelHash: string;
  readonly setup: SetupKind;
}

export interface ProofFile extends Groth16Proof, ProofFacts {
  readonly formatVersion: number;
  /** Decimal strings below r: outputs, then inputs, packed as statement.ts says. */
  readonly publicSignals: readonly string[];
}

/**
 * A proof's eight coordinates in [0, q), in the order of the EVM's precompiles (EIP-197: imaginary part first) and so of the
 * contract's calldata: A.x, A.y, B.x.c1, B.x.c0, B.y.c1, B.y.c0, C.x, C.y.
 */
export type ProofCoordinates = readonly [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];

const GROTH16_FIELDS = ['pi_a', 'pi_b', 'pi_c', 'protocol', 'curve'];
const FILE_FIELDS = [...GROTH16_FIELDS, 'formatVersion', 'publicSignals', 'keyDigest', 'modelHash', 'setup'];
const COORDINATE_NAMES = ['pi_a x', 'pi_a y', 'pi_b x.c1', 'pi_b x.c0', 'pi_b y.c1', 'pi_b y.c0', 'pi_c x', 'pi_c y'];
const MAX_PROOF_CHARS = 16 << 20;

/** The content of proof.json. Copies nothing else of `proof`, whatever the prover left in it. */
export function makeProof(proof: Groth16Proof, publicSignals: readonly string[], facts: ProofFacts): ProofFile {
  return {
    formatVersion: FORMAT_VERSION,
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

/** The JSON object of a proof from its text, or parsed already. Throws Refusal. */
export function readProofJson(proofJson: unknown): JsonObject {
  let value = proofJson;
  if (typeof proofJson === 'string') {
    if (proofJson.length > MAX_PROOF_CHARS) {
      throw new Refusal(
        'PROOF_TOO_LARGE',
        `a proof has at most ${MAX_PROOF_CHARS} characters, got ${proofJson.length}`,
      );
    }
    try {
      value = JSON.parse(proofJson);
    } catch {
      throw new Refusal('PROOF_NOT_JSON', `the proof is not JSON, it begins ${excerpt(proofJson)}`);
    }
  }
  if (!isObject(value)) throw new Refusal('PROOF_MALFORMED', `a proof is a JSON object, got ${excerpt(value)}`);
  return value;
}

/** Checks the frame of a proof.json: version, no field missing or extra, the right types. Throws Refusal. */
export function checkProofFile(proof: JsonObject): void {
  if (proof['formatVersion'] !== FORMAT_VERSION) {
    const got = Object.hasOwn(proof, 'formatVersion') ? excerpt(proof['formatVersion']) : 'none';
    throw new Refusal('FORMAT_VERSION', `this verifier reads proofs of formatVersion ${FORMAT_VERSION}, got ${got}`);
  }
  refuseStray(proof, FILE_FIELDS);
  for (const field of ['keyDigest', 'modelHash', 'setup']) {
    if (typeof proof[field] !== 'string') throw malformed(`${field} must be a string`, proof[field]);
  }
}

/** Checks the frame of a proof as snarkjs writes it. Throws Refusal. */
export function checkSnarkjsProof(proof: JsonObject): void {
  refuseStray(proof, GROTH16_FIELDS);
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

/** The public signals: their count, then their range. Throws Refusal. */
export function readSignals(value: unknown, count: number): bigint[] {
  if (!Array.isArray(value)) throw malformed('publicSignals must be an array', value);
  if (value.length !== count) {
    throw new Refusal('PUBLIC_INPUT_COUNT', `the key has ${count} public signals, the proof ${value.length}`);
  }
  return value.map((signal: unknown, i) => {
    const number = readDecimal(signal, R);
    if (number === 'MALFORMED') throw malformed(`publicSignals[${i}] must be a canonical decimal string`, signal);
    if (number === 'TOO_LARGE') {
      const message = `publicSignals[${i}] must be below the field order r, got ${excerpt(signal)}`;
      throw new Refusal('PUBLIC_INPUT_NOT_IN_FIELD', message, i);
    }
    return number;
  });
}

/** The proof's coordinates, in range; the curve is not looked at. Throws Refusal. */
export function readCoordinates(proof: JsonObject): ProofCoordinates {
  if (proof['protocol'] !== 'groth16') throw malformed('protocol must be "groth16"', proof['protocol']);
  if (proof['curve'] !== 'bn128') throw malformed('curve must be "bn128"', proof['curve']);
  const a = g1Shape(proof['pi_a']);
  const b = g2Shape(proof['pi_b']);
  const c = g1Shape(proof['pi_c']);
  if (a === undefined) throw malformed('pi_a must be [x, y, "1"]', proof['pi_a']);
  if (b === undefined) throw malformed('pi_b must be [[x0, x1], [y0, y1], ["1", "0"]]', proof['pi_b']);
  if (c === undefined) throw malformed('pi_c must be [x, y, "1"]', proof['pi_c']);
  const [x0, x1, y0, y1] = b;
  const numbers = [...a, x1, x0, y1, y0, ...c].map((coordinate, i) => {
    const number = readDecimal(coordinate, Q);
    if (number === 'MALFORMED')
      throw malformed(`${COORDINATE_NAMES[i]} must be a canonical decimal string`, coordinate);
    if (number === 'TOO_LARGE') {
      const message = `${COORDINATE_NAMES[i]} must be below the field order q, got ${excerpt(coordinate)}`;
      throw new Refusal('POINT_NOT_CANONICAL', message, i);
    }
    return number;
  });
  return numbers as unknown as ProofCoordinates;
}
