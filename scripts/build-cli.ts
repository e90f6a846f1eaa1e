/**
 * Bundles what starts: the command and the workers' entries, over what tsc made of them, and the chunks that they share in dist/src/chunks. A
 * command then opens a dozen files, not some two hundred. Part of `npm run build`. Run from the repository's root.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';

/** Their paths in dist, from which and to which they are bundled. */
const ENTRIES = ['src/cli/main', 'workers/prove-worker', 'workers/kernel-worker', 'workers/ezkl'] as const;
/** As deep as the modules that look for files beside themselves (worker-url.ts, verifier.ts): what they find stays where it is. */
const CHUNKS = 'src/chunks';
/** Every proof takes these; their licences go with the copies. Other packages stay outside. */
const BUNDLED = ['@noble/curves', '@noble/hashes', 'commander'] as const;

async function licences(root: string): Promise<string> {
  const texts = BUNDLED.map(async (name) => {
    const text = await readFile(join(root, 'node_modules', name, 'LICENSE'), 'utf8');
    return `${name}:\n\n${text.trim()}`;
  });
  return `/*!\nzkonnx, Apache-2.0. Contains ${(await Promise.all(texts)).join('\n\n')}\n*/`;
}

const isBundled = (id: string): boolean =>
  /^[./\0]/.test(id) || BUNDLED.some((name) => id === name || id.startsWith(`${name}/`));

/** Names the modules of a chunk, for whoever reads a stack trace and for test/pipeline/start.test.ts. */
const madeOf = (root: string, ids: readonly string[]): string =>
  ids.map((id) => `\n//# made of ${relative(root, id).replace(/^.*?(?=node_modules\/)|^dist\//, '')}`).join('');

async function main(): Promise<void> {
  const root = process.cwd();
  const dist = join(root, 'dist');
  const build = await rolldown({
    input: Object.fromEntries(ENTRIES.map((entry) => [entry, join(dist, `${entry}.js`)])),
    platform: 'node',
    external: (id) => !isBundled(id) && !id.startsWith(root),
    onLog: (_level, log) => {
      throw new Error(`bundling the command: ${log.message}`);
    },
  });
  const notice = await licences(root);
  const { output } = await build.generate({
    format: 'es',
    entryFileNames: '[name].js',
    chunkFileNames: `${CHUNKS}/[name]-[hash].js`,
    postBanner: (chunk) => (chunk.moduleIds.some((id) => id.includes('/node_modules/')) ? notice : ''),
  });
  await build.close();
  await rm(join(dist, CHUNKS), { recursive: true, force: true });
  await mkdir(join(dist, CHUNKS));
  for (const file of output) {
    if (file.type === 'chunk')
      await writeFile(join(dist, file.fileName), `${file.code}${madeOf(root, file.moduleIds)}`);
  }
  const bytes = output.reduce((sum, file) => sum + (file.type === 'chunk' ? file.code.length : 0), 0);
  console.log(`dist/src/cli/main.js and workers: ${output.length} files, ${bytes} bytes`);
}

await main();
