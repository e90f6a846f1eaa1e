/** The parts of circuit.bin that a circuit of two rounds has besides: layout at the head of circuit.ts. */
import { N_CHALLENGES, type LookupTable, type Rounds } from '../constraint/rounds.js';
import type { R1cs } from '../constraint/r1cs.js';
import { isFieldOpcode } from '../constraint/instructions.js';
import type { Circuit } from '../constraint/program.js';
import { eachInstruction, elements, hasShape, isCount, isText } from './circuit-checks.js';
import { bytesOf, type Container } from './iden3-container.js';

/** Numbers of the sections: the first, and how many. */
export const FIRST_ROUNDS_SECTION = 18;
export const N_ROUNDS_SECTIONS = 7;
/** A lookup names its table in 16 bits. */
const MAX_TABLES = 1 << 16;

/** In the JSON of section 1. */
export type RoundsHeader = Pick<
  Rounds,
  'publicValues' | 'firstPublicRow' | 'firstRound2' | 'firstTheta' | 'firstField'
> & {
  readonly tables: readonly (Omit<LookupTable, 'values'> & { readonly hasValues: boolean })[];
};

export function roundsHeader({
  publicValues,
  firstPublicRow,
  firstRound2,
  firstTheta,
  firstField,
  tables,
}: Rounds): RoundsHeader {
  return {
    publicValues,
    firstPublicRow,
    firstRound2,
    firstTheta,
    firstField,
    tables: tables.map(({ values, ...table }) => ({ ...table, hasValues: values !== undefined })),
  };
}

/** Payloads of the sections, in order. */
export function roundsPayloads(rounds: Rounds): Uint8Array[] {
  const values = rounds.tables.flatMap((table) => (table.values === undefined ? [] : [...table.values]));
  return [
    bytesOf(rounds.lookupRow),
    bytesOf(rounds.lookupTable),
    bytesOf(rounds.thetaSource),
    bytesOf(rounds.thetaRow),
    bytesOf(rounds.code),
    bytesOf(rounds.fieldRows),
    bytesOf(Float64Array.from(values)),
  ];
}

const isFlag = (value: unknown): boolean => typeof value === 'boolean';

/** Whether an untrusted value has the shape of a RoundsHeader. */
export function isRoundsHeader(rounds: unknown): boolean {
  const counts = { publicValues: isCount, firstPublicRow: isCount, firstRound2: isCount, firstTheta: isCount };
  const table = { name: isText, rows: isCount, firstMultiplicity: isCount, firstQuotient: isCount, firstRow: isCount };
  if (!hasShape(rounds, { ...counts, firstField: isCount, tables: Array.isArray })) return false;
  const { tables } = rounds as { tables: unknown[] };
  return tables.length <= MAX_TABLES && tables.every((item) => hasShape(item, { ...table, hasValues: isFlag }));
}

/** Every index of the rounds must be in range; that they are the circuit's is for whoever compiled it, and proofs fail where they are not. */
export function readRounds(container: Container, fields: RoundsHeader, part: (id: number) => Uint8Array): Rounds {
  const words = (id: number): Uint32Array => new Uint32Array(elements(container, part(FIRST_ROUNDS_SECTION + id), 4));
  const columns = new Float64Array(elements(container, part(FIRST_ROUNDS_SECTION + 6), 8));
  let used = 0;
  const tables = fields.tables.map(({ hasValues, ...table }): LookupTable => {
    if (!hasValues) return table;
    const values = columns.slice(used, (used += table.rows));
    return { ...table, values };
  });
  if (used !== columns.length) throw container.corrupt('the tables have other columns than the header says');
  return {
    publicValues: fields.publicValues,
    firstPublicRow: fields.firstPublicRow,
    firstRound2: fields.firstRound2,
    firstInverse: fields.firstRound2,
    firstTheta: fields.firstTheta,
    firstField: fields.firstField,
    tables,
    lookupRow: words(0),
    lookupTable: new Uint16Array(elements(container, part(FIRST_ROUNDS_SECTION + 1), 2)),
    thetaSource: words(2),
    thetaRow: words(3),
    code: new Int32Array(elements(container, part(FIRST_ROUNDS_SECTION + 4), 4)),
    fieldRows: words(5),
  };
}

/** Throws ARTIFACT_INVALID for an index out of range. */
export function checkRoundTwo(container: Container, { r1cs, program }: Circuit, rounds: Rounds): void {
  const { nWires, nConstraints } = r1cs;
  const { tables, lookupRow, lookupTable, thetaSource, thetaRow, fieldRows, firstRound2, firstTheta, firstField } =
    rounds;
  const tableRows = tables.reduce((sum, { rows }) => sum + rows, 0);
  const isRow = (row: number): boolean => row < nConstraints;
  const sound =
    r1cs.nPubOut === 0 &&
    r1cs.nPubIn === N_CHALLENGES &&
    firstRound2 > N_CHALLENGES &&
    firstTheta === firstRound2 + lookupRow.length + tableRows &&
    firstField === firstTheta + thetaSource.length &&
    firstField <= nWires &&
    rounds.firstPublicRow + rounds.publicValues <= program.hints.rowStart.length - 1 &&
    lookupTable.length === lookupRow.length &&
    thetaRow.length === thetaSource.length &&
    [lookupRow, thetaRow, fieldRows].every((rows) => rows.every(isRow)) &&
    lookupTable.every((id) => id < tables.length) &&
    thetaSource.every((wire) => wire < firstRound2) &&
    tables.every((table) => isTableInPlace(table, r1cs, firstRound2, firstTheta));
  if (!sound) throw container.corrupt('the rounds are damaged');
  eachInstruction(container, rounds.code, (at, kind, { name }) => {
    const { code } = rounds;
    if (!isFieldOpcode(name)) return false;
    if (kind === 'out') return code[at]! >= firstField && code[at]! < nWires;
    return code[at]! >= 0 && code[at]! < 3 && code[at + 1]! >= 0 && code[at + 1]! < nConstraints;
  });
}

function isTableInPlace(table: LookupTable, r1cs: R1cs, firstRound2: number, firstTheta: number): boolean {
  const { rows, values, firstMultiplicity, firstQuotient, firstRow } = table;
  return (
    rows > 0 &&
    firstMultiplicity > N_CHALLENGES &&
    firstMultiplicity + rows <= firstRound2 &&
    firstQuotient >= firstRound2 &&
    firstQuotient + rows <= firstTheta &&
    firstRow + rows <= r1cs.nConstraints &&
    (values === undefined || (values.length === rows && values.every(Number.isSafeInteger)))
  );
}
