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
import type { ClearCall } from '../../kernels/clear/calls.js';
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

/** Nanoseconds on one thread, about: a node from its children, a pair of nodes in a round with its folds. */
const NODE = 19;
const PAIR = 60;
const ELEMENT = 8;

/** `onProgress`: of the layers, 0 … 1. */
export async function proveLookups(
  sender: Sender,
  memory: TableMemory,
  relation: Relation,
  plan: LookupsPlan,
  vectors: Vectors,
  rows: readonly TableRows[],
  onProgress: (fraction: number) => void = () => undefined,
): Promise<void> {
  const mark = memory.mark();
  const [chi, theta] = sender.transcript.draw('lookups fold', 2) as [Ext, Ext];
  const layers = [await leavesOf(memory, relation, plan, vectors, rows, chi, theta)];
  while (layers[0]!.p.length > 1) layers.unshift(await parentsOf(memory, layers[0]!));
  const root = memory.element(layers[0]!.q, 0);
  let [lambda] = sender.exchange('lookups root', [root, memory.inverse(root)], 1);
  let point: readonly Ext[] = [];
  // p + λ·q of the layer at the point: of the root's numerator, which is 0.
  let claim = extMul(lambda!, root);
  for (let layer = 0; layer < plan.depth; layer++) {
    const next = await proveLayer(
      sender,
      memory,
      layer,
      layers[layer + 1]!,
      point,
      claim,
      lambda!,
      layer === plan.depth - 1,
    );
    ({ point, claim } = next);
    lambda = next.lambda;
    // A layer takes twice the time of the one before it.
    onProgress(2 ** (layer + 1 - plan.depth));
  }
  memory.release(mark);
}

async function leavesOf(
  memory: TableMemory,
  relation: Relation,
  plan: LookupsPlan,
  vectors: Vectors,
  rows: readonly TableRows[],
  chi: Ext,
  theta: Ext,
): Promise<Layer> {
  const size = 2 ** plan.depth;
  const [p, q] = [memory.ext(size), memory.ext(size)];
  fillOnes(memory, q, plan.allocated);
  const one = extNeg(EXT_ONE);
  const square = extMul(theta, theta);
  const denominators = async (input: Table, output: Table, table: number): Promise<Table> => {
    const [c0, c1] = extSub(chi, extScale(square, BigInt(table + 1)));
    const [t0, t1] = extNeg(theta);
    const out = memory.room(input.length);
    const [k0, k1] = one;
    await memory.split(input.length, ELEMENT, (from, to) => [
      ['gl2_affine_n', out.pointer, input.pointer, output.pointer, c0, c1, k0, k1, t0, t1, from, to],
    ]);
    return out;
  };
  const blocks = (kind: LeafBlock['of']['kind'], index: number): LeafBlock[] =>
    plan.blocks.filter(({ of }) => of.kind === kind && of.index === index);
  const part = ({ leaf, log }: LeafBlock, of: Table): Table => ({
    pointer: of.pointer + EXT_BYTES * leaf,
    length: 2 ** log,
  });
  for (const [index, constraint] of relation.constraints.entries()) {
    if (constraint.kind !== 'lookup') continue;
    const mark = memory.mark();
    const [input, output] = [constraint.input, constraint.output].map((form) =>
      formTable(memory, form, constraint.dims, vectors),
    ) as [Table, Table];
    const all = await denominators(input, output, constraint.table);
    for (const block of blocks('lookup', index)) {
      copyPart(memory, constraint.dims, block, all, part(block, q), 'out');
      fillOnes(memory, part(block, p), 0);
    }
    memory.release(mark);
  }
  for (const [index, { input, output }] of rows.entries()) {
    const mark = memory.mark();
    const all = await denominators(input, output, index);
    for (const block of blocks('table', index)) {
      copyPart(memory, [input.length], block, all, part(block, q), 'out');
      const numerators = part(block, p);
      const counts = vectors.multiplicities[index]!.pointer + FIELD_BYTES * block.start[0]!;
      memory.exports.gl2_add_scaled_base_n(numerators.pointer, counts, ORDER - 1n, 0n, 0, numerators.length);
    }
    memory.release(mark);
  }
  return { p, q };
}

/** 1 from element `from` on, where they were 0 or 1. */
function fillOnes(memory: TableMemory, { pointer, length }: Table, from: number): void {
  if (from >= length) return;
  const words = memory.kernels.heap.words(pointer + EXT_BYTES * from, 4 * (length - from));
  words.fill(0, 0, 4);
  words[0] = 1;
  for (let known = 4; known < words.length; known *= 2) words.copyWithin(known, 0, known);
}

