/** A circuit as a pool keeps it. */
import type { Circuit } from '../../constraint/program.js';
import type { CircuitNames } from '../../formats/circuit-digest.js';

export interface LoadedCircuit {
  /** Its arrays are shared by all threads where memory can be. */
  readonly circuit: Circuit;
  readonly names: CircuitNames;
}
