/**
 * ONNX's element types that have a float64 reading: how wide they are, which numbers they hold, and how they lie in memory. Every room that asks
 * something of a type asks this table; strings, complex numbers and floats of 8 bits and fewer are not in it.
 */

/** Arrays as runtimes and files hold them: a float16 or bfloat16 by its bits. */
export type ElementArray =
  | Float64Array
  | Float32Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

export interface ElementTypeRecord {
  /** TensorProto.DataType. */
  readonly code: number;
  /** Of one element in memory. */
  readonly bytes: number;
  /** Floats have a nearest value to every real number; integers hold whole numbers; bool holds 0 and 1. */
  readonly kind: 'float' | 'integer' | 'bool';
  /** Inclusive ends of the values; of 64-bit integers their own, which float64 rounds. */
  readonly lo: number;
  readonly hi: number;
  /** The nearest value of the type, ties to even, infinite beyond `hi` as IEEE 754 rounds; integers are returned as they are. */
  readonly round: (value: number) => number;
  /** Values of the type as they lie in memory. */
  readonly store: (values: Float64Array) => ElementArray;
}

const same = (value: number): number => value;

function integers(code: number, width: number, signed: boolean, store: ElementTypeRecord['store']): ElementTypeRecord {
  const [lo, hi] = signed ? [-(2 ** (width - 1)), 2 ** (width - 1) - 1] : [0, 2 ** width - 1];
  return { code, bytes: width / 8, kind: 'integer', lo, hi, round: same, store };
}

const MAX_FLOAT16 = 65504;
const MAX_FLOAT32 = 3.4028234663852886e38;
const MAX_BFLOAT16 = 3.3895313892515355e38;

const elementTypeTable = {
  float32: {
    code: 1,
    bytes: 4,
    kind: 'float',
    lo: -MAX_FLOAT32,
    hi: MAX_FLOAT32,
    round: Math.fround,
    store: (values) => Float32Array.from(values),
  },
  uint8: integers(2, 8, false, (values) => Uint8Array.from(values)),
  int8: integers(3, 8, true, (values) => Int8Array.from(values)),
  uint16: integers(4, 16, false, (values) => Uint16Array.from(values)),
  int16: integers(5, 16, true, (values) => Int16Array.from(values)),
  int32: integers(6, 32, true, (values) => Int32Array.from(values)),
  int64: integers(7, 64, true, (values) => BigInt64Array.from(values, BigInt)),
  bool: { code: 9, bytes: 1, kind: 'bool', lo: 0, hi: 1, round: same, store: (values) => Uint8Array.from(values) },
  float16: {
    code: 10,
    bytes: 2,
    kind: 'float',
    lo: -MAX_FLOAT16,
    hi: MAX_FLOAT16,
    round: (value) => roundSignificand(value, 11, -14, MAX_FLOAT16),
    store: (values) => Uint16Array.from(values, float16Bits),
  },
  float64: {
    code: 11,
    bytes: 8,
    kind: 'float',
    lo: -Number.MAX_VALUE,
    hi: Number.MAX_VALUE,
    round: same,
    store: (values) => values.slice(),
  },
  uint32: integers(12, 32, false, (values) => Uint32Array.from(values)),
  uint64: integers(13, 64, false, (values) => BigUint64Array.from(values, BigInt)),
  bfloat16: {
    code: 16,
    bytes: 2,
    kind: 'float',
    lo: -MAX_BFLOAT16,
    hi: MAX_BFLOAT16,
    round: (value) => roundSignificand(value, 8, -126, MAX_BFLOAT16),
    store: (values) => Uint16Array.from(values, bfloat16Bits),
  },
} as const satisfies Readonly<Record<string, ElementTypeRecord>>;

export type ElementType = keyof typeof elementTypeTable;

export const elementTypes: { readonly [T in ElementType]: ElementTypeRecord } = elementTypeTable;

/** Whether a name, which may be a stranger's, is in the table. */
export function isElementType(dtype: string): dtype is ElementType {
  return Object.hasOwn(elementTypes, dtype);
}

export function isFloatType(dtype: string): boolean {
  return isElementType(dtype) && elementTypes[dtype].kind === 'float';
}

/** Whether all values of the type are whole numbers: truth values too. */
export function isWholeType(dtype: string): boolean {
  return isElementType(dtype) && elementTypes[dtype].kind !== 'float';
}

/** Halves to the even neighbour; `precision` bits of significand, the hidden one among them. */
function roundSignificand(value: number, precision: number, minExponent: number, max: number): number {
  if (value === 0 || !Number.isFinite(value)) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), minExponent);
  const unit = 2 ** (exponent - precision + 1);
  const scaled = value / unit;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  const rounded = (floor + (up ? 1 : 0)) * unit;
  return Math.abs(rounded) > max ? Math.sign(value) * Infinity : rounded;
}

/** IEEE 754 binary16, bits in the low half. */
export function float16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The bits of the nearest binary16. */
function float16Bits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(elementTypes.float16.round(value));
  if (Number.isNaN(size)) return 0x7e00;
  if (size === Infinity) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | (size * 2 ** 24);
  // Exact: the value has 11 significant bits.
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | (size * 2 ** (10 - exponent) - 1024);
}

const floatBits = new Uint32Array(1);
const floatView = new Float32Array(floatBits.buffer);

export function bfloat16ToNumber(bits: number): number {
  floatBits[0] = bits << 16;
  return floatView[0]!;
}

/** The bits of the nearest bfloat16: the upper half of a float32's. */
function bfloat16Bits(value: number): number {
  floatView[0] = elementTypes.bfloat16.round(value);
  return floatBits[0]! >>> 16;
}
