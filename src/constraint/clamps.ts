/**
 * Which values of a solved witness were clamped, for messages: read from the sum S that the statement's bit is of, and from the instructions that set
 * its wires. Nothing is proven here, and proofs pay nothing for it: it runs once a witness is there, where somebody asks.
 */
import type { Witness } from './solver.js';
import { instructionOf, operandWords, wiresSet } from './instructions.js';
import { isTwoRound } from './kind.js';
import { type Circuit, type OpcodeName, type TwoRoundCircuit } from './program.js';
import type { SparseMatrix } from './r1cs.js';

/** Values of one layer that were clamped at one of its ends. */
export interface ClampedValues {
  /** Name of the layer, as the circuit has it. */
  readonly layer: string;
  readonly side: 'below' | 'above';
  readonly count: number;
  /** Of the one that went farthest, how many steps of the layer's scale it is beyond the end; 0 where the circuit's layout does not tell. */
  readonly farthest: number;
}

type Row = readonly [side: number, row: number];

/**
 * By layer and end, in the order of the layers. Empty where none was clamped, or the statement does not say; layers by bits whose every value is beyond
 * an end are not named.
 */
export function clampsOf(circuit: Circuit, witness: Witness): ClampedValues[] {
  const sum = witness.clamped === true ? sumOf(circuit) : undefined;
  return sum === undefined ? [] : new ClampReader(circuit, witness, sum).read();
}

/** The row of S. */
function sumOf({ program: { code } }: Circuit): Row | undefined {
  for (const { name, at } of decode(code)) if (name === 'NonZeroSum') return [code[at + 3]!, code[at + 4]!];
  return undefined;
}

interface Placed {
  readonly name: OpcodeName;
  /** Of its first operand. */
  readonly at: number;
}

function* decode(code: Int32Array): Generator<Placed, undefined> {
  for (let at = 0; at < code.length;) {
    const known = instructionOf(code[at]!);
    // The solver has run the program, and refuses what it does not know.
    if (known === undefined) return;
    yield { name: known.name, at: at + 1 };
    at += 1 + operandWords(known);
  }
}

/** A split into bits, and the instructions that follow it: a gadget by bits. */
interface Split {
  readonly row: Row;
  readonly layer: number;
  readonly width: number;
  /** Bit position by wire. */
  readonly positions: Map<number, number>;
  readonly rest: Placed[];
}

class ClampReader {
  private readonly code: Int32Array;
  private readonly sides: readonly SparseMatrix[];
  /** Coefficients in S, by wire. */
  private readonly counted = new Map<number, number>();
  private readonly found = new Map<
    string,
    { at: number; layer: string; side: ClampedValues['side']; count: number; farthest: number }
  >();
  private split: Split | undefined;
  /** Layers of splits whose sign is below, by the sum that is the sign. */
  private readonly signs = new Map<string, number>();
  /** By table, its first and last row that do not count. */
  private readonly inner = new Map<number, readonly [first: number, last: number]>();

  constructor(
    private readonly circuit: Circuit,
    private readonly witness: Witness,
    sum: Row,
  ) {
    const { r1cs, program } = circuit;
    this.code = program.code;
    this.sides = [r1cs.a, r1cs.b, r1cs.c, program.hints];
    for (const [wire, coef] of this.terms(...sum)) this.counted.set(wire, coef);
  }

  read(): ClampedValues[] {
    for (const placed of decode(this.code)) this.readers[placed.name](placed);
    this.closeSplit();
    for (const layer of this.signs.values()) this.note(layer, 'below', 1);
    return [...this.found.values()].toSorted((one, other) => one.at - other.at).map(({ at: _at, ...values }) => values);
  }

  private readonly nothing = (): void => undefined;
  private readonly inSplit = (placed: Placed): void => void this.split?.rest.push(placed);

