/**
 * What a proof states, and how its public signals read. This file is the one definition of the I/O schema: compile writes it,
 * the verification key carries it, prove packs by it, verify unpacks by it. It imports nothing but errors.
 *
 * Every public tensor element is an integer q in [lo, hi]; its real value is (q − zeroPoint)·scale.
 * Packing: digit q − lo in `bytes` bytes, floor(31 / bytes) digits to a signal; every tensor starts a new signal. Signals are ordered
 * outputs first, then inputs, as in iden3's wire order. In `groth16` a signal is little-endian, the first element in the lowest bytes. In
 * `mirage` and `clear` it is big-endian, the first element in the highest of only those bytes that its digits take: the digits of a statement, one
 * after another, are then the bytes of its signals, one after another (`publicBytes`).
 * A committed tensor is one signal, the Poseidon hash of its packed signals and a salt; a private tensor has none. Where the schema says
 * `clamped`, one signal more stands between outputs and inputs: 1 if a value left its calibrated range and was clamped, 0 if none did.
 */

/** Proof systems: plain Groth16, the two rounds of docs/soundness/mirage.md, and the sumchecks and hashes of docs/soundness/clear.md. */
export type Protocol = 'groth16' | 'mirage' | 'clear';

export type ByteOrder = 'little' | 'big';

/** Of a signal's digits, and of the bytes of a digit. */
export const PACKING_ORDER: { readonly [P in Protocol]: ByteOrder } = {
  groth16: 'little',
  mirage: 'big',
  clear: 'big',
};

/** All of them, in the order of their coming. */
export const PROTOCOLS = Object.keys(PACKING_ORDER) as readonly Protocol[];

export function isProtocol(value: unknown): value is Protocol {
  return typeof value === 'string' && Object.hasOwn(PACKING_ORDER, value);
}

/** Whether a proof shows a tensor, hides it, or shows a hash that binds to it. */
export type Visibility = 'public' | 'private' | 'committed';

/** One input or output: how its integers read as the model’s own tensor. */
export interface TensorSchema {
  readonly name: string;
  readonly dims: readonly number[];
  readonly visibility: Visibility;
  /** Inclusive integer bounds of every element, enforced by the circuit. */
  readonly lo: number;
  readonly hi: number;
  /** Bytes of one digit q − lo: the least with hi − lo < 256^bytes. */
  readonly bytes: number;
  /** real = (q − zeroPoint)·scale; scale > 0, zeroPoint any finite real. Both are lists where there is an `axis`. */
  readonly scale: number | readonly number[];
  readonly zeroPoint: number | readonly number[];
  /** The axis that `scale` and `zeroPoint` go along, with one of each for every index of it. */
  readonly axis?: number;
  /** ONNX element type of the model's own tensor: float32, int64, … */
  readonly dtype: string;
  /** Names of the classes along the last axis, if known. */
  readonly labels?: readonly string[];
  /** A function the reader applies to the proven values along `axis` (softmax left out of the circuit by choice). */
  readonly reader?: { readonly apply: 'softmax' | 'logSoftmax'; readonly axis: number };
  /** How an image became this input; recorded so that the same picture gives the same integers. */
  readonly image?: ImagePreprocessing;
}

