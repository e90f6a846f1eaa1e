/** Messages between `ProverPool` and its workers. A worker answers every request with `Answer<ProveReply>` (workers/answer.ts). */
import type { SnarkjsProof } from '../formats/snarkjs-json.js';
import type { MirageProof } from './engine/rounds-prover.js';
import type { RoundOneWitness } from './engine/rounds-witness.js';
import type { ClassifiedWitness } from './engine/witness.js';
import type { Circuit, TwoRoundCircuit } from './program.js';

/** Who proves: our kernels, or snarkjs as the independent second opinion. */
export type ProverName = 'kernels' | 'snarkjs';

export interface LoadedCircuit {
  /** Its arrays are shared by all threads where memory can be. */
  readonly circuit: Circuit;
  /** circuitHash of its constraint system. */
  readonly hash: string;
}

/** Integers by input name, one array for each input of the circuit; salts of committed tensors by name, in [0, r). */
export interface CircuitInputs {
  readonly inputs: Readonly<Record<string, Float64Array>>;
  readonly salts?: Readonly<Record<string, bigint>> | undefined;
}

export interface SolvedWitness {
  readonly witness: ClassifiedWitness;
  /** Integers of the output tensors by name: what a committed output's opening shows. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** Decimal strings: wires 1 … nPublic. */
  readonly publicSignals: readonly string[];
}

/** Of a circuit of two rounds: what is fixed before the challenges. */
export interface SolvedRoundOne extends Omit<SolvedWitness, 'witness'> {
  readonly witness: RoundOneWitness;
}

export interface Groth16Proof {
  readonly proof: SnarkjsProof;
  /** Decimal strings: wires 1 … nPublic. */
  readonly publicSignals: readonly string[];
}

/** Load a circuit file; solve a witness; or solve it and have snarkjs prove it. */
export type ProveTask =
  | { readonly kind: 'circuit'; readonly path: string }
  | ({ readonly kind: 'witness'; readonly circuit: Circuit } & CircuitInputs)
  | ({ readonly kind: 'round-one'; readonly circuit: TwoRoundCircuit } & CircuitInputs)
  | ({ readonly kind: 'snarkjs'; readonly circuit: Circuit; readonly zkeyPath: string } & CircuitInputs);

export interface ProveReplies {
  readonly circuit: LoadedCircuit;
  readonly witness: SolvedWitness;
  readonly 'round-one': SolvedRoundOne;
  readonly snarkjs: Groth16Proof & Pick<SolvedWitness, 'outputs'>;
}

/**
 * `load`: circuit and key; `queue`: waiting for the proof before it; `commit`: of mirage, C1 and the challenges; `quotient` and `sums`: the
 * prover's two halves; `prove`: the whole of snarkjs, which tells no more.
 */
export type ProvePhase = 'load' | 'witness' | 'queue' | 'commit' | 'quotient' | 'sums' | 'prove';

/** How far a proof is. */
export interface ProveProgress {
  readonly phase: ProvePhase;
  /** Of this phase, 0 … 1. */
  readonly fraction: number;
}

export interface ProveResult {
  /** Of the circuit's protocol. */
  readonly proof: SnarkjsProof | MirageProof;
  /** Decimal strings: wires 1 … nPublic, or the packed public values of mirage. */
  readonly publicSignals: readonly string[];
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** Wall-clock milliseconds by phase; `load` is near 0 when the pool had circuit and key already. */
  readonly timingsMs: Readonly<Partial<Record<ProvePhase, number>>> & { readonly total: number };
  /** Highest resident memory of the whole process so far, all workers included. */
  readonly peakMemoryBytes: number;
}
