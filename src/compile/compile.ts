/** compile: an ONNX file and calibration data or a domain in; circuit, schema, manifest and accuracy report out. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../errors.js';
import { circuitHash } from '../formats/circuit-file.js';
import { MANIFEST_VERSION, type Manifest } from '../formats/manifest.js';
import { decodeModel, externalFiles, MAX_MODEL_BYTES } from '../formats/onnx-proto.js';
import type { Circuit } from '../prove/program.js';
import {
  publicCount,
  type ImagePreprocessing,
  type Protocol,
  type Schema,
  type Visibility,
} from '../verify/statement.js';
import { VERSION } from '../version.js';
import { accuracyReport, worstRelativeError, type AccuracyReport } from './accuracy.js';
import { assemble, assembleRounds, planRounds, type RoundsPlan } from './assemble.js';
import { Interpreter, verifyIr } from './ir/program.js';
import { withFacts } from './layer-facts.js';
import { importModel } from './onnx/import.js';
import { calibrate, type InputDomain, type RealValues, type Statistics } from './passes/calibrate.js';
import { inputDomains, inputNodes } from './passes/domains.js';
import { quantise, type QuantisedModel } from './passes/quantise.js';
import { simplify } from './passes/simplify.js';
import { takeReaders } from './passes/readers.js';
import { evaluateReal } from './real/evaluate.js';
import type { RealGraph } from './real/graph.js';
import { missingRuntime, openReference } from '../reference.js';
import { OWN_EVALUATION } from './own-reference.js';
import { makeSchema } from './schema.js';
import { Stopwatch } from '../stopwatch.js';

/** An inclusive range of real values. */
export interface Range {
  readonly lo: number;
  readonly hi: number;
}

/** What the model file does not say. Calibration samples, a domain, or both are needed; the rest has defaults. */
export interface CompileOptions {
  /** Calibration samples by input name: real values, as the model takes them. */
  readonly samples?: readonly RealValues[];
  /** Declared domain of every input, or of inputs by name. */
  readonly domain?: Range | ReadonlyMap<string, Range>;
  /** Worst error allowed on the calibration samples, as a part of the largest magnitude of the output. Default 0.005. */
  readonly tolerance?: number;
  /** Bits of activations; chosen by tolerance when absent. */
  readonly bits?: number;
  readonly overflow?: 'saturate' | 'reject';
  readonly input?: Visibility;
  readonly output?: Visibility;
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>;
  readonly softmax?: 'circuit' | 'reader';
  readonly labels?: readonly string[];
  readonly image?: ImagePreprocessing;
  /** `mirage` (default) has lookups and fewer constraints; `groth16` is every verifier's. */
  readonly protocol?: Protocol;
}

