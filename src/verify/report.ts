/** From proven integers to the model's own words: real values, the reader's softmax, the winning class. */
import { dequantise } from './statement.js';
import type { TensorSchema } from './statement.js';

/** A tensor in real values: its shape, and its elements row-major. */
export interface TensorValue {
  readonly dims: readonly number[];
  /** Row-major real values, as the model's own output (a softmax left to the reader is applied). */
  readonly data: readonly number[];
}

/** The largest element of one row along the last axis. */
export interface TopClass {
  readonly index: number;
  readonly value: number;
  readonly label?: string;
}

/** Real values of a proven tensor. Integers in [lo, hi], row-major. */
export function realValues(tensor: TensorSchema, integers: ArrayLike<number>): TensorValue {
  const data = dequantise(tensor, integers);
  return { dims: tensor.dims, data: tensor.reader === undefined ? data : applyReader(tensor, tensor.reader, data) };
}

/** Softmax or its logarithm along one axis, shifted by the maximum so that nothing overflows. */
function applyReader(
  tensor: TensorSchema,
  reader: NonNullable<TensorSchema['reader']>,
  data: readonly number[],
): number[] {
  const length = tensor.dims[reader.axis]!;
  const stride = tensor.dims.slice(reader.axis + 1).reduce((product, dim) => product * dim, 1);
  const result = new Array<number>(data.length);
  for (let start = 0; start < data.length; start++) {
    if (Math.floor(start / stride) % length !== 0) continue;
    let max = -Infinity;
    for (let i = 0; i < length; i++) max = Math.max(max, data[start + i * stride]!);
    let sum = 0;
    for (let i = 0; i < length; i++) sum += Math.exp(data[start + i * stride]! - max);
    for (let i = 0; i < length; i++) {
      const shifted = data[start + i * stride]! - max;
      result[start + i * stride] = reader.apply === 'softmax' ? Math.exp(shifted) / sum : shifted - Math.log(sum);
    }
  }
  return result;
}

/** The winner of each row along the last axis, the first of equals; undefined where the last axis has fewer than two elements. */
export function topClasses(tensor: TensorSchema, value: TensorValue): TopClass[] | undefined {
  const width = tensor.dims.at(-1) ?? 1;
  if (width < 2) return undefined;
  const rows: TopClass[] = [];
  for (let start = 0; start < value.data.length; start += width) {
    let index = 0;
    for (let i = 1; i < width; i++) if (value.data[start + i]! > value.data[start + index]!) index = i;
    const label = tensor.labels?.[index];
    rows.push({ index, value: value.data[start + index]!, ...(label === undefined ? {} : { label }) });
  }
  return rows;
}
