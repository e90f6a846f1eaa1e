/**
 * Kills and faults, and what is left after each: nothing lost, nothing half, no hang. The table is printed at the end. Kills are placed: the
 * process dies as it is about to do a certain rename, where the files of a set are of two kinds; killed-everywhere.test.ts does it
 * at every change to the disk.
 */
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOCK_NAME } from '../../src/formats/artifact-lock.js';
import { FaultTable, killer, leftovers, shell, tally, zkonnx, type Ended } from './fault-support.js';
import { killEverywhere, makeScene, openingFits, type Scene } from './fault-scenes.js';

const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-faults-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const at = (...names: string[]) => path.join(folder, ...names);
const table = new FaultTable();
afterAll(() => table.print());

let scene: Scene;
beforeAll(async () => {
  scene = await makeScene(folder);
});

const copyOf = async (name: string, of = 'art'): Promise<string> => {
  await cp(at(of), at(name), { recursive: true });
  return at(name);
};
const ok = (ended: Ended) => expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });

describe('SIGKILL', () => {
  it.each(['compile', 'setup', 'prove'] as const)('before each rename of %s', async (command) => {
    const { ends, left } = await killEverywhere(scene, command, ['rename']);
    expect(ends.filter(({ signal }) => signal === 'SIGKILL').length).toBeGreaterThan(1);
    table.note('SIGKILL', `${command}, before each of its renames`, left, tally(ends));
  });

  it('in a batch: the proofs made are whole, and --resume makes the others', async () => {
    const env = await killer(folder, ['rename']);
    const batch = ['prove', at('art'), '--in', at('batch.jsonl'), '-o', at('killed'), '--quiet', '--json'];
    const killed = await zkonnx(batch, env(4));
    expect(killed.signal).toBe('SIGKILL');
    expect((await readdir(at('killed'))).filter((name) => !name.startsWith('.'))).toHaveLength(3);
    expect(await leftovers(at('killed'))).toHaveLength(1);
    const resumed = await zkonnx([...batch, '--resume']);
    ok(resumed);
    const { kept, proofs } = JSON.parse(resumed.stdout) as { kept: string[]; proofs: object[] };
    expect([kept.length, proofs.length]).toEqual([3, 3]);
    expect(await leftovers(at('killed'))).toEqual([]);
    ok(await zkonnx(['verify', at('killed'), '--batch', '--key', at('art/verification_key.json')]));
    table.note(
      'SIGKILL',
      'a batch of 6, before its 4th proof appears',
      '3 whole proofs; --resume keeps them, makes 3',
      'SIGKILL',
    );
  });
});

describe('a full disk (ulimit -f)', () => {
  it('between an opening and its proof: the pair of before', async () => {
    const out = at('full/p.json');
    const prove = ['prove', at('committed'), '--in', at('in.json'), '-o', out, '--quiet'];
    ok(await zkonnx(prove));
    const before = await Promise.all([out, at('full/p.opening.json')].map((file) => readFile(file, 'utf8')));
    // The opening has less than a block of 1024 bytes, the proof more.
    expect([before[0]!.length > 1024, before[1]!.length < 1024]).toEqual([true, true]);
    const full = await shell('ulimit -f 1; exec "$NODE" "$BINARY" "$@"', prove);
    expect(full).toMatchObject({ code: 2, signal: null });
    expect(full.stderr).toContain('[OUTPUT_UNWRITABLE]');
    expect(await Promise.all([out, at('full/p.opening.json')].map((file) => readFile(file, 'utf8')))).toEqual(before);
    expect(await leftovers(at('full'))).toEqual([]);
    table.note('ulimit -f 1', 'prove, committed: room for the opening, none for the proof', 'the pair of before', '2');
  });

  it.each([
    ['compile', () => ['compile', at('other.onnx'), '-o', at('full-art'), '--domain', '-1..1', '--force']],
    ['setup', () => ['setup', at('full-art'), '--dev', '--force']],
  ] as const)('in %s: the artifact of before, which proves', async (name, args) => {
    await rm(at('full-art'), { recursive: true, force: true });
    await copyOf('full-art');
    const full = await shell('ulimit -f 2; exec "$NODE" "$BINARY" "$@"', [...args(), '--quiet']);
    expect(full).toMatchObject({ code: 2, signal: null });
    expect(await scene.provesAs(at('full-art'))).toBe('the old one');
    expect(await leftovers(at('full-art'))).toEqual([]);
    table.note('ulimit -f 2', `${name} --force`, 'the artifact and keys of before', '2');
  });
});

