/**
 * Attacks one gadget: honest values must pass and agree with the oracle, everything else must be refused.
 *
 * Three attackers, none of which trusts the gadget: (1) enumeration of all solutions of the rows with the inputs fixed (a proof for that
 * input where it completes); (2) lies: every hint replaced by plausible wrong values, what follows re-solved honestly, and then each
 * unsatisfied row or lookup repaired through any wire in it; (3) mutations of single wires and pairs, re-solved or not.
 * Lookups are ideal here: memberships (rows.ts). What makes them so is attacked in protocol.ts.
 * A full assignment that satisfies all rows and memberships is a breach if an output differs from the oracle's; it is harmless if only inverses of zero
 * differ from the honest witness (the one freedom that gadgets have), and a breach of another kind if anything else differs.
 */
import { invariant } from '../../src/base/errors.js';
import { inverse, mod, R, signed } from '../../src/field/bn254.js';
import { isTwoRound } from '../../src/constraint/kind.js';
import type { Circuit } from '../../src/constraint/program.js';
import { checkSatisfied, solve, type Witness } from '../../src/constraint/solver.js';
import type { Bounds, FieldLc, Lc } from '../builder.js';
import { fieldConstant, toField } from '../lc.js';
import { LookupBuilder } from '../builders/lookup-builder.js';
import type { Counted, TablePlan } from '../builders/lookup-plan.js';
import { R1csBuilder } from '../builders/r1cs-builder.js';
import { enumerate } from './enumerate.js';
import { Protocol } from './protocol.js';
import { HALF, type Hint, type Lie } from './instructions.js';
import { Resolver } from './resolve.js';
import {
  evaluate,
  isMember,
  isSatisfied,
  protocolRows,
  tallied,
  systemOf,
  type Membership,
  type Row,
  type System,
} from './rows.js';

export interface Gadget {
  readonly name: string;
  /** Parameters in words, for the table of costs. */
  readonly parameters: string;
  /** Bounds of each input: assumed, as after another gadget's proof; or proven by `input` when `checked`. */
  readonly inputs: readonly Bounds[];
  readonly checked?: boolean;
  readonly build: (b: R1csBuilder, x: readonly Lc[]) => readonly (Lc | FieldLc)[];
  /** Plain integers; undefined where the constraints must refuse the input. */
  readonly oracle: (x: readonly number[]) => readonly (number | bigint)[] | undefined;
  /** Layouts it is attacked in: by bits alone (a builder with lookups refuses it); with function tables alone; or the same in all. */
  readonly layouts?: 'bits' | 'functions' | 'same';
  /** Inputs beside the automatic ones (corners, 0, ±1, random): thresholds and ties. */
  readonly edges?: readonly (readonly number[])[];
}

export interface AttackOptions {
  /** Layout by lookups; by bits without it. */
  readonly plan?: TablePlan;
  /** Constraints left out: the weakened variants. */
  readonly without?: ReadonlySet<number>;
  /** Weakens the system otherwise. */
  readonly alter?: (system: System) => System;
  /** Stop at the first forgery. */
  readonly stopAtForgery?: boolean;
  readonly seed?: number;
  /** Most inputs tried. */
  readonly samples?: number;
  /** Most branches of one enumeration. */
  readonly maxNodes?: number;
  /** Most lies and mutations an input. */
  readonly maxLies?: number;
}

export interface AttackReport {
  readonly gadget: string;
  readonly constraints: number;
  readonly wires: number;
  readonly samples: number;
  /** Inputs for which all solutions were found, and the output is the only one. */
  readonly enumerated: number;
  readonly lies: number;
  readonly refused: number;
  readonly harmless: number;
  /** What went wrong, in words; empty for a sound gadget. */
  readonly breaches: readonly string[];
  /** The breaches that prove something false: a wrong output, or an input accepted that must be refused. */
  readonly forgeries: number;
}

/** A gadget built over its inputs. */
export interface BuiltGadget {
  readonly circuit: Circuit;
  readonly inputWires: readonly number[];
  readonly outputs: readonly FieldLc[];
  /** Of a layout by lookups: what the gadget asked for. */
  readonly demands: readonly Counted[];
}

/** Inputs whose bounds are taken on trust: another gadget has proven them. For gadgets under test only. */
interface Assuming {
  assumed(name: string, bounds: Bounds): Lc;
}

class AssumingBits extends R1csBuilder implements Assuming {
  assumed(name: string, { lo, hi }: Bounds): Lc {
    return this.freshInput(name, 1, lo, hi)[0]!;
  }
}

