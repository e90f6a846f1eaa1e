/** Files as sources of bytes for the readers of this folder, which themselves use no Node API. */
import type { ByteSource } from './iden3-container.js';
import { openRegular, unreadable } from './regular-file.js';

/** Opens `file` for `use` and closes it. Throws FILE_UNREADABLE. */
export async function withFile<T>(file: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const handle = await openRegular(file);
  try {
    const stat = await handle.stat();
    const readInto = async (offset: number, target: Uint8Array): Promise<void> => {
      for (let done = 0; done < target.length;) {
        const { bytesRead } = await handle
          .read(target, done, target.length - done, offset + done)
          .catch((cause: unknown) => Promise.reject(unreadable(file, cause)));
        if (bytesRead === 0) throw unreadable(file, new Error('the file became shorter while it was read'));
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
