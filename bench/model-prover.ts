/** Whole proofs of an artifact of either protocol, with circuit, keys and workers kept: from real inputs to a proof file that has been verified. */
import { readFile } from 'node:fs/promises';
import { artifactPaths, provingKeyPath, readManifest } from '../src/formats/manifest.js';
import { checkedProof, type AnyProofFile } from '../src/prove/checked-proof.js';
import { encodeSample } from '../src/prove/encode.js';
import { KernelVerifier } from '../src/prove/engine/kernel-verifier.js';
import { ProverPool } from '../src/prove/pool.js';
import { groth16Equation } from '../src/verify/groth16.js';
import { prepareKey } from '../src/verify/key.js';
import { mirageEquation } from '../src/verify/mirage.js';

export interface ModelProver extends AsyncDisposable {
  prove(tensors: ReadonlyMap<string, Float64Array>): Promise<AnyProofFile>;
}

/** Of an artifact without commitments. The first proof loads circuit and proving key. */
export async function openModelProver(artifact: string, threads: number): Promise<ModelProver> {
  const { schema, protocol } = await readManifest(artifact);
  const { circuit, verificationKey } = artifactPaths(artifact);
  const key = prepareKey(await readFile(verificationKey, 'utf8'));
  const equation = key.protocol === 'mirage' ? mirageEquation(key.mirage) : groth16Equation(key.groth16);
  const points = await KernelVerifier.of(equation);
  const pool = new ProverPool({ threads });
  const files = { circuitPath: circuit, zkeyPath: provingKeyPath(artifact, protocol) };
  const transcript = protocol === 'mirage' ? { keyDigest: key.facts.keyDigest, context: new Uint8Array() } : undefined;
  return {
    async prove(tensors) {
      const inputs = Object.fromEntries(encodeSample(schema, tensors));
      return checkedProof(await pool.prove({ ...files, inputs, transcript }), key, points);
    },
    [Symbol.asyncDispose]: () => pool.close(),
  };
}
