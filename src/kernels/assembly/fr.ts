// Written by scripts/kernel-field-source.ts; change that file, then run scripts/build-kernels.ts.
//
// The prime field of p = 21888242871839275222246405745257275088548364400416034343698204186575808495617
// Nine limbs of 29 bits, one in each u32 word, little-endian (36 bytes); Montgomery form with R = 2^261.
// Every input and output is in [0, 2p) with limbs below 2^29, unless its comment says otherwise; out may alias any input.

/** Bytes of an element. */
export function fr_bytes(): i32 {
  return 36;
}


/** out = 0. */
export function fr_zero(out: usize): void {
  store<u32>(out, 0, 0);
  store<u32>(out, 0, 4);
  store<u32>(out, 0, 8);
  store<u32>(out, 0, 12);
  store<u32>(out, 0, 16);
  store<u32>(out, 0, 20);
  store<u32>(out, 0, 24);
  store<u32>(out, 0, 28);
  store<u32>(out, 0, 32);
}

/** out = R mod p, the Montgomery form of one. */
export function fr_one(out: usize): void {
  store<u32>(out, 268435287, 0);
  store<u32>(out, 514263732, 4);
  store<u32>(out, 86771339, 8);
  store<u32>(out, 391139145, 12);
  store<u32>(out, 178784091, 16);
  store<u32>(out, 490881230, 20);
  store<u32>(out, 299191303, 24);
  store<u32>(out, 86689704, 28);
  store<u32>(out, 903222, 32);
}

/** out = a, limb by limb. */
export function fr_copy(out: usize, a: usize): void {
  const w0 = load<u64>(a, 0);
  const w1 = load<u64>(a, 8);
  const w2 = load<u64>(a, 16);
  const w3 = load<u64>(a, 24);
  const w4 = load<u32>(a, 32);
  store<u64>(out, w0, 0);
  store<u64>(out, w1, 8);
  store<u64>(out, w2, 16);
  store<u64>(out, w3, 24);
  store<u32>(out, w4, 32);
}

/** Whether a ≡ 0: the residue 0 or p. */
export function fr_is_zero(a: usize): bool {
  const a0: i32 = load<i32>(a, 0);
  const a1: i32 = load<i32>(a, 4);
  const a2: i32 = load<i32>(a, 8);
  const a3: i32 = load<i32>(a, 12);
  const a4: i32 = load<i32>(a, 16);
  const a5: i32 = load<i32>(a, 20);
  const a6: i32 = load<i32>(a, 24);
  const a7: i32 = load<i32>(a, 28);
  const a8: i32 = load<i32>(a, 32);
  if ((a0 | a1 | a2 | a3 | a4 | a5 | a6 | a7 | a8) == 0) return true;
  return ((a0 ^ 268435457) | (a1 ^ 521120927) | (a2 ^ 240919632) | (a3 ^ 131109107) | (a4 ^ 361091715) | (a5 ^ 47923392) | (a6 ^ 10936641) | (a7 ^ 240920116) | (a8 ^ 3171406)) == 0;
}

/** Whether a ≡ b. */
export function fr_eq(a: usize, b: usize): bool {
  const a0: i32 = load<i32>(a, 0);
  const a1: i32 = load<i32>(a, 4);
  const a2: i32 = load<i32>(a, 8);
  const a3: i32 = load<i32>(a, 12);
  const a4: i32 = load<i32>(a, 16);
  const a5: i32 = load<i32>(a, 20);
  const a6: i32 = load<i32>(a, 24);
  const a7: i32 = load<i32>(a, 28);
  const a8: i32 = load<i32>(a, 32);
  const b0: i32 = load<i32>(b, 0);
  const b1: i32 = load<i32>(b, 4);
  const b2: i32 = load<i32>(b, 8);
  const b3: i32 = load<i32>(b, 12);
  const b4: i32 = load<i32>(b, 16);
  const b5: i32 = load<i32>(b, 20);
  const b6: i32 = load<i32>(b, 24);
  const b7: i32 = load<i32>(b, 28);
  const b8: i32 = load<i32>(b, 32);
  if (((a0 ^ b0) | (a1 ^ b1) | (a2 ^ b2) | (a3 ^ b3) | (a4 ^ b4) | (a5 ^ b5) | (a6 ^ b6) | (a7 ^ b7) | (a8 ^ b8)) == 0) return true;
  // Both are below 2p: otherwise a ≡ b only where a + p = b or b + p = a.
  return fr_differs_by_p(a, b) || fr_differs_by_p(b, a);
}

/** Whether b = a + p as integers. */
function fr_differs_by_p(a: usize, b: usize): bool {
  const a0: i32 = load<i32>(a, 0);
  const a1: i32 = load<i32>(a, 4);
  const a2: i32 = load<i32>(a, 8);
  const a3: i32 = load<i32>(a, 12);
  const a4: i32 = load<i32>(a, 16);
  const a5: i32 = load<i32>(a, 20);
  const a6: i32 = load<i32>(a, 24);
  const a7: i32 = load<i32>(a, 28);
  const a8: i32 = load<i32>(a, 32);
  const b0: i32 = load<i32>(b, 0);
  const b1: i32 = load<i32>(b, 4);
  const b2: i32 = load<i32>(b, 8);
  const b3: i32 = load<i32>(b, 12);
  const b4: i32 = load<i32>(b, 16);
  const b5: i32 = load<i32>(b, 20);
  const b6: i32 = load<i32>(b, 24);
  const b7: i32 = load<i32>(b, 28);
  const b8: i32 = load<i32>(b, 32);
  let carry: i32 = 0;
  let difference: i32 = 0;
  carry += a0 + 268435457 - b0;
  difference |= carry & 536870911;
  carry >>= 29;
  carry += a1 + 521120927 - b1;
  difference |= carry & 536870911;
  carry >>= 29;
  carry += a2 + 240919632 - b2;
  difference |= carry & 536870911;
  carry >>= 29;
  carry += a3 + 131109107 - b3;
  difference |= carry & 536870911;
  carry >>= 29;
  carry += a4 + 361091715 - b4;
  difference |= carry & 536870911;
  carry >>= 29;
  carry += a5 + 47923392 - b5;
  difference |= carry & 536870911;
  carry >>= 29;
  carry += a6 + 10936641 - b6;
  difference |= carry & 536870911;
  carry >>= 29;
  carry += a7 + 240920116 - b7;
  difference |= carry & 536870911;
  carry >>= 29;
  carry += a8 + 3171406 - b8;
  difference |= carry & 536870911;
  carry >>= 29;
  return (difference | carry) == 0;
}


// Sums and differences choose q in {0, 1, 2} for ±q·p from the top limbs alone: as p is above 3·10^6 times the weight 2^232 of
// limb 8, what the lower limbs can change (less than 2·2^232) never leads out of [0, 2p).

/** a + b mod p. Subtracts q·p with q = [s8 > p8] + [s8 > (2p)8] for s8 = a8 + b8: q = 2 only where a + b ≥ 2p, q = 0 only where
 *  a + b < p + 2·2^232, q = 1 only where p ≤ a + b < 2p + 3·2^232. */
export function fr_add(out: usize, a: usize, b: usize): void {
  const a0: i32 = load<i32>(a, 0);
  const a1: i32 = load<i32>(a, 4);
  const a2: i32 = load<i32>(a, 8);
  const a3: i32 = load<i32>(a, 12);
  const a4: i32 = load<i32>(a, 16);
  const a5: i32 = load<i32>(a, 20);
  const a6: i32 = load<i32>(a, 24);
  const a7: i32 = load<i32>(a, 28);
  const a8: i32 = load<i32>(a, 32);
  const b0: i32 = load<i32>(b, 0);
  const b1: i32 = load<i32>(b, 4);
  const b2: i32 = load<i32>(b, 8);
  const b3: i32 = load<i32>(b, 12);
  const b4: i32 = load<i32>(b, 16);
  const b5: i32 = load<i32>(b, 20);
  const b6: i32 = load<i32>(b, 24);
  const b7: i32 = load<i32>(b, 28);
  const b8: i32 = load<i32>(b, 32);
  const m1 = ((3171406 - a8 - b8) >> 31);
  const m2 = ((6342812 - a8 - b8) >> 31);
  let t: i32 = a0 + b0 - ((268435457 & m1) + (268435457 & m2));
  store<u32>(out, t & 536870911, 0);
  t = (t >> 29) + a1 + b1 - ((521120927 & m1) + (521120927 & m2));
  store<u32>(out, t & 536870911, 4);
  t = (t >> 29) + a2 + b2 - ((240919632 & m1) + (240919632 & m2));
  store<u32>(out, t & 536870911, 8);
  t = (t >> 29) + a3 + b3 - ((131109107 & m1) + (131109107 & m2));
  store<u32>(out, t & 536870911, 12);
  t = (t >> 29) + a4 + b4 - ((361091715 & m1) + (361091715 & m2));
  store<u32>(out, t & 536870911, 16);
  t = (t >> 29) + a5 + b5 - ((47923392 & m1) + (47923392 & m2));
  store<u32>(out, t & 536870911, 20);
  t = (t >> 29) + a6 + b6 - ((10936641 & m1) + (10936641 & m2));
  store<u32>(out, t & 536870911, 24);
  t = (t >> 29) + a7 + b7 - ((240920116 & m1) + (240920116 & m2));
  store<u32>(out, t & 536870911, 28);
  t = (t >> 29) + a8 + b8 - ((3171406 & m1) + (3171406 & m2));
  store<u32>(out, t, 32);
}

