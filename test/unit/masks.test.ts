/** Attention masks as exporters write them become masked softmaxes, which are what onnxruntime computes. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { importModel } from '../../src/compile/onnx/import.js';
import { compile } from '../../src/compile/compile.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import type { RealGraph } from '../../src/compile/real/graph.js';
import { openReference } from '../../src/reference/onnxruntime.js';
import { compileBoth, runBoth } from './onnx-circuits.js';
import { buildModel, type TestModel } from './onnx-build.js';

const LEAST = -3.4028234663852886e38;

function softmaxOf(graph: RealGraph) {
  const nodes = graph.nodes.flatMap(({ op, inputs }) => (op.kind === 'softmax' ? [{ ...op, inputs }] : []));
  expect(nodes).toHaveLength(1);
  return nodes[0]!;
}

/** The largest magnitude of any number that the graph is made of. */
function largest(graph: RealGraph): number {
  const numbers = graph.nodes.flatMap(({ op }) => {
    if (op.kind === 'constant') return [...op.values];
    return op.kind === 'linear' ? [...op.bias, ...op.maps.flatMap(({ patCoef }) => [...patCoef])] : [];
  });
  return numbers.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

async function agrees(bytes: Uint8Array, inputs: ReadonlyMap<string, Float64Array>, output = 'y'): Promise<RealGraph> {
  const { graph } = importModel(bytes);
  const specs = graph.inputs.map((name) => graph.nodes.find((node) => node.name === name)!);
  const reference = await openReference(bytes, specs);
  const expected = (await reference!.run(inputs)).get(output)!.values;
  await reference!.close();
  const got = evaluateReal(graph, inputs).get(graph.outputs.find(({ name }) => name === output)!.node)!;
  expected.forEach((value, i) => {
    // What is masked is 0 and not a little more.
    if (value === 0) expect(got[i]).toBe(0);
    expect(got[i]).toBeCloseTo(value, 5);
  });
  return graph;
}

const scores = Float64Array.from({ length: 9 }, (_, i) => Math.fround(Math.sin(3 * i)));
const CAUSAL = [0, 1, 1, 0, 0, 1, 0, 0, 0];
const bools = (values: readonly number[], dims: readonly number[]) => ({
  dims,
  type: 9,
  raw: { int32Data: values },
});
const floats = (values: readonly number[], dims: readonly number[]) => ({ dims, values: Float32Array.from(values) });

const softmax = { op: 'Softmax', inputs: ['s'], outputs: ['y'], attributes: { axis: -1 } };

describe('masks that are known', () => {
  const model = (nodes: TestModel['nodes'], constants: TestModel['constants']) =>
    buildModel({ nodes: [...nodes, softmax], inputs: { x: [3, 3] }, outputs: ['y'], constants: constants! });
  const where = (inputs: readonly string[]) => [{ op: 'Where', inputs, outputs: ['s'] }];
  const masked = (value: number) => CAUSAL.map((flag) => flag * value).map((each) => (each === 0 ? 0 : each));

  it.each([
    ['Where(keep, scores, −∞)', model(where(['keep', 'x', 'c']), { keep: bools(CAUSAL.map((f) => 1 - f), [3, 3]), c: floats([-Infinity], []) }), 'none'], // prettier-ignore
    ['Where(hide, the least float, scores)', model(where(['hide', 'c', 'x']), { hide: bools(CAUSAL, [3, 3]), c: floats([LEAST], []) }), 'uniform'], // prettier-ignore
    ['scores + −∞', model([{ op: 'Add', inputs: ['x', 'c'], outputs: ['s'] }], { c: floats(CAUSAL.map((f) => (f ? -Infinity : 0)), [3, 3]) }), 'none'], // prettier-ignore
    ['−10,000 + scores', model([{ op: 'Add', inputs: ['c', 'x'], outputs: ['s'] }], { c: floats(masked(-1e4), [3, 3]) }), 'scores'], // prettier-ignore
  ] as const)('%s', async (_, bytes, empty) => {
    const graph = await agrees(bytes, new Map([['x', scores]]));
    const { inputs, ...op } = softmaxOf(graph);
    expect([inputs[0], op.empty]).toEqual(['x', empty]);
    expect(largest(graph)).toBeLessThan(10);
  });

  it('scores scaled after the mask, and a bias of their own in the same sum', async () => {
    const constants = {
      c: floats(
        CAUSAL.map((f) => (f ? -1e9 : 0.5)),
        [3, 3],
      ),
      two: floats([2], []),
    };
    const nodes = [
      { op: 'Add', inputs: ['x', 'c'], outputs: ['a'] },
      { op: 'Mul', inputs: ['a', 'two'], outputs: ['s'] },
    ];
    const graph = await agrees(model(nodes, constants), new Map([['x', scores]]));
    expect(softmaxOf(graph).inputs).toHaveLength(2);
    expect(largest(graph)).toBeLessThan(10);
  });

  it('infinity elsewhere is refused, and its node named', () => {
    const add = [{ op: 'Add', inputs: ['x', 'c'], outputs: ['y'], name: 'sum' }];
    const bytes = buildModel({ nodes: add, inputs: { x: [3] }, outputs: ['y'], constants: { c: floats([0, 0, -Infinity], [3]) } }); // prettier-ignore
    expect(() => importModel(bytes)).toThrow('a weight or constant is NaN or infinite');
  });

  it('infinity in a constant that nobody reckons with at import is no fault of the data', async () => {
    const nodes = [
      { op: 'Where', inputs: ['keep', 'x', 'c'], outputs: ['w'], name: 'choice' },
      { op: 'Relu', inputs: ['w'], outputs: ['y'] },
    ];
    const constants = { keep: bools([1, 0, 1], [3]), c: floats([-Infinity], []) };
    const bytes = buildModel({ nodes, inputs: { x: [3] }, outputs: ['y'], constants });
    await expect(compile(bytes, { domain: { lo: -1, hi: 1 } })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      shortMessage: 'a constant of the model is no finite number',
      details: { where: 'c, element 0, read by choice (Where, opset 13)' },
    });
  });
});

