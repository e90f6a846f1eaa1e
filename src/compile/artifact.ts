/**
 * Writes an artifact folder: circuit, model and its external data, accuracy report, and last the manifest. They appear together, when all are
 * whole; where it ends between two renames, the manifest names another circuit, and every command says so.
 */
import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { keyFiles, keyMisfit, keysExist } from '../formats/artifact-keys.js';
import { ArtifactLock } from '../formats/artifact-lock.js';
import { writeFileAtomically } from '../formats/atomic-write.js';
import { artifactPaths, keyPaths } from '../formats/manifest.js';
import { decodeModel, externalFiles } from '../formats/onnx-proto.js';
import { makeFolder } from '../formats/make-folder.js';
import { OutputSet } from '../formats/output-set.js';
import { readRegular, regularChunks } from '../formats/regular-file.js';
import type { Protocol } from '../verify/statement.js';
import type { CompiledModel } from './compile.js';
import { modelHash, readModel } from './model-file.js';
import { DEFAULT_PROTOCOL } from './options.js';

/** How an artifact is written. */
export interface WriteArtifactOptions {
  readonly signal?: AbortSignal | undefined;
  /** Remove keys of another circuit that are in the folder. Without it they are a KEYS_EXIST error, and nothing is written. */
  readonly force?: boolean | undefined;
}

interface LockedOptions extends WriteArtifactOptions {
  /** The folder's lock, where the caller has it. By default it is taken for as long as the files are written. */
  readonly lock?: ArtifactLock | undefined;
}

/** Paths of the key files that were in the folder. One of the lists is empty. */
export interface ArtifactKeys {
  /** They are of this circuit, model and schema, and go on to serve. */
  readonly kept: readonly string[];
  /** They were of another; `force` was given. */
  readonly removed: readonly string[];
}

/**
 * Writes the artifact into `dir`, which is made where it is missing; `model` is what was compiled, a path or bytes. What an artifact in the folder had
 * is replaced, keys are kept if circuit, model and schema are equal.
 * Throws KEYS_EXIST, ARTIFACT_LOCKED where another process writes there, OUTPUT_UNWRITABLE, ABORTED, FILE_UNREADABLE: then the folder is as it was.
 */
export async function writeArtifact(
  dir: string,
  compiled: CompiledModel,
  model: string | Uint8Array,
  { lock, ...options }: LockedOptions = {},
): Promise<ArtifactKeys> {
  if (lock !== undefined) return writeLocked(dir, lock, compiled, model, options);
  await makeFolder(dir);
  await using own = await ArtifactLock.take(dir, 'compile', { signal: options.signal });
  return await writeLocked(dir, own, compiled, model, options);
}

async function writeLocked(
  dir: string,
  lock: ArtifactLock,
  compiled: CompiledModel,
  model: string | Uint8Array,
  { signal, force = false }: WriteArtifactOptions,
): Promise<ArtifactKeys> {
  const { protocol, circuit, schema } = compiled.manifest;
  const keys = await keyFiles(dir);
  const facts = { protocol, modelHash: compiled.manifest.model.hash, circuitHash: circuit.hash, schema };
  const misfit = await keyMisfit(dir, keys, facts);
  if (misfit !== undefined && !force) throw keysWouldGo(dir, keys, misfit);

  await using outputs = new OutputSet();
  const options = { signal, within: outputs };
  const paths = artifactPaths(dir);
  await compiled.product.write(dir, options);
  for (const { from, to } of await modelFiles(dir, model)) await copy(from, to, options);
  await writeFileAtomically(paths.accuracy, `${JSON.stringify(compiled.accuracy, null, 2)}\n`, options);
  await writeFileAtomically(paths.manifest, `${JSON.stringify(compiled.manifest, null, 2)}\n`, options);
  if (misfit !== undefined) for (const file of keys) outputs.remove(file);
  await lock.requireHeld();
  await outputs.commit();
  return misfit === undefined ? { kept: keys, removed: [] } : { kept: [], removed: keys };
}

/**
 * Throws KEYS_EXIST, before a model is compiled, where `dir` has keys of another model or protocol: whatever circuit comes out, it is not
 * theirs. Keys that may fit are for `writeArtifact` to judge.
 */
export async function requireKeysOf(
  dir: string,
  modelPath: string,
  { protocol = DEFAULT_PROTOCOL }: { readonly protocol?: Protocol | undefined } = {},
): Promise<void> {
  const keys = await keyFiles(dir);
  if (keys.length === 0) return;
  const facts = { protocol, modelHash: await modelHash(await readModel(modelPath), path.dirname(modelPath)) };
  const misfit = await keyMisfit(dir, keys, facts);
  if (misfit !== undefined) throw keysWouldGo(dir, keys, misfit);
}

function keysWouldGo(dir: string, keys: readonly string[], misfit: string): ZkonnxError {
  return keysExist(
    dir,
    keys,
    `the folder has keys of another ${misfit}, which compiling would remove`,
    'compile into another folder; or move the keys away, or add --force (force: true) to remove them: proofs made with them verify with their verification_key.json alone',
  );
}

/** The model and its external data, and where they go. Throws OUTPUT_UNWRITABLE for a name that is taken. */
async function modelFiles(
  dir: string,
  model: string | Uint8Array,
): Promise<{ readonly from: string | Uint8Array; readonly to: string }[]> {
  const paths = artifactPaths(dir);
  // Bytes were compiled, so they hold all of the model.
  if (typeof model !== 'string') return [{ from: model, to: paths.model }];
  const external = externalFiles(decodeModel(await readRegular(model)), path.dirname(model)).map(
    ({ location, file }) => {
      const to = path.join(dir, location);
      if ([...Object.values(paths), ...keyPaths(dir)].includes(to)) {
        throw new ZkonnxError('OUTPUT_UNWRITABLE', 'a file of the model has the name of a file of the artifact', {
          where: location,
          help: 'save the model with its external data under another name',
        });
      }
      return { from: file, to };
    },
  );
  return [{ from: model, to: paths.model }, ...external];
}

/** A file that is there already, by itself or by a link, stays. Throws OUTPUT_UNWRITABLE for a link to another: it may be a model's only copy. */
async function copy(
  from: string | Uint8Array,
  to: string,
  options: { signal: AbortSignal | undefined; within: OutputSet },
) {
  await makeFolder(path.dirname(to));
  const there = await realpath(to).catch(() => undefined);
  if (typeof from === 'string' && there !== undefined && there === (await realpath(from))) return;
  if ((await lstat(to).catch(() => undefined))?.isSymbolicLink() === true) {
    throw new ZkonnxError(
      'OUTPUT_UNWRITABLE',
      'the model in the folder is a link to another file, which would be lost',
      {
        got: there ?? 'a file that is not there',
        where: to,
        help: 'remove the link, or compile into another folder',
      },
    );
  }
  if (typeof from !== 'string') {
    await writeFileAtomically(to, from, options);
    return;
  }
  await writeFileAtomically(
    to,
    async (output) => {
      for await (const chunk of regularChunks(from)) await output.write(chunk);
    },
    options,
  );
}
