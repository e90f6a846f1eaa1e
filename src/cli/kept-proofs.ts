/** `prove --resume`: which proofs of a batch are there already and need not be made again. */
import { readingArtifact } from '../formats/artifact-read.js';
import { artifactPaths } from '../formats/manifest.js';
import type { Sample } from '../inputs/tensor.js';
import { isProofOf, showsSamples } from '../prove/kept-proof.js';
import { kindOf } from './output-file.js';
import { isRefused, openingPath, readKeyFile, readProofFile, readText } from './proof-files.js';
import type { ProofPlan } from './proof-plan.js';
import type { Session } from './session.js';

/**
 * Paths by sample id of the proofs that verify under the artifact's key, with its sample as input, committed ones by the opening beside it.
 * Other proofs at their places count as not there. Throws what reading key and samples throws.
 */
export async function keptProofs(
  session: Session,
  artifact: string,
  samples: AsyncIterable<Sample>,
  plan: ProofPlan,
  context: Uint8Array | undefined,
): Promise<Map<string, string>> {
  const key = await readingArtifact(artifact, () => readKeyFile(artifactPaths(artifact).verificationKey));
  const kept = new Map<string, string>();
  if (!showsSamples(key)) {
    session.log(
      '--resume: private inputs do not show in a proof, so that none can be told to be of its sample: all are proven',
    );
    return kept;
  }
  for await (const sample of samples) {
    const file = plan.files.get(sample.id);
    if (file === undefined || (await kindOf(file)) !== 'file') continue;
    const proof = await readProofFile(file);
    if (isRefused(proof)) continue;
    const secret = openingPath(file);
    const opening = (await kindOf(secret)) === 'file' ? await readText(secret) : undefined;
    if (isProofOf(key, sample, { proof, opening }, context)) kept.set(sample.id, file);
  }
  return kept;
}
