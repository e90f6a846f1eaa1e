/** The host of protocol `clear`, whoever computes. Uses no Node API. */
import { throwIfAborted } from '../base/errors.js';
import type { Between } from '../kernels/clear/team.js';
import type { PreparedKeyOf } from '../verify/key.js';
import type { ClearCrew } from './clear/crew.js';
import { ClearProver } from './clear/host.js';
import type { WithStoredCode } from './clear/stored-weights.js';
import type { DeclaredDomains } from './declared-domains.js';
import { pauseForOthers } from './engine/event-loop.js';
import type { Statement } from './engine/protocol.js';
import { ProverHandle, type OpenProverOptions, type Prover, type ProverHost, type RunOptions } from './prover.js';
import type { CircuitInputs, ProveResult } from './tasks.js';

/** The crew is the prover's from here on, and closed if it cannot be opened. Throws what `ClearProver.open` throws. */
export async function openClear(
  program: Uint8Array,
  key: PreparedKeyOf<'clear'>,
  where: string,
  crew: ClearCrew,
  { onProgress, ...run }: OpenProverOptions,
  declared: DeclaredDomains,
  storedCode?: WithStoredCode,
): Promise<Prover> {
  try {
    onProgress?.({ phase: 'load', fraction: 0 });
    const between = betweenTasks(run, 'loading the key');
    const prover = await ClearProver.open(program, key, where, crew, between, storedCode);
    onProgress?.({ phase: 'load', fraction: 1 });
    return new ProverHandle<'clear'>(key, undefined, new ClearHost(prover, crew), declared);
  } catch (error) {
    await crew.close();
    throw error;
  }
}

class ClearHost implements ProverHost<'clear'> {
  private readonly closing = new AbortController();
  readonly peakMemoryBytes?: () => number;

  constructor(
    private readonly prover: ClearProver,
    private readonly crew: ClearCrew,
  ) {
    if (crew.peakMemoryBytes !== undefined) this.peakMemoryBytes = crew.peakMemoryBytes;
  }

  prove(
    { inputs }: CircuitInputs,
    { context }: Statement,
    { signal: own, pause, onProgress }: RunOptions,
  ): Promise<ProveResult<'clear'>> {
    const signal = own === undefined ? this.closing.signal : AbortSignal.any([own, this.closing.signal]);
    return this.prover.prove(new Map(Object.entries(inputs)), context, {
      signal,
      between: betweenTasks({ signal, pause }, 'the proof'),
      onProgress: (phase, fraction) => {
        onProgress?.({ phase, fraction });
      },
    });
  }

  close(): Promise<void> {
    this.closing.abort();
    return this.crew.close();
  }
}

/** Lets the thread's other work through; ABORTED once the signal has fired. */
function betweenTasks({ signal, pause = pauseForOthers() }: RunOptions, what: string): Between {
  return () => {
    const waiting = pause();
    if (waiting === undefined) throwIfAborted(signal, what);
    return waiting?.then(() => {
      throwIfAborted(signal, what);
    });
  };
}
