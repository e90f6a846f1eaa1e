/** Every kind of bad input that compile, run, prove and doctor can be given: exit 2, a stable code, nothing written. */
import { readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs/light.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { onnxDescriptor } from '../../src/formats/onnx-descriptor.js';
import { PROOFS, expectError, filesBelow, scratchFolder, zkonnx, zkonnxJson } from './cli-harness.js';

const folder = await scratchFolder();
const IRIS = fileURLToPath(new URL('../fixtures/models/iris-mlp-deepprove/', import.meta.url));
const MODEL = path.join(IRIS, 'model.onnx');
const CALIBRATION = path.join(IRIS, 'calibration.json');
const artifact = path.join(folder, 'iris');

interface NodeDraft {
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
}

/** A model x [1, 2] → y [1, 2] with these nodes. */
function onnx(nodes: readonly NodeDraft[], initializer: readonly object[] = []): Uint8Array {
  const type = protobuf.Root.fromJSON(onnxDescriptor).lookupType('onnx.ModelProto');
  const value = (name: string) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimValue: 1 }, { dimValue: 2 }] } } },
  });
  const model = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: 'draft',
      node: nodes.map((node) => ({ ...node, name: node.output[0] })),
      initializer,
      input: [value('x')],
      output: [value('y')],
    },
  };
  return type.encode(type.fromObject(model)).finish();
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const at = path.join(folder, name);
  await writeFile(at, content);
  return at;
}

/** The command fails with `code`, and the folder holds what it held. */
async function refused(args: readonly string[], code: string): Promise<Record<string, unknown>> {
  const before = await filesBelow(folder);
  const error = await expectError(args, code);
  expect(await filesBelow(folder)).toEqual(before);
  return error;
}

describe('compile: models', () => {
  const out = path.join(folder, 'never');
  const external = {
    name: 'w',
    dims: [1, 2],
    dataType: 1,
    dataLocation: 1,
    externalData: [{ key: 'location', value: 'missing.bin' }],
  };
  const relu = { opType: 'Relu', input: ['x'], output: ['y'] };
  it.each([
    ['text', () => 'this is no model', 'NOT_ONNX'],
    ['an empty file', () => '', 'NOT_ONNX'],
    ['a truncated model', async () => (await readFile(MODEL)).subarray(0, 5000), 'MODEL_INVALID'],
    [
      'external data missing',
      () => onnx([{ opType: 'Add', input: ['x', 'w'], output: ['y'] }], [external]),
      'EXTERNAL_DATA_MISSING',
    ],
    [
      'a cycle',
      () =>
        onnx([
          { opType: 'Add', input: ['x', 'b'], output: ['a'] },
          { ...relu, input: ['a'], output: ['b'] },
          { ...relu, input: ['b'] },
        ]),
      'GRAPH_INVALID',
    ],
    ['a dangling input', () => onnx([{ ...relu, input: ['nowhere'] }]), 'GRAPH_INVALID'],
    ['an unsupported operator', () => onnx([{ ...relu, opType: 'TopK' }]), 'OP_UNSUPPORTED'],
  ])('%s', async (name, content, code) => {
    const model = await file(`${name.replaceAll(' ', '-')}.onnx`, await content());
    await refused(['compile', model, '-o', out, '--domain', '0..1'], code);
  });

  it('no such file, a folder, a model too large to be read', async () => {
    await refused(['compile', path.join(folder, 'none.onnx'), '-o', out, '--domain', '0..1'], 'FILE_UNREADABLE');
    await refused(['compile', folder, '-o', out, '--domain', '0..1'], 'FILE_UNREADABLE');
    const huge = await file('huge.onnx', '');
    await truncate(huge, 2 ** 32);
    await refused(['compile', huge, '-o', out, '--domain', '0..1'], 'FILE_TOO_LARGE');
    await truncate(huge, 0);
  });

  it('an unsupported operator is named with node, operator, opset and what would help', async () => {
    const model = await file('topk.onnx', onnx([{ opType: 'TopK', input: ['x'], output: ['y'] }]));
    const error = await refused(['compile', model, '-o', out, '--domain', '0..1'], 'OP_UNSUPPORTED');
    expect(error['where']).toMatch(/y.*TopK.*opset 13/);
    expect(error['help']).toBeTypeOf('string');
  });
});

