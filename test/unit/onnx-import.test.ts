/** The importer as a whole: shapes, folding, pruning, sharing, notes, reports; and the committed models against onnxruntime's outputs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/compile/onnx/diagnose.js';
import { importModel, supportedOperators } from '../../src/compile/onnx/import.js';
import { prepareImported } from '../../src/compile/prepare.js';
import { decodeModel } from '../../src/formats/onnx-proto.js';
import { evaluateReal, RealEvaluator } from '../../src/compile/real/evaluate.js';
import { buildModel } from './onnx-build.js';

function evaluate(bytes: Uint8Array, inputs: Record<string, readonly number[]>): number[] {
  const { graph } = importModel(bytes);
  const values = evaluateReal(
    graph,
    new Map(Object.entries(inputs).map(([name, data]) => [name, Float64Array.from(data)])),
  );
  return graph.outputs.flatMap(({ node }) => Array.from(values.get(node)!));
}

interface Golden {
  readonly samples: readonly {
    readonly inputs: readonly { readonly name: string; readonly file: string }[];
    readonly outputs: readonly { readonly name: string; readonly file: string }[];
  }[];
}

/** These values and all that are computed from them. */
function reachedFrom(bytes: Uint8Array, values: readonly string[]): string[] {
  const reached = new Set(values);
  for (const { input, output } of decodeModel(bytes).graph.node) {
    if (input.some((name) => reached.has(name))) output.forEach((name) => reached.add(name));
  }
  return [...reached];
}

describe('committed models', () => {
  const models = new URL('../fixtures/models/', import.meta.url);
  const names = readdirSync(models).filter((name) => existsSync(new URL(`${name}/golden/manifest.json`, models)));
  it('are there', () => {
    expect(names).toEqual(expect.arrayContaining(['acasxu-1-1', 'iris-mlp-deepprove', 'mnist-12']));
  });
  it.each(names)('%s: simplified nodes go by the ONNX node they came from', (name) => {
    const bytes = readFileSync(new URL(`${name}/model.onnx`, models));
    const outputs = new Map(
      decodeModel(bytes).graph.node.map((node) => [node.name || node.output[0]!, [node.opType, node.output] as const]),
    );
    const { graph } = prepareImported(importModel(bytes), 'circuit');
    const computed = graph.nodes.filter(({ op }) => op.kind !== 'input' && op.kind !== 'constant');
    expect(computed.length).toBeGreaterThan(1);
    for (const { name: value, origin, op } of computed) {
      const [, title, type] = /^(.*) \((\w+), opset \d+\)$/.exec(origin)!;
      const [opType, own] = outputs.get(title!)!;
      expect(type).toBe(opType);
      // Of what was composed the value is the last one's, the origin the part with the most weights.
      const values = op.kind === 'linear' ? reachedFrom(bytes, own) : own;
      expect(values.some((output) => value === output || value.startsWith(`${output}.`))).toBe(true);
      expect(op.kind === 'maxWindows').toBe(opType === 'MaxPool');
    }
  });

  for (const name of names) {
    it(`${name} gives onnxruntime's outputs`, () => {
      const folder = new URL(`${name}/`, models);
      const floats = (file: string) => {
        const bytes = new Uint8Array(readFileSync(new URL(`golden/${file}`, folder)));
        return Float64Array.from(new Float32Array(bytes.buffer));
      };
      const { samples } = JSON.parse(readFileSync(new URL('golden/manifest.json', folder), 'utf8')) as Golden;
      const { graph } = importModel(readFileSync(new URL('model.onnx', folder)));
      const evaluator = new RealEvaluator(graph);
      let [worst, largest] = [0, 0];
      for (const sample of samples) {
        const values = evaluator.run(new Map(sample.inputs.map((input) => [input.name, floats(input.file)])));
        for (const { name: output, file } of sample.outputs) {
          const got = values.get(graph.outputs.find((each) => each.name === output)!.node)!;
          floats(file).forEach((value, i) => {
            worst = Math.max(worst, Math.abs(got[i]! - value));
            largest = Math.max(largest, Math.abs(value));
          });
        }
      }
      expect(samples.length).toBe(8);
      expect(largest).toBeGreaterThan(0);
      expect(worst / largest).toBeLessThan(1e-5);
    });
  }
});

