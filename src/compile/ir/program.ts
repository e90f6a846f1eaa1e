/** Whole IR graphs: the reference interpreter, liveness, structural checks, and assembly into a circuit. */
import { invariant } from '../../base/errors.js';
import { rowCount } from '../real/linear-map.js';
import type { IrGraph, IrNode } from './graph.js';
import { opOf } from './ops.js';
import { at } from './op.js';

export function sizeOf(node: IrNode): number {
  return node.dims.reduce((product, dim) => product * dim, 1);
}

/**
 * The reference interpreter: evaluates every node exactly. Buffers are allocated once, so a run over thousands of samples costs
 * only arithmetic.
 */
export class Interpreter {
  private readonly values = new Map<string, Float64Array>();
  private readonly steps: readonly Step[];

  constructor(graph: IrGraph) {
    for (const node of graph.nodes) this.values.set(node.name, new Float64Array(sizeOf(node)));
    this.steps = graph.nodes.map((node) => ({
      node,
      inputs: node.inputs.map((name) => this.values.get(name)!),
      out: this.values.get(node.name)!,
    }));
  }

  /**
   * Runs on integer inputs (one array an input node) and returns all nodes' values. The arrays are overwritten by the next run.
   */
  run(inputs: ReadonlyMap<string, ArrayLike<number>>): ReadonlyMap<string, Float64Array> {
    for (const { node, inputs: sources, out } of this.steps) {
      if (node.op === 'input') {
        const given = inputs.get(node.name);
        invariant(given?.length === out.length, 'integer input missing or of wrong length', { input: node.name });
        out.set(given);
        continue;
      }
      opOf(node).evaluate(node.attrs, sources, out);
    }
    return this.values;
  }
}

interface Step {
  readonly node: IrNode;
  readonly inputs: readonly Float64Array[];
  readonly out: Float64Array;
}

/**
 * Which elements of each tensor some output depends on. A pool with stride 3 over 14 positions reads 12 of them: the rest of the
 * convolution costs nothing. Model inputs are live as a whole, because the statement covers them as a whole.
 */
export function liveness(graph: IrGraph): Map<string, Uint8Array> {
  const live = new Map(graph.nodes.map((node) => [node.name, new Uint8Array(sizeOf(node))]));
  for (const name of [...graph.inputs, ...graph.outputs.map((output) => output.node)]) live.get(name)!.fill(1);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = at(graph.nodes, i);
    opOf(node).reads(
      node.attrs,
      live.get(node.name)!,
      node.inputs.map((name) => live.get(name)!),
    );
  }
  return live;
}

/** Structural rules: names unique, inputs defined earlier, outputs exist, sizes of linear maps agree. Used by tests. */
export function verifyIr(graph: IrGraph): void {
  const sizes = new Map<string, number>();
  for (const node of graph.nodes) {
    invariant(!sizes.has(node.name), 'IR node defined twice', { node: node.name });
    for (const name of node.inputs) invariant(sizes.has(name), 'IR node reads a later node', { node: node.name, name });
    if (node.op === 'linear') {
      node.attrs.maps.forEach((map, s) => {
        invariant(rowCount(map) === sizeOf(node), 'linear map of wrong height', { node: node.name });
        invariant(map.inSize === sizes.get(node.inputs[s] ?? ''), 'linear map of wrong width', { node: node.name });
      });
    }
    sizes.set(node.name, sizeOf(node));
  }
  for (const { node } of graph.outputs) invariant(sizes.has(node), 'IR output undefined', { node });
}
