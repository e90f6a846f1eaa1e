/** NumPy's .npz: a zip archive of .npy arrays, named as the model's inputs, or in order as numpy.savez names them. */
import { ZkonnxError } from '../base/errors.js';
import { formatBytes } from './files.js';
import { parseNpy } from './npy.js';
import { byName, describeInputs, samplesOf } from './tensor.js';
import type { InputSpec, Sample } from './tensor.js';
import { listZip, readZipEntry } from './zip.js';
import type { ZipEntry } from './zip.js';

/**
 * One sample, or a batch when the arrays have a leading axis besides the inputs' own. All arrays together may inflate to at most
 * `maxBytes`; nothing is inflated before that is known.
 * @throws ZkonnxError INPUT_FORMAT, INPUT_NAME, INPUT_SHAPE, INPUT_TYPE, INPUT_NOT_FINITE, FILE_TOO_LARGE.
 */
export function* samplesOfNpz(
  archive: Buffer,
  id: string,
  inputs: readonly InputSpec[],
  maxBytes: number,
): Generator<Sample, void, undefined> {
  const entries = listZip(archive, id);
  const total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > maxBytes) {
    throw new ZkonnxError('FILE_TOO_LARGE', `the arrays of ${id} are too large`, {
      expected: `at most ${formatBytes(maxBytes)} uncompressed`,
      got: formatBytes(total),
      help: 'split the batch into several files',
    });
  }
  const arrays = pickEntries(entries, inputs, id).map((entry) =>
    parseNpy(readZipEntry(archive, entry, id), `${id}, ${entry.name}`),
  );
  yield* samplesOf(id, inputs, arrays);
}

function pickEntries(entries: readonly ZipEntry[], inputs: readonly InputSpec[], id: string): ZipEntry[] {
  const named = new Map<string, ZipEntry>();
  for (const entry of entries) {
    const name = entry.name.replace(/\.npy$/, '');
    if (named.has(name)) {
      throw new ZkonnxError('INPUT_FORMAT', `${id} holds two arrays of one name`, { got: JSON.stringify(name) });
    }
    named.set(name, entry);
  }
  if (entries.length === 0) {
    throw new ZkonnxError('INPUT_FORMAT', `${id} holds no array`, { expected: describeInputs(inputs) });
  }
  if (inputs.some(({ name }) => named.has(name))) return byName(named, inputs, id);
  const positional = inputs.map((_, i) => named.get(`arr_${i}`));
  if (entries.length === inputs.length && positional.every((entry) => entry !== undefined)) return positional;
  return byName(named, inputs, id);
}
