/** The loops of a check in plain JavaScript and in WebAssembly: the same values for the same arguments, the same verdicts, and JavaScript where WebAssembly does not run. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { sampleKey, sampleProof } from '../../../scripts/clear-sample.js';
import { fromBase64 } from '../../../src/base/base64.js';
import { ZkonnxError } from '../../../src/base/errors.js';
import { CodecFault } from '../../../src/base/codec.js';
import { EXT_ONE, extAdd, extMul, extScale, ORDER, type Ext } from '../../../src/field/goldilocks.js';
import { arithmeticOf } from '../../../src/verify/clear/arithmetic-choice.js';
import type { Arithmetic, OpenedRows } from '../../../src/verify/clear/arithmetic.js';
import { readConstraints } from '../../../src/verify/clear/constraints.js';
import type { Expression } from '../../../src/verify/clear/expression.js';
import { entriesFrom, type Claim } from '../../../src/verify/clear/functional.js';
import { PointEvaluator } from '../../../src/verify/clear/functional-value.js';
import { layOut, positionsOf } from '../../../src/verify/clear/layout.js';
import { readLookups } from '../../../src/verify/clear/lookups.js';
import { variablesOf } from '../../../src/verify/clear/box.js';
import { eqAt, evaluateAt } from '../../../src/verify/clear/multilinear.js';
import { domainPoint } from '../../../src/verify/clear/oracle.js';
import { argumentPlan, committedTensors, type ArgumentPlan } from '../../../src/verify/clear/plan.js';
import { ArgumentReader, type Transcript } from '../../../src/verify/clear/reader.js';
import { readRelation } from '../../../src/verify/clear/relation-bytes.js';
import { elementsOf, type Relation } from '../../../src/verify/clear/relation.js';
import { LeafWeighting, PointWeighting } from '../../../src/verify/clear/weighting.js';
import { prepareKey, verify, verifyBatch } from '../../../src/verify/index.js';
import { drawnToy } from './drawn.js';
import { Draws } from './opening-support.js';
import { plainPlan } from './plain.js';
import { draws as numbers, everyKind, requantised, type Toy } from './toys.js';

const javascript = arithmeticOf('javascript');
const webassembly = arithmeticOf('webassembly');

/** By both; the value. */
function same<T>(compute: (arithmetic: Arithmetic) => T): T {
  const value = compute(javascript);
  expect(compute(webassembly)).toEqual(value);
  return value;
}

const ends: Ext[] = [
  [0n, 0n],
  [ORDER - 1n, ORDER - 1n],
  [0n, ORDER - 1n],
  [1n, 0n],
];
/** Half of them ends. */
const drawn = (draws: Draws, count: number): Ext[] =>
  Array.from({ length: count }, (_, i) => (i % 2 === 0 ? draws.ext() : ends[draws.below(ends.length)]!));

function rowsOf(draws: Draws, count: number, salt: number, width: number): OpenedRows {
  const stride = salt + 8 * width;
  const bytes = draws.bytes(stride * count);
  const view = new DataView(bytes.buffer);
  for (let row = 0; row < count; row++) {
    drawn(draws, width).forEach(([value], i) => view.setBigUint64(stride * row + salt + 8 * i, value, true));
  }
  return { bytes, count, salt, width };
}

