/**
 * proving_key.mirage, version 1: the proving key of protocol `mirage`, points as the kernels have them, so that loading it is reading it.
 * Container of iden3-container.ts with magic "zkmg"; all little-endian. A coordinate is x·2^261 mod q, canonical, as nine limbs of 29 bits
 * in u32 words (36 bytes); G1 points are x ‖ y (72 bytes), G2 points x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1 (144 bytes).
 *
 *   section  1  nWires u32 ‖ firstRound2 u32 ‖ nConstraints u32 ‖ log2 of a coset of the domain u32 ‖ cosets u32 (1 or 3)
 *               ‖ setup u32 (0 unknown, 1 development: its maker may have kept the trapdoor) ‖ circuit hash (32 bytes)
 *   section  2  [α]_1 ‖ [β]_1 ‖ [δ1]_1 ‖ [δ2]_1 ‖ [β]_2 ‖ [δ2]_2
 *   section  3  wires with A_j ≠ 0: u32 each, ascending           section  4  their [A_j(τ)]_1
 *   section  5  wires with B_j ≠ 0                                section  6  their [B_j(τ)]_1      section 7  their [B_j(τ)]_2
 *   section  8  wires of round 1, 4 … firstRound2 − 1, with K_j ≠ 0    section  9  their [K_j/δ1]_1
 *   section 10  wires of round 2, firstRound2 … nWires − 1, with K_j ≠ 0    section 11  their [K_j/δ2]_1
 *   section 12  one G1 point a row of the domain (kernels/domain.ts has their order): the Lagrange basis of the odd coset at τ, over δ2
 *
 * K_j = β·A_j + α·B_j + C_j; the rows nConstraints … nConstraints + 3 bind wires 0 … 3. There are no coefficients: the solver gives the
 * rows' values.
 */
import { FIRST_ROUND1_WIRE } from '../constraint/rounds.js';
import { invariant } from '../base/errors.js';
import { inverse, Q } from '../field/bn254.js';
import {
  bytesOf,
  containerHeader,
  readContainer,
  sectionHeader,
  type ByteSource,
  type Container,
} from './iden3-container.js';

const KIND = { magic: 'zkmg', version: 1, title: 'a proving key of protocol mirage', code: 'KEY_INVALID' } as const;

/** Bytes of a point in the kernels' form. */
export const KERNEL_POINT_BYTES = { g1: 72, g2: 144 } as const;
const COORDINATE_BYTES = 36;
const LIMB_BITS = 29n;
const MONTGOMERY_BITS = 261n;

const Section = { header: 1, points: 2, h: 12 } as const;
const N_SECTIONS = 12;
const HEADER_WORDS = 6;
const HASH_BYTES = 32;
const HEADER_BYTES = 4 * HEADER_WORDS + HASH_BYTES;
/** The largest domain whose odd coset F_r has. */
const MAX_LOG_SIZE = 27;
const SETUPS = ['unknown', 'development'] as const;

/** Lists of points that are multiplied by wires, in the order of the file, and their sections; B1 and B2 have the same wires. */
export const MIRAGE_LISTS = {
  a: { group: 'g1', wires: 3, points: 4 },
  b1: { group: 'g1', wires: 5, points: 6 },
  b2: { group: 'g2', wires: 5, points: 7 },
  c1: { group: 'g1', wires: 8, points: 9 },
  c2: { group: 'g1', wires: 10, points: 11 },
} as const;
export type MirageList = keyof typeof MIRAGE_LISTS;
export const MIRAGE_LIST_NAMES = Object.keys(MIRAGE_LISTS) as readonly MirageList[];

/** Sizes of a key. */
export interface MirageKeyShape {
  readonly nWires: number;
  readonly firstRound2: number;
  readonly nConstraints: number;
  /** At least nConstraints + 4 points: `cosets` times 2^logSize. */
  readonly domain: { readonly logSize: number; readonly cosets: 1 | 3 };
}

export interface MirageKeyHeader extends MirageKeyShape {
  readonly setup: (typeof SETUPS)[number];
  /** "sha256:" and 64 hexadecimal digits. */
  readonly circuitHash: string;
}

/** The points that stand alone, as the file has them. */
export interface MirageKeyPoints {
  readonly alpha1: Uint8Array;
  readonly beta1: Uint8Array;
  readonly delta1: Uint8Array;
  readonly delta2: Uint8Array;
  readonly beta2: Uint8Array;
  readonly delta2G2: Uint8Array;
}

