/** What a deployed verifier says of a proof, in the TypeScript verifier's spelling. */
import { BaseError, ContractFunctionRevertedError } from 'viem';
import type { Abi, Hex } from 'viem';
import type { Chain } from '../../examples/local-chain.js';

export interface Verdict {
  /** undefined: the call returned. */
  readonly reason?: string;
  readonly index?: number;
}

export interface Call {
  readonly functionName: 'verify' | 'isValid' | 'verifyUnclamped' | 'clamped';
  readonly args: readonly unknown[];
  readonly gas?: bigint;
}

/** Throws what is no error of the contract, such as calldata that its types do not take. */
export async function verdictOf(chain: Chain, address: Hex, abi: Abi, call: Call): Promise<Verdict> {
  try {
    await chain.reader.readContract({ address, abi, ...call });
    return {};
  } catch (error) {
    const revert =
      error instanceof BaseError ? error.walk((cause) => cause instanceof ContractFunctionRevertedError) : null;
    if (!(revert instanceof ContractFunctionRevertedError) || revert.data === undefined) throw error;
    const { errorName, args } = revert.data;
    const reason = errorName.replace(/(?<!^)([A-Z])/g, '_$1').toUpperCase();
    return { reason, ...(args?.length === 1 ? { index: Number(args[0]) } : {}) };
  }
}
