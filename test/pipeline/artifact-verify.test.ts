/** `artifact verify`: what compiling again gives is equal, and whatever is changed is named. The models that take longest are in the slow tier. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import protobuf from 'protobufjs/light.js';
import { modelCases, modelPath } from '../../bench/models.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { exportSolidity } from '../../src/export/solidity.js';
import { artifactPaths, type CompileChoices, type InputDomainChoice } from '../../src/formats/manifest.js';
import { onnxDescriptor } from '../../src/formats/onnx-descriptor.js';
import { setup } from '../../src/setup/setup.js';
import { prepareKey } from '../../src/verify/index.js';
import { sealed } from '../fixtures/proofs/sealed.js';
import { expectError, zkonnx } from '../unit/cli-harness.js';
import { checkedArtifact, expectEqualArtifact, type Check } from './artifact-verify.js';
import { CURVE_PROTOCOLS } from '../../src/verify/key-points.js';
import { copyPath, doubledScales, editCircuit, editKey, editManifest, readKey, restateManifest, rotatedLabels } from './stranger.js'; // prettier-ignore

const dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-artifact-'));
afterAll(() => rm(dir, { recursive: true, force: true }));
const at = (...names: string[]) => path.join(dir, ...names);

const SMALL = ['acasxu-1-1', 'fraud-mlp-rhods', 'giza-volatility', 'iris-mlp-deepprove', 'lenet-zkmlbench'];
const small = modelCases.filter(({ name }) => SMALL.includes(name));

describe.each(CURVE_PROTOCOLS)('compiled again from the manifest’s choices, %s', (protocol) => {
  it.each(small)('$name is equal', async (model) => {
    await expectEqualArtifact(at(`${model.name} ${protocol}`), model, protocol);
  });

  it('giza-volatility is equal with its keys', async () => {
    const folder = at(`giza-volatility ${protocol}`);
    await setup(folder, { dev: true, threads: 2 });
    const { code, checks } = await checkedArtifact(folder, modelPath('giza-volatility'));
    expect(code).toBe(0);
    expect(checks.map(({ part, verdict }) => `${part}: ${verdict}`)).toEqual([
      'model: equal',
      'schema: equal',
      'circuit: equal',
      'witness program: equal',
      'verification key: equal',
      'proving key: equal',
    ]);
  });
});

const IRIS = 'iris-mlp-deepprove';
const modelType = protobuf.Root.fromJSON(onnxDescriptor).lookupType('onnx.ModelProto');

/** The model with the first of its weights half as large again. */
async function withOneWeightChanged(): Promise<string> {
  const model = modelType.toObject(modelType.decode(await readFile(modelPath(IRIS)))) as {
    graph: { initializer: { rawData?: Uint8Array; floatData?: number[] }[] };
  };
  const weights = model.graph.initializer.find(({ rawData }) => rawData !== undefined && rawData.length > 16)!;
  const bytes = Uint8Array.from(weights.rawData!);
  const view = new DataView(bytes.buffer);
  view.setFloat32(0, 1.5 * view.getFloat32(0, true), true);
  weights.rawData = bytes;
  const file = at('one-weight.onnx');
  await writeFile(file, modelType.encode(modelType.fromObject(model)).finish());
  return file;
}

