/** What a prove worker does with a task. Nothing is kept between tasks. */
import type { SparseMatrix } from '../../circuits/r1cs.js';
import type { Rounds } from '../../circuits/rounds.js';
import { internal, ZkonnxError } from '../errors.js';
import { circuitHash, readCircuitFile } from '../formats/circuit-file.js';
import { wtnsBytes } from '../formats/wtns.js';
import type { Circuit } from './program.js';
import { solvedRoundOne, solvedWitness, solveInputs } from './solved-witness.js';
import type { LoadedCircuit, ProveReplies, ProveTask } from './tasks.js';
import { witnessToBytes, type Witness } from './witness.js';

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
      return solvedWitness(task.circuit, solveInputs(task.circuit, task));
    case 'round-one':
      return solvedRoundOne(task.circuit, solveInputs(task.circuit, task));
    case 'snarkjs':
      return proveWithSnarkjs(task.circuit, solveInputs(task.circuit, task), task.zkeyPath, onProgress);
  }
}

async function loadCircuit(path: string): Promise<LoadedCircuit> {
  const circuit = await readCircuitFile(path);
  return { circuit: shared(circuit), hash: circuitHash(circuit.r1cs, circuit.rounds) };
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
    ...(circuit.rounds === undefined ? {} : { rounds: sharedRounds(circuit.rounds) }),
  };
}

function sharedRounds(rounds: Rounds): Rounds {
  return {
    ...rounds,
    tables: rounds.tables.map((table) =>
      table.values === undefined ? table : { ...table, values: share(table.values, Float64Array) },
    ),
    lookupRow: share(rounds.lookupRow, Uint32Array),
    lookupTable: share(rounds.lookupTable, Uint16Array),
    thetaSource: share(rounds.thetaSource, Uint32Array),
    thetaRow: share(rounds.thetaRow, Uint32Array),
    code: share(rounds.code, Int32Array),
    fieldRows: share(rounds.fieldRows, Uint32Array),
  };
}

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

function share<T extends Numbers>(array: T, type: new (buffer: ArrayBufferLike) => T): T {
  if (typeof SharedArrayBuffer === 'undefined') return array;
  const copy = new type(new SharedArrayBuffer(array.byteLength));
  copy.set(array);
  return copy;
}

async function proveWithSnarkjs(
  circuit: Circuit,
  witness: Witness,
  zkeyPath: string,
  onProgress: (fraction: number) => void,
): Promise<ProveReplies['snarkjs']> {
  const wtns = wtnsBytes(witnessToBytes(witness, circuit.r1cs.nWires));
  const { proveGroth16 } = await import('./snarkjs-prover.js').catch((cause: unknown) => {
    throw new ZkonnxError('DEPENDENCY_MISSING', 'the prover snarkjs needs the package snarkjs', {
      got: cause instanceof Error ? cause.message : String(cause),
      help: 'npm install snarkjs@0.7.6 (an optional peer dependency, GPL-3.0), or leave out --prover snarkjs: our own kernels prove the same',
      cause,
    });
  });
  const proven = await proveGroth16(zkeyPath, wtns, onProgress);
  const { publicSignals: expected, outputs } = solvedWitness(circuit, witness);
  if (expected.join() !== proven.publicSignals.join())
    throw internal('the proof has other public signals than the witness');
  return { ...proven, outputs };
}
