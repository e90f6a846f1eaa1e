/**
 * Linear maps that are tensor products along axes: convolutions, dense layers, pools, means. Outputs and operand are row-major boxes of the axes'
 * extents, an axis that is there on one side alone has extent 1 on the other; the weights are one row-major tensor whose dims are the axes' weight
 * axes in their order (of rank 0, one number, where there are none). An NCHW convolution is shared N, own groups, full channels, window H, window W;
 * a dense layer over tokens shared T, full features.
 *
 * A row reads a weight tensor from a place of its own by the taps of its *class*: all channels of a convolution have the classes of its positions, an
 * interior and what the borders leave. So 512 channels of 512 by 3×3 hold 25,000 taps and 2.4 million weights, where patterns hold 13 million entries.
 */

export type MapAxis =
  /** out = in, the weights do not depend on it: a batch, the tokens of a dense layer, the channels of an average pool. */
  | { readonly kind: 'shared'; readonly size: number }
  /** out = in, weights of its own for each: groups, depthwise channels. Weight axis [size]. */
  | { readonly kind: 'own'; readonly size: number }
  /** Every output with every input: channels, features (out = 1: a sum over it). Weight axes [out, in]. */
  | { readonly kind: 'full'; readonly out: number; readonly in: number }
  /** Cross-correlation: output o and tap k read input o·stride + k·dilation − pad where that is in [0, in), else nothing. Weight axis [kernel]. */
  | {
      readonly kind: 'window';
      readonly out: number;
      readonly in: number;
      readonly kernel: number;
      readonly stride: number;
      readonly dilation: number;
      readonly pad: number;
    };

export interface MapStructure {
  readonly axes: readonly MapAxis[];
}

export interface WeightedStructure extends MapStructure {
  /** As many as the weight axes have elements. */
  readonly weights: Float64Array;
}

/** Row i computes Σ_k patCoef[k] · x[rowBase[i] + patOffset[k]] for k in patStart[p] .. patStart[p+1], p = rowPattern[i]. */
export interface Patterns {
  readonly rowPattern: Uint32Array;
  readonly rowBase: Int32Array;
  readonly patStart: Uint32Array;
  readonly patOffset: Int32Array;
  readonly patCoef: Float64Array;
}

/** Row i computes Σ_k weights[rowWeight[i] + tap[k]] · x[rowBase[i] + offset[k]] for k in start[c] .. start[c+1], c = rowClass[i]. */
export interface MapGeometry {
  readonly rowClass: Uint32Array;
  readonly rowBase: Int32Array;
  readonly rowWeight: Uint32Array;
  readonly start: Uint32Array;
  readonly offset: Int32Array;
  readonly tap: Int32Array;
}

type Kind = MapAxis['kind'];
type AxisOf<K extends Kind> = Extract<MapAxis, { kind: K }>;

/** Where output coordinate `o` of an axis begins to read, in steps of the axis on either side, and by which class. */
interface AxisRows {
  readonly base: Int32Array;
  readonly weight: Int32Array;
  readonly rowClass: Uint32Array;
  /** By class: what a row reads, relative to its base, and with which weight, relative to its first. */
  readonly classes: readonly { readonly offset: Int32Array; readonly tap: Int32Array }[];
}

/** What an axis kind is. `in` and `out` of its extents, `weights` of its weight axes together. */
interface AxisRecord<K extends Kind> {
  out(axis: AxisOf<K>): number;
  in(axis: AxisOf<K>): number;
  weights(axis: AxisOf<K>): number;
  /** All numbers of the axis, and whether together they are one. */
  isValid(axis: AxisOf<K>): boolean;
  rows(axis: AxisOf<K>): AxisRows;
  /** Taps of all classes together, at most. */
  taps(axis: AxisOf<K>): number;
  /** Whether output i reads input i alone. */
  isDiagonal(axis: AxisOf<K>): boolean;
  /** What a factor of each output, or of each input, may depend on to be a factor of weights. */
  readonly factors: { readonly [S in Side]: (axis: AxisOf<K>) => FactorIndex };
}

type Side = 'out' | 'in';

interface FactorIndex {
  /** Of each weight the coordinate whose factor it takes. */
  readonly weights: Int32Array;
  /** Of each coordinate the one that has the factor which it must have. */
  readonly equals: Int32Array;
}

