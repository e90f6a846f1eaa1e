/** What a verification key holds beside its facts: one record a protocol, and the compiler holds the table complete. */
import type { Unwritten } from '../base/unsupported.js';
import { CLEAR_KEY_DIGESTS, readClearKey, requireClearSchema } from './clear/key.js';
import type { PreparedClearKey } from './clear/key.js';
import type { JsonObject } from './json.js';
import { CURVE_KEY_DIGESTS, type KeyDigests } from './key-digest.js';
import { KEY_POINTS, refuseForgeable } from './key-points.js';
import type { CurveProtocol, PreparedPoints, SubgroupCheck } from './key-points.js';
import type { Protocol, Schema } from './statement.js';

/**
 * How the key came to be. Whoever made a development key can forge proofs for it; of an unknown one, whoever made it might. `none`: nothing about it
 * is secret, and anybody makes the same key again. There is no fourth kind: a key that claims a ceremony is refused, because nothing of zkonnx could have checked one yet.
 */
export type SetupKind = 'development' | 'unknown' | 'none';

/** What every key has. */
interface CommonBody {
  /** Public signals of a proof. */
  readonly nPublic: number;
}

interface WrittenBodies extends PreparedPoints {
  readonly clear: PreparedClearKey;
}

/** By protocol: a body that has been checked; what verification needs and nothing else. */
export interface PreparedBodies extends WrittenBodies, Unwritten<Protocol, WrittenBodies, CommonBody> {}

export interface KeyBodyProtocol<P extends Protocol> {
  /** What a key may say of its setup. */
  readonly setups: readonly SetupKind[];
  readonly digests: KeyDigests;
  /** Everything but the facts, checked. Throws KEY_INVALID, also for a body by which anybody could forge proofs. */
  readonly read: (key: JsonObject, isInSubgroup: SubgroupCheck) => PreparedBodies[P];
  /** Throws KEY_INVALID for a schema that proofs of the body are not about, as far as the body tells. */
  readonly requireSchema: (body: PreparedBodies[P], schema: Schema) => void;
}

const ofCurve = <P extends CurveProtocol>(protocol: P) => ({
  setups: ['development', 'unknown'] as const,
  digests: CURVE_KEY_DIGESTS,
  read: (key: JsonObject, isInSubgroup: SubgroupCheck) =>
    refuseForgeable(protocol, KEY_POINTS[protocol].read(key, isInSubgroup)),
  // The number of signals, which every key is asked for, is all that points tell.
  requireSchema: () => undefined,
});

export const KEY_BODIES: { readonly [P in Protocol]: KeyBodyProtocol<P> } = {
  groth16: ofCurve('groth16'),
  mirage: ofCurve('mirage'),
  clear: {
    setups: ['none'],
    digests: CLEAR_KEY_DIGESTS,
    read: readClearKey,
    requireSchema: requireClearSchema,
  },
};
