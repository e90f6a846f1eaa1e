/** `export verifier`: the standalone verifier as one ES module, and as one page. Both are bundled when the package is built. */
import { readFile } from 'node:fs/promises';
import { ZkonnxError, invariant } from '../base/errors.js';
import { parseJson } from '../base/strict-json.js';
import { isPreparedKey, prepareKey } from '../verify/key.js';

/** `npm run build` writes them (scripts/build-verifier.ts); the first place is seen from dist/src/export, the second from src/export. */
const BUNDLE_FOLDERS = ['../../verifier/', '../../dist/verifier/'];
/** What the bundled page holds where key and proof go. */
export const EMPTY_PAGE = '{"key":null,"proof":null}';

/**
 * The text of one ES module without imports that exports `verify`, `verifyGroth16` and `prepareKey` as `zkonnx/verify` does; for Node, Deno
 * and browsers. Throws DEPENDENCY_MISSING in a checkout that was not built.
 */
export async function exportVerifierModule(): Promise<string> {
  return readBundle('zkonnx-verify.mjs');
}

/**
 * The text of verify.html: one file without external resources that works from file://. With a key (JSON text or parsed) the page
 * needs only the proof; with a proof too it shows its verdict when opened. Throws KEY_INVALID for an unusable key.
 */
export async function exportVerifierPage(keyJson?: unknown, proofJson?: unknown): Promise<string> {
  const page = await readBundle('verify.html');
  if (keyJson === undefined && proofJson === undefined) return page;
  if (isPreparedKey(keyJson)) throw new ZkonnxError('USAGE', 'the page needs the key itself, not a prepared one');
  if (keyJson !== undefined) prepareKey(keyJson);
  const embedded = JSON.stringify({ key: parsed(keyJson), proof: parsed(proofJson) });
  // A script element ends at the first "</script", wherever it stands.
  invariant(page.includes(EMPTY_PAGE), 'the bundled page has no place for a key');
  return page.replace(EMPTY_PAGE, () => embedded.replaceAll('<', '\\u003c'));
}

function parsed(json: unknown): unknown {
  if (typeof json !== 'string') return json ?? null;
  try {
    return parseJson(json);
  } catch {
    // Not for the exporter to judge: the page refuses it as the verifier does.
    return json;
  }
}

async function readBundle(name: string): Promise<string> {
  for (const folder of BUNDLE_FOLDERS) {
    try {
      return await readFile(new URL(folder + name, import.meta.url), 'utf8');
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ENOENT') throw error;
    }
  }
  throw new ZkonnxError('DEPENDENCY_MISSING', 'the bundled verifier is missing', {
    expected: `dist/verifier/${name}`,
    help: 'run npm run build',
  });
}
