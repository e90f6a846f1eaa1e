/** setup: keys for an artifact. The proving key and the verification key with the schema and its digest, or nothing. */
import path from 'node:path';
import { checkRounds } from '../constraint/check-rounds.js';
import { throwIfAborted, ZkonnxError } from '../base/errors.js';
import { keyFiles, keysExist } from '../formats/artifact-keys.js';
import { ArtifactLock } from '../formats/artifact-lock.js';
import { writeChunksAtomically, writeFileAtomically } from '../formats/atomic-write.js';
import { requireSameCircuit } from '../formats/circuit.js';
import { circuitDigest, circuitHashIn } from '../formats/circuit-digest.js';
import { namesOf, readCircuitFile } from '../formats/circuit-file.js';
import { requireSchema } from '../formats/circuit-schema.js';
import {
  artifactPaths,
  ownProvingKey,
  provingKeyPath,
  readManifest,
  schemaOf,
  STORED_WEIGHTS,
  type Manifest,
} from '../formats/manifest.js';
import { OutputSet } from '../formats/output-set.js';
import { readRegular } from '../formats/regular-file.js';
import { commitProgram } from '../prove/clear/commit.js';
import { MAX_PROGRAM_BYTES, openProgram } from '../prove/clear/program.js';
import { requireOneRound, requireTwoRounds } from '../constraint/kind.js';
import type { Circuit, TwoRoundCircuit } from '../constraint/program.js';
import { peakMemoryBytes } from '../base/peak-memory.js';
import { Stopwatch } from '../base/stopwatch.js';
import {
  makeVerificationKey,
  type ClearVerificationKey,
  type KeyFacts,
  type MirageVerificationKey,
  type VerificationKey,
} from '../verify/key.js';
import { schemaDigest } from '../verify/schema.js';
import type { SetupKind } from '../verify/key.js';
import type { Protocol } from '../verify/statement.js';
import { writeStoredKey } from '../prove/groth16/stored-key-file.js';
import type { DevelopmentOptions, SetupProgress } from './development.js';
import { setupDev } from './groth16-dev.js';
import { setupMirageDev } from './mirage-dev.js';

/** How to make keys. */
export interface SetupOptions {
  /**
   * Keys from a local random trapdoor: whoever ran this could forge proofs. Of groth16 and mirage there is no other setup yet, so it must be asked for:
   * USAGE without it. Keys of clear have no trapdoor, and take no notice of it.
   */
  readonly dev?: boolean;
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
  /** Absent for a protocol without one. */
  readonly provingKey?: string;
  readonly verificationKey: string;
  readonly keyDigest: string;
  /** What the keys are worth, as the verification key says. */
  readonly setup: SetupKind;
  /** Paths of the key files of before, which were replaced or removed. */
  readonly removed: readonly string[];
  readonly timingsMs: Readonly<Record<string, number>> & { readonly total: number };
  readonly peakMemoryBytes: number;
}

/**
 * Writes proving_key.zkey and its form for our prover, or proving_key.mirage, or neither, and verification_key.json into the artifact folder. They appear
 * together once all are whole; keys that are there stay until then.
 * Throws KEYS_EXIST before anything is done, ARTIFACT_LOCKED where another process writes there, FILE_UNREADABLE, ARTIFACT_INVALID, FORMAT_VERSION, KEY_MISMATCH for a circuit that is not the
 * manifest's, OUTPUT_UNWRITABLE, ABORTED, MEMORY_EXCEEDED, WORKER_DIED, USAGE: then the folder is as it was.
 */
export async function setup(artifactDir: string, options: SetupOptions = {}): Promise<SetupResult> {
  const clock = new Stopwatch();
  const paths = artifactPaths(artifactDir);
  // A folder that is no artifact is not one to leave a lock in.
  requireConsent((await readManifest(artifactDir)).protocol, options);
  await using lock = await ArtifactLock.take(artifactDir, 'setup', { signal: options.signal });
  const manifest = await readManifest(artifactDir);
  const existing = await keyFiles(artifactDir);
  if (existing.length > 0 && options.force !== true) throw keysWouldGo(artifactDir, existing);
  await using outputs = new OutputSet();
  const { signal } = options;
  const { dev: _dev, force: _force, ...given } = options;
  const { kind, make } = SETUPS[requireConsent(manifest.protocol, options)];
  const key = await make({ dir: artifactDir, manifest }, kind, { ...given, within: outputs }, clock);
  await writeFileAtomically(paths.verificationKey, `${JSON.stringify(key, null, 2)}\n`, { signal, within: outputs });
  for (const file of existing) if (!outputs.has(file)) outputs.remove(file);
  await lock.requireHeld();
  await outputs.commit();
  const own = ownProvingKey(artifactDir, manifest.protocol);
  return {
    ...(own === undefined ? {} : { provingKey: own }),
    verificationKey: paths.verificationKey,
    keyDigest: key.zkonnx.keyDigest,
    setup: kind,
    removed: existing,
    timingsMs: clock.timings(),
    peakMemoryBytes: peakMemoryBytes(),
  };
}

