/** --expect-output and --expect-input: the values a caller wants to have been proven, from a file. */
import { ZkonnxError } from '../base/errors.js';
import { parseJsonFile } from '../base/strict-json.js';
import type { Expectation } from '../verify/expect.js';
import { isObject } from '../verify/json.js';
import type { JsonObject } from '../verify/json.js';
import type { Schema, TensorSchema } from '../verify/statement.js';
import { artifactInputs } from './artifact-inputs.js';
import type { PictureFlags } from './picture-flags.js';
import { readText } from './proof-files.js';
import type { Session } from './session.js';

/** How pictures among the expected inputs are read, and whether committed tensors are opened, so that they can be compared. */
export interface ExpectationOptions {
  readonly pictures: PictureFlags;
  readonly isOpened?: boolean;
}

/**
 * Reads either what `verify --json` and `run --json` print (the document, or its `outputs` or `inputs`), or any input format with one
 * sample, by tensor name; committed tensors too where they are opened. Throws USAGE, FILE_UNREADABLE, FILE_TOO_LARGE, INPUT_*.
 */
export async function readExpectation(
  session: Session,
  file: string,
  side: 'output' | 'input',
  schema: Schema,
  { pictures, isOpened = false }: ExpectationOptions,
): Promise<Expectation> {
  const tensors = schema[`${side}s`].filter(
    ({ visibility }) => visibility === 'public' || (visibility === 'committed' && isOpened),
  );
  if (tensors.length === 0) {
    throw new ZkonnxError('USAGE', `the key proves no public ${side}`, {
      where: `--expect-${side}`,
      help: `a committed one can be expected with its --opening; compile with --${side} public to have it proven in the open`,
    });
  }
  const printed = file.endsWith('.json') ? await readPrinted(file, side) : undefined;
  return printed ?? readAsSample(session, file, tensors, pictures);
}

/** Tensors as our own commands print them, `{name: {dims, data}}`; undefined for any other JSON. */
async function readPrinted(file: string, side: 'output' | 'input'): Promise<Expectation | undefined> {
  const expected = '{"name": [values, …]} or what verify --json prints';
  const document = parseJsonFile('USAGE', 'the file of expected values', await readText(file), {
    expected,
    got: JSON.stringify(file),
  });
  const inner = isObject(document) ? document[`${side}s`] : undefined;
  const named = isPrinted(inner) ? inner : document;
  if (!isPrinted(named)) return undefined;
  return Object.fromEntries(Object.entries(named).map(([name, { data }]) => [name, data]));
}

function isPrinted(value: unknown): value is Record<string, JsonObject & { data: number[] }> {
  return (
    isObject(value) &&
    Object.keys(value).length > 0 &&
    Object.values(value).every((tensor) => isObject(tensor) && Array.isArray(tensor['data']))
  );
}

async function readAsSample(
  session: Session,
  file: string,
  tensors: readonly TensorSchema[],
  pictures: PictureFlags,
): Promise<Expectation> {
  const { sampleOf } = await import('./input-files.js');
  const sample = await sampleOf(session, file, await artifactInputs({ inputs: tensors }, pictures));
  return Object.fromEntries([...sample.tensors].map(([name, values]) => [name, Array.from(values)]));
}
