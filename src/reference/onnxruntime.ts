/** The float model as onnxruntime runs it: the judge of accuracy. An optional peer: an install without it still compiles, runs and proves. */
import type * as OnnxRuntime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { elementTypes, float16ToNumber, isElementType, type ElementType } from '../base/element-types.js';
import { invariant, ZkonnxError } from '../base/errors.js';

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

/** Why there is no onnxruntime, what serves instead, and what to install. Only for where `openReference` gave nothing for these inputs. */
export async function missingRuntime(inputs: readonly InputType[] = []): Promise<string> {
  const instead = 'float values come from zkonnx’s own float64 evaluation instead';
  const strange = inputs.find(({ dtype }) => !isRunnable(dtype));
  if (strange !== undefined) {
    return `onnxruntime-node has no ${strange.dtype} tensors, which input ${strange.name} needs: ${instead}`;
  }
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

/**
 * Opens a session on the model: a path, so that external data is found, or bytes that hold all of it. Undefined without onnxruntime, and for
 * inputs of a type that its tensors do not hold (bfloat16).
 */
export async function openReference(
  model: string | Uint8Array,
  inputs: readonly InputType[],
): Promise<FloatReference | undefined> {
  const runtime = inputs.every(({ dtype }) => isRunnable(dtype)) ? await loadOnnxRuntime() : undefined;
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
      return new Map(Object.entries(results).map(([name, tensor]) => [name, readTensor(tensor)]));
    },
    close: () => session.release(),
  };
}

/** How a type goes into onnxruntime-node and comes back; undefined for what its tensors cannot hold. */
const RUNTIME_TYPES: { readonly [T in ElementType]: Tensor.Type | undefined } = {
  float32: 'float32',
  float64: 'float64',
  float16: 'float16',
  bfloat16: undefined,
  int8: 'int8',
  int16: 'int16',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  uint16: 'uint16',
  uint32: 'uint32',
  uint64: 'uint64',
  bool: 'bool',
};

function isRunnable(dtype: string): boolean {
  return isElementType(dtype) && RUNTIME_TYPES[dtype] !== undefined;
}

function makeTensor(runtime: Runtime, dtype: string, values: Float64Array, dims: readonly number[]): Tensor {
  const type = isElementType(dtype) ? RUNTIME_TYPES[dtype] : undefined;
  invariant(type !== undefined && isElementType(dtype), 'an input that onnxruntime-node cannot hold', { dtype });
  // A float16 goes in by its bits, whether or not this JavaScript has an array for it.
  const data = elementTypes[dtype].store(values);
  return new runtime.Tensor(type as 'float32', data as Float32Array, dims);
}

/** The values widened to float64. A float16 comes by its bits where JavaScript has no array for it. */
function readTensor({ type, data, dims }: Tensor): FloatTensor {
  const isBits = type === 'float16' && data instanceof Uint16Array;
  const values = isBits
    ? Float64Array.from(data, float16ToNumber)
    : Float64Array.from(data as ArrayLike<number>, Number);
  return { dims, values };
}