const zeros = (length: number) => new Int32Array(length);
const iota = (length: number) => Int32Array.from({ length }, (_, i) => i);
const isSize = (value: number) => Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31;
/** One class, of one tap or of all inputs. */
const alike = (rows: number, offset: Int32Array, at: Pick<AxisRows, 'base' | 'weight'>): AxisRows => ({
  ...at,
  rowClass: new Uint32Array(rows),
  classes: [{ offset, tap: offset }],
});

const AXES: { readonly [K in Kind]: AxisRecord<K> } = {
  shared: {
    out: ({ size }) => size,
    in: ({ size }) => size,
    weights: () => 1,
    isValid: ({ size }) => isSize(size),
    rows: ({ size }) => alike(size, zeros(1), { base: iota(size), weight: zeros(size) }),
    taps: () => 1,
    isDiagonal: () => true,
    factors: {
      out: ({ size }) => ({ weights: zeros(1), equals: zeros(size) }),
      in: ({ size }) => ({ weights: zeros(1), equals: zeros(size) }),
    },
  },
  own: {
    out: ({ size }) => size,
    in: ({ size }) => size,
    weights: ({ size }) => size,
    isValid: ({ size }) => isSize(size),
    rows: ({ size }) => alike(size, zeros(1), { base: iota(size), weight: iota(size) }),
    taps: () => 1,
    isDiagonal: () => true,
    factors: {
      out: ({ size }) => ({ weights: iota(size), equals: iota(size) }),
      in: ({ size }) => ({ weights: iota(size), equals: iota(size) }),
    },
  },
  full: {
    out: ({ out }) => out,
    in: (axis) => axis.in,
    weights: (axis) => axis.out * axis.in,
    isValid: (axis) => isSize(axis.out) && isSize(axis.in),
    rows: (axis) =>
      alike(axis.out, iota(axis.in), { base: zeros(axis.out), weight: iota(axis.out).map((o) => o * axis.in) }),
    taps: (axis) => axis.in,
    isDiagonal: (axis) => axis.out === 1 && axis.in === 1,
    factors: {
      out: (axis) => ({
        weights: iota(axis.out * axis.in).map((w) => Math.floor(w / axis.in)),
        equals: iota(axis.out),
      }),
      in: (axis) => ({ weights: iota(axis.out * axis.in).map((w) => w % axis.in), equals: iota(axis.in) }),
    },
  },
  window: {
    out: ({ out }) => out,
    in: (axis) => axis.in,
    weights: ({ kernel }) => kernel,
    isValid: isWindow,
    rows: windowRows,
    // From one position to the next the first tap and the end never rise.
    taps: ({ kernel, out }) => kernel * Math.min(out, 2 * kernel + 2),
    isDiagonal: (axis) => axis.out === axis.in && axis.kernel === 1 && axis.stride === 1 && axis.pad === 0,
    factors: {
      out: ({ kernel, out }) => ({ weights: zeros(kernel), equals: zeros(out) }),
      in: (axis) => ({ weights: zeros(axis.kernel), equals: zeros(axis.in) }),
    },
  },
};

function recordOf<K extends Kind>(axis: AxisOf<K>): AxisRecord<K> {
  return AXES[axis.kind as K];
}

function isWindow(axis: AxisOf<'window'>): boolean {
  const { out, kernel, stride, dilation, pad } = axis;
  const sizes = [out, axis.in, kernel, stride, dilation];
  const reach = (out - 1) * stride + (kernel - 1) * dilation;
  return sizes.every(isSize) && Number.isSafeInteger(pad) && pad >= 0 && pad < 2 ** 31 && reach < 2 ** 31;
}

/** Positions whose taps in [0, in) are the same ones are of one class. */
function windowRows(axis: AxisOf<'window'>): AxisRows {
  const { out, kernel, stride, dilation, pad } = axis;
  const base = Int32Array.from({ length: out }, (_, o) => o * stride - pad);
  const classes: { offset: Int32Array; tap: Int32Array }[] = [];
  const known = new Map<number, number>();
  const rowClass = new Uint32Array(out);
  for (let o = 0; o < out; o++) {
    const first = Math.max(0, Math.ceil(-base[o]! / dilation));
    const end = Math.max(first, Math.min(kernel, Math.ceil((axis.in - base[o]!) / dilation)));
    const key = first * (kernel + 1) + end;
    let id = known.get(key);
    if (id === undefined) {
      id = classes.length;
      known.set(key, id);
      const tap = Int32Array.from({ length: end - first }, (_, t) => first + t);
      classes.push({ offset: tap.map((k) => k * dilation), tap });
    }
    rowClass[o] = id;
  }
  return { base, weight: zeros(out), rowClass, classes };
}

