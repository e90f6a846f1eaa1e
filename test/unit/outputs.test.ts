/** What a name may stand for beside a file: devices, pipes, links, folders. None of them is replaced, and several outputs appear together. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { constants, existsSync, openSync } from 'node:fs';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from '../../src/formats/atomic-write.js';
import { OutputSet } from '../../src/formats/output-set.js';
import { expectError, zkonnx } from './cli-harness.js';

const NOBODY = 65_534;
const isRoot = process.geteuid?.() === 0;

let folder: string;
const at = (...names: string[]) => path.join(folder, ...names);
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-outputs-'));
});
afterEach(() => rm(folder, { recursive: true }));

const refused = (file: string, content = 'new') =>
  expect(writeFileAtomically(file, content)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE', exitCode: 2 });
const noLeftovers = async () =>
  expect((await readdir(folder, { recursive: true })).filter((name) => name.includes('.tmp-'))).toEqual([]);

/**
 * A node of its own in the test's folder: never one of the machine's. Where that is not allowed the file is made otherwise, so that the test
 * still holds something, and says so.
 */
async function makeNode(file: string, type: 'b' | 'c', major: number, minor: number, otherwise: () => unknown) {
  try {
    execFileSync('mknod', [file, type, String(major), String(minor)], { stdio: 'pipe' });
    if (type === 'c') await (await open(file, 'r+')).close();
  } catch (error) {
    console.warn(`no device nodes here (${String(error).split('\n')[0]}): ${file} is something else`);
    await rm(file, { force: true });
    await otherwise();
  }
}

/** A pipe that is read, but for what its buffer holds never emptied. */
function openPipe(file: string): number {
  execFileSync('mkfifo', [file]);
  return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
}

const readers: ChildProcess[] = [];
afterEach(() => {
  for (const reader of readers.splice(0)) reader.kill();
});

/** A pipe that takes everything. */
function drainedPipe(file: string): void {
  openPipe(file);
  readers.push(spawn('cat', [file], { stdio: 'ignore' }));
}

/** As somebody who owns nothing here; permissions do not bind root. */
async function unprivileged<T>(run: () => Promise<T>): Promise<T> {
  if (!isRoot) return run();
  process.seteuid!(NOBODY);
  try {
    return await run();
  } finally {
    process.seteuid!(0);
  }
}

describe('a device', () => {
  it('is written to and stays', async () => {
    await makeNode(at('null'), 'c', 1, 3, () => drainedPipe(at('null')));
    const before = await lstat(at('null'));
    await writeFileAtomically(at('null'), 'text');
    const after = await lstat(at('null'));
    expect([after.ino, after.mode, after.rdev]).toEqual([before.ino, before.mode, before.rdev]);
    expect(after.isFile()).toBe(false);
    expect(await readdir(folder)).toEqual(['null']);
  });

  it('is written to and stays, by a command and behind a link', async () => {
    await makeNode(at('null'), 'c', 1, 3, () => drainedPipe(at('null')));
    await symlink('null', at('out.mjs'));
    const { code } = await zkonnx(['export', 'verifier', '-o', at('out.mjs')]);
    expect(code).toBe(0);
    expect((await lstat(at('null'))).isFile()).toBe(false);
    expect(await readlink(at('out.mjs'))).toBe('null');
    expect((await readdir(folder)).sort()).toEqual(['null', 'out.mjs']);
  });

  it('that is full: an error, and it stays', async () => {
    await makeNode(at('full'), 'c', 1, 7, () => execFileSync('mkfifo', [at('full')]));
    await refused(at('full'));
    expect((await lstat(at('full'))).isFile()).toBe(false);
    expect(await readdir(folder)).toEqual(['full']);
  });

  it('of blocks is refused', async () => {
    const server = createServer();
    await makeNode(at('disk'), 'b', 1, 0, () => new Promise<void>((done) => server.listen(at('disk'), done)));
    await refused(at('disk'));
    expect((await lstat(at('disk'))).isFile()).toBe(false);
    expect(await readdir(folder)).toEqual(['disk']);
    server.close();
  });

  it('has nothing beside it: two outputs of one name are USAGE', async () => {
    await makeNode(at('null'), 'c', 1, 3, () => drainedPipe(at('null')));
    const key = path.resolve('test/fixtures/proofs/v1/classifier/verification_key.json');
    await expectError(['export', 'solidity', key, '-o', at('null'), '--allow-development-key'], 'USAGE');
    await writeFile(at('k.zkey'), 'x');
    await expectError(['prove-wtns', at('k.zkey'), at('k.zkey'), '-o', at('null')], 'USAGE');
    expect((await readdir(folder)).sort()).toEqual(['k.zkey', 'null']);
  });
});

