/** Writing .wtns files (wtns.ts). */
import { writeChunksAtomically, type WriteOptions } from './atomic-write.js';
import { wtnsChunks } from './wtns.js';

/** `values` as in `wtnsBytes`. Throws OUTPUT_UNWRITABLE, ABORTED. */
export function writeWtnsFile(file: string, values: Uint8Array, options: WriteOptions = {}): Promise<void> {
  return writeChunksAtomically(file, wtnsChunks(values), options);
}