const productOf = (axes: readonly MapAxis[], of: (axis: MapAxis) => number): number =>
  axes.reduce((product, axis) => product * of(axis), 1);

export interface StructureSizes {
  /** Elements of the outputs' box, of the operand's, and weights. */
  readonly out: number;
  readonly in: number;
  readonly weights: number;
  /** Taps of all classes, at most. */
  readonly taps: number;
}

/** Of a structure whose axes are valid; products may be larger than what is safe. */
export function sizesOf({ axes }: MapStructure): StructureSizes {
  return {
    out: productOf(axes, (axis) => recordOf(axis).out(axis)),
    in: productOf(axes, (axis) => recordOf(axis).in(axis)),
    weights: productOf(axes, (axis) => recordOf(axis).weights(axis)),
    taps: productOf(axes, (axis) => recordOf(axis).taps(axis)),
  };
}

/** Whether the axes are numbers that they may be. Nothing is allocated. */
export function isStructure({ axes }: MapStructure): boolean {
  return axes.every((axis) => recordOf(axis).isValid(axis));
}

/** Rows in the order of the outputs' box; taps of a class in the order of the operand's. */
export function geometryOf({ axes }: MapStructure): MapGeometry {
  let rows: Omit<AxisRows, 'classes'> = { base: zeros(1), weight: zeros(1), rowClass: new Uint32Array(1) };
  let classes: AxisRows['classes'] = [{ offset: zeros(1), tap: zeros(1) }];
  for (const axis of axes) {
    const record = recordOf(axis);
    const own = record.rows(axis);
    const [inSteps, weightSteps] = [record.in(axis), record.weights(axis)];
    rows = {
      base: outer(rows.base, own.base, inSteps),
      weight: outer(rows.weight, own.weight, weightSteps),
      rowClass: outer(rows.rowClass, own.rowClass, own.classes.length),
    };
    classes = classes.flatMap(({ offset, tap }) =>
      own.classes.map((each) => ({
        offset: outer(offset, each.offset, inSteps),
        tap: outer(tap, each.tap, weightSteps),
      })),
    );
  }
  const start = new Uint32Array(classes.length + 1);
  classes.forEach(({ tap }, c) => (start[c + 1] = start[c]! + tap.length));
  const [offset, tap] = [zeros(start[classes.length]!), zeros(start[classes.length]!)];
  classes.forEach((each, c) => {
    offset.set(each.offset, start[c]);
    tap.set(each.tap, start[c]);
  });
  return {
    rowClass: rows.rowClass,
    rowBase: rows.base,
    rowWeight: Uint32Array.from(rows.weight),
    start,
    offset,
    tap,
  };
}

/** a[i]·factor + b[j], row-major. */
function outer<T extends Int32Array | Uint32Array>(a: T, b: T, factor: number): T {
  const all = new (a.constructor as new (length: number) => T)(a.length * b.length);
  for (let i = 0, at = 0; i < a.length; i++) for (let j = 0; j < b.length; j++) all[at++] = a[i]! * factor + b[j]!;
  return all;
}

/**
 * The structure of the map whose row i, or column i where `side` is the inputs', is factors[i] times that of this one. Undefined where factors differ
 * that one weight would have to take: along a window, say.
 */
export function scaledStructure(
  { axes, weights }: WeightedStructure,
  side: Side,
  factors: Float64Array,
): WeightedStructure | undefined {
  let index: FactorIndex = { weights: zeros(1), equals: zeros(1) };
  for (const axis of axes) {
    const record = recordOf(axis);
    const own = record.factors[side](axis);
    const steps = record[side](axis);
    index = { weights: outer(index.weights, own.weights, steps), equals: outer(index.equals, own.equals, steps) };
  }
  const { weights: takes, equals } = index;
  if (!factors.every((factor, i) => factor === factors[equals[i]!])) return undefined;
  return { axes, weights: weights.map((weight, w) => factors[takes[w]!]! * weight) };
}

/** Of a map y[i] = c[i]·x[i] by its axes the c, else undefined. */
export function diagonalOf(structure: WeightedStructure): Float64Array | undefined {
  if (!structure.axes.every((axis) => recordOf(axis).isDiagonal(axis))) return undefined;
  return Float64Array.from(geometryOf(structure).rowWeight, (w) => structure.weights[w]!);
}

