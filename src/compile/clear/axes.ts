/** Which linear maps are written along axes (verify/clear/axes.ts), and which tensors of the IR have to be whole boxes for it. */
import type { MapAxis } from '../../verify/clear/relation.js';
import type { IrNode } from '../ir/graph.js';
import type { LinearMap } from '../real/linear-map.js';
import { at } from '../ir/op.js';

/**
 * The axes of a map that is held by its structure, without those of one element. Undefined for others, and for a matrix: that needs no axes.
 */
export function axesOf({ structure }: LinearMap): readonly MapAxis[] | undefined {
  if (structure === undefined) return undefined;
  const axes = structure.axes.filter((axis) => !isOne(axis));
  return axes.length === 0 || (axes.length === 1 && axes[0]!.kind === 'full') ? undefined : axes;
}

/** Outs, ins and weights of the axis are one each. */
export function isOne(axis: MapAxis): boolean {
  const sizes: { readonly [K in MapAxis['kind']]: (axis: Extract<MapAxis, { kind: K }>) => readonly number[] } = {
    shared: ({ size }) => [size],
    own: ({ size }) => [size],
    full: (full) => [full.out, full.in],
    // The one tap of a window may read nothing.
    window: ({ out, in: inputs, kernel, pad }) => [out, inputs, kernel, pad + 1],
  };
  return sizes[axis.kind](axis as never).every((size) => size === 1);
}

/** Tensors that maps along axes read or make: all of their elements have cells, if they can. */
export function boxesOf(nodes: readonly IrNode[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const node of nodes) {
    if (node.op !== 'linear') continue;
    node.attrs.maps.forEach((map, s) => {
      if (axesOf(map) === undefined) return;
      names.add(node.name);
      names.add(at(node.inputs, s));
    });
  }
  return names;
}