describe('two processes', () => {
  const together = async (...lines: (readonly string[])[]): Promise<Ended[]> => {
    const ends = await Promise.all(lines.map((line) => zkonnx(line)));
    for (const { code, stderr } of ends) if (code !== 0) expect({ code, stderr }).toMatchObject({ code: 2 });
    for (const { code, stderr } of ends) if (code === 2) expect(stderr).toContain('[ARTIFACT_LOCKED]');
    expect(ends.some(({ code }) => code === 0)).toBe(true);
    return ends;
  };

  it('two setups: keys that fit each other', async () => {
    const dir = await copyOf('two-setups');
    for (let round = 0; round < 3; round++) {
      const setup = ['setup', dir, '--dev', '--force', '--quiet'];
      const ends = await together(setup, setup);
      expect(await scene.provesAs(dir)).toBe('the old one');
      expect(await leftovers(dir)).toEqual([]);
      if (round === 2) table.note('two processes', 'setup beside setup', 'keys of one of them', tally(ends));
    }
  });

  it('two compiles to one folder: the artifact of one of them', async () => {
    const compile = (model: string) => ['compile', at(model), '-o', at('two-compiles'), '--domain', '-1..1', '--quiet'];
    for (let round = 0; round < 2; round++) {
      const ends = await together(compile('mlp.onnx'), compile('other.onnx'));
      ok(await zkonnx(['setup', at('two-compiles'), '--dev', '--quiet']));
      expect(await scene.provesAs(at('two-compiles'))).toMatch(/^the (old|new) one$/);
      expect(await leftovers(at('two-compiles'))).toEqual([]);
      for (const name of await readdir(at('two-compiles'))) if (/key/.test(name)) await rm(at('two-compiles', name));
      if (round === 1)
        table.note('two processes', 'compile beside compile', 'the artifact of one of them', tally(ends));
    }
  });

  it('a setup beside proves: every proof is of the old keys or of the new', async () => {
    const dir = await copyOf('beside');
    const keys = [JSON.parse(await readFile(path.join(dir, 'verification_key.json'), 'utf8')) as object];
    let isOver = false;
    const proving = (async () => {
      const ends = [];
      for (let i = 0; !isOver; i++) {
        ends.push(await zkonnx(['prove', dir, '--in', at('in.json'), '-o', at(`beside-${i}.json`), '--quiet']));
      }
      return ends;
    })();
    for (let round = 0; round < 4; round++) {
      ok(await zkonnx(['setup', dir, '--dev', '--force', '--quiet']));
      keys.push(JSON.parse(await readFile(path.join(dir, 'verification_key.json'), 'utf8')) as object);
    }
    isOver = true;
    const ends = await proving;
    ends.forEach(ok);
    for (let i = 0; i < ends.length; i++) {
      const proof = await readFile(at(`beside-${i}.json`), 'utf8');
      expect(keys.filter((key) => scene.isValid(proof, key))).toHaveLength(1);
    }
    table.note(
      'two processes',
      `4 setups beside ${ends.length} proves`,
      'each proof valid under one of the keys',
      tally(ends),
    );
  });

  it('folders that may not be written serve readers', async () => {
    const dir = await copyOf('read-only');
    execFileSync('chmod', ['-R', 'a-w', dir]);
    try {
      expect(await scene.provesAs(dir)).toBe('the old one');
    } finally {
      execFileSync('chmod', ['-R', 'u+w', dir]);
    }
  });
});

describe('a pipe in the place of a file', () => {
  const cases: readonly (readonly [file: string, args: () => readonly string[]])[] = [
    ...(['manifest.json', 'circuit.bin', 'proving_key.mirage', 'verification_key.json'] as const).map(
      (file) =>
        [`art/${file}`, () => ['prove', at('piped/art'), '--in', at('in.json'), '-o', at('never.json')]] as const,
    ),
    ['art/model.onnx', () => ['run', at('piped/art'), '--in', at('in.json')]],
    ['art/manifest.json', () => ['inspect', at('piped/art')]],
    ['art/circuit.bin', () => ['export', 'r1cs', at('piped/art'), '-o', at('never.r1cs')]],
    ['art/verification_key.json', () => ['export', 'page', at('piped/art'), '-o', at('never.html')]],
    ['art/circuit.bin', () => ['setup', at('piped/art'), '--dev', '--force']],
    [`art/${LOCK_NAME}`, () => ['setup', at('piped/art'), '--dev', '--force']],
    ['art/verification_key.json', () => ['compile', at('mlp.onnx'), '-o', at('piped/art'), '--domain', '-1..1']],
    ['m.onnx', () => ['compile', at('piped/m.onnx'), '-o', at('never'), '--domain', '-1..1']],
    ['m.onnx', () => ['doctor', at('piped/m.onnx')]],
    ['p.json', () => ['verify', at('piped/p.json'), '--key', at('art/verification_key.json')]],
    ['k.json', () => ['verify', at('p.json'), '--key', at('piped/k.json')]],
    [
      's.json',
      () => ['verify', at('p.json'), '--key', at('art/verification_key.json'), '--public', at('piped/s.json')],
    ],
    ['k.zkey', () => ['prove-wtns', at('piped/k.zkey'), at('in.json'), '-o', at('never.json')]],
    [
      'pk',
      () => ['prove', '--backend', 'ezkl', at('nothing'), '--pk', at('piped/pk'), '--in', at('in.json'), '-o', at('n')],
    ],
  ];

  it.each(cases)('%s', async (file, args) => {
    await rm(at('piped'), { recursive: true, force: true });
    await cp(at('art'), at('piped/art'), { recursive: true });
    await rm(at('piped', file), { force: true });
    execFileSync('mkfifo', [at('piped', file)]);
    const ended = await zkonnx(args());
    expect(ended).toMatchObject({ code: 2, signal: null, stdout: '' });
    expect((await stat(at('piped', file))).isFIFO()).toBe(true);
    table.note('FIFO', `${args()[0]!}, ${file.replace('art/', '')} is a pipe`, 'the pipe, and nothing new', '2');
  });

  it.each(['/proc/x', '/proc/x/y', '/proc/self/x'])('an output at %s is an error', async (file) => {
    const ended = await zkonnx(['export', 'verifier', '-o', file]);
    expect(ended).toMatchObject({ code: 2, signal: null });
    expect(ended.stderr).toContain('[OUTPUT_UNWRITABLE]');
    table.note('no such place', `export -o ${file}`, 'nothing', '2');
  });
});

