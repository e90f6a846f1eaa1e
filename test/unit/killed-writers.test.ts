/** What processes that were killed left beside outputs, and what the next writer makes of it. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from '../../src/formats/atomic-write.js';
import { OutputSet } from '../../src/formats/output-set.js';
import { ownerState, ownOwner } from '../../src/formats/process-owner.js';
import { noteMoves, sweep, temporaryName } from '../../src/formats/temporary-file.js';

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-killed-'));
});
afterEach(() => rm(folder, { recursive: true }));

const [, start, ...system] = ownOwner().split('.') as [string, string, ...string[]];
/** A process that has ended: its number is free, or another's. */
const DEAD_PID = spawnSync(process.execPath, ['-e', '']).pid;
const DEAD = [DEAD_PID.toString(36), start, ...system].join('.');
const ELSEWHERE = ['1', start, 'ffffffff', ...system.slice(1)].join('.');

/** The temporary name that another process would have given. */
const of = (owner: string, name: string) => temporaryName(at(name)).replace(ownOwner(), owner);

describe('the owner of a file', () => {
  it('is this process, one that ended, one whose number another has, or one elsewhere', () => {
    expect(ownerState(ownOwner())).toBe('alive');
    expect(ownerState(DEAD)).toBe('dead');
    expect(ownerState(ELSEWHERE)).toBe('elsewhere');
    expect(ownerState('no owner')).toBe('elsewhere');
    // Only where the system says when processes began.
    const reused = [process.pid.toString(36), '1', ...system].join('.');
    expect(ownerState(reused)).toBe(start === '' ? 'alive' : 'dead');
    const before = [process.pid.toString(36), start, system[0], '00000000', system[2]].join('.');
    expect(ownerState(before)).toBe(system[1] === '' ? 'elsewhere' : 'dead');
  });
});

describe('leftovers', () => {
  it('of dead processes go, secrets too, those of living ones and of others stay', async () => {
    const dead = [of(DEAD, 'proof.json'), of(DEAD, 'proof.opening.json')];
    const kept = [
      of(ownOwner(), 'other.json'),
      of(ELSEWHERE, 'third.json'),
      at('.tmp-mine'),
      at('.tmp-x-0123456789ab'),
    ];
    for (const file of [...dead, ...kept]) await writeFile(file, 'x', { mode: 0o600 });
    await writeFileAtomically(at('proof.json'), 'new');
    const names = (await readdir(folder)).sort();
    expect(names).toEqual([...kept.map((file) => path.basename(file)), 'proof.json'].sort());
  });

  it('of processes elsewhere go when nothing has touched them for a week', async () => {
    const [old, young] = [of(ELSEWHERE, 'a'), of(ELSEWHERE, 'b')];
    for (const file of [old, young]) await writeFile(file, 'x');
    const eightDays = Date.now() / 1000 - 8 * 24 * 3600;
    await utimes(old, eightDays, eightDays);
    await sweep(folder);
    expect(await readdir(folder)).toEqual([path.basename(young)]);
  });

  it('names are as long as file systems take', async () => {
    const long = `${'ä'.repeat(100)}.json`;
    await writeFileAtomically(at(long), 'x');
    expect(await readdir(folder)).toEqual([long]);
  });
});

describe('a commit that was broken off', () => {
  /** As a process leaves it that is killed after `shown` of the two renames. */
  async function broken(shown: number): Promise<void> {
    const [opening, proof] = [of(DEAD, 'p.opening.json'), of(DEAD, 'p.json')];
    const moves = {
      shown: [
        [path.basename(opening), 'p.opening.json'],
        [path.basename(proof), 'p.json'],
      ] as [string, string][],
      removed: ['old.key'],
    };
    const noted = await noteMoves(folder, moves);
    await writeFile(noted.replace(ownOwner(), DEAD), await readFile(noted));
    await rm(noted);
    await writeFile(shown > 0 ? at('p.opening.json') : opening, 'new opening');
    await writeFile(shown > 1 ? at('p.json') : proof, 'new proof');
    await writeFile(of(DEAD, 'p.json'), 'the old proof, aside');
    await writeFile(at('old.key'), 'a key');
  }

  it.each([0, 1, 2])('after %i renames is finished', async (shown) => {
    await broken(shown);
    await sweep(folder);
    // What has the name of a removed file once something was shown is somebody's.
    const names = ['old.key', 'p.json', 'p.opening.json'];
    expect((await readdir(folder)).sort()).toEqual(shown === 0 ? names.slice(1) : names);
    expect(await readFile(at('p.json'), 'utf8')).toBe('new proof');
    expect(await readFile(at('p.opening.json'), 'utf8')).toBe('new opening');
  });

  it('a list of another machine is not believed, however old: a folder from elsewhere takes nothing away', async () => {
    await writeFile(at('mine.txt'), 'mine');
    const list = `${of(ELSEWHERE, 'moves')}.moves`;
    await writeFile(list, JSON.stringify({ shown: [], removed: ['mine.txt'] }));
    const eightDays = Date.now() / 1000 - 8 * 24 * 3600;
    await utimes(list, eightDays, eightDays);
    await sweep(folder);
    expect(await readdir(folder)).toEqual(['mine.txt']);
  });

  it.each([
    ['out of the folder', [['T', '../outside']]],
    ['of a file that is not ours', [['precious', 'p.json']]],
    ['that are none', 'x'],
  ])('a list of moves %s moves nothing', async (_, shown) => {
    await mkdir(at('in'));
    const temporary = path.join(folder, 'in', path.basename(of(DEAD, 'p.json')));
    await writeFile(temporary, 'evil');
    await writeFile(at('outside'), 'mine');
    await writeFile(at('in/precious'), 'mine');
    const text = JSON.stringify({ shown, removed: [] }).replace('"T"', JSON.stringify(path.basename(temporary)));
    await writeFile(`${of(DEAD, 'in/moves')}.moves`, text);
    await sweep(at('in'));
    expect(await readdir(at('in'))).toEqual(['precious']);
    expect(await readFile(at('outside'), 'utf8')).toBe('mine');
  });

  it('the last file is never beside another’s: it goes first and comes last', async () => {
    await writeFile(at('p.opening.json'), 'old opening');
    await writeFile(at('p.json'), 'old proof');
    await using outputs = new OutputSet();
    await outputs.write(at('p.opening.json'), 'new opening', { mode: 0o600 });
    await outputs.write(at('p.json'), 'new proof');
    const seen = new Set<string>();
    const look = async () => {
      for (;;) {
        const pair = ['p.opening.json', 'p.json'].map((name) => readFile(at(name), 'utf8').catch(() => '-'));
        const [opening, proof] = await Promise.all(pair);
        if (proof !== '-') seen.add(`${opening} / ${proof}`);
        if (proof === 'new proof') return;
      }
    };
    await Promise.all([look(), outputs.commit()]);
    for (const pair of seen) expect(['old opening / old proof', 'new opening / new proof']).toContain(pair);
    expect((await readdir(folder)).sort()).toEqual(['p.json', 'p.opening.json']);
    expect((await stat(at('p.opening.json'))).mode & 0o777).toBe(0o600);
  });
});
