/** Files as sources of bytes for the readers of this folder, which themselves use no Node API. */
import { open } from 'node:fs/promises';
import { ZkonnxError } from '../base/errors.js';
import type { ByteSource } from './iden3-container.js';

/** Opens `file` for `use` and closes it. Throws FILE_UNREADABLE. */
export async function withFile<T>(file: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const unreadable = (cause: unknown): ZkonnxError =>
    new ZkonnxError('FILE_UNREADABLE', 'cannot read the file', {
      got: cause instanceof Error ? cause.message : String(cause),
      where: file,
      cause,
    });
  const handle = await open(file, 'r').catch((cause: unknown) => Promise.reject(unreadable(cause)));
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw unreadable(new Error('not a regular file'));
    const readInto = async (offset: number, target: Uint8Array): Promise<void> => {
      for (let done = 0; done < target.length;) {
        const { bytesRead } = await handle
          .read(target, done, target.length - done, offset + done)
          .catch((cause: unknown) => Promise.reject(unreadable(cause)));
        if (bytesRead === 0) throw unreadable(new Error('the file became shorter while it was read'));
        done += bytesRead;
      }
    };
    return await use({
      name: file,
      size: stat.size,
      readInto,
      async read(offset, length) {
        const bytes = new Uint8Array(length);
        await readInto(offset, bytes);
        return bytes;
      },
    });
  } finally {
    await handle.close();
  }
}
