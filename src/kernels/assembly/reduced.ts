// Elements of F_q as files hold them: canonical residues in Montgomery form, nine limbs of 29 bits.
import { fq_reduce } from './fq';

const ELEMENT: usize = 36;

/** n elements, each to the residue below q. */
export function fq_reduce_n(elements: usize, n: u32): void {
  for (let end = elements + <usize>n * ELEMENT; elements < end; elements += ELEMENT) fq_reduce(elements, elements);
}

/** Whether each of n elements of unknown origin is nine limbs of 29 bits that make a number below q. `scratch` takes 36 bytes. */
export function fq_are_reduced(elements: usize, n: u32, scratch: usize): bool {
  for (let end = elements + <usize>n * ELEMENT; elements < end; elements += ELEMENT) {
    let high: u32 = 0;
    for (let limb: usize = 0; limb < ELEMENT; limb += 4) high |= load<u32>(elements + limb);
    if (high >> 29 != 0) return false;
    // Takes q away once from what is not below it, so that nothing else stays as it is.
    fq_reduce(scratch, elements);
    for (let limb: usize = 0; limb < ELEMENT; limb += 4) {
      if (load<u32>(scratch + limb) != load<u32>(elements + limb)) return false;
    }
  }
  return true;
}