class AssumingLookups extends LookupBuilder implements Assuming {
  assumed(name: string, { lo, hi }: Bounds): Lc {
    return this.freshInput(name, 1, lo, hi)[0]!;
  }
}

export function buildGadget({ name, inputs, checked, build }: Gadget, plan?: TablePlan): BuiltGadget {
  const b = plan === undefined ? new AssumingBits() : new AssumingLookups(plan);
  b.layer(name, 'gadget');
  const x = inputs.map((bounds, i) =>
    checked ? b.input(`x${i}`, 1, bounds.lo, bounds.hi)[0]! : b.assumed(`x${i}`, bounds),
  );
  const values = build(b, x);
  const isInteger = (value: Lc | FieldLc): value is Lc => typeof value.constant === 'number';
  b.output('y', values.filter(isInteger));
  const outputs = values.map((value) => (isInteger(value) ? toField(value) : value));
  // Something is public in every circuit of two rounds.
  if (b instanceof LookupBuilder) b.expose(fieldConstant(1n));
  const demands = b instanceof LookupBuilder ? b.demanded : [];
  const circuit = b.finish();
  return { circuit, inputWires: circuit.inputs.map(({ first }) => first), outputs, demands };
}

/** What a gadget costs: its own rows, lookups and products with Θ among them, and round-1 wires; tables belong to the whole circuit. */
export function gadgetSize({ circuit }: BuiltGadget): { readonly constraints: number; readonly wires: number } {
  const { r1cs } = circuit;
  if (!isTwoRound(circuit)) return { constraints: r1cs.nConstraints, wires: r1cs.nWires };
  const { rounds } = circuit;
  const special = protocolRows(rounds).size - rounds.lookupRow.length - rounds.thetaRow.length;
  const { nWires, challenges } = systemOf(circuit);
  return { constraints: r1cs.nConstraints - special, wires: nWires - challenges.length };
}

/** Runs all attackers on one gadget. */
export function checkGadget(gadget: Gadget, options: AttackOptions = {}): AttackReport {
  return new Attack(gadget, options).run();
}

class Attack {
  private readonly built: BuiltGadget;
  private readonly resolver: Resolver;
  private protocol: Protocol | undefined;
  private readonly system: System;
  private readonly next: () => number;
  private readonly randomField: () => bigint;
  private readonly breaches: string[] = [];
  private forgeries = 0;
  private lies = 0;
  /** Number of lies at which the input at hand has been attacked enough. */
  private budget = 0;
  private harmless = 0;
  private enumerated = 0;

  constructor(
    private readonly gadget: Gadget,
    private readonly options: AttackOptions,
  ) {
    this.built = buildGadget(gadget, options.plan);
    this.resolver = new Resolver(this.built.circuit);
    const system = systemOf(this.built.circuit, options.without);
    this.system = options.alter?.(system) ?? system;
    this.next = xorshift(options.seed ?? 1);
    this.randomField = fieldOf(this.next);
  }

  run(): AttackReport {
    const samples = this.options.stopAtForgery ? this.outsideFirst(this.samples()) : this.samples();
    for (const sample of samples) {
      this.attackSample(sample);
      if (this.forged()) break;
    }
    return {
      gadget: `${this.gadget.name} ${this.gadget.parameters}`.trim(),
      ...gadgetSize(this.built),
      samples: samples.length,
      enumerated: this.enumerated,
      lies: this.lies,
      refused: this.lies - this.harmless - this.breaches.length,
      harmless: this.harmless,
      breaches: this.breaches,
      forgeries: this.forgeries,
    };
  }

  private done(): boolean {
    return this.forged() || this.lies >= this.budget;
  }

  private forged(): boolean {
    return this.options.stopAtForgery === true && this.forgeries > 0;
  }

  private attackSample(sample: readonly bigint[]): void {
    this.budget = this.lies + (this.options.maxLies ?? 3000);
    const inputs = this.built.inputWires.map((wire, i) => [wire, mod(sample[i]!)] as const);
    const given = new Map([...this.system.challenges.map((wire) => [wire, 0n] as const), ...inputs]);
    const small = sample.map((value) => Number(signed(value)));
    const inside = this.gadget.inputs.every(({ lo, hi }, i) => small[i]! >= lo && small[i]! <= hi);
    const honest = this.honest(given);
    const target: Target = { ...this.expected(small, inside), given, honest, text: `(${sample.join(', ')})` };
    if (target.expected !== undefined) this.checkHonest(target, small);
    this.enumerateAll(target);
    if (!this.done()) this.lie(target);
    if (!this.done()) this.mutate(target);
  }

