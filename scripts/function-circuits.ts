/** What is made of a function, run on arguments: its integer program, and what each protocol proves of it. */
import { invariant } from '../src/base/errors.js';
import { finish } from '../src/base/work.js';
import { lowerToRelation } from '../src/compile/clear/lower.js';
import { Interpreter } from '../src/compile/ir/program.js';
import { assemblies } from '../src/compile/protocols.js';
import { isTwoRound } from '../src/constraint/kind.js';
import type { Circuit } from '../src/constraint/program.js';
import { checkSatisfied, outputsOf, publicSignals, solve, type Witness } from '../src/constraint/solver.js';
import { mod } from '../src/field/bn254.js';
import { ORDER } from '../src/field/goldilocks.js';
import { checkerOf } from '../src/prove/clear/reference/satisfied.js';
import type { CurveProtocol } from '../src/verify/key-points.js';
import type { Protocol } from '../src/verify/statement.js';
import { completeWitness } from './complete-witness.js';
import type { Run, SweptModel } from './function-cases.js';

export function programRun({ ir }: SweptModel): Run {
  const interpreter = new Interpreter(ir);
  return (q) => interpreter.run(new Map([[ir.inputs[0]!, q]])).get(ir.outputs[0]!.node)!;
}

/** What a proof of the protocol says of these arguments. */
export function circuitRun(model: SweptModel, protocol: Protocol): Run {
  return RUNS[protocol](model);
}

const RUNS: { readonly [P in Protocol]: (model: SweptModel) => Run } = {
  groth16: (model) => witnessRun(model, 'groth16'),
  mirage: (model) => witnessRun(model, 'mirage'),
  clear: relationRun,
};

/** A circuit by its own witness program. */
function witnessRun({ quantise, ir, schema }: SweptModel, protocol: CurveProtocol): Run {
  const { product } = finish(assemblies[protocol].assemble([{ growth: 0, quantise }], () => schema));
  const { circuit } = product;
  return (q, checked) => {
    const witness = solve(circuit, new Map([[ir.inputs[0]!, q]]));
    invariant(!checked || everyRowHolds(circuit, witness), 'a witness of the solver satisfies every row', { protocol });
    return outputsOf(circuit, witness).get(schema.outputs[0]!.name)!;
  };
}

/** A relation by the cells that its lowering assigns; outputs come first among its public tensors. */
function relationRun({ ir, schema }: SweptModel): Run {
  const { relation, assign } = lowerToRelation(ir, schema);
  const unsatisfied = checkerOf(relation);
  const interpreter = new Interpreter(ir);
  return (q, checked) => {
    const assignment = assign(interpreter.run(new Map([[ir.inputs[0]!, q]])));
    invariant(!checked || unsatisfied(assignment) === undefined, 'assigned cells satisfy every constraint', {});
    return Float64Array.from(assignment.publics[0]!, (value) => Number(value > ORDER / 2n ? value - ORDER : value));
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
