/** The package zkonnx, installed from its tarball into an empty project by npm's defaults: what a user gets, and that it works. */
import { cp, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { installPacked, NO_TYPE_ERRORS, root, summary, typeErrors, type Project } from './install.js';

let project: Project;

beforeAll(async () => {
  project = await installPacked(root);
  process.stdout.write(summary('zkonnx', project));
});
afterAll(() => project.remove());

it('a default install has no optional peer, nothing under the GPL, and a bounded size', () => {
  const names = project.packages.map(({ name }) => name);
  expect(names).toContain('zkonnx');
  for (const peer of Object.keys(packageJson.peerDependencies)) expect(names).not.toContain(peer);
  const free = /^(?:MIT|Apache-2\.0|ISC|BSD-2-Clause|BSD-3-Clause|0BSD)$/;
  expect(project.packages.filter(({ license }) => !free.test(license))).toEqual([]);
  expect(project.bytes).toBeLessThan(20e6);
});

it('ships no attack harness', async () => {
  const files = await readFile(path.join(project.folder, 'node_modules/zkonnx/package.json'), 'utf8');
  expect(JSON.parse(files)).toMatchObject({ name: 'zkonnx' });
  await expect(
    readFile(path.join(project.folder, 'node_modules/zkonnx/dist/circuits/attack/harness.js')),
  ).rejects.toThrow('ENOENT');
});

it('npx zkonnx --version', async () => {
  const { stdout } = await project.run('npx', '--no-install', 'zkonnx', '--version');
  expect(stdout.trim()).toBe(packageJson.version);
});

it('the README’s library example compiles, makes keys, proves and verifies', async () => {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8');
  const example = /### As a library\n\n```ts\n([^]*?)```/.exec(readme)?.[1];
  expect(example).toContain("from 'zkonnx'");
  const model = path.join(root, 'test/fixtures/models/iris-mlp-deepprove/model.onnx');
  await cp(model, path.join(project.folder, 'model.onnx'));
  // The example is TypeScript without a type in it: JavaScript as it stands.
  await project.write('example.mjs', example!);
  const { stdout } = await project.run(process.execPath, 'example.mjs');
  expect(stdout).toContain('valid: true');
  expect(stdout).toContain("protocol: 'mirage'");
});

it('every entry point loads', async () => {
  const entries = Object.keys(packageJson.exports).filter((entry) => entry !== './package.json');
  const names = entries.map((entry) => `zkonnx${entry.slice(1)}`);
  const imports = names.map((name) => `await import('${name}')`).join(', ');
  await project.write('entries.mjs', `console.log(JSON.stringify([${imports}].map((m) => typeof m.verify)));\n`);
  const { stdout } = await project.run(process.execPath, 'entries.mjs');
  expect(JSON.parse(stdout)).toEqual(names.map(() => 'function'));
});

it('the types of every entry point are clean however they are resolved', async () => {
  const program = `import { compile, openProver, prove, setup, writeArtifact, verify, openRunner, ZkonnxError } from 'zkonnx';
import type { CompiledModel, CompileOptions, ErrorCode, Opening, ProveProgress, RealValues, RunResult } from 'zkonnx';
import { verify as alone, type VerifyResult } from 'zkonnx/verify';
import { verify as bundled } from 'zkonnx/verify/bundle';
import { openProver as openInPage, type ArtifactBytes, type Proven, type Prover } from 'zkonnx/prover';
import { openProver as openBundled } from 'zkonnx/prover/bundle';

export async function all(sample: RealValues, options: CompileOptions): Promise<VerifyResult[]> {
  const compiled: CompiledModel = await compile('model.onnx', options);
  await writeArtifact('artifact', compiled, 'model.onnx');
  const { verificationKey } = await setup('artifact', { dev: true });
  const results: VerifyResult[] = [];
  const onProgress = (_index: number, { phase, fraction }: ProveProgress): string => phase + String(fraction);
  for await (const { proof, opening } of prove('artifact', [{ id: 'first', tensors: sample }], { onProgress })) {
    const kept: Opening | undefined = opening;
    results.push(verify(proof, verificationKey), alone(proof, kept), bundled(proof, verificationKey));
  }
  return results;
}
export const ran = async (sample: RealValues): Promise<RunResult> => (await openRunner('artifact')).run({ tensors: sample });
export const code = (error: unknown): ErrorCode | undefined => (error instanceof ZkonnxError ? error.code : undefined);
export async function everywhere(files: ArtifactBytes): Promise<Proven[]> {
  const provers: Prover[] = [await openProver('artifact'), await openInPage(files), await openBundled(files)];
  return Promise.all(provers.map((prover) => prover.prove({ input: [1, 2] })));
}
`;
  expect(await typeErrors(project, program)).toEqual(NO_TYPE_ERRORS);
});
