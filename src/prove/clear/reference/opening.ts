/** The opening, by the prover: the steps of verify/clear/opening.ts in their order, over BigInt and in full length. */
import { invariant } from '../../../base/errors.js';
import { EXT_ZERO, extAdd, extMul, extScale, extSub, type Element, type Ext } from '../../../field/goldilocks.js';
import type { ProverChannel } from '../../../verify/clear/channel.js';
import type { Claim } from '../../../verify/clear/functional.js';
import { bindLowest, eqTable, innerProduct, powersOf } from '../../../verify/clear/multilinear.js';
import { bindStatement, pointsOf, type ColumnWeights } from '../../../verify/clear/opening.js';
import { combinationVariables, domainPoint, foldsOf, MASK_COLUMNS, MASKS } from '../../../verify/clear/oracle.js';
import type { OpeningParameters } from '../../../verify/clear/parameters.js';
import type { CommittedMatrix } from './commit.js';
import { encodeExtension } from './encode.js';
import { openTree, treeOf, type Tree } from './tree.js';
import { addTerm, noWeights } from './weights.js';

export interface CommittedMatrices {
  readonly weights?: CommittedMatrix | undefined;
  readonly cells: CommittedMatrix;
}

/** What a cheating prover puts in the place of what it is given, and then goes on with as an honest one does; for tests. */
export interface Deviations {
  /** Coefficients of h (round 0) and of its folds, before they are committed or sent in clear. */
  readonly polynomial?: (coefficients: readonly Ext[], round: number) => readonly Ext[];
  /** The word of a polynomial, before it is committed. */
  readonly word?: (word: readonly Ext[], round: number) => readonly Ext[];
}

/** Writes the opening of claims that are true. A false one gives a proof that is refused. */
export function proveOpening(
  channel: ProverChannel,
  matrices: CommittedMatrices,
  claims: readonly Claim[],
  parameters: OpeningParameters,
  deviations: Deviations = {},
): void {
  const { n } = parameters;
  bindStatement(channel, matrices, claims);
  const columns = columnsOf(matrices);
  const masks = columns.slice(-MASKS);
  const drawn = pointsOf(channel.draw('opening points', 2 * n + 1), n);
  const sum = extAdd(
    innerProduct(masks[0]!, eqTable(drawn.points[0])),
    innerProduct(masks[1]!, eqTable(drawn.points[1])),
  );
  const beta = channel.exchange('opening masks', [sum], 1).challenges[0]!;
  const { rho, values } = proveRows(channel, columns, weightsOf(matrices, claims, { ...drawn, beta }), n);
  const { challenges } = channel.exchange('opening values', values, combinationVariables(columns.length));
  const h = combineColumns(columns, eqTable(challenges), n);
  proveFolds(channel, matrices, h, eqTable(rho), parameters, deviations);
}

/** All f_j: weights, cells, and the masks' pairs of columns as elements of the extension. */
export function columnsOf({ weights, cells }: CommittedMatrices): Ext[][] {
  const plain = [...(weights?.columns ?? []), ...cells.columns.slice(0, -MASK_COLUMNS)];
  const masks = cells.columns.slice(-MASK_COLUMNS);
  return [
    ...plain.map((column) => column.map((value): Ext => [value, 0n])),
    ...Array.from({ length: MASKS }, (_, k) => masks[2 * k]!.map((c0, row): Ext => [c0, masks[2 * k + 1]![row]!])),
  ];
}

/** w_j of all columns, powers of α over claims. */
export function weightsOf(
  { weights, cells }: CommittedMatrices,
  claims: readonly Claim[],
  { alpha, points, beta }: ColumnWeights,
): Ext[][] {
  const ofCells = noWeights(cells.layout);
  const ofWeights = weights ? noWeights(weights.layout) : [];
  powersOf(alpha, claims.length).forEach((power, i) => {
    const { functional } = claims[i]!;
    for (const term of functional.cells) addTerm(ofCells, cells.layout, term, power);
    for (const term of functional.weights) addTerm(ofWeights, weights!.layout, term, power);
  });
  const masks = points.map((point) => eqTable(point).map((value) => extMul(beta, value)));
  return [...ofWeights, ...ofCells, ...masks, new Array<Ext>(2 ** cells.layout.n).fill(EXT_ZERO)];
}

