import type { Relation } from '../../src/verify/clear/relation.js';
import { constraintsPart } from './constraints.js';
import type { Expression, Term } from './expression.js';
import { add, eqTable, log2Ceil, mul, negate, P, powers, sizeOf, ZERO, type Element } from './field.js';
import { layOut, type Layout } from './layout.js';
import { lookupsPart } from './lookups.js';
import { verifyOpening, type Parameters } from './opening.js';
import { FREE, maskVariables, padProductsPart } from './pad-products.js';
import { Argument, rowsOf } from './statement.js';
import { join, Refusal, Transcript, word, type Reason } from './transcript.js';

/**
 * A second verifier of protocol `clear`, written from docs/soundness/clear.md alone: no line of it is the first one's, and nothing of it is
 * fast. It takes every functional as a list of elements with their weights, where the first one evaluates them in closed form.
 */

export interface Key {
  /** 32 bytes. */
  readonly digest: Uint8Array;
  readonly relation: Relation;
  readonly parameters: Parameters;
  /** Absent where the relation has no weights. */
  readonly weightsRoot: Uint8Array | undefined;
}

export interface Statement {
  /** Digits of the public tensors modulo p, in the relation's order. */
  readonly publics: readonly BigUint64Array[];
  readonly publicBytes: Uint8Array;
  readonly context: Uint8Array;
}

export type Verdict = 'accepted' | Reason;

export function verify(key: Key, statement: Statement, proof: Uint8Array): boolean {
  return verdict(key, statement, proof) === 'accepted';
}

/** What a proof is refused for, where it is. */
export function verdict(key: Key, statement: Statement, proof: Uint8Array): Verdict {
  try {
    check(key, statement, proof);
    return 'accepted';
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}

function check({ digest, relation, parameters, weightsRoot }: Key, statement: Statement, proof: Uint8Array): void {
  const { publics, publicBytes, context } = statement;
  const digits = publics.flatMap((tensor) => [...tensor]);
  const counts = relation.publics.map(({ dims }) => sizeOf(dims));
  if (counts.length !== publics.length || counts.some((count, i) => count !== publics[i]?.length)) {
    throw new Refusal('PUBLIC_INPUT_COUNT');
  }
  if (digits.some((digit) => digit >= P)) throw new Refusal('PUBLIC_INPUT_NOT_IN_FIELD');
  if (context.length > 32) throw new Refusal('CONTEXT_INVALID');
  const transcript = new Transcript(digest, publicBytes, context, proof);
  transcript.absorb('publics', join(...digits.map(word)));
  const cellsRoot = transcript.bytes(32);
  transcript.absorb('cells root', cellsRoot);

  const argument = new Argument(relation, publics, transcript);
  constraintsPart(argument);
  lookupsPart(argument);
  padProductsPart(argument);

  const { n, queries } = parameters;
  const reserved = 2 ** log2Ceil((queries[0] ?? 0) + 2);
  const weights = layOut(dimsOf(relation.weights), n, 0);
  const cells = layOut(committed(argument), n, reserved);
  const hasWeights = relation.weights.length > 0;
  if (hasWeights && weightsRoot === undefined) throw new Refusal('ROOT_MISMATCH');
  verifyOpening(
    transcript,
    parameters,
    {
      weights: hasWeights && weightsRoot !== undefined ? { root: weightsRoot, columns: weights.columns } : null,
      cells: { root: cellsRoot, columns: cells.columns },
    },
    argument.claims.map(({ known }) => negate(known)),
    (alpha, rho) => columnWeights(argument, { weights, cells }, alpha, rho),
  );
  transcript.end();
}

const dimsOf = (tensors: readonly { readonly dims: readonly number[] }[]): (readonly number[])[] =>
  tensors.map(({ dims }) => dims);

/** Boxes of what a proof commits to: section 2. */
function committed(argument: Argument): (readonly number[])[] {
  const { relation } = argument;
  const blinding = maskStart(argument) + (argument.pairs.length > 0 ? 1 + 3 * maskVariables(argument.pairs.length) : 0);
  return [
    ...dimsOf(relation.cells),
    ...relation.tables.map((table) => [rowsOf(table).length]),
    [Math.max(1, blinding), 2],
  ];
}

function maskStart({ pads, pairs }: Argument): number {
  return pads + pairs.length + (pairs.length > 0 ? 3 * FREE : 0);
}

/** Σ α^i·(functional i), summed into w̃_j(ρ) of the columns of weights and then of cells. */
function columnWeights(
  argument: Argument,
  { weights, cells }: { readonly weights: Layout; readonly cells: Layout },
  alpha: Element,
  rho: readonly Element[],
): Element[] {
  const { relation, pads, pairs, claims } = argument;
  const eq = eqTable(rho);
  const columns = Array.from({ length: weights.columns + cells.columns }, () => ZERO);
  const gain = (layout: Layout, tensor: number, element: number, weight: Element): void => {
    const place = layout.places[tensor]?.[element];
    if (place === undefined) throw new Error('an element that lies nowhere');
    const column = place.column + (layout === cells ? weights.columns : 0);
    columns[column] = add(columns[column] ?? ZERO, mul(weight, eq[place.row] ?? ZERO));
  };
  const first = { pad: 0, 'pad product': pads, free: pads + pairs.length, mask: maskStart(argument) };
  const blinding = relation.cells.length + relation.tables.length;
  const take = ({ of, index }: Term, weight: Element): void => {
    if (of === 'pad' || of === 'pad product' || of === 'free' || of === 'mask') {
      const element = first[of] + index;
      gain(cells, blinding, 2 * element, weight);
      gain(cells, blinding, 2 * element + 1, mul(weight, [0n, 1n]));
      return;
    }
    const [side, tensor] = of.split(' ');
    if (side === 'weight') gain(weights, Number(tensor), index, weight);
    else gain(cells, Number(tensor) + (side === 'cell' ? 0 : relation.cells.length), index, weight);
  };
  const alphas = powers(alpha, claims.length);
  claims.forEach((claim: Expression, i) => {
    for (const term of claim.terms) take(term, mul(alphas[i] ?? ZERO, term.weight));
  });
  return columns;
}
