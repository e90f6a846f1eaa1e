/** Matrix products by Freivalds' check: the right product for every challenge, a wrong one for none that is drawn after it. */
import { describe, expect, it } from 'vitest';
import type { Lc } from '../../circuits/builder.js';
import { freivaldsRows, type MatrixShape } from '../../circuits/gadgets/freivalds.js';
import { checkRounds } from '../../src/constraint/check-rounds.js';
import { addConstant, toField } from '../../circuits/lc.js';
import { LookupBuilder } from '../../circuits/builders/lookup-builder.js';
import { BITS_ONLY } from '../../circuits/builders/lookup-plan.js';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import { ChallengeWire } from '../../src/constraint/rounds.js';
import { mod, R } from '../../src/field/bn254.js';
import type { TwoRoundCircuit } from '../../src/constraint/program.js';
import { completeWitness } from '../../scripts/complete-witness.js';
import { checkSatisfied, outputsOf, publicSignals, solve } from '../../src/constraint/solver.js';

const BOUND = 1000;

/** An m×k by k×n product of two private inputs, the first one shifted by `offset`; its entries are outputs. */
function productCircuit({ m, k, n }: MatrixShape, offset = 3) {
  const b = new LookupBuilder(BITS_ONLY);
  b.layer('inputs', 'Input');
  const [x, y] = [b.input('a', m * k, -BOUND, BOUND), b.input('b', k * n, -BOUND, BOUND)];
  const left = rowsOf(x, k).map((row) => row.map((entry) => addConstant(entry, offset)));
  b.layer('product', 'MatMul');
  const before = b.constraints;
  const c = b.matrixProduct(left, rowsOf(y, n));
  const rows = b.constraints - before;
  b.output('c', c.flat());
  b.expose(toField(c[0]![0]!));
  return { circuit: b.finish(), rows, c };
}

function rowsOf(entries: readonly Lc[], width: number): Lc[][] {
  return Array.from({ length: entries.length / width }, (_, i) => entries.slice(i * width, (i + 1) * width));
}

function random(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647);
}

function inputsFor({ m, k, n }: MatrixShape, seed = 7): Map<string, Float64Array> {
  const next = random(seed);
  const draw = (size: number) => Float64Array.from({ length: size }, () => (next() % (2 * BOUND + 1)) - BOUND);
  return new Map([
    ['a', draw(m * k)],
    ['b', draw(k * n)],
  ]);
}

const challenges = (seed: number) => {
  const next = random(seed);
  const wide = () => mod(Array.from({ length: 9 }, next).reduce((sum, limb) => sum * 2n ** 31n + BigInt(limb), 0n));
  return { x: wide(), theta: wide() };
};

const SHAPE = { m: 4, k: 5, n: 6 };

/** The first row that the witness breaks, for these challenges; `forge` changes values of C by wire. */
function broken(forge: ReadonlyMap<number, bigint>, drawn = challenges(99)): number | undefined {
  const { circuit } = productCircuit(SHAPE);
  const witness = solve(circuit, inputsFor(SHAPE));
  const field = new Map(witness.field);
  for (const [wire, by] of forge) {
    field.set(wire, mod(BigInt(witness.small[wire]!) + by));
    witness.small[wire] = NaN;
  }
  const forged = { ...witness, field };
  const full = completeWitness(circuit, forged, publicSignals(circuit, forged), drawn);
  return checkSatisfied(circuit.r1cs, full)?.row;
}

const wiresOfC = productCircuit(SHAPE).c.map((row) => row.map((entry) => entry.wires[0]!));

/** The circuit with `wire` added to the first row of the check. */
function withWire(side: 'a' | 'b' | 'c', wire: number): TwoRoundCircuit {
  const { circuit } = productCircuit(SHAPE);
  const { rowStart, wires, coefs } = circuit.r1cs[side];
  const row = circuit.rounds.fieldRows[0]!;
  const at = rowStart[row + 1]!;
  const matrix = {
    rowStart: rowStart.map((start, i) => (i > row ? start + 1 : start)),
    wires: Uint32Array.from([...wires.subarray(0, at), wire, ...wires.subarray(at)]),
    coefs: Float64Array.from([...coefs.subarray(0, at), 1, ...coefs.subarray(at)]),
  };
  return { ...circuit, r1cs: { ...circuit.r1cs, [side]: matrix } };
}

