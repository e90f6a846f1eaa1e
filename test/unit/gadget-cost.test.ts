/** What gadgets cost, pinned: test/golden/constraints.csv (UPDATE_GOLDEN=1 rewrites it) and the formulas in the gadgets' headers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { argmax } from '../../circuits/gadgets/argmax.js';
import { buildGadget, gadgetSize, type Gadget } from '../../circuits/attack/harness.js';
import { bitLayouts, lookupLayouts } from '../../circuits/attack/plans.js';
import { OWN_ENDS, type Lc } from '../../circuits/builder.js';
import { linearCombination } from '../../circuits/lc.js';
import { choosePlan, clampKey, SURVEY_PLAN, type TablePlan } from '../../circuits/builders/lookup-plan.js';
import { max } from '../../circuits/gadgets/max.js';
import { positive } from '../../circuits/gadgets/positive.js';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import { requantise, type Requantise } from '../../circuits/gadgets/requantise.js';

const golden = new URL('../golden/constraints.csv', import.meta.url);

/** Rows that `use` adds to a builder that holds inputs of these bounds. */
function rowsOf(
  bounds: readonly (readonly [number, number])[],
  use: (b: R1csBuilder, x: readonly Lc[]) => unknown,
): number {
  const b = new R1csBuilder();
  const x = bounds.map(([lo, hi], i) => b.input(`x${i}`, 1, lo, hi)[0]!);
  const before = b.constraints;
  use(b, x);
  return b.constraints - before;
}

/** A weighted sum of twenty inputs, as a layer makes it. */
function dense(b: R1csBuilder, hi: number): Lc {
  const x = b.input('x', 20, 0, 1);
  return linearCombination(
    x,
    x.map((_, i) => (i % 2 === 0 ? 1 : -1) * Math.floor(hi / 10)),
  );
}

/** Layouts in the golden table; without tables, which belong to a whole circuit. */
const PINNED = ['bits', 'b=4', 'b=4 with every table', 'b=12'];

describe('constraints', () => {
  it('are those of test/golden/constraints.csv', () => {
    const lines = [...bitLayouts, ...lookupLayouts]
      .filter(({ layout }) => PINNED.includes(layout))
      .map(({ gadget, layout, plan }) => {
        const { constraints, wires } = gadgetSize(buildGadget(gadget, plan));
        return `${layout},${gadget.name},"${gadget.parameters}",${constraints},${wires}`;
      });
    const csv = ['layout,gadget,parameters,constraints,wires', ...lines, ''].join('\n');
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, csv);
    expect(csv).toBe(readFileSync(golden, 'utf8'));
  });
});

describe('by lookups', () => {
  /** Rows of one use among 6,000 alike, in the tables that are best for them. */
  const rowsOfMany = (
    bounds: readonly (readonly [number, number])[],
    build: Gadget['build'],
    checked = false,
  ): number => {
    const inputs = bounds.map(([lo, hi]) => ({ lo, hi }));
    const gadget: Gadget = { name: 'cost', parameters: '', inputs, checked, build, oracle: () => undefined };
    const { demands } = buildGadget(gadget, SURVEY_PLAN);
    const { plan } = choosePlan(demands.map(({ demand, count }) => ({ demand, count: 6000 * count })));
    return gadgetSize(buildGadget(gadget, plan)).constraints;
  };
  const rowsIn = (
    plan: Partial<TablePlan>,
    bounds: readonly (readonly [number, number])[],
    build: Gadget['build'],
  ): number => {
    const inputs = bounds.map(([lo, hi]) => ({ lo, hi }));
    const gadget: Gadget = { name: 'cost', parameters: '', inputs, build, oracle: () => undefined };
    return gadgetSize(buildGadget(gadget, { ...SURVEY_PLAN, ...plan })).constraints;
  };
  const relu =
    (how: Requantise): Gadget['build'] =>
    (b, [x]) => [requantise(b, x!, how)];
  const byte = [0, 255] as const;
  const wide = [-(2 ** 22), 2 ** 22] as const;

  it('a ReLU with requantise costs at most 3 without saturation, by its bounds or by a refused upper end', () => {
    const how = { shift: 12, lo: 0, bits: 8, ends: OWN_ENDS };
    expect(rowsOfMany([[-(2 ** 19), 2 ** 19]], relu(how))).toBeLessThanOrEqual(3);
    expect(
      rowsOfMany([[-(2 ** 20), 2 ** 22]], relu({ ...how, ends: { lo: 'own', hi: 'refused' } })),
    ).toBeLessThanOrEqual(3);
    expect(rowsIn({}, [[-(2 ** 19), 2 ** 19]], relu(how))).toBe(3);
  });

  it('a saturating ReLU with requantise costs at most 5', () => {
    const how = { shift: 12, lo: 0, bits: 8, ends: OWN_ENDS };
    expect(rowsOfMany([wide], relu(how))).toBeLessThanOrEqual(5);
    expect(rowsOfMany([wide], relu({ ...how, lo: -128 }))).toBeLessThanOrEqual(5);
    expect(rowsIn({ spans: new Set([256]) }, [wide], relu(how))).toBe(5);
    const clamps = new Map([[clampKey(255, OWN_ENDS), { lo: -1024, hi: 1024 }]]);
    expect(rowsIn({ clamps }, [wide], relu(how))).toBe(3);
  });

  it('a pairwise maximum costs 2, and 3 on wide accumulators', () => {
    const pair: Gadget['build'] = (b, [x, y]) => [max(b, x!, y!)];
    expect(rowsOfMany([byte, byte], pair)).toBe(2);
    expect(rowsIn({}, [byte, byte], pair)).toBe(2);
    expect(rowsOfMany([wide, wide], pair)).toBeLessThanOrEqual(3);
    expect(rowsIn({}, [wide, wide], pair)).toBe(3);
  });

  it('an input pixel costs 1', () => {
    expect(rowsOfMany([byte], (_b, x) => x, true)).toBe(1);
  });

  it('a function, a sign and an input of any range cost what the builder’s header says', () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => i * i);
    const square: Gadget['build'] = (b, [x]) => [b.table(x!, { name: 'square', values })];
    expect(rowsIn({ functions: new Set(['square']) }, [[0, 99]], square)).toBe(2);
    expect(rowsIn({}, [wide], (b, [x]) => [b.isNonNegative(x!)])).toBe(1 + 2);
    expect(rowsIn({}, [wide], (b, [x]) => [positive(b, x!)])).toBe(1 + 2);
    expect(rowsIn({}, [wide], (b, [x]) => [b.range(x!, -300, 300)])).toBe(2);
  });
});

