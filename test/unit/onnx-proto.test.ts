/** Values of TensorProtos in every element type, from raw bytes and from the typed fields. */
import protobuf from 'protobufjs/light.js';
import { describe, expect, it } from 'vitest';
import { onnxDescriptor } from '../../src/formats/onnx-descriptor.js';
import { decodeTensorProto } from '../../src/formats/onnx-proto.js';

const tensorType = protobuf.Root.fromJSON(onnxDescriptor).lookupType('onnx.TensorProto');

function decode(dataType: number, dims: readonly number[], fields: object) {
  return decodeTensorProto(tensorType.encode(tensorType.fromObject({ name: 't', dims, dataType, ...fields })).finish());
}

const bytesOf = (array: { readonly buffer: ArrayBufferLike }) => new Uint8Array(array.buffer);

describe('element types', () => {
  it.each<[string, number, object, object, number[]]>([
    ['float32', 1, { floatData: [1.5, -2] }, Float32Array.of(1.5, -2), [1.5, -2]],
    ['uint8', 2, { int32Data: [0, 255] }, Uint8Array.of(0, 255), [0, 255]],
    ['int8', 3, { int32Data: [-128, 127] }, Int8Array.of(-128, 127), [-128, 127]],
    ['uint16', 4, { int32Data: [0, 65535] }, Uint16Array.of(0, 65535), [0, 65535]],
    ['int16', 5, { int32Data: [-32768, 7] }, Int16Array.of(-32768, 7), [-32768, 7]],
    ['int32', 6, { int32Data: [-(2 ** 31), 7] }, Int32Array.of(-(2 ** 31), 7), [-(2 ** 31), 7]],
    ['int64', 7, { int64Data: [-5, 2 ** 40] }, BigInt64Array.of(-5n, 2n ** 40n), [-5, 2 ** 40]],
    ['bool', 9, { int32Data: [0, 1] }, Uint8Array.of(0, 1), [0, 1]],
    ['float16', 10, { int32Data: [0x3c00, 0x0001] }, Uint16Array.of(0x3c00, 0x0001), [1, 2 ** -24]],
    ['float64', 11, { doubleData: [0.1, -3] }, Float64Array.of(0.1, -3), [0.1, -3]],
    ['uint32', 12, { uint64Data: [0, 2 ** 32 - 1] }, Uint32Array.of(0, 2 ** 32 - 1), [0, 2 ** 32 - 1]],
    ['uint64', 13, { uint64Data: [1, 2 ** 45] }, BigUint64Array.of(1n, 2n ** 45n), [1, 2 ** 45]],
    ['bfloat16', 16, { int32Data: [0x3f80, 0xc040] }, Uint16Array.of(0x3f80, 0xc040), [1, -3]],
  ])('%s', (dtype, code, typed, raw, expected) => {
    const fromTyped = decode(code, [2], typed);
    expect(fromTyped).toEqual({ name: 't', dims: [2], dtype, values: Float64Array.from(expected) });
    expect(decode(code, [2], { rawData: bytesOf(raw as Uint8Array) })).toEqual(fromTyped);
  });

  it('reads infinities, NaN and subnormals of float16', () => {
    const values = decode(10, [5], { int32Data: [0x7c00, 0xfc00, 0x7e00, 0x8000, 0x03ff] }).values;
    expect(Array.from(values)).toEqual([Infinity, -Infinity, NaN, -0, 1023 * 2 ** -24]);
  });

  it('reads scalars and empty tensors', () => {
    expect(decode(1, [], { floatData: [3] })).toMatchObject({ dims: [], values: Float64Array.of(3) });
    expect(decode(1, [0, 4], {})).toMatchObject({ dims: [0, 4], values: new Float64Array(0) });
  });

  it('takes the ends of int64 for infinities, and refuses other integers beyond 2^53', () => {
    const ends = BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n);
    expect(Array.from(decode(7, [3], { rawData: bytesOf(ends) }).values)).toEqual([Infinity, -Infinity, -Infinity]);
    const typed = { int64Data: ['9223372036854775807', '-9223372036854775808'] };
    expect(Array.from(decode(7, [2], typed).values)).toEqual([Infinity, -Infinity]);
    for (const fields of [
      { rawData: bytesOf(BigInt64Array.of(2n ** 53n + 1n)) },
      { int64Data: ['9007199254740993'] },
    ]) {
      expect(() => decode(7, [1], fields)).toThrow(expect.objectContaining({ code: 'RANGE_EXCEEDED' }));
    }
    const uint64 = { uint64Data: ['18446744073709551615'] };
    expect(() => decode(13, [1], uint64)).toThrow(expect.objectContaining({ code: 'RANGE_EXCEEDED' }));
  });

  it('refuses what is no tensor, and tensors of strings', () => {
    expect(() => decodeTensorProto(Uint8Array.of(0xff, 0xff))).toThrow(
      expect.objectContaining({ code: 'INPUT_FORMAT' }),
    );
    expect(() => decodeTensorProto(new Uint8Array())).toThrow(expect.objectContaining({ code: 'INPUT_FORMAT' }));
    expect(() => decode(8, [1], { stringData: [Uint8Array.of(65)] })).toThrow(
      expect.objectContaining({ code: 'OP_UNSUPPORTED' }),
    );
  });
});
