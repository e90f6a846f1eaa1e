/** The prover's channel, whose grinding the kernels do on all threads. Uses no Node API. */
import { invariant } from '../../base/errors.js';
import { deriveKeyMode, type HashMode } from '../../kernels/clear/blake3.js';
import { HASH_SCRATCH_BYTES, unsigned } from '../../kernels/clear/exports.js';
import { GRIND_CONTEXT, ProverChannel, type StatementBytes } from '../../verify/clear/channel.js';
import type { TableMemory } from './memory.js';

/** Nonces that a task tries; a nonce takes some 36 ns. */
const NONCES = 2 ** 15;
const NONCE_COST = 36;
const NONE = 2n ** 64n - 1n;

/** Made before the first proof. */
export function grindingMode(memory: TableMemory): HashMode {
  return deriveKeyMode(memory.kernels, GRIND_CONTEXT);
}

export class GrindingChannel extends ProverChannel {
  private ground: bigint | undefined;

  constructor(
    statement: StatementBytes,
    private readonly memory: TableMemory,
    private readonly mode: HashMode,
  ) {
    super(statement);
  }

  /** `indices`, with the least nonce that grinds found beforehand. */
  async found(label: string, count: number, log: number, grindingBits: number): Promise<number[]> {
    this.ground = await this.search(grindingBits);
    return this.indices(label, count, log, grindingBits);
  }

  /** The one that was found, which serves once. */
  protected override leastNonce(): bigint {
    const { ground } = this;
    invariant(ground !== undefined, 'a nonce is found before indices are drawn');
    this.ground = undefined;
    return ground;
  }

  private async search(bits: number): Promise<bigint> {
    const { memory } = this;
    const { heap } = memory.kernels;
    const { key, flags } = this.mode;
    const mark = heap.mark();
    const tail = this.grindingTail();
    const at = heap.copyIn(tail);
    const scratches = Array.from({ length: memory.threads }, () => heap.allocate(HASH_SCRATCH_BYTES));
    for (let first = 0; ; first += NONCES * scratches.length) {
      const found = await memory.run(
        scratches.map((scratch, k) => [
          ['b3_grind', BigInt(first + NONCES * k), BigInt(NONCES), bits, at, tail.length, key, flags, scratch],
        ]),
        NONCES * NONCE_COST * scratches.length,
      );
      const nonce = found.map((result) => unsigned(result as bigint)).find((result) => result !== NONE);
      if (nonce === undefined) continue;
      heap.release(mark);
      return nonce;
    }
  }
}
