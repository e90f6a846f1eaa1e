/**
 * Sparse linear maps whose rows share patterns. A convolution's interior positions all apply one pattern at different
 * bases, so 11,616 rows of a 3×3×16 kernel hold 24 patterns and not 1.7 million coefficients; a dense layer has one
 * pattern a row. Every linear ONNX operator becomes one of these.
 *
 * Row i of the map computes Σ_k patCoef[k] · x[rowBase[i] + patOffset[k]] for k in patStart[p] .. patStart[p+1], p = rowPattern[i].
 *
 * A map that is a tensor product along axes is held as that, `structure`, and its patterns are made when somebody reads them. Then it is an object of
 * accessors: `{ ...map }` has no patterns.
 */
import {
  diagonalOf,
  expanded,
  entriesOf,
  geometryOf,
  patternsOfRows,
  sizesOf,
  storedEntries,
  type MapGeometry,
  type Patterns,
  type RowPatterns,
  type WeightedStructure,
} from './map-structure.js';

export interface LinearMap extends Patterns {
  /** Elements of the source tensor. */
  readonly inSize: number;
  /** What the map is, not a hint: its patterns are the expansion of this. */
  readonly structure?: WeightedStructure;
}

/** Entries that a structured map's patterns may have and be read by all the same: larger ones would take memory that the structure does not. */
const MOST_ENTRIES = 2 ** 22;

/** A map by its structure. */
class StructuredMap implements LinearMap {
  readonly inSize: number;
  private made: { geometry?: MapGeometry; patterns?: Patterns; isLarge?: boolean } = {};

  /** `source`: a map with other weights, whose rows and entries this one has; f gives its coefficients. */
  constructor(
    readonly structure: WeightedStructure,
    readonly mostEntries: number,
    private readonly source?: { readonly map: StructuredMap; readonly f: (coef: number) => number },
  ) {
    this.inSize = sizesOf(structure).in;
  }

  get geometry(): MapGeometry {
    return (this.made.geometry ??= this.source?.map.geometry ?? geometryOf(this.structure));
  }

  get isLarge(): boolean {
    return (this.made.isLarge ??= this.source?.map.isLarge ?? storedEntries(this.geometry) > this.mostEntries);
  }

  private get patterns(): Patterns {
    return (this.made.patterns ??=
      this.source === undefined
        ? expanded(this.geometry, this.structure.weights)
        : withCoefs(this.source.map, this.source.f));
  }

  get rowPattern(): Uint32Array {
    return this.patterns.rowPattern;
  }
  get rowBase(): Int32Array {
    return this.geometry.rowBase;
  }
  get patStart(): Uint32Array {
    return this.patterns.patStart;
  }
  get patOffset(): Int32Array {
    return this.patterns.patOffset;
  }
  get patCoef(): Float64Array {
    return this.patterns.patCoef;
  }
}

function withCoefs(
  { rowPattern, rowBase, patStart, patOffset, patCoef }: Patterns,
  f: (coef: number) => number,
): Patterns {
  return { rowPattern, rowBase, patStart, patOffset, patCoef: patCoef.map(f) };
}

/** The map that a structure with its weights is; zero weights are no entries. `mostEntries`: of patterns that it is read by; for tests. */
export function structuredMap(structure: WeightedStructure, mostEntries = MOST_ENTRIES): LinearMap {
  return new StructuredMap(structure, mostEntries);
}

/** The map with coefficients f(c), f(0) = 0: its rows and entries are those of the map, also where they become zero. */
export function mapCoefs(map: LinearMap, f: (coef: number) => number): LinearMap {
  if (!(map instanceof StructuredMap)) return { inSize: map.inSize, ...withCoefs(map, f) };
  const { axes, weights } = map.structure;
  return new StructuredMap({ axes, weights: weights.map(f) }, map.mostEntries, { map, f });
}

/** The geometry of a map that is read by its structure; undefined of others, whose patterns are read. */
export function geometryRead(map: LinearMap): MapGeometry | undefined {
  return map instanceof StructuredMap && map.isLarge ? map.geometry : undefined;
}

/** The rows of a map, however it is held; they are not to be changed. */
export interface MapRows extends MapGeometry {
  readonly weights: Float64Array;
}

const knownRows = new WeakMap<LinearMap, MapRows>();

export function rowsOf(map: LinearMap): MapRows {
  let rows = knownRows.get(map);
  if (rows === undefined) {
    rows = findRows(map);
    knownRows.set(map, rows);
  }
  return rows;
}

