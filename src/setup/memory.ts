/** What lies where in the kernels' memory during a setup, and how much of it there is. */
import type { R1cs } from '../constraint/r1cs.js';
import { ZkonnxError } from '../base/errors.js';
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

/** What evaluation at the trapdoor reads (pointers to scalars) and fills (lists). All of it is secret: whoever reads it can forge proofs. */
export interface EvaluationScalars {
  readonly tau: number;
  readonly alpha: number;
  readonly beta: number;
  /** K_j is divided by a scalar from `firstWire` on, up to the next; by nothing before the first. Ascending. */
  readonly divisors: readonly { readonly firstWire: number; readonly scalar: number }[];
  readonly hDivisor: number;
  /** K_j of all wires. */
  readonly k: ScalarList;
  /** A_j(τ) and B_j(τ). */
  readonly a: ScalarList;
  readonly b: ScalarList;
  /** τ^(i+N) − τ^i, i < N − 1, where csHash covers them. */
  readonly powers?: ScalarList;
  /** Odd members of the Lagrange basis of the 2N-th roots of unity at τ, over `hDivisor`: those of the domain's odd coset, in its order. */
  readonly h: ScalarList;
}

/**
 * All scalars whose multiples a Groth16 key holds. The four of the trapdoor and `one`, which alone is no secret, stand side by side, and so
 * do `ic` and `c`.
 */
export interface SetupScalars extends EvaluationScalars {
  readonly delta: number;
  /** The scalar 1, whose multiple is γ's point. */
  readonly one: number;
  /** K_j of the constant and the public wires, over γ = 1. */
  readonly ic: ScalarList;
  /** K_j/δ of the private wires. */
  readonly c: ScalarList;
  readonly powers: ScalarList;
}

/** Those of a `mirage` key. τ, α, β, δ1, δ2 and `one` stand side by side. */
export interface MirageScalars extends EvaluationScalars {
  readonly delta1: number;
  readonly delta2: number;
  readonly one: number;
}

/** What tells the setups' memory apart. */
export interface SetupKind {
  /** Scalars of the trapdoor. */
  readonly trapdoor: number;
  /** Lists as long as the domain: H, and Groth16's powers of τ. */
  readonly domainLists: number;
}

export const GROTH16: SetupKind = { trapdoor: 4, domainLists: 2 };
export const MIRAGE: SetupKind = { trapdoor: 5, domainLists: 1 };

const listsOn =
  (heap: KernelHeap) =>
  (count: number): ScalarList => ({ pointer: heap.allocate(count * SCALAR_BYTES), count });

export function allocateScalars(heap: KernelHeap, { nVars, nPublic, domainSize }: ZkeyShape): SetupScalars {
  const list = listsOn(heap);
  const { pointer: tau } = list(GROTH16.trapdoor + 1);
  const delta = tau + 3 * SCALAR_BYTES;
  const k = list(nVars);
  return {
    tau,
    alpha: tau + SCALAR_BYTES,
    beta: tau + 2 * SCALAR_BYTES,
    delta,
    one: tau + GROTH16.trapdoor * SCALAR_BYTES,
    divisors: [{ firstWire: nPublic + 1, scalar: delta }],
    hDivisor: delta,
    k,
    ic: part(k, 0, nPublic + 1),
    c: part(k, nPublic + 1, nVars),
    a: list(nVars),
    b: list(nVars),
    powers: list(domainSize - 1),
    h: list(domainSize),
  };
}

export function allocateMirageScalars(
  heap: KernelHeap,
  { nVars, nPublic, domainSize }: ZkeyShape,
  firstRound2: number,
): MirageScalars {
  const list = listsOn(heap);
  const { pointer: tau } = list(MIRAGE.trapdoor + 1);
  const [delta1, delta2] = [tau + 3 * SCALAR_BYTES, tau + 4 * SCALAR_BYTES];
  return {
    tau,
    alpha: tau + SCALAR_BYTES,
    beta: tau + 2 * SCALAR_BYTES,
    delta1,
    delta2,
    one: tau + MIRAGE.trapdoor * SCALAR_BYTES,
    divisors: [
      { firstWire: nPublic + 1, scalar: delta1 },
      { firstWire: firstRound2, scalar: delta2 },
    ],
    hDivisor: delta2,
    k: list(nVars),
    a: list(nVars),
    b: list(nVars),
    h: list(domainSize),
  };
}

