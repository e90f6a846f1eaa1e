/** Whether an artifact's files are what they are given for. Uses no Node API. */
import { ZkonnxError } from '../base/errors.js';
import type { Circuit } from '../constraint/program.js';
import { elementCount, type Schema } from '../verify/statement.js';

/**
 * Throws ARTIFACT_INVALID where the circuit binds other tensors than the schema describes; the circuit's hash does not cover its bindings.
 */
export function requireSchema(circuit: Circuit, { inputs, outputs }: Schema): void {
  const committed = [...outputs, ...inputs].filter(({ visibility }) => visibility === 'committed');
  const tensors = (list: Schema['inputs']) => list.map(({ name, dims }) => `${name}: ${elementCount(dims)}`);
  const bound = (list: Circuit['inputs']) => list.map(({ name, count }) => `${name}: ${count}`);
  for (const [what, expected, got] of [
    ['inputs', tensors(inputs), bound(circuit.inputs)],
    ['outputs', tensors(outputs), bound(circuit.outputs)],
    ['commitments', committed.map(({ name }) => name), circuit.salts.map(({ name }) => name)],
  ] as const) {
    const [left, right] = [expected, got].map((names) => names.toSorted().join(', ')) as [string, string];
    if (left === right) continue;
    throw new ZkonnxError('ARTIFACT_INVALID', `the circuit has other ${what} than the verification key describes`, {
      expected: left || 'none',
      got: right || 'none',
      help: 'compile the model again, and run setup',
    });
  }
}

/** The bytes of a file of an artifact. Throws USAGE for what is none. */
export function requireBytes<Name extends string>(files: { readonly [N in Name]: unknown }, name: Name): Uint8Array {
  const bytes: unknown = files[name];
  if (bytes instanceof Uint8Array) return bytes;
  throw new ZkonnxError('USAGE', `${name} must be the bytes of a file`, {
    expected: 'a Uint8Array',
    got: bytes === null ? 'null' : typeof bytes,
    help: 'new Uint8Array(await (await fetch(url)).arrayBuffer())',
  });
}
