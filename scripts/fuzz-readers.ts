/** Hostile files for each reader of strangers' files: seeded, so that a number says which one it was. Used by scripts/fuzz.ts and its test. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { fromBase64, toBase64 } from '../src/base/base64.js';
import { ZkonnxError } from '../src/base/errors.js';
import { readCircuit } from '../src/formats/circuit.js';
import { bytesSource } from '../src/formats/iden3-container.js';
import { readManifest } from '../src/formats/manifest.js';
import { samplesOfContent, type InputSpec } from '../src/inputs/samples.js';
import { parseTensorProto } from '../src/inputs/tensor-proto.js';
import { openProgram } from '../src/prove/clear/program.js';
import { ENGINES } from '../src/prove/protocols.js';
import { prepareKey } from '../src/verify/checked-key.js';
import { verify } from '../src/verify/verify.js';
import { sampleBytes, sampleKey, SAMPLE_SCHEMA } from './clear-sample.js';

const root = path.resolve(import.meta.dirname, import.meta.url.includes('/dist/') ? '../..' : '..');
const fixture = (name: string) => readFileSync(path.join(root, 'test/fixtures', name));

/** A random integer in [0, n). */
type Random = (n: number) => number;

interface FuzzedReader {
  /** Good files, which are changed. */
  readonly seeds: readonly Buffer[];
  /** JSON or CSV: tokens are changed too. */
  readonly isText?: boolean;
  /** Files made to cost time or memory. */
  readonly bombs?: readonly (() => Buffer)[];
  readonly read: (bytes: Buffer) => Promise<unknown>;
}

const X: InputSpec = { name: 'X', dims: [1, 4], dtype: 'float32' };
const PICTURE: InputSpec = { name: 'X', dims: [1, 1, 28, 28], dtype: 'float32' };
const image = {
  layout: 'NCHW',
  resize: 'bilinear',
  color: 'gray',
  invert: false,
  range: 1,
  mean: [0],
  std: [1],
} as const;

const samples =
  (...inputs: InputSpec[]) =>
  async (bytes: Buffer): Promise<void> => {
    for await (const { tensors } of samplesOfContent(bytes, 'fuzz', inputs, { image })) void tensors;
  };

const text = (content: unknown) => Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
const MIB = 2 ** 20;
/** As long as a file of that kind may be, and no value in it. */
const nested = () => Buffer.alloc(16 * MIB, '[');
const manyArrays = () => Buffer.from(`[${'[],'.repeat(5 * MIB)}[]]`);
const manyFields = () => Buffer.from(`{${Array.from({ length: 2 ** 20 }, (_, i) => `"${i}":0`).join()}}`);
const jsonBombs = [nested, manyArrays, manyFields];

