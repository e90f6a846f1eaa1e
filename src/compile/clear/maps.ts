/** Linear maps of the IR as matrices of committed weights: rows selected, columns renumbered to the tensors that hold the operand. */
import { invariant, ZkonnxError } from '../../base/errors.js';
import { outExtents, weightDims } from '../../verify/clear/axes.js';
import { elementsOf, type MapAxis, type MatrixTerm, type Ref, type WeightMap } from '../../verify/clear/relation.js';
import { nonZeros, rowCount, type LinearMap } from '../real/linear-map.js';
import { isOne } from './axes.js';
import { isIdentity, plainRef, type Vec } from './vec.js';

/** Entries that prover and verifier walk one by one. */
export const MOST_ENTRIES = 2 ** 20;

export interface WrittenMap {
  /** Without weights yet: `values` are theirs. */
  readonly terms: readonly { readonly operand: Ref; readonly map: PlacedMap; readonly values: Float64Array }[];
  /** What constant elements of the operand add to each row. */
  readonly constant: Float64Array;
}

type WithoutWeight<T> = T extends { readonly weight: number } ? Omit<T, 'weight'> : never;
type PlacedMap = WithoutWeight<MatrixTerm['map']> & { readonly dims: readonly number[] };

/**
 * The rows `rows` of the map over an operand each element of which is one element of a tensor or a constant (`isSimple`). `sizes` of tensors.
 */
export function writeMap(map: LinearMap, rows: Uint32Array, operand: Vec, sizeOf: (ref: Ref) => number): WrittenMap {
  const source = plainRef(operand);
  const chosen = withRows(map, rows);
  if (source !== undefined && sizeOf(source) === map.inSize) {
    return { terms: oneTerm(source, chosen), constant: new Float64Array(rows.length) };
  }
  const { maps, constant } = renumber(chosen, operand, sizeOf);
  return { terms: maps.flatMap(([ref, own]) => oneTerm(ref, own)), constant };
}

/** A map along axes, all its rows, over a tensor that has dims for them. */
export function writeAxes(map: LinearMap, axes: readonly MapAxis[], operand: Ref): WrittenMap {
  const { weights } = map.structure!;
  const placed = { kind: 'axes', dims: weightDims(axes), axes } as const;
  return {
    terms: [{ operand, map: placed, values: weights }],
    constant: new Float64Array(elementsOf(outExtents(axes))),
  };
}

function oneTerm(operand: Ref, map: LinearMap): WrittenMap['terms'] {
  const matrix = matrixOf(map);
  if (matrix !== undefined) {
    return [{ operand, map: { kind: 'dense', dims: [rowCount(map), map.inSize] }, values: matrix }];
  }
  if (nonZeros(map) === 0) return [];
  const dense = asDense(map);
  if (dense !== undefined) {
    return [{ operand, map: { kind: 'dense', dims: [rowCount(map), map.inSize] }, values: dense }];
  }
  const { rowPattern: pattern, rowBase: base, patStart: start, patOffset: offset, patCoef: values } = map;
  return [{ operand, map: { kind: 'patterns', dims: [values.length], pattern, base, start, offset }, values }];
}

/** The entries of a map whose structure is one matrix. */
function matrixOf({ structure }: LinearMap): Float64Array | undefined {
  const axes = structure?.axes.filter((axis) => !isOne(axis));
  return axes?.length === 1 && axes[0]!.kind === 'full' ? structure!.weights : undefined;
}

/** The map with these rows alone, and no pattern that none of them uses. */
function withRows(map: LinearMap, rows: Uint32Array): LinearMap {
  if (isIdentity(rows, rowCount(map))) return map;
  const numbers = new Map<number, number>();
  const rowPattern = Uint32Array.from(rows, (row) => {
    const pattern = map.rowPattern[row]!;
    const number = numbers.get(pattern) ?? numbers.size;
    numbers.set(pattern, number);
    return number;
  });
  const patterns = [...numbers.keys()];
  const size = (p: number) => map.patStart[p + 1]! - map.patStart[p]!;
  const patStart = new Uint32Array(patterns.length + 1);
  patterns.forEach((p, i) => (patStart[i + 1] = patStart[i]! + size(p)));
  const patOffset = new Int32Array(patStart.at(-1)!);
  const patCoef = new Float64Array(patOffset.length);
  patterns.forEach((p, i) => {
    patOffset.set(map.patOffset.subarray(map.patStart[p], map.patStart[p + 1]), patStart[i]);
    patCoef.set(map.patCoef.subarray(map.patStart[p], map.patStart[p + 1]), patStart[i]);
  });
  return {
    inSize: map.inSize,
    rowPattern,
    rowBase: Int32Array.from(rows, (row) => map.rowBase[row]!),
    patStart,
    patOffset,
    patCoef,
  };
}

