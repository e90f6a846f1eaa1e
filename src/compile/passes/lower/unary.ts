/** Functions of one variable: tables of segments of the argument (unary.ts); reciprocals and roots exactly (inverse.ts). */
import { scalarMap } from '../../real/linear-map.js';
import type { RealOpOf } from '../../real/op.js';
import type { InverseOf, UnaryFunction } from '../../real/unary.js';
import type { IrEmitter } from '../emitter.js';
import { lowerInverse } from '../inverse.js';
import type { CalibratedLane, Lowering, NodeOf } from '../lowering.js';
import { requantise, type Quantised } from '../scales.js';
import { sizeOf } from '../../real/graph.js';
import { coverFunction, tableName, type Cover } from '../unary.js';

type Unary = RealOpOf<'unary'>;

export const unary: Lowering<Unary> = {
  calibrated(lane, node) {
    const { inverse: of } = node.op.fn;
    return of === undefined ? lookup(lane, node) : inverse(lane, node, of);
  },
  wants: (lane, node) => (node.op.fn.inverse === undefined ? { target: lane.argumentTarget(node) } : undefined),
  isPrecise: true,
};

function lookup(lane: CalibratedLane, node: NodeOf<Unary>): Quantised {
  const [source] = node.inputs as [string];
  const x = lane.tensor(source);
  const { emitter, bits } = lane;
  const cover = coverFunction(
    node.op.fn,
    { scale: x.scale, offset: x.offset, ...emitter.bounds(x.node) },
    { argument: lane.stats(source), value: lane.stats(node.name), bits, size: sizeOf(node) },
  );
  const name = emitCover(emitter, x, cover, { fn: node.op.fn, name: node.name, dims: node.dims });
  const { range, calibrated, error } = cover;
  lane.declare(name, node, node.op.fn, x, { range, whole: !calibrated.lo && !calibrated.hi, error });
  return { node: name, scale: cover.scale, offset: 0 };
}

interface EmitCover {
  readonly fn: UnaryFunction;
  /** Of the results, and of what leads to them with a suffix. */
  readonly name: string;
  readonly dims: readonly number[];
}

/** The tables and lines of a cover; the name of their sum, in units of the cover's scale. */
export function emitCover(emitter: IrEmitter, x: Quantised, cover: Cover, as: EmitCover): string {
  const within = { ...x, node: coveredArgument(emitter, x, cover, as) };
  const parts = [
    ...cover.segments.map((_, s) => ({ node: segmentValues(emitter, within, cover, s, as), coefficient: 1 })),
    ...beyond(emitter, within, cover, as),
  ];
  if (parts.length === 1) return parts[0]!.node;
  const size = sizeOf(as);
  const maps = parts.map(({ coefficient }) => scalarMap(size, coefficient));
  const sources = parts.map(({ node }) => node);
  return emitter.emit('linear', { maps, bias: new Float64Array(size) }, sources, { name: as.name, dims: as.dims });
}

/**
 * The argument, ended where calibration did: exactly there, as the tables' rows go on beyond it by up to a power of two and a cell's rounding. A range of 2^b
 * integers whose other end lies beyond all that the argument is proven to be.
 */
function coveredArgument(emitter: IrEmitter, x: Quantised, { covered, calibrated }: Cover, as: EmitCover): string {
  const inner = { name: `${as.name}.argument`, dims: as.dims };
  let { node } = x;
  const bitsOf = (lo: number, hi: number): number => Math.max(1, Math.ceil(Math.log2(hi - lo + 1)));
  if (calibrated.hi) {
    const bits = bitsOf(emitter.bounds(node).lo, covered.hi);
    const ends = { lo: 'own', hi: emitter.beyond } as const;
    node = emitter.emit('requantise', { shift: 0, lo: covered.hi - 2 ** bits + 1, bits, ends }, [node], inner);
  }
  if (calibrated.lo) {
    const bits = bitsOf(covered.lo, emitter.bounds(node).hi);
    const ends = { lo: emitter.beyond, hi: 'own' } as const;
    node = emitter.emit('requantise', { shift: 0, lo: covered.lo, bits, ends }, [node], inner);
  }
  return node;
}

/** The table of one segment, read at the rounded argument: beyond its ends others take over, or nothing is left to tell. */
function segmentValues(emitter: IrEmitter, x: Quantised, cover: Cover, s: number, as: EmitCover): string {
  const { segments, tables } = cover;
  const { shift, z, bits } = segments[s]!;
  const ends = { lo: false, hi: false };
  const target = { scale: x.scale * 2 ** shift, lo: z, bits, calibrated: ends, rigid: true } as const;
  const { dims } = as;
  const argument = { node: x.node, scale: x.scale, offset: 0 };
  const index = requantise(emitter, argument, target, { name: `${as.name}.argument`, dims });
  const values = tables[s]!;
  const attrs = { name: tableName(as.fn.name, values), lo: z, values };
  return emitter.emit('table', attrs, [index.node], { name: as.name, dims });
}

/** What arguments beyond the tables add, where the function runs on as a line. */
function beyond(
  emitter: IrEmitter,
  x: Quantised,
  { lines }: Cover,
  { name, dims }: EmitCover,
): { readonly node: string; readonly coefficient: number }[] {
  const size = sizeOf({ dims });
  const inner = { name: `${name}.beyond`, dims };
  const part = (sign: 1 | -1, from: number): string => {
    const over = { maps: [scalarMap(size, sign)], bias: new Float64Array(size).fill(-sign * from) };
    return emitter.emit('positive', {}, [emitter.emit('linear', over, [x.node], inner)], inner);
  };
  const { left, right } = lines;
  return [
    ...(right === undefined ? [] : [{ node: part(1, right.from), coefficient: right.coefficient }]),
    ...(left === undefined ? [] : [{ node: part(-1, left.from), coefficient: left.coefficient }]),
  ];
}

/** A function that undoes an exact operation: by that operation. */
function inverse(lane: CalibratedLane, node: NodeOf<Unary>, of: InverseOf): Quantised {
  const [source] = node.inputs as [string];
  const { bits } = lane;
  const { fn } = node.op;
  const x = lane.tensor(source);
  const wanted = { fn, argument: lane.stats(source), value: lane.stats(node.name), bits };
  const { value, ...approximation } = lowerInverse(lane.emitter, x, of, wanted);
  lane.declare(value.node, node, fn, x, approximation);
  return value;
}
