import { readFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseNpy } from '../../src/inputs/npy.js';
import { all, fixture, input, plain, refusal, written } from './inputs-support.js';

const range = (count: number, from = 0) => Array.from({ length: count }, (_, i) => from + i);
const cube = input('X', [2, 3, 4]);

/** Format 1.0 with the header as given. */
function npy(header: string, data: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(`${header}\n`);
  const prefix = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
  prefix.writeUInt16LE(text.length, 8);
  return Buffer.concat([prefix, text, data]);
}

const npyOf = (values: Float32Array, shape = `(${values.length},)`) =>
  npy(`{'descr': '<f4', 'fortran_order': False, 'shape': ${shape}, }`, new Uint8Array(values.buffer));

describe('.npy as NumPy writes it', () => {
  const signed = range(12, -3);
  const cases: [string, string, number[]][] = [
    ...['f2', 'f4', 'f8'].flatMap((type) =>
      ['le', 'be'].map((order): [string, string, number[]] => [
        `${order}-${type}`,
        'float32',
        signed.map((v) => v / 4),
      ]),
    ),
    ...['i2', 'i4', 'i8'].flatMap((type) =>
      ['le', 'be'].map((order): [string, string, number[]] => [`${order}-${type}`, 'int64', signed]),
    ),
    ...['u2', 'u4', 'u8'].flatMap((type) =>
      ['le', 'be'].map((order): [string, string, number[]] => [`${order}-${type}`, 'uint64', range(12)]),
    ),
    ['i1', 'int8', signed],
    ['u1', 'uint8', range(12)],
    ['b1', 'bool', range(12).map((value) => value % 2)],
  ];
  test.each(cases)('%s', async (type, dtype, values) => {
    const name = `numpy-${type}.npy`;
    expect(plain(await all(fixture(name), [input('X', [3, 4], dtype)]))).toEqual([[name, { X: values }]]);
  });

  test.each(['fortran.npy', 'version-2.npy', 'version-3.npy'])('%s', async (name) => {
    expect(plain(await all(fixture(name), [cube]))).toEqual([[name, { X: range(24) }]]);
  });

  test('a scalar', async () => {
    expect(plain(await all(fixture('scalar.npy'), [input('X', [])]))).toEqual([['scalar.npy', { X: [2.5] }]]);
  });

  test('a batch axis, also in Fortran order', async () => {
    const rows = [range(12), range(12, 12)];
    for (const dims of [
      [3, 4],
      [1, 3, 4],
      [1, 1, 3, 4],
    ]) {
      expect(plain(await all(fixture('fortran.npy'), [input('X', dims)]))).toEqual([
        ['fortran.npy#0', { X: rows[0] }],
        ['fortran.npy#1', { X: rows[1] }],
      ]);
    }
  });

  test.each(['complex.npy', 'structured.npy', 'text.npy', 'pickled.npy'])('%s is refused', async (name) => {
    await refusal(all(fixture(name), [input('X', [4])]), 'INPUT_TYPE', name, 'float32');
  });
});

