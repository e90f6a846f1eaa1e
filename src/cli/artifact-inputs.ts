/** How the inputs of an artifact are read from files: as its schema says, pictures as compile recorded it. */
import type { ReadOptions } from '../inputs/samples.js';
import type { InputSpec } from '../inputs/tensor.js';
import type { Schema } from '../verify/statement.js';

export interface ArtifactInputs {
  readonly specs: readonly InputSpec[];
  readonly options: ReadOptions;
}

export function artifactInputs(schema: Schema): ArtifactInputs {
  const image = schema.inputs.find((input) => input.image !== undefined)?.image;
  return { specs: schema.inputs, options: image === undefined ? {} : { image } };
}
