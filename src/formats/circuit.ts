/**
 * circuit.bin, formatVersion 1: everything `setup` and `prove` need of a compiled model. Container of iden3-container.ts with
 * magic "zknx"; the container's version is the formatVersion. Arrays are little-endian and packed, their lengths given by the sections' sizes.
 *
 *   section  1  JSON (UTF-8): {nWires, nPubOut, nPubIn, nConstraints, inputs, outputs, salts, layers, programLayers, schemaDigest}
 *   sections 2–4, 5–7, 8–10, 11–13: the matrices A, B, C and H (hints), each as rowStart u32[] ‖ wires u32[] ‖ coefs f64[]
 *               (coefficient code: src/constraint/r1cs.ts; H has as many rows as its rowStart says, the others nConstraints)
 *   section 14  full-width coefficients, 32 bytes each, canonical
 *   section 15  wire classes u8[], one a wire
 *   section 16  witness program i32[] (src/constraint/instructions.ts)
 *   section 17  SHA-256 of the payloads of all others but 25, in the order of their numbers: detects damage, proves nothing
 *
 * A circuit of two rounds (src/constraint/rounds.ts) also has in the JSON rounds: {publicValues, firstPublicRow, firstRound2, firstTheta,
 * firstField, tables: [{name, rows, firstMultiplicity, firstQuotient, firstRow, hasValues}]} and
 *   section 18  constraint of each lookup u32[]              section 19  table of each lookup u16[]
 *   section 20  source wire of each product with Θ u32[]     section 21  constraint of each u32[]
 *   section 22  round-2 program i32[]                        section 23  the other constraints of round 2 u32[]
 *   section 24  second columns of the tables that have one, in order, f64[]
 *
 * Optional, and unknown to earlier readers:
 *   section 25  where rows come from: circuit-origins.ts
 *
 * A reader refuses what would send the witness solver out of bounds, whoever wrote it: the file may come from a stranger.
 */
import { BIG_COEF_BASE, WireClass, type R1cs, type SparseMatrix } from '../constraint/r1cs.js';
import { ZkonnxError } from '../base/errors.js';
import { JsonFault, parseJson } from '../base/strict-json.js';
import { R } from '../field/bn254.js';
import { isTwoRound, lookupCount, roundOneWires } from '../constraint/kind.js';
import type { Circuit } from '../constraint/program.js';
import { eachInstruction, elements, hasShape, isCount, isText, type WrittenKind } from './circuit-checks.js';
import {
  checkRoundTwo,
  FIRST_ROUNDS_SECTION,
  isRoundsHeader,
  N_ROUNDS_SECTIONS,
  readRounds,
  roundsHeader,
  roundsPayloads,
  type RoundsHeader,
} from './circuit-rounds.js';
import { ORIGINS_SECTION, originsPayload, readOrigins } from './circuit-origins.js';
import { portableSha256 } from './circuit-digest.js';
import { bigCoefWords, FIELD_WORDS, valueOfWords } from './coefficients.js';
import {
  bytesOf,
  containerHeader,
  readContainer,
  sectionHeader,
  type ByteSource,
  type Container,
} from './iden3-container.js';
import type { NewSha256 } from './sha256.js';

export const CIRCUIT_FORMAT_VERSION = 1;

const KIND = {
  magic: 'zknx',
  version: CIRCUIT_FORMAT_VERSION,
  title: 'a circuit.bin of zkonnx',
  code: 'ARTIFACT_INVALID',
} as const;
const Id = {
  json: 1,
  a: 2,
  b: 5,
  c: 8,
  h: 11,
  bigCoefs: 14,
  wireClass: 15,
  program: 16,
  digest: 17,
  rounds: 18,
} as const;
const N_SECTIONS = 16;
/** Bindings and layer names of the largest models take kilobytes. */
const MAX_JSON_BYTES = 1 << 26;

