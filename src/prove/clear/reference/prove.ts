/** The prover of protocol `clear` over BigInt: seed, commitment, argument, opening. Slow and obvious; what is fast is held against it. */
import { blake3 } from '@noble/hashes/blake3.js';
import { ProverChannel } from '../../../verify/clear/channel.js';
import { boundPublics, planOf, type ClearKey, type ClearStatement } from '../../../verify/clear/verify.js';
import type { Assignment, Relation } from '../../../verify/clear/relation.js';
import type { ArgumentPlan } from '../../../verify/clear/plan.js';
import type { OpeningParameters } from '../../../verify/clear/parameters.js';
import { proveArgument, Recorder } from './argument.js';
import { commitCells, commitWeights, type CommittedMatrix } from './commit.js';
import { proveOpening } from './opening.js';
import { proofSeed, SecretStream } from './randomness.js';
import { committedValues, drawBlinding, valuesOf } from './values.js';

/** A key and what its prover keeps. */
export interface ReferenceKey {
  readonly key: ClearKey;
  readonly plan: ArgumentPlan;
  readonly weights: CommittedMatrix | undefined;
}

/** The key of a relation and its weights; `digest` is that of the key's bytes, whose format is not decided here. */
export function referenceKey(
  relation: Relation,
  weights: readonly BigUint64Array[],
  parameters: OpeningParameters,
  digest: Uint8Array = blake3(new Uint8Array(0)),
): ReferenceKey {
  const plan = planOf({ relation, parameters });
  const { layouts } = plan;
  const matrix = layouts.weights && commitWeights(layouts.weights, weights, parameters);
  return { key: { digest, relation, parameters, weightsRoot: matrix?.root }, plan, weights: matrix };
}

/**
 * A proof that the assignment satisfies the relation. `fresh`: 32 bytes of the system's randomness. Throws RangeError where a lookup is no row of its table; of an
 * assignment that is false elsewhere the proof is refused.
 */
export function proveClear(
  { key, plan, weights }: ReferenceKey,
  assignment: Assignment,
  { publicBytes, context }: Omit<ClearStatement, 'publics'>,
  fresh: Uint8Array,
): Uint8Array {
  const statement = { keyDigest: key.digest, publicBytes, context };
  const seed = proofSeed(fresh, statement, assignment.cells);
  const stream = new SecretStream(seed, 'blinding');
  const blinding = drawBlinding(plan.blinding, () => [stream.element(), stream.element()]);
  const values = valuesOf(key.relation, assignment, blinding);
  const cells = commitCells(plan.layouts.cells, committedValues(values), key.parameters, seed);
  const channel = new ProverChannel(statement);
  channel.bind('publics', boundPublics(assignment.publics));
  channel.commitment('cells root', cells.root);
  const recorder = new Recorder(channel);
  proveArgument(plan, values, recorder);
  const claims = recorder.claims(plan, assignment.publics);
  proveOpening(channel, { weights, cells }, claims, key.parameters);
  return channel.bytes();
}
