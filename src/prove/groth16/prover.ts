/**
 * Groth16 on our kernels: the same proof system, keys and witnesses as snarkjs, whose equations these are (Groth, eprint 2016/260; snarkjs
 * takes H in the Lagrange basis of the odd coset):
 *
 *   A  = α + Σ w_j A_j + r·δ            B = β + Σ w_j B_j + s·δ
 *   C  = Σ_private w_j C_j + Σ_i P(ω_{2N}^{2i+1})·H_i + s·A + r·B − r·s·δ,    P = a·b − c
 *
 * Uses no Node API. The time depends on the witness.
 */
import { internal } from '../../base/errors.js';
import { mod } from '../../field/bn254.js';
import type { SnarkjsProof } from '../../formats/snarkjs-json.js';
import { domainSize } from '../../kernels/domain.js';
import { groupOf } from '../../kernels/msm.js';
import type { Team } from '../../kernels/team.js';
import { Combination } from '../engine/combination.js';
import type { EngineKey } from './kernel-key.js';
import { quotientBytes, quotientScalars } from '../engine/quotient.js';
import type { OnProverProgress } from '../engine/protocol.js';
import { Sums } from '../engine/sums.js';
import type { ClassifiedWitness } from '../engine/classified-witness.js';

export interface Groth16Proof {
  readonly proof: SnarkjsProof;
  /** Decimal strings: wires 1 … nPublic. */
  readonly publicSignals: readonly string[];
}

/** Uniform elements of F_r from a cryptographic source; r and s of one proof. */
export interface Blinding {
  readonly r: bigint;
  readonly s: bigint;
}

/**
 * The proof of one witness. An unsatisfying witness gives a proof that no verifier accepts; nothing here notices. Rejects with what
 * `team.run` rejects with, and RangeError where the memory cannot grow.
 */
export async function proveWithTeam(
  team: Team,
  key: EngineKey,
  witness: ClassifiedWitness,
  { r, s }: Blinding,
  onProgress: OnProverProgress<'quotient' | 'sums'> = () => undefined,
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
    return { pi_a: end.g1Json(a), pi_b: end.g2Json(b), pi_c: end.g1Json(c), protocol: 'groth16', curve: 'bn128' };
  } finally {
    heap.release(mark);
  }
}