describe('requantise', () => {
  const cost = (hi: number, how: Requantise) => {
    const b = new R1csBuilder();
    const x = dense(b, hi);
    const before = b.constraints;
    requantise(b, x, how);
    return { rows: b.constraints - before, x };
  };

  it.each([
    [2 ** 20, 10, 8],
    [2 ** 24, 12, 8],
    [2 ** 24, 12, 10],
    [2 ** 30, 12, 12],
    [2 ** 16, 4, 6],
    [1000, 0, 4],
  ])('of |x| ≤ %i with s = %i, b = %i costs at most s + W + 5', (hi, shift, bits) => {
    const { rows, x } = cost(hi, { shift, lo: 0, bits, ends: OWN_ENDS });
    const z = Math.floor((Math.max(-x.lo, x.hi) + 2 ** shift / 2) / 2 ** shift);
    const W = Math.ceil(Math.log2(z + 1)) + 1;
    expect(rows).toBeLessThanOrEqual(shift + W + 5);
  });

  it('costs s + W + 2 where only ReLU clamps, s + V + 1 where nothing does', () => {
    const relu = cost(1_000_000, { shift: 10, lo: 0, bits: 12, ends: OWN_ENDS });
    expect(relu.rows).toBe(10 + 11 + 2);
    expect(rowsOf([[0, 1023]], (b, [x]) => requantise(b, x!, { shift: 4, lo: 0, bits: 8, ends: OWN_ENDS }))).toBe(
      4 + 7,
    );
  });

  it('of a value that is never inside costs nothing', () => {
    expect(rowsOf([[-50, -9]], (b, [x]) => requantise(b, x!, { shift: 2, lo: 0, bits: 4, ends: OWN_ENDS }))).toBe(0);
    expect(rowsOf([[900, 999]], (b, [x]) => requantise(b, x!, { shift: 2, lo: 0, bits: 4, ends: OWN_ENDS }))).toBe(0);
    expect(rowsOf([[0, 15]], (b, [x]) => requantise(b, x!, { shift: 0, lo: 0, bits: 4, ends: OWN_ENDS }))).toBe(0);
  });

  it('leaves the weights on the C side', () => {
    const b = new R1csBuilder();
    const x = dense(b, 2 ** 20);
    requantise(b, x, { shift: 10, lo: 0, bits: 8, ends: OWN_ENDS });
    const { r1cs } = b.finish();
    const weight = Math.floor(2 ** 20 / 10);
    expect([...r1cs.a.coefs, ...r1cs.b.coefs].some((coef) => Math.abs(coef) === weight)).toBe(false);
    expect([...r1cs.c.coefs].filter((coef) => Math.abs(coef) === weight)).toHaveLength(20);
  });
});

describe('comparisons', () => {
  it('cost what their headers say', () => {
    const byte = [0, 255] as const;
    expect(rowsOf([byte, byte], (b, [x, y]) => max(b, x!, y!))).toBe(8 + 2);
    expect(rowsOf([[-128, 127]], (b, [x]) => positive(b, x!))).toBe(7 + 2);
    expect(
      rowsOf(
        Array.from({ length: 10 }, () => byte),
        (b, x) => argmax(b, x, { last: true }),
      ),
    ).toBe(9 * (8 + 3) - 2);
  });

  it('cost nothing where bounds decide', () => {
    expect(
      rowsOf(
        [
          [0, 7],
          [7, 9],
        ],
        (b, [x, y]) => max(b, x!, y!),
      ),
    ).toBe(0);
    expect(rowsOf([[0, 7]], (b, [x]) => positive(b, x!))).toBe(0);
    expect(
      rowsOf(
        [
          [0, 7],
          [8, 9],
        ],
        (b, x) => argmax(b, x, { last: false }),
      ),
    ).toBe(0);
    expect(rowsOf([[0, 7]], (b, [x]) => b.range(x!, -1, 9))).toBe(0);
  });

  it('keep k rows and k wires for an input of k bits', () => {
    const b = new R1csBuilder();
    b.input('pixels', 100, 0, 255);
    expect([b.constraints, b.wires]).toEqual([800, 801]);
  });
});
