/**
 * The functions of the second module of kernels: the field and hash of protocol `clear`. Pointers are byte offsets into the memory, aligned to 16; ranges
 * from ≤ i < to are parts of one computation that workers over a shared memory may do side by side.
 *
 * A base element of F_p, p = 2^64 − 2^32 + 1, is 8 bytes little-endian, an extension element c0 + c1·u (u² = 7) is 16, c0 first. In memory both are *canonical*,
 * coordinates in [0, p), as inputs and as outputs: the kernels do not check it (`gl_count_noncanonical` does), and what they leave is canonical. "any" is the whole of
 * [0, 2^64), standing for its residue. A BigInt argument may be any integer whose low 64 bits are meant; a BigInt result is to be read by `unsigned`.
 *
 * No function branches on data or uses it as an address, but for `b3_grind`, whose nonces are public, and the `select` of an inverse of 0.
 */

/** Bytes of scratch of hashes; `b3_leaves_scratch` gives those of leaves. */
export const HASH_SCRATCH_BYTES = 4096;
/** Bytes of scratch of `mac_i16` and `mac_i32`. */
export const MAC_SCRATCH_BYTES = 12288;
/** Bytes of an element's limbs. */
export const LIMBS_BYTES = 32;
/** Bytes of what a round of a sumcheck leaves: its value at 0 and its coefficient of X². */
export const ROUND_BYTES = 32;

/** A BigInt that came out of WebAssembly, as an integer in [0, 2^64). */
export const unsigned = (word: bigint): bigint => BigInt.asUintN(64, word);

export interface ClearFieldExports {
  /** Any operands; canonical results. */
  gl_canonical(a: bigint): bigint;
  gl_add(a: bigint, b: bigint): bigint;
  gl_sub(a: bigint, b: bigint): bigint;
  gl_mul(a: bigint, b: bigint): bigint;
  /** a·b + c. */
  gl_mul_add(a: bigint, b: bigint, c: bigint): bigint;
  /** The inverse, and 0 for 0. */
  gl_inv(a: bigint): bigint;
  /** The bare forms inside of loops, for tests of their ranges: a any, b canonical → any. */
  gl_raw_add(a: bigint, b: bigint): bigint;
  gl_raw_sub(a: bigint, b: bigint): bigint;
  /** a·b, any → any. */
  gl_raw_mul(a: bigint, b: bigint): bigint;
  /** high·2^64 + low, any → any. */
  gl_raw_reduce128(high: bigint, low: bigint): bigint;
  /** The same on two lanes, in memory: sums of a any and b canonical → any, products any·any → canonical. */
  gl2_raw_add(out: number, a: number, b: number): void;
  gl2_raw_sub(out: number, a: number, b: number): void;
  gl2_raw_mul(out: number, a: number, b: number): void;
  /** L + 2^32·U lane by lane → canonical, for |L| < 2^62 (signed words) and 0 ≤ U < 2^62. */
  gl2_raw_close(out: number, L: number, U: number): void;

  /** y[i] = y[i]·c + x[i]. */
  gl_mul_add_n(y: number, x: number, c: bigint, from: number, to: number): void;
  /** out[i] = in[i]·c. */
  gl_scale_n(out: number, input: number, c: bigint, from: number, to: number): void;
  /** Signed integers as elements: Int16Array, Int32Array, BigInt64Array, Float64Array (integers below 2^53 in absolute value). */
  gl_from_i16_n(out: number, input: number, from: number, to: number): void;
  gl_from_i32_n(out: number, input: number, from: number, to: number): void;
  gl_from_i64_n(out: number, input: number, from: number, to: number): void;
  gl_from_f64_n(out: number, input: number, from: number, to: number): void;
  /** How many of n words are ≥ p. */
  gl_count_noncanonical(input: number, n: number): number;
  /** Inverses of n elements, zeros staying zero; `out` and `in` do not overlap. */
  gl_batch_inv(out: number, input: number, n: number): void;

  /** Operands any, results canonical; `out` may be an operand. */
  gl2_add(out: number, a: number, b: number): void;
  gl2_sub(out: number, a: number, b: number): void;
  gl2_mul(out: number, a: number, b: number): void;
  /** a·b + c. */
  gl2_mul_add(out: number, a: number, b: number, c: number): void;
  gl2_mul_base(out: number, a: number, b: bigint): void;
  /** The inverse, and 0 for 0. */
  gl2_inv(out: number, a: number): void;
  /** y[i] = y[i]·(c0 + c1·u) + x[i]. */
  gl2_mul_add_n(y: number, x: number, c0: bigint, c1: bigint, from: number, to: number): void;
  /** y[i] += x[i]·(c0 + c1·u). */
  gl2_add_scaled_n(y: number, x: number, c0: bigint, c1: bigint, from: number, to: number): void;
  /** The same of base elements x. */
  gl2_add_scaled_base_n(y: number, x: number, c0: bigint, c1: bigint, from: number, to: number): void;
  /** out[i] = c + a[i]·k + b[i]·l of base elements a, b and extension elements c, k, l. */
  gl2_affine_n(
    out: number,
    a: number,
    b: number,
    c0: bigint,
    c1: bigint,
    k0: bigint,
    k1: bigint,
    l0: bigint,
    l1: bigint,
    from: number,
    to: number,
  ): void;
  gl2_from_base_n(out: number, input: number, from: number, to: number): void;
  /** Coordinates apart into two base columns, and together again. */
  gl2_split_n(out0: number, out1: number, input: number, from: number, to: number): void;
  gl2_join_n(out: number, in0: number, in1: number, from: number, to: number): void;
  /** out = Σ of n elements. */
  gl2_sum_n(out: number, input: number, n: number): void;
  /** As `gl_batch_inv`. */
  gl2_batch_inv(out: number, input: number, n: number): void;
}

