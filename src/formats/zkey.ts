/**
 * .zkey, version 1, protocol 1 (snarkjs Groth16): container of iden3-container.ts with magic "zkey", all little-endian. Points are
 * affine, coordinates 32 bytes in Montgomery form (x·2^256 mod q), F_q² as c0 ‖ c1, infinity all zeros: G1 64 bytes, G2 128 bytes.
 *
 *   section  1  protocol u32 = 1
 *   section  2  header (660 bytes): 32 u32 ‖ q ‖ 32 u32 ‖ r ‖ nVars u32 ‖ nPublic u32 ‖ domainSize u32
 *               ‖ [α]_1 ‖ [β]_1 ‖ [β]_2 ‖ [γ]_2 ‖ [δ]_1 ‖ [δ]_2
 *   section  3  IC: nPublic + 1 G1, [K_j/γ]_1 of the constant and the public wires
 *   section  4  count u32 ‖ count × { matrix u32 (0 = A, 1 = B) ‖ row u32 ‖ wire u32 ‖ coefficient·2^512 mod r (32 bytes) }; C is not stored.
 *               Rows m … m + nPublic bind the public wires: A has a 1 at (m + s, s)
 *   section  5  nVars G1, [A_j(τ)]_1          section 6  nVars G1, [B_j(τ)]_1          section 7  nVars G2, [B_j(τ)]_2
 *   section  8  nVars − nPublic − 1 G1, [K_j/δ]_1 of the private wires
 *   section  9  domainSize G1, the odd members of the Lagrange basis of the double domain at τ, over δ
 *   section 10  csHash (64 bytes) ‖ nContributions u32 ‖ contributions
 *   section 0x7a6b6e78  ours, ignored by snarkjs: JSON {"setup": "zkonnx development setup", "formatVersion": 1, "circuitHash": "sha256:…"}
 *               marks a key whose maker may have kept the trapdoor
 *
 * csHash is Blake2b-512 over α1, β1, β2, γ2, δ1, δ2, then, each list after its length as u32 big-endian, IC, [τ^(i+N) − τ^i]_1 for
 * i < N − 1, and sections 8, 5, 6, 7; points there are big-endian and not Montgomery.
 */
import { ZkonnxError } from '../base/errors.js';
import { parseJson } from '../base/strict-json.js';
import { inverse, Q, R } from '../field/bn254.js';
import { FIELD_WORDS, valueOfWords, wordsOf } from './coefficients.js';
import {
  bytesOf,
  containerHeader,
  readContainer,
  sectionHeader,
  view,
  type ByteSource,
  type Container,
} from './iden3-container.js';

const KIND = { magic: 'zkey', version: 1, title: 'a Groth16 .zkey of BN254', code: 'KEY_INVALID' } as const;

export const G1_BYTES = 64;
export const G2_BYTES = 128;
/** matrix, row and wire, and eight words of value. */
export const COEFFICIENT_BYTES = 44;
export const ZkeySection = {
  protocol: 1,
  header: 2,
  ic: 3,
  coefficients: 4,
  a: 5,
  b1: 6,
  b2: 7,
  c: 8,
  h: 9,
  contributions: 10,
  setupMark: 0x7a6b6e78,
} as const;

const GROTH16 = 1;
const HEADER_BYTES = 660;
const CS_HASH_BYTES = 64;
/** δ after, three points of the key, transcript, type and parameter length. */
const MIN_CONTRIBUTION_BYTES = 392;
const MARK_TEXT = 'zkonnx development setup';
const MARK_VERSION = 1;
const MAX_MARK_BYTES = 4096;

/** Sizes of a key; `nVars` counts all wires, `nPublic` the public ones without the constant. */
export interface ZkeyShape {
  readonly nVars: number;
  readonly nPublic: number;
  /** Power of two above rows + nPublic. */
  readonly domainSize: number;
}

/** The points of section 2 as the file holds them. */
export interface ZkeyPoints {
  readonly alpha1: Uint8Array;
  readonly beta1: Uint8Array;
  readonly beta2: Uint8Array;
  readonly gamma2: Uint8Array;
  readonly delta1: Uint8Array;
  readonly delta2: Uint8Array;
}

const POINT_LAYOUT = [
  ['alpha1', G1_BYTES],
  ['beta1', G1_BYTES],
  ['beta2', G2_BYTES],
  ['gamma2', G2_BYTES],
  ['delta1', G1_BYTES],
  ['delta2', G2_BYTES],
] as const satisfies readonly (readonly [keyof ZkeyPoints, number])[];

/** What a key says about itself. */
export interface ZkeyInfo extends ZkeyShape {
  readonly csHash: Uint8Array;
  /** Phase 2 contributions. With none, [δ]_2 is the generator in foreign keys: such a key must not be used. */
  readonly contributions: number;
  /** Present when `setupDev` of this project wrote the key. */
  readonly development?: { readonly circuitHash: string };
}

