/** What a prove worker does with a task. Nothing is kept between tasks. */
import type { SparseMatrix } from '../../circuits/r1cs.js';
import { internal } from '../errors.js';
import { circuitHash, readCircuitFile } from '../formats/circuit-file.js';
import { wtnsBytes } from '../formats/wtns-file.js';
import { classifyWitness } from './engine/witness.js';
import type { Circuit } from './program.js';
import type { CircuitInputs, LoadedCircuit, ProveReplies, ProveTask, SolvedWitness } from './tasks.js';
import { outputsOf, publicSignals, solve, witnessToBytes, type Witness } from './witness.js';

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
      return loadCircuit(task.path);
    case 'witness':
      return solved(task.circuit, solveFor(task.circuit, task));
    case 'snarkjs':
      return proveWithSnarkjs(task.circuit, solveFor(task.circuit, task), task.zkeyPath, onProgress);
  }
}

async function loadCircuit(path: string): Promise<LoadedCircuit> {
  const circuit = await readCircuitFile(path);
  return { circuit: shared(circuit), hash: circuitHash(circuit.r1cs) };
}

/** The circuit with its large arrays in shared memory, so that a message carries none of them. */
function shared(circuit: Circuit): Circuit {
  const { r1cs, program } = circuit;
  const matrix = ({ rowStart, wires, coefs }: SparseMatrix): SparseMatrix => ({
    rowStart: share(rowStart, Uint32Array),
    wires: share(wires, Uint32Array),
    coefs: share(coefs, Float64Array),
  });
  return {
    ...circuit,
    r1cs: {
      ...r1cs,
      a: matrix(r1cs.a),
      b: matrix(r1cs.b),
      c: matrix(r1cs.c),
      wireClass: share(r1cs.wireClass, Uint8Array),
    },
    program: { ...program, code: share(program.code, Int32Array), hints: matrix(program.hints) },
  };
}

type Numbers = Uint8Array | Uint32Array | Int32Array | Float64Array;

function share<T extends Numbers>(array: T, type: new (buffer: ArrayBufferLike) => T): T {
  if (typeof SharedArrayBuffer === 'undefined') return array;
  const copy = new type(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

function solveFor(circuit: Circuit, { inputs, salts = {} }: CircuitInputs): Witness {
  return solve(circuit, new Map(Object.entries(inputs)), { salts: new Map(Object.entries(salts)) });
}

function solved(circuit: Circuit, witness: Witness): SolvedWitness {
  return {
    witness: classifyWitness(witness),
    outputs: Object.fromEntries(outputsOf(circuit, witness)),
    publicSignals: publicSignals(circuit, witness).map(String),
  };
}

async function proveWithSnarkjs(
  circuit: Circuit,
  witness: Witness,
  zkeyPath: string,
  onProgress: (fraction: number) => void,
): Promise<ProveReplies['snarkjs']> {
  const wtns = wtnsBytes(witnessToBytes(witness, circuit.r1cs.nWires));
  const { proveGroth16 } = await import('./snarkjs-prover.js');
  const proven = await proveGroth16(zkeyPath, wtns, onProgress);
  const { publicSignals: expected, outputs } = solved(circuit, witness);
  if (expected.join() !== proven.publicSignals.join())
    throw internal('the proof has other public signals than the witness');
  return { ...proven, outputs };
}
