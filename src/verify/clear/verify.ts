/**
 * The verifier of protocol `clear`, standalone: a key, the public tensors, the bytes of a proof. Counts come first, then ranges, then all else, equations last; nothing
 * is reduced, and the length of every part follows from the key and from drawn indices.
 */
import { FIELD_BYTES, ORDER } from '../../field/goldilocks.js';
import { refusing, Refusal, type Refused } from '../refusal.js';
import { readArgument } from './argument.js';
import { arithmeticOf } from './arithmetic-choice.js';
import type { Arithmetic } from './arithmetic.js';
import { VerifierChannel, joined } from './channel.js';
import { layOut } from './layout.js';
import { HASH_BYTES as ROOT_BYTES, residueBytes } from './merkle.js';
import { verifyOpening } from './opening.js';
import { reservedRows, type OpeningParameters } from './parameters.js';
import { argumentPlan, committedTensors, type ArgumentPlan } from './plan.js';
import { elementsOf, type Relation } from './relation.js';
import { argumentBytes } from './sizes.js';

/** What a verifier holds of a key; the digest covers all of it. */
export interface ClearKey {
  /** 32 bytes. */
  readonly digest: Uint8Array;
  /** Well-formed (checkRelation). */
  readonly relation: Relation;
  readonly parameters: OpeningParameters;
  /** 32 bytes; undefined for a relation without weights. */
  readonly weightsRoot: Uint8Array | undefined;
}

export interface ClearStatement {
  /** Residues of the public tensors, in the relation's order. */
  readonly publics: readonly BigUint64Array[];
  /** The digits as the schema packs them. */
  readonly publicBytes: Uint8Array;
  /** At most 32 bytes. */
  readonly context: Uint8Array;
}

/** What follows from a key, once for all its proofs. */
export function planOf({ relation, parameters }: Pick<ClearKey, 'relation' | 'parameters'>): ArgumentPlan {
  const { n } = parameters;
  const dims = (tensors: readonly { readonly dims: readonly number[] }[]) => tensors.map((tensor) => tensor.dims);
  return argumentPlan(relation, {
    cells: layOut(dims(committedTensors(relation)), n, reservedRows(parameters)),
    weights: relation.weights.length === 0 ? undefined : layOut(dims(relation.weights), n, 0),
  });
}

/** Public tensors as they are bound to the transcript: residues of 8 bytes. */
export function boundPublics(publics: readonly BigUint64Array[]): Uint8Array {
  return joined(publics.map((tensor) => residueBytes(Array.from(tensor))));
}

/** undefined for a proof of the statement, or why it is refused. */
export function verifyClear(
  key: ClearKey,
  statement: ClearStatement,
  proof: Uint8Array,
  plan: ArgumentPlan = planOf(key),
  arithmetic: Arithmetic = arithmeticOf(),
): Refused | undefined {
  return refusing(() => {
    checkStatement(key.relation, statement);
    checkMessages(plan, proof);
    const { publics, publicBytes, context } = statement;
    const channel = new VerifierChannel({ keyDigest: key.digest, publicBytes, context }, proof);
    channel.bind('publics', boundPublics(publics));
    const root = channel.commitment('cells root');
    const claims = readArgument(plan, publics, channel, arithmetic);
    const { layouts } = plan;
    const weights = layouts.weights && { root: rootOf(key), layout: layouts.weights };
    verifyOpening(channel, { weights, cells: { root, layout: layouts.cells } }, claims, key.parameters, arithmetic);
    channel.end();
    return undefined;
  });
}

function rootOf({ weightsRoot }: ClearKey): Uint8Array {
  if (weightsRoot?.length !== 32) throw new RangeError('a key with weights has a root of 32 bytes');
  return weightsRoot;
}

function checkStatement({ publics }: Relation, statement: ClearStatement): void {
  const counts = statement.publics.map((tensor) => tensor.length);
  const expected = publics.map(({ dims }) => elementsOf(dims));
  if (counts.length !== expected.length || counts.some((count, i) => count !== expected[i])) {
    throw new Refusal(
      'PUBLIC_INPUT_COUNT',
      `public tensors of ${expected.join(', ')} elements, got ${counts.join(', ')}`,
    );
  }
  statement.publics.forEach((tensor, index) => {
    const outside = tensor.findIndex((value) => value >= ORDER);
    if (outside >= 0) {
      throw new Refusal(
        'PUBLIC_INPUT_NOT_IN_FIELD',
        `element ${outside} of public tensor ${index} is not below p`,
        index,
      );
    }
  });
  if (statement.context.length > 32) {
    throw new Refusal('CONTEXT_INVALID', `a context of ${statement.context.length} bytes, at most 32`);
  }
}

/** Messages of the argument have one length and residues below p; those of the opening follow, whose length drawn indices say. */
function checkMessages(plan: ArgumentPlan, proof: Uint8Array): void {
  const length = argumentBytes(plan);
  if (proof.length < length) {
    throw new Refusal('PROOF_MALFORMED', `a proof of ${proof.length} bytes, its argument alone has ${length}`);
  }
  const view = new DataView(proof.buffer, proof.byteOffset, length);
  for (let at = ROOT_BYTES; at < length; at += FIELD_BYTES) {
    if (view.getBigUint64(at, true) >= ORDER) {
      throw new Refusal('PROOF_MALFORMED', `the residue at byte ${at} is not below p`);
    }
  }
}
