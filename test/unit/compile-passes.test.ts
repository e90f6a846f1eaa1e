/**
 * Quantisation and assembly on hand-built graphs: the integer program stays close to the float one, and circuit, witness program and
 * interpreter agree bit for bit.
 */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../src/compile/assemble.js';
import { encodeInputs } from '../../src/compile/real/input-grid.js';
import { Interpreter, liveness, verifyIr } from '../../src/compile/ir/program.js';
import { calibrate } from '../../src/compile/passes/calibrate.js';
import { inputDomain } from '../../src/compile/passes/input-domain.js';
import { poolOrders } from '../../src/compile/passes/pools.js';
import { quantise } from '../../src/compile/passes/quantise.js';
import { simplify } from '../../src/compile/passes/simplify.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import { sigmoid, tanh } from '../../src/compile/real/unary.js';
import type { RealGraph } from '../../src/compile/real/graph.js';
import { makeSchema } from '../../src/compile/schema.js';
import { checkSatisfied, outputsOf, publicSignals, solve } from '../../src/constraint/solver.js';
import { pack, PROTOCOLS, unpack, type Visibility } from '../../src/verify/statement.js';
import { dense, graphOf, linearNode, node, uniform, windows } from './real-graphs.js';

const size = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

interface Choice {
  readonly bits?: number;
  readonly overflow?: 'saturate' | 'reject';
  readonly visibility?: Visibility;
}

/** Compiles a graph on random samples, and checks fresh ones; returns the worst error relative to the largest float magnitude. */
function roundTrip(original: RealGraph, { bits = 10, overflow = 'saturate', visibility = 'public' }: Choice = {}) {
  const graph = simplify(original);
  const next = uniform(7);
  const draw = () =>
    new Map(
      graph.inputs.map((name) => {
        const { dims } = graph.nodes.find((n) => n.name === name)!;
        return [name, Float64Array.from({ length: size(dims) }, next)];
      }),
    );
  const samples = Array.from({ length: 40 }, draw);
  const domains = new Map(graph.inputs.map((name) => [name, inputDomain([], 12, { lo: -1, hi: 1 })]));
  const model = quantise(graph, calibrate(graph, samples), { bits, overflow, domains });
  verifyIr(model.ir);
  const schema = makeSchema(
    graph,
    model,
    (name) => model.bounds.get(name)!,
    { input: visibility, output: visibility, overflow },
    new Map(),
  );
  const circuit = assemble(model.ir, schema);
  const interpreter = new Interpreter(model.ir);
  let worst = 0;
  let magnitude = 0;
  for (const sample of [...samples.slice(0, 2), ...(overflow === 'reject' ? [] : [draw(), draw()])]) {
    const integers = encodeInputs(sample, domains);
    const values = interpreter.run(integers);
    const salts = new Map(circuit.salts.map(({ name }, i) => [name, BigInt(i + 5)]));
    const witness = solve(circuit, integers, { salts });
    expect(checkSatisfied(circuit.r1cs, witness)).toBeUndefined();
    const expected = evaluateReal(original, sample);
    for (const { name, node: real } of graph.outputs) {
      const { node: ir, scale, offset } = model.tensors.get(real)!;
      const q = values.get(ir)!;
      expect(Array.from(outputsOf(circuit, witness).get(name)!)).toEqual(Array.from(q));
      const floats = expected.get(original.outputs[0]!.node)!;
      q.forEach((value, i) => {
        worst = Math.max(worst, Math.abs(value * scale + offset - floats[i]!));
        magnitude = Math.max(magnitude, Math.abs(floats[i]!));
      });
    }
    if (visibility === 'public') {
      const signals = publicSignals(circuit, witness);
      const [out] = schema.outputs;
      const q = values.get(model.tensors.get(graph.outputs[0]!.node)!.node)!;
      const packed = pack(out!, q);
      expect(signals.slice(0, packed.length)).toEqual(packed);
      expect(Array.from(unpack(out!, packed)!)).toEqual(Array.from(q));
    }
  }
  return { error: worst / magnitude, circuit, model, schema };
}

function mlp(): RealGraph {
  const next = uniform(1);
  return graphOf(
    [
      node('x', { kind: 'input' }, [], [1, 20]),
      linearNode('h1', dense(20, 30, next, 2), 'x', [1, 30], next),
      node('r1', { kind: 'clamp', lo: 0, hi: Infinity }, ['h1'], [1, 30]),
      linearNode('h2', dense(30, 30, next, 2), 'r1', [1, 30], next),
      node('r2', { kind: 'clamp', lo: 0, hi: Infinity }, ['h2'], [1, 30]),
      linearNode('y', dense(30, 5, next), 'r2', [1, 5], next),
    ],
    'y',
  );
}

function pooled(): RealGraph {
  const next = uniform(3);
  return graphOf(
    [
      node('x', { kind: 'input' }, [], [1, 1, 6, 6]),
      linearNode('c', dense(36, 2 * 49, next, 2), 'x', [1, 2, 7, 7], next),
      node('r', { kind: 'clamp', lo: 0, hi: Infinity }, ['c'], [1, 2, 7, 7]),
      node('p', { kind: 'maxWindows', ...windows(2, 7, 7, 2) }, ['r'], [1, 2, 3, 3]),
      linearNode('y', dense(18, 3, next), 'p', [1, 3], next),
    ],
    'y',
  );
}