function pngHeader(
  width: number,
  height: number,
  depth: number,
  color: number,
  interlaced: boolean,
  pixels: number,
): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    return Buffer.concat([length, Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, color, 0, 0, interlaced ? 1 : 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(pixels))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** 8 × 8 gray, baseline, by hand: one quantisation table, one code of each kind. */
function jpegSeed(): Buffer {
  const segment = (marker: number, ...data: number[]) => [
    0xff,
    marker,
    (data.length + 2) >> 8,
    (data.length + 2) & 255,
    ...data,
  ];
  const ones = new Array<number>(64).fill(1);
  const oneCode = [1, ...new Array<number>(15).fill(0), 0];
  return Buffer.from([
    ...[0xff, 0xd8],
    ...segment(0xdb, 0, ...ones),
    ...segment(0xc0, 8, 0, 8, 0, 8, 1, 1, 0x11, 0),
    ...segment(0xc4, 0, ...oneCode, 0x10, ...oneCode),
    ...segment(0xda, 1, 1, 0, 0, 63, 0),
    ...[0x3f, 0xff, 0xd9],
  ]);
}

function withFrame(width: number, height: number, extra: number): Buffer {
  const good = jpegSeed();
  const frame = good.indexOf(Buffer.of(0xff, 0xc0));
  const wide = Buffer.from(good);
  wide.writeUInt16BE(height, frame + 5);
  wide.writeUInt16BE(width, frame + 7);
  return Buffer.concat([wide.subarray(0, -2), Buffer.alloc(extra), wide.subarray(-2)]);
}

const artifact = (name: string) => fixture(`artifacts/v1/${name}`);
const mirageKey = artifact('mirage/verification_key.json');
const groth16Key = artifact('groth16/verification_key.json');
const prepared = prepareKey(mirageKey.toString());
const CLEAR_KEY = await sampleKey();
const scratch = mkdtempSync(path.join(tmpdir(), 'zkonnx-fuzz-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** By name, as the table prints them. */
export const FUZZED: Readonly<Record<string, FuzzedReader>> = {
  png: {
    seeds: [0, 1, 2, 3].map((i) => fixture(`inputs/mnist-${i}.png`)),
    bombs: [
      () => pngHeader(1, 2 ** 25, 8, 0, false, 2 ** 26),
      () => pngHeader(4096, 4096, 8, 6, false, 4096 * (1 + 4 * 4096)),
      () => pngHeader(32768, 512, 8, 6, true, 64 * MIB),
      () => pngHeader(8, 8, 8, 0, false, 256 * MIB),
    ],
    read: samples(PICTURE),
  },
  jpeg: {
    seeds: [jpegSeed()],
    bombs: [
      () => withFrame(65535, 65535, 0),
      () => withFrame(4096, 4096, 100_000),
      () =>
        Buffer.concat([
          jpegSeed().subarray(0, -2),
          ...Array.from({ length: 100 }, () => jpegSeed().subarray(2, -2)),
          Buffer.of(0xff, 0xd9),
        ]),
    ],
    read: samples(PICTURE),
  },
  idx: {
    seeds: [
      fixture('inputs/mnist-first-4-images-idx3-ubyte'),
      gzipSync(fixture('inputs/mnist-first-4-images-idx3-ubyte')),
    ],
    bombs: [
      () => gzipSync(Buffer.alloc(250 * MIB)),
      () => Buffer.from([0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0]),
    ],
    read: samples(PICTURE),
  },
  npy: {
    seeds: ['version-2.npy', 'version-3.npy', 'numpy-le-f4.npy', 'fortran.npy', 'scalar.npy'].map((name) =>
      fixture(`inputs/${name}`),
    ),
    read: samples(X),
  },
  npz: {
    seeds: ['by-name.npz', 'batch.npz', 'positional.npz'].map((name) => fixture(`inputs/${name}`)),
    read: samples(X, { name: 'Y', dims: [2], dtype: 'int64' }),
  },
  pb: {
    seeds: [
      Buffer.from([8, 4, 16, 1, 34, 16, ...new Array<number>(16).fill(0)]),
      Buffer.from([8, 4, 16, 1, 74, 16, ...new Array<number>(16).fill(1)]),
    ],
    read: (bytes) => Promise.resolve(parseTensorProto(bytes, 'fuzz').dims),
  },
  json: {
    seeds: [text({ X: [[1, 2, 3, 4]] }), text([[1, 2, 3, 4], [5, 6, 7, 8]]), text({ X: { dims: [1, 4], data: [1, 2, 3, 4] } }), text({ input_data: [[0.5, 1e-3, -2, 4]] })], // prettier-ignore
    isText: true,
    bombs: [...jsonBombs, () => Buffer.from(`{"X":[${'1,'.repeat(30 * MIB)}1]}`)],
    read: samples(X),
  },
  csv: {
    seeds: [text('a,b,c,d\n1,2,3,4\n5,6,7,8\n')],
    isText: true,
    bombs: [() => Buffer.alloc(64 * MIB, ',')],
    read: samples(X),
  },
  manifest: {
    seeds: [artifact('mirage/manifest.json'), artifact('groth16/manifest.json')],
    isText: true,
    bombs: jsonBombs,
    read: (bytes) => {
      writeFileSync(path.join(scratch, 'manifest.json'), bytes);
      return readManifest(scratch);
    },
  },
  key: {
    seeds: [mirageKey, groth16Key],
    isText: true,
    bombs: jsonBombs,
    read: (bytes) => Promise.resolve(prepareKey(bytes.toString())),
  },
  proof: {
    seeds: [artifact('mirage/proof.json')],
    isText: true,
    bombs: jsonBombs,
    // A refusal is an answer; only what is thrown counts.
    read: (bytes) => {
      const { valid } = verify(bytes.toString(), prepared);
      return valid ? Promise.resolve() : Promise.reject(new ZkonnxError('USAGE', 'the proof is refused'));
    },
  },
  circuit: {
    seeds: [artifact('mirage/circuit.bin'), artifact('groth16/circuit.bin')],
    read: (bytes) => readCircuit(bytesSource(bytes, 'fuzz')),
  },
  program: {
    seeds: [Buffer.from(sampleBytes())],
    read: (bytes) => Promise.resolve(openProgram(bytes, SAMPLE_SCHEMA, 'fuzz')),
  },
  'verification key of clear': {
    seeds: [text(CLEAR_KEY)],
    isText: true,
    bombs: jsonBombs,
    read: (bytes) => Promise.resolve(prepareKey(bytes.toString())),
  },
  'relation of a key of clear': {
    seeds: [Buffer.from(fromBase64(CLEAR_KEY.relation)!)],
    read: (bytes) => Promise.resolve(prepareKey({ ...CLEAR_KEY, relation: toBase64(bytes) })),
  },
  'proving key': {
    seeds: [artifact('mirage/proving_key.mirage')],
    read: (bytes) => ENGINES.mirage.openKey(bytesSource(bytes, 'fuzz')),
  },
};

/** mulberry32. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((((mixed ^ (mixed >>> 14)) >>> 0) * n) / 2 ** 32) | 0;
  };
}

const NUMBERS = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const TOKENS = ['null', 'true', '-1', '1e999', '1e-400', '9007199254740993', '""', '"\\ud800"', '{}', '[]', '[[]]', '"__proto__"', 'NaN', '{"a":1,"a":2}', '\\', '\u0000', '"constructor"']; // prettier-ignore

const CHANGES: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => bytes.subarray(0, random(bytes.length + 1)),
  (bytes, random) => {
    const at = random(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length + 1))]);
  },
  ...[1, 4, 16].map((count) => (bytes: Buffer, random: Random) => {
    const changed = Buffer.from(bytes);
    for (let i = 0; i < count && changed.length > 0; i++) changed[random(changed.length)] = random(256);
    return changed;
  }),
  (bytes, random) => {
    const changed = Buffer.from(bytes);
    const width = [1, 2, 4][random(3)]!;
    if (changed.length < width) return changed;
    const value = NUMBERS[random(NUMBERS.length)]! % 2 ** (8 * width);
    const at = random(changed.length - width + 1);
    if (random(2) === 0) changed.writeUIntBE(value, at, width);
    else changed.writeUIntLE(value, at, width);
    return changed;
  },
];

const TEXT_CHANGES: typeof CHANGES = [
  (bytes, random) => {
    const parts = bytes.toString('latin1').split(/("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[{}[\],:])/);
    parts[random(parts.length)] = TOKENS[random(TOKENS.length)]!;
    return Buffer.from(parts.join(''), 'latin1');
  },
  (bytes, random) => {
    const source = bytes.toString('latin1');
    const fields = [...source.matchAll(/"\w+"\s*:/g)];
    const field = fields[random(fields.length)];
    if (field === undefined) return bytes;
    return Buffer.from(
      `${source.slice(0, field.index)}${field[0]}${TOKENS[random(TOKENS.length)]!},${source.slice(field.index)}`,
      'latin1',
    );
  },
];

/** File `index` of a reader: first its bombs, then changed seeds. */
export function hostileFile({ seeds, isText = false, bombs = [] }: FuzzedReader, index: number, seed: number): Buffer {
  const bomb = bombs[index];
  if (bomb !== undefined) return bomb();
  const random = randomOf(seed * 1_000_003 + index);
  const changes = isText ? [...CHANGES, ...TEXT_CHANGES, ...TEXT_CHANGES] : CHANGES;
  let bytes = seeds[random(seeds.length)]!;
  for (let times = 1 + random(3); times > 0; times--) bytes = changes[random(changes.length)]!(bytes, random);
  return bytes;
}

export type Verdict = 'accepted' | 'refused';

/** What the reader makes of a file. Throws what it may not: anything but a ZkonnxError of exit code 2. */
export async function judge(reader: FuzzedReader, bytes: Buffer): Promise<Verdict> {
  try {
    await reader.read(bytes);
    return 'accepted';
  } catch (error) {
    if (error instanceof ZkonnxError && error.exitCode === 2) return 'refused';
    throw error;
  }
}