describe('shapes', () => {
  const relu = (dims: readonly (number | string | null)[]) =>
    buildModel({ nodes: [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], inputs: { x: dims }, outputs: ['y'] });

  it('sets an open batch dimension to 1 and says so', () => {
    const { graph, notes } = importModel(relu(['N', 3]));
    expect(graph.nodes[0]!.dims).toEqual([1, 3]);
    expect(notes).toEqual(['input x: the open batch dimension "N" is set to 1 (one sample a proof)']);
  });

  it('asks for any other open dimension', () => {
    expect(() => importModel(relu(['N', 1, 'h', 28]))).toThrow(
      expect.objectContaining({ code: 'SHAPE_UNKNOWN', message: expect.stringContaining('--input-shape x=1,1,28,28') }),
    );
  });

  it('takes shapes that fit and refuses those that do not', () => {
    const inputShapes = new Map([['x', [2, 5]]]);
    expect(importModel(relu(['N', null]), { inputShapes }).graph.nodes[0]!.dims).toEqual([2, 5]);
    expect(() => importModel(relu([1, 5]), { inputShapes })).toThrow(
      expect.objectContaining({ code: 'SHAPE_MISMATCH' }),
    );
    expect(() => importModel(relu([1]), { inputShapes: new Map([['z', [1]]]) })).toThrow(
      expect.objectContaining({ code: 'INPUT_NAME' }),
    );
  });

  it('gives one symbol one size in all inputs', () => {
    const bytes = buildModel({
      nodes: [{ op: 'Add', inputs: ['a', 'b'], outputs: ['y'] }],
      inputs: { a: ['N', 'd'], b: ['d'] },
      outputs: ['y'],
    });
    const { graph } = importModel(bytes, { inputShapes: new Map([['a', [1, 4]]]) });
    expect(graph.nodes.map(({ dims }) => dims)).toEqual([[1, 4], [4], [1, 4]]);
  });
});

describe('folding and pruning', () => {
  it('folds what depends on constants and shapes only, with integer division', () => {
    const bytes = buildModel({
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['shape'] },
        { op: 'Gather', inputs: ['shape', 'last'], outputs: ['size'] },
        { op: 'Div', inputs: ['size', 'two'], outputs: ['half'] },
        { op: 'Concat', inputs: ['half', 'open'], outputs: ['target'], attributes: { axis: 0 } },
        { op: 'Reshape', inputs: ['x', 'target'], outputs: ['y'] },
      ],
      inputs: { x: [1, 6, 5] },
      constants: {
        last: { dims: [1], values: [-1], type: 7 },
        two: { dims: [1], values: [2], type: 7 },
        open: { dims: [1], values: [-1], type: 7 },
      },
      outputs: ['y'],
    });
    const { graph, model } = importModel(bytes);
    expect(graph.nodes.map(({ name, dims }) => ({ name, dims }))).toEqual([
      { name: 'x', dims: [1, 6, 5] },
      { name: 'y', dims: [2, 15] },
    ]);
    expect([model.nodeCount, model.usedNodeCount]).toEqual([5, 5]);
  });

  it('leaves out nodes no output needs, even unsupported ones, and keeps all inputs', () => {
    const bytes = buildModel({
      nodes: [
        { op: 'TopK', inputs: ['x'], outputs: ['unread'] },
        { op: 'Relu', inputs: ['x'], outputs: ['y'] },
      ],
      inputs: { x: [2], idle: [3] },
      outputs: ['y'],
    });
    const { graph, model } = importModel(bytes);
    expect(graph.nodes.map(({ name }) => name)).toEqual(['x', 'idle', 'y']);
    expect(graph.inputs).toEqual(['x', 'idle']);
    expect([model.nodeCount, model.usedNodeCount]).toEqual([2, 1]);
  });

  it('sorts nodes that stand in another order', () => {
    const bytes = buildModel({
      nodes: [
        { op: 'Neg', inputs: ['b'], outputs: ['y'] },
        { op: 'Relu', inputs: ['a'], outputs: ['b'] },
        { op: 'Neg', inputs: ['x'], outputs: ['a'] },
      ],
      inputs: { x: [2] },
      outputs: ['y'],
    });
    expect(evaluate(bytes, { x: [3, -4] })).toEqual([0, -4]);
  });

  it('takes initialisers listed as inputs for constants', () => {
    const bytes = buildModel({
      nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      inputs: { x: [2], w: [2] },
      constants: { w: { dims: [2], values: [1, 2] } },
      outputs: ['y'],
    });
    expect(importModel(bytes).graph.inputs).toEqual(['x']);
    expect(evaluate(bytes, { x: [10, 20] })).toEqual([11, 22]);
  });

  it('names constant outputs and origins', () => {
    const bytes = buildModel({
      nodes: [{ op: 'Add', name: 'sum', inputs: ['w', 'w'], outputs: ['y'] }],
      constants: { w: { dims: [], values: [1.5] } },
      outputs: ['y'],
    });
    expect(evaluate(bytes, {})).toEqual([3]);
    const computed = buildModel({
      nodes: [{ op: 'Relu', name: 'act', inputs: ['x'], outputs: ['y'] }],
      inputs: { x: [1] },
      outputs: ['y'],
    });
    expect(importModel(computed).graph.nodes[1]!.origin).toBe('act (Relu, opset 13)');
  });
});

