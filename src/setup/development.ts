/**
 * What setups from a local trapdoor share. The trapdoor comes from the system's generator by rejection sampling; it and all that follows
 * from it exist only in the kernels' memory, which is wiped once no thread can write to it any more.
 */
import { kernelPool, WorkerTeam } from '../pool/kernel-team.js';
import { ZkonnxError } from '../base/errors.js';
import { FIELD_WORDS } from '../formats/coefficients.js';
import type { OutputSet } from '../formats/output-set.js';
import { createKernelMemory, instantiateKernels, type KernelHeap } from '../kernels/module.js';
import type { GroupName } from '../kernels/msm.js';
import type { Team } from '../kernels/team.js';
import type { EvaluationScalars, ScalarList, SetupKind } from './memory.js';
import { drawTrapdoor } from './trapdoor.js';

/** Progress of a setup: a phase, and how far it is. */
export interface SetupProgress {
  readonly phase: 'evaluate' | 'points';
  /** Of the whole setup, 0 … 1. */
  readonly fraction: number;
}

export interface DevelopmentOptions {
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Worker threads; default min(cores, 8). */
  readonly threads?: number | undefined;
  /** Refuse a setup that takes more, by the estimate of memory.ts. */
  readonly maxMemoryBytes?: number | undefined;
  /** The key appears with these; by itself, as soon as it is whole, where this is left out. */
  readonly within?: OutputSet | undefined;
}

const PAGE_BYTES = 65_536;

/**
 * Runs `use` with a team over a memory of `bytes`. Closes the pool before it wipes the memory: a worker that still ran would write secrets
 * into what is wiped. Throws MEMORY_EXCEEDED where the system gives no such memory, USAGE for a bad number of threads, and what `use` does.
 */
export async function inWipedMemory<T>(
  bytes: number,
  threads: number | undefined,
  signal: AbortSignal | undefined,
  use: (team: Team) => Promise<T>,
): Promise<T> {
  const pool = kernelPool(threads);
  try {
    const memory = kernelMemory(bytes);
    try {
      return await use(new WorkerTeam(await instantiateKernels({ memory }), pool, signal));
    } finally {
      await pool.close();
      new Uint8Array(memory.buffer).fill(0);
    }
  } finally {
    await pool.close();
  }
}

/** Throws MEMORY_EXCEEDED where the system does not give as much. */
function kernelMemory(bytes: number): WebAssembly.Memory {
  try {
    return createKernelMemory(Math.ceil(bytes / PAGE_BYTES));
  } catch (cause) {
    throw new ZkonnxError('MEMORY_EXCEEDED', 'the system gives too little memory for this setup', {
      expected: `${Math.ceil(bytes / 2 ** 20)} MiB`,
      help: 'use fewer threads, or compile a smaller circuit',
      cause,
    });
  }
}

/** Draws the trapdoor, which begins with τ, and writes the scalar 1 behind it. */
export function drawScalars(heap: KernelHeap, { tau }: EvaluationScalars, { trapdoor }: SetupKind): void {
  const words = heap.words(tau, (trapdoor + 1) * FIELD_WORDS);
  drawTrapdoor(words.subarray(0, trapdoor * FIELD_WORDS));
  words.set([1, 0, 0, 0, 0, 0, 0, 0], trapdoor * FIELD_WORDS);
}

/** Cost of a G2 point in G1 points. */
const G2_COST = 3;
/** Share of the time that the evaluation takes. */
const EVALUATION_SHARE = 0.1;

/** Points of a key by number and group. */
interface Points {
  readonly group: GroupName;
  readonly scalars: Pick<ScalarList, 'count'>;
}

const costOf = ({ group, scalars }: Points): number => (group === 'g1' ? 1 : G2_COST) * scalars.count;

/** Reports growing fractions, from 0 when it is made. */
export class Progress {
  private done = 0;
  private readonly total: number;

  /** `lists`: all points that are to be made; an upper bound where some will be left out. */
  constructor(
    private readonly report: DevelopmentOptions['onProgress'],
    lists: readonly Points[],
  ) {
    this.total = lists.reduce((sum, list) => sum + costOf(list), 0);
    report?.({ phase: 'evaluate', fraction: 0 });
  }

  evaluated(): void {
    this.report?.({ phase: 'points', fraction: EVALUATION_SHARE });
  }

  made(points: Points): void {
    this.done += costOf(points);
    const fraction = EVALUATION_SHARE + (1 - EVALUATION_SHARE) * (this.done / this.total);
    this.report?.({ phase: 'points', fraction });
  }
}
