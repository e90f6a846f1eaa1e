/** ONNX's element types as sets of numbers: integer ranges, wrap-around, and the rounding of narrow floats. */
import { float16ToNumber, isFloatType, type ElementType } from '../../formats/onnx-proto.js';
import { ZkonnxError } from '../../base/errors.js';

const bits: Partial<Record<ElementType, { readonly width: number; readonly signed: boolean }>> = {
  uint8: { width: 8, signed: false },
  int8: { width: 8, signed: true },
  uint16: { width: 16, signed: false },
  int16: { width: 16, signed: true },
  int32: { width: 32, signed: true },
  uint32: { width: 32, signed: false },
  int64: { width: 64, signed: true },
  uint64: { width: 64, signed: false },
};

/** Inclusive range of an integer type; undefined for floats. */
export function integerRange(dtype: ElementType): { readonly lo: number; readonly hi: number } | undefined {
  if (dtype === 'bool') return { lo: 0, hi: 1 };
  const type = bits[dtype];
  if (type === undefined) return undefined;
  const span = 2 ** type.width;
  return type.signed ? { lo: -span / 2, hi: span / 2 - 1 } : { lo: 0, hi: span - 1 };
}

/** Whether every value of `from` is a value of `to` (float rounding aside). */
export function holdsAll(to: ElementType, from: ElementType): boolean {
  if (isFloatType(to)) return true;
  const [wide, narrow] = [integerRange(to), integerRange(from)];
  return wide !== undefined && narrow !== undefined && wide.lo <= narrow.lo && narrow.hi <= wide.hi;
}

/**
 * Brings results of arithmetic in float64 into the element type, in place: integers wrap modulo 2^width, floats round.
 * ±Infinity stays in int64: it stands for "to the end" in Slice.
 * @throws ZkonnxError RANGE_EXCEEDED for a 64-bit integer beyond 2^53 or a result that is no integer.
 */
export function settle(values: Float64Array, dtype: ElementType, where: string): Float64Array {
  if (dtype === 'float64') return values;
  const range = integerRange(dtype);
  if (range === undefined) {
    for (let i = 0; i < values.length; i++) values[i] = roundFloat(values[i]!, dtype);
    return values;
  }
  const { lo, hi } = range;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= lo && value <= hi && Number.isSafeInteger(value)) continue;
    if (dtype === 'int64' && Math.abs(value) === Infinity) continue;
    if (!Number.isSafeInteger(value) || hi > Number.MAX_SAFE_INTEGER) {
      throw new ZkonnxError('RANGE_EXCEEDED', `a constant ${dtype} cannot be held exactly`, {
        got: String(value),
        where: `${where}, element ${i}`,
      });
    }
    const span = hi - lo + 1;
    values[i] = ((((value - lo) % span) + span) % span) + lo;
  }
  return values;
}

/** Round half to even, as a cast between float types does. */
export function roundFloat(value: number, dtype: ElementType): number {
  if (dtype === 'float32') return Math.fround(value);
  if (dtype === 'bfloat16') return roundSignificand(value, 8, -126, 3.3895313892515355e38);
  return dtype === 'float16' ? roundSignificand(value, 11, -14, MAX_FLOAT16) : value;
}

const MAX_FLOAT16 = float16ToNumber(0x7bff);

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