const POINT_LAYOUT = [
  ['alpha1', 'g1'],
  ['beta1', 'g1'],
  ['delta1', 'g1'],
  ['delta2', 'g1'],
  ['beta2', 'g2'],
  ['delta2G2', 'g2'],
] as const satisfies readonly (readonly [keyof MirageKeyPoints, keyof typeof KERNEL_POINT_BYTES])[];

/** What a key says about itself. */
export interface MirageKeyInfo extends MirageKeyHeader {
  readonly points: MirageKeyPoints;
  /** Points in each list. */
  readonly counts: Readonly<Record<MirageList, number>>;
}

/** A key opened for proving. */
export interface MirageKeyReader {
  readonly info: MirageKeyInfo;
  /** The wires of a list's points: ascending, and of the list's own range. */
  wires(list: MirageList): Promise<Uint32Array>;
  /** Fills `target` with all points of a list, or of H. Their coordinates are not checked. */
  points(list: MirageList | 'h', target: Uint8Array): Promise<void>;
}

/** N. */
export const keyDomainSize = ({ domain }: MirageKeyShape): number => domain.cosets * 2 ** domain.logSize;

/** Container header, sections 1 and 2. */
export function* mirageKeyPrologue(header: MirageKeyHeader, points: MirageKeyPoints): Generator<Uint8Array> {
  yield containerHeader(KIND, N_SECTIONS);
  yield sectionHeader(Section.header, HEADER_BYTES);
  const { nWires, firstRound2, nConstraints, domain, setup, circuitHash } = header;
  const { logSize, cosets } = domain;
  yield bytesOf(new Uint32Array([nWires, firstRound2, nConstraints, logSize, cosets, SETUPS.indexOf(setup)]));
  invariant(/^sha256:[0-9a-f]{64}$/.test(circuitHash), 'a circuit hash is a SHA-256', { circuitHash });
  yield Uint8Array.from(circuitHash.slice('sha256:'.length).match(/../g)!, (pair) => parseInt(pair, 16));
  yield sectionHeader(
    Section.points,
    POINT_LAYOUT.reduce((sum, [, group]) => sum + KERNEL_POINT_BYTES[group], 0),
  );
  for (const [name] of POINT_LAYOUT) yield points[name];
}

/** Header and content of a section of wires. */
export function* mirageWireSection(list: MirageList, wires: Uint32Array): Generator<Uint8Array> {
  yield sectionHeader(MIRAGE_LISTS[list].wires, 4 * wires.length);
  yield bytesOf(wires);
}

/** Header of a section of `count` points, which follow. */
export function miragePointsHeader(list: MirageList | 'h', count: number): Uint8Array {
  const { section, group } = pointsOf(list);
  return sectionHeader(section, count * KERNEL_POINT_BYTES[group]);
}

const pointsOf = (list: MirageList | 'h') =>
  list === 'h'
    ? ({ section: Section.h, group: 'g1' } as const)
    : ({ section: MIRAGE_LISTS[list].points, group: MIRAGE_LISTS[list].group } as const);

/**
 * A key's sizes and single points; checks that they fit each other and that every section has the size they imply. Throws what the source
 * throws, KEY_INVALID, FORMAT_VERSION. That single points are on their curves is not checked.
 */
export async function openMirageKey(source: ByteSource): Promise<MirageKeyReader> {
  const container = await readContainer(source, KIND);
  const header = await readHeader(container);
  const counts = Object.fromEntries(
    MIRAGE_LIST_NAMES.map((list) => [list, countOf(container, list)]),
  ) as MirageKeyInfo['counts'];
  container.section(Section.h, 'H', keyDomainSize(header) * KERNEL_POINT_BYTES.g1);
  const info: MirageKeyInfo = { ...header, points: await readPoints(container), counts };
  return {
    info,
    wires: (list) => readWires(container, info, list),
    points: (list, target) => {
      const { offset, size } = container.section(pointsOf(list).section, `points of ${list}`);
      if (target.length !== size) throw container.corrupt(`the points of ${list} have another size`);
      return source.readInto(offset, target);
    },
  };
}

