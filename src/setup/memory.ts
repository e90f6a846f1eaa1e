/** What lies where in the kernels' memory during a setup, and how much of it there is. */
import type { R1cs } from '../../circuits/r1cs.js';
import { ZkonnxError } from '../errors.js';
import type { ZkeyShape } from '../formats/zkey.js';
import { ELEMENT_BYTES } from '../kernels/field-exports.js';
import type { KernelHeap } from '../kernels/module.js';
import { SCALAR_BYTES, type GroupName } from '../kernels/msm.js';
import { fixedBaseBits, fixedBaseBytes, windowCount } from '../kernels/msm-fixed-base.js';

/** Scalars one after another: canonical, little-endian, 32 bytes each. */
export interface ScalarList {
  readonly pointer: number;
  readonly count: number;
}

/**
 * All scalars whose multiples the key holds. Everything but `one` is secret: whoever reads it can forge proofs. The four of the trapdoor and
 * `one` stand side by side, and so do `ic` and `c`.
 */
export interface SetupScalars {
  readonly tau: number;
  readonly alpha: number;
  readonly beta: number;
  readonly delta: number;
  /** The scalar 1, whose multiple is γ's point. */
  readonly one: number;
  /** K_j of the constant and the public wires, over γ = 1. */
  readonly ic: ScalarList;
  /** K_j/δ of the private wires. */
  readonly c: ScalarList;
  /** A_j(τ) and B_j(τ). */
  readonly a: ScalarList;
  readonly b: ScalarList;
  /** τ^(i+N) − τ^i, i < N − 1, which only the key's csHash covers. */
  readonly powers: ScalarList;
  /** Odd members of the Lagrange basis of the 2N-th roots of unity at τ, over δ: those of the domain's odd coset, in its order. */
  readonly h: ScalarList;
}

export const TRAPDOOR_SCALARS = 4;

export function allocateScalars(heap: KernelHeap, { nVars, nPublic, domainSize }: ZkeyShape): SetupScalars {
  const list = (count: number): ScalarList => ({ pointer: heap.allocate(count * SCALAR_BYTES), count });
  const { pointer: tau } = list(TRAPDOOR_SCALARS + 1);
  const k = list(nVars);
  return {
    tau,
    alpha: tau + SCALAR_BYTES,
    beta: tau + 2 * SCALAR_BYTES,
    delta: tau + 3 * SCALAR_BYTES,
    one: tau + TRAPDOOR_SCALARS * SCALAR_BYTES,
    ic: { pointer: k.pointer, count: nPublic + 1 },
    c: { pointer: k.pointer + (nPublic + 1) * SCALAR_BYTES, count: nVars - nPublic - 1 },
    a: list(nVars),
    b: list(nVars),
    powers: list(domainSize - 1),
    h: list(domainSize),
  };
}

/** Bits of a window of each group's table. */
export type TableBits = Readonly<Record<GroupName, number>>;

/** Affine points in memory: src/kernels/msm-exports.ts. */
const POINT = { g1: { pointBytes: 72 }, g2: { pointBytes: 144 } } as const;

/** The tables that take the least additions. */
export function tableBits({ nVars, domainSize }: ZkeyShape): TableBits {
  return { g1: fixedBaseBits(POINT.g1, 3 * nVars + 2 * domainSize), g2: fixedBaseBits(POINT.g2, nVars) };
}

/** A table and the bases of its windows. */
const tableBytes = (group: GroupName, bits: number): number =>
  fixedBaseBytes(POINT[group], bits) + windowCount(bits) * POINT[group].pointBytes;

/** Points of one task: some 5 ms, and as many as the kernels take at a time. */
export const CHUNK_POINTS = { g1: 2048, g2: 1024 } as const;
/** Room for a chunk's points of either group, in one form. */
export const CHUNK_BYTES = 131_072;
/** Tasks handed out at a time, a thread: the more, the less threads wait for each other's last one. */
export const TASKS_PER_THREAD = 16;
/** One half is written to while the other is read from. */
export const HALVES = 2;

/** The largest scratch of a task: points and digits of a chunk, and that of its group. A test holds it to the kernels. */
const SCRATCH_BYTES = 0.75 * 2 ** 20;
/** Constants, and what alignment takes. */
const SMALL_BYTES = 2 ** 16;
/** What the process grows by over a setup outside of the kernels' memory, measured: buffers, code, and garbage, at once and a thread. */
const HOST_BYTES = 40 * 2 ** 20;
const THREAD_BYTES = 16 * 2 ** 20;
/** All that 32-bit pointers reach. */
const MAX_KERNEL_BYTES = 2 ** 32;

/** Bytes of the kernels' memory that a setup takes at most. */
export function kernelBytes(r1cs: R1cs, shape: ZkeyShape, threads: number): number {
  const { nVars, nPublic, domainSize } = shape;
  const entries = r1cs.a.wires.length + r1cs.b.wires.length + r1cs.c.wires.length + nPublic + 1;
  const bits = tableBits(shape);
  const scalars = (TRAPDOOR_SCALARS + 1 + 3 * nVars + 2 * domainSize) * SCALAR_BYTES;
  const bigCoefs = r1cs.bigCoefs.length * (ELEMENT_BYTES + SCALAR_BYTES);
  const evaluation = domainSize * ELEMENT_BYTES + bigCoefs + 12 * entries + 12 * (nVars + 1);
  const points =
    tableBytes('g1', bits.g1) + tableBytes('g2', bits.g2) + threads * TASKS_PER_THREAD * HALVES * 2 * CHUNK_BYTES;
  return scalars + Math.max(evaluation, points) + threads * SCRATCH_BYTES + SMALL_BYTES;
}

/** Bytes that the process grows by over a setup, the constraint system and Node itself not counted. */
export function setupBytes(r1cs: R1cs, shape: ZkeyShape, threads: number): number {
  return kernelBytes(r1cs, shape, threads) + HOST_BYTES + threads * THREAD_BYTES;
}

/** Throws MEMORY_EXCEEDED for a setup beyond the caller's bound or the kernels' reach. */
export function requireMemory(r1cs: R1cs, shape: ZkeyShape, threads: number, maxBytes = Infinity): void {
  const bytes = setupBytes(r1cs, shape, threads);
  if (!(bytes > maxBytes || kernelBytes(r1cs, shape, threads) > MAX_KERNEL_BYTES)) return;
  const mebibytes = (value: number): string => `${Math.ceil(value / 2 ** 20)} MiB`;
  throw new ZkonnxError('MEMORY_EXCEEDED', 'the setup of this circuit takes too much memory', {
    expected: `at most ${mebibytes(Math.min(maxBytes, MAX_KERNEL_BYTES))}`,
    got: mebibytes(bytes),
    help: 'use fewer threads, or compile a smaller circuit',
  });
}
