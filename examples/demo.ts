/**
 * `npm run demo`: a trained MNIST network from ONNX file to a proof that JavaScript and the EVM accept, and a tampered one that both
 * refuse. Narrative on stdout, progress on stderr; exits with 1 if anything is not as told.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BaseError, ContractFunctionRevertedError } from 'viem';
import { mnistImages, mnistLabels, modelPath } from '../bench/models.js';
import {
  compile,
  exportSolidity,
  prove,
  setup,
  solidityCalldata,
  verify,
  writeArtifact,
  type MirageProofFile,
  type RefusalReason,
} from '../src/index.js';
import { compileSolidity, deploy, startChain } from './local-chain.js';

const DIGITS = Array.from({ length: 10 }, (_, digit) => String(digit));
const INPUT = 'Input3';
const OUTPUT = 'Plus214_Output_0';
/** The digit proven; the network is calibrated on others. */
const IMAGE = 0;

const say = (line = '') => console.log(line);
const progress = (line: string) => process.stderr.write(`… ${line}\n`);

/** Runs one step and tells how long it took. */
async function step<T>(what: string, run: () => Promise<T>): Promise<T> {
  progress(what);
  const from = performance.now();
  const result = await run();
  say(`${what}: ${((performance.now() - from) / 1000).toFixed(1)} s`);
  return result;
}

