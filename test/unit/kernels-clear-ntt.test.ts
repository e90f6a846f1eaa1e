/** Evaluation on subgroups of F_p beside Horner's rule, at every rate, whole and cut into tasks. */
import { beforeAll, describe, expect, it } from 'vitest';
import { GL, ORDER, rootOfUnity } from '../../src/field/goldilocks.js';
import { elementsIn, readElements, words64 } from '../../src/kernels/clear/elements.js';
import { instantiateClearKernels, type ClearKernels } from '../../src/kernels/clear/module.js';
import {
  createGlTwiddles,
  evaluate,
  evaluationPhases,
  interpolate,
  runGlNttTask,
  type GlTwiddles,
} from '../../src/kernels/clear/ntt.js';
import { Draws } from './kernels-clear-support.js';

const draws = new Draws();
let kernels: ClearKernels;
let table: GlTwiddles;
beforeAll(async () => {
  kernels = await instantiateClearKernels();
  table = createGlTwiddles(kernels, 17);
});

const horner = (coefficients: readonly bigint[], x: bigint): bigint =>
  coefficients.reduceRight((value, coefficient) => (value * x + coefficient) % ORDER, 0n);

/** Random, all zero, all p − 1, and one alone at the end. */
const polynomials = (n: number): bigint[][] => [
  draws.elements(n),
  new Array<bigint>(n).fill(0n),
  new Array<bigint>(n).fill(ORDER - 1n),
  Array.from({ length: n }, (_, i) => (i === n - 1 ? 1n : 0n)),
];

it('makes the powers of its definition', () => {
  for (let log = 1; log <= 17; log++) {
    const half = 2 ** (log - 1);
    const powers = readElements(kernels, table.pointer + 8 * half, half);
    for (const j of [0, 1, half >> 1, half - 1]) {
      if (j < half) expect(powers[j]).toBe(GL.pow(rootOfUnity(log), BigInt(j)));
    }
    expect(powers.every((value) => value < ORDER)).toBe(true);
  }
});

describe.each([0, 1, 2, 3])('zero-extended by 2^%i', (kappa) => {
  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('row i is the value at g^i, 2^%i coefficients', (logIn) => {
    const { exports, heap } = kernels;
    const logOut = logIn + kappa;
    const g = rootOfUnity(logOut);
    for (const coefficients of polynomials(2 ** logIn)) {
      const mark = heap.mark();
      const input = elementsIn(kernels, coefficients);
      const out = heap.allocate(8 * 2 ** logOut);
      evaluate(exports, table, { out, input, logIn, logOut });
      const expected = Array.from({ length: 2 ** logOut }, (_, i) => horner(coefficients, GL.pow(g, BigInt(i))));
      expect(readElements(kernels, out, 2 ** logOut)).toEqual(expected);
      expect(readElements(kernels, input, 2 ** logIn)).toEqual(coefficients);
      heap.release(mark);
    }
  });
});

describe.each([
  [14, 14],
  [15, 15],
  [13, 15],
  [15, 16],
  [15, 17],
  [2, 15],
  [3, 16],
  [1, 14],
  [0, 15],
])('2^%i coefficients on 2^%i points', (logIn, logOut) => {
  it('equals Horner’s rule at drawn points, whole and cut for 1 to 3 workers', () => {
    const { exports, heap } = kernels;
    const g = rootOfUnity(logOut);
    const mark = heap.mark();
    for (const coefficients of polynomials(2 ** logIn).slice(0, 3)) {
      const input = elementsIn(kernels, coefficients);
      const out = heap.allocate(8 * 2 ** logOut);
      evaluate(exports, table, { out, input, logIn, logOut });
      const values = readElements(kernels, out, 2 ** logOut);
      const rows = [0, 1, 2 ** logOut - 1, ...Array.from({ length: 12 }, () => draws.below(2 ** logOut))];
      for (const i of rows) expect(values[i]).toBe(horner(coefficients, GL.pow(g, BigInt(i))));
      expect(values.every((value) => value < ORDER)).toBe(true);
      for (const workers of [1, 2, 3]) {
        const again = heap.allocate(8 * 2 ** logOut);
        for (const phase of evaluationPhases(table, [{ out: again, input, logIn, logOut }], workers)) {
          // Tasks of a phase are independent: any order will do.
          for (const task of phase.toReversed()) runGlNttTask(exports, task);
        }
        expect(readElements(kernels, again, 2 ** logOut)).toEqual(values);
      }
    }
    heap.release(mark);
  });
});

it('cuts up only the columns that do not come out even', () => {
  const evaluation = { out: 0, input: 0, logIn: 14, logOut: 15 };
  const phases = evaluationPhases(table, [evaluation, evaluation, evaluation], 2);
  expect(phases[0]!.filter((task) => task.step.kind === 'whole')).toHaveLength(2);
  expect(phases.slice(1).every((phase) => phase.length === 2)).toBe(true);
  expect(evaluationPhases(table, [evaluation, evaluation], 2)).toHaveLength(1);
});

it.each([0, 1, 5, 6, 10, 15])('interpolates what it evaluated, 2^%i', (log) => {
  const { exports, heap } = kernels;
  const mark = heap.mark();
  const coefficients = draws.elements(2 ** log);
  const [input, values, scratch, out] = [
    elementsIn(kernels, coefficients),
    ...[0, 0, 0].map(() => heap.allocate(8 * 2 ** log)),
  ];
  evaluate(exports, table, { out: values!, input: input!, logIn: log, logOut: log });
  interpolate(exports, table, { out: out!, input: values!, log, scratch: scratch! });
  expect(readElements(kernels, out!, 2 ** log)).toEqual(coefficients);
  heap.release(mark);
});

it('takes an operand at 2^64 − 1 between passes: values there are any', () => {
  const { exports, heap } = kernels;
  const top = 2n ** 64n - 1n;
  const data = heap.allocate(8 * 64);
  for (const values of [new Array<bigint>(64).fill(top), Array.from({ length: 64 }, () => draws.any())]) {
    words64(kernels, data, 64).set(values);
    exports.gl_ntt_pass(data, 16, table.pointer, 0, 16, 1);
    const [w64, w32] = [rootOfUnity(6), rootOfUnity(5)];
    const expected = new Array<bigint>(64);
    for (let j = 0; j < 16; j++) {
      const [a, b, c, d] = [0, 16, 32, 48].map((o) => values[j + o]!) as [bigint, bigint, bigint, bigint];
      const [t, v, vi] = [GL.pow(w32, BigInt(j)), GL.pow(w64, BigInt(j)), GL.pow(w64, BigInt(j + 16))];
      const [even, odd] = [GL.mod(a + t * b), GL.mod(a - t * b)];
      const [e2, o2] = [GL.mod(c + t * d), GL.mod(c - t * d)];
      expected[j] = GL.mod(even + v * e2);
      expected[j + 32] = GL.mod(even - v * e2);
      expected[j + 16] = GL.mod(odd + vi * o2);
      expected[j + 48] = GL.mod(odd - vi * o2);
    }
    expect(readElements(kernels, data, 64)).toEqual(expected);
  }
});

it('refuses domains beyond its table and beyond the field', () => {
  expect(() => evaluate(kernels.exports, table, { out: 0, input: 0, logIn: 17, logOut: 18 })).toThrow(RangeError);
  expect(() => evaluate(kernels.exports, table, { out: 0, input: 0, logIn: 5, logOut: 4 })).toThrow(RangeError);
  expect(() => createGlTwiddles(kernels, 28)).toThrow(RangeError);
});
