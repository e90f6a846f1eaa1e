/** A circuit as a pool keeps it. */
import type { Circuit } from '../../constraint/program.js';

export interface LoadedCircuit {
  /** Its arrays are shared by all threads where memory can be. */
  readonly circuit: Circuit;
  /** circuitHash of its constraint system. */
  readonly hash: string;
}
