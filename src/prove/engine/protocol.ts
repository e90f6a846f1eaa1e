/**
 * What proving asks of a protocol: one record each (groth16/protocol.ts, mirage/protocol.ts), one table (prove/protocols.ts). The steps around
 * it, from a sample to a checked proof, are the same for all. Uses no Node API.
 */
import type { Circuit } from '../../constraint/program.js';
import type { ByteSource } from '../../formats/iden3-container.js';
import type { KernelExports } from '../../kernels/module.js';
import type { Team } from '../../kernels/team.js';
import type { KeyBlock } from '../../verify/key.js';
import type { ProofFacts, ProofFrame } from '../../verify/proof.js';

/** Who proves: our kernels, or snarkjs as the independent second opinion. */
export type ProverName = 'kernels' | 'snarkjs';

/** The types of one protocol. */
export interface ProverParts {
  /** The points of a prepared verification key. */
  readonly points: unknown;
  /** A proving key that is open for reading, and what it says about itself, sizes checked. */
  readonly keyFile: { readonly info: unknown };
  /** A proving key in the kernels' memory. */
  readonly key: unknown;
  /** What a worker solves: nothing of it depends on a challenge. */
  readonly witness: unknown;
  /** A witness with what else one proof takes. */
  readonly job: unknown;
  /** The points of a proof, as its file shows them. */
  readonly proof: unknown;
  /** proof.json. */
  readonly file: ProofFrame;
  readonly phase: ProverPhase;
}

/** What a proof is bound to beside its public signals. */
export interface Statement {
  /** Of the verification key: "0x" and 64 hexadecimal digits. */
  readonly keyDigest: string;
  /** At most 32 bytes; empty for a protocol without contexts. */
  readonly context: Uint8Array;
}

/** What is known of a proof before there is one, for an estimate of its memory. The worst that fits the key where nothing is. */
export interface ExpectedWitness {
  readonly circuit?: Pick<Circuit, 'r1cs' | 'rounds'> | undefined;
  /** Values of full width. */
  readonly wide?: number | undefined;
}

/** What a proof's time goes to, in order; `commit` of mirage alone. */
export type ProverPhase = 'commit' | 'quotient' | 'sums';

/** `fraction` of the phase, 0 … 1; 0 when it begins. */
export type OnProverProgress<Phase extends ProverPhase = ProverPhase> = (phase: Phase, fraction: number) => void;

export interface ProverProtocol<T extends ProverParts> {
  /** Who can prove it; ours first. */
  readonly provers: readonly ProverName[];
  /** The phases of a proof, in order. */
  readonly phases: readonly T['phase'][];
  /** Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION. */
  readonly openKey: (source: ByteSource) => Promise<T['keyFile']>;
  /** Throws KEY_INVALID for a key whose proofs would not hide the inputs. `where` names the key. */
  readonly requireBlinding: (info: T['keyFile']['info'], where: string) => void;
  /** Throws KEY_MISMATCH for a key whose sizes are not the circuit's. */
  readonly requireFitting: (info: T['keyFile']['info'], where: string, circuit: Circuit) => void;
  /**
   * Throws KEY_MISMATCH for a key of another setup than the verification key, or that says another circuit or kind of setup of itself; and as
   * `requireBlinding`.
   */
  readonly requireSameSetup: (info: T['keyFile']['info'], where: string, points: T['points'], facts: KeyBlock) => void;
  /** Bytes that the process grows by over loading and proving, at most. */
  readonly memoryBytes: (
    exports: KernelExports,
    key: T['keyFile'],
    expected: ExpectedWitness,
    threads: number,
  ) => number;
  /** What helps where the kernels' memory does not suffice. */
  readonly memoryHelp: string;
  /** Into the team's memory. Throws what reading throws; RangeError where the memory cannot hold the key. */
  readonly loadKey: (team: Team, key: T['keyFile']) => Promise<T['key']>;
  readonly job: (
    circuit: Circuit,
    witness: T['witness'],
    publicSignals: readonly string[],
    statement: Statement,
  ) => T['job'];
  /** Throws KEY_MISMATCH for a witness of another circuit than the key. */
  readonly requireJob: (info: T['keyFile']['info'], job: T['job']) => void;
  /** One proof, with fresh blinding. An unsatisfying witness gives a proof that no verifier accepts. */
  readonly prove: (
    team: Team,
    key: T['key'],
    job: T['job'],
    onProgress: OnProverProgress<T['phase']>,
  ) => Promise<T['proof']>;
  /** `context`: "0x" and hexadecimal. Copies nothing else of the proof, whatever the prover left in it. */
  readonly file: (proof: T['proof'], publicSignals: readonly string[], context: string, facts: ProofFacts) => T['file'];
}
