/** The host of protocol `clear`: one thread, the caller's. Uses no Node API. */
import type { PreparedKeyOf } from '../verify/key.js';
import { ClearProver, stepper } from './clear/host.js';
import type { DeclaredDomains } from './declared-domains.js';
import { pauseForOthers } from './engine/event-loop.js';
import type { Statement } from './engine/protocol.js';
import { ProverHandle, type OpenProverOptions, type Prover, type ProverHost, type RunOptions } from './prover.js';
import type { CircuitInputs, ProveResult } from './tasks.js';

/** Throws what `ClearProver.open` throws. */
export async function openClear(
  program: Uint8Array,
  key: PreparedKeyOf<'clear'>,
  where: string,
  { signal, pause = pauseForOthers(), onProgress }: OpenProverOptions,
  declared: DeclaredDomains,
): Promise<Prover> {
  onProgress?.({ phase: 'load', fraction: 0 });
  const prover = await ClearProver.open(program, key, where, stepper(signal, 'loading the key', pause));
  onProgress?.({ phase: 'load', fraction: 1 });
  return new ProverHandle<'clear'>(key, undefined, new ClearHost(prover), declared);
}

class ClearHost implements ProverHost<'clear'> {
  private readonly closing = new AbortController();

  constructor(private readonly prover: ClearProver) {}

  prove(
    { inputs }: CircuitInputs,
    { context }: Statement,
    { signal, pause = pauseForOthers(), onProgress }: RunOptions,
  ): Promise<ProveResult<'clear'>> {
    const either = signal === undefined ? this.closing.signal : AbortSignal.any([signal, this.closing.signal]);
    const step = stepper(either, 'the proof', pause);
    return this.prover.prove(new Map(Object.entries(inputs)), context, step, (phase) => {
      onProgress?.({ phase, fraction: 0 });
    });
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }
}
