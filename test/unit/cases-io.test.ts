/** Outputs as the model has them, element types, and grids: whole small models that once gave wrong values or shapes. */
import { describe, expect, it } from 'vitest';
import { shapeDifferences } from '../../src/prove/run.js';
import { dimsOf, runCase, worstError } from './case-runs.js';

const DOMAIN = { lo: -1, hi: 1 };

describe('the last node moves nothing, and decides what the output looks like', () => {
  it.each([
    ['end-gap-flatten', 'y', [1, 4]],
    ['end-squeeze', 'y', [3]],
    ['t-out-reshape-dyn', 'view', [1, 2, 5]],
  ] as const)('%s', async (name, output, dims) => {
    const run = await runCase(name, { domain: DOMAIN });
    expect(run.compiled.schema.outputs).toMatchObject([{ name: output, dims, dtype: 'float32' }]);
    for (const [s, result] of run.results.entries()) {
      expect(result.outputs[output]!.dims).toEqual(dims);
      expect(result.reference[output]!.dims).toEqual(dimsOf(run.expected[s]![output]));
      expect(shapeDifferences(result)).toEqual([]);
    }
    expect(worstError(run, output)).toBeLessThan(0.0075);
  });

  it('labels are those of the last axis', async () => {
    const labels = ['a', 'b', 'c', 'd'];
    const { compiled } = await runCase('gap-flatten-labels', { domain: DOMAIN, labels });
    expect(compiled.schema.outputs).toMatchObject([{ dims: [1, 4], labels }]);
  });
});

it('a reference of another shape is told', () => {
  const value = (dims: readonly number[]) => ({ y: { dims, data: [1, 2] } });
  expect(shapeDifferences({ outputs: value([2, 1]), reference: value([2]) })).toEqual([
    'output y is [2, 1], of the float model [2]',
  ]);
});

describe('zero is a step', () => {
  it('x > 0 at zero', async () => {
    const run = await runCase('greater-zero', { domain: DOMAIN });
    expect(worstError(run, 'y')).toBe(0);
  });

  it('x ≠ 0 where padding is zeros', async () => {
    const run = await runCase('padding-mask-from-zero', { domain: DOMAIN, seen: true });
    expect(worstError(run, 'y')).toBeLessThan(0.005);
  });
});

it('float16, onnxruntime being the judge', async () => {
  const run = await runCase('fp16-model', { domain: DOMAIN });
  expect(run.compiled.accuracy.reference).toMatch(/^onnxruntime /);
  expect(run.compiled.schema.inputs).toMatchObject([{ dtype: 'float16' }]);
  expect(run.compiled.schema.outputs).toMatchObject([{ dtype: 'float16' }]);
  expect(worstError(run, 'y')).toBeLessThan(0.005);
});

it('columns of different magnitude have steps of their own', async () => {
  const run = await runCase('tabular-unscaled');
  const [input] = run.compiled.schema.inputs;
  expect(input).toMatchObject({ axis: 1 });
  expect(worstError(run, 'y')).toBeLessThan(0.005);
});

describe('masks', () => {
  it.each([
    ['mask-neg-inf-where', DOMAIN],
    ['mask-1e4', DOMAIN],
    ['key-padding-mask-input', undefined],
  ] as const)('%s', async (name, domain) => {
    const run = await runCase(name, domain === undefined ? {} : { domain });
    expect(worstError(run, 'y')).toBeLessThan(0.01);
  });

  it('a mask of floats is read as truth values', async () => {
    const { compiled } = await runCase('key-padding-mask-input');
    expect(compiled.schema.inputs.find(({ lo, hi }) => hi - lo === 1)).toMatchObject({
      dtype: 'float32',
      scale: 1,
      bytes: 1,
    });
  });
});
