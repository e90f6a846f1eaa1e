/**
 * Constant function tables by bits, in √ form: y = T[x].
 *
 * Constrained: x ∈ [0, L) for L entries, and y = T[x]. x is split into k bits, which proves 0 ≤ x < 2^k, k = bitLength(L − 1); where
 * 2^k > L and x's bounds do not say x < L, a second split of L − 1 − x does. The low kl bits become a one-hot vector e (products of bits); each row i of the table, 2^kl entries,
 * is then the linear combination Σ_j T[i·2^kl + j]·e_j, and the high bits choose among the rows, b·(right − left) = y − left, level by level.
 * Assumed: nothing of x but its bounds. Outside [0, L): unsatisfiable.
 * Soundness: e is one-hot over the integers because bits are, each wire here is a product that its row determines, and every side stays
 * below 2^53 (checked by the builder row by row).
 * Cost: k (+1 for the recomposition of a long x; twice that with the second split) + (2^kl − 2) + (2^kh − 1), kl = ⌈k/2⌉, kh = ⌊k/2⌋; fewer where rows agree.
 */
import { invariant } from '../../src/base/errors.js';
import { constant, ONE, type Builder, type FunctionTable, type Lc } from '../builder.js';
import { bitLength, isConstant, LcSum, narrow, sub } from '../lc.js';

export function bitTable(b: Builder, x: Lc, table: FunctionTable): Lc {
  const { values } = table;
  invariant(values.length > 0 && values.every(Number.isSafeInteger), 'a table of integers', { name: table.name });
  const domain = narrow(x, { lo: 0, hi: values.length - 1 });
  if (isConstant(x)) return constant(values[x.constant]!);
  const k = bitLength(domain.hi);
  const bits = b.split(x, new Array<number>(k).fill(1));
  const input = b.range(narrow(x, { lo: 0, hi: 2 ** k - 1 }), 0, values.length - 1);
  const reached = values.subarray(input.lo, input.hi + 1);
  const bounds = { lo: reached.reduce((p, q) => Math.min(p, q)), hi: reached.reduce((p, q) => Math.max(p, q)) };

  const low = oneHot(b, bits.slice(0, Math.ceil(k / 2)));
  let rows = tableRows(values, input.lo, input.hi, low, 2 ** k);
  for (const bit of bits.slice(Math.ceil(k / 2))) rows = selectPairs(b, rows, bit);
  return narrow(rows[0]!, bounds);
}

/** e_j = 1 exactly for the number j that the bits spell; 2^n − 2 rows for n bits. */
export function oneHot(b: Builder, bits: readonly Lc[]): Lc[] {
  let hot: Lc[] = [ONE];
  for (const bit of bits) {
    const set = hot.map((e) => b.product(e, bit, { lo: 0, hi: 1 }));
    const clear = hot.map((e, j) => narrow(sub(e, set[j]!), { lo: 0, hi: 1 }));
    hot = [...clear, ...set];
  }
  return hot;
}

/** Row i of the table as a combination of the one-hot low half; entries that x cannot reach repeat a reachable one. */
function tableRows(values: Float64Array, lo: number, hi: number, low: readonly Lc[], size: number): Lc[] {
  const rows: Lc[] = [];
  for (let start = 0; start < size; start += low.length) {
    const entries = low.map((_, j) => values[Math.min(Math.max(start + j, lo), hi)]!);
    // Σ e_j = 1: take the first entry out, so that equal entries cost no term and equal rows are recognised.
    const sum = new LcSum().addConstant(entries[0]!);
    entries.forEach((value, j) => sum.add(low[j]!, value - entries[0]!));
    const [least, most] = [Math.min(...entries), Math.max(...entries)];
    rows.push(sum.build({ lo: least, hi: most }));
  }
  return rows;
}

/** bit ? rows[2i + 1] : rows[2i], one row of the circuit a pair that differs. */
function selectPairs(b: Builder, rows: readonly Lc[], bit: Lc): Lc[] {
  const selected: Lc[] = [];
  for (let i = 0; i < rows.length; i += 2) {
    const [left, right] = [rows[i]!, rows[i + 1]!];
    const bounds = { lo: Math.min(left.lo, right.lo), hi: Math.max(left.hi, right.hi) };
    selected.push(b.productPlus(bit, sub(right, left), left, bounds));
  }
  return selected;
}
