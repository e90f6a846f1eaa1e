/** Structures of linear maps for tests, and their matrices by the definition of each axis alone. */
import fc from 'fast-check';
import { sizesOf, type MapAxis, type WeightedStructure } from '../../src/compile/real/map-structure.js';

const size = fc.integer({ min: 1, max: 4 });
const axis: fc.Arbitrary<MapAxis> = fc.oneof(
  fc.record({ kind: fc.constant('shared' as const), size }),
  fc.record({ kind: fc.constant('own' as const), size }),
  fc.record({ kind: fc.constant('full' as const), out: size, in: size }),
  fc.record({
    kind: fc.constant('window' as const),
    out: fc.integer({ min: 1, max: 6 }),
    in: fc.integer({ min: 1, max: 6 }),
    kernel: size,
    stride: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    pad: fc.integer({ min: 0, max: 4 }),
  }),
);

/** Of up to four axes; weights are small whole numbers, zero among them, each as likely. */
export const structures: fc.Arbitrary<WeightedStructure> = fc
  .array(axis, { maxLength: 4 })
  .filter((axes) => sizesOf({ axes }).out * sizesOf({ axes }).in <= 20_000)
  .chain((axes) =>
    fc
      .array(fc.integer({ min: -9, max: 9 }), {
        minLength: sizesOf({ axes }).weights,
        maxLength: sizesOf({ axes }).weights,
      })
      .map((weights) => ({ axes, weights: Float64Array.from(weights) })),
  );

interface Position {
  readonly out: number;
  readonly in: number;
  readonly weight: number;
}

/** Every (output, input, weight) that an axis joins, by its definition. */
function joined(each: MapAxis): { extents: Position; positions: Position[] } {
  const positions: Position[] = [];
  switch (each.kind) {
    case 'shared':
      for (let i = 0; i < each.size; i++) positions.push({ out: i, in: i, weight: 0 });
      return { extents: { out: each.size, in: each.size, weight: 1 }, positions };
    case 'own':
      for (let i = 0; i < each.size; i++) positions.push({ out: i, in: i, weight: i });
      return { extents: { out: each.size, in: each.size, weight: each.size }, positions };
    case 'full':
      for (let o = 0; o < each.out; o++)
        for (let i = 0; i < each.in; i++) positions.push({ out: o, in: i, weight: o * each.in + i });
      return { extents: { out: each.out, in: each.in, weight: each.out * each.in }, positions };
    case 'window':
      for (let o = 0; o < each.out; o++) {
        for (let k = 0; k < each.kernel; k++) {
          const i = o * each.stride + k * each.dilation - each.pad;
          if (i >= 0 && i < each.in) positions.push({ out: o, in: i, weight: k });
        }
      }
      return { extents: { out: each.out, in: each.in, weight: each.kernel }, positions };
  }
}

/** The whole matrix. */
export function matrixOf({ axes, weights }: WeightedStructure): number[][] {
  let all = { extents: { out: 1, in: 1, weight: 1 }, positions: [{ out: 0, in: 0, weight: 0 }] };
  for (const each of axes) {
    const { extents, positions } = joined(each);
    all = {
      extents: {
        out: all.extents.out * extents.out,
        in: all.extents.in * extents.in,
        weight: all.extents.weight * extents.weight,
      },
      positions: all.positions.flatMap((a) =>
        positions.map((b) => ({
          out: a.out * extents.out + b.out,
          in: a.in * extents.in + b.in,
          weight: a.weight * extents.weight + b.weight,
        })),
      ),
    };
  }
  const rows = Array.from({ length: all.extents.out }, () => new Array<number>(all.extents.in).fill(0));
  for (const { out, in: column, weight } of all.positions) rows[out]![column] = weights[weight]!;
  return rows;
}
