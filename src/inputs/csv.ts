/**
 * CSV: a row a sample, a column a value of the model's one input in row-major order. Comma-separated, cells optionally in double
 * quotes, an optional header as the first line, blank lines skipped. A header is a line without a single number: one bad cell in the
 * first row is then an error like in any other, where skipping that row would go unnoticed.
 */
import { ZkonnxError } from '../base/errors.js';
import type { Line } from './files.js';
import { describeInputs, elementPath, isQuotable, singleSample, sizeOf } from './tensor.js';
import type { InputSpec, Sample } from './tensor.js';

const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const NOT_FINITE = /^([+-]?)(nan|inf|infinity)$/i;

/** @throws ZkonnxError INPUT_NAME, INPUT_SHAPE, INPUT_TYPE, INPUT_NOT_FINITE; and what reading the lines throws. */
export async function* samplesOfCsv(
  lines: AsyncIterable<Line>,
  id: string,
  inputs: readonly InputSpec[],
): AsyncGenerator<Sample> {
  const spec = inputs[0];
  if (spec === undefined || inputs.length !== 1) {
    throw new ZkonnxError('INPUT_NAME', 'a CSV can feed only a model with one input', {
      expected: describeInputs(inputs),
      where: id,
      help: 'use JSONL or .npz, which name the inputs',
    });
  }
  const size = sizeOf(spec.dims);
  let first = true;
  for await (const { number, bytes } of lines) {
    // Before a line becomes text and the text millions of cells. One more is looked at: a column of labels has its own help.
    const cellCount = countCommas(bytes) + 1;
    if (cellCount > size + 1) throw wrongCount(cellCount, spec, size, `${id}:${number}`);
    const text = bytes
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .trim();
    if (text === '') continue;
    const cells = text.split(',').map(unquote);
    const isHeader = first && cells.every((cell) => !isNumeric(cell));
    first = false;
    if (!isHeader) yield singleSample(`${id}:${number}`, inputs, [rowOf(cells, spec, size, `${id}:${number}`)]);
  }
}

const isNumeric = (cell: string) => NUMBER.test(cell) || NOT_FINITE.test(cell);

function unquote(cell: string): string {
  const trimmed = cell.trim();
  return /^".*"$/.test(trimmed) ? trimmed.slice(1, -1).trim() : trimmed;
}

function rowOf(cells: readonly string[], spec: InputSpec, size: number, origin: string) {
  if (cells.length !== size) throw wrongCount(cells.length, spec, size, origin);
  const values = Float64Array.from(cells, (cell, column) => {
    const notFinite = NOT_FINITE.exec(cell);
    if (notFinite !== null) return /nan/i.test(cell) ? NaN : notFinite[1] === '-' ? -Infinity : Infinity;
    if (NUMBER.test(cell)) return Number(cell);
    throw new ZkonnxError('INPUT_TYPE', `input ${spec.name} holds a value that is no number`, {
      expected: 'a decimal number with a point',
      ...(cell === '' || isQuotable(spec)
        ? { got: cell === '' ? 'an empty cell' : JSON.stringify(cell.slice(0, 64)) }
        : {}),
      where: `${origin}, column ${column + 1}, ${elementPath(spec.name, spec.dims, column)}`,
    });
  });
  return { dims: [size], read: () => values };
}

function countCommas(bytes: Buffer): number {
  let commas = 0;
  // By index: an iterator over the bytes is ten times slower.
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === 0x2c) commas++;
  return commas;
}

function wrongCount(count: number, spec: InputSpec, size: number, origin: string): ZkonnxError {
  return new ZkonnxError('INPUT_SHAPE', `a row does not hold the values of input ${spec.name}`, {
    expected: `${size} comma-separated values`,
    got: `${count}`,
    where: origin,
    ...(count === size + 1 ? { help: 'a column of labels or of row numbers must be left out' } : {}),
  });
}
