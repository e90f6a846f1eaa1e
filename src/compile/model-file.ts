/** The model's file: its bytes, and the hash that a manifest names it by. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { decodeModel, externalFiles, externalLocations, MAX_MODEL_BYTES } from '../formats/onnx-proto.js';
import type { Manifest } from '../formats/manifest.js';
import { openRegular, readRegular, regularChunks } from '../formats/regular-file.js';
import type { CompileOptions } from './options.js';
import { preparing, type PreparedModel } from './prepare.js';
import type { AsyncWork } from './stages.js';

/** The model's name and hash, as manifests have them. */
export interface ModelSource {
  /** Base name of the file; `model.onnx`, as in an artifact, for a model given as bytes. */
  readonly file: string;
  readonly hash: string;
}

/** Reads and imports the model at a path, or in bytes that hold all of it. */
export async function* readingModel(
  model: string | Uint8Array,
  options: Pick<CompileOptions, 'inputShapes' | 'softmax'>,
): AsyncWork<{ readonly source: ModelSource; readonly prepared: PreparedModel }> {
  const bytes = typeof model === 'string' ? await readModel(model) : model;
  yield 0;
  if (typeof model !== 'string') requireWhole(bytes);
  const externalDir = typeof model === 'string' ? path.dirname(model) : undefined;
  const prepared = yield* preparing(bytes, { ...options, ...(externalDir === undefined ? {} : { externalDir }) });
  const file = typeof model === 'string' ? path.basename(model) : 'model.onnx';
  return { source: { file, hash: await modelHash(bytes, externalDir) }, prepared };
}

function requireWhole(bytes: Uint8Array): void {
  const [location] = externalLocations(decodeModel(bytes));
  if (location === undefined) return;
  throw new ZkonnxError(
    'EXTERNAL_DATA_MISSING',
    'the model keeps values in other files, and only its own bytes were given',
    {
      where: location,
      help: 'give the path of the model, or save it as one file (onnx.save(..., save_as_external_data=False))',
    },
  );
}

/**
 * A byte that begins no ONNX file (in protobuf a field of no known wire type), so that no file by itself has the hash of a model with external data.
 */
const EXTERNAL_PREFIX = Buffer.concat([Buffer.from([0x7f]), Buffer.from('zkonnx model v2\n')]);

/**
 * The model's name: SHA-256 of the ONNX file. Of a model with external data SHA-256 of 0x7f, "zkonnx model v2\n", the SHA-256 of the ONNX file, the
 * number of external files u32, and for each, in the order of their locations (by UTF-16 code unit): bytes of the location u32, the location in
 * UTF-8, bytes of the file u64, its SHA-256. Throws FILE_UNREADABLE, EXTERNAL_DATA_MISSING.
 */
export async function modelHash(bytes: Uint8Array, externalDir: string | undefined): Promise<string> {
  const files = externalDir === undefined ? [] : externalFiles(decodeModel(bytes), externalDir);
  const own = createHash('sha256').update(bytes).digest();
  if (files.length === 0) return `sha256:${own.toString('hex')}`;
  const hash = createHash('sha256').update(EXTERNAL_PREFIX).update(own).update(u32(files.length));
  for (const { location, file } of files) {
    const name = Buffer.from(location, 'utf8');
    const { size, digest } = await hashFile(file);
    hash.update(u32(name.length)).update(name).update(u64(size)).update(digest);
  }
  return `sha256:${hash.digest('hex')}`;
}

async function hashFile(file: string): Promise<{ readonly size: number; readonly digest: Buffer }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of regularChunks(file)) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { size, digest: hash.digest() };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/**
 * Throws FILE_UNREADABLE where the model or a file of its external data is no regular file: before they are given to who would wait for a pipe
 * for ever.
 */
export async function requireRegularModel(modelPath: string): Promise<void> {
  const external = externalFiles(decodeModel(await readModel(modelPath)), path.dirname(modelPath));
  for (const { file } of external) await (await openRegular(file)).close();
}

/**
 * Throws ARTIFACT_INVALID where the model is not the one that a manifest names. Of one with external data a manifest of formatVersion 1 has
 * another hash, which is not compared.
 */
export async function requireNamedModel(
  modelPath: string,
  { formatVersion, model }: Pick<Manifest, 'formatVersion' | 'model'>,
): Promise<void> {
  const bytes = await readModel(modelPath);
  const folder = path.dirname(modelPath);
  if (formatVersion === 1 && externalFiles(decodeModel(bytes), folder).length > 0) return;
  const hash = await modelHash(bytes, folder);
  if (hash === model.hash) return;
  throw new ZkonnxError('ARTIFACT_INVALID', 'the model in the folder is not the one that the manifest names', {
    expected: model.hash,
    got: hash,
    where: modelPath,
    help: 'put the model back that was compiled, or compile again',
  });
}

/** The bytes of the file. Throws FILE_TOO_LARGE, FILE_UNREADABLE. */
export async function readModel(modelPath: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(modelPath);
    if (size > MAX_MODEL_BYTES) {
      throw new ZkonnxError('FILE_TOO_LARGE', 'the model file is too large', {
        expected: `at most ${MAX_MODEL_BYTES} bytes`,
        got: `${size}`,
        where: modelPath,
      });
    }
    return await readRegular(modelPath);
  } catch (cause) {
    if (cause instanceof ZkonnxError) throw cause;
    throw new ZkonnxError('FILE_UNREADABLE', 'cannot read the model', {
      where: modelPath,
      got: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