/** By patterns: each is a class, and its entries are the weights in their order. */
function findRows(map: LinearMap): MapRows {
  const geometry = geometryRead(map);
  if (geometry !== undefined) return { ...geometry, weights: map.structure!.weights };
  const { rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  return {
    rowClass: rowPattern,
    rowBase,
    rowWeight: zeros(rowPattern.length),
    start: patStart,
    offset: patOffset,
    tap: iota(patCoef.length),
    weights: patCoef,
  };
}

/** What rows of a map have in common. */
export function rowPatternsOf(map: LinearMap): RowPatterns {
  const geometry = geometryRead(map);
  if (geometry !== undefined) return patternsOfRows(geometry);
  const count = map.patStart.length - 1;
  return { rowPattern: map.rowPattern, weight: zeros(count), classOf: iota(count) };
}

/** The coefficients, each once at least; zeros may be among them. */
export function coefficientsOf(map: LinearMap): Float64Array {
  return rowsOf(map).weights;
}

/**
 * The rows of two maps of which one was made of the other by `mapCoefs`, with the weights of each in the same places; undefined of any others. Places of
 * both may hold zero.
 */
export function commonRows(a: LinearMap, b: LinearMap): readonly [MapRows, MapRows] | undefined {
  if (a instanceof StructuredMap && b instanceof StructuredMap) {
    if (a.structure.axes !== b.structure.axes) return undefined;
    const { geometry } = a;
    return [
      { ...geometry, weights: a.structure.weights },
      { ...geometry, weights: b.structure.weights },
    ];
  }
  const isSame =
    a.rowPattern === b.rowPattern &&
    a.rowBase === b.rowBase &&
    a.patStart === b.patStart &&
    a.patOffset === b.patOffset;
  return isSame ? [rowsOf(a), rowsOf(b)] : undefined;
}

/** Arrays that all maps share; they only grow. */
const shared = { zeros: new Uint32Array(0), iota: new Int32Array(0) };

function zeros(length: number): Uint32Array {
  if (shared.zeros.length < length) shared.zeros = new Uint32Array(2 * length);
  return shared.zeros.subarray(0, length);
}

function iota(length: number): Int32Array {
  if (shared.iota.length < length) shared.iota = Int32Array.from({ length: 2 * length }, (_, i) => i);
  return shared.iota.subarray(0, length);
}

/** Collects rows; patterns are given once and referred to by number. Typed arrays that double: a 2M-weight layer has 2M entries. */
export class LinearMapBuilder {
  private rowPattern = new Uint32Array(16);
  private rowBase = new Int32Array(16);
  private rows = 0;
  private patStart = new Uint32Array(16);
  private patterns = 0;
  private patOffset = new Int32Array(16);
  private patCoef = new Float64Array(16);
  private entries = 0;

  constructor(private readonly inSize: number) {}

  /** Registers a pattern (zero coefficients are dropped) and returns its number. */
  pattern(offsets: ArrayLike<number>, coefs: ArrayLike<number>): number {
    if (this.entries + offsets.length > this.patOffset.length) {
      const capacity = Math.max(2 * this.patOffset.length, this.entries + offsets.length);
      this.patOffset = grown(this.patOffset, new Int32Array(capacity));
      this.patCoef = grown(this.patCoef, new Float64Array(capacity));
    }
    for (let k = 0; k < offsets.length; k++) {
      if (coefs[k] === 0) continue;
      this.patOffset[this.entries] = offsets[k]!;
      this.patCoef[this.entries++] = coefs[k]!;
    }
    this.patterns++;
    if (this.patterns === this.patStart.length) {
      this.patStart = grown(this.patStart, new Uint32Array(2 * this.patterns));
    }
    this.patStart[this.patterns] = this.entries;
    return this.patterns - 1;
  }

  /** Appends a row applying `pattern` at `base`. */
  row(pattern: number, base: number): void {
    if (this.rows === this.rowPattern.length) {
      this.rowPattern = grown(this.rowPattern, new Uint32Array(2 * this.rows));
      this.rowBase = grown(this.rowBase, new Int32Array(2 * this.rows));
    }
    this.rowPattern[this.rows] = pattern;
    this.rowBase[this.rows++] = base;
  }

  build(): LinearMap {
    return {
      inSize: this.inSize,
      rowPattern: this.rowPattern.slice(0, this.rows),
      rowBase: this.rowBase.slice(0, this.rows),
      patStart: this.patStart.slice(0, this.patterns + 1),
      patOffset: this.patOffset.slice(0, this.entries),
      patCoef: this.patCoef.slice(0, this.entries),
    };
  }
}

function grown<T extends Int32Array | Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/** Rows of the map. */
export function rowCount(map: LinearMap): number {
  return map.rowBase.length;
}

/** Multiply–accumulates of one evaluation. */
export function nonZeros(map: LinearMap): number {
  return entriesOf(rowsOf(map));
}

/** x[j] += Σ_i y[i]·(coefficient of x[j] in row i): the transposed map. */
export function accumulateTransposed(map: LinearMap, y: Float64Array, x: Float64Array): void {
  const { rowClass, rowBase, rowWeight, start, offset, tap, weights } = rowsOf(map);
  for (let i = 0; i < rowClass.length; i++) {
    const factor = y[i]!;
    if (factor === 0) continue;
    const [base, first] = [rowBase[i]!, rowWeight[i]!];
    const end = start[rowClass[i]! + 1]!;
    for (let k = start[rowClass[i]!]!; k < end; k++) x[base + offset[k]!]! += factor * weights[first + tap[k]!]!;
  }
}

/** The map that scales every element by `factor`. */
export function scalarMap(size: number, factor: number): LinearMap {
  return structuredMap({ axes: [{ kind: 'shared', size }], weights: Float64Array.of(factor) });
}

/** The map y[i] = factors(i) · x[index[i]]; index −1 gives 0. Equal factors share a pattern. */
export function gatherMap(
  inSize: number,
  index: ArrayLike<number>,
  factor: (i: number) => number = () => 1,
): LinearMap {
  const builder = new LinearMapBuilder(inSize);
  const patterns = new Map<number, number>();
  for (let i = 0; i < index.length; i++) {
    const coef = index[i]! < 0 ? 0 : factor(i);
    let pattern = patterns.get(coef);
    if (pattern === undefined) {
      pattern = builder.pattern([0], [coef]);
      patterns.set(coef, pattern);
    }
    builder.row(pattern, Math.max(0, index[i]!));
  }
  return builder.build();
}

/** Row i of the result is factor(i) times row i of the map. Rows of one pattern and one factor keep sharing. */
export function scaleRows(map: LinearMap, factor: (row: number) => number): LinearMap {
  const builder = new LinearMapBuilder(map.inSize);
  const patterns = new Map<string, number>();
  for (let i = 0; i < map.rowPattern.length; i++) {
    const p = map.rowPattern[i]!;
    const f = factor(i);
    const key = `${p}:${f}`;
    let pattern = patterns.get(key);
    if (pattern === undefined) {
      const [start, end] = [map.patStart[p]!, map.patStart[p + 1]!];
      pattern = builder.pattern(
        map.patOffset.subarray(start, end),
        map.patCoef.subarray(start, end).map((coef) => coef * f),
      );
      patterns.set(key, pattern);
    }
    builder.row(pattern, map.rowBase[i]!);
  }
  return builder.build();
}

/** The c of a map y[i] = c[i]·x[i], else undefined. */
export function diagonal(map: LinearMap): Float64Array | undefined {
  if (map.structure !== undefined) return diagonalOf(map.structure);
  const { inSize, rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  if (rowPattern.length !== inSize) return undefined;
  const factors = new Float64Array(inSize);
  for (let i = 0; i < inSize; i++) {
    const first = patStart[rowPattern[i]!]!;
    const entries = patStart[rowPattern[i]! + 1]! - first;
    if (entries > 1 || (entries === 1 && rowBase[i]! + patOffset[first]! !== i)) return undefined;
    if (entries === 1) factors[i] = patCoef[first]!;
  }
  return factors;
}

/** c where the map is y = c·x, else undefined. */
export function uniformFactor(map: LinearMap): number | undefined {
  if (geometryRead(map) !== undefined) return undefined;
  const { inSize, rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  if (rowPattern.length !== inSize || inSize === 0) return undefined;
  const factor = patCoef[patStart[rowPattern[0]!]!];
  for (let i = 0; i < rowPattern.length; i++) {
    const first = patStart[rowPattern[i]!]!;
    if (patStart[rowPattern[i]! + 1] !== first + 1) return undefined;
    if (rowBase[i]! + patOffset[first]! !== i || patCoef[first] !== factor) return undefined;
  }
  return factor;
}
