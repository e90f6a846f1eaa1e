/** Outputs appear whole or not at all, by themselves or with others: output-set.ts says how, output-target.ts where. */
import { OutputSet, type FileContent, type StageOptions } from './output-set.js';

export type { FileContent, OutputFile } from './output-set.js';

export interface WriteOptions extends StageOptions {
  /** The file appears with these, when they are committed; by itself, as soon as it is written, where this is left out. */
  readonly within?: OutputSet | undefined;
}

/**
 * Writes `file`, replacing an older one only once every byte is on the disk. Symbolic links are followed and stay; devices and pipes are
 * written to.
 * Throws OUTPUT_UNWRITABLE (folder missing, no permission, disk full, a name that no file may take), ABORTED, and whatever a `content`
 * function throws.
 */
export async function writeFileAtomically(
  file: string,
  content: FileContent,
  { within, ...options }: WriteOptions = {},
): Promise<void> {
  if (within !== undefined) return within.write(file, content, options);
  await using outputs = new OutputSet();
  await outputs.write(file, content, options);
  await outputs.commit();
}

/** The same of content in chunks, whose buffers may be reused from one to the next. Throws OUTPUT_UNWRITABLE, ABORTED. */
export async function writeChunksAtomically(
  file: string,
  chunks: Iterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  await writeFileAtomically(
    file,
    async (output) => {
      for (const chunk of chunks) await output.write(chunk);
    },
    options,
  );
}
