/** circuit.bin (circuit.ts) by path, with Node's SHA-256. */
import { createHash } from 'node:crypto';
import type { Circuit } from '../constraint/program.js';
import { writeChunksAtomically, type WriteOptions } from './atomic-write.js';
import { circuitChunks, readCircuit } from './circuit.js';
import { circuitNames, type CircuitNames } from './circuit-digest.js';
import { withFile } from './file-source.js';

const sha256 = () => createHash('sha256');

/** `circuitNames`, which says what they name. */
export function namesOf(circuit: Circuit): CircuitNames {
  return circuitNames(circuit, sha256);
}

/** Throws OUTPUT_UNWRITABLE, ABORTED. */
export function writeCircuitFile(file: string, circuit: Circuit, options: WriteOptions = {}): Promise<void> {
  return writeChunksAtomically(file, circuitChunks(circuit, sha256), options);
}

/** Reads and checks a circuit. Throws FILE_UNREADABLE, FORMAT_VERSION, ARTIFACT_INVALID. */
export function readCircuitFile(file: string): Promise<Circuit> {
  return withFile(file, (source) => readCircuit(source, sha256));
}
