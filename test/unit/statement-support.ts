/** Tensors of statements, and errors, for tests of what verifiers read. */
import { ZkonnxError } from '../../src/verify/index.js';
import type { TensorSchema } from '../../src/verify/index.js';

/** Two public bytes that stand for themselves. */
export function tensor(name: string, change: Partial<TensorSchema> = {}): TensorSchema {
  return {
    name,
    dims: [2],
    visibility: 'public',
    lo: 0,
    hi: 255,
    bytes: 1,
    scale: 1,
    zeroPoint: 0,
    dtype: 'float32',
    ...change,
  };
}

/** The error of ours that it throws; another one goes on its way. */
export function errorOf(run: () => unknown): ZkonnxError {
  try {
    run();
  } catch (error) {
    if (error instanceof ZkonnxError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
