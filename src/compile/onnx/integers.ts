/** ONNX's element types as sets of numbers: integer ranges, wrap-around, and the rounding of narrow floats. */
import { elementTypes, isFloatType, isWholeType, type ElementType } from '../../base/element-types.js';
import { ZkonnxError } from '../../base/errors.js';

/** Inclusive range of an integer type; undefined for floats. */
export function integerRange(dtype: ElementType): { readonly lo: number; readonly hi: number } | undefined {
  return isWholeType(dtype) ? elementTypes[dtype] : undefined;
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
    for (let i = 0; i < values.length; i++) values[i] = elementTypes[dtype].round(values[i]!);
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
