/**
 * Σ w_j·P_j over the lists of a two-round key. Round-1 wires are integers; of round 2
 *
 *   inverses:        those of one table entry are one value: their points are added up first, about one addition a lookup
 *   quotients:       m·inverse; where m is small, the point joins its entry's others m times, again one addition a lookup
 *   products with Θ: Σ Θ·y_j·P_j = Θ·Σ y_j·P_j
 *
 * and what is full width (table entries, other quotients and field wires, challenges, wide integers) is one sum.
 */
import { ChallengeWire, FIRST_ROUND1_WIRE, type Rounds } from '../../constraint/rounds.js';
import { fromBytesLE, R, toBytesLE } from '../../field/bn254.js';
import { groupOf, SCALAR_BYTES, type GroupKernels } from '../../kernels/msm.js';
import type { Team } from '../../kernels/team.js';
import { Combination, type Finish } from '../engine/combination.js';
import type { WirePoints } from '../engine/wire-points.js';
import { wireRange } from './kernel-key.js';
import { entriesOfLookups, type TableValues } from './values.js';
import type { RoundOneWitness, RoundTwo } from './rounds-witness.js';
import { commonRuns, type Sums } from '../engine/sums.js';

/** A quotient of a larger multiplicity is cheaper as a term of its own, which takes some two additions in each of a dozen windows. */
const MAX_REPEATS = 20;

export class RoundsSums {
  /** Table entry of every lookup, and of every quotient wire from the first one on. */
  private readonly entryOfLookup: Uint32Array;
  private readonly entryOfQuotient: Uint32Array;
  private readonly firstQuotient: number;
  /** Of every entry. */
  private readonly multiplicities: Int32Array;
  /** Place among the wide wires, by wire. */
  private readonly wide: ReadonlyMap<number, number>;

  constructor(
    private readonly team: Team,
    private readonly sums: Sums,
    private readonly rounds: Rounds,
    private readonly witness: RoundOneWitness,
    private readonly second: RoundTwo,
    private readonly tables: TableValues,
  ) {
    this.entryOfLookup = entriesOfLookups(rounds, witness.lookups, tables);
    this.firstQuotient = rounds.firstInverse + rounds.lookupRow.length;
    this.entryOfQuotient = new Uint32Array(rounds.firstTheta - this.firstQuotient);
    this.multiplicities = new Int32Array(tables.entries);
    rounds.tables.forEach((table, i) => {
      const { firstMultiplicity, rows } = table;
      const first = table.firstQuotient - this.firstQuotient;
      for (let t = 0; t < rows; t++) this.entryOfQuotient[first + t] = tables.firstEntry[i]! + t;
      const counts = witness.wires.small.subarray(firstMultiplicity, firstMultiplicity + rows);
      this.multiplicities.set(counts, tables.firstEntry[i]);
    });
    this.wide = new Map(Array.from(witness.wires.wide, (wire, i) => [wire, i]));
  }

  /** Plans the sum over all wires of a list. */
  plan(list: WirePoints): Finish {
    const { firstRound2, firstInverse, firstTheta, firstField } = this.rounds;
    const group = groupOf(this.team.kernels.exports, list.group);
    const part = (from: number, to: number) => wireRange(list, from, to, group.pointBytes);
    const round1 = part(0, firstRound2);
    const inverses = part(firstInverse, this.firstQuotient);
    const quotients = part(this.firstQuotient, firstTheta);
    const products = part(firstTheta, firstField);
    const fields = [part(ChallengeWire.x, FIRST_ROUND1_WIRE), part(firstField, Infinity)] as const;
    const { small, wide } = this.witness.wires;
    const wideRuns = commonRuns(round1.wires, wide);
    const wideProducts = products.wires.filter((wire) => this.wide.has(this.sourceOf(wire)));
    const terms = new FullTerms(this.team, group);
    if (inverses.wires.length + quotients.wires.length > 0) this.grouped(inverses, quotients, terms);
    for (const wire of this.frequent(quotients)) {
      this.addQuotient(wireRange(quotients, wire, wire + 1, group.pointBytes), terms);
    }
    for (const { inList, inWide, length } of wideRuns) {
      const at = inWide * SCALAR_BYTES;
      const scalars = this.witness.wires.scalars.subarray(at, at + length * SCALAR_BYTES);
      terms.add(round1.points + inList * group.pointBytes, length, scalars);
    }
    this.addResidues(fields[0], terms, (wire) => this.challenge(wire));
    this.addResidues(fields[1], terms, (wire) => this.second.fields[wire - firstField]!);
    for (const wire of wideProducts) this.addWideProduct(wireRange(products, wire, wire + 1, group.pointBytes), terms);
    const full = terms.gather();
    return this.sums.together(group, [
      this.sums.smallWires(round1, (wire) => small[wire]!),
      this.products(group, products),
      this.sums.full(list.group, full.points, full.scalars, full.n),
    ]);
  }

  private challenge(wire: number): bigint {
    const { x, theta, d } = this.second;
    return [x, theta, d][wire - ChallengeWire.x]!;
  }

  private sourceOf(product: number): number {
    return this.rounds.thetaSource[product - this.rounds.firstTheta]!;
  }

  /** Multiplicity of a quotient wire's entry. */
  private multiplicity(quotient: number): number {
    return this.multiplicities[this.entryOfQuotient[quotient - this.firstQuotient]!]!;
  }

  /** How often a quotient's point is among its entry's group; undefined where it is a term of its own. */
  private repeats(quotient: number): number | undefined {
    const multiplicity = this.multiplicity(quotient);
    return multiplicity >= 0 && multiplicity <= MAX_REPEATS ? multiplicity : undefined;
  }

