/** Whether an artifact's files belong together and are what they are given for. Uses no Node API. */
import { invariant, ZkonnxError } from '../base/errors.js';
import { requireSameCircuit } from '../formats/circuit.js';
import { circuitHashIn } from '../formats/circuit-digest.js';
import { requireSchema } from '../formats/circuit-schema.js';
import { isFormatVersion, type KeyBlock } from '../verify/key.js';
import type { LoadedCircuit } from './engine/loaded-circuit.js';

/** Throws KEY_MISMATCH, ARTIFACT_INVALID where the circuit is not the one the verification key is of, bindings and schema included. `where` names the circuit. */
export function requireCircuitOf(
  { formatVersion, circuitHash, schema, schemaDigest: digest }: KeyBlock,
  loaded: LoadedCircuit,
  where: string,
): void {
  invariant(isFormatVersion(formatVersion), 'a key that was read is of a known version', { formatVersion });
  requireSameCircuit(circuitHash, circuitHashIn(formatVersion, loaded.names, digest), where);
  // Of formatVersion 1, whose hash leaves the bindings out.
  requireSchema(loaded.circuit, schema, where);
}

/** The bytes of a file of an artifact. Throws USAGE for what is none. */
export function requireBytes<Name extends string>(files: { readonly [N in Name]?: unknown }, name: Name): Uint8Array {
  const bytes: unknown = files[name];
  if (bytes instanceof Uint8Array) return bytes;
  throw new ZkonnxError('USAGE', `${name} must be the bytes of a file`, {
    expected: 'a Uint8Array',
    got: bytes === null ? 'null' : typeof bytes,
    help: 'new Uint8Array(await (await fetch(url)).arrayBuffer())',
  });
}
