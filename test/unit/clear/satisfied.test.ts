/** The check of relations by themselves, which the argument and the gadgets of protocol `clear` are held against. */
import { describe, expect, it } from 'vitest';
import { ORDER } from '../../../src/field/goldilocks.js';
import { checkerOf, countMultiplicities, unsatisfied } from '../../../src/prove/clear/reference/satisfied.js';
import type { Relation } from '../../../src/verify/clear/relation.js';
import { everyKind, form, rangeTable, ref, requantised, structured, term, zero } from './toys.js';
import type { Toy } from './toys.js';

const toys: readonly (readonly [string, Toy])[] = [
  ['a requantised network', requantised()],
  ['every kind of constraint', everyKind()],
  ['every kind of axis', structured()],
];

describe.each(toys)('%s', (_, { relation, assignment }) => {
  it('is satisfied by its assignment', () => {
    expect(unsatisfied(relation, assignment)).toBeUndefined();
  });

  it('is not, when any element of any tensor that a constraint reads is another', () => {
    const check = checkerOf(relation);
    const held: string[] = [];
    for (const side of ['cells', 'weights', 'publics'] as const) {
      assignment[side].forEach((values, tensor) => {
        for (let i = 0; i < values.length; i++) {
          const kept = values[i]!;
          values[i] = (kept + 1n) % ORDER;
          if (check(assignment) === undefined) held.push(`${relation[side][tensor]!.name}[${i}]`);
          values[i] = kept;
        }
      });
    }
    // A weight on an element that is 0 is of no consequence.
    expect(held.filter((name) => !/^(w1|w2|dense|taps)/.test(name))).toEqual([]);
  });

  it('counts each lookup once', () => {
    const counts = countMultiplicities(relation, assignment);
    const lookups = relation.constraints.filter((c) => c.kind === 'lookup');
    const total = lookups.reduce((sum, { dims }) => sum + dims.reduce((a, b) => a * b, 1), 0);
    expect(counts.reduce((sum, table) => sum + table.reduce((a, b) => a + b, 0n), 0n)).toBe(BigInt(total));
  });
});

it('exhausts a gadget over small moduli: 3q + r = x with r in 0 … 2 and q in 0 … 31 is division', () => {
  const relation: Relation = {
    cells: ['q', 'r'].map((name) => ({ name, dims: [1] })),
    weights: [],
    publics: [{ name: 'x', dims: [1] }],
    tables: [rangeTable('r', 3), rangeTable('q', 32)],
    constraints: [
      {
        kind: 'linear',
        dims: [1],
        form: form([term(3n, ref('cell', 0)), term(1n, ref('cell', 1)), term(-1n, ref('public', 0))]),
        terms: [],
      },
      { kind: 'lookup', dims: [1], table: 0, input: form([term(1n, ref('cell', 1))]), output: zero },
      { kind: 'lookup', dims: [1], table: 1, input: form([term(1n, ref('cell', 0))]), output: zero },
    ],
  };
  for (const modulus of [97, 193]) {
    const check = checkerOf(relation, BigInt(modulus));
    const accepted: number[][] = [];
    for (let q = 0; q < modulus; q++) {
      for (let r = 0; r < modulus; r++) {
        const assignment = (x: number) => ({
          cells: [BigUint64Array.of(BigInt(q)), BigUint64Array.of(BigInt(r))],
          weights: [],
          publics: [BigUint64Array.of(BigInt(x))],
        });
        if (check(assignment(95)) === undefined) accepted.push([q, r]);
      }
    }
    expect(accepted, `modulo ${modulus}`).toEqual([[31, 2]]);
  }
});
