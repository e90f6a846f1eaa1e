/** Maps and functionals that are products along axes (verify/clear/axes.ts), in the kernels' memory: nothing is walked entry by entry. */
import { EXT_ONE, extMul, type Ext } from '../../field/goldilocks.js';
import { inExtents, outExtents, runsOf, type AxesMap } from '../../verify/clear/axes.js';
import { boxVariables } from '../../verify/clear/box.js';
import type { AxisVector, FunctionalTerm } from '../../verify/clear/functional.js';
import { checkVectors } from '../../verify/clear/functional-value.js';
import type { Block, Layout } from '../../verify/clear/layout.js';
import { eqAt } from '../../verify/clear/multilinear.js';
import type { MapAxis } from '../../verify/clear/relation.js';
import { boxTable } from './boxes.js';
import type { Table, TableMemory } from './memory.js';

type Of<K extends MapAxis['kind']> = Extract<MapAxis, { kind: K }>;

/** One step along an axis: `list` says which of `ins` elements adds to which of `outs`, times which of the point's weights. */
interface Step {
  readonly outs: number;
  readonly ins: number;
  readonly list: readonly (readonly [to: number, from: number, row: number])[];
}

interface AxisPlan<A extends MapAxis> {
  /** How soon: what sums comes before what keeps, and that before what spreads. */
  readonly order: number;
  /** Whether the step sums over all of the axis. */
  readonly isSum: boolean;
  /** Elements along the axis before and behind the step. */
  readonly step: (axis: A) => Step;
  /** Of the weights' elements along the axis, those that the step leaves as they are. */
  readonly inner: (axis: A) => number;
}

const PLANS: { readonly [K in MapAxis['kind']]: AxisPlan<Of<K>> } = {
  full: {
    order: 0,
    isSum: true,
    step: ({ out }) => ({ outs: 1, ins: out, list: range(out).map((o) => [0, o, o]) }),
    inner: (axis) => axis.in,
  },
  own: {
    order: 1,
    isSum: false,
    step: ({ size }) => ({ outs: size, ins: size, list: range(size).map((i) => [i, i, i]) }),
    inner: () => 1,
  },
  window: {
    order: 2,
    isSum: false,
    step: ({ out, in: inputs, kernel, stride, dilation, pad }) => ({
      outs: inputs,
      ins: kernel,
      list: range(out).flatMap((o) =>
        range(kernel)
          .map((k) => [o * stride + k * dilation - pad, k, o] as const)
          .filter(([i]) => i >= 0 && i < inputs),
      ),
    }),
    inner: () => 1,
  },
  shared: {
    order: 3,
    isSum: false,
    step: ({ size }) => ({ outs: size, ins: 1, list: range(size).map((i) => [i, 0, i]) }),
    inner: () => 1,
  },
};

