/** Claims of the argument of protocol `clear`: complete, and about allocated rows alone; closed forms beside sums. */
import { describe, expect, it } from 'vitest';
import { EXT_ZERO, extAdd, extEq, extOf, extScale, extSub, type Ext } from '../../../src/field/goldilocks.js';
import { rowsOf } from '../../../src/prove/clear/reference/satisfied.js';
import { addTerm, noWeights } from '../../../src/prove/clear/reference/weights.js';
import { boxTotal, boxVariables, boxWeights, eqSums, flatVector } from '../../../src/verify/clear/box.js';
import { Expression } from '../../../src/verify/clear/expression.js';
import { positionsOf } from '../../../src/verify/clear/layout.js';
import { rowSums } from '../../../src/verify/clear/lookups.js';
import { eqTable, innerProduct } from '../../../src/verify/clear/multilinear.js';
import { ArgumentReader } from '../../../src/verify/clear/reader.js';
import { elementsOf, tableRows } from '../../../src/verify/clear/relation.js';
import { flatIndex } from '../../../src/verify/clear/weighting.js';
import { claimsOf, extensionDraws, plainPlan } from './plain.js';
import { everyKind, requantised, structured } from './toys.js';

const toys = [requantised(), everyKind(), requantised(7, 13), structured()];

describe.each(toys.map((toy) => [toy.relation.cells.length, toy] as const))('a relation of %i tensors', (_, toy) => {
  const { relation } = toy;
  const plan = plainPlan(relation);

  it('has the claims of its plan, whose functionals have no weight outside of tensors', () => {
    const claims = claimsOf(toy);
    expect(claims.map(({ label }) => label)).toEqual(plan.claims);
    const layout = plan.layouts.cells;
    const taken = new Set(layout.dims.flatMap((__, tensor) => [...positionsOf(layout, tensor)]));
    for (const { functional, label } of claims) {
      const weights = noWeights(layout);
      for (const term of functional.cells) addTerm(weights, layout, term, [1n, 0n]);
      const outside = weights.flatMap((column, j) =>
        column.flatMap((weight, row) => (taken.has(j * 2 ** layout.n + row) || extEq(weight, EXT_ZERO) ? [] : [row])),
      );
      expect(outside, label).toEqual([]);
    }
  });

  it('has leaves for each element and each row, once and aligned', () => {
    const { blocks, allocated, depth } = plan.lookups!;
    const seen = new Set<string>();
    for (const { of, start, logs, log, leaf } of blocks) {
      expect(leaf % 2 ** log).toBe(0);
      const dims =
        of.kind === 'lookup' ? relation.constraints[of.index]!.dims : [tableRows(relation.tables[of.index]!)];
      for (let local = 0; local < 2 ** log; local++)
        seen.add(`${of.kind} ${of.index} ${flatIndex(dims, { start, logs }, local)}`);
    }
    expect(seen.size).toBe(allocated);
    expect(allocated).toBeLessThanOrEqual(2 ** depth);
    expect(2 * allocated).toBeGreaterThan(2 ** depth);
  });

  it('has sums over rows in closed form', () => {
    const next = extensionDraws(5);
    for (const block of plan.lookups!.blocks) {
      if (block.of.kind !== 'table') continue;
      const table = relation.tables[block.of.index]!;
      const point = Array.from({ length: block.log }, next);
      const weights = eqTable(point);
      const rows = rowsOf(table).slice(block.start[0], block.start[0]! + 2 ** block.log);
      const sums = rowSums(table, block, point);
      expect(sums.input).toEqual(
        innerProduct(
          weights,
          rows.map(([input]) => extOf(input)),
        ),
      );
      expect(sums.output).toEqual(
        innerProduct(
          weights,
          rows.map(([, output]) => extOf(output)),
        ),
      );
    }
  });
});

describe('boxes', () => {
  it.each([[[1]], [[7]], [[3, 5]], [[5, 4, 8]], [[1, 6, 2]], [[2, 1, 3, 3]]])(
    '%j: weights are products over axes',
    (dims) => {
      const next = extensionDraws(17);
      const point = Array.from({ length: boxVariables(dims) + 2 }, next);
      const weights = boxWeights(dims, point);
      const total = weights.reduce<Ext>((sum, weight) => extAdd(sum, weight), EXT_ZERO);
      expect(boxTotal(dims, point)).toEqual(total);
      const vector = flatVector(dims, point);
      const listed = vector.kind === 'eq' ? eqTable(vector.point).slice(0, elementsOf(dims)) : vector.values;
      expect(listed).toEqual(weights);
    },
  );

  it('sums over the first n indices are those of the table', () => {
    const point = Array.from({ length: 4 }, extensionDraws(23));
    const table = eqTable(point);
    let count: Ext = EXT_ZERO;
    let index: Ext = EXT_ZERO;
    for (let end = 0; end <= 16; end++) {
      const sums = eqSums(point, end);
      expect(extSub(sums.count, count)).toEqual([0n, 0n]);
      expect(extSub(sums.index, index)).toEqual([0n, 0n]);
      if (end < 16) {
        count = extAdd(count, table[end]!);
        index = extAdd(index, extScale(table[end]!, BigInt(end)));
      }
    }
  });
});

it('an argument that leaves out a claim, a pad or a product is a bug that is seen', () => {
  const { relation, assignment } = requantised();
  const plan = plainPlan(relation);
  const transcript = { draw: () => [], exchange: () => ({ values: [], challenges: [] }) };
  const reader = new ArgumentReader(plan, assignment.publics, transcript);
  expect(() => reader.takeClaims()).toThrow(/claims of an argument are those of its plan/);
  for (const label of plan.claims) reader.claimZero(label, new Expression());
  expect(() => reader.takeClaims()).toThrow(/uses each pad/);
});
