/** Contracts of keys whose statements say whether a value was clamped: both verifiers judge one list alike. */
import type { Hex } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileSolidity, deploy, SOLC_SETTINGS } from '../../examples/local-chain.js';
import type { Compiled } from '../../examples/local-chain.js';
import {
  CLAMPED_CONTRACT_SIGNALS,
  exportSolidity,
  MAX_CONTRACT_SEGMENTS,
  MAX_CONTRACT_SIGNALS,
  solidityCalldata,
} from '../../src/export/solidity.js';
import type { AnyProofFile } from '../../src/verify/proof.js';
import { prepareKey } from '../../src/verify/key.js';
import { verify } from '../../src/verify/verify.js';
import { bitlessKeys, clampedSet } from '../fixtures/proofs/clamped-vectors.js';
import { freeKey } from '../fixtures/proofs/free-statement.js';
import { chainOfFile, EIP170_BYTES, UNOPTIMISED } from './chain-support.js';
import { verdictOf } from './contract-verdict.js';
import { tensor } from './fold-statement.js';
import { expectGoldenGas } from './gas-golden.js';
import type { Gas } from './gas-golden.js';
import { simulate } from './simulated-proof.js';
import { CURVE_PROTOCOLS } from '../../src/verify/key-points.js';

const MOST_SIGNALS = MAX_CONTRACT_SIGNALS - CLAMPED_CONTRACT_SIGNALS;
const measured: Gas = {};
const chain = chainOfFile();

describe.each(CURVE_PROTOCOLS)('a contract of a key with the bit, %s', (protocol) => {
  const { key, list, index } = clampedSet(protocol);
  const prepared = prepareKey(key);
  const exported = exportSolidity(key, { allowDevelopmentKey: true });
  let compiled: Compiled;
  let address: Hex;

  beforeAll(async () => {
    compiled = compileSolidity(exported.source, 'ZkonnxVerifier');
    ({ address } = await deploy(chain(), compiled));
  });

  /** Arguments of `verify`, and of `clamped`. */
  const argsOf = (file: AnyProofFile) => {
    const call = solidityCalldata(file, key);
    return call.protocol === 'mirage'
      ? { statement: [call.proof, call.values, call.context], values: [call.values] }
      : { statement: [call.proof, call.signals], values: [call.signals] };
  };
  const answers = (functionName: string, args: readonly unknown[]) =>
    chain().reader.readContract({ address, abi: compiled.abi, functionName, args });

  it('compiles without a message, optimised or not, and has the ABI we export', () => {
    const plain = compileSolidity(exported.source, 'ZkonnxVerifier', UNOPTIMISED);
    for (const { messages, abi, deployedBytes } of [compiled, plain]) {
      expect(messages).toEqual([]);
      expect(abi).toEqual(exported.abi);
      expect(deployedBytes).toBeLessThan(EIP170_BYTES);
    }
  });

  it.each(list.map((vector) => [vector.name, vector] as const))(
    'agrees with the TypeScript verifier: %s',
    async (_, vector) => {
      const { file, reason, whereExpected, says } = vector;
      const { statement, values } = argsOf(file);
      for (const [functionName, expected, options] of [
        ['verify', reason, {}],
        ['verifyUnclamped', whereExpected, { expectUnclamped: true }],
      ] as const) {
        const onChain = await verdictOf(chain(), address, compiled.abi, { functionName, args: statement });
        expect(onChain).toEqual(expected === undefined ? {} : { reason: expected });
        const inTypeScript = verify(file, prepared, options);
        expect(inTypeScript.valid ? {} : { reason: inTypeScript.reason }).toEqual(onChain);
      }
      expect(await answers('isValid', statement)).toBe(reason === undefined);
      const call = { functionName: 'clamped', args: values } as const;
      if (says === undefined)
        expect(await verdictOf(chain(), address, compiled.abi, call)).toEqual({ reason: 'PACKING_INVALID' });
      else expect(await answers('clamped', values)).toBe(says);
    },
  );

  it('returns what verify returns', async () => {
    const { statement } = argsOf(list[0]!.file);
    expect(await answers('verifyUnclamped', statement)).toEqual(await answers('verify', statement));
  });

  it('reads the digit where the schema has it', () => {
    const signals = list.map(({ file }) => BigInt(file.publicSignals[index]!));
    expect(new Set(signals).size).toBeGreaterThan(4);
  });

  it('costs little more', async () => {
    const { statement } = argsOf(list[0]!.file);
    const gasOf = (functionName: string) =>
      chain().reader.estimateContractGas({ address, abi: compiled.abi, functionName, args: statement });
    const [plain, demanding] = [Number(await gasOf('verify')), Number(await gasOf('verifyUnclamped'))];
    expect(demanding - plain).toBeLessThan(500);
    measured[`clamped: ${protocol}`] = {
      deployedBytes: compiled.deployedBytes,
      verify: plain,
      verifyUnclamped: demanding,
    };
  });
});

