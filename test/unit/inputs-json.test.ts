import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ZkonnxError } from '../../src/base/errors.js';
import { MAX_JSON_DEPTH } from '../../src/base/strict-json.js';
import { MAX_OTHER_VALUES, NumberBlock, parseJsonText } from '../../src/inputs/json-text.js';
import type { JsonValue } from '../../src/inputs/json-text.js';
import { readOne } from '../../src/inputs/samples.js';
import type { InputSpec } from '../../src/inputs/samples.js';
import { all, fixture, input, plain, refusal, written } from './inputs-support.js';

const X = input('X', [1, 4]);
const Y = input('Y', [2], 'int64');

const read = async (content: unknown, inputs = [X], name = 'a.json') =>
  plain(await all(await written(name, typeof content === 'string' ? content : JSON.stringify(content)), inputs));

const refused = (
  content: unknown,
  code: Parameters<typeof refusal>[1],
  words: string[],
  inputs = [X],
  name = 'a.json',
) => refusal(read(content, inputs, name), code, ...words);

describe('JSON by input name', () => {
  test('nested, flat, without the leading one, as {dims, data}; whatever the order of names', async () => {
    const expected = [['a.json', { X: [1, 2, 3, 4], Y: [5, 6] }]];
    expect(await read({ X: [[1, 2, 3, 4]], Y: [5, 6] }, [X, Y])).toEqual(expected);
    expect(await read({ Y: [5, 6], X: [1, 2, 3, 4] }, [X, Y])).toEqual(expected);
    expect(await read({ X: { dims: [1, 4], data: [1, 2, 3, 4] }, Y: [5, 6] }, [X, Y])).toEqual(expected);
    expect(await read('\uFEFF {"X" :\r\n[1.0, 2e0,\t0.3E+1, 40e-1] }\n')).toEqual([['a.json', { X: [1, 2, 3, 4] }]]);
    expect(await read({ X: 7 }, [input('X', [])])).toEqual([['a.json', { X: [7] }]]);
  });

  test('values are rounded to the element type of the model', async () => {
    expect(await read({ X: [0.1, 1 / 3, -0.7, 1e-50] })).toEqual([
      ['a.json', { X: [Math.fround(0.1), Math.fround(1 / 3), Math.fround(-0.7), 0] }],
    ]);
    expect(await read({ X: [0.1, 1 / 3, 5, 6] }, [input('X', [4], 'float64')])).toEqual([
      ['a.json', { X: [0.1, 1 / 3, 5, 6] }],
    ]);
  });

  test('tensors come in the order of the model', async () => {
    const sample = await readOne(await written('a.json', '{"Y":[1,2],"X":[1,2,3,4]}'), [X, Y]);
    expect([...sample.tensors.keys()]).toEqual(['X', 'Y']);
  });

  test('wrong and missing names list what is expected', async () => {
    await refused({ Z: [1] }, 'INPUT_NAME', ['X [1, 4] float32', 'without "X"', 'with "Z"', 'a.json']);
    await refused({ X: [1, 2, 3, 4] }, 'INPUT_NAME', ['without "Y"', 'Y [2] int64'], [X, Y]);
    await refused({ X: [1, 2, 3, 4], extra: 1 }, 'INPUT_NAME', ['with "extra"']);
  });

  test('a batch by name: every array with one axis more', async () => {
    const rows = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ];
    const expected = [
      ['a.json#0', { X: [1, 2, 3, 4], Y: [1, 2] }],
      ['a.json#1', { X: [5, 6, 7, 8], Y: [3, 4] }],
    ];
    expect(await read({ X: rows, Y: [[1, 2], [3, 4]] }, [X, Y])).toEqual(expected); // prettier-ignore
    const printed = { X: { dims: [2, 1, 4], data: rows.flat() }, Y: { dims: [2, 2], data: [1, 2, 3, 4] } };
    expect(await read(printed, [X, Y])).toEqual(expected);
    await refused({ X: rows, Y: [1, 2] }, 'INPUT_SHAPE', ['input Y', '[N, 2]'], [X, Y]);
    await refused({ X: rows, Y: [[1, 2]] }, 'INPUT_SHAPE', ['2 rows, as X has', '1 rows of Y'], [X, Y]);
    // An item of a list is one sample, and so is a line of JSONL.
    await refused([{ X: rows }], 'INPUT_SHAPE', ['a.json#0', 'got: [2, 4]']);
    await refusal(all(await written('a.jsonl', JSON.stringify({ X: rows })), [X]), 'INPUT_FORMAT', 'a.jsonl:1');
  });

  test('an input named __proto__', async () => {
    const named = '{"__proto__": [1, 2, 3, 4]}';
    const spec = input('__proto__', [1, 4]);
    const [sample] = await all(await written('a.json', named), [spec]);
    expect([...sample!.tensors]).toEqual([['__proto__', Float64Array.of(1, 2, 3, 4)]]);
    await refusal(all(await written('a.json', named), [X]), 'INPUT_NAME', 'with "__proto__"');
  });

  test('of a hidden input no value is quoted, whatever is wrong', async () => {
    const secret = '8273645';
    const texts = [
      `{"X": [${secret}.5.5]}`,
      `{"X": [${secret}`,
      `{"X": ["${secret}", 1, 2, 3]}`,
      `{"X": "${secret}"}`,
      `{"X": [1, 2, 3, 1e999, ${secret}]}`,
      `{"X": [${secret}e999, 1, 2, 3]}`,
      `{"X": [${secret}e90, 1, 2, 3]}`,
      `"${secret}"`,
      secret,
      `{"X": [0] ${secret}}`,
      `{"X": [[${secret}], 2]}`,
    ];
    const inputs = [
      { ...X, visibility: 'committed' as const },
      { ...Y, visibility: 'private' as const },
    ];
    for (const text of texts) {
      for (const inputsOf of [[inputs[0]!], inputs]) {
        const error = await refusalOf(text, inputsOf);
        expect(JSON.stringify([error.message, error.details])).not.toMatch(/8273645|8\.27|got: "?8|Infinity/);
      }
    }
    const shown = await refusal(all(await written('a.json', texts[0]!), [X]), 'INPUT_FORMAT');
    expect(shown.message).toContain(secret);
    const csv = await refusal(
      all(await written('a.csv', `1,2,3,x${secret}\n`), [inputs[0]!]),
      'INPUT_TYPE',
      'column 4',
    );
    expect(csv.message).not.toContain(secret);
  });

  async function refusalOf(text: string, inputs: readonly InputSpec[]): Promise<ZkonnxError> {
    const error: unknown = await all(await written('a.json', text), inputs).catch((thrown: unknown) => thrown);
    if (error instanceof ZkonnxError) return error;
    throw new Error(`accepted: ${text}`);
  }

  test('wrong shapes', async () => {
    await refused({ X: [1, 2, 3] }, 'INPUT_SHAPE', ['[1, 4]', 'got: [3]']);
    await refused({ X: [[1], [2], [3], [4]] }, 'INPUT_SHAPE', ['got: [4, 1]']);
    await refused({ X: [[1, 2], [3]] }, 'INPUT_SHAPE', ['X[1]', 'an array [2]', 'an array [1]']);
    await refused({ X: [1, [2], 3, 4] }, 'INPUT_SHAPE', ['X[1]', 'a number']);
    await refused({ X: [] }, 'INPUT_SHAPE', ['got: [0]']);
    await refused({ X: { dims: [4, 1], data: [1, 2, 3, 4] } }, 'INPUT_SHAPE', ['got: [4, 1]']);
    await refused({ X: { dims: [1, 4], data: [1, 2, 3] } }, 'INPUT_SHAPE', ['4 values', '[3]']);
    await refused({ X: { dims: [1, -4], data: [1, 2, 3, 4] } }, 'INPUT_SHAPE', ['[1, -4]']);
  });

  test('what is no number is named with its index', async () => {
    const deep = input('X', [1, 1, 2, 2]);
    await refused(
      {
        X: [
          [
            [
              [1, 2],
              [3, '4'],
            ],
          ],
        ],
      },
      'INPUT_TYPE',
      ['X[0,0,1,1]', 'the string "4"'],
      [deep],
    );
    await refused({ X: [1, true, 3, 4] }, 'INPUT_TYPE', ['X[1]', 'true', 'write 1']);
    await refused({ X: [1, 2, null, 4] }, 'INPUT_TYPE', ['X[2]', 'null']);
    await refused({ X: 'text' }, 'INPUT_TYPE', ['a.json, X', 'the string "text"']);
    await refused({ X: { data: [1, 2, 3, 4] } }, 'INPUT_TYPE', ['"dims"']);
    await refused({ X: [1, { a: 1 }, 3, 4] }, 'INPUT_TYPE', ['X[1]', 'an object']);
  });

  test('what is not finite is named with its index', async () => {
    const image = input('X', [1, 1, 2, 2]);
    await refused('{"X": [[[[1, 2], [NaN, 4]]]]}', 'INPUT_NOT_FINITE', ['X[0,0,1,0]', 'NaN'], [image]);
    await refused('{"X": [1, -Infinity, 3, 4]}', 'INPUT_NOT_FINITE', ['X[0,1]', '-Infinity']);
    await refused('{"X": [1, 1e999, 3, 4]}', 'INPUT_NOT_FINITE', ['X[0,1]', 'Infinity']);
    await refused('{"X": [1, 1e39, 3, 4]}', 'INPUT_TYPE', ['X[0,1]', '1e+39', 'float32']);
  });

  test('integer inputs take integers of their range', async () => {
    await refused({ Y: [1, 2.5] }, 'INPUT_TYPE', ['Y[1]', '2.5', 'int64'], [Y]);
    await refused({ Y: [1, 2 ** 53] }, 'INPUT_TYPE', ['Y[1]'], [Y]);
    await refused({ Y: [1, 256] }, 'INPUT_TYPE', ['Y[1]', '[0, 255]'], [input('Y', [2], 'uint8')]);
    await refused({ Y: [1, 2] }, 'INPUT_TYPE', ['Y[1]'], [input('Y', [2], 'bool')]);
    await refused({ Y: [1, 65520] }, 'INPUT_TYPE', ['Y[1]', 'float16'], [input('Y', [2], 'float16')]);
    await refused({ Y: [1, 2] }, 'INPUT_TYPE', ['string elements'], [input('Y', [2], 'string')]);
  });
});

