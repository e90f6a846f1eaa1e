/** snarkjs 0.7.6 as a library, with threads of its own, and both verifiers. */
import { curves, groth16, zKey } from 'snarkjs';
import { verifyGroth16 } from '../src/verify/groth16.js';

export interface Proven {
  readonly proof: unknown;
  readonly publicSignals: readonly string[];
}

export function proveWithSnarkjs(zkey: string, wtns: string): Promise<Proven> {
  return groth16.prove(zkey, wtns);
}

/** The verification key of a .zkey, by snarkjs. */
export function snarkjsVerificationKey(zkey: string): Promise<unknown> {
  return zKey.exportVerificationKey(zkey);
}

/** Throws Error unless snarkjs's verifier and ours both accept. */
export async function requireValid(key: unknown, { proof, publicSignals }: Proven, whose: string): Promise<void> {
  const ours = verifyGroth16(key, publicSignals, proof);
  if (!ours.valid) throw new Error(`our verifier refuses a proof of ${whose}: ${ours.message}`);
  if (!(await groth16.verify(key, publicSignals, proof))) throw new Error(`snarkjs refuses a proof of ${whose}`);
}

/** Ends snarkjs's worker threads, without which the process does not end. */
export async function endSnarkjs(): Promise<void> {
  const curve = await curves.getCurveFromName('bn128');
  await curve.terminate();
}
