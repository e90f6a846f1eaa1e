/**
 * zkonnx/prover: proving where there is no Node, in pages and their workers. Circuit and keys come as bytes, everything runs on the calling
 * thread over a memory of its own, and no import leads to a Node API. `npm run build` bundles it into one file (scripts/build-prover.ts).
 */
import { throwIfAborted, ZkonnxError } from '../base/errors.js';
import { solve } from '../constraint/solver.js';
import { circuitNames } from '../formats/circuit-digest.js';
import { readCircuit } from '../formats/circuit.js';
import { bytesSource } from '../formats/iden3-container.js';
import { SoloTeam } from '../kernels/team.js';
import { prepareKey, type PreparedKeyOf } from '../verify/key.js';
import { equationOf } from '../verify/protocols.js';
import type { CurveProtocol } from '../verify/key-points.js';
import type { Protocol } from '../verify/statement.js';
import { openClear } from './clear-host.js';
import { soloCrew } from './clear/crew.js';
import { pauseForOthers } from './engine/event-loop.js';
import { KernelVerifier } from './engine/kernel-verifier.js';
import type { LoadedCircuit } from './engine/loaded-circuit.js';
import type { Statement } from './engine/protocol.js';
import { ProvingKey, type KeyHost } from './engine/proving-key.js';
import { ENGINES, type Parts } from './protocols.js';
import {
  ProverHandle,
  requireProver,
  type ArtifactBytes,
  type OpenProverOptions,
  type Prover,
  type ProverHost,
  type RunOptions,
} from './prover.js';
import { requireBytes, requireCircuitOf } from './artifact-match.js';
import { declaredDomainsIn, type DeclaredDomains } from './declared-domains.js';
import { solvedWitness } from './solve.js';
import { solveAndProve } from './solve-and-prove.js';
import type { CircuitInputs, ProveResult } from './tasks.js';

export { ZkonnxError } from '../base/errors.js';
export type { ErrorCode, ErrorDetails } from '../base/errors.js';
export type { G1Json, G2Json } from '../verify/curve.js';
export type { Expectation } from '../verify/expect.js';
export { prepareKey } from '../verify/checked-key.js';
export type { CheckedKey } from '../verify/checked-key.js';
export type { KeyBlock, KeyFacts, ModelLabels, SetupKind } from '../verify/key.js';
export type {
  AnyProofFile,
  Groth16Proof,
  MirageProof,
  ClearProofFile,
  MirageProofFile,
  ProofFacts,
  ProofFile,
  ProofFileOf,
  ProofFiles,
  ProofFrame,
} from '../verify/proof.js';
export type { RefusalReason, Refused } from '../verify/refusal.js';
export type { TensorValue, TopClass } from '../verify/report.js';
export type { ImagePreprocessing, Overflow, Protocol, Schema, TensorSchema, Visibility } from '../verify/statement.js';
export { verify } from '../verify/verify.js';
export type { Verified, VerifyOptions, VerifyResult } from '../verify/verify.js';
export type { ArithmeticName } from '../verify/clear/arithmetic-choice.js';
export type { Pause } from './engine/event-loop.js';
export type { Opening } from '../verify/opening.js';
export type {
  ArtifactBytes,
  InputValues,
  OpenProverOptions,
  ProofOptions,
  Proven,
  Prover,
  RunOptions,
} from './prover.js';
export type { ProvePhase, ProveProgress, ProverName, ProverPhase, ProveTimings, RelationPhase } from './tasks.js';

/**
 * Reads the files and loads the key. The bytes may be dropped or changed once the prover is open. `threads` has no meaning here: one thread
 * computes. Throws USAGE for files that are not bytes and for another prover than ours, ARTIFACT_INVALID, KEY_INVALID, FORMAT_VERSION,
 * KEY_MISMATCH where they do not belong together, MEMORY_EXCEEDED, ABORTED.
 */
export async function openProver(files: ArtifactBytes, options: OpenProverOptions = {}): Promise<Prover> {
  const key = prepareKey(files.verificationKey);
  requireProver(key.protocol, options.prover ?? 'kernels');
  if (options.prover !== undefined && options.prover !== 'kernels') {
    throw new ZkonnxError('USAGE', `${options.prover} proves with Node only`, {
      expected: 'our kernels',
      got: options.prover,
    });
  }
  return openWith<Protocol>(files, key, options);
}

type Open<P extends Protocol> = (
  files: ArtifactBytes,
  key: PreparedKeyOf<P>,
  options: OpenProverOptions,
) => Promise<Prover>;

