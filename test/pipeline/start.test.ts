/** What a command loads before it works: files are read from V8's own list of the scripts of each thread. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const BINARY = path.join(root, 'dist/src/cli/main.js');
const IRIS = path.join(root, 'test/fixtures/models/iris-mlp-deepprove');

const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-start-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const at = (name: string) => path.join(folder, name);
const INPUT = at('flower.json');

const zkonnx = (args: readonly string[], env = process.env) =>
  promisify(execFile)(process.execPath, [BINARY, ...args], { env });

interface Loaded {
  /** Files that were opened. */
  readonly files: number;
  /** Modules in them, as paths below dist or node_modules. */
  readonly modules: readonly string[];
}

/** By thread: the command's own first, then its workers. */
async function loadedBy(args: readonly string[]): Promise<Loaded[]> {
  const coverage = await mkdtemp(at('coverage-'));
  await zkonnx(args, { ...process.env, NODE_V8_COVERAGE: coverage });
  // coverage-<process>-<time>-<thread>.json; the command's thread is 0.
  const threadOf = (name: string) => Number(/-(\d+)\.json$/.exec(name)![1]);
  const names = (await readdir(coverage)).sort((a, b) => threadOf(a) - threadOf(b));
  return Promise.all(names.map((name) => loadedIn(path.join(coverage, name))));
}

async function loadedIn(coverage: string): Promise<Loaded> {
  const { result } = JSON.parse(await readFile(coverage, 'utf8')) as { result: { url: string }[] };
  const files = result.filter(({ url }) => url.startsWith('file:')).map(({ url }) => fileURLToPath(url));
  const modules = await Promise.all(files.map(modulesOf));
  return { files: files.length, modules: modules.flat() };
}

/** Of a chunk, the modules that it says it is made of (scripts/build-cli.ts). */
async function modulesOf(file: string): Promise<string[]> {
  const names = [...(await readFile(file, 'utf8')).matchAll(/^\/\/# made of (.*)$/gm)].map(([, name]) => name!);
  return names.length > 0 ? names : [file.replace(/^.*?(?=node_modules\/)|^.*?dist\//, '')];
}

beforeAll(async () => {
  await writeFile(INPUT, JSON.stringify({ input: [[0.1, -0.2, 0.3, -0.4]] }));
  await zkonnx(['compile', path.join(IRIS, 'model.onnx'), '-o', at('iris'), '--domain', '-1..1']);
  await zkonnx(['setup', at('iris'), '--dev']);
}, 120_000);

describe('a proof from JSON', () => {
  const proveOn = (threads: number) =>
    loadedBy(['prove', at('iris'), '--in', INPUT, '-o', at('proof.json'), '--threads', String(threads)]);
  const dear =
    /^(?:src\/(?:compile|export|setup|ezkl|reference)|circuits|contracts)\/|image|onnx|tensor-proto|snarkjs-prover/;
  const packages = /^node_modules\/(?:protobufjs|long|pngjs|jpeg-js|cli-progress|snarkjs|onnxruntime-node|@ezkljs)\//;

  it('loads neither compiler, setup and export, nor decoders that it does not need', async () => {
    const [command, ...workers] = await proveOn(2);
    expect(workers).toHaveLength(2);
    expect(command!.modules).toContain('src/prove/open-prover.js');
    const isAllowed = (name: string) => name === 'src/inputs/image-signature.js';
    for (const { modules } of [command!, ...workers]) {
      expect(modules.filter((name) => (dear.test(name) || packages.test(name)) && !isAllowed(name))).toEqual([]);
    }
  }, 60_000);

  it('compiles the kernels once: their text is in the command’s thread alone, and so are the verifier’s curves', async () => {
    const [command, ...workers] = await proveOn(2);
    const heavy = (modules: readonly string[]) => modules.filter((name) => /kernels-wasm|@noble\/curves/.test(name));
    expect(heavy(command!.modules)).toContain('src/kernels/generated/kernels-wasm.js');
    expect(workers.map(({ modules }) => heavy(modules))).toEqual([[], []]);
  }, 60_000);

  it('opens few files', async () => {
    const [command, worker] = await proveOn(1);
    expect(command!.files).toBeLessThan(90);
    expect(worker!.files).toBeLessThan(25);
  }, 60_000);
});