/** assembly/clear/ntt.ts has the mathematics; use ntt.ts beside this file. */
export interface ClearNttExports {
  gl_ntt_twiddles(table: number, h: number, root: bigint, first: bigint, from: number, to: number): void;
  gl_ntt_fill(out: number, input: number, logIn: number, logOut: number, from: number, to: number): void;
  gl_ntt_blocks(
    data: number,
    logFirst: number,
    logBlock: number,
    table: number,
    from: number,
    to: number,
    last: number,
  ): void;
  gl_ntt_pass(data: number, h: number, table: number, from: number, to: number, last: number): void;
  gl_ntt_turn(out: number, input: number, c: bigint, n: number, from: number, to: number): void;
}

/** `key` is eight words, `flags` the mode's: `HashMode` of blake3.ts. `scratch` takes HASH_SCRATCH_BYTES unless said otherwise. */
export interface ClearHashExports {
  /** out[i], 32 bytes, of the `bytes` bytes at input + i·stride. Inputs need no alignment. */
  b3_hash_n(
    out: number,
    input: number,
    bytes: number,
    stride: number,
    from: number,
    to: number,
    key: number,
    flags: number,
    scratch: number,
  ): void;
  /** 64·blocks bytes of output, from the 64-byte block `first` of the stream on. */
  b3_xof(
    out: number,
    first: number,
    blocks: number,
    input: number,
    bytes: number,
    key: number,
    flags: number,
    scratch: number,
  ): void;
  /** The first nonce from `first` on, of `count` (a multiple of 4), whose hash of nonce64 ‖ tail (≤ 56 bytes) has `bits` ≤ 32 leading zero bits; −1 for none. */
  b3_grind(
    first: bigint,
    count: bigint,
    bits: number,
    tail: number,
    tailBytes: number,
    key: number,
    flags: number,
    scratch: number,
  ): bigint;
  /** out[i], 32 bytes, of salt i (16 bytes; none if `salts` is 0) ‖ row i of `count` columns, 8 bytes an element; `columns` is a pointer (u32) each. */
  b3_leaves(
    out: number,
    columns: number,
    count: number,
    salts: number,
    from: number,
    to: number,
    key: number,
    flags: number,
    scratch: number,
  ): void;
  b3_leaves_scratch(bytes: number): number;
}

/**
 * Tables of 2^v elements; variable k is bit k of the index, round k binds it. Rounds leave ROUND_BYTES at `out`: the value at 0 and the coefficient of X² of
 * the round's polynomial over pairs from ≤ i < to, or with eq factored out of t(X).
 */
export interface ClearSumcheckExports {
  /** out[i] = (1 − r)·in[2i] + r·in[2i + 1]; in place where one call does everything. */
  gl2_fold_n(out: number, input: number, r0: bigint, r1: bigint, from: number, to: number): void;
  /** From base to extension elements. */
  gl2_fold_base_n(out: number, input: number, r0: bigint, r1: bigint, from: number, to: number): void;
  /** out[i] = in[2i] + in[2i + 1]; in place as above. */
  gl2_pair_sums_n(out: number, input: number, from: number, to: number): void;
  gl2_eq_step(table: number, half: number, r0: bigint, r1: bigint, from: number, to: number): void;
  /** table[i] = table[0]·eq(point, i), i < 2^n. */
  gl2_eq_table(table: number, point: number, n: number): void;
  /** out = Σ f[i]·g[i]. */
  gl2_dot(f: number, g: number, from: number, to: number, out: number): void;
  /** f of base elements. */
  gl2_dot_base(f: number, g: number, from: number, to: number, out: number): void;
  /** Of Σ f·g. */
  gl2_round_product(f: number, g: number, from: number, to: number, out: number): void;
  /** f of base elements. */
  gl2_round_product_base(f: number, g: number, from: number, to: number, out: number): void;
  /** Folds both by r, and the round of what comes out: pairs of the folded tables. In place where one call does everything. */
  gl2_fold_round_product(
    fOut: number,
    gOut: number,
    f: number,
    g: number,
    r0: bigint,
    r1: bigint,
    from: number,
    to: number,
    out: number,
  ): void;
  /** Of Σ eq·(a·b − c): weights[i] is eq of the variables still to come. */
  gl2_round_zero(a: number, b: number, c: number, weights: number, from: number, to: number, out: number): void;
  /** a, b, c of base elements. */
  gl2_round_zero_base(a: number, b: number, c: number, weights: number, from: number, to: number, out: number): void;
}