describe.each(CURVE_PROTOCOLS)('an artifact of iris in which something was changed, %s', (protocol) => {
  const made = at(`iris ${protocol}`);
  const bare = at(`iris ${protocol} bare`);
  const contract = at(`Iris ${protocol}.sol`);
  const model = modelPath(IRIS);
  let copies = 0;

  beforeAll(async () => {
    const options = await modelCases.find(({ name }) => name === IRIS)!.options();
    const labels = ['setosa', 'versicolor', 'virginica'];
    await writeArtifact(made, await compile(model, { ...options, protocol, labels }), model);
    await cp(made, bare, { recursive: true });
    await setup(made, { dev: true, threads: 2 });
    const key = prepareKey(await readFile(artifactPaths(made).verificationKey, 'utf8'));
    await writeFile(contract, exportSolidity(key, { name: 'Iris', allowDevelopmentKey: true }).source);
  });

  async function changed(from: string, change: (folder: string) => Promise<unknown>): Promise<string> {
    const folder = copyPath(from, `changed ${++copies}`);
    await cp(from, folder, { recursive: true });
    await change(folder);
    return folder;
  }

  /** Exit code 2, these parts differ and no other, and the first one's note says so. */
  async function expectDiffers(folder: string, parts: readonly string[], note: string | RegExp, ...flags: string[]) {
    const { code, checks } = await checkedArtifact(folder, model, ...flags);
    const different = checks.filter(({ verdict }) => verdict === 'differs');
    expect(different.map(({ part }) => part)).toEqual(parts);
    expect(different[0]!.note).toMatch(note);
    expect(code).toBe(2);
  }

  const choosing = (change: (choices: CompileChoices) => Partial<CompileChoices>) => (folder: string) =>
    editManifest(folder, (manifest) => {
      const choices = manifest.choices!;
      return { ...manifest, choices: { ...choices, ...change(choices) } };
    });
  const domain = (change: (domain: InputDomainChoice) => Partial<InputDomainChoice>) =>
    choosing(({ domains: [first] }) => ({ domains: [{ ...first!, ...change(first!) }] }));

  it('nothing: equal, contract and keys too', async () => {
    const { code, checks } = await checkedArtifact(made, model, '--contract', contract);
    expect(checks.filter(({ verdict }) => verdict !== 'equal')).toEqual([]);
    expect(checks).toHaveLength(7);
    expect(code).toBe(0);
    const { stdout } = await zkonnx(['artifact', 'verify', bare, '--model', model, '--quiet']);
    expect(stdout).toContain(`EQUAL  ${bare}`);
    expect(stdout).toContain('not trusted');
  });

  it('one weight of the model', async () => {
    const { code, checks } = await checkedArtifact(bare, await withOneWeightChanged());
    expect(code).toBe(2);
    const different = checks.filter(({ verdict }) => verdict === 'differs').map(({ part }) => part);
    expect(different).toEqual(expect.arrayContaining(['model', 'circuit']));
  });

  it('labels, in the manifest alone, and with its digests made anew', async () => {
    const edited = await changed(bare, (folder) =>
      editManifest(folder, (manifest) => ({ ...manifest, schema: rotatedLabels(manifest.schema) })),
    );
    await expectDiffers(edited, ['schema', 'circuit'], 'digest');
    const restated = await changed(bare, (folder) => restateManifest(folder, rotatedLabels));
    await expectDiffers(restated, ['circuit'], 'another schema');
  });

  it('a scale, in the manifest alone, and with its digests made anew', async () => {
    const edited = await changed(bare, (folder) =>
      editManifest(folder, (manifest) => ({ ...manifest, schema: doubledScales(manifest.schema) })),
    );
    await expectDiffers(edited, ['schema'], 'scale of input "input"');
    const restated = await changed(bare, (folder) => restateManifest(folder, doubledScales));
    await expectDiffers(restated, ['schema', 'circuit'], 'scale of input "input"');
  });

  it.each<[string, (folder: string) => Promise<unknown>]>([
    ['the range of a tensor', withWiderRange],
    ['the bits', (folder) => editManifest(folder, (manifest) => ({ ...manifest, quantisation: { ...manifest.quantisation, bits: manifest.quantisation.bits + 1 } }))], // prettier-ignore
    [
      'the domain of an input',
      domain(({ min, max, scale }) => ({ min: 2 * min, max: 2 * max, scale: 2 * Number(scale) })),
    ],
  ])('%s that calibration chose', async (_, change) => {
    const { code, checks } = await checkedArtifact(await changed(bare, change), model);
    expect(code).toBe(2);
    expect(checks.find(({ part }) => part === 'circuit')).toMatchObject({
      verdict: 'differs',
    } satisfies Partial<Check>);
  });

  it('the ends of a domain, which its scale gives', async () => {
    const folder = await changed(
      bare,
      domain(({ max }) => ({ max: 1.5 * max })),
    );
    const error = await expectError(['artifact', 'verify', folder, '--model', model], 'ARTIFACT_INVALID');
    expect(error['where']).toBe('choices.domains, "input"');
  });

  it('a point of the verification key, as it is and sealed anew', async () => {
    const swap = ({ IC: [first, second, third, ...others] }: { IC: readonly unknown[] }) => ({
      IC: [first, third, second, ...others],
    });
    const write = (folder: string, key: object) =>
      writeFile(artifactPaths(folder).verificationKey, JSON.stringify(key));
    const edited = await changed(made, async (folder) => {
      const key = await readKey(folder);
      await write(folder, { ...key, ...swap(key) });
    });
    await expectDiffers(edited, ['verification key', 'proving key'], 'keyDigest');
    const resealed = await changed(made, async (folder) => {
      const key = await readKey(folder);
      await write(folder, sealed(key, swap(key)));
    });
    await expectDiffers(resealed, ['proving key'], 'does not verify');
    await expectDiffers(resealed, ['proving key', 'contract'], 'does not verify', '--contract', contract);
  });

  it('what the key says: its model, its labels', async () => {
    const hash = `sha256:${'1'.repeat(64)}`;
    const other = await changed(made, (folder) => editKey(folder, { modelHash: hash }));
    await expectDiffers(other, ['verification key', 'proving key'], hash);
    const relabelled = await changed(made, async (folder) =>
      editKey(folder, { schema: rotatedLabels((await readKey(folder)).zkonnx.schema) }),
    );
    await expectDiffers(relabelled, ['verification key', 'proving key'], 'labels of output');
  });

  it('bindings of circuit.bin', async () => {
    const folder = await changed(bare, (copy) =>
      editCircuit(copy, (circuit) => {
        const [input] = circuit.inputs;
        return { ...circuit, inputs: [{ ...input!, first: input!.first + 1 }] };
      }),
    );
    await expectDiffers(folder, ['circuit'], 'on other wires');
  });

  it('a constraint of circuit.bin', async () => {
    const folder = await changed(bare, (copy) =>
      editCircuit(copy, (circuit) => {
        const { c } = circuit.r1cs;
        return { ...circuit, r1cs: { ...circuit.r1cs, c: { ...c, coefs: c.coefs.map((coef, i) => (i === 0 ? coef + 1 : coef)) } } }; // prettier-ignore
      }),
    );
    await expectDiffers(folder, ['circuit'], 'other constraints');
  });

  it('the witness program: told, and no difference', async () => {
    const folder = await changed(bare, (copy) =>
      editCircuit(copy, (circuit) => {
        const { code } = circuit.program;
        const again = new Int32Array(code.length + FIRST_WORDS);
        again.set(code);
        again.set([LINEAR, circuit.r1cs.nWires > 1 ? lastSmallWire(circuit.r1cs.wireClass, circuit.rounds?.firstRound2) : 1, 0, 0], code.length); // prettier-ignore
        return { ...circuit, program: { ...circuit.program, code: again } };
      }),
    );
    const { code, checks } = await checkedArtifact(folder, model);
    expect(checks.find(({ part }) => part === 'witness program')).toMatchObject({ verdict: 'other' });
    expect(code).toBe(0);
  });

  it('the contract', async () => {
    const edited = at(`Edited ${protocol}.sol`);
    await writeFile(edited, (await readFile(contract, 'utf8')).replace('return', 'return true; return'));
    await expectDiffers(made, ['contract'], 'not what this version exports', '--contract', edited);
    await expectDiffers(bare, ['contract'], 'no usable key', '--contract', contract);
  });

  it('of another lowering it cannot be compared, which says nothing against it', async () => {
    const folder = await changed(bare, (copy) => editManifest(copy, (manifest) => ({ ...manifest, lowering: 99 })));
    const error = await expectError(['artifact', 'verify', folder, '--model', model], 'NOT_COMPARABLE');
    expect(error['help']).toContain('says nothing against it');
    const old = path.resolve(import.meta.dirname, `../fixtures/artifacts/v1/${protocol}`);
    await expectError(['artifact', 'verify', old, '--model', artifactPaths(old).model], 'NOT_COMPARABLE');
  });

  it('and nothing was written into any of them', async () => {
    expect((await readdir(bare)).sort()).toEqual(['accuracy.json', 'circuit.bin', 'manifest.json', 'model.onnx']);
  });
});

