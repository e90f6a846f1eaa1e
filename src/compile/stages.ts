/** Drives the stages of compile one after the other: progress, time by stage, and a pause in which a signal can fire. */
import { setImmediate } from 'node:timers/promises';
import { throwIfAborted } from '../base/errors.js';
import { Stopwatch } from '../base/stopwatch.js';
import type { Work } from '../base/work.js';

/**
 * In this order. `calibrate` asks onnxruntime too, before anything is chosen. The last three come again where a program that was measured is not
 * the one that is kept.
 */
export type CompilePhase = 'import' | 'calibrate' | 'quantise' | 'assemble' | 'accuracy';

/** How far compiling has come. */
export interface CompileProgress {
  readonly phase: CompilePhase;
  /** Of this phase, 0 … 1; begins at 0, ends at 1 and never falls. */
  readonly fraction: number;
}

/** How compiling can be watched and stopped. */
export interface StageOptions {
  /** Stops the compilation with ABORTED, within a step of the stage at hand. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CompileProgress) => void) | undefined;
}

/** As `Work`, of a stage that waits for others too. */
export type AsyncWork<T> = AsyncGenerator<number, T, undefined>;

/** The event loop has its turn this often: half a frame at 60 Hz. */
const SLICE_MS = 8;

export class Stages {
  private readonly clock = new Stopwatch();
  private lastPause = performance.now();

  constructor(private readonly options: StageOptions) {}

  /** Throws ABORTED once the signal has fired, after the stage has closed what it holds. */
  async run<T>(phase: CompilePhase, work: Work<T> | AsyncWork<T>): Promise<T> {
    const { signal, onProgress } = this.options;
    let reported = 0;
    onProgress?.({ phase, fraction: 0 });
    try {
      for (;;) {
        throwIfAborted(signal, 'the compilation');
        const step = await work.next();
        if (step.done === true) {
          throwIfAborted(signal, 'the compilation');
          if (reported < 1) onProgress?.({ phase, fraction: 1 });
          return step.value;
        }
        if (step.value > reported) onProgress?.({ phase, fraction: (reported = Math.min(1, step.value)) });
        await this.pause();
      }
    } finally {
      await work.return(undefined as never);
      this.clock.lap(phase);
    }
  }

  /** Milliseconds by stage, and their `total`. */
  timings(): Readonly<Record<string, number>> {
    return this.clock.timings();
  }

  private async pause(): Promise<void> {
    if (performance.now() - this.lastPause < SLICE_MS) return;
    await setImmediate();
    this.lastPause = performance.now();
  }
}