/** A circuit for a model, what its integers mean, and how far it is from the float model. */
export interface CompiledModel {
  readonly circuit: Circuit;
  readonly schema: Schema;
  readonly manifest: Manifest;
  readonly accuracy: AccuracyReport;
  /** Wall-clock milliseconds by stage. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/** And what of the compiler's own a test may look at. */
export interface CompiledInside extends CompiledModel {
  readonly quantised: QuantisedModel;
  readonly domains: ReadonlyMap<string, InputDomain>;
}

const DEFAULT_PROTOCOL: Protocol = 'mirage';
const DEFAULT_TOLERANCE = 0.005;
/** Activation widths tried in order: each costs about a constraint an activation more than the one before. */
const BIT_CHOICES = [8, 9, 10, 11, 12, 13, 14, 16];
/** Bits that activations may grow by so that no clamp is needed, tried for lookups, where width costs little. */
const GROWTH_CHOICES = [3, 6];
/** The width search looks at this many samples; the report at all. */
const SEARCH_SAMPLES = 48;
/** Samples drawn from a declared domain when no data is given. */
const DRAWN_SAMPLES = 64;

/** The imported and simplified model, before any choice of scale. */
export interface PreparedModel {
  readonly graph: RealGraph;
  readonly original: RealGraph;
  readonly readers: ReturnType<typeof takeReaders>['readers'];
  readonly notes: readonly string[];
  readonly opset: number;
  readonly producer: string;
}

/** Imports a model and simplifies it. Throws what `importModel` throws. */
export function prepare(
  bytes: Uint8Array,
  options: Pick<CompileOptions, 'inputShapes' | 'softmax'> & { readonly externalDir?: string } = {},
): PreparedModel {
  const { inputShapes, externalDir, softmax } = options;
  const imported = importModel(bytes, {
    ...(inputShapes === undefined ? {} : { inputShapes }),
    ...(externalDir === undefined ? {} : { externalDir }),
  });
  return prepareImported(imported, softmax ?? 'circuit');
}

export function prepareImported(
  { graph: imported, notes, model }: ReturnType<typeof importModel>,
  softmax: 'circuit' | 'reader',
): PreparedModel {
  const { graph: original, readers } = takeReaders(imported, softmax);
  return { graph: simplify(original), original, readers, notes, opset: model.opset, producer: model.producer };
}

/** Compiles the model at `modelPath`. Throws ZkonnxError for everything a user can mend; writes nothing. */
export async function compile(modelPath: string, options: CompileOptions = {}): Promise<CompiledModel> {
  const { circuit, schema, manifest, accuracy, timingsMs } = await compileInside(modelPath, options);
  return { circuit, schema, manifest, accuracy, timingsMs };
}

export async function compileInside(modelPath: string, options: CompileOptions = {}): Promise<CompiledInside> {
  const clock = new Stopwatch();
  const bytes = await readModel(modelPath);
  const prepared = prepare(bytes, { ...options, externalDir: path.dirname(modelPath) });
  clock.lap('import');

  const samples = calibrationSamples(prepared.graph, options);
  const statistics = calibrate(prepared.graph, samples);
  clock.lap('calibrate');

  const quantised = chooseBits(prepared, samples, statistics, options);
  const { domains } = quantised;
  clock.lap('quantise');

  const choice = { ...options, input: options.input ?? 'public', output: options.output ?? 'public' } as const;
  const schemaOf = (model: QuantisedModel): Schema =>
    makeSchema(prepared.graph, model, boundsOf(model), choice, prepared.readers);
  const protocol = options.protocol ?? DEFAULT_PROTOCOL;
  const { model, schema, circuit } =
    protocol === 'mirage'
      ? assembleMirage(quantised.variants, schemaOf)
      : assembleGroth16(quantised.variants[0]!, schemaOf);
  clock.lap('assemble');

  const { report, notes } = await measure(modelPath, prepared, model, domains, samples);
  clock.lap('accuracy');

  const manifest: Manifest = {
    formatVersion: MANIFEST_VERSION,
    tool: `zkonnx ${VERSION}`,
    protocol,
    model: {
      file: path.basename(modelPath),
      hash: await modelHash(bytes, path.dirname(modelPath)),
      opset: prepared.opset,
      producer: prepared.producer,
    },
    circuit: {
      hash: circuitHash(circuit.r1cs, circuit.rounds),
      constraints: circuit.r1cs.nConstraints,
      wires: circuit.r1cs.nWires,
      publicInputs: circuit.rounds?.publicValues ?? circuit.r1cs.nPubOut + circuit.r1cs.nPubIn,
      nonZeros: circuit.r1cs.a.wires.length + circuit.r1cs.b.wires.length + circuit.r1cs.c.wires.length,
    },
    quantisation: {
      bits: quantised.bits,
      overflow: options.overflow ?? 'saturate',
      tolerance: options.tolerance ?? DEFAULT_TOLERANCE,
      softmax: options.softmax ?? 'circuit',
    },
    schema,
    layers: withFacts(circuit.layers, model),
    notes: [...prepared.notes, ...defaultsTaken(options, domains), ...model.notes, ...notes],
  };
  return {
    circuit,
    schema,
    manifest,
    accuracy: report,
    timingsMs: clock.timings(),
    quantised: model,
    domains,
  };
}

interface Assembled {
  readonly model: QuantisedModel;
  readonly schema: Schema;
  readonly circuit: Circuit;
}

function assembleGroth16(quantise: () => QuantisedModel, schemaOf: (model: QuantisedModel) => Schema): Assembled {
  const model = quantise();
  verifyIr(model.ir);
  const schema = schemaOf(model);
  return { model, schema, circuit: assemble(model.ir, schema) };
}

/** The variant with the fewest rows. Throws USAGE where nothing is public: there would be nothing to draw challenges for. */
function assembleMirage(
  variants: readonly (() => QuantisedModel)[],
  schemaOf: (model: QuantisedModel) => Schema,
): Assembled {
  let best: { model: QuantisedModel; schema: Schema; plan: RoundsPlan } | undefined;
  for (const quantise of variants) {
    const model = quantise();
    verifyIr(model.ir);
    const schema = schemaOf(model);
    const { outputs, inputs } = publicCount(schema);
    if (outputs + inputs === 0) {
      throw new ZkonnxError('USAGE', 'nothing of the model is public or committed: a proof would say nothing', {
        expected: 'an input or output that is public or committed',
        help: 'use --input committed or --output public',
      });
    }
    const plan = planRounds(model.ir, schema);
    if (best === undefined || plan.rows < best.plan.rows) best = { model, schema, plan };
  }
  const { model, schema, plan } = best!;
  return { model, schema, circuit: assembleRounds(model.ir, schema, plan) };
}

/** SHA-256 of the ONNX file and, behind it, of its external data files in the order of their locations. */
async function modelHash(bytes: Uint8Array, externalDir: string): Promise<string> {
  const hash = createHash('sha256').update(bytes);
  for (const { file } of externalFiles(decodeModel(bytes), externalDir)) hash.update(await readFile(file));
  return `sha256:${hash.digest('hex')}`;
}

async function readModel(modelPath: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(modelPath);
    if (size > MAX_MODEL_BYTES) {
      throw new ZkonnxError('FILE_TOO_LARGE', 'the model file is too large', {
        expected: `at most ${MAX_MODEL_BYTES} bytes`,
        got: `${size}`,
        where: modelPath,
      });
    }
    return await readFile(modelPath);
  } catch (cause) {
    if (cause instanceof ZkonnxError) throw cause;
    throw new ZkonnxError('FILE_UNREADABLE', 'cannot read the model', {
      where: modelPath,
      got: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
}

function elementCount(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

function domainFor(options: CompileOptions, name: string): Range | undefined {
  const { domain } = options;
  return domain instanceof Map ? (domain as ReadonlyMap<string, Range>).get(name) : (domain as Range | undefined);
}

/** The given samples, checked against the inputs' shapes and domains; or uniform ones drawn from the declared domain. */
function calibrationSamples(graph: RealGraph, options: CompileOptions): readonly RealValues[] {
  const nodes = inputNodes(graph);
  if (options.samples !== undefined && options.samples.length > 0) {
    options.samples.forEach((sample, s) => {
      for (const node of nodes) checkSample(sample.get(node.name), node, s, domainFor(options, node.name));
    });
    return options.samples;
  }
  const random = lehmer(20261121);
  return Array.from({ length: DRAWN_SAMPLES }, () => {
    const sample = new Map<string, Float64Array>();
    for (const node of nodes) {
      const range = domainFor(options, node.name);
      if (range === undefined) {
        throw new ZkonnxError('CALIBRATION_INVALID', 'nothing says which values an input takes', {
          expected: '--calibrate DATA and/or --domain LO..HI',
          where: `input ${node.name}`,
          help: 'give some real inputs (best), or the range of values the model will ever see',
        });
      }
      const values = Float64Array.from(
        { length: elementCount(node.dims) },
        () => range.lo + (range.hi - range.lo) * random(),
      );
      sample.set(node.name, values);
    }
    return sample;
  });
}

function checkSample(
  values: Float64Array | undefined,
  node: { readonly name: string; readonly dims: readonly number[] },
  index: number,
  range: Range | undefined,
): void {
  const where = `calibration sample ${index}, input ${node.name}`;
  if (values?.length !== elementCount(node.dims)) {
    throw new ZkonnxError('CALIBRATION_INVALID', 'a calibration sample has the wrong shape', {
      expected: `[${node.dims.join(', ')}], ${elementCount(node.dims)} values`,
      got: values === undefined ? 'nothing' : `${values.length} values`,
      where,
    });
  }
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) {
      throw new ZkonnxError('CALIBRATION_INVALID', 'a calibration value is not finite', {
        got: String(value),
        where: `${where}, element ${i}`,
      });
    }
    if (range !== undefined && (value < range.lo || value > range.hi)) {
      throw new ZkonnxError('CALIBRATION_INVALID', 'a calibration value lies outside the declared domain', {
        expected: `${range.lo}..${range.hi}`,
        got: String(value),
        where: `${where}, element ${i}`,
        help: 'widen --domain, or take the sample out',
      });
    }
  });
}

/** Park–Miller generator: calibration drawn from a domain must be the same on every machine, and proves nothing. */
function lehmer(seed: number): () => number {
  let state = seed % 2147483647;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/**
 * Tries activation widths from the cheapest until the worst error on the samples is within the tolerance; if none is, once more with
 * finer inputs.
 */
function chooseBits(
  prepared: PreparedModel,
  samples: readonly RealValues[],
  statistics: ReadonlyMap<string, Statistics>,
  options: CompileOptions,
): {
  /** At these bits, the first without growth; see GROWTH_CHOICES. */
  readonly variants: readonly (() => QuantisedModel)[];
  readonly bits: number;
  readonly domains: ReadonlyMap<string, InputDomain>;
} {
  const { graph, original } = prepared;
  const tolerance = options.tolerance ?? DEFAULT_TOLERANCE;
  const overflow = options.overflow ?? 'saturate';
  const given = options.samples === undefined ? [] : samples;
  const subset = samples.slice(0, SEARCH_SAMPLES);
  const references = subset.map((sample) => outputValues(original, sample));
  let best = Infinity;
  for (const fine of [false, true]) {
    const domains = inputDomains(graph, given, (name) => domainFor(options, name), fine);
    for (const bits of options.bits === undefined ? BIT_CHOICES : [options.bits]) {
      const model = quantise(graph, statistics, { bits, overflow, domains });
      const error = outputError(graph, model, domains, subset, references);
      best = Math.min(best, error);
      if (error > tolerance) continue;
      const grown = GROWTH_CHOICES.map(
        (growth) => () => quantise(graph, statistics, { bits, overflow, domains, growth }),
      );
      return { variants: [() => model, ...(overflow === 'saturate' ? grown : [])], bits, domains };
    }
  }
  throw new ZkonnxError('TOLERANCE_UNREACHABLE', 'the integer program misses the tolerance', {
    expected: `worst error at most ${percent(tolerance)} of the output's largest magnitude`,
    got: `${percent(best)}${options.bits === undefined ? ` with up to ${BIT_CHOICES.at(-1)} bits` : ` with ${options.bits} bits`}`,
    help: 'raise --bits or --tolerance, or calibrate on data the model was trained for',
  });
}

/** Worst relative error of the integer program's outputs over the samples. */
function outputError(
  graph: RealGraph,
  model: QuantisedModel,
  domains: ReadonlyMap<string, InputDomain>,
  samples: readonly RealValues[],
  references: readonly RealValues[],
): number {
  const report = accuracyReport({
    model,
    interpreter: new Interpreter(model.ir),
    domains,
    layers: [],
    outputs: graph.outputs.map(({ name, node }) => ({ name, node, op: '' })),
    samples,
    floats: () => new Map(),
    references: (s) => references[s]!,
    reference: 'float64',
  });
  return worstRelativeError(report);
}

function percent(part: number): string {
  return `${(100 * part).toPrecision(3)} %`;
}

function outputValues(graph: RealGraph, sample: RealValues): RealValues {
  const values = evaluateReal(graph, sample);
  return new Map(graph.outputs.map(({ name, node }) => [name, values.get(node)!]));
}

function boundsOf(model: QuantisedModel): (name: string) => Range {
  return (name) => model.bounds.get(name)!;
}

/** The full report, against onnxruntime where it is installed. */
async function measure(
  modelPath: string,
  prepared: PreparedModel,
  model: QuantisedModel,
  domains: ReadonlyMap<string, InputDomain>,
  samples: readonly RealValues[],
): Promise<{ readonly report: AccuracyReport; readonly notes: readonly string[] }> {
  const { graph, original, readers } = prepared;
  // An output whose softmax is left to the reader has no float twin in the file: our own evaluation of the logits is the judge.
  const runtime = readers.size > 0 ? undefined : await openReference(modelPath, inputNodes(original));
  const references: RealValues[] = [];
  for (const sample of samples)
    references.push(runtime === undefined ? outputValues(original, sample) : await runtime.run(sample));
  await runtime?.close();
  const computed = graph.nodes.filter((node) => node.op.kind !== 'input' && node.op.kind !== 'constant');
  const origin = new Map(graph.nodes.map((node) => [node.name, node.origin]));
  const report = accuracyReport({
    model,
    interpreter: new Interpreter(model.ir),
    domains,
    layers: computed.map((node) => ({ node: node.name, op: node.origin })),
    outputs: graph.outputs.map(({ name, node }) => ({ name, node, op: origin.get(node)! })),
    samples,
    floats: (s) => evaluateReal(graph, samples[s]!),
    references: (s) => references[s]!,
    reference: runtime?.name ?? OWN_EVALUATION,
  });
  return { report, notes: runtime === undefined && readers.size === 0 ? [await missingRuntime()] : [] };
}

/** What the user did not say and what was taken, in sentences. */
function defaultsTaken(options: CompileOptions, domains: ReadonlyMap<string, InputDomain>): string[] {
  const notes: string[] = [];
  if (options.input === undefined) notes.push('input is public (default): every proof shows the input values');
  if (options.output === undefined) notes.push('output is public (default)');
  if (options.input === 'private') {
    notes.push('input is private and not committed: a proof says only that SOME input in the domain gives the output');
  }
  if (options.overflow === undefined)
    notes.push('overflow is saturate (default): every input in the domain is provable');
  for (const [name, { min, max, bits, source }] of domains) {
    if (source === 'grid') notes.push(`input ${name}: 8-bit data recognised, ${min} to ${max}, exact`);
    if (source === 'calibration') {
      notes.push(
        `input ${name}: domain ${min} to ${max} from the calibration data and a margin of a quarter (${bits} bits); state it with --domain`,
      );
    }
  }
  if (options.samples === undefined)
    notes.push(`no calibration data: ${DRAWN_SAMPLES} uniform samples of the declared domain stand in for it`);
  return notes;
}
