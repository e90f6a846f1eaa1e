/** The ops that cost constraints; each hands its elements to the gadget of the same name in circuits/. */
import { argmax as argmaxGadget } from '../../../circuits/gadgets/argmax.js';
import { maxOfMany } from '../../../circuits/gadgets/max.js';
import { positive as positiveGadget } from '../../../circuits/gadgets/positive.js';
import { sumOfProducts } from '../../../circuits/gadgets/products.js';
import { requantise as requantiseGadget } from '../../../circuits/gadgets/requantise.js';
import { constant, type Builder, type Lc } from '../../../circuits/builder.js';
import { addConstant } from '../../../circuits/lc.js';
import { ZkonnxError } from '../../base/errors.js';
import type { IrAttrs } from './graph.js';
import { EXACT } from './linear.js';
import type { ProductShape } from '../real/graph.js';
import { at, element, lowerLive, uniformFact, type IrOp, type LcTensor } from './op.js';

/** A model input: its elements are range-checked where they enter, so every later bound is proven. */
export const input: IrOp<IrAttrs['input']> = {
  infer: ({ lo, hi }, _inputs, size) => uniformFact(size, lo, hi),
  evaluate() {
    throw new TypeError('inputs are given, not evaluated');
  },
  reads() {
    /* nothing before an input */
  },
  lower() {
    throw new TypeError('inputs are bound by the circuit, not lowered');
  },
};

/** See IrAttrs.requantise. */
export const requantise: IrOp<IrAttrs['requantise']> = {
  infer({ shift, lo, bits }, inputs, size) {
    const x = at(inputs, 0);
    const top = lo + 2 ** bits - 1;
    const clamp = (value: number) => Math.min(top, Math.max(lo, round(value, shift)));
    return { size, lo: x.lo.map(clamp), hi: x.hi.map(clamp) };
  },
  evaluate({ shift, lo, bits }, inputs, out) {
    const x = at(inputs, 0);
    const top = lo + 2 ** bits - 1;
    const inverse = 2 ** -shift;
    const half = shift === 0 ? 0 : 0.5;
    for (let i = 0; i < out.length; i++) {
      // x·2^−shift + 1/2 is exact in float64: |x| < 2^53 and scaling by a power of two loses nothing.
      const z = Math.floor(x[i]! * inverse + half);
      out[i] = z < lo ? lo : z > top ? top : z;
    }
  },
  reads: readSameElement,
  lower({ shift, lo, bits, window }, b, inputs, live) {
    const x = at(inputs, 0);
    return lowerLive(live, (i) =>
      requantiseGadget(b, element(x, i), { shift, lo, bits, ...(window === undefined ? {} : { window }) }),
    );
  },
};

function round(x: number, shift: number): number {
  return shift === 0 ? x : Math.floor(x * 2 ** -shift + 0.5);
}

function readSameElement(_attrs: unknown, live: Uint8Array, reads: readonly Uint8Array[]): void {
  const mark = at(reads, 0);
  for (let i = 0; i < live.length; i++) if (live[i]) mark[i] = 1;
}

export const positive: IrOp<IrAttrs['positive']> = {
  infer(_attrs, inputs, size) {
    const x = at(inputs, 0);
    return { size, lo: x.lo.map((v) => Math.max(0, v)), hi: x.hi.map((v) => Math.max(0, v)) };
  },
  evaluate(_attrs, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) out[i] = Math.max(0, x[i]!);
  },
  reads: readSameElement,
  lower(_attrs, b, inputs, live) {
    return lowerLive(live, (i) => positiveGadget(b, element(inputs[0], i)));
  },
};

export const compare: IrOp<IrAttrs['compare']> = {
  infer(_attrs, inputs, size) {
    const x = at(inputs, 0);
    return { size, lo: x.lo.map((v) => (v >= 0 ? 1 : 0)), hi: x.hi.map((v) => (v >= 0 ? 1 : 0)) };
  },
  evaluate(_attrs, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) out[i] = x[i]! >= 0 ? 1 : 0;
  },
  reads: readSameElement,
  lower(_attrs, b, inputs, live) {
    return lowerLive(live, (i) => {
      const x = element(inputs[0], i);
      if (x.lo >= 0) return constant(1);
      return x.hi < 0 ? constant(0) : b.isNonNegative(x);
    });
  },
};

