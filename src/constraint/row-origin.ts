/** What a circuit says of one of its rows: origin by row number (origins.ts). */
import type { RowKind } from './origins.js';
import type { Circuit } from './program.js';

/** What is known of one row. */
export interface Origin extends RowKind {
  readonly layer: { readonly name: string; readonly op: string };
  readonly irOp: string;
}

/** The layer that a row belongs to, by number: rows are emitted layer after layer. Undefined where the layers have fewer rows. */
export function layerOfRow({ layers }: Pick<Circuit, 'layers'>, row: number): number | undefined {
  let end = 0;
  const index = layers.findIndex(({ constraints }) => row < (end += constraints));
  return index < 0 ? undefined : index;
}

/** The origin of row 0 ≤ row < nConstraints; undefined where the circuit does not say. */
export function originOf({ layers, origins }: Circuit, row: number): Origin | undefined {
  const layer = layerOfRow({ layers }, row);
  if (origins === undefined || layer === undefined) return undefined;
  let end = 0;
  const run = origins.runLength.findIndex((length) => row < (end += length));
  const kind = origins.kinds[origins.runKind[run] ?? -1];
  if (kind === undefined) return undefined;
  const { name, op } = layers[layer]!;
  return { ...kind, layer: { name, op }, irOp: origins.irOps[layer] ?? '' };
}
