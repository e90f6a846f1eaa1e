/** Salts and blinding factors. Uses no Node API: `crypto` is the one of browsers, which Node has too. */
import { FIELD_BYTES, fromBytesLE, R } from '../../field/bn254.js';

/** A uniform element of F_r from the system's generator. */
export function freshScalar(): bigint {
  return randomScalar((bytes) => crypto.getRandomValues(bytes));
}

/** Uniform in [0, r) by rejection: 254 bits are below r three times in four. `random` fills an array with random bytes. */
export function randomScalar(random: (bytes: Uint8Array) => void): bigint {
  const bytes = new Uint8Array(FIELD_BYTES);
  for (;;) {
    random(bytes);
    const candidate = fromBytesLE(bytes, 0) >> 2n;
    if (candidate < R) return candidate;
  }
}
