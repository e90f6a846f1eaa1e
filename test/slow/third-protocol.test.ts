/**
 * A fourth protocol in a copy of the tree. The compiler must name every table over protocols (`[P in Protocol]`) and nothing else; with rows in
 * them that say they are not written, the copy builds, serves the other protocols as before, and answers PROTOCOL_UNSUPPORTED at every door.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelPath } from '../../bench/models.js';

const root = path.resolve(import.meta.dirname, '../..');
const copy = await mkdtemp(path.join(tmpdir(), 'zkonnx-third-'));
const at = (...names: string[]): string => path.join(copy, ...names);
afterAll(() => rm(copy, { recursive: true, force: true }));

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Node program in the copy, to its end. */
function node(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: copy, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, stdout, stderr });
    });
  });
}

const tsc = (...args: string[]): Promise<Ended> => node(at('node_modules/typescript/bin/tsc'), ...args);
const zkonnx = (...args: string[]): Promise<Ended> => node(at('dist/src/cli/main.js'), ...args, '--json');

async function succeeds(running: Promise<Ended>): Promise<void> {
  expect(await running).toMatchObject({ code: 0 });
}

/** A table over all protocols: where it is declared, and where its rows begin. */
interface Table {
  readonly file: string;
  readonly line: number;
  readonly rows: number;
}

/** Every mapped type over protocols in code, each of which must be the type of a table. */
async function tablesOf(files: readonly string[]): Promise<Table[]> {
  const tables: Table[] = [];
  for (const file of files) {
    const text = await readFile(at(file), 'utf8');
    const code = text.replace(/\/\*[^]*?\*\/|\/\/.*/g, (comment) => comment.replace(/[^\n]/g, ' '));
    for (const { index } of code.matchAll(/\[P in Protocol\]/g)) {
      let end = index;
      for (let depth = 1; depth > 0; end++) depth += { '{': 1, '}': -1 }[code[end]!] ?? 0;
      const opening = /^\s*=\s*\{/.exec(code.slice(end));
      if (opening === null) throw new Error(`${file}: a mapped type over protocols that is no table's`);
      tables.push({ file, line: code.slice(0, index).split('\n').length, rows: end + opening[0].length });
    }
  }
  return tables;
}

/** The row that says it is not written, in each of these tables. */
async function addRows(tables: readonly Table[]): Promise<void> {
  for (const file of new Set(tables.map((table) => table.file))) {
    let text = await readFile(at(file), 'utf8');
    const here = tables.filter((table) => table.file === file).sort((a, b) => b.rows - a.rows);
    for (const { line, rows } of here) {
      const row = `get stub(): never { throw unsupportedProtocol('stub', 'row at ${file}:${line}'); },`;
      text = `${text.slice(0, rows)}\n${row}\n${text.slice(rows)}`;
    }
    const from = path.relative(path.dirname(file), 'src/base/unsupported.js');
    const specifier = from.startsWith('.') ? from : `./${from}`;
    const imports = /import \{[^}]*\bunsupportedProtocol\b/.test(text)
      ? ''
      : `import { unsupportedProtocol } from '${specifier}';\n`;
    await writeFile(at(file), `${imports}${text}`);
  }
}

let tables: Table[];

beforeAll(async () => {
  const listed = await promisify(execFile)('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    maxBuffer: 2 ** 26,
  });
  const files = listed.stdout.trim().split('\n').filter((file) => existsSync(path.join(root, file)) && file !== 'node_modules'); // prettier-ignore
  for (const file of files) {
    await mkdir(path.dirname(at(file)), { recursive: true });
    await cp(path.join(root, file), at(file));
  }
  await symlink(path.join(root, 'node_modules'), at('node_modules'));
  const statement = await readFile(at('src/verify/statement.ts'), 'utf8');
  const widened = statement.replace(/^export type Protocol = .*;$/m, (line) => line.replace(';', " | 'stub';"));
  expect(widened).not.toBe(statement);
  await writeFile(at('src/verify/statement.ts'), widened);
  tables = await tablesOf(files.filter((file) => file.endsWith('.ts')));
});

it('the compiler names every table over protocols, each once, and nothing else', async () => {
  const { code, stdout } = await tsc('--noEmit', '--incremental', 'false', '--pretty', 'false', '-p', 'tsconfig.json');
  expect(code).not.toBe(0);
  const named = [...stdout.matchAll(/^(\S+)\((\d+),\d+\): error (TS\d+): .*/gm)];
  process.stderr.write(`${named.map(([line]) => line.slice(0, 160)).join('\n')}\n`);
  expect(tables.length).toBeGreaterThanOrEqual(12);
  expect(named.map(([, file, line]) => `${file!}:${line!}`).sort()).toEqual(
    tables.map(({ file, line }) => `${file}:${line}`).sort(),
  );
  // Property missing in type.
  expect(new Set(named.map(([, , , error]) => error))).toEqual(new Set(['TS2741']));
});

