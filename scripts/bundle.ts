/** One file out of a module and everything it imports. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';

/** Throws where anything stays outside: a module of Node, a package that is not installed. */
export async function bundle(input: string, format: 'es' | 'iife', banner: string): Promise<string> {
  const build = await rolldown({
    input,
    platform: 'browser',
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    // A warning here is an import the bundle could not take in: the file would not stand alone.
    onLog: (_level, log) => {
      throw new Error(`bundling ${input}: ${log.message}`);
    },
  });
  const { output } = await build.generate({ format, banner, minify: false, codeSplitting: false });
  await build.close();
  const [{ code, fileName, imports, dynamicImports }] = output;
  if (output.length !== 1) throw new Error(`bundling ${input}: ${output.length} files instead of one`);
  // What is imported later is in the same file.
  const outside = [...imports, ...dynamicImports].filter((name) => name !== fileName);
  if (outside.length > 0) throw new Error(`bundling ${input}: it would import ${outside.join(', ')}`);
  return code;
}

/** A comment for the head of a bundle. noble's licence asks that its text goes with every copy. */
export async function licenceNotice(root: string, title: string): Promise<string> {
  const licence = await readFile(join(root, 'node_modules/@noble/curves/LICENSE'), 'utf8');
  return `/*!\nzkonnx ${title}, Apache-2.0. Contains @noble/curves and @noble/hashes:\n\n${licence.trim()}\n*/`;
}

/** Declarations of a bundle that lies in `folder` of dist: the same as those of the module it was made of, `entry` below the root. */
export function bundleTypes(folder: string, entry: string): string {
  const module = relative(folder, join('dist', entry)).replaceAll('\\', '/').replace(/\.ts$/, '.js');
  return `export * from '${module}';\n`;
}
