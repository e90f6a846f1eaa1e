/**
 * Multilinear extensions of functionals at a point of the matrix, column by column: w̃_j(ρ) = Σ_rows w_j[row]·eq(ρ, row) without a list of the rows. The bits of a
 * block's row are those of its position above, and within it those of its axes, the last axis lowest; eq is a product over bits, so a block costs the sum of its
 * sides and not their product.
 */
import { invariant } from '../../base/errors.js';
import { EXT_ONE, EXT_ZERO, extAdd, extMul, type Ext } from '../../field/goldilocks.js';
import { javascriptArithmetic } from './arithmetic-javascript.js';
import type { Arithmetic } from './arithmetic.js';
import type { AxisVector, FunctionalTerm } from './functional.js';
import { blockLog, positionsOf, type Block, type Layout } from './layout.js';
import { eqAt, eqBetween, eqTable, innerProduct } from './multilinear.js';

/** Sums scale·w̃_j(ρ) of terms about one layout. */
export class PointEvaluator {
  private readonly columns: Ext[];
  /** Entries of terms that list their weights, scaled, by tensor: summed together. */
  private readonly listed = new Map<number, { readonly index: number[]; readonly weights: Ext[] }>();
  private readonly selectors = new Map<Block, Ext>();
  private readonly tables = new Map<string, Ext[]>();
  private readonly positions = new Map<number, Uint32Array>();

  constructor(
    private readonly layout: Layout,
    /** ρ, of layout.n variables. */
    private readonly point: readonly Ext[],
    private readonly arithmetic: Pick<Arithmetic, 'entrySums'> = javascriptArithmetic,
  ) {
    invariant(point.length === layout.n, 'a point has the variables of the matrix', { length: point.length });
    this.columns = new Array<Ext>(layout.columns).fill(EXT_ZERO);
  }

  add(term: FunctionalTerm, scale: Ext): void {
    switch (term.kind) {
      case 'axes':
        return this.addAxes(term, scale);
      case 'block':
        return this.addBlock(term, scale);
      case 'entries':
        return this.addEntries(term, scale);
    }
  }

  private addAxes({ tensor, coefficient, vectors }: FunctionalTerm & { kind: 'axes' }, scale: Ext): void {
    checkVectors(vectors, this.layout.dims[tensor]!);
    const factor = extMul(scale, coefficient);
    // Blocks of a tensor share segments of its axes.
    const known = new Map<string, Ext>();
    for (const block of this.layout.ofTensor[tensor]!) {
      let value = extMul(factor, this.selector(block));
      let offset = 0;
      for (let axis = vectors.length - 1; axis >= 0; axis--) {
        const log = block.logs[axis]!;
        const start = block.start[axis]!;
        const name = `${axis} ${start} ${log} ${offset}`;
        const part = known.get(name) ?? this.alongAxis(vectors[axis]!, start, log, offset);
        known.set(name, part);
        value = extMul(value, part);
        offset += log;
      }
      this.addTo(block.column, value);
    }
  }

  /** Σ_{i < 2^log} vector[start + i]·eq(ρ[offset …], i); start is a multiple of 2^log. */
  private alongAxis(vector: AxisVector, start: number, log: number, offset: number): Ext {
    const bits = this.point.slice(offset, offset + log);
    if (vector.kind === 'eq') {
      const { point } = vector;
      return extMul(eqBetween(point.slice(0, log), bits), eqAt(point.slice(log), start / 2 ** log));
    }
    return innerProduct(vector.values.slice(start, start + 2 ** log), this.table(offset, log));
  }

  private addBlock(term: FunctionalTerm & { kind: 'block' }, scale: Ext): void {
    const block = this.layout.ofTensor[term.tensor]![term.block]!;
    invariant(term.point.length === blockLog(block), 'a point of a block has its variables', { block: term.block });
    const local = eqBetween(term.point, this.point.slice(0, term.point.length));
    const value = extMul(extMul(scale, term.coefficient), extMul(local, this.selector(block)));
    this.addTo(block.column, value);
  }

  private addEntries(term: FunctionalTerm & { kind: 'entries' }, scale: Ext): void {
    const { tensor, index } = term;
    const { length } = this.positionsOf(tensor);
    const isInside = index.every((element) => element < length);
    invariant(isInside, 'an entry is an element of its tensor', { tensor });
    if (term.source !== undefined) return this.addEntrySums(term, scale);
    const { weights } = term;
    invariant(index.length === weights.length, 'each entry has a weight', { entries: index.length });
    const listed = this.listed.get(tensor) ?? { index: [], weights: [] };
    this.listed.set(tensor, listed);
    index.forEach((element, e) => {
      listed.index.push(element);
      listed.weights.push(extMul(weights[e]!, scale));
    });
  }

  private addEntrySums(term: FunctionalTerm & { kind: 'entries' }, scale: Ext): void {
    const { layout, point } = this;
    const positions = this.positionsOf(term.tensor);
    const sums = this.arithmetic.entrySums(term, { positions, layout, point });
    sums.forEach((sum, column) => this.addTo(column, extMul(scale, sum)));
  }

  private positionsOf(tensor: number): Uint32Array {
    const positions = this.positions.get(tensor) ?? positionsOf(this.layout, tensor);
    this.positions.set(tensor, positions);
    return positions;
  }

  private addTo(column: number, value: Ext): void {
    this.columns[column] = extAdd(this.columns[column]!, value);
  }

  /** By column. */
  get sums(): readonly Ext[] {
    for (const [tensor, { index, weights }] of this.listed) {
      this.addEntrySums({ kind: 'entries', tensor, index: Uint32Array.from(index), weights }, EXT_ONE);
    }
    this.listed.clear();
    return this.columns;
  }

  /** eq of the variables above a block's and its place among the blocks of that size. */
  private selector(block: Block): Ext {
    const log = blockLog(block);
    const value = this.selectors.get(block) ?? eqAt(this.point.slice(log), block.row / 2 ** log);
    this.selectors.set(block, value);
    return value;
  }

  private table(offset: number, log: number): Ext[] {
    const name = `${offset} ${log}`;
    const table = this.tables.get(name) ?? eqTable(this.point.slice(offset, offset + log));
    this.tables.set(name, table);
    return table;
  }
}

/** As many vectors as axes, each as long as its axis or a point of enough variables. */
export function checkVectors(vectors: readonly AxisVector[], dims: readonly number[]): void {
  const fits = vectors.every((vector, axis) =>
    vector.kind === 'eq' ? 2 ** vector.point.length >= dims[axis]! : vector.values.length === dims[axis]!,
  );
  invariant(vectors.length === dims.length && fits, 'a functional has a vector for each axis', { dims });
}