/** By tensor, the map over its elements: rows whose entries have equal distances and coefficients share a pattern. */
function renumber(map: LinearMap, operand: Vec, sizeOf: (ref: Ref) => number) {
  const rows = rowCount(map);
  const constant = new Float64Array(rows);
  const collectors = operand.terms.map((term) => new PatternCollector(sizeOf(term.source), rows));
  for (let row = 0; row < rows; row++) {
    const p = map.rowPattern[row]!;
    for (let k = map.patStart[p]!; k < map.patStart[p + 1]!; k++) {
      const column = map.rowBase[row]! + map.patOffset[k]!;
      invariant(!Number.isNaN(operand.lo[column]!), 'a map reads an element that liveness called dead', { column });
      constant[row]! += map.patCoef[k]! * operand.constant[column]!;
      operand.terms.forEach(({ index }, t) => {
        const element = index === undefined ? column : index[column]!;
        if (element >= 0) collectors[t]!.entry(element, map.patCoef[k]!);
      });
    }
    for (const collector of collectors) collector.endRow();
  }
  const maps = operand.terms.map(({ source }, t) => [source, collectors[t]!.build()] as const);
  return { maps, constant };
}

class PatternCollector {
  private readonly numbers = new Map<string, number>();
  private readonly patterns: { readonly offsets: readonly number[]; readonly coefs: readonly number[] }[] = [];
  private readonly rowPattern: number[] = [];
  private readonly rowBase: number[] = [];
  private readonly row = new Map<number, number>();

  constructor(
    private readonly inSize: number,
    private readonly rows: number,
  ) {}

  entry(element: number, coefficient: number): void {
    this.row.set(element, (this.row.get(element) ?? 0) + coefficient);
  }

  endRow(): void {
    const entries = [...this.row].filter(([, coef]) => coef !== 0).sort(([a], [b]) => a - b);
    this.row.clear();
    const base = entries[0]?.[0] ?? 0;
    const offsets = entries.map(([element]) => element - base);
    const coefs = entries.map(([, coef]) => coef);
    const key = `${offsets.join()}:${coefs.join()}`;
    const number = this.numbers.get(key) ?? this.patterns.length;
    if (number === this.patterns.length) {
      this.numbers.set(key, number);
      this.patterns.push({ offsets, coefs });
    }
    this.rowPattern.push(number);
    this.rowBase.push(base);
  }

  build(): LinearMap {
    invariant(this.rowPattern.length === this.rows, 'a row was not ended');
    const patStart = new Uint32Array(this.patterns.length + 1);
    this.patterns.forEach(({ offsets }, i) => (patStart[i + 1] = patStart[i]! + offsets.length));
    return {
      inSize: this.inSize,
      rowPattern: Uint32Array.from(this.rowPattern),
      rowBase: Int32Array.from(this.rowBase),
      patStart,
      patOffset: Int32Array.from(this.patterns.flatMap(({ offsets }) => offsets)),
      patCoef: Float64Array.from(this.patterns.flatMap(({ coefs }) => coefs)),
    };
  }
}

/**
 * All entries of a map that is a dense matrix: its stored coefficients are at least half of it, as of a layer whose rows each have their own.
 * Undefined for any other. What is recognised is expanded and compared, entry by entry.
 */
export function asDense(map: LinearMap): Float64Array | undefined {
  const { inSize, rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  const size = rowCount(map) * inSize;
  if (size > 2 * patCoef.length) return undefined;
  const entries = new Float64Array(size);
  for (let row = 0; row < rowPattern.length; row++) {
    const p = rowPattern[row]!;
    for (let k = patStart[p]!; k < patStart[p + 1]!; k++) {
      entries[row * inSize + rowBase[row]! + patOffset[k]!]! += patCoef[k]!;
    }
  }
  invariant(isDenseOf(map, entries), 'a dense matrix differs from its map');
  return entries;
}

/** Whether the matrix has just the map's coefficients: every entry of the map is there, and nothing else is. */
export function isDenseOf(map: LinearMap, entries: Float64Array): boolean {
  const { inSize, rowPattern, rowBase, patStart, patOffset, patCoef } = map;
  if (entries.length !== rowPattern.length * inSize) return false;
  const row = new Float64Array(inSize);
  for (let i = 0; i < rowPattern.length; i++) {
    row.fill(0);
    const p = rowPattern[i]!;
    for (let k = patStart[p]!; k < patStart[p + 1]!; k++) {
      const column = rowBase[i]! + patOffset[k]!;
      if (column < 0 || column >= inSize) return false;
      row[column]! += patCoef[k]!;
    }
    for (let j = 0; j < inSize; j++) if (entries[i * inSize + j] !== row[j]) return false;
  }
  return true;
}

/** Entries of a map that are walked one by one: none of one with structure. */
export function walkedEntries({ map }: MatrixTerm): number {
  return WALKED[map.kind](map as never);
}

const WALKED: { readonly [K in WeightMap['kind']]: (map: Extract<WeightMap, { kind: K }>) => number } = {
  dense: () => 0,
  patterns: ({ pattern, start }) => pattern.reduce((sum, p) => sum + start[p + 1]! - start[p]!, 0),
  axes: () => 0,
};

export function tooManyEntries(layer: string, entries: number): ZkonnxError {
  return new ZkonnxError('CIRCUIT_TOO_LARGE', 'the linear maps without structure are too large', {
    expected: `at most ${MOST_ENTRIES} entries that prover and verifier walk one by one`,
    got: `${entries} up to this layer`,
    where: layer,
    help: 'use --protocol mirage for this model, or a smaller model',
  });
}
