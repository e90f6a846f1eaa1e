/** The protocols that can be proven, and their types; the compiler holds both complete. Uses no Node API. */
import type { Unwritten } from '../base/unsupported.js';
import type { Protocol } from '../verify/statement.js';
import type { ProverParts, ProverProtocol } from './engine/protocol.js';
import { GROTH16_PROVER, type Groth16Parts } from './groth16/protocol.js';
import { MIRAGE_PROVER, type MirageParts } from './mirage/protocol.js';

interface WrittenParts {
  readonly groth16: Groth16Parts;
  readonly mirage: MirageParts;
}

export interface Parts extends WrittenParts, Unwritten<Protocol, WrittenParts, ProverParts> {}

export const PROVERS: { readonly [P in Protocol]: ProverProtocol<Parts[P]> } = {
  groth16: GROTH16_PROVER,
  mirage: MIRAGE_PROVER,
};
