/**
 * The argument of protocol `clear` without its opening: claims are checked by plain inner products with what was committed. Proofs are the bytes of the
 * channel, of a statement that binds the committed values by their hash.
 */
import { blake3 } from '@noble/hashes/blake3.js';
import { EXT_ZERO, ORDER, extAdd, extEq, extMul, extOf, type Ext } from '../../../src/field/goldilocks.js';
import { Recorder, proveArgument } from '../../../src/prove/clear/reference/argument.js';
import type { ProverTranscript } from '../../../src/prove/clear/reference/sender.js';
import { committedValues, drawBlinding, valuesOf, type Values } from '../../../src/prove/clear/reference/values.js';
import { readArgument } from '../../../src/verify/clear/argument.js';
import { ProverChannel, VerifierChannel } from '../../../src/verify/clear/channel.js';
import type { Exchange, StatementBytes } from '../../../src/verify/clear/channel.js';
import type { Claim, FunctionalTerm } from '../../../src/verify/clear/functional.js';
import { layOut, type Layout } from '../../../src/verify/clear/layout.js';
import { eqTable } from '../../../src/verify/clear/multilinear.js';
import { argumentPlan, committedTensors } from '../../../src/verify/clear/plan.js';
import type { ArgumentPlan, Layouts } from '../../../src/verify/clear/plan.js';
import type { Transcript } from '../../../src/verify/clear/reader.js';
import { elementsOf } from '../../../src/verify/clear/relation.js';
import type { Relation } from '../../../src/verify/clear/relation.js';
import { Refusal } from '../../../src/verify/refusal.js';
import { draws, type Toy } from './toys.js';

/** A matrix so low that tensors are cut in several blocks. */
const [N, RESERVED] = [5, 8];

function layoutsOf(relation: Relation): Layouts {
  const dims = (tensors: readonly { readonly dims: readonly number[] }[]) => tensors.map((tensor) => tensor.dims);
  return {
    cells: layOut(dims(committedTensors(relation)), N, RESERVED),
    weights: layOut(dims(relation.weights), N, 0),
  };
}

export const plainPlan = (relation: Relation): ArgumentPlan => argumentPlan(relation, layoutsOf(relation));

/** Elements of the extension that are the same for every run with this seed. */
export function extensionDraws(seed: number): () => Ext {
  const draw = draws(seed);
  const word = () => BigInt(draw(0, 2 ** 30)) * 2n ** 34n + BigInt(draw(0, 2 ** 30)) * 2n ** 4n;
  return () => [word() % ORDER, word() % ORDER];
}

export interface Proved {
  readonly plan: ArgumentPlan;
  readonly publics: readonly BigUint64Array[];
  readonly weights: readonly BigUint64Array[];
  readonly committed: readonly BigUint64Array[];
  readonly bytes: Uint8Array;
}

export interface ProveOptions {
  readonly seed?: number;
  /** In place of those counted. */
  readonly multiplicities?: readonly BigUint64Array[];
  readonly changeValues?: (values: Values) => Values;
  /** Changes message values by their number among all that are sent, before they are sent. */
  readonly cheat?: { readonly value: number; readonly change: (value: Ext) => Ext };
  /** Stands between the prover and its channel. */
  readonly through?: (transcript: ProverTranscript) => ProverTranscript;
  /** The plan that the prover follows, in place of the relation's. */
  readonly changePlan?: (plan: ArgumentPlan) => ArgumentPlan;
  /** Public tensors that are bound and proved, in place of the assignment's. */
  readonly publics?: readonly BigUint64Array[];
  /** Public tensors that the prover works with, in place of those that are bound. */
  readonly publicsProved?: readonly BigUint64Array[];
  /** Challenges of a weakened transcript. */
  readonly weak?: Weakness;
  /** What the transcript does not begin with. */
  readonly unbound?: Unbound;
}

export type Unbound = 'publics' | 'committed' | undefined;

/** Constants in place of challenges drawn under a label; undefined leaves them. */
export type Weakness = (label: string, challenges: readonly Ext[]) => readonly Ext[] | undefined;

/** A transcript some of whose challenges are constants: both sides are given the same. */
class Weakened implements ProverTranscript, Transcript {
  constructor(
    private readonly draws: (label: string, count: number) => readonly Ext[],
    private readonly exchanges: (label: string, values: never, count: number) => Exchange,
    private readonly weakness: Weakness,
  ) {}

  draw(label: string, count: number): readonly Ext[] {
    const drawn = this.draws(label, count);
    return this.weakness(label, drawn) ?? drawn;
  }

  exchange(label: string, values: number | readonly Ext[], count: number): Exchange {
    const { values: sent, challenges } = this.exchanges(label, values as never, count);
    return { values: sent, challenges: this.weakness(label, challenges) ?? challenges };
  }
}

function weakened<T extends ProverChannel | VerifierChannel>(channel: T, weakness: Weakness | undefined): T | Weakened {
  if (!weakness) return channel;
  return new Weakened(
    (label, count) => channel.draw(label, count),
    (label, values, count) => channel.exchange(label, values, count),
    weakness,
  );
}

