/** One writer at a time in an artifact folder, and readers who need no lock. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArtifactLock, LOCK_NAME, lockState } from '../../src/formats/artifact-lock.js';
import { readingArtifact } from '../../src/formats/artifact-read.js';
import { ownOwner } from '../../src/formats/process-owner.js';

let folder: string;
const at = (name: string) => path.join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-lock-'));
});
afterEach(() => rm(folder, { recursive: true }));

const [, ...rest] = ownOwner().split('.') as [string, ...string[]];
const dead = () => [spawnSync(process.execPath, ['-e', '']).pid.toString(36), ...rest].join('.');

/** A lock as another process leaves it. */
async function locked(owner: string, name = LOCK_NAME, id = '0123456789abcdef'): Promise<void> {
  const holder = { id, owner, host: 'that-host', command: 'setup', since: '2026-01-01T00:00:00.000Z' };
  await writeFile(at(name), JSON.stringify(holder));
}

const take = (patienceMs = 100) => ArtifactLock.take(folder, 'compile', { patienceMs });

describe('a lock', () => {
  it('is refused to a second one, who hears who has it, and free again when it is released', async () => {
    const first = await take();
    expect(await lockState(folder)).toBe('alive');
    await expect(take()).rejects.toMatchObject({ code: 'ARTIFACT_LOCKED', exitCode: 2 });
    const error: unknown = await take().catch((thrown: unknown) => thrown);
    expect(String(error)).toContain(`compile, process ${process.pid} on `);
    await first.requireHeld();
    await first.release();
    expect(await readdir(folder)).toEqual([]);
    await (await take()).release();
  });

  it('is waited for a little', async () => {
    const first = await take();
    setTimeout(() => void first.release(), 150);
    await using second = await take(5000);
    await second.requireHeld();
  });

  it('that was taken away is not gone on with, and not another’s removed', async () => {
    const first = await take();
    await rm(at(LOCK_NAME));
    const second = await take();
    await expect(first.requireHeld()).rejects.toMatchObject({ code: 'ARTIFACT_LOCKED' });
    await first.release();
    await second.requireHeld();
  });

  it('of a process that is gone is taken over, by one of many', async () => {
    for (let round = 0; round < 10; round++) {
      await locked(dead());
      let holders = 0;
      const all = Array.from({ length: 8 }, async () => {
        const lock = await take(20_000);
        expect(++holders).toBe(1);
        await lock.requireHeld();
        holders--;
        await lock.release();
      });
      await Promise.all(all);
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it('is taken over where who was taking it over has died too', async () => {
    await locked(dead());
    await locked(dead(), `${LOCK_NAME}.0123456789abcdef`, 'fedcba9876543210');
    await (await take()).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.each([
    ['of another host', [rest[0], 'ffffffff', ...rest.slice(2)]],
    ['that is none', undefined],
  ])('%s: the file to remove is named', async (_, system) => {
    if (system === undefined) await writeFile(at(LOCK_NAME), 'x');
    else await locked(['1', ...system].join('.'));
    const error: unknown = await take().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ARTIFACT_LOCKED', details: { where: at(LOCK_NAME) } });
    expect(String(error)).toContain('remove this file');
  });

  it('that is a link to nowhere, or of a size no lock has, is a stranger’s, and is not waited for longer or shown', async () => {
    await symlink('nowhere', at(LOCK_NAME));
    await expect(take()).rejects.toMatchObject({ code: 'ARTIFACT_LOCKED', details: { where: at(LOCK_NAME) } });
    await rm(at(LOCK_NAME));
    const holder = { id: '0123456789abcdef', owner: 'x', host: 'h'.repeat(5000), command: 'setup', since: '2026' };
    await writeFile(at(LOCK_NAME), JSON.stringify(holder));
    await expect(take()).rejects.toMatchObject({ details: { got: 'a lock that cannot be read' } });
    await truncate(at(LOCK_NAME), 2 ** 33);
    await expect(take()).rejects.toMatchObject({ details: { got: 'a lock that cannot be read' } });
  });

  it('in a folder that is not there, or is a file', async () => {
    await expect(ArtifactLock.take(at('no'), 'x')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await writeFile(at('file'), '');
    await expect(ArtifactLock.take(at('file'), 'x')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  });
});

describe('a reader', () => {
  it('reads again what was replaced under it, and frees what it had', async () => {
    await writeFile(at('manifest.json'), 'old');
    const freed: string[] = [];
    let calls = 0;
    const read = async () => {
      const text = await readFile(at('manifest.json'), 'utf8');
      if (calls++ === 0) await writeFile(at('manifest.json'), 'new text');
      return text;
    };
    const got = await readingArtifact(folder, read, {
      discard: async (text) => void freed.push(await Promise.resolve(text)),
    });
    expect({ got, freed }).toEqual({ got: 'new text', freed: ['old'] });
  });

  it('gives up where they never stay, and does not hide an error of files that do', async () => {
    let calls = 0;
    const restless = () => writeFile(at('manifest.json'), String(calls++).padStart(calls));
    await expect(readingArtifact(folder, restless)).rejects.toMatchObject({ code: 'ARTIFACT_LOCKED' });
    const once = calls;
    expect(once).toBeGreaterThan(2);
    const failing = async () => Promise.reject(await Promise.resolve(new RangeError(String(calls++))));
    await expect(readingArtifact(folder, failing)).rejects.toThrow(new RangeError(String(once)));
  });
});
