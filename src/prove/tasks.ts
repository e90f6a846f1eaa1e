/** Messages between `ProverPool` and its workers. A worker answers every request with `Answer<ProveResult>` (workers/answer.ts). */
import type { Groth16Proof } from './groth16.js';

/** Who proves: our kernels, or snarkjs as the independent second opinion. */
export type ProverName = 'kernels' | 'snarkjs';

export interface ProveRequest {
  readonly kind: 'prove';
  /** Default: our kernels. */
  readonly prover?: ProverName | undefined;
  /** circuit.bin and .zkey of one artifact. */
  readonly circuitPath: string;
  readonly zkeyPath: string;
  /** Integers by input name, one array for each input of the circuit. */
  readonly inputs: Readonly<Record<string, Float64Array>>;
  /** Salts of committed tensors by name, in [0, r). */
  readonly salts?: Readonly<Record<string, bigint>> | undefined;
}

export type ProvePhase = 'load' | 'witness' | 'prove';

export interface ProveProgress {
  readonly phase: ProvePhase;
  /** Of this phase, 0 … 1. */
  readonly fraction: number;
}

export interface ProveResult extends Groth16Proof {
  /** Integers of the output tensors by name: what a committed output's opening shows. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  /** Wall-clock milliseconds by phase; `load` is near 0 when the worker had the circuit already. */
  readonly timingsMs: Readonly<Record<ProvePhase | 'total', number>>;
  /** Highest resident memory of the whole process so far, all workers included. */
  readonly peakMemoryBytes: number;
}
