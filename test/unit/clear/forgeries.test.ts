/**
 * Forgeries against a verifier of protocol `clear` whose transcript lacks something: a challenge that is a constant, public tensors or a commitment that nothing depends on. Each is carried out,
 * accepted by the weakened verifier, and refused by ours, to which the same prover turns.
 */
import { describe, expect, it } from 'vitest';
import {
  EXT_ONE,
  EXT_ZERO,
  GL,
  extAdd,
  extInv,
  extMul,
  extNeg,
  extOf,
  extScale,
  extSub,
  type Ext,
} from '../../../src/field/goldilocks.js';
import type { ProverTranscript } from '../../../src/prove/clear/reference/sender.js';
import { countMultiplicities, rowsOf } from '../../../src/prove/clear/reference/satisfied.js';
import { drawBlinding } from '../../../src/prove/clear/reference/values.js';
import { boxWeights } from '../../../src/verify/clear/box.js';
import { eqTable } from '../../../src/verify/clear/multilinear.js';
import { tableRows, type Assignment, type Relation } from '../../../src/verify/clear/relation.js';
import {
  extensionDraws,
  proveToy,
  verdict,
  type ProveOptions,
  type Unbound,
  type Weakness,
  plainPlan,
} from './plain.js';
import { form, just, rangeTable, ref, requantised, residues, term, zero, type Toy } from './toys.js';

const SOME: Ext = [123456789n, 987654321n];
const OTHER: Ext = [55n, 77n];
const constant =
  (label: string, ...values: readonly Ext[]): Weakness =>
  (of, challenges) =>
    of === label ? challenges.map((challenge, i) => values[i] ?? challenge) : undefined;

/** The same prover against the weakened verifier and against ours. */
function carriedOut(toy: Toy, options: ProveOptions, weak: Weakness | undefined, unbound?: Unbound): void {
  const forged = proveToy(toy, { ...options, ...(weak ? { weak } : {}), unbound });
  expect(verdict(forged, weak, unbound)).toBe('accepted');
  expect(verdict(forged)).not.toBe('accepted');
  expect(verdict(proveToy(toy, options))).not.toBe('accepted');
}

/** x, y of F_p with x·a + y·b = c, both coordinates. */
function twoUnknowns(a: Ext, b: Ext, c: Ext): [bigint, bigint] {
  const determinant = GL.inv(a[0] * b[1] - a[1] * b[0]);
  return [GL.mul(c[0] * b[1] - c[1] * b[0], determinant), GL.mul(a[0] * c[1] - a[1] * c[0], determinant)];
}

/** Differences of three values, not 0, whose sum with weights is 0. */
function invisible(weights: readonly Ext[]): bigint[] {
  const [x, y] = twoUnknowns(weights[0]!, weights[1]!, extNeg(weights[2]!));
  return [x, y, 1n];
}

function plus(values: BigUint64Array, differences: readonly bigint[]): BigUint64Array {
  return values.map((value, i) => GL.add(value, differences[i] ?? 0n));
}

/** y of the requantised network one larger at 0, and the output that follows. */
function falseActivation(): Toy {
  const { relation, assignment } = requantised();
  const y = plus(assignment.cells[2]!, [1n]);
  const out = assignment.publics[1]!.map((value, i) => GL.add(value, assignment.weights[2]![6 * i]!));
  return {
    relation,
    assignment: {
      cells: [assignment.cells[0]!, assignment.cells[1]!, y],
      weights: assignment.weights,
      publics: [assignment.publics[0]!, out],
    },
  };
}

/** Three digits below 5, one of which is 9. */
function falseDigit(): Toy {
  const relation: Relation = {
    cells: [{ name: 'x', dims: [3] }],
    weights: [],
    publics: [],
    tables: [rangeTable('digit', 5)],
    constraints: [{ kind: 'lookup', dims: [3], table: 0, input: just('cell', 0), output: zero }],
  };
  return { relation, assignment: { cells: [residues([2, 9, 4])], weights: [], publics: [] } };
}

const digitCounts = [BigUint64Array.of(0n, 0n, 1n, 0n, 1n)];

