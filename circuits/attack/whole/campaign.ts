/** Searches many circuits for second assignments, and counts. */
import { clampWatch } from '../../../src/compile/ir/clamped.js';
import { publicCount } from '../../../src/verify/statement.js';
import { Interpreter } from '../../../src/compile/ir/program.js';
import type { Circuit } from '../../../src/constraint/program.js';
import { signed } from '../../../src/field/bn254.js';
import { randomField } from '../harness.js';
import { evaluate } from '../rows.js';
import { givenOf, layouts, type LayoutName, type Program } from './circuits.js';
import { randomGraph, sampleInputs } from './graphs.js';
import { WholeCircuit, type Verdict } from './search.js';
import type { WeakCircuit } from './weak-builders.js';

type Inputs = ReadonlyMap<string, Float64Array>;

/** What was found of circuits laid out in one way. */
export class Tally {
  circuits = 0;
  rows = 0;
  wires = 0;
  inputs = 0;
  /** Inputs for which the rows determine all that is stated. */
  unique = 0;
  /** Inputs that have no witness, and are proven to have none. */
  refused = 0;
  /** Wires that no row determines and nothing stated depends on, over all inputs: inverses of zero. */
  harmless = 0;
  readonly undecided: string[] = [];
  readonly second: string[] = [];
  /** Rows that were not understood; honest witnesses that break a row, compute something else than the program or contradict what follows. */
  readonly faults: string[] = [];

  judge(name: string, circuit: Circuit, program: Program, samples: readonly Inputs[], seed: number): void {
    const whole = new WholeCircuit(circuit);
    const random = randomField(seed);
    this.circuits++;
    this.rows += circuit.r1cs.nConstraints;
    this.wires += circuit.r1cs.nWires;
    for (const row of whole.relation.unread) this.faults.push(`${name}: row ${row} is not understood`);
    if (whole.relation.stated === 0) this.faults.push(`${name}: no row binds what is public`);
    samples.forEach((inputs, i) => {
      this.judgeInputs(`${name}, input ${i}`, whole, program, inputs, random);
    });
  }

  private judgeInputs(
    name: string,
    whole: WholeCircuit,
    { ir, schema }: Program,
    inputs: Inputs,
    random: () => bigint,
  ): void {
    const asked = givenOf(whole.circuit, inputs, random);
    const { honest } = asked;
    this.inputs++;
    const values = new Interpreter(ir).run(inputs);
    const beyond = clampWatch(ir)(values);
    const isRefused = beyond.some(({ end }) => end === 'refused');
    if (isRefused !== (honest === undefined)) this.faults.push(`${name}: ${isRefused ? 'not refused' : 'refused'}`);
    if (honest !== undefined) {
      const broken = whole.rows.broken(honest, random);
      if (broken !== undefined) this.faults.push(`${name}: the honest witness breaks row ${broken}`);
      const computed = ir.outputs.flatMap(({ node }) => Array.from(values.get(node)!));
      const stated = whole.relation.targets
        .slice(-computed.length)
        .map((form) => Number(signed(evaluate(form, honest))));
      if (stated.some((value, i) => value !== computed[i]))
        this.faults.push(`${name}: another output than the program's`);
      // The last signal before those of inputs.
      const bit = whole.relation.targets[publicCount(schema).outputs - 1];
      if (schema.clamped === true && evaluate(bit!, honest) !== (beyond.length > 0 ? 1n : 0n))
        this.faults.push(`${name}: another bit than the program's`);
    }
    this.count(name, whole.judge(asked, { random }), honest !== undefined);
  }

  private count(name: string, verdict: Verdict, hasWitness: boolean): void {
    switch (verdict.kind) {
      case 'unique':
        this.unique++;
        this.harmless += verdict.open.length;
        return;
      case 'refused':
        if (hasWitness) this.faults.push(`${name}: the honest witness contradicts what follows from the rows`);
        else this.refused++;
        return;
      case 'undecided':
        this.undecided.push(`${name}: open rows ${some(verdict.rows)}; open wires ${some(verdict.wires)}`);
        return;
      case 'second':
        this.second.push(`${name}: ${differences(verdict)}`);
    }
  }
}

function differences({ targets }: Verdict & { readonly kind: 'second' }): string {
  return targets.map(({ target, honest, other }) => `target ${target} is ${honest} or ${other}`).join(', ');
}

function some(numbers: readonly number[]): string {
  return numbers.length > 12 ? `${numbers.slice(0, 12).join(' ')} … (${numbers.length})` : numbers.join(' ');
}

export type Tallies = { readonly [L in LayoutName]: Tally };

export const LAYOUT_NAMES = Object.keys(layouts) as readonly LayoutName[];

/** Random graphs of `seeds` in every layout, each for `inputsEach` inputs, the ends of the domains first. */
export function judgeGraphs(
  seeds: readonly number[],
  inputsEach: number,
  onGraph: (seed: number) => void = () => undefined,
): Tallies {
  const tallies = Object.fromEntries(LAYOUT_NAMES.map((layout) => [layout, new Tally()])) as unknown as Tallies;
  for (const seed of seeds) {
    const graph = randomGraph(seed);
    const samples = sampleInputs(graph, seed, inputsEach);
    for (const layout of LAYOUT_NAMES)
      tallies[layout].judge(`graph ${seed}, ${layout}`, layouts[layout](graph), graph, samples, seed);
    onGraph(seed);
  }
  return tallies;
}

/** What was found in a circuit with a hole. */
export interface Catch {
  readonly name: string;
  readonly protocol: WeakCircuit['protocol'];
  /** Inputs tried until one had another statement. */
  readonly inputs: number;
  /** That statement; undefined where none was found. */
  readonly found: string | undefined;
}

/** Searches a weakened circuit, input after input until it finds another statement. */
export function judgeWeak(
  { name, protocol, program, circuit, without }: WeakCircuit,
  seed: number,
  inputs = 12,
): Catch {
  const random = randomField(seed);
  const whole = new WholeCircuit(circuit, without);
  for (const [i, sample] of sampleInputs(program, seed, inputs).entries()) {
    const verdict = whole.judge(givenOf(circuit, sample, random), { random, steps: 100_000 });
    if (verdict.kind === 'second') return { name, protocol, inputs: i + 1, found: differences(verdict) };
  }
  return { name, protocol, inputs, found: undefined };
}
