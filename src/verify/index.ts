/**
 * zkonnx/verify: the standalone verifier. Proof and key in, "valid, and this is what was proven" or "refused, and why" out.
 * Imports nothing but errors, the field’s arithmetic and @noble; no file system, no worker, no Node API.
 */
export { verify } from './verify.js';
export type { Verified, VerifyOptions, VerifyResult } from './verify.js';
export { verifyBatch } from './batch.js';
export type { BatchOptions } from './batch.js';
export { verifyGroth16 } from './groth16.js';
export { prepareKey } from './checked-key.js';
export type { CheckedKey } from './checked-key.js';
export { FORMAT_VERSION, keyDigest, makeVerificationKey } from './key.js';
export type { G1, G1Json, G2, G2Json } from './curve.js';
export type {
  DigestedKey,
  Groth16Key,
  KeyBlock,
  KeyFacts,
  MirageKey,
  ClearVerificationKey,
  MirageVerificationKey,
  ModelLabels,
  SetupKind,
  VerificationKey,
} from './key.js';
export type { ArithmeticName } from './clear/arithmetic-choice.js';
export type { ClearHash, ClearKeyJson, ParameterSet } from './clear/key.js';
export { makeMirageProof, makeProof } from './proof.js';
export type {
  AnyProofFile,
  Groth16Proof,
  MirageProof,
  ClearProofFile,
  MirageProofFile,
  ProofFacts,
  ProofFile,
  ProofFileOf,
  ProofFiles,
  ProofFrame,
} from './proof.js';
export type { Opening } from './opening.js';
export type { Refused, RefusalReason } from './refusal.js';
export type { TensorValue, TopClass } from './report.js';
export type { Expectation } from './expect.js';
export { schemaDigest } from './schema.js';
export { elementsFromBytes, publicBytes } from './statement.js';
export type { ImagePreprocessing, Overflow, Protocol, Schema, TensorSchema, Visibility } from './statement.js';
export { ZkonnxError } from '../base/errors.js';
export type { ErrorCode, ErrorDetails } from '../base/errors.js';
