/** Proofs with one key over one memory: made one after the other, each by all workers. */
import { isAborted, throwIfAborted, unlessAborted, ZkonnxError } from '../../base/errors.js';

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
   * way), WORKER_DIED behind a proof that broke off, and what `prove` rejects with. Errors other than the harmless spoil the memory.
   */
  async run<T>(
    signal: AbortSignal | undefined,
    prove: () => Promise<T>,
    isHarmless: (error: unknown) => boolean = isAborted,
  ): Promise<T> {
    const proof = this.last.then(async () => {
      throwIfAborted(signal, 'the proof');
      if (this.spoiled)
        throw new ZkonnxError('WORKER_DIED', 'the proof before this one broke off', { help: 'prove again' });
      try {
        return await prove();
      } catch (error) {
        if (!isHarmless(error)) this.spoiled = true;
        throw error;
      }
    });
    this.last = proof.catch(() => undefined);
    return unlessAborted(proof, signal, 'the proof');
  }
}