/** Windows of 3×3 at every element. */
function overlapping(): RealGraph {
  const next = uniform(3);
  const start = Uint32Array.from({ length: 26 }, (_, i) => 9 * i);
  const index = Uint32Array.from({ length: 225 }, (_, k) => {
    const [window, member] = [Math.floor(k / 9), k % 9];
    return 7 * (Math.floor(window / 5) + Math.floor(member / 3)) + (window % 5) + (member % 3);
  });
  return graphOf(
    [
      node('x', { kind: 'input' }, [], [1, 36]),
      linearNode('c', dense(36, 49, next), 'x', [1, 1, 7, 7], next),
      node('r', { kind: 'clamp', lo: 0, hi: Infinity }, ['c'], [1, 1, 7, 7]),
      node('p', { kind: 'maxWindows', start, index }, ['r'], [1, 1, 5, 5]),
      linearNode('y', dense(25, 3, next), 'p', [1, 3], next),
    ],
    'y',
  );
}

function tail(op: Parameters<typeof node>[1], dims: readonly number[] = [1, 5]): RealGraph {
  const graph = mlp();
  return graphOf([...graph.nodes, node('z', op, ['y'], dims)], 'z');
}

const row = { base: Uint32Array.of(0), size: 5, stride: 1 };

describe('quantised graphs', () => {
  it('an MLP stays within 1 % of the float model and costs at most s + W + 5 a ReLU', () => {
    const { error, circuit } = roundTrip(mlp());
    expect(error).toBeLessThan(0.01);
    const relu = circuit.layers.filter(({ op }) => op === 'r1 (clamp)');
    expect(relu.reduce((sum, { constraints }) => sum + constraints, 0)).toBeLessThan(30 * 32);
  });

  it('max pool goes before ReLU, and elements no window reads cost nothing', () => {
    const { error, circuit, model } = roundTrip(pooled());
    expect(error).toBeLessThan(0.015);
    const live = liveness(model.ir).get('c')!;
    expect(live.reduce((sum, bit) => sum + bit, 0)).toBe(2 * 36);
    expect(circuit.layers.find(({ name }) => name === 'c')?.constraints ?? 0).toBe(0);
  });

  it('a pool and an activation that change places keep their names and origins', () => {
    const graph = simplify(pooled());
    const [pool, relu] = ['p', 'r'].map((name) => graph.nodes.find((each) => each.name === name)!);
    expect([pool!.op.kind, pool!.origin, pool!.inputs]).toEqual(['maxWindows', 'p (maxWindows)', ['c']]);
    expect([relu!.op.kind, relu!.origin, relu!.inputs]).toEqual(['clamp', 'r (clamp)', ['p']]);
    expect(relu!.dims).toEqual(pool!.dims);
    const { circuit } = roundTrip(pooled());
    const named = circuit.layers.filter(({ op }) => op.includes('('));
    expect(named.filter(({ name, op }) => name.split('.')[0] !== op.split(' ')[0])).toEqual([]);
    expect(named.map(({ op }) => op)).toContain('p (maxWindows)');
  });

  it('a pool is rounded before or behind it as the protocol’s circuit pays, and means the same integers', () => {
    // Each element in four windows, two bits and a deep accumulator: rows are fewer where 49 elements are rounded and 108 maxima of two bits follow.
    const graph = simplify(overlapping());
    const next = uniform(9);
    const samples = Array.from({ length: 10 }, () => new Map([['x', Float64Array.from({ length: 36 }, next)]]));
    const domains = new Map([['x', inputDomain([], 12, { lo: -1, hi: 1 })]]);
    const programs = PROTOCOLS.map((protocol) => {
      const options = { bits: 2, overflow: 'saturate', domains, poolOrder: poolOrders[protocol] } as const;
      return quantise(graph, calibrate(graph, samples), options).ir;
    });
    const orders = programs.map((ir) =>
      ir.nodes.flatMap(({ op }) => (op === 'maxWindows' || op === 'requantise' ? [op] : [])).slice(0, 2),
    );
    expect(Object.fromEntries(PROTOCOLS.map((protocol, i) => [protocol, orders[i]![0]]))).toEqual({
      groth16: 'requantise',
      mirage: 'requantise',
      clear: 'maxWindows',
    });
    for (const sample of samples) {
      const integers = encodeInputs(sample, domains);
      const outputs = programs.map((ir) => [...new Interpreter(ir).run(integers).get(ir.outputs[0]!.node)!]);
      expect(new Set(outputs.map((values) => values.join())).size).toBe(1);
    }
  });

  it('reject costs less than saturate and refuses what leaves the calibrated range', () => {
    const saturate = roundTrip(mlp());
    const reject = roundTrip(mlp(), { overflow: 'reject' });
    expect(reject.error).toBeLessThan(0.01);
    expect(reject.circuit.r1cs.nConstraints).toBeLessThan(saturate.circuit.r1cs.nConstraints);
    // Inputs at the domain's corners that drive one hidden unit each as far as it goes; calibration never came near.
    const h1 = mlp().nodes[1]!.op;
    const weights = h1.kind === 'linear' ? h1.maps[0]!.patCoef : new Float64Array();
    const extremes = Array.from(
      { length: 30 },
      (_, unit) =>
        new Map([['x', Float64Array.from({ length: 20 }, (_, i) => (weights[20 * unit + i]! > 0 ? 4095 : 0))]]),
    );
    const outcomes = extremes.map((inputs) => {
      try {
        return checkSatisfied(reject.circuit.r1cs, solve(reject.circuit, inputs)) === undefined
          ? 'proved'
          : 'unsatisfied';
      } catch (error) {
        return (error as { code: string }).code;
      }
    });
    expect(outcomes).toContain('RANGE_EXCEEDED');
    expect(outcomes).not.toContain('unsatisfied');
  });

  it.each([
    ['leaky ReLU', { kind: 'leakyRelu', slope: 0.1 }, 0.01],
    ['clip', { kind: 'clamp', lo: -0.1, hi: 0.2 }, 0.02],
    ['sigmoid', { kind: 'unary', fn: sigmoid }, 0.01],
    ['tanh', { kind: 'unary', fn: tanh }, 0.02],
    ['softmax', { kind: 'softmax', groups: row, log: false }, 0.01],
    ['logSoftmax', { kind: 'softmax', groups: row, log: true }, 0.01],
  ] as const)('%s', (_name, op, limit) => {
    expect(roundTrip(tail(op)).error).toBeLessThan(limit);
  });

  it('argmax gives the index itself', () => {
    const { error, schema } = roundTrip(tail({ kind: 'argmax', groups: row, last: false }, [1]));
    expect(error).toBe(0);
    expect(schema.outputs[0]).toMatchObject({ scale: 1, zeroPoint: 0, lo: 0, hi: 4, bytes: 1 });
  });

  it('products of two computed tensors', () => {
    const next = uniform(5);
    const base = mlp();
    const terms = Uint32Array.from({ length: 5 }, (_, i) => i);
    const graph = graphOf(
      [
        ...base.nodes,
        linearNode('v', dense(30, 5, next), 'r1', [1, 5], next),
        node(
          'm',
          { kind: 'bilinear', start: Uint32Array.from({ length: 6 }, (_, i) => i), left: terms, right: terms },
          ['y', 'v'],
          [1, 5],
        ),
        linearNode('out', dense(5, 4, next), 'm', [1, 4], next),
      ],
      'out',
    );
    expect(roundTrip(graph, { bits: 12 }).error).toBeLessThan(0.02);
  });

  it('concatenation of tensors with different scales, and a fill', () => {
    const next = uniform(9);
    const base = mlp();
    const index = Int32Array.from([0, 1, -1, 20, 21, 22, 24]);
    const graph = graphOf(
      [
        ...base.nodes,
        node('g', { kind: 'gather', index, fill: 0.25 }, ['x', 'y'], [7]),
        linearNode('out', dense(7, 3, next), 'g', [3], next),
      ],
      'out',
    );
    expect(roundTrip(graph).error).toBeLessThan(0.01);
    const bare = graphOf([...base.nodes, node('g', { kind: 'gather', index, fill: 0.25 }, ['x', 'y'], [7])], 'g');
    expect(roundTrip(bare).error).toBeLessThan(0.01);
  });

  it.each([
    { visibility: 'private', overflow: 'reject', signals: 0 },
    { visibility: 'private', overflow: 'saturate', signals: 1 },
    { visibility: 'committed', overflow: 'reject', signals: 2 },
    { visibility: 'committed', overflow: 'saturate', signals: 3 },
  ] as const)(
    '$visibility values show nothing but their commitment, and where they saturate the bit',
    ({ visibility, overflow, signals }) => {
      const { circuit, schema } = roundTrip(mlp(), { visibility, overflow });
      expect({ overflow: schema.overflow, clamped: schema.clamped }).toEqual({
        overflow,
        clamped: overflow === 'saturate',
      });
      expect(circuit.r1cs.nPubOut + circuit.r1cs.nPubIn).toBe(signals);
    },
  );

  it('linear layers after one another become one', () => {
    const next = uniform(11);
    const graph = graphOf(
      [
        node('x', { kind: 'input' }, [], [8]),
        linearNode('a', dense(8, 12, next), 'x', [12], next),
        linearNode('b', dense(12, 6, next), 'a', [6], next),
        linearNode('y', dense(6, 2, next), 'b', [2], next),
      ],
      'y',
    );
    expect(simplify(graph).nodes.map(({ name }) => name)).toEqual(['x', 'y']);
    const { error, circuit } = roundTrip(graph);
    expect(error).toBeLessThan(0.002);
    // Eight 12-bit inputs and the packed signals: the layers themselves cost nothing.
    expect(circuit.r1cs.nConstraints).toBeLessThanOrEqual(8 * 12 + 3);
  });
});
