/** artifacts/NAME/manifest.json: what was compiled, from what, by what, and how its inputs and outputs read. */
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { parseJsonFile } from '../base/strict-json.js';
import { unsupportedProtocol, writtenNames } from '../base/unsupported.js';
import { excerpt, isObject } from '../verify/json.js';
import { FORMAT_VERSIONS, isFormatVersion, type ModelLabels } from '../verify/key.js';
import type { FormatVersion } from '../verify/schema.js';
import { isProtocol, OVERFLOWS, PROTOCOLS, type Overflow, type Protocol, type Schema } from '../verify/statement.js';
import {
  count,
  integer,
  list,
  nullable,
  number,
  numbers,
  object,
  oneOf,
  optional,
  schema,
  text,
  tuple,
} from './manifest-fields.js';
import type { Check, Fields } from './manifest-fields.js';
import { readRegular } from './regular-file.js';

/** What this build writes; it reads the earlier ones too. */
export const MANIFEST_VERSION = 2;
const MAX_MANIFEST_BYTES = 64 * 2 ** 20;

/** A layer of a circuit: what it costs and, where it is a tensor, its bounds and scale. */
export interface LayerCost {
  readonly name: string;
  readonly op: string;
  /** Rows, of a protocol with rows. */
  readonly constraints?: number;
  /** Committed integers, of a protocol of cells. */
  readonly cells?: number;
  readonly dims?: readonly number[];
  /** Proven inclusive integer bounds over all elements. */
  readonly lo?: number;
  readonly hi?: number;
  /** real = integer·scale + offset. */
  readonly scale?: number;
  readonly offset?: number;
  /** Declared error of a function's table, in real units: for arguments in the table's range. */
  readonly error?: number;
}

/**
 * Every number that calibration chose, and every choice of the caller's that the rest of the manifest does not have: with these the circuit is
 * a function of the model. Lists of pairs, because a tensor may have any name.
 */
export interface CompileChoices {
  /** Bits that activations may grow by before they are clamped. */
  readonly growth: number;
  /** Of every tensor of the real graph over the samples. */
  readonly statistics: readonly (readonly [tensor: string, min: number, max: number, mean: number, rms: number])[];
  /** Where the targets of tensors end that a search or bounds over the domain chose; others end at their statistics and headroom. */
  readonly ranges?: readonly (readonly [tensor: string, lo: number, hi: number])[];
  readonly domains: readonly InputDomainChoice[];
  /** Shapes that the model left open. */
  readonly inputShapes: readonly (readonly [input: string, dims: readonly number[]])[];
}

/**
 * How an input's real values become integers: q = round(x / scale + zeroPoint) ∈ [0, 2^bits − 1]. Scale and zero point are two numbers, or two
 * lists along the last axis.
 */
export interface InputDomainChoice {
  readonly input: string;
  readonly min: number;
  readonly max: number;
  readonly bits: number;
  readonly scale: number | readonly number[];
  readonly zeroPoint: number | readonly number[];
  /** Declared by the caller, a grid that all samples lie on, or what the samples showed and a margin. */
  readonly source: 'declared' | 'grid' | 'calibration';
  /** The ends as the caller declared them, at or within min and max: `run` and `prove` take no value beyond. */
  readonly declared?: readonly [lo: number, hi: number];
}

/**
 * How far an output of the integer program is from the float model: three numbers, each a part of the output's largest magnitude over the samples
 * (of an output that is 0 on all of them, as it is). What is called the stated error is `measured`.
 */
export interface OutputAccuracy {
  readonly name: string;
  readonly magnitude: number;
  /** Worst over all samples, and over those held out of all choices (null where none is). */
  readonly measured: number;
  readonly heldOut: number | null;
  /** Worst that a search over the domain found where no value is clamped; null where none was made. */
  readonly searched: number | null;
  /** Holds for every input in the domain where no value is clamped; null where there is no such bound. */
  readonly proven: number | null;
}

/** What accuracy.json says in full: shown, not proven by any key. */
export interface StatedAccuracy {
  /** Who computed the float values. */
  readonly reference: string;
  /** The onnxruntime that the imported model was held beside; null: not compared with onnxruntime. */
  readonly comparedWith: string | null;
  readonly source: 'given' | 'drawn';
  /** How many samples, how many of them were held out of all choices, and on how many a value was clamped. */
  readonly samples: number;
  readonly heldOut: number;
  readonly clamped: number;
  readonly outputs: readonly OutputAccuracy[];
}

/** What a circuit or relation amounts to, in the figures of its protocol (`FIGURES`). */
export interface Figures {
  /** Rows, wires, coefficients of the matrices. */
  readonly constraints?: number;
  readonly wires?: number;
  readonly nonZeros?: number;
  /** Integers that a proof commits to, and that the key does; lookups, rows of their tables, and all other equations between elements. */
  readonly cells?: number;
  readonly weights?: number;
  readonly lookups?: number;
  readonly tableRows?: number;
  readonly equations?: number;
}

