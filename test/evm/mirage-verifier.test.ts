import { bytesToHex } from '@noble/hashes/utils.js';
import { BaseError, encodeFunctionData, RpcRequestError, toFunctionSelector } from 'viem';
import type { Hex } from 'viem';
import { beforeAll, describe, expect, it } from 'vitest';
import { compileSolidity, deploy, SOLC_SETTINGS } from '../../examples/local-chain.js';
import type { Compiled } from '../../examples/local-chain.js';
import { exportSolidity, MAX_CONTRACT_ELEMENTS, MAX_CONTRACT_SEGMENTS } from '../../src/export/solidity.js';
import { prepareKey } from '../../src/verify/key.js';
import { elementsFromBytes, publicCount, signalWidths } from '../../src/verify/statement.js';
import type { Schema } from '../../src/verify/statement.js';
import { verify } from '../../src/verify/verify.js';
import { largeMirageSet, smallMirageSet, toMirageProof } from '../fixtures/proofs/mirage-vectors.js';
import type { MirageCall } from '../fixtures/proofs/mirage-vectors.js';
import { chainOfFile, EIP170_BYTES, UNOPTIMISED } from './chain-support.js';
import { verdictOf } from './contract-verdict.js';
import { foldStatement, imageSchema, tensor } from './fold-statement.js';
import { expectGoldenGas } from './gas-golden.js';
import type { Gas } from './gas-golden.js';
import { mirageCalldata, transactionGas } from './mirage-call.js';
import { simulate } from './simulated-proof.js';

/** Whole transaction, all 784 pixels and 10 scores public, whatever their values. */
const MNIST_GAS_LIMIT = 290_000;
const measured: Gas = {};
const chain = chainOfFile();

const hex = (bytes: Uint8Array): Hex => `0x${bytesToHex(bytes)}`;
const argsOf = ({ proof, values, context }: MirageCall) => [proof, hex(values), hex(context)];

