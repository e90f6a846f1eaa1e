/** Random programs over the protocol's own field: honest runs satisfy their relation, the bit is the interpreter's, and nothing else is accepted. */
import { describe, expect, it } from 'vitest';
import { randomDraw, randomGraph, sampleInputs, STEP_NAMES } from '../../../circuits/attack/whole/graphs.js';
import { lowerToRelation, type RelationOptions } from '../../../src/compile/clear/lower.js';
import { clampWatch } from '../../../src/compile/ir/clamped.js';
import { ORDER } from '../../../src/field/goldilocks.js';
import { checkerOf } from '../../../src/prove/clear/reference/satisfied.js';
import { checkRelation } from '../../../src/verify/clear/relation-check.js';
import type { Assignment } from '../../../src/verify/clear/relation.js';
import { statementParts, type Schema } from '../../../src/verify/statement.js';
import { expectStatement, valuesOf } from './programs.js';

const SEEDS = Array.from({ length: 3 * STEP_NAMES.length }, (_, i) => 1 + i);
const INPUTS = 3;
/** Lies an assignment, spread over its cells. */
const LIES = 12;

/** Committed tensors are not of this protocol's version: they are hidden. */
function uncommitted(schema: Schema): Schema {
  const hidden = (tensors: Schema['inputs']) =>
    tensors.map((tensor) =>
      tensor.visibility === 'committed' ? { ...tensor, visibility: 'private' as const } : tensor,
    );
  return { ...schema, inputs: hidden(schema.inputs), outputs: hidden(schema.outputs) };
}

const layouts: readonly (readonly [string, RelationOptions])[] = [
  ['the cheapest plan', {}],
  ['tables of 2^10 rows where they fit', { tableBits: 10, forced: { way: () => 0 } }],
  ['the last way and limbs of four bits', { forced: { way: (ways) => ways.length - 1, widths: [1, 4] } }],
];

/** What a cheat may put in a value's place. */
function lies(value: bigint, draw: (lo: number, hi: number) => number): bigint[] {
  const near = [1n, -1n, 2n ** BigInt(draw(1, 40)), -(2n ** BigInt(draw(1, 40)))].map((by) => value + by);
  return [...near, -value, 0n, ORDER - 1n, BigInt(draw(0, 2 ** 30)) << 33n].map(
    (lie) => ((lie % ORDER) + ORDER) % ORDER,
  );
}

function withValue(
  assignment: Assignment,
  side: 'cells' | 'publics',
  { tensor, element, value }: { readonly tensor: number; readonly element: number; readonly value: bigint },
): Assignment {
  const changed = assignment[side][tensor]!.slice();
  changed[element] = value;
  return { ...assignment, [side]: assignment[side].with(tensor, changed) };
}

describe.each(layouts)('random programs by %s', (_name, options) => {
  it('are satisfied by the interpreter’s run alone', () => {
    let [satisfied, refused, clamped, refusedLies] = [0, 0, 0, 0];
    const accepted: string[] = [];
    for (const seed of SEEDS) {
      const graph = randomGraph(seed);
      const program = { ir: graph.ir, schema: uncommitted(graph.schema) };
      const { relation, assign } = lowerToRelation(program.ir, program.schema, options);
      checkRelation(relation);
      const unsatisfied = checkerOf(relation);
      const watch = clampWatch(program.ir);
      const draw = randomDraw(seed + 977);
      for (const inputs of sampleInputs(graph, seed, INPUTS)) {
        const values = valuesOf(program, inputs);
        const left = watch(values);
        if (left.some(({ end }) => end === 'refused')) {
          expect(() => assign(values)).toThrow(/RANGE_EXCEEDED/);
          refused++;
          continue;
        }
        const assignment = assign(values);
        expect({ seed, unsatisfied: unsatisfied(assignment) }).toEqual({ seed, unsatisfied: undefined });
        expectStatement(program, assignment, values, left.length > 0, ORDER);
        satisfied++;
        clamped += Number(left.length > 0);

        const parts = statementParts(program.schema).filter(({ tensor }) => tensor.visibility === 'public');
        assignment.publics.forEach((tensor, t) => {
          if (parts[t]!.side === 'input') return;
          tensor.forEach((value, element) => {
            for (const lie of lies(value, draw)) {
              if (lie === value) continue;
              const wrong = withValue(assignment, 'publics', { tensor: t, element, value: lie });
              if (unsatisfied(wrong) === undefined) accepted.push(`graph ${seed}: public ${t}, ${element}: ${lie}`);
              refusedLies++;
            }
          });
        });
        for (let n = 0; n < LIES && assignment.cells.length > 0; n++) {
          const t = draw(0, assignment.cells.length - 1);
          const tensor = assignment.cells[t]!;
          const element = draw(0, tensor.length - 1);
          const value = tensor[element]!;
          // The inverse of 0 is free; an input is the prover's own choice, and hidden outputs are nobody's.
          const { name } = relation.cells[t]!;
          if (name.includes('inverse of the clamped') && left.length === 0) continue;
          if (program.ir.inputs.some((input) => name === `${input}: ${input}`)) continue;
          for (const lie of lies(value, draw)) {
            if (lie === value) continue;
            const wrong = withValue(assignment, 'cells', { tensor: t, element, value: lie });
            expect({ seed, name, element, lie, found: unsatisfied(wrong) !== undefined }).toMatchObject({
              found: true,
            });
            refusedLies++;
          }
        }
      }
    }
    expect(accepted).toEqual([]);
    expect(satisfied + refused).toBe(SEEDS.length * INPUTS);
    expect(satisfied).toBeGreaterThan(0.8 * SEEDS.length * INPUTS);
    expect(clamped).toBeGreaterThan(10);
    expect(refusedLies).toBeGreaterThan(3_000);
  }, 300_000);
});
