/** Whether a circuit is of the I/O schema that it is used with. Uses no Node API. */
import { ZkonnxError } from '../base/errors.js';
import type { Circuit } from '../constraint/program.js';
import { schemaDigest } from '../verify/schema.js';
import { elementCount, type Schema } from '../verify/statement.js';

/**
 * Throws ARTIFACT_INVALID where the circuit binds other tensors than the schema describes, or says that it was compiled for another schema.
 * A circuit of formatVersion 1 says nothing of the kind. `where` names the circuit.
 */
export function requireSchema(circuit: Circuit, schema: Schema, where: string): void {
  const { inputs, outputs } = schema;
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
    throw new ZkonnxError('ARTIFACT_INVALID', `the circuit has other ${what} than the I/O schema describes`, {
      expected: left || 'none',
      got: right || 'none',
      where,
      help: 'compile the model again, and run setup',
    });
  }
  if (circuit.schemaDigest === undefined || circuit.schemaDigest === schemaDigest(schema)) return;
  throw new ZkonnxError('ARTIFACT_INVALID', 'the circuit was compiled for another I/O schema', {
    expected: `schema ${circuit.schemaDigest} (names, shapes, scales, bounds, labels)`,
    got: schemaDigest(schema),
    where,
    help: 'the manifest or the key was edited, or comes from another artifact: compile the model again, and run setup',
  });
}