describe('.npy: shapes, values and damage', () => {
  const refused = async (bytes: Uint8Array, code: Parameters<typeof refusal>[1], ...words: string[]) =>
    refusal(all(await written('a.npy', bytes), [input('X', [1, 4])]), code, ...words);

  test('float16 decodes every bit pattern', () => {
    const half = (bits: number) => {
      const bytes = npy(
        `{'descr': '<f2', 'fortran_order': False, 'shape': (1,), }`,
        Uint8Array.of(bits & 255, bits >> 8),
      );
      return parseNpy(bytes, 'half').read(0, 1)[0]!;
    };
    expect([0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x3555, 0x7c00, 0xfc00].map(half)).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      1023 * 2 ** -24,
      2 ** -14,
      0.333251953125,
      Infinity,
      -Infinity,
    ]);
    expect(half(0x7e00)).toBeNaN();
    expect(Object.is(half(0x8000), -0)).toBe(true);
  });

  test('wrong shapes and names', async () => {
    await refused(npyOf(new Float32Array(3)), 'INPUT_SHAPE', '[1, 4]', '[N, 1, 4]', 'got: [3]');
    await refused(npyOf(new Float32Array(0), '(0, 4)'), 'INPUT_FORMAT', 'no sample');
    await refusal(all(fixture('scalar.npy'), [input('X', []), input('Y', [])]), 'INPUT_NAME', '.npz');
  });

  test('values that are not finite or no integers, in the row that holds them', async () => {
    await refused(
      npyOf(Float32Array.of(1, 2, 3, 4, 5, 6, NaN, 8), '(2, 4)'),
      'INPUT_NOT_FINITE',
      'a.npy#1, X[0,2]',
      'NaN',
    );
    await refused(npyOf(Float32Array.of(1, -Infinity, 3, 4)), 'INPUT_NOT_FINITE', 'X[0,1]', '-Infinity');
    const path = await written('a.npy', npyOf(Float32Array.of(1, 2.5)));
    await refusal(all(path, [input('X', [2], 'int32')]), 'INPUT_TYPE', 'X[1]', '2.5');
    const big = npy(
      `{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }`,
      new Uint8Array(BigInt64Array.of(2n ** 53n + 1n).buffer),
    );
    await refusal(all(await written('a.npy', big), [input('X', [1], 'int64')]), 'INPUT_TYPE', 'X[0]');
  });

  test('damage', async () => {
    const good = npyOf(Float32Array.of(1, 2, 3, 4));
    await refused(good.subarray(0, -1), 'INPUT_FORMAT', 'cut short', '16 bytes', '15 bytes');
    await refused(Buffer.concat([good, Buffer.alloc(4)]), 'INPUT_FORMAT', 'bytes follow');
    await refused(Buffer.from('not npy at all'), 'INPUT_FORMAT', 'magic');
    await refused(new Uint8Array(0), 'INPUT_FORMAT', 'magic');
    const version = Buffer.from(good);
    version[6] = 9;
    await refused(version, 'INPUT_FORMAT', '9.0');
    await refused(npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }`), 'INPUT_FORMAT', 'shape');
    await refused(npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (2,,2), }`), 'INPUT_FORMAT', 'shape');
    await refused(npy(`{'descr': '<f4', 'shape': (4,), }`), 'INPUT_FORMAT', 'fortran_order');
    await refused(
      npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }`),
      'INPUT_FORMAT',
      'shape',
    );
    await refused(
      npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }`),
      'INPUT_FORMAT',
      'cut short',
    );
  });

  test('any prefix and any changed byte is read or refused, never a crash', async () => {
    const good = await readFile(fixture('fortran.npy'));
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, value, cut) => {
        const bytes = cut ? good.subarray(0, at) : Buffer.from(good);
        if (!cut) bytes[at] = value;
        try {
          expect(parseNpy(bytes, 'a').read(0, 0)).toHaveLength(0);
        } catch (error) {
          expect(String(error)).toMatch(/INPUT_(FORMAT|TYPE)/);
        }
      }),
    );
  });
});