export const maxWindows: IrOp<IrAttrs['maxWindows']> = {
  infer({ start, index }, inputs, size) {
    const x = at(inputs, 0);
    const lo = new Float64Array(size).fill(-Infinity);
    const hi = new Float64Array(size).fill(-Infinity);
    for (let i = 0; i < size; i++) {
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        lo[i] = Math.max(lo[i]!, x.lo[index[k]!]!);
        hi[i] = Math.max(hi[i]!, x.hi[index[k]!]!);
      }
    }
    return { size, lo, hi };
  },
  evaluate({ start, index }, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) {
      let max = -Infinity;
      for (let k = start[i]!; k < start[i + 1]!; k++) max = Math.max(max, x[index[k]!]!);
      out[i] = max;
    }
  },
  reads({ start, index }, live, reads) {
    const mark = at(reads, 0);
    for (let i = 0; i < live.length; i++) {
      if (live[i]) for (let k = start[i]!; k < start[i + 1]!; k++) mark[index[k]!] = 1;
    }
  },
  lower({ start, index }, b, inputs, live) {
    return lowerLive(live, (i) =>
      maxOfMany(
        b,
        Array.from(index.subarray(start[i]!, start[i + 1]!), (j) => element(inputs[0], j)),
      ),
    );
  },
};

export const bilinear: IrOp<IrAttrs['bilinear']> = {
  infer({ start, left, right }, inputs, size) {
    const [x, y] = [at(inputs, 0), at(inputs, 1)];
    const lo = new Float64Array(size);
    const hi = new Float64Array(size);
    let worst = 0;
    for (let i = 0; i < size; i++) {
      let reach = 0;
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        const [i0, i1] = [left[k]!, right[k]!];
        const corners = [x.lo[i0]! * y.lo[i1]!, x.lo[i0]! * y.hi[i1]!, x.hi[i0]! * y.lo[i1]!, x.hi[i0]! * y.hi[i1]!];
        const square = x === y && i0 === i1;
        const least = square && x.lo[i0]! <= 0 && x.hi[i0]! >= 0 ? 0 : Math.min(...corners);
        lo[i]! += least;
        hi[i]! += Math.max(...corners);
        reach += Math.max(...corners.map(Math.abs));
      }
      worst = Math.max(worst, reach);
    }
    if (worst >= EXACT) {
      throw new ZkonnxError('BOUND_OVERFLOW', 'a sum of products may leave the range of exact integers', {
        expected: 'below 2^53',
        got: `2^${Math.log2(worst).toFixed(1)}`,
        help: 'lower --bits',
      });
    }
    return { size, lo, hi };
  },
  evaluate({ start, left, right }, inputs, out) {
    const [x, y] = [at(inputs, 0), at(inputs, 1)];
    for (let i = 0; i < out.length; i++) {
      let sum = 0;
      for (let k = start[i]!; k < start[i + 1]!; k++) sum += x[left[k]!]! * y[right[k]!]!;
      out[i] = sum;
    }
  },
  reads({ start, left, right }, live, reads) {
    for (let i = 0; i < live.length; i++) {
      if (!live[i]) continue;
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        at(reads, 0)[left[k]!] = 1;
        at(reads, 1)[right[k]!] = 1;
      }
    }
  },
  lower({ start, left, right, shape }, b, inputs, live) {
    if (shape !== undefined && shape.k > 0 && live.length > 0 && live.every((mark) => mark === 1)) {
      return matrixProducts({ left, right }, shape, b, inputs);
    }
    return lowerLive(live, (i) => {
      const terms = [];
      for (let k = start[i]!; k < start[i + 1]!; k++) {
        terms.push({ left: element(inputs[0], left[k]!), right: element(inputs[1], right[k]!) });
      }
      return sumOfProducts(b, terms);
    });
  },
};

/** The products of a batch, in the order of ProductShape. */
function matrixProducts(
  { left, right }: Pick<IrAttrs['bilinear'], 'left' | 'right'>,
  { batch, m, k, n }: ProductShape,
  b: Builder,
  inputs: readonly LcTensor[],
): Lc[] {
  return Array.from({ length: batch }, (_, member) => {
    const entry = (i: number, j: number, t: number) => ((member * m + i) * n + j) * k + t;
    const range = (length: number) => Array.from({ length }, (_each, i) => i);
    const a = range(m).map((i) => range(k).map((t) => element(inputs[0], left[entry(i, 0, t)]!)));
    const c = range(k).map((t) => range(n).map((j) => element(inputs[1], right[entry(0, j, t)]!)));
    return b.matrixProduct(a, c).flat();
  }).flat();
}