async function readHeader(container: Container): Promise<MirageKeyHeader> {
  const bytes = await container.read(container.section(Section.header, 'header', HEADER_BYTES));
  const [nWires, firstRound2, nConstraints, logSize, cosets, kind] = new Uint32Array(
    bytes.slice(0, 4 * HEADER_WORDS).buffer,
  ) as unknown as [number, number, number, number, number, number];
  const setup = SETUPS[kind];
  if (setup === undefined) throw container.corrupt('the setup is of no known kind', undefined, String(kind));
  if ((cosets !== 1 && cosets !== 3) || logSize > MAX_LOG_SIZE) {
    throw container.corrupt('the domain is none', 'at most 3 cosets of 2^27', `${cosets} cosets of 2^${logSize}`);
  }
  const shape: MirageKeyShape = { nWires, firstRound2, nConstraints, domain: { logSize, cosets } };
  if (
    firstRound2 < FIRST_ROUND1_WIRE ||
    nWires < firstRound2 ||
    nConstraints + FIRST_ROUND1_WIRE > keyDomainSize(shape)
  ) {
    throw container.corrupt(
      'the sizes in the header contradict each other',
      undefined,
      `${nWires} wires, round 2 from ${firstRound2}, ${nConstraints} constraints, domain ${keyDomainSize(shape)}`,
    );
  }
  const hex = Array.from(bytes.subarray(4 * HEADER_WORDS), (byte) => byte.toString(16).padStart(2, '0')).join('');
  return { ...shape, setup, circuitHash: `sha256:${hex}` };
}

/** Points of a list, by the size of its section of wires; that of its points must agree. */
function countOf(container: Container, list: MirageList): number {
  const { wires, points, group } = MIRAGE_LISTS[list];
  const { size } = container.section(wires, `wires of ${list}`);
  if (size % 4 !== 0) throw container.corrupt(`the wires of ${list} are truncated`);
  container.section(points, `points of ${list}`, (size / 4) * KERNEL_POINT_BYTES[group]);
  return size / 4;
}

async function readWires(container: Container, info: MirageKeyInfo, list: MirageList): Promise<Uint32Array> {
  const { firstRound2, nWires, counts } = info;
  const [from, to] = { a: [0, nWires], b1: [0, nWires], b2: [0, nWires], c1: [FIRST_ROUND1_WIRE, firstRound2], c2: [firstRound2, nWires] }[list] as [number, number]; // prettier-ignore
  if (counts[list] > to - from) throw container.corrupt(`there are more points of ${list} than wires`);
  const bytes = await container.read(container.section(MIRAGE_LISTS[list].wires, `wires of ${list}`));
  const wires = new Uint32Array(bytes.buffer, bytes.byteOffset, counts[list]);
  for (let i = 0; i < wires.length; i++) {
    if (wires[i]! < (i === 0 ? from : wires[i - 1]! + 1) || wires[i]! >= to) {
      throw container.corrupt(`the wires of ${list} are damaged`);
    }
  }
  return wires;
}

async function readPoints(container: Container): Promise<MirageKeyPoints> {
  const size = POINT_LAYOUT.reduce((sum, [, group]) => sum + KERNEL_POINT_BYTES[group], 0);
  const bytes = await container.read(container.section(Section.points, 'single points', size));
  let at = 0;
  return Object.fromEntries(
    POINT_LAYOUT.map(([name, group]) => {
      const point = bytes.slice(at, (at += KERNEL_POINT_BYTES[group]));
      if (limbValues(point).some((value) => value === undefined || value >= Q)) {
        throw container.corrupt(`a coordinate of ${name} is not below q`);
      }
      return [name, point];
    }),
  ) as unknown as MirageKeyPoints;
}

/** The numbers that coordinates' limbs make; undefined where a limb has more than 29 bits. */
function limbValues(points: Uint8Array): (bigint | undefined)[] {
  const words = new Uint32Array(points.slice().buffer);
  const limbs = COORDINATE_BYTES / 4;
  return Array.from({ length: words.length / limbs }, (_, i) => {
    const own = words.subarray(i * limbs, (i + 1) * limbs);
    if (own.some((limb) => limb >> Number(LIMB_BITS) !== 0)) return undefined;
    return own.reduceRight((value, limb) => (value << LIMB_BITS) | BigInt(limb), 0n);
  });
}

const MONTGOMERY_INVERSE = inverse(2n ** MONTGOMERY_BITS, Q);

/** The coordinates of points of section 2 as canonical residues, in the file's order; all 0 at infinity. */
export function kernelCoordinates(points: Uint8Array): bigint[] {
  return limbValues(points).map((value) => ((value ?? 0n) * MONTGOMERY_INVERSE) % Q);
}