/** 2a mod p. */
export function fr_double(out: usize, a: usize): void {
  fr_add(out, a, a);
}

/** a - b mod p. Adds q·p with q = [d8 ≤ 0] + [d8 ≤ -p8] for d8 = a8 - b8: q = 0 only where a > b, q = 1 only where
 *  -p < a - b < 2^232, q = 2 only where a - b < -p + 2·2^232. */
export function fr_sub(out: usize, a: usize, b: usize): void {
  const a0: i32 = load<i32>(a, 0);
  const a1: i32 = load<i32>(a, 4);
  const a2: i32 = load<i32>(a, 8);
  const a3: i32 = load<i32>(a, 12);
  const a4: i32 = load<i32>(a, 16);
  const a5: i32 = load<i32>(a, 20);
  const a6: i32 = load<i32>(a, 24);
  const a7: i32 = load<i32>(a, 28);
  const a8: i32 = load<i32>(a, 32);
  const b0: i32 = load<i32>(b, 0);
  const b1: i32 = load<i32>(b, 4);
  const b2: i32 = load<i32>(b, 8);
  const b3: i32 = load<i32>(b, 12);
  const b4: i32 = load<i32>(b, 16);
  const b5: i32 = load<i32>(b, 20);
  const b6: i32 = load<i32>(b, 24);
  const b7: i32 = load<i32>(b, 28);
  const b8: i32 = load<i32>(b, 32);
  const m1 = ((a8 - b8 - 1) >> 31);
  const m2 = ((a8 - b8 + 3171405) >> 31);
  let t: i32 = a0 - b0 + ((268435457 & m1) + (268435457 & m2));
  store<u32>(out, t & 536870911, 0);
  t = (t >> 29) + a1 - b1 + ((521120927 & m1) + (521120927 & m2));
  store<u32>(out, t & 536870911, 4);
  t = (t >> 29) + a2 - b2 + ((240919632 & m1) + (240919632 & m2));
  store<u32>(out, t & 536870911, 8);
  t = (t >> 29) + a3 - b3 + ((131109107 & m1) + (131109107 & m2));
  store<u32>(out, t & 536870911, 12);
  t = (t >> 29) + a4 - b4 + ((361091715 & m1) + (361091715 & m2));
  store<u32>(out, t & 536870911, 16);
  t = (t >> 29) + a5 - b5 + ((47923392 & m1) + (47923392 & m2));
  store<u32>(out, t & 536870911, 20);
  t = (t >> 29) + a6 - b6 + ((10936641 & m1) + (10936641 & m2));
  store<u32>(out, t & 536870911, 24);
  t = (t >> 29) + a7 - b7 + ((240920116 & m1) + (240920116 & m2));
  store<u32>(out, t & 536870911, 28);
  t = (t >> 29) + a8 - b8 + ((3171406 & m1) + (3171406 & m2));
  store<u32>(out, t, 32);
}

/** -a mod p. */
export function fr_neg(out: usize, a: usize): void {
  const a0: i32 = load<i32>(a, 0);
  const a1: i32 = load<i32>(a, 4);
  const a2: i32 = load<i32>(a, 8);
  const a3: i32 = load<i32>(a, 12);
  const a4: i32 = load<i32>(a, 16);
  const a5: i32 = load<i32>(a, 20);
  const a6: i32 = load<i32>(a, 24);
  const a7: i32 = load<i32>(a, 28);
  const a8: i32 = load<i32>(a, 32);
  const m2 = ((3171405 - a8) >> 31);
  let t: i32 = 268435457 + (268435457 & m2) - a0;
  store<u32>(out, t & 536870911, 0);
  t = (t >> 29) + 521120927 + (521120927 & m2) - a1;
  store<u32>(out, t & 536870911, 4);
  t = (t >> 29) + 240919632 + (240919632 & m2) - a2;
  store<u32>(out, t & 536870911, 8);
  t = (t >> 29) + 131109107 + (131109107 & m2) - a3;
  store<u32>(out, t & 536870911, 12);
  t = (t >> 29) + 361091715 + (361091715 & m2) - a4;
  store<u32>(out, t & 536870911, 16);
  t = (t >> 29) + 47923392 + (47923392 & m2) - a5;
  store<u32>(out, t & 536870911, 20);
  t = (t >> 29) + 10936641 + (10936641 & m2) - a6;
  store<u32>(out, t & 536870911, 24);
  t = (t >> 29) + 240920116 + (240920116 & m2) - a7;
  store<u32>(out, t & 536870911, 28);
  t = (t >> 29) + 3171406 + (3171406 & m2) - a8;
  store<u32>(out, t, 32);
}

/** The canonical residue of a, in [0, p). */
export function fr_reduce(out: usize, a: usize): void {
  const a0: i32 = load<i32>(a, 0);
  const a1: i32 = load<i32>(a, 4);
  const a2: i32 = load<i32>(a, 8);
  const a3: i32 = load<i32>(a, 12);
  const a4: i32 = load<i32>(a, 16);
  const a5: i32 = load<i32>(a, 20);
  const a6: i32 = load<i32>(a, 24);
  const a7: i32 = load<i32>(a, 28);
  const a8: i32 = load<i32>(a, 32);
  let borrow: i32 = a0 - 268435457;
  borrow = (borrow >> 29) + a1 - 521120927;
  borrow = (borrow >> 29) + a2 - 240919632;
  borrow = (borrow >> 29) + a3 - 131109107;
  borrow = (borrow >> 29) + a4 - 361091715;
  borrow = (borrow >> 29) + a5 - 47923392;
  borrow = (borrow >> 29) + a6 - 10936641;
  borrow = (borrow >> 29) + a7 - 240920116;
  borrow = (borrow >> 29) + a8 - 3171406;
  // All ones where the value is p or more.
  const above = ~(borrow >> 31);
  let s: i32 = a0 - (268435457 & above);
  store<u32>(out, s & 536870911, 0);
  s = (s >> 29) + a1 - (521120927 & above);
  store<u32>(out, s & 536870911, 4);
  s = (s >> 29) + a2 - (240919632 & above);
  store<u32>(out, s & 536870911, 8);
  s = (s >> 29) + a3 - (131109107 & above);
  store<u32>(out, s & 536870911, 12);
  s = (s >> 29) + a4 - (361091715 & above);
  store<u32>(out, s & 536870911, 16);
  s = (s >> 29) + a5 - (47923392 & above);
  store<u32>(out, s & 536870911, 20);
  s = (s >> 29) + a6 - (10936641 & above);
  store<u32>(out, s & 536870911, 24);
  s = (s >> 29) + a7 - (240920116 & above);
  store<u32>(out, s & 536870911, 28);
  s = (s >> 29) + a8 - (3171406 & above);
  store<u32>(out, s, 32);
}


