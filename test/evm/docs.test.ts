import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toFunctionSelector } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSolidity, foundryBinary, startChain } from '../../examples/local-chain.js';
import type { Chain } from '../../examples/local-chain.js';
import { foldStatement, imageSchema } from './fold-statement.js';
import { goldenGas } from './gas-golden.js';

/** Runs the examples of docs/onchain.md as a reader would: pasted into a folder that holds a key and a proof. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FIXTURE = join(ROOT, 'test/fixtures/proofs/v1/classifier');
let chain: Chain;
let folder: string;
let mirageFolder: string;
let page: string;

beforeAll(async () => {
  [chain, folder, mirageFolder, page] = await Promise.all([
    startChain(),
    readersFolder(),
    readersFolder(),
    readFile(join(ROOT, 'docs/onchain.md'), 'utf8'),
  ]);
  await cp(FIXTURE, folder, { recursive: true });
  const { key, file } = foldStatement(
    imageSchema(62),
    Uint8Array.from({ length: 92 }, (_, i) => i),
  );
  await writeFile(join(mirageFolder, 'verification_key.json'), JSON.stringify(key));
  await writeFile(join(mirageFolder, 'proof.json'), JSON.stringify(file));
});
afterAll(async () => {
  await chain.stop();
  for (const used of [folder, mirageFolder]) await rm(used, { recursive: true, force: true });
});

/** A folder with the packages that the page names. */
async function readersFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'zkonnx-onchain-'));
  await mkdir(join(path, 'node_modules'));
  await symlink(ROOT, join(path, 'node_modules/zkonnx'));
  for (const name of ['viem', 'solc', '.bin']) {
    await symlink(join(ROOT, 'node_modules', name), join(path, 'node_modules', name));
  }
  return path;
}

/** The code block "```LANGUAGE NAME" of the page, with the address of our node in place of the usual one. */
function example(language: string, name: string): string {
  const block = new RegExp(`\`\`\`${language} ${name}\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (block === undefined) throw new Error(`docs/onchain.md has no example "${language} ${name}"`);
  return block.replaceAll('http://127.0.0.1:8545', chain.url);
}

async function run(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  cwd = folder,
): Promise<string> {
  const tools = [join(ROOT, 'node_modules/.bin'), dirname(foundryBinary('cast')), dirname(foundryBinary('forge'))];
  const { stdout } = await promisify(execFile)(command, args, {
    cwd,
    env: { ...process.env, PATH: [...tools, process.env['PATH']].join(delimiter), ...env },
  });
  return stdout;
}

/** forge fetches a native solc from the network; this hands it the one from npm, which speaks the same JSON. */
async function solcForForge(): Promise<string> {
  const path = join(folder, 'solc');
  const script = `#!${process.execPath}
const solc = require('solc');
if (process.argv.includes('--version')) console.log('solc, the solidity compiler\\nVersion: ' + solc.version());
else process.stdout.write(solc.compile(require('fs').readFileSync(0, 'utf8')));
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return path;
}

describe('docs/onchain.md', () => {
  it('cast and forge', async () => {
    const key = JSON.parse(await readFile(join(folder, 'verification_key.json'), 'utf8')) as {
      zkonnx: { keyDigest: string };
    };
    const cast = example('bash', 'cast');
    const lines = (await run('bash', ['-euo', 'pipefail', '-c', cast])).trim().split('\n');
    expect(lines.slice(-3)).toEqual(['"development"', key.zkonnx.keyDigest, '0x']);

    const tampered = cast.replace('$(cat calldata.hex)', `$(sed 's/.$/9/' calldata.hex)`);
    expect(tampered).not.toBe(cast);
    // cast's npm launcher loses the exit code, so the refusal is read off the selector it prints.
    const refused = await run('bash', ['-uo', 'pipefail', '-c', `(${tampered}\n) 2>&1`]).catch(String);
    expect(refused).toContain(`custom error ${toFunctionSelector('PairingFailed()')}`);

    const variables = cast.split('\n').filter((line) => line.startsWith('export '));
    const forge = [...variables, example('bash', 'forge')].join('\n');
    const env = { FOUNDRY_SOLC: await solcForForge(), FOUNDRY_OFFLINE: 'true' };
    expect(await run('bash', ['-euo', 'pipefail', '-c', forge], env)).toMatch(/Deployed to: 0x[0-9a-fA-F]{40}/);
  });

  it('viem', async () => {
    await writeFile(join(folder, 'onchain.mjs'), example('js', 'viem'));
    expect(await run(process.execPath, ['onchain.mjs'])).toBe('valid\ntampered: false\n');
  });

  it('cast, with a proof of protocol mirage', async () => {
    const key = JSON.parse(await readFile(join(mirageFolder, 'verification_key.json'), 'utf8')) as {
      zkonnx: { keyDigest: string };
    };
    const cast = ['-euo', 'pipefail', '-c', example('bash', 'cast')];
    const lines = (await run('bash', cast, {}, mirageFolder)).trim().split('\n');
    expect(lines.slice(-3)).toEqual(['"development"', key.zkonnx.keyDigest, `0x${'1'.padStart(64, '0')}`]);
  });

  it('viem, with a proof of protocol mirage', async () => {
    await writeFile(join(mirageFolder, 'onchain.mjs'), example('js', 'viem-mirage'));
    const output = await run(process.execPath, ['onchain.mjs'], {}, mirageFolder);
    expect(output).toBe('true\nin another context: false\n');
  });

  it.each([
    ['caller', 'Oracle'],
    ['caller-mirage', 'Claims'],
  ])('the calling contract %s compiles', (name, contract) => {
    const source = `// SPDX-License-Identifier: MIT\npragma solidity ^0.8.37;\n${example('solidity', name)}`;
    expect(compileSolidity(source, contract).messages).toEqual([]);
  });

  it('the gas figures are those of test/golden/gas.json', () => {
    const rows = [
      ...page.matchAll(/\| ([\d,.]*) \| ([\d,]*) \| ([\d,.]+) \|$/gm),
      ...page.matchAll(/\| \| \| ([\d.]+) \|$/gm),
    ];
    const figures = rows.map((row) => row.slice(1).map((text) => Number(text.replaceAll(',', ''))));
    const golden = goldenGas();
    const mnist = golden['mirage: 27 elements (MNIST)']!;
    const small = golden['mirage: 3 elements']!;
    expect(figures).toEqual([
      [3, small['deployedBytes'], small['transaction']],
      [27, mnist['deployedBytes'], mnist['transaction']],
      [27, mnist['deployedBytes'], mnist['transactionMostlyBlack']],
      [27, mnist['deployedBytesUnoptimised'], mnist['transactionUnoptimised']],
      [golden['mirage: one more byte']!['gas']],
    ]);
  });
});
