/** `openProver` where there are files and worker threads. */
import { unlessAborted, ZkonnxError } from '../base/errors.js';
import { readingArtifact } from '../formats/artifact-read.js';
import { artifactPaths, provingKeyPath, readManifest } from '../formats/manifest.js';
import { readRegular } from '../formats/regular-file.js';
import type { Kernels } from '../kernels/module.js';
import { MAX_KEY_CHARS, type PreparedKey, type PreparedKeyOf } from '../verify/key.js';
import { equationOf } from '../verify/protocols.js';
import type { Protocol } from '../verify/statement.js';
import { KernelVerifier, prepareKeyOn, verifierKernels } from './engine/kernel-verifier.js';
import { ProverPool, type ProverFiles } from './pool.js';
import { PROVERS } from './protocols.js';
import { ProverHandle, requireProver, type ArtifactBytes, type OpenProverOptions, type Prover } from './prover.js';
import { declaredDomains, declaredDomainsIn, type DeclaredDomains } from './declared-domains.js';
import { requireBytes, requireCircuitOf } from './artifact-match.js';
import { requireManifestOf } from './manifest-match.js';

/** An artifact on its way: the protocol is known first, so that workers load while this thread reads the key. */
interface Opened {
  readonly files: ProverFiles<Protocol>;
  readonly key: () => Promise<OpenedKey>;
}

/** The verification key, kernels for what checks proofs with it, and the domains that samples are held to. */
interface OpenedKey {
  readonly key: PreparedKey;
  readonly kernels: Kernels;
  readonly declared: DeclaredDomains;
}

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

async function open(
  from: () => Promise<Opened>,
  { threads, maxMemoryBytes, prover = 'kernels', signal, onProgress }: OpenProverOptions,
): Promise<Prover> {
  const { files, key } = await from();
  requireProver(files.protocol, prover);
  const pool = new ProverPool(files, { threads, maxMemoryBytes, prover });
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

async function openWith<P extends Protocol>(
  pool: ProverPool<P>,
  { circuit: circuitFile, provingKey }: ProverFiles<P>,
  { key, kernels, declared }: Omit<OpenedKey, 'key'> & { readonly key: PreparedKeyOf<P> },
  signal: AbortSignal | undefined,
): Promise<Prover> {
  const points = KernelVerifier.of(equationOf(key), kernels);
  // Awaited below; until then a failure must not count as unhandled.
  points.catch(() => undefined);
  const { circuit, keyInfo } = await pool.load(signal);
  const where = typeof provingKey === 'string' ? provingKey : 'provingKey';
  requireCircuitOf(key.facts, circuit, typeof circuitFile === 'string' ? circuitFile : 'circuit');
  PROVERS[key.protocol].requireSameSetup(keyInfo, where, key.points, key.facts);
  return new ProverHandle(key, await unlessAborted(points, signal, 'loading the key'), pool, declared);
}

async function ofFolder(dir: string): Promise<Opened> {
  const manifest = await readManifest(dir);
  const { protocol } = manifest;
  const paths = artifactPaths(dir);
  return {
    files: { protocol, circuit: paths.circuit, provingKey: provingKeyPath(dir, protocol) },
    async key() {
      const [text, kernels] = await Promise.all([readKeyFile(paths.verificationKey, dir), verifierKernels()]);
      const key = prepareKeyOn(kernels, text);
      requireManifestOf(key.facts, manifest, paths.verificationKey);
      const own = requireSameProtocol(key, protocol, paths.verificationKey);
      return { key: own, kernels, declared: declaredDomains(manifest) };
    },
  };
}

async function ofBytes(artifact: ArtifactBytes): Promise<Opened> {
  const [circuit, provingKey] = [requireBytes(artifact, 'circuit'), requireBytes(artifact, 'provingKey')];
  const kernels = await verifierKernels();
  const key = prepareKeyOn(kernels, artifact.verificationKey);
  const { manifest } = artifact;
  const declared = manifest === undefined ? new Map() : declaredDomainsIn(manifest, key.facts);
  const files = { protocol: key.protocol, circuit, provingKey };
  return { files, key: () => Promise.resolve({ key, kernels, declared }) };
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
