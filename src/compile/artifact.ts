/** Writes an artifact folder: circuit, model and its external data, accuracy report, and last the manifest, so that a folder with a manifest is whole. */
import { copyFile, mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { writeFileAtomically } from '../formats/atomic-write.js';
import { writeCircuitFile } from '../formats/circuit-file.js';
import { artifactPaths, keyPaths } from '../formats/manifest.js';
import { decodeModel, externalFiles } from '../formats/onnx-proto.js';
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
  for (const stale of [paths.manifest, ...keyPaths(dir)]) await rm(stale, { force: true });
  await writeCircuitFile(paths.circuit, compiled.circuit, options);
  await copyAtomically(modelPath, paths.model);
  const model = decodeModel(await readFile(modelPath));
  for (const { location, file } of externalFiles(model, path.dirname(modelPath))) {
    const target = path.join(dir, location);
    if ([...Object.values(paths), ...keyPaths(dir)].includes(target)) {
      throw new ZkonnxError('OUTPUT_UNWRITABLE', 'a file of the model has the name of a file of the artifact', {
        where: location,
        help: 'save the model with its external data under another name',
      });
    }
    await mkdir(path.dirname(target), { recursive: true });
    await copyAtomically(file, target);
  }
  await writeFileAtomically(paths.accuracy, `${JSON.stringify(compiled.accuracy, null, 2)}\n`, options);
  await writeFileAtomically(paths.manifest, `${JSON.stringify(compiled.manifest, null, 2)}\n`, options);
}

async function copyAtomically(from: string, to: string): Promise<void> {
  const temporary = `${to}.tmp-${process.pid}`;
  await copyFile(from, temporary);
  await rename(temporary, to);
}