it('an artifact of formatVersion 2 and lowering 1, which had no bit, cannot be compared', async () => {
  for (const protocol of CURVE_PROTOCOLS) {
    const folder = path.resolve(import.meta.dirname, `../fixtures/artifacts/v2/${protocol}`);
    const args = ['artifact', 'verify', folder, '--model', artifactPaths(folder).model];
    const error = await expectError(args, 'NOT_COMPARABLE');
    expect(error['got']).toContain('lowering 1');
  }
});

/** The first activation four times as wide as calibration saw it; other tensors' statistics choose nothing. */
function withWiderRange(folder: string): Promise<void> {
  return editManifest(folder, (manifest) => {
    const choices = manifest.choices!;
    const activation = manifest.layers.find(({ op }) => op.includes('Relu'))!.name;
    const statistics = choices.statistics.map((one): typeof one => {
      const [name, min, max, mean, rms] = one;
      return name === activation ? [name, 4 * min, 4 * max, 4 * mean, 4 * rms] : one;
    });
    expect(statistics).not.toEqual(choices.statistics);
    return { ...manifest, choices: { ...choices, statistics } };
  });
}

/** w[out] = row 0 of A, as docs/formats.md writes it: LINEAR, out, side, row. */
const LINEAR = 1;
const FIRST_WORDS = 4;

function lastSmallWire(wireClass: Uint8Array, end = wireClass.length): number {
  return wireClass.subarray(0, end).lastIndexOf(1);
}
