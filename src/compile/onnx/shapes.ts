/** Index arithmetic over row-major shapes: what turns axes, broadcasting and permutations into flat index arrays. */

export type Dims = readonly number[];

export function elementCount(dims: Dims): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** Row-major strides, in elements. */
export function stridesOf(dims: Dims): number[] {
  const strides = new Array<number>(dims.length);
  let stride = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= dims[axis]!;
  }
  return strides;
}

/** Flat source index of every element of a row-major tensor of shape `dims`: base + Σ position[axis]·strides[axis]. */
export function stridedIndex(dims: Dims, strides: Dims, base = 0): Int32Array {
  const index = new Int32Array(elementCount(dims));
  const position = new Array<number>(dims.length).fill(0);
  let source = base;
  for (let i = 0; i < index.length; i++) {
    index[i] = source;
    for (let axis = dims.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++position[axis]! < dims[axis]!) break;
      source -= strides[axis]! * dims[axis]!;
      position[axis] = 0;
    }
  }
  return index;
}

/** 0, 1, …, count − 1. */
export function iota(count: number): Int32Array {
  return stridedIndex([count], [1]);
}

/** NumPy's broadcast shape, or undefined where the shapes do not fit. */
export function broadcastDims(shapes: readonly Dims[]): number[] | undefined {
  const rank = shapes.reduce((most, dims) => Math.max(most, dims.length), 0);
  const out = new Array<number>(rank).fill(1);
  for (const dims of shapes) {
    for (let k = 0; k < dims.length; k++) {
      const axis = rank - dims.length + k;
      const [have, want] = [out[axis]!, dims[k]!];
      if (have === 1) out[axis] = want;
      else if (want !== 1 && want !== have) return undefined;
    }
  }
  return out;
}

/** Strides that read a tensor of shape `from` as one of shape `to` (broadcast axes have stride 0). */
export function broadcastStrides(from: Dims, to: Dims): number[] {
  const strides = stridesOf(from);
  return to.map((_, axis) => {
    const own = axis - (to.length - from.length);
    return own < 0 || from[own] === 1 ? 0 : strides[own]!;
  });
}

/** For every element of shape `to`, the element of shape `from` that broadcasting puts there. */
export function broadcastIndex(from: Dims, to: Dims): Int32Array {
  return stridedIndex(to, broadcastStrides(from, to));
}

export function sameDims(a: Dims, b: Dims): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}
