/** `verify --backend ezkl`: an ezkl proof, checked by ezkl's own verifier in a worker. */
import { ZkonnxError, internal } from '../base/errors.js';
import type { EzklVerdict } from './jobs.js';
import { MAX_PROOF_FILE_BYTES } from './proof-file.js';
import { readEzklFile, withPool } from './pool.js';
import type { EzklFile, EzklPool, EzklRunOptions } from './pool.js';

export type { EzklAccepted, EzklVerdict } from './jobs.js';
export type { EzklRefusalReason, EzklRefused } from './proof-file.js';

export interface EzklVerifyFiles {
  /** proof.json of ezkl or of `proveEzkl`. */
  readonly proof: EzklFile;
  /** vk.key. */
  readonly vk: EzklFile;
  /** settings.json. */
  readonly settings: EzklFile;
  /** kzg.srs. */
  readonly srs: EzklFile;
}

/**
 * Verifies an ezkl proof. Key, settings and SRS are the verifier's own and are trusted to belong to the model; whatever is wrong in the
 * proof is a refusal with a reason. What the proof file shows beside the proven values (hex_proof, pretty_public_inputs) must agree with them.
 * @param pool one to share between calls; made for the call otherwise.
 * @throws ZkonnxError FILE_UNREADABLE, FILE_TOO_LARGE, KEY_INVALID, FORMAT_VERSION, DEPENDENCY_MISSING, ABORTED, WORKER_DIED.
 */
export async function verifyEzkl(
  files: EzklVerifyFiles,
  pool?: EzklPool,
  options: EzklRunOptions = {},
): Promise<EzklVerdict> {
  const [vk, settings, srs] = await Promise.all(
    [files.vk, files.settings, files.srs].map((file) => readEzklFile(file)),
  );
  const proof = await readProof(files.proof);
  if (proof === undefined) {
    const message = `the proof file is larger than ${MAX_PROOF_FILE_BYTES} bytes`;
    return { valid: false, reason: 'PROOF_TOO_LARGE', message };
  }
  const task = { kind: 'verify', proof, vk: vk!, settings: settings!, srs: srs! } as const;
  const answer = await withPool(pool, (workers) => workers.run(task, options));
  if (answer.kind !== 'verified') throw internal('an ezkl worker answered another question', { kind: answer.kind });
  return answer.verdict;
}

/** Undefined if too large. */
async function readProof(file: EzklFile): Promise<Uint8Array | undefined> {
  try {
    return await readEzklFile(file, MAX_PROOF_FILE_BYTES);
  } catch (error) {
    if (error instanceof ZkonnxError && error.code === 'FILE_TOO_LARGE') return undefined;
    throw error;
  }
}
