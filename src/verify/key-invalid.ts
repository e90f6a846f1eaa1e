import { ZkonnxError } from '../base/errors.js';
import { excerpt } from './json.js';

/** The error of every unusable key. */
export function keyInvalid(what: string, where: string, got?: unknown): ZkonnxError {
  return new ZkonnxError('KEY_INVALID', `the verification key is unusable: ${what}`, {
    where,
    ...(got === undefined ? {} : { got: excerpt(got) }),
    help: 'use the verification_key.json that setup wrote for this circuit, unchanged',
  });
}