  /** What the constraints must say of an input. */
  private expected(small: readonly number[], inside: boolean): Pick<Target, 'expected'> {
    return { expected: inside ? this.gadget.oracle(small)?.map((y) => mod(BigInt(y))) : undefined };
  }

  /** What follows from given values and overrides, as far as the system speaks of it. */
  private honest(given: ReadonlyMap<number, bigint>, overrides?: ReadonlyMap<number, bigint>): bigint[] {
    const { tallies, nWires } = this.system;
    const values = this.resolver.run(given, overrides).slice(0, nWires - tallies.length);
    return [...values, ...tallies.map((tally) => overrides?.get(tally.wire) ?? tallied(tally, values))];
  }

  private broken(values: readonly bigint[]): Broken {
    return {
      rows: this.system.rows.filter((row) => !isSatisfied(row, values)),
      memberships: this.system.memberships.filter((membership) => !isMember(membership, values)),
    };
  }

  /** Completeness, by both interpreters, and by all rows for random challenges. */
  private checkHonest({ honest, expected, text }: Target, small: readonly number[]): void {
    const { rows, memberships } = this.broken(honest);
    if (rows.length > 0)
      this.breaches.push(`honest witness of ${text} breaks row ${this.system.rows.indexOf(rows[0]!)}`);
    if (memberships.length > 0)
      this.breaches.push(`honest witness of ${text} looks up ${memberships[0]!.table} beyond its rows`);
    if (!sameOutputs(this.built.outputs, honest, expected!))
      this.breaches.push(`honest output of ${text} is not the oracle's`);
    const { circuit } = this.built;
    const witness = solve(circuit, new Map(small.map((v, i) => [`x${i}`, Float64Array.of(v)])));
    const own = honest.slice(0, honest.length - this.system.tallies.length);
    const differs = own.findIndex(
      (value, wire) => mod(witness.field.get(wire) ?? BigInt(witness.small[wire]!)) !== value,
    );
    if (differs >= 0) this.breaches.push(`the interpreters disagree on wire ${differs} for ${text}`);
    const failed = this.firstBroken(witness);
    if (failed !== undefined) this.breaches.push(`the solver's witness of ${text} breaks row ${failed}`);
  }

  /** By all rows; of two rounds, for random challenges. */
  private firstBroken(witness: Witness): number | undefined {
    const { circuit } = this.built;
    if (!isTwoRound(circuit)) return checkSatisfied(circuit.r1cs, witness)?.row;
    this.protocol ??= new Protocol(circuit);
    const challenges = { x: this.randomField(), theta: this.randomField() };
    return this.protocol.broken(this.protocol.roundTwo(this.protocol.valuesOf(witness), challenges))[0];
  }

  private enumerateAll(target: Target): void {
    const before = this.breaches.length;
    const { complete } = enumerate({
      system: this.system,
      fixed: target.given,
      random: () => this.randomField(),
      maxNodes: this.options.maxNodes ?? 1000,
      visit: (values) => {
        if (isHonest(target, values)) return false;
        this.lies++;
        this.judge(target, values, 'enumerated');
        return this.forged();
      },
    });
    if (complete && this.breaches.length === before) this.enumerated++;
  }

  /** Files an assignment that satisfies all rows as harmless, or as a breach. */
  private judge(target: Target, values: readonly bigint[], how: string): void {
    const { expected, honest, text } = target;
    const { rows, memberships } = this.broken(values);
    invariant(rows.length + memberships.length === 0, 'a claimed solution satisfies the system', {
      gadget: this.gadget.name,
      how,
    });
    if (expected === undefined) this.forgery(`${how}: accepts ${text}, which must be refused`);
    else if (!sameOutputs(this.built.outputs, values, expected)) this.forgery(`${how}: a wrong output for ${text}`);
    else if (this.onlyInversesOfZero(honest, values)) this.harmless++;
    else this.breaches.push(`${how}: another witness for ${text}`);
  }

  private forgery(text: string): void {
    this.forgeries++;
    this.breaches.push(text);
  }

  private onlyInversesOfZero(honest: readonly bigint[], values: readonly bigint[]): boolean {
    const free = new Set(this.resolver.hints.flatMap((hint) => hint.free?.(values) ?? []));
    return values.every((value, wire) => value === honest[wire] || free.has(wire));
  }

  /** One lie: refused, or judged. Returns what it breaks. */
  private try(target: Target, values: readonly bigint[], how: string): Broken {
    if (isHonest(target, values)) return { rows: [], memberships: [] };
    this.lies++;
    const broken = this.broken(values);
    if (broken.rows.length + broken.memberships.length === 0) this.judge(target, values, how);
    return broken;
  }