describe('a lost stdout or stderr', () => {
  const PROVE = () => ['prove', at('art'), '--in', at('batch.jsonl'), '-o', at('lost'), '--threads', '2'];
  const VERIFY = () => ['verify', at('p.json'), '--key', at('art/verification_key.json')];
  const REFUSED = () => ['verify', at('p.json'), '--key', at('committed/verification_key.json')];
  // [redirection, exit code of a batch, of a valid proof, of a refused one]
  it.each([
    ['>&-', 0, 0, 1],
    ['2>&-', 0, 0, 1],
    ['>&- 2>&-', 0, 0, 1],
    ['>/dev/full', 0, 2, 1],
    ['2>/dev/full', 0, 0, 1],
    ['>/dev/full 2>/dev/full', 0, 2, 1],
    ['| true', 0, 0, 1],
    ['2>&1 | true', 0, 0, 1],
    ['2>&1 | head -1 >/dev/null', 0, 0, 1],
  ] as const)('%s', async (how, batch, valid, refused) => {
    await rm(at('lost'), { recursive: true, force: true });
    const codes = [];
    for (const args of [PROVE(), VERIFY(), REFUSED()]) codes.push((await shell(`zkonnx "$@" ${how}`, args)).code);
    expect(codes).toEqual([batch, valid, refused]);
    expect((await readdir(at('lost'))).length).toBe(6);
    table.note(
      how.replaceAll('|', '\\|'),
      'prove (batch), verify valid, verify refused',
      'all 6 proofs',
      codes.join(', '),
    );
  });

  it('an uncaught error is 3, not 1', async () => {
    // Once the command has begun to listen for it.
    const listening = "process.listenerCount('uncaughtException') > 0";
    const text = `setInterval(() => { if (${listening}) throw new TypeError('a bug'); }, 5);\n`;
    await writeFile(at('thrower.mjs'), text);
    const ended = await zkonnx(PROVE(), { NODE_OPTIONS: `--import=${at('thrower.mjs')}` });
    expect(ended).toMatchObject({ code: 3 });
    expect(ended.stderr).toContain('a bug');
  });
});

describe('few open files (ulimit -n)', () => {
  it.each([20, 24, 28, 32, 40, 60])('%i: done, or exit 2 that says so', async (n) => {
    const out = at('few');
    await rm(out, { recursive: true, force: true });
    await mkdir(out);
    const args = ['prove', at('art'), '--in', at('batch.jsonl'), '-o', out, '--threads', '2'];
    const proven = await shell(`ulimit -n ${n}; zkonnx "$@"`, args);
    const verified = await shell(`ulimit -n ${n}; zkonnx "$@"`, [
      ...['verify', at('proofs'), '--batch', '--key', at('art/verification_key.json')],
    ]);
    for (const { code, stderr } of [proven, verified]) {
      if (code === 0) continue;
      expect({ code, stderr }).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/ulimit|OUTPUT_UNWRITABLE/) as string,
      });
    }
    if (n >= 40) expect([proven.code, verified.code]).toEqual([0, 0]);
    for (const name of await readdir(out))
      expect(scene.isValid(await readFile(path.join(out, name), 'utf8'))).toBe(true);
    table.note(
      `ulimit -n ${n}`,
      'prove (batch), verify --batch',
      'whole proofs only',
      `${proven.code}, ${verified.code}`,
    );
  });
});

describe('an opening', () => {
  it('opens its proof and no other', async () => {
    const [one, two] = [at('pair/one.json'), at('pair/two.json')];
    for (const out of [one, two]) {
      ok(await zkonnx(['prove', at('committed'), '--in', at('in.json'), '-o', out, '--quiet']));
    }
    expect(await openingFits(scene, one, at('pair/one.opening.json'))).toBe(true);
    expect(await openingFits(scene, one, at('pair/two.opening.json'))).toBe(false);
  });
});
