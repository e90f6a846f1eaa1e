/** How the inputs of an artifact are read from files: as its schema says, pictures as compile recorded it or as the flags say. */
import type { ReadOptions } from '../inputs/samples.js';
import type { InputSpec } from '../inputs/tensor.js';
import { canonicalJson } from '../verify/json.js';
import type { Schema } from '../verify/statement.js';
import { usage } from './options.js';
import { picturesRead } from './picture-flags.js';
import type { PictureFlags } from './picture-flags.js';

export interface ArtifactInputs {
  readonly specs: readonly InputSpec[];
  readonly options: ReadOptions;
}

/** Throws USAGE for flags that contradict what compile recorded. */
export async function artifactInputs({ inputs }: Pick<Schema, 'inputs'>, flags: PictureFlags): Promise<ArtifactInputs> {
  const recorded = inputs.find(({ image }) => image !== undefined)?.image;
  const given = await picturesRead(flags, inputs);
  if (recorded !== undefined && given !== undefined && canonicalJson(recorded) !== canonicalJson(given)) {
    throw usage(
      'the artifact was compiled for pictures that are read otherwise',
      canonicalJson(recorded),
      canonicalJson(given),
      'leave the --image-… flags away: how it reads pictures is recorded',
    );
  }
  const image = recorded ?? given;
  return { specs: inputs, options: image === undefined ? {} : { image } };
}
