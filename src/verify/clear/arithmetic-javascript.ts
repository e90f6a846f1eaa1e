/**
 * The loops of a check in plain JavaScript: BigInt, whose sums are reduced once and not product by product, and noble's BLAKE3. What generic maps cost is in limbs.ts.
 */
import {
  EXT_BYTES,
  EXT_ONE,
  EXT_ZERO,
  extAdd,
  extMul,
  extScale,
  extSub,
  FIELD_BYTES,
  GL,
  NON_RESIDUE,
  type Element,
  type Ext,
} from '../../field/goldilocks.js';
import type { Arithmetic, Cosets, Entries, EntriesAt, OpenedRows } from './arithmetic.js';
import { tablesOf } from './box.js';
import type { EntrySource } from './functional.js';
import { DIGEST_BYTES, digestInto } from './hash.js';
import { leftFactors, LimbSums } from './limbs.js';
import { listedSum } from './listed-sum.js';
import { eqAt, powersOf } from './multilinear.js';
import { HALF, inverseDomainPoint, inverseRoot } from './oracle.js';
import type { FormTerm } from './relation.js';
import type { Weighting } from './weighting.js';

/** Rows of a matrix are split here for entries: one table of the lower bits, one product for all entries of a column that share the upper bits. */
export const LOWER_BITS = 12;

export const javascriptArithmetic: Arithmetic = {
  digests(context, messages, length) {
    const count = messages.length / length;
    const digests = new Uint8Array(DIGEST_BYTES * count);
    for (let i = 0; i < count; i++) {
      digestInto(context, messages.subarray(length * i, length * (i + 1)), digests, DIGEST_BYTES * i);
    }
    return digests;
  },
  rowSums,
  foldCosets,
  evaluations,
  joinedSum(coefficients, joined) {
    return joined.reduce((sum, { points, epsilon, bound }) => {
      const bindings = boundWeights(points, epsilon, bound);
      const values = evaluations(coefficients, bindings.points);
      return extAdd(sum, dot(bindings.weights, values));
    }, EXT_ZERO);
  },
  weightedSum,
  entrySums,
  listedSum,
};

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function rowSums({ bytes, count, salt, width }: OpenedRows, coefficients: readonly Ext[]): Ext[] {
  const view = viewOf(bytes);
  const stride = salt + FIELD_BYTES * width;
  return Array.from({ length: count }, (_, row) => {
    let at = stride * row + salt;
    let [s0, s1] = [0n, 0n];
    for (const [c0, c1] of coefficients) {
      const value = view.getBigUint64(at, true);
      s0 += c0 * value;
      s1 += c1 * value;
      at += FIELD_BYTES;
    }
    return [GL.mod(s0), GL.mod(s1)] as const;
  });
}

/** One fold: ((1 − r)·(f(z) + f(−z)) + r·(f(z) − f(−z))/z)/2 at z², elements q and q + half at z and −z. */
function foldCosets({ bytes, count, width }: OpenedRows, { domainLog, indices, bound }: Cosets): Ext[] {
  const view = viewOf(bytes);
  const folds = bound.map((r, k) => ({
    sum: extScale(extSub(EXT_ONE, r), HALF),
    difference: extScale(r, HALF),
    step: inverseRoot(bound.length - k),
  }));
  return Array.from({ length: count }, (_, row) => {
    let values = elementsAt(view, FIELD_BYTES * width * row, width / 2);
    let inverse = inverseDomainPoint(domainLog, indices[row]!);
    for (const { sum, difference, step } of folds) {
      values = foldOnce(values, inverse, step, sum, difference);
      inverse = GL.mul(inverse, inverse);
    }
    return values[0]!;
  });
}

function elementsAt(view: DataView, at: number, count: number): Ext[] {
  return Array.from({ length: count }, (_, q) => {
    const from = at + EXT_BYTES * q;
    return [view.getBigUint64(from, true), view.getBigUint64(from + FIELD_BYTES, true)] as const;
  });
}

function foldOnce(values: readonly Ext[], inverse: Element, step: Element, [h0, h1]: Ext, difference: Ext): Ext[] {
  const half = values.length / 2;
  const folded: Ext[] = [];
  let inverseOfPoint = inverse;
  for (let q = 0; q < half; q++) {
    const [[a0, a1], [b0, b1]] = [values[q]!, values[q + half]!];
    const [s0, s1] = extScale(difference, inverseOfPoint);
    const [p0, p1, m0, m1] = [a0 + b0, a1 + b1, a0 - b0, a1 - b1];
    folded.push([
      GL.mod(h0 * p0 + s0 * m0 + NON_RESIDUE * (h1 * p1 + s1 * m1)),
      GL.mod(h0 * p1 + h1 * p0 + s0 * m1 + s1 * m0),
    ]);
    inverseOfPoint = GL.mul(inverseOfPoint, step);
  }
  return folded;
}

/** Coefficients that are summed between two reductions: powers of x below this are listed. */
const STRIDE = 16;

