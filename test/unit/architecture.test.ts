/** The arrows of import point one way (docs/architecture.md). This reads the import lines, type imports included, and holds them. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { VERSION } from '../../src/base/version.js';

const root = path.resolve(import.meta.dirname, '../..');

/**
 * The rooms from the ground up, and what each may import besides itself and src/base: rooms above it in this list, packages by name, Node's
 * modules as `node`. A file is in the deepest room that holds it. Nothing is named but folders.
 */
const rooms: Readonly<Record<string, readonly string[]>> = {
  'src/base': ['node'],
  'src/field': ['@noble/curves'],
  'src/verify': ['src/field', '@noble/curves', '@noble/hashes'],
  'src/constraint': ['src/field'],
  'src/kernels': ['src/field'],
  circuits: ['src/field'],
  'circuits/gadgets': ['src/field', 'circuits'],
  'circuits/builders': ['src/field', 'src/constraint', 'circuits', 'circuits/gadgets'],
  'circuits/attack': ['src/field', 'src/constraint', 'circuits', 'circuits/gadgets', 'circuits/builders'],
  'src/formats': ['src/field', 'src/verify', 'src/constraint', '@noble/hashes', 'protobufjs', 'node'],
  'src/inputs': ['src/verify', 'src/formats', 'pngjs', 'jpeg-js', 'node'],
  'src/reference': ['onnxruntime-node'],
  'src/pool': ['src/kernels', 'piscina', 'node'],
  'src/compile/real': [],
  'src/compile/ir': ['circuits', 'circuits/gadgets', 'src/compile/real'],
  'src/compile/clear': ['src/field', 'src/verify', 'src/compile/real', 'src/compile/ir'],
  'src/prove/engine': ['src/field', 'src/verify', 'src/constraint', 'src/kernels', 'src/formats', 'src/pool'],
  'src/prove/groth16': [
    'src/field',
    'src/verify',
    'src/constraint',
    'src/kernels',
    'src/formats',
    'src/pool',
    'src/prove/engine',
    'snarkjs',
    'node',
  ],
  'src/prove/mirage': ['src/field', 'src/verify', 'src/constraint', 'src/kernels', 'src/formats', 'src/prove/engine'],
  'src/prove/clear/reference': ['src/field', 'src/verify', '@noble/hashes'],
  'src/prove/clear': [
    'src/field',
    'src/verify',
    'src/kernels',
    'src/compile/ir',
    'src/compile/clear',
    'src/prove/engine',
    'src/prove/clear/reference',
    '@noble/hashes',
  ],
  'src/prove': [
    'src/field',
    'src/verify',
    'src/constraint',
    'src/kernels',
    'src/formats',
    'src/reference',
    'src/pool',
    'src/prove/engine',
    'src/prove/groth16',
    'src/prove/mirage',
    'src/prove/clear',
    'src/compile/ir',
    'node',
  ],
  'src/setup': [
    'src/field',
    'src/verify',
    'src/constraint',
    'src/kernels',
    'src/formats',
    'src/pool',
    'src/prove/groth16',
    'src/prove/clear',
    '@noble/curves',
    'node',
  ],
  contracts: [],
  'src/export': ['src/verify', 'contracts', '@noble/hashes', 'node'],
  'src/ezkl': ['src/field', 'src/verify', 'src/inputs', 'src/pool', 'node'],
  'src/compile/bounds': ['src/compile/real', 'src/compile/ir'],
  'src/compile/passes': ['src/verify', 'src/compile/real', 'src/compile/ir', 'src/compile/bounds'],
  'src/compile/onnx': ['src/formats', 'src/compile/real'],
  'src/compile': [
    'src/verify',
    'src/constraint',
    'circuits',
    'circuits/gadgets',
    'circuits/builders',
    'src/formats',
    'src/reference',
    'src/compile/real',
    'src/compile/ir',
    'src/compile/clear',
    'src/compile/bounds',
    'src/compile/passes',
    'src/compile/onnx',
    'node',
  ],
  'circuits/attack/whole': [
    'src/field',
    'src/verify',
    'src/constraint',
    'circuits',
    'circuits/builders',
    'circuits/attack',
    'src/compile/real',
    'src/compile/ir',
    'src/compile',
  ],
  'src/evaluate': [
    'src/verify',
    'src/constraint',
    'src/formats',
    'src/reference',
    'src/prove',
    'src/prove/clear',
    'src/export',
    'src/compile',
  ],
  src: [
    'src/verify',
    'src/formats',
    'src/inputs',
    'src/prove/engine',
    'src/prove',
    'src/setup',
    'src/export',
    'src/compile/passes',
    'src/compile',
    'src/evaluate',
  ],
  'src/cli': [
    'src/verify',
    'src/formats',
    'src/inputs',
    'src/prove',
    'src/prove/groth16',
    'src/setup',
    'src/export',
    'src/ezkl',
    'src/compile/onnx',
    'src/compile',
    'src/evaluate',
    'cli-progress',
    'commander',
    'node',
  ],
  workers: ['src/pool', 'src/prove', 'src/ezkl'],
  scripts: [],
  bench: [],
  examples: [],
};

/** Tools over the whole house: whatever stands before them in the list. */
const EVERYTHING = ['scripts', 'bench', 'examples'];

const names = Object.keys(rooms);

