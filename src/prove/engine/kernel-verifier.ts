/**
 * The pairing equation of a verifier on the kernels, for a prover that checks its own proofs: the verdicts of src/verify in a tenth of the
 * time. Whoever must believe a proof uses src/verify. Uses no Node API.
 *
 *   e(−A, B) · Π e(fixed) · e(IC_0 + Σ s_i·IC_i, γ) · Π e(C_j, δ_j) = 1
 */
import { mod, Q, R, toBytesLE } from '../../field/bn254.js';
import type { G1Point, G2Point } from '../../field/curve-bigint.js';
import { allocatePoints, readSum } from '../../kernels/curve.js';
import { createKernelMemory, instantiateKernels, type Kernels } from '../../kernels/module.js';
import { fullScratchBytes, fullSharedBytes, groupOf, msmFull, SCALAR_BYTES } from '../../kernels/msm.js';
import {
  isInG2,
  isOnG1,
  isOnTwist,
  millerProduct,
  pairingProductIsOne,
  preparePairs,
  type MillerProduct,
  type PreparedG2,
} from '../../kernels/pairing.js';
import type { Equation, ProofNumbers } from '../../verify/equation.js';
import { prepareKeyBy, type PreparedKey } from '../../verify/key.js';
import { Refusal } from '../../verify/refusal.js';

/** What the equation takes of a key: points that have been checked, in canonical affine coordinates. */
export interface EquationKey {
  /** Pairs of the key alone: e(α, β). */
  readonly fixed: readonly { readonly g1: G1Point; readonly g2: G2Point }[];
  readonly gamma: G2Point;
  /** One for each C of a proof. */
  readonly deltas: readonly G2Point[];
  /** The constant's point, then one for each scalar. */
  readonly ic: readonly G1Point[];
}

/** 256 MiB; the largest key, of 2^17 public signals, takes a tenth of it. Reserved, not used. */
const MAX_PAGES = 4096;

/** Kernels of this thread's own, for one key and its checks. */
export function verifierKernels(): Promise<Kernels> {
  return instantiateKernels({ memory: createKernelMemory(16, MAX_PAGES) });
}

/** As `prepareKey`; the points' order, most of its time, is the kernels' to tell. Throws KEY_INVALID. */
export function prepareKeyOn(kernels: Kernels, keyJson: unknown): PreparedKey {
  return prepareKeyBy((point) => {
    const affine = affineG2(point);
    return affine !== undefined && isInG2(kernels, affine);
  }, keyJson);
}

/** One key, prepared. */
export class KernelVerifier {
  private constructor(
    private readonly kernels: Kernels,
    private readonly ic: { readonly pointer: number; readonly count: number },
    private readonly fixed: MillerProduct,
    private readonly gamma: PreparedG2,
    private readonly deltas: readonly PreparedG2[],
  ) {}

  /**
   * What it prepares stays on the heap of `kernels`, the caller's own; without them it makes its own. Throws RangeError for coordinates out
   * of range and for a memory that cannot grow.
   */
  static async create({ fixed, gamma, deltas, ic }: EquationKey, given?: Kernels): Promise<KernelVerifier> {
    const kernels = given ?? (await verifierKernels());
    const points = { pointer: allocatePoints(kernels, 'g1', ic), count: ic.length };
    const [gammaLines, ...deltaLines] = preparePairs(kernels, [gamma, ...deltas]);
    return new KernelVerifier(kernels, points, millerProduct(kernels, fixed), gammaLines!, deltaLines);
  }

  /** Of a verification key's equation, its points checked. */
  static of({ alpha, beta, gamma, deltas, ic }: Equation, given?: Kernels): Promise<KernelVerifier> {
    return KernelVerifier.create(
      {
        fixed: [{ g1: affineG1(alpha), g2: affineG2(beta) }],
        gamma: affineG2(gamma),
        deltas: deltas.map(affineG2),
        ic: ic.map(affineG1),
      },
      given,
    );
  }

