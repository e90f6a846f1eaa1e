/** An integer program as bytes: program.bin of an artifact of protocol `clear` (docs/formats.md, "program.bin"). */
import {
  ByteReader,
  encode,
  flag,
  i32Array,
  integer,
  integers,
  list,
  oneOf,
  optional,
  struct,
  text,
  u32Array,
  upTo,
  variants,
  type ByteWriter,
  type Codec,
} from '../../base/codec.js';
import { structuredMap, type LinearMap } from '../real/linear-map.js';
import { isStructure, sizesOf, type MapAxis } from '../real/map-structure.js';
import type { AxisGroups, Bilinear, ProductShape } from '../real/graph.js';
import type { End, Ends, IrAttrs, IrGraph, IrNode, IrOpName } from './graph.js';
import { checkProgram, MAX_ELEMENTS } from './program-check.js';

const MAGIC = new TextEncoder().encode('zkprogrm');
const VERSION = 2;
const MAX_NAME_BYTES = 2 ** 16;
const MAX_LIST = 2 ** 20;
const MAX_RANK = 16;
const MAX_AXES = 16;
/** Taps of one map, as far as its geometry is made. */
const MAX_TAPS = 2 ** 24;
const U32 = 2 ** 32 - 1;

const name = text(MAX_NAME_BYTES);
const size = upTo(U32);
const shift = upTo(53);
const nothing: Codec<Record<string, never>> = { write: () => undefined, read: () => ({}) };

const patterns: Codec<LinearMap> = struct<Omit<LinearMap, 'structure'>>({
  inSize: size,
  rowPattern: u32Array,
  rowBase: i32Array,
  patStart: u32Array,
  patOffset: i32Array,
  patCoef: integers,
});
const axis = variants<MapAxis>({
  shared: struct({ size }),
  own: struct({ size }),
  full: struct({ out: size, in: size }),
  window: struct({ out: size, in: size, kernel: size, stride: size, dilation: size, pad: size }),
});
const axes = list(axis, MAX_AXES);

const structured: Codec<LinearMap> = {
  write(writer, { structure }) {
    axes.write(writer, structure!.axes);
    integers.write(writer, structure!.weights);
  },
  read(reader) {
    const structure = { axes: axes.read(reader), weights: integers.read(reader) };
    if (!isStructure(structure)) throw reader.fault('axes of a map are none');
    const { out, in: width, weights, taps } = sizesOf(structure);
    if (Math.max(out, width) > MAX_ELEMENTS || taps > MAX_TAPS) throw reader.fault('a map is too large');
    if (weights !== structure.weights.length) throw reader.fault('a map has other weights than its axes say');
    return structuredMap(structure);
  },
};

/** A map of version 1 is its patterns; of version 2 a byte says whether it is patterns or a structure. */
const linearMap: Codec<LinearMap> = {
  write(writer, map) {
    flag.write(writer, map.structure !== undefined);
    (map.structure === undefined ? patterns : structured).write(writer, map);
  },
  read: (reader) => (flag.read(reader) ? structured : patterns).read(reader),
};

const end = oneOf<End>('own', 'counted', 'refused');
const ends: Codec<Ends> = struct<Ends>({ lo: end, hi: end });
const shape = optional(struct<ProductShape>({ batch: size, m: size, k: size, n: size }));
const groups: Codec<AxisGroups> = struct<AxisGroups>({ base: u32Array, size, stride: size });

const bilinear: Codec<Bilinear> = {
  write(writer, { start, left, right, shape: product }) {
    for (const array of [start, left, right]) u32Array.write(writer, array);
    shape.write(writer, product);
  },
  read(reader) {
    const sums = { start: u32Array.read(reader), left: u32Array.read(reader), right: u32Array.read(reader) };
    const product = shape.read(reader);
    return product === undefined ? sums : { ...sums, shape: product };
  },
};

type Attrs = { readonly [K in IrOpName]: Codec<IrAttrs[K]> };

