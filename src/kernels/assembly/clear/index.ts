// Everything the module of protocol `clear` exports. No data segments and no mutable globals: several instances share one memory.
export {
  gl_canonical, gl_add, gl_sub, gl_mul, gl_mul_add, gl_inv, gl_raw_add, gl_raw_sub, gl_raw_mul, gl_raw_reduce128, gl_mul_add_n, gl_scale_n,
  gl_from_i16_n, gl_from_i32_n, gl_from_i64_n, gl_from_f64_n, gl_count_noncanonical, gl_batch_inv,
} from './goldilocks';
export {
  gl2_add, gl2_sub, gl2_mul, gl2_mul_add, gl2_mul_base, gl2_inv, gl2_raw_add, gl2_raw_sub, gl2_raw_mul, gl2_raw_close, gl2_mul_add_n, gl2_add_scaled_n, gl2_add_scaled_base_n, gl2_affine_n,
  gl2_from_base_n, gl2_split_n, gl2_join_n, gl2_sum_n, gl2_batch_inv,
} from './extension';
export { gl_ntt_twiddles, gl_ntt_fill, gl_ntt_pass, gl_ntt_blocks, gl_ntt_turn } from './ntt';
export { b3_hash_n, b3_xof, b3_grind, b3_leaves, b3_leaves_scratch } from './blake3';
export * from './sumcheck';
export * from './gkr';
export * from './weights';
export * from './sparse';
export * from './axes';
