/**
 * The prototypes that the rates of protocol `clear`'s design were measured with, where they are on this machine: a detected extra. They are compiled here and run in turns with
 * ours, so that both meet the same machine. Looked for in ZKONNX_CLEAR_PROTOTYPES, then in ../shared/design/clear-prototypes.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from './harness.js';

type Loop = (...args: (number | bigint)[]) => void;

/** A prototype's module over a memory of its own: no heap, pointers are where its bench puts them. */
interface Prototype {
  readonly loops: Readonly<Record<string, Loop>>;
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** Runs of a prototype, by the name of the rate. */
export type PrototypeRuns = Readonly<Record<string, Run>>;

const PAGES = 8192;
const MIB = 1 << 20;
/** Five tables of up to 64 MiB, and results. */
const [A, B, C, D, E, OUT] = [1, 65, 129, 193, 257, 321].map((mib) => mib * MIB) as [
  number,
  number,
  number,
  number,
  number,
  number,
];
const [R0, R1] = [0xfffffffefffecfc8n, 0x5555555500000000n];

/** Undefined where they are not, or do not compile. */
export async function prototypeRuns(quick: boolean): Promise<PrototypeRuns | undefined> {
  const folders = [process.env['ZKONNX_CLEAR_PROTOTYPES'], '../shared/design/clear-prototypes'];
  for (const folder of folders) {
    if (folder === undefined) continue;
    const [field, hash] = await Promise.all(['gl2.ts', 'm31.ts'].map((name) => compiled(join(folder, name))));
    if (field !== undefined && hash !== undefined) return runsOf(field, hash, quick);
  }
  return undefined;
}

async function compiled(file: string): Promise<Prototype | undefined> {
  const source = await readFile(file, 'utf8').catch(() => undefined);
  if (source === undefined) return undefined;
  const asc = await import('assemblyscript/asc');
  let wasm: Uint8Array | undefined;
  const options = `-O3 --runtime stub --enable simd --initialMemory ${PAGES} --outFile out.wasm`.split(' ');
  const sink = { write: () => undefined };
  await asc.main(['in.ts', ...options], {
    stdout: sink,
    stderr: sink,
    readFile: (name) => (name === 'in.ts' ? source : null),
    writeFile: (_name, contents) => {
      wasm = contents as Uint8Array;
    },
    listFiles: () => null,
  });
  if (wasm === undefined) return undefined;
  const abort = (): never => {
    throw new Error(`${file}: aborted`);
  };
  const instance = await WebAssembly.instantiate(await WebAssembly.compile(wasm), { env: { abort } });
  return { loops: instance.exports as Prototype['loops'], memory: instance.exports['memory'] as Prototype['memory'] };
}

/** As many operations a run as ours (clear.ts). */
function runsOf({ loops, memory }: Prototype, { loops: hashLoops }: Prototype, quick: boolean): PrototypeRuns {
  fill(memory, quick ? 2 ** 13 : 2 ** 21);
  const loop = (name: string) => loops[name]!;
  const n = 2 ** (quick ? 12 : 20);
  const halvings = function* () {
    for (let pairs = n / 2; pairs >= 1; pairs /= 2) yield pairs;
  };
  const repeat =
    (times: number, run: () => void): Run =>
    () => {
      for (let i = 0; i < times; i++) run();
    };
  const logs = quick ? [12] : [12, 16, 20];
  return {
    'base multiply-add': repeat(16, () => loop('gl_axpy')(A, B, R0, 4096)),
    'extension multiply-add': repeat(16, () => loop('e_axpy')(A, B, R0, R1, 2048)),
    'weight by extension element, accumulated': () => loop('small_mac_simd')(OUT, B, A, 1024, 512),
    'sumcheck of Σ f·g': () => {
      for (const pairs of halvings()) loop('sc_round')(A, B, pairs, R0, R1, OUT);
    },
    'layer of GKR': () => {
      for (const pairs of halvings()) if (pairs < n / 2) loop('gkr_round')(A, B, C, D, E, pairs, R0, R1, OUT);
    },
    'node of GKR upwards': () => loop('gkr_up')(A, B, C, D, n / 2),
    ...Object.fromEntries(
      logs.map((log) => [`2^${log}`, repeat(Math.max(1, 2 ** (16 - log)), () => loop('ntt')(A, B, log))]),
    ),
    nodes: () => hashLoops['rep']!(0, quick ? 16 : 1024, A, B),
  };
}

/** Residues, the same in every table. */
function fill(memory: Prototype['memory'], count: number): void {
  for (const table of [A, B, C, D, E]) {
    const words = new BigUint64Array(memory.buffer, table, count);
    let value = 0x123456789abcdefn;
    for (let i = 0; i < count; i++) {
      value = BigInt.asUintN(63, value * 0x5851f42d4c957f2dn + 0x14057b7ef767814fn);
      words[i] = value;
    }
  }
}
