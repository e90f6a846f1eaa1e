/** `prove --backend ezkl`: ezkl's own prover in a worker, on what ezkl's own tools compiled. */
import { internal } from '../base/errors.js';
import type { EzklProved } from './jobs.js';
import { readEzklFile, withPool } from './pool.js';
import type { EzklFile, EzklPool, EzklRunOptions } from './pool.js';

export type { EzklProved, ProveTimings } from './jobs.js';

export interface EzklProveFiles {
  /** What `ezkl compile-circuit` wrote. */
  readonly compiledCircuit: EzklFile;
  /** pk.key. */
  readonly pk: EzklFile;
  /** kzg.srs. */
  readonly srs: EzklFile;
  /** Either ezkl's input.json, or a witness.json that ezkl made of one. */
  readonly from: { readonly input: EzklFile } | { readonly witness: EzklFile };
  /**
   * settings.json. With it the proof is verified before it is returned. ezkl itself checks nothing: from a false witness, a foreign
   * SRS or a damaged key it makes a proof that nobody accepts.
   */
  readonly settings?: EzklFile;
}

/**
 * Proves one inference with ezkl's prover.
 * @param pool one to share between calls; made for the call otherwise.
 * @throws ZkonnxError FILE_UNREADABLE, FILE_TOO_LARGE, INPUT_FORMAT, INPUT_SHAPE, INPUT_TYPE, INPUT_NOT_FINITE, INPUT_OUT_OF_DOMAIN,
 * ARTIFACT_INVALID, KEY_INVALID, FORMAT_VERSION, DEPENDENCY_MISSING, ABORTED, WORKER_DIED.
 */
export async function proveEzkl(
  files: EzklProveFiles,
  pool?: EzklPool,
  options: EzklRunOptions = {},
): Promise<EzklProved> {
  const [compiledCircuit, pk, srs] = await Promise.all(
    [files.compiledCircuit, files.pk, files.srs].map((file) => readEzklFile(file)),
  );
  const from =
    'witness' in files.from
      ? { witness: await readEzklFile(files.from.witness) }
      : { input: await readEzklFile(files.from.input) };
  const settings = files.settings === undefined ? {} : { settings: await readEzklFile(files.settings) };
  const task = { kind: 'prove', compiledCircuit: compiledCircuit!, pk: pk!, srs: srs!, from, ...settings } as const;
  const answer = await withPool(pool, (workers) => workers.run(task, options));
  if (answer.kind !== 'proved') throw internal('an ezkl worker answered another question', { kind: answer.kind });
  return answer.proved;
}
