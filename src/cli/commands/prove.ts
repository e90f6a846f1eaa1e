/** zkonnx prove: a proof of each inference. */
import path from 'node:path';
import { Command } from 'commander';
import { peakMemoryBytes as peakOfProcess } from '../../base/peak-memory.js';
import { oneLine } from '../../base/printable.js';
import type { Sample } from '../../inputs/tensor.js';
import type { ProvenSample } from '../../prove/prove.js';
import { artifactInputs } from '../artifact-inputs.js';
import { FORCE, choice, contextBytes, examples, integerIn, sizeOf, usage } from '../options.js';
import { pictureOptions } from '../picture-flags.js';
import { startProgress } from '../progress.js';
import type { Progress } from '../progress.js';
import type { ProofPlan } from '../proof-plan.js';
import type { ProveFlags } from '../flags.js';
import type { Outcome, Session } from '../session.js';
import { CLAMPED_NOTICE, DEVELOPMENT_NOTICE, mebibytes, seconds, timings } from '../text.js';

export function proveCommand(session: Session): Command {
  const command = new Command('prove')
    .description('prove what the model computes on an input, or on every sample of a batch')
    .argument('[artifact]', 'the folder that compile and setup wrote; for ezkl a folder of its files')
    .requiredOption('--in <input>', 'JSON, JSONL, CSV, .npy, .npz, .pb, PNG, JPEG, a folder of them, or - for stdin')
    .requiredOption('-o, --out <path>', 'proof.json to write; for a batch a folder, one proof a sample')
    .addOption(
      choice('--prover <name>', 'our kernels (default), or of groth16 snarkjs as a second opinion', [
        'kernels',
        'snarkjs',
      ]),
    )
    .option('--context <hex>', 'mirage: up to 32 bytes that the proof is bound to, 0x…', contextBytes)
    .option('--resume', 'keep proofs that are there if they are of this key and this input, and prove the others')
    .option(...FORCE)
    .option('--threads <n>', 'worker threads (default: the cores, at most 8)', integerIn('--threads', 1, 256))
    .option('--max-memory <size>', 'refuse before starting if more would be needed: 4g, 512m', sizeOf('--max-memory'))
    .addOption(choice('--backend <name>', 'prove with another proof system', ['ezkl']))
    .option('--compiled <file>', 'ezkl: the compiled circuit (default: model.compiled in the folder)')
    .option('--pk <file>', 'ezkl: the proving key (default: pk.key in the folder)')
    .option('--srs <file>', 'ezkl: the SRS (default: kzg.srs in the folder)')
    .option('--settings <file>', 'ezkl: settings.json (default: in the folder)');
  return pictureOptions(command)
    .addHelpText(
      'after',
      examples([
        ['zkonnx prove artifacts/iris --in flower.json -o proof.json', 'one proof'],
        ['zkonnx prove artifacts/mnist --in digits/ -o proofs/ --threads 4', 'one proof a picture'],
        ['zkonnx prove artifacts/mnist --in digits/ -o proofs/ --resume', 'go on with a batch that was broken off'],
        ['zkonnx prove artifacts/iris --in flower.json -o proof.json --context 0x2a', 'bound to what it is for'],
        ['zkonnx prove --backend ezkl ezkl-files/ --in input.json -o proof.json', 'with what ezkl compiled'],
      ]),
    )
    .action(session.action((artifact: string | undefined, flags: ProveFlags) => run(session, artifact, flags)));
}

async function run(session: Session, artifact: string | undefined, flags: ProveFlags): Promise<Outcome> {
  if (flags.backend === 'ezkl') {
    const { proveWithEzkl } = await import('../ezkl.js');
    return proveWithEzkl(session, artifact, flags);
  }
  if (artifact === undefined) throw usage('prove needs an artifact', 'the folder that compile and setup wrote', '');
  for (const flag of ['compiled', 'pk', 'srs', 'settings'] as const) {
    if (flags[flag] !== undefined) throw usage(`--${flag} is for ezkl`, '--backend ezkl beside it', flags[flag]);
  }
  const { readManifest } = await import('../../formats/manifest.js');
  const { inputName, samplesOf } = await import('../input-files.js');
  const { artifactFiles, claimOutput } = await import('../output-file.js');
  const { planProofs } = await import('../proof-plan.js');
  const { openingPath } = await import('../proof-files.js');
  const { prove } = await import('../../prove/prove.js');
  const { force } = flags;
  const manifest = await readManifest(artifact);
  const { schema } = manifest;
  const inputs = await artifactInputs(schema, flags);
  const samples = () => samplesOf(session, flags.in, inputs);
  const plan = await planProofs(samples(), manifest, inputName(flags.in), flags.out);
  const isCommitted = [...schema.inputs, ...schema.outputs].some(({ visibility }) => visibility === 'committed');
  for (const file of plan.files.values()) {
    // Proofs of a folder's files have the names of these.
    const fromFor = (out: string) => [...artifactFiles(artifact), flags.in, path.join(flags.in, path.basename(out))];
    const beside = isCommitted ? 'the secret opening' : undefined;
    await claimOutput(session, file, { kind: 'proof', force, from: fromFor(file), beside });
    const secret = openingPath(file);
    if (isCommitted) await claimOutput(session, secret, { kind: 'opening', force, from: fromFor(secret) });
  }
  const kept = flags.resume === true ? await keptBy(session, artifact, samples(), plan, flags) : undefined;
  const progress = await startProgress(session, 'prove');
  try {
    const started = performance.now();
    const left = kept === undefined ? samples() : without(samples(), kept);
    const proven =
      kept?.size === plan.files.size
        ? nothing()
        : prove(artifact, left, {
            signal: session.signal,
            threads: flags.threads,
            maxMemoryBytes: flags.maxMemory,
            prover: flags.prover,
            context: flags.context,
            ...(plan.isBatch ? {} : { onProgress: (_, update) => progress.update(update) }),
          });
    const written = await writeProofs(session, proven, plan, progress, kept?.size);
    return outcome(flags.out, plan, written, performance.now() - started, kept);
  } finally {
    progress.stop();
  }
}

