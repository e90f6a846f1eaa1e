/** What models cost as relations, pinned, and that runs satisfy them. The larger ones are in the slow tier. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../../bench/models.js';
import { compileInside } from '../../../src/compile/compile.js';
import { lowerToRelation } from '../../../src/compile/clear/lower.js';
import { transformerBlock } from '../transformer-block.js';
import { uniform } from '../real-graphs.js';
import { expectLowered } from './models.js';

const caseOf = (name: string) => modelCases.find((model) => model.name === name)!;

const PINNED: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
  ['acasxu-1-1', { cells: 2144, lookups: 1844, tableRows: 286, products: 351, mapEntries: 0 }],
  ['fraud-mlp-rhods', { cells: 678, lookups: 581, tableRows: 14_476, products: 110, mapEntries: 0 }],
  ['iris-mlp-deepprove', { cells: 555, lookups: 463, tableRows: 98, products: 92, mapEntries: 0 }],
  ['giza-volatility', { cells: 366, lookups: 317, tableRows: 2404, products: 65, mapEntries: 0 }],
  ['mnist-12', { cells: 29_120, lookups: 19_712, tableRows: 1028, products: 8576, mapEntries: 0 }],
];

describe('relations of protocol clear', () => {
  it.each(PINNED)('%s', async (name, pinned) => {
    const compiled = await compileInside(modelPath(name), await caseOf(name).options());
    const samples = (await goldenSamples(name)).slice(0, 2).map(({ inputs }) => inputs);
    expect(expectLowered(compiled, samples).statistics).toMatchObject(pinned);
  });

  it('mnist-12 of hidden pixels, with --overflow reject', async () => {
    const options = await caseOf('mnist-12').options();
    const compiled = await compileInside(modelPath('mnist-12'), { ...options, overflow: 'reject', input: 'private' });
    const { relation } = expectLowered(compiled, [(await goldenSamples('mnist-12'))[0]!.inputs]);
    expect(relation.publics.map(({ dims }) => dims)).toEqual([[10]]);
  });

  it('a transformer block', async () => {
    const next = uniform(12);
    const draw = () => new Map([['x', Float64Array.from({ length: 8 * 16 }, () => 2 * next())]]);
    const samples = Array.from({ length: 8 }, draw);
    const compiled = await compileInside(transformerBlock(8, 16, 2), { samples, bits: 8, tolerance: 0.05 });
    const { statistics, relation } = expectLowered(compiled, [...samples.slice(0, 2), draw()]);
    expect(relation.constraints.filter(({ kind }) => kind === 'matmul').length).toBeGreaterThanOrEqual(2);
    process.stderr.write(`transformer block: ${JSON.stringify(statistics)}\n`);
  });

  it('refuses committed tensors, naming what to use', async () => {
    const options = await caseOf('iris-mlp-deepprove').options();
    const compiled = await compileInside(modelPath('iris-mlp-deepprove'), { ...options, input: 'committed' });
    expect(() => lowerToRelation(compiled.quantised.ir, compiled.schema)).toThrow(
      /PROTOCOL_UNSUPPORTED[^]*public or private/,
    );
  });
});

describe('cases', () => {
  it.each(['greater-zero', 'mask-1e4', 'padding-mask-from-zero', 'reject-reciprocal'])('%s', async (name) => {
    const folder = path.resolve(import.meta.dirname, '../../fixtures/cases', name);
    const { samples, inputs } = await samplesOf(folder);
    const compiled = await compileInside(path.join(folder, 'model.onnx'), { samples });
    expectLowered(compiled, inputs.slice(0, 2));
  });
});

async function samplesOf(folder: string) {
  const { importModel } = await import('../../../src/compile/onnx/import.js');
  const { readSamples } = await import('../../../src/inputs/samples.js');
  const { graph } = importModel(await readFile(path.join(folder, 'model.onnx')));
  const specs = graph.inputs.map((name) => {
    const { dims, dtype } = graph.nodes.find((node) => node.name === name)!;
    return { name, dims, dtype };
  });
  const read = async (file: string) => {
    const list: ReadonlyMap<string, Float64Array>[] = [];
    for await (const { tensors } of readSamples(path.join(folder, file), specs)) list.push(tensors);
    return list;
  };
  return { samples: await read('calibration.json'), inputs: await read('input.json') };
}
