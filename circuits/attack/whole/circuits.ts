/** The circuits that are searched: each random graph laid out by every builder, and what a statement over one takes as given. */
import { assemble, assembleRounds, lower } from '../../../src/compile/assemble.js';
import { finish } from '../../../src/base/work.js';
import { ZkonnxError } from '../../../src/base/errors.js';
import { mod } from '../../../src/field/bn254.js';
import type { Circuit } from '../../../src/constraint/program.js';
import { solve } from '../../../src/constraint/solver.js';
import type { IrGraph } from '../../../src/compile/ir/graph.js';
import { publicCount, type Schema } from '../../../src/verify/statement.js';
import { LookupBuilder } from '../../builders/lookup-builder.js';
import type { TablePlan } from '../../builders/lookup-plan.js';
import type { R1csBuilder } from '../../builders/r1cs-builder.js';
import { type R1csOptions } from '../../builders/r1cs-builder.js';
import { clampTables } from '../plans.js';
import type { Given } from './search.js';

export interface Program {
  readonly ir: IrGraph;
  readonly schema: Schema;
}

/** Ways to lay out a program: of `mirage` the plan that the compiler chooses, which for small circuits has no tables, and plans that have. */
export type LayoutName = 'groth16' | 'mirage' | 'mirage, tables of 8 rows' | 'mirage, every table';

/** Small tables, that many limbs and both sides of ranges are in use. */
export const smallTables: TablePlan = { bits: 3, spans: new Set([2, 4]), clamps: new Map(), functions: new Set() };

/** All kinds of tables; every function of a program is looked up. */
export function everyTable({ ir }: Pick<Program, 'ir'>): TablePlan {
  const functions = ir.nodes.flatMap((node) => (node.op === 'table' ? [node.attrs.name] : []));
  const clamps = clampTables([1, 3, 15, 255].map((top) => [top, { lo: -2 * top - 20, hi: 3 * top + 20 }]));
  return { bits: 4, spans: new Set([2, 8]), clamps, functions: new Set(functions) };
}

export const layouts: { readonly [L in LayoutName]: (program: Program) => Circuit } = {
  groth16: ({ ir, schema }) => assemble(ir, schema),
  mirage: ({ ir, schema }) => assembleRounds(ir, schema),
  'mirage, tables of 8 rows': (program) => byLookups(program, new LookupBuilder(smallTables)),
  'mirage, every table': (program) => byLookups(program, new LookupBuilder(everyTable(program))),
};

export function byLookups({ ir, schema }: Program, builder: LookupBuilder): Circuit {
  finish(lower(ir, schema, builder, 'big'));
  return builder.finish();
}

export function byBits({ ir, schema }: Program, make: (options: R1csOptions) => R1csBuilder): Circuit {
  const { outputs: nPubOut, inputs: nPubIn } = publicCount(schema);
  const builder = make({ nPubOut, nPubIn });
  finish(lower(ir, schema, builder, 'little'));
  return builder.finish();
}

/** Wires of inputs and salts, and the honest witness of round 1 where the circuit has one. */
export function givenOf(circuit: Circuit, inputs: ReadonlyMap<string, Float64Array>, random: () => bigint): Given {
  const salts = new Map(circuit.salts.map(({ name }) => [name, random()]));
  const given = new Map<number, bigint>();
  for (const { name, first, count } of circuit.inputs) {
    for (let i = 0; i < count; i++) given.set(first + i, mod(BigInt(inputs.get(name)![i]!)));
  }
  for (const { name, wire } of circuit.salts) given.set(wire, salts.get(name)!);
  return { given, honest: honestWitness(circuit, inputs, salts) };
}

/** Undefined where an input has no witness. */
function honestWitness(
  circuit: Circuit,
  inputs: ReadonlyMap<string, Float64Array>,
  salts: ReadonlyMap<string, bigint>,
): bigint[] | undefined {
  try {
    const { small, field } = solve(circuit, inputs, { salts });
    return Array.from(small, (value, wire) => mod(field.get(wire) ?? BigInt(value)));
  } catch (error) {
    if (error instanceof ZkonnxError && error.code === 'RANGE_EXCEEDED') return undefined;
    throw error;
  }
}
