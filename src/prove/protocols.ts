/** The protocols that can be proven, and their types; the compiler holds both complete. Uses no Node API. */
import type { Unwritten } from '../base/unsupported.js';
import type { CurveProtocol } from '../verify/key-points.js';
import { makeClearProof } from '../verify/proof.js';
import type { ClearProofFile, ProofFacts, ProofFrame } from '../verify/proof.js';
import type { Protocol } from '../verify/statement.js';
import type { ProverName, ProverProtocol } from './engine/protocol.js';
import { GROTH16_PROVER, type Groth16Parts } from './groth16/protocol.js';
import { MIRAGE_PROVER, type MirageParts } from './mirage/protocol.js';

/** Of the protocols whose circuits are rows and whose keys are points: their engine's types. */
export interface Parts {
  readonly groth16: Groth16Parts;
  readonly mirage: MirageParts;
}

/** How their proofs are computed over a key in the kernels' memory. */
export const ENGINES: { readonly [P in CurveProtocol]: ProverProtocol<Parts[P]> } = {
  groth16: GROTH16_PROVER,
  mirage: MIRAGE_PROVER,
};

/** What a prover computes, and the file that shows it. */
interface MadeProof {
  readonly proof: unknown;
  readonly file: ProofFrame;
}

interface WrittenProofs extends CurveProofs {
  readonly clear: { readonly proof: Uint8Array; readonly file: ClearProofFile };
}

type CurveProofs = { readonly [P in CurveProtocol]: Pick<Parts[P], 'proof' | 'file'> };

/** By protocol. */
export interface Proofs extends WrittenProofs, Unwritten<Protocol, WrittenProofs, MadeProof> {}

/** What is asked of any protocol's prover, whoever computes. */
export interface Proving<P extends Protocol> {
  /** Who can prove it; ours first. */
  readonly provers: readonly ProverName[];
  /** `context`: "0x" and hexadecimal. Copies nothing else of the proof, whatever the prover left in it. */
  readonly file: (
    proof: Proofs[P]['proof'],
    publicSignals: readonly string[],
    context: string,
    facts: ProofFacts,
  ) => Proofs[P]['file'];
}

export const PROVERS: { readonly [P in Protocol]: Proving<P> } = {
  groth16: GROTH16_PROVER,
  mirage: MIRAGE_PROVER,
  clear: { provers: ['kernels'], file: makeClearProof },
};
