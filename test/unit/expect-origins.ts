/** What holds for the rows of every compiled circuit: each says where it comes from, and all of that is small. */
import { expect } from 'vitest';
import { paragraphOf } from '../../circuits/origin.js';
import { irOps } from '../../src/compile/ir/ops.js';
import type { Circuit } from '../../src/constraint/program.js';
import { originOf, type Origin } from '../../src/constraint/row-origin.js';
import { circuitChunks } from '../../src/formats/circuit.js';

export const encoded = (circuit: Circuit): Uint8Array => new Uint8Array(Buffer.concat([...circuitChunks(circuit)]));

/** The origin of every row. */
export function originsOf(circuit: Circuit): (Origin | undefined)[] {
  return Array.from({ length: circuit.r1cs.nConstraints }, (_, row) => originOf(circuit, row));
}

/** What stands in for a layer of the circuit's own. */
const OWN_LAYERS = new Set(['Pack', 'Fold', 'Clamped', 'Table']);

/** Every row has node, IR op, gadget, question and paragraph, and saying so costs at most a fiftieth. */
export function expectOrigins(circuit: Circuit): void {
  const isWhole = (origin: Origin | undefined): boolean => {
    if (origin === undefined || paragraphOf(origin) === undefined) return false;
    return OWN_LAYERS.has(origin.layer.op) ? origin.irOp === '' : Object.hasOwn(irOps, origin.irOp);
  };
  expect(originsOf(circuit).filter((origin) => !isWhole(origin))).toEqual([]);
  const { origins: _, ...without } = circuit;
  const [whole, rest] = [encoded(circuit).length, encoded(without).length];
  expect(whole - rest).toBeLessThanOrEqual(0.02 * whole);
}
