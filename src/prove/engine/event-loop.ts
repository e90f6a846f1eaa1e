/** Long computations on a thread that has other work too: a page, or a worker that takes messages. Uses no Node API. */

/** Awaited between two steps of a computation; undefined goes on at once. */
export type Pause = () => Promise<void> | undefined;

/** Half the time of a frame at 60 Hz. */
const SLICE_MS = 8;

/** A pause that lets the thread's other work through once every SLICE_MS. */
export function pauseForOthers(): Pause {
  let last = performance.now();
  return () => {
    if (performance.now() - last < SLICE_MS) return undefined;
    return nextTask().then(() => {
      last = performance.now();
    });
  };
}

/** @types/node knows its events only. */
interface Port {
  onmessage: (() => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** A message to oneself: timers wait 4 ms at least when nested, and a second or more in hidden tabs. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel() as unknown as { readonly port1: Port; readonly port2: Port };
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
