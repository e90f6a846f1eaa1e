/**
 * Groth16 on our kernels: the same proof system, keys and witnesses as snarkjs, whose equations these are (Groth, eprint 2016/260; snarkjs
 * takes H in the Lagrange basis of the odd coset):
 *
 *   A  = α + Σ w_j A_j + r·δ            B = β + Σ w_j B_j + s·δ
 *   C  = Σ_private w_j C_j + Σ_i P(ω_{2N}^{2i+1})·H_i + s·A + r·B − r·s·δ,    P = a·b − c
 *
 * Uses no Node API. The time depends on the witness.
 */
import { internal } from '../../errors.js';
import { FIELD_BYTES, fromBytesLE, mod, toBytesLE } from '../../field/bn254.js';
import type { SnarkjsProof } from '../../formats/snarkjs-json.js';
import { domainSize } from '../../kernels/domain.js';
import {
  addSums,
  fullScratchBytes,
  fullSharedBytes,
  groupOf,
  msmFull,
  SCALAR_BYTES,
  type GroupKernels,
} from '../../kernels/msm.js';
import type { Team } from '../../kernels/team.js';
import type { EngineKey } from './key.js';
import { quotientBytes, quotientScalars } from './quotient.js';
import { Sums } from './sums.js';
import type { ClassifiedWitness } from './witness.js';

/** Uniform elements of F_r from a cryptographic source; r and s of one proof. */
export interface Blinding {
  readonly r: bigint;
  readonly s: bigint;
}

/** In order: the quotient polynomial's values, then all multi-scalar multiplications. */
export type EnginePhase = 'quotient' | 'sums';

/** `fraction` of the phase, 0 … 1; 0 when it begins. */
export type OnEngineProgress = (phase: EnginePhase, fraction: number) => void;

/**
 * The proof of one witness. An unsatisfying witness gives a proof that no verifier accepts; nothing here notices. Rejects with what
 * `team.run` rejects with, and RangeError where the memory cannot grow.
 */
export async function proveWithTeam(
  team: Team,
  key: EngineKey,
  witness: ClassifiedWitness,
  { r, s }: Blinding,
  onProgress: OnEngineProgress = () => undefined,
): Promise<SnarkjsProof> {
  const { heap, exports } = team.kernels;
  const [g1, g2] = [groupOf(exports, 'g1'), groupOf(exports, 'g2')];
  if (witness.small.length !== key.nVars) {
    throw internal('a witness of another circuit', { wires: key.nVars, values: witness.small.length });
  }
  const mark = heap.mark();
  try {
    onProgress('quotient', 0);
    const quotient = heap.allocate(quotientBytes(domainSize(key.domain)));
    await quotientScalars(team, key, witness, quotient, (fraction) => {
      onProgress('quotient', fraction);
    });
    onProgress('sums', 0);
    const sums = new Sums(team);
    const finish = {
      h: sums.full('g1', key.h, quotient, domainSize(key.domain)),
      b2: sums.wires(key.b2, witness),
      a: sums.wires(key.a, witness),
      b1: sums.wires(key.b1, witness),
      c: sums.wires(key.c, witness),
    };
    await sums.compute((fraction) => {
      onProgress('sums', fraction);
    });
    const end = new Combination(team);
    const a = end.point(
      g1,
      [finish.a],
      [
        [key.alpha1, 1n],
        [key.delta1, r],
      ],
    );
    const b = end.point(
      g2,
      [finish.b2],
      [
        [key.beta2, 1n],
        [key.delta2, s],
      ],
    );
    const b1 = end.point(
      g1,
      [finish.b1],
      [
        [key.beta1, 1n],
        [key.delta1, s],
      ],
    );
    const c = end.point(
      g1,
      [finish.c, finish.h],
      [
        [a, s],
        [b1, r],
        [key.delta1, mod(-r * s)],
      ],
    );
    return proofOf(end.coordinates(g1, a), end.coordinates(g2, b), end.coordinates(g1, c));
  } finally {
    heap.release(mark);
  }
}

/** A point in memory and its factor. */
type Term = readonly [point: number, scalar: bigint];

/** The last steps: a few terms, on this thread. */
class Combination {
  constructor(private readonly team: Team) {}

  /** Σ sums + Σ scalar·point, affine; a pointer that lives as long as the caller's mark. */
  point(group: GroupKernels, sums: readonly ((out: number) => void)[], terms: readonly Term[]): number {
    const { heap } = this.team.kernels;
    const out = heap.allocate(group.pointBytes);
    const mark = heap.mark();
    const parts = [...sums, (sum: number) => this.few(group, terms, sum)].map((finish) => {
      const part = heap.allocate(group.sumBytes);
      finish(part);
      return part;
    });
    const total = heap.allocate(group.sumBytes);
    const scratch = heap.allocate(group.scratchBytes);
    addSums(group, parts, total, scratch);
    group.to_affine(out, total, scratch);
    heap.release(mark);
    return out;
  }

  private few(group: GroupKernels, terms: readonly Term[], out: number): void {
    const { heap } = this.team.kernels;
    const mark = heap.mark();
    const n = terms.length;
    const points = heap.allocate(n * group.pointBytes);
    const scalars = heap.allocate(n * SCALAR_BYTES);
    terms.forEach(([point, scalar], i) => {
      heap.bytes(points + i * group.pointBytes, group.pointBytes).set(heap.bytes(point, group.pointBytes));
      toBytesLE(scalar, heap.bytes(scalars + i * SCALAR_BYTES, SCALAR_BYTES), 0);
    });
    const shared = heap.allocate(fullSharedBytes(group, n));
    msmFull(group, { points, scalars, n, shared }, out, heap.allocate(fullScratchBytes(group, n) + 64));
    heap.release(mark);
  }

  /** Canonical decimals of an affine point. */
  coordinates(group: GroupKernels, point: number): string[] {
    const { heap } = this.team.kernels;
    const mark = heap.mark();
    const bytes = heap.allocate(group.keyBytes);
    group.to_bytes(bytes, point, 1);
    const view = heap.bytes(bytes, group.keyBytes);
    const values = Array.from({ length: group.keyBytes / FIELD_BYTES }, (_, i) => fromBytesLE(view, i * FIELD_BYTES));
    heap.release(mark);
    return values.map(String);
  }
}

function proofOf(a: readonly string[], b: readonly string[], c: readonly string[]): SnarkjsProof {
  const g1 = ([x, y]: readonly string[]): [string, string, string] => [x!, y!, '1'];
  const [x0, x1, y0, y1] = b as [string, string, string, string];
  return {
    pi_a: g1(a),
    pi_b: [
      [x0, x1],
      [y0, y1],
      ['1', '0'],
    ],
    pi_c: g1(c),
    protocol: 'groth16',
    curve: 'bn128',
  };
}
