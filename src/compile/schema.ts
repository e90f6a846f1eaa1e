/** The I/O schema of a quantised model: how its public integers read as the model's own tensors. */
import { ZkonnxError } from '../base/errors.js';
import {
  digitBytes,
  type ImagePreprocessing,
  type Overflow,
  type Schema,
  type TensorSchema,
  type Visibility,
} from '../verify/statement.js';
import { DEFAULT_OVERFLOW, type CompileOptions } from './options.js';
import type { PreparedModel } from './prepare.js';
import { mayClamp } from './ir/ends.js';
import { requireNever } from './passes/never.js';
import { overflowModes } from './passes/overflow.js';
import type { RealGraph, RealOutput } from './real/graph.js';
import { inputNodes } from './passes/domains.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { Readers } from './passes/readers.js';

/** `makeSchema` of a model's choices of scale, once the user's are known. Throws what `requireNever` throws where that was asked for. */
export function schemaMaker(
  { graph, readers }: PreparedModel,
  options: CompileOptions,
): (model: QuantisedModel) => Schema {
  const choice = { ...options, input: options.input ?? 'public', output: options.output ?? 'public' } as const;
  const { mustStay } = overflowModes[options.overflow ?? DEFAULT_OVERFLOW];
  return (model) => {
    if (mustStay) requireNever(model);
    return makeSchema(graph, model, (name) => model.bounds.get(name)!, choice, readers);
  };
}

export interface IoChoice {
  readonly input: Visibility;
  readonly output: Visibility;
  /** Default: saturate. */
  readonly overflow?: Overflow;
  readonly labels?: readonly string[];
  readonly image?: ImagePreprocessing;
}

/** `bounds` gives the proven bounds over all elements of an IR tensor. */
export function makeSchema(
  graph: RealGraph,
  quantised: QuantisedModel,
  bounds: (irNode: string) => { readonly lo: number; readonly hi: number },
  choice: IoChoice,
  readers: Readers,
): Schema {
  const tensor = ({ name, node, dims, dtype }: RealOutput, visibility: Visibility): TensorSchema => {
    const { node: irNode, scale, offset } = quantised.tensors.get(node)!;
    const { lo, hi } = bounds(irNode);
    return {
      name,
      dims,
      visibility,
      lo,
      hi,
      bytes: digitBytes(hi - lo),
      scale,
      zeroPoint: offset === 0 ? 0 : -offset / scale,
      dtype,
    };
  };
  const outputs = graph.outputs.map((output) => {
    const reader = readers.get(output.name);
    const schema = tensor(output, choice.output);
    return {
      ...schema,
      ...(reader === undefined ? {} : { reader }),
      ...labelsFor(schema, choice.labels, graph.outputs.length),
    };
  });
  const inputs = inputNodes(graph).map(({ name, dims, dtype }) => {
    const schema = tensor({ name, node: name, dims, dtype }, choice.input);
    return choice.image === undefined ? schema : { ...schema, image: choice.image };
  });
  return { outputs, inputs, ...clampsOf(quantised, choice.overflow ?? DEFAULT_OVERFLOW) };
}

/** Where nothing can be clamped, that says more than a bit which is always 0, and costs nothing. */
function clampsOf({ ir }: QuantisedModel, overflow: Overflow): Pick<Schema, 'overflow' | 'clamped'> {
  if (overflowModes[overflow].beyond !== 'counted') return { overflow, clamped: false };
  return mayClamp(ir) ? { overflow, clamped: true } : { overflow: 'never', clamped: false };
}

function labelsFor(
  schema: TensorSchema,
  labels: readonly string[] | undefined,
  outputs: number,
): { labels?: readonly string[] } {
  if (labels === undefined) return {};
  const classes = schema.dims.at(-1) ?? 1;
  if (classes === labels.length) return { labels };
  if (outputs > 1) return {};
  throw new ZkonnxError('USAGE', 'the labels do not match the output', {
    expected: `${classes} labels, one a class of the last axis`,
    got: `${labels.length}`,
    where: schema.name,
  });
}