describe('.npz', () => {
  const X = input('X', [1, 4]);
  const Y = input('Y', [2], 'int64');

  test('by name, or by position', async () => {
    expect(plain(await all(fixture('by-name.npz'), [X, Y]))).toEqual([['by-name.npz', { X: [0, 1, 2, 3], Y: [7, 8] }]]);
    expect(plain(await all(fixture('positional.npz'), [X, Y]))).toEqual([
      ['positional.npz', { X: [0, 1, 2, 3], Y: [7, 8] }],
    ]);
    const unnamed = zipSync({ 'arr_0.npy': npyOf(Float32Array.from(range(4))) });
    expect(plain(await all(await written('one.npz', unnamed), [X]))).toEqual([['one.npz', { X: range(4) }]]);
    // As in JSON: an only array of another name is of another model.
    await refusal(all(fixture('one-array.npz'), [input('Z', [5, 4])]), 'INPUT_NAME', 'without "Z"', 'with "anything"');
    const proto = zipSync({ '__proto__.npy': npyOf(Float32Array.from(range(4))) });
    const [sample] = await all(await written('one.npz', proto), [input('__proto__', [4])]);
    expect([...sample!.tensors.keys()]).toEqual(['__proto__']);
  });

  test('an array that has another name in its own header', async () => {
    const archive = Buffer.from(zipSync({ 'X.npy': npyOf(new Float32Array(4)) }));
    archive.write('Z', archive.indexOf('X.npy'), 'latin1');
    await refusal(all(await written('a.npz', archive), [X]), 'INPUT_FORMAT', '"X.npy" has another name');
  });

  test('a batch axis', async () => {
    expect(plain(await all(fixture('batch.npz'), [X, Y]))).toEqual(
      range(5).map((row) => [`batch.npz#${row}`, { X: range(4, 4 * row), Y: range(2, 2 * row) }]),
    );
  });

  test('names, shapes and rows that do not fit', async () => {
    await refusal(all(fixture('batch.npz'), [X]), 'INPUT_NAME', 'with "Y"');
    await refusal(all(fixture('one-array.npz'), [X, Y]), 'INPUT_NAME', 'without "X", "Y"', 'with "anything"');
    await refusal(all(fixture('uneven.npz'), [X, Y]), 'INPUT_SHAPE', '5 rows, as X has', '4 rows of Y');
    await refusal(all(fixture('batch.npz'), [input('X', [1, 3]), Y]), 'INPUT_SHAPE', 'input X', 'got: [5, 4]');
    const mixed = zipSync({ 'X.npy': npyOf(new Float32Array(4)), 'Y.npy': npyOf(new Float32Array(6), '(3, 2)') });
    await refusal(all(await written('a.npz', mixed), [X, Y]), 'INPUT_SHAPE', 'input X', '[N, 1, 4]');
  });

  const refused = async (bytes: Uint8Array, code: Parameters<typeof refusal>[1], ...words: string[]) =>
    refusal(all(await written('a.npz', bytes), [X], { maxFileBytes: 1e6 }), code, ...words);

  test('a bomb is refused before it is inflated', async () => {
    const bomb = zipSync({ 'X.npy': new Uint8Array(2e6) }, { level: 9 });
    expect(bomb.length).toBeLessThan(5000);
    await refused(bomb, 'FILE_TOO_LARGE', 'uncompressed', '1.9 MiB');
    // The directory lies: says 100 bytes, inflates to 2,000,000.
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(100, lying.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 24);
    await refused(lying, 'INPUT_FORMAT', 'does not inflate to its stated size, 100 bytes');
  });

  test('damage', async () => {
    const good = Buffer.from(zipSync({ 'X.npy': npyOf(Float32Array.of(1, 2, 3, 4)) }, { level: 0 }));
    expect(plain(await all(await written('a.npz', good), [X]))).toEqual([['a.npz', { X: [1, 2, 3, 4] }]]);
    await refused(good.subarray(0, 100), 'INPUT_FORMAT', 'no directory');
    await refused(Buffer.alloc(0), 'INPUT_FORMAT', 'no directory');
    const flipped = Buffer.from(good);
    const last = good.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) - 1;
    flipped[last] = flipped[last]! ^ 1;
    await refused(flipped, 'INPUT_FORMAT', 'checksum');
    const directory = Buffer.from(good);
    directory[last + 2] = 0;
    await refused(directory, 'INPUT_FORMAT', 'directory is damaged');
    await refused(zipSync({}), 'INPUT_FORMAT', 'no array');
    await refused(zipSync({ 'X.npy': Buffer.from('text') }), 'INPUT_FORMAT', 'a.npz, X.npy', 'magic');
    await refused(
      zipSync({ X: npyOf(new Float32Array(4)), 'X.npy': npyOf(new Float32Array(4)) }),
      'INPUT_FORMAT',
      'one name',
    );
    const encrypted = Buffer.from(good);
    encrypted[last + 1 + 8]! |= 1;
    await refused(encrypted, 'INPUT_FORMAT', 'encrypted');
    const method = Buffer.from(good);
    method[last + 1 + 10] = 14;
    await refused(method, 'INPUT_FORMAT', 'compression method 14');
  });

  test('any prefix and any changed byte is read or refused, never a crash', async () => {
    const good = await readFile(fixture('one-array.npz'));
    const folder = await written('a.npz', good);
    expect(plain(await all(folder, [input('anything', [5, 4])]))).toHaveLength(1);
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), async (at, value, cut) => {
        const bytes = cut ? good.subarray(0, at) : Buffer.from(good);
        if (!cut) bytes[at] = value;
        const outcome = await all(await writtenOnce(bytes), [input('anything', [5, 4])]).catch(String);
        // Bytes outside the checked data (dates, attributes, the name) may change without harm.
        expect(Array.isArray(outcome) || /INPUT_|FILE_TOO_LARGE/.test(outcome)).toBe(true);
      }),
      { numRuns: 300 },
    );
    async function writtenOnce(bytes: Uint8Array) {
      const { writeFile } = await import('node:fs/promises');
      await writeFile(folder, bytes);
      return folder;
    }
  });
});
