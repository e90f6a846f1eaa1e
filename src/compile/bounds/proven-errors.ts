/**
 * Bounds of |integer − float| for every input in the domain whose proof's bit is 0: rounding of inputs, weights, steps and tables carried forwards
 * through the program, element by element. Where the way an operator became integers is not one of those known here, its error is at most what the
 * bounds of the integers and of the real values leave between them.
 *
 * A linear row: ŷ − y = Σ w·(x̂ − x) + Σ (ŵ − w)·x̂ + (b̂ − b), where ŵ, b̂ are what the integer coefficients are worth. A rounding adds half a
 * step; clamps, maxima and moves never widen an error; a table adds its declared error and what it changes over the argument's.
 */
import { finish, type Work } from '../../base/work.js';
import type { IrGraph, IrNode } from '../ir/graph.js';
import { hull, type Box } from '../real/box.js';
import { sizeOf, type RealGraph, type RealNode } from '../real/graph.js';
import { stepAt } from '../real/input-grid.js';
import { commonRows, uniformFactor, type LinearMap } from '../real/linear-map.js';
import { integerBounds } from './integer-bounds.js';
import { domainBoxes, type InputDomains, type IntegerModel, type IntegerTensor } from './integer-model.js';
import { realBounds } from './real-bounds.js';

export interface ProvenErrors {
  /** In the order of the graph's outputs: the bound, or undefined where there is none, and then why. */
  readonly outputs: readonly {
    readonly name: string;
    readonly maxAbsError: number | undefined;
    readonly reason?: string;
  }[];
}

/** Multiply-adds a layer that each of the two relaxations may take. */
const LAYER_WORK = 2 ** 25;

/** What float64 may lose in these sums, as a part of them. */
const SLACK = 1 + 2 ** -30;

export function* provingErrors(graph: RealGraph, model: IntegerModel, domains: InputDomains): Work<ProvenErrors> {
  const real = realBounds(graph, domainBoxes(graph, domains), LAYER_WORK).boxes;
  yield 0.4;
  const integer = integerBounds(model.ir, LAYER_WORK).boxes;
  const proof = new ErrorProof(model, domains, { real, integer });
  for (const [i, node] of graph.nodes.entries()) {
    yield 0.8 + (0.2 * i) / graph.nodes.length;
    proof.add(node);
  }
  return {
    outputs: graph.outputs.map(({ name, node }) => {
      const worst = proof.errorOf(node).reduce((most, error) => Math.max(most, error), 0);
      if (Number.isFinite(worst)) return { name, maxAbsError: worst };
      return { name, maxAbsError: undefined, reason: `no bounds of ${proof.firstUnbounded ?? node}` };
    }),
  };
}

/** As `provingErrors`, at once. */
export function provenErrors(graph: RealGraph, model: IntegerModel, domains: InputDomains): ProvenErrors {
  return finish(provingErrors(graph, model, domains));
}

/**
 * An IR node as a stand-in for a real one: q·scale + offset is within `error` of the real value, clamped to [lo, hi] (±∞ where it is not clamped).
 */
interface Relation {
  readonly real: string;
  readonly lo: number;
  readonly hi: number;
  readonly scale: number;
  readonly offset: number;
  readonly error: Float64Array;
}

interface Boxes {
  readonly real: ReadonlyMap<string, Box>;
  readonly integer: ReadonlyMap<string, Box>;
}

class ErrorProof {
  firstUnbounded: string | undefined;
  private readonly nodes: ReadonlyMap<string, IrNode>;
  private readonly relations = new Map<string, Relation[]>();
  private readonly errors = new Map<string, Float64Array>();

  constructor(
    private readonly model: IntegerModel,
    private readonly domains: InputDomains,
    private readonly boxes: Boxes,
  ) {
    this.nodes = nodesOf(model.ir);
  }

  errorOf(real: string): Float64Array {
    return this.errors.get(real)!;
  }

  add(node: RealNode): void {
    const tensor = this.model.tensors.get(node.name)!;
    const own = this.derive(node, tensor);
    const gap = this.gap(node, tensor);
    // What stands for a clamped value says nothing of the value before.
    const error = own === undefined || isClamped(own) ? gap : own.error.map((e, i) => Math.min(e * SLACK, gap[i]!));
    if (!error.every(Number.isFinite)) this.firstUnbounded ??= node.name;
    this.errors.set(node.name, error);
    this.relate(tensor.node, { ...unclamped(node.name, tensor), error });
    if (own !== undefined && isClamped(own)) this.relate(tensor.node, own);
  }

  private relate(irNode: string, relation: Relation): void {
    this.relations.set(irNode, [...(this.relations.get(irNode) ?? []), relation]);
  }

