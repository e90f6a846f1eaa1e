/** What the circuit's digest covers, and what it leaves out; and the schema's. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Circuit } from '../../src/constraint/program.js';
import { circuitDigest, circuitHashIn, circuitNames } from '../../src/formats/circuit-digest.js';
import { r1csChunks } from '../../src/formats/r1cs.js';
import { canonicalJson } from '../../src/verify/json.js';
import { schemaDigest } from '../../src/verify/schema.js';
import type { Schema, TensorSchema } from '../../src/verify/statement.js';
import { squareCircuit } from './circuit-fixture.js';

const tensor: TensorSchema = {
  name: 'x',
  dims: [1, 2],
  visibility: 'public',
  lo: 0,
  hi: 255,
  bytes: 1,
  scale: 0.5,
  zeroPoint: 3,
  dtype: 'float32',
};
const schema: Schema = {
  outputs: [{ ...tensor, name: 'y', labels: ['a', 'b'] }],
  inputs: [tensor],
  overflow: 'saturate',
  clamped: false,
};
const circuit = squareCircuit(3);
const digest = (changed: Circuit = circuit, of: Schema = schema) =>
  circuitDigest(circuitNames(changed), schemaDigest(of));
const withOutput = (change: Partial<TensorSchema>): Schema => ({
  ...schema,
  outputs: [{ ...schema.outputs[0]!, ...change }],
});

describe('the digest of a circuit', () => {
  it('is what docs/formats.md says', () => {
    const relation = createHash('sha256');
    for (const chunk of r1csChunks(circuit.r1cs)) relation.update(chunk);
    const { rowStart, wires, coefs } = circuit.program.hints;
    const rows = circuit.outputs.flatMap(({ first, count }) => Array.from({ length: count }, (_, i) => first + i));
    const words: number[] = [];
    for (const row of rows) {
      const entries = Array.from({ length: rowStart[row + 1]! - rowStart[row]! }, (_, k) => rowStart[row]! + k);
      words.push(entries.length);
      for (const k of entries) words.push(wires[k]!, coefs[k]!, 0, 0, 0, 0, 0, 0, 0);
      words.push(0, 0);
    }
    const nWires = circuit.r1cs.nWires;
    const r = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
    const rWords = Array.from({ length: 8 }, (_, i) => Number((r >> BigInt(32 * i)) & 0xffffffffn));
    const u32 = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
    const elements = createHash('sha256')
      .update('r1cs')
      .update(u32(1, 3, 1, 64, 0, 32, ...rWords, nWires, 0, 0, 0, nWires, 0, rows.length))
      .update(u32(2, 4 * words.length, 0, ...words))
      .update(u32(3, 8 * nWires, 0, ...Array.from({ length: nWires }, (_, wire) => [wire, 0]).flat()))
      .digest();
    const { inputs, outputs, salts } = circuit;
    const text = canonicalJson({ inputs, outputs: outputs.map(({ name, count }) => ({ name, count })), salts });
    const bindings = createHash('sha256').update(elements).update(text).digest();
    const whole = createHash('sha256')
      .update('zkonnx circuit v2\n')
      .update(relation.digest())
      .update(bindings)
      .update(Buffer.from(schemaDigest(schema).slice(2), 'hex'));
    expect(digest()).toBe(`sha256:${whole.digest('hex')}`);
  });

  it.each<[string, Circuit, Schema?]>([
    [
      'an input on another wire',
      { ...circuit, inputs: [{ ...circuit.inputs[0]!, first: circuit.inputs[0]!.first + 1 }] },
    ],
    ['an input by another name', { ...circuit, inputs: [{ ...circuit.inputs[0]!, name: 'other' }] }],
    [
      'an output of another row',
      { ...circuit, outputs: [{ ...circuit.outputs[0]!, first: circuit.outputs[0]!.first + 1 }] },
    ],
    [
      'fewer elements of an output',
      { ...circuit, outputs: [{ ...circuit.outputs[0]!, count: circuit.outputs[0]!.count - 1 }] },
    ],
    ['a salt', { ...circuit, salts: [{ name: 'x', wire: 1 }] }],
    ['other constraints', squareCircuit(4)],
    ['rotated labels', circuit, withOutput({ labels: ['b', 'a'] })],
    ['another scale', circuit, withOutput({ scale: 1 })],
    ['another zero point', circuit, withOutput({ zeroPoint: 2 })],
    ['other dims', circuit, withOutput({ dims: [2, 1] })],
    ['another dtype', circuit, withOutput({ dtype: 'int64' })],
    ['another visibility', circuit, withOutput({ visibility: 'private' })],
    ['another bound', circuit, withOutput({ hi: 254 })],
    ['another name', circuit, withOutput({ name: 'z' })],
    ['a function of the reader', circuit, withOutput({ reader: { apply: 'softmax', axis: 1 } })],
    ['another overflow', circuit, { ...schema, overflow: 'reject' }],
    ['a statement that says what was clamped', circuit, { ...schema, clamped: true }],
  ])('is another with %s', (_, changed, of = schema) => {
    expect(digest(changed, of)).not.toBe(digest());
  });

  it('is the same with other hints, other layers, another wording of an output’s element, and other pictures', () => {
    const program = { ...circuit.program, code: circuit.program.code.slice(1), layers: ['elsewhere'] };
    expect(digest({ ...circuit, program, layers: [] })).toBe(digest());
    const image = {
      layout: 'NCHW',
      resize: 'none',
      color: 'gray',
      invert: false,
      range: 1,
      mean: [0],
      std: [1],
    } as const;
    expect(digest(circuit, { ...schema, inputs: [{ ...tensor, image }] })).toBe(digest());
  });

  it('was the relation alone in formatVersion 1', () => {
    const names = circuitNames(circuit);
    expect(circuitHashIn(1, names, schemaDigest(schema))).toBe(names.relation);
    expect(circuitHashIn(2, names, schemaDigest(schema))).toBe(digest());
  });
});