describe('linear maps', () => {
  it('a padded convolution has one pattern for each channel and boundary class', () => {
    const bytes = buildModel({
      nodes: [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { pads: [1, 1, 1, 1] } }],
      inputs: { x: [1, 2, 8, 8] },
      constants: { w: { dims: [3, 2, 3, 3], values: Array.from({ length: 54 }, (_, i) => i + 1) } },
      outputs: ['y'],
    });
    const { op } = importModel(bytes).graph.nodes[1]!;
    if (op.kind !== 'linear') return expect.fail(op.kind);
    expect(op.maps[0]!.rowPattern.length).toBe(3 * 64);
    expect(op.maps[0]!.patStart.length - 1).toBe(3 * 9);
  });

  it('a dense layer has one pattern a column whatever the batch', () => {
    const bytes = buildModel({
      nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
      inputs: { x: [5, 4] },
      constants: { w: { dims: [4, 3], values: Array.from({ length: 12 }, (_, i) => i + 1) } },
      outputs: ['y'],
    });
    const { op } = importModel(bytes).graph.nodes[1]!;
    if (op.kind !== 'linear') return expect.fail(op.kind);
    expect(op.maps[0]!.patStart.length - 1).toBe(3);
  });

  it('imports two million weights in seconds', () => {
    const widths = [784, 2000, 60, 4000, 10];
    const layers = widths.slice(1).map((width, i) => ({ width, depth: widths[i]! }));
    const bytes = buildModel({
      nodes: layers.flatMap((_, i) => [
        { op: 'Gemm', inputs: [i === 0 ? 'x' : `r${i}`, `w${i}`], outputs: [`g${i}`], attributes: { transB: 1 } },
        { op: 'Relu', inputs: [`g${i}`], outputs: [`r${i + 1}`] },
      ]),
      inputs: { x: [1, 784] },
      constants: Object.fromEntries(
        layers.map(({ width, depth }, i) => [
          `w${i}`,
          { dims: [width, depth], values: Float32Array.from({ length: width * depth }, (_, k) => Math.sin(k + 1)) },
        ]),
      ),
      outputs: ['r4'],
    });
    const { graph } = importModel(bytes);
    const weights = graph.nodes
      .flatMap(({ op }) => (op.kind === 'linear' ? op.maps : []))
      .map((map) => map.patCoef.length);
    expect(weights).toEqual([1568000, 120000, 240000, 40000]);
  });
});

