/** Whether a folder's verification key is of what its manifest describes. */
import { ZkonnxError } from '../base/errors.js';
import { requireSameCircuit } from '../formats/circuit.js';
import { schemaOf, type Manifest } from '../formats/manifest.js';
import { canonicalJson } from '../verify/json.js';
import type { KeyBlock } from '../verify/key.js';

/** Throws KEY_MISMATCH where manifest and verification key say different things of circuit, model or schema. `where` names the key. */
export function requireManifestOf(facts: KeyBlock, manifest: Manifest, where: string): void {
  const { formatVersion, circuitHash, modelHash, schema } = facts;
  const mismatch = (what: string, expected: string, got: string) =>
    new ZkonnxError('KEY_MISMATCH', `the key was made for ${what} than the manifest describes`, {
      expected,
      got,
      where,
      help: 'one of the two was edited or comes from elsewhere: compile the model again, and run setup',
    });
  if (formatVersion < manifest.formatVersion)
    throw mismatch('an earlier format', `formatVersion ${manifest.formatVersion}`, `formatVersion ${formatVersion}`);
  // A key that this version made for an artifact of an earlier one names more than that one's manifest does.
  if (formatVersion === manifest.formatVersion) requireSameCircuit(manifest.circuit.hash, circuitHash, where);
  if (manifest.model.hash !== modelHash) throw mismatch('another model', manifest.model.hash, modelHash);
  const own = formatVersion === manifest.formatVersion ? manifest.schema : schemaOf(manifest);
  if (canonicalJson(own) === canonicalJson(schema)) return;
  throw mismatch(
    'another I/O schema (names, shapes, scales, labels, how pictures are read)',
    'the schema of the key, byte for byte',
    'another',
  );
}
