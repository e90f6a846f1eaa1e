/** The cost model of lookups against the rows that are emitted, gadget by gadget and plan by plan; and the choice of a plan. */
import { describe, expect, it } from 'vitest';
import { gadgets } from '../../circuits/attack/gadgets.js';
import { buildGadget, type BuiltGadget, type Gadget } from '../../circuits/attack/harness.js';
import { lookupLayouts, plans, type Layout } from '../../circuits/attack/plans.js';
import { constant } from '../../circuits/builder.js';
import { scale, toField } from '../../circuits/lc.js';
import { LookupBuilder } from '../../circuits/builders/lookup-builder.js';
import {
  choosePlan,
  exactRows,
  quotientCost,
  rowsOf,
  demandedRows,
  SURVEY_PLAN,
  type TablePlan,
} from '../../circuits/builders/lookup-plan.js';
import { checkSatisfied, outputsOf, publicSignals, solve } from '../../src/constraint/solver.js';
import { completeWitness } from '../../scripts/complete-witness.js';

const title = ({ gadget, layout }: Layout): string => `${gadget.name} ${gadget.parameters}, ${layout}`;
const cases = lookupLayouts.map((layout) => [title(layout), layout] as const);
/** Gadgets whose every row is asked for by a demand; the others multiply beside. */
const ALL_DEMANDED = [
  'input',
  'range',
  'table',
  'tables',
  'divide',
  'squareRoot',
  'requantise',
  'positive',
  'max',
  'maxOfMany',
  'isNonNegative',
];

/** Rows that the model counts for a gadget and its tables. A table that nothing looks up is counted where it is planned, and not built. */
function modelled(plan: TablePlan, { circuit, demands }: BuiltGadget): number {
  const names = new Set(circuit.rounds!.tables.map(({ name }) => name));
  const built: TablePlan = {
    bits: plan.bits,
    spans: new Set([...plan.spans].filter((rows) => names.has(`range ${rows}`))),
    clamps: new Map([...plan.clamps].filter(([key, { lo, hi }]) => names.has(`clamp ${key} [${lo}, ${hi}]`))),
    functions: new Set([...plan.functions].filter((name) => names.has(name))),
  };
  const unused = names.has(`range ${2 ** plan.bits}`) ? 0 : 2 ** plan.bits + 1;
  return rowsOf(built, demands) - unused;
}

/** Tables of 4,096 rows take their time to build. */
const isSmall = ({ plan }: { readonly plan?: TablePlan }): boolean => plan!.bits < SURVEY_PLAN.bits;
const small = plans.filter(isSmall);
const REFERENCE = plans.find(({ name }) => name === 'b=4')!.plan;

/** Rows that no demand asks for, by one plan; one row more binds the public value. */
const outsideModel = (gadget: Gadget): number => {
  const known = outside.get(gadget);
  if (known !== undefined) return known;
  const built = buildGadget(gadget, REFERENCE);
  const rows = built.circuit.r1cs.nConstraints - 1 - modelled(REFERENCE, built);
  outside.set(gadget, rows);
  return rows;
};
const outside = new Map<Gadget, number>();

describe('rowsOf', () => {
  it.each(cases)('counts what is built: %s', (_, { gadget, plan }) => {
    const built = buildGadget(gadget, plan);
    const { r1cs, rounds } = built.circuit;
    const others = r1cs.nConstraints - rounds!.fieldRows.length - modelled(plan!, built);
    const bit = built.circuit.origins!.kinds.some(({ question }) => question === 'clamped') ? 3 : 0;
    if (ALL_DEMANDED.includes(gadget.name)) expect(others).toBe(bit);
    // What the model leaves out is the same under every plan.
    expect(others).toBe(outsideModel(gadget));
    expect(others).toBeGreaterThanOrEqual(0);
  });

  it('is of demands that no plan changes, function tables apart', () => {
    for (const gadget of gadgets.filter(({ layouts, name }) => layouts === undefined && name !== 'table')) {
      const reference = buildGadget(gadget, REFERENCE).demands;
      for (const { plan } of small) expect(buildGadget(gadget, plan).demands).toEqual(reference);
    }
  });

  it('sees every form of a quotient in these cases', () => {
    const forms = lookupLayouts.filter(isSmall).flatMap(({ gadget, plan }) =>
      buildGadget(gadget, plan).demands.flatMap(({ demand }) => {
        if (demand.kind !== 'quotient') return [];
        const { form, exactWhole } = quotientCost(plan!, demand.quotient);
        return [`${form}${exactWhole ? ', exact' : ''}${demand.quotient.shift === 0 ? ', shift 0' : ''}`];
      }),
    );
    expect([...new Set(forms)].toSorted()).toEqual([
      'above',
      'above, shift 0',
      'clamped',
      'clamped, shift 0',
      'plain',
      'plain, exact',
      'plain, exact, shift 0',
      'relu',
      'relu, exact',
      'relu, shift 0',
      'table',
      'table, shift 0',
    ]);
  });
});