describe('compile: flags and calibration data', () => {
  const compile = (...flags: string[]) => ['compile', MODEL, '-o', path.join(folder, 'never'), ...flags];
  it('neither data nor a domain', () => refused(compile(), 'CALIBRATION_INVALID'));
  it('a domain of no input', () => refused(compile('--domain', 'pixels=0..1'), 'USAGE'));
  it('labels that are too few', () => refused(compile('--calibrate', CALIBRATION, '--labels', 'a,b'), 'USAGE'));
  it('labels from no file', () =>
    refused(compile('--calibrate', CALIBRATION, '--labels', `@${folder}/no-labels`), 'FILE_UNREADABLE'));
  it('image flags on a model that takes no picture', () =>
    refused(compile('--calibrate', CALIBRATION, '--image-layout', 'NHCW'), 'USAGE'));
  it('calibration data of the wrong shape', async () =>
    refused(compile('--calibrate', await file('shape.json', '{"input": [1, 2, 3]}')), 'INPUT_SHAPE'));
  it('calibration data outside the declared domain', () =>
    refused(compile('--calibrate', CALIBRATION, '--domain', '0..1'), 'CALIBRATION_INVALID'));
  it('a tolerance that cannot be met', () =>
    refused(compile('--calibrate', CALIBRATION, '--tolerance', '1e-9', '--bits', '4'), 'TOLERANCE_UNREACHABLE'));
});

