/** As test/pipeline/artifact-verify.test.ts, of the fixture models that take longest to compile: up to half a minute each, twice. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { modelCases } from '../../bench/models.js';
import { expectEqualArtifact } from '../pipeline/artifact-verify.js';
import { CURVE_PROTOCOLS } from '../../src/verify/key-points.js';

const dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-artifact-'));
afterAll(() => rm(dir, { recursive: true, force: true }));

const LARGE = ['mnist-8', 'mnist-12', 'mnist-burn-cnn', 'cifar-cnn-deepprove'];

describe.each(CURVE_PROTOCOLS)('compiled again from the manifest’s choices, %s', (protocol) => {
  it.each(modelCases.filter(({ name }) => LARGE.includes(name)))('$name is equal', async (model) => {
    await expectEqualArtifact(path.join(dir, `${model.name} ${protocol}`), model, protocol);
  });
});
