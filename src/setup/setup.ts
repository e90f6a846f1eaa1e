/** setup: keys for an artifact. The proving key and the verification key with the schema and its digest, or nothing. */
import { rm } from 'node:fs/promises';
import { checkRounds } from '../../circuits/check-rounds.js';
import { ZkonnxError } from '../errors.js';
import { writeFileAtomically } from '../formats/atomic-write.js';
import { requireSameCircuit } from '../formats/circuit.js';
import { circuitHash, readCircuitFile } from '../formats/circuit-file.js';
import { artifactPaths, readManifest } from '../formats/manifest.js';
import type { TwoRoundCircuit } from '../prove/program.js';
import { peakMemoryBytes } from '../peak-memory.js';
import { Stopwatch } from '../stopwatch.js';
import { makeVerificationKey, type MirageVerificationKey, type VerificationKey } from '../verify/key.js';
import { writeStoredKey } from '../prove/stored-key-file.js';
import type { SetupProgress } from './development.js';
import { setupDev } from './groth16-dev.js';
import { setupMirageDev } from './mirage-dev.js';

/** How to make keys. Without `dev` there are none to make yet: USAGE. */
export interface SetupOptions {
  /** Keys from a local random trapdoor: whoever ran this could forge proofs. There is no other setup yet, so it must be asked for. */
  readonly dev: true;
  readonly threads?: number | undefined;
  /** Refuse, before anything is done, a setup that takes more than so much memory: see `setupMemoryBytes`. */
  readonly maxMemoryBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: SetupProgress) => void) | undefined;
}

/** The files written, and what it took. */
export interface SetupResult {
  readonly provingKey: string;
  readonly verificationKey: string;
  readonly keyDigest: string;
  readonly timingsMs: Readonly<Record<string, number>> & { readonly total: number };
  readonly peakMemoryBytes: number;
}

/**
 * Writes proving_key.zkey and its form for our prover, or proving_key.mirage, and verification_key.json into the artifact folder, the last
 * last.
 */
export async function setup(artifactDir: string, options: SetupOptions): Promise<SetupResult> {
  if (!(options as { dev?: boolean }).dev) {
    throw new ZkonnxError('USAGE', 'only development keys can be made so far', {
      expected: '--dev',
      help: 'with --dev, whoever runs the setup could forge proofs: good for tests and demos, not for money',
    });
  }
  const clock = new Stopwatch();
  const paths = artifactPaths(artifactDir);
  const manifest = await readManifest(artifactDir);
  const loaded = await readCircuitFile(paths.circuit);
  const { r1cs, rounds } = loaded;
  requireSameCircuit(manifest.circuit.hash, circuitHash(r1cs, rounds), paths.circuit);
  clock.lap('load');
  await rm(paths.verificationKey, { force: true });
  const facts = {
    setup: 'development',
    modelHash: manifest.model.hash,
    circuitHash: manifest.circuit.hash,
    schema: manifest.schema,
  } as const;
  const { dev: _dev, ...shared } = options;
  let provingKey: string;
  let key: VerificationKey | MirageVerificationKey;
  if (rounds === undefined) {
    provingKey = paths.provingKey;
    const points = await setupDev(r1cs, { ...shared, zkeyPath: provingKey });
    clock.lap('keys');
    // For our prover alone; the .zkey remains the key.
    await writeStoredKey(provingKey, { signal: options.signal });
    clock.lap('store');
    key = makeVerificationKey(points, facts);
  } else {
    requireSoundRounds({ ...loaded, rounds }, paths.circuit);
    provingKey = paths.mirageProvingKey;
    const circuit = { r1cs, rounds, circuitHash: manifest.circuit.hash };
    const points = await setupMirageDev(circuit, { ...shared, keyPath: provingKey });
    clock.lap('keys');
    key = makeVerificationKey(points, facts);
  }
  await writeFileAtomically(paths.verificationKey, `${JSON.stringify(key, null, 2)}\n`, { signal: options.signal });
  return {
    provingKey,
    verificationKey: paths.verificationKey,
    keyDigest: key.zkonnx.keyDigest,
    timingsMs: clock.timings(),
    peakMemoryBytes: peakMemoryBytes(),
  };
}

/** The file may come from a stranger: a key for a circuit whose queries a prover could choose late would prove nothing. Throws ARTIFACT_INVALID. */
function requireSoundRounds(circuit: TwoRoundCircuit, where: string): void {
  try {
    checkRounds(circuit);
  } catch (cause) {
    throw new ZkonnxError('ARTIFACT_INVALID', 'the circuit breaks the rule of two rounds', {
      got: cause instanceof ZkonnxError ? cause.shortMessage : String(cause),
      where,
      help: 'compile the model again',
      cause,
    });
  }
}
