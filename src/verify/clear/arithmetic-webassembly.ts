/**
 * The loops of a check in WebAssembly. Each call stands by itself: it copies its arguments into the instance's memory, runs, and reads its result. A call that the memory has
 * no room for is answered in JavaScript.
 */
import {
  EXT_BYTES,
  EXT_ONE,
  EXT_ZERO,
  extAdd,
  extMul,
  extScale,
  extSub,
  FIELD_BYTES,
  type Ext,
} from '../../field/goldilocks.js';
import { javascriptArithmetic, LOWER_BITS } from './arithmetic-javascript.js';
import type { Arithmetic, Entries } from './arithmetic.js';
import { joinedAxes } from './box.js';
import type { BoxWeights, EntrySource } from './functional.js';
import { DIGEST_BYTES } from './hash.js';
import { flatIndices } from './layout.js';
import { powersOf } from './multilinear.js';
import { HALF, inverseDomainPoint, inverseRoot } from './oracle.js';
import { elementsOf } from './relation.js';
import { newLoopMemory, NoRoom, type LoopMemory } from './webassembly.js';

/** An instance whose memory has grown beyond this is let go after the call. */
const KEPT_BYTES = 8 << 20;

let instance: LoopMemory | undefined;

/** Undefined where WebAssembly does not run. */
export function webassemblyArithmetic(): Arithmetic | undefined {
  instance ??= newLoopMemory();
  return instance && arithmetic;
}

function within<T>(run: (memory: LoopMemory) => T, otherwise: () => T): T {
  const memory = (instance ??= newLoopMemory());
  if (memory === undefined) return otherwise();
  memory.clear();
  try {
    return run(memory);
  } catch (error) {
    if (!(error instanceof NoRoom)) throw error;
    return otherwise();
  } finally {
    if (memory.byteLength > KEPT_BYTES) instance = undefined;
  }
}

const arithmetic: Arithmetic = {
  digests: (context, messages, length) =>
    within(
      (memory) => {
        const count = messages.length / length;
        const { key, flags } = contextKey(memory, context);
        const [input, out] = [memory.copy(messages), memory.room(DIGEST_BYTES * count)];
        memory.loops.b3_hash_n(out, input, length, length, 0, count, key, flags, memory.room(HASH_SCRATCH_BYTES));
        return memory.bytes(out, DIGEST_BYTES * count).slice();
      },
      () => javascriptArithmetic.digests(context, messages, length),
    ),
  rowSums: (rows, coefficients) =>
    within(
      (memory) => {
        const { bytes, count, salt, width } = rows;
        const stride = salt + FIELD_BYTES * width;
        const [factors, input] = [memory.exts(coefficients), memory.copy(bytes)];
        const out = memory.room(EXT_BYTES * count);
        for (let i = 0; i < count; i++) {
          memory.loops.dot_base(out + EXT_BYTES * i, factors, 0, input + stride * i + salt, 0, width);
        }
        return memory.readExts(out, count);
      },
      () => javascriptArithmetic.rowSums(rows, coefficients),
    ),
  foldCosets: (rows, cosets) =>
    within(
      (memory) => {
        const { domainLog, indices, bound } = cosets;
        const stride = FIELD_BYTES * rows.width;
        const values = memory.copy(rows.bytes);
        const inverses = memory.elements(indices.map((index) => inverseDomainPoint(domainLog, index)));
        bound.forEach((r, k) => {
          const half = rows.width / 4 / 2 ** k;
          const [h, s] = [extScale(extSub(EXT_ONE, r), HALF), extScale(r, HALF)];
          memory.loops.fold_cosets(
            values,
            stride,
            inverses,
            rows.count,
            half,
            inverseRoot(bound.length - k),
            ...h,
            ...s,
          );
        });
        return indices.map((_, i) => memory.readExt(values + stride * i));
      },
      () => javascriptArithmetic.foldCosets(rows, cosets),
    ),
  evaluations: (coefficients, points) =>
    within(
      (memory) => {
        const out = memory.room(EXT_BYTES * points.length);
        const [f, x] = [memory.exts(coefficients), memory.elements(points)];
        memory.loops.horner(out, f, coefficients.length, x, points.length);
        return memory.readExts(out, points.length);
      },
      () => javascriptArithmetic.evaluations(coefficients, points),
    ),
  joinedSum: (coefficients, joined) =>
    within(
      (memory) => {
        const { loops } = memory;
        const f = memory.exts(coefficients);
        return joined.reduce((sum, { points, epsilon, bound }) => {
          const weights = memory.exts(powersOf(epsilon, points.length + 1).slice(1));
          const x = memory.elements(points);
          const [values, out] = [memory.room(EXT_BYTES * points.length), memory.room(EXT_BYTES)];
          for (const [r0, r1] of bound) loops.bind_powers(weights, x, points.length, r0, r1);
          loops.horner(values, f, coefficients.length, x, points.length);
          loops.dot(out, weights, values, points.length);
          return extAdd(sum, memory.readExt(out));
        }, EXT_ZERO);
      },
      () => javascriptArithmetic.joinedSum(coefficients, joined),
    ),
  weightedSum: (weighting, values, select) =>
    within(
      (memory) => {
        const table = boxTable(memory, weighting.box);
        const to = select ? memory.copy(select.to) : 0;
        const from = select ? memory.copy(select.from) : 0;
        const [x, out] = [memory.copy(values), memory.room(EXT_BYTES)];
        memory.loops.dot_base(out, table, to, x, from, select ? select.to.length : values.length);
        return memory.readExt(out);
      },
      () => javascriptArithmetic.weightedSum(weighting, values, select),
    ),
  entrySums: (entries, at) =>
    within(
      (memory) => {
        const { loops } = memory;
        const { n, columns } = at.layout;
        const low = Math.min(n, LOWER_BITS);
        const { weights, to, from, factor } = entryWeights(memory, entries);
        const table = eqTable(memory, at.point.slice(0, low));
        const groups = 2 ** (n - low);
        const sums = memory.zeros(EXT_BYTES * columns * groups);
        const positions = memory.copy(at.positions);
        loops.entries(sums, weights, to, positions, from, table, low, entries.index.length);
        const upper = eqTable(memory, at.point.slice(low));
        const out = memory.room(EXT_BYTES);
        return Array.from({ length: columns }, (_, column) => {
          loops.dot(out, sums + EXT_BYTES * groups * column, upper, groups);
          return extMul(factor, memory.readExt(out));
        });
      },
      () => javascriptArithmetic.entrySums(entries, at),
    ),
  listedSum: (point, first, values) =>
    within(
      (memory) => {
        const table = eqTable(memory, point);
        const [input, residues] = [memory.copy(values), memory.room(FIELD_BYTES * values.length)];
        memory.loops.gl_from_f64_n(residues, input, 0, values.length);
        const out = memory.room(EXT_BYTES);
        memory.loops.dot_base(out, table + EXT_BYTES * first, 0, residues, 0, values.length);
        return memory.readExt(out);
      },
      () => javascriptArithmetic.listedSum(point, first, values),
    ),
};