  private lie(target: Target): void {
    for (const hint of this.resolver.hints) {
      for (const { how, overrides } of this.liesAbout(hint, target.honest)) {
        this.tryAndRepair(target, overrides, how);
        if (this.done()) return;
      }
    }
  }

  /** Tells the lie with everything after it re-solved, then mends each of the first broken rows and lookups through each of its wires. */
  private tryAndRepair(target: Target, overrides: Map<number, bigint>, how: string): void {
    const values = this.honest(target.given, overrides);
    const { rows, memberships } = this.try(target, values, how);
    const repairs = [
      ...rows.slice(0, 2).flatMap((row) => [...rowRepairs(row, values)]),
      ...memberships.slice(0, 2).flatMap((membership) => [...this.lookupRepairs(membership, values)]),
    ];
    for (const repair of repairs) {
      if (repair.some(([wire]) => target.given.has(wire) || overrides.has(wire))) continue;
      const mended = this.honest(target.given, new Map([...overrides, ...repair]));
      this.try(target, mended, `${how}, repaired by wires ${repair.map(([wire]) => wire).join(', ')}`);
      if (this.done()) return;
    }
  }

  /** Values that bring a lookup to one of its rows: through each wire of the query, or the second column through its own. */
  private *lookupRepairs(
    { query, rows, second, values: columns }: Membership,
    values: readonly bigint[],
  ): Generator<Repair> {
    const all = BigInt(rows);
    const targets =
      rows <= 16 ? Array.from({ length: rows }, (_, t) => BigInt(t)) : [0n, 1n, all - 1n, BigInt(this.next()) % all];
    const q = evaluate(query, values);
    const seconds = (t: bigint): Repair[] =>
      second === undefined ? [[]] : columns![Number(t)]!.map((value) => [[second.wires[0]!, value]]);
    if (q < all) yield* seconds(q);
    for (const [i, wire] of query.wires.entries()) {
      const slope = inverse(query.coefs[i]!);
      for (const t of targets)
        for (const more of seconds(t)) yield [[wire, mod(values[wire]! + (t - q) * slope)], ...more];
    }
  }

  private *liesAbout(hint: Hint, honest: readonly bigint[]): Generator<Lie> {
    for (const wire of hint.wires) {
      for (const value of this.plausible(honest[wire]!))
        yield { how: `${hint.name} wire ${wire}`, overrides: new Map([[wire, value]]) };
    }
    yield* hint.lies(honest, this.randomField);
  }

  private plausible(v: bigint): readonly bigint[] {
    const lies = [0n, 1n, v + 1n, v - 1n, -v, 2n * v, R - 1n, HALF, HALF + 1n, this.randomField()].map((value) =>
      mod(value),
    );
    return [...new Set(lies)].filter((value) => value !== v);
  }

  /** Every wire alone, and pairs, changed in the honest witness: left so, or re-solved. */
  private mutate(target: Target): void {
    const { honest } = target;
    const wires = honest.map((_, wire) => wire).filter((wire) => wire !== 0 && !target.given.has(wire));
    if (wires.length === 0) return;
    const change = (): [number, bigint] => {
      const wire = wires[this.next() % wires.length]!;
      const options = this.plausible(honest[wire]!);
      return [wire, options[this.next() % options.length]!];
    };
    const singles = wires.map((wire): [number, bigint][] => [[wire, mod(honest[wire]! + 1n)]]);
    const pairs = Array.from({ length: 2 * wires.length }, () => [change(), change()]);
    for (const changes of [...singles, ...pairs]) {
      const values = [...honest];
      for (const [wire, value] of changes) values[wire] = value;
      this.try(target, values, `mutated wires ${changes.map(([wire]) => wire).join(', ')}`);
      if (this.done()) return;
      this.tryAndRepair(target, new Map(changes), `mutated wires ${changes.map(([wire]) => wire).join(', ')}`);
      if (this.done()) return;
    }
  }

