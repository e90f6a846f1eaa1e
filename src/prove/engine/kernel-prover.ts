/** The kernels and the key a worker proved with last. A key that failed to load leaves nothing behind. */
import { ZkonnxError } from '../../errors.js';
import type { SnarkjsProof } from '../../formats/snarkjs-json.js';
import type { R1cs } from '../../../circuits/r1cs.js';
import { instantiateKernels, type Kernels } from '../../kernels/module.js';
import type { Witness } from '../witness.js';
import { loadEngineKey, type EngineKey } from './key.js';
import { proveWithKernels, type Blinding } from './prover.js';

export class KernelProver {
  private loaded: { readonly id: string; readonly kernels: Kernels; readonly key: EngineKey } | undefined;

  /**
   * Loads the key at `zkeyPath` unless `id` (path, size and time of change) says that it is the one loaded. Throws what
   * `loadEngineKey` throws, and MEMORY_EXCEEDED.
   */
  async load(zkeyPath: string, id: string): Promise<void> {
    if (this.loaded?.id === id) return;
    // A fresh memory for every key: WebAssembly memories never shrink.
    this.loaded = undefined;
    try {
      const kernels = await instantiateKernels();
      this.loaded = { id, kernels, key: await loadEngineKey(kernels, zkeyPath) };
    } catch (error) {
      throw outOfMemory(error);
    }
  }

  /** Proves with the key loaded last; `load` must have succeeded. */
  prove(r1cs: R1cs, witness: Witness, blinding: Blinding, onProgress: (fraction: number) => void): SnarkjsProof {
    const { kernels, key } = this.loaded!;
    try {
      return proveWithKernels(kernels, key, r1cs, witness, blinding, onProgress);
    } catch (error) {
      this.loaded = undefined;
      throw outOfMemory(error);
    }
  }
}

/** A memory that cannot grow is the one thing a RangeError of the kernels' heap means. */
function outOfMemory(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  return new ZkonnxError('MEMORY_EXCEEDED', 'the prover’s memory does not suffice for this key', {
    expected: 'at most 4 GiB of WebAssembly memory',
    got: error.message,
    help: 'prove with `--prover snarkjs`, use fewer threads, or compile a smaller circuit',
    cause: error,
  });
}
