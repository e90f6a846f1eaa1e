/** Keys that proofs depend on: kept where they fit, never removed unasked, replaced together or not at all. And outputs that are no files. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, cp, lstat, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { compile } from '../../src/compile/compile.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { setup } from '../../src/setup/setup.js';
import { rejection } from './pool-insides.js';
import { type CurveProtocol } from '../../src/verify/key-points.js';

const BINARY = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const KEY_FILES: { readonly [P in CurveProtocol]: readonly string[] } = {
  mirage: ['verification_key.json', 'proving_key.mirage'],
  groth16: ['verification_key.json', 'proving_key.zkey', 'proving_key.zkey.kernels'],
};

const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-keys-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const at = (...names: string[]) => path.join(folder, ...names);

interface Shell {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function shell(command: string, ...args: string[]): Promise<Shell> {
  return new Promise((resolve) => {
    const child = execFile('bash', ['-c', command, process.execPath, BINARY, ...args], (_, stdout, stderr) => {
      resolve({ code: child.exitCode, stdout, stderr });
    });
  });
}

const zkonnx = (...args: string[]): Promise<Shell> => shell('exec "$0" "$@"', ...args);
/** Where no file may become longer: writing fails as on a full disk. */
const onFullDisk = (kibibytes: number, ...args: string[]) => shell(`ulimit -f ${kibibytes} && exec "$0" "$@"`, ...args);

async function json(...args: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await zkonnx(...args, '--json', '--quiet');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Every file of a folder and the hash of its bytes. */
async function contentOf(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).sort();
  const hashes = names.map(async (name) => {
    const hash = createHash('sha256').update(await readFile(path.join(dir, name)));
    return [name, hash.digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}

const only = (content: Record<string, string>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(content).filter(([name]) => names.includes(name)));

/** Refused with KEYS_EXIST, the files named, and nothing touched. */
async function expectRefusal(dir: string, names: readonly string[], ...args: string[]): Promise<Shell> {
  const before = await contentOf(dir);
  const refused = await zkonnx(...args);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('[KEYS_EXIST]');
  expect(refused.stderr).toContain('--force');
  for (const name of names) expect(refused.stderr).toContain(name);
  expect(await contentOf(dir)).toEqual(before);
  return refused;
}

/** Stops the command with Ctrl-C at a line of stderr. */
function interruptAt(line: RegExp, ...args: string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BINARY, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let [stderr, sent] = ['', false];
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      if (!sent && line.test(stderr)) sent = child.kill('SIGINT');
    });
    child.on('error', reject);
    child.on('close', resolve);
  });
}

beforeAll(async () => {
  await writeFile(at('mlp.onnx'), makeMlp([16, 24, 4]));
  await writeFile(at('other.onnx'), makeMlp([16, 20, 4]));
  await writeFile(at('in.json'), JSON.stringify({ input: Array.from({ length: 16 }, (_, i) => Math.sin(i)) }));
});