  /** All inputs of a small domain; otherwise corners, neighbours of 0 and of the bounds, edges, random ones. Outside too, when checked. */
  private samples(): bigint[][] {
    const { inputs, checked, edges = [] } = this.gadget;
    const limit = this.options.samples ?? 40;
    const corners = [inputs.map(({ lo }) => BigInt(lo)), inputs.map(({ hi }) => BigInt(hi))];
    const all: bigint[][] = [...corners, ...edges.map((edge) => edge.map(BigInt))];
    const choices = inputs.map(({ lo, hi }) => this.choices(lo, hi));
    const count = choices.reduce((product, list) => product * list.length, 1);
    const picked =
      count <= limit
        ? product(choices)
        : Array.from({ length: limit }, () => choices.map((list) => list[this.next() % list.length]!));
    all.push(...picked);
    if (checked) {
      for (const [i, { lo, hi }] of inputs.entries()) {
        const span = BigInt(hi) - BigInt(lo) + 1n;
        const outside = [
          BigInt(lo) - 1n,
          BigInt(hi) + 1n,
          BigInt(lo) - span,
          BigInt(hi) + span,
          BigInt(hi) + 2n,
          HALF,
          HALF + 1n,
          R - 1n - BigInt(hi),
        ];
        const inside = inputs.map(({ lo: least }) => BigInt(least));
        for (const value of outside) all.push(inside.with(i, value));
      }
    }
    return [...new Map(all.map((sample) => [sample.join(), sample])).values()];
  }

  /** An input that must be refused is the quickest way to a forgery: whatever satisfies the rows is one. */
  private outsideFirst(samples: readonly bigint[][]): bigint[][] {
    const { inputs, oracle } = this.gadget;
    const isRefused = (sample: readonly bigint[]): boolean => {
      const inside = inputs.every(({ lo, hi }, i) => sample[i]! >= BigInt(lo) && sample[i]! <= BigInt(hi));
      return !inside || oracle(sample.map(Number)) === undefined;
    };
    return [...samples.filter(isRefused), ...samples.filter((sample) => !isRefused(sample))];
  }

  private choices(lo: number, hi: number): bigint[] {
    if (hi - lo < 64 && this.gadget.inputs.length === 1)
      return Array.from({ length: hi - lo + 1 }, (_, i) => BigInt(lo + i));
    const random = Array.from({ length: 6 }, () => lo + Math.floor((this.next() / 2 ** 32) * (hi - lo + 1)));
    const near = [lo, lo + 1, hi - 1, hi, -1, 0, 1, ...random].filter((value) => value >= lo && value <= hi);
    return [...new Set(near)].map(BigInt);
  }
}

/** What a sample must give: `expected` outputs, or refusal. */
interface Target {
  readonly given: ReadonlyMap<number, bigint>;
  readonly honest: readonly bigint[];
  readonly expected: readonly bigint[] | undefined;
  readonly text: string;
}

/** What an assignment does not satisfy. */
interface Broken {
  readonly rows: readonly Row[];
  readonly memberships: readonly Membership[];
}

/** New values of wires that mend something. */
type Repair = readonly (readonly [wire: number, value: bigint])[];

/** The honest witness, and nothing to judge: where the input may be refused, its values may be no witness at all. */
function isHonest({ expected, honest }: Target, values: readonly bigint[]): boolean {
  return expected !== undefined && sameValues(values, honest);
}

function sameValues(a: readonly bigint[], b: readonly bigint[]): boolean {
  return a.every((value, wire) => value === b[wire]);
}

function sameOutputs(outputs: readonly FieldLc[], values: readonly bigint[], expected: readonly bigint[]): boolean {
  return outputs.every((output, i) => evaluate(output, values) === expected[i]);
}

/** For each wire of a broken row, the value that mends the row where it enters linearly. */
function* rowRepairs({ a, b, c }: Row, values: readonly bigint[]): Generator<Repair> {
  const coefficientOf = (form: FieldLc, wire: number) => {
    const at = form.wires.indexOf(wire);
    return at < 0 ? 0n : form.coefs[at]!;
  };
  const [left, right, out] = [evaluate(a, values), evaluate(b, values), evaluate(c, values)];
  for (const wire of new Set([...a.wires, ...b.wires, ...c.wires])) {
    const [ka, kb, kc] = [coefficientOf(a, wire), coefficientOf(b, wire), coefficientOf(c, wire)];
    const slope = mod(ka * right + kb * left - kc);
    if (slope === 0n || (ka !== 0n && kb !== 0n)) continue;
    yield [[wire, mod(values[wire]! - (left * right - out) * inverse(slope))]];
  }
}

function product(lists: readonly (readonly bigint[])[]): bigint[][] {
  return lists.reduce<bigint[][]>(
    (tuples, list) => tuples.flatMap((tuple) => list.map((value) => [...tuple, value])),
    [[]],
  );
}

/** 32-bit xorshift: attacks repeat from their seed. */
function xorshift(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** Field elements that repeat from their seed. */
export function randomField(seed: number): () => bigint {
  return fieldOf(xorshift(seed));
}

function fieldOf(next: () => number): () => bigint {
  return () => {
    let value = 0n;
    for (let i = 0; i < 8; i++) value = (value << 32n) | BigInt(next());
    return mod(value);
  };
}