describe.each(CURVE_PROTOCOLS)('a contract of a key without the bit, %s', (protocol) => {
  it('has neither function: a caller that requires them reverts', async () => {
    for (const { key } of bitlessKeys(protocol)) {
      const { source, abi } = exportSolidity(key, { allowDevelopmentKey: true });
      const names = (abi as readonly { readonly name: string }[]).map(({ name }) => name);
      expect(names.filter((name) => /clamped|packing/i.test(name))).toEqual([]);
      expect(source).not.toMatch(/clamped/i);
    }
    const withBit = clampedSet(protocol);
    const { abi } = exportSolidity(withBit.key, { allowDevelopmentKey: true });
    const without = compileSolidity(
      exportSolidity(bitlessKeys(protocol)[0]!.key, { allowDevelopmentKey: true }).source,
      'ZkonnxVerifier',
    );
    const { address } = await deploy(chain(), without);
    const call = solidityCalldata(withBit.list[0]!.file, withBit.key);
    const args = call.protocol === 'mirage' ? [call.values] : [call.signals];
    const asked = chain().reader.readContract({
      address,
      abi: [...abi] as Compiled['abi'],
      functionName: 'clamped',
      args,
    });
    await expect(asked).rejects.toThrow(/revert/i);
  });
});

describe('limits', () => {
  const sizesOf = (key: unknown) => {
    const { source } = exportSolidity(key, { allowDevelopmentKey: true });
    return [SOLC_SETTINGS, UNOPTIMISED].map(
      (settings) => compileSolidity(source, 'ZkonnxVerifier', settings).deployedBytes,
    );
  };

  it(`${MOST_SIGNALS} signals with the bit among them fit EIP-170, optimised or not; of one more there is no contract`, () => {
    const keyOf = (signals: number) => {
      const inputs = [tensor('x', (signals - 1) * 31, 1)];
      return freeKey.groth16({ outputs: [], inputs, overflow: 'saturate', clamped: true }).key;
    };
    const key = keyOf(MOST_SIGNALS);
    expect(key.nPublic).toBe(MOST_SIGNALS);
    expect(() => exportSolidity(keyOf(MOST_SIGNALS + 1), { allowDevelopmentKey: true })).toThrow('no contract takes');
    for (const size of sizesOf(key)) expect(size).toBeLessThan(EIP170_BYTES);
  });

  it(`so do ${MAX_CONTRACT_SEGMENTS} runs of elements`, () => {
    const inputs = Array.from({ length: MAX_CONTRACT_SEGMENTS - 1 }, (_, i) =>
      tensor(`t${i}`, 2, 1, i % 2 === 0 ? 'committed' : 'public'),
    );
    const elements = new Array<bigint>(MAX_CONTRACT_SEGMENTS).fill(0n);
    const { key } = simulate({ outputs: [], inputs, overflow: 'saturate', clamped: true }, elements);
    for (const size of sizesOf(key)) expect(size).toBeLessThan(EIP170_BYTES);
  });
});

describe('gas', () => {
  it('is what test/golden/gas.json says (UPDATE_GOLDEN=1 renews it)', () => {
    expectGoldenGas(measured, (entry) => entry.startsWith('clamped'));
  });
});
