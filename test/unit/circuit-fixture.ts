/** The smallest circuits with everything a circuit has: y = x², squared again and again; x public in, the last power public out. */
import { SparseRows } from '../../src/constraint/growable.js';
import { WireClass } from '../../src/constraint/r1cs.js';
import { Opcode, Side, type Circuit } from '../../src/constraint/program.js';

/**
 * Wires: 0 one, 1 output, 2 input x, 3 … the powers between. Rows: w_i·w_i = w_(i+1). `padding` adds rows x·1 = x that only cost.
 * x^(2^squarings) must stay below 2^53.
 */
export function squareCircuit(squarings: number, padding = 0): Circuit {
  const between = squarings - 1;
  const nWires = 3 + between;
  const nConstraints = squarings + padding;
  const [a, b, c, hints] = [new SparseRows(), new SparseRows(), new SparseRows(), new SparseRows()];
  const code: number[] = [];
  const row = (left: number, right: number, product: number) => {
    for (const [side, wire] of [
      [a, left],
      [b, right],
      [c, product],
    ] as const) {
      // prettier-ignore
      side.push(wire, 1);
      side.endRow();
    }
  };
  const power = (i: number) => (i === 0 ? 2 : i === squarings ? 1 : 2 + i);
  for (let i = 0; i < squarings; i++) {
    row(power(i), power(i), power(i + 1));
    code.push(Opcode.Product, power(i + 1), Side.A, i, Side.B, i);
  }
  for (let i = 0; i < padding; i++) row(2, 0, 2);
  hints.push(1, 1);
  hints.endRow();
  return {
    r1cs: {
      nWires,
      nPubOut: 1,
      nPubIn: 1,
      nConstraints,
      a: a.finish(),
      b: b.finish(),
      c: c.finish(),
      bigCoefs: [],
      wireClass: new Uint8Array(nWires).fill(WireClass.Small),
    },
    program: { code: Int32Array.from(code), hints: hints.finish(), layers: ['square'] },
    inputs: [{ name: 'x', first: 2, count: 1 }],
    outputs: [{ name: 'y', first: 0, count: 1 }],
    salts: [],
    layers: [{ name: 'square', op: 'Mul', constraints: nConstraints }],
  };
}
