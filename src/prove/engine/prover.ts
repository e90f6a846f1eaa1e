/**
 * Groth16 on our kernels, one thread: the same proof system, key and witness as snarkjs, whose equations these are
 * (Groth, eprint 2016/260; snarkjs takes H in the Lagrange basis of the odd coset):
 *
 *   A  = α + Σ w_j A_j + r·δ            B = β + Σ w_j B_j + s·δ
 *   C  = Σ_private w_j C_j + Σ_i P(ω_{2N}^{2i+1})·H_i + s·A + r·B − r·s·δ,    P = a·b − c
 *
 * Wires are split by what their values are: integers below 2^31 in absolute value go to windows of a few bits (a negative one negates
 * the point), the few others are full width. The time therefore depends on the witness.
 */
import type { R1cs, SparseMatrix } from '../../../circuits/r1cs.js';
import { FIELD_BYTES, fromBytesLE, mod, R, toBytesLE } from '../../field/bn254.js';
import type { SnarkjsProof } from '../../formats/snarkjs-json.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import type { Kernels } from '../../kernels/module.js';
import {
  addSums,
  fullScratchBytes,
  fullSharedBytes,
  groupOf,
  msmFull,
  msmSmall,
  SCALAR_BYTES,
  smallScratchBytes,
  type GroupKernels,
} from '../../kernels/msm.js';
import { bitReverse, oddCosetPhases, runNttTask } from '../../kernels/ntt.js';
import { putResidue, sideValue, type Witness } from '../witness.js';
import type { EngineKey } from './key.js';

/** Uniform elements of F_r from a cryptographic source; r and s of one proof. */
export interface Blinding {
  readonly r: bigint;
  readonly s: bigint;
}

/** Share of the time that has passed after each of A, B, B in G1 and the quotient's sum; measured at 2^18 rows. Only progress bars use it. */
const MILESTONES = { a: 0.15, b: 0.45, b1: 0.55, quotient: 0.9 } as const;

/** The proof of one witness. An unsatisfying witness gives a proof that no verifier accepts; nothing here notices. */
export function proveWithKernels(
  kernels: Kernels,
  key: EngineKey,
  r1cs: R1cs,
  witness: Witness,
  { r, s }: Blinding,
  onProgress: (fraction: number) => void = () => undefined,
): SnarkjsProof {
  const mark = kernels.heap.mark();
  try {
    return new Proof(kernels, key, r1cs, witness).make(r, s, onProgress);
  } finally {
    kernels.heap.release(mark);
  }
}

/** A term of a full-width sum. */
interface Term {
  readonly point: number;
  readonly scalar: bigint;
}

class Proof {
  private readonly g1: GroupKernels;
  private readonly g2: GroupKernels;
  /** Int32 a wire: its value if small, else 0; and the wires that are not. */
  private readonly small: number;
  private readonly maxAbs: number;
  private readonly wide: readonly number[];

  constructor(
    private readonly kernels: Kernels,
    private readonly key: EngineKey,
    private readonly r1cs: R1cs,
    private readonly witness: Witness,
  ) {
    this.g1 = groupOf(kernels.exports, 'g1');
    this.g2 = groupOf(kernels.exports, 'g2');
    const classified = classify(kernels, witness);
    this.small = classified.small;
    this.maxAbs = classified.maxAbs;
    this.wide = classified.wide;
  }

