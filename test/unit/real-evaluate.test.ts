/** Each real op against a few lines of its definition. */
import { describe, expect, it } from 'vitest';
import { evaluateReal, evaluateRealNode, RealEvaluator } from '../../src/compile/real/evaluate.js';
import { sigmoid, tanh } from '../../src/compile/real/unary.js';
import type { RealGraph, RealNode, RealOp } from '../../src/compile/real/graph.js';
import { gatherMap, LinearMapBuilder, scalarMap } from '../../src/compile/real/linear-map.js';

function run(op: RealOp, dims: readonly number[], ...inputs: readonly (readonly number[])[]): number[] {
  return Array.from(
    evaluateRealNode(
      { op, dims },
      inputs.map((values) => Float64Array.from(values)),
    ),
  );
}

describe('evaluateRealNode', () => {
  it('linear sums its maps and the bias', () => {
    const maps = [scalarMap(2, 3), gatherMap(1, [0, 0], () => -1)];
    expect(run({ kind: 'linear', maps, bias: Float64Array.of(0.5, 1) }, [2], [1, 2], [10])).toEqual([-6.5, -3]);
  });

  it('gather joins its inputs and fills', () => {
    expect(run({ kind: 'gather', index: Int32Array.of(2, -1, 0), fill: 7 }, [3], [1, 2], [3])).toEqual([3, 7, 1]);
  });

  it('clamps and leaks', () => {
    expect(run({ kind: 'clamp', lo: 0, hi: 6 }, [3], [-1, 3, 9])).toEqual([0, 3, 6]);
    expect(run({ kind: 'leakyRelu', slope: 0.1 }, [2], [-10, 2])).toEqual([-1, 2]);
  });

  it('takes maxima of windows and sums of products', () => {
    const start = Uint32Array.of(0, 2, 3);
    expect(run({ kind: 'maxWindows', start, index: Uint32Array.of(0, 2, 1) }, [2], [-5, -7, -2])).toEqual([-2, -7]);
    const op: RealOp = { kind: 'bilinear', start, left: Uint32Array.of(0, 1, 1), right: Uint32Array.of(1, 0, 1) };
    expect(run(op, [2], [2, 3], [5, 7])).toEqual([2 * 7 + 3 * 5, 3 * 7]);
  });

  it('knows its unary functions, also far out', () => {
    expect(run({ kind: 'unary', fn: sigmoid }, [3], [0, 1000, -1000])).toEqual([0.5, 1, 0]);
    expect(run({ kind: 'unary', fn: tanh }, [2], [0, 1])).toEqual([0, Math.tanh(1)]);
  });

  it('softmax sums to one along its stride, without overflow', () => {
    const groups = { base: Uint32Array.of(0, 1), size: 2, stride: 2 };
    const y = run({ kind: 'softmax', groups, log: false }, [2, 2], [1000, 0, 1001, 0]);
    expect(y[0]! + y[2]!).toBeCloseTo(1, 12);
    expect(y[2]! / y[0]!).toBeCloseTo(Math.E, 12);
    const log = run({ kind: 'softmax', groups, log: true }, [2, 2], [1000, 0, 1001, 0]);
    log.forEach((value, i) => {
      expect(value).toBeCloseTo(Math.log(y[i]!), 12);
    });
  });

  it('argmax breaks ties as asked', () => {
    const groups = { base: Uint32Array.of(0), size: 3, stride: 1 };
    expect(run({ kind: 'argmax', groups, last: false }, [1], [1, 4, 4])).toEqual([1]);
    expect(run({ kind: 'argmax', groups, last: true }, [1], [1, 4, 4])).toEqual([2]);
  });
});

describe('evaluateReal', () => {
  const node = (name: string, op: RealOp, inputs: readonly string[]): RealNode => ({
    name,
    op,
    inputs,
    dims: [2],
    dtype: 'float32',
    origin: name,
  });
  const graph: RealGraph = {
    nodes: [
      node('x', { kind: 'input' }, []),
      node('c', { kind: 'constant', values: Float64Array.of(4, 5) }, []),
      node('y', { kind: 'linear', maps: [scalarMap(2, 1), scalarMap(2, 2)], bias: new Float64Array(2) }, ['x', 'c']),
    ],
    inputs: ['x'],
    outputs: [{ name: 'y', node: 'y', dims: [], dtype: 'float32' }],
  };

  it('gives the values of all nodes', () => {
    const values = evaluateReal(graph, new Map([['x', Float64Array.of(1, 2)]]));
    expect(Object.fromEntries(values)).toEqual({
      x: Float64Array.of(1, 2),
      c: Float64Array.of(4, 5),
      y: Float64Array.of(9, 12),
    });
  });

  it('an evaluator reuses its buffers and needs every input in its size', () => {
    const evaluator = new RealEvaluator(graph);
    const first = evaluator.run(new Map([['x', Float64Array.of(1, 2)]])).get('y');
    expect(evaluator.run(new Map([['x', Float64Array.of(0, 0)]])).get('y')).toBe(first);
    expect(Array.from(first!)).toEqual([8, 10]);
    expect(() => evaluator.run(new Map())).toThrow('INTERNAL');
    expect(() => evaluator.run(new Map([['x', new Float64Array(3)]]))).toThrow('INTERNAL');
  });
});

describe('LinearMapBuilder', () => {
  it('grows past its first buffers, drops zeros and shares patterns', () => {
    const builder = new LinearMapBuilder(100);
    for (let p = 0; p < 40; p++) builder.pattern([0, 1, 2], [p, 0, 1]);
    for (let i = 0; i < 50; i++) builder.row(i % 40, i);
    const map = builder.build();
    expect([map.rowPattern.length, map.patStart.length, map.patCoef.length]).toEqual([50, 41, 79]);
    expect(Array.from(map.patStart.subarray(0, 4))).toEqual([0, 1, 3, 5]);
    expect([map.rowPattern[49], map.rowBase[49]]).toEqual([9, 49]);
    expect(Array.from(map.patCoef.subarray(77))).toEqual([39, 1]);
  });
});
