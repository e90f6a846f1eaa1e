/**
 * Integer IR + schema → circuit: inputs enter range-checked, every op lowers its live elements, outputs and public inputs are packed
 * into signals or hashed into commitments.
 */
import type { FieldLc, Lc } from '../../circuits/builder.js';
import { fieldCombination, toField } from '../../circuits/lc.js';
import { poseidonCircuit } from '../../circuits/gadgets/poseidon.js';
import { LookupBuilder } from '../../circuits/builders/lookup-builder.js';
import {
  BITS_ONLY,
  choosePlan,
  demandedRows,
  SURVEY_PLAN,
  type TablePlan,
} from '../../circuits/builders/lookup-plan.js';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import { invariant } from '../base/errors.js';
import { finish, part, type Work } from '../base/work.js';
import type { Circuit, TwoRoundCircuit } from '../constraint/program.js';
import { publicCount, SIGNAL_BYTES, type Schema, type TensorSchema } from '../verify/statement.js';
import type { IrGraph, IrNode } from './ir/graph.js';
import { opOf } from './ir/ops.js';
import { element, type LcTensor } from './ir/op.js';
import { liveness, sizeOf } from './ir/program.js';

/** Plain Groth16: ranges by bits. `schema` lists the IR's inputs and outputs in the IR's order. */
export function assemble(ir: IrGraph, schema: Schema): Circuit {
  return finish(assembling(ir, schema));
}

/** As `assemble`, layer by layer. */
export function* assembling(ir: IrGraph, schema: Schema): Work<Circuit> {
  const { outputs: nPubOut, inputs: nPubIn } = publicCount(schema);
  const b = new R1csBuilder({ nPubOut, nPubIn });
  yield* lower(ir, schema, b, 'little');
  return b.finish();
}

/** Two rounds with lookups, before it is built: its tables and how many rows it takes. */
export interface RoundsPlan {
  readonly plan: TablePlan;
  readonly rows: number;
}

/** The tables that cost the fewest rows: a first pass over the circuit finds what is asked for. */
export function* planningRounds(ir: IrGraph, schema: Schema): Work<RoundsPlan> {
  const survey = new LookupBuilder(SURVEY_PLAN);
  yield* lower(ir, schema, survey, 'big');
  const demands = survey.demanded;
  const { plan, rows } = choosePlan(demands);
  const bit = schema.clamped === true ? CLAMPED_ROWS : 0;
  return { plan, rows: rows + survey.constraints - demandedRows(SURVEY_PLAN, demands) + bit };
}

/** Two rounds with lookups by a plan. Where bits are cheaper still, as in the smallest models, there is no table at all. */
export function* assemblingRounds(ir: IrGraph, schema: Schema, { plan }: RoundsPlan): Work<TwoRoundCircuit> {
  const lookups = yield* building(ir, schema, plan);
  if (lookups.r1cs.nConstraints > SMALL_CIRCUIT) return lookups;
  const bits = yield* part(building(ir, schema, BITS_ONLY), 1, 1);
  return bits.r1cs.nConstraints < lookups.r1cs.nConstraints ? bits : lookups;
}

/** Two rounds with lookups, by the plan that costs the fewest rows. */
export function assembleRounds(ir: IrGraph, schema: Schema): TwoRoundCircuit {
  return finish(assemblingRounds(ir, schema, finish(planningRounds(ir, schema))));
}

function* building(ir: IrGraph, schema: Schema, tables: TablePlan): Work<TwoRoundCircuit> {
  const b = new LookupBuilder(tables);
  yield* lower(ir, schema, b, 'big');
  return b.finish();
}

/** Rows of the statement's bit that a survey, which is not finished, has not laid: three, and one of the fold. */
const CLAMPED_ROWS = 4;

/** Rows up to which a circuit by bits may be the smaller one: no plan's tables have fewer than a few hundred. */
const SMALL_CIRCUIT = 4096;

/** Of the digits in a packed value: of Groth16 the first is in the lowest bytes, of mirage in the highest. */
type ByteOrder = 'little' | 'big';

