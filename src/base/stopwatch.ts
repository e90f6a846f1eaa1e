/** Wall-clock milliseconds by phase. */
export class Stopwatch {
  private readonly started = performance.now();
  private last = this.started;
  private readonly laps: Record<string, number> = {};

  /** Ends the phase that ran since the previous lap. */
  lap(phase: string): void {
    const now = performance.now();
    this.laps[phase] = (this.laps[phase] ?? 0) + now - this.last;
    this.last = now;
  }

  /** All laps and their `total`, in milliseconds. */
  timings(): Record<string, number> & { total: number } {
    return { ...this.laps, total: performance.now() - this.started };
  }
}
