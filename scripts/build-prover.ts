/**
 * Bundles the prover for pages and other places without Node: dist/prover/zkonnx-prover.mjs, one ES module. Part of `npm run build`.
 * Run from the repository's root.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundle, licenceNotice } from './bundle.js';

/** The module's text. It imports nothing and uses no Node API. */
export async function bundleProver(root: string): Promise<string> {
  return bundle(join(root, 'src/prove/browser.ts'), 'es', await licenceNotice(root, 'prover for browsers'));
}

async function main(): Promise<void> {
  const module = await bundleProver(process.cwd());
  const folder = join(process.cwd(), 'dist/prover');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'zkonnx-prover.mjs'), module);
  console.log(`dist/prover: zkonnx-prover.mjs ${module.length} bytes`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