export function statementOf(
  publics: readonly BigUint64Array[],
  committed: readonly BigUint64Array[],
  unbound?: Unbound,
): StatementBytes {
  const hash = (arrays: readonly BigUint64Array[]) => {
    const hasher = blake3.create();
    for (const array of arrays) hasher.update(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return hasher.digest();
  };
  return {
    keyDigest: new Uint8Array(32),
    publicBytes: hash(unbound === 'publics' ? [] : publics),
    context: hash(unbound === 'committed' ? [] : committed),
  };
}

/** A prover that goes on whatever its values are. */
export function proveToy({ relation, assignment }: Toy, options: ProveOptions = {}): Proved {
  const publics = options.publics ?? assignment.publics;
  const plan = plainPlan(relation);
  const provers = options.changePlan ? options.changePlan(plan) : plan;
  const blinding = drawBlinding(provers.blinding, extensionDraws(options.seed ?? 1));
  const made = { ...assignment, publics: options.publicsProved ?? publics };
  let values = valuesOf(relation, made, blinding, options.multiplicities);
  if (options.changeValues) values = options.changeValues(values);
  const committed = committedValues(values);
  const channel = new ProverChannel(statementOf(publics, committed, options.unbound));
  const weak = weakened(channel, options.weak);
  const transcript = options.cheat ? new Cheat(weak, options.cheat) : weak;
  proveArgument(provers, values, options.through ? options.through(transcript) : transcript);
  return { plan, publics, weights: assignment.weights, committed, bytes: channel.bytes() };
}

class Cheat implements ProverTranscript {
  private sent = 0;

  constructor(
    private readonly channel: ProverTranscript,
    private readonly cheat: NonNullable<ProveOptions['cheat']>,
  ) {}

  draw(label: string, count: number): readonly Ext[] {
    return this.channel.draw(label, count);
  }

  exchange(label: string, values: readonly Ext[], count: number): Exchange {
    const changed = values.map((value) => (this.sent++ === this.cheat.value ? this.cheat.change(value) : value));
    return this.channel.exchange(label, changed, count);
  }
}

/** 'accepted', or what is wrong: a refusal's reason, or the label of the first claim that is not true. */
export function verdict(
  { plan, publics, weights, committed, bytes }: Proved,
  weakness?: Weakness,
  unbound?: Unbound,
): string {
  try {
    const channel = new VerifierChannel(statementOf(publics, committed, unbound), bytes);
    const claims = readArgument(plan, publics, weakened(channel, weakness));
    channel.end();
    const wrong = falseClaims(plan.relation, claims, committed, weights)[0];
    return wrong ?? 'accepted';
  } catch (error) {
    if (error instanceof Refusal) return error.refused.reason;
    throw error;
  }
}

export function claimsOf(toy: Toy, options: ProveOptions = {}): readonly Claim[] {
  const plan = plainPlan(toy.relation);
  const values = valuesOf(toy.relation, toy.assignment, drawBlinding(plan.blinding, extensionDraws(options.seed ?? 1)));
  const recorder = new Recorder(new ProverChannel(statementOf(toy.assignment.publics, committedValues(values))));
  proveArgument(plan, values, recorder);
  return recorder.claims(plan, toy.assignment.publics);
}

export function falseClaims(
  relation: Relation,
  claims: readonly Claim[],
  committed: readonly BigUint64Array[],
  weights: readonly BigUint64Array[],
): string[] {
  const layouts = layoutsOf(relation);
  const tensors = { cells: committed, weights };
  return claims
    .filter(({ functional, value }) => {
      let sum = EXT_ZERO;
      for (const tree of ['cells', 'weights'] as const) {
        for (const term of functional[tree]) sum = extAdd(sum, valueOfTerm(term, tensors[tree], layouts[tree]!));
      }
      return !extEq(sum, value);
    })
    .map(({ label }) => label);
}

function valueOfTerm(term: FunctionalTerm, tensors: readonly BigUint64Array[], layout: Layout): Ext {
  const values = tensors[term.tensor]!;
  const dims = layout.dims[term.tensor]!;
  let sum = EXT_ZERO;
  const add = (flat: number, weight: Ext) => {
    sum = extAdd(sum, extMul(weight, extOf(values[flat]!)));
  };
  if (term.kind === 'entries') term.index.forEach((flat, e) => add(flat, term.weights[e]!));
  const indices = Array.from({ length: elementsOf(dims) }, (_, flat) => indexOf(dims, flat));
  if (term.kind === 'axes') {
    const vectors = term.vectors.map((vector) => (vector.kind === 'eq' ? eqTable(vector.point) : vector.values));
    indices.forEach((index, flat) => {
      add(
        flat,
        index.reduce((w, i, axis) => extMul(w, vectors[axis]![i]!), term.coefficient),
      );
    });
  }
  if (term.kind === 'block') {
    const { start, logs } = layout.ofTensor[term.tensor]![term.block]!;
    const weights = eqTable(term.point);
    indices.forEach((index, flat) => {
      let local = 0;
      for (const [axis, i] of index.entries()) {
        const offset = i - start[axis]!;
        if (offset < 0 || offset >= 2 ** logs[axis]!) return;
        local = local * 2 ** logs[axis]! + offset;
      }
      add(flat, extMul(term.coefficient, weights[local]!));
    });
  }
  return sum;
}

function indexOf(dims: readonly number[], flat: number): number[] {
  const index: number[] = [];
  for (const dim of [...dims].reverse()) {
    index.unshift(flat % dim);
    flat = Math.floor(flat / dim);
  }
  return index;
}