  /** What the bounds of the integers and of the real values leave between them. */
  private gap(node: RealNode, { node: irNode, scale, offset }: IntegerTensor): Float64Array {
    const [real, integer] = [this.boxes.real.get(node.name)!, this.boxes.integer.get(irNode)!];
    return Float64Array.from({ length: sizeOf(node) }, (_, i) => {
      const [lo, hi] = [integer.lo[i]! * scale + offset, integer.hi[i]! * scale + offset];
      const widest = Math.max(hi - real.lo[i]!, real.hi[i]! - lo);
      return Number.isNaN(widest) ? Infinity : Math.max(0, widest * SLACK);
    });
  }

  private derive(node: RealNode, tensor: IntegerTensor): Relation | undefined {
    const { op } = node;
    const ir = this.nodes.get(tensor.node)!;
    switch (op.kind) {
      case 'input':
        return this.ofInput(node, tensor);
      case 'constant': {
        const q = this.boxes.integer.get(tensor.node)!;
        const off = (value: number, i: number) => Math.abs(value - (q.lo[i]! * tensor.scale + tensor.offset));
        return { ...unclamped(node.name, tensor), error: op.values.map(off) };
      }
      case 'linear':
        return this.ofLinear(node, op, tensor, ir);
      case 'gather':
        return this.ofGather(node, op, tensor, ir);
      case 'clamp':
        return this.ofClamp(node, op, tensor);
      case 'maxWindows':
        return this.ofMaxima(node, op, tensor, ir);
      case 'bilinear':
        return this.ofProducts(node, op, tensor, ir);
      case 'unary':
        return this.ofTable(node, tensor, ir);
      case 'leakyRelu':
      case 'softmax':
      case 'step':
      case 'argmax':
        return undefined;
    }
  }

  private ofInput(node: RealNode, tensor: IntegerTensor): Relation {
    const domain = this.domains.get(node.name)!;
    const step = stepAt(domain);
    const error = Float64Array.from({ length: sizeOf(node) }, (_, i) => {
      const { scale } = step(i);
      return domain.source === 'grid' || scale === 1 ? 0 : (scale / 2) * SLACK;
    });
    return { ...unclamped(node.name, tensor), error };
  }

  private ofLinear(
    node: RealNode,
    { maps, bias }: { readonly maps: readonly LinearMap[]; readonly bias: Float64Array },
    tensor: IntegerTensor,
    ir: IrNode,
  ): Relation | undefined {
    const [source] = node.inputs;
    const same = maps.length === 1 ? this.relation(tensor.node, source!) : undefined;
    const factor = same === undefined ? undefined : uniformFactor(maps[0]!);
    // A multiple of one tensor is the same integers at another scale.
    if (same !== undefined && factor !== undefined && bias.every((b) => b === 0) && !isClamped(same)) {
      return this.rescaled(node, tensor, same, factor);
    }
    if (ir.op !== 'linear' || ir.attrs.maps.length !== maps.length) return undefined;
    const sources = ir.inputs.map((input, s) => this.relation(input, node.inputs[s]!));
    if (sources.some((relation) => relation === undefined || isClamped(relation))) return undefined;
    const pairs = maps.map((map, s) => commonRows(map, ir.attrs.maps[s]!));
    if (pairs.includes(undefined)) return undefined;
    const [lo, hi] = [new Float64Array(bias.length), new Float64Array(bias.length)];
    const error = new Float64Array(bias.length);
    bias.forEach((b, i) => {
      lo[i] = hi[i] = ir.attrs.bias[i]! * tensor.scale + tensor.offset - b;
    });
    pairs.forEach((pair, s) => {
      const [{ rowClass, rowBase, rowWeight, start, offset: reads, tap, weights }, { weights: whole }] = pair!;
      const { scale, offset, error: carried } = sources[s]!;
      const box = this.boxes.integer.get(ir.inputs[s]!)!;
      for (let i = 0; i < bias.length; i++) {
        const [base, first, c] = [rowBase[i]!, rowWeight[i]!, rowClass[i]!];
        for (let k = start[c]!; k < start[c + 1]!; k++) {
          const [j, w] = [base + reads[k]!, first + tap[k]!];
          // Nothing of what is unbounded is nothing.
          if (weights[w] === 0 && whole[w] === 0) continue;
          const worth = (whole[w]! * tensor.scale) / scale;
          const off = worth - weights[w]!;
          const [a, c] = [off * (box.lo[j]! * scale + offset), off * (box.hi[j]! * scale + offset)];
          // The integer row sees q, not q·scale + offset.
          lo[i]! += Math.min(a, c) - worth * offset;
          hi[i]! += Math.max(a, c) - worth * offset;
          error[i]! += Math.abs(weights[w]!) * carried[j]!;
        }
      }
    });
    for (let i = 0; i < bias.length; i++) error[i]! += Math.max(Math.abs(lo[i]!), Math.abs(hi[i]!));
    return { ...unclamped(node.name, tensor), error };
  }

