/**
 * The digest of a key over the curve, by the version of its format: it names all that the key says in 32 bytes. `zkonnx.keyDigest` itself is
 * left out, and `vk_alphabeta_12`, which follows from the rest.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes } from '@noble/hashes/utils.js';
import { canonicalJson, isObject } from './json.js';
import type { JsonObject } from './json.js';
import { packedPoints } from './key-points.js';
import type { FormatVersion } from './schema.js';

/** 32 bytes of a key, by the versions of the format that the protocol's keys have. */
export type KeyDigests = { readonly [V in FormatVersion]?: (key: JsonObject) => Uint8Array };

const keccakText = (text: string): Uint8Array => keccak_256(new TextEncoder().encode(text));

/** The `zkonnx` block without its digest. */
export function factsOf({ zkonnx }: JsonObject): JsonObject {
  const { keyDigest: _self, ...facts } = isObject(zkonnx) ? zkonnx : {};
  return facts;
}

/** keccak256 of "zkonnx key v1\n" and the canonical JSON of the whole key. */
function digestOfText(key: JsonObject): Uint8Array {
  const { vk_alphabeta_12: _derived, zkonnx: _facts, ...points } = key;
  return keccakText(`zkonnx key v1\n${canonicalJson({ ...points, zkonnx: factsOf(key) })}`);
}

/**
 * keccak256(points ‖ keccak256(facts)), which a contract can compute. The points are α, β, γ, δ (or δ1, δ2), then IC, in EIP-197's words
 * (`packedPoints`); the facts "zkonnx key v2\n" and the canonical JSON of the key without its points. `nPublic` and `protocol` are among the facts,
 * so the number of points is.
 */
function digestOfPointsAndFacts(key: JsonObject): Uint8Array {
  const { protocol, curve, nPublic } = key;
  const facts = keccakText(`zkonnx key v2\n${canonicalJson({ protocol, curve, nPublic, zkonnx: factsOf(key) })}`);
  return keccak_256(concatBytes(packedPoints(key), facts));
}

export const CURVE_KEY_DIGESTS: KeyDigests = { 1: digestOfText, 2: digestOfPointsAndFacts };
