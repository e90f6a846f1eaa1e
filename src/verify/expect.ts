/** What a caller expects to have been proven, against what was. Expectations are the caller's: a wrong one throws, a missed one refuses. */
import { ZkonnxError } from '../base/errors.js';
import { Refusal } from './refusal.js';
import type { TensorValue } from './report.js';
import { elementCount, quantise } from './statement.js';
import type { TensorSchema } from './statement.js';

/** Real values by tensor name, row-major. */
export type Expectation = Readonly<Record<string, readonly number[]>>;

export interface ProvenTensor {
  readonly tensor: TensorSchema;
  readonly integers: ArrayLike<number>;
  readonly value: TensorValue;
}

/**
 * Room for the printing of a reader's values (softmax in float32 here, float64 there): they are no integers, so they are
 * compared as reals, relative to the larger of one and the expected value.
 */
const READER_TOLERANCE = 1e-6;

/** `tensors` are those that can be compared: public, or opened. Throws USAGE for a name that is none of them, a wrong count or a value that is no number. */
export function checkExpectation(
  side: 'output' | 'input',
  tensors: readonly TensorSchema[],
  expected: Expectation,
): void {
  for (const [name, values] of Object.entries(expected)) {
    const tensor = tensors.find((candidate) => candidate.name === name);
    const where = `expected ${side} "${name.slice(0, 60)}"`;
    if (tensor === undefined) {
      const names = tensors.map((candidate) => candidate.name);
      throw new ZkonnxError('USAGE', `the key proves no public ${side} of this name`, {
        expected: names.length === 0 ? `no expectation: this key has no public ${side}` : names.join(', '),
        where,
        help: 'a committed one can be expected where its opening is given (--opening)',
      });
    }
    const count = elementCount(tensor.dims);
    if (!Array.isArray(values) || values.length !== count || !values.every(Number.isFinite)) {
      throw new ZkonnxError('USAGE', `an expectation must have one finite number for each element`, {
        expected: `${count} numbers, dims [${tensor.dims.join(', ')}]`,
        got: Array.isArray(values) ? `${values.length} values` : typeof values,
        where,
      });
    }
  }
}

/** Throws Refusal at the first element that differs. Compares integers; the values of a reader as reals. */
export function compareExpectation(
  side: 'output' | 'input',
  proven: readonly ProvenTensor[],
  expected: Expectation,
): void {
  for (const { tensor, integers, value } of proven) {
    if (!Object.hasOwn(expected, tensor.name)) continue;
    const reals = expected[tensor.name]!;
    const wanted = quantise(tensor, reals);
    const differs = (real: number, i: number) =>
      tensor.reader === undefined
        ? wanted[i] !== integers[i]
        : Math.abs(real - value.data[i]!) > READER_TOLERANCE * Math.max(1, Math.abs(real));
    const at = reals.findIndex(differs);
    if (at === -1) continue;
    throw new Refusal(
      side === 'output' ? 'OUTPUT_MISMATCH' : 'INPUT_MISMATCH',
      tensor.visibility === 'public'
        ? `the proof is valid, but of another ${side}: ${tensor.name}[${at}] is ${value.data[at]}, expected ${reals[at]}`
        : `the proof is valid, but of another ${side}: the committed ${tensor.name}[${at}] is not what is expected`,
    );
  }
}
