/** onnxruntime beside our own evaluation, before anything is built on what was imported: what agrees, what does not, and where it begins. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import type { RealGraph } from '../../src/compile/real/graph.js';
import { ReferenceGate } from '../../src/compile/reference-gate.js';
import { withOutputs } from '../../src/formats/onnx-expose.js';
import { decodeModel } from '../../src/formats/onnx-proto.js';
import { openReference, type FloatTensor } from '../../src/reference/onnxruntime.js';
import { buildModel, type TestModel } from './onnx-build.js';

const cases = path.resolve(import.meta.dirname, '../fixtures/cases');
const caseModel = (name: string) => path.join(cases, name, 'model.onnx');
const unit = { domain: { lo: -1, hi: 1 } };
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-gate-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const graphOf = (model: TestModel): RealGraph => importModel(buildModel(model)).graph;
const plus = { nodes: [{ op: 'Add', inputs: ['x', 'c'], outputs: ['y'] }], inputs: { x: [1, 3] }, outputs: ['y'] };
const shifted = (by: number): TestModel => ({ ...plus, constants: { c: { dims: [3], values: [by, 0.5, 0.25] } } });
const x = (...values: number[]) => new Map([['x', Float64Array.from(values)]]);

/** Another model's answers as if onnxruntime had given them. */
function answers(model: TestModel, inputs: ReadonlyMap<string, Float64Array>): Map<string, FloatTensor> {
  const graph = graphOf(model);
  const values = evaluateReal(graph, inputs);
  return new Map(graph.outputs.map(({ name, node, dims }) => [name, { dims, values: values.get(node)! }]));
}

function gated(model: TestModel, other: TestModel, samples: readonly ReadonlyMap<string, Float64Array>[]) {
  const gate = new ReferenceGate(graphOf(model));
  for (const [s, inputs] of samples.entries()) {
    const mismatch = gate.add(s, inputs, answers(other, inputs));
    if (mismatch !== undefined) return mismatch;
  }
  return gate.finish(samples);
}

