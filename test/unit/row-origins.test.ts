/** Every row says where it comes from: of gadgets, of whole models in both protocols, in files, and on the command line. */
import { readdirSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { modelCases, modelPath } from '../../bench/models.js';
import { bitLayouts, lookupLayouts } from '../../circuits/attack/plans.js';
import { buildGadget } from '../../circuits/attack/harness.js';
import { protocolCircuit } from '../../circuits/attack/protocol.js';
import { gadgetParagraphs, paragraphOf, paragraphs } from '../../circuits/origin.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { fieldConstant } from '../../circuits/lc.js';
import { LookupBuilder } from '../../circuits/builders/lookup-builder.js';
import { SURVEY_PLAN } from '../../circuits/builders/lookup-plan.js';
import type { Circuit } from '../../src/constraint/program.js';
import { originOf } from '../../src/constraint/row-origin.js';
import { readCircuit } from '../../src/formats/circuit.js';
import { bytesSource } from '../../src/formats/iden3-container.js';
import { encoded, expectOrigins, originsOf } from './expect-origins.js';
import { expectError, scratchFolder, zkonnx, zkonnxJson } from './cli-harness.js';
import { randomNumbers } from './random-r1cs.js';

const folder = await scratchFolder();
const read = (bytes: Uint8Array) => readCircuit(bytesSource(bytes, 'origins'));

describe('gadgets', () => {
  /** Gadgets of the attack that are questions of the builder, asked by nobody. */
  const questions = new Set([
    'input',
    'range',
    'split',
    'nonZero',
    'table',
    'tables',
    'divide',
    'squareRoot',
    'isNonNegative',
    'materialise',
  ]);

  it('say who they are in each of their rows', () => {
    const seen = new Set<string>();
    for (const { gadget, plan } of [...bitLayouts, ...lookupLayouts]) {
      for (const origin of originsOf(buildGadget(gadget, plan).circuit)) {
        expect(origin, gadget.name).toBeDefined();
        expect(paragraphOf(origin!), gadget.name).toBeDefined();
        if (['input', 'fieldLinear', 'fold', 'clamped', 'tableRow', 'tableSum'].includes(origin!.question)) continue;
        seen.add(origin!.gadget);
        expect({ gadget: gadget.name, named: origin!.gadget !== 'none' }).toEqual({
          gadget: gadget.name,
          named: !questions.has(gadget.name),
        });
      }
    }
    expect([...seen].sort()).toEqual(Object.keys(gadgetParagraphs).sort());
  });

  it('are all the files of circuits/gadgets but those that builders answer with', () => {
    const root = path.resolve(import.meta.dirname, '../../circuits');
    const files = readdirSync(path.join(root, 'gadgets')).map((file) => file.replace('.ts', ''));
    const builders = ['r1cs-builder', 'lookup-builder'].map((file) =>
      readFileSync(path.join(root, 'builders', `${file}.ts`), 'utf8'),
    );
    const answers = files.filter((file) => builders.some((text) => text.includes(`'../gadgets/${file}.js'`)));
    const known = new Set([...answers, ...Object.keys(gadgetParagraphs)]);
    expect(files.filter((file) => !known.has(file))).toEqual([]);
    for (const name of Object.keys(gadgetParagraphs).filter((other) => other !== 'none'))
      expect(readFileSync(path.join(root, 'gadgets', `${name}.ts`), 'utf8')).toContain(`b.gadget('${name}', `);
  });
});

it('Freivalds’ checks say what they are, in round 2 too', () => {
  const b = new LookupBuilder(SURVEY_PLAN);
  b.layer('product', 'MatMul', 'bilinear');
  const matrix = (name: string) => {
    const entries = b.input(name, 64, 0, 3);
    return Array.from({ length: 8 }, (_, i) => entries.slice(8 * i, 8 * i + 8));
  };
  b.output('c', b.matrixProduct(matrix('a'), matrix('b')).flat());
  b.expose(fieldConstant(1n));
  const circuit = b.finish();
  const freivalds = originsOf(circuit).filter(
    (origin) => paragraphOf(origin!)?.anchor === 'matrix-product-by-freivalds',
  );
  expect(freivalds).toHaveLength(8 * 7 + 8 * 7 + 8 * 8);
  // Beside them stands the fold of the one public value.
  expect(circuit.rounds.fieldRows).toHaveLength(freivalds.length + 1);
});

/** And every fixture model: test/pipeline/artifact-verify.ts compiles them all. */
describe('models', () => {
  it.each(['mirage', 'groth16'] as const)('iris with a committed input, %s', async (protocol) => {
    const options = await modelCases.find(({ name }) => name === 'iris-mlp-deepprove')!.options();
    const { circuit } = await compile(modelPath('iris-mlp-deepprove'), { ...options, protocol, input: 'committed' });
    expectOrigins(circuit);
    const gadgets = originsOf(circuit).map((origin) => origin!.gadget);
    expect(gadgets.filter((gadget) => gadget === 'poseidon').length).toBeGreaterThan(100);
  });
});

describe('circuit.bin', () => {
  const circuit = protocolCircuit();
  const bytes = encoded(circuit);

  it('reads back origins, and does without where there are none', async () => {
    expect((await read(bytes)).origins).toEqual(circuit.origins);
    const { origins: _, ...old } = circuit;
    const again = await read(encoded(old));
    expect(again).toEqual(old);
    expect(originOf(again, 0)).toBeUndefined();
  });

  it('refuses origins that are damaged, or of another circuit', async () => {
    const { origins } = circuit;
    const from = encoded({ ...circuit, origins: origins! }).length - 200;
    const random = randomNumbers(7);
    for (let i = 0; i < 200; i++) {
      const damaged = bytes.slice();
      damaged[from + random(200)]! ^= 1 << random(8);
      await expect(read(damaged)).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    }
    const { irOps: names, kinds, runKind, runLength } = origins!;
    const changed = [
      { irOps: names.slice(1), kinds, runKind, runLength },
      { irOps: names.map(() => 'x'.repeat(201)), kinds, runKind, runLength },
      { irOps: names, kinds: kinds.slice(1), runKind, runLength },
      { irOps: names, kinds, runKind: runKind.slice(1), runLength: runLength.slice(1) },
      { irOps: names, kinds, runKind, runLength: runLength.map((length) => length + 1) },
      { irOps: names, kinds, runKind, runLength: runLength.map(() => 0) },
      { irOps: names, kinds: kinds.map(() => ({ gadget: 7, question: 'max', layout: 'bits' })), runKind, runLength },
    ];
    for (const [i, other] of changed.entries()) {
      const hostile = encoded({ ...circuit, origins: other as NonNullable<Circuit['origins']> });
      await expect(read(hostile), String(i)).rejects.toMatchObject({ code: 'ARTIFACT_INVALID' });
    }
  });
});

describe('zkonnx inspect --row', () => {
  const artifact = path.join(folder, 'iris');
  const circuitFile = path.join(artifact, 'circuit.bin');
  const made = (async () => {
    const { options } = modelCases.find(({ name }) => name === 'iris-mlp-deepprove')!;
    const compiled = await compile(modelPath('iris-mlp-deepprove'), await options());
    await writeArtifact(artifact, compiled, modelPath('iris-mlp-deepprove'));
    return compiled.circuit;
  })();

  it('tells people and programs where a row comes from', async () => {
    const { r1cs } = await made;
    const first = await zkonnxJson(['inspect', artifact, '--row', '0']);
    expect(first).toMatchObject({
      code: 0,
      json: {
        row: 0,
        constraints: r1cs.nConstraints,
        origin: { irOp: 'input', gadget: null, question: 'input', layout: 'lookups' },
        docs: { link: 'docs/soundness.md#range-by-lookups' },
      },
    });
    const all = await Promise.all(
      Array.from({ length: r1cs.nConstraints }, (_, row) => row)
        .filter((row) => row % 40 === 0)
        .map((row) => zkonnxJson(['inspect', artifact, '--row', String(row)])),
    );
    const gadgets = new Set(all.map(({ json }) => (json['origin'] as { gadget: string | null }).gadget));
    expect(gadgets).toContain('requantise');
    const { stdout } = await zkonnx(['inspect', artifact, '--row', String(r1cs.nConstraints - 1)]);
    expect(stdout).toContain('docs/soundness/mirage.md#1-the-relation');
    expect(stdout).toMatch(/\(0\) · \(0\) = w\d+ .* more\n/);
  });

  it('refuses what is no row', async () => {
    const { r1cs } = await made;
    const error = await expectError(['inspect', artifact, '--row', String(r1cs.nConstraints)], 'USAGE');
    expect(error['expected']).toBe(`a row from 0 to ${r1cs.nConstraints - 1}`);
    for (const row of ['-1', '1.5', 'x', '']) await expectError(['inspect', artifact, '--row', row], 'USAGE');
  });

  it('shows the row alone of an artifact without origins, and how to get them', async () => {
    const circuit = await made;
    const kept = await readFile(circuitFile);
    const { origins: _, ...old } = circuit;
    await writeFile(circuitFile, encoded(old));
    const { code, json } = await zkonnxJson(['inspect', artifact, '--row', '3']);
    expect({ code, origin: json['origin'] }).toEqual({ code: 0, origin: null });
    expect(json['note']).toContain('compile the model again');
    await writeFile(circuitFile, kept);
  });

  it('escapes the names of a stranger’s artifact', async () => {
    const circuit = await made;
    const kept = await readFile(circuitFile);
    const { origins } = circuit;
    const kinds = origins!.kinds.map((kind) => ({ ...kind, gadget: '\u001b[31mred\u202e' }));
    const layers = circuit.layers.map((layer) => ({ ...layer, name: `${'n'.repeat(500)}\u001b[2J` }));
    await writeFile(circuitFile, encoded({ ...circuit, layers, origins: { ...origins!, kinds } }));
    const { stdout } = await zkonnx(['inspect', artifact, '--row', '0']);
    for (const hidden of ['\u001b', '\u202e']) expect(stdout).not.toContain(hidden);
    expect(stdout).toContain('\\u001b[31mred');
    expect(stdout).toContain('not known to this version');
    expect(stdout).not.toContain('n'.repeat(121));
    await writeFile(circuitFile, kept);
  });
});

it('paragraphs are for each question, both ways', () => {
  for (const question of Object.keys(paragraphs)) {
    for (const layout of ['bits', 'lookups']) expect(paragraphOf({ gadget: 'none', question, layout })).toBeDefined();
  }
  for (const question of ['toString', '__proto__', 'unknown'])
    expect(paragraphOf({ gadget: 'none', question, layout: 'bits' })).toBeUndefined();
  expect(paragraphOf({ gadget: 'constructor', question: 'max', layout: 'bits' })).toBeUndefined();
  expect(paragraphOf({ gadget: 'max', question: 'max', layout: 'other' })).toBeUndefined();
});