/** How a page opens an artifact of each protocol. */
const PAGE_HOSTS: { readonly [P in Protocol]: Open<P> } = {
  groth16: openOnKernels,
  mirage: openOnKernels,
  clear: (files, key, options) =>
    openClear(
      requireBytes(files, 'circuit'),
      key,
      'circuit',
      soloCrew(options.maxMemoryBytes),
      options,
      declaredBy(files, key),
    ),
};

/** Without a manifest samples are held to the grid alone. */
function declaredBy({ manifest }: ArtifactBytes, { facts }: Pick<PreparedKeyOf<Protocol>, 'facts'>): DeclaredDomains {
  return manifest === undefined ? new Map() : declaredDomainsIn(manifest, facts);
}

function openWith<P extends Protocol>(
  files: ArtifactBytes,
  key: PreparedKeyOf<P>,
  options: OpenProverOptions,
): Promise<Prover> {
  return PAGE_HOSTS[key.protocol](files, key, options);
}

async function openOnKernels<P extends CurveProtocol>(
  files: ArtifactBytes,
  key: PreparedKeyOf<P>,
  { maxMemoryBytes, ...run }: OpenProverOptions,
): Promise<Prover> {
  const declared = declaredBy(files, key);
  const step = stepper('loading the key', run);
  run.onProgress?.({ phase: 'load', fraction: 0 });
  const { protocol, body: points, facts } = key;
  await step();
  const circuit = await readCircuit(bytesSource(requireBytes(files, 'circuit'), 'circuit'));
  await step();
  const loaded = { circuit, names: circuitNames(circuit) };
  requireCircuitOf(facts, loaded, 'circuit');
  await step();
  const record = ENGINES[protocol];
  const source = bytesSource(requireBytes(files, 'provingKey'), 'provingKey');
  // Before the whole key is converted.
  const { info } = await record.openKey(source);
  record.requireFitting(info, source.name, circuit);
  record.requireSameSetup(info, source.name, points, facts);
  const host = soloKeyHost(maxMemoryBytes);
  const proving = await ProvingKey.load(record, source, host, { expected: { circuit }, step, signal: run.signal });
  const verifier = await KernelVerifier.of(equationOf<P>(key));
  run.onProgress?.({ phase: 'load', fraction: 1 });
  return new ProverHandle<P>(
    key,
    (numbers) => verifier.check(numbers),
    new SoloHost(protocol, loaded, proving),
    declared,
  );
}

/** One thread over a memory that only it sees. */
function soloKeyHost(maxMemoryBytes: number | undefined): KeyHost {
  return {
    threads: 1,
    memory: ownMemory,
    team: (kernels, { step }) => new SoloTeam(kernels, step),
    ...(maxMemoryBytes === undefined
      ? {}
      : {
          requireMemory(bytes) {
            if (bytes <= maxMemoryBytes) return;
            throw new ZkonnxError('MEMORY_EXCEEDED', 'the proof would take more memory than it may', {
              expected: `at most ${maxMemoryBytes} bytes`,
              got: `about ${bytes} bytes`,
              help: 'raise maxMemoryBytes, or compile a smaller circuit',
            });
          },
        }),
  };
}

/**
 * Never shared, even where it could be: one thread needs no sharing, and some browsers reserve a shared memory's maximum at once.
 * 65,536 pages are the 4 GiB that the kernels' pointers reach.
 */
function ownMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 16, maximum: 65536 });
}

class SoloHost<P extends CurveProtocol> implements ProverHost<P> {
  private readonly closing = new AbortController();

  constructor(
    private readonly protocol: P,
    private readonly circuit: LoadedCircuit,
    private readonly key: ProvingKey<Parts[P]>,
  ) {}

  prove(inputs: CircuitInputs, statement: Statement, options: RunOptions): Promise<ProveResult<P>> {
    const { protocol, circuit, key } = this;
    const signal = anyOf(options.signal, this.closing.signal);
    const step = stepper('the proof', { ...options, signal });
    return solveAndProve(
      {
        protocol,
        load: () => Promise.resolve({ circuit, key }),
        async solve({ circuit: solvable }) {
          await step();
          const salts = new Map(Object.entries(inputs.salts ?? {}));
          return solvedWitness(protocol, solvable, solve(solvable, new Map(Object.entries(inputs.inputs)), { salts }));
        },
      },
      statement,
      { signal, step, onProgress: options.onProgress },
    );
  }

  close(): Promise<void> {
    this.closing.abort();
    return Promise.resolve();
  }
}

/** Fires with either. */
function anyOf(signal: AbortSignal | undefined, closing: AbortSignal): AbortSignal {
  return signal === undefined ? closing : AbortSignal.any([signal, closing]);
}

/** What stands between two steps of a computation. */
function stepper(what: string, { signal, pause = pauseForOthers() }: RunOptions): () => Promise<void> {
  return async () => {
    await pause();
    throwIfAborted(signal, what);
  };
}
