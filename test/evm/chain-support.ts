/** The chain of a test file, and what contracts on it are held to. */
import { afterAll, beforeAll } from 'vitest';
import { SOLC_SETTINGS, startChain, type Chain } from '../../examples/local-chain.js';

export const EIP170_BYTES = 24_576;
export const UNOPTIMISED = { ...SOLC_SETTINGS, optimizer: { enabled: false } };

/** Starts before the file's tests and stops after them; there is none outside of these. */
export function chainOfFile(): () => Chain {
  let chain: Chain;
  beforeAll(async () => {
    chain = await startChain();
  });
  afterAll(async () => {
    await chain.stop();
  });
  return () => chain;
}
