/** A .zkey into a memory that all workers of a pool share. */
import { withFile } from '../../formats/file-source.js';
import type { KernelPool } from '../../pool/kernel-team.js';
import { poolHost } from '../engine/key-team.js';
import type { ExpectedWitness } from '../engine/protocol.js';
import { ProvingKey } from '../engine/proving-key.js';
import { GROTH16_PROVER, type Groth16Parts } from './protocol.js';
import { storedKeyOf } from './stored-key-file.js';

export interface ZkeyLoadOptions {
  /** Refused beforehand if the estimate for the whole process is over. */
  readonly maxMemoryBytes?: number | undefined;
  readonly expected?: ExpectedWitness | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** From the stored form beside it, where that serves. Throws as `ProvingKey.load`. The pool's owner closes the pool. */
export function loadZkey(
  zkeyPath: string,
  pool: KernelPool,
  { maxMemoryBytes, ...options }: ZkeyLoadOptions = {},
): Promise<ProvingKey<Groth16Parts>> {
  return withFile(zkeyPath, (source) =>
    ProvingKey.load(GROTH16_PROVER, source, poolHost(pool, maxMemoryBytes), {
      ...options,
      stored: storedKeyOf(zkeyPath, source),
    }),
  );
}
