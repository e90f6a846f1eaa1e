/** zkonnx compile: an ONNX model becomes an artifact folder. */
import { Command } from 'commander';
import type { ArtifactKeys } from '../../compile/artifact.js';
import type { CompiledModel } from '../../compile/compile.js';
import type { CompileOptions } from '../../compile/options.js';
import type { InputSpec } from '../../inputs/tensor.js';
import { throwIfAborted } from '../../base/errors.js';
import { peakMemoryBytes } from '../../base/peak-memory.js';
import { OVERFLOWS, PROTOCOLS, type Overflow, type Protocol, type Visibility } from '../../verify/statement.js';
import { choice, collectDomain, collectShape, examples, integerIn, labelText, parsePart, usage } from '../options.js';
import type { Domains, Shapes } from '../options.js';
import { pictureOptions, picturesRead } from '../picture-flags.js';
import type { PictureFlags } from '../picture-flags.js';
import { startProgress } from '../progress.js';
import type { Outcome, Session } from '../session.js';
import { accuracyTable } from '../accuracy-text.js';
import { figuresLine, figuresShown, layerTable, layerUnit, percent, real, section, table, timings } from '../text.js';

interface CompileFlags extends PictureFlags {
  readonly out: string;
  readonly calibrate?: string;
  readonly domain?: Domains;
  readonly tolerance?: number;
  readonly bits?: number;
  readonly overflow?: Overflow;
  readonly softmax?: 'circuit' | 'reader';
  readonly input?: Visibility;
  readonly output?: Visibility;
  readonly inputShape?: Shapes;
  readonly labels?: string;
  readonly protocol?: Protocol;
  readonly name?: string;
  readonly modelVersion?: string;
  readonly card?: string;
  readonly force?: boolean;
}

const VISIBILITIES = ['public', 'private', 'committed'];

export function compileCommand(session: Session): Command {
  const command = new Command('compile')
    .description('compile an ONNX model into a circuit, with an accuracy report')
    .argument('<model>', 'the model.onnx')
    .requiredOption('-o, --out <folder>', 'artifact folder to write, as artifacts/NAME')
    .option('--calibrate <data>', "real inputs, in any format that prove's --in takes")
    .option('--domain <range>', 'values inputs may take: LO..HI or name=LO..HI (repeatable)', collectDomain)
    .option('--tolerance <part>', "worst error, as a part of the output's largest magnitude (default 0.005)", parsePart)
    .option('--bits <n>', 'bits of activations (default: the fewest within the tolerance)', integerIn('--bits', 2, 24))
    .addOption(
      choice(
        '--overflow <what>',
        'outside the calibrated range: saturate (default; the proof says so), reject (no proof), or never (refused unless no input of the domain gets there)',
        OVERFLOWS,
      ),
    )
    .addOption(choice('--input <visibility>', 'public (default), private or committed', VISIBILITIES))
    .addOption(choice('--output <visibility>', 'public (default), private or committed', VISIBILITIES))
    .option('--input-shape <shape>', 'fixes symbolic dimensions: name=1,1,28,28 (repeatable)', collectShape)
    .addOption(
      choice('--softmax <where>', 'a final softmax: in the circuit (default) or left to the reader', [
        'circuit',
        'reader',
      ]),
    )
    .option('--labels <names>', 'names of the classes: a,b,c or @file with one a line')
    .option('--name <text>', "the model's name, for keys and whoever reads them", labelText('--name'))
    .option('--model-version <text>', "the model's version, in your words", labelText('--model-version'))
    .option('--card <link>', "a link to the model's card, or a digest of it", labelText('--card'))
    .addOption(
      choice(
        '--protocol <name>',
        'mirage (default): 320 bytes that a contract checks; groth16, for snarkjs and its kin; or clear: no setup, larger proofs',
        PROTOCOLS,
      ),
    )
    .option(
      '--force',
      'remove keys of another circuit, and replace files that are no artifact’s; without it they are an error',
    );
  return pictureOptions(command)
    .addHelpText(
      'after',
      examples([
        [
          'zkonnx compile iris.onnx -o artifacts/iris --calibrate iris.csv --labels setosa,versicolor,virginica',
          'features',
        ],
        ['zkonnx compile mnist.onnx -o artifacts/mnist --calibrate digits/ --image-range 255', 'pictures'],
        ['zkonnx compile acasxu.onnx -o artifacts/acasxu --domain -1..1', 'a declared range of values'],
        ['zkonnx compile fraud.onnx -o artifacts/fraud --calibrate rows.npz --input committed', 'inputs kept secret'],
        [
          'zkonnx compile iris.onnx -o artifacts/iris --calibrate iris.csv --protocol groth16',
          'keys, witnesses and proofs for snarkjs',
        ],
      ]),
    )
    .action(session.action((model: string, flags: CompileFlags) => run(session, model, flags)));
}