describe.each([
  ['mirage: 3 elements', smallMirageSet()],
  ['mirage: 5 elements', largeMirageSet()],
] as const)('a contract of %s', (title, { system, pair, fixture, list }) => {
  const exported = exportSolidity(pair.key, { allowDevelopmentKey: true });
  const valid = list[0]!;
  let compiled: Compiled;
  let address: Hex;

  beforeAll(async () => {
    compiled = compileSolidity(exported.source, 'ZkonnxVerifier');
    const deployment = await deploy(chain(), compiled);
    address = deployment.address;
    measured[title] = { deploy: Number(deployment.gas), deployedBytes: compiled.deployedBytes };
  });

  it('compiles without a message, has the ABI we export and fits EIP-170', () => {
    expect(compiled.messages).toEqual([]);
    expect(exported.abi).toEqual(compiled.abi);
    expect(compiled.deployedBytes).toBeLessThan(EIP170_BYTES);
  });

  it('carries the names of key, model, circuit and setup', async () => {
    const read = (functionName: string) => chain().reader.readContract({ address, abi: compiled.abi, functionName });
    const { keyDigest, modelHash, circuitHash, schemaDigest } = pair.key.zkonnx;
    expect(await read('KEY_DIGEST')).toBe(keyDigest);
    expect(await read('MODEL_HASH')).toBe(modelHash.replace('sha256:', '0x'));
    expect(await read('CIRCUIT_HASH')).toBe(circuitHash.replace('sha256:', '0x'));
    expect(await read('SCHEMA_DIGEST')).toBe(schemaDigest);
    expect(await read('SETUP')).toBe('development');
    expect(await read('SIGNAL_COUNT')).toBe(BigInt(pair.key.nPublic));
    expect(await read('VALUES_LENGTH')).toBe(BigInt(valid.values.length));
  });

  describe('agrees with the TypeScript verifier', () => {
    const key = prepareKey(pair.key);
    it.each(list.map((vector) => [vector.name, vector] as const))('%s', async (_, vector) => {
      const args = argsOf(vector);
      const onChain = await verdictOf(chain(), address, compiled.abi, { functionName: 'verify', args });
      const inTypeScript = verify(toMirageProof(fixture.file, system.schema, vector), key);
      expect(onChain).toEqual({
        ...(vector.reason === undefined ? {} : { reason: vector.reason }),
        ...(vector.index === undefined ? {} : { index: vector.index }),
      });
      expect(inTypeScript.valid).toBe(vector.reason === undefined);
      if (!inTypeScript.valid)
        expect({ reason: inTypeScript.reason, index: inTypeScript.index }).toEqual({ index: undefined, ...onChain });
      const isValid = await chain().reader.readContract({ address, abi: compiled.abi, functionName: 'isValid', args });
      expect(isValid).toBe(vector.reason === undefined);
    });
  });

  it('takes the calldata of solidityCalldata as it is, and returns true', async () => {
    const { proof, values, context, data } = mirageCalldata(fixture.file, pair.key);
    expect({ proof, values, context }).toEqual({
      proof: valid.proof,
      values: hex(valid.values),
      context: hex(valid.context),
    });
    const args = [proof, values, context];
    expect(data).toBe(encodeFunctionData({ abi: compiled.abi, functionName: 'verify', args }));
    expect(await chain().reader.readContract({ address, abi: compiled.abi, functionName: 'verify', args })).toBe(true);
    measured[title]!['transaction'] = await transactionGas(chain(), address, data);
  });

  describe('calldata that is not as an encoder writes it', () => {
    const { data } = mirageCalldata(fixture.file, pair.key);
    /** Place of word i after the selector, in digits. */
    const at = (word: number) => 2 + 8 + 64 * word;
    const withWord = (word: number, value: number) =>
      `${data.slice(0, at(word))}${value.toString(16).padStart(64, '0')}${data.slice(at(word + 1))}` as Hex;
    const valuesWord = 12;
    const { length } = valid.values;
    const contextWord = valuesWord + 1 + Math.ceil(length / 32);
    /** The selector the call reverts with: "0x" where the calldata does not decode, undefined where the call returns. */
    const errorOf = async (changed: Hex) => {
      try {
        await chain().reader.call({ to: address, data: changed });
        return undefined;
      } catch (error) {
        const cause = error instanceof BaseError ? error.walk((inner) => inner instanceof RpcRequestError) : null;
        if (!(cause instanceof RpcRequestError) || typeof cause.data !== 'string') throw error;
        return cause.data;
      }
    };
    const undecoded = '0x';

    it('reverts where it ends too early', async () => {
      const padding = 2 * (32 - valid.context.length);
      for (const missing of [padding + 2, padding + 64, 128, data.length - 10, data.length - at(10)]) {
        expect(await errorOf(data.slice(0, -missing) as Hex)).toBe(undecoded);
      }
    });

    it('reverts where an argument is said to lie beyond its end', async () => {
      for (const word of [10, 11, valuesWord, contextWord]) {
        expect(await errorOf(withWord(word, data.length))).toBe(undecoded);
      }
    });

    it('counts the bytes that the length says', async () => {
      const selector = toFunctionSelector('PublicInputCount()');
      expect(await errorOf(withWord(valuesWord, length - 1))).toBe(selector);
      expect(await errorOf(withWord(valuesWord, length + 1))).toBe(selector);
      expect(await errorOf(withWord(contextWord, 33))).toBe(undecoded);
      expect(await errorOf(`${withWord(contextWord, 33)}00`)).toBe(toFunctionSelector('ContextInvalid()'));
    });

    it('ignores what fills up the last words or that nothing does, and what follows them', async () => {
      const filled = (word: number, used: number) => {
        const start = at(word + 1) + 2 * used;
        const end = at(word + 1 + Math.ceil(used / 32));
        expect(end).toBeGreaterThan(start);
        return `${data.slice(0, start)}${'f'.repeat(end - start)}${data.slice(end)}` as Hex;
      };
      expect(await errorOf(filled(valuesWord, length))).toBeUndefined();
      expect(await errorOf(filled(contextWord, valid.context.length))).toBeUndefined();
      expect(await errorOf(data.slice(0, -2 * (32 - valid.context.length)) as Hex)).toBeUndefined();
      expect(await errorOf(`${data}${'f'.repeat(128)}`)).toBeUndefined();
    });
  });

  it('tells too little gas from a wrong proof', async () => {
    const { data } = mirageCalldata(fixture.file, pair.key);
    // So much is missing that the pairing fails, not what comes before it, and what is left still pays for the answer.
    const gas = (await chain().reader.estimateGas({ to: address, data })) - 20_000n;
    for (const functionName of ['verify', 'isValid'] as const) {
      const call = { functionName, args: argsOf(valid), gas };
      expect(await verdictOf(chain(), address, compiled.abi, call)).toEqual({ reason: 'INSUFFICIENT_GAS' });
    }
  });

  it('tells a chain without the precompiles from a wrong proof', async () => {
    // The same contract with the precompile at an address where nobody lives, as on a chain that lacks it.
    for (const [constant, number] of [
      ['EC_ADD', 6],
      ['EC_MUL', 7],
      ['PAIRING', 8],
    ] as const) {
      const source = exported.source.replace(`constant ${constant} = ${number};`, `constant ${constant} = ${0xdead};`);
      expect(source).not.toBe(exported.source);
      const lacking = compileSolidity(source, 'ZkonnxVerifier');
      const { address: at } = await deploy(chain(), lacking);
      for (const functionName of ['verify', 'isValid'] as const) {
        const verdict = await verdictOf(chain(), at, lacking.abi, { functionName, args: argsOf(valid) });
        expect(verdict).toEqual({ reason: 'PRECOMPILE_UNAVAILABLE', index: 0xdead });
      }
    }
  });
});

