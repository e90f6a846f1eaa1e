/** `key check`: is this key the model with this hash? Compiled again by the choices that a manifest shows, compared with all that the key says. */
import { ZkonnxError } from '../base/errors.js';
import { recompile } from '../compile/recompile.js';
import type { StageOptions } from '../compile/stages.js';
import { readManifest } from '../formats/manifest.js';
import type { SetupKind } from '../verify/key.js';
import type { Protocol } from '../verify/statement.js';
import { checkKey, readKey } from './verify-artifact.js';

export interface KeyReport {
  /** Whether nothing that was compared differs. */
  readonly equal: boolean;
  readonly protocol: Protocol;
  readonly setup: SetupKind;
  readonly keyDigest: string;
  /** Of the model that was given. */
  readonly modelHash: string;
  /**
   * `all`: whoever has the model makes this very key, so nothing of it is to be trusted; `facts`: model, circuit and schema are the model's, and the points
   * are whoever's made them.
   */
  readonly covers: 'all' | 'facts';
  /** What differs, or the digest. */
  readonly note: string;
}

const COVERS: { readonly [K in SetupKind]: KeyReport['covers'] } = {
  none: 'all',
  development: 'facts',
  unknown: 'facts',
};

/**
 * `artifactDir` is the folder whose manifest shows how the model was quantised; nothing else of it is read, and nothing of it believed. Throws KEY_INVALID, and
 * as `recompile` and `readManifest`.
 */
export async function checkKeyOfModel(
  keyFile: string,
  modelPath: string,
  artifactDir: string,
  stages: StageOptions = {},
): Promise<KeyReport> {
  const key = await readKey(keyFile);
  if (key instanceof ZkonnxError) throw key;
  const manifest = await readManifest(artifactDir);
  const { protocol, facts } = key;
  if (manifest.protocol !== protocol) {
    throw new ZkonnxError('KEY_MISMATCH', 'the key is of another protocol than the artifact whose choices are taken', {
      expected: protocol,
      got: manifest.protocol,
      where: artifactDir,
      help: 'name the artifact that the key was made for with --artifact',
    });
  }
  const again = await recompile(modelPath, manifest, stages);
  const { verdict, note } = await checkKey(key, again);
  return {
    equal: verdict === 'equal',
    protocol,
    setup: facts.setup,
    keyDigest: facts.keyDigest,
    modelHash: again.modelHash,
    covers: COVERS[facts.setup],
    note,
  };
}
