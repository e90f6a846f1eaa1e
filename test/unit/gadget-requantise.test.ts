/** Gadgets against their integer meaning on random parameters: honest witnesses satisfy the rows and give the oracle's output. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { argmax } from '../../circuits/gadgets/argmax.js';
import type { End, Lc } from '../../circuits/builder.js';
import type { Circuit } from '../../src/constraint/program.js';
import { LcSum } from '../../circuits/lc.js';
import { maxOfMany } from '../../circuits/gadgets/max.js';
import { positive } from '../../circuits/gadgets/positive.js';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import { requantise } from '../../circuits/gadgets/requantise.js';
import { checkSatisfied, outputsOf, solve } from '../../src/constraint/solver.js';

/** Repeatable: the same cases every run. */
const RUNS = { seed: 20261121, numRuns: 300 };

/** Builds over inputs of the given bounds, solves for `values`, checks every row and returns the outputs. */
function evaluate(
  bounds: readonly (readonly [number, number])[],
  values: readonly number[],
  use: (b: R1csBuilder, x: readonly Lc[]) => Lc,
): { y: number; bounds: Lc } {
  const b = new R1csBuilder();
  const out = use(
    b,
    bounds.map(([lo, hi], i) => b.input(`x${i}`, 1, lo, hi)[0]!),
  );
  b.output('y', [out]);
  const [y] = solved(b.finish(), values) as [number];
  expect(y >= out.lo && y <= out.hi).toBe(true);
  return { y, bounds: out };
}

/** As `evaluate`, for several outputs. */
function evaluateAll(
  bounds: readonly (readonly [number, number])[],
  values: readonly number[],
  use: (b: R1csBuilder, x: readonly Lc[]) => readonly Lc[],
): number[] {
  const b = new R1csBuilder();
  const x = bounds.map(([lo, hi], i) => b.input(`x${i}`, 1, lo, hi)[0]!);
  b.output('y', use(b, x));
  return solved(b.finish(), values);
}

function solved(circuit: Circuit, values: readonly number[]): number[] {
  const witness = solve(circuit, new Map(values.map((value, i) => [`x${i}`, Float64Array.of(value)])));
  expect(checkSatisfied(circuit.r1cs, witness)).toBeUndefined();
  return [...outputsOf(circuit, witness).get('y')!];
}

const interval = (max: number) =>
  fc.tuple(fc.integer({ min: -max, max }), fc.integer({ min: 0, max })).map(([lo, span]) => [lo, lo + span] as const);
const within = ([lo, hi]: readonly [number, number]) =>
  fc.oneof(fc.integer({ min: lo, max: hi }), fc.constantFrom(lo, hi));

describe('requantise', () => {
  const end = fc.constantFrom<End>('own', 'counted', 'refused');

  it('rounds halves up and clamps, whatever the bounds; refuses beyond refused ends, and counts beyond counted ones', () => {
    const cases = interval(2 ** 22).chain((bounds) =>
      fc.record({
        bounds: fc.constant(bounds),
        x: within(bounds),
        shift: fc.integer({ min: 0, max: 14 }),
        lo: fc.integer({ min: -300, max: 300 }),
        bits: fc.integer({ min: 1, max: 12 }),
        ends: fc.record({ lo: end, hi: end }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ bounds, x, shift, lo, bits, ends }) => {
        const rounded = BigInt(x) + (shift === 0 ? 0n : 1n << BigInt(shift - 1));
        const z = Number(rounded >> BigInt(shift));
        const top = lo + 2 ** bits - 1;
        const beyond = z < lo ? ends.lo : z > top ? ends.hi : 'own';
        const statedBit = (b: R1csBuilder): Lc => {
          const { wires, constant } = b.clampedBit();
          return { wires, coefs: wires.map(() => 1), constant: Number(constant), lo: 0, hi: 1 };
        };
        const run = (): number[] =>
          evaluateAll([bounds], [x], (b, [lc]) => [requantise(b, lc!, { shift, lo, bits, ends }), statedBit(b)]);
        if (beyond === 'refused') expect(run).toThrow(/RANGE_EXCEEDED|BOUND_OVERFLOW/);
        else expect(run()).toEqual([Math.min(Math.max(z, lo), top), beyond === 'counted' ? 1 : 0]);
      }),
      RUNS,
    );
  });

  it('names layer, value and bound of a value beyond a refused end', () => {
    const b = new R1csBuilder();
    const [x] = b.input('x', 1, -100000, 100000);
    b.layer('relu7', 'Requantise');
    const ends = { lo: 'own', hi: 'refused' } as const;
    b.output('y', [requantise(b, x!, { shift: 2, lo: 0, bits: 4, ends })]);
    const circuit = b.finish();
    expect(() => solve(circuit, new Map([['x', Float64Array.of(90000)]]))).toThrow(
      /RANGE_EXCEEDED[^]*0 to 15[^]*22500[^]*relu7/,
    );
  });

  it('refuses, when it is built, a value that is always beyond a refused end', () => {
    const b = new R1csBuilder();
    const [x] = b.input('x', 1, 100, 200);
    const ends = { lo: 'own', hi: 'refused' } as const;
    expect(() => requantise(b, x!, { shift: 0, lo: 0, bits: 4, ends })).toThrow(/BOUND_OVERFLOW/);
  });
});

