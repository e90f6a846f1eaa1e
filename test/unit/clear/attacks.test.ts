/** Provers of protocol `clear` that cheat in one place and go on honestly; and forgeries against a transcript that lacks something. Claims are checked exactly (plain.ts). */
import { describe, expect, it } from 'vitest';
import { GL, ORDER, extAdd, type Ext } from '../../../src/field/goldilocks.js';
import type { ProverTranscript } from '../../../src/prove/clear/reference/sender.js';
import { countMultiplicities } from '../../../src/prove/clear/reference/satisfied.js';
import type { Assignment, Relation } from '../../../src/verify/clear/relation.js';
import { proveToy, verdict, type ProveOptions } from './plain.js';
import { everyKind, requantised, structured, type Toy } from './toys.js';

const small = requantised(2, 3);
const toys: readonly (readonly [string, Toy])[] = [
  ['a requantised network', small],
  ['every kind of constraint', everyKind()],
  ['every kind of axis', structured()],
];

/** A copy with one element more by `by`. */
function changed(values: BigUint64Array, index: number, by = 1n): BigUint64Array {
  const copy = values.slice();
  copy[index] = GL.mod(copy[index]! + by);
  return copy;
}

function withCells(
  assignment: Assignment,
  changes: readonly (readonly [tensor: number, index: number, by: bigint])[],
): Assignment {
  const cells = [...assignment.cells];
  for (const [tensor, index, by] of changes) cells[tensor] = changed(cells[tensor]!, index, by);
  return { ...assignment, cells };
}