  /**
   * Curves, subgroup, equation, in this order, of scalars in [0, r) and of coordinates in [0, q) as calldata has them: A.x, A.y, B.x.c1,
   * B.x.c0, B.y.c1, B.y.c0, then x, y of each C. Throws Refusal as src/verify does, and RangeError for numbers that should have been
   * refused before.
   */
  check({ coordinates, scalars, names }: ProofNumbers): void {
    const { kernels } = this;
    const { a, b, cs } = this.pointsOf(coordinates);
    const requireOnCurve = (isOn: boolean, name: string, index: number): void => {
      if (!isOn) throw new Refusal('POINT_NOT_ON_CURVE', `${name} is not on its curve`, index);
    };
    requireOnCurve(isOnG1(kernels, a), names[0]!, 0);
    requireOnCurve(isOnTwist(kernels, b), names[1]!, 1);
    cs.forEach((c, i) => requireOnCurve(isOnG1(kernels, c), names[i + 2]!, i + 2));
    if (!isInG2(kernels, b)) throw new Refusal('POINT_NOT_IN_SUBGROUP', 'pi_b is not in the subgroup of order r');
    const pairs = [
      { g1: { x: a.x, y: mod(-a.y, Q) }, g2: b },
      { g1: this.statement(scalars), g2: this.gamma },
      ...cs.map((c, i) => ({ g1: c, g2: this.deltas[i]! })),
    ];
    if (!pairingProductIsOne(kernels, pairs, this.fixed)) {
      throw new Refusal('PAIRING_FAILED', 'the proof does not prove these public signals under this key');
    }
  }

  private pointsOf(coordinates: readonly bigint[]): {
    a: NonNullable<G1Point>;
    b: NonNullable<G2Point>;
    cs: NonNullable<G1Point>[];
  } {
    const expected = 6 + 2 * this.deltas.length;
    if (coordinates.length !== expected) throw new RangeError(`${coordinates.length} coordinates, not ${expected}`);
    const at = (i: number): bigint => coordinates[i]!;
    return {
      a: { x: at(0), y: at(1) },
      b: { x: [at(3), at(2)], y: [at(5), at(4)] },
      cs: this.deltas.map((_, i) => ({ x: at(6 + 2 * i), y: at(7 + 2 * i) })),
    };
  }

  /** IC_0 + Σ s_i·IC_i. */
  private statement(scalars: readonly bigint[]): G1Point {
    const { kernels, ic } = this;
    const { heap } = kernels;
    const n = ic.count;
    if (scalars.length !== n - 1) throw new RangeError(`${scalars.length} scalars, not ${n - 1}`);
    const mark = heap.mark();
    try {
      const group = groupOf(kernels.exports, 'g1');
      const bytes = scalarBytes([1n, ...scalars]);
      const msm = {
        points: ic.pointer,
        scalars: heap.copyIn(bytes),
        n,
        shared: heap.allocate(fullSharedBytes(group, n)),
      };
      const sum = heap.allocate(group.sumBytes);
      msmFull(group, msm, sum, heap.allocate(fullScratchBytes(group, n)));
      return readSum(kernels, 'g1', sum);
    } finally {
      heap.release(mark);
    }
  }
}

function scalarBytes(scalars: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(scalars.length * SCALAR_BYTES);
  scalars.forEach((scalar, i) => {
    if (scalar < 0n || scalar >= R) throw new RangeError(`scalar ${scalar} is not in [0, r)`);
    toBytesLE(scalar, bytes, i * SCALAR_BYTES);
  });
  return bytes;
}

function affineG1(point: Equation['alpha']): G1Point {
  return point.is0() ? undefined : point.toAffine();
}

function affineG2(point: Equation['beta']): G2Point {
  if (point.is0()) return undefined;
  const { x, y } = point.toAffine();
  return { x: [x.c0, x.c1], y: [y.c0, y.c1] };
}