/** a·b/R mod p, the Montgomery product. Below 1.54p for inputs below 2p; below 2p while a·b < 80p². */
export function fr_mul(out: usize, a: usize, b: usize): void {
  const a0: u64 = load<u32>(a, 0);
  const a1: u64 = load<u32>(a, 4);
  const a2: u64 = load<u32>(a, 8);
  const a3: u64 = load<u32>(a, 12);
  const a4: u64 = load<u32>(a, 16);
  const a5: u64 = load<u32>(a, 20);
  const a6: u64 = load<u32>(a, 24);
  const a7: u64 = load<u32>(a, 28);
  const a8: u64 = load<u32>(a, 32);
  const b0: u64 = load<u32>(b, 0);
  const b1: u64 = load<u32>(b, 4);
  const b2: u64 = load<u32>(b, 8);
  const b3: u64 = load<u32>(b, 12);
  const b4: u64 = load<u32>(b, 16);
  const b5: u64 = load<u32>(b, 20);
  const b6: u64 = load<u32>(b, 24);
  const b7: u64 = load<u32>(b, 28);
  const b8: u64 = load<u32>(b, 32);
  let t: u64 = a0 * b0;
  const m_0: u64 = t & 536870911;
  t >>= 29;
  t += a0 * b1 + a1 * b0 + m_0 * 418403169;
  const m_1: u64 = t & 536870911;
  t >>= 29;
  t += a0 * b2 + a1 * b1 + a2 * b0 + m_0 * 19640830 + m_1 * 418403169;
  const m_2: u64 = t & 536870911;
  t >>= 29;
  t += a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + m_0 * 257786165 + m_1 * 19640830 + m_2 * 418403169;
  const m_3: u64 = t & 536870911;
  t >>= 29;
  t += a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 + m_0 * 509769206 + m_1 * 257786165 + m_2 * 19640830 + m_3 * 418403169;
  const m_4: u64 = t & 536870911;
  t >>= 29;
  t += a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0 + m_0 * 132622464 + m_1 * 509769206 + m_2 * 257786165 + m_3 * 19640830 + m_4 * 418403169;
  const m_5: u64 = t & 536870911;
  t >>= 29;
  t += a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0 + m_0 * 281460511 + m_1 * 132622464 + m_2 * 509769206 + m_3 * 257786165 + m_4 * 19640830 + m_5 * 418403169;
  const m_6: u64 = t & 536870911;
  t >>= 29;
  t += a0 * b7 + a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1 + a7 * b0 + m_0 * 301419116 + m_1 * 281460511 + m_2 * 132622464 + m_3 * 509769206 + m_4 * 257786165 + m_5 * 19640830 + m_6 * 418403169;
  const m_7: u64 = t & 536870911;
  t >>= 29;
  t += a0 * b8 + a1 * b7 + a2 * b6 + a3 * b5 + a4 * b4 + a5 * b3 + a6 * b2 + a7 * b1 + a8 * b0 + m_0 * 117288651 + m_1 * 301419116 + m_2 * 281460511 + m_3 * 132622464 + m_4 * 509769206 + m_5 * 257786165 + m_6 * 19640830 + m_7 * 418403169;
  const m_8: u64 = <u64>((<u32>t * <u32>268435455) & 536870911);
  t = (t + m_8 * 268435457) >> 29;
  t += a1 * b8 + a2 * b7 + a3 * b6 + a4 * b5 + a5 * b4 + a6 * b3 + a7 * b2 + a8 * b1 + m_0 * 1585703 + m_1 * 117288651 + m_2 * 301419116 + m_3 * 281460511 + m_4 * 132622464 + m_5 * 509769206 + m_6 * 257786165 + m_7 * 19640830 + m_8 * 521120927;
  store<u32>(out, <i32>t & 536870911, 0);
  t >>= 29;
  t += a2 * b8 + a3 * b7 + a4 * b6 + a5 * b5 + a6 * b4 + a7 * b3 + a8 * b2 + m_1 * 1585703 + m_2 * 117288651 + m_3 * 301419116 + m_4 * 281460511 + m_5 * 132622464 + m_6 * 509769206 + m_7 * 257786165 + m_8 * 240919632;
  store<u32>(out, <i32>t & 536870911, 4);
  t >>= 29;
  t += a3 * b8 + a4 * b7 + a5 * b6 + a6 * b5 + a7 * b4 + a8 * b3 + m_2 * 1585703 + m_3 * 117288651 + m_4 * 301419116 + m_5 * 281460511 + m_6 * 132622464 + m_7 * 509769206 + m_8 * 131109107;
  store<u32>(out, <i32>t & 536870911, 8);
  t >>= 29;
  t += a4 * b8 + a5 * b7 + a6 * b6 + a7 * b5 + a8 * b4 + m_3 * 1585703 + m_4 * 117288651 + m_5 * 301419116 + m_6 * 281460511 + m_7 * 132622464 + m_8 * 361091715;
  store<u32>(out, <i32>t & 536870911, 12);
  t >>= 29;
  t += a5 * b8 + a6 * b7 + a7 * b6 + a8 * b5 + m_4 * 1585703 + m_5 * 117288651 + m_6 * 301419116 + m_7 * 281460511 + m_8 * 47923392;
  store<u32>(out, <i32>t & 536870911, 16);
  t >>= 29;
  t += a6 * b8 + a7 * b7 + a8 * b6 + m_5 * 1585703 + m_6 * 117288651 + m_7 * 301419116 + m_8 * 10936641;
  store<u32>(out, <i32>t & 536870911, 20);
  t >>= 29;
  t += a7 * b8 + a8 * b7 + m_6 * 1585703 + m_7 * 117288651 + m_8 * 240920116;
  store<u32>(out, <i32>t & 536870911, 24);
  t >>= 29;
  t += a8 * b8 + m_7 * 1585703 + m_8 * 3171406;
  store<u32>(out, <i32>t & 536870911, 28);
  t >>= 29;
  store<u32>(out, <i32>t, 32);
}


/** a²/R mod p. Below 1.54p for inputs below 2p; below 2p while a·b < 80p². */
export function fr_sqr(out: usize, a: usize): void {
  const a0: u64 = load<u32>(a, 0);
  const a1: u64 = load<u32>(a, 4);
  const a2: u64 = load<u32>(a, 8);
  const a3: u64 = load<u32>(a, 12);
  const a4: u64 = load<u32>(a, 16);
  const a5: u64 = load<u32>(a, 20);
  const a6: u64 = load<u32>(a, 24);
  const a7: u64 = load<u32>(a, 28);
  const a8: u64 = load<u32>(a, 32);
  const d0 = a0 << 1;
  const d1 = a1 << 1;
  const d2 = a2 << 1;
  const d3 = a3 << 1;
  const d4 = a4 << 1;
  const d5 = a5 << 1;
  const d6 = a6 << 1;
  const d7 = a7 << 1;
  let t: u64 = a0 * a0;
  const m_0: u64 = t & 536870911;
  t >>= 29;
  t += d0 * a1 + m_0 * 418403169;
  const m_1: u64 = t & 536870911;
  t >>= 29;
  t += d0 * a2 + a1 * a1 + m_0 * 19640830 + m_1 * 418403169;
  const m_2: u64 = t & 536870911;
  t >>= 29;
  t += d0 * a3 + d1 * a2 + m_0 * 257786165 + m_1 * 19640830 + m_2 * 418403169;
  const m_3: u64 = t & 536870911;
  t >>= 29;
  t += d0 * a4 + d1 * a3 + a2 * a2 + m_0 * 509769206 + m_1 * 257786165 + m_2 * 19640830 + m_3 * 418403169;
  const m_4: u64 = t & 536870911;
  t >>= 29;
  t += d0 * a5 + d1 * a4 + d2 * a3 + m_0 * 132622464 + m_1 * 509769206 + m_2 * 257786165 + m_3 * 19640830 + m_4 * 418403169;
  const m_5: u64 = t & 536870911;
  t >>= 29;
  t += d0 * a6 + d1 * a5 + d2 * a4 + a3 * a3 + m_0 * 281460511 + m_1 * 132622464 + m_2 * 509769206 + m_3 * 257786165 + m_4 * 19640830 + m_5 * 418403169;
  const m_6: u64 = t & 536870911;
  t >>= 29;
  t += d0 * a7 + d1 * a6 + d2 * a5 + d3 * a4 + m_0 * 301419116 + m_1 * 281460511 + m_2 * 132622464 + m_3 * 509769206 + m_4 * 257786165 + m_5 * 19640830 + m_6 * 418403169;
  const m_7: u64 = t & 536870911;
  t >>= 29;
  t += d0 * a8 + d1 * a7 + d2 * a6 + d3 * a5 + a4 * a4 + m_0 * 117288651 + m_1 * 301419116 + m_2 * 281460511 + m_3 * 132622464 + m_4 * 509769206 + m_5 * 257786165 + m_6 * 19640830 + m_7 * 418403169;
  const m_8: u64 = <u64>((<u32>t * <u32>268435455) & 536870911);
  t = (t + m_8 * 268435457) >> 29;
  t += d1 * a8 + d2 * a7 + d3 * a6 + d4 * a5 + m_0 * 1585703 + m_1 * 117288651 + m_2 * 301419116 + m_3 * 281460511 + m_4 * 132622464 + m_5 * 509769206 + m_6 * 257786165 + m_7 * 19640830 + m_8 * 521120927;
  store<u32>(out, <i32>t & 536870911, 0);
  t >>= 29;
  t += d2 * a8 + d3 * a7 + d4 * a6 + a5 * a5 + m_1 * 1585703 + m_2 * 117288651 + m_3 * 301419116 + m_4 * 281460511 + m_5 * 132622464 + m_6 * 509769206 + m_7 * 257786165 + m_8 * 240919632;
  store<u32>(out, <i32>t & 536870911, 4);
  t >>= 29;
  t += d3 * a8 + d4 * a7 + d5 * a6 + m_2 * 1585703 + m_3 * 117288651 + m_4 * 301419116 + m_5 * 281460511 + m_6 * 132622464 + m_7 * 509769206 + m_8 * 131109107;
  store<u32>(out, <i32>t & 536870911, 8);
  t >>= 29;
  t += d4 * a8 + d5 * a7 + a6 * a6 + m_3 * 1585703 + m_4 * 117288651 + m_5 * 301419116 + m_6 * 281460511 + m_7 * 132622464 + m_8 * 361091715;
  store<u32>(out, <i32>t & 536870911, 12);
  t >>= 29;
  t += d5 * a8 + d6 * a7 + m_4 * 1585703 + m_5 * 117288651 + m_6 * 301419116 + m_7 * 281460511 + m_8 * 47923392;
  store<u32>(out, <i32>t & 536870911, 16);
  t >>= 29;
  t += d6 * a8 + a7 * a7 + m_5 * 1585703 + m_6 * 117288651 + m_7 * 301419116 + m_8 * 10936641;
  store<u32>(out, <i32>t & 536870911, 20);
  t >>= 29;
  t += d7 * a8 + m_6 * 1585703 + m_7 * 117288651 + m_8 * 240920116;
  store<u32>(out, <i32>t & 536870911, 24);
  t >>= 29;
  t += a8 * a8 + m_7 * 1585703 + m_8 * 3171406;
  store<u32>(out, <i32>t & 536870911, 28);
  t >>= 29;
  store<u32>(out, <i32>t, 32);
}


