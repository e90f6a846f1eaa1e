/** A relation as bytes, without values of weights: what a key of protocol `clear` carries (docs/formats.md, "Relation"). */
import {
  bigInteger,
  decode,
  encode,
  flag,
  i32Array,
  integer,
  integerRuns,
  list,
  oneOf,
  struct,
  text,
  u32Array,
  upTo,
  variants,
  type Codec,
} from '../../base/codec.js';
import { checkRelation } from './relation-check.js';
import type {
  Constraint,
  Form,
  FormTerm,
  MapAxis,
  MatrixTerm,
  Ref,
  Relation,
  RelationTensor,
  Side,
  Table,
  TablePiece,
  WeightMap,
} from './relation.js';

const VERSION = 1;
const MAX_NAME_BYTES = 4096;
const MAX_RANK = 16;
/** Of any list of tensors, tables, terms or constraints. */
const MAX_LIST = 2 ** 20;
const MAX_INDEX = 2 ** 32 - 1;

const dims = list(upTo(MAX_INDEX), MAX_RANK, 1);
const index = upTo(MAX_INDEX);
const name = text(MAX_NAME_BYTES);
const tensor: Codec<RelationTensor> = struct({ name, dims });
const ref: Codec<Ref> = struct({ side: oneOf<Side>('cell', 'weight', 'public', 'multiplicity'), index });

const select = struct({ from: u32Array, to: u32Array });
const term: Codec<FormTerm> = {
  write(writer, { coefficient, source, select: places }) {
    bigInteger.write(writer, coefficient);
    ref.write(writer, source);
    flag.write(writer, places !== undefined);
    if (places !== undefined) select.write(writer, places);
  },
  read(reader) {
    const plain = { coefficient: bigInteger.read(reader), source: ref.read(reader) };
    return flag.read(reader) ? { ...plain, select: select.read(reader) } : plain;
  },
};
const form: Codec<Form> = struct({ terms: list(term, MAX_LIST), constant: bigInteger });

const axis = variants<MapAxis>({
  shared: struct({ size: index }),
  own: struct({ size: index }),
  full: struct({ out: index, in: index }),
  window: struct({ out: index, in: index, kernel: index, stride: index, dilation: index, pad: index }),
});
const map = variants<WeightMap>({
  dense: struct({ weight: index }),
  patterns: struct({ weight: index, pattern: u32Array, base: i32Array, start: u32Array, offset: i32Array }),
  axes: struct({ weight: index, axes: list(axis, MAX_RANK, 1) }),
});
const matrixTerm: Codec<MatrixTerm> = struct({ operand: ref, map });

const constraint = variants<Constraint>({
  linear: struct({ dims, form, terms: list(matrixTerm, MAX_LIST) }),
  product: struct({ dims, a: form, b: form, c: form }),
  matmul: struct({ dims, form, a: ref, b: ref, inner: index }),
  lookup: struct({ dims, table: index, input: form, output: form }),
});

const slope: Codec<0 | 1> = {
  write: (writer, value) => {
    writer.byte(value);
  },
  read: (reader) => (flag.read(reader) ? 1 : 0),
};
const piece = variants<TablePiece>({
  line: struct({ first: integer, rows: index, out: integer, slope }),
  values: struct({ first: integer, values: integerRuns }),
});
const table: Codec<Table> = struct({ name, pieces: list(piece, MAX_LIST, 1) });

const version: Codec<typeof VERSION> = {
  write: (writer) => {
    writer.byte(VERSION);
  },
  read(reader) {
    const found = reader.byte();
    if (found !== VERSION) throw reader.fault(`version ${found} of the format, this build reads ${VERSION}`);
    return VERSION;
  },
};

interface VersionedRelation extends Relation {
  readonly version: typeof VERSION;
}

const relationCodec: Codec<VersionedRelation> = struct<VersionedRelation>({
  version,
  cells: list(tensor, MAX_LIST),
  weights: list(tensor, MAX_LIST),
  publics: list(tensor, MAX_LIST),
  tables: list(table, MAX_LIST),
  constraints: list(constraint, MAX_LIST),
});

/** Deterministic: equal relations have equal bytes. */
export function relationBytes(relation: Relation): Uint8Array {
  return encode<VersionedRelation>(relationCodec, { ...relation, version: VERSION });
}

/** Throws CodecFault for bytes that are not those of a relation, ZkonnxError KEY_INVALID for a relation that refers to what is not there. */
export function readRelation(bytes: Uint8Array): Relation {
  const { version: _version, ...relation } = decode<VersionedRelation>(relationCodec, bytes);
  checkRelation(relation);
  return relation;
}
