/** i with its low k bits in reverse, k ≥ 1. */
export function bitreverse(i: u32, k: u32): u32 {
  i = ((i >> 1) & 0x55555555) | ((i & 0x55555555) << 1);
  i = ((i >> 2) & 0x33333333) | ((i & 0x33333333) << 2);
  i = ((i >> 4) & 0x0f0f0f0f) | ((i & 0x0f0f0f0f) << 4);
  i = ((i >> 8) & 0x00ff00ff) | ((i & 0x00ff00ff) << 8);
  return ((i >> 16) | (i << 16)) >> (32 - k);
}
