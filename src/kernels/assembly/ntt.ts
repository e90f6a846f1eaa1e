// Number-theoretic transforms over Fr, in place, for any number of workers.
//
// The evaluations of a polynomial are found by reducing it modulo factors of factors of x^(2^K) - 1. Node i of a binary tree stands
// for x^m - z^2; its children 2i and 2i + 1 for x^(m/2) - z and x^(m/2) + z, where z is the twiddle i. Node 0 at every level is the
// leftmost one, x^m - 1. So a twiddle belongs to a whole block, one table in bit-reversed order serves all layers and sizes, and a
// coset costs nothing: it is another node to start from.
//
//   twiddle[i] = ω_{2N}^bitreverse_k(i), i < N = 2^k:  twiddle[0] = 1, twiddle[1] = √-1, twiddle[2^t + i] = twiddle[i]·ω_{2^(t+2)}
//
// `forward` takes coefficients in natural order and leaves the value at root[node]·ω_n^j at position bitreverse(j): node 0 for
// the n-th roots of unity, node 1 for the coset ω_{2n}·ω_n^j. `inverse` undoes it but for the factor n. It needs the negative
// inverses of twiddles: those are twiddles too, at the mirrored index inside each power of two.
import { forward2, forward2_reduced, forward4_one, inverse2, inverse2_reduced, inverse4_one } from './ntt-butterflies';
import { bitreverse } from './bits';
import { fr_mul, fr_raw_to_bytes, fr_reduce, fr_sub } from './fr';

const ELEMENT: usize = 36;

/** Blocks up to this many elements (147 kB) are transformed layer by layer, larger ones depth first, for the caches' sake. */
const BLOCK: u32 = 4096;

/** Address of element i of an array. */
@inline
function at(array: usize, i: u32): usize {
  return array + <usize>i * ELEMENT;
}

/** Address of the negative of the inverse of twiddle i ≥ 1: with 2^t ≤ i < 2^(t+1), that is twiddle 3·2^t - 1 - i. */
@inline
function mirrored(table: usize, i: u32): usize {
  return at(table, (<u32>3 << (31 - clz(i))) - 1 - i);
}

/** Twiddles half + i for from ≤ i < to ≤ half = 2^t, from those below half; `root` is ω_(2^(t+2)). Canonical. Workers may share them. */
export function fr_ntt_twiddles(table: usize, half: u32, root: usize, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const out = at(table, half + i);
    fr_mul(out, at(table, i), root);
    fr_reduce(out, out);
  }
}

// ---- coefficients to values -------------------------------------------------------------------------------------------------

/**
 * The first two layers of `fr_ntt_forward` on a block of n ≥ 8 elements, butterflies from ≤ j < to of n/4, which are independent:
 * workers may share them out. Afterwards the four quarters are blocks of nodes 4·node + 0, 1, 2, 3, with values up to 4p larger:
 * every quarter must still go through `fr_ntt_forward`, which takes values below (58 - 2·log2(n))p and reduces.
 */
export function fr_ntt_forward_top(data: usize, n: u32, node: u32, table: usize, from: u32, to: u32): void {
  const stride = <usize>(n >> 2) * ELEMENT;
  const end = at(data, to);
  const w1 = at(table, 2 * node);
  if (node == 0) {
    for (let a = at(data, from); a < end; a += ELEMENT) forward4_one(a, stride, w1 + ELEMENT);
    return;
  }
  const w0 = at(table, node);
  for (let a = at(data, from); a < end; a += ELEMENT) {
    forward2(a, 2 * stride, w0);
    forward2(a + stride, 2 * stride, w0);
    forward2(a, stride, w1);
    forward2(a + 2 * stride, stride, w1 + ELEMENT);
  }
}

/**
 * Values of the n coefficients at `data` over node `node`, in bit-reversed order. n is a power of two; `node` is 0 with a table of
 * n/2 twiddles (2 at least) or 1 with a table of n, or what `fr_ntt_forward_top` says.
 */
export function fr_ntt_forward(data: usize, n: u32, node: u32, table: usize): void {
  if (n > BLOCK) {
    const quarter = n >> 2;
    fr_ntt_forward_top(data, n, node, table, 0, quarter);
    for (let i: u32 = 0; i < 4; i++) fr_ntt_forward(at(data, i * quarter), quarter, 4 * node + i, table);
    return;
  }
  let size = n;
  let first = node;
  for (; size > 4; size >>= 2, first <<= 2) {
    for (let i: u32 = 0, blocks = n / size; i < blocks; i++) {
      fr_ntt_forward_top(at(data, i * size), size, first + i, table, 0, size >> 2);
    }
  }
  if (size == 4) {
    for (let i: u32 = 0, blocks = n >> 2; i < blocks; i++) forward_four(at(data, 4 * i), first + i, table);
  } else if (size == 2) {
    for (let i: u32 = 0, blocks = n >> 1; i < blocks; i++) forward2_reduced(at(data, 2 * i), ELEMENT, at(table, first + i));
  }
}

