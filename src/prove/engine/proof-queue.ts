/** Proofs with one key over one memory: made one after the other, each by all workers. */
import { isAborted, throwIfAborted, unlessAborted, ZkonnxError } from '../../base/errors.js';

const callersErrors = new WeakSet<object>();

/** Marks what a caller's own callback threw: it says nothing of the memory, and does not spoil it. */
export function markCallersError(error: unknown): unknown {
  if (typeof error === 'object' && error !== null) callersErrors.add(error);
  return error;
}

export function isCallersError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && callersErrors.has(error);
}

export class ProofQueue {
  /** Settles when the proof under way has; never rejects. */
  private last: Promise<unknown> = Promise.resolve();
  private spoiled = false;

  /** A worker died or a task failed: others may still have been writing to the memory. Load the key again. */
  get isSpoiled(): boolean {
    return this.spoiled;
  }

  /**
   * Runs `prove` after the proofs before it. Rejects with ABORTED as soon as `signal` fires (the next proof waits for tasks still under
   * way), WORKER_DIED behind a proof that broke off, and what `prove` rejects with. Errors spoil the memory, but for ABORTED and those of
   * `markCallersError`.
   */
  async run<T>(signal: AbortSignal | undefined, prove: () => Promise<T>): Promise<T> {
    const proof = this.last.then(async () => {
      throwIfAborted(signal, 'the proof');
      if (this.spoiled)
        throw new ZkonnxError('WORKER_DIED', 'the proof before this one broke off', { help: 'prove again' });
      try {
        return await prove();
      } catch (error) {
        if (!isAborted(error) && !isCallersError(error)) this.spoiled = true;
        throw error;
      }
    });
    this.last = proof.catch(() => undefined);
    return unlessAborted(proof, signal, 'the proof');
  }
}
