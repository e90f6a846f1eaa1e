/** setup: keys for an artifact. The proving key and the verification key with the schema and its digest, or nothing. */
import { checkRounds } from '../constraint/check-rounds.js';
import { ZkonnxError } from '../base/errors.js';
import { keyFiles, keysExist } from '../formats/artifact-keys.js';
import { ArtifactLock } from '../formats/artifact-lock.js';
import { writeFileAtomically } from '../formats/atomic-write.js';
import { requireSameCircuit } from '../formats/circuit.js';
import { circuitDigest, circuitHashIn } from '../formats/circuit-digest.js';
import { namesOf, readCircuitFile } from '../formats/circuit-file.js';
import { requireSchema } from '../formats/circuit-schema.js';
import { artifactPaths, provingKeyPath, readManifest, schemaOf } from '../formats/manifest.js';
import { OutputSet } from '../formats/output-set.js';
import { requireOneRound, requireTwoRounds } from '../constraint/kind.js';
import type { Circuit, TwoRoundCircuit } from '../constraint/program.js';
import { peakMemoryBytes } from '../base/peak-memory.js';
import { Stopwatch } from '../base/stopwatch.js';
import { makeVerificationKey, type KeyFacts, type MirageVerificationKey, type VerificationKey } from '../verify/key.js';
import { schemaDigest } from '../verify/schema.js';
import type { Protocol } from '../verify/statement.js';
import { writeStoredKey } from '../prove/groth16/stored-key-file.js';
import type { DevelopmentOptions, SetupProgress } from './development.js';
import { setupDev } from './groth16-dev.js';
import { setupMirageDev } from './mirage-dev.js';

/** How to make keys. Without `dev` there are none to make yet: USAGE. */
export interface SetupOptions {
  /** Keys from a local random trapdoor: whoever ran this could forge proofs. There is no other setup yet, so it must be asked for. */
  readonly dev: true;
  readonly threads?: number | undefined;
  /**
   * Replace the keys that are in the folder, of either protocol: proofs made with them do not verify under the new ones. Without it they are a
   * KEYS_EXIST error.
   */
  readonly force?: boolean | undefined;
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
  /** Paths of the key files of before, which were replaced or removed. */
  readonly removed: readonly string[];
  readonly timingsMs: Readonly<Record<string, number>> & { readonly total: number };
  readonly peakMemoryBytes: number;
}

/**
 * Writes proving_key.zkey and its form for our prover, or proving_key.mirage, and verification_key.json into the artifact folder. They appear
 * together once all are whole; keys that are there stay until then.
 * Throws KEYS_EXIST before anything is done, ARTIFACT_LOCKED where another process writes there, FILE_UNREADABLE, ARTIFACT_INVALID, FORMAT_VERSION, KEY_MISMATCH for a circuit that is not the
 * manifest's, OUTPUT_UNWRITABLE, ABORTED, MEMORY_EXCEEDED, WORKER_DIED, USAGE: then the folder is as it was.
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
  // A folder that is no artifact is not one to leave a lock in.
  await readManifest(artifactDir);
  await using lock = await ArtifactLock.take(artifactDir, 'setup', { signal: options.signal });
  const manifest = await readManifest(artifactDir);
  const existing = await keyFiles(artifactDir);
  if (existing.length > 0 && options.force !== true) throw keysWouldGo(artifactDir, existing);
  const loaded = await readCircuitFile(paths.circuit);
  const schema = schemaOf(manifest);
  const names = namesOf(loaded);
  const digest = schemaDigest(schema);
  requireSchema(loaded, schema, paths.circuit);
  requireSameCircuit(manifest.circuit.hash, circuitHashIn(manifest.formatVersion, names, digest), paths.circuit);
  clock.lap('load');
  await using outputs = new OutputSet();
  const { signal } = options;
  const { hash: modelHash, name, version, card } = manifest.model;
  const circuitHash = circuitDigest(names, digest);
  const facts: KeyFacts = {
    setup: 'development',
    modelHash,
    circuitHash,
    schema,
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(card === undefined ? {} : { card }),
  };
  const { dev: _dev, force: _force, ...given } = options;
  const { protocol } = manifest;
  const provingKey = provingKeyPath(artifactDir, protocol);
  const circuit = { ...loaded, hash: circuitHash, where: paths.circuit };
  const key = await SETUPS[protocol](circuit, facts, { ...given, keyPath: provingKey, within: outputs }, clock);
  await writeFileAtomically(paths.verificationKey, `${JSON.stringify(key, null, 2)}\n`, { signal, within: outputs });
  for (const file of existing) if (!outputs.has(file)) outputs.remove(file);
  await lock.requireHeld();
  await outputs.commit();
  return {
    provingKey,
    verificationKey: paths.verificationKey,
    keyDigest: key.zkonnx.keyDigest,
    removed: existing,
    timingsMs: clock.timings(),
    peakMemoryBytes: peakMemoryBytes(),
  };
}

/** A circuit that a setup makes keys for. */
interface SetupCircuit extends Circuit {
  readonly hash: string;
  /** The file's name, for messages. */
  readonly where: string;
}

interface KeyFileOptions extends DevelopmentOptions {
  readonly keyPath: string;
  /** With these the new files appear. */
  readonly within: OutputSet;
}

/** Writes the proving key, and gives the verification key. */
type Setup = (
  circuit: SetupCircuit,
  facts: KeyFacts,
  options: KeyFileOptions,
  clock: Stopwatch,
) => Promise<VerificationKey | MirageVerificationKey>;

const SETUPS: { readonly [P in Protocol]: Setup } = {
  async groth16(circuit, facts, { keyPath, ...options }, clock) {
    const { r1cs } = requireOneRound(circuit);
    const points = await setupDev(r1cs, { ...options, zkeyPath: keyPath, circuitHash: circuit.hash });
    clock.lap('keys');
    // For our prover alone; the .zkey remains the key.
    const { signal, within } = options;
    await writeStoredKey(keyPath, { signal, within, from: within.pathOf(keyPath) });
    clock.lap('store');
    return makeVerificationKey(points, facts);
  },
  async mirage(circuit, facts, options, clock) {
    const { r1cs, rounds, hash, where } = requireTwoRounds(circuit);
    requireSoundRounds({ ...circuit, rounds }, where);
    const points = await setupMirageDev({ r1cs, rounds, circuitHash: hash }, options);
    clock.lap('keys');
    return makeVerificationKey(points, facts);
  },
};

function keysWouldGo(dir: string, files: readonly string[]): ZkonnxError {
  return keysExist(
    dir,
    files,
    'the folder has keys already, which new ones would replace',
    'keep them: they go on to serve; or move them away, or add --force (force: true): proofs made with them do not verify under new keys',
  );
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
