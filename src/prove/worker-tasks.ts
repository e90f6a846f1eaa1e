/** What a prove worker does with a task. Nothing is kept between tasks. */
import { createHash } from 'node:crypto';
import { internal, ZkonnxError } from '../base/errors.js';
import { witnessToBytes, type Witness } from '../constraint/solver.js';
import type { Circuit } from '../constraint/program.js';
import { circuitNames } from '../formats/circuit-digest.js';
import { readCircuit } from '../formats/circuit.js';
import { withFile } from '../formats/file-source.js';
import { bytesSource } from '../formats/iden3-container.js';
import { wtnsBytes } from '../formats/wtns.js';
import type { LoadedCircuit } from './engine/loaded-circuit.js';
import { share } from './engine/share.js';
import { solvedWitness, solveInputs } from './solve.js';
import type { ProveReplies, ProveTask } from './tasks.js';

/**
 * Throws what loading throws (FILE_UNREADABLE, FORMAT_VERSION, ARTIFACT_INVALID), what `solve` throws for inputs that have no witness, and
 * what snarkjs throws. `onProgress` hears of snarkjs only.
 */
export async function runProveTask(
  task: ProveTask,
  onProgress: (fraction: number) => void,
): Promise<ProveReplies[ProveTask['kind']]> {
  switch (task.kind) {
    case 'circuit':
      return loadCircuit(task.source);
    case 'witness':
      return solvedWitness(task.protocol, task.circuit, solveInputs(task.circuit, task));
    case 'snarkjs':
      return proveWithSnarkjs(task.circuit, solveInputs(task.circuit, task), task.zkey, onProgress);
  }
}

const sha256 = () => createHash('sha256');

/** The circuit with its large arrays in shared memory, so that a message carries none of them. */
async function loadCircuit(from: string | Uint8Array): Promise<LoadedCircuit> {
  const circuit =
    typeof from === 'string'
      ? await withFile(from, (source) => readCircuit(source, sha256))
      : await readCircuit(bytesSource(from, 'circuit'), sha256);
  return { circuit: share(circuit), names: circuitNames(circuit, sha256) };
}

async function proveWithSnarkjs(
  circuit: Circuit,
  witness: Witness,
  zkey: string | Uint8Array,
  onProgress: (fraction: number) => void,
): Promise<ProveReplies['snarkjs']> {
  const wtns = wtnsBytes(witnessToBytes(witness, circuit.r1cs.nWires));
  const { proveGroth16 } = await import('./groth16/snarkjs-prover.js').catch((cause: unknown) => {
    throw new ZkonnxError('DEPENDENCY_MISSING', 'the prover snarkjs needs the package snarkjs', {
      got: cause instanceof Error ? cause.message : String(cause),
      help: 'npm install snarkjs@0.7.6 (an optional peer dependency, GPL-3.0), or leave out --prover snarkjs: our own kernels prove the same',
      cause,
    });
  });
  const proven = await proveGroth16(zkey, wtns, onProgress);
  const { publicSignals: expected, outputs, clamped } = solvedWitness('groth16', circuit, witness);
  if (expected.join() !== proven.publicSignals.join())
    throw internal('the proof has other public signals than the witness');
  return { ...proven, outputs, clamped };
}
