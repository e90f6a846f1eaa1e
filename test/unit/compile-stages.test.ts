/** compile as its callers see it: a path or bytes, real progress through its stages, an end at any of them. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { modelCases, modelPath } from '../../bench/models.js';
import { runCli } from '../../src/cli/run-cli.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile, compileInside } from '../../src/compile/compile.js';
import type { CompileOptions } from '../../src/compile/options.js';
import type { CompilePhase, CompileProgress } from '../../src/compile/stages.js';
import type { Protocol } from '../../src/verify/statement.js';
import { zkonnx } from './cli-harness.js';
import { buildModel } from './onnx-build.js';

const PHASES: readonly CompilePhase[] = ['import', 'calibrate', 'quantise', 'assemble', 'accuracy'];
const IRIS = modelPath('iris-mlp-deepprove');
const CALIBRATION = path.join(path.dirname(IRIS), 'calibration.json');

let dir: string;
let options: CompileOptions;
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-stages-'));
  options = await modelCases.find(({ name }) => name === 'iris-mlp-deepprove')!.options();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('progress', () => {
  it.each<Protocol>(['mirage', 'groth16'])('%s: every stage in order, from 0 to 1, never falling', async (protocol) => {
    const seen: CompileProgress[] = [];
    const { timingsMs } = await compile(IRIS, { ...options, protocol, onProgress: (update) => seen.push(update) });
    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(PHASES);
    // Where another program is tried after one was measured, the last three stages come again.
    const order = seen.map(({ phase, fraction }) => PHASES.indexOf(phase) + fraction / 2);
    order.forEach((at, i) => {
      const before = order[i - 1] ?? 0;
      const again = before === PHASES.indexOf('accuracy') + 0.5 && at === PHASES.indexOf('quantise');
      expect({ at, before, follows: again || at >= before }).toEqual({ at, before, follows: true });
    });
    for (const phase of PHASES) {
      const fractions = seen.filter((update) => update.phase === phase).map(({ fraction }) => fraction);
      expect([fractions[0], fractions.at(-1)]).toEqual([0, 1]);
      // Not only its ends: each of these has steps.
      expect(fractions.length).toBeGreaterThan(4);
    }
    expect(Object.keys(timingsMs)).toEqual([...PHASES, 'total']);
  });
});

describe('a signal', () => {
  it.each(PHASES)('that fires in %s ends it there: ABORTED, no later stage begins', async (phase) => {
    for (const from of [0, 0.01]) {
      const controller = new AbortController();
      const seen: CompileProgress[] = [];
      const onProgress = (update: CompileProgress) => {
        seen.push(update);
        if (update.phase === phase && update.fraction >= from) controller.abort(new Error('enough'));
      };
      await expect(compile(IRIS, { ...options, signal: controller.signal, onProgress })).rejects.toMatchObject({
        code: 'ABORTED',
        shortMessage: 'the compilation was stopped',
        exitCode: 130,
      });
      expect(seen.at(-1)!.phase).toBe(phase);
      expect(seen.at(-1)!.fraction).toBeLessThan(1);
    }
  });

  it('that has fired before: nothing begins', async () => {
    const seen: CompileProgress[] = [];
    const stopped = compile(IRIS, {
      ...options,
      signal: AbortSignal.abort(),
      onProgress: (update) => seen.push(update),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
    expect(seen.filter(({ fraction }) => fraction > 0)).toEqual([]);
  });

  it.each<CompilePhase>(['calibrate', 'quantise', 'assemble'])(
    'can fire by a timer while %s computes: the event loop has its turns',
    async (phase) => {
      const lenet = modelCases.find(({ name }) => name === 'lenet-zkmlbench')!;
      const controller = new AbortController();
      const seen = new Set<CompilePhase>();
      const onProgress = (update: CompileProgress) => {
        seen.add(update.phase);
        if (update.phase === phase && update.fraction === 0) setTimeout(() => controller.abort(), 0);
      };
      const stopped = compile(modelPath(lenet.name), {
        ...(await lenet.options()),
        signal: controller.signal,
        onProgress,
      });
      await expect(stopped).rejects.toMatchObject({ code: 'ABORTED' });
      expect([...seen].at(-1)).toBe(phase);
    },
  );

  it.each(PHASES)('of the command line in %s: exit code 130, one sentence, nothing written', async (phase) => {
    const out = path.join(dir, `stopped-${phase}`);
    const controller = new AbortController();
    let [stdout, stderr] = ['', ''];
    const write = (text: string) => {
      stderr += text;
      if (text.includes(`compile: ${phase}`)) controller.abort(new Error('SIGINT'));
    };
    const code = await runCli(['compile', IRIS, '-o', out, '--calibrate', CALIBRATION], {
      stdout: { write: (text) => void (stdout += text) },
      stderr: { write },
      interrupt: () => controller.signal,
    });
    expect(code).toBe(130);
    expect(stdout).toBe('');
    expect(stderr.split('\n').filter((line) => line.startsWith('error'))).toEqual([
      'error: the compilation was stopped [ABORTED]',
    ]);
    expect(existsSync(out)).toBe(false);
  });
});

describe('the command line', () => {
  it('names the stages as they begin, and none with --quiet', async () => {
    const out = path.join(dir, 'named');
    const arguments_ = ['compile', IRIS, '-o', out, '--calibrate', CALIBRATION];
    const { code, stderr } = await zkonnx(arguments_);
    expect(code).toBe(0);
    expect(stderr.trimEnd().split('\n')).toEqual(PHASES.map((phase) => `compile: ${phase}`));
    expect((await zkonnx([...arguments_, '--quiet'])).stderr).toBe('');
  });
});

describe('a model', () => {
  it.each<Protocol>(['mirage', 'groth16'])('%s: from bytes is the model from its path', async (protocol) => {
    const [byPath, byBytes] = [
      await compile(IRIS, { ...options, protocol }),
      await compile(new Uint8Array(await readFile(IRIS)), { ...options, protocol }),
    ];
    expect(byBytes.manifest).toEqual(byPath.manifest);
    expect(byBytes.accuracy).toEqual(byPath.accuracy);
    expect(byBytes.manifest.model.file).toBe('model.onnx');
  });

  it('from bytes becomes the same artifact', async () => {
    const bytes = new Uint8Array(await readFile(IRIS));
    const compiled = await compile(bytes, options);
    const folders = ['from-path', 'from-bytes'].map((name) => path.join(dir, name));
    await writeArtifact(folders[0]!, compiled, IRIS);
    await writeArtifact(folders[1]!, compiled, bytes);
    const [byPath, byBytes] = await Promise.all(folders.map((folder) => readdir(folder)));
    expect(byBytes).toEqual(byPath);
    expect(byBytes).toContain('model.onnx');
    for (const name of byPath!) {
      const [one, other] = await Promise.all(folders.map((folder) => readFile(path.join(folder, name))));
      expect(one!.equals(other!)).toBe(true);
    }
  });

  it('whose values lie in other files is refused as bytes, and the way out named', async () => {
    const externalData = [{ key: 'location', value: 'weights.bin' }];
    const bytes = buildModel({
      nodes: [{ op: 'Mul', inputs: ['x', 'w'], outputs: ['y'] }],
      inputs: { x: [2] },
      constants: { w: { dims: [2], raw: { dataLocation: 1, externalData } } },
      outputs: ['y'],
    });
    await expect(compile(bytes, { domain: { lo: -1, hi: 1 } })).rejects.toMatchObject({
      code: 'EXTERNAL_DATA_MISSING',
      details: { where: 'weights.bin', help: expect.stringContaining('give the path of the model') as string },
    });
  });

  it('of integers is compiled on a domain alone, exactly, and as its narrowest program', async () => {
    const bytes = buildModel({
      inputs: { a: [3], b: [3] },
      inputType: 6,
      outputType: 6,
      nodes: [
        { op: 'Greater', inputs: ['a', 'b'], outputs: ['c'] },
        { op: 'Where', inputs: ['c', 'a', 'b'], outputs: ['y'] },
      ],
      outputs: ['y'],
    });
    const { accuracy, quantised } = await compileInside(bytes, { domain: { lo: -100_000, hi: 100_000 }, tolerance: 0 });
    expect(accuracy.outputs.map(({ maxAbsError }) => maxAbsError)).toEqual([0]);
    expect(accuracy.outputs[0]!.magnitude).toBeGreaterThan(1000);
    expect(quantised.exact.size).toBe(quantised.tensors.size);
  });

  it('of truth values needs neither data nor a domain', async () => {
    const bytes = buildModel({
      inputs: { a: [3], b: [3] },
      inputType: 9,
      outputType: 9,
      nodes: [{ op: 'Xor', inputs: ['a', 'b'], outputs: ['y'] }],
      outputs: ['y'],
    });
    const { accuracy, schema } = await compile(bytes, { tolerance: 0 });
    expect(accuracy.outputs.map(({ maxAbsError, magnitude }) => [maxAbsError, magnitude])).toEqual([[0, 1]]);
    expect(schema.inputs.map(({ lo, hi, scale, dtype }) => [lo, hi, scale, dtype])).toEqual([
      [0, 1, 1, 'bool'],
      [0, 1, 1, 'bool'],
    ]);
  });
});
