/** Messages between `ProverPool` and its workers. A worker answers every request with `Answer<ProveReply>` (src/pool/answer.ts). */
import type { Circuit } from '../constraint/program.js';
import type { KernelReply, KernelRequest } from '../pool/kernel-request.js';
import type { CurveProtocol } from '../verify/key-points.js';
import type { Protocol } from '../verify/statement.js';
import type { RelationPhase } from './clear/relation-prover.js';
import type { LoadedCircuit } from './engine/loaded-circuit.js';
import type { ProverPhase } from './engine/protocol.js';
import type { Groth16Proof } from './groth16/prover.js';
import type { Parts, Proofs } from './protocols.js';

export type { ProverName, ProverPhase } from './engine/protocol.js';

/** Integers by input name, one array for each input of the circuit; salts of committed tensors by name, in [0, r). */
export interface CircuitInputs {
  readonly inputs: Readonly<Record<string, Float64Array>>;
  readonly salts?: Readonly<Record<string, bigint>> | undefined;
}

export interface SolvedWitness<P extends CurveProtocol = CurveProtocol> {
  readonly witness: Parts[P]['witness'];
  /** Integers of the output tensors by name: what a committed output's opening shows. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** Decimal strings: the packed public values. */
  readonly publicSignals: readonly string[];
  /** Whether a value left its calibrated range and was clamped; null where the statement does not say. */
  readonly clamped: boolean | null;
}

/** Load a circuit, from a path or from the file's bytes; solve a witness; or solve it and have snarkjs prove it. */
export type ProveTask =
  | { readonly kind: 'circuit'; readonly source: string | Uint8Array }
  | ({ readonly kind: 'witness'; readonly protocol: CurveProtocol; readonly circuit: Circuit } & CircuitInputs)
  | ({ readonly kind: 'snarkjs'; readonly circuit: Circuit; readonly zkey: string | Uint8Array } & CircuitInputs);

export interface ProveReplies {
  readonly circuit: LoadedCircuit;
  readonly witness: SolvedWitness;
  readonly snarkjs: Groth16Proof & Pick<SolvedWitness, 'outputs' | 'clamped'>;
}

/** What a worker is asked: a kernel task or one of ours. */
export type ProveWorkerRequest = KernelRequest | ProveTask;
export type ProveWorkerReply = ProveReplies[ProveTask['kind']] | KernelReply;

export type { RelationPhase };

/**
 * `load`: circuit and key; `queue`: waiting for the proof before it; `commit`: of mirage, C1 and the challenges, of clear the cells' matrix; `quotient` and `sums`: the
 * halves of a prover over the curve; `constraints`, `lookups` and `opening`: the steps of clear's argument; `prove`: the whole of snarkjs, which tells no more.
 */
export type ProvePhase = 'load' | 'witness' | 'queue' | ProverPhase | RelationPhase | 'prove';

/** How far a proof is. */
export interface ProveProgress {
  readonly phase: ProvePhase;
  /** Of this phase, 0 … 1. */
  readonly fraction: number;
}

/** Wall-clock milliseconds by phase. */
export type ProveTimings = Readonly<Partial<Record<ProvePhase, number>>> & { readonly total: number };

export interface ProveResult<P extends Protocol = Protocol> {
  readonly proof: Proofs[P]['proof'];
  /** Decimal strings: wires 1 … nPublic, or the packed public values of mirage. */
  readonly publicSignals: readonly string[];
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly clamped: boolean | null;
  readonly timingsMs: ProveTimings;
}