describe("ezkl's input_data", () => {
  test('one row an input, other fields left alone', async () => {
    expect(
      await read(
        {
          input_data: [
            [1, 2, 3, 4],
            [5, 6],
          ],
          output_data: [[1]],
        },
        [X, Y],
      ),
    ).toEqual([['a.json', { X: [1, 2, 3, 4], Y: [5, 6] }]]);
    expect(await read({ input_data: [[1, 2, 3, 4]] })).toEqual([['a.json', { X: [1, 2, 3, 4] }]]);
    expect(
      await read(
        {
          input_data: [
            [1, 2],
            [3, 4],
          ],
        },
        [input('P', [2]), input('Q', [2])],
      ),
    ).toEqual([['a.json', { P: [1, 2], Q: [3, 4] }]]);
  });

  test('several rows of one input are a batch', async () => {
    const samples = await all(fixture('iris-ezkl.json'), [input('input', [1, 4])]);
    expect(samples.map(({ id }) => id)).toEqual([0, 1, 2, 3].map((row) => `iris-ezkl.json#${row}`));
    expect([...samples[1]!.tensors.get('input')!]).toEqual(
      [0.3888888955116272, -0.3333333432674408, 0.2881355881690979, 0.0833333358168602].map(Math.fround),
    );
  });

  test('an input that is called input_data is read by name', async () => {
    expect(
      await read(
        {
          input_data: [
            [1, 2],
            [3, 4],
          ],
        },
        [input('input_data', [2, 2])],
      ),
    ).toEqual([['a.json', { input_data: [1, 2, 3, 4] }]]);
  });

  test('refusals', async () => {
    await refused({ input_data: [[1, 2, 3, 4]] }, 'INPUT_NAME', ['2 rows', '1 row'], [X, Y]);
    await refused({ input_data: [[1, 2, 3, 4], [5]] }, 'INPUT_SHAPE', ['input Y', 'got: [1]'], [X, Y]);
    await refused(
      {
        input_data: [
          [1, 2, 3, 4],
          [1, 2, 3],
        ],
      },
      'INPUT_SHAPE',
      ['a.json#1', 'got: [3]'],
    );
    await refused({ input_data: [1, 2, 3, 4] }, 'INPUT_FORMAT', ['[[…], […]]']);
    await refused({ input_data: 'x' }, 'INPUT_FORMAT', ['list of rows']);
    await refused({ input_data: [[1, 2, '0x3', 4]] }, 'INPUT_TYPE', ['0x3', 'X[2]', 'input_data[0]']);
    await refused(`{"input_data": [${'[],'.repeat(2 ** 22)}[]]}`, 'INPUT_SHAPE', ['a.json#0', 'got: [0]']);
    await refused({ input_data: [] }, 'INPUT_FORMAT', ['no sample']);
  });
});

