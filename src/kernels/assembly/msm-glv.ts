// Written by scripts/kernel-curve-source.ts; change that file, then run scripts/build-kernels.ts.

/**
 * Splits k, 32 little-endian bytes below r, into k1 + k2·λ mod r, with λ and the lattice of src/field/curve-bigint.ts.
 * Writes 40 bytes: |k1|, |k2| (16 each, below 2^126), then for each 1 where it is negative (u32). The quotients are within
 * 1/2 + 2^-7 of the rational ones, so a half is at most 0.51·(2^126.8 + 2^63.2) < 2^126. A k of r or more gives halves of no meaning.
 */
export function glv_split(out: usize, scalar: usize): void {
  const w0 = load<u64>(scalar, 0, 1);
  const w1 = load<u64>(scalar, 8, 1);
  const w2 = load<u64>(scalar, 16, 1);
  const w3 = load<u64>(scalar, 24, 1);
  const k0: u64 = (w0 >> 0) & 536870911;
  const k1: u64 = (w0 >> 29) & 536870911;
  const k2: u64 = (w0 >> 58 | w1 << 6) & 536870911;
  const k3: u64 = (w1 >> 23) & 536870911;
  const k4: u64 = (w1 >> 52 | w2 << 12) & 536870911;
  const k5: u64 = (w2 >> 17) & 536870911;
  const k6: u64 = (w2 >> 46 | w3 << 18) & 536870911;
  const k7: u64 = (w3 >> 11) & 536870911;
  const k8: u64 = (w3 >> 40) & 536870911;
  let c0: u64;
  let c1: u64;
  let c2: u64;
  let c3: u64;
  let c4: u64;
  {
  let t: u64 = 0;
  t += k0 * 64369077;
  t >>= 29;
  t += k0 * 467260473 + k1 * 64369077;
  t >>= 29;
  t += k0 * 513178579 + k1 * 467260473 + k2 * 64369077;
  t >>= 29;
  t += k0 * 470100444 + k1 * 513178579 + k2 * 467260473 + k3 * 64369077;
  t >>= 29;
  t += k0 * 301469 + k1 * 470100444 + k2 * 513178579 + k3 * 467260473 + k4 * 64369077;
  t >>= 29;
  t += k1 * 301469 + k2 * 470100444 + k3 * 513178579 + k4 * 467260473 + k5 * 64369077;
  t >>= 29;
  t += k2 * 301469 + k3 * 470100444 + k4 * 513178579 + k5 * 467260473 + k6 * 64369077;
  t >>= 29;
  t += k3 * 301469 + k4 * 470100444 + k5 * 513178579 + k6 * 467260473 + k7 * 64369077;
  t >>= 29;
  t += k4 * 301469 + k5 * 470100444 + k6 * 513178579 + k7 * 467260473 + k8 * 64369077 + 268435456;
  t >>= 29;
  t += k5 * 301469 + k6 * 470100444 + k7 * 513178579 + k8 * 467260473;
  c0 = t & 536870911;
  t >>= 29;
  t += k6 * 301469 + k7 * 470100444 + k8 * 513178579;
  c1 = t & 536870911;
  t >>= 29;
  t += k7 * 301469 + k8 * 470100444;
  c2 = t & 536870911;
  t >>= 29;
  t += k8 * 301469;
  c3 = t & 536870911;
  t >>= 29;
  c4 = t & 536870911;
  t >>= 29;
  }
  let d0: u64;
  let d1: u64;
  let d2: u64;
  {
  let t: u64 = 0;
  t += k0 * 471235310;
  t >>= 29;
  t += k0 * 488844999 + k1 * 471235310;
  t >>= 29;
  t += k0 * 5832 + k1 * 488844999 + k2 * 471235310;
  t >>= 29;
  t += k1 * 5832 + k2 * 488844999 + k3 * 471235310;
  t >>= 29;
  t += k2 * 5832 + k3 * 488844999 + k4 * 471235310;
  t >>= 29;
  t += k3 * 5832 + k4 * 488844999 + k5 * 471235310;
  t >>= 29;
  t += k4 * 5832 + k5 * 488844999 + k6 * 471235310;
  t >>= 29;
  t += k5 * 5832 + k6 * 488844999 + k7 * 471235310;
  t >>= 29;
  t += k6 * 5832 + k7 * 488844999 + k8 * 471235310 + 268435456;
  t >>= 29;
  t += k7 * 5832 + k8 * 488844999;
  d0 = t & 536870911;
  t >>= 29;
  t += k8 * 5832;
  d1 = t & 536870911;
  t >>= 29;
  d2 = t & 536870911;
  t >>= 29;
  }
  {
  let t: u64 = 0;
  t += k0 + c0 * 232708853 + d0 * 187558941;
  const h0: u64 = t & 536870911;
  t >>= 29;
  t += k1 + c0 * 14218591 + c1 * 232708853 + d0 * 291951803 + d1 * 187558941;
  const h1: u64 = t & 536870911;
  t >>= 29;
  t += k2 + c0 * 300515517 + c1 * 14218591 + c2 * 232708853 + d0 * 536870877 + d1 * 291951803 + d2 * 187558941;
  const h2: u64 = t & 536870911;
  t >>= 29;
  t += k3 + c0 * 83586594 + c1 * 300515517 + c2 * 14218591 + c3 * 232708853 + d0 * 536870911 + d1 * 536870877 + d2 * 291951803;
  const h3: u64 = t & 536870911;
  t >>= 29;
  t += k4 + c0 * 536869131 + c1 * 83586594 + c2 * 300515517 + c3 * 14218591 + c4 * 232708853 + d0 * 536870911 + d1 * 536870911 + d2 * 536870877;
  const h4: u64 = t & 536870911;
  t >>= 29;
  // All ones where the value is negative, by bit 144.
  const sign: u64 = 0 - (h4 >> 28);
  const low: u64 = (h0 | (h1 << 29) | (h2 << 58)) ^ sign;
  const high: u64 = ((h2 >> 6) | (h3 << 23) | (h4 << 52)) ^ sign;
  const absolute: u64 = low - sign;
  store<u64>(out, absolute, 0);
  store<u64>(out, high + u64(absolute == 0) * (sign & 1), 8);
  store<u32>(out, <u32>(sign & 1), 32);
  }
  {
  let t: u64 = 0;
  t += c0 * 187558941 + d0 * 491721000;
  const h0: u64 = t & 536870911;
  t >>= 29;
  t += c0 * 291951803 + c1 * 187558941 + d0 * 277733211 + d1 * 491721000;
  const h1: u64 = t & 536870911;
  t >>= 29;
  t += c0 * 536870877 + c1 * 291951803 + c2 * 187558941 + d0 * 236355360 + d1 * 277733211 + d2 * 491721000;
  const h2: u64 = t & 536870911;
  t >>= 29;
  t += c0 * 536870911 + c1 * 536870877 + c2 * 291951803 + c3 * 187558941 + d0 * 453284317 + d1 * 236355360 + d2 * 277733211;
  const h3: u64 = t & 536870911;
  t >>= 29;
  t += c0 * 536870911 + c1 * 536870911 + c2 * 536870877 + c3 * 291951803 + c4 * 187558941 + d0 * 1780 + d1 * 453284317 + d2 * 236355360;
  const h4: u64 = t & 536870911;
  t >>= 29;
  // All ones where the value is negative, by bit 144.
  const sign: u64 = 0 - (h4 >> 28);
  const low: u64 = (h0 | (h1 << 29) | (h2 << 58)) ^ sign;
  const high: u64 = ((h2 >> 6) | (h3 << 23) | (h4 << 52)) ^ sign;
  const absolute: u64 = low - sign;
  store<u64>(out, absolute, 16);
  store<u64>(out, high + u64(absolute == 0) * (sign & 1), 24);
  store<u32>(out, <u32>(sign & 1), 36);
  }
}

/** β of the endomorphism (x, y) -> (βx, y), in Montgomery form. */
export function glv_beta1(out: usize): void {
  store<u32>(out, 171145621, 0);
  store<u32>(out, 361569571, 4);
  store<u32>(out, 412916632, 8);
  store<u32>(out, 318393925, 12);
  store<u32>(out, 408922844, 16);
  store<u32>(out, 24572269, 20);
  store<u32>(out, 250450874, 24);
  store<u32>(out, 338235712, 28);
  store<u32>(out, 789246, 32);
}

/** β of the endomorphism (x, y) -> (βx, y), in Montgomery form. */
export function glv_beta2(out: usize): void {
  store<u32>(out, 416069521, 0);
  store<u32>(out, 391846970, 4);
  store<u32>(out, 193189602, 8);
  store<u32>(out, 244240497, 12);
  store<u32>(out, 310558434, 16);
  store<u32>(out, 69340804, 20);
  store<u32>(out, 535036287, 24);
  store<u32>(out, 352865610, 28);
  store<u32>(out, 1478937, 32);
}