describe('both', () => {
  it('are two', () => {
    expect(arithmeticOf()).toBe(webassembly);
    expect(javascript).not.toBe(webassembly);
  });

  it('digests of every length around blocks and chunks, one message and many', () => {
    const draws = new Draws('digests');
    for (const length of [1, 8, 63, 64, 65, 128, 560, 1023, 1024, 1025, 2048, 2049, 5000]) {
      for (const count of [1, 2, 3, 4, 5, 9]) {
        same(({ digests }) => digests('zkonnx test', draws.bytes(length * count), length).length);
        const messages = draws.bytes(length * count);
        same(({ digests }) => digests(`zkonnx clear v1 node ${length}`, messages, length));
      }
    }
  });

  it('sums of rows, with salts and without', () => {
    const draws = new Draws('rows');
    for (const [count, salt, width] of [
      [1, 0, 1],
      [5, 16, 7],
      [3, 0, 70],
    ] as const) {
      const rows = rowsOf(draws, count, salt, width);
      const coefficients = drawn(draws, width);
      expect(same((arithmetic) => arithmetic.rowSums(rows, coefficients))).toHaveLength(count);
    }
  });

  it('folds of cosets: those of a polynomial, its coefficients folded', () => {
    const draws = new Draws('cosets');
    for (const variables of [1, 2, 4]) {
      const domainLog = 7;
      const log = domainLog - variables;
      const coefficients = draws.exts(2 ** 4);
      const indices = [0, 1, 2 ** log - 1];
      const points = indices.flatMap((index) =>
        Array.from({ length: 2 ** variables }, (_, q) => domainPoint(domainLog, index + q * 2 ** log)),
      );
      const values = javascript.evaluations(coefficients, points);
      const bytes = new Uint8Array(BigUint64Array.from(values.flat()).buffer);
      const rows = { bytes, count: indices.length, salt: 0, width: 2 * 2 ** variables };
      const bound = draws.exts(variables);
      const folded = same((arithmetic) => arithmetic.foldCosets(rows, { domainLog, indices, bound }));
      const left = Array.from({ length: 2 ** (4 - variables) }, (_, i) =>
        evaluateAt(coefficients.slice(i * 2 ** variables, (i + 1) * 2 ** variables), bound),
      );
      expect(folded).toEqual(
        javascript.evaluations(
          left,
          indices.map((index) => domainPoint(log, index)),
        ),
      );
    }
  });

  it('evaluations, and sums of those that joined before variables were bound', () => {
    const draws = new Draws('evaluations');
    const points = (count: number) => [0n, 1n, ORDER - 1n, ...Array.from({ length: count }, draws.element)];
    for (const count of [1, 15, 16, 17, 128]) {
      const coefficients = drawn(draws, count);
      const at = points(5);
      same((arithmetic) => arithmetic.evaluations(coefficients, at));
      const joined = [0, 3, 6].map((rounds) => ({
        points: points(4),
        epsilon: draws.ext(),
        bound: drawn(draws, rounds),
      }));
      same((arithmetic) => arithmetic.joinedSum(coefficients, joined));
      expect(same((arithmetic) => arithmetic.joinedSum(coefficients, []))).toEqual([0n, 0n]);
    }
  });

  it('weighted sums over boxes at a point, whole and selected', () => {
    const draws = new Draws('boxes');
    for (const dims of [[1], [5], [8], [3, 4], [4, 3], [1, 6, 8], [2, 2, 5, 1]]) {
      const count = elementsOf(dims);
      const weighting = () => new PointWeighting(dims, point);
      const point = drawn(draws, 12);
      const values = BigUint64Array.from({ length: count }, (_, i) => (i % 3 === 0 ? ORDER - 1n : draws.element()));
      same((arithmetic) => arithmetic.weightedSum(weighting(), values, undefined));
      const to = Uint32Array.from({ length: 20 }, () => draws.below(count));
      const from = Uint32Array.from({ length: 20 }, () => draws.below(count));
      same((arithmetic) => arithmetic.weightedSum(weighting(), values, { from, to }));
    }
  });

  it('weighted sums over the leaves of lookups', () => {
    const draws = new Draws('leaves');
    for (const { relation } of [requantised(), requantised(5, 7), everyKind()]) {
      const plan = plainPlan(relation);
      const { blocks, depth } = plan.lookups!;
      relation.constraints.forEach(({ kind, dims }, index) => {
        if (kind !== 'lookup') return;
        const own = blocks.filter(({ of }) => of.kind === 'lookup' && of.index === index);
        const weighting = new LeafWeighting(dims, plan.layouts, own, draws.exts(depth));
        const values = draws.values(elementsOf(dims));
        same((arithmetic) => arithmetic.weightedSum(weighting, values, undefined));
      });
    }
  });

  it('sums over rows of a listed table', () => {
    const draws = new Draws('listed');
    const values = Float64Array.of(0, -1, 2 ** 53 - 1, 1 - 2 ** 53, 17, -(2 ** 32));
    for (const first of [0, 1, 10]) {
      const point = drawn(draws, 4);
      same((arithmetic) => arithmetic.listedSum(point, first, values));
    }
  });

  it('sums over entries: listed, selected and of patterns, in matrices below and beyond 2^12 rows', () => {
    const draws = new Draws('entries');
    for (const n of [3, 6, 12, 14]) {
      const dims = [7, 11];
      const layout = layOut([[5], dims, [40]], n, 0);
      const at = { layout, positions: positionsOf(layout, 1), point: drawn(draws, n) };
      const index = Uint32Array.from({ length: 100 }, () => draws.below(77));
      const weights = drawn(draws, 100);
      same((arithmetic) => arithmetic.entrySums({ kind: 'entries', tensor: 1, index, weights }, at));

      const weighting = new PointWeighting([6, 5], draws.exts(8));
      const to = Uint32Array.from({ length: 100 }, () => draws.below(30));
      const factor = draws.ext();
      const list = () => Array.from(to, (e) => extMul(factor, weighting.elements()[e]!));
      const elements = () => weighting.elements();
      const source = { kind: 'select', box: weighting.box, elements, to, factor } as const;
      same((arithmetic) => arithmetic.entrySums(entriesFrom(1, index, source, list), at));
    }
  });
});

