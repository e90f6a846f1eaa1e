/**
 * Parameters of the opening and every error term of a proof (docs/soundness/clear.md, "Parameters and error terms"). Unique decoding: a code of rate ρ is
 * decoded within δ = (1 − ρ)/2, a query misses a word that is further off with probability at most 1 − δ = (1 + ρ)/2, and nothing is conjectured.
 */
import { ZkonnxError } from '../../base/errors.js';
import { TWO_ADICITY } from '../../field/goldilocks.js';
import { combinationVariables, foldsOf } from './oracle.js';

/** Every error term of a key is at most 2^−this. */
export const SECURITY_BITS = 100;
/** Of these come from grinding at each set of queries; they are work, not probability. */
export const GRINDING_BITS = 16;
/** log2 of the field's order p²: 128 less 2^−31. */
export const FIELD_BITS = 2 * Math.log2(Number(0xffffffff00000001n));
const FOLD_LOG = 4;
const FINAL_LOG = 7;

export interface OpeningParameters {
  /** 2^n rows of the matrix before encoding. */
  readonly n: number;
  /** The matrix is encoded on 2^(n + rateLog) points, h on twice as many; each fold halves the points. */
  readonly rateLog: number;
  /** Variables that a fold binds. */
  readonly foldLog: number;
  /** At most 2^finalLog coefficients are sent in clear. */
  readonly finalLog: number;
  /** Draws of an index, with repetitions: into the matrix, into h, into each fold but the last, which is sent in clear. */
  readonly queries: readonly number[];
  /** Leading zero bits of a hash, before each set of queries. */
  readonly grindingBits: number;
}

/** An error of the argument: a cheating prover passes here with probability at most 2^−bits a try. */
export interface ErrorTerm {
  readonly name: string;
  readonly bits: number;
}

/** What error terms depend on beside the opening's parameters. */
export interface ArgumentSizes {
  /** Columns of the opening, masks counted as three. */
  readonly columns: number;
  readonly claims: number;
  readonly lookups: number;
  /** Rows of all tables. */
  readonly tableRows: number;
  /** Rounds of all sumchecks outside of the opening, of degree ≤ 3. */
  readonly rounds: number;
  /** Terms of the argument that are not here. */
  readonly others?: readonly ErrorTerm[];
}

/** The strict set for 2^n rows: as many queries as leave nothing but the grinding's bits. */
export function strictParameters(n: number, rateLog: number): OpeningParameters {
  const shape = { n, rateLog, foldLog: FOLD_LOG, finalLog: FINAL_LOG };
  const queries = rateLogsOf(shape).map((log) => Math.ceil((SECURITY_BITS - GRINDING_BITS) / bitsOfQuery(log)));
  return { ...shape, queries, grindingBits: GRINDING_BITS };
}

/** −log2((1 + 2^−rateLog)/2). */
export function bitsOfQuery(rateLog: number): number {
  return -Math.log2((1 + 2 ** -rateLog) / 2);
}

/** −log2 of the rates of the matrix, of h, and of each fold that is committed. */
export function rateLogsOf(shape: Omit<OpeningParameters, 'queries' | 'grindingBits'>): number[] {
  const rates = [shape.rateLog];
  let rate = shape.rateLog + 1;
  for (const variables of foldsOf(shape)) {
    rates.push(rate);
    rate += variables - 1;
  }
  return rates;
}

/**
 * Rows at the end of a secret column that are uniform: a power of two, at least two more than queries, since every query and both residues of f_j(ρ) are forms of a
 * column.
 */
export function reservedRows({ queries }: OpeningParameters): number {
  return 2 ** Math.ceil(Math.log2(queries[0]! + 2));
}

