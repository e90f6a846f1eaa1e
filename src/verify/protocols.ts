/** What verification asks of a protocol: one record each, and the compiler holds the table complete. */
import { bytesToHex } from '@noble/hashes/utils.js';
import { writtenNames } from '../base/unsupported.js';
import type { Unwritten } from '../base/unsupported.js';
import type { ArithmeticName } from './clear/arithmetic-choice.js';
import { clearJudge } from './clear/judge.js';
import { NOT_REVIEWED } from './clear/key.js';
import { readClearProof, type ClearEvidence } from './clear/proof-file.js';
import type { Equation, ProofNumbers } from './equation.js';
import { groth16Equation, readGroth16 } from './groth16.js';
import type { JsonObject } from './json.js';
import type { Judge } from './judge.js';
import type { PreparedKeyOf } from './key.js';
import type { CurveProtocol, PreparedPoints } from './key-points.js';
import { mirageEquation, readMirage } from './mirage.js';
import { pairingJudge } from './pairing-judge.js';
import type { Protocol } from './statement.js';

interface WrittenEvidence {
  readonly groth16: ProofNumbers;
  readonly mirage: ProofNumbers;
  readonly clear: ClearEvidence;
}

/** By protocol: what of a proof that is read and in range is left to judge. */
export interface Evidences extends WrittenEvidence, Unwritten<Protocol, WrittenEvidence, unknown> {}

/** A proof that is read and in range; its evidence and expectations are left. */
export interface OpenedProof<E = Evidences[Protocol]> {
  readonly signals: readonly bigint[];
  /** Of a proof that has one. */
  readonly context?: string;
  readonly evidence: E;
}

export interface VerifierProtocol<P extends Protocol> {
  /** Whether a proof says what it was made for. */
  readonly hasContext: boolean;
  /** `key`: a proof holds under one key digest alone, schema and model included. `points`: under any key with these points, whatever it says. */
  readonly boundTo: 'key' | 'points';
  /** Whether a proof as snarkjs writes it, without our frame, is one of this protocol. */
  readonly readsSnarkjs: boolean;
  /** What nobody has looked at; shown with every proof. */
  readonly review?: string;
  /** Throws ZkonnxError USAGE for an arithmetic that does not run here, where the protocol has two. */
  readonly judge: (key: PreparedKeyOf<P>, arithmetic?: ArithmeticName) => Judge<Evidences[P]>;
  /** Everything before the judge. Throws Refusal. */
  readonly read: (key: PreparedKeyOf<P>, publicSignals: unknown, proof: JsonObject) => OpenedProof<Evidences[P]>;
}

/** The key's side of the pairing equation. */
export const EQUATIONS: { readonly [P in CurveProtocol]: (points: PreparedPoints[P]) => Equation } = {
  groth16: groth16Equation,
  mirage: mirageEquation,
};

export const VERIFIERS: { readonly [P in Protocol]: VerifierProtocol<P> } = {
  groth16: {
    hasContext: false,
    boundTo: 'points',
    readsSnarkjs: true,
    judge: ({ body }) => pairingJudge(EQUATIONS.groth16(body)),
    read({ body }, publicSignals, proof) {
      const { signals, numbers } = readGroth16(body, publicSignals, proof);
      return { signals, evidence: numbers };
    },
  },
  mirage: {
    hasContext: true,
    // The challenges are drawn from the digest.
    boundTo: 'key',
    readsSnarkjs: false,
    judge: ({ body }) => pairingJudge(EQUATIONS.mirage(body)),
    read({ body, facts }, publicSignals, proof) {
      const { context, signals, numbers } = readMirage(body, facts.keyDigest, publicSignals, proof);
      return { signals, context: `0x${bytesToHex(context)}`, evidence: numbers };
    },
  },
  clear: {
    hasContext: true,
    boundTo: 'key',
    readsSnarkjs: false,
    review: NOT_REVIEWED,
    judge: ({ body, facts }, arithmetic) => clearJudge(body, facts.keyDigest, arithmetic),
    read({ body, facts }, publicSignals, proof) {
      const { signals, ...evidence } = readClearProof(body, facts.schema, publicSignals, proof);
      return { signals, context: `0x${bytesToHex(evidence.statement.context)}`, evidence };
    },
  },
};

/** Protocols whose proofs say what they were made for. */
export function protocolsWithContext(): Protocol[] {
  return writtenNames(VERIFIERS).filter((name) => VERIFIERS[name].hasContext);
}

/** The key's side of the pairing equation, of a key over the curve. */
export function equationOf<P extends CurveProtocol>({ protocol, body }: PreparedKeyOf<P>): Equation {
  const points: PreparedPoints[P] = body;
  return EQUATIONS[protocol](points);
}

export function judgeOf<P extends Protocol>(key: PreparedKeyOf<P>, arithmetic?: ArithmeticName): Judge<Evidences[P]> {
  return VERIFIERS[key.protocol].judge(key, arithmetic);
}

/** Every check of a proof before its evidence is judged. Throws Refusal. */
export function openProof<P extends Protocol>(
  key: PreparedKeyOf<P>,
  publicSignals: unknown,
  proof: JsonObject,
): OpenedProof<Evidences[P]> {
  return VERIFIERS[key.protocol].read(key, publicSignals, proof);
}
