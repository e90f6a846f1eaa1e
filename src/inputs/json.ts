/**
 * Samples written as JSON, a file or a line of JSONL:
 *   { "X": [[1, 2], [3, 4]], "Y": 5 }             by input name: the input's dims, or its values in a row
 *   { "X": [[[1, 2], …], …], "Y": [5, …] }         a batch by name, every array with one axis more
 *   { "X": [[[1, 2], [3, 4]], …], "Y": [5, …] }    a batch by name: every array with one axis more
 *   { "X": { "dims": [2, 2], "data": [1, …] } }   what `zkonnx run --json` prints
 *   { "input_data": [[…], […]] }                  ezkl's: a row an input; for a model of one input, a row a sample
 *   [ sample, … ]                                 a batch of the above
 *   [[1, 2], [3, 4]]                              a model of one input: its values, or a batch of them
 */
import { internal, ZkonnxError } from '../base/errors.js';
import { isObject, NumberBlock, parseJsonText } from './json-text.js';
import type { JsonItems, JsonObject, JsonValue } from './json-text.js';
import { byName, describeInputs, formatDims, isQuotable, samplesOf, singleSample, sizeOf } from './tensor.js';
import type { ArraySource, InputSpec, Sample } from './tensor.js';

const EZKL_FIELD = 'input_data';

/** Samples of one JSON document; `id` is the file name or `file:line`. */
export function* samplesOfJson(
  bytes: Buffer,
  id: string,
  inputs: readonly InputSpec[],
): Generator<Sample, void, undefined> {
  const document = parseJsonText(bytes, id, isQuotable(...inputs));
  if (isObject(document)) yield* samplesOfObject(document, id, inputs, false);
  else if (document instanceof NumberBlock) yield* samplesOf(id, inputs, [forOnlyInput(document, id, inputs)]);
  else if (Array.isArray(document)) yield* samplesOfArray(document as readonly JsonValue[], id, inputs);
  else throw notASample(document, id, inputs);
}

function* samplesOfArray(
  items: readonly JsonValue[],
  id: string,
  inputs: readonly InputSpec[],
): Generator<Sample, void, undefined> {
  if (!items.some(isObject)) {
    yield* samplesOf(id, inputs, [forOnlyInput(arrayOf(items, inputs[0]?.name ?? '', id, inputs), id, inputs)]);
    return;
  }
  for (const [row, item] of items.entries()) {
    const rowId = `${id}#${row}`;
    if (!isObject(item)) throw notASample(item, rowId, inputs);
    yield* samplesOfObject(item, rowId, inputs, true);
  }
}

function forOnlyInput(array: ArraySource, id: string, inputs: readonly InputSpec[]): ArraySource {
  if (inputs.length === 1) return array;
  throw new ZkonnxError('INPUT_NAME', 'an array without names can feed only a model with one input', {
    expected: describeInputs(inputs),
    where: id,
    help: 'write an object with one array an input name',
  });
}

/** An object may hold a batch, every array with one axis more; not as an item of a list, which is a batch already. */
function* samplesOfObject(
  object: JsonObject,
  id: string,
  inputs: readonly InputSpec[],
  isItem: boolean,
): Generator<Sample, void, undefined> {
  const ezkl = object.get(EZKL_FIELD);
  if (ezkl !== undefined && !inputs.some(({ name }) => name === EZKL_FIELD)) {
    yield* samplesOfEzkl(ezkl, id, inputs);
    return;
  }
  const values = byName(object, inputs, id);
  const arrays = inputs.map(({ name }, i) => tensorOf(values[i]!, name, id, inputs));
  if (isItem) yield singleSample(id, inputs, arrays);
  else yield* samplesOf(id, inputs, arrays);
}

/** Other fields of an ezkl file (output_data, …) are not inputs and are left alone. */
function* samplesOfEzkl(rows: JsonValue, id: string, inputs: readonly InputSpec[]): Generator<Sample, void, undefined> {
  if (!isListOfRows(rows)) {
    throw new ZkonnxError('INPUT_FORMAT', `${EZKL_FIELD} is not a list of rows`, {
      expected: '{"input_data": [[…], […]]}, one row an input',
      where: id,
    });
  }
  const single = inputs.length === 1;
  if (!single && rows.length !== inputs.length) {
    throw new ZkonnxError('INPUT_NAME', `${EZKL_FIELD} does not have one row for each input`, {
      expected: `${inputs.length} rows: ${describeInputs(inputs)}`,
      got: `${rows.length} row${rows.length === 1 ? '' : 's'}`,
      where: id,
      help: 'for a batch of a model with several inputs use JSONL, one such object a line',
    });
  }
  const row = (i: number) =>
    arrayOf(
      rows instanceof NumberBlock ? rows.item(i) : rows[i]!,
      single ? inputs[0]!.name : inputs[i]!.name,
      `${id}, ${EZKL_FIELD}[${i}]`,
      inputs,
    );
  if (!single || rows.length === 1) {
    const arrays = inputs.map((_, i) => row(i));
    yield singleSample(id, inputs, arrays);
    return;
  }
  for (let i = 0; i < rows.length; i++) yield singleSample(`${id}#${i}`, inputs, [row(i)]);
}

