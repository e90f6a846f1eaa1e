import { encodeFunctionData } from 'viem';
import type { Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportSolidity, MAX_CONTRACT_SIGNALS, solidityCalldata } from '../../src/export/solidity.js';
import { prepareKey } from '../../src/verify/key.js';
import { verify } from '../../src/verify/verify.js';
import { classifier, makeFixture } from '../fixtures/proofs/classifier.js';
import { mnistSet, smallSet } from '../fixtures/proofs/sets.js';
import type { VectorSet } from '../fixtures/proofs/sets.js';
import { toProof } from '../fixtures/proofs/vectors.js';
import { compileSolidity, deploy, startChain } from '../../examples/local-chain.js';
import type { Chain, Compiled } from '../../examples/local-chain.js';
import { verdictOf } from './contract-verdict.js';
import { expectGoldenGas } from './gas-golden.js';
import type { Gas } from './gas-golden.js';

const measured: Gas = {};
let chain: Chain;

beforeAll(async () => {
  chain = await startChain();
});
afterAll(async () => {
  await chain.stop();
});

describe.each([
  ['2 signals', smallSet()],
  ['27 signals (MNIST)', mnistSet()],
] as const)('a contract of %s', (title, set: VectorSet) => {
  const exported = exportSolidity(set.fixture.key, { allowDevelopmentKey: true });
  let compiled: Compiled;
  let address: Hex;

  beforeAll(async () => {
    compiled = compileSolidity(exported.source, 'ZkonnxVerifier');
    const deployment = await deploy(chain, compiled);
    address = deployment.address;
    measured[title] = { deploy: Number(deployment.gas), deployedBytes: compiled.deployedBytes };
  });

  it('compiles without a message, has the ABI we export and fits EIP-170', () => {
    expect(compiled.messages).toEqual([]);
    expect(exported.abi).toEqual(compiled.abi);
    expect(compiled.deployedBytes).toBeLessThan(24_576);
  });

  it('carries the names of key, model, circuit and setup', async () => {
    const read = (functionName: string) => chain.reader.readContract({ address, abi: compiled.abi, functionName });
    const { keyDigest, modelHash, circuitHash, schemaDigest } = set.fixture.key.zkonnx;
    expect(await read('KEY_DIGEST')).toBe(keyDigest);
    expect(await read('MODEL_HASH')).toBe(modelHash.replace('sha256:', '0x'));
    expect(await read('CIRCUIT_HASH')).toBe(circuitHash.replace('sha256:', '0x'));
    expect(await read('SCHEMA_DIGEST')).toBe(schemaDigest);
    expect(await read('SETUP')).toBe('development');
    expect(await read('SIGNAL_COUNT')).toBe(BigInt(set.fixture.key.nPublic));
  });

  describe('agrees with the TypeScript verifier', () => {
    const key = prepareKey(set.fixture.key);
    it.each(set.list.map((vector) => [vector.name, vector] as const))('%s', async (_, vector) => {
      const args = [vector.proof, vector.signals];
      const onChain = await verdictOf(chain, address, compiled.abi, { functionName: 'verify', args });
      const inTypeScript = verify(toProof(set.fixture.proof, vector), key);
      expect(onChain).toEqual({
        ...(vector.reason === undefined ? {} : { reason: vector.reason }),
        ...(vector.index === undefined ? {} : { index: vector.index }),
      });
      expect(inTypeScript.valid).toBe(vector.reason === undefined);
      if (!inTypeScript.valid)
        expect({ reason: inTypeScript.reason, index: inTypeScript.index }).toMatchObject(onChain);
      const isValid = await chain.reader.readContract({ address, abi: compiled.abi, functionName: 'isValid', args });
      expect(isValid).toBe(vector.reason === undefined);
    });
  });

  it('takes the calldata of solidityCalldata as it is', async () => {
    const { proof, signals, data } = solidityCalldata(set.fixture.proof);
    expect(data).toBe(encodeFunctionData({ abi: compiled.abi, functionName: 'verify', args: [proof, signals] }));
    const answer = await chain.reader.call({ to: address, data });
    expect(answer.data).toBeUndefined();
    measured[title]!['verify'] = Number(await chain.reader.estimateGas({ to: address, data }));
  });

  it('reverts on calldata that is too short', async () => {
    const { data } = solidityCalldata(set.fixture.proof);
    await expect(chain.reader.call({ to: address, data: data.slice(0, -64) as Hex })).rejects.toThrow(/revert/i);
  });

  it('tells too little gas from a wrong proof', async () => {
    const { proof, signals } = set.list[0]!;
    const gas =
      (await chain.reader.estimateGas({ to: address, data: solidityCalldata(set.fixture.proof).data })) - 20_000n;
    // So much is missing that the pairing fails, not what comes before it, and what is left still pays for the answer.
    for (const functionName of ['verify', 'isValid'] as const) {
      const call = { functionName, args: [proof, signals], gas };
      expect(await verdictOf(chain, address, compiled.abi, call)).toEqual({ reason: 'INSUFFICIENT_GAS' });
    }
  });

  it('tells a chain without the precompiles from a wrong proof', async () => {
    const { proof, signals } = set.list[0]!;
    // The same contract with the precompile at an address where nobody lives, as on a chain that lacks it.
    for (const [constant, number] of [
      ['EC_ADD', 6],
      ['EC_MUL', 7],
      ['PAIRING', 8],
    ] as const) {
      const source = exported.source.replace(`constant ${constant} = ${number};`, `constant ${constant} = ${0xdead};`);
      expect(source).not.toBe(exported.source);
      const lacking = compileSolidity(source, 'ZkonnxVerifier');
      const { address: at } = await deploy(chain, lacking);
      for (const functionName of ['verify', 'isValid'] as const) {
        const verdict = await verdictOf(chain, at, lacking.abi, { functionName, args: [proof, signals] });
        expect(verdict).toEqual({ reason: 'PRECOMPILE_UNAVAILABLE', index: 0xdead });
      }
    }
  });
});

describe('limits', () => {
  it(`fits EIP-170 with ${MAX_CONTRACT_SIGNALS} signals, optimised or not`, () => {
    const pixels = (MAX_CONTRACT_SIGNALS - 1) * 31;
    const model = classifier([1, pixels], ['low', 'high']);
    const { key } = makeFixture(model, new Array<number>(pixels).fill(0), 'large', 'unknown');
    expect(key.nPublic).toBe(MAX_CONTRACT_SIGNALS);
    const { source } = exportSolidity(key, { allowDevelopmentKey: true });
    const sizes = [true, false].map((enabled) => {
      const settings = { optimizer: { enabled, runs: 200 }, outputSelection: { '*': { '*': ['*'] } } };
      return compileSolidity(source, 'ZkonnxVerifier', settings).deployedBytes;
    });
    for (const size of sizes) expect(size).toBeLessThan(24_576);
  });
});

describe('gas', () => {
  it('is what test/golden/gas.json says (UPDATE_GOLDEN=1 renews it)', () => {
    expectGoldenGas(measured, (entry) => entry.includes('signals'));
  });
});
