/** `--softmax reader`: a softmax that ends the model is taken out of the circuit and left to whoever reads the proven logits. */
import { sizeOf, type RealGraph, type RealNode } from '../real/graph.js';
import { realOpOf } from '../real/ops.js';
import type { TensorSchema } from '../../verify/statement.js';

/** What the reader of an output applies to it (softmax left out of the circuit by choice), by output name. */
export type Readers = ReadonlyMap<string, NonNullable<TensorSchema['reader']>>;

export function takeReaders(
  graph: RealGraph,
  softmax: 'circuit' | 'reader',
): { readonly graph: RealGraph; readonly readers: Readers } {
  const readers = new Map<string, { apply: 'softmax' | 'logSoftmax'; axis: number }>();
  if (softmax === 'circuit') return { graph, readers };
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  const outputs = graph.outputs.map((output) => {
    const node = moved(byName, output.node);
    const source = node.inputs[0];
    const last = realOpOf(node.op).forReader?.(node.op);
    // A masked one reads the mask too, which the reader does not have.
    if (last === undefined || source === undefined || node.inputs.length > 1) return output;
    // The reader applies it to the output, in the output's own shape.
    const axis = axisOf(output.dims, last.groups.stride, last.groups.size);
    if (axis === undefined) return output;
    readers.set(output.name, { apply: last.apply, axis });
    return { ...output, node: source };
  });
  return { graph: { ...graph, outputs }, readers };
}

/** The node whose elements these are, in their order: before a last Flatten, Squeeze or Cast. */
function moved(byName: ReadonlyMap<string, RealNode>, name: string): RealNode {
  const node = byName.get(name)!;
  const source = byName.get(node.inputs[0] ?? '');
  if (source === undefined || node.inputs.length > 1) return node;
  return realOpOf(node.op).isIdentity?.(node.op, sizeOf(source)) === true ? moved(byName, source.name) : node;
}

/** The axis whose elements lie `stride` apart, `size` of them; undefined where groups span several axes (opset < 13). */
function axisOf(dims: readonly number[], stride: number, size: number): number | undefined {
  let step = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    if (step === stride && dims[axis] === size) return axis;
    step *= dims[axis]!;
  }
  return undefined;
}