/** The rows of a model by a builder of the caller's: attacks give one with a check left out. */
export function* lower(ir: IrGraph, schema: Schema, b: R1csBuilder, order: ByteOrder): Work<void> {
  const tensors = yield* lowerAll(ir, b);
  const outputs = ir.outputs.map(({ node }) => Array.from(tensors.get(node)!, (_, i) => element(tensors.get(node), i)));
  const inputs = ir.inputs.map((name) => tensors.get(name) as readonly Lc[]);
  schema.outputs.forEach((tensor, i) => b.output(tensor.name, outputs[i]!));
  b.layer('public values', 'Pack');
  const expose = (group: readonly TensorSchema[], lcs: readonly (readonly Lc[])[]): void => {
    group.forEach((tensor, i) => {
      for (const value of exposed(b, tensor, lcs[i]!, order)) b.expose(value);
    });
  };
  // In the order of `statementParts`. A digit by itself is its own packing.
  expose(schema.outputs, outputs);
  if (schema.clamped === true) b.expose(b.clampedBit());
  expose(schema.inputs, inputs);
}

function* lowerAll(ir: IrGraph, b: R1csBuilder): Work<Map<string, LcTensor>> {
  const live = liveness(ir);
  const lastReader = new Map<string, number>();
  ir.nodes.forEach((node, i) => node.inputs.forEach((name) => lastReader.set(name, i)));
  const kept = new Set([...ir.inputs, ...ir.outputs.map((output) => output.node)]);
  const tensors = new Map<string, LcTensor>();
  for (const [i, node] of ir.nodes.entries()) {
    yield i / ir.nodes.length;
    b.layer(node.name, node.origin, node.op);
    tensors.set(node.name, lowerNode(node, b, tensors, live.get(node.name)!));
    // Combinations hold the weights of whole layers: they go as soon as their last reader has inlined them.
    for (const name of node.inputs) if (lastReader.get(name) === i && !kept.has(name)) tensors.delete(name);
  }
  return tensors;
}

function lowerNode(node: IrNode, b: R1csBuilder, tensors: ReadonlyMap<string, LcTensor>, live: Uint8Array): LcTensor {
  if (node.op === 'input') return b.input(node.name, sizeOf(node), node.attrs.lo, node.attrs.hi);
  return opOf(node).lower(
    node.attrs,
    b,
    node.inputs.map((name) => tensors.get(name)!),
    live,
  );
}

/** The public signals of a tensor: its packed digits, their salted hash, or nothing. */
function exposed(b: R1csBuilder, tensor: TensorSchema, values: readonly Lc[], order: ByteOrder): FieldLc[] {
  if (tensor.visibility === 'private') return [];
  const packed = packLcs(tensor, values, order);
  if (tensor.visibility === 'public') return packed;
  const salt: FieldLc = { wires: [b.salt(tensor.name)], coefs: [1n], constant: 0n };
  return [poseidonCircuit(b, [...packed, salt])];
}

/** As `pack` in src/verify/statement.ts, over linear combinations. Injective because every digit is proven to be in its bytes. */
function packLcs(tensor: TensorSchema, values: readonly Lc[], order: ByteOrder): FieldLc[] {
  const perSignal = Math.floor(SIGNAL_BYTES / tensor.bytes);
  const base = 1n << BigInt(8 * tensor.bytes);
  const signals: FieldLc[] = [];
  for (let start = 0; start < values.length; start += perSignal) {
    const digits = values.slice(start, start + perSignal);
    for (const digit of digits) {
      invariant(
        digit.lo >= tensor.lo && digit.hi - tensor.lo < Number(base),
        'a public value is not proven to fit its bytes',
        {
          tensor: tensor.name,
          lo: digit.lo,
          hi: digit.hi,
        },
      );
    }
    const factors = digits.map((_, i) => base ** BigInt(order === 'little' ? i : digits.length - 1 - i));
    const offset = factors.reduce((sum, factor) => sum - factor * BigInt(tensor.lo), 0n);
    signals.push(fieldCombination(digits.map(toField), factors, offset));
  }
  return signals;
}