export const table: IrOp<IrAttrs['table']> = {
  infer({ values, lo, name }, inputs, size) {
    const x = at(inputs, 0);
    const top = lo + values.length - 1;
    for (let i = 0; i < size; i++) {
      if (x.lo[i]! < lo || x.hi[i]! > top) {
        throw new ZkonnxError('BOUND_OVERFLOW', `table ${name} is read outside its domain`, {
          expected: `[${lo}, ${top}]`,
          got: `[${x.lo[i]}, ${x.hi[i]}] at element ${i}`,
        });
      }
    }
    const slice = (i: number) => values.subarray(x.lo[i]! - lo, x.hi[i]! - lo + 1);
    return {
      size,
      lo: Float64Array.from({ length: size }, (_, i) => slice(i).reduce((a, v) => Math.min(a, v), Infinity)),
      hi: Float64Array.from({ length: size }, (_, i) => slice(i).reduce((a, v) => Math.max(a, v), -Infinity)),
    };
  },
  evaluate({ values, lo }, inputs, out) {
    const x = at(inputs, 0);
    for (let i = 0; i < out.length; i++) out[i] = values[x[i]! - lo]!;
  },
  reads: readSameElement,
  lower({ values, lo, name }, b, inputs, live) {
    return lowerLive(live, (i) => b.table(addConstant(element(inputs[0], i), -lo), { name, values }));
  },
};

export const divide: IrOp<IrAttrs['divide']> = {
  infer({ shift }, inputs, size) {
    const [n, d] = [at(inputs, 0), at(inputs, 1)];
    const quotient = (a: number, by: number) => Math.floor((a * 2 ** shift) / by);
    for (let i = 0; i < size; i++) {
      if (n.lo[i]! < 0 || d.lo[i]! < 1 || n.hi[i]! * 2 ** shift >= EXACT) {
        throw new ZkonnxError('BOUND_OVERFLOW', 'a division leaves its domain', {
          expected: 'numerator ≥ 0, numerator·2^shift < 2^53, denominator ≥ 1',
          got: `numerator [${n.lo[i]}, ${n.hi[i]}], shift ${shift}, denominator from ${d.lo[i]}`,
        });
      }
    }
    return {
      size,
      lo: n.lo.map((v, i) => quotient(v, d.hi[i]!)),
      hi: n.hi.map((v, i) => quotient(v, d.lo[i]!)),
    };
  },
  evaluate({ shift }, inputs, out) {
    const [n, d] = [at(inputs, 0), at(inputs, 1)];
    for (let i = 0; i < out.length; i++) {
      const scaled = n[i]! * 2 ** shift;
      // The remainder is exact in float64, so the quotient is too; dividing first could round up across an integer.
      out[i] = (scaled - (scaled % d[i]!)) / d[i]!;
    }
  },
  reads(_attrs, live, reads) {
    for (const mark of reads) for (let i = 0; i < live.length; i++) if (live[i]) mark[i] = 1;
  },
  lower({ shift }, b, inputs, live) {
    return lowerLive(live, (i) => {
      const n = element(inputs[0], i);
      const factor = 2 ** shift;
      const scaled = {
        wires: n.wires,
        coefs: Array.from(n.coefs, (coef) => coef * factor),
        constant: n.constant * factor,
        lo: n.lo * factor,
        hi: n.hi * factor,
      };
      return b.divide(scaled, element(inputs[1], i)).quotient;
    });
  },
};

export const argmax: IrOp<IrAttrs['argmax']> = {
  infer: ({ groups }, _inputs, size) => uniformFact(size, 0, groups.size - 1),
  evaluate({ groups, last }, inputs, out) {
    const x = at(inputs, 0);
    for (let g = 0; g < out.length; g++) {
      let best = 0;
      let max = -Infinity;
      for (let j = 0; j < groups.size; j++) {
        const value = x[groups.base[g]! + j * groups.stride]!;
        if (value > max || (last && value === max)) [best, max] = [j, value];
      }
      out[g] = best;
    }
  },
  reads({ groups }, live, reads) {
    for (let g = 0; g < live.length; g++) {
      if (live[g]) for (let j = 0; j < groups.size; j++) at(reads, 0)[groups.base[g]! + j * groups.stride] = 1;
    }
  },
  lower({ groups, last }, b, inputs, live) {
    return lowerLive(live, (g) =>
      argmaxGadget(
        b,
        Array.from({ length: groups.size }, (_, j) => element(inputs[0], groups.base[g]! + j * groups.stride)),
        { last },
      ),
    );
  },
};
