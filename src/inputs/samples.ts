/**
 * Model inputs from files: what `compile --calibrate`, `run --in` and `prove --in` read.
 * In: a file or folder somebody else may have written. Out: samples, one at a time, every value checked against the model.
 * Decoders of pictures and of protobuf are loaded when a file asks for them: they are half of what a proof from JSON would load.
 * May import errors, formats, and the types of verify's statement.
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { samplesOfCsv } from './csv.js';
import { DEFAULT_MAX_FILE_BYTES, linesOf, readBounded, readLines, statPath } from './files.js';
import type { Line } from './files.js';
import { isIdx, parseIdxImages } from './idx.js';
import { isJpeg, isPng } from './image-signature.js';
import type { ImageOptions } from './image.js';
import { parseJsonText } from './json-text.js';
import { samplesOfJson } from './json.js';
import { isNpy, parseNpy } from './npy.js';
import { samplesOfNpz } from './npz.js';
import { describeInputs, samplesOf, singleSample } from './tensor.js';
import type { InputSpec, Sample } from './tensor.js';
import { isZip } from './zip.js';

export type { InputSpec, Sample } from './tensor.js';

/** How to read files whose numbers do not say it themselves. */
export interface ReadOptions {
  /** How pictures become numbers; without it they are refused, because nobody could check what was assumed. */
  readonly image?: ImageOptions;
  /** Of every file read whole, of a line of JSONL or CSV, and of what an .npz unpacks to. Default 256 MiB. */
  readonly maxFileBytes?: number;
}

interface Source {
  readonly path: string;
  /** Of the sample, or of the samples before `#row` and `:line`. */
  readonly id: string;
  readonly inputs: readonly InputSpec[];
  readonly image: ImageOptions | undefined;
  readonly maxBytes: number;
}

type Reader = (source: Source) => AsyncGenerator<Sample>;

/** By extension. The keys are the list that users see. */
const READERS: Readonly<Record<string, Reader>> = {
  '.json': whole((bytes, { id, inputs }) => samplesOfJson(bytes, id, inputs)),
  '.jsonl': fromLines(samplesOfJsonLines),
  '.ndjson': fromLines(samplesOfJsonLines),
  '.npy': whole(npySamples),
  '.npz': whole((bytes, { id, inputs, maxBytes }) => samplesOfNpz(bytes, id, inputs, maxBytes)),
  '.pb': whole(pbSamples),
  '.png': whole(imageSamples),
  '.jpg': whole(imageSamples),
  '.jpeg': whole(imageSamples),
  '.csv': fromLines(samplesOfCsv),
  '-ubyte': whole(idxSamples),
  '-ubyte.gz': whole(idxSamples),
};

/**
 * Reads the samples of a file, or of a folder's files in natural order (img2 before img10; names with a leading dot are left
 * out). A folder with input_0.pb, input_1.pb, … is one sample. Lazy: a file is opened when its first sample is asked for.
 * @throws ZkonnxError FILE_UNREADABLE, FILE_TOO_LARGE, INPUT_FORMAT (also when there is no sample at all), INPUT_NAME,
 *   INPUT_SHAPE, INPUT_TYPE, INPUT_NOT_FINITE.
 */
export async function* readSamples(
  path: string,
  inputs: readonly InputSpec[],
  options: ReadOptions = {},
): AsyncGenerator<Sample> {
  const source: Source = {
    path,
    id: basename(path),
    inputs,
    image: options.image,
    maxBytes: options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES,
  };
  yield* atLeastOne((await statPath(path)).isDirectory() ? readFolder(source) : readFile(source), path);
}

/**
 * Reads the samples of content without a name, as from a pipe: pictures, .npy, .npz and IDX by their first bytes; what begins with a bracket
 * is JSON, or JSONL where its first line is a sample and others follow; everything else is CSV. `id` stands for the name.
 * @throws ZkonnxError as `readSamples`.
 */
export async function* samplesOfContent(
  bytes: Uint8Array,
  id: string,
  inputs: readonly InputSpec[],
  options: ReadOptions = {},
): AsyncGenerator<Sample> {
  const maxBytes = options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES;
  const source: Source = { path: id, id, inputs, image: options.image, maxBytes };
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  yield* atLeastOne(readContent(content, source), id);
}

async function* readContent(bytes: Buffer, source: Source): AsyncGenerator<Sample> {
  const { id, inputs, maxBytes } = source;
  if (isPng(bytes) || isJpeg(bytes)) yield* await imageSamples(bytes, source);
  else if (isNpy(bytes)) yield* npySamples(bytes, source);
  else if (isZip(bytes)) yield* samplesOfNpz(bytes, id, inputs, maxBytes);
  else if (isIdx(bytes)) yield* await idxSamples(bytes, source);
  else if (!isBracket(bytes)) yield* samplesOfCsv(linesOf([bytes], id, maxBytes), id, inputs);
  else if (isJsonLines(bytes)) yield* samplesOfJsonLines(linesOf([bytes], id, maxBytes), id, inputs);
  else yield* samplesOfJson(bytes, id, inputs);
}