describe('batches', () => {
  test('an array of samples', async () => {
    expect(await read([{ X: [1, 2, 3, 4] }, { input_data: [[5, 6, 7, 8]] }])).toEqual([
      ['a.json#0', { X: [1, 2, 3, 4] }],
      ['a.json#1', { X: [5, 6, 7, 8] }],
    ]);
  });

  test('an array of numbers for a model of one input: a sample, or rows', async () => {
    expect(await read([1, 2, 3, 4])).toEqual([['a.json', { X: [1, 2, 3, 4] }]]);
    expect(
      await read([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ]),
    ).toEqual([
      ['a.json#0', { X: [1, 2, 3, 4] }],
      ['a.json#1', { X: [5, 6, 7, 8] }],
    ]);
    await refused([[1, 2, 3, 4]], 'INPUT_NAME', ['one input'], [X, Y]);
    await refused(
      [
        [1, 2, 3, 4],
        [5, '6', 7, 8],
      ],
      'INPUT_TYPE',
      ['X[1,1]'],
    );
  });

  test('JSONL: one sample a line, blank lines skipped, ids with line numbers', async () => {
    const text = '{"X":[1,2,3,4]}\n\n  \r\n{"input_data":[[5,6,7,8]]}\r\n[9,10,11,12]';
    expect(await read(text, [X], 'a.jsonl')).toEqual([
      ['a.jsonl:1', { X: [1, 2, 3, 4] }],
      ['a.jsonl:4', { X: [5, 6, 7, 8] }],
      ['a.jsonl:5', { X: [9, 10, 11, 12] }],
    ]);
    await refused('{"X":[1,2,3,4]}\n{"X":[1,2,3]}', 'INPUT_SHAPE', ['a.jsonl:2'], [X], 'a.jsonl');
    await refused('{"X":[1,2,3,4]}\n{"X":', 'INPUT_FORMAT', ['a.jsonl:2'], [X], 'a.jsonl');
    await refused('{"input_data":[[1,2,3,4],[1,2,3,4]]}', 'INPUT_FORMAT', ['exactly one', '2 samples'], [X], 'a.jsonl');
    await refused('\n\n', 'INPUT_FORMAT', ['no sample'], [X], 'a.jsonl');
  });

  test('refusals', async () => {
    await refused([], 'INPUT_SHAPE', ['got: [0]']);
    await refused([{ X: [1, 2, 3, 4] }, 5], 'INPUT_FORMAT', ['a.json#1', 'got: 5']);
    await refused('"text"', 'INPUT_FORMAT', ['the string "text"']);
    await refused('3', 'INPUT_FORMAT', ['got: 3']);
  });
});

