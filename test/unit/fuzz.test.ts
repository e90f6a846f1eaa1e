import { describe, expect, it } from 'vitest';
import { FUZZED, hostileFile, judge } from '../../scripts/fuzz-readers.js';

/** `npm run fuzz` has 10,000 a reader, in processes of limited memory. */
const FILES = 150;

describe('hostile files are read or refused, never a crash', () => {
  it.each(Object.entries(FUZZED))('%s', async (_, reader) => {
    const verdicts = { accepted: 0, refused: 0 };
    // Bombs are for the processes of limited memory.
    const seeded = { ...reader, bombs: [] };
    for (let file = 0; file < FILES; file++) verdicts[await judge(seeded, hostileFile(seeded, file, 7))]++;
    expect(verdicts.accepted + verdicts.refused).toBe(FILES);
    expect(verdicts.refused).toBeGreaterThan(0);
    // The good files are good: what is refused is refused for what was changed.
    for (const seed of reader.seeds) if (_ !== 'npy') expect(await judge(seeded, seed)).toBe('accepted');
  });
});
