/**
 * What a proof must say, from the sample alone: a circuit or witness program of a stranger may compute anything, and what it computes is released
 * only if it is this. Uses no Node API.
 */
import { ZkonnxError } from '../base/errors.js';
import { poseidonChain } from '../field/poseidon.js';
import {
  pack,
  PACKING_ORDER,
  signalCount,
  statementParts,
  type Protocol,
  type Schema,
  type TensorSchema,
} from '../verify/statement.js';

/** What went into a circuit and what came out: integers by tensor name, and the salts of committed tensors. */
export interface SampleValues {
  readonly inputs: ReadonlyMap<string, Float64Array>;
  /** What the circuit says the outputs are. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly salts: ReadonlyMap<string, bigint>;
  /** Whether solving the circuit clamped a value, as its sum of what lies beyond the ends says; null where it has none. */
  readonly clamped: boolean | null;
}

/**
 * Throws ARTIFACT_INVALID unless the public signals are those of the sample: inputs packed, committed tensors hashed with the salts that were drawn,
 * outputs, and whether a value was clamped, as the circuit gives them. What the outputs are is the circuit's affair; that the signals show them, and
 * that the opening opens, is ours. No message holds a value.
 */
export function requireStatementOf(
  schema: Schema,
  protocol: Protocol,
  publicSignals: readonly string[],
  { inputs, outputs, salts, clamped }: SampleValues,
): void {
  let next = 0;
  for (const { tensor, side } of statementParts(schema)) {
    const own = publicSignals.slice(next, (next += signalCount(tensor)));
    if (tensor.visibility === 'private') continue;
    const isSample =
      side === 'clamped'
        ? clamped !== null && own[0] === (clamped ? '1' : '0')
        : own.join() ===
          signalsOf(
            tensor,
            (side === 'input' ? inputs.get(tensor.name) : ownValue(outputs, tensor.name)) ?? [],
            protocol,
            salts,
          )?.join();
    if (!isSample) throw otherStatement(tensor, side);
  }
  if (next !== publicSignals.length)
    throw otherStatement(undefined, `${publicSignals.length} signals where ${next} belong`);
}

const ownValue = (outputs: SampleValues['outputs'], name: string): Float64Array | undefined =>
  Object.hasOwn(outputs, name) ? outputs[name] : undefined;

/** The signals of a tensor with these integers; undefined for integers that the schema does not allow. */
function signalsOf(
  tensor: TensorSchema,
  values: ArrayLike<number>,
  protocol: Protocol,
  salts: ReadonlyMap<string, bigint>,
): readonly string[] | undefined {
  try {
    const packed = pack(tensor, values, PACKING_ORDER[protocol]);
    const signals = tensor.visibility === 'committed' ? [poseidonChain([...packed, salts.get(tensor.name)!])] : packed;
    return signals.map(String);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function otherStatement(tensor: TensorSchema | undefined, got: string): ZkonnxError {
  return new ZkonnxError('ARTIFACT_INVALID', 'the circuit would prove something else than the sample says', {
    expected: 'public signals that are the packed values of the sample, or their salted hashes',
    got: tensor === undefined ? got : `other signals of the ${got}`,
    ...(tensor === undefined ? {} : { where: tensor.name }),
    help: 'no proof was released: circuit.bin was changed or comes from elsewhere; compile the model again, and run setup',
  });
}
