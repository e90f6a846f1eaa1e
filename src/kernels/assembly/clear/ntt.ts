// Evaluation of polynomials over F_p on the subgroup of 2^logOut elements, coefficients in natural order to values in natural order: row i of the
// output is the value at g^i, g = rootOfUnity(logOut). Decimation in time, out of place: coefficient j of 2^logIn goes to position bitreverse(j),
// and each layer joins pairs of values on subgroups to values on one of twice the size.
//
// Zero extension. With logOut = logIn + κ the bit-reversed positions of coefficients are multiples of 2^κ with zeros between, and the first κ layers
// copy: so `fill` writes each coefficient 2^κ times, and transforms of any rate take logIn layers.
//
// Phases, each of independent parts for any number of workers: `fill` by groups of coefficients; `blocks` of 2^logBlock outputs, which fit a
// first-level cache, all their layers; then passes of two layers over everything, by butterflies.
//
//   table[h + j] = rootOfUnity(log2(2h))^j for h = 1, 2, 4, …, j < h: canonical, one table for all sizes up to twice its length.
//
// Values between passes are any (goldilocks.ts): products are canonical, so they may be added and subtracted. Two neighbours are done at a time (lanes.ts).
import { add, canonical, mul, sub } from './goldilocks';
import { addLanes, canonicalLanes, mulLanes, shifted48, subLanes } from './lanes';
import { bitreverse } from '../bits';

@inline
function at(array: usize, i: u32): usize {
  return array + (<usize>i << 3);
}

/** table[h + j] for from ≤ j < to ≤ h; root = rootOfUnity(log2(2h)), first = root^from; both canonical. */
export function gl_ntt_twiddles(table: usize, h: u32, root: u64, first: u64, from: u32, to: u32): void {
  let power = first;
  for (let j = from; j < to; j++) {
    store<u64>(at(table, h + j), canonical(power));
    power = mul(power, root);
  }
}

/** Coefficients a `fill` of one group moves: eight cache lines to eight, where there are as many. */
const GROUP_LOG: u32 = 6;

/** out[bitreverse(j)·2^(logOut − logIn) + t] = in[j]: groups from ≤ m < to of max(1, 2^(logIn − 6)). `out` and `in` do not overlap. */
export function gl_ntt_fill(out: usize, input: usize, logIn: u32, logOut: u32, from: u32, to: u32): void {
  const copies: u32 = 1 << (logOut - logIn);
  if (logIn < GROUP_LOG) {
    for (let j: u32 = 0; j < (1 << logIn); j++) spread(out, input, bitreverse(j, logIn), j, copies);
    return;
  }
  const middle = logIn - GROUP_LOG;
  for (let m = from; m < to; m++) {
    const row = bitreverse(m, middle) << 3;
    for (let l: u32 = 0; l < 8; l++) {
      const rows = (reverse3(l) << (logIn - 3)) | row;
      const columns = (m << 3) | l;
      for (let h: u32 = 0; h < 8; h++) spread(out, input, rows | h, (reverse3(h) << (logIn - 3)) | columns, copies);
    }
  }
}

/** Three bits in reverse, of a table that is one constant. */
@inline
function reverse3(i: u32): u32 {
  return ((<u32>0x73516240) >> (4 * i)) & 7;
}

@inline
function spread(out: usize, input: usize, position: u32, j: u32, copies: u32): void {
  if (copies == 1) {
    store<u64>(at(out, position), load<u64>(at(input, j)));
    return;
  }
  const value = v128.load64_splat(at(input, j));
  let p = at(out, position * copies);
  for (const end = p + (<usize>copies << 3); p < end; p += 16) v128.store(p, value);
}

/** One butterfly of radix 2 at a and a + s: (x, y) → (x + w·y, x − w·y). */
@inline
function butterfly2(a: usize, s: usize, w: u64): void {
  const x = load<u64>(a);
  const y = canonical(mul(load<u64>(a + s), w));
  store<u64>(a, canonical(add(x, y)));
  store<u64>(a + s, canonical(sub(x, y)));
}