describe('masks that come in', () => {
  const keys = Float64Array.of(1, 1, 0);
  const padding = (type: number, hide: number): Uint8Array => {
    const isFloat = type === 1;
    const nodes = [
      { op: 'Unsqueeze', inputs: ['m', 'axes'], outputs: ['u'] },
      ...(isFloat ? [] : [{ op: 'Cast', inputs: ['u'], outputs: ['f'], attributes: { to: 1 } }]),
      { op: 'Sub', inputs: ['one', isFloat ? 'u' : 'f'], outputs: ['inverse'] },
      { op: 'Mul', inputs: ['inverse', 'hide'], outputs: ['bias'] },
      { op: 'Add', inputs: ['x', 'causal'], outputs: ['a'] },
      { op: 'Add', inputs: ['a', 'bias'], outputs: ['s'] },
      softmax,
    ];
    const constants = {
      axes: { dims: [1], values: [0], type: 7 },
      one: floats([1], []),
      hide: floats([hide], []),
      causal: floats(CAUSAL.map((f) => (f ? LEAST : 0)), [3, 3]), // prettier-ignore
    };
    const types = { x: 1, m: type };
    return buildModel({ nodes, inputs: { x: [3, 3], m: [3] }, inputTypes: types, outputs: ['y'], constants });
  };

  it.each([
    ['float32', 1, -1e4],
    ['int64', 7, LEAST],
    ['bool', 9, -1e9],
  ] as const)('%s, and causal', async (_, type, hide) => {
    const graph = await agrees(padding(type, hide), new Map([['x', scores], ['m', keys]])); // prettier-ignore
    expect(softmaxOf(graph).inputs[0]).toBe('x');
    expect(largest(graph)).toBeLessThan(10);
    if (type !== 9) expect(graph.nodes.find(({ name }) => name === 'm')!.op).toEqual({ kind: 'input', truth: true });
  });

  it.each([
    ['one key', -1e4, [1, 0, 0]],
    ['no key, and scores left: their softmax', -1e4, [0, 0, 0]],
    ['no key, and nothing left of the scores', LEAST, [0, 0, 0]],
  ] as const)('in both circuits, of %s', (_, hide, mask) => {
    const nodes = [
      { op: 'Sub', inputs: ['one', 'm'], outputs: ['inverse'] },
      { op: 'Mul', inputs: ['inverse', 'hide'], outputs: ['bias'] },
      { op: 'Add', inputs: ['x', 'bias'], outputs: ['s'] },
      softmax,
    ];
    const constants = { one: floats([1], []), hide: floats([hide], []) };
    const bytes = buildModel({ nodes, inputs: { x: [3, 3], m: [3] }, outputs: ['y'], constants });
    const sample = (m: readonly number[]) => new Map([['x', scores], ['m', Float64Array.from(m)]]); // prettier-ignore
    const samples = [sample([1, 1, 0]), sample([0, 1, 1])];
    const { graph } = importModel(bytes);
    const expected = evaluateReal(graph, sample(mask)).get(graph.outputs[0]!.node)!;
    const got = runBoth(compileBoth(bytes, samples), sample(mask)).get('y')!;
    expected.forEach((value, i) => {
      if (value === 0) expect(got[i]).toBe(0);
      expect(Math.abs(got[i]! - value)).toBeLessThan(0.005);
    });
  });

  it('a bool that chooses −∞', async () => {
    const nodes = [{ op: 'Where', inputs: ['m', 'x', 'c'], outputs: ['s'] }, softmax];
    const inputs = { x: [3, 3], m: [3] };
    const bytes = buildModel({ nodes, inputs, inputTypes: { m: 9 }, outputs: ['y'], constants: { c: floats([-Infinity], []) } }); // prettier-ignore
    const graph = await agrees(bytes, new Map([['x', scores], ['m', keys]])); // prettier-ignore
    expect(softmaxOf(graph).empty).toBe('none');
  });

  it('a mask between 0 and 1 is refused', async () => {
    const samples = [new Map([['x', scores], ['m', Float64Array.of(1, 0.5, 0)]])]; // prettier-ignore
    await expect(compile(padding(1, -1e4), { samples })).rejects.toMatchObject({
      code: 'CALIBRATION_INVALID',
      details: { expected: '0 or 1', got: '0.5', where: 'calibration sample 0, input m, element 1' },
    });
  });
});

it.each(['mask-neg-inf-where', 'mask-1e4', 'key-padding-mask-input'])('%s', async (name) => {
  const at = (file: string) => readFile(new URL(`../fixtures/cases/${name}/${file}`, import.meta.url));
  const samples = JSON.parse((await at('input.json')).toString()) as Record<string, unknown>[];
  for (const sample of samples) {
    const inputs = Object.entries(sample).map(([input, x]) => [input, Float64Array.from([x].flat(Infinity) as number[])] as const); // prettier-ignore
    const graph = await agrees(await at('model.onnx'), new Map(inputs));
    expect(softmaxOf(graph).inputs).toHaveLength(2);
    expect(largest(graph)).toBeLessThan(100);
  }
});