const BYTE_ORDER_MARK = Buffer.of(0xef, 0xbb, 0xbf);

function isBracket(bytes: Buffer): boolean {
  const text = bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
  const first = text.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0d && byte !== 0x0a);
  return first === 0x7b || first === 0x5b;
}

/** Whether the first line is a document by itself and more follows. */
function isJsonLines(bytes: Buffer): boolean {
  const end = bytes.indexOf(0x0a);
  if (end === -1 || isBlank(bytes.subarray(end))) return false;
  try {
    parseJsonText(bytes.subarray(0, end), '');
    return true;
  } catch (error) {
    if (error instanceof ZkonnxError) return false;
    throw error;
  }
}

/**
 * Reads the one sample of a file, or of a folder of TensorProto files.
 * @throws ZkonnxError INPUT_FORMAT when there are more, and as `readSamples`.
 */
export async function readOne(path: string, inputs: readonly InputSpec[], options: ReadOptions = {}): Promise<Sample> {
  return onlySample(readSamples(path, inputs, options), path);
}

/** The only one. `path` names them in the message. @throws ZkonnxError INPUT_FORMAT when there are more, and what reading them throws. */
export async function onlySample(samples: AsyncIterable<Sample>, path: string): Promise<Sample> {
  let only: Sample | undefined;
  for await (const sample of samples) {
    if (only !== undefined) {
      throw new ZkonnxError('INPUT_FORMAT', `${path} is a batch`, {
        expected: 'exactly one sample',
        got: `${only.id}, ${sample.id}, …`,
        help: 'give a file with one of them',
      });
    }
    only = sample;
  }
  // readSamples has thrown if there was none.
  return only!;
}

async function* atLeastOne(samples: AsyncGenerator<Sample>, path: string): AsyncGenerator<Sample> {
  let empty = true;
  for await (const sample of samples) {
    empty = false;
    yield sample;
  }
  if (empty) throw new ZkonnxError('INPUT_FORMAT', `${path} holds no sample`, { expected: 'at least one' });
}

function readFile(source: Source): AsyncGenerator<Sample> {
  const name = source.id.toLowerCase();
  const suffix = Object.keys(READERS).find((end) => name.endsWith(end));
  if (suffix !== undefined) return READERS[suffix]!(source);
  throw new ZkonnxError('INPUT_FORMAT', `${source.path} is of no known input format`, {
    expected: `a name that ends in ${Object.keys(READERS).join(', ')}; or a folder of such files`,
    got: source.id,
  });
}

const naturalOrder = new Intl.Collator('en', { numeric: true });

function compareNames(a: string, b: string): number {
  // The collator takes some different names for equal (1 and 01); the order must not hang on the file system then.
  return naturalOrder.compare(a, b) || (a < b ? -1 : 1);
}

async function listFolder(path: string): Promise<string[]> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw new ZkonnxError('FILE_UNREADABLE', `cannot read the folder ${path}`, { got: String(cause), cause });
  });
  return names.filter((name) => !name.startsWith('.')).sort(compareNames);
}

async function* readFolder(source: Source): AsyncGenerator<Sample> {
  const names = await listFolder(source.path);
  if (names.includes('input_0.pb')) {
    yield await readTestDataSet(source, names);
    return;
  }
  for (const name of names) {
    const child: Source = { ...source, path: join(source.path, name), id: name };
    if (!(await statPath(child.path)).isDirectory()) {
      yield* readFile(child);
      continue;
    }
    const inner = await listFolder(child.path);
    if (!inner.includes('input_0.pb')) {
      throw new ZkonnxError('INPUT_FORMAT', `the folder ${source.path} holds a folder that is no test data set`, {
        expected: 'files, or folders with input_0.pb, input_1.pb, …',
        got: child.path,
      });
    }
    yield await readTestDataSet(child, inner);
  }
}

/** ONNX's test_data_set_N: input_i.pb is input i of the model; other files (output_0.pb, …) are left alone. */
async function readTestDataSet(source: Source, names: readonly string[]): Promise<Sample> {
  const files = names.filter((name) => /^input_\d+\.pb$/.test(name));
  const expected = source.inputs.map((_, i) => `input_${i}.pb`);
  if (files.length !== expected.length || !expected.every((name) => files.includes(name))) {
    throw new ZkonnxError('INPUT_NAME', `${source.path} does not hold one file an input`, {
      expected: `${expected.join(', ')} for ${describeInputs(source.inputs)}`,
      got: files.join(', '),
    });
  }
  const { parseTensorProto } = await import('./tensor-proto.js');
  const arrays = [];
  for (const name of expected) {
    arrays.push(parseTensorProto(await readBounded(join(source.path, name), source.maxBytes), `${source.id}/${name}`));
  }
  return singleSample(source.id, source.inputs, arrays);
}

