/** The context of a proof of mirage: what its transcript holds beside the statement. Uses no Node API. */
import { ZkonnxError } from '../base/errors.js';
import { MAX_CONTEXT_BYTES } from '../verify/proof.js';
import type { Protocol } from '../verify/statement.js';

/** Throws USAGE for a context of a Groth16 proof, or one too long. */
export function requireContext(protocol: Protocol, context: Uint8Array | undefined): void {
  if (context === undefined) return;
  if (protocol === 'groth16') {
    throw new ZkonnxError('USAGE', 'a Groth16 proof has no context', {
      expected: 'an artifact of protocol mirage',
      help: 'compile with --protocol mirage',
    });
  }
  if (context.length <= MAX_CONTEXT_BYTES) return;
  throw new ZkonnxError('USAGE', 'the context is too long', {
    expected: `at most ${MAX_CONTEXT_BYTES} bytes`,
    got: String(context.length),
  });
}

/** "0x" and two hexadecimal digits a byte. */
export function contextText(context: Uint8Array = new Uint8Array()): string {
  return `0x${Array.from(context, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