// ---- BLAKE3 -----------------------------------------------------------------------------------------------------------------------

/** Bytes of scratch of `b3_hash_n`. */
const HASH_SCRATCH_BYTES = 4096;
/** SHA-256's initial value: BLAKE3's key where there is none. */
const IV = Uint32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
const DERIVE_KEY_CONTEXT = 32;
const DERIVE_KEY_MATERIAL = 64;

/** By context. */
const contextKeys = new Map<string, Uint8Array>();

/** The mode that derives keys in this context: eight words in memory, and flags. */
function contextKey(memory: LoopMemory, context: string): { readonly key: number; readonly flags: number } {
  const known = contextKeys.get(context);
  if (known !== undefined) return { key: memory.copy(known), flags: DERIVE_KEY_MATERIAL };
  const text = new TextEncoder().encode(context);
  const [key, input, iv] = [memory.room(DIGEST_BYTES), memory.copy(text), memory.copy(IV)];
  const scratch = memory.room(HASH_SCRATCH_BYTES);
  memory.loops.b3_hash_n(key, input, text.length, text.length, 0, 1, iv, DERIVE_KEY_CONTEXT, scratch);
  contextKeys.set(context, memory.bytes(key, DIGEST_BYTES).slice());
  return { key, flags: DERIVE_KEY_MATERIAL };
}

// ---- tables -----------------------------------------------------------------------------------------------------------------------

/** eq(point, i) for i < 2^point.length. */
function eqTable(memory: LoopMemory, point: readonly Ext[]): number {
  const table = memory.room(EXT_BYTES * 2 ** point.length);
  const at = memory.exts(point);
  memory.words(table, 2).set(EXT_ONE);
  memory.loops.eq_table(table, at, point.length);
  return table;
}

/** The weight of every element of a box, flat. */
function boxTable(memory: LoopMemory, box: BoxWeights): number {
  return BOX_TABLES[box.kind](memory, box as never);
}

const BOX_TABLES: {
  readonly [K in BoxWeights['kind']]: (memory: LoopMemory, box: Extract<BoxWeights, { kind: K }>) => number;
} = {
  point(memory, { dims, point }) {
    let [table, elements] = [memory.exts([EXT_ONE]), 1];
    for (const { side, part } of joinedAxes(dims, point)) {
      const along = eqTable(memory, part);
      const out = memory.room(EXT_BYTES * elements * side);
      memory.loops.outer(out, table, elements, along, side);
      [table, elements] = [out, elements * side];
    }
    return table;
  },
  parts(memory, { dims, parts }) {
    const table = memory.room(EXT_BYTES * elementsOf(dims));
    for (const { start, logs, scale, point } of parts) {
      const flat = flatIndices(dims, { start, logs });
      const to = memory.copy(flat);
      memory.loops.scatter(table, to, eqTable(memory, point), ...scale, flat.length);
    }
    return table;
  },
};

/** Weights of entries in memory: factor·weights[to[e]] is that of entry e, of the tensor's element from[e]; lists at 0 stand for the identity. */
interface EntryWeights {
  readonly weights: number;
  readonly to: number;
  readonly from: number;
  readonly factor: Ext;
}

function entryWeights(memory: LoopMemory, entries: Entries): EntryWeights {
  const { source } = entries;
  if (source !== undefined) return ENTRY_WEIGHTS[source.kind](memory, entries, source as never);
  return { weights: memory.exts(entries.weights), to: 0, from: memory.copy(entries.index), factor: EXT_ONE };
}

const ENTRY_WEIGHTS: {
  readonly [K in EntrySource['kind']]: (
    memory: LoopMemory,
    entries: Entries,
    source: Extract<EntrySource, { kind: K }>,
  ) => EntryWeights;
} = {
  select(memory, { index }, { box, to, factor }) {
    return { weights: boxTable(memory, box), to: memory.copy(to), from: memory.copy(index), factor };
  },
  patterns(memory, _entries, { map, rows, columns }) {
    const { pattern, base, start, offset } = map;
    const weights = memory.zeros(EXT_BYTES * offset.length);
    const tables = [boxTable(memory, rows), boxTable(memory, columns)] as const;
    const lists = [memory.copy(pattern), memory.copy(base), memory.copy(start), memory.copy(offset)] as const;
    memory.loops.patterns(weights, ...tables, ...lists, pattern.length);
    return { weights, to: 0, from: 0, factor: EXT_ONE };
  },
};
