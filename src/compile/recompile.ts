/** Compiling again: from a model and a manifest's choices, without the data that calibration had, to the same circuit. */
import { ZkonnxError } from '../base/errors.js';
import type { Manifest } from '../formats/manifest.js';
import { elementCount, type Schema, type TensorSchema } from '../verify/statement.js';
import { LOWERING, readChoices } from './choices.js';
import { readingModel } from './model-file.js';
import type { CompileOptions } from './options.js';
import { poolOrders } from './passes/pools.js';
import { quantising } from './passes/quantise.js';
import type { RealGraph } from './real/graph.js';
import type { Product } from './product.js';
import { assemblies } from './protocols.js';
import { schemaMaker } from './schema.js';
import { Stages, type StageOptions } from './stages.js';

/** What a model and the choices of a manifest give. */
export interface Recompiled {
  readonly modelHash: string;
  readonly product: Product;
  readonly schema: Schema;
}

/**
 * The circuit and schema of a model, given by its path or bytes, by the choices that a manifest shows. Nothing of the manifest is believed but the
 * choices: which model they are applied to is the caller's. Throws NOT_COMPARABLE for a manifest of formatVersion 1, which shows no choices, and
 * for one of another lowering; ARTIFACT_INVALID for choices that fit no such model; and what `compile` throws.
 */
export async function recompile(
  model: string | Uint8Array,
  manifest: Manifest,
  stageOptions: StageOptions = {},
): Promise<Recompiled> {
  const { choices, lowering, protocol, quantisation } = manifest;
  if (choices === undefined || lowering !== LOWERING) throw notComparable(manifest);
  const { statistics, domains, inputShapes } = readChoices(choices);
  const { bits, overflow, softmax } = quantisation;
  const options: CompileOptions = { protocol, overflow, softmax, inputShapes, ...ioOptions(manifest.schema) };
  const stages = new Stages(stageOptions);
  const { source, prepared } = await stages.run('import', readingModel(model, options));
  requireShownSizes(prepared.graph, manifest.schema);
  const { growth } = choices;
  const variant = {
    growth,
    quantise: () =>
      quantising(prepared.graph, statistics, { bits, overflow, domains, growth, poolOrder: poolOrders[protocol] }),
  };
  const { assemble } = assemblies[protocol];
  const { product, schema } = await stages.run('assemble', assemble([variant], schemaMaker(prepared, options)));
  return { modelHash: source.hash, product, schema };
}

/** Shapes that the model leaves open decide how much work compiling is: they are not larger than what the schema shows. Throws ARTIFACT_INVALID. */
function requireShownSizes({ nodes, inputs }: RealGraph, { inputs: shown }: Schema): void {
  for (const name of inputs) {
    const dims = nodes.find((node) => node.name === name)?.dims ?? [];
    const tensor = shown.find((candidate) => candidate.name === name);
    if (tensor === undefined || elementCount(dims) <= elementCount(tensor.dims)) continue;
    throw new ZkonnxError('ARTIFACT_INVALID', 'the manifest’s choices make an input larger than its schema shows', {
      expected: `[${tensor.dims.join(', ')}]`,
      got: `[${dims.join(', ')}]`,
      where: `choices.inputShapes, ${JSON.stringify(name)}`,
      help: 'the manifest was edited: compile the model again',
    });
  }
}

/** What of a schema the caller of compile chose. */
function ioOptions({ inputs, outputs }: Schema): Pick<CompileOptions, 'input' | 'output' | 'labels' | 'image'> {
  const [input, output] = [inputs[0], outputs[0]];
  const labels = outputs.find((tensor) => tensor.labels !== undefined)?.labels;
  const image = inputs.find((tensor: TensorSchema) => tensor.image !== undefined)?.image;
  return {
    ...(input === undefined ? {} : { input: input.visibility }),
    ...(output === undefined ? {} : { output: output.visibility }),
    ...(labels === undefined ? {} : { labels }),
    ...(image === undefined ? {} : { image }),
  };
}

function notComparable({ formatVersion, tool, lowering }: Manifest): ZkonnxError {
  return new ZkonnxError('NOT_COMPARABLE', 'the artifact cannot be compared here', {
    expected: `an artifact whose choices are shown and whose models become circuits as this version's do (lowering ${LOWERING})`,
    got:
      formatVersion === 1
        ? 'an artifact of formatVersion 1, which shows no choices'
        : `lowering ${lowering ?? 'none'} of ${tool}`,
    help: `use the version that compiled it (${tool}); that it cannot be compared says nothing against it`,
  });
}
