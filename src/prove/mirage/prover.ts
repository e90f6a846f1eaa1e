/**
 * Protocol `mirage` on our kernels: Groth16 with a commitment to the first round (Kosba et al., eprint 2020/278; H in the Lagrange basis of
 * the odd coset, as in prover.ts). With ρ, r, s uniform in F_r:
 *
 *   C1 = Σ_round1 w_j·P1_j + ρ·[δ2]_1, from which X, Θ and D follow; then
 *   A  = α + Σ w_j A_j + r·δ2           B = β + Σ w_j B_j + s·δ2
 *   C2 = Σ_round2 w_j·P2_j + Σ_i P(x_i)·H_i + s·A + r·B − r·s·δ2 − ρ·δ1,    P = a·b − c
 *
 * Uses no Node API. The time depends on the witness.
 */
import type { Rounds } from '../../constraint/rounds.js';
import { mod } from '../../field/bn254.js';
import { domainSize } from '../../kernels/domain.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import { groupOf, SCALAR_BYTES } from '../../kernels/msm.js';
import type { Team } from '../../kernels/team.js';
import type { MirageProof } from '../../verify/proof.js';
import { Combination } from '../engine/combination.js';
import type { OnProverProgress } from '../engine/protocol.js';
import { quotientOfRows } from '../engine/quotient.js';
import { requireRounds, type RoundsKey } from './kernel-key.js';
import { RoundsSums } from './lookup-sums.js';
import { rowValues, tableValues, type TableValues } from './values.js';
import type { RoundOneWitness, RoundTwo } from './rounds-witness.js';
import { Sums } from '../engine/sums.js';

export type { MirageProof };

/** The challenges of C1 and what follows from them. Called again, with another C1, where X hits a pole of a table. */
export type Challenge = (c1: { readonly x: bigint; readonly y: bigint }) => RoundTwo | Promise<RoundTwo>;

/** Share of the quotient's time that tables and rows take; only progress bars use it. */
const ROWS_SHARE = 0.2;

/**
 * The proof of one witness. `fresh` gives uniform elements of F_r from a cryptographic source: ρ (again while C1 or X will not do), r, s. An
 * unsatisfying witness gives a proof that no verifier accepts; nothing here notices. Rejects with what `team.run` and `challenge` reject
 * with, INTERNAL where key, rounds and witness do not fit, and RangeError where the memory cannot grow.
 */
export async function proveTwoRounds(
  team: Team,
  key: RoundsKey,
  rounds: Rounds,
  witness: RoundOneWitness,
  challenge: Challenge,
  fresh: () => bigint,
  onProgress: OnProverProgress = () => undefined,
): Promise<MirageProof> {
  const { heap } = team.kernels;
  requireRounds(key, rounds, witness);
  const mark = heap.mark();
  try {
    onProgress('commit', 0);
    const committed = await commit(team, key, rounds, witness, challenge, fresh, (fraction) => {
      onProgress('commit', fraction);
    });
    onProgress('quotient', 0);
    const { second, tables } = committed;
    const quotient = heap.allocate(domainSize(key.domain) * SCALAR_BYTES);
    await quotientScalars(team, key, rounds, witness, second, tables, quotient, (fraction) => {
      onProgress('quotient', fraction);
    });
    onProgress('sums', 0);
    const sums = new Sums(team);
    const planned = new RoundsSums(team, sums, rounds, witness, second, tables);
    const finish = {
      h: sums.full('g1', key.h, quotient, domainSize(key.domain)),
      b2: planned.plan(key.b2),
      a: planned.plan(key.a),
      b1: planned.plan(key.b1),
      c2: planned.plan(key.c2),
    };
    await sums.compute((fraction) => {
      onProgress('sums', fraction);
    });
    return combine(team, key, committed, finish, { r: fresh(), s: fresh() });
  } finally {
    heap.release(mark);
  }
}

