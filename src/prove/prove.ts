/** prove: samples of an artifact in, proof files out, in order: a loop over `openProver`. */
import { ZkonnxError } from '../base/errors.js';
import { isTwoRound } from '../constraint/kind.js';
import type { Circuit } from '../constraint/program.js';
import { witnessToBytes } from '../constraint/solver.js';
import { mapInOrder } from '../pool/in-order.js';
import { defaultThreads } from '../pool/worker-pool.js';
import type { Manifest } from '../formats/manifest.js';
import { declaredDomains } from './declared-domains.js';
import { encodeSample, nameSample, solveHiding } from './encode.js';
import { freshScalar } from './engine/fresh-scalar.js';
import { openProver } from './open-prover.js';
import type { OpenProverOptions, ProofOptions, Proven } from './prover.js';
import type { ProveProgress } from './tasks.js';

/** One inference to prove. */
export interface NamedSample {
  /** Names the sample in messages and file names. */
  readonly id: string;
  /** Real values by input name. */
  readonly tensors: ReadonlyMap<string, Float64Array>;
}

/** How to prove, and what to tell meanwhile. */
export interface ProveOptions extends Omit<OpenProverOptions, 'onProgress' | 'pause'>, Pick<ProofOptions, 'context'> {
  /** Progress of one sample, by its place in the batch; loading counts as the first one's. */
  readonly onProgress?: ((index: number, progress: ProveProgress) => void) | undefined;
}

/** A verified proof of one sample, and what it took. */
export interface ProvenSample extends Proven {
  readonly id: string;
  readonly peakMemoryBytes: number;
}

/**
 * Proves every sample and yields in order. The first sample that cannot be proven ends the batch with its error (INPUT_…, RANGE_EXCEEDED,
 * naming the sample), after the proofs before it. At most twice as many samples are taken ahead as there are workers. Throws what `openProver`
 * throws.
 */
export async function* prove(
  artifactDir: string,
  samples: Iterable<NamedSample> | AsyncIterable<NamedSample>,
  { context, onProgress, ...options }: ProveOptions = {},
): AsyncGenerator<ProvenSample, void, undefined> {
  const started = performance.now();
  await using prover = await openProver(artifactDir, {
    ...options,
    onProgress: (progress) => onProgress?.(0, progress),
  });
  const load = performance.now() - started;
  const rest = new AbortController();
  const signal = options.signal === undefined ? rest.signal : AbortSignal.any([options.signal, rest.signal]);
  const proveOne = async ({ id, tensors }: NamedSample, index: number): Promise<ProvenSample> => {
    const report = (progress: ProveProgress): void => onProgress?.(index, progress);
    const proven = await naming(id, () => prover.prove(tensors, { context, signal, onProgress: report }));
    const opening = index === 0 ? load : 0;
    const { timingsMs, peakMemoryBytes = 0 } = proven;
    return {
      id,
      ...proven,
      timingsMs: { ...timingsMs, load: (timingsMs.load ?? 0) + opening, total: timingsMs.total + opening },
      peakMemoryBytes,
    };
  };
  yield* mapInOrder(samples, 2 * (options.threads ?? defaultThreads()), proveOne, () => {
    rest.abort();
  });
}

/** What `job` gives; an error about inputs names the sample too. */
async function naming<T>(id: string, job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    throw nameSample(error, id);
  }
}

/** What a manifest says of the inputs that its artifact takes. */
type Described = Pick<Manifest, 'schema' | 'choices'>;

/** `encodeSample`, its errors naming the sample too. */
export function encodeNamed(manifest: Described, { id, tensors }: NamedSample): Map<string, Float64Array> {
  try {
    return encodeSample(manifest.schema, tensors, declaredDomains(manifest));
  } catch (error) {
    throw nameSample(error, id);
  }
}

/**
 * Every wire's value for one sample, 32 bytes each, with fresh salts: the content of a .wtns file, for other provers. Secret where anything
 * of the statement is. Throws as `encodeSample` and `solve`; USAGE for a circuit of two rounds.
 */
export function witnessOf(circuit: Circuit, manifest: Described, sample: NamedSample): Uint8Array {
  if (isTwoRound(circuit)) {
    throw new ZkonnxError('USAGE', 'a witness of mirage is made in two rounds, the second for each proof anew', {
      expected: 'an artifact of protocol groth16',
      help: 'compile with --protocol groth16 for a .wtns file',
    });
  }
  const salts = new Map(circuit.salts.map(({ name }) => [name, freshScalar()]));
  const witness = solveHiding(circuit, manifest.schema, encodeNamed(manifest, sample), salts);
  return witnessToBytes(witness, circuit.r1cs.nWires);
}
