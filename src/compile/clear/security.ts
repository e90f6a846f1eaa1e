/** Whether proofs of a relation are as sound as they claim to be, asked before a key is made. */
import { argumentSizes } from '../../verify/clear/sizes.js';
import { columnsOf } from '../../verify/clear/key.js';
import { chooseOpening, type OpeningChoice } from '../../verify/clear/parameter-choice.js';
import { assertSecure, errorTerms } from '../../verify/clear/parameters.js';
import { committedTensors } from '../../verify/clear/plan.js';
import type { Relation } from '../../verify/clear/relation.js';
import { planOf } from '../../verify/clear/verify.js';

/** The opening's parameters of a relation, of which there are no others: they follow from its tensors. Throws MEMORY_EXCEEDED. */
export function openingOf(relation: Relation): OpeningChoice {
  const dims = (tensors: readonly { readonly dims: readonly number[] }[]) => tensors.map((tensor) => tensor.dims);
  return chooseOpening({ weights: dims(relation.weights), cells: dims(committedTensors(relation)) });
}

/** Throws SECURITY_TOO_LOW where a step of a proof would leave a cheating prover a better chance than 2^−100; MEMORY_EXCEEDED. */
export function requireSecure(relation: Relation): void {
  const { parameters } = openingOf(relation);
  const plan = planOf({ relation, parameters });
  assertSecure(errorTerms(parameters, argumentSizes(plan, columnsOf(plan))));
}
