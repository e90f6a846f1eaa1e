/** The opening (verify/clear/opening.ts) on the kernels: the messages are those of reference/opening.ts. */
import { EXT_BYTES, EXT_ZERO, FIELD_BYTES, extAdd, extMul, type Ext } from '../../field/goldilocks.js';
import type { ProverChannel } from '../../verify/clear/channel.js';
import type { Claim, FunctionalTerm } from '../../verify/clear/functional.js';
import type { Layout } from '../../verify/clear/layout.js';
import { powersOf } from '../../verify/clear/multilinear.js';
import { bindStatement, pointsOf } from '../../verify/clear/opening.js';
import { combinationVariables, domainPoint, foldsOf } from '../../verify/clear/oracle.js';
import type { OpeningParameters } from '../../verify/clear/parameters.js';
import { addAxes } from './axes.js';
import { boxTable } from './boxes.js';
import { commitWord, openTree, type CommittedMatrix, type OpenTree, type Workshop } from './matrices.js';
import type { Table, TableMemory } from './memory.js';

/** A matrix, and where its tensors lie in it (`keepPositions`). */
export interface PlacedMatrix {
  readonly matrix: CommittedMatrix;
  readonly positions: readonly number[];
}

/** Writes the opening of claims that are true. */
export function proveOpening(
  workshop: Workshop,
  channel: ProverChannel,
  weights: PlacedMatrix | undefined,
  cells: PlacedMatrix,
  claims: readonly Claim[],
  parameters: OpeningParameters,
): void {
  const { memory } = workshop;
  const mark = memory.mark();
  const { n } = parameters;
  bindStatement(channel, { weights: weights?.matrix, cells: cells.matrix }, claims);
  const drawn = pointsOf(channel.draw('opening points', 2 * n + 1), n);
  const [m1, m2, m3] = cells.matrix.masks as [Table, Table, Table];
  const eqs = drawn.points.map((point) => memory.eqTable(point));
  const sum = extAdd(dot(memory, m1, eqs[0]!), dot(memory, m2, eqs[1]!));
  const [beta] = channel.exchange('opening masks', [sum], 1).challenges as [Ext];
  const maskWeights = eqs.map((table) => scaled(memory, table, beta));
  const powers = powersOf(drawn.alpha, claims.length);
  const plain = [weights, cells].flatMap((placed) => {
    if (!placed) return [];
    const side = placed === cells ? 'cells' : 'weights';
    const columns = memory.ext(placed.matrix.layout.columns * 2 ** n);
    claims.forEach(({ functional }, i) => {
      for (const term of functional[side]) addTerm(memory, columns, placed, term, powers[i]!);
    });
    return Array.from({ length: placed.matrix.layout.columns }, (_, j): Column => ({
      f: { pointer: placed.matrix.coefficients.pointer + j * 2 ** n * FIELD_BYTES, length: 2 ** n },
      w: { pointer: columns.pointer + j * 2 ** n * EXT_BYTES, length: 2 ** n },
      isBase: true,
    }));
  });
  // Masks are folded in a copy: h needs them whole.
  const masks = [m1, m2, m3].map((mask, k): Column => ({ f: copied(memory, mask), w: maskWeights[k], isBase: false }));
  const { rho, values } = proveRows(memory, channel, [...plain, ...masks], n);
  const { challenges } = channel.exchange('opening values', values, combinationVariables(values.length));
  const combination = memory.elements(memory.eqTable(challenges));
  const h = memory.ext(2 ** n);
  plain.forEach(({ f }, j) => {
    const [c0, c1] = combination[j]!;
    memory.exports.gl2_add_scaled_base_n(h.pointer, f.pointer, c0, c1, 0, 2 ** n);
  });
  [m1, m2, m3].forEach((mask, k) => {
    const [c0, c1] = combination[plain.length + k]!;
    memory.exports.gl2_add_scaled_n(h.pointer, mask.pointer, c0, c1, 0, 2 ** n);
  });
  const trees = [...(weights ? [weights.matrix] : []), cells.matrix];
  proveFolds(workshop, channel, trees, h, memory.eqTable(rho), parameters);
  memory.release(mark);
}

interface Column {
  readonly f: Table;
  /** Absent: 0. */
  readonly w: Table | undefined;
  readonly isBase: boolean;
}