function proveRows(
  channel: ProverChannel,
  columns: readonly Ext[][],
  weights: readonly Ext[][],
  n: number,
): { readonly rho: readonly Ext[]; readonly values: readonly Ext[] } {
  const rho: Ext[] = [];
  let f = columns;
  let w = weights;
  for (let round = 0; round < n; round++) {
    const message = roundMessage(f, w);
    const r = channel.exchange(`opening column ${round}`, message, 1).challenges[0]!;
    rho.push(r);
    f = f.map((column) => bindLowest(column, r));
    w = w.map((column) => bindLowest(column, r));
  }
  return { rho, values: f.map((column) => column[0]!) };
}

/** s(0) and the leading coefficient of s(X) = Σ f(X, b)·w(X, b). */
function roundMessage(f: readonly (readonly Ext[])[], w: readonly (readonly Ext[])[]): readonly [Ext, Ext] {
  let atZero: Ext = EXT_ZERO;
  let leading: Ext = EXT_ZERO;
  f.forEach((column, j) => {
    const weights = w[j]!;
    for (let i = 0; i < column.length; i += 2) {
      atZero = extAdd(atZero, extMul(column[i]!, weights[i]!));
      const slopes = extMul(extSub(column[i + 1]!, column[i]!), extSub(weights[i + 1]!, weights[i]!));
      leading = extAdd(leading, slopes);
    }
  });
  return [atZero, leading];
}

/** h = Σ_j combination[j]·f_j. */
export function combineColumns(columns: readonly Ext[][], combination: readonly Ext[], n: number): Ext[] {
  return Array.from({ length: 2 ** n }, (_, row) =>
    columns.reduce<Ext>((sum, column, j) => extAdd(sum, extMul(combination[j]!, column[row]!)), EXT_ZERO),
  );
}

/** What the next queries go into: trees of the same number of leaves, log2 of it. */
interface Oracle {
  readonly trees: readonly Tree[];
  readonly leavesLog: number;
}

function proveFolds(
  channel: ProverChannel,
  { weights, cells }: CommittedMatrices,
  h: readonly Ext[],
  eqOfRho: readonly Ext[],
  parameters: OpeningParameters,
  { polynomial = (f) => f, word = (values) => values }: Deviations,
): void {
  const { n, rateLog, queries, grindingBits } = parameters;
  let oracle: Oracle = { trees: [...(weights ? [weights.tree] : []), cells.tree], leavesLog: n + rateLog };
  let f = h;
  let w = eqOfRho;
  let domainLog = n + rateLog + 1;
  const query = (round: number): Element[] => {
    const indices = channel.indices(`opening queries ${round}`, queries[round]!, oracle.leavesLog, grindingBits);
    for (const tree of oracle.trees) openTree(channel, tree, indices);
    return indices.map((index) => domainPoint(oracle.leavesLog, index));
  };
  const folds = foldsOf(parameters);
  folds.forEach((variables, round) => {
    f = polynomial(f, round);
    const tree = treeOf('fold', cosets(word(encodeExtension(f, domainLog), round), variables));
    channel.commitment(`opening oracle ${round}`, tree.root);
    const points = query(round);
    w = joinQueries(w, points, channel.draw(`opening join ${round}`, 1)[0]!);
    for (let k = 0; k < variables; k++) {
      const r = channel.exchange(`opening fold ${round} ${k}`, roundMessage([f], [w]), 1).challenges[0]!;
      f = bindLowest(f, r);
      w = bindLowest(w, r);
    }
    oracle = { trees: [tree], leavesLog: domainLog - variables };
    domainLog -= 1;
  });
  channel.exchange('opening final', polynomial(f, folds.length), 0);
  invariant(query(folds.length).length > 0, 'the last oracle is queried');
}

/** w + Σ ε^i·(powers of x_i), i from 1. */
function joinQueries(weights: readonly Ext[], points: readonly Element[], epsilon: Ext): Ext[] {
  const joined = [...weights];
  let power = epsilon;
  for (const x of points) {
    let term = power;
    for (let i = 0; i < joined.length; i++) {
      joined[i] = extAdd(joined[i]!, term);
      term = extScale(term, x);
    }
    power = extMul(power, epsilon);
  }
  return joined;
}

/** Leaf i: values at i, i + leaves, i + 2·leaves … of the domain, as residues. */
export function cosets(word: readonly Ext[], variables: number): Element[][] {
  const leaves = word.length / 2 ** variables;
  return Array.from({ length: leaves }, (_, i) =>
    Array.from({ length: 2 ** variables }, (_, q) => word[i + q * leaves]!).flat(),
  );
}
