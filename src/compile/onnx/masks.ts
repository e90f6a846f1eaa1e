/**
 * Attention masks as exporters write them. A mask reaches Softmax as scores that −∞, the least float or something like −10,000 was put in place
 * of (Where) or added to (Add), by constants (causal masks) or by truth values that are computed or come in: then it is a masked softmax, whose
 * masked probabilities are exactly 0, and no number of that size is left in the graph.
 *
 * A value is a mask where each of its elements is known, or takes one of two values by one truth value, and each value is 0 or at most −10,000.
 * exp of that is 0 in float32 unless scores differ by nearly as much.
 */
import type { EmptyRow, RealNode } from '../real/graph.js';
import { gatherMap, uniformFactor, type LinearMap } from '../real/linear-map.js';
import { isConstant, type Choice, type Constant, type GraphBuilder, type OpContext, type Value } from './context.js';
import { broadcastIndex, elementCount, iota, sameDims, type Dims } from './shapes.js';

/** What is masked is this or less. */
const MASKED = -10_000;
/** Added to a score, a mask of at least this magnitude leaves nothing of it in float32: scores are below 4, and halves of its last place above. */
const ABSORBS = 2 ** 27;

export interface MaskedScores {
  readonly scores: Value;
  /** 0 or 1 for each score, 1 where it is kept. */
  readonly keep: Value;
  readonly empty: EmptyRow;
}

/** Every element as a function of one truth value: whenTrue or whenFalse by element index[i] of the node `truth`; index −1: known, whenTrue. */
interface TwoValued {
  readonly truth: string | undefined;
  readonly index: Int32Array;
  readonly whenTrue: Float64Array;
  readonly whenFalse: Float64Array;
}

interface Masked {
  readonly scores: Value;
  readonly masks: readonly TwoValued[];
  readonly empty: EmptyRow;
}

/** The mask in what a Softmax reads, and the scores without it; undefined where there is none. */
export function maskedScores(context: OpContext, x: Value): MaskedScores | undefined {
  const found = new MaskFinder(context).find(x);
  if (found === undefined) return undefined;
  const { scores, masks, empty } = found;
  for (const { truth } of masks) if (truth !== undefined) context.graph.takeAsTruth(truth);
  const keeps = masks.map((mask, i) => keepOf(context, mask, x.dims, i === 0 ? 'keep' : `keep${i}`));
  const keep = keeps.reduce((a, b, i) => bothOf(context, a, b, x.dims, `keepBoth${i}`));
  return { scores, keep, empty };
}

class MaskFinder {
  private steps = 0;
  private readonly graph: GraphBuilder;

  constructor(private readonly context: OpContext) {
    this.graph = context.graph;
  }

  /** All masks on the way to scores that have none. */
  find(x: Value): Masked | undefined {
    const found = this.outermost(x);
    if (found === undefined) return undefined;
    const inner = this.find(found.scores);
    if (inner === undefined) return found;
    const empty = [found.empty, inner.empty].includes('none') ? 'none' : inner.empty;
    return { scores: inner.scores, masks: [...found.masks, ...inner.masks], empty };
  }

  private outermost(x: Value): Masked | undefined {
    const choice = this.graph.choices.get(x.name);
    if (choice !== undefined) return this.chosen(x, choice);
    const node = this.graph.node(x.name);
    if (node?.op.kind === 'linear') return this.added(x, node, node.op) ?? this.scaled(x, node, node.op);
    if (node?.op.kind === 'gather') return this.replaced(x, node, node.op.index);
    // max(scores, the least float): what is below it is masked all the same.
    if (node?.op.kind === 'clamp' && node.op.lo <= MASKED && node.op.hi === Infinity) {
      return this.find(this.valueOf(node.inputs[0]!));
    }
    return undefined;
  }

