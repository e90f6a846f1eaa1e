/** Calls of a mirage contract as whole transactions. */
import type { Hex } from 'viem';
import { expect } from 'vitest';
import type { Chain } from '../../examples/local-chain.js';
import { solidityCalldata, type MirageCalldata } from '../../src/export/solidity.js';

export function mirageCalldata(file: unknown, key: unknown): MirageCalldata {
  const call = solidityCalldata(file, key);
  if (call.protocol !== 'mirage') throw new Error('calldata of another protocol');
  return call;
}

/** Gas of a whole transaction that calls with this data, as its receipt says. */
export async function transactionGas(chain: Chain, to: Hex, data: Hex): Promise<number> {
  const hash = await chain.writer.sendTransaction({ to, data });
  const receipt = await chain.reader.waitForTransactionReceipt({ hash });
  expect(receipt.status).toBe('success');
  return Number(receipt.gasUsed);
}