/** The file's bytes, in order. */
export function* circuitChunks(circuit: Circuit, newSha256: NewSha256 = portableSha256): Generator<Uint8Array> {
  const sections = payloads(circuit);
  const { origins } = circuit;
  const hash = newSha256();
  yield containerHeader(KIND, sections.length + (origins === undefined ? 1 : 2));
  for (const [i, payload] of sections.entries()) {
    hash.update(payload);
    yield sectionHeader(i < N_SECTIONS ? i + 1 : FIRST_ROUNDS_SECTION + i - N_SECTIONS, payload.length);
    yield payload;
  }
  const digest = hash.digest();
  yield sectionHeader(Id.digest, digest.length);
  yield digest;
  if (origins === undefined) return;
  const payload = originsPayload(origins, newSha256);
  yield sectionHeader(ORIGINS_SECTION, payload.length);
  yield payload;
}

/** Payloads of sections 1–16, and 18–24 of a circuit of two rounds. */
function payloads(circuit: Circuit): Uint8Array[] {
  const { r1cs, program, inputs, outputs, salts, layers, schemaDigest } = circuit;
  const { nWires, nPubOut, nPubIn, nConstraints } = r1cs;
  const header = {
    nWires,
    nPubOut,
    nPubIn,
    nConstraints,
    inputs,
    outputs,
    salts,
    layers,
    programLayers: program.layers,
    ...(schemaDigest === undefined ? {} : { schemaDigest }),
    ...(isTwoRound(circuit) ? { rounds: roundsHeader(circuit.rounds) } : {}),
  };
  const matrix = ({ rowStart, wires, coefs }: SparseMatrix) => [bytesOf(rowStart), bytesOf(wires), bytesOf(coefs)];
  return [
    new TextEncoder().encode(JSON.stringify(header)),
    ...[r1cs.a, r1cs.b, r1cs.c, program.hints].flatMap(matrix),
    bytesOf(bigCoefWords(r1cs.bigCoefs)),
    r1cs.wireClass,
    bytesOf(program.code),
    ...(isTwoRound(circuit) ? roundsPayloads(circuit.rounds) : []),
  ];
}

/** Reads and checks a circuit. Throws what the source throws, FORMAT_VERSION, ARTIFACT_INVALID. */
export async function readCircuit(source: ByteSource, newSha256: NewSha256 = portableSha256): Promise<Circuit> {
  const container = await readContainer(source, KIND);
  const parts = await readPayloads(container, newSha256);
  const part = (id: number) => parts.get(id)!;
  const header = parseHeader(container, part(Id.json));
  const { nWires, nPubOut, nPubIn, nConstraints } = header;
  const bigCoefs = readBigCoefs(container, part(Id.bigCoefs));
  const matrix = (id: number, name: string, nRows?: number): SparseMatrix => {
    const result = {
      rowStart: new Uint32Array(elements(container, part(id), 4)),
      wires: new Uint32Array(elements(container, part(id + 1), 4)),
      coefs: new Float64Array(elements(container, part(id + 2), 8)),
    };
    checkMatrix(container, name, result, nRows ?? result.rowStart.length - 1, nWires, bigCoefs.length);
    return result;
  };
  const wireClass = part(Id.wireClass);
  if (wireClass.length !== nWires || wireClass.some((value) => value > WireClass.Field)) {
    throw container.corrupt('the wire classes are damaged');
  }
  const r1cs: R1cs = {
    nWires,
    nPubOut,
    nPubIn,
    nConstraints,
    a: matrix(Id.a, 'A', nConstraints),
    b: matrix(Id.b, 'B', nConstraints),
    c: matrix(Id.c, 'C', nConstraints),
    bigCoefs,
    wireClass,
  };
  const program = {
    code: new Int32Array(elements(container, part(Id.program), 4)),
    hints: matrix(Id.h, 'H'),
    layers: header.programLayers,
  };
  const { layers } = header;
  const origins = container.has(ORIGINS_SECTION)
    ? readOrigins(
        container,
        await container.read(container.section(ORIGINS_SECTION, 'origins')),
        { layers, r1cs },
        newSha256,
      )
    : undefined;
  const circuit = {
    r1cs,
    program,
    inputs: header.inputs,
    outputs: header.outputs,
    salts: header.salts,
    layers,
    ...(header.schemaDigest === undefined ? {} : { schemaDigest: header.schemaDigest }),
    ...(origins === undefined ? {} : { origins }),
    ...(isTwoRound(header) ? { rounds: readRounds(container, header.rounds, part) } : {}),
  };
  checkBindings(container, circuit);
  checkProgram(container, circuit);
  if (isTwoRound(circuit)) checkRoundTwo(container, circuit, circuit.rounds);
  return circuit;
}

