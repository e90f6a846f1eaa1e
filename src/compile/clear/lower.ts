/** An integer program as a relation of protocol `clear`, and how a run of the program satisfies it. */
import { invariant, ZkonnxError } from '../../base/errors.js';
import { ORDER } from '../../field/goldilocks.js';
import type { Assignment, Relation } from '../../verify/clear/relation.js';
import { elementCount, statementParts, type Schema, type TensorSchema } from '../../verify/statement.js';
import type { IrGraph } from '../ir/graph.js';
import { assignmentOf, weightsOf, type IrValues, type PublicValues } from './assignment.js';
import { clampedSum, writeBit } from './clamped.js';
import { Lowering } from './lowering.js';
import { MOST_ENTRIES, tooManyEntries } from './maps.js';
import { lowerNode } from './ops.js';
import { choosePlan, Survey, type ForcedPlan, type Planner } from './plan.js';
import { mapEntries, selectEntries, statisticsOf, type RelationStatistics } from './statistics.js';
import { listedRows } from './table-functions.js';
import { RelationWriter } from './writer.js';
import type { Vec } from './vec.js';

export interface LoweredRelation {
  readonly relation: Relation;
  /**
   * The assignment of a run (`Interpreter.run`), whose arrays it copies. RANGE_EXCEEDED, naming the layer, where the run leaves an end that is refused: then
   * there is none.
   */
  assign(values: IrValues): Assignment;
  /** Residues of the weights, in the relation's order: of any run the same. */
  weights(): readonly BigUint64Array[];
  readonly statistics: RelationStatistics;
}

export interface RelationOptions {
  /** A prime. Default: the order of protocol `clear`'s field; small ones are for tests that try every assignment. */
  readonly modulus?: bigint;
  /** Tables that gadgets can do without have at most 2^tableBits rows. Default 16. */
  readonly tableBits?: number;
  /** For tests. */
  readonly forced?: ForcedPlan;
}

/** Rows of functions that a verifier evaluates one by one. */
const MOST_LISTED_ROWS = 2 ** 16;
const TABLE_BITS = 16;

/**
 * `schema` lists the IR's inputs and outputs in the IR's order; public tensors of the relation are its public parts, in the order of the statement, the bit
 * among them. Throws BOUND_OVERFLOW where an equation could hold modulo the field's order and not over the integers, CIRCUIT_TOO_LARGE, naming the layer,
 * where what a verifier walks is too large, and PROTOCOL_UNSUPPORTED for a committed tensor.
 */
export function lowerToRelation(ir: IrGraph, schema: Schema, options: RelationOptions = {}): LoweredRelation {
  const { modulus = ORDER, tableBits = TABLE_BITS, forced } = options;
  requireUncommitted(schema);
  const survey = new Survey();
  write(ir, schema, { modulus, planner: survey, isSurvey: true, tableBits });
  const planner = choosePlan(survey, tableBits, forced);
  const { writer, publics, checks } = write(ir, schema, { modulus, planner, isSurvey: false, tableBits });
  const relation = relationOf(writer);
  return {
    relation,
    assign: (values) => assignmentOf(writer, publics, checks, values),
    weights: () => weightsOf(writer),
    statistics: statisticsOf(relation),
  };
}

interface WriteOptions {
  readonly modulus: bigint;
  readonly planner: Planner;
  readonly isSurvey: boolean;
  readonly tableBits: number;
}

interface Written {
  readonly writer: RelationWriter;
  readonly publics: readonly PublicValues[];
  readonly checks: Lowering['checks'];
}

function write(ir: IrGraph, schema: Schema, { tableBits, ...options }: WriteOptions): Written {
  const writer = new RelationWriter(options);
  const c = new Lowering(ir, writer, { tableBits });
  const publics: PublicValues[] = [];
  const outputs: { readonly node: string; readonly vec: Vec }[] = [];
  let bit: Vec | undefined;
  const next = { output: 0, input: 0, clamped: 0 };
  for (const { tensor, side } of statementParts(schema)) {
    const position = next[side]++;
    if (tensor.visibility !== 'public') continue;
    const { name, lo, hi } = tensor;
    const vec = writer.public(name, elementCount(tensor.dims), { lo, hi }, side === 'input');
    const sides = {
      output: () => {
        const { node } = ir.outputs[position]!;
        outputs.push({ node, vec });
        publics.push((run) => Float64Array.from(run.of(node)));
      },
      clamped: () => {
        bit = vec;
        publics.push((run) => Float64Array.of(clampedSum(writer.counted, run) === 0 ? 0 : 1));
      },
      input: () => {
        const node = ir.inputs[position]!;
        requireDomain(tensor, c, node);
        c.shown.set(node, vec);
        publics.push((run) => Float64Array.from(run.of(node)));
      },
    };
    sides[side]();
  }
  for (const node of ir.nodes) {
    writer.at(node.name);
    if (c.live.get(node.name)!.includes(1)) lowerNode(c, node);
  }
  for (const { node, vec } of outputs) {
    writer.at(node);
    const rows = c.allRows(node);
    const pending = c.source(node, rows);
    if ('terms' in pending) writer.equal(vec, pending);
    else pending.emit(rows, vec);
  }
  if (bit !== undefined) writeBit(writer, bit);
  else invariant(writer.counted.length === 0, 'values may be clamped that count, and the statement has no bit');
  return { writer, publics, checks: c.checks };
}

/** Digits are held to the schema's bounds, everything else rests on the program's. */
function requireDomain({ name, lo, hi }: TensorSchema, c: Lowering, node: string): void {
  const fact = c.facts.get(node)!;
  const isWithin = fact.lo.every((value) => value <= lo) && fact.hi.every((value) => value >= hi);
  invariant(isWithin, 'the schema of an input is wider than its domain', { input: name });
}

function relationOf(writer: RelationWriter): Relation {
  const tables = writer.finishedTables();
  let listed = 0;
  for (const { table, layer } of tables) {
    listed += listedRows(table);
    if (listed > MOST_LISTED_ROWS) throw tooManyRows(layer, listed);
  }
  let entries = 0;
  const constraints = writer.finishedConstraints().map(({ constraint, layer }) => {
    entries += mapEntries(constraint) + selectEntries(constraint);
    if (entries > MOST_ENTRIES) throw tooManyEntries(layer, entries);
    return constraint;
  });
  return {
    ...writer.finishedTensors(),
    tables: tables.map(({ table }) => table),
    constraints,
  };
}

function tooManyRows(layer: string, rows: number): ZkonnxError {
  return new ZkonnxError('CIRCUIT_TOO_LARGE', 'the tables of functions are too large', {
    expected: `at most ${MOST_LISTED_ROWS} rows that a verifier evaluates one by one`,
    got: `${rows} up to this layer`,
    where: layer,
    help: 'fewer bits of activations (--bits) make them smaller',
  });
}

function requireUncommitted({ outputs, inputs }: Schema): void {
  const committed = [...outputs, ...inputs].find(({ visibility }) => visibility === 'committed');
  if (committed === undefined) return;
  throw new ZkonnxError('PROTOCOL_UNSUPPORTED', 'protocol clear has no committed tensors in this version', {
    expected: 'tensors that are public or private',
    got: 'committed',
    where: committed.name,
    help: 'make it public or private, or use --protocol mirage, whose proofs commit to tensors by a Poseidon hash',
  });
}