/** The scalars from ≤ i < to of a list. */
export function part({ pointer }: ScalarList, from: number, to: number): ScalarList {
  return { pointer: pointer + from * SCALAR_BYTES, count: to - from };
}

/** Bits of a window of each group's table. */
export type TableBits = Readonly<Record<GroupName, number>>;

/** Affine points in memory: src/kernels/msm-exports.ts. */
const POINT = { g1: { pointBytes: 72 }, g2: { pointBytes: 144 } } as const;

/** The tables that take the least additions. */
export function tableBits({ nVars, domainSize }: ZkeyShape, { domainLists } = GROTH16): TableBits {
  return { g1: fixedBaseBits(POINT.g1, 3 * nVars + domainLists * domainSize), g2: fixedBaseBits(POINT.g2, nVars) };
}

/** A table and the bases of its windows. */
const tableBytes = (group: GroupName, bits: number): number =>
  fixedBaseBytes(POINT[group], bits) + windowCount(bits) * POINT[group].pointBytes;

/** Points of one task: some 5 ms, and as many as the kernels take at a time. */
export const CHUNK_POINTS = { g1: 2048, g2: 1024 } as const;
/** Room for a chunk's points of either group, in one form of files; two of these take them in the kernels' own form, a point of which is longer. */
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
export function kernelBytes(r1cs: R1cs, shape: ZkeyShape, threads: number, kind = GROTH16): number {
  const { nVars, nPublic, domainSize } = shape;
  const entries = r1cs.a.wires.length + r1cs.b.wires.length + r1cs.c.wires.length + nPublic + 1;
  const bits = tableBits(shape, kind);
  const scalars = (kind.trapdoor + 1 + 3 * nVars + kind.domainLists * domainSize) * SCALAR_BYTES;
  const bigCoefs = r1cs.bigCoefs.length * (ELEMENT_BYTES + SCALAR_BYTES);
  const evaluation = domainSize * ELEMENT_BYTES + bigCoefs + 12 * entries + 12 * (nVars + 1);
  const points =
    tableBytes('g1', bits.g1) + tableBytes('g2', bits.g2) + threads * TASKS_PER_THREAD * HALVES * 2 * CHUNK_BYTES;
  return scalars + Math.max(evaluation, points) + threads * SCRATCH_BYTES + SMALL_BYTES;
}

/** Bytes that the process grows by over a setup, the constraint system and Node itself not counted. */
export function setupBytes(r1cs: R1cs, shape: ZkeyShape, threads: number, kind = GROTH16): number {
  return kernelBytes(r1cs, shape, threads, kind) + HOST_BYTES + threads * THREAD_BYTES;
}

/** Throws MEMORY_EXCEEDED for a setup beyond the caller's bound or the kernels' reach. */
export function requireMemory(
  r1cs: R1cs,
  shape: ZkeyShape,
  threads: number,
  maxBytes = Infinity,
  kind = GROTH16,
): void {
  const bytes = setupBytes(r1cs, shape, threads, kind);
  if (!(bytes > maxBytes || kernelBytes(r1cs, shape, threads, kind) > MAX_KERNEL_BYTES)) return;
  const mebibytes = (value: number): string => `${Math.ceil(value / 2 ** 20)} MiB`;
  throw new ZkonnxError('MEMORY_EXCEEDED', 'the setup of this circuit takes too much memory', {
    expected: `at most ${mebibytes(Math.min(maxBytes, MAX_KERNEL_BYTES))}`,
    got: mebibytes(bytes),
    help: 'use fewer threads, or compile a smaller circuit',
  });
}
