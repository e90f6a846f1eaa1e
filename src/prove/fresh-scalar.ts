/** Salts and blinding factors. Uses no Node API: `crypto` is the one of browsers, which Node has too. */
import { randomScalar } from './engine/prover.js';

/** A uniform element of F_r from the system's generator. */
export function freshScalar(): bigint {
  return randomScalar((bytes) => crypto.getRandomValues(bytes));
}