/** Two of them, at a and a + 8. */
@inline
function butterflies2(a: usize, s: usize, w: v128): void {
  const x = v128.load(a);
  const y = mulLanes(v128.load(a + s), w);
  v128.store(a, canonicalLanes(addLanes(x, y)));
  v128.store(a + s, canonicalLanes(subLanes(x, y)));
}

/** Two layers at a, a + s, a + 2s, a + 3s: twiddle w of the first, v and v·√−1 of the second. */
@inline
function butterfly4(a: usize, s: usize, w: u64, v: u64, vi: u64): void {
  const x0 = load<u64>(a);
  const x1 = canonical(mul(load<u64>(a + s), w));
  const x2 = load<u64>(a + 2 * s);
  const x3 = canonical(mul(load<u64>(a + 3 * s), w));
  const even = add(x0, x1);
  const odd = sub(x0, x1);
  const y2 = canonical(mul(add(x2, x3), v));
  const y3 = canonical(mul(sub(x2, x3), vi));
  store<u64>(a, canonical(add(even, y2)));
  store<u64>(a + s, canonical(add(odd, y3)));
  store<u64>(a + 2 * s, canonical(sub(even, y2)));
  store<u64>(a + 3 * s, canonical(sub(odd, y3)));
}

/** Two of them, at a and a + 8; canonical results if `last`. */
@inline
function butterflies4(a: usize, s: usize, w: v128, v: v128, vi: v128, last: bool): void {
  const x0 = v128.load(a);
  const x1 = mulLanes(v128.load(a + s), w);
  const x2 = v128.load(a + 2 * s);
  const x3 = mulLanes(v128.load(a + 3 * s), w);
  const even = addLanes(x0, x1);
  const odd = subLanes(x0, x1);
  const y2 = mulLanes(addLanes(x2, x3), v);
  const y3 = mulLanes(subLanes(x2, x3), vi);
  const z0 = addLanes(even, y2);
  const z1 = addLanes(odd, y3);
  const z2 = subLanes(even, y2);
  const z3 = subLanes(odd, y3);
  v128.store(a, last ? canonicalLanes(z0) : z0);
  v128.store(a + s, last ? canonicalLanes(z1) : z1);
  v128.store(a + 2 * s, last ? canonicalLanes(z2) : z2);
  v128.store(a + 3 * s, last ? canonicalLanes(z3) : z3);
}

/**
 * The layers of h and 2h on butterflies from ≤ b < to of N/4; canonical results if `last`. Butterfly b is number b mod h of the block of 4h elements
 * number ⌊b/h⌋.
 */
export function gl_ntt_pass(data: usize, h: u32, table: usize, from: u32, to: u32, last: bool): void {
  if (last) pass(data, h, table, from, to, true);
  else pass(data, h, table, from, to, false);
}

@inline
function pass(data: usize, h: u32, table: usize, from: u32, to: u32, last: bool): void {
  const s = <usize>h << 3;
  const ws = at(table, h);
  const vs = at(table, 2 * h);
  for (let b = from; b < to; ) {
    const block = b / h;
    const first = b - block * h;
    const count = min(h - first, to - b);
    let a = data + (<usize>block * s << 2) + (<usize>first << 3);
    let j = <usize>first << 3;
    const end = j + (<usize>count << 3);
    for (; j + 16 <= end; j += 16, a += 16) butterflies4(a, s, v128.load(ws + j), v128.load(vs + j), v128.load(vs + j + s), last);
    if (j < end) butterfly4(a, s, load<u64>(ws + j), load<u64>(vs + j), load<u64>(vs + j + s));
    b += count;
  }
}

