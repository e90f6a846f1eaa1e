import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  JsonFault,
  MAX_JSON_DEPTH,
  MAX_JSON_ELEMENTS,
  MAX_JSON_NODES,
  parseJson,
  parseJsonFile,
} from '../../src/base/strict-json.js';
import { prepareKey, verify, verifyBatch, verifyGroth16 } from '../../src/verify/index.js';
import type { VerifyOptions, ZkonnxError } from '../../src/verify/index.js';
import { makeFixture } from '../fixtures/proofs/classifier.js';
import { SMALL_PIXELS, smallModel } from '../fixtures/proofs/sets.js';

/** Kind and sentence of the fault. */
function faultOf(text: string): string {
  try {
    parseJson(text);
  } catch (error) {
    if (error instanceof JsonFault) return `${error.kind}: ${error.message}`;
    throw error;
  }
  return 'it was read';
}

describe('strict JSON', () => {
  it('reads what JSON.parse reads, as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ depthSize: 'medium', maxDepth: 8 }), (text) => {
        // fast-check writes no field twice.
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('gives nothing but its own fault for any text', () => {
    const brackets = fc.string({ unit: fc.constantFrom(...'{}[],:"\\ \n1atrue') });
    fc.assert(
      fc.property(brackets, (text) => {
        let value: unknown;
        try {
          value = parseJson(text);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonFault);
          return;
        }
        expect(value).toEqual(JSON.parse(text));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['{"a":1,"a":1}', 'duplicate: it has the field "a" twice, line 1, column 8'],
    ['{"b":[{"a":{}},\n {"x":0, "\\u0061":1,"a":2}]}', 'duplicate: it has the field "a" twice, line 2, column 21'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate: it has the field "__proto__" twice, line 1, column 16'],
    ['{"a":{"a":{"a":0}},"b":["a","a"],"c":"a"}', 'it was read'],
    ['{"a":"{\\"a\\":1","b":"\\\\"}', 'it was read'],
    ['{"a":1', 'syntax: it is not JSON'],
    ['', 'syntax: it is not JSON'],
  ])('%s: %s', (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it('bounds nesting and values before anything is parsed', () => {
    const nest = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(faultOf(nest(MAX_JSON_DEPTH))).toBe('it was read');
    expect(faultOf(nest(MAX_JSON_DEPTH + 1))).toMatch(/^depth: .* 32 levels, line 1, column 33$/);
    expect(faultOf('['.repeat(16 << 20))).toMatch(/^depth/);
    expect(faultOf(`[${'[],'.repeat(MAX_JSON_NODES)}1]`)).toMatch(/^size/);
    expect(faultOf(`{${Array.from({ length: MAX_JSON_NODES }, (_, i) => `"${i}":0`).join()}}`)).toMatch(/^size/);
    expect(faultOf(`[${'0,'.repeat(MAX_JSON_ELEMENTS)}0]`)).toBe('it was read');
    expect(faultOf(`[${'0,'.repeat(MAX_JSON_ELEMENTS + 1)}0]`)).toMatch(/^size/);
  });

  it('of a file: the code and the place asked for, and not a word of the content', () => {
    const read = (content: string | Uint8Array) => () =>
      parseJsonFile('ARTIFACT_INVALID', 'the manifest', content, { where: 'm.json' });
    expect(read('{"a":0,"a":1}')).toThrow(/^the manifest cannot be read: it has the field "a" twice.*\n {2}where: m/);
    expect(read('secret')).toThrow(/^the manifest is not JSON \[ARTIFACT_INVALID\]\n {2}where: m.json$/);
    expect(read(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(/is not JSON/);
  });
});

describe('proofs and keys', () => {
  const { key, proof } = makeFixture(smallModel(), SMALL_PIXELS, 'first key', 'development');
  const keyText = JSON.stringify(key);
  const proofText = JSON.stringify(proof);
  const signals = JSON.stringify(proof.publicSignals);
  const twice = (text: string, field: string, value: unknown) =>
    text.replace(`"${field}":`, `"${field}":${JSON.stringify(value)},"${field}":`);

  it.each(['publicSignals', 'pi_a', 'modelHash', 'formatVersion'] as const)(
    'a proof with %s twice is refused',
    (field) => {
      expect(verify(proofText, keyText).valid).toBe(true);
      // The last one is the true one: JSON.parse would find nothing wrong.
      const result = verify(twice(proofText, field, []), keyText);
      expect(result).toMatchObject({ valid: false, reason: 'PROOF_MALFORMED' });
      expect(result).toHaveProperty(
        'message',
        expect.stringMatching(`the field "${field}" twice, line 1, column [0-9]+`),
      );
    },
  );

  it.each(['labels', 'IC', 'keyDigest', 'scale'])('a key with %s twice is unusable', (field) => {
    expect(() => prepareKey(twice(keyText, field, 1))).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringContaining(`"${field}" twice`) as string }),
    );
  });

  it('public signals of their own are read as strictly', () => {
    expect(verify(proof, key, { publicSignals: signals }).valid).toBe(true);
    for (const text of [`[${'['.repeat(50)}`, '{"a":1,"a":2}', 'x']) {
      expect(verify(proof, key, { publicSignals: text })).toMatchObject({ valid: false });
      expect(verifyGroth16(key, text, proof)).toMatchObject({ valid: false });
    }
  });

  it.each<[string, unknown]>([
    ['expectModel', { expectModel: 5 }],
    ['expectModel', { expectModel: null }],
    ['expectModel', { expectModel: {} }],
    ['expectOutputs', { expectOutputs: 5 }],
    ['expectOutputs', { expectOutputs: null }],
    ['expectOutputs', { expectOutputs: new Map([['scores', [1]]]) }],
    ['expectOutputs', { expectOutputs: [[1]] }],
    ['expectInputs', { expectInputs: 'pixels' }],
    ['expectInputs', { expectInputs: { pixels: 'abc' } }],
    ['expectContext', { expectContext: 5 }],
    ['expectContext', { expectContext: {} }],
    ['the options', null],
    ['the options', 5],
  ])('%s of another type is USAGE: %j', (_, options) => {
    const usage = expect.objectContaining({ name: 'ZkonnxError', code: 'USAGE' }) as ZkonnxError;
    expect(() => verify(proof, key, options as VerifyOptions)).toThrow(usage);
    expect(() => verifyBatch([proof], key, options as VerifyOptions)).toThrow(usage);
  });

  it('a batch that is no array, or random bytes from nowhere, is USAGE', () => {
    const usage = expect.objectContaining({ name: 'ZkonnxError', code: 'USAGE' }) as ZkonnxError;
    expect(() => verifyBatch({} as unknown[], key)).toThrow(usage);
    expect(() => verifyBatch([proof], key, { random: 4 as unknown as () => void })).toThrow(usage);
  });
});
