/** Which values were clamped, as messages name them, against what the gadget's meaning says: by bits, by lookups and by clamp tables. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plans } from '../../circuits/attack/plans.js';
import type { End, FieldLc, Lc } from '../../circuits/builder.js';
import { LookupBuilder } from '../../circuits/builders/lookup-builder.js';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import { requantise, type Requantise } from '../../circuits/gadgets/requantise.js';
import { clampsOf, type ClampedValues } from '../../src/constraint/clamps.js';
import type { Circuit } from '../../src/constraint/program.js';
import { outputsOf, solve } from '../../src/constraint/solver.js';
import { clampReports } from '../../src/prove/clamp-report.js';
import type { TensorSchema } from '../../src/verify/statement.js';

const RUNS = { seed: 20261130, numRuns: 150 };

const layouts: readonly (readonly [name: string, build: () => R1csBuilder])[] = [
  ['bits', () => new R1csBuilder({ nPubOut: 0, nPubIn: 0 })],
  ...plans.map(({ name, plan }) => [`lookups, ${name}`, () => new LookupBuilder(plan)] as const),
];

/** Elements of x go through one requantisation each, in a layer of its own. */
function build(b: R1csBuilder, bounds: readonly [number, number], layers: readonly Requantise[]): Circuit {
  const x = b.input('x', layers.length, ...bounds);
  const outputs = layers.map((layer, i): Lc => {
    b.layer(`layer ${i}`, 'Requantise');
    return requantise(b, x[i]!, layer);
  });
  b.output('y', outputs);
  b.layer('public values', 'Pack');
  const bit: FieldLc = b.clampedBit();
  if (b instanceof LookupBuilder) b.expose(bit);
  return b.finish();
}

/** z, and how far it is beyond an end. */
function meaning(x: number, { shift, lo, bits, ends }: Requantise) {
  const z = Math.floor(x * 2 ** -shift + (shift === 0 ? 0 : 0.5));
  const top = lo + 2 ** bits - 1;
  if (z < lo) return { end: ends.lo, side: 'below', farthest: lo - z } as const;
  if (z > top) return { end: ends.hi, side: 'above', farthest: z - top } as const;
  return { end: 'own', side: 'above', farthest: 0 } as const;
}