/** Children (p0, q0), (p1, q1) of node i are `step`·i bytes behind the four pointers. */
export interface ClearGkrExports {
  /** Nodes (p0·q1 + p1·q0, q0·q1) at 16·i. */
  gkr_up(
    pOut: number,
    qOut: number,
    p0: number,
    p1: number,
    q0: number,
    q1: number,
    step: number,
    from: number,
    to: number,
  ): void;
  /** Numerators of base elements, step/2 bytes apart. */
  gkr_up_base(
    pOut: number,
    qOut: number,
    p0: number,
    p1: number,
    q0: number,
    q1: number,
    step: number,
    from: number,
    to: number,
  ): void;
  /** p0[i] += λ·q0[i]: then p0·q1 + p1·q0 stands for the node's p + λ·q. */
  gkr_mix(p0: number, q0: number, step: number, l0: bigint, l1: bigint, from: number, to: number): void;
  /** Of Σ eq·(p0·q1 + p1·q0), pairs of nodes from ≤ i < to. */
  gkr_round(
    p0: number,
    p1: number,
    q0: number,
    q1: number,
    step: number,
    weights: number,
    from: number,
    to: number,
    out: number,
  ): void;
  /** One of the four tables by r, `step` kept; in place where one call does everything. */
  gkr_fold(out: number, input: number, step: number, r0: bigint, r1: bigint, from: number, to: number): void;
}

/** Sums of small integers times extension elements. `scratch` takes MAC_SCRATCH_BYTES. */
export interface ClearWeightExports {
  /** LIMBS_BYTES each, of n extension elements. */
  mac_limbs(out: number, elements: number, n: number): void;
  /** out[k] += Σ_{i < rows} weight(i, k)·e[i], from ≤ k < to, weight(i, k) an Int16 at w + i·rowStep + k·columnStep (bytes). */
  mac_i16(
    out: number,
    w: number,
    rowStep: number,
    columnStep: number,
    limbs: number,
    rows: number,
    from: number,
    to: number,
    scratch: number,
  ): void;
  /** The same of Int32. */
  mac_i32(
    out: number,
    w: number,
    rowStep: number,
    columnStep: number,
    limbs: number,
    rows: number,
    from: number,
    to: number,
    scratch: number,
  ): void;
}

/** Lists of indices are u32, 0 for the identity; patterns are those of a relation's `patterns` map. */
export interface ClearSparseExports {
  /** out[to[e]] += c·in[from[e]] of base elements, first ≤ e < last. */
  gl_select_add(out: number, to: number, input: number, from: number, c: bigint, first: number, last: number): void;
  /** The same of extension elements. */
  gl2_select_add(
    out: number,
    to: number,
    input: number,
    from: number,
    c0: bigint,
    c1: bigint,
    first: number,
    last: number,
  ): void;
  /** out[i] += (c0 + c1·u)·x^i for i < n, x a base element. */
  gl2_geometric_add(out: number, c0: bigint, c1: bigint, x: bigint, n: number): void;
  /** out[base_i + offset_e] += weights[e]·rows[i] for rows first ≤ i < last; weights of base elements. */
  gl2_patterns_row(
    out: number,
    rows: number,
    weights: number,
    pattern: number,
    base: number,
    start: number,
    offset: number,
    first: number,
    last: number,
  ): void;
  /** out[e] += rows[i]·columns[base_i + offset_e] for rows first ≤ i < last. */
  gl2_patterns_outer(
    out: number,
    rows: number,
    columns: number,
    pattern: number,
    base: number,
    start: number,
    offset: number,
    first: number,
    last: number,
  ): void;
}

/** Tensors [outer, axis, inner], row-major; kernels/assembly/clear/axes.ts. */
export interface ClearAxesExports {
  /** out[a, to[e], b] += values[e]·in[a, from[e], b]; out is [outer, outs, inner], in [outer, ins, inner]; lists of u32, 0 for the identity. */
  gl2_axis_add(
    out: number,
    input: number,
    values: number,
    to: number,
    from: number,
    entries: number,
    outer: number,
    outs: number,
    ins: number,
    inner: number,
  ): void;
  /** out[a, b] += Σ_i values[i]·in[a, i, b] of base elements in, [outer, size, inner]. */
  gl2_axis_sum_base(out: number, input: number, values: number, outer: number, size: number, inner: number): void;
  /** out[i·columns + j] += a[i]·b[j]. */
  gl2_outer_add(out: number, a: number, rows: number, b: number, columns: number): void;
}

export type ClearExports = ClearFieldExports &
  ClearSparseExports &
  ClearAxesExports &
  ClearNttExports &
  ClearHashExports &
  ClearSumcheckExports &
  ClearGkrExports &
  ClearWeightExports;
