/** doctor says what compile will say: of shapes, constants, tree models, and of what onnxruntime makes of the model. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/compile.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { prepareImported } from '../../src/compile/prepare.js';
import { expectError, zkonnx, zkonnxJson } from './cli-harness.js';
import { buildModel, type TestModel } from './onnx-build.js';

const caseModel = (name: string) => path.resolve(import.meta.dirname, '../fixtures/cases', name, 'model.onnx');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-doctor-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

interface Doctor {
  readonly supported: boolean;
  readonly checks: readonly { check: string; status: string; reason?: string; help?: string }[];
}

async function doctor(file: string): Promise<Doctor & { code: number }> {
  const { code, json } = await zkonnxJson(['doctor', file]);
  return { code, ...(json as unknown as Doctor) };
}

async function written(name: string, model: TestModel): Promise<string> {
  const file = path.join(dir, `${name}.onnx`);
  await writeFile(file, buildModel(model));
  return file;
}

describe('doctor and compile agree', () => {
  const unit = { domain: { lo: -1, hi: 1 } };
  const emptySlice: TestModel = {
    nodes: [{ op: 'Slice', inputs: ['x', 'from', 'to'], outputs: ['y'] }],
    inputs: { x: [1, 4] },
    outputs: ['y'],
    constants: { from: { dims: [2], type: 7, values: [0, 2] }, to: { dims: [2], type: 7, values: [1, 2] } },
  };
  const infinite: TestModel = {
    nodes: [{ op: 'Max', inputs: ['x', 'c'], outputs: ['y'] }],
    inputs: { x: [1, 2] },
    outputs: ['y'],
    constants: { c: { dims: [2], values: [-Infinity, 0] } },
  };

  it.each<[string, () => Promise<string>, string, RegExp]>([
    [
      'an output without elements',
      () => Promise.resolve(caseModel('empty-output')),
      'SHAPE_MISMATCH',
      /no elements.*\[1, 0\]/,
    ],
    ['another one', () => written('empty', emptySlice), 'SHAPE_MISMATCH', /no elements/],
    ['a constant that is no number', () => written('infinite', infinite), 'MODEL_INVALID', /no finite number.*Max/],
    [
      'a shape that onnxruntime gives otherwise',
      () => Promise.resolve(caseModel('maxpool-same-lower-dil')),
      'REFERENCE_MISMATCH',
      /\[1, 1, 4, 4\].*\[1, 1, 5, 5\]/,
    ],
  ])('%s is refused by both', async (_, model, code, reason) => {
    const file = await model();
    const { code: exit, supported, checks } = await doctor(file);
    expect({ exit, supported }).toEqual({ exit: 2, supported: false });
    expect(checks.at(-1)).toMatchObject({ status: 'refused', reason: expect.stringMatching(reason) as string });
    await expect(compile(file, unit)).rejects.toMatchObject({ code, exitCode: 2 });
    const { stdout } = await zkonnx(['doctor', file]);
    expect(stdout).toContain('nodes are supported, but compile refuses it');
    expect(stdout).toMatch(/What stands in the way\n.*\n +help: /);
  });

  it('what onnxruntime cannot run is a note in both', async () => {
    const file = caseModel('conv-same-lower-dil');
    const { code, checks } = await doctor(file);
    expect(code).toBe(0);
    expect(checks.at(-1)).toMatchObject({
      status: 'noted',
      reason: expect.stringContaining('Dilation not supported') as string,
    });
    expect((await zkonnx(['doctor', file])).stdout).toMatch(/Notes\n.*not compared with onnxruntime/);
  });

  it('what onnxruntime refuses to load is refused by both', async () => {
    const file = await written('lie', {
      nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
      inputs: { x: [1, 2] },
      outputs: ['y'],
      outputType: 7,
    });
    const { code, checks } = await doctor(file);
    expect(code).toBe(2);
    expect(checks.at(-1)).toMatchObject({
      check: 'onnxruntime',
      reason: expect.stringContaining('refuses the model') as string,
    });
    await expect(compile(file, unit)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('a model of half precision passes both', async () => {
    const { code, checks } = await doctor(caseModel('fp16-model'));
    expect(code).toBe(0);
    expect(checks.map(({ status }) => status)).toEqual(['passed', 'passed', 'passed']);
    const { accuracy } = await compile(caseModel('fp16-model'), unit);
    expect(accuracy.comparison).toMatchObject({ compared: true, limit: 1e-2 });
  });

  it('a tree model is refused as one, by both', async () => {
    for (const args of [
      ['doctor', caseModel('xgb')],
      ['compile', caseModel('xgb'), '-o', path.join(dir, 'xgb'), '--domain', '0..1'],
    ]) {
      expect(await expectError(args, 'OP_UNSUPPORTED')).toMatchObject({
        message: 'a tree model (ai.onnx.ml) is not supported',
        got: expect.stringContaining('TreeEnsemble') as string,
      });
    }
  });
});

describe('advice', () => {
  const unsupported = (inputs: string[]): TestModel => ({
    nodes: [
      { op: 'Einsum', inputs, outputs: ['e'], name: 'sum' },
      { op: 'Add', inputs: ['x', 'e'], outputs: ['y'] },
    ],
    inputs: { x: [2] },
    outputs: ['y'],
    constants: { c: { dims: [2], values: [1, 2] } },
  });
  const helpOf = (model: TestModel): string | undefined => {
    try {
      importModel(buildModel(model));
    } catch (error) {
      return (error as { details: { help?: string } }).details.help;
    }
    return undefined;
  };

  it('names onnxsim where the node reads constants alone, and nowhere else', () => {
    expect(helpOf(unsupported(['c', 'c']))).toContain('onnxsim');
    expect(helpOf(unsupported(['x', 'c']))).not.toContain('onnxsim');
    expect(helpOf(unsupported(['x', 'c']))).toContain('rewrite');
    const reshape: TestModel = {
      nodes: [
        { op: 'Cast', inputs: ['x'], outputs: ['shape'], attributes: { to: 7 } },
        { op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] },
      ],
      inputs: { x: [2] },
      outputs: ['y'],
    };
    expect(helpOf(reshape)).not.toContain('onnxsim');
  });
});

describe('layers are reported under the node they came from', () => {
  const origins = (model: TestModel) =>
    prepareImported(importModel(buildModel(model)), 'circuit').graph.nodes.map(({ origin }) => origin);

  it('a convolution with its bias and BatchNormalization is the convolution', () => {
    const five = { dims: [2], values: [1, 2] };
    const model: TestModel = {
      nodes: [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], name: 'conv', attributes: { kernel_shape: [3, 3] } },
        { op: 'BatchNormalization', inputs: ['c', 'g', 'b', 'm', 'v'], outputs: ['n'], name: 'norm' },
        { op: 'Relu', inputs: ['n'], outputs: ['r'], name: 'relu' },
        { op: 'MaxPool', inputs: ['r'], outputs: ['y'], name: 'pool', attributes: { kernel_shape: [2, 2] } },
      ],
      inputs: { x: [1, 1, 5, 5] },
      outputs: ['y'],
      constants: {
        w: { dims: [2, 1, 3, 3], values: Array.from({ length: 18 }, (_, i) => i / 9) },
        g: five,
        b: five,
        m: five,
        v: five,
      },
    };
    expect(origins(model)).toEqual([
      'input',
      'conv (Conv, opset 13)',
      'pool (MaxPool, opset 13)',
      'relu (Relu, opset 13)',
    ]);
  });

  it('x·sigmoid(x) is the sigmoid, of a MatMul with its bias the MatMul', () => {
    const model: TestModel = {
      nodes: [
        { op: 'MatMul', inputs: ['x', 'w'], outputs: ['a'], name: 'dense' },
        { op: 'Add', inputs: ['a', 'b'], outputs: ['h'], name: 'bias' },
        { op: 'Sigmoid', inputs: ['h'], outputs: ['s'], name: 'gate' },
        { op: 'Mul', inputs: ['h', 's'], outputs: ['y'], name: 'times' },
      ],
      inputs: { x: [1, 3] },
      outputs: ['y'],
      constants: { w: { dims: [3, 2], values: [1, 2, 3, 4, 5, 6] }, b: { dims: [2], values: [1, 2] } },
    };
    expect(origins(model)).toEqual(['input', 'dense (MatMul, opset 13)', 'gate (Sigmoid, opset 13)']);
  });
});