describe('a pipe', () => {
  it('that nobody reads is refused at once', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    await expect(writeFileAtomically(at('pipe'), 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
      shortMessage: 'the output is a pipe that nobody reads',
    });
    expect((await lstat(at('pipe'))).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(['pipe']);
  });

  it('brings its reader every byte, more than it holds', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
    execFileSync('mkfifo', [at('pipe')]);
    const reader = spawn('cat', [at('pipe')]);
    const read: Buffer[] = [];
    reader.stdout.on('data', (chunk: Buffer) => read.push(chunk));
    const ended = new Promise((done) => reader.on('close', done));
    // The reader opens it when it gets there.
    await expect.poll(() => writeFileAtomically(at('pipe'), bytes).then(() => 'written', String)).toBe('written');
    await ended;
    expect(Buffer.concat(read).equals(bytes)).toBe(true);
  });

  it('whose reader waits can be given up', async () => {
    openPipe(at('pipe'));
    const controller = new AbortController();
    const writing = writeFileAtomically(at('pipe'), new Uint8Array(300_000), { signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    await expect(writing).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('a socket is refused', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(at('socket'), done));
    await refused(at('socket'));
    expect((await lstat(at('socket'))).isSocket()).toBe(true);
    server.close();
  });
});

describe('a symbolic link', () => {
  it('stays, and what it leads to is replaced whole', async () => {
    await mkdir(at('far/deep'), { recursive: true });
    await writeFile(at('far/out'), 'old');
    await symlink('far/deep', at('way'));
    // Through a folder that is a link, where `..` is not what it looks like, and by two links.
    await symlink('../out', at('far/deep/second'));
    await symlink('way/second', at('first'));
    await writeFileAtomically(at('first'), async (output) => {
      await output.write(new TextEncoder().encode('new'));
      expect(await readFile(at('far/out'), 'utf8')).toBe('old');
    });
    expect(await readFile(at('far/out'), 'utf8')).toBe('new');
    expect([await readlink(at('first')), await readlink(at('far/deep/second'))]).toEqual(['way/second', '../out']);
    expect((await readdir(folder)).sort()).toEqual(['far', 'first', 'way']);
    await noLeftovers();
  });

  it('to nothing: what it names is made', async () => {
    await mkdir(at('far'));
    await symlink('far/out', at('out'));
    await writeFileAtomically(at('out'), 'new');
    expect(await readlink(at('out'))).toBe('far/out');
    expect((await lstat(at('far/out'))).isFile()).toBe(true);
    expect(await readFile(at('far/out'), 'utf8')).toBe('new');
    await symlink('no/out', at('lost'));
    await refused(at('lost'));
    expect(await readlink(at('lost'))).toBe('no/out');
  });

  it('to itself or in a circle is refused', async () => {
    await symlink('self', at('self'));
    await symlink('two', at('one'));
    await symlink('one', at('two'));
    for (const name of ['self', 'one', 'two']) await refused(at(name));
    expect(await Promise.all(['self', 'one', 'two'].map((name) => readlink(at(name))))).toEqual(['self', 'two', 'one']);
    await noLeftovers();
  });

  it('to a folder is a folder: refused', async () => {
    await mkdir(at('dir'));
    await symlink('dir', at('out'));
    await refused(at('dir'));
    await refused(at('out'));
    expect(await readlink(at('out'))).toBe('dir');
    await noLeftovers();
  });
});

describe('a file that is there', () => {
  it('keeps its permissions; a secret has its own', async () => {
    await writeFile(at('out'), 'old');
    await chmod(at('out'), 0o640);
    await writeFileAtomically(at('out'), 'new');
    expect((await stat(at('out'))).mode & 0o777).toBe(0o640);
    await chmod(at('out'), 0o666);
    await writeFileAtomically(at('out'), 'secret', { mode: 0o600 });
    expect((await stat(at('out'))).mode & 0o777).toBe(0o600);
    await writeFileAtomically(at('out'), 'no secret now, and still nobody else’s');
    expect((await stat(at('out'))).mode & 0o777).toBe(0o600);
  });

  it('keeps its owner where we may give it away; a secret is its writer’s', async () => {
    await writeFile(at('out'), 'old');
    const owner = isRoot ? NOBODY : process.getuid!();
    await chown(at('out'), owner, isRoot ? NOBODY : process.getgid!());
    await writeFileAtomically(at('out'), 'new');
    expect((await stat(at('out'))).uid).toBe(owner);
    await writeFileAtomically(at('out'), 'secret', { mode: 0o600 });
    expect((await stat(at('out'))).uid).toBe(process.getuid!());
  });

  it('is replaced under this name alone: another name of it keeps the old content', async () => {
    await writeFile(at('kept'), 'old');
    await link(at('kept'), at('out'));
    await writeFileAtomically(at('out'), 'new');
    expect(await readFile(at('kept'), 'utf8')).toBe('old');
    expect(await readFile(at('out'), 'utf8')).toBe('new');
  });

  it('may be protected, or its folder', async () => {
    await mkdir(at('open'), { mode: 0o777 });
    await mkdir(at('closed'), { mode: 0o755 });
    await chmod(folder, 0o755);
    await chmod(at('open'), 0o777);
    for (const file of [at('open/out'), at('closed/out')]) await writeFile(file, 'old');
    await chmod(at('open/out'), 0o444);
    await chmod(at('closed/out'), 0o666);
    if (!isRoot) await chmod(at('closed'), 0o555);
    await unprivileged(async () => {
      await refused(at('open/out'));
      await refused(at('closed/out'));
      await refused(at('closed/new'));
    });
    if (!isRoot) await chmod(at('closed'), 0o755);
    for (const file of [at('open/out'), at('closed/out')]) expect(await readFile(file, 'utf8')).toBe('old');
    expect(existsSync(at('closed/new'))).toBe(false);
    await noLeftovers();
  });
});

describe('a set of outputs', () => {
  it('appears when it is committed, and what is to go goes then', async () => {
    await writeFile(at('a'), 'old');
    await writeFile(at('gone'), 'old');
    await writeFile(at('linked'), 'kept');
    await symlink('linked', at('link'));
    await using outputs = new OutputSet();
    await outputs.write(at('a'), 'new a');
    await outputs.write(at('b'), 'new b');
    outputs.remove(at('gone'));
    outputs.remove(at('link'));
    expect(await readFile(at('a'), 'utf8')).toBe('old');
    expect(await readFile(outputs.pathOf(at('a')), 'utf8')).toBe('new a');
    await outputs.commit();
    expect((await readdir(folder)).sort()).toEqual(['a', 'b', 'linked']);
    expect(await readFile(at('a'), 'utf8')).toBe('new a');
    expect(await readFile(at('linked'), 'utf8')).toBe('kept');
  });

  it('leaves nothing when one fails', async () => {
    await writeFile(at('a'), 'old');
    const writing = async () => {
      await using outputs = new OutputSet();
      await outputs.write(at('a'), 'new');
      await outputs.write(at('no/b'), 'new');
      expect.unreachable();
    };
    await expect(writing()).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(await readdir(folder)).toEqual(['a']);
    expect(await readFile(at('a'), 'utf8')).toBe('old');
  });

  it('has no file twice', async () => {
    await symlink('a', at('b'));
    await using outputs = new OutputSet();
    await outputs.write(at('a'), 'first');
    await expect(outputs.write(at('b'), 'second')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await outputs.commit();
    expect(await readFile(at('b'), 'utf8')).toBe('first');
  });

  it('is taken back when one cannot be shown', async () => {
    for (const name of ['a', 'gone']) await writeFile(at(name), 'old');
    const writing = async () => {
      await using outputs = new OutputSet();
      for (const name of ['a', 'new', 'c', 'd']) await outputs.write(at(name), 'new');
      outputs.remove(at('gone'));
      // Somebody makes a folder of a name that was free.
      await mkdir(at('c'));
      await outputs.commit();
    };
    await expect(writing()).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect((await readdir(folder)).sort()).toEqual(['a', 'c', 'gone']);
    for (const name of ['a', 'gone']) expect(await readFile(at(name), 'utf8')).toBe('old');
    expect((await stat(at('c'))).isDirectory()).toBe(true);
  });
});

describe('a command’s inputs', () => {
  it('are not its output, by whatever name', async () => {
    await writeFile(at('k.zkey'), 'the only key');
    await writeFile(at('w.wtns'), 'a witness');
    await symlink('k.zkey', at('p.json'));
    await link(at('w.wtns'), at('public.json'));
    for (const out of [at('k.zkey'), at('w.wtns'), at('p.json'), at('other.json')]) {
      await expectError(['prove-wtns', at('k.zkey'), at('w.wtns'), '-o', out], 'USAGE');
    }
    const key = at('verification_key.json');
    await writeFile(key, await readFile('test/fixtures/proofs/v1/classifier/verification_key.json'));
    await expectError(['export', 'page', key, '-o', key], 'USAGE');
    await expectError(['export', 'solidity', key, '-o', key, '--allow-development-key'], 'USAGE');
    expect(await readFile(at('k.zkey'), 'utf8')).toBe('the only key');
    expect(await readFile(at('w.wtns'), 'utf8')).toBe('a witness');
    expect(await readFile(key, 'utf8')).toContain('vk_alpha_1');
    await noLeftovers();
  });
});
