/** A real node (anvil, from npm) and a real compiler (solc-js), for the demo and the contract's tests. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createPublicClient, createWalletClient, http } from 'viem';
import type { Abi, Hex, HttpTransport, PublicClient, WalletClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { PrivateKeyAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';

const require = createRequire(import.meta.url);
/** The first of the accounts that anvil funds; its key is public. */
export const ANVIL_KEY: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';

/** The binary inside the platform's package. */
export function foundryBinary(tool: 'anvil' | 'cast' | 'forge'): string {
  const platform = process.platform === 'win32' ? 'win32' : process.platform;
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const folder = dirname(require.resolve(`@foundry-rs/${tool}/package.json`));
  const path = join(folder, '..', `${tool}-${platform}-${arch}`, 'bin', tool);
  if (!existsSync(path)) throw new Error(`@foundry-rs/${tool} has no binary for ${platform}-${arch}: ${path}`);
  return path;
}

export interface Chain {
  readonly url: string;
  readonly reader: PublicClient<HttpTransport, typeof foundry>;
  readonly writer: WalletClient<HttpTransport, typeof foundry, PrivateKeyAccount>;
  stop(): Promise<void>;
}

/** Starts anvil on a free port and waits until it listens. */
export async function startChain(): Promise<Chain> {
  const node = spawn(foundryBinary('anvil'), ['--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  // Whatever ends this process, the node does not outlive it.
  const kill = () => node.kill();
  process.once('exit', kill);
  const onSignal = () => process.exit(143);
  process.once('SIGTERM', onSignal);
  const url = `http://127.0.0.1:${await listeningPort(node)}`;
  const stop = () =>
    new Promise<void>((resolve) => {
      process.off('exit', kill);
      process.off('SIGTERM', onSignal);
      node.once('exit', () => resolve());
      node.kill();
    });
  const transport = http(url);
  return {
    url,
    reader: createPublicClient({ chain: foundry, transport, pollingInterval: 50 }),
    writer: createWalletClient({ chain: foundry, transport, account: privateKeyToAccount(ANVIL_KEY) }),
    stop,
  };
}

function listeningPort(node: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
      if (port !== undefined) resolve(port);
    };
    node.stdout?.on('data', read);
    node.stderr?.on('data', read);
    node.once('error', reject);
    node.once('exit', (code) => reject(new Error(`anvil exited with ${code}: ${output}`)));
  });
}

export interface Compiled {
  readonly abi: Abi;
  readonly bytecode: Hex;
  readonly deployedBytes: number;
  /** Compiler messages, warnings included. */
  readonly messages: readonly string[];
}

interface SolcOutput {
  readonly errors?: readonly { readonly formattedMessage: string }[];
  readonly contracts?: Record<string, Record<string, { abi: Abi; evm: Record<string, { object: string }> }>>;
}

export const SOLC_SETTINGS = {
  optimizer: { enabled: true, runs: 200 },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object'] } },
};

export function compileSolidity(source: string, name: string, settings: object = SOLC_SETTINGS): Compiled {
  const solc = require('solc') as { compile(input: string): string };
  const input = { language: 'Solidity', sources: { 'verifier.sol': { content: source } }, settings };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as SolcOutput;
  const messages = (output.errors ?? []).map((error) => error.formattedMessage);
  const contract = output.contracts?.['verifier.sol']?.[name];
  if (contract === undefined) throw new Error(`solc: ${messages.join('\n')}`);
  const deployed = contract.evm['deployedBytecode']!.object;
  return {
    abi: contract.abi,
    bytecode: `0x${contract.evm['bytecode']!.object}`,
    deployedBytes: deployed.length / 2,
    messages,
  };
}

/** Deploys and returns the address with the gas it took. */
export async function deploy(chain: Chain, { abi, bytecode }: Compiled): Promise<{ address: Hex; gas: bigint }> {
  const hash = await chain.writer.deployContract({ abi, bytecode });
  const receipt = await chain.reader.waitForTransactionReceipt({ hash });
  return { address: receipt.contractAddress!, gas: receipt.gasUsed };
}
