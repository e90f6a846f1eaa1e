/**
 * Is what was imported the model? Its outputs as onnxruntime and as our float64 evaluation compute them, beside each other on every sample: what
 * differs by more than float rounding is a fault of the importer's, and nothing is built on it.
 */
import { ZkonnxError } from '../base/errors.js';
import { isFloatType } from '../base/element-types.js';
import type { FloatTensor } from '../reference/onnxruntime.js';
import type { RealValues } from './passes/calibrate.js';
import { evaluateRealNode, RealEvaluator } from './real/evaluate.js';
import type { RealGraph } from './real/graph.js';
import { realOpOf } from './real/ops.js';

/** How far the two may be apart, as a part of the output's largest magnitude over the samples. */
const LIMITS = {
  /** float32 sums of some thousand products stay well below. */
  full: 1e-3,
  /** float16 and bfloat16 have 11 and 8 bits. */
  half: 1e-2,
} as const;
/** Rounding of a value in these types, or in sums of them, moves it by about this part of itself. */
const NUDGES = { full: 2 ** -21, half: 2 ** -8 } as const;
const NUDGED_RUNS = 24;
/** Elements of a sample's output that are looked at anew where the two differ; more differ by no accident. */
const MAX_JUMPS = 16;

/** Where the two differ. */
export interface Mismatch {
  readonly sample: number;
  readonly output: string;
  /** Flat; absent where the shapes differ. */
  readonly element?: number;
  readonly theirs: string;
  readonly ours: string;
}

interface Difference {
  readonly sample: number;
  readonly element: number;
  readonly theirs: number;
  readonly ours: number;
}

/** By output: what is known so far. */
interface Seen {
  readonly name: string;
  readonly node: string;
  readonly dims: readonly number[];
  magnitude: number;
  worst: number;
  /** The worst of each sample that may turn out to be too far. */
  readonly differences: Difference[];
}

export class ReferenceGate {
  readonly limit: number;
  private readonly precision: keyof typeof LIMITS;
  private readonly evaluator: RealEvaluator;
  private readonly seen: readonly Seen[];

  /** `graph`: as it was imported, before any pass. */
  constructor(private readonly graph: RealGraph) {
    this.precision = graph.nodes.some(({ dtype }) => dtype === 'float16' || dtype === 'bfloat16') ? 'half' : 'full';
    this.limit = LIMITS[this.precision];
    this.evaluator = new RealEvaluator(graph);
    this.seen = graph.outputs.map(({ name, node, dims }) => {
      return { name, node, dims, magnitude: 0, worst: 0, differences: [] };
    });
  }

  /** One sample; a mismatch is returned as soon as no later sample can excuse it. */
  add(sample: number, inputs: RealValues, theirs: ReadonlyMap<string, FloatTensor>): Mismatch | undefined {
    const own = this.evaluator.run(inputs);
    for (const output of this.seen) {
      const { name, dims } = output;
      const tensor = theirs.get(name);
      const ours = own.get(output.node)!;
      const shown = (shape: readonly number[]) => `[${shape.join(', ')}]`;
      if (tensor === undefined || shown(tensor.dims) !== shown(dims) || tensor.values.length !== ours.length) {
        const found = tensor === undefined ? 'no such output' : `shape ${shown(tensor.dims)}`;
        return { sample, output: name, theirs: found, ours: `shape ${shown(dims)}` };
      }
      const difference = this.compare(output, sample, inputs, tensor.values, ours);
      if (difference !== undefined) return mismatch(name, difference);
    }
    return undefined;
  }

  /** Once all samples are in: the worst difference as a part of its output's magnitude, or the mismatch. */
  finish(inputs: readonly RealValues[]): Mismatch | number {
    let worst = 0;
    for (const output of this.seen) {
      const { magnitude, differences } = output;
      for (const difference of differences) {
        const error = Math.abs(difference.theirs - difference.ours);
        if (error <= this.limit * magnitude || this.isJump(output, inputs[difference.sample]!, difference)) continue;
        return mismatch(output.name, difference);
      }
      if (magnitude > 0) worst = Math.max(worst, Math.min(output.worst / magnitude, this.limit));
    }
    return worst;
  }

