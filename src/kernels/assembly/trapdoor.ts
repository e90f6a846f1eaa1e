// The polynomials of a constraint system at a secret point, for a setup: see src/kernels/trapdoor.ts.
import { fr_add, fr_batch_inv, fr_copy, fr_mul, fr_sub, fr_to_bytes, fr_zero } from './fr';

const ELEMENT: usize = 36;
const SCALAR: usize = 32;
const LIMB_BITS: u64 = 29;
const LIMB_MASK: u64 = (1 << LIMB_BITS) - 1;
/** Coefficients from here on are indices into `big`: src/constraint/r1cs.ts. */
const BIG_BASE: f64 = 9007199254740992;

/** out[i] = x·ratio^i, n of them; x is left at x·ratio^n. */
export function fr_geometric(out: usize, x: usize, ratio: usize, n: u32): void {
  for (let end = out + <usize>n * ELEMENT; out < end; out += ELEMENT) {
    fr_copy(out, x);
    fr_mul(x, x, ratio);
  }
}

/**
 * out[i] = y·ratio^i / (tau - x·ratio^i), n of them, 0 where the denominator is; x and y are left where the next ones begin. `scratch`
 * takes 36·(n + 2) bytes.
 */
export function fr_lagrange(out: usize, tau: usize, x: usize, y: usize, ratio: usize, n: u32, scratch: usize): void {
  const end = out + <usize>n * ELEMENT;
  for (let at = out; at < end; at += ELEMENT) {
    fr_sub(at, tau, x);
    fr_mul(x, x, ratio);
  }
  fr_batch_inv(out, out, n, scratch);
  for (let at = out; at < end; at += ELEMENT) {
    fr_mul(at, at, y);
    fr_mul(y, y, ratio);
  }
}

/** See src/kernels/trapdoor.ts. Of every column the products with small integers are summed outside of Montgomery form. */
export function fr_sparse_columns(
  out: usize,
  starts: usize,
  rows: usize,
  coefs: usize,
  big: usize,
  values: usize,
  montgomery: usize,
  from: u32,
  to: u32,
  scratch: usize,
): void {
  const small = scratch;
  const product = scratch + ELEMENT;
  const plain = scratch + 2 * ELEMENT;
  fr_zero(small);
  for (let column = from; column < to; column++, out += ELEMENT) {
    fr_zero(out);
    fr_zero(plain);
    const end = load<u32>(starts + 4 * <usize>(column + 1));
    for (let entry = load<u32>(starts + 4 * <usize>column); entry < end; entry++) {
      const value = values + <usize>load<u32>(rows + 4 * <usize>entry) * ELEMENT;
      const coef = load<f64>(coefs + 8 * <usize>entry);
      if (coef == 1) fr_add(out, out, value);
      else if (coef == -1) fr_sub(out, out, value);
      else if (coef >= BIG_BASE) {
        fr_mul(product, value, big + <usize>((coef - BIG_BASE) / 2) * ELEMENT);
        fr_add(out, out, product);
      } else {
        const magnitude = <u64>abs(coef);
        store<u32>(small, <u32>(magnitude & LIMB_MASK));
        store<u32>(small, <u32>(magnitude >> LIMB_BITS), 4);
        fr_mul(product, value, small);
        if (coef > 0) fr_add(plain, plain, product);
        else fr_sub(plain, plain, product);
      }
    }
    fr_mul(product, plain, montgomery);
    fr_add(out, out, product);
  }
}

/** See src/kernels/trapdoor.ts. */
export function fr_wire_scalars(
  outA: usize,
  outB: usize,
  outK: usize,
  a: usize,
  b: usize,
  c: usize,
  alpha: usize,
  beta: usize,
  factor: usize,
  n: u32,
  bare: u32,
  scratch: usize,
): void {
  const k = scratch;
  const product = scratch + ELEMENT;
  for (let i: u32 = 0; i < n; i++) {
    fr_mul(k, beta, a);
    fr_mul(product, alpha, b);
    fr_add(k, k, product);
    fr_add(k, k, c);
    if (i >= bare) fr_mul(k, k, factor);
    fr_to_bytes(outA, a);
    fr_to_bytes(outB, b);
    fr_to_bytes(outK, k);
    a += ELEMENT;
    b += ELEMENT;
    c += ELEMENT;
    outA += SCALAR;
    outB += SCALAR;
    outK += SCALAR;
  }
}