  make(r: bigint, s: bigint, onProgress: (fraction: number) => void): SnarkjsProof {
    const { key, g1, g2 } = this;
    const a = this.wires(g1, key.a, 0, [
      { point: key.alpha1, scalar: 1n },
      { point: key.delta1, scalar: r },
    ]);
    onProgress(MILESTONES.a);
    const b = this.wires(g2, key.b2, 0, [
      { point: key.beta2, scalar: 1n },
      { point: key.delta2, scalar: s },
    ]);
    onProgress(MILESTONES.b);
    const b1 = this.wires(g1, key.b1, 0, [
      { point: key.beta1, scalar: 1n },
      { point: key.delta1, scalar: s },
    ]);
    onProgress(MILESTONES.b1);
    const quotient = this.quotientSum();
    onProgress(MILESTONES.quotient);
    const c = this.wires(g1, key.c, key.nPublic + 1, [
      { point: quotient, scalar: 1n },
      { point: a, scalar: s },
      { point: b1, scalar: r },
      { point: key.delta1, scalar: mod(-r * s) },
    ]);
    const [piA, piB, piC] = [this.coordinates(g1, a), this.coordinates(g2, b), this.coordinates(g1, c)];
    return {
      pi_a: [piA[0]!, piA[1]!, '1'],
      pi_b: [
        [piB[0]!, piB[1]!],
        [piB[2]!, piB[3]!],
        ['1', '0'],
      ],
      pi_c: [piC[0]!, piC[1]!, '1'],
      protocol: 'groth16',
      curve: 'bn128',
    };
  }

  /** Σ w_j·points[j − firstWire] over the wires from `firstWire`, plus `extra`; a pointer to the affine sum. */
  private wires(group: GroupKernels, points: number, firstWire: number, extra: readonly Term[]): number {
    const { heap } = this.kernels;
    const out = heap.allocate(group.pointBytes);
    const mark = heap.mark();
    const n = this.key.nVars - firstWire;
    const [small, full, total] = [
      heap.allocate(group.sumBytes),
      heap.allocate(group.sumBytes),
      heap.allocate(group.sumBytes),
    ];
    const values = this.small + 4 * firstWire;
    const scratch = heap.allocate(Math.max(smallScratchBytes(group, n, this.maxAbs), group.scratchBytes));
    msmSmall(group, { points, values, n, maxAbs: this.maxAbs }, small, scratch);
    const terms = this.wide
      .filter((wire) => wire >= firstWire)
      .map((wire) => ({ point: points + (wire - firstWire) * group.pointBytes, scalar: this.value(wire) }));
    this.fullSum(group, [...terms, ...extra], full);
    addSums(group, [small, full], total, scratch);
    group.to_affine(out, total, scratch);
    heap.release(mark);
    return out;
  }

  private value(wire: number): bigint {
    const integer = this.witness.small[wire]!;
    return Number.isNaN(integer) ? this.witness.field.get(wire)! : mod(BigInt(integer));
  }

  /** out (XYZZ) = Σ scalar·point. */
  private fullSum(group: GroupKernels, terms: readonly Term[], out: number): void {
    const { heap } = this.kernels;
    const n = terms.length;
    const points = heap.allocate(n * group.pointBytes);
    const scalars = heap.allocate(n * SCALAR_BYTES);
    const shared = heap.allocate(fullSharedBytes(group, n));
    const scratch = heap.allocate(fullScratchBytes(group, n) + 64);
    terms.forEach(({ point, scalar }, i) => {
      heap.bytes(points + i * group.pointBytes, group.pointBytes).set(heap.bytes(point, group.pointBytes));
      toBytesLE(scalar, heap.bytes(scalars + i * SCALAR_BYTES, SCALAR_BYTES), 0);
    });
    msmFull(group, { points, scalars, n, shared }, out, scratch);
  }

  /** Σ_i P(ω_{2N}^{2i+1})·H_i, affine. */
  private quotientSum(): number {
    const { heap } = this.kernels;
    const { g1, key } = this;
    const out = heap.allocate(g1.pointBytes);
    const mark = heap.mark();
    const n = 2 ** key.logSize;
    const scalars = heap.allocate(n * SCALAR_BYTES);
    this.quotientValues(scalars);
    const sum = heap.allocate(g1.sumBytes);
    const shared = heap.allocate(fullSharedBytes(g1, n));
    const scratch = heap.allocate(fullScratchBytes(g1, n) + 64);
    msmFull(g1, { points: key.h, scalars, n, shared }, sum, scratch);
    g1.to_affine(out, sum, scratch);
    heap.release(mark);
    return out;
  }