describe('the gate', () => {
  const samples = [x(1, 2, 3), x(-1, 0, 1), x(8, 0, 0)];

  it('lets 0.9e-3 of the largest magnitude pass, and says how far it is', () => {
    expect(gated(shifted(0), shifted(0.9e-3 * 8), samples)).toBeCloseTo(0.9e-3, 5);
  });

  it('refuses 1.1e-3 of it, with both values, on whichever sample', () => {
    expect(gated(shifted(0), shifted(1.1e-3 * 8), samples)).toEqual({
      sample: 0,
      output: 'y',
      element: 0,
      theirs: String(1 + Math.fround(1.1e-3 * 8)),
      ours: '1',
    });
  });

  it('gives half precision ten times as much', () => {
    // TensorProto.DataType 10 is float16.
    const half = (model: TestModel): TestModel => ({
      ...model,
      nodes: [{ op: 'Add', inputs: ['x', 'd'], outputs: ['y'] }],
      constants: { d: { dims: [3], type: 10, raw: { int32Data: [0, 0x3800, 0x3400] } } },
      inputType: 10,
    });
    expect(new ReferenceGate(graphOf(half(shifted(0)))).limit).toBe(1e-2);
    expect(new ReferenceGate(graphOf(shifted(0))).limit).toBe(1e-3);
  });

  it('measures an output by its own magnitude: 1e-12 beside 1 hides nothing', () => {
    const two = (tiny: number): TestModel => ({
      nodes: [
        { op: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
        { op: 'Mul', inputs: ['x', 't'], outputs: ['z'] },
      ],
      inputs: { x: [1, 3] },
      outputs: ['y', 'z'],
      constants: { c: { dims: [1], values: [0.5] }, t: { dims: [1], values: [tiny] } },
    });
    expect(gated(two(1e-12), two(1.01e-12), samples)).toMatchObject({ output: 'z' });
  });

  it('a jump where rounding decides is none: 0.1 is less than float32’s own 0.1', () => {
    const greater: TestModel = {
      nodes: [
        { op: 'Mul', inputs: ['x', 'c'], outputs: ['m'] },
        { op: 'Greater', inputs: ['m', 'd'], outputs: ['y'] },
      ],
      inputs: { x: [1, 3] },
      outputs: ['y'],
      constants: { c: { dims: [1], values: [3] }, d: { dims: [1], values: [0.3] } },
    };
    const nudged = x(0.1 + 1e-9, 0.5, -1);
    const gate = new ReferenceGate(graphOf(greater));
    const flipped = answers(greater, nudged).get('y')!;
    const values = flipped.values.map((value, i) => (i === 0 ? 1 - value : value));
    expect(gate.add(0, nudged, new Map([['y', { ...flipped, values }]]))).toBeUndefined();
    expect(gate.finish([nudged])).toBeTypeOf('number');
    // But not where nothing is near.
    const wrong = new ReferenceGate(graphOf(greater));
    const far = flipped.values.map((value, i) => (i === 1 ? 1 - value : value));
    wrong.add(0, nudged, new Map([['y', { ...flipped, values: far }]]));
    expect(wrong.finish([nudged])).toMatchObject({ output: 'y', element: 1, theirs: '0', ours: '1' });
  });

  it('what is 0 but for rounding agrees with 0', () => {
    const cancelled: TestModel = {
      nodes: [
        { op: 'Add', inputs: ['x', 'c'], outputs: ['a'] },
        { op: 'Sub', inputs: ['a', 'x'], outputs: ['b'] },
        { op: 'Sub', inputs: ['b', 'c'], outputs: ['y'] },
      ],
      inputs: { x: [1, 3] },
      outputs: ['y'],
      constants: { c: { dims: [1], values: [0.7] } },
    };
    const gate = new ReferenceGate(graphOf(cancelled));
    const inputs = x(1, 2, 3);
    const values = Float64Array.of(6e-8, -6e-8, 1.2e-7);
    expect(gate.add(0, inputs, new Map([['y', { dims: [1, 3], values }]]))).toBeUndefined();
    expect(gate.finish([inputs])).toBeTypeOf('number');
  });

  it('another shape, NaN beside a number and a missing output are refused', () => {
    const gate = () => new ReferenceGate(graphOf(shifted(0)));
    const values = Float64Array.of(1, 2.5, 3.25);
    const inputs = x(1, 2, 3);
    expect(gate().add(0, inputs, new Map([['y', { dims: [3], values }]]))).toMatchObject({
      theirs: 'shape [3]',
      ours: 'shape [1, 3]',
    });
    expect(gate().add(0, inputs, new Map([['y', { dims: [1, 3], values: values.fill(NaN, 1, 2) }]]))).toMatchObject({
      element: 1,
      theirs: 'NaN',
      ours: '2.5',
    });
    expect(gate().add(0, inputs, new Map())).toMatchObject({ output: 'y', theirs: 'no such output' });
  });
});

describe('compile', () => {
  it('a pool whose shape onnxruntime gives otherwise is refused, with both', async () => {
    await expect(compile(caseModel('maxpool-same-lower-dil'), unit)).rejects.toMatchObject({
      code: 'REFERENCE_MISMATCH',
      exitCode: 2,
      details: {
        expected: expect.stringMatching(/^shape \[1, 1, 4, 4\] \(onnxruntime /) as string,
        got: expect.stringContaining('shape [1, 1, 5, 5]') as string,
        where: expect.stringContaining('y (MaxPool, opset 12)') as string,
        help: expect.stringContaining('open an issue') as string,
      },
    });
  });

  it('behind other nodes the first that differs is named', async () => {
    const bytes = buildModel({
      opset: 12,
      nodes: [
        { op: 'Relu', inputs: ['x'], outputs: ['r'], name: 'before' },
        {
          op: 'MaxPool',
          inputs: ['r'],
          outputs: ['p'],
          name: 'culprit',
          attributes: { kernel_shape: [2, 2], strides: [1, 1], dilations: [2, 2], auto_pad: 'SAME_LOWER' },
        },
        { op: 'ReduceMean', inputs: ['p'], outputs: ['m'], name: 'hides', attributes: { axes: [2, 3], keepdims: 0 } },
        { op: 'Mul', inputs: ['m', 'c'], outputs: ['y'], name: 'after' },
      ],
      inputs: { x: [1, 1, 5, 5] },
      outputs: ['y'],
      constants: { c: { dims: [1], values: [3] } },
    });
    await expect(compile(bytes, unit)).rejects.toMatchObject({
      code: 'REFERENCE_MISMATCH',
      details: { where: expect.stringContaining('culprit (MaxPool') as string },
    });
  });

  it('what onnxruntime cannot run is noted with its words, and our own evaluation judges', async () => {
    const { manifest, accuracy } = await compile(caseModel('conv-same-lower-dil'), unit);
    const words = /^not compared with onnxruntime: onnxruntime .* cannot run the model \(“.*Dilation not supported/;
    expect(manifest.notes.filter((note) => words.test(note))).toHaveLength(1);
    expect(accuracy).toMatchObject({ reference: 'zkonnx float64 evaluation', comparison: { compared: false } });
    expect(manifest.accuracy).toMatchObject({ comparedWith: null });
    expect(accuracy.outputs[0]!.maxAbsError).toBeLessThan(0.005 * accuracy.outputs[0]!.magnitude);
  });

  it('what onnxruntime refuses to load is said before anything else is looked at', async () => {
    const file = path.join(dir, 'refused.onnx');
    // The declared type of the output is a lie: onnxruntime checks it, the importer does not.
    await writeFile(file, buildModel({ ...shifted(0), outputType: 7 }));
    const seen: string[] = [];
    const onProgress = ({ phase }: { phase: string }) => void seen.push(phase);
    await expect(compile(file, { ...unit, onProgress })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      shortMessage: 'onnxruntime refuses the model',
    });
    expect([...new Set(seen)]).toEqual(['import', 'calibrate']);
    // Before the data, too, which says nothing of an input.
    await expect(compile(file, {})).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('a sample on which the model has no finite answer is named, and the output', async () => {
    const bytes = buildModel({
      nodes: [{ op: 'Log', inputs: ['x'], outputs: ['y'] }],
      inputs: { x: [1, 3] },
      outputs: ['y'],
    });
    const samples = [x(1, 2, 3), x(1, -2, 3)];
    await expect(compile(bytes, { samples })).rejects.toMatchObject({
      code: 'CALIBRATION_INVALID',
      details: { got: 'NaN', where: 'calibration sample 1, output y, element 1' },
    });
  });

  it('names what it was compared with, and how far it is', async () => {
    const { accuracy, manifest } = await compile(buildModel(shifted(0)), unit);
    expect(accuracy.comparison).toMatchObject({ compared: true, limit: 1e-3 });
    expect(accuracy.comparison.compared && accuracy.comparison.worst).toBeLessThan(1e-6);
    expect(manifest.accuracy!.comparedWith).toMatch(/^onnxruntime /);
  });
});

it('a model shows more of itself, and onnxruntime runs it', async () => {
  const model = buildModel({
    nodes: [
      { op: 'Relu', inputs: ['x'], outputs: ['inner'] },
      { op: 'Neg', inputs: ['inner'], outputs: ['y'] },
    ],
    inputs: { x: [1, 2] },
    outputs: ['y'],
  });
  const long = 'n'.repeat(300);
  expect(decodeModel(withOutputs(model, [long])).graph.output.map(({ name }) => name)).toEqual(['y', long]);
  const runtime = await openReference(withOutputs(model, ['inner']), [{ name: 'x', dims: [1, 2], dtype: 'float32' }]);
  const values = await runtime!.run(new Map([['x', Float64Array.of(2, -3)]]));
  await runtime!.close();
  expect([...values.get('inner')!.values, ...values.get('y')!.values]).toEqual([2, 0, -2, -0]);
});
