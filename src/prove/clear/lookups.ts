/** Step 2 of the argument (verify/clear/lookups.ts) on the kernels: the messages are those of reference/lookups.ts. */
import {
  EXT_BYTES,
  EXT_ONE,
  FIELD_BYTES,
  ORDER,
  extAdd,
  extMul,
  extNeg,
  extScale,
  extSub,
  type Ext,
} from '../../field/goldilocks.js';
import type { LeafBlock, LookupsPlan } from '../../verify/clear/plan.js';
import type { Relation } from '../../verify/clear/relation.js';
import { copyPart } from './boxes.js';
import type { Table, TableMemory } from './memory.js';
import type { Sender } from './reference/sender.js';
import { formTable, type TableRows, type Vectors } from './vectors.js';

/** Numerators and denominators, extension elements. */
interface Layer {
  readonly p: Table;
  readonly q: Table;
}

export function proveLookups(
  sender: Sender,
  memory: TableMemory,
  relation: Relation,
  plan: LookupsPlan,
  vectors: Vectors,
  rows: readonly TableRows[],
): void {
  const mark = memory.mark();
  const [chi, theta] = sender.transcript.draw('lookups fold', 2) as [Ext, Ext];
  const layers = [leavesOf(memory, relation, plan, vectors, rows, chi, theta)];
  while (layers[0]!.p.length > 1) layers.unshift(parentsOf(memory, layers[0]!));
  const root = memory.element(layers[0]!.q, 0);
  let [lambda] = sender.exchange('lookups root', [root, memory.inverse(root)], 1);
  let point: readonly Ext[] = [];
  // p + λ·q of the layer at the point: of the root's numerator, which is 0.
  let claim = extMul(lambda!, root);
  for (let layer = 0; layer < plan.depth; layer++) {
    const next = proveLayer(sender, memory, layer, layers[layer + 1]!, point, claim, lambda!, layer === plan.depth - 1);
    ({ point, claim } = next);
    lambda = next.lambda;
  }
  memory.release(mark);
}

function leavesOf(
  memory: TableMemory,
  relation: Relation,
  plan: LookupsPlan,
  vectors: Vectors,
  rows: readonly TableRows[],
  chi: Ext,
  theta: Ext,
): Layer {
  const size = 2 ** plan.depth;
  const [p, q] = [memory.ext(size), memory.ext(size)];
  fillOnes(memory, q, plan.allocated);
  const one = extNeg(EXT_ONE);
  const square = extMul(theta, theta);
  const denominators = (input: Table, output: Table, table: number): Table => {
    const [c0, c1] = extSub(chi, extScale(square, BigInt(table + 1)));
    const [t0, t1] = extNeg(theta);
    const out = memory.ext(input.length);
    const { exports } = memory;
    exports.gl2_affine_n(out.pointer, input.pointer, output.pointer, c0, c1, one[0], one[1], t0, t1, 0, input.length);
    return out;
  };
  const blocks = (kind: LeafBlock['of']['kind'], index: number): LeafBlock[] =>
    plan.blocks.filter(({ of }) => of.kind === kind && of.index === index);
  const part = ({ leaf, log }: LeafBlock, of: Table): Table => ({
    pointer: of.pointer + EXT_BYTES * leaf,
    length: 2 ** log,
  });
  relation.constraints.forEach((constraint, index) => {
    if (constraint.kind !== 'lookup') return;
    const mark = memory.mark();
    const [input, output] = [constraint.input, constraint.output].map((form) =>
      formTable(memory, form, constraint.dims, vectors),
    ) as [Table, Table];
    const all = denominators(input, output, constraint.table);
    for (const block of blocks('lookup', index)) {
      copyPart(memory, constraint.dims, block, all, part(block, q), 'out');
      fillOnes(memory, part(block, p), 0);
    }
    memory.release(mark);
  });
  relation.tables.forEach((_, index) => {
    const mark = memory.mark();
    const { input, output } = rows[index]!;
    const all = denominators(input, output, index);
    for (const block of blocks('table', index)) {
      copyPart(memory, [input.length], block, all, part(block, q), 'out');
      const numerators = part(block, p);
      const counts = vectors.multiplicities[index]!.pointer + FIELD_BYTES * block.start[0]!;
      memory.exports.gl2_add_scaled_base_n(numerators.pointer, counts, ORDER - 1n, 0n, 0, numerators.length);
    }
    memory.release(mark);
  });
  return { p, q };
}

