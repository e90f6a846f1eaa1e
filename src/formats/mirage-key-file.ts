/** Reading proving_key.mirage files (mirage-key.ts) by path. */
import { withFile } from './file-source.js';
import { openMirageKey, type MirageKeyInfo } from './mirage-key.js';

/** What a key says about itself, its sizes checked. Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION. */
export function readMirageKeyInfo(file: string): Promise<MirageKeyInfo> {
  return withFile(file, async (source) => (await openMirageKey(source)).info);
}