describe.each(['mirage', 'groth16'] as const)('an artifact of %s with keys', (protocol) => {
  const files = KEY_FILES[protocol];
  const made = at(protocol);
  const compiling = (model: string, dir: string, ...more: string[]) => [
    ...['compile', at(model), '-o', dir, '--domain', '-1..1', '--protocol', protocol],
    ...more,
  ];
  const proofIsValid = async (dir: string, proof: string) =>
    expect(await json('verify', proof, '--key', path.join(dir, 'verification_key.json'))).toMatchObject({
      valid: true,
    });
  /** A copy that a test may spoil. */
  const copyOf = async (name: string): Promise<string> => {
    const dir = at(`${protocol}-${name}`);
    await cp(made, dir, { recursive: true });
    return dir;
  };

  beforeAll(async () => {
    const compiled = await json(...compiling('mlp.onnx', made));
    expect(compiled['keys']).toEqual({ kept: [], removed: [] });
    expect((await json('setup', made, '--dev'))['removed']).toEqual([]);
    await json('prove', made, '--in', at('in.json'), '-o', at(`${protocol}.json`));
  });

  it('compiling the same again keeps them, and they serve', async () => {
    const dir = await copyOf('same');
    const before = only(await contentOf(dir), files);
    expect(Object.keys(before).sort()).toEqual([...files].sort());
    const compiled = await json(...compiling('mlp.onnx', dir));
    expect(compiled['keys']).toEqual({ kept: files.map((name) => path.join(dir, name)), removed: [] });
    expect(only(await contentOf(dir), files)).toEqual(before);
    await proofIsValid(dir, at(`${protocol}.json`));
    await json('prove', dir, '--in', at('in.json'), '-o', at(`${protocol}-again.json`));
    await proofIsValid(made, at(`${protocol}-again.json`));
  });

  it('compiling another circuit, or the same with another meaning, is refused', async () => {
    const dir = await copyOf('refused');
    const circuit = await expectRefusal(dir, files, ...compiling('mlp.onnx', dir, '--bits', '12'));
    expect(circuit.stderr).toContain('keys of another circuit');
    const labels = await expectRefusal(dir, files, ...compiling('mlp.onnx', dir, '--labels', 'a,b,c,d'));
    // The schema is part of the circuit's hash.
    expect(labels.stderr).toContain('keys of another circuit');
    // These are known before the work.
    const model = await expectRefusal(dir, files, ...compiling('other.onnx', dir));
    expect(model.stderr).toContain('keys of another model');
    expect(model.stderr).not.toContain(`compiling ${at('other.onnx')}`);
    const other = protocol === 'mirage' ? 'groth16' : 'mirage';
    const swapped = await expectRefusal(dir, files, ...compiling('mlp.onnx', dir, '--protocol', other));
    expect(swapped.stderr).toContain('keys of another protocol');
    expect(swapped.stderr).not.toContain(`compiling ${at('mlp.onnx')}`);
    await writeFile(path.join(dir, 'verification_key.json'), 'not a key');
    await expectRefusal(dir, files, ...compiling('mlp.onnx', dir));
  });

  it('a proving key alone is judged by itself', async () => {
    const dir = await copyOf('alone');
    await rm(path.join(dir, 'verification_key.json'));
    const rest = files.slice(1);
    await expectRefusal(dir, rest, ...compiling('mlp.onnx', dir, '--bits', '12'));
    const compiled = await json(...compiling('mlp.onnx', dir));
    expect(compiled['keys']).toEqual({ kept: rest.map((name) => path.join(dir, name)), removed: [] });
  });

  it('the library refuses alike', async () => {
    const dir = await copyOf('library');
    const compiled = await compile(at('other.onnx'), { domain: { lo: -1, hi: 1 }, protocol });
    const before = await contentOf(dir);
    expect(await rejection(writeArtifact(dir, compiled, at('other.onnx')))).toMatchObject({ code: 'KEYS_EXIST' });
    expect(await rejection(setup(dir, { dev: true }))).toMatchObject({ code: 'KEYS_EXIST' });
    expect(await contentOf(dir)).toEqual(before);
  });

  it('--force removes them together, and names them', async () => {
    const dir = await copyOf('forced');
    const forced = await zkonnx(...compiling('other.onnx', dir, '--force', '--json'));
    expect(forced.code).toBe(0);
    const removed = files.map((name) => path.join(dir, name));
    expect(JSON.parse(forced.stdout)).toMatchObject({ keys: { kept: [], removed } });
    for (const file of removed) expect(forced.stderr).toContain(file);
    expect((await readdir(dir)).sort()).toEqual(['accuracy.json', 'circuit.bin', 'manifest.json', 'model.onnx']);
    expect(await json('inspect', dir)).toMatchObject({ model: { file: 'other.onnx' } });
  });

  it('a full disk in a forced compile: circuit and keys stay', async () => {
    const dir = await copyOf('compile-full');
    const before = await contentOf(dir);
    const full = await onFullDisk(2, ...compiling('other.onnx', dir, '--force'));
    expect(full.code).toBe(2);
    expect(full.stderr).toContain('[OUTPUT_UNWRITABLE]');
    expect(await contentOf(dir)).toEqual(before);
  });

  it('setup is refused, and with --force replaces all of them', async () => {
    const dir = await copyOf('setup');
    await expectRefusal(dir, files, 'setup', dir, '--dev');
    // Of the other protocol, and nothing that the new pair writes over.
    const stray = protocol === 'mirage' ? 'proving_key.zkey' : 'proving_key.mirage';
    await writeFile(path.join(dir, stray), 'of the other protocol');
    await expectRefusal(dir, [...files, stray], 'setup', dir, '--dev');
    const before = await contentOf(dir);
    const forced = await zkonnx('setup', dir, '--dev', '--force', '--json');
    expect(forced.code).toBe(0);
    const { removed } = JSON.parse(forced.stdout) as { removed: string[] };
    expect(removed.map((file) => path.basename(file)).sort()).toEqual([...files, stray].sort());
    for (const file of removed) expect(forced.stderr).toContain(file);
    const after = await contentOf(dir);
    expect(Object.keys(after)).toEqual(Object.keys(before).filter((name) => name !== stray));
    for (const name of files) expect(after[name]).not.toBe(before[name]);
    await json('prove', dir, '--in', at('in.json'), '-o', at(`${protocol}-new.json`));
    await proofIsValid(dir, at(`${protocol}-new.json`));
    expect((await zkonnx('verify', at(`${protocol}.json`), '--key', path.join(dir, files[0]!))).code).toBe(1);
  });

  it('a setup that fails midway leaves the pair of before', async () => {
    const dir = await copyOf('midway');
    const before = await contentOf(dir);
    const again = ['setup', dir, '--dev', '--force'];
    const full = await onFullDisk(16, ...again, '--quiet');
    expect(full.code).toBe(2);
    expect(full.stderr).toContain('[OUTPUT_UNWRITABLE]');
    expect(full.stderr).toContain(path.join(dir, files[1]!));
    expect(await contentOf(dir)).toEqual(before);
    expect(await interruptAt(/setup: /, ...again)).toBe(130);
    expect(await contentOf(dir)).toEqual(before);
    await json('prove', dir, '--in', at('in.json'), '-o', at(`${protocol}-midway.json`));
    await proofIsValid(made, at(`${protocol}-midway.json`));
  });
});

