/**
 * Inputs whose elements are not independent: one level throughout, ramps, boxes on them, with noise or without. Independent draws average out wherever
 * many elements are summed: they show neither how large the tensors of a model get on pictures or series nor how far its roundings add up there.
 */

/** Boxes on one background at most. */
const BOXES = 6;
/** How far a level may go up or down along one axis. */
const SLOPE = 1;
const NOISE = 1 / 16;

/** A level, 0 … 1, of every element of a tensor. */
export function patternLevels(dims: readonly number[], random: () => number): Float64Array {
  const levels = ramp(dims, random);
  const boxes = Math.floor((BOXES + 1) * random());
  for (let b = 0; b < boxes; b++) fill(levels, boxOf(dims, random), level(random));
  const noise = random() < 0.5 ? NOISE : 0;
  return levels.map((value) => Math.min(1, Math.max(0, value + noise * (2 * random() - 1))));
}

/** The ends are as likely as all between them: paper is white, and ink is black. */
function level(random: () => number): number {
  const draw = random();
  return draw < 1 / 4 ? 0 : draw < 1 / 2 ? 1 : random();
}

/** One level, or one that changes evenly along every axis. */
function ramp(dims: readonly number[], random: () => number): Float64Array {
  const levels = Float64Array.of(level(random));
  const isFlat = random() < 0.5;
  return dims.reduce((before, dim) => {
    const slope = isFlat ? 0 : SLOPE * (2 * random() - 1);
    const after = new Float64Array(before.length * dim);
    before.forEach((value, i) => {
      for (let k = 0; k < dim; k++) after[i * dim + k] = value + slope * (k / dim - 0.5);
    });
    return after;
  }, levels);
}

interface Extent {
  readonly dim: number;
  readonly from: number;
  /** The first beyond. */
  readonly to: number;
}

/** The whole of an axis as often as a part of it: an edge runs through all channels, or one. */
function boxOf(dims: readonly number[], random: () => number): Extent[] {
  return dims.map((dim) => {
    const [isWhole, a, b] = [random() < 1 / 4, Math.floor(dim * random()), Math.floor(dim * random())];
    return isWhole ? { dim, from: 0, to: dim } : { dim, from: Math.min(a, b), to: Math.max(a, b) + 1 };
  });
}

function fill(levels: Float64Array, box: readonly Extent[], value: number): void {
  let rows = [0];
  for (const { dim, from, to } of box) {
    rows = rows.flatMap((row) => Array.from({ length: to - from }, (_, k) => row * dim + from + k));
  }
  for (const at of rows) levels[at] = value;
}
