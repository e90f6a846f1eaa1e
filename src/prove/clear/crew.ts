/** Who computes for a prover of protocol `clear`, and in which memory. Uses no Node API. */
import { ZkonnxError } from '../../base/errors.js';
import type { ClearKernels } from '../../kernels/clear/module.js';
import { SoloClearTeam, type ClearTeam } from '../../kernels/clear/team.js';

export interface ClearCrew {
  /** A memory for one program. */
  readonly memory: () => WebAssembly.Memory;
  /** For proofs that commit to so many field elements, code and all. */
  readonly team: (kernels: ClearKernels, elements: number) => ClearTeam;
  /** Throws MEMORY_EXCEEDED where the process may not grow by so many bytes; absent where nothing limits it. */
  readonly requireMemory?: ((bytes: number) => void) | undefined;
  readonly peakMemoryBytes?: (() => number) | undefined;
  /** Ends what it has started. */
  readonly close: () => Promise<void>;
}

/**
 * Never shared: one thread needs no sharing, and some browsers reserve a shared memory's maximum at once. 65,536 pages are the 4 GiB that pointers reach.
 */
export function ownMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 16, maximum: 65536 });
}

/** This thread, over a memory that only it sees. MEMORY_EXCEEDED beyond `maxMemoryBytes` of it. */
export function soloCrew(maxMemoryBytes?: number): ClearCrew {
  return {
    memory: ownMemory,
    team: (kernels) => new SoloClearTeam(kernels),
    close: () => Promise.resolve(),
    ...(maxMemoryBytes === undefined
      ? {}
      : {
          requireMemory: (bytes) => {
            requireOwnMemory(bytes, maxMemoryBytes);
          },
        }),
  };
}

function requireOwnMemory(bytes: number, maxMemoryBytes: number): void {
  if (bytes <= maxMemoryBytes) return;
  throw new ZkonnxError('MEMORY_EXCEEDED', 'the proof would take more memory than it may', {
    expected: `at most ${maxMemoryBytes} bytes`,
    got: `about ${bytes} bytes`,
    help: 'raise maxMemoryBytes, or compile a smaller model',
  });
}