function isListOfRows(rows: JsonValue): rows is NumberBlock | JsonItems {
  if (rows instanceof NumberBlock) return rows.dims.length > 1 || rows.length === 0;
  return Array.isArray(rows) && !rows.some((row) => typeof row === 'number');
}

/** A tensor given as a scalar, nested or flat array, or as {dims, data}. */
function tensorOf(value: JsonValue, name: string, origin: string, inputs: readonly InputSpec[]): ArraySource {
  return isObject(value) ? shapedTensor(value, name, origin, inputs) : arrayOf(value, name, origin, inputs);
}

function shapedTensor(object: JsonObject, name: string, origin: string, inputs: readonly InputSpec[]): ArraySource {
  const [dimsField, dataField] = [object.get('dims'), object.get('data')];
  if (dimsField === undefined || dataField === undefined || object.size !== 2) {
    throw new ZkonnxError('INPUT_TYPE', `input ${name} is an object`, {
      expected: 'an array of numbers, or {"dims": […], "data": […]}',
      got: `an object with ${object.size} fields`,
      where: `${origin}, ${name}`,
    });
  }
  const dims = Array.from(wholeArray(arrayOf(dimsField, `${name}.dims`, origin, inputs)));
  const data = arrayOf(dataField, `${name}.data`, origin, inputs);
  if (!dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new ZkonnxError('INPUT_SHAPE', `the dims of input ${name} are not whole numbers`, {
      got: formatDims(dims),
      where: origin,
    });
  }
  if (data.dims.length !== 1 || data.dims[0] !== sizeOf(dims)) {
    throw new ZkonnxError('INPUT_SHAPE', `the data of input ${name} does not fill its dims`, {
      expected: `${sizeOf(dims)} values in a row, for dims ${formatDims(dims)}`,
      got: `shape ${formatDims(data.dims)}`,
      where: origin,
    });
  }
  return { dims, read: (start, count) => data.read(start, count) };
}

function wholeArray(array: ArraySource): Float64Array {
  return array.read(0, sizeOf(array.dims));
}

/** @throws ZkonnxError INPUT_TYPE at the first element that is no number, INPUT_SHAPE where rows differ. */
function arrayOf(value: JsonValue, name: string, origin: string, inputs: readonly InputSpec[]): ArraySource {
  if (value instanceof NumberBlock) return value;
  if (typeof value === 'number') return { dims: [], read: () => Float64Array.of(value) };
  const index: number[] = [];
  refuseIrregular(value, undefined, { name, origin, index, quotable: isQuotable(...inputs) });
  throw internal('an irregular JSON array has regular elements', { name, origin });
}

interface Place {
  readonly name: string;
  readonly origin: string;
  readonly index: number[];
  readonly quotable: boolean;
}

/** Walks in reading order to the first non-number, or the first child whose shape is not that of its elder sister. */
function refuseIrregular(value: JsonValue, elder: JsonValue | undefined, place: Place): void {
  if (typeof value === 'number' || value instanceof NumberBlock) {
    if (elder !== undefined && describeShape(value) !== describeShape(elder)) {
      throw raggedError(place, describeShape(elder), describeShape(value));
    }
    return;
  }
  if (!Array.isArray(value)) throw notANumber(value, place);
  const items = value as readonly JsonValue[];
  for (const [i, item] of items.entries()) {
    place.index.push(i);
    refuseIrregular(item, i === 0 ? undefined : items[0], place);
    place.index.pop();
  }
}

function describeShape(value: JsonValue): string {
  if (typeof value === 'number') return 'a number';
  return value instanceof NumberBlock ? `an array ${formatDims(value.dims)}` : 'an irregular array';
}

const pathOf = ({ name, index }: Place) => (index.length === 0 ? name : `${name}[${index.join(',')}]`);

function raggedError(place: Place, expected: string, got: string): ZkonnxError {
  return new ZkonnxError('INPUT_SHAPE', `the arrays of input ${place.name} are not of one shape`, {
    expected: `${expected}, as the first element has`,
    got,
    where: `${place.origin}, ${pathOf(place)}`,
  });
}

function notANumber(value: JsonValue, place: Place): ZkonnxError {
  return new ZkonnxError('INPUT_TYPE', `input ${place.name} holds a value that is no number`, {
    expected: 'numbers',
    got: describeValue(value, place.quotable),
    where: `${place.origin}, ${pathOf(place)}`,
    ...(typeof value === 'boolean' ? { help: 'write 1 for true and 0 for false' } : {}),
  });
}

function describeValue(value: JsonValue, quotable: boolean): string {
  if (typeof value === 'string') return quotable ? `the string ${JSON.stringify(value.slice(0, 64))}` : 'a string';
  if (isObject(value)) return 'an object';
  if (typeof value === 'number' && !quotable) return 'a number';
  return typeof value === 'object' && value !== null ? 'an array' : String(value);
}

function notASample(value: JsonValue, id: string, inputs: readonly InputSpec[]): ZkonnxError {
  return new ZkonnxError('INPUT_FORMAT', 'not a sample', {
    expected: `an object with one array an input name (${describeInputs(inputs)}), or {"input_data": [[…]]}`,
    got: describeValue(value, isQuotable(...inputs)),
    where: id,
  });
}
