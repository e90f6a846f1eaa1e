/** The model's file: its bytes, and the hash that a manifest names it by. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { ZkonnxError } from '../base/errors.js';
import { decodeModel, externalFiles, MAX_MODEL_BYTES } from '../formats/onnx-proto.js';

/** SHA-256 of the ONNX file and, behind it, of its external data files in the order of their locations. */
export async function modelHash(bytes: Uint8Array, externalDir: string): Promise<string> {
  const hash = createHash('sha256').update(bytes);
  for (const { file } of externalFiles(decodeModel(bytes), externalDir)) hash.update(await readFile(file));
  return `sha256:${hash.digest('hex')}`;
}

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
    return await readFile(modelPath);
  } catch (cause) {
    if (cause instanceof ZkonnxError) throw cause;
    throw new ZkonnxError('FILE_UNREADABLE', 'cannot read the model', {
      where: modelPath,
      got: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}
