/**
 * Random satisfiable two-round systems (src/constraint/rounds.ts): lookups in tables of one and two columns, products with Θ, field rows, wide
 * integers and field elements in round 1, wires that occur on one side only or nowhere.
 */
import { coefficient, type R1cs, type SparseMatrix } from '../../src/constraint/r1cs.js';
import { ChallengeWire, FIRST_ROUND1_WIRE, type LookupTable, type Rounds } from '../../src/constraint/rounds.js';
import { FIELD_BYTES, inverse, mod, R, toBytesLE } from '../../src/field/bn254.js';
import type { RoundOneWitness, RoundTwo } from '../../src/prove/mirage/rounds-witness.js';
import { classifyValues } from '../../src/prove/engine/classified-witness.js';
import { makeR1cs, type Row } from '../fixtures/proofs/mirage-systems.js';
import { randomNumbers } from './random-r1cs.js';

export interface RoundsOptions {
  readonly seed?: number;
  readonly tables: readonly { readonly rows: number; readonly columns: 1 | 2; readonly lookups: number }[];
  /** Products of round-1 wires. */
  readonly products?: number;
  /** Products with Θ that no lookup takes, the sources of some of them wide. */
  readonly thetas?: number;
  readonly publicValues?: number;
  /** Wires that no row has, at the end of either round. */
  readonly unused?: number;
}

export interface Challenges {
  readonly x: bigint;
  readonly theta: bigint;
  readonly d: bigint;
}

export interface RandomRounds {
  readonly r1cs: R1cs;
  readonly rounds: Rounds;
  readonly publicValues: readonly bigint[];
  /** Wires 4 … firstRound2 − 1. */
  readonly round1: readonly bigint[];
  readonly witness: RoundOneWitness;
  /** Wires firstRound2 … nWires − 1. Throws RangeError where X hits a pole. */
  solveRound2(challenges: Challenges): bigint[];
  second(challenges: Challenges): RoundTwo;
}

type Terms = readonly (readonly [wire: number, coefficient: bigint])[];

