/**
 * Checks that the table of a manifest's fields (manifest.ts) is made of. A manifest is a stranger's file, and whoever reads one computes with
 * its numbers and prints its names.
 */
import { ZkonnxError } from '../base/errors.js';
import { excerpt, isObject } from '../verify/json.js';
import { readSchema, type FormatVersion } from '../verify/schema.js';

/** Throws ARTIFACT_INVALID for a value that is not what it must be; `path` names its place, as `layers[3].lo`. */
export type Check = (value: unknown, path: string, file: string) => void;

/** Every field of T, optional ones too. */
export type Fields<T> = { readonly [F in keyof T]-?: Check };

function wrong(expected: string, value: unknown, path: string, file: string): ZkonnxError {
  const isMissing = value === undefined;
  return new ZkonnxError(
    'ARTIFACT_INVALID',
    `the manifest ${isMissing ? 'lacks a field' : 'has a field of the wrong type'}`,
    {
      expected: `${path}: ${expected}`,
      got: isMissing ? 'nothing' : excerpt(value),
      where: file,
      help: 'use the manifest.json that compile wrote, unchanged, or compile again',
    },
  );
}

const is =
  (expected: string, holds: (value: unknown) => boolean): Check =>
  (value, path, file) => {
    if (!holds(value)) throw wrong(expected, value, path, file);
  };

export const text = is('a text', (value) => typeof value === 'string');
export const count = is('a whole number, 0 or more', (value) => Number.isSafeInteger(value) && (value as number) >= 0);
export const integer = is('a whole number', Number.isSafeInteger);
export const number = is('a number', Number.isFinite);
export const oneOf = (...names: readonly string[]) =>
  is(names.join(' or '), (value) => names.includes(value as string));

export const optional =
  (check: Check): Check =>
  (value, path, file) => {
    if (value !== undefined) check(value, path, file);
  };

export const nullable =
  (check: Check): Check =>
  (value, path, file) => {
    if (value !== null) check(value, path, file);
  };

export const list =
  (check: Check): Check =>
  (value, path, file) => {
    if (!Array.isArray(value)) throw wrong('a list', value, path, file);
    value.forEach((item: unknown, i) => check(item, `${path}[${i}]`, file));
  };

/** Fields that the table does not have are left alone. */
export const object =
  <T>(fields: Fields<T>): Check =>
  (value, path, file) => {
    if (!isObject(value)) throw wrong('an object', value, path, file);
    for (const [name, check] of Object.entries<Check>(fields)) {
      check(Object.hasOwn(value, name) ? value[name] : undefined, path === '' ? name : `${path}.${name}`, file);
    }
  };

/** A list of so many elements, each as its check says. */
export const tuple =
  (...checks: readonly Check[]): Check =>
  (value, path, file) => {
    if (!Array.isArray(value) || value.length !== checks.length)
      throw wrong(`a list of ${checks.length}`, value, path, file);
    checks.forEach((check, i) => {
      check(value[i], `${path}[${i}]`, file);
    });
  };

/** As in a verification key of this version, which is made from it. */
export const schema =
  (version: FormatVersion): Check =>
  (value, path, file) => {
    if (!isObject(value)) throw wrong('an object', value, path, file);
    try {
      readSchema(value, version);
    } catch (error) {
      if (!(error instanceof ZkonnxError)) throw error;
      const { got, where } = error.details;
      throw new ZkonnxError('ARTIFACT_INVALID', error.shortMessage, {
        expected: 'the inputs and outputs that compile wrote',
        ...(got === undefined ? {} : { got }),
        where: `${file}, ${where ?? path}`,
        help: 'use the manifest.json that compile wrote, unchanged, or compile again',
      });
    }
  };
