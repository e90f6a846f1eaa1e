/** What every IR op is to a relation. */
import type { IrNode, IrOpName } from '../ir/graph.js';
import type { Lowering } from './lowering.js';

export type NodeOf<K extends IrOpName> = Extract<IrNode, { op: K }>;

export interface ClearOp<K extends IrOpName> {
  /**
   * Cells, constraints and lookups of the live elements, and with every cell its value in a run of the interpreter: `define` or `postpone` of the node is
   * called. BOUND_OVERFLOW where an equation could hold modulo the field's order alone.
   */
  lower(lowering: Lowering, node: NodeOf<K>): void;
}

export type ClearOps = { readonly [K in IrOpName]: ClearOp<K> };
