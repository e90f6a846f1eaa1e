/**
 * The choice of n and rate by cost: small n makes rows wide and proofs large, large n makes h dear. Rates are those of the kernels on one thread; the choice is part of the key, so no
 * verifier depends on them.
 */
import { ZkonnxError } from '../../base/errors.js';
import { layOut, type Layout } from './layout.js';
import { foldsOf, MASK_COLUMNS } from './oracle.js';
import { reservedRows, strictParameters, type OpeningParameters } from './parameters.js';

const BUTTERFLY_MS = 2.5e-6;
const COMPRESSION_MS = 36e-6;
/** A product in the extension's sumchecks, folds included. */
const ENTRY_MS = 31e-6;
/** What a KiB of proof may cost in time of the prover. */
const MS_A_KIB = 10;
/** Encoded weights, which a prover keeps. */
const MAX_WEIGHT_BYTES = 2 ** 31;
/** Columns beyond which a row is larger than all the rest of a proof. */
const MAX_COLUMNS = 400;

export interface OpeningChoice {
  readonly parameters: OpeningParameters;
  readonly weights: Layout;
  readonly cells: Layout;
  /** Expected, of the opening alone. */
  readonly proofBytes: number;
}

/** Dims of the tensors that are committed. */
export interface CommittedTensors {
  readonly weights: readonly (readonly number[])[];
  readonly cells: readonly (readonly number[])[];
}

/** The cheapest parameters whose encoded weights are at most 2 GiB. Throws ZkonnxError MEMORY_EXCEEDED where none are. */
export function chooseOpening(tensors: CommittedTensors): OpeningChoice {
  let best: { readonly choice: OpeningChoice; readonly cost: number } | undefined;
  for (let n = 8; n <= 22; n++) {
    for (const rateLog of [1, 2]) {
      const choice = choiceAt(tensors, n, rateLog);
      if (choice === undefined) continue;
      const cost = proverMs(choice) + (MS_A_KIB * choice.proofBytes) / 1024;
      if (best === undefined || cost < best.cost) best = { choice, cost };
    }
  }
  if (best === undefined) {
    throw new ZkonnxError('MEMORY_EXCEEDED', 'the tensors of this program are too many for one proof', {
      expected: `at most ${MAX_COLUMNS} columns of 2^22, encoded weights of at most 2 GiB`,
    });
  }
  return best.choice;
}

function choiceAt(tensors: CommittedTensors, n: number, rateLog: number): OpeningChoice | undefined {
  const parameters = strictParameters(n, rateLog);
  const reserved = reservedRows(parameters);
  if (reserved > 2 ** (n - 1)) return undefined;
  const atLeast = elements(tensors.weights) / 2 ** n + elements(tensors.cells) / (2 ** n - reserved);
  if (atLeast > MAX_COLUMNS) return undefined;
  const weights = layOut(tensors.weights, n, 0);
  const cells = layOut(tensors.cells, n, reserved);
  if (weights.columns + cells.columns > MAX_COLUMNS) return undefined;
  if (8 * weights.columns * 2 ** (n + rateLog) > MAX_WEIGHT_BYTES) return undefined;
  return { parameters, weights, cells, proofBytes: openingBytes(parameters, weights.columns, cells.columns) };
}

/** Expected bytes: paths are pruned where they meet. `cellColumns` without masks. */
export function openingBytes(parameters: OpeningParameters, weightColumns: number, cellColumns: number): number {
  const { n, rateLog, queries } = parameters;
  const folds = foldsOf(parameters);
  const columns = weightColumns + cellColumns;
  const trees = weightColumns > 0 ? 2 : 1;
  const matrix = leavesOf(n + rateLog, queries[0]!) * (8 * (columns + MASK_COLUMNS) + 16);
  const words = folds.map((variables, i) => {
    const log = n + rateLog + 1 - i - variables;
    const messages = 32 + 32 * variables;
    return (
      messages + 16 * 2 ** variables * leavesOf(log, queries[i + 1]!) + 32 * siblingsExpected(log, queries[i + 1]!)
    );
  });
  const left = n - folds.reduce((sum, variables) => sum + variables, 0);
  const messages = 16 + 32 * n + 16 * (columns + MASK_COLUMNS / 2) + 8 * queries.length + 16 * 2 ** left;
  return matrix + 32 * trees * siblingsExpected(n + rateLog, queries[0]!) + words.reduce((a, b) => a + b, 0) + messages;
}

/** Distinct leaves among draws. */
function leavesOf(log: number, draws: number): number {
  return 2 ** log * -Math.expm1(draws * Math.log1p(-(2 ** -log)));
}

/** Nodes beside those that are known, over all levels: two children a parent less those on a path. */
function siblingsExpected(log: number, draws: number): number {
  let sum = 0;
  for (let level = 1; level <= log; level++) sum += 2 * leavesOf(log - level, draws) - leavesOf(log - level + 1, draws);
  return sum;
}

function proverMs({ parameters: { n, rateLog }, weights, cells }: OpeningChoice): number {
  const secret = cells.columns + MASK_COLUMNS;
  const points = 2 ** (n + rateLog);
  const matrix = secret * (n + rateLog) * (points / 2) * BUTTERFLY_MS;
  const leaves = points * (Math.ceil((8 * secret + 16) / 64) + 1) * COMPRESSION_MS;
  const h = 2 * (n + rateLog + 1) * points * BUTTERFLY_MS + 2 * points * (16 / 64 + 1 / 16) * COMPRESSION_MS;
  const rows = (cells.columns + weights.columns / 8) * 2 ** n * ENTRY_MS * 0.1 + 2 ** n * ENTRY_MS;
  return matrix + leaves + 1.3 * h + rows;
}

function elements(tensors: readonly (readonly number[])[]): number {
  return tensors.reduce((sum, dims) => sum + dims.reduce((product, dim) => product * dim, 1), 0);
}