  /** Where(condition, scores, C) or Where(condition, C, scores). */
  private chosen(x: Value, { condition, then, otherwise }: Choice): Masked | undefined {
    const negated = isMaskedConstant(then);
    const masked = negated ? then : otherwise;
    const scores = negated ? otherwise : then;
    if (!isMaskedConstant(masked) || isConstant(scores)) return undefined;
    const bit = this.twoValued(condition.name);
    if (bit === undefined) return undefined;
    const value = masked.values[0]!;
    const [whenTrue, whenFalse] = negated ? [value, 0] : [0, value];
    const mask = mapped(moved(bit, broadcastIndex(condition.dims, x.dims)), (flag) =>
      flag === 0 ? whenFalse : whenTrue,
    );
    const empty = masked.values.includes(-Infinity) ? 'none' : 'uniform';
    return { scores: this.spread(scores, x.dims), masks: [mask], empty };
  }

  /** scores + mask. */
  private added(
    x: Value,
    node: RealNode,
    { maps, bias }: { readonly maps: readonly LinearMap[]; readonly bias: Float64Array },
  ): Masked | undefined {
    const size = bias.length;
    const masks: TwoValued[] = [];
    const terms: { value: Value; map: LinearMap }[] = [];
    maps.forEach((map, s) => {
      const mask = this.linearOf([node.inputs[s]!], [map], new Float64Array(size));
      if (mask !== undefined && isMask(mask)) masks.push(mask);
      else terms.push({ value: this.valueOf(node.inputs[s]!), map });
    });
    const known = bias.map((value) => (value <= MASKED ? value : 0));
    if (known.some((value) => value !== 0)) masks.push(knownValues(known));
    if (masks.length === 0 || terms.length === 0) return undefined;
    const rest = bias.map((value) => (value <= MASKED ? 0 : value));
    const [only] = terms;
    const isPlain = terms.length === 1 && uniformFactor(only!.map) === 1 && rest.every((value) => value === 0);
    const scores = isPlain
      ? this.spread(only!.value, x.dims)
      : this.context.linear(terms, rest, x.dims, x.dtype, this.fresh('scores'));
    return { scores, masks, empty: emptyOf(masks) };
  }

  /** A positive multiple of masked scores. */
  private scaled(
    x: Value,
    node: RealNode,
    { maps, bias }: { readonly maps: readonly LinearMap[]; readonly bias: Float64Array },
  ): Masked | undefined {
    const [map] = maps;
    const factor = maps.length === 1 && map !== undefined ? uniformFactor(map) : undefined;
    if (factor === undefined || factor <= 0 || bias.some((value) => value !== 0)) return undefined;
    const inner = this.find(this.valueOf(node.inputs[0]!));
    const masks = inner?.masks.map((mask) => mapped(mask, (value) => (value === 0 ? 0 : value * factor)));
    if (inner === undefined || masks?.every(isMask) !== true) return undefined;
    const term = { value: inner.scores, map: map! };
    return { ...inner, masks, scores: this.context.linear([term], bias, x.dims, x.dtype, this.fresh('scores')) };
  }

  /** Scores that a constant was put in place of by a known condition; or masked scores in another shape. */
  private replaced(x: Value, node: RealNode, index: Int32Array): Masked | undefined {
    const sources = node.inputs.map((name) => this.valueOf(name));
    const [source] = sources;
    if (sources.length === 1 && index.every((j, i) => j === i) && elementCount(source!.dims) === index.length) {
      const inner = this.find(source!);
      return inner === undefined ? undefined : { ...inner, scores: this.spread(inner.scores, x.dims) };
    }
    const constants = node.inputs.map((name) => this.knownOf(name));
    if (sources.length !== 2 || constants.filter((values) => values !== undefined).length !== 1) return undefined;
    const first = elementCount(source!.dims);
    const [values, from, scores] =
      constants[0] === undefined ? [constants[1]!, first, source!] : [constants[0], 0, sources[1]!];
    const scoresFrom = from === 0 ? first : 0;
    const isKnown = (j: number) => j >= from && j < from + values.length;
    const known = Float64Array.from(index, (j) => (isKnown(j) ? values[j - from]! : 0));
    if (!index.every((j, i) => j >= 0 && (!isKnown(j) || known[i]! <= MASKED))) return undefined;
    const taken = index.map((j) => (isKnown(j) ? -1 : j - scoresFrom));
    const isSame = elementCount(scores.dims) === taken.length && taken.every((j, i) => j < 0 || j === i);
    const mask = knownValues(known);
    const moved = isSame
      ? this.spread(scores, x.dims)
      : this.context.gather(scores, taken, x.dims, this.fresh('scores'));
    return { scores: moved, masks: [mask], empty: known.includes(-Infinity) ? 'none' : 'uniform' };
  }