describe('comparisons', () => {
  const groups = fc
    .array(interval(300), { minLength: 1, maxLength: 7 })
    .chain((bounds) => fc.tuple(fc.constant(bounds), fc.tuple(...bounds.map(within))));

  it('maxOfMany is the maximum, with bounds that hold', () => {
    fc.assert(
      fc.property(groups, ([bounds, values]) => {
        const { y, bounds: out } = evaluate(bounds, values, maxOfMany);
        expect(y).toBe(Math.max(...values));
        expect([out.lo, out.hi]).toEqual([
          Math.max(...bounds.map(([lo]) => lo)),
          Math.max(...bounds.map(([, hi]) => hi)),
        ]);
      }),
      RUNS,
    );
  });

  it('argmax is the position of the maximum, ties first or last', () => {
    fc.assert(
      fc.property(groups, fc.boolean(), ([bounds, values], last) => {
        const top = Math.max(...values);
        const expected = last ? values.lastIndexOf(top) : values.indexOf(top);
        expect(evaluate(bounds, values, (b, x) => argmax(b, x, { last })).y).toBe(expected);
      }),
      RUNS,
    );
  });

  it('positive is max(x, 0), also of sums', () => {
    fc.assert(
      fc.property(groups, ([bounds, values]) => {
        const sum = (x: readonly Lc[]) => x.reduce((total, lc, i) => total.add(lc, i + 1), new LcSum()).build();
        const expected = values.reduce((total, value, i) => total + value * (i + 1), 0);
        expect(evaluate(bounds, values, (b, x) => positive(b, sum(x))).y).toBe(Math.max(0, expected));
      }),
      RUNS,
    );
  });
});

describe('division and tables', () => {
  it('divide gives the quotient and remainder of integers', () => {
    const cases = fc.tuple(interval(10 ** 6), interval(5000)).chain(([n, d]) => {
      const [nb, db] = [
        [Math.abs(n[0]), Math.abs(n[0]) + n[1] - n[0]] as const,
        [Math.abs(d[0]) + 1, Math.abs(d[0]) + 1 + d[1] - d[0]] as const,
      ];
      return fc.tuple(fc.constant([nb, db] as const), within(nb), within(db));
    });
    fc.assert(
      fc.property(cases, ([bounds, n, d]) => {
        expect(evaluate(bounds, [n, d], (b, [x, y]) => b.divide(x!, y!).quotient).y).toBe(Math.floor(n / d));
        expect(evaluate(bounds, [n, d], (b, [x, y]) => b.divide(x!, y!).remainder).y).toBe(n % d);
      }),
      RUNS,
    );
  });

  it('table reads any table at any reachable place', () => {
    const cases = fc
      .array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 70 })
      .chain((values) => fc.tuple(fc.constant(values), within([0, values.length - 1]), fc.nat(5), fc.nat(5)));
    fc.assert(
      fc.property(cases, ([values, x, below, above]) => {
        const bounds = [[-below, values.length - 1 + above]] as const;
        const read = (b: R1csBuilder, [lc]: readonly Lc[]) =>
          b.table(lc!, { name: 'random', values: Float64Array.from(values) });
        expect(evaluate(bounds, [x], read).y).toBe(values[x]);
      }),
      RUNS,
    );
  });
});
