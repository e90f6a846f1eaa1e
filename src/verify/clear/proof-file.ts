/** A proof.json of protocol `clear`, read to what its verifier judges. */
import { fromBase64 } from '../../base/base64.js';
import { ORDER } from '../../field/goldilocks.js';
import { excerpt, type JsonObject } from '../json.js';
import { countSignals, readContext, readSignals } from '../proof.js';
import { Refusal } from '../refusal.js';
import { PACKING_ORDER, publicBytes, signalCount, statementParts, unpack, type Schema } from '../statement.js';
import type { PreparedClearKey } from './key.js';
import type { ClearStatement } from './verify.js';

/** A statement and the bytes that are to prove it. */
export interface ClearEvidence {
  readonly statement: ClearStatement;
  readonly proof: Uint8Array;
}

export interface ReadClearProof extends ClearEvidence {
  readonly signals: readonly bigint[];
}

/**
 * Counts, ranges, digits, context, and the proof's bytes; nothing of the argument. Throws Refusal, PACKING_INVALID for signals that are not the
 * packing of integers in their bounds.
 */
export function readClearProof(
  { nPublic }: PreparedClearKey,
  schema: Schema,
  publicSignals: unknown,
  file: JsonObject,
): ReadClearProof {
  countSignals(publicSignals, nPublic);
  const context = readContext(file['context']);
  const signals = readSignals(publicSignals, nPublic);
  const publics = publicTensors(schema, signals);
  const bytes = typeof file['proof'] === 'string' ? fromBase64(file['proof']) : undefined;
  if (bytes === undefined) throw new Refusal('PROOF_MALFORMED', `proof must be base64, got ${excerpt(file['proof'])}`);
  return { signals, statement: { publics, publicBytes: publicBytes(schema, signals), context }, proof: bytes };
}

/** Residues of the public tensors, in the statement's order. Throws Refusal PACKING_INVALID. */
export function publicTensors(schema: Schema, signals: readonly bigint[]): BigUint64Array[] {
  let next = 0;
  return statementParts(schema).flatMap(({ tensor }) => {
    const own = signals.slice(next, (next += signalCount(tensor)));
    if (tensor.visibility !== 'public') return [];
    const integers = unpack(tensor, own, PACKING_ORDER.clear);
    if (integers === undefined) {
      throw new Refusal(
        'PACKING_INVALID',
        `the signals of ${excerpt(tensor.name)} are not packed integers in its bounds`,
      );
    }
    return [BigUint64Array.from(integers, (q) => (q < 0 ? ORDER + BigInt(q) : BigInt(q)))];
  });
}
