/** The width of activations: the least within the tolerance, on all samples. */
import { ZkonnxError } from '../base/errors.js';
import { part, type Work } from '../base/work.js';
import { checkingOutputs, magnitudesOf, type OutputCheck, type OutputErrors } from './accuracy.js';
import { DrawnOutputs } from './bounds/drawn-outputs.js';
import { chosenBy, isHeldOut } from './calibration-samples.js';
import type { ChoiceInputs } from './choice-inputs.js';
import { DEFAULT_OVERFLOW, DEFAULT_TOLERANCE, domainFor, protocolOf } from './options.js';
import type { InputDomain } from './real/input-grid.js';
import { inputDomains } from './passes/domains.js';
import { neverObstacle } from './passes/never.js';
import { overflowModes, type OverflowMode } from './passes/overflow.js';
import { poolOrders } from './passes/pools.js';
import { quantising, type QuantisedModel } from './passes/quantise.js';
import type { Variant } from './protocols.js';
import { FEATURES } from './ranges.js';
import { inputElements, searchedWorst, SearchGate } from './search-gate.js';
import { missedTolerance, MOST_BITS, type Miss } from './tolerance.js';

/** Activation widths tried in order: each costs about a constraint an activation more than the one before. */
const BIT_CHOICES = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, MOST_BITS];
/** Bounds are far wider than values where no value may leave its range. */
const STAYING_BIT_CHOICES = [...BIT_CHOICES, 22, 24];
/** Bits that activations may grow by so that no clamp is needed, tried for lookups, where width costs little. */
const GROWTH_CHOICES = [3, 6];
/** A width is looked at on this many samples first, and on those that an earlier one missed; on all once it does for them. */
const FIRST_SAMPLES = 48;

export interface Choice {
  /** Programs of these bits, the first without growth; see GROWTH_CHOICES. The first is within the tolerance on all samples. */
  readonly variants: readonly Variant[];
  readonly bits: number;
  readonly domains: ReadonlyMap<string, InputDomain>;
}

interface Candidate {
  readonly fine: boolean;
  readonly bits: number;
}

/**
 * Tries activation widths from the cheapest until the worst error on the samples, held-out ones too, is within the tolerance; if none is, once more
 * with finer inputs. It goes on where it was: after a choice of which no variant will do, the next width is tried.
 */
export class BitChoice {
  readonly tolerance: number;
  private candidates: Candidate[];
  private readonly first: number[];
  private readonly magnitudes: ReadonlyMap<string, number>;
  private readonly mode: OverflowMode;
  private readonly floats: DrawnOutputs;
  private readonly gate: SearchGate<Choice>;
  private best: Miss | undefined;
  /** The first width that holds the tolerance on the samples. */
  private least: number | undefined;
  /** Why wider programs do not exist, where they do not. */
  private overflow: ZkonnxError | undefined;

  constructor(private readonly inputs: ChoiceInputs) {
    const { prepared, samples, judgement, options } = inputs;
    this.tolerance = options.tolerance ?? DEFAULT_TOLERANCE;
    this.mode = overflowModes[options.overflow ?? DEFAULT_OVERFLOW];
    const isSeen = !samples.drawn && inputElements(prepared.graph) > FEATURES;
    this.gate = new SearchGate(options.bits === undefined ? this.tolerance : Infinity, isSeen);
    this.floats = new DrawnOutputs(prepared.graph);
    const choices = this.mode.mustStay ? STAYING_BIT_CHOICES : BIT_CHOICES;
    const widths = options.bits === undefined ? choices : [options.bits];
    this.candidates = [false, true].flatMap((fine) => widths.map((bits) => ({ fine, bits })));
    const indices = samples.all.map((_, index) => index);
    this.first = indices.filter((index) => !isHeldOut(index, indices.length)).slice(0, FIRST_SAMPLES);
    this.magnitudes = magnitudesOf(judgement.outputs);
  }

  /** The next choice. Throws TOLERANCE_UNREACHABLE after the last one. Few models need more than two attempts, so each counts as half of what is left. */
  *choosing(): Work<Choice> {
    let done = 0;
    for (let candidate = this.candidates.shift(); candidate !== undefined; candidate = this.candidates.shift()) {
      const end = (done + 1) / 2;
      const choice = yield* part(this.attempting(candidate), done, end);
      if (choice !== undefined) return yield* this.kept(choice);
      done = end;
      if (!this.gate.isSpent) continue;
      if (candidate.fine) break;
      const from = this.gate.unpatterned?.bits ?? this.least!;
      this.candidates = this.candidates.filter(({ fine, bits }) => fine && bits >= from);
      this.gate.renew();
    }
    const fallback = this.gate.takeFallback();
    if (fallback !== undefined) return yield* this.kept(fallback);
    if (this.best === undefined && this.overflow !== undefined) throw this.overflow;
    throw missedTolerance(this.inputs, this.tolerance, this.best!, this.overflow);
  }

