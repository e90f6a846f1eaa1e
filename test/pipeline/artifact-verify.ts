/** Artifacts compiled again, by the command line. */
import { expect } from 'vitest';
import { modelPath, type ModelCase } from '../../bench/models.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import type { ArtifactReport } from '../../src/evaluate/verify-artifact.js';
import type { Protocol } from '../../src/verify/statement.js';
import { expectOrigins } from '../unit/expect-origins.js';
import { zkonnxJson } from '../unit/cli-harness.js';

export type Check = ArtifactReport['checks'][number];

/** `artifact verify`: its exit code and what it compared. */
export async function checkedArtifact(
  folder: string,
  model: string,
  ...flags: string[]
): Promise<{ readonly code: number; readonly checks: readonly Check[] }> {
  const { code, json } = await zkonnxJson(['artifact', 'verify', folder, '--model', model, '--threads', '2', ...flags]);
  expect(json).toMatchObject({ artifact: folder, choices: 'shown, not trusted' });
  const { checks, equal } = json as unknown as ArtifactReport;
  expect(equal).toBe(code === 0);
  return { code, checks };
}

/** Compiles a fixture into a folder; its rows say where they come from, and compiling again, without its data, gives an equal one. */
export async function expectEqualArtifact(folder: string, model: ModelCase, protocol: Protocol): Promise<void> {
  const file = modelPath(model.name);
  const compiled = await compile(file, { ...(await model.options()), protocol });
  expectOrigins(compiled.circuit);
  await writeArtifact(folder, compiled, file);
  const { code, checks } = await checkedArtifact(folder, file);
  expect(checks.map(({ part, verdict }) => `${part}: ${verdict}`)).toEqual([
    'model: equal',
    'schema: equal',
    'circuit: equal',
    'witness program: equal',
    'verification key: absent',
    'proving key: absent',
  ]);
  expect(code).toBe(0);
}
