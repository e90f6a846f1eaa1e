/**
 * Random small integer programs with the ops of the compiler, for attacks on whole circuits: shapes, coefficients, shifts and domains from a
 * seed, every bound small enough for every builder.
 */
import type { End, Fact, IrAttrs, IrGraph, IrNode, IrOpName } from '../../../src/compile/ir/graph.js';
import { opOf } from '../../../src/compile/ir/ops.js';
import { mayClamp } from '../../../src/compile/ir/ends.js';
import { sizeOf } from '../../../src/compile/ir/program.js';
import { LinearMapBuilder } from '../../../src/compile/real/linear-map.js';
import { digitBytes, type Schema, type TensorSchema, type Visibility } from '../../../src/verify/statement.js';

/** Uniform integer in [lo, hi]. */
export type Draw = (lo: number, hi: number) => number;

export interface RandomGraph {
  readonly ir: IrGraph;
  readonly schema: Schema;
  readonly overflow: 'saturate' | 'reject';
}

export function randomDraw(seed: number): Draw {
  let state = (seed * 2654435761 + 1) >>> 0;
  const next = (): number => {
    // xorshift32
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  if (state === 0) state = 1;
  for (let i = 0; i < 8; i++) next();
  return (lo, hi) => lo + (next() % (hi - lo + 1));
}

/** Of ends that are not the model's own. */
const BEYOND = { saturate: 'counted', reject: 'refused' } as const;
/** Values stay below this between steps, by requantising. */
const WIDE = 2 ** 14;
const DOMAINS = [
  [0, 1],
  [0, 255],
  [-128, 127],
  [-7, 9],
  [3, 40],
  [-100, -2],
] as const;

export interface Tensor {
  readonly name: string;
  readonly fact: Fact;
}

/** A step adds nodes to a graph; undefined where the tensor at hand does not suit it. */
type Step = (graph: Growing, x: Tensor) => Tensor | undefined;

/** A program that grows node by node, with its bounds. */
export class Growing {
  readonly nodes: IrNode[] = [];
  readonly tensors: Tensor[] = [];

  constructor(
    readonly draw: Draw,
    readonly overflow: 'saturate' | 'reject',
  ) {}

  push<K extends IrOpName>(op: K, attrs: IrAttrs[K], inputs: readonly Tensor[], size: number): Tensor {
    const name = `${op}${this.nodes.length}`;
    const inputNames = inputs.map((input) => input.name);
    const node = { name, op, attrs, inputs: inputNames, dims: [size], origin: name } as unknown as IrNode;
    this.nodes.push(node);
    const tensor = {
      name,
      fact: opOf(node).infer(
        node.attrs,
        inputs.map(({ fact }) => fact),
        size,
      ),
    };
    this.tensors.push(tensor);
    return tensor;
  }

  linear(
    inputs: readonly Tensor[],
    size: number,
    coefs: (row: number, source: number) => readonly (readonly [number, number])[],
    bias: (row: number) => number,
  ): Tensor {
    const maps = inputs.map(({ fact }, source) => {
      const builder = new LinearMapBuilder(fact.size);
      for (let row = 0; row < size; row++) {
        const terms = coefs(row, source);
        builder.row(
          builder.pattern(
            terms.map(([element]) => element),
            terms.map(([, coef]) => coef),
          ),
          0,
        );
      }
      return builder.build();
    });
    return this.push(
      'linear',
      { maps, bias: Float64Array.from({ length: size }, (_, row) => bias(row)) },
      inputs,
      size,
    );
  }

  /** x + by, elementwise. */
  shifted(x: Tensor, by: number): Tensor {
    return this.linear(
      [x],
      x.fact.size,
      (row) => [[row, 1]],
      () => by,
    );
  }

  requantised(x: Tensor, shift: number, lo: number, bits: number): Tensor {
    const beyond = BEYOND[this.overflow];
    const end = (): End => (this.draw(0, 2) === 0 ? 'own' : beyond);
    const drawn = { lo: end(), hi: end() };
    // Where every value of an element is refused there is no circuit.
    const rounded = (value: number): number => (shift === 0 ? value : Math.floor(value * 2 ** -shift + 0.5));
    const top = lo + 2 ** bits - 1;
    const ends = {
      lo: drawn.lo === 'refused' && x.fact.hi.some((value) => rounded(value) < lo) ? 'own' : drawn.lo,
      hi: drawn.hi === 'refused' && x.fact.lo.some((value) => rounded(value) > top) ? 'own' : drawn.hi,
    };
    return this.push('requantise', { shift, lo, bits, ends }, [x], x.fact.size);
  }
}

function boundsOf({ lo, hi }: Fact): readonly [number, number] {
  return [Math.min(...lo), Math.max(...hi)];
}

const size = ({ fact }: Tensor): number => fact.size;

const steps: { readonly [name: string]: Step } = {
  linear(graph, x) {
    const { draw } = graph;
    const weights = () => Array.from({ length: size(x) }, (_, i) => [i, draw(-9, 9)] as const);
    return graph.linear([x], draw(1, 4), weights, () => draw(-50, 50));
  },
  sum(graph, x) {
    const { draw } = graph;
    const y = graph.tensors[draw(0, graph.tensors.length - 1)]!;
    const n = Math.min(size(x), size(y));
    return graph.linear(
      [x, y],
      n,
      (row) => [[row, draw(-3, 3) || 1]],
      () => draw(-5, 5),
    );
  },
  requantise: (graph, x) => {
    const { draw } = graph;
    const bits = draw(1, 8);
    return graph.requantised(
      x,
      [0, 1, 2, 3, 5, 7][draw(0, 5)]!,
      [0, 0, -(2 ** (bits - 1)), draw(-20, 20)][draw(0, 3)]!,
      bits,
    );
  },
  positive: (graph, x) => graph.push('positive', {}, [x], size(x)),
  compare: (graph, x) => graph.push('compare', {}, [x], size(x)),
  maxWindows(graph, x) {
    const { draw } = graph;
    const windows = draw(1, 2);
    const start = [0];
    const index: number[] = [];
    for (let w = 0; w < windows; w++) {
      const [from, count] = [draw(0, size(x) - 1), draw(1, 4)];
      for (let i = from; i < Math.min(size(x), from + count); i++) index.push(i);
      start.push(index.length);
    }
    return graph.push('maxWindows', { start: Uint32Array.from(start), index: Uint32Array.from(index) }, [x], windows);
  },
  argmax(graph, x) {
    if (size(x) < 2) return undefined;
    const groups = { base: Uint32Array.from([0]), size: size(x), stride: 1 };
    return graph.push('argmax', { groups, last: graph.draw(0, 1) === 1 }, [x], 1);
  },
  gather(graph, x) {
    const { draw } = graph;
    const n = draw(1, 4);
    return graph.push(
      'gather',
      { index: Int32Array.from({ length: n }, () => draw(-1, size(x) - 1)), fill: draw(-3, 3) },
      [x],
      n,
    );
  },
  table(graph, x) {
    const { draw } = graph;
    const [lo, hi] = boundsOf(x.fact);
    if (hi - lo > 300) return undefined;
    const values = Float64Array.from({ length: hi - lo + 1 }, () => draw(-60, 60));
    return graph.push('table', { name: `f${graph.nodes.length}`, lo, values }, [x], size(x));
  },
  square: (graph, x) => bilinear(graph, x, x),
  product(graph, x) {
    return bilinear(graph, x, graph.tensors[graph.draw(0, graph.tensors.length - 1)]!);
  },
  matrixProduct(graph, x) {
    const { draw } = graph;
    const y = graph.tensors[draw(0, graph.tensors.length - 1)]!;
    const [m, k, n] = [draw(2, 4), draw(2, 4), draw(2, 4)];
    const [left, right] = [
      Array.from({ length: m * k }, () => draw(0, size(x) - 1)),
      Array.from({ length: k * n }, () => draw(0, size(y) - 1)),
    ];
    const entries = range(m).flatMap((i) =>
      range(n).flatMap((j) => range(k).map((t) => [left[i * k + t]!, right[t * n + j]!] as const)),
    );
    const attrs = {
      start: Uint32Array.from({ length: m * n + 1 }, (_, i) => i * k),
      left: Uint32Array.from(entries, ([l]) => l),
      right: Uint32Array.from(entries, ([, r]) => r),
      shape: { batch: 1, m, k, n },
    };
    return graph.push('bilinear', attrs, [x, y], m * n);
  },
  divide(graph, x) {
    const { draw } = graph;
    const y = graph.tensors[draw(0, graph.tensors.length - 1)]!;
    const n = Math.min(size(x), size(y));
    const [numerator, divisor] = [x, y].map((tensor) => {
      const first = Array.from({ length: n }, (_, i) => i);
      const cut = graph.linear(
        [tensor],
        n,
        (row) => [[first[row]!, 1]],
        () => 0,
      );
      const [lo] = boundsOf(cut.fact);
      return lo < 0 ? graph.push('positive', {}, [cut], n) : cut;
    }) as [Tensor, Tensor];
    const constant = draw(0, 3) === 0;
    const under = constant
      ? graph.linear(
          [divisor],
          n,
          () => [],
          () => [3, 8, 10][draw(0, 2)]!,
        )
      : graph.shifted(divisor, draw(1, 5));
    return graph.push('divide', { shift: draw(0, 4) }, [numerator, under], n);
  },
  squareRoot(graph, x) {
    const [lo] = boundsOf(x.fact);
    const of = lo < 0 ? graph.push('positive', {}, [x], size(x)) : x;
    return graph.push('squareRoot', {}, [of], size(x));
  },
};

export const STEP_NAMES = Object.keys(steps);

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}

