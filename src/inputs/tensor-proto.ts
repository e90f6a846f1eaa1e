/**
 * ONNX TensorProto files: input_0.pb, input_1.pb, … of a test data set, in the order of the model's inputs.
 * The names inside the files are not used, as ONNX's own runner does not.
 */
import { ZkonnxError } from '../base/errors.js';
import { decodeTensorProto } from '../formats/onnx-proto.js';
import type { ArraySource } from './tensor.js';

/**
 * @throws ZkonnxError INPUT_FORMAT for bytes that are no whole TensorProto, INPUT_TYPE for elements that are no real numbers.
 */
export function parseTensorProto(bytes: Uint8Array, origin: string): ArraySource {
  try {
    const { dims, values } = decodeTensorProto(bytes);
    return { dims, read: (start, count) => values.subarray(start, start + count) };
  } catch (cause) {
    // The decoder speaks of models; here the same fault lies in the user's input.
    if (!(cause instanceof ZkonnxError)) throw cause;
    const code = cause.code === 'OP_UNSUPPORTED' || cause.code === 'RANGE_EXCEEDED' ? 'INPUT_TYPE' : 'INPUT_FORMAT';
    const { expected, got } = cause.details;
    throw new ZkonnxError(code, `${origin} is not a readable TensorProto: ${cause.shortMessage}`, {
      ...(expected === undefined ? {} : { expected }),
      ...(got === undefined ? {} : { got }),
      cause,
    });
  }
}
