/** circuit.bin of two rounds: round trip, damage, and contents that would lead the prover out of bounds although the checksum is right. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { protocolCircuit } from '../../circuits/attack/protocol.js';
import type { LookupTable, Rounds } from '../../src/constraint/rounds.js';
import { ZkonnxError } from '../../src/base/errors.js';
import { hashRelation } from '../../src/formats/circuit-digest.js';
import { namesOf } from '../../src/formats/circuit-file.js';
import { circuitChunks, readCircuit } from '../../src/formats/circuit.js';
import { bytesSource } from '../../src/formats/iden3-container.js';
import { r1csChunks } from '../../src/formats/r1cs.js';
import { Opcode, Side, type TwoRoundCircuit } from '../../src/constraint/program.js';
import { solve } from '../../src/constraint/solver.js';
import { squareCircuit } from './circuit-fixture.js';
import { randomNumbers } from './random-r1cs.js';

const circuit = protocolCircuit();
const { rounds, r1cs, program } = circuit;
const encoded = (subject: TwoRoundCircuit): Uint8Array => new Uint8Array(Buffer.concat([...circuitChunks(subject)]));
const read = (file: Uint8Array) => readCircuit(bytesSource(file, 'hostile'));
const bytes = encoded(circuit);

const withRounds = (change: Partial<Rounds>): TwoRoundCircuit => ({ ...circuit, rounds: { ...rounds, ...change } });
const withTable = (id: number, change: Partial<LookupTable>): TwoRoundCircuit =>
  withRounds({ tables: rounds.tables.map((table, i) => (i === id ? { ...table, ...change } : table)) });
const withCode = (code: readonly number[]): TwoRoundCircuit => ({
  ...circuit,
  program: { ...program, code: Int32Array.from([...program.code, ...code]) },
});
/** The program with more in front, where nothing has set the register yet. */
const withCodeFirst = (code: readonly number[]): TwoRoundCircuit => ({
  ...circuit,
  program: { ...program, code: Int32Array.from([...code, ...program.code]) },
});
const withCode2 = (change: (code: Int32Array) => void): TwoRoundCircuit => {
  const code = rounds.code.slice();
  change(code);
  return withRounds({ code });
};
const square = rounds.tables.findIndex(({ values }) => values !== undefined);
const range = rounds.tables.findIndex(({ values }) => values === undefined);
const { values } = rounds.tables[square]!;
const hintRows = program.hints.rowStart.length - 1;

