/** The context of a proof: what its transcript holds beside the statement, where the protocol has one. Uses no Node API. */
import { ZkonnxError } from '../base/errors.js';
import { MAX_CONTEXT_BYTES } from '../verify/proof.js';
import { VERIFIERS, protocolsWithContext } from '../verify/protocols.js';
import type { Protocol } from '../verify/statement.js';

/** Throws USAGE for a context of a protocol that has none, or one too long. */
export function requireContext(protocol: Protocol, context: Uint8Array | undefined): void {
  if (context === undefined) return;
  if (!VERIFIERS[protocol].hasContext) {
    const [other] = protocolsWithContext();
    throw new ZkonnxError('USAGE', `a proof of protocol ${protocol} has no context`, {
      expected: `an artifact of protocol ${other}`,
      help: `compile with --protocol ${other}`,
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
