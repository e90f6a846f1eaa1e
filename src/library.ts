/** The library's functions about compiling, with what users may rely on in their signatures and nothing of the compiler's insides. */
import { ZkonnxError } from './base/errors.js';
import { compile as compileModel, type CompiledModel as CompiledInside } from './compile/compile.js';
import { writeArtifact as write, type ArtifactKeys, type WriteArtifactOptions } from './compile/artifact.js';
import type { AccuracyReport } from './compile/accuracy.js';
import type { CompileOptions } from './compile/options.js';
import type { StageOptions } from './compile/stages.js';
import type { Manifest } from './formats/manifest.js';
import type { Schema } from './verify/statement.js';

/** A model compiled to a circuit: what its integers mean, and how far they are from the float model. `writeArtifact` takes it whole. */
export interface CompiledModel {
  readonly schema: Schema;
  readonly manifest: Manifest;
  readonly accuracy: AccuracyReport;
  /** Milliseconds by stage, and `total`. */
  readonly timingsMs: Readonly<Record<string, number>>;
}

/**
 * Compiles a model, given by its path or by the bytes of its file; writes nothing. Bytes must hold the whole model: EXTERNAL_DATA_MISSING
 * where values lie in other files. Throws ABORTED once `signal` has fired, and ZkonnxError for everything a user can mend.
 */
export function compile(
  model: string | Uint8Array,
  options: CompileOptions & StageOptions = {},
): Promise<CompiledModel> {
  return compileModel(model, options);
}

/**
 * Writes the artifact into `dir`, which is made where it is missing; `model` is the path or the bytes that were compiled. What an artifact in the
 * folder had is replaced, keys are kept if circuit, model and schema are equal. Throws KEYS_EXIST where keys would go, ARTIFACT_LOCKED, OUTPUT_UNWRITABLE,
 * ABORTED, FILE_UNREADABLE, USAGE for what `compile` has not made: then the folder is as it was.
 */
export function writeArtifact(
  dir: string,
  compiled: CompiledModel,
  model: string | Uint8Array,
  options: WriteArtifactOptions = {},
): Promise<ArtifactKeys> {
  return write(dir, requireInside(compiled), model, options);
}

function requireInside(compiled: CompiledModel): CompiledInside {
  if ('product' in compiled) return compiled as CompiledInside;
  throw new ZkonnxError('USAGE', 'this is no compiled model', { expected: 'what `compile` resolves with, whole' });
}