/** Bytes of which none is zero: the dearest in calldata. */
function dense(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 1 + ((i * 7) % 255));
}

/** The 30 bytes of the scores dense, and of the image one pixel of five, as in handwritten digits. */
function sparse(length: number): Uint8Array {
  return dense(length).map((byte, i) => (i < 30 || i % 5 === 0 ? byte : 0));
}

async function deployed(key: unknown, settings?: object) {
  const compiled = compileSolidity(
    exportSolidity(key, { allowDevelopmentKey: true }).source,
    'ZkonnxVerifier',
    settings,
  );
  expect(compiled.messages).toEqual([]);
  expect(compiled.deployedBytes).toBeLessThan(EIP170_BYTES);
  return { compiled, ...(await deploy(chain(), compiled)) };
}

describe('784 pixels and 10 scores', () => {
  const title = 'mirage: 27 elements (MNIST)';
  const bytes = 784 + 30;
  const schema = imageSchema(784);
  const { key, file } = foldStatement(schema, dense(bytes));

  it('are 27 elements: 30 bytes, 25 of 31, 9', () => {
    expect(signalWidths(schema)).toEqual([30, ...new Array<number>(25).fill(31), 9]);
  });

  it(`cost less than ${MNIST_GAS_LIMIT} gas in a whole transaction`, async () => {
    const { address, compiled, gas } = await deployed(key);
    const transaction = await transactionGas(chain(), address, mirageCalldata(file, key).data);
    const other = foldStatement(schema, sparse(bytes));
    expect(other.key).toEqual(key);
    const mostlyBlack = await transactionGas(chain(), address, mirageCalldata(other.file, key).data);
    const unoptimised = await deployed(key, UNOPTIMISED);
    expect(transaction).toBeLessThan(MNIST_GAS_LIMIT);
    measured[title] = {
      deploy: Number(gas),
      deployedBytes: compiled.deployedBytes,
      deployedBytesUnoptimised: unoptimised.compiled.deployedBytes,
      transaction,
      transactionMostlyBlack: mostlyBlack,
      transactionUnoptimised: await transactionGas(chain(), unoptimised.address, mirageCalldata(file, key).data),
    };
  });

  it('one pixel more or less, anywhere, is another statement, in both verifiers', async () => {
    const { address, compiled } = await deployed(key);
    const call = mirageCalldata(file, key);
    expect(verify(file, key).valid).toBe(true);
    for (const at of [0, 29, 30, 60, 61, 500, bytes - 10, bytes - 9, bytes - 1]) {
      const changed = dense(bytes).with(at, (dense(bytes)[at]! + 1) % 256);
      const args = [call.proof, hex(changed), call.context];
      const onChain = await verdictOf(chain(), address, compiled.abi, { functionName: 'verify', args });
      const signals = elementsFromBytes(schema, changed).map(String);
      expect(verify({ ...file, publicSignals: signals }, key)).toMatchObject({ valid: false, ...onChain });
      expect(onChain).toEqual({ reason: 'PAIRING_FAILED' });
    }
  });

  it('a further public byte costs its calldata and a few gas of hashing and folding', async () => {
    // 992 = 31·32 bytes: whole elements, and whole words of calldata.
    const more = foldStatement(imageSchema(784 + 992), dense(bytes + 992));
    const [here, there] = [await deployed(key), await deployed(more.key)];
    const gas = await transactionGas(chain(), here.address, mirageCalldata(file, key).data);
    const gasMore = await transactionGas(chain(), there.address, mirageCalldata(more.file, more.key).data);
    // The proofs' own bytes differ, and their zeros are cheaper.
    const proofGas = (words: readonly bigint[]) => words.reduce((sum, word) => sum + wordGas(word), 0);
    const [own, ownMore] = [mirageCalldata(file, key), mirageCalldata(more.file, more.key)];
    const perByte = (gasMore - gas - proofGas(ownMore.proof) + proofGas(own.proof)) / 992;
    console.log(`one more byte of public values: ${perByte.toFixed(2)} gas`);
    expect(perByte).toBeGreaterThan(16);
    expect(perByte).toBeLessThan(22);
    measured['mirage: one more byte'] = { gas: Math.round(100 * perByte) / 100 };
  });
});