/** The part of a key that verification needs, points as in the file. */
export interface ZkeyVerifierPart extends ZkeyInfo {
  readonly points: ZkeyPoints;
  /** nPublic + 1 G1 points. */
  readonly ic: Uint8Array;
}

/** Container header, sections 1 and 2. `nSections` counts all sections of the file. */
export function* zkeyPrologue(shape: ZkeyShape, points: ZkeyPoints, nSections: number): Generator<Uint8Array> {
  yield containerHeader(KIND, nSections);
  yield sectionHeader(ZkeySection.protocol, 4);
  yield new Uint8Array([GROTH16, 0, 0, 0]);
  yield sectionHeader(ZkeySection.header, HEADER_BYTES);
  const bytes = new Uint8Array(HEADER_BYTES);
  const header = view(bytes);
  header.setUint32(0, 32, true);
  bytes.set(bytesOf(wordsOf(Q)), 4);
  header.setUint32(36, 32, true);
  bytes.set(bytesOf(wordsOf(R)), 40);
  header.setUint32(72, shape.nVars, true);
  header.setUint32(76, shape.nPublic, true);
  header.setUint32(80, shape.domainSize, true);
  let at = 84;
  for (const [name, size] of POINT_LAYOUT) {
    bytes.set(points[name], at);
    at += size;
  }
  yield bytes;
}

/** Section 10 without contributions and the mark of a development key. */
export function* zkeyEpilogue(csHash: Uint8Array, circuitHash: string): Generator<Uint8Array> {
  yield sectionHeader(ZkeySection.contributions, CS_HASH_BYTES + 4);
  yield csHash;
  yield new Uint8Array(4);
  const mark = new TextEncoder().encode(JSON.stringify({ setup: MARK_TEXT, formatVersion: MARK_VERSION, circuitHash }));
  yield sectionHeader(ZkeySection.setupMark, mark.length);
  yield mark;
}

/**
 * Sizes, hash and marks of a key; checks that every section has the size they imply. Throws what the source throws, KEY_INVALID,
 * FORMAT_VERSION.
 */
export async function zkeyInfo(source: ByteSource): Promise<ZkeyInfo> {
  return readInfo(await openZkey(source));
}

/** What verification needs of a key. Coordinates are checked to be below q, not to be on the curve. Throws as `zkeyInfo`. */
export async function zkeyVerifierPart(source: ByteSource): Promise<ZkeyVerifierPart> {
  return readVerifierPart(await openZkey(source));
}

async function readVerifierPart(container: Container): Promise<ZkeyVerifierPart> {
  const info = await readInfo(container);
  const header = await container.read(container.section(ZkeySection.header, 'header', HEADER_BYTES));
  let at = 84;
  const points = Object.fromEntries(
    POINT_LAYOUT.map(([name, size]) => {
      const point = header.slice(at, (at += size));
      checkCoordinates(container, point, name);
      return [name, point];
    }),
  ) as unknown as ZkeyPoints;
  const ic = await container.read(container.section(ZkeySection.ic, 'IC'));
  checkCoordinates(container, ic, 'IC');
  return { ...info, points, ic };
}

/** Lists of points in a key and the size of one. */
const POINT_LISTS = {
  a: { section: ZkeySection.a, name: 'A', pointBytes: G1_BYTES },
  b1: { section: ZkeySection.b1, name: 'B1', pointBytes: G1_BYTES },
  b2: { section: ZkeySection.b2, name: 'B2', pointBytes: G2_BYTES },
  c: { section: ZkeySection.c, name: 'C', pointBytes: G1_BYTES },
  h: { section: ZkeySection.h, name: 'H', pointBytes: G1_BYTES },
} as const;

export type PointList = keyof typeof POINT_LISTS;

/** A key opened for proving. */
export interface ZkeyReader {
  readonly info: ZkeyVerifierPart;
  readonly coefficientCount: number;
  /** Fills `target` with a list's points from number `first` on, as in the file; the range lies within the list. Coordinates are not checked. */
  points(list: PointList, first: number, target: Uint8Array): Promise<void>;
  /** Fills `target` with coefficients (COEFFICIENT_BYTES each) from number `first` on. Nothing of them is checked. */
  coefficients(first: number, target: Uint8Array): Promise<void>;
}

/** A key's sizes and places of its lists, checked as `zkeyInfo` does. */
export async function openZkeyReader(source: ByteSource): Promise<ZkeyReader> {
  const container = await openZkey(source);
  const part = await readVerifierPart(container);
  const coefficients = container.section(ZkeySection.coefficients, 'coefficients');
  return {
    info: part,
    coefficientCount: (coefficients.size - 4) / COEFFICIENT_BYTES,
    points(list, first, target) {
      const { section, name, pointBytes } = POINT_LISTS[list];
      const { offset, size } = container.section(section, name);
      if (first * pointBytes + target.length > size)
        throw container.corrupt(`section ${section} (${name}) is too short`);
      return source.readInto(offset + first * pointBytes, target);
    },
    coefficients(first, target) {
      return source.readInto(coefficients.offset + 4 + first * COEFFICIENT_BYTES, target);
    },
  };
}

