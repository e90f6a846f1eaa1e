/** The jobs of the ezkl worker with the real engine, in this thread. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ZkonnxError } from '../../src/base/errors.js';
import { EngineFailure, callEngine, clamped, loadEngine } from '../../src/ezkl/engine.js';
import { runEzklJob } from '../../src/ezkl/jobs.js';
import type { EzklProved, EzklTask, EzklVerdict, ProveTask, VerifyTask } from '../../src/ezkl/jobs.js';

interface ProofFile {
  instances: string[][];
  proof: number[];
  hex_proof: string | null;
  pretty_public_inputs: unknown;
}

const fixture = (name: string): Uint8Array => readFileSync(new URL(`../fixtures/ezkl/${name}`, import.meta.url));
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)) as unknown;

const verifyTask: VerifyTask = {
  kind: 'verify',
  proof: fixture('proof.json'),
  vk: fixture('vk.key'),
  settings: fixture('settings.json'),
  srs: fixture('kzg.srs'),
};
const proveTask: ProveTask = {
  kind: 'prove',
  compiledCircuit: fixture('model.compiled'),
  pk: fixture('pk.key'),
  srs: fixture('kzg.srs'),
  from: { input: fixture('input.json') },
  settings: fixture('settings.json'),
};

function verdict(change: Partial<VerifyTask>): EzklVerdict {
  const result = runEzklJob({ ...verifyTask, ...change });
  if (result.kind !== 'verified') throw new Error(`answered ${result.kind}`);
  return result.verdict;
}

function proved(task: ProveTask): EzklProved {
  const result = runEzklJob(task);
  if (result.kind !== 'proved') throw new Error(`answered ${result.kind}`);
  return result.proved;
}

function failure(task: EzklTask): ZkonnxError {
  try {
    runEzklJob(task);
  } catch (error) {
    if (error instanceof ZkonnxError) return error;
    throw error;
  }
  throw new Error('no failure');
}

/** The fixture's proof without the readable copies, so that only the engine can tell. */
function tampered(edit: (file: ProofFile) => void): Uint8Array {
  const file = { ...(parse(verifyTask.proof) as ProofFile), hex_proof: null, pretty_public_inputs: null };
  edit(file);
  return encode(file);
}

describe('engine', () => {
  it('is a dependency that may be missing', () => {
    const empty = mkdtempSync(join(tmpdir(), 'zkonnx-ezkl-'));
    try {
      expect(() => loadEngine(join(empty, 'index.js'))).toThrow(
        /DEPENDENCY_MISSING[\s\S]*npm install @ezkljs\/engine@21\.0\.0/,
      );
    } finally {
      rmSync(empty, { recursive: true });
    }
  });

  it('shares nothing between instances', () => {
    expect(loadEngine().verify).not.toBe(loadEngine().verify);
  });

  it('gives the message of a panic and writes nothing to the console', () => {
    const engine = loadEngine();
    const cut = clamped(verifyTask.vk.subarray(0, 1000));
    const { error } = console;
    let caught: unknown;
    try {
      callEngine(() => engine.vkValidation(cut, clamped(verifyTask.settings)));
    } catch (thrown) {
      caught = thrown;
    }
    expect(caught).toBeInstanceOf(EngineFailure);
    expect(caught).toMatchObject({ panicked: true, message: expect.stringContaining('UnexpectedEof') as string });
    expect(console.error).toBe(error);
  });
});

