/** The opening (verify/clear/opening.ts) on the kernels: the messages are those of reference/opening.ts. */
import { EXT_BYTES, EXT_ZERO, FIELD_BYTES, GL, extAdd, extMul, extScale, type Ext } from '../../field/goldilocks.js';
import type { ClearCall, ClearTask } from '../../kernels/clear/calls.js';
import { ranges } from '../../kernels/team.js';
import type { Claim, FunctionalTerm } from '../../verify/clear/functional.js';
import type { Layout } from '../../verify/clear/layout.js';
import { powersOf } from '../../verify/clear/multilinear.js';
import { bindStatement, pointsOf } from '../../verify/clear/opening.js';
import { combinationVariables, foldsOf } from '../../verify/clear/oracle.js';
import type { OpeningParameters } from '../../verify/clear/parameters.js';
import { addAxes } from './axes.js';
import { boxTable } from './boxes.js';
import type { GrindingChannel } from './grinding.js';
import { commitWord, openTree, twiddlePower, type CommittedMatrix, type OpenTree, type Workshop } from './matrices.js';
import type { Table, TableMemory } from './memory.js';

/** A matrix, and where its tensors lie in it (`keepPositions`). */
export interface PlacedMatrix {
  readonly matrix: CommittedMatrix;
  readonly positions: readonly number[];
}

/** Nanoseconds on one thread, about: a product of extension elements added up, a pair of rows in a round with its folds, an element scaled and added. */
const PRODUCT = 6;
const PAIR = 30;
const SCALED = 7;

/** Of the opening's time, about: claims as weights of columns, their sumcheck; folds are the rest. */
const WEIGHED = 0.3;
const SUMMED = 0.6;

