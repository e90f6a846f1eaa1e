/** Where a measured command leaves its peak: see peak-memory-hook.ts. */

/** Environment variable: where the hook writes the bytes. */
export const PEAK_FILE = 'ZKONNX_BENCH_PEAK_FILE';
