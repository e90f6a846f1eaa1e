/** ezkl's input.json, looked at before the engine, which panics on some of what can be wrong in it and ignores the rest. */
import { ZkonnxError } from '../base/errors.js';
import { parseJsonFile } from '../base/strict-json.js';
import { excerpt, isObject } from '../verify/json.js';

/**
 * `{"input_data": [[…], …]}`: one flat array a model input, of numbers, booleans or ezkl's field elements in hexadecimal.
 * @param inputCount number of the model's inputs where settings tell it; the engine ignores arrays beyond it.
 * @returns the bytes for the engine: the object written anew, with `input_data` alone.
 * @throws ZkonnxError INPUT_FORMAT, INPUT_SHAPE, INPUT_TYPE, INPUT_NOT_FINITE.
 */
export function readInput(bytes: Uint8Array, inputCount?: number): Uint8Array {
  const tensors = inputData(bytes);
  if (tensors.length === 0 || (inputCount !== undefined && tensors.length !== inputCount)) {
    throw new ZkonnxError('INPUT_SHAPE', 'the input has the wrong number of tensors', {
      expected: inputCount === undefined ? 'at least one array' : `${inputCount} arrays in input_data`,
      got: `${tensors.length}`,
      help: HELP,
    });
  }
  tensors.forEach((tensor, i) => checkTensor(tensor, `input_data[${i}]`));
  return new TextEncoder().encode(JSON.stringify({ input_data: tensors }));
}

const HELP = 'ezkl reads {"input_data": [[0.5, 1, …]]}, one flat array for each input of the model';

function inputData(bytes: Uint8Array): readonly unknown[] {
  const file = parseJsonFile('INPUT_FORMAT', 'the ezkl input', bytes, { help: HELP });
  const tensors: unknown = isObject(file) ? file['input_data'] : undefined;
  if (Array.isArray(tensors)) return tensors as readonly unknown[];
  throw new ZkonnxError('INPUT_FORMAT', 'the ezkl input has no array input_data', { help: HELP });
}

function checkTensor(tensor: unknown, where: string): void {
  if (!Array.isArray(tensor)) {
    throw new ZkonnxError('INPUT_FORMAT', 'an input tensor is not an array', {
      got: excerpt(tensor),
      where,
      help: HELP,
    });
  }
  tensor.forEach((element: unknown, i) => {
    const at = `${where}[${i}]`;
    if (typeof element === 'number' && !Number.isFinite(element)) {
      throw new ZkonnxError('INPUT_NOT_FINITE', 'an input value is not finite', { where: at });
    }
    const readable =
      typeof element === 'number' ||
      typeof element === 'boolean' ||
      (typeof element === 'string' && /^[0-9a-f]{64}$/.test(element));
    if (!readable) {
      throw new ZkonnxError('INPUT_TYPE', 'an input value is not a number', {
        got: `a value of type ${typeof element}`,
        where: at,
        help: HELP,
      });
    }
  });
}