function dot(memory: TableMemory, f: Table, g: Table): Ext {
  return memory.result(1, (out) => memory.exports.gl2_dot(f.pointer, g.pointer, 0, f.length, out))[0]!;
}

function scaled(memory: TableMemory, table: Table, [c0, c1]: Ext): Table {
  const out = memory.ext(table.length);
  memory.exports.gl2_add_scaled_n(out.pointer, table.pointer, c0, c1, 0, table.length);
  return out;
}

function copied(memory: TableMemory, { pointer, length }: Table): Table {
  const out = memory.ext(length);
  const { heap } = memory.kernels;
  heap.bytes(out.pointer, EXT_BYTES * length).set(heap.bytes(pointer, EXT_BYTES * length));
  return out;
}

function proveRows(
  memory: TableMemory,
  channel: ProverChannel,
  columns: readonly Column[],
  n: number,
): { readonly rho: readonly Ext[]; readonly values: readonly Ext[] } {
  const { exports } = memory;
  const rho: Ext[] = [];
  let bound = columns;
  for (let round = 0; round < n; round++) {
    const half = 2 ** (n - round - 1);
    let message: readonly [Ext, Ext] = [EXT_ZERO, EXT_ZERO];
    for (const { f, w, isBase } of bound) {
      if (!w) continue;
      const run = isBase ? exports.gl2_round_product_base : exports.gl2_round_product;
      const [zero, square] = memory.result(2, (out) => run(f.pointer, w.pointer, 0, half, out));
      message = [extAdd(message[0], zero!), extAdd(message[1], square!)];
    }
    const [r] = channel.exchange(`opening column ${round}`, message, 1).challenges as [Ext];
    rho.push(r);
    bound = bound.map(({ f, w, isBase }): Column => {
      const out = isBase ? memory.ext(half) : f;
      if (isBase) exports.gl2_fold_base_n(out.pointer, f.pointer, r[0], r[1], 0, half);
      else exports.gl2_fold_n(f.pointer, f.pointer, r[0], r[1], 0, half);
      if (w) exports.gl2_fold_n(w.pointer, w.pointer, r[0], r[1], 0, half);
      return { f: { pointer: out.pointer, length: half }, w: w && { pointer: w.pointer, length: half }, isBase: false };
    });
  }
  return { rho, values: bound.map(({ f }) => memory.element(f, 0)) };
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

function proveFolds(
  workshop: Workshop,
  channel: ProverChannel,
  trees: readonly OpenTree[],
  h: Table,
  eqOfRho: Table,
  parameters: OpeningParameters,
): void {
  const { memory } = workshop;
  const { exports } = memory;
  const { n, rateLog, queries, grindingBits } = parameters;
  let oracle = { trees, leavesLog: n + rateLog };
  let [f, w] = [h, eqOfRho];
  let domainLog = n + rateLog + 1;
  const query = (round: number) => {
    const indices = channel.indices(`opening queries ${round}`, queries[round]!, oracle.leavesLog, grindingBits);
    for (const tree of oracle.trees) openTree(memory, channel, tree, indices);
    return indices.map((index) => domainPoint(oracle.leavesLog, index));
  };
  const folds = foldsOf(parameters);
  folds.forEach((variables, round) => {
    const tree = commitWord(workshop, f, domainLog, variables);
    channel.commitment(`opening oracle ${round}`, tree.root);
    const points = query(round);
    const [epsilon] = channel.draw(`opening join ${round}`, 1) as [Ext];
    let power = epsilon;
    for (const x of points) {
      exports.gl2_geometric_add(w.pointer, power[0], power[1], x, w.length);
      power = extMul(power, epsilon);
    }
    for (let k = 0; k < variables; k++) {
      const half = f.length / 2;
      const message = memory.result(2, (out) => exports.gl2_round_product(f.pointer, w.pointer, 0, half, out));
      const [r] = channel.exchange(`opening fold ${round} ${k}`, message, 1).challenges as [Ext];
      exports.gl2_fold_n(f.pointer, f.pointer, r[0], r[1], 0, half);
      exports.gl2_fold_n(w.pointer, w.pointer, r[0], r[1], 0, half);
      [f, w] = [
        { pointer: f.pointer, length: half },
        { pointer: w.pointer, length: half },
      ];
    }
    oracle = { trees: [tree], leavesLog: domainLog - variables };
    domainLog -= 1;
  });
  channel.exchange('opening final', memory.elements(f), 0);
  query(folds.length);
}
