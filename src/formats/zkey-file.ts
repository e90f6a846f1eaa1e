/** Reading .zkey files (zkey.ts) by path. */
import { withFile } from './file-source.js';
import { zkeyInfo, zkeyVerifierPart, type ZkeyInfo, type ZkeyVerifierPart } from './zkey.js';

/** Reads sizes, hash and marks, and checks that every section has the size they imply. Throws FILE_UNREADABLE, KEY_INVALID, FORMAT_VERSION. */
export function readZkeyInfo(file: string): Promise<ZkeyInfo> {
  return withFile(file, zkeyInfo);
}

/** Reads what verification needs. Coordinates are checked to be below q, not to be on the curve. Throws as `readZkeyInfo`. */
export function readZkeyVerifierPart(file: string): Promise<ZkeyVerifierPart> {
  return withFile(file, zkeyVerifierPart);
}