describe('circuit.bin of two rounds', () => {
  it('reads back what it wrote, and solves the same', async () => {
    const back = await read(bytes);
    expect(back).toEqual(circuit);
    const inputs = new Map([['x', Float64Array.of(1, 15, 0, 7)]]);
    expect(solve(back, inputs)).toEqual(solve(circuit, inputs));
    expect([values!.length, range >= 0, rounds.code.length > 0]).toEqual([16, true, true]);
  });

  it('reads back a circuit without tables, and one that is of one round', async () => {
    const bare = withRounds({
      tables: [],
      lookupRow: new Uint32Array(0),
      lookupTable: new Uint16Array(0),
      thetaSource: new Uint32Array(0),
      thetaRow: new Uint32Array(0),
      firstTheta: rounds.firstRound2,
      firstField: rounds.firstRound2,
      code: new Int32Array(0),
    });
    const emptied = { ...bare, program: { ...program, code: new Int32Array(0) } };
    expect(await read(encoded(emptied))).toEqual(emptied);
    expect((await read(new Uint8Array(Buffer.concat([...circuitChunks(squareCircuit(2))])))).rounds).toBeUndefined();
  });

  it('names the relation by its rows, the split of its rounds and the number of public values', () => {
    const hash = createHash('sha256');
    for (const chunk of r1csChunks(r1cs)) hash.update(chunk);
    const tail = new Uint8Array(8);
    new DataView(tail.buffer).setUint32(0, rounds.firstRound2, true);
    new DataView(tail.buffer).setUint32(4, rounds.publicValues, true);
    hash.update('zkonnx mirage v1\n').update(tail);
    const name = hashRelation(r1cs, rounds);
    expect(name).toBe(`sha256:${hash.digest('hex')}`);
    expect(namesOf(circuit).relation).toBe(name);
    expect(hashRelation(r1cs)).not.toBe(name);
    expect(hashRelation(r1cs, { ...rounds, firstRound2: rounds.firstRound2 + 1 })).not.toBe(name);
    expect(hashRelation(r1cs, { ...rounds, publicValues: rounds.publicValues + 1 })).not.toBe(name);
  });

  it('refuses every truncation and every flipped bit', async () => {
    for (let length = 0; length < bytes.length; length += 41) {
      await expect(read(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    }
    const random = randomNumbers(6);
    for (let i = 0; i < 500; i++) {
      const damaged = bytes.slice();
      damaged[random(bytes.length)]! ^= 1 << random(8);
      await expect(read(damaged)).rejects.toBeInstanceOf(ZkonnxError);
    }
  });
});

describe('a circuit.bin of two rounds with a right checksum and wrong contents', () => {
  it.each<[string, TwoRoundCircuit, RegExp]>([
    // Lookups and products.
    [
      'a lookup in a row that is not there',
      withRounds({ lookupRow: rounds.lookupRow.with(0, r1cs.nConstraints) }),
      /rounds are damaged/,
    ],
    [
      'a lookup in a table that is not there',
      withRounds({ lookupTable: rounds.lookupTable.with(0, rounds.tables.length) }),
      /rounds are damaged/,
    ],
    [
      'fewer tables of lookups than lookups',
      withRounds({ lookupTable: rounds.lookupTable.slice(1) }),
      /rounds are damaged/,
    ],
    [
      'one lookup less',
      withRounds({ lookupRow: rounds.lookupRow.slice(1), lookupTable: rounds.lookupTable.slice(1) }),
      /operand out of range/,
    ],
    [
      'a product of a wire of round 2',
      withRounds({ thetaSource: rounds.thetaSource.with(0, rounds.firstRound2) }),
      /rounds are damaged/,
    ],
    [
      'a product in a row that is not there',
      withRounds({ thetaRow: rounds.thetaRow.with(1, r1cs.nConstraints) }),
      /rounds are damaged/,
    ],
    ['fewer rows of products than products', withRounds({ thetaRow: rounds.thetaRow.slice(1) }), /rounds are damaged/],
    [
      'a row of round 2 that is not there',
      withRounds({ fieldRows: rounds.fieldRows.with(0, r1cs.nConstraints) }),
      /rounds are damaged/,
    ],
    // The split.
    ['a round 2 that starts at the challenges', withRounds({ firstRound2: 3 }), /damaged/],
    [
      'a round 2 that starts elsewhere',
      withRounds({ firstRound2: rounds.firstRound2 - 1 }),
      /rounds are damaged|operand/,
    ],
    ['products elsewhere', withRounds({ firstTheta: rounds.firstTheta + 1 }), /rounds are damaged/],
    ['other elements elsewhere', withRounds({ firstField: rounds.firstField + 1 }), /rounds are damaged/],
    [
      'other elements beyond the wires',
      {
        ...withRounds({}),
        r1cs: { ...r1cs, nWires: rounds.firstField - 1, wireClass: r1cs.wireClass.slice(0, rounds.firstField - 1) },
      },
      /matrix A|matrix B|matrix C|rounds are damaged/,
    ],
    ['another number of public wires', { ...circuit, r1cs: { ...r1cs, nPubIn: 2 } }, /rounds are damaged/],
    ['public outputs', { ...circuit, r1cs: { ...r1cs, nPubOut: 1, nPubIn: 3 } }, /rounds are damaged/],
    [
      'a public value beyond H',
      withRounds({ publicValues: hintRows - rounds.firstPublicRow + 1 }),
      /rounds are damaged/,
    ],
    ['public values that start beyond H', withRounds({ firstPublicRow: hintRows }), /rounds are damaged/],
    // Tables.
    ['a table of no rows', withTable(range, { rows: 0 }), /rounds are damaged/],
    ['a table of more rows', withTable(range, { rows: rounds.tables[range]!.rows + 1 }), /rounds are damaged/],
    ['a table whose rows are not there', withTable(range, { firstRow: r1cs.nConstraints }), /rounds are damaged/],
    ['multiplicities among the challenges', withTable(range, { firstMultiplicity: 3 }), /rounds are damaged/],
    [
      'multiplicities in round 2',
      withTable(range, { firstMultiplicity: rounds.firstRound2 - rounds.tables[range]!.rows + 1 }),
      /rounds are damaged/,
    ],
    ['quotients in round 1', withTable(range, { firstQuotient: rounds.firstRound2 - 1 }), /rounds are damaged/],
    [
      'quotients among the products',
      withTable(range, { firstQuotient: rounds.firstTheta - rounds.tables[range]!.rows + 1 }),
      /rounds are damaged/,
    ],
    [
      'a second column that is too short',
      withTable(square, { values: values!.slice(1) }),
      /other columns|rounds are damaged/,
    ],
    [
      'a second column that is too long',
      withTable(square, { values: Float64Array.of(...values!, 1) }),
      /other columns/,
    ],
    [
      'a second column of fractions',
      withTable(square, { values: values!.map((value) => value / 2) }),
      /rounds are damaged/,
    ],
    [
      'a second column that is not a number',
      withTable(square, { values: values!.map(() => NaN) }),
      /rounds are damaged/,
    ],
    ['a second column beyond 2^53', withTable(square, { values: values!.map(() => 2 ** 53) }), /rounds are damaged/],
    ['a table that has no number of rows', withTable(range, { rows: -1 }), /rounds are damaged/],
    ['a table without a name', withTable(range, { name: 7 as unknown as string }), /rounds are damaged/],
    [
      'tables that are no list',
      withRounds({ tables: { flatMap: () => [], map: () => 'none' } as unknown as LookupTable[] }),
      /rounds are damaged/,
    ],
    [
      'public values that are no number',
      withRounds({ publicValues: 'all' as unknown as number }),
      /rounds are damaged/,
    ],
    // Round 1's program.
    [
      'a lookup that is not there',
      withCode([Opcode.Lookup, rounds.lookupRow.length, 0, 4, 0, Side.Register, 0]),
      /operand out of range/,
    ],
    [
      'a value of a lookup that is not there',
      withCode([Opcode.Evaluate, 4, rounds.lookupRow.length, 0, Side.H, 0]),
      /operand out of range/,
    ],
    [
      'round 1 that sets a wire of round 2',
      withCode([Opcode.Linear, rounds.firstRound2, Side.H, 0]),
      /operand out of range/,
    ],
    [
      'a part beyond round 1',
      withCode([Opcode.Quotient, 4, 0, rounds.firstRound2, 2, 3, 0, Side.H, 0]),
      /operand out of range/,
    ],
    ['a top that is negative', withCode([Opcode.Quotient, 4, 0, 0, 2, -1, 0, Side.H, 0]), /operand out of range/],
    ['a shift of 65 bits', withCode([Opcode.Parts, 4, 65, 0, Side.H, 0]), /operand out of range/],
    ['a layer that is not there', withCode([Opcode.Load, 4, program.layers.length, Side.H, 0]), /operand out of range/],
    ['a second register', withCode([Opcode.Reflect, Side.Register, 1]), /operand out of range/],
    ['a register with rows', withCode([Opcode.Limb, 4, 0, 1, Side.Register, 1]), /operand out of range/],
    ['a range check of the register', withCode([Opcode.Load, 4, 0, Side.Register, 0]), /operand out of range/],
    ['a field element from the register', withCode([Opcode.FieldLinear, 4, Side.Register, 0]), /operand out of range/],
    [
      'a limb of a register that nothing has set',
      withCodeFirst([Opcode.Limb, 4, 0, 1, Side.Register, 0]),
      /word 0, and nothing has set it/,
    ],
    [
      'a lookup of a register that nothing has set',
      withCodeFirst([Opcode.Lookup, 0, 0, 4, 0, Side.Register, 0]),
      /word 0, and nothing has set it/,
    ],
    [
      'a reflection of a register that nothing has set',
      withCodeFirst([Opcode.Reflect, Side.H, 0]),
      /word 0, and nothing has set it/,
    ],
    ['a sixth matrix', withCode([Opcode.Reflect, 5, 0]), /operand out of range/],
    ['half an instruction', withCode([Opcode.Load, 4, 0, Side.H]), /operand out of range/],
    // Round 2's program.
    ['round 2 that runs anything else', withCode2((code) => (code[0] = Opcode.Product)), /operand out of range/],
    ['round 2 that runs what is no instruction', withCode2((code) => (code[0] = 77)), /unknown instruction/],
    [
      'round 2 that sets a product with Θ',
      withCode2((code) => (code[1] = rounds.firstField - 1)),
      /operand out of range/,
    ],
    [
      'round 2 that sets a wire that is not there',
      withCode2((code) => (code[1] = r1cs.nWires)),
      /operand out of range/,
    ],
    ['round 2 that reads H', withCode2((code) => (code[2] = Side.H)), /operand out of range/],
    ['round 2 that reads the register', withCode2((code) => (code[4] = Side.Register)), /operand out of range/],
    [
      'round 2 that reads a row that is not there',
      withCode2((code) => (code[3] = r1cs.nConstraints)),
      /operand out of range/,
    ],
    ['round 2 that reads a negative row', withCode2((code) => (code[5] = -1)), /operand out of range/],
    ['round 2 that is cut off', withRounds({ code: rounds.code.slice(0, -1) }), /operand out of range/],
  ])('refuses %s', async (_, subject, message) => {
    const error = await read(encoded(subject)).then(
      () => undefined,
      (thrown: unknown) => thrown as ZkonnxError,
    );
    expect(error).toMatchObject({ code: 'ARTIFACT_INVALID' });
    expect(error?.message).toMatch(message);
  });

  it('refuses sections of half elements, missing sections and sections that no header announces', async () => {
    const parts = sections(bytes);
    for (const [id, size] of [
      [18, 4],
      [19, 2],
      [20, 4],
      [21, 4],
      [22, 4],
      [23, 4],
      [24, 8],
    ] as const) {
      const halved = parts.map((part) => (part.id === id ? { id, payload: part.payload.subarray(0, size - 1) } : part));
      await expect(read(joined(halved)), `half of ${id}`).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
      const missing = parts.filter((part) => part.id !== id);
      await expect(read(joined(missing)), `without ${id}`).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
      // A program and rows of round 2 may be none: then proofs fail, and nothing is out of bounds.
      if (id === 22 || id === 23) continue;
      const emptied = parts.map((part) => (part.id === id ? { id, payload: new Uint8Array(0) } : part));
      await expect(read(joined(emptied)), `empty ${id}`).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    }
    expect(await read(joined(parts))).toEqual(circuit);
    const header = (change: (json: Record<string, unknown>) => void): Uint8Array => {
      const json = JSON.parse(new TextDecoder().decode(parts[0]!.payload)) as Record<string, unknown>;
      change(json);
      const payload = new TextEncoder().encode(JSON.stringify(json));
      return joined(parts.map((part) => (part.id === 1 ? { id: 1, payload } : part)));
    };
    for (const damaged of [null, [], 'two', { ...rounds, tables: 3 }, { tables: [] }]) {
      const file = header((json) => (json['rounds'] = damaged));
      await expect(read(file), JSON.stringify(damaged)).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    }
    const silent = header((json) => delete json['rounds']);
    await expect(read(silent)).rejects.toThrow(/rounds are damaged/);
  });
});

interface Section {
  readonly id: number;
  readonly payload: Uint8Array;
}

/** Sections but the digest, in the file's order; the digest is made anew by `joined`. */
function sections(file: Uint8Array): Section[] {
  const view = new DataView(file.buffer, file.byteOffset);
  const found: Section[] = [];
  for (let at = 12; at < file.length;) {
    const size = Number(view.getBigUint64(at + 4, true));
    found.push({ id: view.getUint32(at, true), payload: file.subarray(at + 12, at + 12 + size) });
    at += 12 + size;
  }
  return found.filter(({ id }) => id !== 17);
}

function joined(parts: readonly Section[]): Uint8Array {
  const hash = createHash('sha256');
  // The origins of rows have a checksum of their own.
  for (const { id, payload } of parts) if (id !== 25) hash.update(payload);
  const all = [...parts, { id: 17, payload: new Uint8Array(hash.digest()) }];
  const header = bytes.slice(0, 12);
  new DataView(header.buffer).setUint32(8, all.length, true);
  const pieces = all.flatMap(({ id, payload }) => {
    const head = new Uint8Array(12);
    new DataView(head.buffer).setUint32(0, id, true);
    new DataView(head.buffer).setBigUint64(4, BigInt(payload.length), true);
    return [head, payload];
  });
  return new Uint8Array(Buffer.concat([header, ...pieces]));
}
