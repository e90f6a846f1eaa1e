/** Inputs of every kind through the command line: by the name `__proto__`, from standard input, pictures, and secrets that nothing tells. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { expectError, scratchFolder, zkonnx, zkonnxJson } from '../unit/cli-harness.js';

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));
const root = await scratchFolder();
const at = (...names: string[]) => path.join(root, ...names);

async function ok(args: readonly string[], stdin?: string | Uint8Array): Promise<string> {
  const { code, stdout, stderr } = await zkonnx(args, undefined, stdin);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

describe.each(['mirage', 'groth16'])('an input named __proto__, an output named constructor: %s', (protocol) => {
  const model = path.join(fixtures, 'models/io-named-proto/model.onnx');
  const one = '{"__proto__": [[-0.25, 0.5, 0.75, -1]]}';

  it.each(['public', 'committed'])('%s: compile, setup, run, prove, verify, expectations', async (visibility) => {
    const dir = at(`${protocol}-${visibility}`);
    const [input, proof, key] = [`${dir}.json`, `${dir}.proof.json`, path.join(dir, 'verification_key.json')];
    await writeFile(input, one);
    await writeFile(`${dir}.jsonl`, `${one}\n{"__proto__": [1, 0, -1, 0.5]}\n`);
    const compile = ['compile', model, '-o', dir, '--calibrate', `${dir}.jsonl`, '--domain', '-1..1', '--quiet'];
    await ok([...compile, '--protocol', protocol, '--input', visibility]);
    await ok(['setup', dir, '--dev', '--quiet']);
    const ran = await zkonnxJson(['run', dir, '--in', input]);
    const [, , half, less] = (ran.json['outputs'] as Record<string, { data: number[] }>)['constructor']!.data;
    expect([half, less]).toEqual([expect.closeTo(0.75, 2), 0]);
    await ok(['prove', dir, '--in', input, '-o', proof, '--quiet']);
    await writeFile(`${dir}.verified.json`, await ok(['verify', proof, '--key', key, '--json']));
    const printed = await readFile(`${dir}.verified.json`, 'utf8');
    expect(printed).toContain('"__proto__"');
    await ok(['verify', proof, '--key', key, '--expect-output', `${dir}.verified.json`]);
    if (visibility !== 'public') return;
    for (const file of [input, `${dir}.verified.json`])
      await ok(['verify', proof, '--key', key, '--expect-input', file]);
    await writeFile(input, one.replace('0.5', '0.25'));
    const other = await zkonnxJson(['verify', proof, '--key', key, '--expect-input', input]);
    expect(other).toMatchObject({ code: 1, json: { valid: false, reason: 'INPUT_MISMATCH' } });
  });
});

describe('the artifact of three inputs', async () => {
  const dir = at('tiny');
  await cp(path.join(fixtures, 'artifacts/v1/mirage'), dir, { recursive: true });
  const key = path.join(dir, 'verification_key.json');
  const proof = at('tiny.proof.json');
  const values = [0, 51 / 255, 1];
  const picture = new PNG({ width: 3, height: 1 });
  picture.data = Buffer.from(values.flatMap((value) => [255 * value, 255 * value, 255 * value, 255]));
  const png = PNG.sync.write(picture);
  await writeFile(at('p.png'), png);
  await writeFile(at('p.json'), JSON.stringify({ input: [values] }));

  it('- is standard input, whatever the format', async () => {
    const expected = JSON.parse(await ok(['run', dir, '--in', at('p.json'), '--json', '--quiet'])) as Record<
      string,
      unknown
    >;
    const contents: [string, string | Uint8Array, readonly string[]][] = [
      ['JSON', JSON.stringify({ input: values }), []],
      ['JSON on several lines', JSON.stringify([values], null, 2), []],
      ['CSV', `a,b,c\n${values.join()}\n`, []],
      ['PNG', png, ['--image-color', 'gray']],
    ];
    for (const [, content, flags] of contents) {
      const { outputs } = JSON.parse(
        await ok(['run', dir, '--in', '-', '--json', '--quiet', ...flags], content),
      ) as Record<string, unknown>;
      expect(outputs).toEqual(expected['outputs']);
    }
    const lines = `${JSON.stringify({ input: values })}\n${JSON.stringify({ input: [1, 1, 1] })}\n`;
    const { samples } = JSON.parse(await ok(['run', dir, '--in', '-', '--json', '--quiet'], lines)) as {
      samples: { id: string }[];
    };
    expect(samples.map(({ id }) => id)).toEqual(['stdin:1', 'stdin:2']);
    const none = await zkonnx(['run', dir, '--in', '-'], undefined, '');
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining('stdin holds no sample') as string });
  });

  it('pictures are read by flags where the artifact was compiled without them', async () => {
    const how = ['--image-color', 'gray', '--image-range', '1'];
    const error = await expectError(['run', dir, '--in', at('p.png')], 'INPUT_FORMAT');
    expect(error['message']).toContain('how a picture becomes the input');
    await ok(['prove', dir, '--in', at('p.png'), '-o', proof, '--quiet', ...how]);
    await ok(['verify', proof, '--key', key, '--expect-input', at('p.png'), ...how]);
    await ok(['verify', proof, '--key', key, '--expect-input', at('p.json')]);
    await ok(['verify', '-', '--key', key, '--expect-input', at('p.json')], await readFile(proof));
    await ok(['verify', proof, '--key', key, '--expect-input', '-'], await readFile(at('p.json')));
    const inverted = await zkonnx([
      'verify',
      proof,
      '--key',
      key,
      '--expect-input',
      at('p.png'),
      '--image-invert',
      ...how,
    ]);
    expect(inverted).toMatchObject({ code: 1, stdout: expect.stringContaining('INPUT_MISMATCH') as string });
    await cp(at('p.png'), at('pictures/a.png'));
    await cp(at('p.png'), at('pictures/b.png'));
    await ok(['prove', dir, '--in', at('pictures'), '-o', at('proofs'), '--quiet', ...how]);
    await ok(['verify', at('proofs'), '--batch', '--key', key]);
  });

  it('flags that contradict what compile recorded are refused', async () => {
    const manifest = JSON.parse(await readFile(path.join(dir, 'manifest.json'), 'utf8')) as {
      schema: { inputs: object[] };
    };
    const image = { layout: 'NCHW', resize: 'none', color: 'gray', invert: false, range: 1, mean: [0], std: [1] };
    manifest.schema.inputs[0] = { ...manifest.schema.inputs[0], image };
    await cp(dir, at('recorded'), { recursive: true });
    await writeFile(at('recorded/manifest.json'), JSON.stringify(manifest));
    await ok(['run', at('recorded'), '--in', at('p.png'), '--quiet']);
    await ok(['run', at('recorded'), '--in', at('p.png'), '--image-range', '1', '--quiet']);
    await expectError(['run', at('recorded'), '--in', at('p.png'), '--image-range', '255'], 'USAGE');
  });

  it('standard input is one file', async () => {
    const shell = await zkonnx(['verify', '-', '--key', key, '--expect-input', '-'], undefined, '{"input": [0, 0, 0]}');
    expect(shell).toMatchObject({ code: 2, stderr: expect.stringContaining('one file only') as string });
    const proof = await zkonnx(['verify', '-', '--key', key], undefined, 'no proof');
    expect(proof).toMatchObject({ code: 1, stdout: expect.stringContaining('PROOF_NOT_JSON') as string });
    const large = await zkonnx(['verify', '-', '--key', key], undefined, Buffer.alloc(17 << 20));
    expect(large).toMatchObject({ code: 1, stdout: expect.stringContaining('PROOF_TOO_LARGE') as string });
  });
});

describe.each(['private', 'committed'])('values of %s inputs are in no message', (visibility) => {
  /** A part of every value, in every spelling of it. */
  const MARK = /8273645/;
  const model = path.join(fixtures, 'artifacts/v1/mirage/model.onnx');
  const dir = at(`secret-${visibility}`);

  it('whatever is wrong with them', async () => {
    // One element at a time, and many: no search widens the ranges that they give, and a sample that moves all three leaves them.
    const oneByOne = [1, 1 / 2, 1 / 4, 1 / 8].flatMap((size) =>
      Array.from({ length: 18 }, (_, i) => [0, 0, 0].with((i >> 1) % 3, i % 2 === 0 ? size : -size)),
    );
    await writeFile(at('calibration.json'), JSON.stringify(oneByOne));
    const compile = ['compile', model, '-o', dir, '--input', visibility, '--protocol', 'groth16', '--quiet'];
    const choices = ['--overflow', 'reject', '--tolerance', '1', '--output', 'public'];
    await ok([...compile, '--calibrate', at('calibration.json'), ...choices]);
    await ok(['setup', dir, '--dev', '--quiet']);
    const wrong: [string, string, string][] = [
      ['INPUT_OUT_OF_DOMAIN', 'a.json', '{"input": [1.8273645, 0, 0]}'],
      ['INPUT_OUT_OF_DOMAIN', 'a.csv', '1.8273645,0,0\n'],
      ['RANGE_EXCEEDED', 'a.json', '{"input": [-0.98273645, 0.98273645, 0.98273645]}'],
      ['INPUT_FORMAT', 'a.json', '{"input": [0.8273645.1, 0, 0]}'],
      ['INPUT_FORMAT', 'a.json', '{"input": [0 8273645]}'],
      ['INPUT_TYPE', 'a.json', '{"input": ["0.8273645", 0, 0]}'],
      ['INPUT_TYPE', 'a.csv', '0.1,0.2,x8273645\n'],
      ['INPUT_TYPE', 'a.json', '{"input": [8273645e300, 0, 0]}'],
      ['INPUT_FORMAT', 'a.json', '"0.8273645"'],
    ];
    for (const [code, name, content] of wrong) {
      await writeFile(at(name), content);
      for (const args of [
        ['run', dir, '--in', at(name)],
        ['prove', dir, '--in', at(name), '-o', at('never.json')],
      ]) {
        // prettier-ignore
        for (const flags of [[], ['--json']]) {
          const { code: exit, stdout, stderr } = await zkonnx([...args, ...flags]);
          expect({ content, exit, all: stdout + stderr }).toEqual({
            content,
            exit: 2,
            all: expect.stringContaining(code) as string,
          });
          expect(stdout + stderr).not.toMatch(MARK);
          if (code === 'RANGE_EXCEEDED') expect(stdout + stderr).not.toMatch(/got/);
        }
      }
      if (code === 'RANGE_EXCEEDED') continue;
      const { stdout, stderr } = await zkonnx([...compile, '--domain', '-1..1', '--calibrate', at(name), '--force']);
      expect(stdout + stderr).not.toMatch(MARK);
    }
  });

  it('and in no log of a proof', async () => {
    await writeFile(at('good.json'), '{"input": [0.0018273645, 0.0018273645, 0]}');
    for (const flags of [[], ['--json']]) {
      const { code, stdout, stderr } = await zkonnx([
        'prove',
        dir,
        '--in',
        at('good.json'),
        '-o',
        at(`${visibility}.json`),
        ...flags,
      ]);
      expect(code).toBe(0);
      expect(stdout + stderr).not.toMatch(/18273|0\.00182/);
    }
    expect(await readFile(at(`${visibility}.json`), 'utf8')).not.toMatch(MARK);
  });
});

it('of a public input they are shown: whoever gave them is helped', async () => {
  await writeFile(at('far.json'), '{"input": [1.8273645, 0, 0]}');
  expect(await expectError(['run', at('tiny'), '--in', at('far.json')], 'INPUT_OUT_OF_DOMAIN')).toHaveProperty(
    'got',
    expect.stringContaining('1.827364'),
  );
});