/** Writes the opening of claims that are true. `onProgress`: 0 … 1. */
export async function proveOpening(
  workshop: Workshop,
  channel: GrindingChannel,
  weights: PlacedMatrix | undefined,
  cells: PlacedMatrix,
  claims: readonly Claim[],
  parameters: OpeningParameters,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<void> {
  const { memory } = workshop;
  const mark = memory.mark();
  const { n } = parameters;
  bindStatement(channel, { weights: weights?.matrix, cells: cells.matrix }, claims);
  const drawn = pointsOf(channel.draw('opening points', 2 * n + 1), n);
  const [m1, m2, m3] = cells.matrix.masks as [Table, Table, Table];
  const eqs = drawn.points.map((point) => memory.eqTable(point));
  const sum = extAdd(await dot(memory, m1, eqs[0]!), await dot(memory, m2, eqs[1]!));
  const [beta] = channel.exchange('opening masks', [sum], 1).challenges as [Ext];
  const maskWeights = [await scaled(memory, eqs[0]!, beta), await scaled(memory, eqs[1]!, beta), undefined];
  const powers = powersOf(drawn.alpha, claims.length);
  const plain: Column[] = [];
  for (const placed of [weights, cells]) {
    if (placed)
      plain.push(...(await weighedColumns(memory, placed, placed === cells ? 'cells' : 'weights', claims, powers)));
  }
  onProgress(WEIGHED);
  // Masks are folded in a copy: h needs them whole.
  const masks = [m1, m2, m3].map((mask, k): Column => ({
    f: copied(memory, mask),
    w: maskWeights[k],
    isBase: false,
  }));
  const { rho, values } = await proveRows(memory, channel, [...plain, ...masks], n);
  onProgress(SUMMED);
  const { challenges } = channel.exchange('opening values', values, combinationVariables(values.length));
  const combination = memory.elements(memory.eqTable(challenges));
  const h = memory.ext(2 ** n);
  await memory.split(2 ** n, SCALED * values.length, (from, to) => [
    ...plain.map(({ f }, j): ClearCall => {
      return ['gl2_add_scaled_base_n', h.pointer, f.pointer, ...combination[j]!, from, to];
    }),
    ...[m1, m2, m3].map((mask, k): ClearCall => {
      return ['gl2_add_scaled_n', h.pointer, mask.pointer, ...combination[plain.length + k]!, from, to];
    }),
  ]);
  const trees = [...(weights ? [weights.matrix] : []), cells.matrix];
  await proveFolds(workshop, channel, trees, h, memory.eqTable(rho), parameters);
  memory.release(mark);
}

/** A matrix's columns with the weights that claims give them, powers of α over claims. */
async function weighedColumns(
  memory: TableMemory,
  placed: PlacedMatrix,
  side: 'weights' | 'cells',
  claims: readonly Claim[],
  powers: readonly Ext[],
): Promise<Column[]> {
  const { coefficients, layout } = placed.matrix;
  const rows = 2 ** layout.n;
  const columns = memory.ext(layout.columns * rows);
  for (const [i, { functional }] of claims.entries()) {
    for (const term of functional[side]) {
      const pause = memory.step();
      if (pause !== undefined) await pause;
      addTerm(memory, columns, placed, term, powers[i]!);
    }
  }
  return Array.from({ length: layout.columns }, (_, j) => ({
    f: { pointer: coefficients.pointer + j * rows * FIELD_BYTES, length: rows },
    w: { pointer: columns.pointer + j * rows * EXT_BYTES, length: rows },
    isBase: true,
  }));
}

interface Column {
  readonly f: Table;
  /** Absent: 0. */
  readonly w: Table | undefined;
  readonly isBase: boolean;
}

async function dot(memory: TableMemory, f: Table, g: Table): Promise<Ext> {
  const [sum] = await memory.sums(1, f.length, PRODUCT, (from, to, out) => [
    ['gl2_dot', f.pointer, g.pointer, from, to, out],
  ]);
  return sum!;
}

async function scaled(memory: TableMemory, table: Table, [c0, c1]: Ext): Promise<Table> {
  const out = memory.ext(table.length);
  await memory.split(table.length, SCALED, (from, to) => [
    ['gl2_add_scaled_n', out.pointer, table.pointer, c0, c1, from, to],
  ]);
  return out;
}

function copied(memory: TableMemory, { pointer, length }: Table): Table {
  const out = memory.ext(length);
  const { heap } = memory.kernels;
  heap.bytes(out.pointer, EXT_BYTES * length).set(heap.bytes(pointer, EXT_BYTES * length));
  return out;
}

async function proveRows(
  memory: TableMemory,
  channel: GrindingChannel,
  columns: readonly Column[],
  n: number,
): Promise<{ readonly rho: readonly Ext[]; readonly values: readonly Ext[] }> {
  const rho: Ext[] = [];
  // A column is one task's at a time, so extension columns are folded in place; base columns, which h needs, to these.
  const mark = memory.mark();
  const folded = columns.map(({ f, isBase }) => (isBase && n > 0 ? memory.room(f.length / 2).pointer : f.pointer));
  const sums = columns.map(({ w }) => w && memory.room(2).pointer);
  const calls = (j: number, round: number, r: Ext | undefined): ClearCall[] => {
    const { f, w, isBase } = columns[j]!;
    // Rows of this round; the fold before it gives as many.
    const rows = 2 ** (n - round);
    const isFirst = round <= 1 && isBase;
    const at = round === 0 ? f.pointer : folded[j]!;
    const made: ClearCall[] = [];
    if (r !== undefined) {
      made.push([isFirst ? 'gl2_fold_base_n' : 'gl2_fold_n', folded[j]!, isFirst ? f.pointer : at, ...r, 0, rows]);
      if (w) made.push(['gl2_fold_n', w.pointer, w.pointer, ...r, 0, rows]);
    }
    if (w && rows > 1) {
      const run = isBase && round === 0 ? 'gl2_round_product_base' : 'gl2_round_product';
      made.push([run, at, w.pointer, 0, rows / 2, sums[j]!]);
    }
    return made;
  };
  let r: Ext | undefined;
  for (let round = 0; round <= n; round++) {
    const cost = columns.length * 2 ** (n - round - 1) * (round === 0 ? PAIR / 2 : PAIR);
    const tasks = ranges(columns.length, memory.parts(cost)).map(({ from, to }): ClearTask => {
      return Array.from({ length: to - from }, (_, k) => calls(from + k, round, r)).flat();
    });
    await memory.run(tasks, cost);
    if (round === n) break;
    let message: readonly [Ext, Ext] = [EXT_ZERO, EXT_ZERO];
    for (const pointer of sums) {
      if (pointer === undefined) continue;
      const [zero, square] = memory.elements({ pointer, length: 2 }) as [Ext, Ext];
      message = [extAdd(message[0], zero), extAdd(message[1], square)];
    }
    [r] = channel.exchange(`opening column ${round}`, message, 1).challenges as [Ext];
    rho.push(r);
  }
  const values = columns.map(({ f, isBase }, j): Ext => {
    return isBase && n === 0 ? [memory.words(f)[0]!, 0n] : memory.element({ pointer: folded[j]!, length: 1 }, 0);
  });
  memory.release(mark);
  return { rho, values };
}

/** Adds scale·term to columns of 2^n weights. */
function addTerm(
  memory: TableMemory,
  columns: Table,
  { matrix: { layout }, positions }: PlacedMatrix,
  term: FunctionalTerm,
  scale: Ext,
): void {
  const mark = memory.mark();
  const { exports } = memory;
  const at = (row: number, column: number) => columns.pointer + EXT_BYTES * (column * 2 ** layout.n + row);
  const place = positions[term.tensor]!;
  switch (term.kind) {
    case 'axes':
      addAxes(memory, layout, term, scale, at);
      break;
    case 'block': {
      const { column, row } = layout.ofTensor[term.tensor]![term.block]!;
      const table = memory.eqTable(term.point, extMul(scale, term.coefficient));
      exports.gl2_select_add(at(row, column), 0, table.pointer, 0, 1n, 0n, 0, table.length);
      break;
    }
    case 'entries':
      addEntries(memory, columns, place, layout, term, scale);
  }
  memory.release(mark);
}

function addEntries(
  memory: TableMemory,
  columns: Table,
  place: number,
  layout: Layout,
  term: Extract<FunctionalTerm, { kind: 'entries' }>,
  scale: Ext,
): void {
  const { exports, kernels } = memory;
  const { source } = term;
  if (source?.kind === 'select') {
    const weights = boxTable(memory, source.box);
    const tensor = memory.ext(layout.dims[term.tensor]!.reduce((product, dim) => product * dim, 1));
    const [c0, c1] = extMul(scale, source.factor);
    const [to, from] = [memory.list(term.index), memory.list(source.to)];
    exports.gl2_select_add(tensor.pointer, to, weights.pointer, from, c0, c1, 0, term.index.length);
    exports.gl2_select_add(columns.pointer, place, tensor.pointer, 0, 1n, 0n, 0, tensor.length);
    return;
  }
  if (source?.kind === 'patterns') {
    const [rows, between] = [boxTable(memory, source.rows), boxTable(memory, source.columns)];
    const weights = memory.ext(term.index.length);
    const { map } = source;
    const [pattern, base, start, offset] = [map.pattern, map.base, map.start, map.offset].map((list) =>
      memory.list(list),
    );
    const { pointer } = weights;
    exports.gl2_patterns_outer(
      pointer,
      rows.pointer,
      between.pointer,
      pattern!,
      base!,
      start!,
      offset!,
      0,
      rows.length,
    );
    exports.gl2_select_add(columns.pointer, place, pointer, 0, scale[0], scale[1], 0, weights.length);
    return;
  }
  const positions = kernels.heap.words(
    place,
    layout.dims[term.tensor]!.reduce((product, dim) => product * dim, 1),
  );
  term.index.forEach((element, entry) => {
    const position = positions[element]!;
    memory.set(columns, position, extAdd(memory.element(columns, position), extMul(scale, term.weights[entry]!)));
  });
}

async function proveFolds(
  workshop: Workshop,
  channel: GrindingChannel,
  trees: readonly OpenTree[],
  h: Table,
  eqOfRho: Table,
  parameters: OpeningParameters,
): Promise<void> {
  const { memory, twiddles } = workshop;
  const { n, rateLog, queries, grindingBits } = parameters;
  let oracle = { trees, leavesLog: n + rateLog };
  let now = { f: h, w: eqOfRho };
  // Tables go there and back: what is cut up cannot be folded in place.
  let next = { f: memory.room(h.length / 2), w: memory.room(h.length / 2) };
  let domainLog = n + rateLog + 1;
  const query = async (round: number) => {
    const indices = await channel.found(`opening queries ${round}`, queries[round]!, oracle.leavesLog, grindingBits);
    for (const tree of oracle.trees) openTree(memory, channel, tree, indices);
    return indices.map((index) => twiddlePower(memory, twiddles, oracle.leavesLog, index));
  };
  const folds = foldsOf(parameters);
  for (const [round, variables] of folds.entries()) {
    const tree = await commitWord(workshop, now.f, domainLog, variables);
    channel.commitment(`opening oracle ${round}`, tree.root);
    const points = await query(round);
    const [epsilon] = channel.draw(`opening join ${round}`, 1) as [Ext];
    await joinQueries(memory, now.w, points, epsilon);
    let message = await memory.sums(2, now.f.length / 2, PAIR / 2, (from, to, out) => [
      ['gl2_round_product', now.f.pointer, now.w.pointer, from, to, out],
    ]);
    for (let k = 0; k < variables; k++) {
      const [r] = channel.exchange(`opening fold ${round} ${k}`, message, 1).challenges as [Ext];
      const length = now.f.length / 2;
      const folded = { f: { pointer: next.f.pointer, length }, w: { pointer: next.w.pointer, length } };
      const [from, to] = [now, folded];
      if (k + 1 < variables) {
        message = await memory.sums(2, length / 2, PAIR, (first, last, out) => [
          [
            'gl2_fold_round_product',
            to.f.pointer,
            to.w.pointer,
            from.f.pointer,
            from.w.pointer,
            ...r,
            first,
            last,
            out,
          ],
        ]);
      } else {
        for (const side of ['f', 'w'] as const) {
          await memory.split(length, PAIR / 4, (first, last) => [
            ['gl2_fold_n', to[side].pointer, from[side].pointer, ...r, first, last],
          ]);
        }
      }
      [now, next] = [folded, now];
    }
    oracle = { trees: [tree], leavesLog: domainLog - variables };
    domainLog -= 1;
  }
  channel.exchange('opening final', memory.elements(now.f), 0);
  await query(folds.length);
}

/** Nanoseconds of a power added to a weight. */
const POWER = 1.5;

/** w + Σ ε^i·(powers of x_i), i from 1. */
async function joinQueries(memory: TableMemory, w: Table, points: readonly bigint[], epsilon: Ext): Promise<void> {
  const scales = powersOf(epsilon, points.length + 1).slice(1);
  await memory.split(w.length, POWER * points.length, (from, to) =>
    points.map((x, i): ClearCall => {
      const first = from === 0 ? scales[i]! : extScale(scales[i]!, GL.pow(x, BigInt(from)));
      return ['gl2_geometric_add', w.pointer + EXT_BYTES * from, ...first, x, to - from];
    }),
  );
}
