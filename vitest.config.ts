import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const tier = (name: string, timeoutMs: number, extra: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], testTimeout: timeoutMs, hookTimeout: timeoutMs, ...extra },
});

/** Tiers by time; package.json names one script for each. `unit` needs no build, the others run the built workers. */
export default defineConfig({
  test: {
    projects: [
      // Vitest leaves one processor for itself: of two, half.
      tier('unit', 120_000, { maxWorkers: availableParallelism() }),
      tier('pipeline', 600_000, { fileParallelism: false }),
      tier('evm', 600_000, { fileParallelism: false }),
      tier('package', 600_000, { fileParallelism: false }),
      tier('faults', 600_000, { fileParallelism: false }),
      tier('slow', 3_600_000, { fileParallelism: false }),
    ],
  },
});
