/** `openProver` where there are files and worker threads. */
import { invariant, unlessAborted, ZkonnxError } from '../base/errors.js';
import { readingArtifact } from '../formats/artifact-read.js';
import { artifactPaths, ownProvingKey, PROGRAM_FILES, PROVING_KEYS, readManifest } from '../formats/manifest.js';
import { readRegular } from '../formats/regular-file.js';
import type { Kernels } from '../kernels/module.js';
import { MAX_KEY_CHARS, type PreparedKey, type PreparedKeyOf } from '../verify/key.js';
import { equationOf } from '../verify/protocols.js';
import type { CurveProtocol } from '../verify/key-points.js';
import type { Protocol } from '../verify/statement.js';
import { KernelVerifier, prepareKeyOn, verifierKernels } from './engine/kernel-verifier.js';
import { ProverPool, type ProverFiles } from './pool.js';
import { ENGINES } from './protocols.js';
import { ProverHandle, requireProver, type ArtifactBytes, type OpenProverOptions, type Prover } from './prover.js';
import { declaredDomains, declaredDomainsIn, type DeclaredDomains } from './declared-domains.js';
import { requireBytes, requireCircuitOf } from './artifact-match.js';
import { requireManifestOf } from './manifest-match.js';

/** An artifact on its way: the protocol is known first, so that workers load while this thread reads the key. */
interface Opened<P extends Protocol> {
  readonly protocol: P;
  /** Paths, or the files' bytes. */
  readonly circuit: string | Uint8Array;
  /** Undefined for a protocol that has none. */
  readonly provingKey: string | Uint8Array | undefined;
  readonly key: () => Promise<OpenedKey<P>>;
}

/** The verification key, kernels for what checks proofs with it, and the domains that samples are held to. */
interface OpenedKey<P extends Protocol> {
  readonly key: PreparedKeyOf<P>;
  readonly kernels: Kernels;
  readonly declared: DeclaredDomains;
}

type Open<P extends Protocol> = (artifact: Opened<P>, options: OpenProverOptions) => Promise<Prover>;

/** How an artifact of each protocol is opened where there are files and worker threads. */
const HOSTS: { readonly [P in Protocol]: Open<P> } = {
  groth16: openPool,
  mirage: openPool,
  // Lowers programs again: modules that no other protocol has to load.
  async clear({ circuit, key }, options) {
    const [opened, { openClearFiles }] = await Promise.all([key(), import('./clear-files.js')]);
    return openClearFiles(circuit, opened.key, options, opened.declared);
  },
};

/**
 * Opens an artifact, the folder that compile and setup wrote or the bytes of its files, for any number of proofs. Resolves when circuit and key
 * are loaded and known to belong together. Throws FILE_UNREADABLE, ARTIFACT_INVALID, FORMAT_VERSION, KEY_INVALID (also for a key whose proofs
 * would not hide the inputs), KEY_MISMATCH for files of different circuits or setups, USAGE for a bad number of threads or a prover that does
 * not know the protocol, MEMORY_EXCEEDED, WORKER_DIED, ABORTED; ARTIFACT_LOCKED for a folder whose files are replaced all the time.
 */
export function openProver(artifact: string | ArtifactBytes, options: OpenProverOptions = {}): Promise<Prover> {
  if (typeof artifact !== 'string') return open(() => ofBytes(artifact), options);
  return readingArtifact(artifact, () => open(() => ofFolder(artifact), options), {
    signal: options.signal,
    discard: (prover) => prover.close(),
  });
}

async function open<P extends Protocol>(from: () => Promise<Opened<P>>, options: OpenProverOptions): Promise<Prover> {
  const artifact = await from();
  requireProver(artifact.protocol, options.prover ?? 'kernels');
  return HOSTS[artifact.protocol](artifact, options);
}

async function openPool<P extends CurveProtocol>(
  { key, provingKey, ...rest }: Opened<P>,
  { threads, maxMemoryBytes, prover = 'kernels', signal, onProgress }: OpenProverOptions,
): Promise<Prover> {
  invariant(provingKey !== undefined, 'a protocol over the curve has proving keys');
  const files = { ...rest, provingKey };
  const pool = new ProverPool<P>(files, { threads, maxMemoryBytes, prover });
  try {
    onProgress?.({ phase: 'load', fraction: 0 });
    pool.preload();
    const opened = await openWith(pool, files, await key(), signal);
    onProgress?.({ phase: 'load', fraction: 1 });
    return opened;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

async function openWith<P extends CurveProtocol>(
  pool: ProverPool<P>,
  { circuit: circuitFile, provingKey }: ProverFiles<P>,
  { key, kernels, declared }: OpenedKey<P>,
  signal: AbortSignal | undefined,
): Promise<Prover> {
  const points = KernelVerifier.of(equationOf<P>(key), kernels);
  // Awaited below; until then a failure must not count as unhandled.
  points.catch(() => undefined);
  const { circuit, keyInfo } = await pool.load(signal);
  const where = typeof provingKey === 'string' ? provingKey : 'provingKey';
  requireCircuitOf(key.facts, circuit, typeof circuitFile === 'string' ? circuitFile : 'circuit');
  ENGINES[key.protocol].requireSameSetup(keyInfo, where, key.body, key.facts);
  const verifier = await unlessAborted(points, signal, 'loading the key');
  return new ProverHandle<P>(key, (numbers) => verifier.check(numbers), pool, declared);
}

async function ofFolder(dir: string): Promise<Opened<Protocol>> {
  const manifest = await readManifest(dir);
  const { protocol } = manifest;
  const paths = artifactPaths(dir);
  return {
    protocol,
    circuit: paths[PROGRAM_FILES[protocol]],
    provingKey: ownProvingKey(dir, protocol),
    async key() {
      const [text, kernels] = await Promise.all([readKeyFile(paths.verificationKey, dir), verifierKernels()]);
      const key = prepareKeyOn(kernels, text);
      requireManifestOf(key.facts, manifest, paths.verificationKey);
      const own = requireSameProtocol(key, protocol, paths.verificationKey);
      return { key: own, kernels, declared: declaredDomains(manifest) };
    },
  };
}

async function ofBytes(artifact: ArtifactBytes): Promise<Opened<Protocol>> {
  const circuit = requireBytes(artifact, 'circuit');
  const kernels = await verifierKernels();
  const key = prepareKeyOn(kernels, artifact.verificationKey);
  const { file } = PROVING_KEYS[key.protocol];
  const provingKey = file === undefined ? undefined : requireBytes(artifact, 'provingKey');
  const { manifest } = artifact;
  const declared = manifest === undefined ? new Map() : declaredDomainsIn(manifest, key.facts);
  return { protocol: key.protocol, circuit, provingKey, key: () => Promise.resolve({ key, kernels, declared }) };
}

function requireSameProtocol(key: PreparedKey, protocol: Protocol, where: string): PreparedKey {
  if (key.protocol === protocol) return key;
  throw new ZkonnxError('KEY_MISMATCH', 'the verification key is of another protocol than the artifact', {
    expected: protocol,
    got: key.protocol,
    where,
    help: 'run setup for this artifact',
  });
}

async function readKeyFile(file: string, dir: string): Promise<string> {
  try {
    return (await readRegular(file, MAX_KEY_CHARS)).toString('utf8');
  } catch (cause) {
    if (cause instanceof ZkonnxError && cause.code === 'FILE_TOO_LARGE') throw cause;
    throw new ZkonnxError('FILE_UNREADABLE', 'the artifact has no keys', {
      where: file,
      help: `run \`zkonnx setup ${dir} --dev\` first`,
      cause,
    });
  }
}