/** An op's byte is its place in this table: later ones come at its end. */
const attrsWith = (map: Codec<LinearMap>): Attrs => ({
  input: struct<IrAttrs['input']>({ lo: integer, hi: integer }),
  linear: struct<IrAttrs['linear']>({ maps: list(map, MAX_LIST), bias: integers }),
  gather: struct<IrAttrs['gather']>({ index: i32Array, fill: integer }),
  requantise: struct<IrAttrs['requantise']>({ shift, lo: integer, bits: upTo(52), ends }),
  positive: nothing,
  compare: nothing,
  maxWindows: struct<IrAttrs['maxWindows']>({ start: u32Array, index: u32Array }),
  bilinear,
  table: struct<IrAttrs['table']>({ name, lo: integer, values: integers }),
  divide: struct<IrAttrs['divide']>({ shift }),
  squareRoot: nothing,
  argmax: struct<IrAttrs['argmax']>({ groups, last: flag }),
});

const names = list(name, MAX_LIST);
const dims = list(upTo(U32), MAX_RANK);

const nodeWith = (attrsOf: Attrs): Codec<IrNode> => ({
  write(writer, { op, attrs, ...rest }) {
    name.write(writer, rest.name);
    name.write(writer, rest.origin);
    names.write(writer, rest.inputs);
    dims.write(writer, rest.dims);
    writer.byte(opsOf(attrsOf).indexOf(op));
    (attrsOf[op] as Codec<unknown>).write(writer, attrs);
  },
  read(reader) {
    const said = {
      name: name.read(reader),
      origin: name.read(reader),
      inputs: names.read(reader),
      dims: dims.read(reader),
    };
    const ops = opsOf(attrsOf);
    const op = ops[reader.varint(ops.length - 1)]!;
    return { ...said, op, attrs: (attrsOf[op] as Codec<unknown>).read(reader) } as IrNode;
  },
});

const opsOf = (attrsOf: Attrs) => Object.keys(attrsOf) as IrOpName[];

const graphWith = (map: Codec<LinearMap>): Codec<IrGraph> =>
  struct<IrGraph>({
    nodes: list(nodeWith(attrsWith(map)), MAX_LIST),
    inputs: names,
    outputs: list(struct<IrGraph['outputs'][number]>({ name, node: name }), MAX_LIST),
  });

/** By version. */
const GRAPHS: Readonly<Record<number, Codec<IrGraph>>> = { 1: graphWith(patterns), [VERSION]: graphWith(linearMap) };

/** A program, and the schema that its inputs and outputs read by. */
export interface Program {
  readonly ir: IrGraph;
  /** "0x" and 64 hexadecimal digits. */
  readonly schemaDigest: string;
}

const programOf = (version: number): Codec<Program> => ({
  write(writer: ByteWriter, { ir, schemaDigest }) {
    writer.raw(MAGIC);
    writer.byte(version);
    writer.raw(
      Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(schemaDigest.slice(2 + 2 * i, 4 + 2 * i), 16)),
    );
    GRAPHS[version]!.write(writer, ir);
  },
  read(reader) {
    const digest = Array.from(reader.raw(32), (byte) => byte.toString(16).padStart(2, '0')).join('');
    return { schemaDigest: `0x${digest}`, ir: GRAPHS[version]!.read(reader) };
  },
});

/** Deterministic: equal programs have equal bytes. */
export function programBytes(value: Program): Uint8Array {
  return encode(programOf(VERSION), value);
}

/** The version of the format that the bytes say they are of; undefined for bytes that are no program. */
export function programVersion(bytes: Uint8Array): number | undefined {
  return MAGIC.every((byte, i) => bytes[i] === byte) ? bytes[MAGIC.length] : undefined;
}

/** That this build reads; it writes the last. */
export const PROGRAM_VERSIONS = [1, VERSION] as const;

/**
 * Of bytes whose `programVersion` is one of `PROGRAM_VERSIONS`. Throws CodecFault for what is not the encoding of a program, or of one that reads what is not
 * there; whether its integers stay in their bounds is for `factsOf` to say.
 */
export function readProgram(bytes: Uint8Array): Program {
  const reader = new ByteReader(bytes);
  reader.raw(MAGIC.length + 1);
  const value = programOf(programVersion(bytes)!).read(reader);
  reader.end();
  checkProgram(value.ir);
  return value;
}