describe('clampsOf', () => {
  const end = fc.constantFrom<End>('own', 'counted');
  const layer = fc.record({
    shift: fc.integer({ min: 0, max: 5 }),
    lo: fc.integer({ min: -40, max: 20 }),
    bits: fc.integer({ min: 1, max: 5 }),
    ends: fc.record({ lo: end, hi: end }),
  });
  const cases = fc.tuple(fc.integer({ min: -600, max: 200 }), fc.integer({ min: 1, max: 1200 })).chain(([lo, span]) => {
    const x = fc.oneof(fc.integer({ min: lo, max: lo + span }), fc.constantFrom(lo, lo + span));
    return fc.record({
      bounds: fc.constant([lo, lo + span] as const),
      elements: fc.array(fc.tuple(x, layer), { minLength: 1, maxLength: 3 }),
    });
  });

  it.each(layouts)('names layer and end of what counts, and how far it went: %s', (_, makeBuilder) => {
    let named = 0;
    fc.assert(
      fc.property(cases, ({ bounds, elements }) => {
        // A range that no value of the bounds is in leaves S a constant, and nothing to read a layer from.
        fc.pre(
          elements.every(
            ([, of]) =>
              bounds.some((x) => meaning(x, of).farthest === 0) ||
              meaning(bounds[0], of).side !== meaning(bounds[1], of).side,
          ),
        );
        const circuit = build(
          makeBuilder(),
          bounds,
          elements.map(([, of]) => of),
        );
        const witness = solve(circuit, new Map([['x', Float64Array.from(elements, ([x]) => x)]]));
        const expected = elements.flatMap(([x, of], i): ClampedValues[] => {
          const { end: kind, side, farthest } = meaning(x, of);
          return kind === 'counted' ? [{ layer: `layer ${i}`, side, count: 1, farthest }] : [];
        });
        expect(witness.clamped).toBe(expected.length > 0);
        const found = clampsOf(circuit, witness);
        // Where every value is beyond an end, the layout by bits may leave nothing to read how far from: then it says nothing of it.
        expect(found.map(({ farthest: _far, ...rest }) => rest)).toEqual(
          expected.map(({ farthest: _far, ...rest }) => rest),
        );
        found.forEach(({ farthest }, i) => {
          expect([0, expected[i]!.farthest]).toContain(farthest);
          if (farthest > 0) named++;
        });
      }),
      RUNS,
    );
    expect(named).toBeGreaterThan(100);
  });

  it.each(layouts)('names them of quotients of more than 30 bits, too: %s', (_, makeBuilder) => {
    const [lo, hi] = [-(2 ** 36), 2 ** 45];
    const wide = fc.record({
      shift: fc.integer({ min: 0, max: 4 }),
      lo: fc.constantFrom(-(2 ** 34), 0, 12_345),
      bits: fc.integer({ min: 31, max: 40 }),
      ends: fc.record({ lo: end, hi: end }),
    });
    const elements = fc.array(
      fc.tuple(
        fc.maxSafeInteger().map((x) => Math.max(lo, Math.min(hi, x % (2 * hi)))),
        wide,
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(elements, (given) => {
        const of = given.map(([, layer]) => layer);
        const circuit = build(makeBuilder(), [lo, hi], of);
        const tried = [given.map(([x]) => x), given.map(() => lo), given.map(() => hi), given.map(() => 20_000)];
        for (const x of tried) {
          const witness = solve(circuit, new Map([['x', Float64Array.from(x)]]));
          const expected = of.flatMap((layer, i): ClampedValues[] => {
            const { end: kind, side, farthest } = meaning(x[i]!, layer);
            return kind === 'counted' ? [{ layer: `layer ${i}`, side, count: 1, farthest }] : [];
          });
          expect(clampsOf(circuit, witness)).toEqual(expected);
          for (const { side } of expected) seen.add(side);
        }
      }),
      { ...RUNS, numRuns: 60 },
    );
    expect(seen).toEqual(new Set(['above', 'below']));
  });

  it('adds up the values of a layer, and keeps the farthest', () => {
    for (const [, makeBuilder] of layouts) {
      const b = makeBuilder();
      const x = b.input('x', 4, -1000, 1000);
      b.layer('relu', 'Requantise');
      const ends = { lo: 'own', hi: 'counted' } as const;
      b.output(
        'y',
        x.map((one) => requantise(b, one, { shift: 0, lo: 0, bits: 4, ends })),
      );
      b.layer('public values', 'Pack');
      const bit = b.clampedBit();
      if (b instanceof LookupBuilder) b.expose(bit);
      const circuit = b.finish();
      const witness = solve(circuit, new Map([['x', Float64Array.of(-900, 25, 100, 3)]]));
      expect([...outputsOf(circuit, witness).get('y')!]).toEqual([0, 15, 15, 3]);
      expect(clampsOf(circuit, witness)).toEqual([{ layer: 'relu', side: 'above', count: 2, farthest: 85 }]);
      const inside = solve(circuit, new Map([['x', Float64Array.of(-900, 5, 10, 3)]]));
      expect({ bit: inside.clamped, found: clampsOf(circuit, inside) }).toEqual({ bit: false, found: [] });

      const schemaOf = (visibility: TensorSchema['visibility']) => ({
        outputs: [],
        inputs: [
          { name: 'x', dims: [4], visibility, lo: -1000, hi: 1000, bytes: 2, scale: 1, zeroPoint: 0, dtype: 'float32' },
        ],
      });
      const layers = [{ name: 'relu', op: 'Relu', constraints: 1, lo: 0, hi: 15, scale: 0.5, offset: 1 }];
      const reports = (visibility: TensorSchema['visibility']) =>
        clampReports(circuit, witness, { schema: schemaOf(visibility), layers });
      const place = { layer: 'relu', op: 'Relu', side: 'above', count: 2, bound: 8.5, units: 'real' };
      expect(reports('public')).toEqual([{ ...place, value: 51 }]);
      for (const hidden of ['private', 'committed'] as const) expect(reports(hidden)).toEqual([place]);
    }
  });
});