describe("Freivalds' check", () => {
  it.each(['a', 'b', 'c'] as const)('holds Θ, round 1 and its own elements alone: side %s', (side) => {
    const { firstField } = productCircuit(SHAPE).circuit.rounds;
    for (const wire of [ChallengeWire.x, ChallengeWire.d]) {
      expect(() => {
        checkRounds(withWire(side, wire));
      }).toThrow(/a row at the challenge/);
    }
    expect(() => {
      checkRounds(withWire(side, firstField));
    }).not.toThrow();
  });

  it.each([SHAPE, { m: 7, k: 3, n: 2 }, { m: 2, k: 3, n: 7 }, { m: 8, k: 8, n: 8 }, { m: 3, k: 1, n: 4 }])(
    'proves the product of %o in the rows it says, for any challenge',
    (shape) => {
      const { circuit, rows } = productCircuit(shape);
      expect(rows).toBe(Math.min(freivaldsRows(shape).rows, shape.m * shape.k * shape.n));
      const inputs = inputsFor(shape);
      const witness = solve(circuit, inputs);
      const { m, k, n } = shape;
      const expected = Array.from({ length: m * n }, (_, at) => {
        const [i, j] = [Math.floor(at / n), at % n];
        return Array.from({ length: k }, (_each, t) => t).reduce(
          (sum, t) => sum + (inputs.get('a')![i * k + t]! + 3) * inputs.get('b')![t * n + j]!,
          0,
        );
      });
      expect(Array.from(outputsOf(circuit, witness).get('c')!)).toEqual(expected);
      for (const seed of [1, 2, 3]) {
        const full = completeWitness(circuit, witness, publicSignals(circuit, witness), challenges(seed));
        expect(checkSatisfied(circuit.r1cs, full)).toBeUndefined();
      }
    },
  );

  it('multiplies directly where that is no dearer, and by known entries for nothing', () => {
    expect(productCircuit({ m: 3, k: 4, n: 1 }).rows).toBe(12);
    expect(freivaldsRows({ m: 2, k: 2, n: 2 }).rows).toBe(8);
    const b = new LookupBuilder(BITS_ONLY);
    const x = rowsOf(b.input('a', 16, 0, 9), 4);
    const known = x.map((row, i) =>
      row.map((_, j) => ({ wires: [], coefs: [], constant: i + j, lo: i + j, hi: i + j })),
    );
    const before = b.constraints;
    b.matrixProduct(x, known);
    expect(b.constraints).toBe(before);
  });

  it('by bits the entries are products', () => {
    const b = new R1csBuilder();
    const [x, y] = [rowsOf(b.input('a', 6, 0, 9), 3), rowsOf(b.input('b', 12, 0, 9), 4)];
    const before = b.constraints;
    expect(b.matrixProduct(x, y).map((row) => row.map(({ lo, hi }) => [lo, hi]))).toEqual(
      Array.from({ length: 2 }, () => Array.from({ length: 4 }, () => [0, 243])),
    );
    expect(b.constraints - before).toBe(24);
  });

  it('refuses each wrong entry, and wrong entries that cancel in a sum', () => {
    expect(broken(new Map())).toBeUndefined();
    for (const wire of wiresOfC.flat().slice(1)) expect(broken(new Map([[wire, 1n]])), String(wire)).toBeDefined();
    const [first, second] = [wiresOfC[1]![0]!, wiresOfC[1]![1]!];
    expect(broken(new Map([[first, 1n], [second, -1n]]))).toBeDefined(); // prettier-ignore
    expect(broken(new Map([[wiresOfC[1]![2]!, 1n], [wiresOfC[2]![2]!, -1n]]))).toBeDefined(); // prettier-ignore
    expect(broken(new Map([[first, 2n ** 200n]]))).toBeDefined();
  });

  it('stands on the order of events: who knows the challenge first forges a product that holds for it, and for no other', () => {
    const drawn = challenges(5);
    // The cheaper side is Bᵀ·(Aᵀ·u) = Cᵀ·u, u of powers of Θ: errors −Θ and 1 in the first two entries of a column cancel.
    expect(freivaldsRows(SHAPE).transposed).toBe(true);
    const forgery = new Map([
      [wiresOfC[0]![2]!, R - drawn.theta],
      [wiresOfC[1]![2]!, 1n],
    ]);
    expect(broken(forgery, drawn)).toBeUndefined();
    expect(broken(forgery, challenges(6))).toBeDefined();
  });
});