/** The layers of 1 and 2 on n elements, a multiple of 4: w = v = 1, and √−1 = 2^48 is a shift. Canonical operands and results. */
@inline
function pass_one(data: usize, n: u32): void {
  if (n == 4) {
    const x0 = load<u64>(data), x1 = load<u64>(data, 8), x2 = load<u64>(data, 16), x3 = load<u64>(data, 24);
    const y2 = canonical(add(x2, x3));
    const y3 = canonical(mul(sub(x2, x3), 1 << 48));
    store<u64>(data, canonical(add(add(x0, x1), y2)));
    store<u64>(data, canonical(add(sub(x0, x1), y3)), 8);
    store<u64>(data, canonical(sub(add(x0, x1), y2)), 16);
    store<u64>(data, canonical(sub(sub(x0, x1), y3)), 24);
    return;
  }
  for (let a = data, end = at(data, n); a < end; a += 64) {
    // Two blocks of four, one a lane.
    const p = v128.load(a), q = v128.load(a, 16), r = v128.load(a, 32), t = v128.load(a, 48);
    const x0 = v128.shuffle<i64>(p, r, 0, 2), x1 = v128.shuffle<i64>(p, r, 1, 3), x2 = v128.shuffle<i64>(q, t, 0, 2), x3 = v128.shuffle<i64>(q, t, 1, 3);
    const even = addLanes(x0, x1), odd = subLanes(x0, x1);
    const y2 = canonicalLanes(addLanes(x2, x3));
    const y3 = shifted48(subLanes(x2, x3));
    const z0 = canonicalLanes(addLanes(even, y2)), z1 = canonicalLanes(addLanes(odd, y3));
    const z2 = canonicalLanes(subLanes(even, y2)), z3 = canonicalLanes(subLanes(odd, y3));
    v128.store(a, v128.shuffle<i64>(z0, z1, 0, 2));
    v128.store(a, v128.shuffle<i64>(z2, z3, 0, 2), 16);
    v128.store(a, v128.shuffle<i64>(z0, z1, 1, 3), 32);
    v128.store(a, v128.shuffle<i64>(z2, z3, 1, 3), 48);
  }
}

/** The two layers of a small h ≥ 2, twiddles by twiddles: the loop over blocks is the inner one. n elements, a multiple of 4h. */
@inline
function pass_small(data: usize, n: u32, h: u32, table: usize): void {
  const s = <usize>h << 3;
  const end = at(data, n);
  for (let j: u32 = 0; j < h; j += 2) {
    const w = v128.load(at(table, h + j));
    const v = v128.load(at(table, 2 * h + j));
    const vi = v128.load(at(table, 3 * h + j));
    for (let a = at(data, j); a < end; a += 4 * s) butterflies4(a, s, w, v, vi, true);
  }
}

/** The layer of h alone on n elements, a multiple of 2h. */
@inline
function layer(data: usize, n: u32, h: u32, table: usize): void {
  const s = <usize>h << 3;
  const end = at(data, n);
  if (h == 1) {
    for (let a = data; a < end; a += 16) butterfly2(a, 8, 1);
    return;
  }
  for (let j: u32 = 0; j < h; j += 2) {
    const w = v128.load(at(table, h + j));
    for (let a = at(data, j); a < end; a += 2 * s) butterflies2(a, s, w);
  }
}

const SMALL: u32 = 8;

/**
 * All layers of 2^logFirst, …, 2^(logBlock − 1) on the blocks from ≤ b < to of 2^logBlock elements. Canonical results if `last`. An odd number of
 * layers begins with one by itself.
 */
export function gl_ntt_blocks(data: usize, logFirst: u32, logBlock: u32, table: usize, from: u32, to: u32, last: bool): void {
  const n: u32 = 1 << logBlock;
  for (let b = from; b < to; b++) {
    const block = data + ((<usize>b << logBlock) << 3);
    let h: u32 = 1 << logFirst;
    if (((logBlock - logFirst) & 1) != 0) {
      layer(block, n, h, table);
      h <<= 1;
    }
    for (; h < n; h <<= 2) {
      if (h == 1) pass_one(block, n);
      else if (h < SMALL) pass_small(block, n, h, table);
      else gl_ntt_pass(block, h, table, 0, n >> 2, last && 4 * h == n);
    }
  }
}

/** out[0] = in[0]·c and out[i] = in[n − i]·c for from ≤ i < to of n, c any: with c = 1/n it makes of values of values the coefficients. */
export function gl_ntt_turn(out: usize, input: usize, c: u64, n: u32, from: u32, to: u32): void {
  for (let i = from; i < to; i++) store<u64>(at(out, i), canonical(mul(load<u64>(at(input, (n - i) & (n - 1))), c)));
}