async function readPayloads(container: Container, newSha256: NewSha256): Promise<ReadonlyMap<number, Uint8Array>> {
  const jsonSize = container.section(Id.json, 'header').size;
  if (jsonSize > MAX_JSON_BYTES)
    throw container.corrupt('the header is too large', `at most ${MAX_JSON_BYTES} bytes`, String(jsonSize));
  const hash = newSha256();
  const ids = Array.from({ length: N_SECTIONS }, (_, i) => i + 1);
  if (container.has(FIRST_ROUNDS_SECTION))
    ids.push(...Array.from({ length: N_ROUNDS_SECTIONS }, (_, i) => FIRST_ROUNDS_SECTION + i));
  const parts = new Map<number, Uint8Array>();
  for (const id of ids) {
    const bytes = await container.read(container.section(id, 'contents'));
    hash.update(bytes);
    parts.set(id, bytes);
  }
  const digest = await container.read(container.section(Id.digest, 'digest', 32));
  if (!hash.digest().every((byte, i) => byte === digest[i]))
    throw container.corrupt('the file is damaged: its checksum differs');
  return parts;
}

type Header = Pick<R1cs, 'nWires' | 'nPubOut' | 'nPubIn' | 'nConstraints'> &
  Pick<Circuit, 'inputs' | 'outputs' | 'salts' | 'layers'> & {
    readonly programLayers: readonly string[];
    readonly schemaDigest?: string;
    readonly rounds?: RoundsHeader;
  };

/** What every element of the header's lists must be. */
const HEADER_LISTS = {
  inputs: { name: isText, first: isCount, count: isCount },
  outputs: { name: isText, first: isCount, count: isCount },
  salts: { name: isText, wire: isCount },
  layers: { name: isText, op: isText, constraints: isCount },
} as const;