/** Values and challenges that are drawn, whatever is asked for. */
function drawnTranscript(seed: string): Transcript {
  const draws = new Draws(seed);
  return {
    draw: (_label, count) => draws.exts(count),
    exchange: (_label, count, challenges) => ({ values: draws.exts(count), challenges: draws.exts(challenges) }),
  };
}

/** Every claim of constraints and lookups, true or not, and what the functionals are at a point: by both, with what they throw. */
function claimsBy(arithmetic: Arithmetic, plan: ArgumentPlan, publics: readonly BigUint64Array[]): unknown {
  const claims: Claim[] = [];
  class Collecting extends ArgumentReader {
    override claimZero(label: string, expression: Expression): void {
      claims.push(expression.isZero(label, this.plan.blindingTensor));
    }
  }
  const reader = new Collecting(plan, publics, drawnTranscript('claims'), arithmetic);
  if (plan.constraints) readConstraints(reader, plan.constraints);
  if (plan.lookups) readLookups(reader, plan.lookups);
  const { cells, weights } = plan.layouts;
  const point = new Draws('point').exts(cells.n);
  const evaluators = {
    cells: new PointEvaluator(cells, point, arithmetic),
    weights: weights && new PointEvaluator(weights, point, arithmetic),
  };
  const draws = new Draws('scales');
  for (const { functional } of claims) {
    for (const term of functional.cells) evaluators.cells.add(term, draws.ext());
    for (const term of functional.weights) evaluators.weights!.add(term, draws.ext());
  }
  return [claims.map(({ label, value }) => [label, value]), evaluators.cells.sums, evaluators.weights?.sums];
}

function planAt(relation: Relation, n: number): ArgumentPlan {
  const dims = (tensors: readonly { readonly dims: readonly number[] }[]) => tensors.map((tensor) => tensor.dims);
  const weights = relation.weights.length === 0 ? undefined : layOut(dims(relation.weights), n, 0);
  return argumentPlan(relation, { cells: layOut(dims(committedTensors(relation)), n, 2 ** (n - 1)), weights });
}

describe('claims of whole arguments', () => {
  const toys: readonly (readonly [string, Toy])[] = [
    ['a network', requantised()],
    ['another', requantised(7, 13)],
    ['every kind', everyKind()],
    ...[1, 2, 3, 4, 5, 6].map((seed): [string, Toy] => [`drawn by ${seed}`, drawnToy(seed).toy]),
  ];
  it.each(toys)('%s: the same values', (_, { relation, assignment }) => {
    for (const n of [5, 13]) {
      const plan = planAt(relation, n);
      same((arithmetic) => claimsBy(arithmetic, plan, assignment.publics));
    }
  });

  it('of changed relations that are still read: the same values', async () => {
    const bytes = fromBase64((await sampleKey()).relation)!;
    const draw = numbers(20261130);
    let read = 0;
    for (let i = 0; i < 1200; i++) {
      const changed = bytes.slice();
      for (let k = draw(1, 3); k > 0; k--) changed[draw(0, bytes.length - 1)] = draw(0, 255);
      const relation = relationOf(changed);
      const tensors = relation && [
        ...relation.cells,
        ...relation.weights,
        ...relation.publics,
        ...relation.constraints,
      ];
      if (!tensors || tensors.some(({ dims }) => elementsOf(dims) > 3000)) continue;
      read++;
      const publics = relation.publics.map(({ dims }) => new Draws('publics').values(elementsOf(dims)));
      same((arithmetic) => claimsBy(arithmetic, planAt(relation, 11), publics));
    }
    expect(read).toBeGreaterThan(100);
  });
});