describe('with rows that are not written', () => {
  const real = at('iris');
  const stub = at('iris-stub');
  const flower = at('flower.json');

  beforeAll(async () => {
    await addRows(tables);
    await succeeds(tsc('--noEmit', '-p', 'tsconfig.json'));
    await succeeds(tsc('-p', 'tsconfig.build.json'));
    await succeeds(node('dist/scripts/build-verifier.js'));
    await succeeds(node('dist/scripts/build-prover.js'));
    await writeFile(flower, JSON.stringify({ input: [-0.33, -0.66, -0.05, -0.16] }));
    const model = modelPath('iris-mlp-deepprove');
    await succeeds(zkonnx('compile', model, '-o', real, '--domain', '-1..1', '--tolerance', '0.02'));
    await succeeds(zkonnx('setup', real, '--dev'));
    await succeeds(zkonnx('prove', real, '--in', flower, '-o', at('iris/proof.json')));
    await cp(real, stub, { recursive: true });
    for (const name of ['manifest.json', 'verification_key.json', 'proof.json']) {
      const document = JSON.parse(await readFile(path.join(stub, name), 'utf8')) as object;
      await writeFile(path.join(stub, name), JSON.stringify({ ...document, protocol: 'stub' }));
    }
  });

  it('the other protocols are served as before', async () => {
    const key = path.join(real, 'verification_key.json');
    await succeeds(zkonnx('verify', path.join(real, 'proof.json'), '--key', key));
    await succeeds(zkonnx('export', 'solidity', real, '-o', at('out/Real.sol'), '--allow-development-key'));
  });

  it.each([
    ['compile', modelPath('iris-mlp-deepprove'), '-o', at('out/new'), '--domain', '-1..1', '--protocol', 'stub'],
    ['setup', stub, '--dev', '--force'],
    ['prove', stub, '--in', flower, '-o', at('out/proof.json')],
    ['run', stub, '--in', flower],
    ['inspect', stub],
    ['inspect', stub, '--row', '3'],
    ['verify', path.join(stub, 'proof.json'), '--key', path.join(stub, 'verification_key.json')],
    ['export', 'solidity', stub, '-o', at('out/Stub.sol'), '--allow-development-key'],
    ['export', 'solidity', path.join(stub, 'verification_key.json'), '-o', at('out/Stub.sol')],
    ['export', 'r1cs', stub, '-o', at('out/stub.r1cs')],
    ['export', 'wtns', stub, '--in', flower, '-o', at('out/stub.wtns')],
    ['export', 'zkey', stub, '-o', at('out/stub.zkey')],
    ['export', 'page', stub, '-o', at('out/stub.html')],
    ['export', 'page', path.join(stub, 'verification_key.json'), '-o', at('out/stub.html')],
  ])('zkonnx %s %s %s: PROTOCOL_UNSUPPORTED', async (...args) => {
    const { code, stdout, stderr } = await zkonnx(...args);
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'PROTOCOL_UNSUPPORTED' } });
  });

  it('so does every door of the library, in Node and in pages', async () => {
    await writeFile(at('doors.mjs'), DOORS);
    const { stdout, stderr, code } = await node(at('doors.mjs'), stub, real, modelPath('iris-mlp-deepprove'));
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const codes = JSON.parse(stdout) as Record<string, string>;
    expect(Object.keys(codes).length).toBeGreaterThanOrEqual(13);
    expect(Object.entries(codes).filter(([, answer]) => answer !== 'PROTOCOL_UNSUPPORTED')).toEqual([]);
  });

  it('a proof of the fourth protocol under a key of another is refused, not an error', async () => {
    const key = path.join(real, 'verification_key.json');
    const { code, stdout } = await zkonnx('verify', path.join(stub, 'proof.json'), '--key', key);
    expect(code).toBe(1);
    expect(stdout).toContain('PROTOCOL_MISMATCH');
  });
});

/** Prints what each door answers: the code of its error, or `nothing`. */
const DOORS = `
import { readFile } from 'node:fs/promises';
import * as zkonnx from './dist/src/index.js';
import { openProver as openInPage } from './dist/src/prove/browser.js';

const [stub, real, model] = process.argv.slice(2);
const text = (folder, name) => readFile(folder + '/' + name, 'utf8');
const key = await text(stub, 'verification_key.json');
const proof = JSON.parse(await text(stub, 'proof.json'));
const files = {
  circuit: await readFile(stub + '/circuit.bin'),
  provingKey: await readFile(stub + '/proving_key.mirage'),
  verificationKey: key,
};
const sample = { tensors: new Map([['input', [0, 0, 0, 0]]]) };
const doors = {
  compile: () => zkonnx.compile(model, { domain: { lo: -1, hi: 1 }, protocol: 'stub' }),
  compileBytes: async () => zkonnx.compile(await readFile(model), { domain: { lo: -1, hi: 1 }, protocol: 'stub' }),
  setup: () => zkonnx.setup(stub, { dev: true, force: true }),
  openFolder: () => zkonnx.openProver(stub),
  openBytes: () => zkonnx.openProver(files),
  openSnarkjs: () => zkonnx.openProver(stub, { prover: 'snarkjs' }),
  openInPage: () => openInPage(files),
  prove: async () => { for await (const one of zkonnx.prove(stub, [sample])) void one; },
  openRunner: () => zkonnx.openRunner(stub),
  prepareKey: () => zkonnx.prepareKey(key),
  verify: () => zkonnx.verify(proof, key),
  exportSolidity: () => zkonnx.exportSolidity(key, { allowDevelopmentKey: true }),
  calldata: () => zkonnx.solidityCalldata(proof),
  calldataWithKey: () => zkonnx.solidityCalldata(proof, key),
  page: () => zkonnx.exportVerifierPage(key),
};
const codes = {};
for (const [name, door] of Object.entries(doors)) {
  codes[name] = await (async () => door())().then(() => 'nothing', (error) => error.code ?? String(error.stack));
}
process.stdout.write(JSON.stringify(codes));
`;
