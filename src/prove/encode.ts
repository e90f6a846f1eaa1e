/** Real inputs to the integers a proof is about, by the schema that travels with the key. */
import { ZkonnxError } from '../base/errors.js';
import type { Circuit } from '../constraint/program.js';
import { solve, type Witness } from '../constraint/solver.js';
import { elementCount, quantise, stepsOf, type Schema, type TensorSchema } from '../verify/statement.js';

/**
 * q = round(x / scale + zeroPoint) for every input element. Throws INPUT_NAME, INPUT_SHAPE, INPUT_NOT_FINITE and, naming the element,
 * INPUT_OUT_OF_DOMAIN for a value more than half a step outside the declared domain.
 */
export function encodeSample(schema: Schema, tensors: ReadonlyMap<string, Float64Array>): Map<string, Float64Array> {
  const encoded = new Map<string, Float64Array>();
  for (const tensor of schema.inputs) {
    const values = tensors.get(tensor.name);
    if (values === undefined) {
      throw new ZkonnxError('INPUT_NAME', 'an input is missing', {
        expected: schema.inputs.map(({ name }) => name).join(', '),
        got: [...tensors.keys()].join(', ') || 'none',
        where: tensor.name,
      });
    }
    encoded.set(tensor.name, encodeTensor(tensor, values));
  }
  return encoded;
}

function encodeTensor(tensor: TensorSchema, values: Float64Array): Float64Array {
  const count = elementCount(tensor.dims);
  if (values.length !== count) {
    throw new ZkonnxError('INPUT_SHAPE', 'an input has the wrong number of values', {
      expected: `[${tensor.dims.join(', ')}], ${count} values`,
      got: `${values.length} values`,
      where: tensor.name,
    });
  }
  return Float64Array.from(quantise(tensor, values), (q, i) => {
    const x = values[i]!;
    if (q >= tensor.lo && q <= tensor.hi) return q;
    const code = Number.isFinite(x) ? 'INPUT_OUT_OF_DOMAIN' : 'INPUT_NOT_FINITE';
    const { scale, zeroPoint } = stepsOf(tensor)(i);
    const real = (bound: number) => Number(((bound - zeroPoint) * scale).toPrecision(7));
    throw new ZkonnxError(code, 'an input value lies outside the declared domain', {
      expected: `${real(tensor.lo)} to ${real(tensor.hi)}`,
      ...(tensor.visibility === 'public' ? { got: String(x) } : {}),
      where: `${tensor.name}[${indexOf(i, tensor.dims).join(', ')}]`,
      help: 'scale the input as the model expects, or compile again with a wider --domain',
    });
  });
}

/**
 * An error of the solver as it may be shown: RANGE_EXCEEDED names the value that left a range, which follows from the inputs, so not where a
 * proof would hide one of them.
 */
export function hidingValues(error: unknown, { inputs }: Schema): unknown {
  if (!(error instanceof ZkonnxError) || error.code !== 'RANGE_EXCEEDED') return error;
  if (inputs.every(({ visibility }) => visibility === 'public')) return error;
  // Neither its cause: of a worker's error that is a stack, which begins with the message.
  const { got: _got, cause: _cause, ...details } = error.details;
  return new ZkonnxError(error.code, error.shortMessage, details);
}

/** `solve`, its errors as they may be shown. */
export function solveHiding(
  circuit: Circuit,
  schema: Schema,
  inputs: ReadonlyMap<string, Float64Array>,
  salts: ReadonlyMap<string, bigint>,
): Witness {
  try {
    return solve(circuit, inputs, { salts });
  } catch (error) {
    throw hidingValues(error, schema);
  }
}

/** Multi-dimensional index of a flat one. */
function indexOf(flat: number, dims: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    index.unshift(rest % dims[axis]!);
    rest = Math.floor(rest / dims[axis]!);
  }
  return index;
}
