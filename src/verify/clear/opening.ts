/**
 * The opening of all claims of a proof on its committed matrix (docs/soundness/clear.md): a sumcheck over the rows of all columns at once,
 * one random combination h of the columns, and rounds of the same three steps (sumcheck, commitment, queries) that bring h to a few coefficients.
 */
import { invariant } from '../../base/errors.js';
import { EXT_ZERO, extAdd, extEq, extMul, type Ext } from '../../field/goldilocks.js';
import { Refusal } from '../refusal.js';
import { javascriptArithmetic } from './arithmetic-javascript.js';
import type { Arithmetic } from './arithmetic.js';
import { elementBytes, joined, type Channel, type VerifierChannel } from './channel.js';
import type { Claim } from './functional.js';
import { PointEvaluator } from './functional-value.js';
import { readRows, type LeafKind } from './merkle.js';
import { eqBetween, eqTable, innerProduct, powersOf, quadraticRound } from './multilinear.js';
import { combinationVariables, domainPoint, foldsOf, rowCoefficients, widthsOf, type OpeningTrees } from './oracle.js';
import type { OpeningParameters } from './parameters.js';
import { RunningClaim } from './running-claim.js';

/** What is drawn before the sumcheck over rows, and after the sum of the masks. */
export interface ColumnWeights {
  /** Claim i has weight α^i. */
  readonly alpha: Ext;
  /** The masks M1 and M2 have weights β·eq(points[0], ·) and β·eq(points[1], ·). */
  readonly points: readonly [readonly Ext[], readonly Ext[]];
  readonly beta: Ext;
}

/** Values of a polynomial that queries into an oracle give: f(x) = value. */
interface Query {
  readonly x: bigint;
  readonly value: Ext;
}

/** An oracle that the next queries go into. */
interface Oracle {
  readonly leavesLog: number;
  read(indices: readonly number[]): Query[];
}

/**
 * Reads an opening and throws Refusal unless every claim is true of the committed values: PROOF_MALFORMED (bytes), ROOT_MISMATCH (rows), ARGUMENT_FAILED (equations). All
 * that determines the trees' roots and the claims' functionals must be in the transcript before.
 */
export function verifyOpening(
  channel: VerifierChannel,
  trees: OpeningTrees,
  claims: readonly Claim[],
  parameters: OpeningParameters,
  arithmetic: Arithmetic = javascriptArithmetic,
): void {
  bindStatement(channel, trees, claims);
  const { weights, value } = verifySum(channel, claims, parameters.n);
  const { rho, sum } = verifyColumnRounds(channel, value, parameters.n);
  const { values, combination } = readValues(channel, trees);
  if (!extEq(innerProduct(values, columnWeightsAt(trees, claims, weights, rho, arithmetic)), sum)) {
    throw new Refusal('ARGUMENT_FAILED', 'the values of the columns are not those of the sumcheck over rows');
  }
  const claim = new RunningClaim(rho, innerProduct(values, combination), arithmetic);
  const matrix = matrixOracle(channel, trees, combination, parameters, arithmetic);
  verifyFolds(channel, matrix, claim, parameters, arithmetic);
}

/** Binds roots and values of claims: α and the points are to depend on them, whoever has sent them. */
export function bindStatement(channel: Channel, trees: OpeningTrees, claims: readonly Pick<Claim, 'value'>[]): void {
  channel.bind('opening roots', joined([...(trees.weights ? [trees.weights.root] : []), trees.cells.root]));
  channel.bind('opening claims', elementBytes(claims.map(({ value }) => value)));
}

/** Splits the draw 'opening points' of 2·n + 1 elements. */
export function pointsOf(drawn: readonly Ext[], n: number): Omit<ColumnWeights, 'beta'> {
  return { alpha: drawn[0]!, points: [drawn.slice(1, n + 1), drawn.slice(n + 1)] };
}

/** Σ α^i·v_i + β·S. S comes before β: a sum known only after β makes any false claim true. */
function verifySum(
  channel: VerifierChannel,
  claims: readonly Claim[],
  n: number,
): { readonly weights: ColumnWeights; readonly value: Ext } {
  const drawn = pointsOf(channel.draw('opening points', 2 * n + 1), n);
  const { values, challenges } = channel.exchange('opening masks', 1, 1);
  const weights = { ...drawn, beta: challenges[0]! };
  const claimed = innerProduct(
    claims.map(({ value }) => value),
    powersOf(weights.alpha, claims.length),
  );
  return { weights, value: extAdd(claimed, extMul(weights.beta, values[0]!)) };
}

function verifyColumnRounds(
  channel: VerifierChannel,
  value: Ext,
  n: number,
): { readonly rho: readonly Ext[]; readonly sum: Ext } {
  const rho: Ext[] = [];
  let sum = value;
  for (let round = 0; round < n; round++) {
    const { values, challenges } = channel.exchange(`opening column ${round}`, 2, 1);
    sum = quadraticRound([values[0]!, values[1]!], sum, challenges[0]!);
    rho.push(challenges[0]!);
  }
  return { rho, sum };
}