function bilinear(graph: Growing, x: Tensor, y: Tensor): Tensor {
  const n = Math.min(size(x), size(y));
  const each = Uint32Array.from(range(n));
  return graph.push('bilinear', { start: Uint32Array.from(range(n + 1)), left: each, right: each }, [x, y], n);
}

/** The same graph for the same seed. Each step in turn is the first of some seed's. */
export function randomGraph(seed: number): RandomGraph {
  const draw = randomDraw(seed);
  const overflow = draw(0, 3) === 0 ? 'reject' : 'saturate';
  const graph = new Growing(draw, overflow);
  const inputs = Array.from({ length: draw(1, 2) }, () => {
    const [lo, hi] = DOMAINS[draw(0, DOMAINS.length - 1)]!;
    return graph.push('input', { lo, hi }, [], draw(1, 5));
  });
  let x = inputs.at(-1)!;
  const length = draw(2, 6);
  for (let i = 0; i < length; i++) {
    const name = STEP_NAMES[i === 0 ? seed % STEP_NAMES.length : draw(0, STEP_NAMES.length - 1)]!;
    x = tamed(graph, steps[name]!(graph, x) ?? x);
  }
  const outputs = [x, ...(draw(0, 2) === 0 ? [graph.tensors[draw(0, graph.tensors.length - 1)]!] : [])];
  const shown = (['public', 'public', 'committed'] as const)[draw(0, 2)]!;
  const given = (['public', 'private', 'committed'] as const)[draw(0, 2)]!;
  return { ...programOf(graph, inputs, outputs, { shown, given }), overflow };
}

