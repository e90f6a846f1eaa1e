/** Opening an artifact of protocol `clear` where there are files and worker threads. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { withFile } from '../formats/file-source.js';
import { STORED_WEIGHTS } from '../formats/manifest.js';
import { readRegular } from '../formats/regular-file.js';
import type { PreparedKeyOf } from '../verify/key.js';
import { openClear } from './clear-host.js';
import { PoolCrew } from './clear-pool.js';
import { MAX_PROGRAM_BYTES } from './clear/program.js';
import type { WithStoredCode } from './clear/stored-weights.js';
import type { DeclaredDomains } from './declared-domains.js';
import type { OpenProverOptions, Prover } from './prover.js';

/** `program`: its path, or its bytes. Throws FILE_UNREADABLE, and what `openClear` throws. */
export async function openClearFiles(
  program: string | Uint8Array,
  key: PreparedKeyOf<'clear'>,
  options: OpenProverOptions,
  declared: DeclaredDomains,
): Promise<Prover> {
  const isPath = typeof program === 'string';
  const bytes = isPath ? await readRegular(program, MAX_PROGRAM_BYTES) : program;
  const where = isPath ? program : 'circuit';
  const stored = isPath ? storedBeside(program) : undefined;
  return openClear(bytes, key, where, new PoolCrew(options), options, declared, stored);
}

/** The code of the weights beside a program. A file that cannot be read is as none: the weights are encoded then. */
function storedBeside(program: string): WithStoredCode {
  const file = path.join(path.dirname(program), STORED_WEIGHTS);
  return async (use) => {
    const isThere = await stat(file).then(
      (found) => found.isFile(),
      () => false,
    );
    return isThere ? withFile(file, use) : undefined;
  };
}
