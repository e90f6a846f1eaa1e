/**
 * Compiles src/kernels/assembly to WebAssembly, three modules, and writes src/kernels/generated and the standalone verifier's, which are committed: users and
 * browsers need no compiler. Run from the repository's root after a change of the kernels; a test holds the files to their sources.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as asc from 'assemblyscript/asc';
import { Q, R } from '../src/field/bn254.js';
import { blake3Source } from './kernel-blake3-source.js';
import { writtenCurveSources } from './kernel-curve-source.js';
import { fieldSource } from './kernel-field-source.js';
import { butterflySource } from './kernel-ntt-source.js';

const ASSEMBLY = 'src/kernels/assembly';
const GENERATED = 'src/kernels/generated';

export interface KernelModule {
  /** Its index.ts, from the repository's root. */
  readonly entry: string;
  readonly generated: string;
  /** The constants in the generated file: base64, and the flags' offset of a module that threads share. */
  readonly constants: { readonly wasm: string; readonly offset?: string };
  readonly what: string;
  /** Sources in the place of those of the same path. */
  readonly instead?: ReadonlyMap<string, string>;
}

const BN254: KernelModule = {
  entry: `${ASSEMBLY}/index.ts`,
  generated: `${GENERATED}/kernels-wasm.ts`,
  constants: { wasm: 'KERNELS_WASM', offset: 'MEMORY_FLAGS_OFFSET' },
  what: "The kernels' module",
};

/** Protocol `clear`: Goldilocks, BLAKE3, sumchecks. A module of its own, so that neither protocol loads the other's. */
const CLEAR: KernelModule = {
  entry: `${ASSEMBLY}/clear/index.ts`,
  generated: `${GENERATED}/clear-wasm.ts`,
  constants: { wasm: 'CLEAR_WASM', offset: 'CLEAR_MEMORY_FLAGS_OFFSET' },
  what: "The module of protocol `clear`'s kernels",
};

/** The loops of the standalone verifier, small enough to be in one file with it: for one thread, BLAKE3 with its rounds in a loop. */
const VERIFIER: KernelModule = {
  entry: `${ASSEMBLY}/clear/verifier-index.ts`,
  generated: 'src/verify/clear/generated/verifier-wasm.ts',
  constants: { wasm: 'VERIFIER_WASM' },
  what: "The module of the verifier's loops (scripts/build-kernels.ts)",
  instead: new Map([[`${ASSEMBLY}/clear/blake3-compress.ts`, blake3Source(true)]]),
};

export const KERNEL_MODULES: readonly KernelModule[] = [BN254, CLEAR, VERIFIER];

/** Sources written by a program, by path from the repository's root. */
export function writtenSources(): ReadonlyMap<string, string> {
  return new Map([
    [`${ASSEMBLY}/fq.ts`, fieldSource('fq', Q)],
    [`${ASSEMBLY}/fr.ts`, fieldSource('fr', R)],
    [`${ASSEMBLY}/ntt-butterflies.ts`, butterflySource(R)],
    [`${ASSEMBLY}/clear/blake3-compress.ts`, blake3Source()],
    ...writtenCurveSources(),
  ]);
}

interface KernelBuild {
  /** The module; of one that threads share, that which imports a shared memory. */
  readonly wasm: Uint8Array;
  /** Where its memory import's limit flags are: 3 is shared with a maximum, 1 is unshared with a maximum. */
  readonly flagsOffset?: number;
}

/** Compiles a module of kernels in `root`, with written sources in place of the files of those names. */
async function buildKernels(
  root: string,
  { entry, constants, instead = new Map() }: KernelModule,
): Promise<KernelBuild> {
  const written = new Map([...writtenSources(), ...instead]);
  if (constants.offset === undefined) return { wasm: await compile(root, entry, written, false) };
  const [shared, unshared] = await Promise.all([
    compile(root, entry, written, true),
    compile(root, entry, written, false),
  ]);
  return { wasm: shared, flagsOffset: onlyDifference(shared, unshared) };
}

