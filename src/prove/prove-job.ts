/** What a prove worker does with a request: load, solve the witness, prove. */
import { randomFillSync } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { internal, ZkonnxError } from '../errors.js';
import { circuitHash, readCircuitFile, requireSameCircuit } from '../formats/circuit-file.js';
import { wtnsBytes } from '../formats/wtns-file.js';
import { readZkeyInfo } from '../formats/zkey-file.js';
import { Stopwatch } from '../stopwatch.js';
import { KernelProver } from './engine/kernel-prover.js';
import { randomScalar } from './engine/prover.js';
import type { Groth16Proof } from './groth16.js';
import type { Circuit } from './program.js';
import type { ProveProgress, ProveRequest, ProveResult } from './tasks.js';
import { outputsOf, publicSignals, solve, witnessToBytes, type Witness } from './witness.js';

export interface LoadedCircuit {
  readonly circuit: Circuit;
  /** circuitHash of its constraint system. */
  readonly hash: string;
}

/**
 * The circuit a worker loaded last, known by path, size and time of change. Circuits are immutable and only a complete load is kept,
 * so a job that fails leaves nothing behind that another could trip over.
 */
export class CircuitCache {
  /** The proving key loaded last, in the kernels' form. */
  readonly prover = new KernelProver();
  private entry: { readonly key: string; readonly loaded: LoadedCircuit } | undefined;

  /** Throws FILE_UNREADABLE, FORMAT_VERSION, ARTIFACT_INVALID. */
  async load(file: string): Promise<LoadedCircuit> {
    const stamp = await stat(file, { bigint: true }).catch((cause: unknown) => {
      throw new ZkonnxError('FILE_UNREADABLE', 'cannot read the circuit', {
        where: file,
        help: 'compile the model first',
        cause,
      });
    });
    const key = `${file}\0${stamp.size}\0${stamp.mtimeNs}`;
    if (this.entry?.key !== key) {
      // Two circuits of a large model at a time could exhaust the memory.
      this.entry = undefined;
      const circuit = await readCircuitFile(file);
      this.entry = { key, loaded: { circuit, hash: circuitHash(circuit.r1cs) } };
    }
    return this.entry.loaded;
  }
}

/**
 * Proves one sample. Throws what loading throws, KEY_MISMATCH for a key of another circuit, what `solve` throws for inputs that have no
 * witness, KEY_INVALID for a damaged key.
 */
export async function proveJob(
  request: ProveRequest,
  cache: CircuitCache,
  onProgress: (progress: ProveProgress) => void,
): Promise<ProveResult> {
  const stopwatch = new Stopwatch();
  onProgress({ phase: 'load', fraction: 0 });
  const loaded = await cache.load(request.circuitPath);
  const { circuit } = loaded;
  await requireFittingKey(request.zkeyPath, loaded);
  stopwatch.lap('load');
  onProgress({ phase: 'witness', fraction: 0 });
  const witness = solve(circuit, new Map(Object.entries(request.inputs)), {
    salts: new Map(Object.entries(request.salts ?? {})),
  });
  stopwatch.lap('witness');
  onProgress({ phase: 'prove', fraction: 0 });
  const report = (fraction: number) => {
    onProgress({ phase: 'prove', fraction });
  };
  const proveBy = request.prover === 'snarkjs' ? proveWithSnarkjs : proveOurselves;
  const proven = await proveBy(request, circuit, witness, cache, report);
  stopwatch.lap('prove');
  const { load = 0, witness: solved = 0, prove = 0, total } = stopwatch.timings();
  return {
    ...proven,
    outputs: Object.fromEntries(outputsOf(circuit, witness)),
    timingsMs: { load, witness: solved, prove, total },
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

type Prove = (
  request: ProveRequest,
  circuit: Circuit,
  witness: Witness,
  cache: CircuitCache,
  onProgress: (fraction: number) => void,
) => Promise<Groth16Proof>;

const proveOurselves: Prove = async ({ zkeyPath }, circuit, witness, { prover }, onProgress) => {
  await prover.load(zkeyPath, await fileId(zkeyPath));
  const blinding = { r: randomScalar(randomFillSync), s: randomScalar(randomFillSync) };
  const proof = prover.prove(circuit.r1cs, witness, blinding, onProgress);
  onProgress(1);
  return { proof, publicSignals: publicSignals(circuit, witness).map(String) };
};

const proveWithSnarkjs: Prove = async ({ zkeyPath }, circuit, witness, _cache, onProgress) => {
  const wtns = wtnsBytes(witnessToBytes(witness, circuit.r1cs.nWires));
  // Loading snarkjs takes longer than proving a small circuit ourselves.
  const { proveGroth16 } = await import('./groth16.js');
  const proven = await proveGroth16(zkeyPath, wtns, onProgress);
  if (publicSignals(circuit, witness).map(String).join() !== proven.publicSignals.join())
    throw internal('the proof has other public signals than the witness');
  return proven;
};

/** Path, size and time of change. */
async function fileId(file: string): Promise<string> {
  const stamp = await stat(file, { bigint: true });
  return `${file}\0${stamp.size}\0${stamp.mtimeNs}`;
}

/** snarkjs compares the number of wires only; with a key of another circuit it gives a proof that nobody accepts. */
async function requireFittingKey(zkeyPath: string, { circuit, hash }: LoadedCircuit): Promise<void> {
  const { r1cs } = circuit;
  const key = await readZkeyInfo(zkeyPath);
  const nPublic = r1cs.nPubOut + r1cs.nPubIn;
  if (key.nVars !== r1cs.nWires || key.nPublic !== nPublic || key.domainSize <= r1cs.nConstraints + nPublic) {
    throw new ZkonnxError('KEY_MISMATCH', 'the proving key was made for another circuit', {
      expected: `${r1cs.nWires} wires, ${nPublic} public, ${r1cs.nConstraints} constraints`,
      got: `${key.nVars} wires, ${key.nPublic} public, a domain of ${key.domainSize}`,
      where: zkeyPath,
      help: 'run setup for this artifact',
    });
  }
  if (key.development !== undefined) requireSameCircuit(hash, key.development.circuitHash, zkeyPath);
}
