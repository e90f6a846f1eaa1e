/** A circuit is a function of its model and the manifest's choices: compiling again, without the data, gives the same names. */
import { beforeAll, describe, expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { compile } from '../../src/compile/compile.js';
import type { CompileOptions } from '../../src/compile/options.js';
import { recompile } from '../../src/compile/recompile.js';
import { namesOf } from '../../src/formats/circuit-file.js';
import type { CompileChoices, Manifest } from '../../src/formats/manifest.js';
import { schemaDigest } from '../../src/verify/schema.js';
import { buildModel, type TestModel } from './onnx-build.js';
import { uniform } from './real-graphs.js';
import { transformerBlock } from './transformer-block.js';
import { CURVE_PROTOCOLS } from '../../src/verify/key-points.js';

const INT32 = 6;
const INT64 = 7;
const BOOL = 9;
const domain = { lo: -1, hi: 1 } as const;
const mlp = makeMlp([6, 5, 3]);

function samplesOf(names: readonly string[], size: number, of: (value: number) => number = (value) => value) {
  const next = uniform(7);
  return Array.from(
    { length: 8 },
    () => new Map(names.map((name) => [name, Float64Array.from({ length: size }, () => of(next()))])),
  );
}

const classified = (...more: TestModel['nodes']): TestModel => ({
  inputs: { x: [1, 4] },
  constants: { w: { dims: [4, 3], values: [1, -2, 0.5, 0.25, 1, -1, 2, 0.125, -0.75, 1, -1.5, 0.5] } },
  nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] }, ...more],
  outputs: ['y'],
});
const softmax = buildModel(classified({ op: 'Softmax', inputs: ['h'], outputs: ['y'], attributes: { axis: 1 } }));
const functions = buildModel(
  classified({ op: 'Sigmoid', inputs: ['h'], outputs: ['s'] }, { op: 'Tanh', inputs: ['s'], outputs: ['y'] }),
);
const whole: TestModel = {
  inputs: { a: [6], b: [6] },
  inputType: INT32,
  nodes: [
    { op: 'Max', inputs: ['a', 'b'], outputs: ['m'] },
    { op: 'Concat', inputs: ['a', 'm'], outputs: ['y'], attributes: { axis: 0 } },
  ],
  outputs: ['y', 'm'],
  outputType: INT32,
};
const truths: TestModel = {
  inputs: { a: [6], b: [6] },
  inputType: BOOL,
  nodes: [{ op: 'And', inputs: ['a', 'b'], outputs: ['y'] }],
  outputs: ['y'],
  outputType: BOOL,
};
const mixed: TestModel = {
  inputs: { x: [1, 4] },
  constants: { w: { dims: [4, 3], values: [1, -2, 0.5, 0.25, 1, -1, 2, 0.125, -0.75, 1, -1.5, 0.5] } },
  nodes: [
    { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
    { op: 'Relu', inputs: ['h'], outputs: ['r'] },
    { op: 'ArgMax', inputs: ['r'], outputs: ['y'], attributes: { axis: 1, keepdims: 0 } },
  ],
  outputs: ['y'],
  outputType: INT64,
};
const open: TestModel = {
  inputs: { x: ['n', 4] },
  nodes: [
    { op: 'Relu', inputs: ['x'], outputs: ['r'] },
    { op: 'Add', inputs: ['r', 'x'], outputs: ['y'] },
  ],
  outputs: ['y'],
};
const picture: TestModel = {
  inputs: { x: [1, 1, 4, 4] },
  constants: { w: { dims: [2, 1, 3, 3], values: Float32Array.from({ length: 18 }, (_, i) => Math.sin(i)) } },
  nodes: [
    { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { kernel_shape: [3, 3] } },
    { op: 'Relu', inputs: ['c'], outputs: ['y'] },
  ],
  outputs: ['y'],
};
const image = {
  layout: 'NCHW',
  resize: 'bilinear',
  color: 'gray',
  invert: true,
  range: 1,
  mean: [0.5],
  std: [0.25],
} as const;

const kinds: readonly (readonly [string, Uint8Array | string, CompileOptions])[] = [
  ['calibrated by a domain', mlp, { domain }],
  ['calibrated by samples', mlp, { samples: samplesOf(['input'], 6) }],
  ['calibrated by samples and a domain, to a narrow tolerance', mlp, { samples: samplesOf(['input'], 6), domain, tolerance: 0.0003 }], // prettier-ignore
  ['of bits that were asked for', mlp, { domain, bits: 11 }],
  ['that rejects', mlp, { domain, overflow: 'reject' }],
  ['with labels and a committed input', mlp, { domain, labels: ['a', 'b', 'c'], input: 'committed' }],
  ['with a private input and a committed output', mlp, { domain, input: 'private', output: 'committed' }],
  ['with names of its publisher', mlp, { domain, about: { name: 'net', version: '2', card: 'https://example.org' } }],
  ['with a softmax in the circuit', softmax, { domain }],
  ['with a softmax left to the reader', softmax, { domain, softmax: 'reader' }],
  ['with functions that are tables', functions, { domain }],
  ['of integers', buildModel(whole), { samples: samplesOf(['a', 'b'], 6, (value) => Math.round(9 * value)) }],
  ['of integers from 0 on', buildModel(whole), { domain: { lo: 0, hi: 100 } }],
  ['of truth values', buildModel(truths), {}],
  ['of both lanes', buildModel(mixed), { samples: samplesOf(['x'], 4) }],
  ['whose shape was left open', buildModel(open), { domain, inputShapes: new Map([['x', [3, 4]]]) }],
  ['of pictures, on an 8-bit grid', buildModel(picture), { image, samples: samplesOf(['x'], 16, (value) => Math.round(127 * (value + 1)) / 255) }], // prettier-ignore
  ['with attention', transformerBlock(3, 4, 2), { samples: samplesOf(['x'], 12), tolerance: 0.05 }],
];

/** As it is read from a file: -0 and undefined are not what they were. */
const written = (manifest: Manifest): Manifest => JSON.parse(JSON.stringify(manifest)) as Manifest;

describe.each(CURVE_PROTOCOLS)('a model %s', (protocol) => {
  it.each(kinds)('%s', async (_, model, options) => {
    const compiled = await compile(model, { ...options, protocol });
    const again = await recompile(model, written(compiled.manifest));
    expect(again.schema).toEqual(written(compiled.manifest).schema);
    expect(schemaDigest(again.schema)).toBe(compiled.manifest.schemaDigest);
    expect(again.modelHash).toBe(compiled.manifest.model.hash);
    expect(namesOf(again.product.circuit)).toEqual(namesOf(compiled.circuit));
    expect(again.product.circuit.program.code).toEqual(compiled.circuit.program.code);
  });
});

describe('what compiling again believes of a manifest', () => {
  let manifest: Manifest;
  beforeAll(async () => {
    manifest = written((await compile(mlp, { domain, labels: ['a', 'b', 'c'] })).manifest);
  });
  const names = async (change: Partial<Manifest>) =>
    namesOf((await recompile(mlp, { ...manifest, ...change })).product.circuit);
  const choosing = (change: Partial<CompileChoices>) => names({ choices: { ...manifest.choices!, ...change } });

  it('is neither circuit nor layers nor digests', async () => {
    const lies = {
      circuit: { ...manifest.circuit, hash: 'sha256:0' },
      layers: [],
      notes: ['trust me'],
      schemaDigest: '0x0',
    };
    expect(await names(lies)).toEqual(await names({}));
  });

  it('is every choice: another one is another circuit', async () => {
    const { relation } = await names({});
    const { statistics, ranges, domains } = manifest.choices!;
    const [first, ...others] = domains;
    const apart = ranges!.map(([name, lo, hi]) => [name, 2 * lo, 2 * hi] as const);
    expect((await choosing({ ranges: apart })).relation).not.toBe(relation);
    // Least and largest say nothing of tensors that have a range.
    const wider = statistics.map(([name, min, max, mean, rms]) => [name, 2 * min, 2 * max, mean, rms] as const);
    const withoutRanges = await choosing({ ranges: [] });
    expect((await choosing({ ranges: [], statistics: wider })).relation).not.toBe(withoutRanges.relation);
    const [scale, zeroPoint] = [Number(first!.scale), Number(first!.zeroPoint)];
    const coarser = { ...first!, bits: 15, scale: 2 * scale, zeroPoint: zeroPoint / 2, max: first!.max - scale };
    expect((await choosing({ domains: [coarser, ...others] })).relation).not.toBe(relation);
    await expect(choosing({ domains: [{ ...first!, max: 2 }, ...others] })).rejects.toMatchObject({
      code: 'ARTIFACT_INVALID',
    });
    const { quantisation } = manifest;
    expect((await names({ quantisation: { ...quantisation, bits: quantisation.bits + 1 } })).relation).not.toBe(
      relation,
    );
  });

  it('is no name twice: what is read first would not be what was used', async () => {
    const { statistics, domains } = manifest.choices!;
    const wide = { ...domains[0]!, min: 0, max: 2 ** 8 - 1, bits: 8, scale: 1, zeroPoint: 0 };
    const wrong = { code: 'ARTIFACT_INVALID', exitCode: 2 };
    await expect(choosing({ domains: [wide, ...domains] })).rejects.toMatchObject(wrong);
    await expect(choosing({ statistics: [...statistics, statistics[0]!] })).rejects.toMatchObject(wrong);
    await expect(choosing({ inputShapes: [['x', [1]], ['x', [1]]] })).rejects.toMatchObject(wrong); // prettier-ignore
  });

  it('is no shape beyond its schema: a million rows take gigabytes and minutes', async () => {
    const model = buildModel(open);
    const { manifest: small } = await compile(model, { domain });
    const inputShapes = [['x', [1_000_000, 4]]] as const;
    const shown: Manifest = { ...written(small), choices: { ...written(small).choices!, inputShapes } };
    await expect(recompile(model, shown)).rejects.toMatchObject({
      code: 'ARTIFACT_INVALID',
      details: { where: 'choices.inputShapes, "x"', got: '[1000000, 4]' },
    });
  }, 20_000);

  it.each<[string, Partial<Manifest>]>([
    [
      'formatVersion 1, which shows no choices',
      { formatVersion: 1, choices: undefined as never, lowering: undefined as never },
    ],
    ['another lowering', { lowering: 0 }],
  ])('of %s it is nothing: NOT_COMPARABLE', async (_, change) => {
    await expect(recompile(mlp, { ...manifest, ...change })).rejects.toMatchObject({
      code: 'NOT_COMPARABLE',
      exitCode: 2,
    });
  });
});
