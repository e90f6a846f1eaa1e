/** circuit.bin: round trip, versions, damage, and contents that would lead the solver astray although the checksum is right. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZkonnxError } from '../../src/base/errors.js';
import { namesOf, readCircuitFile, writeCircuitFile } from '../../src/formats/circuit-file.js';
import { circuitNames } from '../../src/formats/circuit-digest.js';
import { readCircuit, requireSameCircuit } from '../../src/formats/circuit.js';
import { bytesSource } from '../../src/formats/iden3-container.js';
import type { Circuit } from '../../src/constraint/program.js';
import { squareCircuit } from './circuit-fixture.js';
import { randomNumbers, randomR1cs } from './random-r1cs.js';

let folder: string;
let bytes: Uint8Array;
const circuit = squareCircuit(3);
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-circuit-'));
  bytes = await encoded(circuit);
});
afterAll(() => rm(folder, { recursive: true }));

async function encoded(subject: Circuit): Promise<Uint8Array> {
  const file = path.join(folder, 'circuit.bin');
  await writeCircuitFile(file, subject);
  return new Uint8Array(await readFile(file));
}

const read = (file: Uint8Array) => readCircuit(bytesSource(file, 'hostile'));

describe('circuit.bin', () => {
  it('reads back what it wrote', async () => {
    const wide: Circuit = { ...circuit, r1cs: randomR1cs({ nConstraints: 200, wide: true }).r1cs };
    const subject: Circuit = {
      ...wide,
      program: { ...circuit.program, code: new Int32Array(0) },
      inputs: [],
      outputs: [],
      salts: [],
    };
    expect(await read(await encoded(subject))).toEqual({
      ...subject,
      program: { ...subject.program, hints: circuit.program.hints },
    });
    expect(await read(bytes)).toEqual(circuit);
  });

  it('has the same names by Node’s SHA-256 and the portable one, others for another circuit, and says when they differ', () => {
    expect(namesOf(circuit)).toEqual(circuitNames(circuit));
    expect(namesOf(squareCircuit(3))).toEqual(namesOf(circuit));
    expect(namesOf(squareCircuit(4)).relation).not.toBe(namesOf(circuit).relation);
    expect(() => {
      requireSameCircuit('sha256:a', 'sha256:b', 'key');
    }).toThrow(expect.objectContaining({ code: 'KEY_MISMATCH' }));
  });

  it('refuses another formatVersion and another kind of file', async () => {
    const newer = bytes.slice();
    newer[4] = 2;
    await expect(read(newer)).rejects.toMatchObject({ code: 'FORMAT_VERSION' });
    const other = bytes.slice();
    other.set(new TextEncoder().encode('zkey'));
    await expect(read(other)).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    await expect(readCircuitFile(path.join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await expect(readCircuitFile(folder)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });

  it('refuses every truncation and every flipped bit', async () => {
    for (let length = 0; length < bytes.length; length += 3) {
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    }
    const random = randomNumbers(5);
    for (let i = 0; i < 1000; i++) {
      const damaged = bytes.slice();
      damaged[random(bytes.length)]! ^= 1 << random(8);
      await expect(read(damaged)).rejects.toBeInstanceOf(ZkonnxError);
    }
  });
});

describe('a circuit.bin with a right checksum and wrong contents', () => {
  const { r1cs, program } = circuit;
  const withCode = (patch: (code: Int32Array) => void): Circuit => {
    const code = program.code.slice();
    patch(code);
    return { ...circuit, program: { ...program, code } };
  };
  const withA = (patch: Partial<typeof r1cs.a>): Circuit => ({
    ...circuit,
    r1cs: { ...r1cs, a: { ...r1cs.a, ...patch } },
  });

  it.each<[string, Circuit, RegExp]>([
    ['an unknown instruction', withCode((code) => (code[0] = 99)), /unknown instruction/],
    ['an instruction that writes the constant', withCode((code) => (code[1] = 0)), /operand out of range/],
    ['an instruction that writes past the wires', withCode((code) => (code[1] = r1cs.nWires)), /operand out of range/],
    ['an operand of a fifth matrix', withCode((code) => (code[2] = 4)), /operand out of range/],
    [
      'an operand of a row that is not there',
      withCode((code) => (code[3] = r1cs.nConstraints)),
      /operand out of range/,
    ],
    ['a negative operand', withCode((code) => (code[3] = -1)), /operand out of range/],
    [
      'half an instruction',
      { ...circuit, program: { ...program, code: program.code.slice(0, -1) } },
      /operand out of range/,
    ],
    [
      'a wire that is not there',
      withA({ wires: r1cs.a.wires.map((wire, i) => (i === 0 ? r1cs.nWires : wire)) }),
      /matrix A/,
    ],
    ['a fractional coefficient', withA({ coefs: r1cs.a.coefs.map((coef) => coef / 2) }), /matrix A/],
    ['a coefficient that is not a number', withA({ coefs: r1cs.a.coefs.map(() => NaN) }), /matrix A/],
    ['a full-width coefficient that is not there', withA({ coefs: r1cs.a.coefs.map(() => 2 ** 53) }), /matrix A/],
    [
      'row starts that descend',
      withA({ rowStart: r1cs.a.rowStart.map((start, i) => (i === 1 ? 3 : start)) }),
      /matrix A/,
    ],
    ['too few rows', withA({ rowStart: r1cs.a.rowStart.slice(0, -1) }), /matrix A/],
    [
      'an input beyond the wires',
      { ...circuit, inputs: [{ name: 'x', first: 2, count: r1cs.nWires }] },
      /bound to wires/,
    ],
    ['an input on the constant', { ...circuit, inputs: [{ name: 'x', first: 0, count: 1 }] }, /bound to wires/],
    ['an output beyond H', { ...circuit, outputs: [{ name: 'y', first: 1, count: 3 }] }, /bound to wires/],
    ['a salt beyond the wires', { ...circuit, salts: [{ name: 'x', wire: r1cs.nWires }] }, /bound to wires/],
    [
      'a binding that is not one',
      { ...circuit, inputs: [{ name: 'x' }] as unknown as Circuit['inputs'] },
      /inputs are damaged/,
    ],
    ['more public wires than wires', { ...circuit, r1cs: { ...r1cs, nPubIn: r1cs.nWires } }, /more public signals/],
    ['wire classes of another number', { ...circuit, r1cs: { ...r1cs, wireClass: new Uint8Array(3) } }, /wire classes/],
    ['a full-width coefficient above r', { ...circuit, r1cs: { ...r1cs, bigCoefs: [2n ** 255n] } }, /not below r/],
  ])('refuses %s', async (_, subject, message) => {
    const error = await read(await encoded(subject)).then(
      () => undefined,
      (thrown: unknown) => thrown as ZkonnxError,
    );
    expect(error).toMatchObject({ code: 'ARTIFACT_INVALID' });
    expect(error?.message).toMatch(message);
  });

  it('refuses a header that is not what it should be', async () => {
    for (const json of ['', '[]', 'null', '{', '{"nWires":-1}', '{"nWires":4294967296}']) {
      await expect(read(withHeader(bytes, json)), json).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    }
  });
});

/** The file with another section 1 and the checksum that belongs to it. */
function withHeader(file: Uint8Array, json: string): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset);
  const size = Number(view.getBigUint64(16, true));
  const header = new Uint8Array(12);
  header[0] = 1;
  new DataView(header.buffer).setBigUint64(4, BigInt(json.length), true);
  const parts = [file.subarray(0, 12), header, new TextEncoder().encode(json), file.subarray(24 + size)];
  const result = new Uint8Array(Buffer.concat(parts));
  const hash = createHash('sha256').update(json);
  const rest = new DataView(result.buffer);
  for (let at = 24 + json.length; at < result.length - 44;) {
    const length = Number(rest.getBigUint64(at + 4, true));
    hash.update(result.subarray(at + 12, at + 12 + length));
    at += 12 + length;
  }
  result.set(hash.digest(), result.length - 32);
  return result;
}