async function parentsOf(memory: TableMemory, { p, q }: Layer): Promise<Layer> {
  const half = p.length / 2;
  const above = { p: memory.room(half), q: memory.room(half) };
  const [p1, q1] = [p.pointer + EXT_BYTES * half, q.pointer + EXT_BYTES * half];
  await memory.split(half, NODE, (from, to) => [
    ['gkr_up', above.p.pointer, above.q.pointer, p.pointer, p1, q.pointer, q1, EXT_BYTES, from, to],
  ]);
  return above;
}

/** A layer's four tables of children, and the weights of pairs of nodes. */
interface Children {
  readonly tables: readonly [p0: number, p1: number, q0: number, q1: number];
  readonly weights: number;
}

/** Where a layer's tables go when they are folded: there and back, since what is cut up cannot be folded in place. */
function roomForFolds(memory: TableMemory, half: number): Children {
  const room = () => memory.room(half / 2).pointer;
  return { tables: [room(), room(), room(), room()], weights: memory.room(Math.max(1, half / 4)).pointer };
}

/** Folds nodes by r and leaves the round of what comes out: `pairs` of them. */
function foldRound(memory: TableMemory, from: Children, to: Children, [r0, r1]: Ext, pairs: number): Promise<Ext[]> {
  return memory.sums(2, pairs, PAIR, (first, last, out) => [
    ...from.tables.map((table, k): ClearCall => {
      return ['gkr_fold', to.tables[k]!, table, EXT_BYTES, r0, r1, 2 * first, 2 * last];
    }),
    ['gl2_pair_sums_n', to.weights, from.weights, first, last],
    ['gkr_round', ...to.tables, EXT_BYTES, to.weights, first, last, out],
  ]);
}

/** `claim` = p + λ·q of the layer above at the point; the layer's tables are used up. */
async function proveLayer(
  sender: Sender,
  memory: TableMemory,
  layer: number,
  { p, q }: Layer,
  point: readonly Ext[],
  claim: Ext,
  lambda: Ext,
  last: boolean,
): Promise<{ readonly point: readonly Ext[]; readonly claim: Ext; readonly lambda: Ext | undefined }> {
  const { exports } = memory;
  const half = p.length / 2;
  const [p1, q1] = [p.pointer + EXT_BYTES * half, q.pointer + EXT_BYTES * half];
  await memory.split(half, ELEMENT, (from, to) => [
    ['gkr_mix', p.pointer, q.pointer, EXT_BYTES, lambda[0], lambda[1], from, to],
  ]);
  const mark = memory.mark();
  let now: Children = {
    tables: [p.pointer, p1, q.pointer, q1],
    weights: memory.eqTable(point.slice(1)).pointer,
  };
  let next = half > 1 ? roomForFolds(memory, half) : now;
  const rho: Ext[] = [];
  let running = claim;
  let message: Ext[] =
    layer === 0
      ? []
      : await memory.sums(2, half / 2, PAIR / 2, (from, to, out) => [
          ['gkr_round', ...now.tables, EXT_BYTES, now.weights, from, to, out],
        ]);
  for (let round = 0; round < layer; round++) {
    const [zero, square] = message as [Ext, Ext];
    const z = point[round]!;
    const one = extMul(extSub(running, extMul(extSub(EXT_ONE, z), zero)), memory.inverse(z));
    const rise = extSub(one, zero);
    const [r] = sender.exchange(`lookups layer ${layer} round ${round}`, [rise, square], 1) as [Ext];
    const pairs = half / 2 ** (round + 2);
    if (round + 1 < layer) {
      message = await foldRound(memory, now, next, r, pairs);
    } else {
      // One node is left.
      now.tables.forEach((table, k) => {
        exports.gkr_fold(next.tables[k]!, table, EXT_BYTES, r[0], r[1], 0, 1);
      });
    }
    [now, next] = [next, now];
    running = extAdd(zero, extMul(r, extAdd(extSub(rise, square), extMul(r, square))));
    rho.push(r);
  }
  const [mixed, b, c, d] = now.tables.map((pointer) => memory.element({ pointer, length: 1 }, 0)) as [
    Ext,
    Ext,
    Ext,
    Ext,
  ];
  memory.release(mark);
  const a = extSub(mixed, extMul(lambda, c));
  const [mu, following] = sender.exchange(`lookups layer ${layer} end`, [a, b, c, d], last ? 1 : 2);
  const between = (low: Ext, high: Ext) => extAdd(low, extMul(mu!, extSub(high, low)));
  const nextClaim = extAdd(between(a, b), extMul(following ?? EXT_ONE, between(c, d)));
  return { point: [...rho, mu!], claim: nextClaim, lambda: following };
}
