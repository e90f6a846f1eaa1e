import { mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { readIdxImages, readIdxLabels } from '../../src/inputs/idx.js';
import { parseImageFlags } from '../../src/inputs/image.js';
import { readOne, readSamples } from '../../src/inputs/samples.js';
import { all, fixture, input, plain, refusal, temporaryFolder, written } from './inputs-support.js';

const X = input('X', [1, 4]);
const Y = input('Y', [2], 'int64');
const digit = input('Input3', [1, 1, 28, 28]);
const image = parseImageFlags({ range: '255' }, digit);

const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(value >> 7)]);

/** A TensorProto by the protobuf wire format: dims (1), data_type (2), raw_data (9). */
function tensorProto(dims: readonly number[], dataType: number, raw: ArrayBuffer): Buffer {
  const bytes = [...dims.flatMap((dim) => [0x08, ...varint(dim)]), 0x10, dataType, 0x4a, ...varint(raw.byteLength)];
  return Buffer.concat([Buffer.from(bytes), Buffer.from(raw)]);
}

const floats = (dims: number[], ...values: number[]) => tensorProto(dims, 1, Float32Array.from(values).buffer);
const int64s = (dims: number[], ...values: bigint[]) => tensorProto(dims, 7, BigInt64Array.from(values).buffer);

describe('CSV', () => {
  const read = async (text: string, inputs = [X]) => plain(await all(await written('a.csv', text), inputs));

  test('rows are samples; header, quotes, blank lines, CRLF and BOM', async () => {
    const expected = [
      ['a.csv:2', { X: [1, -2.5, 0.25, 1000] }],
      ['a.csv:4', { X: [5, 6, 7, 8] }],
    ];
    expect(await read('\uFEFFa,b,"c",d\r\n1, -2.5 ,.25,1e3\r\n\r\n"5","6",+7,8.\r\n')).toEqual(expected);
    expect(await read('1,2,3,4')).toEqual([['a.csv:1', { X: [1, 2, 3, 4] }]]);
  });

  test('refusals', async () => {
    await refusal(read('1,2,3,4,0'), 'INPUT_SHAPE', 'a.csv:1', '4 comma-separated', 'got: 5', 'labels');
    await refusal(read('1,2,3,4\n1;2;3;4'), 'INPUT_SHAPE', 'a.csv:2', 'got: 1');
    await refusal(read('1,2,3,4\n1,2,x,4'), 'INPUT_TYPE', 'a.csv:2, column 3, X[0,2]', '"x"');
    await refusal(read('1,2,,4'), 'INPUT_TYPE', 'X[0,2]', 'an empty cell');
    await refusal(read('1,2,0x10,4'), 'INPUT_TYPE', 'a.csv:1', '"0x10"');
    await refusal(read('1,2,nan,4'), 'INPUT_NOT_FINITE', 'X[0,2]', 'NaN');
    await refusal(read('1,-inf,3,4'), 'INPUT_NOT_FINITE', 'X[0,1]', '-Infinity');
    await refusal(read('1,2,3,1e39'), 'INPUT_TYPE', 'X[0,3]', '1e+39');
    await refusal(read('a,b,c,d\n'), 'INPUT_FORMAT', 'no sample');
    await refusal(read('1,2,3,4', [X, Y]), 'INPUT_NAME', 'one input', 'JSONL');
  });
});

