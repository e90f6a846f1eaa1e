/** A relation that is not well-formed is refused where a key is read, with what is wrong and where. */
import { describe, expect, it } from 'vitest';
import { MAX_LISTED_ROWS } from '../../../src/verify/clear/plan.js';
import { listsTooLong } from '../../../src/verify/clear/listed.js';
import { checkRelation } from '../../../src/verify/clear/relation-check.js';
import type { Constraint, MapAxis, MatrixTerm, Relation } from '../../../src/verify/clear/relation.js';
import { everyKind, form, just, ref, requantised, select, structured, term } from './toys.js';

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

const conv = structured();
/** The convolution with other axes, over another box or operand. */
const withAxes = (change: (axes: MapAxis[]) => MapAxis[], constraint: object = {}): Relation => {
  const [first, ...others] = conv.relation.constraints as readonly Extract<Constraint, { kind: 'linear' }>[];
  const [{ operand, map }] = first!.terms as [MatrixTerm];
  const axes = change([...(map as Extract<MatrixTerm['map'], { kind: 'axes' }>).axes]);
  const own = { ...first!, terms: [{ operand, map: { ...map, axes } as MatrixTerm['map'] }], ...constraint };
  return { ...conv.relation, constraints: [own, ...others] };
};
const axisWith = (index: number, change: object): Relation =>
  withAxes((axes) => axes.map((axis, a) => (a === index ? ({ ...axis, ...change } as MapAxis) : axis)));

describe('checkRelation', () => {
  it('takes those of the tests', () => {
    for (const toy of [everyKind(), requantised(), requantised(1, 1), structured()])
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
    ['no axes', withAxes(() => []), /axes have sizes/],
    ['axes left out', withAxes((axes) => axes.slice(1)), /a box \[2, 2, 3, 3, 2\] is \[2, 3, 3, 2\]/],
    ['an axis of no element', axisWith(0, { size: 0 }), /axes have sizes/],
    ['an axis of another size', axisWith(0, { size: 4 }), /a box .* is \[4, 2, 3, 3, 2\]/],
    ['an axis that is no integer', axisWith(0, { size: 1.5 }), /axes have sizes/],
    ['weights for other axes', axisWith(2, { in: 4 }), /weights are \[2, 3, 4, 3, 2\]/],
    ['weights for another kernel', axisWith(3, { kernel: 4 }), /weights are \[2, 3, 2, 4, 2\]/],
    ['an operand of other axes', axisWith(3, { in: 6 }), /an? operand .* is \[2, 2, 2, 6, 4\]/],
    ['a stride of 0', axisWith(3, { stride: 0 }), /axes have sizes/],
    ['a dilation of 0', axisWith(3, { dilation: 0 }), /axes have sizes/],
    ['a negative pad', axisWith(3, { pad: -1 }), /axes have sizes/],
    ['a pad of 2^31', axisWith(3, { pad: 2 ** 31 }), /axes have sizes/],
    ['a stride of 2^31', axisWith(3, { stride: 2 ** 31 }), /axes have sizes/],
    [
      'an index beyond 2^53',
      withAxes(() => [{ kind: 'window', out: 2 ** 23 + 2, in: 1, kernel: 1, stride: 2 ** 30, dilation: 1, pad: 0 }]),
      /axes have sizes/,
    ],
    ['a box that no runs of dims make', withAxes((axes) => axes, { dims: [4, 3, 3, 2], form: form([]) }), /a box/],
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
      withTable({ name: 'long', pieces: [{ kind: 'values', first: 0, values: new Float64Array(MAX_LISTED_ROWS) }] }),
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
