/**
 * y = bias + Σ_s maps[s](x_s). Not committed when read by one requantisation: pending. Sums of whole tensors by whole factors, as of residual
 * connections, are no matrix products but vectors. A map along axes speaks of all its rows, in their order, or is written as any other.
 */
import { at } from '../../ir/op.js';
import { inExtents, outExtents } from '../../../verify/clear/axes.js';
import type { FormTerm, MapAxis } from '../../../verify/clear/relation.js';
import { uniformFactor } from '../../real/linear-map.js';
import { axesOf } from '../axes.js';
import { writeAxes, writeMap, type WrittenMap } from '../maps.js';
import type { Lowering } from '../lowering.js';
import { indices, pick } from '../lowering.js';
import type { ClearOp, NodeOf } from '../op.js';
import { commonBox } from '../shapes.js';
import { combine, constants, isIdentity, plainRef, select, type Vec } from '../vec.js';

export const linear: ClearOp<'linear'> = {
  lower(c, node) {
    const sum = sumOfTensors(c, node);
    if (sum !== undefined) {
      const rows = c.openRows(node.name);
      c.define(node.name, rows, select(sum, rows));
      return;
    }
    const operands = operandsOf(c, node);
    const isBox = operands.some(({ axes }) => axes !== undefined);
    c.postpone(node.name, { isWhole: false, isBox, emit: (rows, form) => emit(c, node, operands, rows, form) });
  },
};

interface Operand {
  readonly vec: Vec;
  /** Of a map along axes: then the vector is all of one tensor, whose dims are theirs. */
  readonly axes?: readonly MapAxis[];
}

/** Maps along axes whose outs no box has together are as any other. */
function operandsOf(c: Lowering, { inputs, attrs: { maps } }: NodeOf<'linear'>): Operand[] {
  const boxes: (readonly number[])[] = [];
  return inputs.map((name, s) => {
    const axes = axesOf(at(maps, s));
    if (axes === undefined || commonBox([...boxes, outExtents(axes)]) === undefined) return { vec: c.simple(name) };
    boxes.push(outExtents(axes));
    return { vec: c.box(name, inExtents(axes)), axes };
  });
}

function emit(c: Lowering, node: NodeOf<'linear'>, operands: readonly Operand[], rows: Uint32Array, form: Vec): void {
  const { writer } = c;
  if (writer.isSurvey) return;
  const { maps, bias } = node.attrs;
  writer.at(node.name);
  const isAll = isIdentity(rows, bias.length);
  const boxes: (readonly number[])[] = [];
  const written = maps.map((map, s) => {
    const { vec, axes } = operands[s]!;
    if (axes === undefined || !isAll) return writeMap(map, rows, vec, (ref) => writer.sizeOf(ref));
    boxes.push(outExtents(axes));
    return writeAxes(map, axes, plainRef(vec)!);
  });
  const box = boxes.length === 0 ? {} : { box: commonBox(boxes)! };
  const added = Float64Array.from(rows, (row, i) =>
    written.reduce((sum, { constant }) => sum + constant[i]!, bias[row]!),
  );
  const terms = written.flatMap(({ terms: list }) => list.map((term) => weighted(c, term)));
  const { lo, hi } = c.facts.get(node.name)!;
  const fact = { lo: pick(lo, rows), hi: pick(hi, rows) };
  const [first = 0] = added;
  if (added.every((value) => value === first)) {
    const moved = combine([[1, form]], -first);
    writer.linear(moved, terms, { lo: fact.lo.map((v) => v - first), hi: fact.hi.map((v) => v - first) }, box);
    return;
  }
  const index = writer.weight('bias', added);
  const term: FormTerm = { coefficient: -1n, source: { side: 'weight', index } };
  writer.linear(form, terms, fact, { extra: [term], ...box });
}

function weighted(c: Lowering, { operand, map: { dims, ...map }, values }: WrittenMap['terms'][number]) {
  return { operand, map: { ...map, weight: c.writer.weight(`weights, ${map.kind}`, values, dims) } };
}

/** Σ factor_s·x_s + bias where every map is a whole factor and every x_s a vector already. */
function sumOfTensors(c: Lowering, { inputs, attrs: { maps, bias } }: NodeOf<'linear'>): Vec | undefined {
  if (maps.some((map) => axesOf(map)?.some(({ kind }) => kind !== 'shared'))) return undefined;
  const factors = maps.map(uniformFactor);
  if (factors.length === 0 || factors.some((factor) => factor === undefined || factor === 0)) return undefined;
  if (inputs.some((name) => c.pending(name) !== undefined)) return undefined;
  const parts = inputs.map((name, s) => [factors[s]!, c.vec(name)] as const);
  const live = indices(bias.length, (i) => parts.every(([, vec]) => !Number.isNaN(vec.lo[i]!)));
  if (live.length < bias.length) return undefined;
  return combine([...parts, [1, constants(bias)]]);
}