describe('exactRows', () => {
  const plan = plans.find(({ name }) => name === 'b=3 with spans')!.plan;
  it.each([
    [1, 1],
    [2, 1],
    [4, 1],
    [8, 1],
    [5, 2],
    [16, 2],
    [64, 2],
    [100, 6],
    [128, 3],
  ])('of [0, %i) is %i', (rows, expected) => {
    expect(exactRows(plan, rows)).toBe(expected);
  });

  it('takes one row more where the rest of the limbs has no table', () => {
    expect(exactRows({ ...plan, spans: new Set() }, 128)).toBe(4);
    expect(exactRows({ ...plan, spans: new Set() }, 4)).toBe(2);
  });
});

describe('choosePlan', () => {
  it('finds no more rows than any plan tried here, for many of one gadget', () => {
    for (const gadget of gadgets.filter(({ layouts }) => layouts === undefined)) {
      const many = buildGadget(gadget, REFERENCE).demands.map(({ demand, count }) => ({
        demand,
        count: 500 * count,
      }));
      const chosen = choosePlan(many);
      expect(chosen.rows).toBe(rowsOf(chosen.plan, many));
      for (const { plan } of plans.filter(
        ({ plan: { bits, clamps, functions } }) => bits > 2 && clamps.size + functions.size === 0,
      ))
        expect(chosen.rows).toBeLessThanOrEqual(rowsOf(plan, many));
    }
  });

  it('gives a function a table where its rows pay', () => {
    const square = { name: 'square', values: Float64Array.from({ length: 200 }, (_, i) => i * i) };
    const rows = (count: number) => {
      const b = new LookupBuilder(SURVEY_PLAN);
      for (const x of b.input('x', count, 0, 199)) b.table(x, square);
      return choosePlan(b.demanded).plan.functions;
    };
    expect(rows(1)).toEqual(new Set());
    expect(rows(100)).toEqual(new Set(['square']));
  });

  it('knows from a survey what a function takes by bits without building it each time', () => {
    const square = { name: 'square', values: Float64Array.from({ length: 200 }, (_, i) => i * i) };
    const build = (plan: TablePlan) => {
      const b = new LookupBuilder(plan);
      for (const x of b.input('x', 3, 0, 199)) b.table(x, square);
      return b;
    };
    const { survey: _, ...byBits } = SURVEY_PLAN;
    const [survey, built] = [build(SURVEY_PLAN), build(byBits)];
    expect(demandedRows(byBits, survey.demanded)).toBe(built.constraints);
    expect(survey.constraints).toBe(demandedRows(SURVEY_PLAN, survey.demanded));
    expect(survey.constraints).toBeLessThan(built.constraints);
  });
});

describe('wide numbers', () => {
  const plan: TablePlan = { bits: 12, spans: new Set(), clamps: new Map(), functions: new Set() };
  const wide = 2 ** 50;

  it('have a range, a sign and a positive part, though whole limbs would leave the exact integers', () => {
    const b = new LookupBuilder(plan);
    const [x] = b.input('x', 1, -wide, wide);
    b.output('y', [b.isNonNegative(x!), b.positive(x!)]);
    b.expose(toField(x!));
    const circuit = b.finish();
    for (const value of [-wide, -1, 0, 1, wide]) {
      const witness = solve(circuit, new Map([['x', Float64Array.of(value)]]));
      expect(outputsOf(circuit, witness).get('y')).toEqual(Float64Array.of(value >= 0 ? 1 : 0, Math.max(0, value)));
      const drawn = { x: 3n ** 99n, theta: 5n ** 77n };
      const full = completeWitness(circuit, witness, publicSignals(circuit, witness), drawn);
      expect(checkSatisfied(circuit.r1cs, full)).toBeUndefined();
    }
    const outside = new Map([['x', Float64Array.of(wide + 1)]]);
    expect(() => solve(circuit, outside)).toThrow(expect.objectContaining({ code: 'RANGE_EXCEEDED' }));
  });

  it('whose query may leave the exact integers are refused', () => {
    const b = new LookupBuilder(plan);
    const [x] = b.input('x', 1, -wide, wide);
    b.positive(x!);
    expect(() => b.positive(scale(x!, 3))).toThrow(/exact range/);
  });
});

describe('a table', () => {
  it('of one name has one meaning', () => {
    const b = new LookupBuilder({ ...SURVEY_PLAN, functions: new Set(['f']) });
    const [x] = b.input('x', 1, 0, 3);
    const values = Float64Array.of(1, 2, 3, 4);
    b.table(x!, { name: 'f', values });
    expect(() => b.table(x!, { name: 'f', values: values.slice() })).not.toThrow();
    expect(() => b.table(x!, { name: 'f', values: Float64Array.of(1, 2, 3, 5) })).toThrow(/one name/);
    expect(() => b.table(x!, { name: 'f', values: Float64Array.of(1, 2) })).toThrow(/one name/);
    expect(b.table(constant(2), { name: 'f', values }).constant).toBe(3);
  });
});