/** Fractions of a relation's lookups less those of its rows, at χ, θ. */
function fractionSum({ relation, assignment }: Toy, counts: readonly BigUint64Array[], chi: Ext, theta: Ext): Ext {
  let sum = EXT_ZERO;
  for (const constraint of relation.constraints) {
    if (constraint.kind !== 'lookup') continue;
    const [input, output] = [constraint.input, constraint.output].map((f) => f.terms[0]?.source.index);
    assignment.cells[input!]!.forEach((value, i) => {
      const other = output === undefined ? 0n : assignment.cells[output]![i]!;
      sum = extAdd(sum, fraction(value, other, constraint.table, chi, theta));
    });
  }
  relation.tables.forEach((table, t) => {
    rowsOf(table).forEach(([a, b], row) => {
      sum = extSub(sum, extScale(fraction(a, b, t, chi, theta), counts[t]![row]!));
    });
  });
  return sum;
}

function fraction(input: bigint, output: bigint, table: number, chi: Ext, theta: Ext): Ext {
  const tagged = extAdd(extScale(theta, GL.mod(output)), extScale(extMul(theta, theta), BigInt(table + 1)));
  return extInv(extSub(extSub(chi, extOf(input)), tagged));
}

/** Multiplicities with which the fractions of false lookups sum to 0 at known χ, θ. */
function fittingCounts(toy: Toy, counts: readonly BigUint64Array[], chi: Ext, theta: Ext): BigUint64Array[] {
  const sum = fractionSum(toy, counts, chi, theta);
  const [first, second] = rowsOf(toy.relation.tables[0]!).slice(0, 2);
  const at = ([a, b]: readonly [bigint, bigint]) => fraction(a, b, 0, chi, theta);
  const more = twoUnknowns(at(first!), at(second!), sum);
  return [plus(counts[0]!, more), ...counts.slice(1)];
}

/** Changes messages by label; values are what is sent, less pads. */
const changing =
  (
    changes: Readonly<Record<string, (values: Ext[]) => Ext[]>>,
    drawn: (label: string, challenges: readonly Ext[]) => void = () => undefined,
  ) =>
  (transcript: ProverTranscript): ProverTranscript => ({
    draw(label, count) {
      const challenges = transcript.draw(label, count);
      drawn(label, challenges);
      return challenges;
    },
    exchange(label, values, draws) {
      const exchange = transcript.exchange(label, changes[label]?.([...values]) ?? values, draws);
      drawn(label, exchange.challenges);
      return exchange;
    },
  });

/** Pads of `proveToy`. */
const padsOf = ({ relation }: Toy): readonly Ext[] => drawBlinding(plainPlan(relation).blinding, extensionDraws(1));