/** f_j(ρ), and the coefficients eq(γ, j) of h. */
function readValues(
  channel: VerifierChannel,
  trees: OpeningTrees,
): { readonly values: readonly Ext[]; readonly combination: readonly Ext[] } {
  const { columns } = widthsOf(trees);
  const { values, challenges } = channel.exchange('opening values', columns, combinationVariables(columns));
  return { values, combination: eqTable(challenges).slice(0, columns) };
}

/** w̃_j(ρ) of all columns, weights' first, masks last. */
function columnWeightsAt(
  trees: OpeningTrees,
  claims: readonly Claim[],
  { alpha, points, beta }: ColumnWeights,
  rho: readonly Ext[],
  arithmetic: Arithmetic,
): Ext[] {
  const cells = new PointEvaluator(trees.cells.layout, rho, arithmetic);
  const weights = trees.weights && new PointEvaluator(trees.weights.layout, rho, arithmetic);
  powersOf(alpha, claims.length).forEach((power, i) => {
    const { functional } = claims[i]!;
    for (const term of functional.cells) cells.add(term, power);
    for (const term of functional.weights) {
      invariant(weights !== undefined, 'a claim about weights has a tree of weights', { claim: i });
      weights.add(term, power);
    }
  });
  const masks = points.map((point) => extMul(beta, eqBetween(point, rho)));
  return [...(weights?.sums ?? []), ...cells.sums, ...masks, EXT_ZERO];
}

function matrixOracle(
  channel: VerifierChannel,
  { weights, cells }: OpeningTrees,
  combination: readonly Ext[],
  { n, rateLog }: OpeningParameters,
  arithmetic: Arithmetic,
): Oracle {
  const log = n + rateLog;
  const widths = widthsOf({ weights, cells });
  const coefficients = rowCoefficients(combination);
  return {
    leavesLog: log,
    read(indices) {
      const readTree = (root: Uint8Array, kind: LeafKind, width: number, from: number) => {
        const rows = readRows(channel, root, { kind, log, width }, indices, arithmetic);
        return arithmetic.rowSums(rows, coefficients.slice(from, from + width));
      };
      const known = weights && readTree(weights.root, 'weights', widths.weights, 0);
      const own = readTree(cells.root, 'cells', widths.cells, widths.weights);
      return indices.map((index, i) => ({
        x: domainPoint(log, index),
        value: extAdd(known?.[i] ?? EXT_ZERO, own[i]!),
      }));
    },
  };
}

/** A word on the domain of order 2^domainLog, of which `bound` variables were bound after its root was sent. */
function wordOracle(
  channel: VerifierChannel,
  root: Uint8Array,
  domainLog: number,
  bound: readonly Ext[],
  arithmetic: Arithmetic,
): Oracle {
  const log = domainLog - bound.length;
  const width = 2 * 2 ** bound.length;
  return {
    leavesLog: log,
    read(indices) {
      const rows = readRows(channel, root, { kind: 'fold', log, width }, indices, arithmetic);
      const values = arithmetic.foldCosets(rows, { domainLog, indices, bound });
      return values.map((value, i) => ({ x: domainPoint(log, indices[i]!), value }));
    },
  };
}

function verifyFolds(
  channel: VerifierChannel,
  matrix: Oracle,
  claim: RunningClaim,
  parameters: OpeningParameters,
  arithmetic: Arithmetic,
): void {
  const queriesInto = (oracle: Oracle, round: number): Query[] => {
    const { queries, grindingBits } = parameters;
    return oracle.read(channel.indices(`opening queries ${round}`, queries[round]!, oracle.leavesLog, grindingBits));
  };
  let oracle = matrix;
  let domainLog = parameters.n + parameters.rateLog + 1;
  const folds = foldsOf(parameters);
  folds.forEach((variables, round) => {
    const root = channel.commitment(`opening oracle ${round}`);
    const queries = queriesInto(oracle, round);
    claim.join(queries, channel.draw(`opening join ${round}`, 1)[0]!);
    const bound: Ext[] = [];
    for (let k = 0; k < variables; k++) {
      const { values, challenges } = channel.exchange(`opening fold ${round} ${k}`, 2, 1);
      claim.round([values[0]!, values[1]!], challenges[0]!);
      bound.push(challenges[0]!);
    }
    oracle = wordOracle(channel, root, domainLog, bound, arithmetic);
    domainLog -= 1;
  });
  verifyFinal(channel, claim, parameters, () => queriesInto(oracle, folds.length), arithmetic);
}

/** The coefficients that are left, in clear: they fulfil the claim, and the last queries one by one. */
function verifyFinal(
  channel: VerifierChannel,
  claim: RunningClaim,
  { n, finalLog }: OpeningParameters,
  lastQueries: () => Query[],
  arithmetic: Arithmetic,
): void {
  const { values } = channel.exchange('opening final', 2 ** Math.min(n, finalLog), 0);
  const queries = lastQueries();
  const points = queries.map(({ x }) => x);
  if (!arithmetic.evaluations(values, points).every((value, i) => extEq(value, queries[i]!.value))) {
    throw new Refusal('ARGUMENT_FAILED', 'the last coefficients are not those of the last oracle');
  }
  if (!claim.holds(values)) {
    throw new Refusal('ARGUMENT_FAILED', 'the last coefficients do not fulfil the claim that the folds came to');
  }
}
