/**
 * y = bias + Σ_s maps[s](x_s). Not committed when read by one requantisation: pending. Sums of whole tensors by whole factors, as of residual
 * connections, are no matrix products but vectors.
 */
import { at } from '../../ir/op.js';
import type { FormTerm } from '../../../verify/clear/relation.js';
import { uniformFactor } from '../../real/linear-map.js';
import { writeMap, type WrittenMap } from '../maps.js';
import type { Lowering } from '../lowering.js';
import { indices, pick } from '../lowering.js';
import type { ClearOp, NodeOf } from '../op.js';
import { combine, constants, select, type Vec } from '../vec.js';

export const linear: ClearOp<'linear'> = {
  lower(c, node) {
    const sum = sumOfTensors(c, node);
    if (sum !== undefined) {
      const rows = c.openRows(node.name);
      c.define(node.name, rows, select(sum, rows));
      return;
    }
    const operands = node.inputs.map((name) => c.simple(name));
    c.postpone(node.name, { isWhole: false, emit: (rows, form) => emit(c, node, operands, rows, form) });
  },
};

function emit(c: Lowering, node: NodeOf<'linear'>, operands: readonly Vec[], rows: Uint32Array, form: Vec): void {
  const { writer } = c;
  if (writer.isSurvey) return;
  const { maps, bias } = node.attrs;
  writer.at(node.name);
  const written = maps.map((map, s) => writeMap(map, rows, at(operands, s), (ref) => writer.sizeOf(ref)));
  const added = Float64Array.from(rows, (row, i) =>
    written.reduce((sum, { constant }) => sum + constant[i]!, bias[row]!),
  );
  const terms = written.flatMap(({ terms: list }) => list.map((term) => weighted(c, term)));
  const { lo, hi } = c.facts.get(node.name)!;
  const fact = { lo: pick(lo, rows), hi: pick(hi, rows) };
  const [first = 0] = added;
  if (added.every((value) => value === first)) {
    const moved = combine([[1, form]], -first);
    writer.linear(moved, terms, { lo: fact.lo.map((v) => v - first), hi: fact.hi.map((v) => v - first) });
    return;
  }
  const index = writer.weight('bias', [rows.length], added);
  const term: FormTerm = { coefficient: -1n, source: { side: 'weight', index } };
  writer.linear(form, terms, fact, [term]);
}

function weighted(c: Lowering, { operand, map: { dims, ...map }, values }: WrittenMap['terms'][number]) {
  return { operand, map: { ...map, weight: c.writer.weight(`weights, ${map.kind}`, dims, values) } };
}

/** Σ factor_s·x_s + bias where every map is a whole factor and every x_s a vector already. */
function sumOfTensors(c: Lowering, { inputs, attrs: { maps, bias } }: NodeOf<'linear'>): Vec | undefined {
  const factors = maps.map(uniformFactor);
  if (factors.length === 0 || factors.some((factor) => factor === undefined || factor === 0)) return undefined;
  if (inputs.some((name) => c.pending(name) !== undefined)) return undefined;
  const parts = inputs.map((name, s) => [factors[s]!, c.vec(name)] as const);
  const live = indices(bias.length, (i) => parts.every(([, vec]) => !Number.isNaN(vec.lo[i]!)));
  if (live.length < bias.length) return undefined;
  return combine([...parts, [1, constants(bias)]]);
}
