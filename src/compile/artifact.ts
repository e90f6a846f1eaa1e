/** Writes an artifact folder: circuit, model, accuracy report, and last the manifest, so that a folder with a manifest is whole. */
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { ZkonnxError } from '../errors.js';
import { writeFileAtomically } from '../formats/atomic-write.js';
import { writeCircuitFile } from '../formats/circuit-file.js';
import { artifactPaths } from '../formats/manifest.js';
import type { CompiledModel } from './compile.js';

/** Keys of an earlier circuit in the same folder are removed: they belong to what is being replaced. */
export async function writeArtifact(
  dir: string,
  compiled: CompiledModel,
  modelPath: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const paths = artifactPaths(dir);
  try {
    await mkdir(dir, { recursive: true });
  } catch (cause) {
    throw new ZkonnxError('OUTPUT_UNWRITABLE', 'cannot create the artifact folder', {
      where: dir,
      got: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  for (const stale of [paths.manifest, paths.provingKey, paths.verificationKey]) await rm(stale, { force: true });
  await writeCircuitFile(paths.circuit, compiled.circuit, options);
  const temporary = `${paths.model}.tmp-${process.pid}`;
  await copyFile(modelPath, temporary);
  await rename(temporary, paths.model);
  await writeFileAtomically(paths.accuracy, `${JSON.stringify(compiled.accuracy, null, 2)}\n`, options);
  await writeFileAtomically(paths.manifest, `${JSON.stringify(compiled.manifest, null, 2)}\n`, options);
}
