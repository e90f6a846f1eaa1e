/** Protocol `mirage`, as the steps around a proof take it. Uses no Node API. */
import { ZkonnxError } from '../../base/errors.js';
import { requireTwoRounds } from '../../constraint/kind.js';
import type { Rounds } from '../../constraint/rounds.js';
import { openMirageKey, type MirageKeyReader } from '../../formats/mirage-key.js';
import type { PreparedMirageKey } from '../../verify/key.js';
import { makeMirageProof, type MirageProofFile } from '../../verify/proof.js';
import { drawChallenges } from '../../verify/transcript.js';
import { freshScalar } from '../engine/fresh-scalar.js';
import { markCallersError } from '../engine/proof-queue.js';
import type { ProverParts, ProverProtocol } from '../engine/protocol.js';
import type { RoundsKey } from './kernel-key.js';
import { requireFittingMirageKey, requireMirageBlinding, requireSameMirageSetup } from './key-match.js';
import { loadRoundsKey } from './load-key.js';
import { roundsKeyBytes, roundsProofBytes, roundsShape, worstRoundsShape } from './memory.js';
import { proveTwoRounds, type Challenge, type MirageProof } from './prover.js';
import type { RoundOneWitness } from './rounds-witness.js';
import { roundTwo } from './two-rounds.js';

/** A witness of round 1, and what follows from the challenges. */
export interface TwoRoundJob {
  readonly rounds: Rounds;
  readonly witness: RoundOneWitness;
  /** What it rejects with, the proof rejects with; the key is not spoiled. */
  readonly challenge: Challenge;
}

export interface MirageParts extends ProverParts {
  readonly points: PreparedMirageKey;
  readonly keyFile: MirageKeyReader;
  readonly key: RoundsKey;
  readonly witness: RoundOneWitness;
  readonly job: TwoRoundJob;
  readonly proof: MirageProof;
  readonly file: MirageProofFile;
  readonly phase: 'commit' | 'quotient' | 'sums';
}

/** A wire while a witness is solved and classified, and a row's two sides, outside the kernels' memory. */
const WIRE_HOST_BYTES = 32;
const ROW_HOST_BYTES = 8;

export const MIRAGE_PROVER: ProverProtocol<MirageParts> = {
  provers: ['kernels'],
  phases: ['commit', 'quotient', 'sums'],
  openKey: openMirageKey,
  requireBlinding: ({ points }, where) => {
    requireMirageBlinding(points, where);
  },
  requireFitting(info, where, circuit) {
    requireFittingMirageKey(info, where, requireTwoRounds(circuit));
  },
  requireSameSetup: requireSameMirageSetup,
  memoryBytes: (exports, { info }, { circuit, wide = info.firstRound2 }, threads) =>
    info.nWires * WIRE_HOST_BYTES +
    info.nConstraints * ROW_HOST_BYTES +
    roundsKeyBytes(info) +
    roundsProofBytes(
      exports,
      info,
      circuit === undefined
        ? worstRoundsShape(info, wide, threads)
        : roundsShape(info, requireTwoRounds(circuit).rounds, wide, threads),
    ),
  memoryHelp: 'compile a smaller circuit',
  loadKey: ({ kernels }, reader) => loadRoundsKey(kernels, reader),
  job(circuit, witness, signals, statement) {
    const twoRounds = requireTwoRounds(circuit);
    const publicValues = signals.map(BigInt);
    return {
      rounds: twoRounds.rounds,
      witness,
      challenge: (c1) => roundTwo(twoRounds, witness.wires, drawChallenges({ ...statement, publicValues, c1 })),
    };
  },
  requireJob({ firstRound2, nConstraints }, { rounds, witness: { wires, a } }) {
    if (wires.small.length === firstRound2 && rounds.firstRound2 === firstRound2 && a.small.length === nConstraints)
      return;
    throw new ZkonnxError('KEY_MISMATCH', 'the witness belongs to another circuit than the key', {
      expected: `round 2 from wire ${firstRound2}, ${nConstraints} constraints`,
      got: `round 2 from wire ${wires.small.length}, ${a.small.length} constraints`,
    });
  },
  prove(team, key, { rounds, witness, challenge }, onProgress) {
    const guarded: Challenge = async (c1) => {
      try {
        return await challenge(c1);
      } catch (error) {
        throw markCallersError(error);
      }
    };
    return proveTwoRounds(team, key, rounds, witness, guarded, freshScalar, onProgress);
  },
  file: makeMirageProof,
};
