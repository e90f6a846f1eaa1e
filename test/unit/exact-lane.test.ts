/** The second lane: what is an integer by nature is exact, whatever calibration saw and however wide activations are. */
import { describe, expect, it } from 'vitest';
import { programBytes } from '../../src/compile/ir/program-bytes.js';
import { evaluateReal } from '../../src/compile/real/evaluate.js';
import { prepareImported } from '../../src/compile/prepare.js';
import { importModel } from '../../src/compile/onnx/import.js';
import { inputDomain } from '../../src/compile/passes/input-domain.js';
import { inputDomains } from '../../src/compile/passes/domains.js';
import { quantise } from '../../src/compile/passes/quantise.js';
import { buildModel, type TestModel } from './onnx-build.js';
import { compileBoth, runBoth } from './onnx-circuits.js';
import { uniform } from './real-graphs.js';

const INT32 = 6;
const BOOL = 9;

/** Samples of integers in [lo, hi], the ends among them. */
function integerSamples(names: readonly string[], size: number, lo: number, hi: number) {
  const next = uniform(11);
  const draw = () => Math.round(lo + ((hi - lo) * (next() + 1)) / 2);
  return Array.from(
    { length: 8 },
    () => new Map(names.map((name) => [name, Float64Array.from({ length: size }, (_, i) => [lo, hi][i] ?? draw())])),
  );
}

/** Larger of two, by comparison and choice. */
const chosen: TestModel = {
  inputs: { a: [6], b: [6] },
  inputType: INT32,
  nodes: [
    { op: 'Greater', inputs: ['a', 'b'], outputs: ['c'] },
    { op: 'Where', inputs: ['c', 'a', 'b'], outputs: ['y'] },
  ],
  outputs: ['y'],
};

const clipped = (lo: number, hi: number): TestModel => ({
  inputs: { x: [6] },
  inputType: INT32,
  constants: Object.fromEntries(
    Object.entries({ lo, hi }).map(([name, end]) => [name, { dims: [], type: INT32, raw: { int32Data: [end] } }]),
  ),
  nodes: [{ op: 'Clip', inputs: ['x', 'lo', 'hi'], outputs: ['y'] }],
  outputs: ['y'],
});

const joined: TestModel = {
  inputs: { a: [6], b: [6] },
  inputType: INT32,
  nodes: [
    { op: 'Max', inputs: ['a', 'b'], outputs: ['m'] },
    { op: 'Concat', inputs: ['a', 'm'], outputs: ['c'], attributes: { axis: 0 } },
    { op: 'ArgMax', inputs: ['c'], outputs: ['y'], attributes: { axis: 0 } },
  ],
  outputs: ['y', 'c'],
};

const logic: TestModel = {
  inputs: { a: [6], b: [6] },
  inputType: BOOL,
  nodes: [
    { op: 'Xor', inputs: ['a', 'b'], outputs: ['x'] },
    { op: 'And', inputs: ['x', 'a'], outputs: ['n'] },
    { op: 'Not', inputs: ['n'], outputs: ['y'] },
  ],
  outputs: ['y'],
};

const cases: readonly (readonly [string, TestModel, number, number])[] = [
  ['a choice among integers of 20 bits', chosen, -(2 ** 18), 2 ** 18],
  ['a clip inside the domain', clipped(-3, 100), -1000, 1000],
  ['a clip that decides nothing', clipped(-2000, 2000), -1000, 1000],
  ['a clip from above', clipped(-5000, -7), -1000, 1000],
  ['a clip whose ends have crossed', clipped(9, 4), -1000, 1000],
  ['maxima, movement and positions', joined, -70_000, 70_000],
  ['truth values', logic, 0, 1],
];

describe('integer models', () => {
  it.each(cases)('%s: outputs are the model’s, to the last digit', (_, model, lo, hi) => {
    const samples = integerSamples(Object.keys(model.inputs!), 6, lo, hi);
    const compiled = compileBoth(buildModel(model), samples, { bits: 8 });
    for (const sample of samples.slice(0, 3)) {
      const outputs = runBoth(compiled, sample);
      const expected = evaluateReal(compiled.original, sample);
      for (const { name, node } of compiled.original.outputs) {
        expect(Array.from(outputs.get(name)!)).toEqual(Array.from(expected.get(node)!));
      }
    }
    expect([...compiled.model.exact]).toEqual(compiled.graph.nodes.map(({ name }) => name));
  });

  it.each(cases)('%s: neither statistics nor widths have a part in it', (_, model, lo, hi) => {
    const samples = integerSamples(Object.keys(model.inputs!), 6, lo, hi);
    const { graph } = prepareImported(importModel(buildModel(model)), 'circuit');
    const domains = inputDomains(graph, samples, () => undefined);
    const programs = [2, 16].flatMap((bits) =>
      (['saturate', 'reject'] as const).map((overflow) => {
        const { ir } = quantise(graph, new Map(), { bits, overflow, domains });
        return programBytes({ ir, schemaDigest: `0x${'0'.repeat(64)}` });
      }),
    );
    for (const program of programs) expect(program).toEqual(programs[0]);
  });
});

describe('float models', () => {
  const scores: TestModel = {
    inputs: { x: [4] },
    nodes: [
      { op: 'Sigmoid', inputs: ['x'], outputs: ['s'] },
      { op: 'ArgMax', inputs: ['s'], outputs: ['y'], attributes: { axis: 0 } },
      { op: 'Greater', inputs: ['s', 'x'], outputs: ['g'] },
    ],
    outputs: ['y', 'g'],
  };

  it('go by scales up to a comparison or a position, which are exact', () => {
    const { graph } = prepareImported(importModel(buildModel(scores)), 'circuit');
    const domains = new Map([['x', inputDomain([], 12, { lo: -2, hi: 2 })]]);
    const statistics = new Map(graph.nodes.map(({ name }) => [name, { min: -2, max: 2, mean: 0, rms: 1 }]));
    const { exact } = quantise(graph, statistics, { bits: 10, overflow: 'saturate', domains });
    expect([...exact].filter((name) => name === 'y' || name === 'g')).toEqual(['y', 'g']);
    expect(exact.has('x') || exact.has('s')).toBe(false);
  });

  it('an integer input too wide for its own integers gives no output of integers', () => {
    const samples = integerSamples(['a', 'b'], 6, -(2 ** 33), 2 ** 33);
    expect(() => compileBoth(buildModel(chosen), samples, { bits: 12 })).toThrow('would not be whole numbers');
  });

  it('one of 2^23 integers is exact', () => {
    const samples = integerSamples(['a', 'b'], 6, -(2 ** 22), 2 ** 22);
    const compiled = compileBoth(buildModel(chosen), samples, { bits: 12 });
    expect(compiled.model.exact.has('a')).toBe(true);
    expect(runBoth(compiled, samples[0]!).size).toBe(1);
  });
});