/** All error terms of a proof. */
export function errorTerms(parameters: OpeningParameters, sizes: ArgumentSizes): ErrorTerm[] {
  const { n, rateLog, queries, grindingBits } = parameters;
  const gamma = combinationVariables(sizes.columns);
  const algebra = (name: string, bad: number): ErrorTerm[] =>
    bad > 0 ? [{ name, bits: FIELD_BITS - Math.log2(bad) }] : [];
  return [
    ...algebra('lookups and tables at one point', 2 * (sizes.lookups + 2 * sizes.tableRows)),
    ...algebra('sumchecks of the argument', 3 * sizes.rounds),
    ...(sizes.others ?? []),
    ...algebra('claims combined', sizes.claims - 1),
    ...algebra('sum of the masks', 1),
    ...algebra('sumcheck over rows', 2 * n),
    ...algebra('columns combined', gamma * (2 ** (n + rateLog) + 1)),
    ...rateLogsOf(parameters).map((rate, i) => ({
      name: i === 0 ? 'queries into the matrix' : `queries into word ${i - 1}`,
      bits: queries[i]! * bitsOfQuery(rate) + grindingBits,
    })),
    ...foldsOf(parameters).flatMap((variables, i) => {
      const domain = 2 ** (n + rateLog + 1 - i);
      return [
        ...algebra(`queries joined before fold ${i}`, queries[i]!),
        // Variable after variable: 2 of the sumcheck, and the points of the folded word for correlated agreement.
        ...algebra(`fold ${i}`, domain * (1 - 2 ** -variables) + 2 * variables),
      ];
    }),
  ];
}

/** −log2 of the sum of all terms: of a proof whose maker tries each step once. */
export function totalBits(terms: readonly ErrorTerm[]): number {
  return -Math.log2(terms.reduce((sum, { bits }) => sum + 2 ** -bits, 0));
}

/** The least of the terms: what a step costs a cheating prover, which may be tried again and again. */
export function leastBits(terms: readonly ErrorTerm[]): number {
  return Math.min(...terms.map(({ bits }) => bits));
}

/** Throws ZkonnxError SECURITY_TOO_LOW, naming each term that is above 2^−100. */
export function assertSecure(terms: readonly ErrorTerm[]): void {
  const low = terms.filter(({ bits }) => !(bits >= SECURITY_BITS));
  if (low.length === 0) return;
  throw new ZkonnxError(
    'SECURITY_TOO_LOW',
    'these parameters of protocol clear leave a cheating prover too good a chance',
    {
      expected: `every error term at most 2^-${SECURITY_BITS}`,
      got: low.map(({ name, bits }) => `${name}: 2^-${bits.toFixed(1)}`).join(', '),
      help: 'fewer rows in a column (a smaller n) or a higher rate; of larger models, parts proved apart',
    },
  );
}

/**
 * Whether the opening is well-formed and hides cells: what a verifier checks of a key beside its terms. Throws ZkonnxError SECURITY_TOO_LOW for too few random rows, KEY_INVALID
 * for parameters that are none.
 */
export function checkParameters(parameters: OpeningParameters, reserved: number): void {
  const { n, rateLog, foldLog, finalLog, queries, grindingBits } = parameters;
  const counts = [n, rateLog, foldLog, finalLog, grindingBits, ...queries];
  const sound =
    counts.every((count) => Number.isInteger(count) && count >= 0) &&
    n >= 1 &&
    rateLog >= 1 &&
    foldLog >= 1 &&
    n + rateLog + 1 <= TWO_ADICITY &&
    grindingBits <= 32 &&
    queries.every((count) => count >= 1 && count < 2 ** 16) &&
    queries.length === foldsOf(parameters).length + 1;
  if (!sound)
    throw new ZkonnxError('KEY_INVALID', 'the parameters of the opening are none', { got: JSON.stringify(parameters) });
  if (reserved < queries[0]! + 2) {
    throw new ZkonnxError('SECURITY_TOO_LOW', 'too few random rows hide the columns of cells', {
      expected: `at least ${queries[0]! + 2}, two more than queries into the matrix`,
      got: String(reserved),
    });
  }
}
