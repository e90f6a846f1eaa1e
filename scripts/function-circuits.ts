/** What is made of a function, run on arguments: its integer program, and the circuits of both protocols. */
import { invariant } from '../src/base/errors.js';
import { finish } from '../src/base/work.js';
import { Interpreter } from '../src/compile/ir/program.js';
import { assemblies } from '../src/compile/protocols.js';
import { isTwoRound } from '../src/constraint/kind.js';
import type { Circuit } from '../src/constraint/program.js';
import { checkSatisfied, outputsOf, publicSignals, solve, type Witness } from '../src/constraint/solver.js';
import { mod } from '../src/field/bn254.js';
import type { Protocol } from '../src/verify/statement.js';
import { completeWitness } from './complete-witness.js';
import type { Run, SweptModel } from './function-cases.js';

export function programRun({ ir }: SweptModel): Run {
  const interpreter = new Interpreter(ir);
  return (q) => interpreter.run(new Map([[ir.inputs[0]!, q]])).get(ir.outputs[0]!.node)!;
}

/** The protocol's circuit by its own witness program: what a proof says of these arguments. */
export function circuitRun({ quantise, ir, schema }: SweptModel, protocol: Protocol): Run {
  const { circuit } = finish(assemblies[protocol].assemble([{ growth: 0, quantise }], () => schema));
  return (q, checked) => {
    const witness = solve(circuit, new Map([[ir.inputs[0]!, q]]));
    invariant(!checked || everyRowHolds(circuit, witness), 'a witness of the solver satisfies every row', { protocol });
    return outputsOf(circuit, witness).get(schema.outputs[0]!.name)!;
  };
}

/** No small numbers: what holds for these holds for all but a few of the field. */
const CHALLENGES = { x: mod(3n ** 157n), theta: mod(5n ** 113n) };

function everyRowHolds(circuit: Circuit, witness: Witness): boolean {
  const whole = isTwoRound(circuit)
    ? completeWitness(circuit, witness, publicSignals(circuit, witness), CHALLENGES)
    : witness;
  return checkSatisfied(circuit.r1cs, whole) === undefined;
}
