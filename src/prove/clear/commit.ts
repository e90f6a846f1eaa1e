/** A program's key: its relation, the parameters that follow from it, and the root of its weights. Uses no Node API. */
import { lowerToRelation, type LoweredRelation } from '../../compile/clear/lower.js';
import { openingOf } from '../../compile/clear/security.js';
import { clearKeyJson, type ClearKeyJson } from '../../verify/clear/key.js';
import { planOf } from '../../verify/clear/verify.js';
import { publicCount, type Schema } from '../../verify/statement.js';
import type { ClearProgram } from './program.js';
import { instantiateClearKernels } from '../../kernels/clear/module.js';
import { SoloClearTeam } from '../../kernels/clear/team.js';
import { isWorthStoring } from './stored-weights.js';
import { RelationProver } from './relation-prover.js';

/** Anybody who has the program makes the same: nothing is drawn. */
export interface CommittedProgram {
  readonly lowered: LoweredRelation;
  readonly key: ClearKeyJson;
  /** The code of the weights as a file, in chunks; undefined where it is not worth storing. */
  readonly storedCode: Iterable<Uint8Array> | undefined;
}

/** Throws what lowering throws, MEMORY_EXCEEDED. */
export async function commitProgram({ ir }: ClearProgram, schema: Schema): Promise<CommittedProgram> {
  const lowered = lowerToRelation(ir, schema);
  const { parameters } = openingOf(lowered.relation);
  const plan = planOf({ relation: lowered.relation, parameters });
  const team = new SoloClearTeam(await instantiateClearKernels());
  const prover = await RelationProver.open(team, plan, lowered.weights(), parameters);
  const { outputs, inputs } = publicCount(schema);
  const key = clearKeyJson(lowered.relation, parameters, prover.weightsRoot, outputs + inputs);
  return { lowered, key, storedCode: isWorthStoring(plan, parameters) ? prover.storedCode() : undefined };
}
