/**
 * Section 25 of circuit.bin, where its rows come from (src/constraint/origins.ts). Readers that do not know it go on without, so it has a
 * checksum of its own and is no part of section 17's:
 *
 *   SHA-256 of what follows (32 bytes) ‖ u32 length of the JSON ‖ JSON {irOps: [text a layer], kinds: [[gadget, question, layout], …]}
 *   ‖ runs, each kind and number of rows as LEB128
 *
 * An artifact of a stranger may say anything here; what is checked is that every row has a kind and every layer an entry.
 */
import { JsonFault, parseJson } from '../base/strict-json.js';
import type { Origins, RowKind } from '../constraint/origins.js';
import type { Circuit } from '../constraint/program.js';
import { isText } from './circuit-checks.js';
import { concatenate, view, type Container } from './iden3-container.js';
import type { NewSha256 } from './sha256.js';

export const ORIGINS_SECTION = 25;
const DIGEST_BYTES = 32;
const MAX_KINDS = 1 << 16;
/** Names are words; more would only be there to fill somebody's screen. */
const MAX_NAME = 200;

/** The section's payload. */
export function originsPayload({ irOps, kinds, runKind, runLength }: Origins, newSha256: NewSha256): Uint8Array {
  const header = { irOps, kinds: kinds.map(({ gadget, question, layout }) => [gadget, question, layout]) };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const size = new Uint8Array(4);
  view(size).setUint32(0, json.length, true);
  const runs: number[] = [];
  runKind.forEach((kind, i) => {
    pushLeb128(runs, kind);
    pushLeb128(runs, runLength[i]!);
  });
  const contents = concatenate([size, json, Uint8Array.from(runs)]);
  const hash = newSha256();
  hash.update(contents);
  return concatenate([hash.digest(), contents]);
}

/** Throws ARTIFACT_INVALID unless the section accounts for every row and every layer of the circuit. */
export function readOrigins(
  container: Container,
  payload: Uint8Array,
  { layers, r1cs }: Pick<Circuit, 'layers' | 'r1cs'>,
  newSha256: NewSha256,
): Origins {
  const contents = payload.subarray(DIGEST_BYTES);
  const hash = newSha256();
  hash.update(contents);
  if (payload.length < DIGEST_BYTES + 4 || !hash.digest().every((byte, i) => byte === payload[i]))
    throw container.corrupt('the origins of rows are damaged: their checksum differs');
  const jsonEnd = 4 + view(contents).getUint32(0, true);
  if (jsonEnd > contents.length) throw container.corrupt('the origins of rows are cut off');
  const { irOps, kinds } = parseNames(container, contents.subarray(4, jsonEnd));
  const rows = layers.reduce((sum, { constraints }) => sum + constraints, 0);
  if (irOps.length !== layers.length || rows !== r1cs.nConstraints)
    throw container.corrupt('the origins of rows are of other layers');
  const { runKind, runLength } = readRuns(container, contents.subarray(jsonEnd), kinds.length, r1cs.nConstraints);
  return { irOps, kinds, runKind, runLength };
}

function parseNames(container: Container, bytes: Uint8Array): Pick<Origins, 'irOps' | 'kinds'> {
  let header: unknown;
  try {
    header = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (fault) {
    if (fault instanceof JsonFault && fault.kind !== 'syntax') throw container.corrupt(fault.message);
    throw container.corrupt('the origins of rows are not JSON');
  }
  const { irOps, kinds } = (header ?? {}) as { readonly irOps?: unknown; readonly kinds?: unknown };
  const sound =
    areNames(irOps) &&
    Array.isArray(kinds) &&
    kinds.length <= MAX_KINDS &&
    kinds.every((kind: unknown) => areNames(kind) && kind.length === 3);
  if (!sound) throw container.corrupt('the names of the origins of rows are damaged');
  const named = (kinds as string[][]).map(([gadget, question, layout]): RowKind => {
    return { gadget: gadget!, question: question!, layout: layout! };
  });
  return { irOps, kinds: named };
}

function areNames(list: unknown): list is string[] {
  return Array.isArray(list) && list.every((name: unknown) => isText(name) && (name as string).length <= MAX_NAME);
}

function readRuns(
  container: Container,
  bytes: Uint8Array,
  nKinds: number,
  nRows: number,
): Pick<Origins, 'runKind' | 'runLength'> {
  const runKind: number[] = [];
  const runLength: number[] = [];
  let rows = 0;
  for (let at = 0; at < bytes.length;) {
    const kind = readLeb128(bytes, at);
    const length = readLeb128(bytes, kind.end);
    if (!(kind.value < nKinds) || !(length.value > 0)) throw container.corrupt('the origins of rows are damaged');
    runKind.push(kind.value);
    runLength.push(length.value);
    rows += length.value;
    at = length.end;
  }
  if (rows !== nRows) throw container.corrupt('the origins are of another number of rows', String(nRows), String(rows));
  return { runKind: Uint16Array.from(runKind), runLength: Uint32Array.from(runLength) };
}

function pushLeb128(bytes: number[], value: number): void {
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
}

/** A number below 2^35 and where it ends; NaN where it does not end. */
function readLeb128(bytes: Uint8Array, from: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 5 && from + i < bytes.length; i++) {
    const byte = bytes[from + i]!;
    value += (byte & 127) * 128 ** i;
    if (byte < 128) return { value, end: from + i + 1 };
  }
  return { value: NaN, end: bytes.length };
}