/** a·R² mod p: the plain inverse of x·R becomes x^-1·R. Below 1.54p for inputs below 2p; below 2p while a·b < 80p². */
function fr_fix_inverse(out: usize, a: usize): void {
  const a0: u64 = load<u32>(a, 0);
  const a1: u64 = load<u32>(a, 4);
  const a2: u64 = load<u32>(a, 8);
  const a3: u64 = load<u32>(a, 12);
  const a4: u64 = load<u32>(a, 16);
  const a5: u64 = load<u32>(a, 20);
  const a6: u64 = load<u32>(a, 24);
  const a7: u64 = load<u32>(a, 28);
  const a8: u64 = load<u32>(a, 32);
  let t: u64 = a0 * 2088370;
  const m_0: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 399706979 + a1 * 2088370 + m_0 * 418403169;
  const m_1: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 438698222 + a1 * 399706979 + a2 * 2088370 + m_0 * 19640830 + m_1 * 418403169;
  const m_2: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 156269639 + a1 * 438698222 + a2 * 399706979 + a3 * 2088370 + m_0 * 257786165 + m_1 * 19640830 + m_2 * 418403169;
  const m_3: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 345420443 + a1 * 156269639 + a2 * 438698222 + a3 * 399706979 + a4 * 2088370 + m_0 * 509769206 + m_1 * 257786165 + m_2 * 19640830 + m_3 * 418403169;
  const m_4: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 184590952 + a1 * 345420443 + a2 * 156269639 + a3 * 438698222 + a4 * 399706979 + a5 * 2088370 + m_0 * 132622464 + m_1 * 509769206 + m_2 * 257786165 + m_3 * 19640830 + m_4 * 418403169;
  const m_5: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 364266987 + a1 * 184590952 + a2 * 345420443 + a3 * 156269639 + a4 * 438698222 + a5 * 399706979 + a6 * 2088370 + m_0 * 281460511 + m_1 * 132622464 + m_2 * 509769206 + m_3 * 257786165 + m_4 * 19640830 + m_5 * 418403169;
  const m_6: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 530565949 + a1 * 364266987 + a2 * 184590952 + a3 * 345420443 + a4 * 156269639 + a5 * 438698222 + a6 * 399706979 + a7 * 2088370 + m_0 * 301419116 + m_1 * 281460511 + m_2 * 132622464 + m_3 * 509769206 + m_4 * 257786165 + m_5 * 19640830 + m_6 * 418403169;
  const m_7: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 1813142 + a1 * 530565949 + a2 * 364266987 + a3 * 184590952 + a4 * 345420443 + a5 * 156269639 + a6 * 438698222 + a7 * 399706979 + a8 * 2088370 + m_0 * 117288651 + m_1 * 301419116 + m_2 * 281460511 + m_3 * 132622464 + m_4 * 509769206 + m_5 * 257786165 + m_6 * 19640830 + m_7 * 418403169;
  const m_8: u64 = <u64>((<u32>t * <u32>268435455) & 536870911);
  t = (t + m_8 * 268435457) >> 29;
  t += a1 * 1813142 + a2 * 530565949 + a3 * 364266987 + a4 * 184590952 + a5 * 345420443 + a6 * 156269639 + a7 * 438698222 + a8 * 399706979 + m_0 * 1585703 + m_1 * 117288651 + m_2 * 301419116 + m_3 * 281460511 + m_4 * 132622464 + m_5 * 509769206 + m_6 * 257786165 + m_7 * 19640830 + m_8 * 521120927;
  store<u32>(out, <i32>t & 536870911, 0);
  t >>= 29;
  t += a2 * 1813142 + a3 * 530565949 + a4 * 364266987 + a5 * 184590952 + a6 * 345420443 + a7 * 156269639 + a8 * 438698222 + m_1 * 1585703 + m_2 * 117288651 + m_3 * 301419116 + m_4 * 281460511 + m_5 * 132622464 + m_6 * 509769206 + m_7 * 257786165 + m_8 * 240919632;
  store<u32>(out, <i32>t & 536870911, 4);
  t >>= 29;
  t += a3 * 1813142 + a4 * 530565949 + a5 * 364266987 + a6 * 184590952 + a7 * 345420443 + a8 * 156269639 + m_2 * 1585703 + m_3 * 117288651 + m_4 * 301419116 + m_5 * 281460511 + m_6 * 132622464 + m_7 * 509769206 + m_8 * 131109107;
  store<u32>(out, <i32>t & 536870911, 8);
  t >>= 29;
  t += a4 * 1813142 + a5 * 530565949 + a6 * 364266987 + a7 * 184590952 + a8 * 345420443 + m_3 * 1585703 + m_4 * 117288651 + m_5 * 301419116 + m_6 * 281460511 + m_7 * 132622464 + m_8 * 361091715;
  store<u32>(out, <i32>t & 536870911, 12);
  t >>= 29;
  t += a5 * 1813142 + a6 * 530565949 + a7 * 364266987 + a8 * 184590952 + m_4 * 1585703 + m_5 * 117288651 + m_6 * 301419116 + m_7 * 281460511 + m_8 * 47923392;
  store<u32>(out, <i32>t & 536870911, 16);
  t >>= 29;
  t += a6 * 1813142 + a7 * 530565949 + a8 * 364266987 + m_5 * 1585703 + m_6 * 117288651 + m_7 * 301419116 + m_8 * 10936641;
  store<u32>(out, <i32>t & 536870911, 20);
  t >>= 29;
  t += a7 * 1813142 + a8 * 530565949 + m_6 * 1585703 + m_7 * 117288651 + m_8 * 240920116;
  store<u32>(out, <i32>t & 536870911, 24);
  t >>= 29;
  t += a8 * 1813142 + m_7 * 1585703 + m_8 * 3171406;
  store<u32>(out, <i32>t & 536870911, 28);
  t >>= 29;
  store<u32>(out, <i32>t, 32);
}


/**
 * 1/a mod p in Montgomery form, and 0 for a ≡ 0. Bernstein-Yang division steps (eprint 2019/266), 29 at a time on the low words,
 * variable time: not for secrets. Invariants: f odd; d·x ≡ f and e·x ≡ g mod p; |f|, |g| < 2p; d, e in (-2p, p).
 */