/** How pixels became the numbers that a model takes. */
export interface ImagePreprocessing {
  readonly layout: 'NCHW' | 'NHWC';
  readonly resize: 'none' | 'nearest' | 'bilinear';
  readonly color: 'rgb' | 'bgr' | 'gray';
  readonly invert: boolean;
  /** value = (pixel / 255 · range − mean[c]) / std[c] */
  readonly range: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * What becomes of a value beyond the range that calibration gave it: it is clamped; no proof exists; or bounds prove that there is none.
 */
export type Overflow = 'saturate' | 'reject' | 'never';

export const OVERFLOWS: readonly Overflow[] = ['saturate', 'reject', 'never'];

/** The inputs and outputs of a model, in the order of their public signals. */
export interface Schema {
  readonly outputs: readonly TensorSchema[];
  readonly inputs: readonly TensorSchema[];
  /** Not said by keys and artifacts of formatVersion 1. */
  readonly overflow?: Overflow;
  /** Whether a signal between outputs and inputs says if a value was clamped. Not said, and not so, in formatVersion 1. */
  readonly clamped?: boolean;
}

/** The signal that says whether a value was clamped, as a tensor of one digit. */
const CLAMPED_SIGNAL: TensorSchema = {
  name: 'clamped',
  dims: [],
  visibility: 'public',
  lo: 0,
  hi: 1,
  bytes: 1,
  scale: 1,
  zeroPoint: 0,
  dtype: 'bool',
};

/** Everything that has signals, in their order; `clamped` marks what is no tensor of the model. */
export function statementParts(
  schema: Schema,
): readonly { readonly tensor: TensorSchema; readonly side: StatementSide }[] {
  const of = (side: StatementSide, tensors: readonly TensorSchema[]) => tensors.map((tensor) => ({ tensor, side }));
  return [
    ...of('output', schema.outputs),
    ...of('clamped', schema.clamped === true ? [CLAMPED_SIGNAL] : []),
    ...of('input', schema.inputs),
  ];
}

export type StatementSide = 'output' | 'clamped' | 'input';

/** Bytes of packed digits that fit one signal: 31, so that a signal is always below r. */
export const SIGNAL_BYTES = 31;
/** A commitment is any element of F_r. */
const COMMITMENT_BYTES = 32;

export function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Bytes of a digit in [0, span]. */
export function digitBytes(span: number): number {
  let bytes = 1;
  while (256 ** bytes <= span) bytes++;
  return bytes;
}

/** Signals the packed elements of a tensor take, whether public themselves or hashed into a commitment. */
export function packedCount(tensor: TensorSchema): number {
  return Math.ceil(elementCount(tensor.dims) / Math.floor(SIGNAL_BYTES / tensor.bytes));
}

/** Public signals of one tensor. */
export function signalCount(tensor: TensorSchema): number {
  if (tensor.visibility === 'private') return 0;
  return tensor.visibility === 'committed' ? 1 : packedCount(tensor);
}

/** Public signals of the whole statement: of outputs, whether a value was clamped among them, then of inputs. */
export function publicCount(schema: Schema): { readonly outputs: number; readonly inputs: number } {
  let [outputs, inputs] = [0, 0];
  for (const { tensor, side } of statementParts(schema)) {
    if (side === 'input') inputs += signalCount(tensor);
    else outputs += signalCount(tensor);
  }
  return { outputs, inputs };
}

/** Packs integers into signals (see the file's header). Values must be integers in [lo, hi]: RangeError otherwise. */
export function pack(tensor: TensorSchema, values: ArrayLike<number>, order: ByteOrder = 'little'): bigint[] {
  const perSignal = Math.floor(SIGNAL_BYTES / tensor.bytes);
  const base = BigInt(8 * tensor.bytes);
  const signals: bigint[] = [];
  for (let start = 0; start < values.length; start += perSignal) {
    const end = Math.min(start + perSignal, values.length);
    let signal = 0n;
    for (let k = start; k < end; k++) {
      const i = order === 'big' ? k : start + end - 1 - k;
      const q = values[i]!;
      if (!Number.isInteger(q) || q < tensor.lo || q > tensor.hi) {
        throw new RangeError(`${tensor.name}[${i}] = ${q} is not an integer in [${tensor.lo}, ${tensor.hi}]`);
      }
      signal = (signal << base) + BigInt(q - tensor.lo);
    }
    signals.push(signal);
  }
  return signals;
}

/**
 * Reads the integers back. Returns undefined when the signals are not the canonical packing of any values
 * (excess bits, a digit above hi − lo, a wrong count): such signals belong to no proof of the circuit.
 */
export function unpack(
  tensor: TensorSchema,
  signals: readonly bigint[],
  order: ByteOrder = 'little',
): Float64Array | undefined {
  const count = elementCount(tensor.dims);
  const perSignal = Math.floor(SIGNAL_BYTES / tensor.bytes);
  if (signals.length !== packedCount(tensor)) return undefined;
  const values = new Float64Array(count);
  const base = BigInt(8 * tensor.bytes);
  const mask = (1n << base) - 1n;
  const span = BigInt(tensor.hi - tensor.lo);
  for (let s = 0; s < signals.length; s++) {
    let rest = signals[s]!;
    const start = s * perSignal;
    const end = Math.min(start + perSignal, count);
    for (let k = start; k < end; k++) {
      const digit = rest & mask;
      if (digit > span) return undefined;
      values[order === 'little' ? k : start + end - 1 - k] = tensor.lo + Number(digit);
      rest >>= base;
    }
    if (rest !== 0n) return undefined;
  }
  return values;
}

/** Bytes of each signal in `publicBytes`: those its digits take, 32 for a commitment. */
export function signalWidths(schema: Schema): number[] {
  return statementParts(schema).flatMap(({ tensor }) => {
    if (tensor.visibility === 'private') return [];
    if (tensor.visibility === 'committed') return [COMMITMENT_BYTES];
    const perSignal = Math.floor(SIGNAL_BYTES / tensor.bytes);
    const count = elementCount(tensor.dims);
    return Array.from({ length: packedCount(tensor) }, (_, s) => {
      return tensor.bytes * Math.min(perSignal, count - s * perSignal);
    });
  });
}

/**
 * The public values of a `mirage` proof as the contract takes them, and of a `clear` proof as its transcript does: every signal big-endian in its width, one after another. RangeError
 * for another number of signals than the schema's, or a signal that does not fit its width.
 */
export function publicBytes(schema: Schema, signals: readonly bigint[]): Uint8Array {
  const widths = signalWidths(schema);
  if (signals.length !== widths.length)
    throw new RangeError(`${widths.length} signals expected, got ${signals.length}`);
  const bytes = new Uint8Array(widths.reduce((sum, width) => sum + width, 0));
  let end = 0;
  signals.forEach((signal, s) => {
    end += widths[s]!;
    let rest = signal;
    for (let i = 1; i <= widths[s]!; i++, rest >>= 8n) bytes[end - i] = Number(rest & 0xffn);
    // A negative signal leaves −1.
    if (rest !== 0n) throw new RangeError(`signal ${s} does not fit ${widths[s]!} bytes`);
  });
  return bytes;
}

/** The signals of such bytes, none of them checked against r or its digits' bounds. RangeError for another length than the schema's. */
export function elementsFromBytes(schema: Schema, bytes: Uint8Array): bigint[] {
  const widths = signalWidths(schema);
  const length = widths.reduce((sum, width) => sum + width, 0);
  if (bytes.length !== length) throw new RangeError(`${length} bytes of public values expected, got ${bytes.length}`);
  let next = 0;
  return widths.map((width) => {
    let signal = 0n;
    for (const end = next + width; next < end; next++) signal = (signal << 8n) + BigInt(bytes[next]!);
    return signal;
  });
}

/** Integers to real values: (q − zeroPoint)·scale. */
export function dequantise(tensor: TensorSchema, values: ArrayLike<number>): number[] {
  const step = stepsOf(tensor);
  return Array.from(values, (q, i) => {
    const { scale, zeroPoint } = step(i);
    return (q - zeroPoint) * scale;
  });
}

/** Real values to the nearest integers, ties upwards: the inverse of `dequantise`. Neither clamped nor checked against [lo, hi]. */
export function quantise(tensor: TensorSchema, values: ArrayLike<number>): number[] {
  const step = stepsOf(tensor);
  return Array.from(values, (real, i) => {
    const { scale, zeroPoint } = step(i);
    return Math.round(real / scale + zeroPoint);
  });
}

/** Scale and zero point of element i, row-major. */
export function stepsOf({ dims, scale, zeroPoint, axis = 0 }: TensorSchema): (i: number) => Step {
  if (typeof scale === 'number' && typeof zeroPoint === 'number') {
    const step = { scale, zeroPoint };
    return () => step;
  }
  const [scales, zeroPoints] = [scale, zeroPoint] as [readonly number[], readonly number[]];
  const stride = elementCount(dims.slice(axis + 1));
  return (i) => {
    const index = Math.floor(i / stride) % dims[axis]!;
    return { scale: scales[index]!, zeroPoint: zeroPoints[index]! };
  };
}

interface Step {
  readonly scale: number;
  readonly zeroPoint: number;
}