  /** The quotients that are terms of their own. */
  private frequent({ wires }: WirePoints): Uint32Array {
    return wires.filter((wire) => this.repeats(wire) === undefined);
  }

  /** The groups' sums become points whose scalars are the entries' inverses. Quotients follow inverses, in the list too. */
  private grouped(inverses: WirePoints, quotients: WirePoints, terms: FullTerms): void {
    const { entries, inverseScalars } = this.tables;
    const n = inverses.wires.length + quotients.wires.length;
    const entry = new Uint32Array(n);
    const times = new Uint32Array(n);
    inverses.wires.forEach((wire, i) => {
      entry[i] = this.entryOfLookup[wire - this.rounds.firstInverse]!;
      times[i] = 1;
    });
    quotients.wires.forEach((wire, i) => {
      entry[inverses.wires.length + i] = this.entryOfQuotient[wire - this.firstQuotient]!;
      times[inverses.wires.length + i] = this.repeats(wire) ?? 0;
    });
    const { lists, ends } = sortedByGroup(entry, times, entries);
    terms.put(entries, (points, scalars) => {
      copyWithin(this.team, inverseScalars, scalars, entries * SCALAR_BYTES);
      this.sums.grouped(inverses.group, inverses.points, n, lists, ends, points);
    });
  }

  private addQuotient({ points, wires }: WirePoints, terms: FullTerms): void {
    const from = this.tables.quotientScalars + this.entryOfQuotient[wires[0]! - this.firstQuotient]! * SCALAR_BYTES;
    terms.put(1, (slot, scalars) => {
      copyWithin(this.team, points, slot, terms.pointBytes);
      copyWithin(this.team, from, scalars, SCALAR_BYTES);
    });
  }

  private addResidues({ points, wires }: WirePoints, terms: FullTerms, residue: (wire: number) => bigint): void {
    const scalars = new Uint8Array(wires.length * SCALAR_BYTES);
    wires.forEach((wire, i) => {
      toBytesLE(residue(wire), scalars, i * SCALAR_BYTES);
    });
    terms.add(points, wires.length, scalars);
  }

  /** The product of a source that is no small integer. */
  private addWideProduct({ points, wires }: WirePoints, terms: FullTerms): void {
    const source = fromBytesLE(this.witness.wires.scalars, this.wide.get(this.sourceOf(wires[0]!))! * SCALAR_BYTES);
    const scalar = new Uint8Array(SCALAR_BYTES);
    toBytesLE((source * this.second.theta) % R, scalar, 0);
    terms.add(points, 1, scalar);
  }

  /** Θ·Σ y_j·P_j. */
  private products(group: GroupKernels, list: WirePoints): Finish {
    const { heap } = this.team.kernels;
    const { small } = this.witness.wires;
    const sum = this.sums.smallWires(list, (wire) => small[this.sourceOf(wire)]!);
    return (out) => {
      const mark = heap.mark();
      const total = heap.allocate(group.sumBytes);
      sum(total);
      const point = heap.allocate(group.pointBytes);
      group.to_affine(point, total, heap.allocate(group.scratchBytes));
      new Combination(this.team).few(group, [[point, this.second.theta]], out);
      heap.release(mark);
    };
  }
}

/** Numbers i, `times[i]` times each, in the order of their groups; and each group's end, 0 before the first. */
function sortedByGroup(
  group: Uint32Array,
  times: Uint32Array,
  groups: number,
): { readonly lists: Uint32Array; readonly ends: Uint32Array } {
  const ends = new Uint32Array(groups + 1);
  const next = new Uint32Array(groups + 1);
  for (let i = 0; i < group.length; i++) next[group[i]! + 1]! += times[i]!;
  for (let g = 1; g <= groups; g++) next[g]! += next[g - 1]!;
  // What is each group's start for now is the end of the one before it.
  ends.set(next);
  const lists = new Uint32Array(ends[groups]!);
  for (let i = 0; i < group.length; i++) {
    for (let k = times[i]!; k > 0; k--) lists[next[group[i]!]!++] = i;
  }
  return { lists, ends };
}

/** Copies within the kernels' memory. */
function copyWithin({ kernels: { heap } }: Team, from: number, to: number, length: number): void {
  heap.bytes(to, length).set(heap.bytes(from, length));
}

/** Writes terms to where their points and scalars are to be. */
type Fill = (points: number, scalars: number) => void;

/** Points and scalars of one full-width sum, gathered side by side. */
class FullTerms {
  private readonly parts: { readonly n: number; readonly fill: Fill }[] = [];

  constructor(
    private readonly team: Team,
    private readonly group: GroupKernels,
  ) {}

  get pointBytes(): number {
    return this.group.pointBytes;
  }

  /** n terms that `fill` writes once there is room for all. */
  put(n: number, fill: Fill): void {
    this.parts.push({ n, fill });
  }

  add(points: number, n: number, scalars: Uint8Array): void {
    this.put(n, (slot, to) => {
      copyWithin(this.team, points, slot, n * this.group.pointBytes);
      this.team.kernels.heap.bytes(to, scalars.length).set(scalars);
    });
  }

  gather(): { readonly points: number; readonly scalars: number; readonly n: number } {
    const { heap } = this.team.kernels;
    const n = this.parts.reduce((sum, part) => sum + part.n, 0);
    const points = heap.allocate(n * this.group.pointBytes);
    const scalars = heap.allocate(n * SCALAR_BYTES);
    let first = 0;
    for (const part of this.parts) {
      part.fill(points + first * this.group.pointBytes, scalars + first * SCALAR_BYTES);
      first += part.n;
    }
    return { points, scalars, n };
  }
}