/** Names of figures, which are the words they are shown by: all of a protocol, and those of a line, what layers cost first. */
interface FigureNames {
  readonly all: readonly (keyof Figures)[];
  readonly shown: readonly (keyof Figures)[];
}

export const FIGURES: { readonly [P in Protocol]: FigureNames } = {
  groth16: { all: ['constraints', 'wires', 'nonZeros'], shown: ['constraints', 'wires'] },
  mirage: { all: ['constraints', 'wires', 'nonZeros'], shown: ['constraints', 'wires'] },
  clear: {
    all: ['cells', 'weights', 'lookups', 'tableRows', 'equations'],
    shown: ['cells', 'weights', 'lookups'],
  },
};

/** manifest.json: what was compiled, from what, by what, and how its inputs and outputs read. */
export interface Manifest {
  readonly formatVersion: FormatVersion;
  readonly tool: string;
  readonly protocol: Protocol;
  /** Version of how models become circuits: with another the same choices may give another circuit. Not in formatVersion 1. */
  readonly lowering?: number;
  readonly model: {
    readonly file: string;
    readonly hash: string;
    readonly opset: number;
    readonly producer: string;
  } & ModelLabels;
  readonly circuit: {
    /** As in the verification key. */
    readonly hash: string;
    /** The constraints alone; not in formatVersion 1, whose `hash` is this. */
    readonly relation?: string;
    readonly publicInputs: number;
  } & Figures;
  readonly quantisation: {
    readonly bits: number;
    /** As it was chosen; the schema says `never` too where no value can be clamped. */
    readonly overflow: Overflow;
    readonly tolerance: number;
    readonly softmax: 'circuit' | 'reader';
  };
  readonly schema: Schema;
  /** Not in formatVersion 1, nor are the choices. */
  readonly schemaDigest?: string;
  readonly choices?: CompileChoices;
  /** Not in manifests of before the three numbers. */
  readonly accuracy?: StatedAccuracy;
  readonly layers: readonly LayerCost[];
  /** Defaults that were taken and what they mean, in sentences. */
  readonly notes: readonly string[];
}

/** The schema as this build writes it; one of formatVersion 1 says elsewhere what becomes of a value beyond its range. */
export function schemaOf({ formatVersion, schema, quantisation }: Manifest): Schema {
  return formatVersion === 1 ? { ...schema, overflow: quantisation.overflow, clamped: false } : schema;
}
/** What each field must be, by version: the compiler holds the table complete. */
function fieldsOf(version: FormatVersion): Fields<Manifest> {
  // What formatVersion 1 does not have yet.
  const since2 = (check: Check): Check => (version === 1 ? optional(check) : check);
  return {
    formatVersion: integer,
    tool: text,
    protocol: oneOf(...PROTOCOLS),
    lowering: since2(count),
    model: object<Manifest['model']>({
      file: text,
      hash: text,
      opset: count,
      producer: text,
      name: optional(text),
      version: optional(text),
      card: optional(text),
    }),
    circuit: object<Manifest['circuit']>({
      hash: text,
      relation: since2(text),
      publicInputs: count,
      constraints: optional(count),
      wires: optional(count),
      nonZeros: optional(count),
      cells: optional(count),
      weights: optional(count),
      lookups: optional(count),
      tableRows: optional(count),
      equations: optional(count),
    }),
    quantisation: object<Manifest['quantisation']>({
      bits: count,
      overflow: oneOf(...OVERFLOWS),
      tolerance: number,
      softmax: oneOf('circuit', 'reader'),
    }),
    schema: schema(version),
    schemaDigest: since2(text),
    choices: since2(
      object<CompileChoices>({
        growth: count,
        statistics: list(tuple(text, number, number, number, number)),
        ranges: optional(list(tuple(text, number, number))),
        domains: list(
          object<InputDomainChoice>({
            input: text,
            min: number,
            max: number,
            bits: count,
            scale: numbers,
            zeroPoint: numbers,
            source: oneOf('declared', 'grid', 'calibration'),
            declared: optional(tuple(number, number)),
          }),
        ),
        inputShapes: list(tuple(text, list(count))),
      }),
    ),
    accuracy: optional(
      object<StatedAccuracy>({
        reference: text,
        comparedWith: nullable(text),
        source: oneOf('given', 'drawn'),
        samples: count,
        heldOut: count,
        clamped: count,
        outputs: list(
          object<OutputAccuracy>({
            name: text,
            magnitude: number,
            measured: number,
            heldOut: nullable(number),
            searched: nullable(number),
            proven: nullable(number),
          }),
        ),
      }),
    ),
    layers: list(
      object<LayerCost>({
        name: text,
        op: text,
        constraints: optional(count),
        cells: optional(count),
        dims: optional(list(count)),
        lo: optional(number),
        hi: optional(number),
        scale: optional(number),
        offset: optional(number),
        error: optional(number),
      }),
    ),
    notes: list(text),
  };
}

