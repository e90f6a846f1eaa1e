// Everything that the standalone verifier's module exports.
export { gl_from_f64_n } from './goldilocks';
export { b3_hash_n } from './blake3';
export * from './verifier';