  /** The elements of a node as functions of one truth value of the graph; undefined where they are not. */
  private twoValued(name: string): TwoValued | undefined {
    const node = this.graph.node(name);
    const choice = this.graph.choices.get(name);
    const known = this.knownOf(name);
    if (known !== undefined) return knownValues(known);
    if (node === undefined) return undefined;
    if (choice !== undefined && isConstant(choice.then) && isConstant(choice.otherwise)) {
      return this.ofChoice(choice, choice.then, choice.otherwise, node.dims);
    }
    const { op, inputs } = node;
    const deeper =
      op.kind === 'linear'
        ? this.linearOf(inputs, op.maps, op.bias)
        : op.kind === 'gather' && inputs.length === 1 && !op.index.includes(-1)
          ? this.movedOf(inputs[0]!, op.index)
          : undefined;
    if (deeper !== undefined) return deeper;
    return node.dtype === 'bool' || op.kind === 'input' ? itself(name, elementCount(node.dims)) : undefined;
  }

  private movedOf(name: string, index: Int32Array): TwoValued | undefined {
    const source = this.twoValued(name);
    return source === undefined ? undefined : moved(source, index);
  }

  private ofChoice({ condition }: Choice, then: Constant, otherwise: Constant, dims: Dims): TwoValued | undefined {
    const bit = this.twoValued(condition.name);
    if (bit === undefined) return undefined;
    const flags = moved(bit, broadcastIndex(condition.dims, dims));
    const [a, b] = [then, otherwise].map((value) => {
      const index = broadcastIndex(value.dims, dims);
      return (i: number) => value.values[index[i]!]!;
    });
    return mapped(flags, (flag, i) => (flag === 0 ? b!(i) : a!(i)));
  }

  /** bias + Σ maps(sources), where each element reads at most one that is not known. */
  private linearOf(inputs: readonly string[], maps: readonly LinearMap[], bias: Float64Array): TwoValued | undefined {
    const sources = inputs.map((name) => this.twoValued(name));
    if (sources.includes(undefined)) return undefined;
    const truths = new Set(sources.flatMap((source) => source!.truth ?? []));
    if (truths.size > 1) return undefined;
    const result = knownValues(Float64Array.from(bias));
    const whenFalse = Float64Array.from(bias);
    for (const [s, map] of maps.entries()) {
      const source = sources[s]!;
      for (let i = 0; i < bias.length; i++) {
        const p = map.rowPattern[i]!;
        for (let k = map.patStart[p]!; k < map.patStart[p + 1]!; k++) {
          const [j, coef] = [map.rowBase[i]! + map.patOffset[k]!, map.patCoef[k]!];
          const bit = source.index[j]!;
          if (bit >= 0 && result.index[i]! >= 0 && result.index[i] !== bit) return undefined;
          if (bit >= 0) result.index[i] = bit;
          result.whenTrue[i]! += coef * source.whenTrue[j]!;
          whenFalse[i]! += coef * source.whenFalse[j]!;
        }
      }
    }
    const [truth] = truths;
    return { ...result, truth, whenFalse };
  }

  private knownOf(name: string): Float64Array | undefined {
    const op = this.graph.node(name)?.op;
    return op?.kind === 'constant' ? op.values : undefined;
  }

  private valueOf(name: string): Value {
    const { dims, dtype } = this.graph.node(name)!;
    return { name, dims, dtype: dtype as Value['dtype'] };
  }

