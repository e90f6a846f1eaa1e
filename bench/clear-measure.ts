/** One model by one protocol, from its file to checked proofs, as `npm run bench:clear` prints it. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../src/base/errors.js';
import { writeArtifact } from '../src/compile/artifact.js';
import { compile } from '../src/compile/compile.js';
import type { Figures } from '../src/formats/manifest.js';
import { setup, type SetupOptions } from '../src/setup/setup.js';
import { verify, type ArithmeticName } from '../src/verify/index.js';
import type { AnyProofFile } from '../src/verify/proof.js';
import { writeSample } from './circuits.js';
import type { ClearCase } from './clear-cases.js';
import { OUR_CLI } from './cold.js';
import { runCommand } from './command.js';
import { openModelProver } from './model-prover.js';

export type BenchProtocol = 'clear' | 'mirage';

/** What a protocol is measured with. */
interface Setting {
  readonly setup: SetupOptions;
  /** Whether a check runs in WebAssembly unless it is told otherwise. */
  readonly hasPlainChecks: boolean;
  proofBytes(file: AnyProofFile): number;
}

export const SETTINGS: { readonly [P in BenchProtocol]: Setting } = {
  clear: {
    setup: {},
    hasPlainChecks: true,
    proofBytes: (file) => ('proof' in file ? Buffer.from(String(file.proof), 'base64').length : 0),
  },
  mirage: { setup: { dev: true }, hasPlainChecks: false, proofBytes: () => 320 },
};

/** Plain data: it is kept in a file. */
export interface Measurement {
  readonly name: string;
  readonly protocol: BenchProtocol;
  /** Why there is none, and then nothing else. */
  readonly refused?: string;
  readonly figures?: Figures;
  readonly ms?: {
    readonly compile: number;
    readonly setup: number;
    /** From the input to a proof that is checked, key and program loaded; the first one apart. */
    readonly first: number;
    readonly warm: readonly number[];
    /** `zkonnx prove`, from the start of the process to its end. */
    readonly cold: readonly number[];
    readonly verify: readonly number[];
    /** By plain JavaScript, where a check may run in WebAssembly. */
    readonly verifyJavascript?: readonly number[];
  };
  readonly proofBytes?: number;
  /** Of the cold command, all threads. */
  readonly peakBytes?: number;
}

export interface MeasureOptions {
  readonly folder: string;
  readonly threads: number;
  readonly proofs: number;
  readonly log: (line: string) => void;
}

/** A model that is refused is a measurement too; anything else that fails is thrown. */
export async function measure(one: ClearCase, protocol: BenchProtocol, options: MeasureOptions): Promise<Measurement> {
  try {
    return { name: one.name, protocol, ...(await measured(one, protocol, options)) };
  } catch (error) {
    if (!(error instanceof ZkonnxError)) throw error;
    const { got, where } = error.details;
    const details = [got, where].filter((part) => part !== undefined).join(', ');
    return { name: one.name, protocol, refused: `${error.code}: ${error.shortMessage}${details && ` (${details})`}` };
  }
}

async function measured(
  one: ClearCase,
  protocol: BenchProtocol,
  { folder, threads, proofs, log }: MeasureOptions,
): Promise<Omit<Measurement, 'name' | 'protocol'>> {
  const dir = path.join(folder, `${one.name}-${protocol}`);
  await mkdir(dir, { recursive: true });
  try {
    const { onnx, options, tensors } = await one.load(dir);
    const artifact = path.join(dir, 'artifact');
    const [compileMs, compiled] = await timed(() => compile(onnx, { ...options, protocol }));
    log(`${one.name}, ${protocol}: compiled`);
    await writeArtifact(artifact, compiled, onnx);
    const { setup: given, proofBytes } = SETTINGS[protocol];
    const [setupMs, keys] = await timed(() => setup(artifact, given));
    const key = JSON.parse(await readFile(keys.verificationKey, 'utf8')) as unknown;

    const cold: number[] = [];
    let peakBytes = 0;
    const sample = await writeSample(dir, tensors);
    const args = [OUR_CLI, 'prove', artifact, '--in', sample, '-o', path.join(dir, 'proof.json'), '--force'];
    for (let i = 0; i < COLD_RUNS; i++) {
      const result = await runCommand(process.execPath, [...args, '--threads', String(threads)]);
      cold.push(result.ms);
      peakBytes = Math.max(peakBytes, result.peakBytes ?? 0);
    }
    log(`${one.name}, ${protocol}: proven by commands`);

    await using prover = await openModelProver(artifact, threads);
    const [first, proof] = await timed(() => prover.prove(tensors));
    const warm: number[] = [];
    for (let i = 0; i < proofs; i++) warm.push((await timed(() => prover.prove(tensors)))[0]);
    const checksBy = (arithmetic?: ArithmeticName): number[] =>
      Array.from({ length: CHECKS }, () => {
        const from = performance.now();
        const result = verify(proof, key, arithmetic === undefined ? {} : { arithmetic });
        const ms = performance.now() - from;
        if (!result.valid) throw new Error(`${one.name}: our own proof is refused: ${result.message}`);
        return ms;
      });
    const { hasPlainChecks } = SETTINGS[protocol];
    return {
      figures: compiled.product.figures,
      ms: {
        compile: compileMs,
        setup: setupMs,
        first,
        warm,
        cold,
        verify: checksBy(),
        ...(hasPlainChecks ? { verifyJavascript: checksBy('javascript') } : {}),
      },
      proofBytes: proofBytes(proof),
      peakBytes,
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const COLD_RUNS = 2;
const CHECKS = 3;

async function timed<T>(run: () => Promise<T>): Promise<[ms: number, result: T]> {
  const from = performance.now();
  const result = await run();
  return [performance.now() - from, result];
}