describe('prove and run: inputs', () => {
  beforeAll(async () => {
    const { code } = await zkonnx([
      'compile',
      MODEL,
      '-o',
      artifact,
      '--calibrate',
      CALIBRATION,
      '--protocol',
      'groth16',
    ]);
    expect(code).toBe(0);
  });

  const out = path.join(folder, 'never.json');
  it.each([
    ['a wrong name', '{"pixels": [0, 0, 0, 0]}', 'INPUT_NAME'],
    ['a wrong shape', '{"input": [0, 0, 0]}', 'INPUT_SHAPE'],
    ['a wrong type', '{"input": ["a", 0, 0, 0]}', 'INPUT_TYPE'],
    ['NaN', '{"input": [0, NaN, 0, 0]}', 'INPUT_NOT_FINITE'],
    ['infinity', '{"input": [0, 0, -Infinity, 0]}', 'INPUT_NOT_FINITE'],
    ['a value outside the domain', '{"input": [0, 0, 0, 7.5]}', 'INPUT_OUT_OF_DOMAIN'],
    ['no JSON', '{"input": [', 'INPUT_FORMAT'],
  ])('%s', async (name, content, code) => {
    const input = await file(`input-${name.replaceAll(' ', '-')}.json`, content);
    await refused(['prove', artifact, '--in', input, '-o', out], code);
    await refused(['run', artifact, '--in', input], code);
    await refused(['export', 'wtns', artifact, '--in', input, '-o', out], code);
  });

  it('the element outside the domain is named, and its sample', async () => {
    const lines = '{"input": [0, 0, 0, 0]}\n{"input": [0, 0, 7.5, 0]}\n';
    const input = await file('last-line.jsonl', lines);
    const error = await refused(
      ['prove', artifact, '--in', input, '-o', path.join(folder, 'never')],
      'INPUT_OUT_OF_DOMAIN',
    );
    expect(error['where']).toBe('input[0, 2], sample last-line.jsonl:2');
    expect(error['got']).toBe('7.5');
  });

  it('a JSON file of a gigabyte', async () => {
    const input = await file('huge.json', '');
    await truncate(input, 2 ** 30);
    await refused(['prove', artifact, '--in', input, '-o', out], 'FILE_TOO_LARGE');
    await refused(['run', artifact, '--in', input], 'FILE_TOO_LARGE');
    await truncate(input, 0);
  });

  it('an artifact without keys, and with the key of another circuit', async () => {
    const input = await file('good.json', '{"input": [0, 0, 0, 0]}');
    const error = await refused(['prove', artifact, '--in', input, '-o', out], 'FILE_UNREADABLE');
    expect(error['help']).toContain('zkonnx setup');
    await writeFile(
      path.join(artifact, 'verification_key.json'),
      await readFile(path.join(PROOFS, 'classifier/verification_key.json')),
    );
    await refused(['prove', artifact, '--in', input, '-o', out], 'KEY_MISMATCH');
  });

  it('run has the fields that programs rely on', async () => {
    const input = await file('good.json', '{"input": [0.3, -0.3, 0.2, 0.1]}');
    const { code, json } = await zkonnxJson(['run', artifact, '--in', input]);
    expect(code).toBe(0);
    expect(Object.keys(json)).toEqual([
      'id',
      'outputs',
      'reference',
      'maxAbsError',
      'clamped',
      'clamps',
      'referenceName',
    ]);
    expect({ clamped: json['clamped'], clamps: json['clamps'] }).toEqual({ clamped: false, clamps: [] });
    const { outputs, reference, maxAbsError } = json as Record<
      string,
      Record<string, { dims: number[]; data: number[] }>
    >;
    expect(outputs!['output']!.dims).toEqual([1, 3]);
    expect(reference!['output']!.data).toHaveLength(3);
    const differences = outputs!['output']!.data.map((value, i) => Math.abs(value - reference!['output']!.data[i]!));
    expect(maxAbsError).toBe(Math.max(...differences));
    expect(maxAbsError).toBeLessThan(0.01);
  });

  it('run on a batch has one such document a sample', async () => {
    const { json } = await zkonnxJson(['run', artifact, '--in', CALIBRATION]);
    const { samples, maxAbsError } = json as { samples: { id: string; maxAbsError: number }[]; maxAbsError: number };
    expect(json['clamped']).toBe(false);
    expect(samples).toHaveLength(30);
    expect(maxAbsError).toBe(Math.max(...samples.map((sample) => sample.maxAbsError)));
  });
});

describe('doctor', () => {
  it('exit 0 when every node is supported', async () => {
    const { code, json } = await zkonnxJson(['doctor', MODEL]);
    expect({ code, json }).toMatchObject({ code: 0, json: { model: MODEL, supported: true } });
    expect((json['nodes'] as object[])[0]).toMatchObject({ op: 'Gemm', status: 'supported' });
  });

  it('exit 2, every node listed, each unsupported one with a reason and help', async () => {
    const nodes = [
      { opType: 'TopK', input: ['x'], output: ['a'] },
      { opType: 'Relu', input: ['x'], output: ['b'] },
      { opType: 'Add', input: ['a', 'b'], output: ['y'] },
    ];
    const model = await file('two-of-three.onnx', onnx(nodes));
    const { code, json } = await zkonnxJson(['doctor', model]);
    expect(code).toBe(2);
    expect(json).toMatchObject({ supported: false });
    const reports = json['nodes'] as { op: string; status: string; reason?: string; help?: string }[];
    expect(reports.map(({ op, status }) => `${op} ${status}`)).toEqual([
      'TopK unsupported',
      'Relu supported',
      'Add unchecked',
    ]);
    expect(reports[0]).toMatchObject({ reason: expect.any(String) as string, help: expect.any(String) as string });
    const { stdout } = await zkonnx(['doctor', model]);
    expect(stdout).toContain('2 of 3 nodes stand in the way');
    expect(stdout).toMatch(/a \(TopK\): .*\n +help: /);
  });

  it('a file that is no model is an error', () => refused(['doctor', CALIBRATION], 'NOT_ONNX'));
});