/** A reader of files that are read whole before the first sample. */
function whole(samples: (bytes: Buffer, source: Source) => Iterable<Sample> | Promise<Iterable<Sample>>): Reader {
  return async function* (source) {
    const bytes = await readBounded(source.path, source.maxBytes);
    refuseMisnamed(bytes, source);
    yield* await samples(bytes, source);
  };
}

/** The content of a common binary format under the name of another says more than "not JSON". */
function refuseMisnamed(bytes: Buffer, { path, id }: Source): void {
  const suffix = id.slice(id.lastIndexOf('.')).toLowerCase();
  const formats: readonly { is: boolean; name: string; suffixes: readonly string[] }[] = [
    { is: isPng(bytes) || isJpeg(bytes), name: 'a picture', suffixes: ['.png', '.jpg', '.jpeg'] },
    { is: isNpy(bytes), name: '.npy', suffixes: ['.npy'] },
    { is: isZip(bytes), name: 'a zip archive', suffixes: ['.npz'] },
  ];
  const found = formats.find(({ is }) => is);
  if (found === undefined || found.suffixes.includes(suffix)) return;
  throw new ZkonnxError('INPUT_FORMAT', `the content of ${path} is not what its name says`, {
    expected: `the format of ${suffix} files`,
    got: found.name,
    help: 'give the file the right ending',
  });
}

/** A reader of files that hold a sample a line, and may be of any size. */
function fromLines(
  samples: (lines: AsyncIterable<Line>, id: string, inputs: readonly InputSpec[]) => AsyncGenerator<Sample>,
): Reader {
  return ({ path, id, inputs, maxBytes }) => samples(readLines(path, maxBytes), id, inputs);
}

async function* samplesOfJsonLines(
  lines: AsyncIterable<Line>,
  id: string,
  inputs: readonly InputSpec[],
): AsyncGenerator<Sample> {
  for await (const { number, bytes } of lines) {
    if (isBlank(bytes)) continue;
    const lineId = `${id}:${number}`;
    const samples = [...samplesOfJson(bytes, lineId, inputs)];
    if (samples.length !== 1) {
      throw new ZkonnxError('INPUT_FORMAT', 'a line of JSONL does not hold exactly one sample', {
        got: `${samples.length} samples`,
        where: lineId,
      });
    }
    yield samples[0]!;
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a);
}

function npySamples(bytes: Buffer, { id, inputs }: Source): Iterable<Sample> {
  if (inputs.length === 1) return samplesOf(id, inputs, [parseNpy(bytes, id)]);
  throw new ZkonnxError('INPUT_NAME', 'one .npy array can feed only a model with one input', {
    expected: describeInputs(inputs),
    where: id,
    help: 'use .npz with one array an input name',
  });
}

async function pbSamples(bytes: Buffer, { id, inputs }: Source): Promise<Iterable<Sample>> {
  const { parseTensorProto } = await import('./tensor-proto.js');
  if (inputs.length === 1) return samplesOf(id, inputs, [parseTensorProto(bytes, id)]);
  throw new ZkonnxError('INPUT_NAME', 'one TensorProto can feed only a model with one input', {
    expected: describeInputs(inputs),
    where: id,
    help: 'give the folder that holds input_0.pb, input_1.pb, …',
  });
}

async function imageSamples(bytes: Buffer, source: Source): Promise<Iterable<Sample>> {
  const { imageToTensor, onlyImageInput } = await import('./image.js');
  const spec = onlyImageInput(source.inputs, source.id);
  const values = imageToTensor(bytes, spec, imageOptions(source), source.id);
  return [{ id: source.id, tensors: new Map([[spec.name, values]]) }];
}

async function idxSamples(bytes: Buffer, source: Source): Promise<Iterable<Sample>> {
  const { onlyImageInput, rasterToTensor } = await import('./image.js');
  const spec = onlyImageInput(source.inputs, source.id);
  const prep = imageOptions(source);
  const { count, height, width, pixels } = parseIdxImages(bytes, source.path, source.maxBytes);
  const size = height * width;
  return (function* () {
    for (let row = 0; row < count; row++) {
      const id = `${source.id}#${row}`;
      const raster = { width, height, channels: 1, data: pixels.subarray(row * size, (row + 1) * size) } as const;
      yield { id, tensors: new Map([[spec.name, rasterToTensor(raster, spec, prep, id)]]) };
    }
  })();
}

function imageOptions({ image, id }: Source): ImageOptions {
  if (image !== undefined) return image;
  throw new ZkonnxError('INPUT_FORMAT', 'it is not stated how a picture becomes the input of this model', {
    where: id,
    help: 'state it when compiling, for example --image-range 1 (pixels 0…1) or --image-range 255, --image-mean, --image-std',
  });
}