  /** Which instructions tell of clamps: quotients, their ends where these are wide, and tables by lookups; by bits a split and what follows it. */
  private readonly readers: { readonly [O in OpcodeName]: (placed: Placed) => void } = {
    Linear: this.nothing,
    Product: this.inSplit,
    Bits: ({ at }) => this.readBits(at),
    NonZero: this.inSplit,
    Divide: this.nothing,
    FieldLinear: this.nothing,
    FieldProduct: this.nothing,
    ProductPlus: this.inSplit,
    Limb: this.nothing,
    Load: this.nothing,
    Reflect: this.nothing,
    Lookup: this.nothing,
    Evaluate: ({ at }) => this.readTable(at),
    Quotient: ({ at }) => this.readQuotient(at),
    Parts: ({ at }) => this.readParts(at),
    NonZeroSum: this.nothing,
    Below: this.nothing,
    Root: this.nothing,
  };

  private note(layer: number, side: ClampedValues['side'], farthest: number): void {
    const name = this.circuit.program.layers[layer] ?? 'circuit';
    const key = `${layer} ${side}`;
    const known = this.found.get(key);
    if (known === undefined) this.found.set(key, { at: layer, layer: name, side, count: 1, farthest });
    else {
      known.count++;
      known.farthest = Math.max(known.farthest, farthest);
    }
  }

  /** By lookups: what exceeds the end is a wire. */
  private readQuotient(at: number): void {
    const layer = this.code[at + 5]!;
    for (const [side, wire] of [
      ['above', this.code[at + 1]!],
      ['below', this.code[at + 2]!],
    ] as const) {
      const beyond = this.witness.small[wire]!;
      if (wire !== 0 && beyond > 0 && this.counted.has(wire)) this.note(layer, side, beyond);
    }
  }

  /**
   * p = max(x, 0), of which the sum has p − x: an end of a quotient whose top is beyond an operand word. Below, x is the quotient, digits with
   * positive weights; above, what is left up to the top, with negative ones. The upper end may be of a p that the lower one counts: what is read is
   * taken out of the sum.
   */
  private readParts(at: number): void {
    const { code, counted } = this;
    const [p, layer, row] = [code[at]!, code[at + 2]!, [code[at + 3]!, code[at + 4]!] as const];
    // The row's side is x − p.
    const x = this.terms(...row).filter(([wire]) => wire !== 0 && wire !== p);
    const rest = (wire: number): number => counted.get(wire) ?? 0;
    if (x.length === 0 || rest(p) < 1 || !x.every(([wire, coef]) => rest(wire) === -coef)) return;
    counted.set(p, rest(p) - 1);
    for (const [wire] of x) counted.set(wire, 0);
    const beyond = -this.rowValue(...row);
    if (beyond > 0) this.note(layer, x.some(([, coef]) => coef < 0) ? 'above' : 'below', beyond);
  }

  /** By a clamp table: rows beyond the ends count by their multiplicities. */
  private readTable(at: number): void {
    if (!isTwoRound(this.circuit)) return;
    const [lookup, layer] = [this.code[at + 1]!, this.code[at + 2]!];
    const table = this.circuit.rounds.lookupTable[lookup]!;
    const row = this.witness.lookups![lookup]!;
    if (!this.counted.has(this.circuit.rounds.tables[table]!.firstMultiplicity + row)) return;
    const [first, last] = this.innerRows(this.circuit, table);
    if (row < first) this.note(layer, 'below', first - row);
    else this.note(layer, 'above', row - last);
  }

  private innerRows({ rounds }: TwoRoundCircuit, table: number): readonly [first: number, last: number] {
    const known = this.inner.get(table);
    if (known !== undefined) return known;
    const { firstMultiplicity, rows } = rounds.tables[table]!;
    let [first, last] = [0, rows - 1];
    while (first < rows && this.counted.has(firstMultiplicity + first)) first++;
    while (last > first && this.counted.has(firstMultiplicity + last)) last--;
    this.inner.set(table, [first, last]);
    return [first, last];
  }

  // ---- by bits: circuits/gadgets/quotient-bits.ts ----

  /** A run of bits; several runs are of one split where they are of one row. */
  private readBits(at: number): void {
    const { code } = this;
    const [row, layer, width] = [[code[at + 5]!, code[at + 6]!] as const, code[at + 4]!, code[at + 3]!];
    const last = this.split;
    const isMore = last !== undefined && last.rest.length === 0 && last.row[0] === row[0] && last.row[1] === row[1];
    if (!isMore) {
      this.closeSplit();
      this.split = { row, layer, width, positions: new Map(), rest: [] };
    }
    const [first, count] = wiresSet(code, 'run', at) ?? [0, 0];
    for (let i = 0; i < count; i++) this.split!.positions.set(first + i, code[at + 2]! + i);
  }

