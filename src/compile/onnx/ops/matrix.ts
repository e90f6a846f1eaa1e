/** MatMul and Gemm: a constant side makes a linear map with one pattern a column, two computed sides sums of products. */
import { gatherMap, LinearMapBuilder, scalarMap, structuredMap, type LinearMap } from '../../real/linear-map.js';
import { sizesOf, type MapAxis } from '../../real/map-structure.js';
import type { Bilinear } from '../../real/graph.js';
import { isConstant, type Constant, type LinearTerm, type OpContext, type Value } from '../context.js';
import type { OperatorTable } from '../operator.js';
import { broadcastDims, broadcastIndex, elementCount, type Dims } from '../shapes.js';
import { spread } from './arithmetic.js';

/** A batch of matrices inside a flat tensor: element (row, column) of batch member b is at base[b] + row·rowStride + column·columnStride. */
interface Matrices {
  readonly base: Int32Array;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

function transpose(m: Matrices): Matrices {
  return { base: m.base, rows: m.columns, columns: m.rows, rowStride: m.columnStride, columnStride: m.rowStride };
}

/** Flat offsets of one row. */
function rowOffsets({ columns, columnStride }: Matrices): Int32Array {
  return Int32Array.from({ length: columns }, (_, k) => k * columnStride);
}

/**
 * The map x → c·x·W over x's elements, or W's from the left with `x` and `weights` transposed by the caller. Result rows in the order
 * batch, then outer (x's rows), then inner (W's columns); `swap` exchanges the last two.
 */
function productMap(
  x: Matrices,
  weights: Matrices,
  values: Float64Array,
  inSize: number,
  factor: number,
  swap: boolean,
): LinearMap {
  const builder = new LinearMapBuilder(inSize);
  const offsets = rowOffsets(x);
  const patterns = new Map<number, number>();
  const coefs = new Float64Array(weights.rows);
  const pattern = (base: number, column: number): number => {
    const first = base + column * weights.columnStride;
    let known = patterns.get(first);
    if (known === undefined) {
      for (let k = 0; k < coefs.length; k++) coefs[k] = factor * values[first + k * weights.rowStride]!;
      known = builder.pattern(offsets, coefs);
      patterns.set(first, known);
    }
    return known;
  };
  for (let b = 0; b < x.base.length; b++) {
    const emit = (row: number, column: number) => {
      builder.row(pattern(weights.base[b]!, column), x.base[b]! + row * x.rowStride);
    };
    if (swap) for (let c = 0; c < weights.columns; c++) for (let r = 0; r < x.rows; r++) emit(r, c);
    else for (let r = 0; r < x.rows; r++) for (let c = 0; c < weights.columns; c++) emit(r, c);
  }
  return builder.build();
}

/** Both sides computed. */
function productEntries(context: OpContext, a: Matrices, b: Matrices): Bilinear {
  const outputs = a.base.length * a.rows * b.columns;
  context.reserveEntries(2 * outputs * a.columns);
  const start = Uint32Array.from({ length: outputs + 1 }, (_, i) => i * a.columns);
  const left = new Uint32Array(outputs * a.columns);
  const right = new Uint32Array(outputs * a.columns);
  let at = 0;
  for (let batch = 0; batch < a.base.length; batch++) {
    for (let r = 0; r < a.rows; r++) {
      for (let c = 0; c < b.columns; c++) {
        for (let k = 0; k < a.columns; k++, at++) {
          left[at] = a.base[batch]! + r * a.rowStride + k * a.columnStride;
          right[at] = b.base[batch]! + k * b.rowStride + c * b.columnStride;
        }
      }
    }
  }
  const shape = { batch: a.base.length, m: a.rows, k: a.columns, n: b.columns };
  return { start, left, right, shape };
}

/** A batch axis where x has `x` members and the weights `weights`, of which one may be 1. */
function batchAxis(x: number, weights: number): MapAxis {
  if (x === 1 && weights > 1) return { kind: 'full', out: weights, in: 1 };
  return weights === 1 ? { kind: 'shared', size: x } : { kind: 'own', size: x };
}

interface ConstantProduct {
  readonly x: Matrices;
  readonly weights: Matrices;
  readonly values: Float64Array;
  readonly factor: number;
  /** The weights are on the left: both are transposed, and rows of the result go over the weights' columns first. */
  readonly swap: boolean;
  readonly batch: readonly MapAxis[];
}

/** As `productMap`. */
function constantProduct(inSize: number, product: ConstantProduct): LinearMap {
  const { x, weights, values, factor, swap, batch } = product;
  const isPlain = swap ? x.rowStride === 1 && x.columnStride === x.rows : x.columnStride === 1;
  if (!isPlain) return productMap(x, weights, values, inSize, factor, swap);
  const rows: MapAxis = { kind: 'shared', size: x.rows };
  const features: MapAxis = { kind: 'full', out: weights.columns, in: weights.rows };
  const axes = [...batch, ...(swap ? [features, rows] : [rows, features])];
  return structuredMap({ axes, weights: outputsFirst(weights, values, factor, sizesOf({ axes }).weights) });
}

/** Of each of the matrices one after another the columns, times the factor. */
function outputsFirst(
  { rows, columns, rowStride, columnStride }: Matrices,
  values: Float64Array,
  factor: number,
  size: number,
) {
  const isThere = rowStride === 1 && columnStride === rows;
  if (isThere && factor === 1) return values;
  const moved = new Float64Array(size);
  for (let first = 0, at = 0; first < size; first += rows * columns) {
    for (let c = 0; c < columns; c++) {
      for (let k = 0; k < rows; k++) moved[at++] = factor * values[first + k * rowStride + c * columnStride]!;
    }
  }
  return moved;
}

interface Product {
  readonly a: Value;
  readonly b: Value;
  readonly aView: Matrices;
  readonly bView: Matrices;
  readonly dims: Dims;
  /** Multiplies the product. */
  readonly factor: number;
  /** Members of a and of b along each batch axis. */
  readonly batch: readonly (readonly [a: number, b: number])[];
}

/** The product as one term of a linear node; two computed sides become a bilinear node of their own before it. */
function productTerm(context: OpContext, { a, b, aView, bView, dims, factor, batch }: Product): LinearTerm {
  context.requireReal(a);
  context.requireReal(b);
  const size = context.reserve(dims);
  if (isConstant(b)) {
    context.reserveEntries(b.values.length);
    const axes = batch.map(([x, weights]) => batchAxis(x, weights));
    const product = { x: aView, weights: bView, values: b.values, factor, swap: false, batch: axes };
    return { value: a, map: constantProduct(elementCount(a.dims), product) };
  }
  if (isConstant(a)) {
    context.reserveEntries(a.values.length);
    const axes = batch.map(([weights, x]) => batchAxis(x, weights));
    const [x, weights] = [transpose(bView), transpose(aView)];
    const product = { x, weights, values: a.values, factor, swap: true, batch: axes };
    return { value: b, map: constantProduct(elementCount(b.dims), product) };
  }
  const op = { kind: 'bilinear', ...productEntries(context, aView, bView) } as const;
  const value = context.emit(op, [a, b], dims, a.dtype, 'product');
  return { value, map: scalarMap(size, factor) };
}

function matmul(context: OpContext): Value {
  const [a, b] = [context.input(0), context.input(1)];
  if (a.dims.length === 0 || b.dims.length === 0) throw context.mismatch('a scalar is no matrix', a.dims, b.dims);
  if (a.dtype !== b.dtype) throw context.invalid(`inputs of different types: ${a.dtype} and ${b.dtype}`);
  const aDims = a.dims.length === 1 ? [1, ...a.dims] : a.dims;
  const bDims = b.dims.length === 1 ? [...b.dims, 1] : b.dims;
  const [rows, inner] = aDims.slice(-2) as [number, number];
  const [depth, columns] = bDims.slice(-2) as [number, number];
  const batch = broadcastDims([aDims.slice(0, -2), bDims.slice(0, -2)]);
  if (inner !== depth || batch === undefined) throw context.mismatch('the matrices do not fit', a.dims, b.dims);
  context.reserve(batch);
  const view = (dims: Dims, r: number, c: number): Matrices => ({
    base: broadcastIndex(dims.slice(0, -2), batch).map((matrix) => matrix * r * c),
    rows: r,
    columns: c,
    rowStride: c,
    columnStride: 1,
  });
  const dims = [...batch, ...(a.dims.length === 1 ? [] : [rows]), ...(b.dims.length === 1 ? [] : [columns])];
  const [aView, bView] = [view(aDims, rows, inner), view(bDims, depth, columns)];
  if (!isConstant(a) && !isConstant(b)) {
    context.requireReal(a);
    context.reserve(dims);
    return context.emit({ kind: 'bilinear', ...productEntries(context, aView, bView) }, [a, b], dims, a.dtype);
  }
  const along = (of: Dims, axis: number) => of[of.length - 2 - batch.length + axis] ?? 1;
  const batchMembers = batch.map((_, axis) => [along(aDims, axis), along(bDims, axis)] as const);
  const term = productTerm(context, { a, b, aView, bView, dims, factor: 1, batch: batchMembers });
  return context.linear([term], new Float64Array(elementCount(dims)), dims, a.dtype);
}

function gemm(context: OpContext): Value {
  const { attributes } = context;
  const [a, b, c] = [context.input(0), context.input(1), context.optional(2)];
  if (a.dims.length !== 2 || b.dims.length !== 2) throw context.mismatch('Gemm multiplies matrices', a.dims, b.dims);
  const view = (value: Value, flip: boolean): Matrices => {
    const [rows, columns] = value.dims as [number, number];
    const plain: Matrices = { base: Int32Array.of(0), rows, columns, rowStride: columns, columnStride: 1 };
    return flip ? transpose(plain) : plain;
  };
  const [aView, bView] = [view(a, attributes.flag('transA')), view(b, attributes.flag('transB'))];
  if (aView.columns !== bView.rows) throw context.mismatch('the matrices do not fit', a.dims, b.dims);
  const dims = [aView.rows, bView.columns];
  const beta = attributes.float('beta', 1);
  const factor = attributes.float('alpha', 1);
  const terms = [productTerm(context, { a, b, aView, bView, dims, factor, batch: [] })];
  if (c !== undefined && broadcastDims([c.dims, dims])?.every((dim, axis) => dim === dims[axis]) !== true) {
    throw context.mismatch('C does not broadcast to the product', c.dims, dims);
  }
  let bias = new Float64Array(elementCount(dims));
  if (c !== undefined && isConstant(c)) bias = scaled(c, dims, beta);
  else if (c !== undefined) {
    context.requireReal(c);
    terms.push({ value: c, map: gatherMap(elementCount(c.dims), broadcastIndex(c.dims, dims), () => beta) });
  }
  return context.linear(terms, bias, dims, a.dtype);
}

function scaled(constant: Constant, dims: Dims, factor: number): Float64Array<ArrayBuffer> {
  return Float64Array.from(spread(constant, dims), (value) => value * factor);
}

export const matrix = {
  MatMul: {
    since: 7,
    inputs: [2, 2],
    notes: 'batches broadcast; free with a constant side, one product a multiplication with two computed sides',
    expand: (context) => [matmul(context)],
  },
  Gemm: {
    since: 7,
    attributes: ['alpha', 'beta', 'transA', 'transB'],
    inputs: [2, 3],
    notes: 'as MatMul; C may be computed',
    expand: (context) => [gemm(context)],
  },
} satisfies OperatorTable;