describe('an artifact whose files are links', () => {
  it('circuit and keys are written where they lead; another model is not written over', async () => {
    const dir = at('linked');
    await json('compile', at('mlp.onnx'), '-o', dir, '--domain', '-1..1');
    for (const name of ['circuit.bin', 'model.onnx']) await rm(path.join(dir, name));
    await symlink('../disk-circuit.bin', path.join(dir, 'circuit.bin'));
    await symlink('../mlp.onnx', path.join(dir, 'model.onnx'));
    await json('compile', at('mlp.onnx'), '-o', dir, '--domain', '-1..1');
    await symlink('../disk-proving_key.mirage', path.join(dir, 'proving_key.mirage'));
    await json('setup', dir, '--dev', '--force');
    for (const name of ['circuit.bin', 'proving_key.mirage']) {
      expect((await lstat(path.join(dir, name))).isSymbolicLink()).toBe(true);
      expect((await lstat(at(`disk-${name}`))).size).toBeGreaterThan(1000);
    }
    await json('prove', dir, '--in', at('in.json'), '-o', at('linked.json'));
    const model = await readFile(at('mlp.onnx'));
    const refused = await zkonnx('compile', at('other.onnx'), '-o', dir, '--domain', '-1..1', '--force');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('[OUTPUT_UNWRITABLE]');
    expect((await readFile(at('mlp.onnx'))).equals(model)).toBe(true);
  });
});

describe('outputs of prove', () => {
  const artifact = at('mirage');
  const proving = ['prove', artifact, '--in', at('in.json')];

  it('stdout takes a proof: the report goes to stderr', async () => {
    const piped = await shell('set -o pipefail; "$0" "$@" | cat', ...proving, '-o', '/dev/stdout');
    expect(piped.code).toBe(0);
    expect(JSON.parse(piped.stdout)).toMatchObject({ protocol: 'mirage' });
    expect(piped.stderr).toContain('/dev/stdout');
    const redirected = await shell(
      `echo before > "${at('out.txt')}"; "$0" "$@" >> "${at('out.txt')}"`,
      ...proving,
      '-o',
      '/dev/stdout',
      '--quiet',
    );
    expect(redirected.code).toBe(0);
    const text = await readFile(at('out.txt'), 'utf8');
    expect(text.startsWith('before\n')).toBe(true);
    await writeFile(at('redirected.json'), text.slice('before\n'.length));
    expect(
      await json('verify', at('redirected.json'), '--key', path.join(artifact, 'verification_key.json')),
    ).toMatchObject({ valid: true });
    const both = await zkonnx(...proving, '-o', '/dev/stdout', '--json');
    expect(both.code).toBe(2);
    expect(JSON.parse(both.stdout)).toMatchObject({ error: { code: 'USAGE' } });
  });

  it('a reader that has gone is an error, not a wait', async () => {
    const gone = await shell('set -o pipefail; "$0" "$@" | sleep 0.1 <&-', ...proving, '-o', '/dev/stdout', '--quiet');
    expect(gone).toMatchObject({ code: 2, stdout: '' });
    expect(gone.stderr).toContain('[OUTPUT_UNWRITABLE]');
  });

  it('no input, and no file of the artifact, is replaced', async () => {
    await copyFile(at('in.json'), at('own.json'));
    const before = await contentOf(artifact);
    for (const out of [at('own.json'), ...Object.keys(before).map((name) => path.join(artifact, name))]) {
      const refused = await zkonnx('prove', artifact, '--in', at('own.json'), '-o', out);
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toContain('[USAGE]');
    }
    expect(await contentOf(artifact)).toEqual(before);
    await cp(at('in.json'), at('batch/one.json'));
    const batch = await zkonnx('prove', artifact, '--in', at('batch'), '-o', at('batch'));
    expect(batch).toMatchObject({ code: 2, stdout: '' });
    expect(await readFile(at('batch/one.json'), 'utf8')).toBe(await readFile(at('in.json'), 'utf8'));
  });

  it('a committed proof needs a file: its opening lies beside it', async () => {
    const dir = at('committed');
    await json('compile', at('mlp.onnx'), '-o', dir, '--domain', '-1..1', '--input', 'committed');
    await json('setup', dir, '--dev');
    const refused = await zkonnx('prove', dir, '--in', at('in.json'), '-o', '/dev/stdout');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain('[USAGE]');
    await json('prove', dir, '--in', at('in.json'), '-o', at('committed.json'));
    expect((await lstat(at('committed.opening.json'))).mode & 0o777).toBe(0o600);
    const before = await Promise.all(['committed.json', 'committed.opening.json'].map((name) => readFile(at(name))));
    const full = await onFullDisk(0, 'prove', dir, '--in', at('in.json'), '-o', at('committed.json'), '--quiet');
    expect(full.code).toBe(2);
    const after = await Promise.all(['committed.json', 'committed.opening.json'].map((name) => readFile(at(name))));
    expect(after).toEqual(before);
  });
});
