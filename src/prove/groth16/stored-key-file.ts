/** The kernels' form of a proving key (stored-key.ts) as a file beside the .zkey. It saves time only: without it the .zkey is converted. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { ZkonnxError } from '../../base/errors.js';
import { writeChunksAtomically, type WriteOptions } from '../../formats/atomic-write.js';
import { withFile } from '../../formats/file-source.js';
import type { ByteSource } from '../../formats/iden3-container.js';
import { openZkeyReader, type ZkeyReader, type ZkeyVerifierPart } from '../../formats/zkey.js';
import { instantiateKernels, type Kernels } from '../../kernels/module.js';
import { SoloTeam } from '../../kernels/team.js';
import { loadEngineKey, type EngineKey } from './kernel-key.js';
import { loadStoredKey, storedKeyChunks } from './stored-key.js';

export const storedKeyPath = (zkeyPath: string): string => `${zkeyPath}.kernels`;

/** What tells keys apart: sizes, the hash over the lists of points, and the points that contributions change. */
export function keyIdentity({ size }: ByteSource, { points, ic, csHash, contributions }: ZkeyVerifierPart): Uint8Array {
  const hash = createHash('sha256').update(JSON.stringify([size, contributions]));
  for (const part of [csHash, ...Object.values(points), ic]) hash.update(part);
  return hash.digest();
}

/** The stored key; undefined if there is none, it is another key's or an older version's, or it is damaged: then the .zkey serves. */
export async function readStoredKey(
  kernels: Kernels,
  zkeyPath: string,
  identity: Uint8Array,
  part: ZkeyVerifierPart,
): Promise<EngineKey | undefined> {
  const file = storedKeyPath(zkeyPath);
  const isThere = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isThere) return undefined;
  const mark = kernels.heap.mark();
  try {
    const key = await withFile(file, (source) => loadStoredKey(kernels, source, identity, part));
    if (key === undefined) kernels.heap.release(mark);
    return key;
  } catch (error) {
    if (!(error instanceof ZkonnxError)) throw error;
    kernels.heap.release(mark);
    return undefined;
  }
}

/** For the loading of the key at `zkeyPath`, which `source` reads: the stored key, if it serves. */
export function storedKeyOf(zkeyPath: string, source: ByteSource) {
  return (kernels: Kernels, { info }: ZkeyReader): Promise<EngineKey | undefined> =>
    readStoredKey(kernels, zkeyPath, keyIdentity(source, info), info);
}

/**
 * Converts the .zkey, or what will be it and is at `from` now, and writes the result beside it. Throws FILE_UNREADABLE, KEY_INVALID,
 * OUTPUT_UNWRITABLE, ABORTED.
 */
export async function writeStoredKey(
  zkeyPath: string,
  { from = zkeyPath, ...options }: WriteOptions & { readonly from?: string } = {},
): Promise<string> {
  const file = storedKeyPath(zkeyPath);
  await withFile(from, async (source) => {
    const reader = await openZkeyReader(source);
    const kernels = await instantiateKernels();
    const key = await loadEngineKey(new SoloTeam(kernels), reader);
    await writeChunksAtomically(file, storedKeyChunks(kernels, key, keyIdentity(source, reader.info)), options);
  });
  return file;
}