function demand(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the demo did not go as told: ${what}`);
}

/** Two rows of pixels a line of text, with half blocks. */
function draw(pixels: Float64Array): string {
  const lines: string[] = [];
  for (let y = 2; y < 26; y += 2) {
    let line = '  ';
    for (let x = 2; x < 26; x++) {
      const [top, bottom] = [pixels[y * 28 + x]! > 0.4, pixels[(y + 1) * 28 + x]! > 0.4];
      line += top ? (bottom ? '█' : '▀') : bottom ? '▄' : ' ';
    }
    lines.push(line.trimEnd());
  }
  return lines.join('\n');
}

interface Lie {
  readonly what: string;
  readonly proof: MirageProofFile;
  /** Why it must be refused, in the words of both verifiers. */
  readonly reason: RefusalReason;
}

function tampered(proof: MirageProofFile): Lie[] {
  const [score, ...others] = proof.publicSignals;
  const [x, ...rest] = proof.pi_a;
  const next = (decimal: string) => String(BigInt(decimal) + 1n);
  return [
    {
      what: 'one class score raised by one step',
      proof: { ...proof, publicSignals: [next(score!), ...others] },
      reason: 'PAIRING_FAILED',
    },
    {
      what: 'a coordinate of point A changed',
      proof: { ...proof, pi_a: [next(x!), ...rest] },
      reason: 'POINT_NOT_ON_CURVE',
    },
    { what: 'point C2 replaced by point A', proof: { ...proof, pi_c2: proof.pi_a }, reason: 'PAIRING_FAILED' },
  ];
}

/** PAIRING_FAILED is the contract's error PairingFailed. */
function contractError(reason: RefusalReason): string {
  return reason.replace(/_?([A-Z])([A-Z]*)/g, (_, first: string, rest: string) => first + rest.toLowerCase());
}

async function inTheEvm(key: unknown, proof: MirageProofFile): Promise<void> {
  const { source } = exportSolidity(key, { name: 'DigitVerifier', allowDevelopmentKey: true });
  const compiled = await step('solc compiles the verifier contract', () =>
    Promise.resolve(compileSolidity(source, 'DigitVerifier')),
  );
  const chain = await startChain();
  try {
    const { address, gas } = await step('a local node (anvil) deploys it', () => deploy(chain, compiled));
    say(`  ${compiled.deployedBytes} bytes of code, ${gas} gas, at ${address}`);
    const check = async (candidate: MirageProofFile) => {
      const calldata = solidityCalldata(candidate, key);
      demand('context' in calldata, 'the contract takes a context');
      const args = [calldata.proof, calldata.values, calldata.context];
      const call = { address, abi: compiled.abi, functionName: 'verify', args } as const;
      await chain.reader.readContract(call);
      return chain.reader.estimateContractGas({ ...call, account: chain.writer.account });
    };
    say(`  the contract accepts the proof, ${await check(proof)} gas for the whole transaction`);
    for (const lie of tampered(proof)) {
      const reason = await check(lie.proof).then(() => 'nothing', revertReason);
      demand(reason === contractError(lie.reason), `the contract should refuse (${lie.what}), it said ${reason}`);
      say(`  the contract refuses (${lie.what}): ${reason}`);
    }
  } finally {
    await chain.stop();
  }
}

function revertReason(error: unknown): string {
  const revert =
    error instanceof BaseError ? error.walk((each) => each instanceof ContractFunctionRevertedError) : undefined;
  return revert instanceof ContractFunctionRevertedError
    ? (revert.data?.errorName ?? 'an unnamed error')
    : String(error);
}

async function main(): Promise<void> {
  const artifact = path.resolve('artifacts/demo-mnist');
  const model = modelPath('mnist-12');
  const [pixels] = await mnistImages(IMAGE, 1, (pixel) => pixel / 255);
  const label = (await mnistLabels())[IMAGE]!;
  const calibration = (await mnistImages(1000, 64, (pixel) => pixel / 255)).map((image) => new Map([[INPUT, image]]));

  const compiled = await step('compile mnist-12 (ONNX, a convolutional network trained by others)', async () => {
    const result = await compile(model, { samples: calibration, labels: DIGITS });
    // The folder is the demo's own: what an earlier run left in it may go.
    await writeArtifact(artifact, result, model, { force: true });
    return result;
  });
  const { constraints = 0, publicInputs } = compiled.manifest.circuit;
  const [error] = compiled.accuracy.outputs;
  say(`  ${constraints.toLocaleString('en')} constraints, 784 pixels and 10 scores public in ${publicInputs} signals`);
  say(
    `  worst error against ${compiled.accuracy.reference}: ${((100 * error!.maxAbsError) / error!.magnitude).toFixed(2)} % of the largest score`,
  );

  const keys = await step('make development keys', () => setup(artifact, { dev: true, force: true }));
  say('  DEVELOPMENT KEYS: whoever made them can forge proofs. For this demo and for tests, never for money.');

  say(`\nThe image, a handwritten ${label} that the network was not calibrated on:\n\n${draw(pixels!)}\n`);
  const proof = await step('prove what the network says about it, in worker threads', async () => {
    for await (const proven of prove(artifact, [{ id: 'digit', tensors: new Map([[INPUT, pixels!]]) }])) {
      if ('pi_c1' in proven.proof) return proven.proof;
    }
    throw new Error('no proof');
  });
  const file = path.join(artifact, 'proof.json');
  await writeFile(file, `${JSON.stringify(proof, null, 2)}\n`);

  const key = JSON.parse(await readFile(keys.verificationKey, 'utf8')) as unknown;
  const result = await step('verify in JavaScript, from the proof and the key alone', () =>
    Promise.resolve(verify(proof, key)),
  );
  demand(result.valid, 'our own proof should be accepted');
  const scores = result.outputs[OUTPUT]!.data;
  const [top] = result.top[OUTPUT]!;
  say(`  proven scores: ${scores.map((score, digit) => `${digit}: ${score.toFixed(1)}`).join('  ')}`);
  say(`  proven answer: ${top!.label}`);
  demand(top!.label === String(label), `the answer should be ${label}`);
  for (const lie of tampered(proof)) {
    const refused = verify(lie.proof, key);
    demand(!refused.valid && refused.reason === lie.reason, `JavaScript should refuse: ${lie.what}`);
    say(`  refused (${lie.what}): ${refused.reason}`);
  }

  say();
  await inTheEvm(key, proof);
  say(`\nDone. Proof, keys and circuit are in ${path.relative('.', artifact)}; try:`);
  say(`  npx zkonnx verify ${path.relative('.', file)} --key ${path.relative('.', keys.verificationKey)}`);
}

await main();