/** USAGE where keys that whoever makes them could forge proofs with are not asked for. */
function requireConsent(protocol: Protocol, { dev }: SetupOptions): Protocol {
  if (SETUPS[protocol].kind !== 'development' || dev === true) return protocol;
  throw new ZkonnxError('USAGE', 'only development keys can be made so far: they must be asked for with --dev', {
    expected: '--dev',
    got: `an artifact of protocol ${protocol}`,
    help: 'keys from a ceremony are not there yet; whoever makes development keys can forge proofs, so they are for tests and demonstrations only. Artifacts of protocol clear need none: compile with --protocol clear',
  });
}

interface SetupArtifact {
  readonly dir: string;
  readonly manifest: Manifest;
}

interface KeyFileOptions extends DevelopmentOptions {
  /** With these the new files appear. */
  readonly within: OutputSet;
}

/** How keys of a protocol come to be. */
interface SetupProtocol {
  readonly kind: SetupKind;
  /** Writes the proving key, where there is one, and gives the verification key. Throws KEY_MISMATCH for a circuit or program that is not the manifest's. */
  readonly make: (
    artifact: SetupArtifact,
    kind: SetupKind,
    options: KeyFileOptions,
    clock: Stopwatch,
  ) => Promise<VerificationKey | MirageVerificationKey | ClearVerificationKey>;
}

const SETUPS: { readonly [P in Protocol]: SetupProtocol } = {
  groth16: {
    kind: 'development',
    async make(artifact, kind, options, clock) {
      const { circuit, facts } = await loadCircuit(artifact, kind, clock);
      const { r1cs } = requireOneRound(circuit);
      const keyPath = provingKeyPath(artifact.dir, 'groth16');
      const points = await setupDev(r1cs, { ...options, zkeyPath: keyPath, circuitHash: circuit.hash });
      clock.lap('keys');
      // For our prover alone; the .zkey remains the key.
      const { signal, within } = options;
      await writeStoredKey(keyPath, { signal, within, from: within.pathOf(keyPath) });
      clock.lap('store');
      return makeVerificationKey(points, facts);
    },
  },
  mirage: {
    kind: 'development',
    async make(artifact, kind, options, clock) {
      const { circuit, facts } = await loadCircuit(artifact, kind, clock);
      const { r1cs, rounds, hash, where } = requireTwoRounds(circuit);
      requireSoundRounds({ ...circuit, rounds }, where);
      const keyPath = provingKeyPath(artifact.dir, 'mirage');
      const points = await setupMirageDev({ r1cs, rounds, circuitHash: hash }, { ...options, keyPath });
      clock.lap('keys');
      return makeVerificationKey(points, facts);
    },
  },
  clear: {
    kind: 'none',
    async make({ dir, manifest }, kind, { signal, within }, clock) {
      const file = artifactPaths(dir).program;
      const program = openProgram(await readRegular(file, MAX_PROGRAM_BYTES), manifest.schema, file);
      requireSameCircuit(manifest.circuit.hash, program.hash, file);
      clock.lap('load');
      throwIfAborted(signal, 'the setup');
      const { key, storedCode } = await commitProgram(program, manifest.schema);
      clock.lap('keys');
      if (storedCode !== undefined) {
        // For our prover alone, and only to open sooner.
        await writeChunksAtomically(path.join(dir, STORED_WEIGHTS), storedCode, { signal, within });
        clock.lap('store');
      }
      return makeVerificationKey(key, factsFor(manifest, kind, program.hash));
    },
  },
};

/** A circuit that a setup makes keys for. */
interface SetupCircuit extends Circuit {
  readonly hash: string;
  /** The file's name, for messages. */
  readonly where: string;
}

async function loadCircuit(
  { dir, manifest }: SetupArtifact,
  kind: SetupKind,
  clock: Stopwatch,
): Promise<{ readonly circuit: SetupCircuit; readonly facts: KeyFacts }> {
  const where = artifactPaths(dir).circuit;
  const loaded = await readCircuitFile(where);
  const schema = schemaOf(manifest);
  const names = namesOf(loaded);
  const digest = schemaDigest(schema);
  requireSchema(loaded, schema, where);
  requireSameCircuit(manifest.circuit.hash, circuitHashIn(manifest.formatVersion, names, digest), where);
  clock.lap('load');
  const hash = circuitDigest(names, digest);
  return { circuit: { ...loaded, hash, where }, facts: factsFor(manifest, kind, hash) };
}

function factsFor(manifest: Manifest, kind: SetupKind, circuitHash: string): KeyFacts {
  const { hash: modelHash, name, version, card } = manifest.model;
  return {
    setup: kind,
    modelHash,
    circuitHash,
    schema: schemaOf(manifest),
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(card === undefined ? {} : { card }),
  };
}

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