/** Undefined for bytes that are refused. */
function relationOf(bytes: Uint8Array): Relation | undefined {
  try {
    return readRelation(bytes);
  } catch (error) {
    if (error instanceof CodecFault || error instanceof ZkonnxError) return undefined;
    throw error;
  }
}

describe('a caller', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('names one, or none, and has the same verdicts', async () => {
    const key = await sampleKey();
    const proof = await sampleProof(key, [1, 15, 0, 7]);
    const prepared = prepareKey(key);
    const bad = {
      ...proof,
      publicSignals: proof.publicSignals.map((signal, i) => (i === 0 ? `${BigInt(signal) + 1n}` : signal)),
    };
    const [first] = [undefined, 'javascript', 'webassembly'].map((name) => {
      const options = name === undefined ? {} : { arithmetic: name as 'javascript' };
      expect(verify(proof, prepared, options)).toMatchObject({ valid: true });
      return verifyBatch([proof, bad, proof], prepared, options);
    });
    for (const arithmetic of ['javascript', 'webassembly'] as const) {
      expect(verifyBatch([proof, bad, proof], prepared, { arithmetic })).toEqual(first);
    }
    expect(first!.map(({ valid }) => valid)).toEqual([true, false, true]);
    expect(() => verify(proof, prepared, { arithmetic: 'fortran' as 'javascript' })).toThrow(
      /javascript or webassembly/,
    );
  });

  it.each([
    ['is not there', undefined],
    [
      'may not compile',
      {
        Module: function () {
          throw new Error("Refused to compile: 'unsafe-eval' is not allowed");
        },
      },
    ],
  ])('has JavaScript where WebAssembly %s, unless it is asked for by name', async (_, there) => {
    const key = await sampleKey();
    const proof = await sampleProof(key, [1, 15, 0, 7]);
    vi.resetModules();
    vi.stubGlobal('WebAssembly', there);
    const fresh = await import('../../../src/verify/index.js');
    expect(fresh.verify(proof, key)).toMatchObject({ valid: true });
    expect(fresh.verify(proof, key, { arithmetic: 'javascript' })).toMatchObject({ valid: true });
    expect(() => fresh.verify(proof, key, { arithmetic: 'webassembly' })).toThrow('WebAssembly does not run here');
  });

  it('whose sums are too many for the memory has them from JavaScript, and the memory is let go', async () => {
    vi.resetModules();
    const pages: number[] = [];
    const { Memory, Module, Instance } = globalThis.WebAssembly as unknown as Record<
      'Memory' | 'Module' | 'Instance',
      new (...args: never[]) => object
    >;
    class Counted extends (Memory as unknown as new (size: object) => { grow(by: number): number }) {
      constructor(size: object) {
        super(size);
        pages.push(1);
      }
      override grow(by: number): number {
        pages[pages.length - 1]! += by;
        return super.grow(by);
      }
    }
    vi.stubGlobal('WebAssembly', { Memory: Counted, Module, Instance });
    const { arithmeticOf: freshOf } = await import('../../../src/verify/clear/arithmetic-choice.js');
    const fresh = freshOf('webassembly');
    const values = new BigUint64Array(8).fill(3n);
    const select = { from: Uint32Array.of(0, 1) };
    const point = new Draws('large').exts(20);
    const sum = (elements: number) =>
      fresh.weightedSum(new PointWeighting([elements], point), values, {
        ...select,
        to: Uint32Array.of(0, elements - 1),
      });
    const expected = (elements: number) => {
      const [low, rest] = [point.slice(0, variablesOf(elements)), elements - 1];
      return extScale(extAdd(eqAt(low, 0), eqAt(low, rest)), 3n);
    };
    // Two tables of 8 MiB: kept by nobody after the call.
    expect(sum(2 ** 19)).toEqual(expected(2 ** 19));
    expect(pages).toHaveLength(1);
    expect(pages[0]).toBeGreaterThan(250);
    expect(sum(2 ** 18 + 1)).toEqual(expected(2 ** 18 + 1));
    expect(pages).toHaveLength(2);
    // Tables of 2^22 do not fit into 64 MiB: refused before the memory grows.
    const large = {
      box: { kind: 'point', dims: [2 ** 22], point },
      elements: () => [EXT_ONE],
      total: () => EXT_ONE,
      terms: () => [],
    } as const;
    expect(fresh.weightedSum(large, BigUint64Array.of(5n), undefined)).toEqual([5n, 0n]);
    expect(Math.max(...pages)).toBeLessThanOrEqual(1024);
  });
});
