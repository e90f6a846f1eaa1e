/** Real inputs to the integers a proof is about, by the schema that travels with the key. */
import { elementTypes, isElementType, isWholeType } from '../base/element-types.js';
import { ZkonnxError } from '../base/errors.js';
import type { Circuit } from '../constraint/program.js';
import { solve, type Witness } from '../constraint/solver.js';
import { elementCount, quantise, stepsOf, type Schema, type TensorSchema } from '../verify/statement.js';
import type { DeclaredDomains } from './declared-domains.js';

/**
 * q = round(x / scale + zeroPoint) for every input element. Throws INPUT_NAME, INPUT_SHAPE and, naming the element, INPUT_NOT_FINITE,
 * INPUT_OUT_OF_DOMAIN for a value beyond the declared domain, for one more than half a step beyond what the integers stand for, and for
 * another one than 0 and 1 where there are no others (masks, truth values), INPUT_TYPE for a fraction where integers stand for themselves.
 */
export function encodeSample(
  schema: Schema,
  tensors: ReadonlyMap<string, Float64Array>,
  declared: DeclaredDomains = new Map(),
): Map<string, Float64Array> {
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
    encoded.set(tensor.name, encodeTensor(tensor, values, declared.get(tensor.name)));
  }
  return encoded;
}

type Ends = readonly [lo: number, hi: number];

function encodeTensor(tensor: TensorSchema, values: Float64Array, declared: Ends | undefined): Float64Array {
  const count = elementCount(tensor.dims);
  if (values.length !== count) {
    throw new ZkonnxError('INPUT_SHAPE', 'an input has the wrong number of values', {
      expected: `[${tensor.dims.join(', ')}], ${count} values`,
      got: `${values.length} values`,
      where: tensor.name,
    });
  }
  const domain = declared === undefined ? undefined : reachOf(tensor.dtype, declared);
  const isTruth = holdsTruths(tensor);
  const isItself = isTruth || (isWholeType(tensor.dtype) && tensor.scale === 1);
  return Float64Array.from(quantise(tensor, values), (q, i) => {
    const x = values[i]!;
    const isInside = q >= tensor.lo && q <= tensor.hi && (domain === undefined || domain.holds(x));
    const isKept = !isItself || Math.abs(x - (q - Number(tensor.zeroPoint))) <= TRUTH_ROUNDING;
    if (isInside && isKept) return q;
    throw refusal(tensor, i, x, { isTruth, isInside, declared });
  });
}

/** What arithmetic of float32 leaves of a 0 or a 1. */
const TRUTH_ROUNDING = 1e-6;

/** Whether the tensor's integers are 0 and 1 and mean that: truth values, and what masks the scores of a softmax, whatever its type. */
function holdsTruths({ lo, hi, scale, zeroPoint }: TensorSchema): boolean {
  return lo === 0 && hi === 1 && scale === 1 && zeroPoint === 0;
}

/** As a part of a domain, what arithmetic of float32 adds to its ends: pictures are normalised with it. */
const END_ROUNDING = 1e-6;

/** Values of a domain, its ends as the input's type rounds them: 0.1 as a float32 is more than 0.1. */
function reachOf(dtype: string, [lo, hi]: Ends): { holds(x: number): boolean } {
  const round = isElementType(dtype) ? elementTypes[dtype].round : Math.fround;
  const slack = isWholeType(dtype) ? 0 : (hi - lo) * END_ROUNDING;
  const [from, to] = [Math.min(lo, round(lo)) - slack, Math.max(hi, round(hi)) + slack];
  return { holds: (x) => x >= from && x <= to };
}

interface Refused {
  readonly isTruth: boolean;
  readonly isInside: boolean;
  readonly declared: Ends | undefined;
}

/** Why a value of an input is not proven; the value itself is quoted of public inputs alone. */
function refusal(tensor: TensorSchema, i: number, x: number, { isTruth, isInside, declared }: Refused): ZkonnxError {
  const facts = {
    ...(tensor.visibility === 'public' ? { got: String(x) } : {}),
    where: `${tensor.name}[${indexOf(i, tensor.dims).join(', ')}]`,
  };
  if (isTruth && Number.isFinite(x)) {
    return new ZkonnxError(
      'INPUT_OUT_OF_DOMAIN',
      'an input of zeros and ones (a mask, a truth value) holds another value',
      {
        expected: '0 or 1',
        ...facts,
        help: 'give the mask itself, as the model was trained with; a mask between 0 and 1 cannot be proven',
      },
    );
  }
  if (isInside) {
    return new ZkonnxError('INPUT_TYPE', 'an input of whole numbers holds a fraction', {
      expected: `a value of ${tensor.dtype}`,
      ...facts,
      help: 'round it as the model expects before it is proven',
    });
  }
  const { scale, zeroPoint } = stepsOf(tensor)(i);
  const real = (bound: number) => Number(((bound - zeroPoint) * scale).toPrecision(7));
  const [lo, hi] = declared ?? [real(tensor.lo), real(tensor.hi)];
  const code = Number.isFinite(x) ? 'INPUT_OUT_OF_DOMAIN' : 'INPUT_NOT_FINITE';
  return new ZkonnxError(code, 'an input value lies outside the declared domain', {
    expected: `${lo} to ${hi}`,
    ...facts,
    help: 'scale the input as the model expects, or compile again with a wider --domain',
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

/** What `run` gives, its errors as they may be shown. */
export function hiding<T>(schema: Schema, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw hidingValues(error, schema);
  }
}

/** An error about inputs, naming the sample too; any other one as it is. */
export function nameSample(error: unknown, id: string): unknown {
  if (!(error instanceof ZkonnxError) || !/^(?:INPUT_|RANGE_)/.test(error.code)) return error;
  const { where } = error.details;
  return new ZkonnxError(error.code, error.shortMessage, {
    ...error.details,
    where: `${where ?? 'input'}, sample ${id}`,
  });
}

/** `solve`, its errors as they may be shown. */
export function solveHiding(
  circuit: Circuit,
  schema: Schema,
  inputs: ReadonlyMap<string, Float64Array>,
  salts: ReadonlyMap<string, bigint>,
): Witness {
  return hiding(schema, () => solve(circuit, inputs, { salts }));
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
