/** Proofs of protocol `clear` and what is made of them: changed bytes, statements and keys, and proofs of assignments that are false. */
import { GL, ORDER } from '../../../src/field/goldilocks.js';
import { proveClear, referenceKey } from '../../../src/prove/clear/reference/prove.js';
import { unsatisfied } from '../../../src/prove/clear/reference/satisfied.js';
import type { OpeningParameters } from '../../../src/verify/clear/parameters.js';
import type { Assignment, Constraint, Relation } from '../../../src/verify/clear/relation.js';
import type { ClearKey, ClearStatement } from '../../../src/verify/clear/verify.js';
import { draws, type Toy } from './toys.js';

export interface Judged {
  readonly key: ClearKey;
  readonly statement: ClearStatement;
  readonly proof: Uint8Array;
}

type Draw = (low: number, high: number) => number;

const DIGEST = new Uint8Array(32).fill(9);

/** Proof of a toy; `said` and `fresh` differ by `seed`. */
export function prove({ relation, assignment }: Toy, parameters: OpeningParameters, seed: number): Judged {
  const reference = referenceKey(relation, assignment.weights, parameters, DIGEST);
  return judged(reference, assignment, seed);
}

function judged(reference: ReturnType<typeof referenceKey>, assignment: Assignment, seed: number): Judged {
  const said = { publicBytes: Uint8Array.of(1, 2, seed), context: new Uint8Array(seed % 33).fill(seed) };
  const proof = proveClear(reference, assignment, said, new Uint8Array(32).fill(seed));
  return { key: reference.key, statement: { ...said, publics: assignment.publics }, proof };
}

function withElement(
  tensors: readonly BigUint64Array[],
  tensor: number,
  element: number,
  by: bigint,
): BigUint64Array[] {
  return tensors.map((values, t) => (t === tensor ? values.with(element, GL.mod(values[element]! + by)) : values));
}

/**
 * Whole proofs by the prover of an assignment with one element changed on a side: of cells, of publics, of weights (against the key of the true ones). Undefined where the
 * change is seen by a lookup, of which that prover makes no proof, or by nothing, or there is no such element.
 */
