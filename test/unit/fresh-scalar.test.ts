/** The sampler behind blinding factors and salts: rejection, never reduction. */
import { expect, it } from 'vitest';
import { R, toBytesLE } from '../../src/field/bn254.js';
import { freshScalar, randomScalar } from '../../src/prove/engine/fresh-scalar.js';

/** A source of the given 254-bit draws, two random bits below each. */
function draws(...values: bigint[]): { source: (bytes: Uint8Array) => void; left: () => number } {
  const queue = [...values];
  return {
    source: (bytes) => {
      toBytesLE((queue.shift()! << 2n) | 3n, bytes, 0);
    },
    left: () => queue.length,
  };
}

it.each([0n, 1n, R - 1n])('takes %d as it is', (value) => {
  const { source, left } = draws(value, 5n);
  expect(randomScalar(source)).toBe(value);
  expect(left()).toBe(1);
});

it.each([R, R + 1n, 2n ** 254n - 1n])('draws again for %d, which is not below r', (value) => {
  const { source, left } = draws(value, value, 7n);
  expect(randomScalar(source)).toBe(7n);
  expect(left()).toBe(0);
});

it('draws from the system another value each time, over the whole range', () => {
  const scalars = Array.from({ length: 400 }, freshScalar);
  expect(new Set(scalars).size).toBe(400);
  expect(scalars.every((value) => value >= 0n && value < R)).toBe(true);
  // Each quarter of the range misses out with a chance of (3/4)^400, about 2^-166.
  expect(new Set(scalars.map((value) => (4n * value) / R)).size).toBe(4);
});