/** The last two layers of a transform. */
function forward_four(a: usize, node: u32, table: usize): void {
  const w1 = at(table, 2 * node);
  if (node == 0) {
    forward4_one(a, ELEMENT, w1 + ELEMENT);
    return;
  }
  forward2(a, 2 * ELEMENT, at(table, node));
  forward2(a + ELEMENT, 2 * ELEMENT, at(table, node));
  forward2_reduced(a, ELEMENT, w1);
  forward2_reduced(a + 2 * ELEMENT, ELEMENT, w1 + ELEMENT);
}

// ---- values to coefficients -------------------------------------------------------------------------------------------------

/**
 * The last two layers of `fr_ntt_inverse` on a block of n ≥ 4 elements: `fr_ntt_forward_top` undone, times 4, butterflies
 * from ≤ j < to of n/4. The four quarters must be done before.
 */
export function fr_ntt_inverse_top(data: usize, n: u32, node: u32, table: usize, from: u32, to: u32): void {
  const stride = <usize>(n >> 2) * ELEMENT;
  const end = at(data, to);
  if (node == 0) {
    for (let a = at(data, from); a < end; a += ELEMENT) inverse4_one(a, stride, at(table, 1));
    return;
  }
  const w0 = mirrored(table, node);
  const w1 = mirrored(table, 2 * node);
  // Mirrored, the twiddle of the odd child stands before that of the even one.
  const w2 = w1 - ELEMENT;
  for (let a = at(data, from); a < end; a += ELEMENT) {
    inverse2(a, stride, w1);
    inverse2(a + 2 * stride, stride, w2);
    inverse2_reduced(a, 2 * stride, w0);
    inverse2_reduced(a + stride, 2 * stride, w0);
  }
}

/** n times the coefficients of the polynomial of degree below n whose values `fr_ntt_forward` would leave at `data`. */
export function fr_ntt_inverse(data: usize, n: u32, node: u32, table: usize): void {
  if (n > BLOCK) {
    const quarter = n >> 2;
    for (let i: u32 = 0; i < 4; i++) fr_ntt_inverse(at(data, i * quarter), quarter, 4 * node + i, table);
    fr_ntt_inverse_top(data, n, node, table, 0, quarter);
    return;
  }
  let size: u32 = 4;
  if (ctz(n) & 1) {
    size = 8;
    for (let i: u32 = 0, blocks = n >> 1; i < blocks; i++) inverse_two(at(data, 2 * i), node * blocks + i, table);
  }
  for (; size <= n; size <<= 2) {
    const blocks = n / size;
    for (let i: u32 = 0; i < blocks; i++) {
      fr_ntt_inverse_top(at(data, i * size), size, node * blocks + i, table, 0, size >> 2);
    }
  }
}

/** The first layer of a transform of odd depth. */
function inverse_two(a: usize, node: u32, table: usize): void {
  // With the twiddle 1 the forward butterfly undoes itself but for the factor 2.
  if (node == 0) forward2_reduced(a, ELEMENT, table);
  else inverse2_reduced(a, ELEMENT, mirrored(table, node));
}

// ---- order, and the quotient's last step --------------------------------------------------------------------------------------

/** Swaps the elements i and bitreverse(i) of 2^k, k ≥ 1, for from ≤ i < to. The whole range [0, 2^k) may be shared out. */
export function fr_bit_reverse(data: usize, k: u32, from: u32, to: u32): void {
  for (let i = from; i < to; i++) {
    const j = bitreverse(i, k);
    if (i < j) swap(at(data, i), at(data, j));
  }
}

function swap(a: usize, b: usize): void {
  for (let i: usize = 0; i < ELEMENT; i += 4) {
    const word = load<u32>(a + i);
    store<u32>(a + i, load<u32>(b + i));
    store<u32>(b + i, word);
  }
}

/**
 * The last step of Groth16's quotient: for from ≤ i < to, out[bitreverse(i)] = (a[i]·b[i]·inner - c[i])·outer as canonical 32-byte
 * values. `inner` is an element; `outer` holds the plain limbs of its value, not its Montgomery form. With a, b and c carrying the
 * factor n that `fr_ntt_inverse` leaves, both are 1/n and the result is a·b - c. Overwrites a.
 */
export function fr_join_abc(
  out: usize, a: usize, b: usize, c: usize, inner: usize, outer: usize, k: u32, from: u32, to: u32,
): void {
  for (let i = from; i < to; i++) {
    const x = at(a, i);
    fr_mul(x, x, at(b, i));
    fr_mul(x, x, inner);
    fr_sub(x, x, at(c, i));
    fr_mul(x, x, outer);
    fr_raw_to_bytes(out + (<usize>bitreverse(i, k) << 5), x);
  }
}