describe('verify', () => {
  it("accepts the Python package's proof and reads its values", () => {
    expect(verdict({})).toEqual({
      valid: true,
      instances: ['8', expect.stringMatching(/^21888.*613$/), '2', '12', '2', '1'],
      inputs: { input_0: { dims: [1, 4], data: [0.5, -0.25, 0.125, 0.75] } },
      outputs: { output_0: { dims: [1, 2], data: [0.125, 0.0625] } },
      versions: { settings: '21.0.3', proof: '21.0.3' },
    });
  });

  it('accepts it without its readable copies', () => {
    expect(verdict({ proof: tampered(() => undefined) }).valid).toBe(true);
  });

  it('refuses every public value changed', () => {
    for (let i = 0; i < 6; i++) {
      const proof = tampered((file) => (file.instances[0]![i] = `11${'0'.repeat(62)}`));
      expect(verdict({ proof })).toMatchObject({ valid: false, reason: 'PROOF_INVALID' });
    }
  });

  it('refuses a changed bit anywhere in the proof', () => {
    const { length } = (parse(verifyTask.proof) as ProofFile).proof;
    for (const at of [0, 31, 63, 64, Math.floor(length / 2), length - 65, length - 1]) {
      const proof = tampered((file) => (file.proof[at]! ^= 1));
      expect(verdict({ proof }), `byte ${at}`).toMatchObject({ valid: false, reason: 'PROOF_INVALID' });
    }
  });

  it('refuses bytes missing from the end of the proof, and bytes after it, which the engine itself takes', () => {
    const short = tampered((file) => file.proof.pop());
    expect(verdict({ proof: short })).toMatchObject({ valid: false, reason: 'PROOF_INVALID' });
    for (const extra of [1, 32, 100]) {
      const long = tampered((file) => file.proof.push(...new Array<number>(extra).fill(0)));
      const engine = loadEngine();
      const { vk, settings, srs } = verifyTask;
      expect(engine.verify(clamped(long), clamped(vk), clamped(settings), clamped(srs))).toBe(true);
      expect(verdict({ proof: long })).toMatchObject({ valid: false, reason: 'PROOF_MALFORMED' });
    }
  });

  it('refuses the proof for another key and for another SRS', () => {
    const wrong = { valid: false, reason: 'PROOF_INVALID' };
    expect(verdict({ vk: fixture('other-vk.key') })).toMatchObject(wrong);
    expect(verdict({ srs: fixture('other-kzg.srs') })).toMatchObject(wrong);
    expect(verdict({ vk: fixture('other-vk.key'), srs: fixture('other-kzg.srs') })).toMatchObject(wrong);
  });

  it.each<[string, Partial<VerifyTask>, RegExp]>([
    ['an empty key', { vk: new Uint8Array() }, /verification key/],
    ['a cut key, on which the engine panics', { vk: verifyTask.vk.subarray(0, 1000) }, /verification key/],
    ['another file as key', { vk: verifyTask.settings }, /verification key/],
    ['an empty SRS', { srs: new Uint8Array() }, /SRS/],
    ['a cut SRS', { srs: verifyTask.srs.subarray(0, 5000) }, /SRS/],
  ])('names its own unusable file: %s', (_name, change, what) => {
    const failed = failure({ ...verifyTask, ...change });
    expect(failed.code).toBe('KEY_INVALID');
    expect(failed.shortMessage).toMatch(what);
  });

  it('names unusable settings', () => {
    expect(failure({ ...verifyTask, settings: encode({}) }).code).toBe('KEY_INVALID');
  });
});

describe('prove', () => {
  it('proves from an input, checks itself, and the proof verifies', () => {
    const { proof, checked, timingsMs } = proved(proveTask);
    expect(checked).toBe(true);
    expect(timingsMs.total).toBeCloseTo(timingsMs.witness + timingsMs.prove + timingsMs.check, 6);
    expect(verdict({ proof })).toMatchObject({
      valid: true,
      outputs: { output_0: { dims: [1, 2], data: [0.125, 0.0625] } },
    });
  });

  it("proves from the Python package's witness, without settings", () => {
    const { settings: _, ...unchecked } = proveTask;
    const { proof, checked } = proved({ ...unchecked, from: { witness: fixture('witness.json') } });
    expect(checked).toBe(false);
    expect(verdict({ proof }).valid).toBe(true);
  });

  it('does not hand out a proof of a false witness', () => {
    const witness = parse(fixture('witness.json')) as { outputs: string[][] };
    witness.outputs[0]![0] = `09${'0'.repeat(62)}`;
    const failed = failure({ ...proveTask, from: { witness: encode(witness) } });
    expect(failed).toMatchObject({ code: 'ARTIFACT_INVALID', shortMessage: 'ezkl made a proof that does not verify' });
  });

  it('does not hand out a proof with another SRS', () => {
    const failed = failure({ ...proveTask, srs: fixture('other-kzg.srs') });
    expect(failed.code).toBe('ARTIFACT_INVALID');
  });

  it.each<[string, string, Partial<ProveTask>]>([
    ['too few values', 'INPUT_SHAPE', { from: { input: encode({ input_data: [[1, 2]] }) } }],
    [
      'a value outside the calibrated range',
      'INPUT_OUT_OF_DOMAIN',
      { from: { input: encode({ input_data: [[1e9, 0, 0, 0]] }) } },
    ],
    ['two tensors for one', 'INPUT_SHAPE', { from: { input: encode({ input_data: [[1, 2, 3, 4], [1]] }) } }],
    ['a cut circuit', 'ARTIFACT_INVALID', { compiledCircuit: proveTask.compiledCircuit.subarray(0, 500) }],
    ['an ONNX file as circuit', 'ARTIFACT_INVALID', { compiledCircuit: fixture('model.onnx') }],
    ['a cut key', 'KEY_INVALID', { pk: proveTask.pk.subarray(0, 50_000) }],
    ['a key cut where the engine panics', 'ARTIFACT_INVALID', { pk: proveTask.pk.subarray(0, 500) }],
    ['an empty key', 'KEY_INVALID', { pk: new Uint8Array() }],
    ['a cut SRS', 'KEY_INVALID', { srs: proveTask.srs.subarray(0, 5000) }],
    ['settings as witness', 'ARTIFACT_INVALID', { from: { witness: fixture('settings.json') } }],
  ])('names what cannot be used: %s', (_name, code, change) => {
    expect(failure({ ...proveTask, ...change }).code).toBe(code);
  });
});
