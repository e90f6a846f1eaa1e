/** Groth16, as the steps around a proof take it. Uses no Node API. */
import { ZkonnxError } from '../../base/errors.js';
import { requireOneRound } from '../../constraint/kind.js';
import { WireClass } from '../../constraint/r1cs.js';
import type { Circuit } from '../../constraint/program.js';
import type { SnarkjsProof } from '../../formats/snarkjs-json.js';
import { openZkeyReader, type ZkeyReader } from '../../formats/zkey.js';
import type { PreparedGroth16Key } from '../../verify/key.js';
import { makeProof, type ProofFile } from '../../verify/proof.js';
import type { ClassifiedWitness } from '../engine/classified-witness.js';
import { freshScalar } from '../engine/fresh-scalar.js';
import type { ProverParts, ProverProtocol } from '../engine/protocol.js';
import { loadEngineKey, type EngineKey } from './kernel-key.js';
import { requireBlinding, requireFittingKey, requireSameSetup } from './key-match.js';
import { keyMemoryBytes, proofMemoryBytes } from './memory.js';
import { proveWithTeam } from './prover.js';

export interface Groth16Parts extends ProverParts {
  readonly points: PreparedGroth16Key;
  readonly keyFile: ZkeyReader;
  readonly key: EngineKey;
  readonly witness: ClassifiedWitness;
  readonly job: ClassifiedWitness;
  readonly proof: SnarkjsProof;
  readonly file: ProofFile;
  readonly phase: 'quotient' | 'sums';
}

/** A coefficient while the rows are sorted, and a wire while a witness is solved and classified, outside the kernels' memory. */
const COEFFICIENT_HOST_BYTES = 12;
const WIRE_HOST_BYTES = 32;

export const GROTH16_PROVER: ProverProtocol<Groth16Parts> = {
  provers: ['kernels', 'snarkjs'],
  phases: ['quotient', 'sums'],
  openKey: openZkeyReader,
  requireBlinding: ({ points }, where) => {
    requireBlinding(points, where);
  },
  requireFitting(info, where, circuit) {
    requireFittingKey(info, where, requireOneRound(circuit));
  },
  requireSameSetup,
  memoryBytes(exports, { info, coefficientCount }, { circuit, wide = wideWires(circuit) ?? info.nVars }, threads) {
    const shape = { ...info, coefficients: coefficientCount, wide, threads };
    return (
      coefficientCount * COEFFICIENT_HOST_BYTES +
      info.nVars * WIRE_HOST_BYTES +
      keyMemoryBytes(exports, shape) +
      proofMemoryBytes(exports, shape)
    );
  },
  memoryHelp: 'use `--prover snarkjs`, or compile a smaller circuit',
  loadKey: loadEngineKey,
  job: (_circuit, witness) => witness,
  requireJob({ nVars }, { small }) {
    if (small.length === nVars) return;
    throw new ZkonnxError('KEY_MISMATCH', 'the witness belongs to another circuit than the key', {
      expected: `${nVars} wires`,
      got: `${small.length} wires`,
    });
  },
  prove: (team, key, witness, onProgress) =>
    proveWithTeam(team, key, witness, { r: freshScalar(), s: freshScalar() }, onProgress),
  file: (proof, publicSignals, _context, facts) => makeProof(proof, publicSignals, facts),
};

/** Full-width wires. */
function wideWires(circuit: Pick<Circuit, 'r1cs'> | undefined): number | undefined {
  return circuit?.r1cs.wireClass.reduce((count, one) => count + (one === WireClass.Field ? 1 : 0), 0);
}