describe('ONNX TensorProto', () => {
  test('a file for a model of one input, also with a batch axis', async () => {
    expect(plain(await all(await written('a.pb', floats([1, 4], 1, 2, 3, 4.5)), [X]))).toEqual([
      ['a.pb', { X: [1, 2, 3, 4.5] }],
    ]);
    expect(plain(await all(await written('a.pb', int64s([2, 2], 1n, -2n, 3n, 4n)), [Y]))).toEqual([
      ['a.pb#0', { Y: [1, -2] }],
      ['a.pb#1', { Y: [3, 4] }],
    ]);
  });

  test('a test data set is one sample, a folder of them a batch', async () => {
    const folder = await temporaryFolder();
    for (const [name, value] of [
      ['test_data_set_10', 10],
      ['test_data_set_2', 2],
    ] as const) {
      await mkdir(join(folder, name));
      await writeFile(join(folder, name, 'input_0.pb'), floats([1, 4], value, 2, 3, 4));
      await writeFile(join(folder, name, 'input_1.pb'), int64s([2], 5n, 6n));
      await writeFile(join(folder, name, 'output_0.pb'), 'not read');
    }
    const sample = await readOne(join(folder, 'test_data_set_2'), [X, Y]);
    expect(plain([sample])).toEqual([['test_data_set_2', { X: [2, 2, 3, 4], Y: [5, 6] }]]);
    expect(plain(await all(folder, [X, Y]))).toEqual([
      ['test_data_set_2', { X: [2, 2, 3, 4], Y: [5, 6] }],
      ['test_data_set_10', { X: [10, 2, 3, 4], Y: [5, 6] }],
    ]);
    await refusal(all(join(folder, 'test_data_set_2'), [X]), 'INPUT_NAME', 'input_0.pb', 'input_0.pb, input_1.pb');
    await mkdir(join(folder, 'other'));
    await refusal(all(folder, [X, Y]), 'INPUT_FORMAT', 'other', 'input_0.pb');
  });

  test('refusals', async () => {
    const refused = async (bytes: Uint8Array, code: Parameters<typeof refusal>[1], ...words: string[]) =>
      refusal(all(await written('a.pb', bytes), [X]), code, ...words);
    await refused(floats([1, 3], 1, 2, 3), 'INPUT_SHAPE', '[1, 4]', '[1, 3]');
    await refused(floats([1, 4], 1, 2, NaN, 4), 'INPUT_NOT_FINITE', 'X[0,2]');
    await refused(floats([1, 4], 1, 2, 3, 4).subarray(0, -1), 'INPUT_FORMAT', 'a.pb');
    await refused(floats([1, 4], 1, 2, 3), 'INPUT_FORMAT', 'a.pb');
    await refused(Buffer.from('not protobuf'), 'INPUT_FORMAT', 'a.pb');
    await refused(tensorProto([4], 8, new ArrayBuffer(0)), 'INPUT_TYPE', 'a.pb');
    await refusal(all(await written('a.pb', floats([4], 1, 2, 3, 4)), [X, Y]), 'INPUT_NAME', 'input_1.pb');
  });
});

describe('pictures and IDX files', () => {
  test('all ways to the same digits', async () => {
    const idx = await readIdxImages(fixture('mnist-first-4-images-idx3-ubyte'));
    const fromIdx = await all(fixture('mnist-first-4-images-idx3-ubyte'), [digit], { image });
    expect(fromIdx.map(({ id }) => id)).toEqual([0, 1, 2, 3].map((row) => `mnist-first-4-images-idx3-ubyte#${row}`));
    for (const [i, { tensors }] of fromIdx.entries()) {
      const values = [...idx.pixels.subarray(784 * i, 784 * (i + 1))];
      expect([...tensors.get('Input3')!]).toEqual(values);
      const fromPng = await readOne(fixture(`mnist-${i}.png`), [digit], { image });
      expect(plain([fromPng])).toEqual([[`mnist-${i}.png`, { Input3: values }]]);
    }
    expect([...(await readIdxLabels(fixture('mnist-first-4-labels-idx1-ubyte')))]).toEqual([7, 2, 1, 0]);
  });

  test('a picture under the wrong picture ending, and upper case', async () => {
    const path = await written('A.JPG', await readFile(fixture('mnist-2.png')));
    expect((await readOne(path, [digit], { image })).id).toBe('A.JPG');
  });

  test('gzipped IDX; damage', async () => {
    const good = await readFile(fixture('mnist-first-4-images-idx3-ubyte'));
    const zipped = await written('images-idx3-ubyte.gz', gzipSync(good));
    expect((await readIdxImages(zipped)).pixels).toEqual(
      (await readIdxImages(fixture('mnist-first-4-images-idx3-ubyte'))).pixels,
    );
    const refused = async (bytes: Uint8Array, ...words: string[]) =>
      refusal(readIdxImages(await written('a-ubyte', bytes)), 'INPUT_FORMAT', ...words);
    await refused(good.subarray(0, -1), '3135 bytes', '4 × 28 × 28');
    await refused(good.subarray(0, 10), 'cut short');
    await refused(Buffer.from('text'), 'does not begin');
    await refused(gzipSync(good).subarray(0, 200), 'gzip');
    await refusal(readIdxLabels(fixture('mnist-first-4-images-idx3-ubyte')), 'INPUT_FORMAT', '3 axes instead of 1');
    const floatType = Buffer.from(good);
    floatType[2] = 0x0d;
    await refused(floatType, 'unsigned bytes');
    const bomb = await written('bomb-ubyte.gz', gzipSync(Buffer.alloc(2e6)));
    await refusal(readIdxImages(bomb, { maxFileBytes: 1e6 }), 'FILE_TOO_LARGE', 'unpacks');
  });

  test('refusals', async () => {
    await refusal(all(fixture('mnist-0.png'), [digit]), 'INPUT_FORMAT', '--image-range');
    await refusal(all(fixture('mnist-0.png'), [digit, Y], { image }), 'INPUT_NAME', 'one input');
    const truncated = await written('a.png', (await readFile(fixture('mnist-0.png'))).subarray(0, 100));
    await refusal(all(truncated, [digit], { image }), 'INPUT_FORMAT', 'a.png', 'cut short');
  });
});

