/**
 * Bundles the prover for pages and other places without Node: dist/prover/zkonnx-prover.mjs, one ES module, and its types beside it. Part of `npm run build`.
 * Run from the repository's root.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle, bundleTypes, licenceNotice } from './bundle.js';

const ENTRY = 'src/prove/browser.ts';

/** The module's text. It imports nothing and uses no Node API. */
export async function bundleProver(root: string): Promise<string> {
  return bundle(join(root, ENTRY), 'es', await licenceNotice(root, 'prover for browsers'));
}

async function main(): Promise<void> {
  const module = await bundleProver(process.cwd());
  const folder = join(process.cwd(), 'dist/prover');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'zkonnx-prover.mjs'), module);
  await writeFile(join(folder, 'zkonnx-prover.d.mts'), bundleTypes('dist/prover', ENTRY));
  console.log(`dist/prover: zkonnx-prover.mjs ${module.length} bytes`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
