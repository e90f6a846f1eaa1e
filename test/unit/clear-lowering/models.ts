/** Models through compile and to a relation of protocol `clear`. */
import { expect } from 'vitest';
import { lowerToRelation, type LoweredRelation } from '../../../src/compile/clear/lower.js';
import type { CompiledInside } from '../../../src/compile/compile.js';
import { clampWatch } from '../../../src/compile/ir/clamped.js';
import { ORDER } from '../../../src/field/goldilocks.js';
import { encodeSample } from '../../../src/prove/encode.js';
import { checkerOf } from '../../../src/prove/clear/reference/satisfied.js';
import { checkRelation } from '../../../src/verify/clear/relation-check.js';
import type { Assignment } from '../../../src/verify/clear/relation.js';
import { expectStatement, valuesOf } from './programs.js';

/** The relation of a compiled model: runs of the samples satisfy it, state the interpreter's outputs, and no other output is accepted. */
export function expectLowered(
  { quantised: { ir }, schema }: CompiledInside,
  samples: readonly ReadonlyMap<string, Float64Array>[],
): LoweredRelation {
  const lowered = lowerToRelation(ir, schema);
  checkRelation(lowered.relation);
  const unsatisfied = checkerOf(lowered.relation);
  const watch = clampWatch(ir);
  expect(samples.length).toBeGreaterThan(0);
  for (const sample of samples) {
    const values = valuesOf({ ir, schema }, encodeSample(schema, sample));
    const left = watch(values);
    const assignment = lowered.assign(values);
    expect(unsatisfied(assignment)).toBeUndefined();
    expectStatement({ ir, schema }, assignment, values, left.length > 0, ORDER);
    expect(unsatisfied(withOutput(assignment, 1n))).toBeDefined();
  }
  return lowered;
}

/** With another first output. */
function withOutput(assignment: Assignment, by: bigint): Assignment {
  const output = assignment.publics[0]!.slice();
  output[0] = (output[0]! + by) % ORDER;
  return { ...assignment, publics: assignment.publics.with(0, output) };
}
