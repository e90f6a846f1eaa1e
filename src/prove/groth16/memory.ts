/** What a proof will take of the kernels' memory, known before a byte of the key is read. */
import { domainOf } from '../../kernels/domain.js';
import { ELEMENT_BYTES } from '../../kernels/field-exports.js';
import type { KernelExports } from '../../kernels/module.js';
import {
  fullScratchBytes,
  fullSharedBytes,
  fullWindowsOf,
  groupOf,
  SCALAR_BYTES,
  smallScratchBytes,
  type GroupName,
} from '../../kernels/msm.js';
import { nttTableBytes } from '../../kernels/ntt.js';
import { SMALL_MAGNITUDES } from '../engine/sums.js';
import { quotientBytes, quotientScratchBytes } from '../engine/quotient.js';

export interface ProofShape {
  readonly nVars: number;
  readonly nPublic: number;
  readonly domainSize: number;
  /** Entries of section 4 of the key. */
  readonly coefficients: number;
  /** Wires whose values are full width; `nVars` where nothing is known. */
  readonly wide: number;
  readonly threads: number;
}

/** An entry of a row, and distinct coefficients at a guess: compiled models have few. */
const ENTRY_BYTES = 8;
const DICTIONARY_ENTRIES = 4096;
/** Bytes of the loaded key, at most: points at infinity take none. */
export function keyMemoryBytes(exports: KernelExports, shape: ProofShape): number {
  const { nVars, nPublic, domainSize, coefficients } = shape;
  const [g1, g2] = [groupOf(exports, 'g1'), groupOf(exports, 'g2')];
  const points = (3 * nVars - nPublic - 1 + domainSize) * g1.pointBytes + nVars * g2.pointBytes;
  const rows =
    coefficients * ENTRY_BYTES + 8 * (domainSize + 1) + Math.min(coefficients, DICTIONARY_ENTRIES) * ELEMENT_BYTES;
  return points + rows + nttTableBytes(domainOf(domainSize).logSize);
}

/** Bytes that one proof takes beside the key, at its peak. */
export function proofMemoryBytes(exports: KernelExports, shape: ProofShape): number {
  const { nVars, domainSize, wide } = shape;
  const quotient = quotientScratchBytes(nVars, domainSize) + wide * (ELEMENT_BYTES + SCALAR_BYTES + 4);
  return quotientBytes(domainSize) + Math.max(quotient, sumsBytes(exports, shape));
}

function sumsBytes(exports: KernelExports, { nVars, domainSize, wide, threads }: ProofShape): number {
  const lists: readonly GroupName[] = ['g1', 'g1', 'g1', 'g2'];
  const full = (name: GroupName, n: number): { shared: number; scratch: number } => {
    const group = groupOf(exports, name);
    const windows = fullWindowsOf(n);
    return { shared: fullSharedBytes(group, n, windows), scratch: fullScratchBytes(group, n, windows) };
  };
  const sums = lists.map((name) => {
    const group = groupOf(exports, name);
    const { shared, scratch } = wide === 0 ? { shared: 0, scratch: 0 } : full(name, wide);
    const range = Math.ceil(nVars / threads);
    return {
      shared: 4 * nVars + wide * (group.pointBytes + SCALAR_BYTES) + shared,
      scratch: Math.max(scratch, ...SMALL_MAGNITUDES.map((maxAbs) => smallScratchBytes(group, range, maxAbs))),
    };
  });
  sums.push(full('g1', domainSize));
  const shared = sums.reduce((sum, one) => sum + one.shared, 0);
  return shared + threads * Math.max(...sums.map(({ scratch }) => scratch));
}
