/** Small real graphs for tests of the compiler's passes: built by hand, no ONNX involved. */
import { LinearMapBuilder, type LinearMap } from '../../src/compile/real/linear-map.js';
import type { RealGraph, RealNode, RealOp } from '../../src/compile/real/graph.js';

/** Deterministic uniform numbers in [−1, 1). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
}

export function dense(inSize: number, outSize: number, next: () => number, gain = 1): LinearMap {
  const builder = new LinearMapBuilder(inSize);
  const offsets = Int32Array.from({ length: inSize }, (_, i) => i);
  for (let i = 0; i < outSize; i++) {
    const coefs = Float64Array.from(offsets, () => (gain * next()) / Math.sqrt(inSize));
    builder.row(builder.pattern(offsets, coefs), 0);
  }
  return builder.build();
}

export function node(name: string, op: RealOp, inputs: readonly string[], dims: readonly number[]): RealNode {
  return { name, op, inputs, dims, dtype: 'float32', origin: `${name} (${op.kind})` };
}

export function linearNode(
  name: string,
  map: LinearMap,
  input: string,
  dims: readonly number[],
  next: () => number,
): RealNode {
  const bias = Float64Array.from({ length: map.rowPattern.length }, () => next() / 4);
  return node(name, { kind: 'linear', maps: [map], bias }, [input], dims);
}

export function graphOf(nodes: readonly RealNode[], output: string): RealGraph {
  return {
    nodes,
    inputs: nodes.filter(({ op }) => op.kind === 'input').map(({ name }) => name),
    outputs: [{ name: 'y', node: output, dims: nodes.find(({ name }) => name === output)!.dims, dtype: 'float32' }],
  };
}

/** Windows of a pool over an h×w plane per channel. */
export function windows(channels: number, h: number, w: number, k: number): { start: Uint32Array; index: Uint32Array } {
  const index: number[] = [];
  const start = [0];
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y + k <= h; y += k) {
      for (let x = 0; x + k <= w; x += k) {
        for (let i = 0; i < k; i++) for (let j = 0; j < k; j++) index.push((c * h + y + i) * w + x + j);
        start.push(index.length);
      }
    }
  }
  return { start: Uint32Array.from(start), index: Uint32Array.from(index) };
}
