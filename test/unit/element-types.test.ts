/** ONNX's element types: how they round, lie in memory, and go through onnxruntime and the integer program. */
import { describe, expect, it } from 'vitest';
import {
  bfloat16ToNumber,
  elementTypes,
  float16ToNumber,
  isFloatType,
  isWholeType,
  type ElementType,
} from '../../src/base/element-types.js';
import { compile } from '../../src/compile/compile.js';
import { checkValues } from '../../src/inputs/tensor.js';
import { missingRuntime, openReference } from '../../src/reference/onnxruntime.js';
import { buildModel } from './onnx-build.js';

const all = Object.keys(elementTypes) as ElementType[];

it.each([
  ['float16', float16ToNumber],
  ['bfloat16', bfloat16ToNumber],
] as const)('every %s is its own bits', (dtype, toNumber) => {
  const bits = Array.from({ length: 2 ** 16 }, (_, i) => i).filter((each) => !Number.isNaN(toNumber(each)));
  const values = Float64Array.from(bits, toNumber);
  expect(Array.from(elementTypes[dtype].store(values) as Uint16Array)).toEqual(bits);
  expect(values.every((value) => Object.is(elementTypes[dtype].round(value), value))).toBe(true);
});

it('halves go to the even neighbour, and what is too large to infinity', () => {
  expect(elementTypes.float16.round(1 + 2 ** -11)).toBe(1);
  expect(elementTypes.float16.round(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
  expect([65519, 65520].map(elementTypes.float16.round)).toEqual([65504, Infinity]);
  expect(elementTypes.bfloat16.round(1 + 2 ** -8)).toBe(1);
});

const valuesOf = (dtype: ElementType): number[] => {
  const { lo, hi, round } = elementTypes[dtype];
  if (isFloatType(dtype)) return [0.1, -2.5, 1000].map(round);
  return [0, 1, Math.max(lo, Number.MIN_SAFE_INTEGER), Math.min(hi, Number.MAX_SAFE_INTEGER)];
};

const identity = (dtype: ElementType) => {
  const { code } = elementTypes[dtype];
  const nodes = [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }];
  return buildModel({
    nodes,
    inputs: { x: [valuesOf(dtype).length] },
    outputs: ['y'],
    inputType: code,
    outputType: code,
  });
};

describe('through onnxruntime', () => {
  it.each(all.filter((dtype) => dtype !== 'bfloat16'))('%s', async (dtype) => {
    const values = Float64Array.from(valuesOf(dtype));
    const reference = await openReference(identity(dtype), [{ name: 'x', dims: [values.length], dtype }]);
    const { dims, values: got } = (await reference!.run(new Map([['x', values]]))).get('y')!;
    await reference!.close();
    expect([dims, Array.from(got)]).toEqual([[values.length], Array.from(values)]);
  });

  it('bfloat16 not: why, and what serves instead', async () => {
    const inputs = [{ name: 'x', dims: [3], dtype: 'bfloat16' }];
    expect(await openReference(identity('bfloat16'), inputs)).toBeUndefined();
    expect(await missingRuntime(inputs)).toMatch(
      /^onnxruntime-node has no bfloat16 tensors, which input x needs: float/,
    );
  });
});

describe('through compile', () => {
  it.each(all)('%s in and out', async (dtype) => {
    const whole = isWholeType(dtype);
    const domain = { lo: 0, hi: dtype === 'bool' ? 1 : 100 };
    const { schema, accuracy } = await compile(identity(dtype), { domain });
    expect(schema.inputs).toMatchObject([{ dtype }]);
    expect(schema.outputs).toMatchObject([{ dtype, ...(whole ? { scale: 1 } : {}) }]);
    if (whole) expect(accuracy.outputs[0]!.maxAbsError).toBe(0);
  });
});

it('values of files are rounded to the type, or refused', () => {
  const read = (dtype: string, values: readonly number[]) =>
    Array.from(checkValues({ name: 'x', dims: [values.length], dtype }, Float64Array.from(values), 'file'));
  expect(read('float16', [0.1])).toEqual([elementTypes.float16.round(0.1)]);
  expect(read('bfloat16', [0.1])).toEqual([elementTypes.bfloat16.round(0.1)]);
  expect(() => read('float16', [65520])).toThrow('no float16');
  expect(() => read('uint8', [256])).toThrow('no uint8');
  expect(() => read('bool', [0.5])).toThrow('no bool');
  expect(() => read('int64', [2 ** 53])).toThrow('no int64');
});
