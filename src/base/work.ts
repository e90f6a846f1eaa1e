/**
 * A long computation as a generator: it yields how far it has come, 0 to 1 and never less than before, and returns its result. Who drives it
 * decides what happens between two steps: nothing (`finish`), or progress, a pause for the event loop, the end of it all.
 */
export type Work<T> = Generator<number, T, undefined>;

/** Does all of it at once. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** `work` as the part `from` … `to` of a longer one. */
export function* part<T>(work: Work<T>, from: number, to: number): Work<T> {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    yield from + (to - from) * step.value;
  }
}