  private rescaled(node: RealNode, tensor: IntegerTensor, same: Relation, factor: number): Relation {
    const scaled = { scale: same.scale * factor, offset: same.offset * factor };
    const error = same.error.map((e) => Math.abs(factor) * e);
    return this.moved({ ...same, ...scaled, real: node.name, error }, tensor);
  }

  private ofGather(
    node: RealNode,
    { index, fill }: { readonly index: Int32Array; readonly fill: number },
    tensor: IntegerTensor,
    ir: IrNode,
  ): Relation | undefined {
    if (ir.op !== 'gather') return undefined;
    const sources = ir.inputs.map((input, s) => this.relation(input, node.inputs[s]!));
    const [first] = sources;
    if (first === undefined || !sources.every((each) => each !== undefined && isLike(each, first))) return undefined;
    const all = sources.flatMap((each) => [...each!.error]);
    const filled = Math.abs(fill - (ir.attrs.fill * first.scale + first.offset));
    const error = Float64Array.from(index, (j) => (j < 0 ? filled : all[j]!));
    return this.moved({ ...first, real: node.name, error }, tensor);
  }

  /** The clamp that a requantisation made; beyond an end that counts nothing is known, and nothing said. */
  private ofClamp(
    node: RealNode,
    { lo, hi }: { readonly lo: number; readonly hi: number },
    tensor: IntegerTensor,
  ): Relation | undefined {
    const x = this.relation(tensor.node, node.inputs[0]!);
    if (x === undefined || !(lo < hi)) return undefined;
    const off = (end: number, own: number, past: number) => (own === past ? end : Math.abs(end - own));
    const ends = [off(lo, x.lo, -Infinity), off(hi, x.hi, Infinity)];
    if (x.lo === -Infinity) ends[0] = lo === -Infinity ? 0 : this.beyond(node, -1, lo);
    if (x.hi === Infinity) ends[1] = hi === Infinity ? 0 : this.beyond(node, 1, hi);
    const most = Math.max(...ends);
    if (!Number.isFinite(most)) return undefined;
    return this.moved(
      { ...x, lo: -Infinity, hi: Infinity, real: node.name, error: x.error.map((e) => e + most) },
      tensor,
    );
  }

  /** How far integers that were not clamped at an end may lie beyond the real clamp there. */
  private beyond(node: RealNode, side: 1 | -1, end: number): number {
    const tensor = this.model.tensors.get(node.name)!;
    const { lo, hi } = hull(this.boxes.integer.get(tensor.node)!);
    const farthest = (side === 1 ? hi : lo) * tensor.scale + tensor.offset;
    return Math.max(0, side * (farthest - end));
  }

  private ofMaxima(
    node: RealNode,
    { start, index }: { readonly start: Uint32Array; readonly index: Uint32Array },
    tensor: IntegerTensor,
    ir: IrNode,
  ): Relation | undefined {
    if (ir.op !== 'maxWindows') return undefined;
    const x = this.relation(ir.inputs[0]!, node.inputs[0]!);
    if (x === undefined) return undefined;
    const error = Float64Array.from({ length: start.length - 1 }, (_, i) => {
      let worst = 0;
      for (let k = start[i]!; k < start[i + 1]!; k++) worst = Math.max(worst, x.error[index[k]!]!);
      return worst;
    });
    return this.moved({ ...x, real: node.name, error }, tensor);
  }