export function fr_inv(out: usize, a: usize): void {
  if (fr_is_zero(a)) {
    fr_zero(out);
    return;
  }
  let f0: i32 = 268435457;
  let f1: i32 = 521120927;
  let f2: i32 = 240919632;
  let f3: i32 = 131109107;
  let f4: i32 = 361091715;
  let f5: i32 = 47923392;
  let f6: i32 = 10936641;
  let f7: i32 = 240920116;
  let f8: i32 = 3171406;
  let g0: i32 = load<i32>(a, 0);
  let g1: i32 = load<i32>(a, 4);
  let g2: i32 = load<i32>(a, 8);
  let g3: i32 = load<i32>(a, 12);
  let g4: i32 = load<i32>(a, 16);
  let g5: i32 = load<i32>(a, 20);
  let g6: i32 = load<i32>(a, 24);
  let g7: i32 = load<i32>(a, 28);
  let g8: i32 = load<i32>(a, 32);
  let d0: i32 = 0;
  let d1: i32 = 0;
  let d2: i32 = 0;
  let d3: i32 = 0;
  let d4: i32 = 0;
  let d5: i32 = 0;
  let d6: i32 = 0;
  let d7: i32 = 0;
  let d8: i32 = 0;
  let e0: i32 = 1;
  let e1: i32 = 0;
  let e2: i32 = 0;
  let e3: i32 = 0;
  let e4: i32 = 0;
  let e5: i32 = 0;
  let e6: i32 = 0;
  let e7: i32 = 0;
  let e8: i32 = 0;
  let eta: i32 = -1;
  while ((g0 | g1 | g2 | g3 | g4 | g5 | g6 | g7 | g8) != 0) {
    // 29 division steps: (u v; q r) times (f, g) is 2^29 times the next (f, g).
    let fl: i32 = f0 | (f1 << 29);
    let gl: i32 = g0 | (g1 << 29);
    let ul: i32 = 1;
    let vl: i32 = 0;
    let ql: i32 = 0;
    let rl: i32 = 1;
    let steps: i32 = 29;
    while (true) {
      // The set bits above stop the count at the steps that are left.
      const zeros = ctz(gl | (-1 << steps));
      gl >>= zeros;
      ul <<= zeros;
      vl <<= zeros;
      eta -= zeros;
      steps -= zeros;
      if (steps == 0) break;
      if (eta < 0) {
        eta = -eta;
        const ft = fl;
        fl = gl;
        gl = -ft;
        const ut = ul;
        ul = ql;
        ql = -ut;
        const vt = vl;
        vl = rl;
        rl = -vt;
      }
      // Clears up to six low bits of g at once: f(f² - 2) = -1/f mod 2^6 for odd f.
      const limit = min(min(eta + 1, steps), 6);
      const w = (fl * gl * (fl * fl - 2)) & ((1 << limit) - 1);
      gl += fl * w;
      ql += ul * w;
      rl += vl * w;
    }
    const u: i64 = ul;
    const v: i64 = vl;
    const q: i64 = ql;
    const r: i64 = rl;
    let cx: i64 = u * <i64>f0 + v * <i64>g0;
    let cy: i64 = q * <i64>f0 + r * <i64>g0;
    cx = (cx >> 29) + u * <i64>f1 + v * <i64>g1;
    cy = (cy >> 29) + q * <i64>f1 + r * <i64>g1;
    f0 = <i32>cx & 536870911;
    g0 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>f2 + v * <i64>g2;
    cy = (cy >> 29) + q * <i64>f2 + r * <i64>g2;
    f1 = <i32>cx & 536870911;
    g1 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>f3 + v * <i64>g3;
    cy = (cy >> 29) + q * <i64>f3 + r * <i64>g3;
    f2 = <i32>cx & 536870911;
    g2 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>f4 + v * <i64>g4;
    cy = (cy >> 29) + q * <i64>f4 + r * <i64>g4;
    f3 = <i32>cx & 536870911;
    g3 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>f5 + v * <i64>g5;
    cy = (cy >> 29) + q * <i64>f5 + r * <i64>g5;
    f4 = <i32>cx & 536870911;
    g4 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>f6 + v * <i64>g6;
    cy = (cy >> 29) + q * <i64>f6 + r * <i64>g6;
    f5 = <i32>cx & 536870911;
    g5 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>f7 + v * <i64>g7;
    cy = (cy >> 29) + q * <i64>f7 + r * <i64>g7;
    f6 = <i32>cx & 536870911;
    g6 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>f8 + v * <i64>g8;
    cy = (cy >> 29) + q * <i64>f8 + r * <i64>g8;
    f7 = <i32>cx & 536870911;
    g7 = <i32>cy & 536870911;
    f8 = <i32>(cx >> 29);
    g8 = <i32>(cy >> 29);
    // The multiples of p that make (d, e) divisible by 2^29 and keep it in (-2p, p).
    let mxl: i32 = (ul & (d8 >> 31)) + (vl & (e8 >> 31));
    let myl: i32 = (ql & (d8 >> 31)) + (rl & (e8 >> 31));
    cx = u * <i64>d0 + v * <i64>e0;
    cy = q * <i64>d0 + r * <i64>e0;
    mxl -= (268435457 * <i32>cx + mxl) & 536870911;
    myl -= (268435457 * <i32>cy + myl) & 536870911;
    const mx: i64 = mxl;
    const my: i64 = myl;
    cx += mx * 268435457;
    cy += my * 268435457;
    cx = (cx >> 29) + u * <i64>d1 + v * <i64>e1 + mx * 521120927;
    cy = (cy >> 29) + q * <i64>d1 + r * <i64>e1 + my * 521120927;
    d0 = <i32>cx & 536870911;
    e0 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>d2 + v * <i64>e2 + mx * 240919632;
    cy = (cy >> 29) + q * <i64>d2 + r * <i64>e2 + my * 240919632;
    d1 = <i32>cx & 536870911;
    e1 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>d3 + v * <i64>e3 + mx * 131109107;
    cy = (cy >> 29) + q * <i64>d3 + r * <i64>e3 + my * 131109107;
    d2 = <i32>cx & 536870911;
    e2 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>d4 + v * <i64>e4 + mx * 361091715;
    cy = (cy >> 29) + q * <i64>d4 + r * <i64>e4 + my * 361091715;
    d3 = <i32>cx & 536870911;
    e3 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>d5 + v * <i64>e5 + mx * 47923392;
    cy = (cy >> 29) + q * <i64>d5 + r * <i64>e5 + my * 47923392;
    d4 = <i32>cx & 536870911;
    e4 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>d6 + v * <i64>e6 + mx * 10936641;
    cy = (cy >> 29) + q * <i64>d6 + r * <i64>e6 + my * 10936641;
    d5 = <i32>cx & 536870911;
    e5 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>d7 + v * <i64>e7 + mx * 240920116;
    cy = (cy >> 29) + q * <i64>d7 + r * <i64>e7 + my * 240920116;
    d6 = <i32>cx & 536870911;
    e6 = <i32>cy & 536870911;
    cx = (cx >> 29) + u * <i64>d8 + v * <i64>e8 + mx * 3171406;
    cy = (cy >> 29) + q * <i64>d8 + r * <i64>e8 + my * 3171406;
    d7 = <i32>cx & 536870911;
    e7 = <i32>cy & 536870911;
    d8 = <i32>(cx >> 29);
    e8 = <i32>(cy >> 29);
  }
  // Now f = ±1 and ±d is the inverse, in (-2p, 2p): 2p more makes it positive, below 4p.
  const s = f8 >> 31;
  let t: i32 = ((d0 ^ s) - s) + 2;
  store<u32>(out, t & 536870911, 0);
  t = (t >> 29) + ((d1 ^ s) - s) + 505370943;
  store<u32>(out, t & 536870911, 4);
  t = (t >> 29) + ((d2 ^ s) - s) + 481839265;
  store<u32>(out, t & 536870911, 8);
  t = (t >> 29) + ((d3 ^ s) - s) + 262218214;
  store<u32>(out, t & 536870911, 12);
  t = (t >> 29) + ((d4 ^ s) - s) + 185312518;
  store<u32>(out, t & 536870911, 16);
  t = (t >> 29) + ((d5 ^ s) - s) + 95846785;
  store<u32>(out, t & 536870911, 20);
  t = (t >> 29) + ((d6 ^ s) - s) + 21873282;
  store<u32>(out, t & 536870911, 24);
  t = (t >> 29) + ((d7 ^ s) - s) + 481840232;
  store<u32>(out, t & 536870911, 28);
  t = (t >> 29) + ((d8 ^ s) - s) + 6342812;
  store<u32>(out, t, 32);
  fr_fix_inverse(out, out);
}


/** The element of v, given as 32 little-endian bytes. Any 256-bit value is taken modulo p: checking v < p is the caller's. `bytes` needs no alignment. */
export function fr_from_bytes(out: usize, bytes: usize): void {
  const w0 = load<u64>(bytes, 0, 1);
  const w1 = load<u64>(bytes, 8, 1);
  const w2 = load<u64>(bytes, 16, 1);
  const w3 = load<u64>(bytes, 24, 1);
  const a0: u64 = (w0 >> 0) & 536870911;
  const a1: u64 = (w0 >> 29) & 536870911;
  const a2: u64 = (w0 >> 58 | w1 << 6) & 536870911;
  const a3: u64 = (w1 >> 23) & 536870911;
  const a4: u64 = (w1 >> 52 | w2 << 12) & 536870911;
  const a5: u64 = (w2 >> 17) & 536870911;
  const a6: u64 = (w2 >> 46 | w3 << 18) & 536870911;
  const a7: u64 = (w3 >> 11) & 536870911;
  const a8: u64 = (w3 >> 40) & 536870911;
  let t: u64 = a0 * 95853524;
  const m_0: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 102173274 + a1 * 95853524 + m_0 * 418403169;
  const m_1: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 34397646 + a1 * 102173274 + a2 * 95853524 + m_0 * 19640830 + m_1 * 418403169;
  const m_2: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 498479371 + a1 * 34397646 + a2 * 102173274 + a3 * 95853524 + m_0 * 257786165 + m_1 * 19640830 + m_2 * 418403169;
  const m_3: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 240439551 + a1 * 498479371 + a2 * 34397646 + a3 * 102173274 + a4 * 95853524 + m_0 * 509769206 + m_1 * 257786165 + m_2 * 19640830 + m_3 * 418403169;
  const m_4: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 486036963 + a1 * 240439551 + a2 * 498479371 + a3 * 34397646 + a4 * 102173274 + a5 * 95853524 + m_0 * 132622464 + m_1 * 509769206 + m_2 * 257786165 + m_3 * 19640830 + m_4 * 418403169;
  const m_5: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 471195907 + a1 * 486036963 + a2 * 240439551 + a3 * 498479371 + a4 * 34397646 + a5 * 102173274 + a6 * 95853524 + m_0 * 281460511 + m_1 * 132622464 + m_2 * 509769206 + m_3 * 257786165 + m_4 * 19640830 + m_5 * 418403169;
  const m_6: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 131109217 + a1 * 471195907 + a2 * 486036963 + a3 * 240439551 + a4 * 498479371 + a5 * 34397646 + a6 * 102173274 + a7 * 95853524 + m_0 * 301419116 + m_1 * 281460511 + m_2 * 132622464 + m_3 * 509769206 + m_4 * 257786165 + m_5 * 19640830 + m_6 * 418403169;
  const m_7: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 656714 + a1 * 131109217 + a2 * 471195907 + a3 * 486036963 + a4 * 240439551 + a5 * 498479371 + a6 * 34397646 + a7 * 102173274 + a8 * 95853524 + m_0 * 117288651 + m_1 * 301419116 + m_2 * 281460511 + m_3 * 132622464 + m_4 * 509769206 + m_5 * 257786165 + m_6 * 19640830 + m_7 * 418403169;
  const m_8: u64 = <u64>((<u32>t * <u32>268435455) & 536870911);
  t = (t + m_8 * 268435457) >> 29;
  t += a1 * 656714 + a2 * 131109217 + a3 * 471195907 + a4 * 486036963 + a5 * 240439551 + a6 * 498479371 + a7 * 34397646 + a8 * 102173274 + m_0 * 1585703 + m_1 * 117288651 + m_2 * 301419116 + m_3 * 281460511 + m_4 * 132622464 + m_5 * 509769206 + m_6 * 257786165 + m_7 * 19640830 + m_8 * 521120927;
  store<u32>(out, <i32>t & 536870911, 0);
  t >>= 29;
  t += a2 * 656714 + a3 * 131109217 + a4 * 471195907 + a5 * 486036963 + a6 * 240439551 + a7 * 498479371 + a8 * 34397646 + m_1 * 1585703 + m_2 * 117288651 + m_3 * 301419116 + m_4 * 281460511 + m_5 * 132622464 + m_6 * 509769206 + m_7 * 257786165 + m_8 * 240919632;
  store<u32>(out, <i32>t & 536870911, 4);
  t >>= 29;
  t += a3 * 656714 + a4 * 131109217 + a5 * 471195907 + a6 * 486036963 + a7 * 240439551 + a8 * 498479371 + m_2 * 1585703 + m_3 * 117288651 + m_4 * 301419116 + m_5 * 281460511 + m_6 * 132622464 + m_7 * 509769206 + m_8 * 131109107;
  store<u32>(out, <i32>t & 536870911, 8);
  t >>= 29;
  t += a4 * 656714 + a5 * 131109217 + a6 * 471195907 + a7 * 486036963 + a8 * 240439551 + m_3 * 1585703 + m_4 * 117288651 + m_5 * 301419116 + m_6 * 281460511 + m_7 * 132622464 + m_8 * 361091715;
  store<u32>(out, <i32>t & 536870911, 12);
  t >>= 29;
  t += a5 * 656714 + a6 * 131109217 + a7 * 471195907 + a8 * 486036963 + m_4 * 1585703 + m_5 * 117288651 + m_6 * 301419116 + m_7 * 281460511 + m_8 * 47923392;
  store<u32>(out, <i32>t & 536870911, 16);
  t >>= 29;
  t += a6 * 656714 + a7 * 131109217 + a8 * 471195907 + m_5 * 1585703 + m_6 * 117288651 + m_7 * 301419116 + m_8 * 10936641;
  store<u32>(out, <i32>t & 536870911, 20);
  t >>= 29;
  t += a7 * 656714 + a8 * 131109217 + m_6 * 1585703 + m_7 * 117288651 + m_8 * 240920116;
  store<u32>(out, <i32>t & 536870911, 24);
  t >>= 29;
  t += a8 * 656714 + m_7 * 1585703 + m_8 * 3171406;
  store<u32>(out, <i32>t & 536870911, 28);
  t >>= 29;
  store<u32>(out, <i32>t, 32);
}