/** Back to what JSON.parse gives. */
function unblock(value: JsonValue): unknown {
  if (value instanceof NumberBlock) return value.items().map(unblock);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, unblock(item)]));
  return Array.isArray(value) ? value.map((item) => unblock(item as JsonValue)) : value;
}

describe('the JSON reader', () => {
  const parse = (text: string) => unblock(parseJsonText(Buffer.from(text), 'text'));

  test('agrees with JSON.parse', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
        const value: unknown = JSON.parse(text);
        // Objects that carry "__proto__" as a name compare by prototype in Object.fromEntries.
        fc.pre(!text.includes('__proto__'));
        expect(parse(JSON.stringify(value, null, indent))).toEqual(value);
      }),
    );
  });

  test('agrees with JSON.parse on arrays, regular and ragged', () => {
    const { nested } = fc.letrec<{ nested: unknown }>((tie) => ({
      nested: fc.oneof(
        { maxDepth: 4 },
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
        fc.array(tie('nested'), { maxLength: 4 }),
        fc.tuple(fc.array(fc.integer(), { maxLength: 3 }), fc.nat(3)).map(([row, n]) => Array(n).fill(row)),
      ),
    }));
    fc.assert(
      fc.property(nested, (value) => {
        expect(parse(JSON.stringify(value))).toEqual(value);
      }),
    );
  });

  test('refuses what JSON.parse refuses', () => {
    const soup = fc.string({ unit: fc.constantFrom(...'[]{},:"\\0123.-+eE truefalsn\n'), maxLength: 12 });
    fc.assert(
      fc.property(soup, (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        fc.pre(!/"(.*)":.*"\1":/s.test(text));
        if (valid) expect(parse(text)).toEqual(JSON.parse(text));
        else expect(() => parse(text)).toThrow('INPUT_FORMAT');
      }),
      { numRuns: 2000 },
    );
  });

  test('says where and what', async () => {
    const at = (text: string, ...words: string[]) => refusal(() => parse(text), 'INPUT_FORMAT', ...words);
    await at('{"a": 1,\n "b" 2}', 'line 2, column 6', '":"', 'got: "2"');
    await at('{"a": [1, 2}', '"," or "]"', 'got: "}"');
    await at('{"a": 1}}', 'the end of the text', 'column 9');
    await at('', 'the end of the text');
    await at('{"a": 1, "a": 2}', 'every name once', '"a" a second time');
    await at("{'a': 1}", 'double quotes');
    await at('{"a": nope}', '"nope"');
    await at('[1.2.3]', '"1.2.3"');
    await at('["a\nb"]', 'control characters');
    await at('"abc', 'closing quote');
    await at(`[${'1'.repeat(2000)}]`, '1024 characters');
    await refusal(() => parseJsonText(Buffer.from('\ufeff[1]', 'utf16le'), 'text'), 'INPUT_FORMAT', 'byte 0xff');
  });

  test('bounds nesting and values', async () => {
    const nest = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parse(nest(MAX_JSON_DEPTH))).toHaveLength(1);
    await refusal(() => parse(nest(MAX_JSON_DEPTH + 1)), 'INPUT_FORMAT', 'levels of nesting');
    await refusal(() => parse('['.repeat(10_000_000)), 'INPUT_FORMAT', 'levels of nesting');
    await refusal(() => parse(`["",${'[],'.repeat(MAX_OTHER_VALUES)}1]`), 'FILE_TOO_LARGE', 'values');
  });
});
