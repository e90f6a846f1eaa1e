/** The last steps of a proof: sums of a few terms each, on this thread. Uses no Node API. */
import { FIELD_BYTES, fromBytesLE, toBytesLE } from '../../field/bn254.js';
import type { G1Json, G2Json } from '../../formats/snarkjs-json.js';
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

/** A point in memory and its factor, a canonical residue. */
export type Term = readonly [point: number, scalar: bigint];

/** Puts a sum (XYZZ) at `out`. */
export type Finish = (out: number) => void;

export class Combination {
  constructor(private readonly team: Team) {}

  /** Σ sums + Σ scalar·point, affine; a pointer that lives as long as the caller's mark. */
  point(group: GroupKernels, sums: readonly Finish[], terms: readonly Term[]): number {
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

  /** out (XYZZ) = Σ scalar·point. */
  few(group: GroupKernels, terms: readonly Term[], out: number): void {
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

  /** Canonical coordinates of an affine point; all 0 at infinity. */
  coordinates(group: GroupKernels, point: number): bigint[] {
    const { heap } = this.team.kernels;
    const mark = heap.mark();
    const bytes = heap.allocate(group.keyBytes);
    group.to_bytes(bytes, point, 1);
    const view = heap.bytes(bytes, group.keyBytes);
    const values = Array.from({ length: group.keyBytes / FIELD_BYTES }, (_, i) => fromBytesLE(view, i * FIELD_BYTES));
    heap.release(mark);
    return values;
  }

  /** A finite point of G1 as proofs hold it. */
  g1Json(point: number): G1Json {
    const [x, y] = this.coordinates(groupOf(this.team.kernels.exports, 'g1'), point) as [bigint, bigint];
    return [String(x), String(y), '1'];
  }

  /** A finite point of G2 as proofs hold it. */
  g2Json(point: number): G2Json {
    const values = this.coordinates(groupOf(this.team.kernels.exports, 'g2'), point).map(String);
    const [x0, x1, y0, y1] = values as [string, string, string, string];
    return [
      [x0, x1],
      [y0, y1],
      ['1', '0'],
    ];
  }
}