/** The element of x, given as the 32 little-endian bytes of x·2^256 mod p, snarkjs's form. Any 256-bit value is taken modulo p: checking v < p is the caller's. `bytes` needs no alignment. */
export function fr_from_mont256(out: usize, bytes: usize): void {
  const w0 = load<u64>(bytes, 0, 1);
  const w1 = load<u64>(bytes, 8, 1);
  const w2 = load<u64>(bytes, 16, 1);
  const w3 = load<u64>(bytes, 24, 1);
  const a0: u64 = (w0 >> 0) & 536870911;
  const a1: u64 = (w0 >> 29) & 536870911;
  const a2: u64 = (w0 >> 58 | w1 << 6) & 536870911;
  const a3: u64 = (w1 >> 23) & 536870911;
  const a4: u64 = (w1 >> 52 | w2 << 12) & 536870911;
  const a5: u64 = (w2 >> 17) & 536870911;
  const a6: u64 = (w2 >> 46 | w3 << 18) & 536870911;
  const a7: u64 = (w3 >> 11) & 536870911;
  const a8: u64 = (w3 >> 40) & 536870911;
  let t: u64 = a0 * 268430039;
  const m_0: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 492061940 + a1 * 268430039 + m_0 * 418403169;
  const m_1: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 71535269 + a1 * 492061940 + a2 * 268430039 + m_0 * 19640830 + m_1 * 418403169;
  const m_2: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 62181526 + a1 * 71535269 + a2 * 492061940 + a3 * 268430039 + m_0 * 257786165 + m_1 * 19640830 + m_2 * 418403169;
  const m_3: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 323781850 + a1 * 62181526 + a2 * 71535269 + a3 * 492061940 + a4 * 268430039 + m_0 * 509769206 + m_1 * 257786165 + m_2 * 19640830 + m_3 * 418403169;
  const m_4: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 244503300 + a1 * 323781850 + a2 * 62181526 + a3 * 71535269 + a4 * 492061940 + a5 * 268430039 + m_0 * 132622464 + m_1 * 509769206 + m_2 * 257786165 + m_3 * 19640830 + m_4 * 418403169;
  const m_5: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 348886451 + a1 * 244503300 + a2 * 323781850 + a3 * 62181526 + a4 * 71535269 + a5 * 492061940 + a6 * 268430039 + m_0 * 281460511 + m_1 * 132622464 + m_2 * 509769206 + m_3 * 257786165 + m_4 * 19640830 + m_5 * 418403169;
  const m_6: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 68918589 + a1 * 348886451 + a2 * 244503300 + a3 * 323781850 + a4 * 62181526 + a5 * 71535269 + a6 * 492061940 + a7 * 268430039 + m_0 * 301419116 + m_1 * 281460511 + m_2 * 132622464 + m_3 * 509769206 + m_4 * 257786165 + m_5 * 19640830 + m_6 * 418403169;
  const m_7: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 360451 + a1 * 68918589 + a2 * 348886451 + a3 * 244503300 + a4 * 323781850 + a5 * 62181526 + a6 * 71535269 + a7 * 492061940 + a8 * 268430039 + m_0 * 117288651 + m_1 * 301419116 + m_2 * 281460511 + m_3 * 132622464 + m_4 * 509769206 + m_5 * 257786165 + m_6 * 19640830 + m_7 * 418403169;
  const m_8: u64 = <u64>((<u32>t * <u32>268435455) & 536870911);
  t = (t + m_8 * 268435457) >> 29;
  t += a1 * 360451 + a2 * 68918589 + a3 * 348886451 + a4 * 244503300 + a5 * 323781850 + a6 * 62181526 + a7 * 71535269 + a8 * 492061940 + m_0 * 1585703 + m_1 * 117288651 + m_2 * 301419116 + m_3 * 281460511 + m_4 * 132622464 + m_5 * 509769206 + m_6 * 257786165 + m_7 * 19640830 + m_8 * 521120927;
  store<u32>(out, <i32>t & 536870911, 0);
  t >>= 29;
  t += a2 * 360451 + a3 * 68918589 + a4 * 348886451 + a5 * 244503300 + a6 * 323781850 + a7 * 62181526 + a8 * 71535269 + m_1 * 1585703 + m_2 * 117288651 + m_3 * 301419116 + m_4 * 281460511 + m_5 * 132622464 + m_6 * 509769206 + m_7 * 257786165 + m_8 * 240919632;
  store<u32>(out, <i32>t & 536870911, 4);
  t >>= 29;
  t += a3 * 360451 + a4 * 68918589 + a5 * 348886451 + a6 * 244503300 + a7 * 323781850 + a8 * 62181526 + m_2 * 1585703 + m_3 * 117288651 + m_4 * 301419116 + m_5 * 281460511 + m_6 * 132622464 + m_7 * 509769206 + m_8 * 131109107;
  store<u32>(out, <i32>t & 536870911, 8);
  t >>= 29;
  t += a4 * 360451 + a5 * 68918589 + a6 * 348886451 + a7 * 244503300 + a8 * 323781850 + m_3 * 1585703 + m_4 * 117288651 + m_5 * 301419116 + m_6 * 281460511 + m_7 * 132622464 + m_8 * 361091715;
  store<u32>(out, <i32>t & 536870911, 12);
  t >>= 29;
  t += a5 * 360451 + a6 * 68918589 + a7 * 348886451 + a8 * 244503300 + m_4 * 1585703 + m_5 * 117288651 + m_6 * 301419116 + m_7 * 281460511 + m_8 * 47923392;
  store<u32>(out, <i32>t & 536870911, 16);
  t >>= 29;
  t += a6 * 360451 + a7 * 68918589 + a8 * 348886451 + m_5 * 1585703 + m_6 * 117288651 + m_7 * 301419116 + m_8 * 10936641;
  store<u32>(out, <i32>t & 536870911, 20);
  t >>= 29;
  t += a7 * 360451 + a8 * 68918589 + m_6 * 1585703 + m_7 * 117288651 + m_8 * 240920116;
  store<u32>(out, <i32>t & 536870911, 24);
  t >>= 29;
  t += a8 * 360451 + m_7 * 1585703 + m_8 * 3171406;
  store<u32>(out, <i32>t & 536870911, 28);
  t >>= 29;
  store<u32>(out, <i32>t, 32);
}