async function run(session: Session, modelPath: string, flags: CompileFlags): Promise<Outcome> {
  const { compile } = await import('../../compile/compile.js');
  const { requireKeysOf, writeArtifact } = await import('../../compile/artifact.js');
  const { claimArtifact, kindOf } = await import('../output-file.js');
  const { ArtifactLock } = await import('../../formats/artifact-lock.js');
  const { force } = flags;
  const { signal } = session;
  const labels = flags.labels?.startsWith('@') === true ? [flags.labels.slice(1)] : [];
  const from = [...labels, ...(flags.calibrate === undefined ? [] : [flags.calibrate])];
  await claimArtifact(flags.out, modelPath, from, force);
  // Of a folder that is there yet: nobody makes keys of what is about to be replaced, and nobody is refused after the work.
  const isThere = (await kindOf(flags.out)) === 'folder';
  await using lock = isThere ? await ArtifactLock.take(flags.out, 'compile', { signal }) : undefined;
  if (force !== true) await requireKeysOf(flags.out, modelPath, flags);
  const options = await compileOptions(session, modelPath, flags, signal);
  const progress = await startProgress(session, 'compile');
  try {
    const compiled = await compile(modelPath, { ...options, signal, onProgress: (update) => progress.update(update) });
    const keys = await writeArtifact(flags.out, compiled, modelPath, { signal, force, lock });
    progress.stop();
    if (keys.removed.length > 0) session.log(`removed, they are of another circuit: ${keys.removed.join(', ')}`);
    if (keys.kept.length > 0) session.log(`kept, they are of this circuit: ${keys.kept.join(', ')}`);
    return outcome(flags.out, compiled, keys);
  } finally {
    progress.stop();
  }
}

/** Reads what the flags name: labels, and the calibration data by the inputs that the model itself declares. */
async function compileOptions(
  session: Session,
  modelPath: string,
  flags: CompileFlags,
  signal: AbortSignal,
): Promise<CompileOptions> {
  const { tolerance, bits, overflow, softmax, input, output, inputShape, protocol } = flags;
  const specs = await modelInputs(modelPath, inputShape);
  const image = await picturesRead(flags, specs);
  // Calibration data are inputs too: what a proof will hide is not quoted.
  const quoted = specs.map((spec) => ({ ...spec, visibility: input ?? 'public' }));
  const samples =
    flags.calibrate === undefined ? undefined : await calibration(session, flags.calibrate, quoted, image, signal);
  const options = {
    tolerance,
    bits,
    overflow,
    softmax,
    input,
    output,
    protocol,
    inputShapes: inputShape,
    domain: flags.domain === undefined ? undefined : domainsByName(flags.domain, specs),
    about: aboutModel(flags),
    labels: flags.labels === undefined ? undefined : await readLabels(flags.labels),
    image,
    samples,
  };
  // Only what was given: compile says which defaults it took.
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as CompileOptions;
}

function aboutModel({ name, modelVersion: version, card }: CompileFlags): CompileOptions['about'] {
  const said = Object.entries({ name, version, card }).filter(([, text]) => text !== undefined);
  return said.length === 0 ? undefined : Object.fromEntries(said);
}

