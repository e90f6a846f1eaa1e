/** mnist-12 with every pixel and score public, proven by our prover, in its contract on a real node: what the whole transaction costs. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { hexToBytes } from '@noble/hashes/utils.js';
import type { Abi, Hex } from 'viem';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../bench/models.js';
import { compileSolidity, deploy, startChain, type Chain } from '../../examples/local-chain.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { exportSolidity, type MirageCalldata } from '../../src/export/solidity.js';
import { prove } from '../../src/prove/prove.js';
import { setup } from '../../src/setup/setup.js';
import type { MirageVerificationKey } from '../../src/verify/key.js';
import { elementCount, type Schema } from '../../src/verify/statement.js';
import { verify } from '../../src/verify/verify.js';
import { verdictOf } from './contract-verdict.js';
import { foldStatement } from './fold-statement.js';
import { mirageCalldata, transactionGas } from './mirage-call.js';

const MODEL = 'mnist-12';
const GAS_LIMIT = 290_000;
const EIP170_BYTES = 24_576;
/** A caller's address. */
const CONTEXT = Uint8Array.from({ length: 20 }, (_, i) => 0xa0 + i);

let chain: Chain;
let dir: string;
let key: MirageVerificationKey;
let proof: unknown;
let contract: Contract;

interface Contract {
  readonly address: Hex;
  readonly abi: Abi;
}

beforeAll(async () => {
  chain = await startChain();
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-mirage-mnist-'));
  const options = await modelCases.find(({ name }) => name === MODEL)!.options();
  await writeArtifact(dir, await compile(modelPath(MODEL), options), modelPath(MODEL));
  const keys = await setup(dir, { dev: true });
  key = JSON.parse(await readFile(keys.verificationKey, 'utf8')) as MirageVerificationKey;
  const [sample] = await goldenSamples(MODEL);
  for await (const proven of prove(dir, [{ id: '0', tensors: sample!.inputs }], { context: CONTEXT })) {
    proof = proven.proof;
  }
  contract = await deployed(key);
});
afterAll(async () => {
  await chain.stop();
  await rm(dir, { recursive: true, force: true });
});

async function deployed(of: unknown): Promise<Contract> {
  const compiled = compileSolidity(exportSolidity(of, { allowDevelopmentKey: true }).source, 'ZkonnxVerifier');
  expect(compiled.messages).toEqual([]);
  expect(compiled.deployedBytes).toBeLessThan(EIP170_BYTES);
  return { address: (await deploy(chain, compiled)).address, abi: compiled.abi };
}

/** EIP-2028: 16 gas a byte, 4 if it is zero. */
function calldataGas(data: Hex): number {
  return hexToBytes(data.slice(2)).reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0);
}

describe(`${MODEL}, 784 pixels and 10 scores public`, () => {
  it('states all of them', () => {
    expect(key.zkonnx.schema.inputs.map(({ visibility, dims }) => [visibility, elementCount(dims)])).toEqual([
      ['public', 784],
    ]);
    expect(key.zkonnx.schema.outputs.map(({ visibility, dims }) => [visibility, elementCount(dims)])).toEqual([
      ['public', 10],
    ]);
    expect(verify(proof, key).valid).toBe(true);
  });

  it(`costs less than ${GAS_LIMIT} gas in a whole transaction`, async () => {
    const { data, proof: points, values } = mirageCalldata(proof, key);
    const gas = await transactionGas(chain, contract.address, data);
    const variable = `${points.map((word) => word.toString(16).padStart(64, '0')).join('')}${values.slice(2)}`;
    const dearest = gas + 12 * hexToBytes(variable).filter((byte) => byte === 0).length;
    const length = values.length / 2 - 1;
    console.log(`${MODEL}: ${gas} gas, ${length} bytes of values; ${dearest} if no byte of proof and values were zero`);
    expect(dearest).toBeLessThan(GAS_LIMIT);
    expect(gas).toBeLessThan(GAS_LIMIT);
  });

  it('is refused with a pixel, a score or the context changed', async () => {
    const { proof: points, values, context } = mirageCalldata(proof, key);
    const flipped = (hex: Hex, at: number): Hex => {
      const byte = (parseInt(hex.slice(2 + 2 * at, 4 + 2 * at), 16) ^ 1).toString(16).padStart(2, '0');
      return `${hex.slice(0, 2 + 2 * at)}${byte}${hex.slice(4 + 2 * at)}` as Hex;
    };
    const verdict = (...args: unknown[]) =>
      verdictOf(chain, contract.address, contract.abi, { functionName: 'verify', args });
    expect(await verdict(points, values, context)).toEqual({});
    const last = values.length / 2 - 2;
    for (const at of [3, last - 400, last]) {
      expect(await verdict(points, flipped(values, at), context)).toEqual({ reason: 'PAIRING_FAILED' });
    }
    expect(await verdict(points, values, flipped(context, 0))).toEqual({ reason: 'PAIRING_FAILED' });
  });

  it('a further byte of public values costs its calldata and a few gas of hashing and folding', async () => {
    // The same outputs and 992 = 31·32 pixels more: whole elements, and whole words of calldata.
    const more = 992;
    const { outputs, inputs } = key.zkonnx.schema;
    const schema: Schema = { outputs, inputs: inputs.map((tensor) => ({ ...tensor, dims: [784 + more] })) };
    const length = mirageCalldata(proof, key).values.length / 2 - 1 + more;
    const larger = foldStatement(schema, new Uint8Array(length).fill(1));
    const { address } = await deployed(larger.key);
    const execution = async (to: Hex, { data }: MirageCalldata) =>
      (await transactionGas(chain, to, data)) - calldataGas(data);
    const here = await execution(contract.address, mirageCalldata(proof, key));
    const there = await execution(address, mirageCalldata(larger.file, larger.key));
    const perByte = (there - here) / more;
    console.log(`one more byte of public values: ${perByte.toFixed(2)} gas, and 16 of calldata, 4 if it is zero`);
    expect(perByte).toBeGreaterThan(0);
    expect(perByte).toBeLessThan(6);
  });
});