  /** |âb̂ − ab| ≤ |â|·E_b + |b̂|·E_a + E_a·E_b. */
  private ofProducts(
    node: RealNode,
    { start, left, right }: { readonly start: Uint32Array; readonly left: Uint32Array; readonly right: Uint32Array },
    tensor: IntegerTensor,
    ir: IrNode,
  ): Relation | undefined {
    if (ir.op !== 'bilinear') return undefined;
    const [a, b] = ir.inputs.map((input, s) => this.relation(input, node.inputs[s]!));
    if (a === undefined || b === undefined || isClamped(a) || isClamped(b)) return undefined;
    const reach = (x: Relation, s: number) => {
      const { lo, hi } = this.boxes.integer.get(ir.inputs[s]!)!;
      return lo.map((value, i) => Math.max(Math.abs(value), Math.abs(hi[i]!)) * Math.abs(x.scale));
    };
    const [reachA, reachB] = [reach(a, 0), reach(b, 1)];
    const [offA, offB] = [Math.abs(a.offset), Math.abs(b.offset)];
    const error = Float64Array.from({ length: sizeOf(node) }, (_, i) => {
      let sum = 0;
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        const [p, q] = [left[k]!, right[k]!];
        const [eA, eB] = [a.error[p]! + offA, b.error[q]! + offB];
        sum += reachA[p]! * eB + reachB[q]! * eA + eA * eB;
      }
      return sum;
    });
    const product = { ...unclamped(node.name, { ...tensor, scale: a.scale * b.scale, offset: 0 }), error };
    return this.moved(product, tensor);
  }

  /** A table of the rounded argument: |T(x̂) − f(x)| ≤ |T(x̂) − T(x)| + |T(x) − f(x)|, both over whole rows. */
  private ofTable(node: RealNode, tensor: IntegerTensor, ir: IrNode): Relation | undefined {
    const declared = this.model.errors.get(ir.name);
    if (ir.op !== 'table' || declared === undefined) return undefined;
    const index = this.nodes.get(ir.inputs[0]!)!;
    if (index.op !== 'requantise') return undefined;
    const x = this.relation(index.inputs[0]!, node.inputs[0]!);
    if (x === undefined || isClamped(x)) return undefined;
    const step = Math.abs(x.scale) * 2 ** index.attrs.shift;
    const { values } = ir.attrs;
    let steepest = 0;
    for (let t = 1; t < values.length; t++) steepest = Math.max(steepest, Math.abs(values[t]! - values[t - 1]!));
    const change = steepest * tensor.scale;
    return {
      ...unclamped(node.name, tensor),
      error: x.error.map((e) => declared + change * (Math.ceil(e / step) + 1)),
    };
  }

  /** The same integers read by the tensor's own scale and offset. */
  private moved(relation: Relation, { node, scale, offset }: IntegerTensor): Relation {
    const [ds, dOffset] = [Math.abs(relation.scale - scale), Math.abs(relation.offset - offset)];
    const { lo, hi } = hull(this.boxes.integer.get(node)!);
    const most = ds === 0 ? 0 : ds * Math.max(Math.abs(lo), Math.abs(hi));
    return { ...relation, scale, offset, error: relation.error.map((e) => e + most + dOffset) };
  }

  /** How an IR node stands for a real one, where it is that or comes of it by rescaling and rounding. */
  private relation(irNode: string, real: string): Relation | undefined {
    const known = this.relations.get(irNode)?.filter((relation) => relation.real === real) ?? [];
    const plain = known.find((relation) => !isClamped(relation) && relation.error.every(Number.isFinite));
    // What was clamped on its way says more of itself than the gap that stands for the whole.
    const clamped = known.find(isClamped);
    if (clamped !== undefined || plain !== undefined) return clamped ?? plain;
    const node = this.nodes.get(irNode);
    const derived = node === undefined ? undefined : this.derived(node, real);
    if (derived !== undefined) this.relate(irNode, derived);
    return derived;
  }

  private derived(node: IrNode, real: string): Relation | undefined {
    if (node.op === 'linear' && node.attrs.maps.length === 1) {
      const factor = uniformFactor(node.attrs.maps[0]!);
      const [bias] = node.attrs.bias;
      if (factor === undefined || factor === 0 || !node.attrs.bias.every((b) => b === bias)) return undefined;
      const x = this.relation(node.inputs[0]!, real);
      return x && { ...x, scale: x.scale / factor, offset: x.offset - (bias! * x.scale) / factor };
    }
    if (node.op === 'positive') {
      const x = this.relation(node.inputs[0]!, real);
      return x && x.offset === 0 && !isClamped(x) && x.scale > 0 ? { ...x, lo: 0 } : undefined;
    }
    if (node.op !== 'requantise') return undefined;
    const x = this.relation(node.inputs[0]!, real);
    if (x === undefined || x.scale <= 0) return undefined;
    const { shift, lo, bits, ends } = node.attrs;
    const scale = x.scale * 2 ** shift;
    const own = { lo: ends.lo === 'own' ? lo : -Infinity, hi: ends.hi === 'own' ? lo + 2 ** bits - 1 : Infinity };
    return {
      real,
      scale,
      offset: x.offset,
      lo: Math.max(x.lo, own.lo * scale + x.offset),
      hi: Math.min(x.hi, own.hi * scale + x.offset),
      error: x.error.map((e) => e + (shift === 0 ? 0 : scale / 2)),
    };
  }
}

function unclamped(real: string, { scale, offset }: IntegerTensor): Omit<Relation, 'error'> {
  return { real, lo: -Infinity, hi: Infinity, scale, offset };
}

function isClamped({ lo, hi }: Relation): boolean {
  return lo !== -Infinity || hi !== Infinity;
}

function isLike(a: Relation, b: Relation): boolean {
  return a.lo === b.lo && a.hi === b.hi && a.scale === b.scale && a.offset === b.offset;
}

function nodesOf({ nodes }: IrGraph): Map<string, IrNode> {
  return new Map(nodes.map((node) => [node.name, node]));
}
