/** The bench as a program: what it does with commands, and the peak memory it reads of them. No time is asserted. */
import { spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../../bench/command.js';
import { findOnPath } from '../../bench/native-provers.js';

const main = path.resolve(import.meta.dirname, '../../dist/bench/main.js');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-bench-test-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const MIB = 2 ** 20;
const script = (code: string) => runCommand(process.execPath, ['--eval', code]);

describe('peak memory of a command', () => {
  it('is the most it had, whatever it gave back', async () => {
    const idle = await script('0');
    const large = await script(`Buffer.alloc(${256 * MIB}, 1)`);
    expect(large.peakBytes! - idle.peakBytes!).toBeGreaterThan(240 * MIB);
    expect(large.peakBytes! - idle.peakBytes!).toBeLessThan(300 * MIB);
  });

  it('counts worker threads', async () => {
    const idle = await script('0');
    const worker = await script(
      `new (require('node:worker_threads').Worker)('Buffer.alloc(${128 * MIB}, 1)', { eval: true })`,
    );
    expect(worker.peakBytes! - idle.peakBytes!).toBeGreaterThan(120 * MIB);
  });

  it('is not its parent’s', async () => {
    const held = Buffer.alloc(512 * MIB, 1);
    const { peakBytes } = await script('0');
    expect(held[0]).toBe(1);
    expect(peakBytes).toBeLessThan(256 * MIB);
  });

  it('is there when the command ends itself', async () => {
    expect((await script('process.exit(0)')).peakBytes).toBeGreaterThan(10 * MIB);
  });
});

describe('a smoke test', () => {
  it('of the protocols has every row, valid proofs and no target', async () => {
    const json = path.join(dir, 'bench.json');
    const { stdout } = await runCommand(process.execPath, [main, 'protocols', '--quick', '--json', json]);
    expect(stdout).toContain('QUICK');
    expect(stdout).not.toContain('asked');
    const { sections } = JSON.parse(await readFile(json, 'utf8')) as {
      sections: {
        comparisons: { name: string; ours: { ms: number[] }; peer: { who: string; peakBytes: number[] } }[];
      }[];
    };
    expect(sections.map(({ comparisons }) => comparisons.map(({ peer }) => peer.who))).toEqual([
      [],
      ['zkonnx, groth16', 'snarkjs'],
      ['zkonnx, groth16', 'snarkjs'],
    ]);
    for (const { ours, peer } of sections.flatMap(({ comparisons }) => comparisons)) {
      expect(Math.min(...ours.ms)).toBeGreaterThan(0);
      expect(Math.min(...peer.peakBytes)).toBeGreaterThan(10 * MIB);
    }
  });
});

describe('commands', () => {
  it('that fail are errors that say what was printed', async () => {
    await expect(script('console.error("no such key"); process.exit(2)')).rejects.toThrow(/ended with 2: no such key/);
    await expect(script('process.kill(process.pid, "SIGKILL")')).rejects.toThrow(/ended with SIGKILL/);
    await expect(runCommand(path.join(dir, 'missing'), [])).rejects.toThrow(/ENOENT/);
  });

  it('that are not Node have no peak', async () => {
    const tool = path.join(dir, 'tool');
    await writeFile(tool, '#!/bin/sh\necho "$1"\n');
    await chmod(tool, 0o755);
    const result = await runCommand(tool, ['said']);
    expect(result).toMatchObject({ stdout: 'said\n' });
    expect(result.peakBytes).toBeUndefined();
    expect(findOnPath('tool', `/nowhere${path.delimiter}${dir}`)).toBe(tool);
    expect(findOnPath('tool', '/nowhere')).toBeUndefined();
  });

  it('that are not ours end the bench with its usage and exit code 2', () => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [main, 'kernel'], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/no part of the bench is named kernel\nusage: /);
  });
});
