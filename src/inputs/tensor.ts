/**
 * From numbers of any source to the tensors of a sample: which shapes are accepted, which axis is a batch, and the checks on
 * every value. Every format ends here, so that the same numbers give the same sample whatever file they came in.
 */
import { elementTypes, isElementType, type ElementTypeRecord } from '../base/element-types.js';
import { ZkonnxError } from '../base/errors.js';
import type { Visibility } from '../verify/statement.js';

/** One input of the model. */
export interface InputSpec {
  readonly name: string;
  /** Concrete: no symbolic dimension is left. */
  readonly dims: readonly number[];
  /** Element type of the model's tensor: float32, int64, … */
  readonly dtype: string;
  /** Of values that a proof hides no message says anything but where they are. Default public. */
  readonly visibility?: Visibility;
}

/** Whether a message may quote what a file says for these inputs. */
export function isQuotable(...inputs: readonly InputSpec[]): boolean {
  return inputs.every(({ visibility = 'public' }) => visibility === 'public');
}

/** One inference's inputs. */
export interface Sample {
  /** File name, `file#row` (rows from 0) or `file:line` (lines from 1). */
  readonly id: string;
  /** By input name, in the model's order; row-major, as many values as the input's dims say. */
  readonly tensors: ReadonlyMap<string, Float64Array>;
}

/** Numbers with a shape, whatever holds them. */
export interface ArraySource {
  readonly dims: readonly number[];
  /** Elements [start, start + count) in row-major order; the caller may not write to them. */
  read(start: number, count: number): Float64Array;
}

/**
 * What a value of each kind of type is, for messages, and whether one is. Floats are rounded to their type: the model never sees more, and a
 * sample is then the same integers whether it came as JSON decimals, as .npy or as a picture. 64-bit integers end where a double no longer
 * holds every integer.
 */
const KINDS: { readonly [K in ElementTypeRecord['kind']]: Kind } = {
  float: {
    range: (dtype) => `a ${dtype}`,
    holds: (value, { round }) => Number.isFinite(round(value)),
  },
  integer: {
    range: (_, type) =>
      `an integer in [${Math.max(type.lo, Number.MIN_SAFE_INTEGER)}, ${Math.min(type.hi, Number.MAX_SAFE_INTEGER)}]`,
    holds: (value, { lo, hi }) => Number.isSafeInteger(value) && value >= lo && value <= hi,
  },
  bool: { range: () => '0 or 1', holds: (value) => value === 0 || value === 1 },
};

interface Kind {
  readonly range: (dtype: string, type: ElementTypeRecord) => string;
  readonly holds: (value: number, type: ElementTypeRecord) => boolean;
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** `[1, 28, 28]`; a scalar is `[]`. A hostile file may state millions of axes: cut short after 32. */
export function formatDims(dims: readonly (number | string)[]): string {
  return dims.length > 32 ? `[${dims.slice(0, 32).join(', ')}, … ${dims.length} axes]` : `[${dims.join(', ')}]`;
}

/** `X [1, 4] float32, Y [2] int64`, for messages. */
export function describeInputs(inputs: readonly InputSpec[]): string {
  return inputs.map(({ name, dims, dtype }) => `${name} ${formatDims(dims)} ${dtype}`).join(', ');
}

/** `X[0,0,3,5]`: the element at a row-major position. */
export function elementPath(name: string, dims: readonly number[], position: number): string {
  const index: number[] = [];
  let rest = position;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    index.unshift(rest % dims[axis]!);
    rest = Math.floor(rest / dims[axis]!);
  }
  return `${name}[${index.join(',')}]`;
}

/**
 * Copies the values of one tensor, each checked and rounded to the input's element type.
 * `origin` names file and row for messages; `values` holds exactly the input's elements.
 * @throws ZkonnxError INPUT_NOT_FINITE, INPUT_TYPE, naming the element.
 */
export function checkValues(spec: InputSpec, values: Float64Array, origin: string): Float64Array {
  if (!isElementType(spec.dtype)) {
    throw new ZkonnxError(
      'INPUT_TYPE',
      `input ${spec.name} holds ${spec.dtype} elements, which no input file can give`,
      {
        expected: Object.keys(elementTypes).join(', '),
        where: origin,
      },
    );
  }
  const type = elementTypes[spec.dtype];
  const { holds } = KINDS[type.kind];
  return values.map((value, i) => {
    if (!holds(value, type)) throw badValue(spec, type, value, i, origin);
    return type.round(value);
  });
}

function badValue(
  spec: InputSpec,
  type: ElementTypeRecord,
  value: number,
  position: number,
  origin: string,
): ZkonnxError {
  const facts = {
    expected: KINDS[type.kind].range(spec.dtype, type),
    ...(isQuotable(spec) ? { got: String(value) } : {}),
    where: `${origin}, ${elementPath(spec.name, spec.dims, position)}`,
  };
  return Number.isFinite(value)
    ? new ZkonnxError('INPUT_TYPE', `input ${spec.name} holds a value that is no ${spec.dtype}`, facts)
    : new ZkonnxError('INPUT_NOT_FINITE', `input ${spec.name} holds a value that is not finite`, facts);
}

/** How an array fills an input: as one sample, as a batch of rows along its first axis, or (both undefined) not at all. */
interface Fit {
  readonly single: boolean;
  readonly rows: number | undefined;
}

