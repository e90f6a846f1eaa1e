/** Artifacts and places for the prover that needs no Node. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import type { CompileOptions } from '../../src/compile/options.js';
import { artifactPaths, provingKeyPath } from '../../src/formats/manifest.js';
import type { AnyProofFile } from '../../src/verify/proof.js';
import { setup } from '../../src/setup/setup.js';
import { snarkjs } from './snarkjs-interop.js';

export interface ProverFiles {
  readonly circuit: Uint8Array;
  readonly provingKey: Uint8Array;
  readonly verificationKey: string;
}

/** Compiles a model to `artifact` and makes development keys. */
export async function makeArtifact(artifact: string, model: string, options: CompileOptions): Promise<ProverFiles> {
  await writeArtifact(artifact, await compile(model, { protocol: 'groth16', ...options }), model);
  await setup(artifact, { dev: true });
  const paths = artifactPaths(artifact);
  const bytes = async (file: string) => new Uint8Array(await readFile(file));
  return {
    circuit: await bytes(paths.circuit),
    provingKey: await bytes(provingKeyPath(artifact, 'groth16')),
    verificationKey: await readFile(paths.verificationKey, 'utf8'),
  };
}

/** snarkjs's own verdict, from files in a fresh folder `dir`. */
export async function snarkjsAccepts(dir: string, key: string, proof: AnyProofFile): Promise<boolean> {
  await mkdir(dir);
  await writeFile(path.join(dir, 'key.json'), key);
  await writeFile(path.join(dir, 'proof.json'), JSON.stringify(proof));
  await writeFile(path.join(dir, 'public.json'), JSON.stringify(proof.publicSignals));
  return snarkjs(dir, 'groth16', 'verify', 'key.json', 'public.json', 'proof.json').includes('OK!');
}