/** 1 from element `from` on. */
function fillOnes(memory: TableMemory, { pointer, length }: Table, from: number): void {
  const words = new BigUint64Array(memory.kernels.memory.buffer, pointer, 2 * length);
  for (let i = from; i < length; i++) words[2 * i] = 1n;
}

function parentsOf(memory: TableMemory, { p, q }: Layer): Layer {
  const half = p.length / 2;
  const above = { p: memory.ext(half), q: memory.ext(half) };
  const [p1, q1] = [p.pointer + EXT_BYTES * half, q.pointer + EXT_BYTES * half];
  memory.exports.gkr_up(above.p.pointer, above.q.pointer, p.pointer, p1, q.pointer, q1, EXT_BYTES, 0, half);
  return above;
}

/** `claim` = p + λ·q of the layer above at the point; the layer's tables are used up. */
function proveLayer(
  sender: Sender,
  memory: TableMemory,
  layer: number,
  { p, q }: Layer,
  point: readonly Ext[],
  claim: Ext,
  lambda: Ext,
  last: boolean,
): { readonly point: readonly Ext[]; readonly claim: Ext; readonly lambda: Ext | undefined } {
  const { exports } = memory;
  let half = p.length / 2;
  const [p0, p1] = [p.pointer, p.pointer + EXT_BYTES * half];
  const [q0, q1] = [q.pointer, q.pointer + EXT_BYTES * half];
  exports.gkr_mix(p0, q0, EXT_BYTES, lambda[0], lambda[1], 0, half);
  const mark = memory.mark();
  let weights = memory.eqTable(point.slice(1));
  const rho: Ext[] = [];
  let running = claim;
  for (let round = 0; round < layer; round++) {
    const [zero, square] = memory.result(2, (out) =>
      exports.gkr_round(p0, p1, q0, q1, EXT_BYTES, weights.pointer, 0, half / 2, out),
    ) as [Ext, Ext];
    const z = point[round]!;
    const one = extMul(extSub(running, extMul(extSub(EXT_ONE, z), zero)), memory.inverse(z));
    const rise = extSub(one, zero);
    const [r] = sender.exchange(`lookups layer ${layer} round ${round}`, [rise, square], 1) as [Ext];
    half /= 2;
    for (const table of [p0, p1, q0, q1]) exports.gkr_fold(table, table, EXT_BYTES, r[0], r[1], 0, half);
    running = extAdd(zero, extMul(r, extAdd(extSub(rise, square), extMul(r, square))));
    if (weights.length > 1) {
      exports.gl2_pair_sums_n(weights.pointer, weights.pointer, 0, weights.length / 2);
      weights = { pointer: weights.pointer, length: weights.length / 2 };
    }
    rho.push(r);
  }
  memory.release(mark);
  const [mixed, b, c, d] = [p0, p1, q0, q1].map((pointer) => memory.element({ pointer, length: 1 }, 0)) as [
    Ext,
    Ext,
    Ext,
    Ext,
  ];
  const a = extSub(mixed, extMul(lambda, c));
  const [mu, next] = sender.exchange(`lookups layer ${layer} end`, [a, b, c, d], last ? 1 : 2);
  const between = (low: Ext, high: Ext) => extAdd(low, extMul(mu!, extSub(high, low)));
  const following = extAdd(between(a, b), extMul(next ?? EXT_ONE, between(c, d)));
  return { point: [...rho, mu!], claim: following, lambda: next };
}
