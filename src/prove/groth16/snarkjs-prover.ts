/**
 * A Groth16 proof by snarkjs, the second opinion: single-threaded, with its own cryptographic randomness. Only for worker threads of our pools: importing snarkjs elsewhere starts its workers.
 */
import { groth16, type File, type Logger } from 'snarkjs';
import { ZkonnxError } from '../../base/errors.js';
import type { SnarkjsProof } from '../../formats/snarkjs-json.js';
import type { Groth16Proof } from './prover.js';

/**
 * snarkjs's steps in order and the share of the time that has passed when each begins; measured on bit-heavy witnesses of 2^16 rows.
 * Only progress bars depend on it.
 */
const MILESTONES: readonly (readonly [prefix: string, fraction: number])[] = [
  ['Building ABC', 0.01],
  ['QAP C', 0.2],
  ['IFFT_A', 0.25],
  ['Join ABC', 0.45],
  ['Reading A Points', 0.5],
  ['Reading B1 Points', 0.53],
  ['Reading B2 Points', 0.56],
  ['Reading C Points', 0.65],
  ['Reading H Points', 0.7],
];

/**
 * Proves that the witness satisfies the key's circuit. `zkey` is a path or a whole file, `wtns` a whole .wtns file (formats/wtns.ts).
 * An unsatisfying witness gives a proof that no verifier accepts; nothing here notices.
 * Throws KEY_INVALID where snarkjs refuses the key or the pair.
 */
export async function proveGroth16(
  zkey: string | Uint8Array,
  wtns: Uint8Array,
  onProgress: (fraction: number) => void = () => undefined,
): Promise<Groth16Proof> {
  const file = (data: Uint8Array): File => ({ type: 'mem', data });
  let result;
  try {
    const key = typeof zkey === 'string' ? zkey : file(zkey);
    result = await groth16.prove(key, file(wtns), progressLogger(onProgress), { singleThread: true });
  } catch (cause) {
    throw new ZkonnxError('KEY_INVALID', 'snarkjs cannot prove with this key', {
      got: cause instanceof Error ? cause.message : String(cause),
      ...(typeof zkey === 'string' ? { where: zkey } : {}),
      help: 'run setup again for this artifact',
      cause,
    });
  }
  onProgress(1);
  return { proof: result.proof as SnarkjsProof, publicSignals: result.publicSignals };
}

function progressLogger(onProgress: (fraction: number) => void): Logger {
  let next = 0;
  const debug = (message: string) => {
    const reached = MILESTONES.findIndex(([prefix], i) => i >= next && message.startsWith(prefix));
    if (reached < 0) return;
    next = reached + 1;
    onProgress(MILESTONES[reached]![1]);
  };
  const silent = () => undefined;
  return { debug, info: silent, warn: silent, error: silent };
}
