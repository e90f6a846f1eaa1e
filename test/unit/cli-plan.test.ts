import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { planProofs } from '../../src/cli/proof-plan.js';
import type { Schema } from '../../src/verify/statement.js';
import { scratchFolder } from './cli-harness.js';

const folder = await scratchFolder();
const schema: Schema = {
  outputs: [],
  inputs: [
    {
      name: 'x',
      dims: [2],
      visibility: 'public',
      lo: 0,
      hi: 255,
      bytes: 1,
      scale: 1 / 255,
      zeroPoint: 0,
      dtype: 'float32',
    },
  ],
};

async function* samples(ids: readonly string[], value = 0.5) {
  for (const id of ids) yield await Promise.resolve({ id, tensors: new Map([['x', Float64Array.of(value, 1)]]) });
}

function plan(ids: readonly string[], input: string, out: string, value?: number) {
  return planProofs(samples(ids, value), { schema }, input, path.join(folder, out));
}

async function names(ids: readonly string[]): Promise<string[]> {
  const { files } = await plan(ids, 'batch', 'proofs');
  return [...files.values()].map((file) => path.relative(path.join(folder, 'proofs'), file));
}

describe('where proofs go', () => {
  it('one sample of a file is one proof, whatever it is called', async () => {
    expect(await plan(['a.json'], 'in/a.json', 'proof')).toEqual({
      isBatch: false,
      files: new Map([['a.json', path.join(folder, 'proof')]]),
    });
  });

  it('rows, lines and files of a folder are a batch, also when there is one', async () => {
    expect((await plan(['a.npz#0'], 'in/a.npz', 'proofs')).isBatch).toBe(true);
    expect((await plan(['a.jsonl:1'], 'in/a.jsonl', 'proofs')).isBatch).toBe(true);
    expect((await plan(['a.json'], 'in/', 'proofs')).isBatch).toBe(true);
  });

  it('names follow the samples', async () => {
    expect(await names(['a.png', 'b.JPG', 'rows.npz#3', 'lines.jsonl:12', 'test_data_set_0'])).toEqual([
      'a.json',
      'b.json',
      'rows-3.json',
      'lines-12.json',
      'test_data_set_0.json',
    ]);
  });

  it('names never meet, never hide and never leave the folder', async () => {
    const hostile = [
      'a.png',
      'A.jpg',
      'a.jpg',
      'a jpg.npy',
      '../../etc/passwd',
      '.hidden.json',
      '\u001b[2J.png',
      '....json',
    ];
    const given = await names(hostile);
    expect(new Set(given.map((name) => name.toLowerCase())).size).toBe(hostile.length);
    for (const name of given) expect(name).toMatch(/^[\p{L}\p{N}_][\p{L}\p{N}._-]*\.json$/u);
  });

  it('a batch does not go into one file, one proof not into a folder', async () => {
    await writeFile(path.join(folder, 'taken'), '');
    await mkdir(path.join(folder, 'dir'));
    await expect(plan(['a', 'b'], 'in', 'proof.json')).rejects.toMatchObject({ code: 'USAGE' });
    await expect(plan(['a', 'b'], 'in', 'taken')).rejects.toMatchObject({ code: 'USAGE' });
    await expect(plan(['a.json'], 'a.json', 'dir')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  });

  it('every sample is checked before the first proof', async () => {
    await expect(plan(['a', 'b'], 'in', 'proofs', 1.5)).rejects.toMatchObject({
      code: 'INPUT_OUT_OF_DOMAIN',
      details: { where: 'x[0], sample a' },
    });
  });
});