/** Entries of all rows together: multiply-adds of one application. */
export function entriesOf({ rowClass, start }: MapGeometry): number {
  const sizes = start.subarray(1).map((end, c) => end - start[c]!);
  let total = 0;
  for (const c of rowClass) total += sizes[c]!;
  return total;
}

/** The different rows but for where they read: pattern p has the class classOf[p] and the weights from weight[p] on. */
export interface RowPatterns {
  readonly rowPattern: Uint32Array;
  readonly weight: Uint32Array;
  readonly classOf: Int32Array;
}

const foundPatterns = new WeakMap<MapGeometry, RowPatterns>();

/** In the order of the rows; found once. */
export function patternsOfRows(geometry: MapGeometry): RowPatterns {
  let patterns = foundPatterns.get(geometry);
  if (patterns === undefined) {
    patterns = findPatterns(geometry);
    foundPatterns.set(geometry, patterns);
  }
  return patterns;
}

function findPatterns({ rowClass, rowWeight, start }: MapGeometry): RowPatterns {
  const classes = start.length - 1;
  const known = new Map<number, number>();
  const [weight, classOf]: [number[], number[]] = [[], []];
  const rowPattern = rowClass.map((c, i) => {
    const key = rowWeight[i]! * classes + c;
    let pattern = known.get(key);
    if (pattern === undefined) {
      pattern = weight.length;
      known.set(key, pattern);
      weight.push(rowWeight[i]!);
      classOf.push(c);
    }
    return pattern;
  });
  return { rowPattern, weight: Uint32Array.from(weight), classOf: Int32Array.from(classOf) };
}

/** Entries of patterns that hold the same rows, zero weights among them. */
export function storedEntries(geometry: MapGeometry): number {
  return patternsOfRows(geometry).classOf.reduce((total, c) => total + geometry.start[c + 1]! - geometry.start[c]!, 0);
}

/** As rows that share patterns: one for each first weight and class, in the order of the rows. Zero weights are left out. */
export function expanded(geometry: MapGeometry, weights: Float64Array): Patterns {
  const { start, offset, tap, rowBase } = geometry;
  const { rowPattern, weight, classOf } = patternsOfRows(geometry);
  const patStart = new Uint32Array(weight.length + 1);
  for (let p = 0; p < weight.length; p++) {
    let entries = 0;
    for (let k = start[classOf[p]!]!; k < start[classOf[p]! + 1]!; k++)
      if (weights[weight[p]! + tap[k]!] !== 0) entries++;
    patStart[p + 1] = patStart[p]! + entries;
  }
  const [patOffset, patCoef] = [new Int32Array(patStart[weight.length]!), new Float64Array(patStart[weight.length]!)];
  for (let p = 0, at = 0; p < weight.length; p++) {
    for (let k = start[classOf[p]!]!; k < start[classOf[p]! + 1]!; k++) {
      const coef = weights[weight[p]! + tap[k]!]!;
      if (coef === 0) continue;
      patOffset[at] = offset[k]!;
      patCoef[at++] = coef;
    }
  }
  return { rowPattern, rowBase, patStart, patOffset, patCoef };
}

/** Whether the structure with its weights has just the rows' coefficients, each of them: the annotation of a map is true. */
export function expandsTo(structure: WeightedStructure, map: Patterns & { readonly inSize: number }): boolean {
  if (!isStructure(structure)) return false;
  const { weights } = structure;
  const sizes = sizesOf(structure);
  if (sizes.weights !== weights.length || sizes.in !== map.inSize || sizes.out !== map.rowPattern.length) return false;
  const { rowClass, rowBase, rowWeight, start, offset, tap } = geometryOf(structure);
  const row = new Float64Array(map.inSize);
  for (let i = 0; i < rowClass.length; i++) {
    const [first, end] = [start[rowClass[i]!]!, start[rowClass[i]! + 1]!];
    const [from, to] = [map.patStart[map.rowPattern[i]!]!, map.patStart[map.rowPattern[i]! + 1]!];
    for (let k = from; k < to; k++) {
      const column = map.rowBase[i]! + map.patOffset[k]!;
      if (column < 0 || column >= map.inSize) return false;
      row[column]! += map.patCoef[k]!;
    }
    for (let k = first; k < end; k++) {
      const column = rowBase[i]! + offset[k]!;
      if (row[column] !== weights[rowWeight[i]! + tap[k]!]) return false;
      row[column] = 0;
    }
    // What is left is read by the map alone.
    for (let k = from; k < to; k++) if (row[map.rowBase[i]! + map.patOffset[k]!] !== 0) return false;
  }
  return true;
}
