/** Reading ezkl's settings, proofs and inputs: what real ezkl wrote is understood, everything else is named. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/base/errors.js';
import { ZkonnxError } from '../../src/base/errors.js';
import { R } from '../../src/field/bn254.js';
import { readInput } from '../../src/ezkl/input.js';
import { EzklRefusal, engineProof, parseProof, readTensors } from '../../src/ezkl/proof-file.js';
import type { EzklRefusalReason } from '../../src/ezkl/proof-file.js';
import { parseSettings } from '../../src/ezkl/settings.js';

interface ProofFile {
  instances: unknown[][];
  proof: unknown[];
  pretty_public_inputs: Record<string, unknown[][]>;
  [field: string]: unknown;
}

const fixture = (name: string) => readFileSync(new URL(`../fixtures/ezkl/${name}`, import.meta.url));
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const settings = parseSettings(fixture('settings.json'));

function edited(edit: (file: ProofFile) => void): Uint8Array {
  const file = JSON.parse(fixture('proof.json').toString()) as ProofFile;
  edit(file);
  return bytes(file);
}

function editedSettings(edit: (file: Record<string, never>) => void): Uint8Array {
  const file = JSON.parse(fixture('settings.json').toString()) as Record<string, never>;
  edit(file);
  return bytes(file);
}

function refusal(proof: Uint8Array): [EzklRefusalReason, string] {
  try {
    parseProof(proof, settings);
  } catch (error) {
    if (error instanceof EzklRefusal) return [error.refused.reason, error.refused.message];
    throw error;
  }
  throw new Error('accepted');
}

function errorCode(run: () => unknown): ErrorCode {
  try {
    run();
  } catch (error) {
    if (error instanceof ZkonnxError) return error.code;
    throw error;
  }
  throw new Error('accepted');
}

describe('settings', () => {
  it('gives the public tensors, their scales and places', () => {
    expect(settings).toEqual({
      version: '21.0.3',
      logRows: 7,
      inputCount: 1,
      instanceCount: 6,
      inputs: [{ name: 'input_0', dims: [1, 4], scaleBits: 4, offset: 0 }],
      outputs: [{ name: 'output_0', dims: [1, 2], scaleBits: 4, offset: 4 }],
    });
  });

  it.each([
    ['hashed-input', 3, [], [1]],
    ['hashed-params', 7, [1], [5]],
    ['hashed-params-output', 6, [1], []],
  ])('places tensors among the hashes as ezkl does: %s', (name, count, inputs, outputs) => {
    const hashed = parseSettings(fixture(`${name}-settings.json`));
    expect(hashed.instanceCount).toBe(count);
    expect(hashed.inputs.map(({ offset }) => offset)).toEqual(inputs);
    expect(hashed.outputs.map(({ offset }) => offset)).toEqual(outputs);
    // ezkl's readable copies of the values, compared element by element inside, hold the places to what ezkl means.
    const proof = parseProof(fixture(`${name}-proof.json`), hashed);
    if (outputs.length > 0) {
      expect(readTensors(hashed.outputs, proof.instances)).toEqual({
        output_0: { dims: [1, 2], data: [0.125, 0.0625] },
      });
    }
  });

  it.each<[string, ErrorCode, Uint8Array]>([
    ['not JSON', 'KEY_INVALID', new Uint8Array([0x7b])],
    ['not UTF-8', 'KEY_INVALID', new Uint8Array([0x22, 0xff, 0x22])],
    ['not an object', 'KEY_INVALID', bytes([1])],
    ['another file of ezkl', 'KEY_INVALID', fixture('witness.json')],
    ['another major version', 'FORMAT_VERSION', editedSettings((file) => Object.assign(file, { version: '23.0.5' }))],
    [
      'IPA commitments',
      'KEY_INVALID',
      editedSettings((file) => Object.assign(file['run_args'] ?? {}, { commitment: 'IPA' })),
    ],
    [
      'a negative dimension',
      'KEY_INVALID',
      editedSettings((file) =>
        Object.assign(file, {
          model_instance_shapes: [
            [1, -4],
            [1, 2],
          ],
        }),
      ),
    ],
    [
      'a huge dimension',
      'KEY_INVALID',
      editedSettings((file) =>
        Object.assign(file, {
          model_instance_shapes: [
            [2 ** 28, 4],
            [1, 2],
          ],
        }),
      ),
    ],
    [
      'a missing shape',
      'KEY_INVALID',
      editedSettings((file) => Object.assign(file, { model_instance_shapes: [[1, 4]] })),
    ],
    ['a fractional scale', 'KEY_INVALID', editedSettings((file) => Object.assign(file, { model_input_scales: [0.5] }))],
  ])('names what is wrong: %s', (_name, code, file) => {
    expect(errorCode(() => parseSettings(file))).toBe(code);
  });
});

describe('proof file', () => {
  it('reads what ezkl wrote', () => {
    const proof = parseProof(fixture('proof.json'), settings);
    expect(proof.instances).toEqual([8n, R - 4n, 2n, 12n, 2n, 1n]);
    expect(proof.version).toBe('21.0.3');
    expect(readTensors(settings.inputs, proof.instances)).toEqual({
      input_0: { dims: [1, 4], data: [0.5, -0.25, 0.125, 0.75] },
    });
  });

  it('hands the engine only what it read, and that reads back the same', () => {
    const proof = parseProof(fixture('proof.json'), settings);
    expect(parseProof(engineProof(proof), settings)).toEqual({ ...proof, version: null });
  });

  it.each<[string, EzklRefusalReason, Uint8Array]>([
    ['empty', 'PROOF_NOT_JSON', new Uint8Array()],
    ['truncated', 'PROOF_NOT_JSON', fixture('proof.json').subarray(0, 1000)],
    ['not UTF-8', 'PROOF_NOT_JSON', new Uint8Array([0x22, 0xff, 0x22])],
    ['a string', 'PROOF_MALFORMED', bytes('proof')],
    ['null', 'PROOF_MALFORMED', bytes(null)],
    ['settings instead', 'PROOF_MALFORMED', fixture('settings.json')],
    ['an unknown field', 'PROOF_MALFORMED', edited((file) => (file['note'] = 1))],
    ['no proof', 'PROOF_MALFORMED', edited((file) => delete (file as Partial<ProofFile>).proof)],
    ['an empty proof', 'PROOF_MALFORMED', edited((file) => (file.proof = []))],
    ['a byte too large', 'PROOF_MALFORMED', edited((file) => (file.proof[3] = 256))],
    ['a negative byte', 'PROOF_MALFORMED', edited((file) => (file.proof[3] = -1))],
    ['a fractional byte', 'PROOF_MALFORMED', edited((file) => (file.proof[3] = 1.5))],
    ['a byte as text', 'PROOF_MALFORMED', edited((file) => (file.proof[3] = '7'))],
    ['another transcript', 'PROOF_MALFORMED', edited((file) => (file['transcript_type'] = 'Blake2b'))],
    ['another commitment', 'PROOF_MALFORMED', edited((file) => (file['commitment'] = 'IPA'))],
    ['two instance columns', 'PROOF_MALFORMED', edited((file) => file.instances.push([]))],
    ['an instance too many', 'PUBLIC_INPUT_COUNT', edited((file) => file.instances[0]!.push('0'.repeat(64)))],
    ['an instance too few', 'PUBLIC_INPUT_COUNT', edited((file) => file.instances[0]!.pop())],
    ['a number as instance', 'PROOF_MALFORMED', edited((file) => (file.instances[0]![0] = 8))],
    ['a short instance', 'PROOF_MALFORMED', edited((file) => (file.instances[0]![0] = '08'))],
    ['upper case', 'PROOF_MALFORMED', edited((file) => (file.instances[0]![0] = `0A${'0'.repeat(62)}`))],
    ['the modulus plus 8', 'PUBLIC_INPUT_NOT_IN_FIELD', edited((file) => (file.instances[0]![0] = spell(R + 8n)))],
    ['2^256 − 1', 'PUBLIC_INPUT_NOT_IN_FIELD', edited((file) => (file.instances[0]![0] = 'f'.repeat(64)))],
    ['another hex_proof', 'PUBLIC_SIGNALS_MISMATCH', edited((file) => (file['hex_proof'] = '0x00'))],
    [
      'a shown output',
      'PUBLIC_SIGNALS_MISMATCH',
      edited((file) => (file.pretty_public_inputs['rescaled_outputs']![0] = ['0.125', '9'])),
    ],
    [
      'a shown input',
      'PUBLIC_SIGNALS_MISMATCH',
      edited((file) => (file.pretty_public_inputs['rescaled_inputs'] = [['0.5', '-0.25', '0.125']])),
    ],
    ['a shown element', 'PUBLIC_SIGNALS_MISMATCH', edited((file) => (file.pretty_public_inputs['outputs'] = []))],
    ['an instance under its copies', 'PUBLIC_SIGNALS_MISMATCH', edited((file) => (file.instances[0]![4] = spell(3n)))],
  ])('refuses %s', (_name, reason, file) => {
    const [got, message] = refusal(file);
    expect(got).toBe(reason);
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(250);
  });

  it('does without the copies, as the engine writes its proofs', () => {
    const bare = edited((file) => Object.assign(file, { pretty_public_inputs: null, hex_proof: null }));
    expect(parseProof(bare, settings).instances).toHaveLength(6);
  });
});

describe('input file', () => {
  it('keeps the tensors and drops the rest', () => {
    const kept = readInput(bytes({ input_data: [[0.5, true, 'a'.repeat(64)]], output_data: [[1]] }), 1);
    expect(JSON.parse(new TextDecoder().decode(kept))).toEqual({ input_data: [[0.5, true, 'a'.repeat(64)]] });
  });

  it.each<[string, ErrorCode, string]>([
    ['not JSON', 'INPUT_FORMAT', '{'],
    ['no input_data', 'INPUT_FORMAT', '{"x":[[1]]}'],
    ['input_data of a chain', 'INPUT_FORMAT', '{"input_data":{"rpc":"http://localhost"}}'],
    ['no tensor', 'INPUT_SHAPE', '{"input_data":[]}'],
    ['a tensor too many', 'INPUT_SHAPE', '{"input_data":[[1],[2]]}'],
    ['a number for a tensor', 'INPUT_FORMAT', '{"input_data":[1]}'],
    ['nested', 'INPUT_TYPE', '{"input_data":[[[1]]]}'],
    ['text', 'INPUT_TYPE', '{"input_data":[["1"]]}'],
    ['null', 'INPUT_TYPE', '{"input_data":[[null]]}'],
    ['infinite', 'INPUT_NOT_FINITE', '{"input_data":[[1e400]]}'],
  ])('names what is wrong: %s', (_name, code, text) => {
    expect(errorCode(() => readInput(new TextEncoder().encode(text), 1))).toBe(code);
  });
});

/** ezkl's spelling, also of what is not below the modulus. */
function spell(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
}