describe('files and folders', () => {
  test('a folder is read in natural order, hidden files left out, one file after the other', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 's10.json'), '{"X":[10,0,0,0]}');
    await writeFile(join(folder, 's2.jsonl'), '{"X":[2,0,0,0]}\n{"X":[2,1,0,0]}');
    await writeFile(join(folder, 's1.csv'), '1,0,0,0');
    await writeFile(join(folder, '.DS_Store'), 'hidden');
    expect((await all(folder, [X])).map(({ id }) => id)).toEqual(['s1.csv:1', 's2.jsonl:1', 's2.jsonl:2', 's10.json']);
    await writeFile(join(folder, 's3.txt'), '');
    const samples = readSamples(folder, [X]);
    for (const id of ['s1.csv:1', 's2.jsonl:1', 's2.jsonl:2'])
      expect((await samples.next()).value).toMatchObject({ id });
    await refusal(samples.next(), 'INPUT_FORMAT', 's3.txt', '.json', '.npz', '.png');
  });

  test('lazy: what follows the first bad line is never read', async () => {
    const samples = readSamples(await written('a.jsonl', '{"X":[1,2,3,4]}\nbad\n'), [X]);
    expect((await samples.next()).value).toMatchObject({ id: 'a.jsonl:1' });
    await refusal(samples.next(), 'INPUT_FORMAT', 'a.jsonl:2');
  });

  test('lines across the chunks of a long file', async () => {
    const count = 30_000;
    const text = Array.from({ length: count }, (_, i) => `{"X":[${i},1,2,3]}`).join('\n');
    const samples = await all(await written('a.jsonl', text), [X]);
    expect(samples.map(({ tensors }) => tensors.get('X')![0])).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(samples.at(-1)!.id).toBe(`a.jsonl:${count}`);
  });

  test('readOne takes exactly one sample', async () => {
    expect((await readOne(await written('a.json', '[1,2,3,4]'), [X])).id).toBe('a.json');
    await refusal(readOne(fixture('iris-ezkl.json'), [input('X', [4])]), 'INPUT_FORMAT', 'is a batch', '#0');
  });

  test('a file that is too large is refused by its size, before it is read', async () => {
    const path = await written('a.json', '');
    // A sparse file of 1 GiB: reading it would take a GiB of memory.
    const file = await open(path, 'r+');
    await file.truncate(2 ** 30);
    await file.close();
    const before = process.memoryUsage().arrayBuffers;
    await refusal(all(path, [X]), 'FILE_TOO_LARGE', 'at most 256.0 MiB', 'got: 1.00 GiB', 'JSONL');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 27);
    const lines = await written('a.jsonl', `{"X":[1,2,3,4]}\n{"X":[${'1,'.repeat(500_000)}1]}`);
    await refusal(all(lines, [X], { maxFileBytes: 300_000 }), 'FILE_TOO_LARGE', 'line 2');
  });

  test('missing, unreadable, no file, empty', async () => {
    const folder = await temporaryFolder();
    await refusal(all(join(folder, 'none.json'), [X]), 'FILE_UNREADABLE', 'none.json', 'no such file');
    await symlink(join(folder, 'nowhere'), join(folder, 'link.json'));
    await refusal(all(folder, [X]), 'FILE_UNREADABLE', 'link.json');
    await refusal(all(await temporaryFolder(), [X]), 'INPUT_FORMAT', 'no sample');
    await refusal(all(await written('a.json', ''), [X]), 'INPUT_FORMAT', 'the end of the text');
    await refusal(all('/dev/zero', [X]), 'INPUT_FORMAT', 'no known input format');
    await symlink('/dev/zero', join(folder, 'zero.json'));
    await refusal(all(join(folder, 'zero.json'), [X]), 'FILE_UNREADABLE', 'a regular file');
    await symlink('/dev/zero', join(folder, 'zero.jsonl'));
    await refusal(all(join(folder, 'zero.jsonl'), [X]), 'FILE_UNREADABLE', 'a regular file');
  });

  test('content under the name of another format', async () => {
    const png = await readFile(fixture('mnist-0.png'));
    await refusal(all(await written('a.json', png), [X]), 'INPUT_FORMAT', 'a picture', '.json files');
    await refusal(all(await written('a.npy', png), [X]), 'INPUT_FORMAT', 'a picture');
    const npz = await readFile(fixture('batch.npz'));
    await refusal(all(await written('a.json', npz), [X]), 'INPUT_FORMAT', 'a zip archive');
    await refusal(all(await written('a.json', deflateSync(png)), [X]), 'INPUT_FORMAT', 'line 1, column 1');
  });
});