/** Every TypeScript file that is ours by hand, tests aside; declarations and the kernels' AssemblyScript are no modules of the house. */
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((file) => /^(src|circuits|contracts|workers|scripts|bench|examples)\//.test(file))
  .filter((file) => !file.endsWith('.d.ts') && !file.startsWith('src/kernels/assembly/'));

/** The deepest room that holds a file; undefined for none. */
function roomOf(file: string): string | undefined {
  const holding = names.filter((room) => file.startsWith(`${room}/`));
  return holding.sort((a, b) => b.length - a.length)[0];
}

function filesIn(room: string): string[] {
  return files.filter((file) => roomOf(file) === room);
}

function importsOf(file: string): string[] {
  const text = readFileSync(path.join(root, file), 'utf8');
  return [...text.matchAll(/(?:^(?:import|export)\b[^;]*?\bfrom |^import |\bimport\()'([^'\n]+)'/gm)].map(
    (match) => match[1]!,
  );
}

/** Repository path, package name or `node` that an import refers to. */
function target(file: string, specifier: string): string {
  if (specifier.startsWith('node:')) return 'node';
  if (specifier.startsWith('.')) return path.join(path.dirname(file), specifier).replace(/\.js$/, '.ts');
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

const isOurs = (to: string): boolean => to.endsWith('.ts');

/** Files that import each other in a ring, directly or not: strongly connected components of more than one file (Tarjan 1972). */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const to of graph.get(file) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(file, Math.min(low.get(file)!, low.get(to)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const circle = stack.splice(stack.indexOf(file));
    if (circle.length > 1 || graph.get(file)?.includes(file) === true) circles.push(circle);
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return circles;
}

/** All files that these import, directly or not, types included; and what they import that is no file of ours. */
function reachedFrom(entries: readonly string[]): { readonly files: string[]; readonly outside: string[] } {
  const files = new Set(entries);
  const outside = new Set<string>();
  for (const file of files) {
    for (const specifier of importsOf(file)) {
      const to = target(file, specifier);
      if (specifier.startsWith('.')) files.add(to);
      else outside.add(to);
    }
  }
  return { files: [...files], outside: [...outside] };
}

/** A file's text without comments. */
function codeOf(file: string): string {
  return readFileSync(path.join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, '');
}

describe('import arrows', () => {
  it('every file is in a room, and no room names a file', () => {
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
    expect(names.filter((room) => room.includes('.'))).toEqual([]);
    expect(names.filter((room) => filesIn(room).length === 0)).toEqual([]);
  });

  it('no room may import one that stands above it', () => {
    const upward = names.flatMap((room, i) =>
      rooms[room]!.filter((to) => names.includes(to) && names.indexOf(to) >= i).map((to) => `${room} → ${to}`),
    );
    expect(upward).toEqual([]);
  });

  it.each(names)('%s imports only what it may', (room) => {
    const below = names.slice(0, names.indexOf(room));
    const may = EVERYTHING.includes(room) ? below : rooms[room]!;
    const strays = filesIn(room).flatMap((file) =>
      importsOf(file)
        .map((specifier) => target(file, specifier))
        .filter((to) => {
          if (!isOurs(to)) return !EVERYTHING.includes(room) && !may.includes(to);
          const holder = roomOf(to);
          return holder !== room && holder !== 'src/base' && !may.includes(holder ?? '');
        })
        .map((to) => `${file} → ${to}`),
    );
    expect(strays).toEqual([]);
  });

  it.each(names.filter((room) => !EVERYTHING.includes(room)))('%s uses every arrow that it has', (room) => {
    const used = new Set(
      filesIn(room).flatMap((file) =>
        importsOf(file).map((specifier) => {
          const to = target(file, specifier);
          return isOurs(to) ? roomOf(to) : to;
        }),
      ),
    );
    expect(rooms[room]!.filter((to) => !used.has(to))).toEqual([]);
  });

  it('no files import each other in a circle, types and tests included', () => {
    const tests = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'test/**.ts'], {
      cwd: root,
      encoding: 'utf8',
    });
    const graph = new Map(
      [...files, ...tests.trim().split('\n')].map((file) => [
        file,
        importsOf(file)
          .map((specifier) => target(file, specifier))
          .filter(isOurs),
      ]),
    );
    expect(circlesOf(graph)).toEqual([]);
  });

  it('sees a circle where there is one', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', ['a']],
      ['d', []],
    ]);
    expect(circlesOf(graph).map((circle) => circle.toSorted())).toEqual([['a', 'b', 'c']]);
  });
});

describe('no Node API', () => {
  it.each([
    ['the prover for browsers', ['src/prove/browser.ts']],
    ['the kernels', filesIn('src/kernels')],
    ['the verifier', filesIn('src/verify')],
  ])('%s: no import leads to a module of Node or to a package but noble’s', (_, entries) => {
    const reached = reachedFrom(entries);
    expect(reached.files).toEqual(expect.arrayContaining(entries));
    expect(reached.outside.filter((to) => !/^@noble\/(curves|hashes)$/.test(to))).toEqual([]);
    // Nor is one used without an import.
    const globals = reached.files.filter((file) =>
      /\b(?:process|Buffer|setImmediate|__dirname|require)\b[.(]/.test(codeOf(file)),
    );
    expect(globals).toEqual([]);
  });

  it('sees Node where it is', () => {
    expect(reachedFrom(['src/prove/prove.ts']).outside).toContain('node');
  });
});

it('the setup leads to no package under the GPL', () => {
  const { outside } = reachedFrom(['src/setup/setup.ts', 'workers/kernel-worker.ts']);
  expect(outside).toContain('@noble/curves');
  expect(outside.filter((to) => /snarkjs|ffjavascript|circomlibjs/.test(to))).toEqual([]);
});

it('the version in manifests is the package’s', () => {
  expect(VERSION).toBe(packageJson.version);
});