async function openZkey(source: ByteSource): Promise<Container> {
  const container = await readContainer(source, KIND);
  const protocol = view(await container.read(container.section(ZkeySection.protocol, 'protocol', 4))).getUint32(
    0,
    true,
  );
  if (protocol !== GROTH16)
    throw container.corrupt('the key is of another proof system', 'Groth16 (1)', String(protocol));
  return container;
}

async function readInfo(container: Container): Promise<ZkeyInfo> {
  const bytes = await container.read(container.section(ZkeySection.header, 'header', HEADER_BYTES));
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER_BYTES / 4);
  if (words[0] !== 32 || valueOfWords(words, 1) !== Q || words[9] !== 32 || valueOfWords(words, 10) !== R) {
    throw container.corrupt('the key is over another curve', 'BN254');
  }
  const [nVars, nPublic, domainSize] = [words[18]!, words[19]!, words[20]!];
  const isPowerOfTwo = domainSize > 0 && (domainSize & (domainSize - 1)) === 0;
  if (nPublic >= nVars || !isPowerOfTwo || nPublic >= domainSize) {
    throw container.corrupt(
      'the sizes in the header contradict each other',
      undefined,
      `${nVars} wires, ${nPublic} public, domain ${domainSize}`,
    );
  }
  container.section(ZkeySection.ic, 'IC', (nPublic + 1) * G1_BYTES);
  container.section(ZkeySection.a, 'A', nVars * G1_BYTES);
  container.section(ZkeySection.b1, 'B1', nVars * G1_BYTES);
  container.section(ZkeySection.b2, 'B2', nVars * G2_BYTES);
  container.section(ZkeySection.c, 'C', (nVars - nPublic - 1) * G1_BYTES);
  container.section(ZkeySection.h, 'H', domainSize * G1_BYTES);
  await checkCoefficientCount(container);
  const development = await readMark(container);
  return {
    nVars,
    nPublic,
    domainSize,
    ...(await readContributions(container)),
    ...(development === undefined ? {} : { development }),
  };
}

async function checkCoefficientCount(container: Container): Promise<void> {
  const section = container.section(ZkeySection.coefficients, 'coefficients');
  if (section.size < 4) throw container.corrupt('the coefficients are truncated');
  const count = view(await container.source.read(section.offset, 4)).getUint32(0, true);
  container.section(ZkeySection.coefficients, 'coefficients', 4 + count * COEFFICIENT_BYTES);
}

async function readContributions(container: Container): Promise<Pick<ZkeyInfo, 'csHash' | 'contributions'>> {
  const section = container.section(ZkeySection.contributions, 'contributions');
  const room = section.size - CS_HASH_BYTES - 4;
  if (room < 0) throw container.corrupt('the contributions are truncated');
  const bytes = await container.source.read(section.offset, CS_HASH_BYTES + 4);
  const contributions = view(bytes).getUint32(CS_HASH_BYTES, true);
  if (contributions * MIN_CONTRIBUTION_BYTES > room) throw container.corrupt('the contributions are truncated');
  return { csHash: bytes.slice(0, CS_HASH_BYTES), contributions };
}

async function readMark(container: Container): Promise<ZkeyInfo['development']> {
  if (!container.has(ZkeySection.setupMark)) return undefined;
  const section = container.section(ZkeySection.setupMark, 'setup mark');
  if (section.size > MAX_MARK_BYTES) throw container.corrupt('the setup mark is too long');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await container.read(section));
    const mark = parseJson(text) as Record<string, unknown>;
    const { setup, formatVersion, circuitHash } = mark;
    if (setup === MARK_TEXT && formatVersion === MARK_VERSION && typeof circuitHash === 'string')
      return { circuitHash };
  } catch (error) {
    if (error instanceof ZkonnxError) throw error;
  }
  throw container.corrupt('the setup mark is damaged');
}

function checkCoordinates(container: Container, points: Uint8Array, name: string): void {
  const words = new Uint32Array(points.slice().buffer);
  for (let at = 0; at < words.length; at += FIELD_WORDS) {
    if (valueOfWords(words, at) >= Q) throw container.corrupt(`a coordinate of ${name} is not below q`);
  }
}

const MONTGOMERY_INVERSE = inverse(2n ** 256n, Q);

/** The coordinates of points of section 2 or 3 as canonical residues, in the file's order. */
export function coordinates(points: Uint8Array): bigint[] {
  const words = new Uint32Array(points.slice().buffer);
  return Array.from(
    { length: words.length / FIELD_WORDS },
    (_, i) => (valueOfWords(words, i * FIELD_WORDS) * MONTGOMERY_INVERSE) % Q,
  );
}
