/** What a proof of two rounds will take of the kernels' memory, known before a list of the key is read. */
import type { Rounds } from '../../constraint/rounds.js';
import { KERNEL_POINT_BYTES, keyDomainSize, MIRAGE_LISTS, type MirageKeyInfo } from '../../formats/mirage-key.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import { LOOKUP_SCRATCH_BYTES, TABLE_TASK_ROWS } from '../../kernels/lookups.js';
import type { KernelExports } from '../../kernels/module.js';
import {
  fullScratchBytes,
  fullSharedBytes,
  fullWindowsOf,
  groupedSharedBytes,
  groupOf,
  SCALAR_BYTES,
  smallScratchBytes,
  type GroupName,
} from '../../kernels/msm.js';
import { nttTableBytes } from '../../kernels/ntt.js';
import { SMALL_MAGNITUDES } from '../engine/sums.js';
import { BINDING_ROWS } from './kernel-key.js';
import { rowValuesScratchBytes, tableValuesBytes } from './values.js';

type KeySizes = Pick<MirageKeyInfo, 'nWires' | 'firstRound2' | 'nConstraints' | 'domain' | 'counts'>;

/** What the memory of a proof depends on beside the key. */
export interface RoundsShape {
  readonly lookups: number;
  /** Rows of all tables. */
  readonly entries: number;
  readonly products: number;
  readonly fields: number;
  readonly fieldRows: number;
  /** Full-width round-1 wires, and sides of rows. */
  readonly wide: number;
  readonly threads: number;
}

/** Of a circuit that is not known yet, any of whose round-2 wires may be anything. */
export function worstRoundsShape(key: KeySizes, wide: number, threads: number): RoundsShape {
  const second = key.nWires - key.firstRound2;
  return { lookups: second, entries: second, products: second, fields: second, fieldRows: 0, wide, threads };
}

export function roundsShape(key: KeySizes, rounds: Rounds, wide: number, threads: number): RoundsShape {
  return {
    lookups: rounds.lookupRow.length,
    entries: rounds.tables.reduce((sum, { rows }) => sum + rows, 0),
    products: rounds.thetaRow.length,
    fields: key.nWires - rounds.firstField,
    fieldRows: rounds.fieldRows.length,
    wide,
    threads,
  };
}

/** Bytes of the loaded key. */
export function roundsKeyBytes(key: KeySizes): number {
  const lists = Object.entries(MIRAGE_LISTS).map(
    ([name, { group }]) => key.counts[name as keyof typeof MIRAGE_LISTS] * KERNEL_POINT_BYTES[group],
  );
  const points = lists.reduce((sum, bytes) => sum + bytes, keyDomainSize(key) * KERNEL_POINT_BYTES.g1);
  return points + nttTableBytes(key.domain.logSize);
}

/** Bytes that one proof takes beside the key, at its peak. */
export function roundsProofBytes(exports: KernelExports, key: KeySizes, shape: RoundsShape): number {
  const { lookups, entries, products, fieldRows, wide, threads } = shape;
  const points = keyDomainSize(key);
  const tables = tableValuesBytes(entries);
  const placed = 2 * (lookups + entries + BINDING_ROWS + fieldRows) + products + 2 * wide;
  const rows = rowValuesScratchBytes(key.nConstraints, placed, 2 * wide + 2 * fieldRows);
  const quotient = 2 * points * ELEMENT_BYTES + Math.max(points * ELEMENT_BYTES, rows);
  // A table's multiplicities and values, and an element a task.
  const tableTasks = entries * 12 + (entries / TABLE_TASK_ROWS + 2) * ELEMENT_BYTES;
  const scratch = threads * LOOKUP_SCRATCH_BYTES;
  return (
    Math.max(
      commitBytes(exports, key, shape),
      tables + tableTasks + scratch,
      tables + points * SCALAR_BYTES + Math.max(quotient + scratch, sumsBytes(exports, key, shape)),
    ) + SMALL_BYTES
  );
}

/** Single points, constants, and what alignment takes. */
const SMALL_BYTES = 2 ** 16;

function commitBytes(exports: KernelExports, { counts }: KeySizes, { wide, threads }: RoundsShape): number {
  const one = listBytes(exports, 'g1', counts.c1, wide, threads);
  return one.shared + Math.max(threads * one.scratch, combinationBytes(exports));
}

/** The last steps: sums of a few terms, one within another. */
function combinationBytes(exports: KernelExports): number {
  return 2 * fullScratchBytes(groupOf(exports, 'g2'), FEW_TERMS);
}

/** Terms of C2 beside the lists' sums. */
const FEW_TERMS = 4;

/** Side B has no inverse and no quotient; every list has the challenges. */
function sumsBytes(exports: KernelExports, key: KeySizes, shape: RoundsShape): number {
  const { lookups, entries, products, fields, wide, threads } = shape;
  const { counts } = key;
  const few = Math.min(counts.b1, fields + BINDING_ROWS + wide);
  const grouped = 2 * entries + fields + BINDING_ROWS + wide + Math.min(wide, products);
  // A lookup is once in its entry's group, and at most once in its multiplicity.
  const groups = groupedSharedBytes(2 * lookups, entries);
  const h = fullBytes(exports, 'g1', keyDomainSize(key));
  const lists = [
    listBytes(exports, 'g1', counts.a, grouped, threads),
    listBytes(exports, 'g1', counts.c2, grouped, threads),
    listBytes(exports, 'g1', counts.b1, few, threads),
    listBytes(exports, 'g2', counts.b2, few, threads),
    h,
  ];
  const shared = lists.reduce((sum, list) => sum + list.shared, 2 * groups);
  return shared + Math.max(threads * Math.max(...lists.map(({ scratch }) => scratch)), combinationBytes(exports));
}

interface Bytes {
  readonly shared: number;
  /** Of a task. */
  readonly scratch: number;
}

function fullBytes(exports: KernelExports, name: GroupName, n: number): Bytes {
  if (n === 0) return { shared: 0, scratch: 0 };
  const group = groupOf(exports, name);
  const windows = fullWindowsOf(n);
  return { shared: fullSharedBytes(group, n, windows), scratch: fullScratchBytes(group, n, windows) };
}

/** A list of `count` points with `full` terms of full width. */
function listBytes(exports: KernelExports, name: GroupName, count: number, full: number, threads: number): Bytes {
  const group = groupOf(exports, name);
  const wide = fullBytes(exports, name, full);
  const range = Math.ceil(count / threads);
  return {
    shared: 4 * count + full * (group.pointBytes + SCALAR_BYTES) + wide.shared,
    scratch: Math.max(wide.scratch, ...SMALL_MAGNITUDES.map((maxAbs) => smallScratchBytes(group, range, maxAbs))),
  };
}