  /** The value in the shape of the whole, broadcast where it must be. */
  private spread(value: Value, dims: Dims): Value {
    if (sameDims(value.dims, dims)) return value;
    const size = elementCount(value.dims);
    const index = size === elementCount(dims) ? iota(size) : broadcastIndex(value.dims, dims);
    return this.context.gather(value, index, dims, this.fresh('scores'));
  }

  private fresh(suffix: string): string {
    return this.steps++ === 0 ? suffix : `${suffix}${this.steps}`;
  }
}

function isMaskedConstant(value: Value): value is Constant {
  return isConstant(value) && value.values.length > 0 && value.values.every((each) => each <= MASKED);
}

function knownValues(values: Float64Array): TwoValued {
  const index = new Int32Array(values.length).fill(-1);
  return { truth: undefined, index, whenTrue: values, whenFalse: values };
}

function itself(truth: string, size: number): TwoValued {
  const whenTrue = new Float64Array(size).fill(1);
  return { truth, index: iota(size), whenTrue, whenFalse: new Float64Array(size) };
}

function moved({ truth, index, whenTrue, whenFalse }: TwoValued, to: Int32Array): TwoValued {
  const take = (values: Float64Array) => Float64Array.from(to, (j) => values[j]!);
  return { truth, index: Int32Array.from(to, (j) => index[j]!), whenTrue: take(whenTrue), whenFalse: take(whenFalse) };
}

function mapped(values: TwoValued, fn: (value: number, i: number) => number): TwoValued {
  return { ...values, whenTrue: values.whenTrue.map(fn), whenFalse: values.whenFalse.map(fn) };
}

/** Whether every element is 0 or masked, and some may be masked. */
function isMask({ whenTrue, whenFalse }: TwoValued): boolean {
  const fits = (value: number) => value === 0 || value <= MASKED;
  const masks = (value: number) => value <= MASKED;
  return whenTrue.every(fits) && whenFalse.every(fits) && (whenTrue.some(masks) || whenFalse.some(masks));
}

/** Of masks that are added. */
function emptyOf(masks: readonly TwoValued[]): EmptyRow {
  const values = masks.flatMap(({ whenTrue, whenFalse }) => [...whenTrue, ...whenFalse]).filter((value) => value !== 0);
  if (values.includes(-Infinity)) return 'none';
  return values.every((value) => value <= -ABSORBS) ? 'uniform' : 'scores';
}

/** 1 where the mask is 0. */
function keepOf(context: OpContext, { truth, index, whenTrue, whenFalse }: TwoValued, dims: Dims, as: string): Value {
  const kept = (values: Float64Array) => values.map((value) => (value === 0 ? 1 : 0));
  const [ifTrue, ifFalse] = [kept(whenTrue), kept(whenFalse)];
  const node = truth === undefined ? undefined : context.graph.node(truth);
  if (node === undefined) return context.known(ifTrue, dims, 'bool', as);
  const value = { name: node.name, dims: node.dims, dtype: node.dtype as Value['dtype'] };
  const map = gatherMap(elementCount(node.dims), index, (i) => ifTrue[i]! - ifFalse[i]!);
  const bias = ifFalse.map((flag, i) => (index[i]! < 0 ? ifTrue[i]! : flag));
  return context.linear([{ value, map }], bias, dims, 'bool', as);
}

function bothOf(context: OpContext, a: Value, b: Value, dims: Dims, as: string): Value {
  const size = elementCount(dims);
  const [known, other] = isConstant(a) ? [a, b] : [b, a];
  if (isConstant(known)) {
    const map = gatherMap(size, iota(size), (i) => known.values[i]!);
    return context.linear([{ value: other, map }], new Float64Array(size), dims, 'bool', as);
  }
  const start = Uint32Array.from(iota(size + 1));
  const each = Uint32Array.from(iota(size));
  return context.emit({ kind: 'bilinear', start, left: each, right: each }, [a, b], dims, 'bool', as);
}