async function modelInputs(modelPath: string, inputShapes: Shapes | undefined): Promise<InputSpec[]> {
  const { readBounded } = await import('../../inputs/files.js');
  const { MAX_MODEL_BYTES } = await import('../../formats/onnx-proto.js');
  const { importModel } = await import('../../compile/onnx/import.js');
  const { dirname } = await import('node:path');
  const bytes = await readBounded(modelPath, MAX_MODEL_BYTES);
  const { graph } = importModel(bytes, {
    externalDir: dirname(modelPath),
    ...(inputShapes === undefined ? {} : { inputShapes }),
  });
  const byName = new Map(graph.nodes.map((node) => [node.name, node]));
  return graph.inputs.map((name) => {
    const { dims, dtype } = byName.get(name)!;
    return { name, dims, dtype };
  });
}

async function calibration(
  session: Session,
  data: string,
  specs: readonly InputSpec[],
  image: CompileOptions['image'],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Float64Array>[]> {
  const { samplesOf } = await import('../input-files.js');
  const samples = [];
  for await (const { tensors } of samplesOf(session, data, { specs, options: image === undefined ? {} : { image } })) {
    throwIfAborted(signal, 'the compilation');
    samples.push(tensors);
  }
  return samples;
}

/** A range without a name is for every input that has none of its own. */
function domainsByName(domains: Domains, specs: readonly InputSpec[]): Domains {
  const names = specs.map(({ name }) => name);
  const unknown = [...domains.keys()].find((name) => name !== '' && !names.includes(name));
  if (unknown !== undefined) throw usage('--domain names no input of the model', names.join(', '), unknown);
  const common = domains.get('');
  return new Map(
    names.flatMap((name) => {
      const range = domains.get(name) ?? common;
      return range === undefined ? [] : [[name, range] as const];
    }),
  );
}

async function readLabels(given: string): Promise<string[]> {
  if (!given.startsWith('@')) return given.split(',').map((label) => label.trim());
  const { readBounded } = await import('../../inputs/files.js');
  const text = (await readBounded(given.slice(1), MAX_LABEL_BYTES)).toString('utf8');
  return text
    .replace(/^\ufeff/, '')
    .trimEnd()
    .split(/\r?\n/)
    .map((label) => label.trim());
}

const MAX_LABEL_BYTES = 2 ** 20;

const capital = (word: string): string => `${word[0]!.toUpperCase()}${word.slice(1)}`;

function outcome(artifact: string, { manifest, accuracy, timingsMs }: CompiledModel, keys: ArtifactKeys): Outcome {
  const { circuit, model, quantisation, layers, notes, protocol } = manifest;
  const { publicInputs } = circuit;
  const rows = accuracy.outputs.map(({ name, maxAbsError, meanAbsError, magnitude }) => [
    name,
    `worst ${real(maxAbsError)}`,
    `mean ${real(meanAbsError)}`,
    `worst is ${percent(maxAbsError / (magnitude || 1))} of the largest value ${real(magnitude)}`,
  ]);
  const numbers = manifest.accuracy === undefined ? '' : `\n${accuracyTable(manifest.accuracy)}`;
  const agreement = accuracy.topAgreement === undefined ? '' : `, same top class in ${percent(accuracy.topAgreement)}`;
  const text =
    `${artifact}: ${figuresLine(manifest)}, ${publicInputs} public signals (${protocol}, ` +
    `${quantisation.bits}-bit activations) in ${timings(timingsMs)}` +
    `\n\n${capital(layerUnit(protocol))} by layer\n${layerTable(layers)}` +
    `\n\nAccuracy against ${accuracy.reference} on ${accuracy.samples} samples${agreement}\n${table(rows)}${numbers}` +
    section('Notes', notes);
  return {
    product: 'files',
    json: {
      artifact,
      ...figuresShown(manifest),
      publicInputs,
      protocol,
      model,
      circuitHash: circuit.hash,
      quantisation,
      layers,
      accuracy,
      notes,
      timingsMs,
      peakMemoryBytes: peakMemoryBytes(),
      keys,
    },
    text,
  };
}