  /** P on the odd coset, canonical scalars in natural order. */
  private quotientValues(out: number): void {
    const { exports, heap } = this.kernels;
    const { logSize, table, join } = this.key;
    const n = 2 ** logSize;
    const mark = heap.mark();
    const a = this.sideValues(this.r1cs.a, true);
    const b = this.sideValues(this.r1cs.b, false);
    const c = heap.allocate(n * ELEMENT_BYTES);
    // The witness satisfies the rows, so c needs no third pass over them; the binding rows have b = c = 0.
    exports.fr_mul_n(c, a, b, n);
    for (const phase of oddCosetPhases(table, logSize, [a, b, c], 1)) {
      for (const task of phase) runNttTask(exports, table.pointer, task);
    }
    exports.fr_join_abc(out, a, b, c, join.inner, join.outer, logSize, 0, n);
    heap.release(mark);
  }

  /** The rows' values of one side as elements, bit-reversed; for A also the rows that bind the public wires. */
  private sideValues(side: SparseMatrix, bindsPublic: boolean): number {
    const { exports, heap } = this.kernels;
    const { logSize, nPublic } = this.key;
    const n = 2 ** logSize;
    const elements = heap.allocate(n * ELEMENT_BYTES);
    const mark = heap.mark();
    const staged = heap.allocate(n * FIELD_BYTES);
    const bytes = heap.bytes(staged, n * FIELD_BYTES).fill(0);
    const put = (row: number, value: number | bigint) => {
      putResidue(bytes, bitReverse(row, logSize) * FIELD_BYTES, value);
    };
    const { nConstraints, bigCoefs } = this.r1cs;
    for (let row = 0; row < nConstraints; row++) put(row, sideValue(side, row, this.witness, bigCoefs));
    if (bindsPublic) for (let wire = 0; wire <= nPublic; wire++) put(nConstraints + wire, this.value(wire));
    exports.fr_from_bytes_n(elements, staged, n);
    heap.release(mark);
    return elements;
  }

  private coordinates(group: GroupKernels, point: number): string[] {
    const { heap } = this.kernels;
    const mark = heap.mark();
    const bytes = heap.allocate(group.keyBytes);
    group.to_bytes(bytes, point, 1);
    const view = heap.bytes(bytes, group.keyBytes);
    const coordinates = Array.from({ length: group.keyBytes / FIELD_BYTES }, (_, i) =>
      fromBytesLE(view, i * FIELD_BYTES),
    );
    heap.release(mark);
    return coordinates.map(String);
  }
}

/** Values a window-by-window sum takes as Int32. */
const SMALL_LIMIT = 2 ** 31;

function classify(
  { heap }: Kernels,
  { small }: Witness,
): { readonly small: number; readonly maxAbs: number; readonly wide: readonly number[] } {
  const pointer = heap.allocate(4 * small.length);
  const words = heap.words(pointer, small.length);
  const wide: number[] = [];
  let maxAbs = 1;
  for (let wire = 0; wire < small.length; wire++) {
    const value = small[wire]!;
    if (Math.abs(value) < SMALL_LIMIT) {
      words[wire] = value;
      maxAbs = Math.max(maxAbs, Math.abs(value));
    } else {
      words[wire] = 0;
      wide.push(wire);
    }
  }
  return { small: pointer, maxAbs, wide };
}

/** Uniform in [0, r) by rejection: 254 bits are below r three times in four. `random` fills an array with random bytes. */
export function randomScalar(random: (bytes: Uint8Array) => void): bigint {
  const bytes = new Uint8Array(FIELD_BYTES);
  for (;;) {
    random(bytes);
    const candidate = fromBytesLE(bytes, 0) >> 2n;
    if (candidate < R) return candidate;
  }
}
