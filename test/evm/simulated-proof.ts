/**
 * Keys whose discrete logarithms are known, and proofs of any statement under them, made without a circuit: what the ceremony's
 * contributors could do together. For statements whose circuits would be too large for the reference prover.
 */
import { mod, inverse } from '../../src/field/bn254.js';
import { makeVerificationKey } from '../../src/verify/key.js';
import type { MirageVerificationKey } from '../../src/verify/key.js';
import type { MirageProofFile } from '../../src/verify/proof.js';
import type { Schema } from '../../src/verify/statement.js';
import { mirageFacts, mirageFile } from '../fixtures/proofs/mirage-fixture.js';
import { fold, g1, g1Text, g2, g2Text, referenceTranscript } from '../fixtures/proofs/mirage-reference.js';
import { scalarFrom } from '../fixtures/proofs/trapdoor.js';

export interface Simulated {
  readonly key: MirageVerificationKey;
  readonly file: MirageProofFile;
}

/** A key for the schema, and a proof of these elements for no context. */
export function simulate(schema: Schema, publicValues: readonly bigint[]): Simulated {
  const of = (label: string) => scalarFrom('simulated', label);
  const [alpha, beta, delta1, delta2] = [of('alpha'), of('beta'), of('delta1'), of('delta2')];
  const ic = [of('one'), of('x'), of('theta'), of('d')] as const;
  const points = {
    protocol: 'mirage',
    curve: 'bn128',
    nPublic: publicValues.length,
    vk_alpha_1: g1Text(g1(alpha)),
    vk_beta_2: g2Text(g2(beta)),
    vk_gamma_2: g2Text(g2(1n)),
    vk_delta1_2: g2Text(g2(delta1)),
    vk_delta2_2: g2Text(g2(delta2)),
    IC: ic.map((scalar) => g1Text(g1(scalar))),
  } as const;
  const key = makeVerificationKey(points, mirageFacts(schema));
  const [a, b, c1] = [of('a'), of('b'), of('c1')];
  const context = new Uint8Array();
  const transcript = { keyDigest: key.zkonnx.keyDigest, publicValues, context, c1: g1(c1) };
  const { x, theta } = referenceTranscript(transcript);
  const statement = ic[0] + x * ic[1] + theta * ic[2] + fold(publicValues, theta) * ic[3];
  // A·B = αβ + L + C1·δ1 + C2·δ2, in the exponents.
  const c2 = mod(mod(a * b - alpha * beta - statement - c1 * delta1) * inverse(delta2));
  const proof = { a: g1(a), b: g2(b), c1: g1(c1), c2: g1(c2) };
  return { key, file: mirageFile(key, proof, { publicValues, context }) };
}
