/** A model's prover, circuit, keys and workers kept: from real inputs to a proof file that has been verified. */
import { openProver } from '../src/prove/open-prover.js';
import type { AnyProofFile } from '../src/verify/proof.js';

export interface ModelProver extends AsyncDisposable {
  prove(tensors: ReadonlyMap<string, Float64Array>): Promise<AnyProofFile>;
}

/** Of an artifact of any protocol. */
export async function openModelProver(artifact: string, threads: number): Promise<ModelProver> {
  const prover = await openProver(artifact, { threads });
  return {
    prove: async (tensors) => (await prover.prove(tensors)).proof,
    [Symbol.asyncDispose]: () => prover.close(),
  };
}