  /** Notes what differs; returns a difference that no magnitude excuses: a number beside none. */
  private compare(
    output: Seen,
    sample: number,
    inputs: RealValues,
    theirs: Float64Array,
    ours: Float64Array,
  ): Difference | undefined {
    let differs = 0;
    let largest: Difference | undefined;
    for (let element = 0; element < ours.length; element++) {
      const [a, b] = [theirs[element]!, ours[element]!];
      if (Object.is(a, b) || a === b) {
        if (Number.isFinite(a)) output.magnitude = Math.max(output.magnitude, Math.abs(a));
        continue;
      }
      const found = { sample, element, theirs: a, ours: b };
      if (!Number.isFinite(a) || !Number.isFinite(b)) {
        if (this.isJump(output, inputs, found)) continue;
        return found;
      }
      output.magnitude = Math.max(output.magnitude, Math.abs(a), Math.abs(b));
      const error = Math.abs(a - b);
      output.worst = Math.max(output.worst, error);
      if (error <= this.limit * output.magnitude) continue;
      if (++differs <= MAX_JUMPS) output.differences.push(found);
      else if (largest === undefined || error > Math.abs(largest.theirs - largest.ours)) largest = found;
    }
    if (largest !== undefined) output.differences.push(largest);
    return undefined;
  }

  /** Whether rounding decides there: our own answer, with every value of every node rounded anew, lies on both sides of theirs. */
  private isJump({ node }: Seen, inputs: RealValues, { element, theirs }: Difference): boolean {
    let [lo, hi] = [Infinity, -Infinity];
    for (let run = 0; run < NUDGED_RUNS; run++) {
      const value = this.nudged(inputs, run).get(node)![element]!;
      if (Object.is(value, theirs)) return true;
      [lo, hi] = [Math.min(lo, value), Math.max(hi, value)];
    }
    const slack = (hi - lo) / 2 + this.limit * Math.abs(theirs);
    return theirs >= lo - slack && theirs <= hi + slack;
  }

  /** The graph's values where each real number is moved up or down by NUDGES, by a fixed pattern of signs for each run. */
  private nudged(inputs: RealValues, run: number): RealValues {
    const values = new Map<string, Float64Array>();
    this.graph.nodes.forEach((node, n) => {
      const record = realOpOf(node.op);
      const sources = node.inputs.map((name) => values.get(name)!);
      const exact = record.values === 'given' ? inputs.get(node.name)! : evaluateRealNode(node, sources);
      const moves = record.values !== 'known' && isFloatType(node.dtype);
      values.set(node.name, moves ? exact.map((value, i) => value * (1 + this.sign(n, i, run))) : exact);
    });
    return values;
  }

  private sign(node: number, element: number, run: number): number {
    const mixed = Math.imul(
      Math.imul(element + 1, 0x9e3779b1) ^ Math.imul(node * NUDGED_RUNS + run + 1, 0x85ebca6b),
      0xc2b2ae35,
    );
    return (mixed >>> 17) & 1 ? NUDGES[this.precision] : -NUDGES[this.precision];
  }
}

function mismatch(output: string, { sample, element, theirs, ours }: Difference): Mismatch {
  return { sample, output, element, theirs: String(theirs), ours: String(ours) };
}

/** `onnxruntime`: its name and version; `sample`: in words; `first`: the node that the difference begins at, as far as it was found. */
export function referenceMismatch(
  onnxruntime: string,
  sample: string,
  { output, element, theirs, ours }: Mismatch,
  first: string | undefined,
): ZkonnxError {
  const at = element === undefined ? '' : `, element ${element}`;
  return new ZkonnxError('REFERENCE_MISMATCH', 'onnxruntime and zkonnx compute different answers from this model', {
    expected: `${theirs} (${onnxruntime})`,
    got: `${ours} (zkonnx’s own evaluation)`,
    where: `${first === undefined ? '' : `${first}, as seen in `}${sample}, output ${output}${at}`,
    help: 'a fault of zkonnx’s importer (or of onnxruntime), not of your data: nothing was compiled. Please open an issue with the model',
  });
}