describe('lookups', () => {
  it('θ = 0: outputs and tags of rows do not count', () => {
    const honest = requantised();
    const counts = countMultiplicities(honest.relation, honest.assignment);
    carriedOut(falseActivation(), { multiplicities: counts }, constant('lookups fold', SOME, EXT_ZERO));
  });

  it('θ = 0: a row of one table is a row of another', () => {
    const { relation, assignment } = falseDigit();
    const confused: Toy = {
      relation: { ...relation, tables: [...relation.tables, rangeTable('other', 10)] },
      assignment,
    };
    const counts = [...digitCounts, BigUint64Array.from({ length: 10 }, (_, row) => (row === 9 ? 1n : 0n))];
    carriedOut(confused, { multiplicities: counts }, constant('lookups fold', SOME, EXT_ZERO));
  });

  it('χ, θ constant: multiplicities that fit', () => {
    const counts = countMultiplicities(requantised().relation, requantised().assignment);
    const multiplicities = fittingCounts(falseActivation(), counts, SOME, OTHER);
    carriedOut(falseActivation(), { multiplicities }, constant('lookups fold', SOME, OTHER));
  });

  it('a commitment that χ, θ do not depend on', () => {
    const toy = falseDigit();
    let fold: readonly Ext[] = [];
    const watch = changing({}, (label, challenges) => {
      if (label === 'lookups fold') fold = challenges;
    });
    proveToy(toy, { multiplicities: digitCounts, through: watch, unbound: 'committed' });
    const multiplicities = fittingCounts(toy, digitCounts, fold[0]!, fold[1]!);
    carriedOut(toy, { multiplicities }, undefined, 'committed');
  });

  it('λ constant: another q makes up for a numerator at the root', () => {
    const toy = falseDigit();
    const pads = padsOf(toy);
    let sum = EXT_ZERO;
    const through = changing(
      {
        'lookups root': ([q, inverse]) => {
          const root = extAdd(q!, pads[0]!);
          const other = extAdd(root, extMul(extMul(root, sum), extInv(SOME)));
          expect(extMul(root, extAdd(inverse!, pads[1]!))).toEqual(EXT_ONE);
          return [extSub(other, pads[0]!), extSub(extInv(other), pads[1]!)];
        },
      },
      (label, [chi, theta]) => {
        if (label === 'lookups fold') sum = fractionSum(toy, digitCounts, chi!, theta!);
      },
    );
    carriedOut(toy, { multiplicities: digitCounts, through }, constant('lookups root', SOME));
  });

  it('μ constant: children that fit a false claim and meet the true ones at μ', () => {
    const toy = falseDigit();
    const pads = padsOf(toy);
    const through = changing({
      'lookups layer 0 end': (sent) => {
        const [p0, p1, q0, q1] = sent.map((value, i) => extAdd(value, pads[2 + i]!)) as [Ext, Ext, Ext, Ext];
        // Numerator 0 is claimed, it is p0·q1 + p1·q0: p0 + a, p1 + b with (1 − μ)·a + μ·b = 0.
        const numerator = extAdd(extMul(p0, q1), extMul(p1, q0));
        const ratio = extNeg(extMul(extSub(EXT_ONE, SOME), extInv(SOME)));
        const a = extMul(extNeg(numerator), extInv(extAdd(q1, extMul(ratio, q0))));
        return [extAdd(sent[0]!, a), extAdd(sent[1]!, extMul(a, ratio)), sent[2]!, sent[3]!];
      },
    });
    carriedOut(toy, { multiplicities: digitCounts, through }, constant('lookups layer 0 end', SOME));
  });

  it('ρ of a layer constant: a round that meets the true one at ρ', () => {
    const toy = falseDigit();
    const pads = padsOf(toy);
    let off = EXT_ZERO;
    let mu = EXT_ZERO;
    const through = changing(
      {
        'lookups layer 0 end': (sent) => {
          const [p0, p1, q0, q1] = sent.map((value, i) => extAdd(value, pads[2 + i]!)) as [Ext, Ext, Ext, Ext];
          off = extMul(extNeg(extAdd(extMul(p0, q1), extMul(p1, q0))), extInv(q1));
          return [extAdd(sent[0]!, off), ...sent.slice(1)];
        },
        'lookups layer 1 round 0': ([rise, square]) => {
          // The claim is too large by (1 − μ)·off, the point of the layer is μ.
          const more = extMul(extMul(extSub(EXT_ONE, mu), off), extInv(extSub(SOME, mu)));
          return [extSub(rise!, more), square!];
        },
      },
      (label, challenges) => {
        if (label === 'lookups layer 0 end') mu = challenges[0]!;
      },
    );
    carriedOut(toy, { multiplicities: digitCounts, through }, constant('lookups layer 1 round 0', SOME));
  });
});

