/** What every part of `kernels` gets. */
import type { WorkerTeam } from '../src/pool/kernel-team.js';
import type { FfCurve } from './ffjavascript.js';
import type { Context } from './harness.js';

export interface KernelBench extends Context {
  readonly team: WorkerTeam;
  readonly curve: FfCurve;
}