export function cheat({ relation, assignment }: Toy, parameters: OpeningParameters, draw: Draw): Judged | undefined {
  const side = (['cells', 'publics', 'weights'] as const)[draw(0, 2)]!;
  const tensors = assignment[side];
  if (tensors.length === 0) return undefined;
  const tensor = draw(0, tensors.length - 1);
  const other = withElement(tensors, tensor, draw(0, tensors[tensor]!.length - 1), BigInt(draw(1, 5)));
  const changed = { ...assignment, [side]: other };
  if (unsatisfied(relation, changed) === undefined) return undefined;
  const reference = referenceKey(relation, assignment.weights, parameters, DIGEST);
  const prover = side === 'weights' ? referenceKey(relation, other, parameters, DIGEST) : reference;
  try {
    const made = judged(prover, changed, draw(1, 200));
    // Half of those with other weights are of the true ones' key, half of a key of their own.
    return draw(0, 1) === 0 ? { ...made, key: reference.key } : made;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function patched(proof: Uint8Array, at: number, bytes: readonly number[] | Uint8Array): Uint8Array {
  const copy = proof.slice();
  copy.set(bytes, at);
  return copy;
}

const flipped = (bytes: Uint8Array, draw: Draw): Uint8Array => {
  const at = draw(0, bytes.length - 1);
  return bytes.with(at, bytes[at]! ^ draw(1, 255));
};

const wordOf = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);

function wordAt(proof: Uint8Array, word: number): bigint {
  return new DataView(proof.buffer, proof.byteOffset).getBigUint64(8 * word, true);
}

/** A word of the proof replaced. */
function withWord(proof: Uint8Array, draw: Draw, value: (word: bigint) => bigint): Uint8Array {
  const word = draw(0, Math.floor(proof.length / 8) - 1);
  return patched(proof, 8 * word, wordOf(BigInt.asUintN(64, value(wordAt(proof, word)))));
}

function swapped(proof: Uint8Array, draw: Draw, size: number): Uint8Array {
  const last = Math.floor(proof.length / size) - 1;
  const [a, b] = [size * draw(0, last), size * draw(0, last)];
  return patched(patched(proof, a, proof.slice(b, b + size)), b, proof.slice(a, a + size));
}

function withConstraint(relation: Relation, draw: Draw): Relation {
  const at = draw(0, relation.constraints.length - 1);
  const constraints = relation.constraints.map((constraint, i) =>
    i === at ? otherConstraint(constraint) : constraint,
  );
  return { ...relation, constraints };
}

/** One form with its constant more by one. */
function otherConstraint(constraint: Constraint): Constraint {
  switch (constraint.kind) {
    case 'linear':
    case 'matmul':
      return { ...constraint, form: { ...constraint.form, constant: constraint.form.constant + 1n } };
    case 'product':
      return { ...constraint, c: { ...constraint.c, constant: constraint.c.constant + 1n } };
    case 'lookup':
      return { ...constraint, output: { ...constraint.output, constant: constraint.output.constant + 1n } };
  }
}

const ofProof =
  (change: (proof: Uint8Array, draw: Draw) => Uint8Array) =>
  (whole: Judged, draw: Draw): Judged => ({ ...whole, proof: change(whole.proof, draw) });
const ofStatement =
  (change: (statement: ClearStatement, draw: Draw) => Partial<ClearStatement>) =>
  (whole: Judged, draw: Draw): Judged => ({
    ...whole,
    statement: { ...whole.statement, ...change(whole.statement, draw) },
  });
const ofKey =
  (change: (key: ClearKey, draw: Draw) => Partial<ClearKey>) =>
  (whole: Judged, draw: Draw): Judged => ({ ...whole, key: { ...whole.key, ...change(whole.key, draw) } });

/** The head of a proof decides all that follows; the tail is the opening, met only where the head is as it was. */
const tail = (proof: Uint8Array, draw: Draw): number => draw(Math.floor((proof.length * 3) / 4), proof.length - 1);

export const MUTATIONS: Readonly<Record<string, (whole: Judged, draw: Draw) => Judged>> = {
  nothing: (whole) => whole,
  'a byte': ofProof(flipped),
  'a byte of the last quarter': ofProof((proof, draw) => {
    const at = tail(proof, draw);
    return patched(proof, at, [proof[at]! ^ draw(1, 255)]);
  }),
  'a bit': ofProof((proof, draw) => {
    const at = draw(0, proof.length - 1);
    return patched(proof, at, [proof[at]! ^ (1 << draw(0, 7))]);
  }),
  'a word more by one': ofProof((proof, draw) => withWord(proof, draw, (word) => word + 1n)),
  'a word drawn': ofProof((proof, draw) => withWord(proof, draw, () => BigInt(draw(0, 2 ** 30)) * 5n ** 14n)),
  'a word of 0': ofProof((proof, draw) => withWord(proof, draw, () => 0n)),
  'a residue not below p': ofProof((proof, draw) => withWord(proof, draw, (word) => ORDER + (word % 2n ** 32n))),
  'the same residue, p more': ofProof((proof, draw) =>
    withWord(proof, draw, (word) => (word < 2n ** 32n - 1n ? word + ORDER : word)),
  ),
  'words swapped': ofProof((proof, draw) => swapped(proof, draw, 8)),
  'elements swapped': ofProof((proof, draw) => swapped(proof, draw, 16)),
  'hashes swapped': ofProof((proof, draw) => swapped(proof, draw, 32)),
  truncated: ofProof((proof, draw) => proof.slice(0, draw(0, proof.length - 1))),
  'the last bytes left out': ofProof((proof, draw) => proof.slice(0, proof.length - draw(1, 40))),
  extended: ofProof((proof, draw) => Uint8Array.of(...proof, ...new Uint8Array(draw(1, 40)))),
  'a part left out': ofProof((proof, draw) => {
    const at = 8 * draw(0, Math.floor(proof.length / 8) - 1);
    return Uint8Array.of(...proof.slice(0, at), ...proof.slice(at + 8 * draw(1, 4)));
  }),
  'public bytes': ofStatement(({ publicBytes }, draw) => ({ publicBytes: flipped(publicBytes, draw) })),
  'public bytes and context, another cut': ofStatement(({ publicBytes, context }) => ({
    publicBytes: Uint8Array.of(...publicBytes, 0),
    context: context.slice(1),
  })),
  context: ofStatement(({ context }, draw) => ({
    context: context.length === 0 ? Uint8Array.of(1) : flipped(context, draw),
  })),
  'a context too long': ofStatement(() => ({ context: new Uint8Array(33) })),
  publics: ofStatement(({ publics }, draw) => {
    const tensor = draw(0, Math.max(0, publics.length - 1));
    const element = draw(0, Math.max(0, (publics[tensor]?.length ?? 0) - 1));
    return { publics: withElement(publics, tensor, element, BigInt(draw(1, 9))) };
  }),
  'publics not below p': ofStatement(({ publics }) => ({
    publics: publics.map((tensor) => tensor.with(0, ORDER + (tensor[0]! % 2n ** 31n))),
  })),
  'publics of another count': ofStatement(({ publics }) => ({ publics: [...publics, BigUint64Array.of(0n)] })),
  digest: ofKey(({ digest }, draw) => ({ digest: flipped(digest, draw) })),
  'root of weights': ofKey(({ weightsRoot }, draw) => (weightsRoot ? { weightsRoot: flipped(weightsRoot, draw) } : {})),
  'a constant of the relation': ofKey(({ relation }, draw) => ({ relation: withConstraint(relation, draw) })),
  'queries fewer by one': ofKey(({ parameters }, draw) => {
    const at = draw(1, parameters.queries.length - 1);
    return { parameters: { ...parameters, queries: parameters.queries.with(at, parameters.queries[at]! - 1) } };
  }),
  'grinding of more bits': ofKey(({ parameters }) => ({
    parameters: { ...parameters, grindingBits: parameters.grindingBits + 1 },
  })),
};

/** A seeded draw of mutations, each kind as often as any other. */
export function* mutated(
  proofs: readonly Judged[],
  count: number,
  seed: number,
): Generator<{ readonly kind: string; readonly whole: Judged }> {
  const draw = draws(seed);
  const kinds = Object.entries(MUTATIONS);
  for (let i = 0; i < count; i++) {
    const [kind, mutate] = kinds[i % kinds.length]!;
    yield { kind, whole: mutate(proofs[draw(0, proofs.length - 1)]!, draw) };
  }
}