export interface Visibilities {
  readonly shown: Visibility;
  readonly given: Visibility;
}

/** The grown nodes as a program, and the schema of its inputs and outputs. */
export function programOf(
  { nodes }: Growing,
  inputs: readonly Tensor[],
  outputs: readonly Tensor[],
  { shown, given }: Visibilities,
): Omit<RandomGraph, 'overflow'> {
  const tensor = ({ fact }: Tensor, name: string, visibility: Visibility): TensorSchema => {
    const [lo, hi] = boundsOf(fact);
    const bytes = digitBytes(hi - lo);
    return { name, dims: [fact.size], visibility, lo, hi, bytes, scale: 1, zeroPoint: 0, dtype: 'float32' };
  };
  const ir: IrGraph = {
    nodes,
    inputs: inputs.map(({ name }) => name),
    outputs: outputs.map(({ name }, i) => ({ name: `y${i}`, node: name })),
  };
  return {
    ir,
    schema: {
      clamped: mayClamp(ir),
      outputs: outputs.map((output, i) => tensor(output, `y${i}`, shown)),
      inputs: inputs.map((input) => tensor(input, input.name, given)),
    },
  };
}

/** x, requantised where later steps would leave their bounds. */
function tamed(graph: Growing, x: Tensor): Tensor {
  const [lo, hi] = boundsOf(x.fact);
  const reach = Math.max(-lo, hi);
  if (reach < WIDE) return x;
  return graph.requantised(x, Math.max(1, Math.ceil(Math.log2(reach)) - 8), lo < 0 ? -128 : 0, 8);
}

/** Inputs of a graph: both ends of the domains, and others in them. */
export function sampleInputs(
  { ir }: Pick<RandomGraph, 'ir'>,
  seed: number,
  count: number,
): Map<string, Float64Array>[] {
  const draw = randomDraw(seed ^ 0x5eed);
  return Array.from({ length: count }, (_, i) => {
    return new Map(
      ir.nodes.flatMap((node): [string, Float64Array][] => {
        if (node.op !== 'input') return [];
        const { lo, hi } = node.attrs;
        const element = (): number => {
          if (i < 2) return i === 0 ? lo : hi;
          return i % 2 === 0 ? draw(lo, hi) : [lo, hi, Math.max(lo, Math.min(hi, 0)), draw(lo, hi)][draw(0, 3)]!;
        };
        return [[node.name, Float64Array.from({ length: sizeOf(node) }, element)]];
      }),
    );
  });
}