describe('a weaker transcript', () => {
  const { pair, list } = smallMirageSet();

  it('a transcript of C1 alone would let a prover state values that were not computed', async () => {
    const forged = list.find(({ name }) => name === 'challenges of C1 alone, two values shifted')!;
    const { source } = exportSolidity(pair.key, { allowDevelopmentKey: true });
    const words = 7 + pair.key.nPublic;
    const whole = `seed := keccak256(words, ${32 * words})`;
    const weak = source.replace(whole, `seed := keccak256(add(words, ${32 * (words - 2)}), 64)`);
    expect(weak).not.toBe(source);
    const weakened = compileSolidity(weak, 'ZkonnxVerifier');
    const [at, { compiled, address }] = [await deploy(chain(), weakened), await deployed(pair.key)];
    const call = { functionName: 'verify', args: argsOf(forged) } as const;
    expect(await verdictOf(chain(), at.address, weakened.abi, call)).toEqual({});
    expect(await verdictOf(chain(), address, compiled.abi, call)).toEqual({ reason: 'PAIRING_FAILED' });
  });
});

/** EIP-2028: 16 gas a byte of calldata, 4 if it is zero. */
function wordGas(word: bigint): number {
  const bytes = word.toString(16).padStart(64, '0').match(/../g)!;
  return bytes.reduce((sum, byte) => sum + (byte === '00' ? 4 : 16), 0);
}

describe('limits', () => {
  it(`a statement of ${MAX_CONTRACT_ELEMENTS} elements is verified; of one more, not exported`, async () => {
    const count = 31 * MAX_CONTRACT_ELEMENTS;
    const schema: Schema = { outputs: [], inputs: [tensor('large', count, 1)] };
    const { key, file } = simulate(schema, elementsFromBytes(schema, dense(count)));
    expect(verify(file, key).valid).toBe(true);
    const call = mirageCalldata(file, key);
    for (const settings of [SOLC_SETTINGS, UNOPTIMISED]) {
      const { address } = await deployed(key, settings);
      const answer = await chain().reader.call({ to: address, data: call.data });
      expect(BigInt(answer.data!)).toBe(1n);
    }
    const larger: Schema = { outputs: [], inputs: [tensor('large', count + 1, 1)] };
    const { key: largerKey } = simulate(larger, new Array<bigint>(MAX_CONTRACT_ELEMENTS + 1).fill(0n));
    expect(() => exportSolidity(largerKey, { allowDevelopmentKey: true })).toThrow('no contract takes a statement');
  });

  it(`${MAX_CONTRACT_SEGMENTS} runs of elements are verified; one more is not exported`, async () => {
    // Commitments are the dearest runs in code: each brings a range check.
    const alternating = (runs: number): Schema => ({
      outputs: [],
      inputs: Array.from({ length: runs }, (_, i) => tensor(`t${i}`, 1, 1, i % 2 === 0 ? 'committed' : 'public')),
    });
    const schema = alternating(MAX_CONTRACT_SEGMENTS);
    const elements = Array.from({ length: publicCount(schema).inputs }, (_, i) => BigInt(i));
    const { key, file } = simulate(schema, elements);
    const call = mirageCalldata(file, key);
    for (const settings of [SOLC_SETTINGS, UNOPTIMISED]) {
      const { address, compiled } = await deployed(key, settings);
      const args = [call.proof, call.values, call.context];
      expect(await verdictOf(chain(), address, compiled.abi, { functionName: 'verify', args })).toEqual({});
      const lastCommitment = elements.length - 2;
      const outOfField = `${call.values.slice(0, -66)}${'f'.repeat(64)}${call.values.slice(-2)}`;
      const refused = { functionName: 'verify', args: [call.proof, outOfField, call.context] } as const;
      expect(await verdictOf(chain(), address, compiled.abi, refused)).toEqual({
        reason: 'PUBLIC_INPUT_NOT_IN_FIELD',
        index: lastCommitment,
      });
    }
    const { key: longer } = simulate(alternating(MAX_CONTRACT_SEGMENTS + 1), [...elements, 0n]);
    expect(() => exportSolidity(longer, { allowDevelopmentKey: true })).toThrow('no contract takes a statement');
  });
});

describe('gas', () => {
  it('is what test/golden/gas.json says (UPDATE_GOLDEN=1 renews it)', () => {
    expectGoldenGas(measured, (entry) => entry.startsWith('mirage'));
  });
});
