/**
 * Integer IR + schema → circuit: inputs enter range-checked, every op lowers its live elements, outputs and public inputs are packed
 * into signals or hashed into commitments.
 */
import type { FieldLc, Lc } from '../../circuits/builder.js';
import { fieldCombination, toField } from '../../circuits/lc.js';
import { poseidonCircuit } from '../../circuits/poseidon.js';
import { R1csBuilder } from '../../circuits/r1cs-builder.js';
import { invariant } from '../errors.js';
import type { Circuit } from '../prove/program.js';
import { publicCount, SIGNAL_BYTES, type Schema, type TensorSchema } from '../verify/statement.js';
import type { IrGraph, IrNode } from './ir/graph.js';
import { opOf } from './ir/ops.js';
import { element, type LcTensor } from './ir/op.js';
import { liveness, sizeOf } from './ir/program.js';

/** Builds the circuit. `schema` lists the IR's inputs and outputs in the IR's order. */
export function assemble(ir: IrGraph, schema: Schema): Circuit {
  const { outputs: nPubOut, inputs: nPubIn } = publicCount(schema);
  const b = new R1csBuilder({ nPubOut, nPubIn });
  const tensors = lowerAll(ir, b);
  const outputs = ir.outputs.map(({ node }) => Array.from(tensors.get(node)!, (_, i) => element(tensors.get(node), i)));
  const inputs = ir.inputs.map((name) => tensors.get(name) as readonly Lc[]);
  let signal = 0;
  schema.outputs.forEach((tensor, i) => b.output(tensor.name, outputs[i]!));
  b.layer('public values', 'Pack');
  for (const [group, lcs] of [
    [schema.outputs, outputs],
    [schema.inputs, inputs],
  ] as const) {
    group.forEach((tensor, i) => {
      for (const value of exposed(b, tensor, lcs[i]!)) b.bindPublic(signal++, value);
    });
  }
  invariant(signal === nPubOut + nPubIn, 'the schema counts other signals than the circuit', { signal });
  return b.finish();
}

function lowerAll(ir: IrGraph, b: R1csBuilder): Map<string, LcTensor> {
  const live = liveness(ir);
  const lastReader = new Map<string, number>();
  ir.nodes.forEach((node, i) => node.inputs.forEach((name) => lastReader.set(name, i)));
  const kept = new Set([...ir.inputs, ...ir.outputs.map((output) => output.node)]);
  const tensors = new Map<string, LcTensor>();
  ir.nodes.forEach((node, i) => {
    b.layer(node.name, node.origin);
    tensors.set(node.name, lowerNode(node, b, tensors, live.get(node.name)!));
    // Combinations hold the weights of whole layers: they go as soon as their last reader has inlined them.
    for (const name of node.inputs) if (lastReader.get(name) === i && !kept.has(name)) tensors.delete(name);
  });
  return tensors;
}

function lowerNode(node: IrNode, b: R1csBuilder, tensors: ReadonlyMap<string, LcTensor>, live: Uint8Array): LcTensor {
  if (node.op === 'input') return b.input(node.name, sizeOf(node), node.attrs.lo, node.attrs.hi);
  return opOf(node).lower(
    node.attrs,
    b,
    node.inputs.map((name) => tensors.get(name)!),
    live,
  );
}

/** The public signals of a tensor: its packed digits, their salted hash, or nothing. */
function exposed(b: R1csBuilder, tensor: TensorSchema, values: readonly Lc[]): FieldLc[] {
  if (tensor.visibility === 'private') return [];
  const packed = packLcs(tensor, values);
  if (tensor.visibility === 'public') return packed;
  const salt: FieldLc = { wires: [b.salt(tensor.name)], coefs: [1n], constant: 0n };
  return [poseidonCircuit(b, [...packed, salt])];
}

/** As `pack` in src/verify/statement.ts, over linear combinations. Injective because every digit is proven to be in its bytes. */
function packLcs(tensor: TensorSchema, values: readonly Lc[]): FieldLc[] {
  const perSignal = Math.floor(SIGNAL_BYTES / tensor.bytes);
  const base = 1n << BigInt(8 * tensor.bytes);
  const signals: FieldLc[] = [];
  for (let start = 0; start < values.length; start += perSignal) {
    const digits = values.slice(start, start + perSignal);
    for (const digit of digits) {
      invariant(
        digit.lo >= tensor.lo && digit.hi - tensor.lo < Number(base),
        'a public value is not proven to fit its bytes',
        {
          tensor: tensor.name,
          lo: digit.lo,
          hi: digit.hi,
        },
      );
    }
    const factors = digits.map((_, i) => base ** BigInt(i));
    const offset = factors.reduce((sum, factor) => sum - factor * BigInt(tensor.lo), 0n);
    signals.push(fieldCombination(digits.map(toField), factors, offset));
  }
  return signals;
}
