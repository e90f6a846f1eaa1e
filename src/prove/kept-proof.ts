/** Whether a proof that is there already is one of this key and this sample: then it need not be made again. */
import { ZkonnxError } from '../base/errors.js';
import type { PreparedKey } from '../verify/key.js';
import { committedTensors } from '../verify/opening.js';
import { VERIFIERS } from '../verify/protocols.js';
import { verify } from '../verify/verify.js';
import type { NamedSample } from './prove.js';

export interface ProofText {
  readonly proof: string;
  /** What lies beside the proof to open its commitments; undefined where nothing does. */
  readonly opening: string | undefined;
}

/** False where an input is private: nothing of it shows in a proof, nor beside it. */
export function showsSamples({ facts }: PreparedKey): boolean {
  return facts.schema.inputs.every(({ visibility }) => visibility !== 'private');
}

/** Whether the proof verifies, is of this sample's inputs, committed ones by the opening, and was made for `context`. */
export function isProofOf(
  key: PreparedKey,
  { tensors }: NamedSample,
  { proof, opening }: ProofText,
  context: Uint8Array = new Uint8Array(),
): boolean {
  const { schema } = key.facts;
  const isCommitted = committedTensors(schema).length > 0;
  if (!showsSamples(key) || (isCommitted && opening === undefined)) return false;
  try {
    const { valid } = verify(proof, key, {
      expectInputs: Object.fromEntries(schema.inputs.map(({ name }) => [name, Array.from(tensors.get(name) ?? [])])),
      ...(VERIFIERS[key.protocol].hasContext ? { expectContext: context } : {}),
      ...(isCommitted ? { opening } : {}),
    });
    return valid;
  } catch (error) {
    // An opening that is none, or a sample of other inputs: proving says what is wrong.
    if (error instanceof ZkonnxError && ['INPUT_FORMAT', 'USAGE'].includes(error.code)) return false;
    throw error;
  }
}
