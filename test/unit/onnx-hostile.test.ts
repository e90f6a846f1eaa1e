/** Models that are wrong or hostile: a clear error, bounded memory, never a crash or a hang. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importModel } from '../../src/compile/onnx/import.js';
import { ZkonnxError, type ErrorCode } from '../../src/base/errors.js';
import { decodeModel, decodeTensorProto } from '../../src/formats/onnx-proto.js';
import { buildModel, type TestModel, type TestNode } from './onnx-build.js';

const fixture = readFileSync(new URL('../fixtures/models/iris-mlp-deepprove/model.onnx', import.meta.url));

function codeOf(run: () => unknown): ErrorCode | 'no error' {
  try {
    run();
    return 'no error';
  } catch (error) {
    if (error instanceof ZkonnxError) return error.code;
    throw error;
  }
}

const importing = (model: TestModel) => codeOf(() => importModel(buildModel(model)));
const relu: TestNode = { op: 'Relu', inputs: ['x'], outputs: ['y'] };
const simple: TestModel = { nodes: [relu], inputs: { x: [2] }, outputs: ['y'] };

describe('files', () => {
  it.each([
    ['an empty file', new Uint8Array()],
    ['a text', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:00\n')],
    ['JSON', new TextEncoder().encode('{"input_data": [[1]]}')],
    ['a PNG header', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)],
    ['zeros', new Uint8Array(1000)],
  ])('%s is not ONNX', (_, bytes) => {
    expect(codeOf(() => importModel(bytes))).toBe('NOT_ONNX');
  });

  it('a truncated model is said to be cut short, wherever it ends', () => {
    for (let length = 2; length < fixture.length; length += 97) {
      const code = codeOf(() => importModel(fixture.subarray(0, length)));
      expect(['NOT_ONNX', 'MODEL_INVALID']).toContain(code);
    }
    expect(codeOf(() => decodeModel(fixture.subarray(0, 4000)))).toBe('MODEL_INVALID');
  });

  it('changed bytes give a model or a clear error', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(fixture.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        (changes) => {
          const bytes = Uint8Array.from(fixture);
          for (const [at, value] of changes) bytes[at] = value;
          codeOf(() => importModel(bytes));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('random bytes as a tensor give a clear error or a tensor', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        codeOf(() => decodeTensorProto(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('counts objects before it makes them', () => {
    // Field 7 (graph) of a model, filled with empty nodes: two bytes each, over a hundred once decoded.
    const body = new Uint8Array(18_000_000).fill(0);
    for (let i = 0; i < body.length; i += 2) body[i] = 0x0a;
    const length = [0, 7, 14, 21].map((shift, i) => ((body.length >> shift) & 0x7f) | (i < 3 ? 0x80 : 0));
    const bytes = Uint8Array.from([0x08, 0x08, 0x3a, ...length, ...body]);
    const before = process.memoryUsage().heapUsed;
    expect(codeOf(() => decodeModel(bytes))).toBe('MODEL_INVALID');
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(200e6);
  });
});

describe('graphs', () => {
  it.each<[string, ErrorCode, TestModel]>([
    [
      'a cycle',
      'GRAPH_INVALID',
      {
        ...simple,
        nodes: [
          { op: 'Add', inputs: ['x', 'b'], outputs: ['a'] },
          { op: 'Relu', inputs: ['a'], outputs: ['b'] },
        ],
        outputs: ['b'],
      },
    ],
    [
      'a node that reads itself',
      'GRAPH_INVALID',
      { ...simple, nodes: [{ op: 'Relu', inputs: ['y'], outputs: ['y'] }] },
    ],
    ['a dangling input', 'GRAPH_INVALID', { ...simple, nodes: [{ ...relu, inputs: ['nowhere'] }] }],
    ['no outputs', 'GRAPH_INVALID', { ...simple, outputs: [] }],
    ['an output listed twice', 'GRAPH_INVALID', { ...simple, outputs: ['y', 'y'] }],
    ['an output nobody makes', 'GRAPH_INVALID', { ...simple, outputs: ['z'] }],
    ['a value made twice', 'GRAPH_INVALID', { ...simple, nodes: [relu, relu] }],
    [
      'a node that makes an input',
      'GRAPH_INVALID',
      { ...simple, nodes: [{ ...relu, outputs: ['x'] }], outputs: ['x'] },
    ],
    ['opset 6', 'OP_UNSUPPORTED', { ...simple, opset: 6 }],
    ['opset 99', 'OP_UNSUPPORTED', { ...simple, opset: 99 }],
    ['an unknown operator', 'OP_UNSUPPORTED', { ...simple, nodes: [{ ...relu, op: 'TopK' }] }],
    ['a name every object has', 'OP_UNSUPPORTED', { ...simple, nodes: [{ ...relu, op: 'constructor' }] }],
    ['an unknown attribute', 'OP_UNSUPPORTED', { ...simple, nodes: [{ ...relu, attributes: { alpha: 2 } }] }],
    ['an operator of another domain', 'OP_UNSUPPORTED', { ...simple, nodes: [{ ...relu, domain: 'com.microsoft' }] }],
    ['too many inputs', 'MODEL_INVALID', { ...simple, nodes: [{ ...relu, inputs: ['x', 'x'] }] }],
    ['string inputs', 'OP_UNSUPPORTED', { ...simple, inputType: 8 }],
    ['dimensions of 2^40', 'MODEL_INVALID', { ...simple, inputs: { x: [2 ** 40] } }],
    ['dimensions whose product overflows', 'MODEL_INVALID', { ...simple, inputs: { x: [2 ** 30, 2 ** 30, 2 ** 30] } }],
  ])('%s', (_, code, model) => {
    expect(importing(model)).toBe(code);
  });

  it('names node, operator, opset and what would help', () => {
    const bytes = buildModel({ ...simple, nodes: [{ ...relu, op: 'GRU', name: 'block1/act' }], opset: 20 });
    expect(() => importModel(bytes)).toThrow(/GRU[^]*block1\/act \(GRU, opset 20\)[^]*help: /);
  });

  it.each<[string, TestNode, Record<string, readonly number[]>]>([
    ['ConstantOfShape', { op: 'ConstantOfShape', inputs: ['c'], outputs: ['y'] }, { c: [2 ** 20, 2 ** 20] }],
    ['Expand', { op: 'Expand', inputs: ['x', 'c'], outputs: ['y'] }, { c: [2 ** 40, 2] }],
    ['Pad', { op: 'Pad', inputs: ['x', 'c'], outputs: ['y'] }, { c: [2 ** 40, 2 ** 40] }],
    ['Range', { op: 'Range', inputs: ['z', 'c', 'o'], outputs: ['y'] }, { z: [0], c: [2 ** 50], o: [1] }],
  ])('%s of an absurd size is refused before it is made', (_, node, constants) => {
    const model: TestModel = {
      ...simple,
      nodes: [node],
      constants: Object.fromEntries(
        Object.entries(constants).map(([name, values]) => [name, { dims: [values.length], values, type: 7 }]),
      ),
    };
    expect(importing(model)).toBe('MODEL_INVALID');
  });

  it('a pool with an absurd kernel, and a product of absurd cost', () => {
    const pool = (attributes: NonNullable<TestNode['attributes']>) =>
      importing({
        ...simple,
        inputs: { x: [1, 1, 64, 64] },
        nodes: [{ op: 'MaxPool', inputs: ['x'], outputs: ['y'], attributes }],
      });
    expect(pool({ kernel_shape: [2 ** 40, 1] })).toBe('SHAPE_MISMATCH');
    expect(pool({ kernel_shape: [1, 1], pads: [2 ** 20, 2 ** 20, 2 ** 20, 2 ** 20] })).toBe('MODEL_INVALID');
    expect(pool({ kernel_shape: [0, 1] })).toBe('SHAPE_MISMATCH');
    const product: TestModel = {
      nodes: [{ op: 'MatMul', inputs: ['a', 'b'], outputs: ['y'] }],
      inputs: { a: [2048, 2048], b: [2048, 2048] },
      outputs: ['y'],
    };
    expect(importing(product)).toBe('MODEL_INVALID');
  });

  it('a sum of very many inputs does not overflow the stack', () => {
    const inputs = new Array<string>(300_000).fill('x');
    expect(importing({ ...simple, nodes: [{ op: 'Sum', inputs, outputs: ['y'] }] })).toBe('no error');
  });

  it('weights that are no numbers', () => {
    const gemm: TestModel = {
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
      inputs: { x: [1, 2] },
      constants: { w: { dims: [2, 1], values: [NaN, 1] } },
      outputs: ['y'],
    };
    expect(importing(gemm)).toBe('MODEL_INVALID');
  });
});

describe('tensors', () => {
  const withTensor = (dims: readonly number[], raw: object, type = 1): TestModel => ({
    nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: { x: [2] },
    constants: { w: { dims, raw, type } },
    outputs: ['y'],
  });

  it.each<[string, ErrorCode, TestModel]>([
    ['fewer bytes than the dimensions say', 'MODEL_INVALID', withTensor([2], { rawData: new Uint8Array(4) })],
    ['no bytes at all', 'MODEL_INVALID', withTensor([2], {})],
    ['dimensions of 2^40', 'MODEL_INVALID', withTensor([2 ** 40], { rawData: new Uint8Array(8) })],
    ['a negative dimension', 'MODEL_INVALID', withTensor([-2], { rawData: new Uint8Array(8) })],
    ['an 8-bit float', 'OP_UNSUPPORTED', withTensor([2], { rawData: new Uint8Array(2) }, 17)],
    ['a type that does not exist', 'OP_UNSUPPORTED', withTensor([2], { rawData: new Uint8Array(8) }, 77)],
    [
      'an integer beyond 2^53',
      'RANGE_EXCEEDED',
      withTensor([1], { rawData: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 64) }, 7),
    ],
  ])('%s', (_, code, model) => {
    expect(importing(model)).toBe(code);
  });
});

describe('external data', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'zkonnx-external-'));
    mkdirSync(path.join(dir, 'model'));
    writeFileSync(path.join(dir, 'model/weights.bin'), new Uint8Array(new Float32Array([9, 1, 2]).buffer));
    writeFileSync(path.join(dir, 'secret.bin'), new Uint8Array(8));
    symlinkSync(path.join(dir, 'secret.bin'), path.join(dir, 'model/link.bin'));
  });
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  const model = (location: string, offset = 0) =>
    buildModel({
      nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      inputs: { x: [2] },
      constants: {
        w: {
          dims: [2],
          raw: {
            dataLocation: 1,
            externalData: [
              { key: 'location', value: location },
              { key: 'offset', value: String(offset) },
              { key: 'length', value: '8' },
            ],
          },
        },
      },
      outputs: ['y'],
    });
  const importing = (location: string, offset = 0, externalDir: string | undefined = path.join(dir, 'model')) =>
    codeOf(() => importModel(model(location, offset), { externalDir }));

  it('reads the range it is given', () => {
    const { graph } = importModel(model('weights.bin', 4), { externalDir: path.join(dir, 'model') });
    const { op } = graph.nodes[1]!;
    expect(op.kind === 'linear' && Array.from(op.bias)).toEqual([1, 2]);
  });

  it('says what is missing, and never leaves the folder', () => {
    expect(importing('absent.bin')).toBe('EXTERNAL_DATA_MISSING');
    expect(importing('../secret.bin')).toBe('EXTERNAL_DATA_MISSING');
    expect(importing(path.join(dir, 'secret.bin'))).toBe('EXTERNAL_DATA_MISSING');
    expect(importing('link.bin')).toBe('EXTERNAL_DATA_MISSING');
    expect(importing('')).toBe('EXTERNAL_DATA_MISSING');
    expect(codeOf(() => importModel(model('weights.bin')))).toBe('EXTERNAL_DATA_MISSING');
  });

  it('refuses a range outside of the file', () => {
    expect(importing('weights.bin', 8)).toBe('MODEL_INVALID');
    expect(importing('weights.bin', -4)).toBe('MODEL_INVALID');
  });
});