/** Files of an artifact folder. */
export function artifactPaths(dir: string) {
  return {
    manifest: path.join(dir, 'manifest.json'),
    circuit: path.join(dir, 'circuit.bin'),
    program: path.join(dir, 'program.bin'),
    accuracy: path.join(dir, 'accuracy.json'),
    model: path.join(dir, 'model.onnx'),
    verificationKey: path.join(dir, 'verification_key.json'),
  } as const;
}

/** What a protocol's proving key is called: the key itself, where proving takes one, and files that only make it load faster. */
interface ProvingKeyFiles {
  readonly file?: string;
  readonly stored: readonly string[];
}

/** The code of the weights of an artifact of protocol clear (src/prove/clear/stored-weights.ts), where it is worth storing. */
export const STORED_WEIGHTS = 'weights.clear';

export const PROVING_KEYS: { readonly [P in Protocol]: ProvingKeyFiles } = {
  groth16: { file: 'proving_key.zkey', stored: ['proving_key.zkey.kernels'] },
  mirage: { file: 'proving_key.mirage', stored: [] },
  // Proving takes the program and its weights alone.
  clear: { stored: [STORED_WEIGHTS] },
};

/** The artifact's own proving key; undefined for a protocol that has none. */
export function ownProvingKey(dir: string, protocol: Protocol): string | undefined {
  const { file } = PROVING_KEYS[protocol];
  return file === undefined ? undefined : path.join(dir, file);
}

/** Likewise, for what works with no other protocol. Throws PROTOCOL_UNSUPPORTED. */
export function provingKeyPath(dir: string, protocol: Protocol): string {
  const file = ownProvingKey(dir, protocol);
  if (file === undefined) throw unsupportedProtocol(protocol, 'proving key');
  return file;
}

/** What of an artifact's files is proven: a circuit of rows, or an integer program. */
export const PROGRAM_FILES: { readonly [P in Protocol]: 'circuit' | 'program' } = {
  groth16: 'circuit',
  mirage: 'circuit',
  clear: 'program',
};

/** circuit.bin. Throws PROTOCOL_UNSUPPORTED for an artifact of a protocol without rows. */
export function circuitPath(dir: string, protocol: Protocol): string {
  const file = PROGRAM_FILES[protocol];
  if (file !== 'circuit') throw unsupportedProtocol(protocol, 'circuit of constraints');
  return artifactPaths(dir)[file];
}

/** Every file that a setup of any protocol may have left in an artifact folder, the verification key first. */
export function keyPaths(dir: string): string[] {
  const names = writtenNames(PROVING_KEYS).flatMap((name) => {
    const { file, stored } = PROVING_KEYS[name];
    return file === undefined ? stored : [file, ...stored];
  });
  return [artifactPaths(dir).verificationKey, ...names.map((name) => path.join(dir, name))];
}

/** Reads and checks a manifest. Throws FILE_UNREADABLE, FILE_TOO_LARGE, ARTIFACT_INVALID, FORMAT_VERSION, PROTOCOL_UNSUPPORTED. */
export async function readManifest(dir: string): Promise<Manifest> {
  const file = artifactPaths(dir).manifest;
  let content: string;
  try {
    content = (await readRegular(file, MAX_MANIFEST_BYTES)).toString('utf8');
  } catch (cause) {
    if (cause instanceof ZkonnxError && cause.code === 'FILE_TOO_LARGE') throw cause;
    throw new ZkonnxError('FILE_UNREADABLE', 'cannot read the artifact', {
      where: file,
      help: 'name the folder that `zkonnx compile … -o FOLDER` wrote',
      cause,
    });
  }
  const help = 'use the version of zkonnx that wrote it, or compile again';
  const manifest = parseJsonFile('ARTIFACT_INVALID', 'the manifest', content, { where: file, help: 'compile again' });
  const { formatVersion, protocol }: Record<string, unknown> = isObject(manifest) ? manifest : {};
  if (!isFormatVersion(formatVersion)) {
    throw new ZkonnxError('FORMAT_VERSION', 'the artifact has an unknown format version', {
      expected: FORMAT_VERSIONS.join(' or '),
      got: formatVersion === undefined ? 'none' : excerpt(formatVersion),
      where: file,
      help,
    });
  }
  if (protocol !== undefined && !isProtocol(protocol)) {
    throw new ZkonnxError('ARTIFACT_INVALID', 'the manifest names an unknown protocol', {
      expected: PROTOCOLS.join(' or '),
      got: excerpt(protocol),
      where: file,
      help,
    });
  }
  object(fieldsOf(formatVersion))(manifest, '', file);
  const whole = manifest as Manifest;
  // A protocol that is not written yet is refused here, before anything is believed of its artifact.
  for (const name of FIGURES[whole.protocol].all) count(whole.circuit[name], `circuit.${name}`, file);
  return whole;
}