describe('meaning of single operators', () => {
  it('flattens softmax before opset 13 and keeps to the axis since', () => {
    const softmax = (opset: number) =>
      buildModel({
        nodes: [{ op: 'Softmax', inputs: ['x'], outputs: ['y'], attributes: { axis: 1 } }],
        inputs: { x: [1, 2, 2] },
        outputs: ['y'],
        opset,
      });
    const x = [0, 0, 0, 0];
    expect(evaluate(softmax(11), { x })).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect(evaluate(softmax(13), { x })).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it('reads the bounds of Clip and the bounds of Slice in their old and new places', () => {
    const clip = buildModel({
      nodes: [{ op: 'Clip', inputs: ['x'], outputs: ['y'], attributes: { min: -0.5, max: 0.5 } }],
      inputs: { x: [3] },
      outputs: ['y'],
      opset: 9,
    });
    expect(evaluate(clip, { x: [-2, 0.25, 2] })).toEqual([-0.5, 0.25, 0.5]);
    const slice = buildModel({
      nodes: [{ op: 'Slice', inputs: ['x'], outputs: ['y'], attributes: { starts: [1], ends: [-1], axes: [0] } }],
      inputs: { x: [4] },
      outputs: ['y'],
      opset: 9,
    });
    expect(evaluate(slice, { x: [1, 2, 3, 4] })).toEqual([2, 3]);
  });

  it('multiplies two computed matrices, and adds a computed C to Gemm', () => {
    const bytes = buildModel({
      nodes: [
        { op: 'Gemm', inputs: ['a', 'b', 'c'], outputs: ['y'], attributes: { transA: 1, alpha: 0.5, beta: 0.25 } },
      ],
      inputs: { a: [2, 1], b: [2, 2], c: [2] },
      outputs: ['y'],
    });
    expect(evaluate(bytes, { a: [1, 2], b: [3, 4, 5, 6], c: [10, 20] })).toEqual([9, 13]);
  });

  it('keeps max and min of two computed tensors', () => {
    const extremum = (op: string) =>
      buildModel({ nodes: [{ op, inputs: ['a', 'b'], outputs: ['y'] }], inputs: { a: [2], b: [1] }, outputs: ['y'] });
    expect(evaluate(extremum('Max'), { a: [1, 5], b: [3] })).toEqual([3, 5]);
    expect(evaluate(extremum('Min'), { a: [1, 5], b: [3] })).toEqual([1, 3]);
  });
});

describe('diagnose', () => {
  it('reports every node, and never stops at the first fault', () => {
    const bytes = buildModel({
      nodes: [
        { op: 'Relu', name: 'a', inputs: ['x'], outputs: ['1'] },
        { op: 'TopK', name: 'b', inputs: ['1'], outputs: ['2'] },
        { op: 'Relu', name: 'c', inputs: ['2'], outputs: ['3'] },
        { op: 'Trees', name: 'd', domain: 'ai.onnx.ml', inputs: ['x'], outputs: ['4'] },
        { op: 'Neg', name: 'e', inputs: ['x'], outputs: ['5'] },
      ],
      inputs: { x: [2] },
      outputs: ['3', '4'],
    });
    const reports = diagnose(bytes);
    expect(reports.map(({ node, status }) => [node, status])).toEqual([
      ['a', 'supported'],
      ['b', 'unsupported'],
      ['c', 'unchecked'],
      ['d', 'unsupported'],
      ['e', 'unused'],
    ]);
    expect(reports[1]!.help).toContain('ArgMax');
  });

  it('reports an input of unknown shape and goes on', () => {
    const bytes = buildModel({
      nodes: [{ op: 'Relu', name: 'a', inputs: ['x'], outputs: ['y'] }],
      inputs: { x: [1, null] },
      outputs: ['y'],
    });
    expect(diagnose(bytes).map(({ op, status }) => [op, status])).toEqual([
      ['input', 'unsupported'],
      ['Relu', 'unchecked'],
    ]);
  });

  it('lists the operators', () => {
    const ops = supportedOperators().map(({ op }) => op);
    expect(ops).toContain('Conv');
    expect(ops).toEqual([...ops].sort());
  });
});