export function randomRounds(options: RoundsOptions): RandomRounds {
  const { seed = 1, tables: wanted, products = 8, thetas = 3, publicValues: n = 2, unused = 2 } = options;
  const random = randomNumbers(seed);
  const rows: Row[] = [];
  // ---- round 1
  const round1: bigint[] = [];
  const wire = (value: bigint): number => round1.push(mod(value)) - 1 + FIRST_ROUND1_WIRE;
  const valueOf = (index: number): bigint => (index === 0 ? 1n : round1[index - FIRST_ROUND1_WIRE]!);
  const dot = (terms: Terms): bigint => mod(terms.reduce((sum, [index, k]) => sum + k * valueOf(index), 0n));
  const wide = (): bigint => mod(BigInt(random(2 ** 32)) ** 9n);
  const publics = Array.from({ length: n }, () => wire(wide() >> 8n));
  const free = [
    ...Array.from({ length: 6 }, () => wire(BigInt(random(2 ** 12) - 2 ** 11))),
    wire(BigInt(2 ** 31)),
    wire(-BigInt(random(2 ** 32)) << 8n),
    wire(wide()),
  ];
  const combination = (): Terms =>
    [...new Set(Array.from({ length: 1 + random(3) }, () => [0, ...free][random(free.length + 1)]!))]
      .sort((left, right) => left - right)
      .map((index) => [index, random(4) === 0 ? wide() + 1n : BigInt(random(2 ** 20)) - 2n ** 19n || 1n] as const);
  for (let i = 0; i < products; i++) {
    const [a, b] = [combination(), combination()];
    rows.push({ a, b, c: [[wire(dot(a) * dot(b)), 1n]] });
  }
  const columns = wanted.map(({ rows: size, columns: count }) =>
    count === 1 ? undefined : Float64Array.from({ length: size }, () => randomEntry(random)),
  );
  const queries = wanted.flatMap(({ rows: size, lookups }, table) =>
    Array.from({ length: lookups }, () => {
      // Few distinct ones among many, the ends included.
      const row = [0, size - 1, random(size), random(Math.min(size, 3))][random(4)]!;
      const offset = random(3) === 0 ? random(100) - 50 : 0;
      const value = columns[table]?.[row];
      return {
        table,
        row,
        offset,
        z: wire(BigInt(row - offset)),
        y: value === undefined ? undefined : wire(BigInt(value)),
      };
    }),
  );
  const counts = wanted.map(({ rows: size }, table) => {
    const list = new Array<bigint>(size).fill(0n);
    for (const query of queries) if (query.table === table) list[query.row]!++;
    return list;
  });
  const firstMultiplicity = counts.map((list) => {
    const wires = list.map((count) => wire(count));
    return wires[0]!;
  });
  for (let i = 0; i < unused; i++) wire(BigInt(random(2)) === 0n ? 7n : wide());
  // ---- round 2
  const firstRound2 = FIRST_ROUND1_WIRE + round1.length;
  const firstInverse = firstRound2;
  const entries = wanted.reduce((sum, table) => sum + table.rows, 0);
  const firstQuotient = wanted.map(
    (_, i) => firstInverse + queries.length + wanted.slice(0, i).reduce((sum, table) => sum + table.rows, 0),
  );
  const firstTheta = firstInverse + queries.length + entries;
  const thetaSource = [
    ...queries.flatMap(({ y }) => (y === undefined ? [] : [y])),
    ...Array.from({ length: thetas }, (_, i) => free[(5 + i) % free.length]!),
  ];
  const firstField = firstTheta + thetaSource.length;
  // Horner's sums of the fold, then one product of challenges with a round-2 wire.
  const extra = firstField + n - 1;
  const nWires = extra + 1 + unused;
  const thetaRow: number[] = [];
  const lookupRow: number[] = [];
  const fieldRows: number[] = [];
  let product = 0;
  for (const [k, { z, y, offset }] of queries.entries()) {
    const column: Terms = y === undefined ? [] : [[firstTheta + product++, 1n]];
    const constant: Terms = offset === 0 ? [] : [[0, BigInt(offset)]];
    const b: Terms = [...constant, [ChallengeWire.x, 1n], [z, 1n], ...column];
    if (y !== undefined) {
      thetaRow.push(rows.length);
      rows.push({ a: [[y, 1n]], b: [[ChallengeWire.theta, 1n]], c: [column[0]!] });
    }
    lookupRow.push(rows.length);
    rows.push({ a: [[firstInverse + k, 1n]], b, c: [[0, 1n]] });
  }
  for (; product < thetaSource.length; product++) {
    thetaRow.push(rows.length);
    const source: Terms = [[thetaSource[product]!, 1n]];
    rows.push({ a: source, b: [[ChallengeWire.theta, 1n]], c: [[firstTheta + product, 1n]] });
  }
  const tables = wanted.map(({ rows: size }, i): LookupTable => {
    const values = columns[i];
    const table = {
      name: `table ${i}`,
      rows: size,
      ...(values === undefined ? {} : { values }),
      firstMultiplicity: firstMultiplicity[i]!,
      firstQuotient: firstQuotient[i]!,
      firstRow: rows.length,
    };
    for (let t = 0; t < size; t++) {
      const b: Terms = [
        ...(t === 0 ? [] : ([[0, BigInt(t)]] as const)),
        [ChallengeWire.x, 1n],
        ...(values === undefined || values[t] === 0 ? [] : ([[ChallengeWire.theta, BigInt(values[t]!)]] as const)),
      ];
      rows.push({ a: [[table.firstQuotient + t, 1n]], b, c: [[table.firstMultiplicity + t, 1n]] });
    }
    const sum: Terms = [
      ...queries.flatMap((query, k) => (query.table === i ? [[firstInverse + k, 1n] as const] : [])),
      ...Array.from({ length: size }, (_, t) => [table.firstQuotient + t, -1n] as const),
    ];
    rows.push({ a: [], b: [], c: sum });
    return table;
  });
  for (let step = 0; step < n; step++) {
    const inner: Terms = step === 0 ? [] : [[firstField + step - 1, 1n]];
    fieldRows.push(rows.length);
    const target = step === n - 1 ? ChallengeWire.d : firstField + step;
    rows.push({ a: [[publics[n - 1 - step]!, 1n], ...inner], b: [[ChallengeWire.theta, 1n]], c: [[target, 1n]] });
  }
  const last = thetaSource.length === 0 ? ChallengeWire.theta : firstField - 1;
  fieldRows.push(rows.length);
  rows.push({ a: [[ChallengeWire.x, 3n], [last, 1n]], b: [[ChallengeWire.d, 1n], [free[0]!, 2n]], c: [[extra, 1n]] }); // prettier-ignore

  const r1cs = makeR1cs(nWires, rows);
  const rounds: Rounds = {
    publicValues: n,
    firstPublicRow: 0,
    firstRound2,
    tables,
    firstInverse,
    lookupRow: Uint32Array.from(lookupRow),
    lookupTable: Uint16Array.from(queries, ({ table }) => table),
    firstTheta,
    thetaSource: Uint32Array.from(thetaSource),
    thetaRow: Uint32Array.from(thetaRow),
    firstField,
    code: new Int32Array(),
    fieldRows: Uint32Array.from(fieldRows),
  };
  const publicValues = publics.map(valueOf);
  const solveRound2 = ({ x, theta, d }: Challenges, lookupsToo = true): bigint[] => {
    const products = thetaSource.map((source) => mod(theta * valueOf(source)));
    const entry = (table: number, row: number) =>
      mod(x + BigInt(row) + (columns[table] === undefined ? 0n : BigInt(columns[table][row]!) * theta));
    const inverses = lookupsToo ? queries.map(({ table, row }) => inverse(entry(table, row))) : queries.map(() => 0n);
    const quotients = counts.flatMap((list, table) =>
      list.map((count, row) => (lookupsToo ? mod(count * inverse(entry(table, row))) : 0n)),
    );
    const sums: bigint[] = [];
    for (let step = 0; step < n - 1; step++)
      sums.push(mod((publicValues[n - 1 - step]! + (sums[step - 1] ?? 0n)) * theta));
    const lastValue = thetaSource.length === 0 ? theta : products.at(-1)!;
    const product = mod((3n * x + lastValue) * (d + 2n * valueOf(free[0]!)));
    const rest = Array.from({ length: unused }, (_, i) => BigInt(i) * x);
    return [...inverses, ...quotients, ...products, ...sums, product, ...rest.map((value) => mod(value))];
  };
  const side = (matrix: SparseMatrix, row: number, witness: readonly bigint[]): bigint => {
    let sum = 0n;
    for (let k = matrix.rowStart[row]!; k < matrix.rowStart[row + 1]!; k++)
      sum += coefficient(matrix.coefs[k]!, r1cs.bigCoefs) * witness[matrix.wires[k]!]!;
    return mod(sum);
  };
  const given = [1n, 0n, 0n, 0n, ...round1];
  const omitted = new Set([...lookupRow, ...fieldRows, ...tables.flatMap(({ firstRow, rows: size }) => Array.from({ length: size }, (_, t) => firstRow + t))]); // prettier-ignore
  const thetaRows = new Set(thetaRow);
  const values = (matrix: SparseMatrix, without: (row: number) => boolean) =>
    classified(rows.map((_, row) => (without(row) ? 0n : side(matrix, row, given))));
  return {
    r1cs,
    rounds,
    publicValues,
    round1,
    witness: {
      wires: classified(given),
      lookups: Int32Array.from(queries, ({ row }) => row),
      a: values(r1cs.a, (row) => omitted.has(row)),
      b: values(r1cs.b, (row) => omitted.has(row) || thetaRows.has(row)),
    },
    solveRound2: (challenges) => solveRound2(challenges),
    second: (challenges) => {
      const { x, theta, d } = challenges;
      const round2 = solveRound2(challenges, false);
      const witness = [1n, x, theta, d, ...round1, ...round2];
      return {
        ...challenges,
        fields: round2.slice(firstField - firstRound2),
        rowsA: fieldRows.map((row) => side(r1cs.a, row, witness)),
        rowsB: fieldRows.map((row) => side(r1cs.b, row, witness)),
      };
    },
  };
}

/** Small integers of either sign, 0, and integers of 53 bits. */
function randomEntry(random: (below: number) => number): number {
  switch (random(6)) {
    case 0:
      return 0;
    case 1:
      return (random(2) === 0 ? 1 : -1) * (2 ** 52 + random(2 ** 32) * 2 ** 20);
    default:
      return random(2 ** 17) - 2 ** 16;
  }
}

/** Σ P_j·Θ^j, j = 1 … n. */
export function foldOf(publicValues: readonly bigint[], theta: bigint): bigint {
  return publicValues.reduceRight((sum, value) => mod((sum + value) * theta), 0n);
}

function classified(values: readonly bigint[]) {
  const bytes = new Uint8Array(values.length * FIELD_BYTES);
  values.forEach((value, i) => {
    if (value >= R) throw new Error('unreachable: values are residues');
    toBytesLE(value, bytes, i * FIELD_BYTES);
  });
  return classifyValues(bytes);
}
