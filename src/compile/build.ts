/** From all that choices are made by to the circuit with the fewest rows that is within the tolerance. */
import { ZkonnxError } from '../base/errors.js';
import { worstOutput, type AccuracyReport } from './accuracy.js';
import { evaluationWork } from './bounds/gradient.js';
import type { ChoiceInputs } from './choice-inputs.js';
import { BitChoice, type Choice } from './choose-bits.js';
import { measuring } from './measure.js';
import { DEFAULT_OVERFLOW, protocolOf } from './options.js';
import { overflowModes } from './passes/overflow.js';
import { assemblies, type Assembled } from './protocols.js';
import { boundedRanges, isDeclared } from './ranges.js';
import { schemaMaker } from './schema.js';
import type { Stages } from './stages.js';

/** Multiply-adds of the models that are compiled both ways: whose second way is worth waiting for. */
const BOTH_WAYS = 2 ** 18;

/**
 * Ranges that values may leave, with clamps; or ranges by bounds over the domain, which no value leaves and which need none: whichever takes
 * fewer rows. The second is more bits and says more. Throws what the first throws.
 */
export async function cheapest(stages: Stages, inputs: ChoiceInputs): Promise<Built> {
  const usual = await building(stages, inputs);
  const { prepared, options } = inputs;
  const { beyond, grows } = overflowModes[options.overflow ?? DEFAULT_OVERFLOW];
  const isOpen = beyond === 'counted' && grows && usual.assembled.schema.clamped === true && options.bits === undefined;
  if (!isOpen || !isDeclared(prepared.graph, options) || evaluationWork(prepared.graph) > BOTH_WAYS) return usual;
  const staying = await stayingBuild(stages, inputs);
  if (staying === undefined || costOf(staying) >= costOf(usual)) return usual;
  const note = `ranges by bounds over the domain, which no value leaves, take ${costOf(staying)} ${usual.assembled.product.unit}; clamps would take ${costOf(usual)}`;
  return { ...staying, notes: [note] };
}

/** Undefined where bounds cannot be had, or not within the tolerance. */
async function stayingBuild(stages: Stages, inputs: ChoiceInputs): Promise<Built | undefined> {
  const { prepared, samples, options } = inputs;
  const { statistics } = boundedRanges(prepared.graph, samples, inputs.statistics, options);
  try {
    return await building(stages, { ...inputs, statistics, options: { ...options, overflow: 'never' } });
  } catch (error) {
    if (error instanceof ZkonnxError && REFUSALS.has(error.code)) return undefined;
    throw error;
  }
}

const REFUSALS: ReadonlySet<string> = new Set(['BOUND_OVERFLOW', 'TOLERANCE_UNREACHABLE', 'CALIBRATION_INVALID']);

function costOf({ assembled }: Built): number {
  return assembled.product.cost;
}

/** A circuit, and all that decided it. */
export interface Built {
  /** As `cheapest` was given them, or with the ranges and the mode of overflow that it found cheaper. */
  readonly inputs: ChoiceInputs;
  /** For the user, in sentences. */
  readonly notes: readonly string[];
  readonly choice: Choice;
  readonly assembled: Assembled;
  readonly accuracy: AccuracyReport;
}

/** The circuit of the cheapest program that is within the tolerance on all samples; a variant that is not is left out, and then the width. */
async function building(stages: Stages, inputs: ChoiceInputs): Promise<Built> {
  const { prepared, options, samples, judgement } = inputs;
  const { assemble } = assemblies[protocolOf(options)];
  const search = new BitChoice(inputs);
  for (;;) {
    const choice = await stages.run('quantise', search.choosing());
    const { bits, domains } = choice;
    for (let { variants } = choice; variants.length > 0;) {
      const assembled = await stages.run('assemble', assemble(variants, schemaMaker(prepared, options)));
      const { model, growth } = assembled;
      const accuracy = await stages.run('accuracy', measuring(prepared, model, domains, samples, judgement));
      const errors = worstOutput(accuracy);
      if (errors.worst <= search.tolerance) return { inputs, choice, assembled, accuracy, notes: [] };
      search.missed({ bits, model, domains, errors });
      variants = variants.filter((variant) => variant.growth !== growth);
    }
  }
}
