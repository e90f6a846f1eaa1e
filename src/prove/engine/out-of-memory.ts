/** What a memory that cannot grow is called. Uses no Node API. */
import { ZkonnxError } from '../../base/errors.js';

/** MEMORY_EXCEEDED for the RangeError of the kernels' heap, which means nothing else; any other error as it is. */
export function outOfMemory(error: unknown, help: string): unknown {
  if (!(error instanceof RangeError)) return error;
  return new ZkonnxError('MEMORY_EXCEEDED', 'the prover’s memory does not suffice for this key', {
    expected: 'at most 4 GiB of WebAssembly memory',
    got: error.message,
    help,
    cause: error,
  });
}
