/** The package zkonnx-verify, installed from its tarball into an empty project. */
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assembleVerifierPackage } from '../../scripts/pack-verifier.js';
import { installPacked, NO_TYPE_ERRORS, root, summary, typeErrors, type Project } from './install.js';

let project: Project;

beforeAll(async () => {
  const folder = path.join(root, 'dist/zkonnx-verify');
  await assembleVerifierPackage(root, folder);
  project = await installPacked(folder);
  process.stdout.write(summary('zkonnx-verify', project));
});
afterAll(() => project.remove());

it('brings nothing but noble', () => {
  expect(project.packages.map(({ name }) => name).sort()).toEqual(['@noble/curves', '@noble/hashes', 'zkonnx-verify']);
  expect(project.packages.filter(({ license }) => !/^(?:MIT|Apache-2\.0)$/.test(license))).toEqual([]);
});

it.each(['zkonnx-verify', 'zkonnx-verify/bundle'])(
  '%s verifies proofs of both protocols, and refuses one that was changed',
  async (from) => {
    await cp(path.join(root, 'test/fixtures/proofs/v1'), path.join(project.folder, 'v1'), { recursive: true });
    await project.write(
      'main.mjs',
      `import { readFile } from 'node:fs/promises';
import { verify } from '${from}';
const verdicts = [];
for (const name of ['classifier', 'mirage']) {
  const [proof, key] = await Promise.all(['proof', 'verification_key'].map((file) => readFile('v1/' + name + '/' + file + '.json', 'utf8')));
  const changed = JSON.parse(proof);
  changed.publicSignals[0] = '7';
  verdicts.push([verify(proof, key).valid, verify(changed, key).reason]);
}
console.log(JSON.stringify(verdicts));`,
    );
    const { stdout } = await project.run(process.execPath, 'main.mjs');
    const [groth16, mirage] = JSON.parse(stdout) as [boolean, string][];
    expect(groth16).toEqual([true, 'PAIRING_FAILED']);
    expect(mirage).toEqual([true, 'PAIRING_FAILED']);
  },
);

it('its types are clean however they are resolved', async () => {
  const program = `import { verify, prepareKey, ZkonnxError, type VerifyResult, type CheckedKey } from 'zkonnx-verify';
import { verify as alone } from 'zkonnx-verify/bundle';
const key: CheckedKey = prepareKey('{}');
const result: VerifyResult = verify('{}', key);
export const reasons: string[] = [result, alone('{}', key)].map((each) => (each.valid ? each.setup : each.reason));
export const known = (error: unknown): boolean => error instanceof ZkonnxError && error.code === 'KEY_INVALID';
`;
  expect(await typeErrors(project, program)).toEqual(NO_TYPE_ERRORS);
});

it('a type that is not there is an error, so the compiler does see them', async () => {
  const errors = await typeErrors(project, "export { verify, nothing } from 'zkonnx-verify';\n", ['nodenext']);
  expect(errors['nodenext']).toContain("has no exported member 'nothing'");
});
