/** A relation that is not well-formed is refused where a key is read, with what is wrong and where. */
import { describe, expect, it } from 'vitest';
import { listsTooLong } from '../../../src/verify/clear/listed.js';
import { checkRelation } from '../../../src/verify/clear/relation-check.js';
import type { Constraint, Relation } from '../../../src/verify/clear/relation.js';
import { everyKind, form, just, ref, requantised, select, term } from './toys.js';

const { relation } = everyKind();
const withConstraint = (index: number, change: Partial<Record<string, unknown>>): Relation => ({
  ...relation,
  constraints: relation.constraints.map((c, i) => (i === index ? ({ ...c, ...change } as Constraint) : c)),
});
const patterns = relation.constraints[0] as Extract<Constraint, { kind: 'linear' }>;
const withMap = (change: object): Relation =>
  withConstraint(0, { terms: [{ ...patterns.terms[0], map: { ...patterns.terms[0]!.map, ...change } }] });
const withTable = (table: Relation['tables'][number]): Relation => ({
  ...relation,
  tables: [table, ...relation.tables.slice(1)],
});

describe('checkRelation', () => {
  it('takes those of the tests', () => {
    for (const toy of [everyKind(), requantised(), requantised(1, 1)])
      expect(() => checkRelation(toy.relation)).not.toThrow();
  });

  const wrong: readonly (readonly [string, Relation, RegExp])[] = [
    ['an axis of 0', { ...relation, cells: [{ name: 'x', dims: [0] }] }, /cells x/],
    ['no axis', withConstraint(0, { dims: [] }), /constraint 0/],
    ['a source of another box', withConstraint(0, { form: just('cell', 0) }), /constraint 0/],
    ['a tensor that is not there', withConstraint(0, { form: just('cell', 99) }), /there is a cell 99/],
    ['a coefficient of 0', withConstraint(0, { form: form([term(0n, ref('cell', 2))]) }), /coefficient/],
    ['a coefficient of 2^63', withConstraint(0, { form: form([term(2n ** 63n, ref('cell', 2))]) }), /coefficient/],
    [
      'a selection beyond its source',
      withConstraint(0, { form: form([term(1n, ref('cell', 2), select([5], [0]))]) }),
      /reads elements/,
    ],
    [
      'a selection beyond its box',
      withConstraint(0, { form: form([term(1n, ref('cell', 2), select([0], [5]))]) }),
      /writes elements/,
    ],
    [
      'a selection of two lengths',
      withConstraint(0, { form: form([term(1n, ref('cell', 2), select([0, 1], [0]))]) }),
      /as many/,
    ],
    ['a row beyond its operand', withMap({ base: Int32Array.of(0, 7, 25, 3, 20) }), /row 2/],
    ['a row before its operand', withMap({ base: Int32Array.of(-1, 7, 11, 3, 20) }), /row 0/],
    ['a pattern that is not there', withMap({ pattern: Uint32Array.of(0, 2, 0, 1, 0) }), /pattern/],
    ['patterns beyond the offsets', withMap({ start: Uint32Array.of(0, 3, 6) }), /offsets/],
    ['weights of another size', withMap({ weight: 1 }), /weights are/],
    ['an operand of another box', withConstraint(1, { a: ref('cell', 1) }), /an operand is/],
    ['a product of public matrices', withConstraint(1, { a: ref('public', 0) }), /reads cell/],
    ['a table that is not there', withConstraint(8, { table: 3 }), /table 3/],
    ['a table without rows', withTable({ name: 'none', pieces: [] }), /table none/],
    [
      'rows that are no integers',
      withTable({ name: 'half', pieces: [{ kind: 'values', first: 0, values: Float64Array.of(0.5) }] }),
      /table half/,
    ],
    [
      'too many listed rows',
      withTable({ name: 'long', pieces: [{ kind: 'values', first: 0, values: new Float64Array(2 ** 16) }] }),
      /rows are listed/,
    ],
  ];
  it.each(wrong)('refuses %s', (_, of, message) => {
    expect(() => checkRelation(of)).toThrow(message);
    expect(() => checkRelation(of)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }) as Error);
  });
});

describe('what a check would list', () => {
  const dims = [2 ** 21, 4];
  const selects = (count: number) =>
    Array.from({ length: count }, () => ({
      kind: 'linear' as const,
      dims: [1],
      form: form([term(1n, ref('cell', 0), select([0], [0]))]),
      terms: [],
    }));
  const relationOf = (box: readonly number[], constraints: Relation['constraints']): Relation => ({
    cells: [{ name: 'x', dims: box }],
    weights: [],
    publics: [],
    tables: [],
    constraints,
  });

  it('is bounded, a tensor by itself and all together, though few bytes of a key name it', () => {
    expect(listsTooLong(relationOf([2 ** 21, 2], selects(3)))).toBeUndefined();
    expect(listsTooLong(relationOf(dims, selects(1)))).toMatch(/more than 4194304/);
    expect(listsTooLong(relationOf([2 ** 21, 2], selects(20)))).toMatch(/lists of/);
    // Whole tensors are never listed.
    const whole = { kind: 'linear' as const, dims, form: form([term(1n, ref('cell', 0))]), terms: [] };
    expect(listsTooLong(relationOf(dims, [whole]))).toBeUndefined();
  });

  it('of every toy is little', () => {
    for (const { relation } of [requantised(), everyKind()]) expect(listsTooLong(relation)).toBeUndefined();
  });
});