function evaluations(coefficients: readonly Ext[], points: readonly Element[]): Ext[] {
  return points.map((x) => {
    const powers = [1n];
    while (powers.length <= STRIDE) powers.push(GL.mul(powers.at(-1)!, x));
    const step = powers[STRIDE]!;
    let [s0, s1] = [0n, 0n];
    for (let from = STRIDE * Math.floor((coefficients.length - 1) / STRIDE); from >= 0; from -= STRIDE) {
      s0 *= step;
      s1 *= step;
      for (let i = Math.min(STRIDE, coefficients.length - from) - 1; i >= 0; i--) {
        const [c0, c1] = coefficients[from + i]!;
        s0 += c0 * powers[i]!;
        s1 += c1 * powers[i]!;
      }
      s0 = GL.mod(s0);
      s1 = GL.mod(s1);
    }
    return [s0, s1] as const;
  });
}

/** ε^i·Π_k (1 − r_k + r_k·x_i^(2^k)) of point i, and x_i^(2^bound). */
function boundWeights(
  points: readonly Element[],
  epsilon: Ext,
  bound: readonly Ext[],
): { readonly weights: readonly Ext[]; readonly points: readonly Element[] } {
  const rests = bound.map((r) => extSub(EXT_ONE, r));
  const powers = powersOf(epsilon, points.length + 1);
  const squares: Element[] = [];
  const weights = points.map((point, i) => {
    let [w0, w1] = powers[i + 1]!;
    let x = point;
    bound.forEach(([r0, r1], k) => {
      const [rest0, rest1] = rests[k]!;
      const [f0, f1] = [rest0 + r0 * x, rest1 + r1 * x];
      [w0, w1] = [GL.mod(w0 * f0 + NON_RESIDUE * w1 * f1), GL.mod(w0 * f1 + w1 * f0)];
      x = GL.mul(x, x);
    });
    squares.push(x);
    return [w0, w1] as const;
  });
  return { weights, points: squares };
}

function dot(a: readonly Ext[], b: readonly Ext[]): Ext {
  let [s0, s1] = [0n, 0n];
  a.forEach(([a0, a1], i) => {
    const [b0, b1] = b[i]!;
    s0 += a0 * b0 + NON_RESIDUE * a1 * b1;
    s1 += a0 * b1 + a1 * b0;
  });
  return [GL.mod(s0), GL.mod(s1)];
}

function weightedSum(weighting: Weighting, values: BigUint64Array, select: FormTerm['select']): Ext {
  const weights = weighting.elements();
  let [s0, s1] = [0n, 0n];
  const add = ([w0, w1]: Ext, value: bigint) => {
    s0 += w0 * value;
    s1 += w1 * value;
  };
  if (select) select.to.forEach((to, e) => add(weights[to]!, values[select.from[e]!]!));
  else weights.forEach((weight, i) => add(weight, values[i]!));
  return [GL.mod(s0), GL.mod(s1)];
}

function entrySums(entries: Entries, { positions, layout, point }: EntriesAt): Ext[] {
  const { n, columns } = layout;
  const low = Math.min(n, LOWER_BITS);
  const table = tablesOf(point).eqFactors(low);
  const { index } = entries;
  const { weights, to, factor } = entryWeights(entries);
  const left = leftFactors(weights);
  // By the bits of column·2^n + row above the lowest.
  const groups = new Map<number, number>();
  for (const element of index) {
    const name = Math.floor(positions[element]! / 2 ** low);
    if (!groups.has(name)) groups.set(name, groups.size);
  }
  const sums = new LimbSums(groups.size);
  for (let e = 0; e < index.length; e++) {
    const position = positions[index[e]!]!;
    const group = groups.get(Math.floor(position / 2 ** low))!;
    sums.add(group, left, to === undefined ? e : to[e]!, table, position % 2 ** low);
  }
  const result = new Array<Ext>(columns).fill(EXT_ZERO);
  const upper = point.slice(low);
  for (const [name, group] of groups) {
    const sum = extMul(factor, sums.value(group));
    const column = Math.floor(name / 2 ** (n - low));
    result[column] = extAdd(result[column]!, extMul(sum, eqAt(upper, name % 2 ** (n - low))));
  }
  return result;
}

/** Entry e weighs factor·weights[to[e]], or factor·weights[e]. */
interface EntryWeights {
  readonly weights: readonly Ext[];
  readonly to?: Uint32Array;
  readonly factor: Ext;
}

function entryWeights(entries: Entries): EntryWeights {
  const { source } = entries;
  if (source === undefined) return { weights: entries.weights, factor: EXT_ONE };
  return ENTRY_WEIGHTS[source.kind](entries, source as never);
}

const ENTRY_WEIGHTS: {
  readonly [K in EntrySource['kind']]: (entries: Entries, source: Extract<EntrySource, { kind: K }>) => EntryWeights;
} = {
  select: (_, { elements, to, factor }) => ({ weights: elements(), to, factor }),
  patterns: ({ weights }) => ({ weights, factor: EXT_ONE }),
};
