/** The steps of one proof between its encoded inputs and its points, the same for every host of a protocol over the curve. Uses no Node API. */
import { Stopwatch } from '../base/stopwatch.js';
import type { CurveProtocol } from '../verify/key-points.js';
import type { LoadedCircuit } from './engine/loaded-circuit.js';
import type { Statement } from './engine/protocol.js';
import type { ProvingKey, TeamOptions } from './engine/proving-key.js';
import { ENGINES, type Parts } from './protocols.js';
import type { ProvePhase, ProveProgress, ProveResult, SolvedWitness } from './tasks.js';

/** What a host brings to one proof. */
export interface ProofSteps<P extends CurveProtocol> {
  readonly protocol: P;
  /** Circuit and key, which fit each other. */
  readonly load: () => Promise<{ readonly circuit: LoadedCircuit; readonly key: ProvingKey<Parts[P]> }>;
  readonly solve: (circuit: LoadedCircuit) => Promise<SolvedWitness<P>>;
}

export interface StepOptions extends TeamOptions {
  readonly onProgress?: ((progress: ProveProgress) => void) | undefined;
}

export async function solveAndProve<P extends CurveProtocol>(
  { protocol, load, solve }: ProofSteps<P>,
  statement: Statement,
  { onProgress, ...team }: StepOptions,
): Promise<ProveResult<P>> {
  const stopwatch = new Stopwatch();
  const report = (phase: ProvePhase, fraction = 0): void => {
    onProgress?.({ phase, fraction });
  };
  report('load');
  const { circuit, key } = await load();
  stopwatch.lap('load');
  report('witness');
  const { witness, publicSignals, outputs, clamped } = await solve(circuit);
  stopwatch.lap('witness');
  report('queue');
  const job = ENGINES[protocol].job(circuit.circuit, witness, publicSignals, statement);
  const { proof, timingsMs } = await key.prove(job, { ...team, onProgress: report });
  report('sums', 1);
  // Phases before the key's queue are the stopwatch's, the others the key's.
  const { total, ...before } = stopwatch.timings();
  return { proof, publicSignals, outputs, clamped, timingsMs: { ...before, ...timingsMs, total } };
}
