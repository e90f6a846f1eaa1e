/**
 * Bundles the standalone verifier: dist/verifier/zkonnx-verify.mjs (one ES module, its types beside it) and dist/verifier/verify.html (one page around
 * it). Part of `npm run build`, so that users of the package export both without a bundler. Run from the repository's root.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EMPTY_PAGE } from '../src/export/verifier.js';
import { bundle, bundleTypes, licenceNotice } from './bundle.js';

const ENTRY = 'src/verify/index.ts';

export interface VerifierBundle {
  readonly module: string;
  readonly page: string;
}

export async function bundleVerifier(root: string): Promise<VerifierBundle> {
  const notice = await licenceNotice(root, 'standalone verifier');
  const module = await bundle(join(root, ENTRY), 'es', notice);
  const script = await bundle(join(root, 'src/export/page/page.js'), 'iife', notice);
  return { module, page: await fillPage(join(root, 'src/export/page'), script) };
}

async function fillPage(folder: string, script: string): Promise<string> {
  const [html, style] = await Promise.all(
    ['page.html', 'page.css'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  if (/<\/script|<!--/i.test(script)) throw new Error('the page script would end its own element');
  const filled = html!
    .replace('%EMBEDDED%', EMPTY_PAGE)
    .replace('%STYLE%', () => style!)
    .replace('%SCRIPT%', () => script);
  // The hashes are over what stands between the tags, white space included.
  return filled
    .replace('%STYLE_HASH%', sourceHash(/<style>([^]*?)<\/style>/.exec(filled)![1]!))
    .replace('%SCRIPT_HASH%', sourceHash(/<script>([^]*?)<\/script>/.exec(filled)![1]!));
}

/** How a Content-Security-Policy names one inline script or style. */
function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

async function main(): Promise<void> {
  const { module, page } = await bundleVerifier(process.cwd());
  const folder = join(process.cwd(), 'dist/verifier');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'zkonnx-verify.mjs'), module);
  await writeFile(join(folder, 'zkonnx-verify.d.mts'), bundleTypes('dist/verifier', ENTRY));
  await writeFile(join(folder, 'verify.html'), page);
  console.log(`dist/verifier: zkonnx-verify.mjs ${module.length} bytes, verify.html ${page.length} bytes`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