const OPTIONS = [
  '-O3 --converge --runtime stub --noAssert --importMemory --noExportMemory --initialMemory 1 --maximumMemory 65536',
  '--enable threads,simd,bulk-memory --outFile kernels.wasm',
]
  .join(' ')
  .split(' ');

async function compile(
  root: string,
  entry: string,
  written: ReadonlyMap<string, string>,
  shared: boolean,
): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const messages: string[] = [];
  const sink = { write: (text: string | Uint8Array) => void messages.push(text.toString()) };
  const { error } = await asc.main([entry, ...OPTIONS, ...(shared ? ['--sharedMemory'] : [])], {
    stdout: sink,
    stderr: sink,
    readFile: async (name) => written.get(name) ?? (await readFile(join(root, name), 'utf8').catch(() => null)),
    writeFile: (_name, contents) => {
      wasm = contents as Uint8Array;
    },
    listFiles: () => null,
  });
  if (error || wasm === undefined) throw new Error(`compiling the kernels: ${messages.join('')}`, { cause: error });
  refuseState(wasm);
  return wasm;
}

/** What an instance would bring along, by the number of its section in the module. */
const STATE_SECTIONS: ReadonlyMap<number, string> = new Map([
  [6, 'a global: another value in each instance'],
  [8, 'a start function: run by every instance'],
  [11, 'a data segment: every new instance would write it over what the others hold'],
]);

/** Instances in several workers share one memory, so the module may hold nothing but code. */
function refuseState(wasm: Uint8Array): void {
  for (const id of sectionIds(wasm)) {
    const state = STATE_SECTIONS.get(id);
    if (state !== undefined) throw new Error(`the kernels have ${state}; keep constants as immediates`);
  }
}

function* sectionIds(wasm: Uint8Array): Generator<number> {
  let at = 8;
  while (at < wasm.length) {
    yield wasm[at++]!;
    // The section's size in LEB128.
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      more = wasm[at]! >= 128;
      size |= (wasm[at++]! & 127) << shift;
    }
    at += size;
  }
}

/** The offset of the one byte in which the two modules differ: 3 in the first, 1 in the second. */
function onlyDifference(shared: Uint8Array, unshared: Uint8Array): number {
  const offsets = [...shared.keys()].filter((i) => shared[i] !== unshared[i]);
  const offset = offsets[0];
  if (offsets.length !== 1 || shared.length !== unshared.length || shared[offset!] !== 3 || unshared[offset!] !== 1) {
    throw new Error(`shared and unshared kernels differ in ${offsets.length} bytes; expected the memory's flags alone`);
  }
  return offset!;
}

/** The text of a file in src/kernels/generated. */
function generatedModule({ constants, what }: KernelModule, { wasm, flagsOffset }: KernelBuild): string {
  const base64 = Buffer.from(wasm).toString('base64');
  const offset =
    constants.offset === undefined
      ? ''
      : `
/** Offset of the memory import's limit flags: 3 is shared with a maximum, 1 is unshared with a maximum. */
export const ${constants.offset} = ${flagsOffset};
`;
  return `// Written by scripts/build-kernels.ts from src/kernels/assembly.

/** ${what}, base64. Its memory import is ${offset === '' ? 'unshared' : 'shared'}. */
export const ${constants.wasm} =
${base64
  .match(/.{1,110}/g)!
  .map((line) => `  '${line}'`)
  .join(' +\n')};
${offset}`;
}

/** A file in src/kernels/generated: its path from the repository's root, and its text. */
export async function kernelFile(root: string, module: KernelModule): Promise<readonly [string, string]> {
  return [module.generated, generatedModule(module, await buildKernels(root, module))];
}

async function main(root: string): Promise<void> {
  for (const { generated } of KERNEL_MODULES) await mkdir(dirname(join(root, generated)), { recursive: true });
  const modules = await Promise.all(KERNEL_MODULES.map((module) => kernelFile(root, module)));
  for (const [name, text] of [...writtenSources(), ...modules]) await writeFile(join(root, name), text);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.cwd());
}
