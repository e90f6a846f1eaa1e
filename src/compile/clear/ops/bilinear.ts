/**
 * Σ_k left·right of computed values: one matrix product where the sums are some and the matrices are not as large as the products; else a committed
 * product each, and their sum where there are several.
 */
import type { FormTerm } from '../../../verify/clear/relation.js';
import type { ProductShape } from '../../real/graph.js';
import type { Lowering } from '../lowering.js';
import { pick } from '../lowering.js';
import type { ClearOp, NodeOf } from '../op.js';
import { plainRef, select, uniform, type Vec } from '../vec.js';

export const bilinear: ClearOp<'bilinear'> = {
  lower(c, node) {
    const { shape } = node.attrs;
    const rows = c.openRows(node.name);
    if (rows.length === 0) {
      c.define(node.name, rows, uniform(0, 0));
      return;
    }
    const isAlive = c.live.get(node.name)!.every((mark) => mark === 1);
    if (shape !== undefined && isAlive && isWorthIt(shape)) matrixProduct(c, node, shape);
    else products(c, node, rows);
  },
};

/** A factor's cells may have to be copied into a matrix. */
function isWorthIt({ m, k, n }: ProductShape): boolean {
  return k > 0 && m * k + k * n < m * k * n;
}

function matrixProduct(
  c: Lowering,
  { name, inputs, attrs: { left, right } }: NodeOf<'bilinear'>,
  shape: ProductShape,
): void {
  const { batch, m, k, n } = shape;
  const entry = (g: number, i: number, j: number, t: number) => ((g * m + i) * n + j) * k + t;
  const places = (list: Uint32Array, rows: number, columns: number, at: (g: number, i: number, j: number) => number) =>
    Uint32Array.from({ length: batch * rows * columns }, (_, e) => {
      const [g, i, j] = [Math.floor(e / (rows * columns)), Math.floor(e / columns) % rows, e % columns];
      return list[at(g, i, j)]!;
    });
  const a = asMatrix(
    c,
    inputs[0]!,
    places(left, m, k, (g, i, t) => entry(g, i, 0, t)),
    [batch, m, k],
  );
  const b = asMatrix(
    c,
    inputs[1]!,
    places(right, k, n, (g, t, j) => entry(g, 0, j, t)),
    [batch, k, n],
  );
  const fact = c.facts.get(name)!;
  c.postpone(name, {
    isWhole: true,
    emit(_rows, form) {
      c.writer.at(name);
      c.writer.matmul(form, { a, b, inner: k }, [batch, m, n], fact);
    },
  });
}

/** The elements as cells of just these dims: their own where they are, else a copy. */
function asMatrix(c: Lowering, name: string, places: Uint32Array, dims: readonly number[]) {
  const elements = select(c.vec(name), places);
  const own = plainRef(elements);
  if (own !== undefined && c.writer.reshape(own, dims)) return own;
  const copy = c.writer.cell(
    `${name} as a matrix`,
    places.length,
    { lo: 0, hi: 0 },
    (run) => run.value(elements),
    dims,
  );
  c.writer.equal({ ...copy, lo: elements.lo, hi: elements.hi }, elements);
  return copy.terms[0]!.source;
}

function products(c: Lowering, { name, inputs, attrs }: NodeOf<'bilinear'>, rows: Uint32Array): void {
  const { start, left, right } = attrs;
  const { writer } = c;
  const terms = Array.from(rows).flatMap((row, at) =>
    Array.from({ length: start[row + 1]! - start[row]! }, (_, t) => ({ at, entry: start[row]! + t })),
  );
  const factor = (input: string, list: Uint32Array): Vec =>
    select(
      c.vec(input),
      terms.map(({ entry }) => list[entry]!),
    );
  const [a, b] = [factor(inputs[0]!, left), factor(inputs[1]!, right)];
  const bounds = productBounds(a, b);
  const cells = writer.cell('products', terms.length, { lo: 0, hi: 0 }, (run) => {
    const other = run.value(b);
    return run.value(a).map((value, e) => value * other[e]!);
  });
  const c0 = { ...cells, ...bounds };
  writer.product(a, b, c0);
  const fact = c.facts.get(name)!;
  if (terms.length === rows.length && terms.every(({ at }, e) => at === e)) {
    c.define(name, rows, c0);
    return;
  }
  const index = new Map(Array.from(rows, (row, at) => [row, at]));
  c.postpone(name, {
    isWhole: false,
    emit(some, form) {
      writer.at(name);
      const to = new Map(Array.from(some, (row, at) => [index.get(row)!, at]));
      const entries = terms.flatMap(({ at }, e) => (to.has(at) ? [[e, to.get(at)!] as const] : []));
      const term: FormTerm = {
        coefficient: -1n,
        source: cells.terms[0]!.source,
        select: { from: Uint32Array.from(entries, ([e]) => e), to: Uint32Array.from(entries, ([, at]) => at) },
      };
      writer.linear(form, [], { lo: pick(fact.lo, some), hi: pick(fact.hi, some) }, { extra: [term] });
    },
  });
}

function productBounds(a: Vec, b: Vec): { readonly lo: Float64Array; readonly hi: Float64Array } {
  const corners = (e: number) => [a.lo[e]! * b.lo[e]!, a.lo[e]! * b.hi[e]!, a.hi[e]! * b.lo[e]!, a.hi[e]! * b.hi[e]!];
  const of = (pickOne: (...values: number[]) => number) => a.lo.map((_, e) => pickOne(...corners(e)));
  return { lo: of(Math.min), hi: of(Math.max) };
}