/** The value of a as 32 little-endian bytes. Canonical. Writes 32 bytes; `out` needs no alignment and may alias a. */
export function fr_to_bytes(out: usize, a: usize): void {
  const a0: u64 = load<u32>(a, 0);
  const a1: u64 = load<u32>(a, 4);
  const a2: u64 = load<u32>(a, 8);
  const a3: u64 = load<u32>(a, 12);
  const a4: u64 = load<u32>(a, 16);
  const a5: u64 = load<u32>(a, 20);
  const a6: u64 = load<u32>(a, 24);
  const a7: u64 = load<u32>(a, 28);
  const a8: u64 = load<u32>(a, 32);
  let t: u64 = a0;
  const m_0: u64 = t & 536870911;
  t >>= 29;
  t += a1 + m_0 * 418403169;
  const m_1: u64 = t & 536870911;
  t >>= 29;
  t += a2 + m_0 * 19640830 + m_1 * 418403169;
  const m_2: u64 = t & 536870911;
  t >>= 29;
  t += a3 + m_0 * 257786165 + m_1 * 19640830 + m_2 * 418403169;
  const m_3: u64 = t & 536870911;
  t >>= 29;
  t += a4 + m_0 * 509769206 + m_1 * 257786165 + m_2 * 19640830 + m_3 * 418403169;
  const m_4: u64 = t & 536870911;
  t >>= 29;
  t += a5 + m_0 * 132622464 + m_1 * 509769206 + m_2 * 257786165 + m_3 * 19640830 + m_4 * 418403169;
  const m_5: u64 = t & 536870911;
  t >>= 29;
  t += a6 + m_0 * 281460511 + m_1 * 132622464 + m_2 * 509769206 + m_3 * 257786165 + m_4 * 19640830 + m_5 * 418403169;
  const m_6: u64 = t & 536870911;
  t >>= 29;
  t += a7 + m_0 * 301419116 + m_1 * 281460511 + m_2 * 132622464 + m_3 * 509769206 + m_4 * 257786165 + m_5 * 19640830 + m_6 * 418403169;
  const m_7: u64 = t & 536870911;
  t >>= 29;
  t += a8 + m_0 * 117288651 + m_1 * 301419116 + m_2 * 281460511 + m_3 * 132622464 + m_4 * 509769206 + m_5 * 257786165 + m_6 * 19640830 + m_7 * 418403169;
  const m_8: u64 = <u64>((<u32>t * <u32>268435455) & 536870911);
  t = (t + m_8 * 268435457) >> 29;
  t += m_0 * 1585703 + m_1 * 117288651 + m_2 * 301419116 + m_3 * 281460511 + m_4 * 132622464 + m_5 * 509769206 + m_6 * 257786165 + m_7 * 19640830 + m_8 * 521120927;
  const b0: i32 = <i32>t & 536870911;
  t >>= 29;
  t += m_1 * 1585703 + m_2 * 117288651 + m_3 * 301419116 + m_4 * 281460511 + m_5 * 132622464 + m_6 * 509769206 + m_7 * 257786165 + m_8 * 240919632;
  const b1: i32 = <i32>t & 536870911;
  t >>= 29;
  t += m_2 * 1585703 + m_3 * 117288651 + m_4 * 301419116 + m_5 * 281460511 + m_6 * 132622464 + m_7 * 509769206 + m_8 * 131109107;
  const b2: i32 = <i32>t & 536870911;
  t >>= 29;
  t += m_3 * 1585703 + m_4 * 117288651 + m_5 * 301419116 + m_6 * 281460511 + m_7 * 132622464 + m_8 * 361091715;
  const b3: i32 = <i32>t & 536870911;
  t >>= 29;
  t += m_4 * 1585703 + m_5 * 117288651 + m_6 * 301419116 + m_7 * 281460511 + m_8 * 47923392;
  const b4: i32 = <i32>t & 536870911;
  t >>= 29;
  t += m_5 * 1585703 + m_6 * 117288651 + m_7 * 301419116 + m_8 * 10936641;
  const b5: i32 = <i32>t & 536870911;
  t >>= 29;
  t += m_6 * 1585703 + m_7 * 117288651 + m_8 * 240920116;
  const b6: i32 = <i32>t & 536870911;
  t >>= 29;
  t += m_7 * 1585703 + m_8 * 3171406;
  const b7: i32 = <i32>t & 536870911;
  t >>= 29;
  const b8: i32 = <i32>t;
  let borrow: i32 = b0 - 268435457;
  borrow = (borrow >> 29) + b1 - 521120927;
  borrow = (borrow >> 29) + b2 - 240919632;
  borrow = (borrow >> 29) + b3 - 131109107;
  borrow = (borrow >> 29) + b4 - 361091715;
  borrow = (borrow >> 29) + b5 - 47923392;
  borrow = (borrow >> 29) + b6 - 10936641;
  borrow = (borrow >> 29) + b7 - 240920116;
  borrow = (borrow >> 29) + b8 - 3171406;
  // All ones where the value is p or more.
  const above = ~(borrow >> 31);
  let s: i32 = b0 - (268435457 & above);
  const c0: u64 = s & 536870911;
  s = (s >> 29) + b1 - (521120927 & above);
  const c1: u64 = s & 536870911;
  s = (s >> 29) + b2 - (240919632 & above);
  const c2: u64 = s & 536870911;
  s = (s >> 29) + b3 - (131109107 & above);
  const c3: u64 = s & 536870911;
  s = (s >> 29) + b4 - (361091715 & above);
  const c4: u64 = s & 536870911;
  s = (s >> 29) + b5 - (47923392 & above);
  const c5: u64 = s & 536870911;
  s = (s >> 29) + b6 - (10936641 & above);
  const c6: u64 = s & 536870911;
  s = (s >> 29) + b7 - (240920116 & above);
  const c7: u64 = s & 536870911;
  s = (s >> 29) + b8 - (3171406 & above);
  const c8: u64 = s;
  store<u64>(out, c0 | c1 << 29 | c2 << 58, 0, 1);
  store<u64>(out, c2 >> 6 | c3 << 23 | c4 << 52, 8, 1);
  store<u64>(out, c4 >> 12 | c5 << 17 | c6 << 46, 16, 1);
  store<u64>(out, c6 >> 18 | c7 << 11 | c8 << 40, 24, 1);
}

/** The value of a times 2^256 mod p as 32 little-endian bytes, snarkjs's form. Canonical. Writes 32 bytes; `out` needs no alignment and may alias a. */
export function fr_to_mont256(out: usize, a: usize): void {
  const a0: u64 = load<u32>(a, 0);
  const a1: u64 = load<u32>(a, 4);
  const a2: u64 = load<u32>(a, 8);
  const a3: u64 = load<u32>(a, 12);
  const a4: u64 = load<u32>(a, 16);
  const a5: u64 = load<u32>(a, 20);
  const a6: u64 = load<u32>(a, 24);
  const a7: u64 = load<u32>(a, 28);
  const a8: u64 = load<u32>(a, 32);
  let t: u64 = a0 * 268435451;
  const m_0: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 78749922 + a1 * 268435451 + m_0 * 418403169;
  const m_1: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 406014571 + a1 * 78749922 + a2 * 268435451 + m_0 * 19640830 + m_1 * 418403169;
  const m_2: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 418196286 + a1 * 406014571 + a2 * 78749922 + a3 * 268435451 + m_0 * 257786165 + m_1 * 19640830 + m_2 * 418403169;
  const m_3: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 342025071 + a1 * 418196286 + a2 * 406014571 + a3 * 78749922 + a4 * 268435451 + m_0 * 509769206 + m_1 * 257786165 + m_2 * 19640830 + m_3 * 418403169;
  const m_4: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 297253948 + a1 * 342025071 + a2 * 418196286 + a3 * 406014571 + a4 * 78749922 + a5 * 268435451 + m_0 * 132622464 + m_1 * 509769206 + m_2 * 257786165 + m_3 * 19640830 + m_4 * 418403169;
  const m_5: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 482187706 + a1 * 297253948 + a2 * 342025071 + a3 * 418196286 + a4 * 406014571 + a5 * 78749922 + a6 * 268435451 + m_0 * 281460511 + m_1 * 132622464 + m_2 * 509769206 + m_3 * 257786165 + m_4 * 19640830 + m_5 * 418403169;
  const m_6: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 406012155 + a1 * 482187706 + a2 * 297253948 + a3 * 342025071 + a4 * 418196286 + a5 * 406014571 + a6 * 78749922 + a7 * 268435451 + m_0 * 301419116 + m_1 * 281460511 + m_2 * 132622464 + m_3 * 509769206 + m_4 * 257786165 + m_5 * 19640830 + m_6 * 418403169;
  const m_7: u64 = t & 536870911;
  t >>= 29;
  t += a0 * 920183 + a1 * 406012155 + a2 * 482187706 + a3 * 297253948 + a4 * 342025071 + a5 * 418196286 + a6 * 406014571 + a7 * 78749922 + a8 * 268435451 + m_0 * 117288651 + m_1 * 301419116 + m_2 * 281460511 + m_3 * 132622464 + m_4 * 509769206 + m_5 * 257786165 + m_6 * 19640830 + m_7 * 418403169;
  const m_8: u64 = <u64>((<u32>t * <u32>268435455) & 536870911);
  t = (t + m_8 * 268435457) >> 29;
  t += a1 * 920183 + a2 * 406012155 + a3 * 482187706 + a4 * 297253948 + a5 * 342025071 + a6 * 418196286 + a7 * 406014571 + a8 * 78749922 + m_0 * 1585703 + m_1 * 117288651 + m_2 * 301419116 + m_3 * 281460511 + m_4 * 132622464 + m_5 * 509769206 + m_6 * 257786165 + m_7 * 19640830 + m_8 * 521120927;
  const b0: i32 = <i32>t & 536870911;
  t >>= 29;
  t += a2 * 920183 + a3 * 406012155 + a4 * 482187706 + a5 * 297253948 + a6 * 342025071 + a7 * 418196286 + a8 * 406014571 + m_1 * 1585703 + m_2 * 117288651 + m_3 * 301419116 + m_4 * 281460511 + m_5 * 132622464 + m_6 * 509769206 + m_7 * 257786165 + m_8 * 240919632;
  const b1: i32 = <i32>t & 536870911;
  t >>= 29;
  t += a3 * 920183 + a4 * 406012155 + a5 * 482187706 + a6 * 297253948 + a7 * 342025071 + a8 * 418196286 + m_2 * 1585703 + m_3 * 117288651 + m_4 * 301419116 + m_5 * 281460511 + m_6 * 132622464 + m_7 * 509769206 + m_8 * 131109107;
  const b2: i32 = <i32>t & 536870911;
  t >>= 29;
  t += a4 * 920183 + a5 * 406012155 + a6 * 482187706 + a7 * 297253948 + a8 * 342025071 + m_3 * 1585703 + m_4 * 117288651 + m_5 * 301419116 + m_6 * 281460511 + m_7 * 132622464 + m_8 * 361091715;
  const b3: i32 = <i32>t & 536870911;
  t >>= 29;
  t += a5 * 920183 + a6 * 406012155 + a7 * 482187706 + a8 * 297253948 + m_4 * 1585703 + m_5 * 117288651 + m_6 * 301419116 + m_7 * 281460511 + m_8 * 47923392;
  const b4: i32 = <i32>t & 536870911;
  t >>= 29;
  t += a6 * 920183 + a7 * 406012155 + a8 * 482187706 + m_5 * 1585703 + m_6 * 117288651 + m_7 * 301419116 + m_8 * 10936641;
  const b5: i32 = <i32>t & 536870911;
  t >>= 29;
  t += a7 * 920183 + a8 * 406012155 + m_6 * 1585703 + m_7 * 117288651 + m_8 * 240920116;
  const b6: i32 = <i32>t & 536870911;
  t >>= 29;
  t += a8 * 920183 + m_7 * 1585703 + m_8 * 3171406;
  const b7: i32 = <i32>t & 536870911;
  t >>= 29;
  const b8: i32 = <i32>t;
  let borrow: i32 = b0 - 268435457;
  borrow = (borrow >> 29) + b1 - 521120927;
  borrow = (borrow >> 29) + b2 - 240919632;
  borrow = (borrow >> 29) + b3 - 131109107;
  borrow = (borrow >> 29) + b4 - 361091715;
  borrow = (borrow >> 29) + b5 - 47923392;
  borrow = (borrow >> 29) + b6 - 10936641;
  borrow = (borrow >> 29) + b7 - 240920116;
  borrow = (borrow >> 29) + b8 - 3171406;
  // All ones where the value is p or more.
  const above = ~(borrow >> 31);
  let s: i32 = b0 - (268435457 & above);
  const c0: u64 = s & 536870911;
  s = (s >> 29) + b1 - (521120927 & above);
  const c1: u64 = s & 536870911;
  s = (s >> 29) + b2 - (240919632 & above);
  const c2: u64 = s & 536870911;
  s = (s >> 29) + b3 - (131109107 & above);
  const c3: u64 = s & 536870911;
  s = (s >> 29) + b4 - (361091715 & above);
  const c4: u64 = s & 536870911;
  s = (s >> 29) + b5 - (47923392 & above);
  const c5: u64 = s & 536870911;
  s = (s >> 29) + b6 - (10936641 & above);
  const c6: u64 = s & 536870911;
  s = (s >> 29) + b7 - (240920116 & above);
  const c7: u64 = s & 536870911;
  s = (s >> 29) + b8 - (3171406 & above);
  const c8: u64 = s;
  store<u64>(out, c0 | c1 << 29 | c2 << 58, 0, 1);
  store<u64>(out, c2 >> 6 | c3 << 23 | c4 << 52, 8, 1);
  store<u64>(out, c4 >> 12 | c5 << 17 | c6 << 46, 16, 1);
  store<u64>(out, c6 >> 18 | c7 << 11 | c8 << 40, 24, 1);
}

