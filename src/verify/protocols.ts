/** What verification asks of a protocol: one record each, and the compiler holds the table complete. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { writtenNames } from '../base/unsupported.js';
import type { Equation, ProofNumbers } from './equation.js';
import { groth16Equation, readGroth16 } from './groth16.js';
import type { JsonObject } from './json.js';
import type { PreparedKeyOf, PreparedPoints } from './key.js';
import { mirageEquation, readMirage } from './mirage.js';
import type { Protocol } from './statement.js';

/** A proof that is read and in range; points and expectations are left. */
export interface OpenedProof {
  readonly signals: readonly bigint[];
  /** Of a proof that has one. */
  readonly context?: string;
  readonly numbers: ProofNumbers;
}

export interface VerifierProtocol<P extends Protocol> {
  /** Whether a proof says what it was made for. */
  readonly hasContext: boolean;
  /** `key`: a proof holds under one key digest alone, schema and model included. `points`: under any key with these points, whatever it says. */
  readonly boundTo: 'key' | 'points';
  /** Whether a proof as snarkjs writes it, without our frame, is one of this protocol. */
  readonly readsSnarkjs: boolean;
  readonly equation: (points: PreparedPoints[P]) => Equation;
  /** Everything before the points. Throws Refusal. */
  readonly read: (key: PreparedKeyOf<P>, publicSignals: unknown, proof: JsonObject) => OpenedProof;
}

export const VERIFIERS: { readonly [P in Protocol]: VerifierProtocol<P> } = {
  groth16: {
    hasContext: false,
    boundTo: 'points',
    readsSnarkjs: true,
    equation: groth16Equation,
    read: ({ points }, publicSignals, proof) => readGroth16(points, publicSignals, proof),
  },
  mirage: {
    hasContext: true,
    // The challenges are drawn from the digest.
    boundTo: 'key',
    readsSnarkjs: false,
    equation: mirageEquation,
    read({ points, facts }, publicSignals, proof) {
      const { context, ...read } = readMirage(points, facts.keyDigest, publicSignals, proof);
      return { ...read, context: `0x${bytesToHex(context)}` };
    },
  },
};

/** Protocols whose proofs say what they were made for. */
export function protocolsWithContext(): Protocol[] {
  return writtenNames(VERIFIERS).filter((name) => VERIFIERS[name].hasContext);
}

/** The key's side of the check. */
export function equationOf<P extends Protocol>({ protocol, points }: PreparedKeyOf<P>): Equation {
  return VERIFIERS[protocol].equation(points);
}

/** Every check of a proof before its points. Throws Refusal. */
export function openProof<P extends Protocol>(
  key: PreparedKeyOf<P>,
  publicSignals: unknown,
  proof: JsonObject,
): OpenedProof {
  return VERIFIERS[key.protocol].read(key, publicSignals, proof);
}
