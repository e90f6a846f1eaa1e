/**
 * The argument that cells satisfy a relation (docs/soundness/clear.md): its messages read, and what they leave to be shown of the committed tensors. Prover and verifier both
 * take their claims from here, so that there is one list of them.
 */
import type { Arithmetic } from './arithmetic.js';
import type { Claim } from './functional.js';
import { readConstraints } from './constraints.js';
import { readLookups } from './lookups.js';
import { readPadProducts } from './pad-products.js';
import type { ArgumentPlan } from './plan.js';
import { ArgumentReader, type Transcript } from './reader.js';

/**
 * The claims of an argument, all of the form that a functional of cells and weights has a value: the relation holds, but for the errors of the page, if all are
 * true. Throws Refusal ARGUMENT_FAILED. The commitment to cells is in the transcript before. Values of publics are in [0, p), of the relation's dims.
 */
export function readArgument(
  plan: ArgumentPlan,
  publics: readonly BigUint64Array[],
  transcript: Transcript,
  arithmetic?: Arithmetic,
): readonly Claim[] {
  const reader = new ArgumentReader(plan, publics, transcript, arithmetic);
  if (plan.constraints) readConstraints(reader, plan.constraints);
  if (plan.lookups) readLookups(reader, plan.lookups);
  if (plan.blinding.products.length > 0) readPadProducts(reader);
  return reader.takeClaims();
}
