/**
 * Assembles the package zkonnx-verify from the build: dist/zkonnx-verify with the verifier's modules, its one-file bundle, their types, a
 * manifest of its own. `npm run pack:verifier` makes its tarball. Run from the repository's root, after `npm run build`.
 */
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, posix, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

export const PACKAGE = 'zkonnx-verify';
const ENTRY = 'verify/index';
const BUNDLE = 'zkonnx-verify.mjs';

interface RootManifest {
  readonly version: string;
  readonly license: string;
  readonly engines: Readonly<Record<string, string>>;
  readonly homepage: string;
  readonly bugs: string;
  readonly repository: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Writes the package's folder anew. Throws where the verifier imports what the package must not depend on. */
export async function assembleVerifierPackage(root: string, folder: string): Promise<void> {
  const built = join(root, 'dist/src');
  const modules = await reachedFrom(built, [`${ENTRY}.js`, `${ENTRY}.d.ts`]);
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as RootManifest;
  await rm(folder, { recursive: true, force: true });
  for (const file of modules.files) await copy(join(built, file), join(folder, 'dist', file));
  await copy(join(root, 'dist/verifier', BUNDLE), join(folder, BUNDLE));
  await writeFile(join(folder, 'zkonnx-verify.d.mts'), `export * from './dist/${ENTRY}.js';\n`);
  await copy(join(root, 'packages/verify/README.md'), join(folder, 'README.md'));
  for (const name of ['LICENSE', 'NOTICE']) await copy(join(root, name), join(folder, name));
  const text = JSON.stringify(verifierManifest(manifest, modules.packages), null, 2);
  await writeFile(join(folder, 'package.json'), `${text}\n`);
}

function verifierManifest(root: RootManifest, packages: readonly string[]): object {
  const strays = packages.filter((name) => !name.startsWith('@noble/'));
  if (strays.length > 0) throw new Error(`the verifier would depend on ${strays.join(', ')}`);
  const { version, license, homepage, bugs, repository, engines } = root;
  return {
    name: PACKAGE,
    version,
    description: 'Verifies zkonnx proofs of what an ONNX model computed. Nothing but @noble/curves and @noble/hashes.',
    keywords: ['onnx', 'zero-knowledge', 'zkml', 'snark', 'groth16', 'bn254', 'verifier'],
    homepage,
    bugs,
    repository: { ...repository, directory: 'packages/verify' },
    license,
    type: 'module',
    engines,
    exports: {
      '.': { types: `./dist/${ENTRY}.d.ts`, default: `./dist/${ENTRY}.js` },
      './bundle': { types: './zkonnx-verify.d.mts', default: `./${BUNDLE}` },
      './package.json': './package.json',
    },
    sideEffects: false,
    files: ['dist', BUNDLE, 'zkonnx-verify.d.mts', 'NOTICE'],
    dependencies: Object.fromEntries(packages.map((name) => [name, root.dependencies[name]])),
  };
}

/** The files that these import, directly or not, below `folder`, themselves included; and the packages. */
async function reachedFrom(
  folder: string,
  entries: readonly string[],
): Promise<{ readonly files: readonly string[]; readonly packages: readonly string[] }> {
  const files = new Set(entries);
  const packages = new Set<string>();
  for (const file of files) {
    for (const specifier of await importsOf(join(folder, file))) {
      if (!specifier.startsWith('.')) {
        packages.add(specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
        continue;
      }
      const target = posix.join(posix.dirname(file), specifier);
      files.add(file.endsWith('.d.ts') ? target.replace(/\.js$/, '.d.ts') : target);
    }
  }
  return { files: [...files].sort(), packages: [...packages].sort() };
}

async function importsOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  return [...text.matchAll(/(?:^(?:import|export)\b[^;]*?\bfrom |^import |\bimport\()['"]([^'"\n]+)['"]/gm)].map(
    (match) => match[1]!,
  );
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}

async function main(): Promise<void> {
  const root = process.cwd();
  const folder = join(root, 'dist', PACKAGE);
  await assembleVerifierPackage(root, folder);
  console.log(`${relative(root, folder)}: assembled`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
