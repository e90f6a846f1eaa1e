/** Rows that are not written yet, as tables over protocols hold them. */
import { expect, it } from 'vitest';
import { ZkonnxError } from '../../src/base/errors.js';
import { unsupportedProtocol, writtenNames } from '../../src/base/unsupported.js';

const table: { readonly [N in 'first' | 'second' | 'third']: { readonly file: string } } = {
  first: { file: 'a' },
  get second(): never {
    throw unsupportedProtocol('second', 'key file');
  },
  third: { file: 'c' },
};

it('an unwritten row answers whoever asks for it with PROTOCOL_UNSUPPORTED, which is unusable input', () => {
  const error = (() => {
    try {
      return table.second.file;
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(error).toBeInstanceOf(ZkonnxError);
  expect(error).toMatchObject({
    code: 'PROTOCOL_UNSUPPORTED',
    exitCode: 2,
    shortMessage: 'protocol second has no key file in this version of zkonnx',
  });
  expect((error as ZkonnxError).message).toContain('help: ');
});

it('what goes over all rows leaves it out, and hides no other error', () => {
  expect(writtenNames(table)).toEqual(['first', 'third']);
  const broken = {
    get row(): never {
      throw new RangeError('broken');
    },
  };
  expect(() => writtenNames(broken)).toThrow(RangeError);
});
