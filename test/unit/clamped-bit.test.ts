/** The bit that says whether a value was clamped: what it counts, in which circuits it is, and that nothing else passes for it. */
import { describe, expect, it } from 'vitest';
import { attackCounted, countingCircuit } from '../../circuits/attack/counted.js';
import { randomField } from '../../circuits/attack/harness.js';
import { LookupBuilder } from '../../circuits/builders/lookup-builder.js';
import { BITS_ONLY, clampKey, SURVEY_PLAN, type TablePlan } from '../../circuits/builders/lookup-plan.js';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import type { Ends, Lc } from '../../circuits/builder.js';
import { requantise } from '../../circuits/gadgets/requantise.js';
import { toField } from '../../circuits/lc.js';
import { checkRounds } from '../../src/constraint/check-rounds.js';
import { checkSatisfied, publicSignals, solve } from '../../src/constraint/solver.js';

const BOTH: Ends = { lo: 'counted', hi: 'counted' };

describe('multiplicities', () => {
  it('cannot be moved between rows, and a bit other than theirs breaks a row', () => {
    const tally = attackCounted(randomField(7), 6);
    expect(tally.lies).toBeGreaterThan(100);
    expect(tally.refused).toBe(tally.lies);
    expect(tally.late).toBeGreaterThan(20);
    expect(tally.latePassed).toBe(tally.late);
  });

  it('are counted when all lookups are: the bit’s instruction comes after them', () => {
    const circuit = countingCircuit();
    for (const [x, bit] of [
      [[0, 30, 61], 0n],
      [[0, 30, 62], 1n],
      [[-3, 30, 61], 1n],
      [[-64, 127, 0], 1n],
    ] as const) {
      const witness = solve(circuit, new Map([['x', Float64Array.from(x)]]));
      expect(publicSignals(circuit, witness)[1]).toBe(bit);
    }
  });
});

describe('clamp tables', () => {
  const plan: TablePlan = {
    ...SURVEY_PLAN,
    clamps: new Map(
      (['own', 'counted'] as const).map((hi) => [clampKey(15, { lo: 'own', hi }), { lo: -20, hi: 40 }] as const),
    ),
  };

  it('of other ends are not shared', () => {
    const { survey: _, ...tables } = plan;
    const b = new LookupBuilder(tables);
    const [x, y] = b.input('x', 2, -64, 127) as [Lc, Lc];
    b.output('y', [
      requantise(b, x, { shift: 2, lo: 0, bits: 4, ends: { lo: 'own', hi: 'own' } }),
      requantise(b, y, { shift: 2, lo: 0, bits: 4, ends: { lo: 'own', hi: 'counted' } }),
    ]);
    b.expose(b.clampedBit());
    const circuit = b.finish();
    expect(circuit.rounds.tables.filter(({ name }) => name.startsWith('clamp'))).toHaveLength(2);
    const bit = (first: number, second: number) =>
      publicSignals(circuit, solve(circuit, new Map([['x', Float64Array.of(first, second)]])))[0];
    expect([bit(127, 10), bit(127, -64), bit(10, 127)]).toEqual([0n, 0n, 1n]);
  });
});

describe('a circuit', () => {
  it.each([
    ['bits', () => new R1csBuilder({ nPubOut: 1, nPubIn: 0 })],
    ['lookups', () => new LookupBuilder({ ...BITS_ONLY, bits: 4 })],
  ] as const)('by %s that counts and does not say so is not finished', (_, make) => {
    const b = make();
    const [x] = b.input('x', 1, -64, 127);
    b.expose(toField(requantise(b, x!, { shift: 2, lo: 0, bits: 4, ends: BOTH })));
    expect(() => b.finish()).toThrow(/what was clamped is stated/);
  });

  it('whose sums leave float64 has the bit too', () => {
    // Three parts of up to 2^52: their sum is no exact float64.
    const b = new R1csBuilder({ nPubOut: 1, nPubIn: 0 });
    const x = b.input('x', 3, 0, 2 ** 51);
    for (const part of x) for (let i = 0; i < 3; i++) b.countClamped(part);
    b.expose(b.clampedBit());
    const circuit = b.finish();
    for (const values of [
      [0, 0, 0],
      [2 ** 51, 2 ** 51, 2 ** 51 - 1],
      [0, 0, 1],
    ]) {
      const witness = solve(circuit, new Map([['x', Float64Array.from(values)]]));
      expect(checkSatisfied(circuit.r1cs, witness)).toBeUndefined();
      expect(publicSignals(circuit, witness)).toEqual([values.some((value) => value > 0) ? 1n : 0n]);
    }
  });

  it('of two rounds has the bit in round 1: one that a challenge can reach is refused', () => {
    const circuit = countingCircuit();
    const { rounds, program } = circuit;
    expect(() => checkRounds(circuit)).not.toThrow();
    const { hints } = program;
    const wires = hints.wires.slice();
    const at = hints.rowStart[rounds.firstPublicRow + 1]!;
    wires[at] = rounds.firstInverse;
    const broken = { ...circuit, program: { ...program, hints: { ...hints, wires } } };
    expect(() => checkRounds(broken)).toThrow(/public value is fixed in round 1/);
  });
});