describe('constraints', () => {
  const toy = requantised();
  const honest = countMultiplicities(toy.relation, toy.assignment);
  const withOutput = (differences: readonly bigint[]): BigUint64Array[] => [
    toy.assignment.publics[0]!,
    plus(toy.assignment.publics[1]!, differences),
  ];

  it('r constant: false outputs whose weighted sum is 0', () => {
    const r = [SOME, OTHER, [3n, 9n] as const];
    const publics = withOutput(invisible(boxWeights([3], r)));
    carriedOut(toy, { publics, multiplicities: honest }, constant('constraints point', ...r));
  });

  it('public tensors that r does not depend on', () => {
    let r: readonly Ext[] = [];
    const watch = changing({}, (label, challenges) => {
      if (label === 'constraints point') r = challenges;
    });
    proveToy(toy, { through: watch, unbound: 'publics' });
    const publics = withOutput(invisible(boxWeights([3], r)));
    carriedOut(toy, { publics, multiplicities: honest }, undefined, 'publics');
  });

  it('α constant: a false element of one constraint makes up for that of another', () => {
    const pair: Toy = {
      relation: {
        cells: [],
        weights: [],
        publics: ['a', 'b', 'c'].map((name) => ({ name, dims: [3] })),
        tables: [],
        constraints: [1, 2].map((index) => ({
          kind: 'linear' as const,
          dims: [3],
          form: form([term(1n, ref('public', 0)), term(-1n, ref('public', index))]),
          terms: [],
        })),
      },
      assignment: {
        cells: [],
        weights: [],
        publics: [residues([1, 2, 3]), residues([1 - 4 * 5, 2, 3]), residues([1 + 4, 2, 3])],
      },
    };
    const alpha: Weakness = (label, challenges) =>
      label === 'constraints point' ? [...challenges.slice(0, -1), [5n, 0n]] : undefined;
    carriedOut(pair, {}, alpha);
  });

  it('ρ constant: a round that meets the true one at ρ', () => {
    let off = EXT_ZERO;
    const differences = [1n, 0n, 0n];
    const through = changing(
      {
        'constraints round 0': ([atZero, ...higher]) => {
          // The claim is too large by `off`: s + k·(X − ρ) has the sum more that k·(1 − 2ρ) is.
          const k = extMul(off, extInv(extSub(EXT_ONE, extAdd(SOME, SOME))));
          return [extSub(atZero!, extMul(k, SOME)), ...higher];
        },
      },
      (label, challenges) => {
        // The output is constraint 1: α·w(r, 0).
        if (label === 'constraints point') off = extMul(challenges.at(-1)!, boxWeights([3], challenges)[0]!);
      },
    );
    const options = { publics: withOutput(differences), multiplicities: honest, through };
    carriedOut(toy, options, constant('constraints round 0', SOME));
  });
});

describe('products of pads', () => {
  const toy = requantised();
  const { blinding } = plainPlan(toy.relation);
  // Products 1 and 2 are p0·q1 and p1·q0 of layer 0, which its check adds: one more, the other less passes there.
  const changeValues: ProveOptions['changeValues'] = (values) => ({
    ...values,
    blinding: values.blinding.map((x, k) => {
      if (k === blinding.firstProduct + 1) return extAdd(x, OTHER);
      return k === blinding.firstProduct + 2 ? extSub(x, OTHER) : x;
    }),
  });

  it('τ constant: two committed products that are none, of one weight where every τ is 1/2', () => {
    const taus = Array.from({ length: blinding.variables }, () => extOf(GL.inv(2n)));
    carriedOut(toy, { changeValues }, constant('pads sum', ...taus));
  });

  it('ρ constant: a round that meets the true one at ρ', () => {
    let weights: readonly Ext[] = [];
    const through = changing(
      {
        'pads round 0': ([atZero, ...higher]) => {
          const off = extMul(OTHER, extSub(weights[2]!, weights[1]!));
          const k = extMul(extNeg(off), extInv(extSub(EXT_ONE, extAdd(SOME, SOME))));
          return [extSub(atZero!, extMul(k, SOME)), ...higher];
        },
      },
      (label, challenges) => {
        if (label === 'pads sum') weights = eqTable(challenges.slice(0, blinding.variables));
      },
    );
    carriedOut(toy, { changeValues, through }, constant('pads round 0', SOME));
  });
});

it('the toys of these forgeries are false', () => {
  const assignments: readonly (readonly [Relation, Assignment])[] = [falseActivation(), falseDigit()].map((toy) => [
    toy.relation,
    toy.assignment,
  ]);
  for (const [relation, assignment] of assignments) {
    expect(() => countMultiplicities(relation, assignment)).toThrow(RangeError);
    expect(relation.tables.map(tableRows).every((rows) => rows > 0)).toBe(true);
  }
});