/** Counts what is a row and passes over what is not. */
function countRows({ relation, assignment }: Toy): BigUint64Array[] {
  const whole: Relation = { ...relation, constraints: [] };
  const counts = countMultiplicities(whole, assignment);
  for (const constraint of relation.constraints) {
    if (constraint.kind !== 'lookup') continue;
    for (let i = 0; i < constraint.dims.reduce((a, b) => a * b, 1); i++) {
      try {
        const one = countMultiplicities({ ...relation, constraints: [elementOf(constraint, i)] }, assignment);
        one.forEach((table, t) => table.forEach((count, row) => (counts[t]![row]! += count)));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
  }
  return counts;
}

/** Element i of a lookup as a lookup of its own. */
function elementOf(constraint: Relation['constraints'][number] & { kind: 'lookup' }, i: number) {
  const only = (of: typeof constraint.input) => ({
    ...of,
    terms: of.terms.map(({ coefficient, source, select }) => {
      const from = select ? [...select.from].filter((_, e) => select.to[e] === i) : [i];
      return { coefficient, source, select: { from: Uint32Array.from(from), to: new Uint32Array(from.length) } };
    }),
  });
  return { ...constraint, dims: [1], input: only(constraint.input), output: only(constraint.output) };
}

const outcome = (toy: Toy, options: ProveOptions): string => verdict(proveToy(toy, options));

describe.each(toys)('%s: refused is', (_, toy) => {
  const { relation, assignment } = toy;
  const counted = countMultiplicities(relation, assignment);
  // The larger toy is sampled, the smaller one is done whole.
  const step = toy === small ? 1 : 3;

  it('every other public value', () => {
    assignment.publics.forEach((tensor, index) => {
      for (let i = 0; i < tensor.length; i++) {
        const publics = assignment.publics.map((t, k) => (k === index ? changed(t, i) : t));
        expect(outcome(toy, { publics, multiplicities: counted }), `public ${index} ${i}`).toMatch(/^constraint/);
      }
    });
  });

  it('every cell changed, with multiplicities as they were and recounted', () => {
    assignment.cells.forEach((tensor, index) => {
      for (let i = 0; i < tensor.length; i += step) {
        const other: Toy = { relation, assignment: withCells(assignment, [[index, i, 1n]]) };
        expect(outcome(other, { multiplicities: counted }), `cell ${index} ${i}`).not.toBe('accepted');
        expect(outcome(other, { multiplicities: countRows(other) }), `cell ${index} ${i}, recounted`).not.toBe(
          'accepted',
        );
      }
    });
  });

  it('every weight changed', () => {
    assignment.weights.forEach((tensor, index) => {
      for (let i = 0; i < tensor.length; i += Math.ceil(tensor.length / 20)) {
        const weights = assignment.weights.map((t, k) => (k === index ? changed(t, i) : t));
        const proof = proveToy({ relation, assignment: { ...assignment, weights } }, { multiplicities: counted });
        expect(verdict({ ...proof, weights: assignment.weights }), `weight ${index} ${i}`).toMatch(/^constraint/);
      }
    });
  });

  it('every multiplicity changed', () => {
    counted.forEach((table, index) => {
      for (let i = 0; i < table.length; i += step) {
        for (const by of [1n, -1n]) {
          const multiplicities = counted.map((t, k) => (k === index ? changed(t, i, by) : t));
          expect(outcome(toy, { multiplicities }), `multiplicity ${index} ${i}`).not.toBe('accepted');
        }
      }
    });
  });

  it('every residue of every message changed', () => {
    const proof = proveToy(toy);
    const accepted: number[] = [];
    const view = new DataView(proof.bytes.buffer);
    for (let at = 0; at < proof.bytes.length; at += 8 * step) {
      const kept = view.getBigUint64(at, true);
      view.setBigUint64(at, (kept + 1n) % ORDER, true);
      if (verdict(proof) === 'accepted') accepted.push(at);
      view.setBigUint64(at, kept, true);
    }
    expect(accepted).toEqual([]);
  });

  it('a residue of p and more, and any other length', () => {
    const proof = proveToy(toy);
    for (let at = 0; at < proof.bytes.length; at += 8 * 13) {
      const bytes = proof.bytes.slice();
      new DataView(bytes.buffer).setBigUint64(at, ORDER, true);
      expect(verdict({ ...proof, bytes })).toBe('PROOF_MALFORMED');
    }
    expect(verdict({ ...proof, bytes: proof.bytes.subarray(0, -1) })).toBe('PROOF_MALFORMED');
    expect(verdict({ ...proof, bytes: Uint8Array.of(...proof.bytes, 0) })).toBe('PROOF_MALFORMED');
  });

  it('a prover that sends another value, whichever, and goes on honestly', () => {
    const values = proveToy(toy).bytes.length / 16;
    for (let value = 0; value < values; value += step) {
      for (const change of [(x: Ext) => extAdd(x, [1n, 0n]), (x: Ext) => extAdd(x, [0n, 3n])]) {
        expect(outcome(toy, { cheat: { value, change } }), `value ${value}`).not.toBe('accepted');
      }
    }
  });

  it('a round of one degree more, wherever', () => {
    const rounds = new Set<string>();
    const listing = (transcript: ProverTranscript): ProverTranscript => ({
      draw: (label, count) => transcript.draw(label, count),
      exchange(label, values, draws) {
        if (label.includes('round')) rounds.add(label);
        return transcript.exchange(label, values, draws);
      },
    });
    proveToy(toy, { through: listing });
    expect(rounds.size).toBeGreaterThan(10);
    for (const round of [...rounds].filter((_, i) => i % step === 0)) {
      const through = (transcript: ProverTranscript): ProverTranscript => ({
        draw: (label, count) => transcript.draw(label, count),
        exchange: (label, values, draws) =>
          transcript.exchange(label, label === round ? [...values, [1n, 0n]] : values, draws),
      });
      expect(outcome(toy, { through }), round).not.toBe('accepted');
    }
  });

  it('a product of pads that is none, and one of other pads than those that hide', () => {
    const { products, firstProduct } = proveToy(toy).plan.blinding;
    for (let i = 0; i < products.length; i += step) {
      const options: ProveOptions = {
        changeValues: (values) => ({
          ...values,
          blinding: values.blinding.map((x, k) => (k === firstProduct + i ? extAdd(x, [1n, 0n]) : x)),
        }),
      };
      expect(outcome(toy, options), `product ${i}`).not.toBe('accepted');
      const changePlan: ProveOptions['changePlan'] = (plan) => ({
        ...plan,
        blinding: {
          ...plan.blinding,
          products: plan.blinding.products.map(([a, b], k) => (k === i ? ([a === 0 ? 1 : a - 1, b] as const) : [a, b])),
        },
      });
      expect(outcome(toy, { changePlan }), `gather ${i}`).not.toBe('accepted');
    }
  });
});

it('z − 1 with rem + 2^s is refused', () => {
  const { relation, assignment } = requantised();
  for (let i = 0; i < 6; i++) {
    const other: Toy = {
      relation,
      assignment: withCells(assignment, [
        [0, i, -1n],
        [1, i, 8n],
      ]),
    };
    expect(outcome(other, { multiplicities: countRows(other) })).toMatch(/^lookups/);
  }
});
