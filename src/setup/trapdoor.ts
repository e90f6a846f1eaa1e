/** Random field elements that never become JavaScript numbers: a BigInt of a secret could not be wiped. */
import { randomFillSync } from 'node:crypto';
import { R } from '../field/bn254.js';
import { FIELD_WORDS, wordsOf } from '../formats/coefficients.js';

const R_WORDS = wordsOf(R);

/** Fills `words` with uniform elements of F_r \ {0}, eight words each: 254 random bits, drawn again while not below r. */
export function drawTrapdoor(words: Uint32Array): void {
  const draw = new Uint32Array(FIELD_WORDS);
  for (let at = 0; at < words.length; at += FIELD_WORDS) {
    do {
      randomFillSync(draw);
      draw[FIELD_WORDS - 1]! >>>= 2;
    } while (!isBelowR(draw) || draw.every((word) => word === 0));
    words.set(draw, at);
  }
  draw.fill(0);
}

function isBelowR(words: Uint32Array): boolean {
  for (let i = FIELD_WORDS - 1; i >= 0; i--) if (words[i] !== R_WORDS[i]) return words[i]! < R_WORDS[i]!;
  return false;
}
