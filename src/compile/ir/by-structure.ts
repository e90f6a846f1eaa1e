/** A program whose maps are what their structure says, wherever they come from: what a file of it holds, and what is lowered from that. */
import { structuredMap, type LinearMap } from '../real/linear-map.js';
import { isStructure } from '../real/map-structure.js';
import type { IrGraph } from './graph.js';

export function byStructure(ir: IrGraph): IrGraph {
  const nodes = ir.nodes.map((node) =>
    node.op === 'linear' ? { ...node, attrs: { ...node.attrs, maps: node.attrs.maps.map(mapByStructure) } } : node,
  );
  return { ...ir, nodes };
}

/** Patterns of an integer map keep entries that rounding made zero; a structure has none. A map without an element is its patterns. */
function mapByStructure(map: LinearMap): LinearMap {
  const { structure } = map;
  if (structure !== undefined && isStructure(structure)) return structuredMap(structure);
  const { inSize, rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  return { inSize, rowPattern, rowBase, patStart, patOffset, patCoef };
}
