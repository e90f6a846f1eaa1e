/** Our whole prover as the bench calls it. */
import { Groth16Prover } from '../src/prove/groth16/wtns-prover.js';
import type { Proven } from './snarkjs-prover.js';

export interface OurProver extends AsyncDisposable {
  /** `check`: verified before it is handed out, as by default; snarkjs's is not. */
  prove(wtns: string, options: { readonly check: boolean }): Promise<Proven>;
}

/** The key is loaded here, once. */
export function openOurProver(zkey: string, threads: number): Promise<OurProver> {
  return Groth16Prover.open({ zkey, threads });
}
