/** What `inspect` shows of each layer: cost from the circuit, shape and proven bounds from the IR, scale from the quantiser. */
import type { LayerCost } from '../formats/manifest.js';
import type { QuantisedModel } from './passes/quantise.js';
import type { ProductLayer } from './product.js';

/** Layers without an IR node (packing, commitments) keep their cost alone; inner steps of an operator have no scale of their own. */
export function withFacts(
  layers: readonly ProductLayer[],
  { ir, tensors, bounds, errors }: QuantisedModel,
): LayerCost[] {
  const nodes = new Map(ir.nodes.map((node) => [node.name, node]));
  const scales = new Map([...tensors.values()].map(({ node, scale, offset }) => [node, { scale, offset }]));
  return layers.map(({ name, op, ...cost }) => {
    const node = nodes.get(name);
    const range = bounds.get(name);
    const error = errors.get(name);
    return {
      name,
      op,
      ...cost,
      ...(node === undefined ? {} : { dims: node.dims }),
      ...(range === undefined ? {} : { lo: range.lo, hi: range.hi }),
      ...scales.get(name),
      ...(error === undefined ? {} : { error }),
    };
  });
}