function parseHeader(container: Container, bytes: Uint8Array): Header {
  let header: unknown;
  try {
    header = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (fault) {
    if (fault instanceof JsonFault && fault.kind !== 'syntax') throw container.corrupt(fault.message);
    throw container.corrupt('the header is not JSON');
  }
  if (typeof header !== 'object' || header === null) throw container.corrupt('the header is not an object');
  const fields = header as Record<string, unknown>;
  for (const name of ['nWires', 'nPubOut', 'nPubIn', 'nConstraints']) {
    if (!isCount(fields[name])) throw container.corrupt(`the header's ${name} is not a count`);
  }
  for (const [name, shape] of Object.entries(HEADER_LISTS)) {
    const list = fields[name];
    if (!Array.isArray(list) || !list.every((item: unknown) => hasShape(item, shape))) {
      throw container.corrupt(`the header's ${name} are damaged`);
    }
  }
  const programLayers = fields['programLayers'];
  if (!Array.isArray(programLayers) || !programLayers.every(isText))
    throw container.corrupt("the header's programLayers are damaged");
  const { schemaDigest } = fields;
  if (schemaDigest !== undefined && (typeof schemaDigest !== 'string' || !/^0x[0-9a-f]{64}$/.test(schemaDigest)))
    throw container.corrupt("the header's schemaDigest is damaged");
  const result = header as Header;
  if (
    isTwoRound(fields) !== container.has(FIRST_ROUNDS_SECTION) ||
    (isTwoRound(fields) && !isRoundsHeader(fields.rounds))
  )
    throw container.corrupt("the header's rounds are damaged");
  if (result.nPubOut + result.nPubIn >= result.nWires) throw container.corrupt('more public signals than wires');
  return result;
}

function readBigCoefs(container: Container, bytes: Uint8Array): bigint[] {
  const words = new Uint32Array(elements(container, bytes, 4 * FIELD_WORDS));
  return Array.from({ length: words.length / FIELD_WORDS }, (_, i) => {
    const value = valueOfWords(words, i * FIELD_WORDS);
    if (value >= R) throw container.corrupt(`full-width coefficient ${i} is not below r`);
    return value;
  });
}

function checkMatrix(
  container: Container,
  name: string,
  matrix: SparseMatrix,
  nRows: number,
  nWires: number,
  nBig: number,
): void {
  const { rowStart, wires, coefs } = matrix;
  const sound =
    rowStart.length === nRows + 1 &&
    rowStart[0] === 0 &&
    rowStart[nRows] === wires.length &&
    wires.length === coefs.length &&
    rowStart.every((start, row) => row === 0 || start >= rowStart[row - 1]!) &&
    wires.every((wire) => wire < nWires) &&
    coefs.every((coef) => isCoefficient(coef, nBig));
  if (!sound) throw container.corrupt(`matrix ${name} is damaged`);
}

function isCoefficient(coef: number, nBig: number): boolean {
  if (coef >= BIG_COEF_BASE) return coef < BIG_COEF_BASE + 2 * nBig && coef % 2 === 0;
  return Number.isInteger(coef) && coef > -BIG_COEF_BASE;
}

function checkBindings(container: Container, { r1cs, program, inputs, outputs, salts }: Circuit): void {
  const hintRows = program.hints.rowStart.length - 1;
  const sound =
    inputs.every(({ first, count }) => first > 0 && first + count <= r1cs.nWires) &&
    outputs.every(({ first, count }) => first + count <= hintRows) &&
    salts.every(({ wire }) => wire > 0 && wire < r1cs.nWires);
  if (!sound) throw container.corrupt('an input, output or salt is bound to wires that are not there');
}

/** Every operand of every instruction must be in range. */
function checkProgram(container: Container, circuit: Circuit): void {
  const { r1cs, program } = circuit;
  const { code } = program;
  const rows = [r1cs.nConstraints, r1cs.nConstraints, r1cs.nConstraints, program.hints.rowStart.length - 1];
  // Before the challenges are drawn only round-1 wires are set.
  const nWires = roundOneWires(circuit);
  const lookups = lookupCount(circuit);
  const within = (value: number | undefined, low: number, end: number) =>
    value !== undefined && value >= low && value < end;
  const operand: { readonly [K in WrittenKind]: (at: number) => boolean } = {
    out: (at) => within(code[at], 1, nWires),
    part: (at) => within(code[at], 0, nWires),
    run: (at) => within(code[at], 1, nWires + 1) && within(code[at + 1], 0, nWires + 1 - code[at]!),
    shift: (at) => within(code[at], 0, 65),
    word: (at) => within(code[at], 0, 2 ** 31),
    layer: (at) => within(code[at], 0, program.layers.length),
    lookup: (at) => within(code[at], 0, lookups),
    row: (at) => within(code[at], 0, rows.length) && within(code[at + 1], 0, rows[code[at]!]!),
  };
  eachInstruction(container, code, (at, kind) => operand[kind](at));
}

/** Refuses a proving or verification key that was made for another circuit. */
export function requireSameCircuit(expected: string, got: string, where: string): void {
  if (expected === got) return;
  throw new ZkonnxError('KEY_MISMATCH', 'the key was made for another circuit', {
    expected,
    got,
    where,
    help: 'run setup for this artifact, or use the artifact the key was made for',
  });
}
