/** Whether a value was clamped: what the statement says of it, or the key where the statement does not, and who may rely on which. */
import { ZkonnxError } from '../base/errors.js';
import { Refusal } from './refusal.js';
import type { Overflow, Schema } from './statement.js';

/**
 * `no`, `yes`: the statement's own bit. `rejected`, `excluded`: no bit, and by the key's word such a value has no proof, or bounds exclude it.
 * `unsaid`: neither says anything, so that any value may have been clamped.
 */
export type ClampedWord = 'no' | 'yes' | 'rejected' | 'excluded' | 'unsaid';

/** What a key without the bit says by its overflow. */
const KEYS_WORD = {
  saturate: 'unsaid',
  reject: 'rejected',
  never: 'excluded',
} as const satisfies { readonly [O in Overflow]: ClampedWord };

/** `clamped` is the statement's bit, null where it has none. */
export function clampedWord(clamped: boolean | null, overflow: Overflow | null): ClampedWord {
  if (clamped !== null) return clamped ? 'yes' : 'no';
  return overflow === null ? 'unsaid' : KEYS_WORD[overflow];
}

/** Of a schema without a proof: `stated` where its statements have the bit, else the word of the key that carries it. */
export function clampedKeyWord({ overflow, clamped }: Schema): KeyWord {
  if (clamped === true) return 'stated';
  return overflow === undefined ? 'unsaid' : KEYS_WORD[overflow];
}

type KeyWord = 'stated' | (typeof KEYS_WORD)[Overflow];

/** Whether it is for the key alone to say that nothing was clamped. */
const RESTS_ON_KEY: { readonly [W in KeyWord]: boolean } = {
  stated: false,
  rejected: true,
  excluded: true,
  unsaid: false,
};

/**
 * Of a caller who expects that no value was clamped. Throws USAGE where only the key says so and its digest is not pinned: another key may say
 * the same of a circuit that clamps.
 */
export function requirePinned(schema: Schema, isPinned: boolean): void {
  if (!RESTS_ON_KEY[clampedKeyWord(schema)] || isPinned) return;
  throw new ZkonnxError('USAGE', 'that no value was clamped is the word of this key alone, and no key is pinned', {
    expected: 'the digest of the key that you trust, beside the expectation',
    got: `a key of overflow "${schema.overflow!}", whose statements have no bit for it`,
    help: 'give --expect-key (expectKey): the keyDigest of a verification_key.json whose circuit you compiled or checked yourself (artifact verify)',
  });
}

/** Throws Refusal, CLAMPED_UNSAID, for a key by which nobody can tell. */
export function requireWord(schema: Schema): void {
  if (clampedKeyWord(schema) !== 'unsaid') return;
  const key = schema.overflow === undefined ? 'a key of formatVersion 1' : 'a key of overflow "saturate"';
  throw new Refusal(
    'CLAMPED_UNSAID',
    `a value may have been clamped: ${key} without the bit "clamped" does not say. Compile the model again and run setup, or do without the expectation`,
  );
}

/** Throws Refusal, CLAMPED, where the statement says that a value was. */
export function requireUnclamped(clamped: boolean | null): void {
  if (clamped !== true) return;
  throw new Refusal(
    'CLAMPED',
    'the proof is valid, but a value left its calibrated range and was clamped: the outputs may be off by more than the stated error',
  );
}

/** The word in a sentence, for people. */
export const CLAMPED_SENTENCES: { readonly [W in ClampedWord]: string } = {
  no: 'no: no value left its calibrated range',
  yes: 'YES: a value left its calibrated range and was clamped: the outputs may be off by more than the stated error',
  rejected: 'no, by the key’s word: a value beyond its calibrated range has no proof (overflow reject)',
  excluded: 'no, by the key’s word: no input of the domain takes a value out of its range (overflow never)',
  unsaid: 'not said: a value may have left its calibrated range and been clamped, and neither proof nor key tells',
};
