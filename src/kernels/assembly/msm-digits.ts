// Scalars to digits, and digits to lists of points. Knows no field.
//
// A digit d of a term i says: add sign(d)·P_i to bucket |d|. Digits of 16 bits are signed; windows are of at most 16 bits.
import { glv_split } from './msm-glv';

/** Whether `bytes` bytes at p, a multiple of 4, are all zero. */
function allZero(p: usize, bytes: usize): bool {
  for (let end = p + bytes; p < end; p += 4) if (load<u32>(p) != 0) return false;
  return true;
}

/**
 * Signed digits of `windows` windows of c bits of the magnitude (low, high), the sign flipped if `negative`; digit w goes to
 * out + w·rowBytes. Digits are in [-2^(c-1), 2^(c-1)), c ≤ 16; with `open` the last window's is what is left instead, at most its bits of the
 * magnitude and a carry. Returns what is left after it: 0 where the windows cover the magnitude.
 */
@inline
function storeDigits(out: usize, rowBytes: usize, low: u64, high: u64, negative: bool, c: u32, windows: i32, open: bool): u64 {
  const mask: u32 = (1 << c) - 1;
  // A digit of 2^(c-1) has no place before the flip if there is none, and after it otherwise.
  const limit: u32 = (1 << (c - 1)) - u32(!negative);
  const flip: i32 = negative ? -1 : 0;
  let carry: u32 = 0;
  for (let w = 0; w < windows; w++) {
    const raw = (<u32>low & mask) + carry;
    carry = u32(raw > limit && !(open && w == windows - 1));
    const digit = <i32>raw - <i32>(carry << c);
    store<i16>(out, <i16>((digit ^ flip) - flip));
    out += rowBytes;
    low = (low >> c) | (high << (64 - c));
    high >>= c;
  }
  return low | high | carry;
}

/**
 * Digits of n full-width scalars (canonical, 32 bytes little-endian each) after the split in halves: two rows' parts a window, the
 * digits of the halves k1 at out and those of k2 at out + halfBytes, window w at w·rowBytes further, the last one open. Terms whose point (pointBytes
 * each) is zero in its second half, the ordinate, get digits 0. `windows`·c must be at least 126, c at most 14 if it is. `scratch` takes 40 bytes.
 */
export function msm_digits_full(
  out: usize,
  rowBytes: usize,
  halfBytes: usize,
  scalars: usize,
  points: usize,
  pointBytes: usize,
  n: i32,
  c: u32,
  windows: i32,
  scratch: usize,
): void {
  const ordinateBytes = pointBytes >> 1;
  for (let i = 0; i < n; i++) {
    if (allZero(points + ordinateBytes, ordinateBytes)) {
      storeDigits(out, rowBytes, 0, 0, false, c, windows, true);
      storeDigits(out + halfBytes, rowBytes, 0, 0, false, c, windows, true);
    } else {
      glv_split(scratch, scalars);
      storeDigits(
        out,
        rowBytes,
        load<u64>(scratch),
        load<u64>(scratch, 8),
        load<u32>(scratch, 32) != 0,
        c,
        windows,
        true,
      );
      storeDigits(
        out + halfBytes,
        rowBytes,
        load<u64>(scratch, 16),
        load<u64>(scratch, 24),
        load<u32>(scratch, 36) != 0,
        c,
        windows,
        true,
      );
    }
    out += 2;
    scalars += 32;
    points += pointBytes;
  }
}

/**
 * Digits of n signed integers of 32 bits: window w of term i at out + w·rowBytes + 2i. Returns how many integers the windows do not
 * cover; their digits are of no meaning.
 */
export function msm_digits_small(out: usize, rowBytes: usize, values: usize, n: i32, c: u32, windows: i32): i32 {
  let uncovered = 0;
  for (let i = 0; i < n; i++) {
    const value: i64 = load<i32>(values);
    const magnitude: u64 = value < 0 ? -value : value;
    if (storeDigits(out, rowBytes, magnitude, 0, value < 0, c, windows, false) != 0) uncovered++;
    out += 2;
    values += 4;
  }
  return uncovered;
}

/**
 * Digits of n scalars (32 bytes, below r < 2^253.6) by windows of c bits, without a split: window w of term i at out + w·rowBytes + 2i.
 * `windows`·c must be at least 255: digits in
 * [-2^(c-1), 2^(c-1)) then reach 2^254·(1 - 2^(1-c))/(1 - 2^-c), above r for c ≥ 3; for c = 2 the windows have 256 bits.
 */
export function msm_digits_wide(out: usize, rowBytes: usize, scalars: usize, n: i32, c: u32, windows: i32): void {
  const mask: u32 = (1 << c) - 1;
  const limit: u32 = (1 << (c - 1)) - 1;
  for (let i = 0; i < n; i++) {
    let carry: u32 = 0;
    let bit: u32 = 0;
    let to = out;
    for (let w = 0; w < windows; w++) {
      const word = bit >> 5;
      let window: u64 = word < 8 ? load<u32>(scalars + (word << 2)) : 0;
      if (word < 7) window |= <u64>load<u32>(scalars + (word << 2), 4) << 32;
      const raw = (<u32>(window >> (bit & 31)) & mask) + carry;
      carry = u32(raw > limit);
      store<i16>(to, <i16>(<i32>raw - <i32>(carry << c)));
      to += rowBytes;
      bit += c;
    }
    out += 2;
    scalars += 32;
  }
}

/**
 * Sorts the terms 0..n-1 by bucket: `ends` gets `buckets` + 1 words, ends[b] the index behind the last entry of bucket b (ends[0] = 0),
 * and `entries` the terms, bucket after bucket, as 2·index + (1 if the digit is negative). Digits 0 are left out. Returns false, with
 * nothing sorted, if a digit exceeds `buckets` in absolute value. D is the type of a digit.
 */
function sort<D>(entries: usize, ends: usize, digits: usize, n: i32, buckets: u32): bool {
  memory.fill(ends, 0, (<usize>buckets + 1) << 2);
  const stop = digits + <usize>n * sizeof<D>();
  for (let p = digits; p < stop; p += sizeof<D>()) {
    const digit: i32 = load<D>(p);
    const bucket: u32 = abs(digit);
    if (bucket > buckets) return false;
    const counter = ends + (<usize>bucket << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
  let start: u32 = 0;
  store<u32>(ends, 0);
  for (let p = ends + 4, end = ends + (<usize>buckets << 2); p <= end; p += 4) {
    const count = load<u32>(p);
    store<u32>(p, start);
    start += count;
  }
  let term: u32 = 0;
  for (let p = digits; p < stop; p += sizeof<D>(), term += 2) {
    const digit: i32 = load<D>(p);
    if (digit == 0) continue;
    const counter = ends + (<usize>abs(digit) << 2);
    const place = load<u32>(counter);
    store<u32>(counter, place + 1);
    store<u32>(entries + (<usize>place << 2), term | (<u32>digit >>> 31));
  }
  return true;
}

/** `sort` of digits of 16 bits. */
export function msm_sort16(entries: usize, ends: usize, digits: usize, n: i32, buckets: u32): bool {
  return sort<i16>(entries, ends, digits, n, buckets);
}

/** `sort` of digits of 32 bits: small scalars and table indices as they are. */
export function msm_sort32(entries: usize, ends: usize, digits: usize, n: i32, buckets: u32): bool {
  return sort<i32>(entries, ends, digits, n, buckets);
}