/** The limbs of a as they stand, reduced, as 32 little-endian bytes: no Montgomery form undone. Alignment and aliasing as above. */
export function fr_raw_to_bytes(out: usize, a: usize): void {
  const a0: i32 = load<i32>(a, 0);
  const a1: i32 = load<i32>(a, 4);
  const a2: i32 = load<i32>(a, 8);
  const a3: i32 = load<i32>(a, 12);
  const a4: i32 = load<i32>(a, 16);
  const a5: i32 = load<i32>(a, 20);
  const a6: i32 = load<i32>(a, 24);
  const a7: i32 = load<i32>(a, 28);
  const a8: i32 = load<i32>(a, 32);
  let borrow: i32 = a0 - 268435457;
  borrow = (borrow >> 29) + a1 - 521120927;
  borrow = (borrow >> 29) + a2 - 240919632;
  borrow = (borrow >> 29) + a3 - 131109107;
  borrow = (borrow >> 29) + a4 - 361091715;
  borrow = (borrow >> 29) + a5 - 47923392;
  borrow = (borrow >> 29) + a6 - 10936641;
  borrow = (borrow >> 29) + a7 - 240920116;
  borrow = (borrow >> 29) + a8 - 3171406;
  // All ones where the value is p or more.
  const above = ~(borrow >> 31);
  let s: i32 = a0 - (268435457 & above);
  const c0: u64 = s & 536870911;
  s = (s >> 29) + a1 - (521120927 & above);
  const c1: u64 = s & 536870911;
  s = (s >> 29) + a2 - (240919632 & above);
  const c2: u64 = s & 536870911;
  s = (s >> 29) + a3 - (131109107 & above);
  const c3: u64 = s & 536870911;
  s = (s >> 29) + a4 - (361091715 & above);
  const c4: u64 = s & 536870911;
  s = (s >> 29) + a5 - (47923392 & above);
  const c5: u64 = s & 536870911;
  s = (s >> 29) + a6 - (10936641 & above);
  const c6: u64 = s & 536870911;
  s = (s >> 29) + a7 - (240920116 & above);
  const c7: u64 = s & 536870911;
  s = (s >> 29) + a8 - (3171406 & above);
  const c8: u64 = s;
  store<u64>(out, c0 | c1 << 29 | c2 << 58, 0, 1);
  store<u64>(out, c2 >> 6 | c3 << 23 | c4 << 52, 8, 1);
  store<u64>(out, c4 >> 12 | c5 << 17 | c6 << 46, 16, 1);
  store<u64>(out, c6 >> 18 | c7 << 11 | c8 << 40, 24, 1);
}


/**
 * out[i] = 1/in[i] for n elements of 36 bytes, zeros staying zero: one inversion and 3n products. `scratch` takes 36·(n + 2) bytes;
 * out may be in.
 */
export function fr_batch_inv(out: usize, from: usize, n: i32, scratch: usize): void {
  const running = scratch;
  const prefixes = scratch + 72;
  const bytes = <usize>n * 36;
  fr_one(running);
  for (let i: usize = 0; i < bytes; i += 36) {
    fr_copy(prefixes + i, running);
    if (!fr_is_zero(from + i)) fr_mul(running, running, from + i);
  }
  fr_inv(running, running);
  for (let i: usize = bytes; i > 0; ) {
    i -= 36;
    if (fr_is_zero(from + i)) {
      fr_zero(out + i);
      continue;
    }
    fr_mul(prefixes + i, prefixes + i, running);
    fr_mul(running, running, from + i);
    fr_copy(out + i, prefixes + i);
  }
}

/** fr_from_bytes on n elements: 32 bytes each at `from`, 36 bytes each at `out`; the two may not overlap. */
export function fr_from_bytes_n(out: usize, from: usize, n: i32): void {
  for (let end = from + <usize>n * 32; from < end; from += 32, out += 36) fr_from_bytes(out, from);
}

/** fr_from_mont256 on n elements: 32 bytes each at `from`, 36 bytes each at `out`; the two may not overlap. */
export function fr_from_mont256_n(out: usize, from: usize, n: i32): void {
  for (let end = from + <usize>n * 32; from < end; from += 32, out += 36) fr_from_mont256(out, from);
}

/** fr_to_bytes on n elements: 36 bytes each at `from`, 32 bytes each at `out`; the two may not overlap. */
export function fr_to_bytes_n(out: usize, from: usize, n: i32): void {
  for (let end = from + <usize>n * 36; from < end; from += 36, out += 32) fr_to_bytes(out, from);
}

/** fr_to_mont256 on n elements: 36 bytes each at `from`, 32 bytes each at `out`; the two may not overlap. */
export function fr_to_mont256_n(out: usize, from: usize, n: i32): void {
  for (let end = from + <usize>n * 36; from < end; from += 36, out += 32) fr_to_mont256(out, from);
}

/** out[i] = a[i]·b[i] for n elements; out may be a or b. */
export function fr_mul_n(out: usize, a: usize, b: usize, n: i32): void {
  for (let end = out + <usize>n * 36; out < end; out += 36, a += 36, b += 36) fr_mul(out, a, b);
}

/** out[i] = a[i]·factor for n elements; out may be a. */
export function fr_scale_n(out: usize, a: usize, factor: usize, n: i32): void {
  for (let end = out + <usize>n * 36; out < end; out += 36, a += 36) fr_mul(out, a, factor);
}

/** out[i] = a[i] - b[i] for n elements; out may be a or b. */
export function fr_sub_n(out: usize, a: usize, b: usize, n: i32): void {
  for (let end = out + <usize>n * 36; out < end; out += 36, a += 36, b += 36) fr_sub(out, a, b);
}
