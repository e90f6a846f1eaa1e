/**
 * What a two-round circuit has beside its rows (protocol `mirage`, docs/soundness/mirage.md): which wires the prover fixes before the
 * challenges are drawn, and which rows are the lookups of the logUp argument (Haböck, eprint 2022/1530).
 *
 * Public wires: 1 is X, 2 is Θ, 3 is D = Σ P_j·Θ^j (j = 1 … n) over the packed public values P_j. The verifier computes all three.
 * Round 1: wires 4 … firstRound2 − 1, multiplicities among them; they depend on no challenge. Round 2: the rest, in this order:
 * inverses of lookups, quotients of table rows, products with Θ, other field elements.
 *
 *   lookup k in table T:      inverse_k·(X + q) = 1                 where T is one column: q is in [0, rows)
 *                             inverse_k·(X + z + p) = 1, p = Θ·y     where T has two: (z, y) is (t, values[t]) for some t
 *   row t of table T:         quotient_t·(X + t + values[t]·Θ) = multiplicity_t
 *   once a table:             0·0 = Σ inverse_k − Σ quotient_t       over its lookups and rows
 *
 * q, z and y are combinations of round-1 wires. Then, unless X hits one of at most lookups + rows poles, every q is in its table.
 */

export const ChallengeWire = { x: 1, theta: 2, d: 3 } as const;
/** Public wires without the constant: X, Θ, D. */
export const N_CHALLENGES = 3;
export const FIRST_ROUND1_WIRE = 1 + N_CHALLENGES;

/** A table and where its rows and wires are; each run of `rows` is contiguous and in the order of the table's rows. */
export interface LookupTable {
  /** What the table is, for reports: `range 4096`, `clamp 255 [-300, 900]`, `exp:8:16`. */
  readonly name: string;
  readonly rows: number;
  /** Second column, integers below 2^53 in absolute value; none for a range. */
  readonly values?: Float64Array;
  readonly firstMultiplicity: number;
  readonly firstQuotient: number;
  /** Constraint of table row 0. */
  readonly firstRow: number;
}

/** What a circuit of two rounds has beside its rows: docs/soundness/mirage.md. */
export interface Rounds {
  /** n: packed public values. Value j (0-based) is row `firstPublicRow + j` of the witness program's hints, over round-1 wires. */
  readonly publicValues: number;
  readonly firstPublicRow: number;
  readonly firstRound2: number;
  readonly tables: readonly LookupTable[];
  /** Lookup k has wire `firstInverse + k` and stands in constraint lookupRow[k], with table lookupTable[k]. firstInverse = firstRound2. */
  readonly firstInverse: number;
  readonly lookupRow: Uint32Array;
  readonly lookupTable: Uint16Array;
  /** Wire firstTheta + j is Θ·(wire thetaSource[j]), by constraint thetaRow[j]: source·Θ = product. Sources are round-1 wires. */
  readonly firstTheta: number;
  readonly thetaSource: Uint32Array;
  readonly thetaRow: Uint32Array;
  /** Wires firstField … nWires − 1, computed by `code` once the challenges are known: the instructions over F_r of instructions.ts. */
  readonly firstField: number;
  readonly code: Int32Array;
  /** Constraints, ascending, whose side A or B has a challenge or a round-2 wire, other than lookups, table rows and products with Θ. */
  readonly fieldRows: Uint32Array;
}