  /** A variant was chosen and missed the tolerance after all. */
  missed(miss: Miss): void {
    if (this.best === undefined || miss.errors.worst < this.best.errors.worst) this.best = miss;
  }

  /** Finer scales make larger integers: where they overflow, coarser programs that exist are the better ones to speak of. */
  private *attempting(candidate: Candidate): Work<Choice | undefined> {
    try {
      return yield* this.trying(candidate);
    } catch (error) {
      if (!(error instanceof ZkonnxError) || error.code !== 'BOUND_OVERFLOW') throw error;
      this.overflow ??= error;
      return undefined;
    }
  }

  private *trying({ fine, bits }: Candidate): Work<Choice | undefined> {
    const { prepared, samples, statistics, options } = this.inputs;
    const { graph } = prepared;
    const overflow = options.overflow ?? DEFAULT_OVERFLOW;
    const poolOrder = poolOrders[protocolOf(options)];
    const dtypes = new Map(graph.nodes.map(({ name, dtype }) => [name, dtype]));
    const declared = (name: string) => domainFor(options, { name, dtype: dtypes.get(name)! });
    const domains = inputDomains(graph, samples.drawn ? [] : samples.all, declared, fine);
    const model = yield* part(quantising(graph, statistics, { bits, overflow, domains, poolOrder }), 0, 0.4);
    const errors = yield* part(this.checking(model, domains), 0.4, 0.7);
    if (!(errors.worst <= this.tolerance)) {
      this.missed({ bits, model, domains, errors });
      return undefined;
    }
    this.least ??= bits;
    const searched = searchedWorst(graph, model, domains, {
      samples: samples.drawn ? [] : chosenBy(samples),
      magnitudes: this.magnitudes,
      limit: this.tolerance,
      floats: this.floats,
    });
    const worst = yield* part(searched, 0.7, 1);
    const mayGrow = this.mode.grows && model.exact.size < graph.nodes.length;
    const grown = GROWTH_CHOICES.map((growth): Variant => ({
      growth,
      quantise: () => quantising(graph, statistics, { bits, overflow, domains, growth, poolOrder }),
    }));
    const plain = { growth: 0, quantise: () => ready(model) };
    const variants = [plain, ...(mayGrow ? grown : [])];
    return this.gate.judge({ variants, bits, domains }, worst);
  }

  private *kept(choice: Choice): Work<Choice> {
    return this.mode.mustStay ? { ...choice, variants: yield* staying(choice.variants) } : choice;
  }

  /** On the first samples, then on all others. */
  private *checking(model: QuantisedModel, domains: ReadonlyMap<string, InputDomain>): Work<OutputErrors> {
    const { prepared, samples, judgement } = this.inputs;
    const { all } = samples;
    const check: OutputCheck = {
      model,
      domains,
      outputs: prepared.graph.outputs,
      samples: all,
      references: judgement.outputs,
      magnitudes: this.magnitudes,
    };
    const share = this.first.length / all.length;
    const first = yield* part(checkingOutputs(check, this.first, this.tolerance), 0, share);
    if (!(first.worst <= this.tolerance)) return first;
    const looked = new Set(this.first);
    const rest = all.map((_, index) => index).filter((index) => !looked.has(index));
    const later = yield* part(checkingOutputs(check, rest, this.tolerance), share, 1);
    if (!(later.worst <= this.tolerance)) this.first.unshift(later.sample);
    return later.worst > first.worst ? later : first;
  }
}

/** The variants of which no input of the domain reaches beyond a range. Throws what `requireNever` does of the last where none is. */
function* staying(variants: readonly Variant[]): Work<Variant[]> {
  const kept: Variant[] = [];
  let obstacle: ZkonnxError | undefined;
  for (const { growth, quantise } of variants) {
    const model = yield* quantise();
    obstacle = neverObstacle(model);
    if (obstacle === undefined) kept.push({ growth, quantise: () => ready(model) });
  }
  if (kept.length === 0) throw obstacle!;
  return kept;
}

/** A program that is there already. */
function* ready(model: QuantisedModel): Work<QuantisedModel> {
  yield 1;
  return model;
}