  /**
   * The gadget's parts of S are bits: 1 − sign, sign − e, their sum 1 − e, or the overflow alone. So without the constant its terms are 0 or −1 where no
   * coefficient is positive, and 0 or 1 otherwise.
   */
  private closeSplit(): void {
    const { split } = this;
    this.split = undefined;
    if (split === undefined) return;
    if (split.width === 1 && split.positions.size === 0) {
      this.closeSign(split);
      return;
    }
    const set = [...split.positions.keys(), ...split.rest.map((placed) => this.outOf(placed))];
    const coefs = set.flatMap((wire) => (this.counted.has(wire) ? [{ wire, coef: this.counted.get(wire)! }] : []));
    if (coefs.length === 0) return;
    const positive = coefs.filter(({ coef }) => coef > 0);
    const constant = positive.length === 0 ? 1 : 0;
    const part = coefs.reduce((sum, { wire, coef }) => sum + coef * this.witness.small[wire]!, constant);
    if (part === 0) return;
    const isTop = (wire: number) => split.positions.get(wire) === split.width - 1;
    const isSigned = constant === 1 || (positive.length === 1 && coefs.length > 1 && isTop(positive[0]!.wire));
    const value = this.rowValue(...split.row);
    const isBelow = isSigned && value < 2 ** (split.width - 1);
    this.note(split.layer, isBelow ? 'below' : 'above', this.beyond(split, value, isSigned, isBelow));
  }

  /**
   * v is −1 or 0, and the sign has no wire: it is the row itself, whose terms S then has with the other sign. Of splits of one such sum the last is the
   * gadget: one before it may be the range of an input.
   */
  private closeSign({ row, layer }: Split): void {
    const terms = this.terms(...row).filter(([wire]) => wire !== 0);
    const isCounted = terms.length > 0 && terms.every(([wire, coef]) => coef * (this.counted.get(wire) ?? 0) < 0);
    if (isCounted && this.rowValue(...row) === 0) this.signs.set(terms.flat().join(), layer);
  }

  /** Steps beyond the end, from the product that gives y: its right factor is made of the bits above the remainder. */
  private beyond(split: Split, value: number, isSigned: boolean, isBelow: boolean): number {
    const product = this.resultOf(split);
    if (product === undefined) return 0;
    const { at } = product;
    // Wire 0 is the constant of top − low.
    const right = this.terms(this.code[at + 3]!, this.code[at + 4]!)
      .filter(([wire]) => wire !== 0)
      .map(([wire]) => split.positions.get(wire));
    const positions = right.filter((position) => position !== undefined);
    const shift = positions.length === right.length && right.length > 0 ? Math.min(...positions) : 0;
    const v = Math.floor(value / 2 ** shift) - (isSigned ? 2 ** (split.width - 1 - shift) : 0);
    return Math.max(0, isBelow ? -v : v - this.witness.small[this.code[at]!]!);
  }

  /** The instruction that sets y: a ProductPlus, or, where nothing overflows, the product of sign and low bits. */
  private resultOf({ rest }: Split): Placed | undefined {
    const sum = rest.findIndex(({ name }) => name === 'ProductPlus');
    if (sum >= 0 && sum <= MOST_BEFORE_RESULT) return rest[sum];
    return rest[0]?.name === 'Product' ? rest[0] : undefined;
  }

  private outOf({ name, at }: Placed): number {
    return this.code[name === 'NonZero' ? at + 1 : at]!;
  }

  private terms(side: number, row: number): (readonly [wire: number, coef: number])[] {
    const { rowStart, wires, coefs } = this.sides[side]!;
    const terms: (readonly [number, number])[] = [];
    for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) terms.push([wires[k]!, coefs[k]!]);
    return terms;
  }

  private rowValue(side: number, row: number): number {
    return this.terms(side, row).reduce((sum, [wire, coef]) => sum + coef * this.witness.small[wire]!, 0);
  }
}

/** Whether something overflows takes an instruction, and whether it fits another. */
const MOST_BEFORE_RESULT = 2;