/** W(r, ·) = Σ_o w(r, o)·W[o, ·] over the operand, flat. Behind the axis that is summed first, tables are no longer than the operand's. */
export function axesRow(
  memory: TableMemory,
  { axes }: AxesMap,
  weights: Table,
  dims: readonly number[],
  r: readonly Ext[],
): Table {
  const row = memory.ext(inExtents(axes).reduce((product, size) => product * size, 1));
  const mark = memory.mark();
  const points = rowPoints(dims, outExtents(axes), r);
  const steps = axes.map((axis) => {
    const plan = PLANS[axis.kind] as AxisPlan<MapAxis>;
    return { order: plan.order, isSum: plan.isSum, inner: plan.inner(axis), ...plan.step(axis) };
  });
  const lengths = steps.map(({ ins, inner }) => ins * inner);
  const queue = [...steps.keys()].sort((a, b) => steps[a]!.order - steps[b]!.order);
  let table = weights;
  let isBase = true;
  queue.forEach((a, position) => {
    const { outs, ins, inner: own, list, isSum } = steps[a]!;
    const outer = lengths.slice(0, a).reduce((product, length) => product * length, 1);
    const inner = lengths.slice(a + 1).reduce((product, length) => product * length, own);
    const isLast = position === queue.length - 1;
    const out = isLast ? row : memory.ext(outer * outs * inner);
    const values = boxTable(memory, { kind: 'point', dims: points[a]!.run, point: points[a]!.point });
    if (isBase && isSum) {
      memory.exports.gl2_axis_sum_base(out.pointer, table.pointer, values.pointer, outer, ins, inner);
    } else {
      const from = isBase ? lifted(memory, table) : table;
      const [to, source] = [0, 1].map((k) =>
        listOf(
          memory,
          list.map((entry) => entry[k as 0 | 1]),
        ),
      );
      const factors = picked(
        memory,
        values,
        list.map(([, , o]) => o),
      );
      memory.exports.gl2_axis_add(
        out.pointer,
        from.pointer,
        factors.pointer,
        to!,
        source!,
        list.length,
        outer,
        outs,
        ins,
        inner,
      );
    }
    table = out;
    isBase = false;
    lengths[a] = outs * own;
  });
  memory.release(mark);
  return row;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The dims that make up each extent, and their part of the point: the last run has the lowest variables. */
function rowPoints(dims: readonly number[], extents: readonly number[], r: readonly Ext[]) {
  let from = 0;
  return runsOf(dims, extents)!
    .map((run) => (run.length === 0 ? [1] : run))
    .reverse()
    .map((run) => {
      const point = r.slice(from, from + boxVariables(run));
      from += point.length;
      return { run, point };
    })
    .reverse();
}

function lifted(memory: TableMemory, { pointer, length }: Table): Table {
  const out = memory.ext(length);
  memory.exports.gl2_from_base_n(out.pointer, pointer, 0, length);
  return out;
}

function listOf(memory: TableMemory, list: readonly number[]): number {
  return memory.kernels.heap.copyIn(new Uint8Array(Uint32Array.from(list).buffer));
}

/** Elements `rows` of a table, one after the other. */
function picked(memory: TableMemory, { pointer }: Table, rows: readonly number[]): Table {
  const out = memory.ext(rows.length);
  memory.exports.gl2_select_add(out.pointer, 0, pointer, listOf(memory, rows), 1n, 0n, 0, rows.length);
  return out;
}

/**
 * Adds scale·term to columns of weights, block by block: an outer product of the vectors' segments. eq of neighbouring axes is one eq: the lower variables of
 * each run through the block, the upper ones say where it is.
 */
export function addAxes(
  memory: TableMemory,
  layout: Layout,
  { tensor, coefficient, vectors }: Extract<FunctionalTerm, { kind: 'axes' }>,
  scale: Ext,
  at: (row: number, column: number) => number,
): void {
  checkVectors(vectors, layout.dims[tensor]!);
  const { exports } = memory;
  for (const block of layout.ofTensor[tensor]!) {
    const mark = memory.mark();
    const { factor, parts } = segmentsOf(vectors, block, extMul(scale, coefficient));
    // From the right: only the last product is as long as the block, and that one goes where it belongs.
    const [lowest = { kind: 'eq', point: [] }, ...others] = parts;
    let product = tableOf(memory, lowest, factor);
    for (const part of others.slice(0, -1)) {
      const left = tableOf(memory, part);
      const out = memory.ext(left.length * product.length);
      exports.gl2_outer_add(out.pointer, left.pointer, left.length, product.pointer, product.length);
      product = out;
    }
    const highest = others.at(-1);
    const target = at(block.row, block.column);
    if (highest === undefined) {
      exports.gl2_select_add(target, 0, product.pointer, 0, 1n, 0n, 0, product.length);
    } else {
      const left = tableOf(memory, highest);
      exports.gl2_outer_add(target, left.pointer, left.length, product.pointer, product.length);
    }
    memory.release(mark);
  }
}

/** Segments of the vectors on a block, the last axis first, neighbouring eqs joined; those of one element are factors. */
function segmentsOf(
  vectors: readonly AxisVector[],
  { start, logs }: Block,
  scale: Ext,
): { readonly factor: Ext; readonly parts: readonly AxisVector[] } {
  const parts: AxisVector[] = [];
  let factor = scale;
  for (let axis = vectors.length - 1; axis >= 0; axis--) {
    const [vector, log, first] = [vectors[axis]!, logs[axis]!, start[axis]!];
    if (vector.kind === 'values') {
      if (log === 0) factor = extMul(factor, vector.values[first]!);
      else parts.push({ kind: 'values', values: vector.values.slice(first, first + 2 ** log) });
      continue;
    }
    factor = extMul(factor, eqAt(vector.point.slice(log), first / 2 ** log));
    const [before, own] = [parts.at(-1), vector.point.slice(0, log)];
    if (before?.kind === 'eq') parts[parts.length - 1] = { kind: 'eq', point: [...before.point, ...own] };
    else if (log > 0) parts.push({ kind: 'eq', point: own });
  }
  return { factor, parts };
}

function tableOf(memory: TableMemory, vector: AxisVector, scale: Ext = EXT_ONE): Table {
  if (vector.kind === 'eq') return memory.eqTable(vector.point, scale);
  const table = memory.ext(vector.values.length);
  vector.values.forEach((value, i) => memory.set(table, i, extMul(scale, value)));
  return table;
}