function sameDims(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** Equal, or equal once leading ones of the model's dims are dropped: [28, 28] fills [1, 1, 28, 28]. */
function fillsExactly(dims: readonly number[], expected: readonly number[]): boolean {
  const dropped = expected.length - dims.length;
  return (
    dropped >= 0 && expected.slice(0, dropped).every((dim) => dim === 1) && sameDims(dims, expected.slice(dropped))
  );
}

function fit(dims: readonly number[], expected: readonly number[]): Fit {
  const flat = dims.length === 1 && dims[0] === sizeOf(expected);
  const batch = dims.length > 0 && fillsExactly(dims.slice(1), expected);
  return { single: flat || fillsExactly(dims, expected), rows: batch ? dims[0] : undefined };
}

function shapeError(spec: InputSpec, dims: readonly number[], origin: string, allowBatch: boolean): ZkonnxError {
  const size = sizeOf(spec.dims);
  const batch = allowBatch ? `, or a batch ${formatDims(['N', ...spec.dims])}` : '';
  return new ZkonnxError('INPUT_SHAPE', `input ${spec.name} has the wrong shape`, {
    expected: `${formatDims(spec.dims)}, or ${size} value${size === 1 ? '' : 's'} in a row${batch}`,
    got: formatDims(dims),
    where: origin,
  });
}

/**
 * One sample from one array an input, in the model's order.
 * @throws ZkonnxError INPUT_SHAPE, INPUT_TYPE, INPUT_NOT_FINITE.
 */
export function singleSample(id: string, inputs: readonly InputSpec[], arrays: readonly ArraySource[]): Sample {
  const tensors = new Map<string, Float64Array>();
  inputs.forEach((spec, i) => {
    const array = arrays[i]!;
    if (!fit(array.dims, spec.dims).single) throw shapeError(spec, array.dims, id, false);
    tensors.set(spec.name, checkValues(spec, array.read(0, sizeOf(spec.dims)), id));
  });
  return { id, tensors };
}

/**
 * One sample, or a batch when every array has a leading axis of the same length besides the input's own.
 * A shape that can be read both ways is one sample; that happens only where the batch would have one row.
 * @throws ZkonnxError INPUT_SHAPE, INPUT_TYPE, INPUT_NOT_FINITE.
 */
export function* samplesOf(
  id: string,
  inputs: readonly InputSpec[],
  arrays: readonly ArraySource[],
): Generator<Sample, void, undefined> {
  const fits = inputs.map((spec, i) => fit(arrays[i]!.dims, spec.dims));
  if (fits.every(({ single }) => single)) {
    yield singleSample(id, inputs, arrays);
    return;
  }
  const rows = commonRows(id, inputs, arrays, fits);
  for (let row = 0; row < rows; row++) {
    const rowId = `${id}#${row}`;
    const tensors = new Map<string, Float64Array>();
    inputs.forEach((spec, i) => {
      const size = sizeOf(spec.dims);
      tensors.set(spec.name, checkValues(spec, arrays[i]!.read(row * size, size), rowId));
    });
    yield { id: rowId, tensors };
  }
}

function commonRows(
  id: string,
  inputs: readonly InputSpec[],
  arrays: readonly ArraySource[],
  fits: readonly Fit[],
): number {
  let common: { readonly name: string; readonly rows: number } | undefined;
  inputs.forEach((spec, i) => {
    const { rows } = fits[i]!;
    if (rows === undefined) {
      // A good single sample beside a batch is named as the odd one out only if no array is plainly wrong.
      const wrong = fits.findIndex((other) => !other.single && other.rows === undefined);
      const at = wrong === -1 ? i : wrong;
      throw shapeError(inputs[at]!, arrays[at]!.dims, id, true);
    }
    common ??= { name: spec.name, rows };
    if (rows === common.rows) return;
    throw new ZkonnxError('INPUT_SHAPE', 'the inputs of a batch have different numbers of rows', {
      expected: `${common.rows} rows, as ${common.name} has`,
      got: `${rows} rows of ${spec.name}`,
      where: id,
    });
  });
  return common?.rows ?? 0;
}

/** The arrays in the model's order. @throws ZkonnxError INPUT_NAME for a missing or unknown name. */
export function byName<T>(named: ReadonlyMap<string, T>, inputs: readonly InputSpec[], origin: string): T[] {
  const known = new Set(inputs.map(({ name }) => name));
  const unknown = [...named.keys()].filter((name) => !known.has(name));
  const missing = inputs.filter(({ name }) => !named.has(name)).map(({ name }) => name);
  if (unknown.length === 0 && missing.length === 0) return inputs.map(({ name }) => named.get(name)!);
  const facts = [
    ...(missing.length === 0 ? [] : [`without ${quoteNames(missing)}`]),
    ...(unknown.length === 0 ? [] : [`with ${quoteNames(unknown)}, which the model does not have`]),
  ];
  throw new ZkonnxError('INPUT_NAME', 'the input names are not those of the model', {
    expected: describeInputs(inputs),
    got: facts.join(', '),
    where: origin,
  });
}

/** Names as a hostile file may spell them: quoted, escaped, cut short, at most eight. */
function quoteNames(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => JSON.stringify(name.length > 64 ? `${name.slice(0, 64)}…` : name));
  return names.length > 8 ? `${shown.join(', ')} and ${names.length - 8} more` : shown.join(', ');
}
