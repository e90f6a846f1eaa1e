/** The float model as onnxruntime runs it: the judge of accuracy. An optional peer: an install without it still compiles, runs and proves. */
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ZkonnxError } from '../base/errors.js';

/** Real values by tensor name, flat and row-major. */
export type RealValues = ReadonlyMap<string, Float64Array>;

type Runtime = typeof OnnxRuntime;

/** What a model input must look like. */
interface InputType {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dtype: string;
}

/** A tensor as the float model gave it: its own shape, whatever anybody expects, and its values widened to float64, row-major. */
export interface FloatTensor {
  readonly dims: readonly number[];
  readonly values: Float64Array;
}

export interface FloatReference {
  /** `onnxruntime 1.30.0`. */
  readonly name: string;
  /** The outputs by name. */
  run(inputs: RealValues): Promise<ReadonlyMap<string, FloatTensor>>;
  close(): Promise<void>;
}

/** The values alone. */
export function valuesOf(tensors: ReadonlyMap<string, FloatTensor>): RealValues {
  return new Map([...tensors].map(([name, { values }]) => [name, values]));
}

/** What to run where onnxruntime is wanted; its own install script would only fetch CUDA libraries, which nothing here uses. */
export const RUNTIME_INSTALL = 'npm install --ignore-scripts onnxruntime-node@1.30.0';

/** Loads onnxruntime-node; undefined when it is not installed or its binary does not load on this platform: `missingRuntime` says which. */
async function loadOnnxRuntime(): Promise<Runtime | undefined> {
  try {
    return await importRuntime();
  } catch {
    return undefined;
  }
}

async function importRuntime(): Promise<Runtime> {
  const module = (await import('onnxruntime-node')) as Runtime & { readonly default?: Runtime };
  return module.default ?? module;
}

/** Why there is no onnxruntime, what serves instead, and what to install. Only for where `openReference` gave nothing. */
export async function missingRuntime(): Promise<string> {
  const instead = 'float values come from zkonnx’s own float64 evaluation instead';
  try {
    await importRuntime();
  } catch (cause) {
    if (!isAbsent(cause)) {
      const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
      return `onnxruntime-node does not load on this machine (${reason}): ${instead}`;
    }
  }
  return `onnxruntime-node is not installed: ${instead}. It is an optional peer dependency: ${RUNTIME_INSTALL}`;
}

function isAbsent(cause: unknown): boolean {
  return cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
}

/** Opens a session on the model: a path, so that external data is found, or bytes that hold all of it. Undefined without onnxruntime. */
export async function openReference(
  model: string | Uint8Array,
  inputs: readonly InputType[],
): Promise<FloatReference | undefined> {
  const runtime = await loadOnnxRuntime();
  if (runtime === undefined) return undefined;
  let session: InferenceSession;
  try {
    const options = { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 } as const;
    // Two calls, for these are two overloads.
    session =
      typeof model === 'string'
        ? await runtime.InferenceSession.create(model, options)
        : await runtime.InferenceSession.create(model, options);
  } catch (cause) {
    throw new ZkonnxError('MODEL_INVALID', 'onnxruntime refuses the model', {
      got: cause instanceof Error ? cause.message : String(cause),
      ...(typeof model === 'string' ? { where: model } : {}),
      help: 'check the model with onnx.checker, or export it anew',
      cause,
    });
  }
  return {
    name: `onnxruntime ${runtime.env.versions.node ?? runtime.env.versions.common}`,
    async run(values) {
      // Own fields, whatever the name: an assignment to `__proto__` would not make one.
      const feeds: Record<string, Tensor> = Object.fromEntries(
        inputs
          .filter(({ name }) => session.inputNames.includes(name))
          .map(({ name, dims, dtype }) => [name, makeTensor(runtime, dtype, values.get(name)!, dims)]),
      );
      const results = await session.run(feeds);
      return new Map(
        Object.entries(results).map(([name, tensor]) => [
          name,
          { dims: tensor.dims, values: Float64Array.from(tensor.data as ArrayLike<number>, Number) },
        ]),
      );
    },
    close: () => session.release(),
  };
}

function makeTensor(runtime: Runtime, dtype: string, values: Float64Array, dims: readonly number[]): Tensor {
  switch (dtype) {
    case 'float64':
      return new runtime.Tensor('float64', values, dims);
    case 'int64':
      return new runtime.Tensor(
        'int64',
        BigInt64Array.from(values, (v) => BigInt(v)),
        dims,
      );
    case 'int32':
      return new runtime.Tensor('int32', Int32Array.from(values), dims);
    case 'uint8':
      return new runtime.Tensor('uint8', Uint8Array.from(values), dims);
    case 'int8':
      return new runtime.Tensor('int8', Int8Array.from(values), dims);
    case 'bool':
      return new runtime.Tensor('bool', Uint8Array.from(values), dims);
    default:
      return new runtime.Tensor('float32', Float32Array.from(values), dims);
  }
}