/** Proofs that are there by sample id. */
type Kept = ReadonlyMap<string, string>;

async function keptBy(
  session: Session,
  artifact: string,
  samples: AsyncIterable<Sample>,
  plan: ProofPlan,
  { context }: ProveFlags,
): Promise<Kept> {
  const { keptProofs } = await import('../kept-proofs.js');
  return keptProofs(session, artifact, samples, plan, context);
}

async function* without(samples: AsyncIterable<Sample>, kept: Kept): AsyncGenerator<Sample> {
  for await (const sample of samples) if (!kept.has(sample.id)) yield sample;
}

async function* nothing(): AsyncGenerator<never> {
  // All proofs are there: no key is loaded.
}

interface Written {
  readonly id: string;
  /** Path of the proof. */
  readonly proof: string;
  /** Path of what opens its commitments. */
  readonly opening?: string;
  readonly isDevelopment: boolean;
  readonly clamped: boolean | null;
  readonly timingsMs: Readonly<Record<string, number>>;
  readonly peakMemoryBytes: number;
}

async function writeProofs(
  session: Session,
  proven: AsyncIterable<ProvenSample>,
  plan: ProofPlan,
  progress: Progress,
  keptCount = 0,
): Promise<Written[]> {
  const written: Written[] = [];
  const count = plan.files.size - keptCount;
  for await (const one of proven) {
    const file = plan.files.get(one.id);
    if (file === undefined)
      throw usage('the input changed while it was being proven', 'the samples read before', one.id);
    written.push(await writeProof(session, one, file));
    if (plan.isBatch) {
      const { proof, timingsMs } = written.at(-1)!;
      const phase = `${written.length} of ${count}: ${proof} (${seconds(timingsMs['total'] ?? 0)})`;
      progress.update({ phase, fraction: written.length / count });
    }
  }
  return written;
}

async function writeProof(session: Session, proven: ProvenSample, file: string): Promise<Written> {
  const { jsonText, writeOutputs } = await import('../output-file.js');
  const { openingPath } = await import('../proof-files.js');
  const { id, proof, opening, clamped, timingsMs, peakMemoryBytes } = proven;
  const facts = { id, proof: file, clamped, isDevelopment: proof.setup === 'development', timingsMs, peakMemoryBytes };
  if (clamped === true) session.log(`${id}: ${CLAMPED_NOTICE}, and the proof says so; zkonnx run names the layer`);
  const { signal } = session;
  const output = { file, content: jsonText(proof) };
  if (opening === undefined) {
    await writeOutputs([output], { signal });
    return facts;
  }
  // Together: a proof whose salts are lost commits to values that nobody can show.
  const secret = openingPath(file);
  await writeOutputs([{ file: secret, content: jsonText(opening), mode: 0o600 }, output], { signal });
  session.log(
    `${secret} is SECRET: it holds the committed values and their salts; keep it, and show it to nobody else`,
  );
  return { ...facts, opening: secret };
}

function outcome(
  out: string,
  plan: ProofPlan,
  written: readonly Written[],
  elapsedMs: number,
  kept: Kept | undefined,
): Outcome {
  const json = written.map(({ isDevelopment: _, ...facts }) => facts);
  const peakMemoryBytes = written.reduce((peak, one) => Math.max(peak, one.peakMemoryBytes), peakOfProcess());
  const notice = written.some(({ isDevelopment }) => isDevelopment) ? `\n${DEVELOPMENT_NOTICE}` : '';
  const memory = `peak memory ${mebibytes(peakMemoryBytes)}`;
  const [only] = written;
  if (!plan.isBatch && only !== undefined) {
    const text = `${oneLine(only.proof)}\n${timings(only.timingsMs)}, ${memory}${notice}`;
    return { product: 'files', json: json[0]!, text };
  }
  const timingsMs = { ...sumOfPhases(written), total: elapsedMs };
  const keptFiles = kept === undefined ? {} : { kept: [...kept.values()] };
  const alsoKept = kept === undefined ? '' : `, ${kept.size} kept that were there`;
  return {
    product: 'files',
    json: { proof: out, proofs: json, ...keptFiles, timingsMs, peakMemoryBytes },
    text:
      written.map(({ proof }) => `${oneLine(proof)}\n`).join('') +
      `${written.length} proofs in ${seconds(elapsedMs)}${alsoKept}, ${memory}${notice}`,
  };
}

/** Summed over the proofs: workers run side by side, so it may be more than the elapsed time. */
function sumOfPhases(written: readonly Written[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { timingsMs } of written) {
    for (const [phase, value] of Object.entries(timingsMs)) sums[phase] = (sums[phase] ?? 0) + value;
  }
  return sums;
}
