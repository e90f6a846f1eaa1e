/** Outputs appear whole or not at all. */
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from '../../src/formats/atomic-write.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-write-'));
  file = path.join(folder, 'out.bin');
  await writeFileAtomically(file, 'old');
});
afterEach(() => rm(folder, { recursive: true }));

const expectOld = async () => {
  expect(await readFile(file, 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['out.bin']);
};

describe('writeFileAtomically', () => {
  it('replaces a file by text, bytes or what a function writes', async () => {
    await writeFileAtomically(file, 'text');
    expect(await readFile(file, 'utf8')).toBe('text');
    await writeFileAtomically(file, new Uint8Array([1, 2]));
    expect([...(await readFile(file))]).toEqual([1, 2]);
    const positions: number[] = [];
    await writeFileAtomically(file, async (output) => {
      for (let i = 0; i < 3; i++) {
        await output.write(new Uint8Array([i, i]));
        positions.push(output.position);
      }
    });
    expect([...(await readFile(file))]).toEqual([0, 0, 1, 1, 2, 2]);
    expect(positions).toEqual([2, 4, 6]);
    expect(await readdir(folder)).toEqual(['out.bin']);
  });

  it('shows nothing until everything is written', async () => {
    await writeFileAtomically(file, async (output) => {
      await output.write(new Uint8Array(10));
      expect(await readFile(file, 'utf8')).toBe('old');
      expect((await readdir(folder)).filter((name) => name.startsWith('.tmp-out.bin-'))).toHaveLength(1);
    });
  });

  it('keeps the old file and removes its own when the writer fails', async () => {
    const failing = writeFileAtomically(file, async (output) => {
      await output.write(new Uint8Array(10));
      throw new RangeError('mine');
    });
    await expect(failing).rejects.toThrow(new RangeError('mine'));
    await expectOld();
  });

  it('stops between writes when the caller aborts', async () => {
    const controller = new AbortController();
    const writing = writeFileAtomically(
      file,
      async (output) => {
        await output.write(new Uint8Array(10));
        controller.abort();
        await output.write(new Uint8Array(10));
        expect.unreachable();
      },
      { signal: controller.signal },
    );
    await expect(writing).rejects.toMatchObject({ code: 'ABORTED' });
    await expectOld();
    await expect(writeFileAtomically(file, 'new', { signal: controller.signal })).rejects.toMatchObject({
      code: 'ABORTED',
    });
    await expectOld();
  });

  it('says what is wrong with the place', async () => {
    const missing = writeFileAtomically(path.join(folder, 'no', 'out'), 'x');
    await expect(missing).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE', exitCode: 2 });
    await mkdir(path.join(folder, 'taken'));
    await expect(writeFileAtomically(path.join(folder, 'taken'), 'x')).rejects.toMatchObject({
      code: 'OUTPUT_UNWRITABLE',
    });
    expect((await readdir(folder)).sort()).toEqual(['out.bin', 'taken']);
  });
});
