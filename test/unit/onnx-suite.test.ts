/** The official ONNX node tests of every supported operator: each passes, or is listed with its reason. */
import { describe, expect, it } from 'vitest';
import { suiteExclusions } from '../../src/compile/onnx/exclusions.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import { ZkonnxError } from '../../src/base/errors.js';
import { isFloatType } from '../../src/base/element-types.js';
import type { DecodedTensor } from '../../src/formats/onnx-proto.js';
import { caseNames as names, readCase, type SuiteCase } from './onnx-suite-cases.js';

/** Operators whose result is only moved or chosen: no rounding is forgiven. */
const EXACT = new Set(
  'ArgMax Concat Constant ConstantOfShape Dropout Expand Flatten Gather Identity MaxPool GlobalMaxPool Max Min Pad Relu Reshape Slice Split Squeeze Transpose Unsqueeze Where Shape Size'.split(
    ' ',
  ),
);
/** Cases whose expected values are printed with four digits in ONNX's own source. */
const FOUR_DIGITS = new Set(['test_averagepool_2d_ceil_last_window_starts_on_pad']);

/** How a case passes: with its data computed in the circuit, or only by folding. */
function run(name: string): 'computed' | 'folded' {
  const test = readCase(name);
  const bindings = [() => false, (input: string) => test.constantInputs.has(input), () => true];
  for (const [level, binds] of bindings.entries()) {
    const constants = new Map([...test.inputs].filter(([input]) => binds(input)));
    try {
      const { graph } = importModel(test.bytes, { constants });
      const values = evaluateReal(graph, new Map([...test.inputs].map(([input, tensor]) => [input, tensor.values])));
      for (const { name: output, node, dims, dtype } of graph.outputs) {
        compare({ dims, dtype, values: values.get(node)! }, test.outputs.get(output)!, tolerance(name, test, output));
      }
      return level === 2 || test.inputs.size === test.constantInputs.size ? 'folded' : 'computed';
    } catch (error) {
      const last = level === bindings.length - 1;
      if (last || !(error instanceof ZkonnxError) || error.code !== 'OP_UNSUPPORTED') throw error;
    }
  }
  throw new Error('unreachable');
}

function tolerance(name: string, { op, inputs, outputs }: SuiteCase, output: string): number {
  if (FOUR_DIGITS.has(name)) return 1e-3;
  // Computed float16 and bfloat16 values are held more precisely than their type: one unit in the last place is its own rounding.
  const types = [...inputs.values(), outputs.get(output)!].map(({ dtype }) => dtype);
  if (types.includes('bfloat16')) return 2 ** -7;
  if (types.includes('float16')) return 2 ** -10;
  return EXACT.has(op) ? 0 : 1e-4;
}

type Tensor = Pick<DecodedTensor, 'values'> & { readonly dims: readonly number[]; readonly dtype: string };

function compare(got: Tensor, expected: DecodedTensor, relative: number): void {
  expect([got.dtype, got.dims]).toEqual([expected.dtype, expected.dims]);
  const allowed = isFloatType(expected.dtype) ? relative : 0;
  expected.values.forEach((value, i) => {
    const found = got.values[i]!;
    const close =
      Object.is(found, value) || Math.abs(found - value) <= allowed * Math.abs(value) + (allowed > 0 ? 1e-6 : 0);
    // `0 === -0` and equal infinities are equal values.
    if (!close && found !== value) expect.fail(`element ${i}: ${found}, expected ${value}`);
  });
}

describe('official node suite', () => {
  for (const name of names) {
    const reason = suiteExclusions[name];
    it(reason === undefined ? name : `${name} is excluded: ${reason}`, () => {
      if (reason === undefined) {
        expect(['computed', 'folded']).toContain(run(name));
      } else {
        expect(() => run(name)).toThrow(ZkonnxError);
      }
    });
  }

  it('excludes only cases that exist', () => {
    expect(Object.keys(suiteExclusions).filter((name) => !names.includes(name))).toEqual([]);
  });

  it('holds every case of the packed suite', () => {
    expect(names.length).toBe(676);
  });

  it('passes float cases with computed data, and only integers and declared constants by folding', () => {
    const strays = names.filter((name) => {
      if (suiteExclusions[name] !== undefined || run(name) === 'computed') return false;
      const { op, inputs, constantInputs } = readCase(name);
      const integers = [...inputs.values()].every(({ dtype }) => !isFloatType(dtype));
      return !integers && constantInputs.size < inputs.size && op !== 'Pow';
    });
    expect(strays).toEqual([]);
  });
});
