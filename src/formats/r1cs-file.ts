/** Reading and writing .r1cs files (r1cs.ts). */
import type { R1cs } from '../constraint/r1cs.js';
import { writeChunksAtomically, type WriteOptions } from './atomic-write.js';
import { withFile } from './file-source.js';
import { r1csChunks, readR1cs } from './r1cs.js';

/** Writes the file; memory stays at one chunk however many coefficients there are. Throws OUTPUT_UNWRITABLE, ABORTED. */
export function writeR1csFile(file: string, r1cs: R1cs, options: WriteOptions = {}): Promise<void> {
  return writeChunksAtomically(file, r1csChunks(r1cs), options);
}

/** Reads any BN254 .r1cs without custom gates. Throws FILE_UNREADABLE, FORMAT_VERSION, ARTIFACT_INVALID. */
export function readR1csFile(file: string): Promise<R1cs> {
  return withFile(file, readR1cs);
}