interface Committed {
  readonly rho: bigint;
  /** C1, affine. */
  readonly c1: number;
  readonly second: RoundTwo;
  readonly tables: TableValues;
}

/** C1 and what follows from it, on the heap. */
async function commit(
  team: Team,
  key: RoundsKey,
  rounds: Rounds,
  witness: RoundOneWitness,
  challenge: Challenge,
  fresh: () => bigint,
  onProgress: (fraction: number) => void,
): Promise<Committed> {
  const { heap, exports } = team.kernels;
  const g1 = groupOf(exports, 'g1');
  const end = new Combination(team);
  const unblinded = heap.allocate(g1.pointBytes);
  const c1 = heap.allocate(g1.pointBytes);
  const mark = heap.mark();
  const sums = new Sums(team);
  const finish = sums.wires(key.c1, witness.wires);
  await sums.compute(onProgress);
  copyPoint(team, end.point(g1, [finish], []), unblinded, g1.pointBytes);
  for (;;) {
    heap.release(mark);
    const rho = fresh();
    const terms = [[unblinded, 1n] as const, [key.delta2, rho] as const];
    copyPoint(team, end.point(g1, [], terms), c1, g1.pointBytes);
    const [x, y] = end.coordinates(g1, c1) as [bigint, bigint];
    // No affine spelling of infinity; and where X is a pole, there is no witness. Either happens once in 2^200 proofs.
    if (x === 0n && y === 0n) continue;
    const second = await challenge({ x, y });
    const tables = await tableValues(team, rounds, witness, second);
    if (tables !== undefined) return { rho, c1, second, tables };
  }
}

function copyPoint({ kernels: { heap } }: Team, from: number, to: number, pointBytes: number): void {
  heap.bytes(to, pointBytes).set(heap.bytes(from, pointBytes));
}

/** The scalars of H at `out`. */
async function quotientScalars(
  team: Team,
  key: RoundsKey,
  rounds: Rounds,
  witness: RoundOneWitness,
  second: RoundTwo,
  tables: TableValues,
  out: number,
  onProgress: (fraction: number) => void,
): Promise<void> {
  const { heap } = team.kernels;
  const mark = heap.mark();
  const bytes = domainSize(key.domain) * ELEMENT_BYTES;
  const sides = [heap.allocate(bytes), heap.allocate(bytes)] as const;
  await rowValues(team, key, rounds, witness, second, tables, sides);
  onProgress(ROWS_SHARE);
  await quotientOfRows(team, key, sides, out, (fraction) => {
    onProgress(ROWS_SHARE + (1 - ROWS_SHARE) * fraction);
  });
  heap.release(mark);
}

type PlannedSums = Readonly<Record<'h' | 'a' | 'b1' | 'b2' | 'c2', (out: number) => void>>;

function combine(
  team: Team,
  key: RoundsKey,
  { rho, c1 }: Committed,
  finish: PlannedSums,
  { r, s }: { readonly r: bigint; readonly s: bigint },
): MirageProof {
  const { exports } = team.kernels;
  const [g1, g2] = [groupOf(exports, 'g1'), groupOf(exports, 'g2')];
  const end = new Combination(team);
  const a = end.point(g1, [finish.a], terms([key.alpha1, 1n], [key.delta2, r]));
  const b = end.point(g2, [finish.b2], terms([key.beta2, 1n], [key.delta2G2, s]));
  const b1 = end.point(g1, [finish.b1], terms([key.beta1, 1n], [key.delta2, s]));
  const c2 = end.point(
    g1,
    [finish.c2, finish.h],
    terms([a, s], [b1, r], [key.delta2, mod(-r * s)], [key.delta1, mod(-rho)]),
  );
  return {
    pi_a: end.g1Json(a),
    pi_b: end.g2Json(b),
    pi_c1: end.g1Json(c1),
    pi_c2: end.g1Json(c2),
    protocol: 'mirage',
    curve: 'bn128',
  };
}

const terms = (...list: readonly (readonly [point: number, scalar: bigint])[]) => list;
