/** Small integer programs with one op each, and what tests ask of their relations. */
import { expect } from 'vitest';
import { Growing, programOf, type Tensor, type Visibilities } from '../../../circuits/attack/whole/graphs.js';
import { lowerToRelation, type LoweredRelation, type RelationOptions } from '../../../src/compile/clear/lower.js';
import type { Ends, IrGraph } from '../../../src/compile/ir/graph.js';
import { Interpreter } from '../../../src/compile/ir/program.js';
import type { Assignment } from '../../../src/verify/clear/relation.js';
import { statementParts, type Schema } from '../../../src/verify/statement.js';

export interface Program {
  readonly ir: IrGraph;
  readonly schema: Schema;
}

/** A program over inputs with these domains, each of one element unless `size` says otherwise. */
export function program(
  domains: readonly { readonly lo: number; readonly hi: number; readonly size?: number }[],
  build: (graph: Growing, inputs: readonly Tensor[]) => Tensor,
  visibilities: Visibilities = { shown: 'public', given: 'public' },
): Program {
  const graph = new Growing((lo) => lo, 'saturate');
  const inputs = domains.map(({ lo, hi, size = 1 }) => graph.push('input', { lo, hi }, [], size));
  const output = build(graph, inputs);
  return programOf(graph, inputs, [output], visibilities);
}

export function requantised(graph: Growing, x: Tensor, shift: number, lo: number, bits: number, ends: Ends): Tensor {
  return graph.push('requantise', { shift, lo, bits, ends }, [x], x.fact.size);
}

/** A linear layer of one row a coefficient list. */
export function layer(
  graph: Growing,
  x: Tensor,
  rows: readonly (readonly number[])[],
  bias: readonly number[],
): Tensor {
  return graph.linear(
    [x],
    rows.length,
    (row) => rows[row]!.map((coef, i) => [i, coef] as const),
    (row) => bias[row]!,
  );
}

/** Every point of a box, as inputs of the program. */
export function* everyInput({ ir }: Program): Generator<Map<string, Float64Array>> {
  const inputs = ir.nodes.flatMap((node) =>
    node.op === 'input' ? [{ ...node.attrs, name: node.name, size: node.dims.reduce((a, b) => a * b, 1) }] : [],
  );
  const places = inputs.flatMap(({ name, size, lo, hi }) => Array.from({ length: size }, () => ({ name, lo, hi })));
  const point = places.map(({ lo }) => lo);
  for (;;) {
    const values = new Map(inputs.map(({ name }) => [name, [] as number[]]));
    places.forEach(({ name }, i) => values.get(name)!.push(point[i]!));
    yield new Map([...values].map(([name, list]) => [name, Float64Array.from(list)]));
    let i = 0;
    while (i < places.length && point[i] === places[i]!.hi) point[i] = places[i++]!.lo;
    if (i === places.length) return;
    point[i]!++;
  }
}

export interface Run {
  readonly lowered: LoweredRelation;
  readonly values: ReadonlyMap<string, Float64Array>;
}

export function lowered({ ir, schema }: Program, options?: RelationOptions): LoweredRelation {
  return lowerToRelation(ir, schema, options);
}

/** A copy of the interpreter's values, which the next run overwrites. */
export function valuesOf({ ir }: Program, inputs: ReadonlyMap<string, Float64Array>): Map<string, Float64Array> {
  return new Map([...new Interpreter(ir).run(inputs)].map(([name, tensor]) => [name, tensor.slice()]));
}

/** The publics of an assignment are the statement of the run, in its order. */
export function expectStatement(
  { ir, schema }: Program,
  { publics }: Assignment,
  values: ReadonlyMap<string, Float64Array>,
  clamped: boolean,
  modulus: bigint,
): void {
  const next = { output: 0, input: 0, clamped: 0 };
  const expected = statementParts(schema).flatMap(({ tensor, side }) => {
    const position = next[side]++;
    if (tensor.visibility !== 'public') return [];
    const of = {
      output: () => values.get(ir.outputs[position]!.node)!,
      clamped: () => Float64Array.of(clamped ? 1 : 0),
      input: () => values.get(ir.inputs[position]!)!,
    };
    return [Array.from(of[side](), (value) => ((BigInt(value) % modulus) + modulus) % modulus)];
  });
  expect(publics.map((tensor) => Array.from(tensor))).toEqual(expected);
}
