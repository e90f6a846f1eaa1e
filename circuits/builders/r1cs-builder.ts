/**
 * The `Builder` for plain R1CS: ranges and splits become bit decompositions. Beside every row it emits the instruction that computes
 * the row's new wires, so that a circuit leaves here with its witness program.
 *
 * No wrap-around. Every integer side of every row is checked when it is emitted: |constant| + Σ |coef|·maxabs(wire) < 2^53, where
 * maxabs(wire) is what the rows of that wire prove. So in each row |A·B − C| < 2^106 + 2^53 < r/2 ≈ 2^253, and the row holds in F_r
 * exactly when it holds over the integers. Full-width wires (inverses, Poseidon, public signals) have no such bound; an integer
 * linear combination that names one is refused, and the rows that use them are argued where they are emitted.
 */
import { invariant } from '../../src/base/errors.js';
import { R, signed } from '../../src/field/bn254.js';
import { ProgramWriter, type RowRef } from '../../src/constraint/program-writer.js';
import { Side, type Circuit, type InputBinding, type OutputBinding } from '../../src/constraint/program.js';
import {
  constant,
  ONE,
  type Bounds,
  type Builder,
  type FieldBuilder,
  type FieldLc,
  type FunctionTable,
  type Lc,
  type Quotient,
} from '../builder.js';
import { Growable, SparseRows } from '../../src/constraint/growable.js';
import { OriginWriter } from '../../src/constraint/origins.js';
import type { GadgetName, Layout, Question, RowOrigin } from '../origin.js';
import {
  addConstant,
  bitLength,
  boundOverflow,
  EXACT_LIMIT,
  fieldCombination,
  fieldWire,
  isConstant,
  LcSum,
  maxAbs,
  narrow,
  sub,
  toField,
  wireLc,
} from '../lc.js';
import { BIG_COEF_BASE, WireClass, type R1cs } from '../../src/constraint/r1cs.js';
import { isNonNegativeBits } from '../gadgets/argmax.js';
import { maxBits } from '../gadgets/max.js';
import { positiveBits } from '../gadgets/positive.js';
import { quotientBits } from '../gadgets/quotient-bits.js';
import { productByEntries } from '../gadgets/products.js';
import { bitTable } from '../gadgets/table.js';

/** Most terms an Lc may have to be copied into products instead of getting a wire of its own. */
const SHORT_TERMS = 4;
/** Most bits of a split: limbs and their sum stay below 2^53 with room for one offset. */
const MAX_BITS = 52;
/** Bits of what a root is taken of. */
const MAX_ROOT_BITS = 52;

invariant(2n ** 107n < R / 2n, 'the no-wrap inequality of R1csBuilder');

const ZERO: Lc = constant(0);

/** One side of a row: a combination, or what writes its terms, wires ascending. */
export type RowSide = Lc | FieldLc | ((rows: SparseRows) => void);

export interface R1csOptions {
  /** Public signals: wires 1 .. nPubOut are outputs, the next nPubIn inputs. Each must be bound once by `bindPublic`. */
  readonly nPubOut: number;
  readonly nPubIn: number;
}

export class R1csBuilder implements Builder, FieldBuilder {
  protected readonly a = new SparseRows();
  protected readonly b = new SparseRows();
  protected readonly c = new SparseRows();
  protected readonly hints = new SparseRows();
  protected readonly program = new ProgramWriter();
  protected readonly wireClass = new Growable((n) => new Uint8Array(n));
  /** Largest honest absolute value by wire; Infinity for full-width wires. */
  protected readonly wireMax = new Growable((n) => new Float64Array(n));
  protected readonly bigCoefs: bigint[] = [];
  private readonly bigIndex = new Map<bigint, number>();
  protected readonly layers: { name: string; op: string; constraints: number }[] = [];
  protected readonly inputs: InputBinding[] = [];
  protected readonly outputs: OutputBinding[] = [];
  protected readonly salts: { name: string; wire: number }[] = [];
  private readonly bound = new Set<number>();
  private readonly irOps: string[] = [];
  private readonly origins = new OriginWriter();
  private asking: GadgetName = 'none';
  /** Kind of the rows to come, of `origins`; undefined while no question is being answered. */
  private kind: number | undefined;
  /** What `countClamped` was given. */
  protected readonly clamped: Lc[] = [];
  private bitIsLaid = false;

  constructor(private readonly options: R1csOptions = { nPubOut: 0, nPubIn: 0 }) {
    this.newWire(WireClass.Bit, 1);
    for (let i = 0; i < options.nPubOut + options.nPubIn; i++) this.newWire(WireClass.Field, Infinity);
  }

  /** Rows so far. */
  get constraints(): number {
    return this.a.rows;
  }

  /** Wires so far, the constant included. */
  get wires(): number {
    return this.wireClass.length;
  }

  layer(name: string, op: string, irOp = ''): void {
    const last = this.layers[this.layers.length - 1];
    if (last?.name === name && last.op === op) return;
    this.layers.push({ name, op, constraints: 0 });
    this.irOps.push(irOp);
  }

  // ---- where rows come from ----

  gadget<T>(name: GadgetName, lay: () => T): T {
    const outer = this.asking;
    this.asking = name;
    try {
      return lay();
    } finally {
      this.asking = outer;
    }
  }

  /** Answers a question: its rows are of its kind, also those of the questions that the answer asks in turn. */
  protected asked<T>(question: Question, layout: Layout, answer: () => T): T {
    if (this.kind !== undefined) return answer();
    const origin: RowOrigin = { gadget: this.asking, question, layout };
    this.kind = this.origins.kind(origin);
    try {
      return answer();
    } finally {
      this.kind = undefined;
    }
  }

  // ---- where values enter and leave ----

  /**
   * `count` fresh private wires in sequence, each proven to lie in [lo, hi]. A span hi − lo + 1 = 2^k costs k rows and k wires an
   * element (bit 0 is x − lo − Σ 2^i·b_i, inlined); any other span two splits of k bits: x − lo ≥ 0 and hi − x ≥ 0.
   */
  input(name: string, count: number, lo: number, hi: number): Lc[] {
    const elements = this.freshInput(name, count, lo, hi);
    for (const x of elements) this.rangeOfFresh(x, lo, hi);
    return elements;
  }

  /** The wires of an input tensor and its binding, no range proven yet: `input` proves it. */
  protected freshInput(name: string, count: number, lo: number, hi: number): Lc[] {
    invariant(lo <= hi && maxAbs({ lo, hi }) < EXACT_LIMIT, 'bounds of an input', { name, lo, hi });
    const wireClass = lo >= 0 && hi <= 1 ? WireClass.Bit : WireClass.Small;
    const first = this.wires;
    const elements = Array.from({ length: count }, () =>
      wireLc(this.newWire(wireClass, maxAbs({ lo, hi })), { lo, hi }),
    );
    this.inputs.push({ name, first, count });
    return elements;
  }

  /** Names the values of an output tensor for `outputsOf`; adds no row (public outputs are bound by `bindPublic`). */
  output(name: string, values: readonly Lc[]): void {
    const first = this.hints.rows;
    for (const value of values) this.hintRow(value);
    this.outputs.push({ name, first, count: values.length });
  }

  /** Binds the next public signal to `value`. */
  expose(value: FieldLc): void {
    this.bindPublic(this.bound.size, value);
  }

  /** Row `P·1 = value` for public signal `index` (0-based; outputs before inputs, as in the wire order). */
  bindPublic(index: number, value: FieldLc): void {
    this.asked('expose', 'bits', () => {
      const wire = 1 + index;
      const known = index >= 0 && index < this.options.nPubOut + this.options.nPubIn;
      invariant(known && !this.bound.has(wire), 'a public signal is bound once', { index });
      this.bound.add(wire);
      const row = this.row(fieldWire(wire), ONE, value);
      this.program.emit('FieldLinear', wire, [Side.C, row]);
    });
  }

  /** A private full-width wire for a commitment's salt. In no row of its own: any field element is a salt. */
  salt(name: string): number {
    const wire = this.newWire(WireClass.Field, Infinity);
    this.salts.push({ name, wire });
    return wire;
  }

  // ---- full-width field elements ----

  fieldProduct(a: FieldLc, b: FieldLc): FieldLc {
    return this.asked('fieldProduct', 'bits', () => {
      const wire = this.newWire(WireClass.Field, Infinity);
      const row = this.row(a, b, fieldWire(wire));
      this.program.emit('FieldProduct', wire, [Side.A, row], [Side.B, row]);
      return fieldWire(wire);
    });
  }

  /** New full-width wire equal to `value`: one row `wire·1 = value`. */
  fieldLinear(value: FieldLc): FieldLc {
    return this.asked('fieldLinear', 'bits', () => {
      const wire = this.newWire(WireClass.Field, Infinity);
      const row = this.row(fieldWire(wire), ONE, value);
      this.program.emit('FieldLinear', wire, [Side.C, row]);
      return fieldWire(wire);
    });
  }

  // ---- products ----

  assertProduct(a: Lc, b: Lc, c: Lc): void {
    this.asked('assertProduct', 'bits', () => {
      this.row(a, b, c);
    });
  }

  product(a: Lc, b: Lc, bounds?: Bounds): Lc {
    return this.productPlus(a, b, ZERO, bounds);
  }

  productPlus(a: Lc, b: Lc, addend: Lc, bounds?: Bounds): Lc {
    return this.asked('product', 'bits', () => {
      if (isConstant(a)) return new LcSum().add(b, a.constant).add(addend).build(bounds);
      if (isConstant(b)) return new LcSum().add(a, b.constant).add(addend).build(bounds);
      const corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
      const lo = Math.max(Math.min(...corners) + addend.lo, bounds?.lo ?? -Infinity);
      const hi = Math.min(Math.max(...corners) + addend.hi, bounds?.hi ?? Infinity);
      const facts = `[${a.lo}, ${a.hi}] · [${b.lo}, ${b.hi}] + [${addend.lo}, ${addend.hi}]`;
      if (lo > hi) throw boundOverflow('a product has no value within its bounds', facts, this.where());
      if (maxAbs({ lo, hi }) >= EXACT_LIMIT)
        throw boundOverflow('a product may leave the exact range', facts, this.where());
      const out = this.integerWire({ lo, hi });
      const row = this.row(a, b, sub(out, addend));
      if (isConstant(addend) && addend.constant === 0) {
        this.program.emit('Product', out.wires[0]!, [Side.A, row], [Side.B, row]);
      } else {
        this.program.emit('ProductPlus', out.wires[0]!, [Side.A, row], [Side.B, row], [Side.H, this.hintRow(addend)]);
      }
      return out;
    });
  }

  materialise(x: Lc): Lc {
    return x.wires.length <= SHORT_TERMS ? x : this.asked('materialise', 'bits', () => this.ownWire(x));
  }

  // ---- ranges and bits ----

  range(x: Lc, lo: number, hi: number): Lc {
    return this.asked('range', 'bits', () => {
      if (x.lo >= lo && x.hi <= hi) return x;
      if (x.hi < lo || x.lo > hi) {
        throw boundOverflow(
          'no value satisfies a range check',
          `[${x.lo}, ${x.hi}] within [${lo}, ${hi}]`,
          this.where(),
        );
      }
      // One split where one side is known already: x − lo ∈ [0, 2^k) and x ≤ hi, or hi − x ∈ [0, 2^k) and x ≥ lo.
      if (x.hi <= hi) this.split(addConstant(x, -lo), [bitLength(x.hi - lo)]);
      else if (x.lo >= lo) this.split(new LcSum().addConstant(hi).add(x, -1).build(), [bitLength(hi - x.lo)]);
      else this.rangeOfFresh(x, lo, hi);
      return narrow(x, { lo, hi });
    });
  }

  /** Proves x ∈ [lo, hi], trusting no bound of x: both sides are always checked. */
  protected rangeOfFresh(x: Lc, lo: number, hi: number): void {
    this.asked('input', 'bits', () => {
      const k = bitLength(hi - lo);
      this.decompose(addConstant(x, -lo), [k]);
      if (2 ** k === hi - lo + 1) return;
      // x − lo ∈ [0, 2^k) and hi − x ∈ [0, 2^k) together are lo ≤ x ≤ hi; k ≤ 52, so neither can wrap.
      this.decompose(new LcSum().addConstant(hi).add(x, -1).build(), [k]);
    });
  }

  split(x: Lc, widths: readonly number[], single: readonly number[] = []): Lc[] {
    return this.asked('split', 'bits', () => {
      const total = widths.reduce((sum, width) => sum + width, 0);
      if (x.hi < 0 || x.lo >= 2 ** total) {
        throw boundOverflow('no value satisfies a split', `[${x.lo}, ${x.hi}] into ${total} bits`, this.where());
      }
      if (isConstant(x)) return constantLimbs(x.constant, widths);
      // Proven: x ≤ x.hi < 2^used. Bits above are zero for every satisfying witness and need no wire.
      const used = Math.min(total, bitLength(x.hi));
      let offset = 0;
      const usedWidths = widths.map((width) => {
        const rest = Math.max(0, Math.min(width, used - offset));
        offset += width;
        return rest;
      });
      if (x.lo === 0 && x.hi === 0) return usedWidths.map(() => ZERO);
      return this.decompose(x, usedWidths, single);
    });
  }

  /**
   * Limbs of x, constraining x ∈ [0, 2^n), n = Σ widths ≤ 52. Each bit has its row b·(b − 1) = 0; then Σ 2^i·b_i = x, where both sides
   * are below 2^53, so the equation holds over the integers and the bits are x's. For short x bit 0 is x − Σ_{i>0} 2^i·b_i, inlined:
   * n rows and n − 1 wires. Otherwise the equation is a row of its own with x on the C side: n + 1 rows, n wires.
   * A single-wire limb ℓ has its bits 1.. as wires and bit 0 = ℓ − Σ_{i>0} 2^i·b_i inlined: as many rows and wires as plain bits.
   */
  private decompose(x: Lc, widths: readonly number[], single: readonly number[] = []): Lc[] {
    const n = widths.reduce((sum, width) => sum + width, 0);
    if (n > MAX_BITS) throw boundOverflow(`a split has at most ${MAX_BITS} bits`, `${n}`, this.where());
    const inline = n === 0 || x.wires.length <= SHORT_TERMS;
    const eliminated = inline ? widths.findIndex((width) => width > 0) : -1;
    const parts = widths.map((width, j) =>
      this.limbWires(width, j !== eliminated && single.includes(j), j === eliminated),
    );
    const values = parts.map((part) => part.whole ?? weightedBits(part.bits, 0));
    const offsets = widths.map((_, j) => widths.slice(0, j).reduce((sum, width) => sum + width, 0));

    const others = new LcSum();
    values.forEach((value, j) => (j === eliminated ? others : others.add(value, 2 ** offsets[j]!)));
    if (eliminated >= 0) {
      const rest = sub(x, others.build());
      values[eliminated] = { ...rest, lo: 0, hi: 2 ** widths[eliminated]! - 1 };
    }
    parts.forEach((part, j) => {
      if (part.skip === 1) this.boolean(sub(values[j]!, weightedBits(part.bits, 1)));
      for (const bit of part.bits) this.boolean(bit);
    });

    let source: RowRef = [Side.C, this.c.rows];
    if (n === 0) this.row(ZERO, ZERO, x);
    else if (inline) source = [Side.H, this.hintRow(x)];
    else this.row(others.build(), ONE, x);
    this.emitLimbs(parts, offsets, n, source);
    return values;
  }

  /** Allocates a limb's wires; bit 0 is left out (skip = 1) where it will be the limb minus its other bits. */
  private limbWires(width: number, single: boolean, eliminated: boolean): LimbWires {
    const whole = single && width > 1 ? this.integerWire({ lo: 0, hi: 2 ** width - 1 }) : undefined;
    const skip = whole !== undefined || eliminated ? 1 : 0;
    const bits = Array.from({ length: width - skip }, () => this.integerWire({ lo: 0, hi: 1 }));
    return { whole, skip, bits };
  }

  /** Instructions for the wires of a split: runs of consecutive bits on consecutive wires are one BITS. */
  private emitLimbs(parts: readonly LimbWires[], offsets: readonly number[], n: number, source: RowRef): void {
    let [first, count, skip] = [0, 0, 0];
    let checked = false;
    const flush = () => {
      if (count > 0) this.program.emit('Bits', [first, count], skip, n, this.layerIndex(), source);
      checked ||= count > 0;
      count = 0;
    };
    parts.forEach((part, j) => {
      part.bits.forEach((bit, i) => {
        const [wire, position] = [bit.wires[0]!, offsets[j]! + part.skip + i];
        if (count === 0 || wire !== first + count || position !== skip + count) {
          flush();
          [first, skip] = [wire, position];
        }
        count++;
      });
    });
    flush();
    // No bit has a wire (n ≤ 1): the range check alone, an empty run at wire 1.
    if (!checked) this.program.emit('Bits', [1, 0], 0, n, this.layerIndex(), source);
    parts.forEach(({ whole, bits }, j) => {
      if (whole !== undefined) this.program.emit('Limb', whole.wires[0]!, offsets[j]!, bits.length + 1, source);
    });
  }

  /** Row b·(b − 1) = 0. */
  protected boolean(bit: Lc): void {
    this.row(bit, addConstant(bit, -1), ZERO);
  }

  /**
   * inv·x = flag and x·(1 − flag) = 0. x ≠ 0 forces flag = 1 by the second row, x = 0 forces flag = 0 by the first; over any field.
   * inv is free when x = 0 and used nowhere else. Two bits need no inverse: b_0 + b_1 − b_0·b_1, one row; one bit is its own flag.
   */
  nonZero(x: Lc): Lc {
    return this.asked('nonZero', 'bits', () => {
      if (x.lo > 0 || x.hi < 0) return ONE;
      if (x.lo === 0 && x.hi <= 1) return x;
      const pair = this.asTwoBits(x);
      if (pair !== undefined) {
        const both = this.product(pair[0], pair[1], { lo: 0, hi: 1 });
        return new LcSum().add(pair[0]).add(pair[1]).add(both, -1).build({ lo: 0, hi: 1 });
      }
      const operand = x.wires.length > MAX_BITS ? this.ownWire(x) : x;
      const inverse = this.newWire(WireClass.Field, Infinity);
      const flag = this.integerWire({ lo: 0, hi: 1 });
      const row = this.row(fieldWire(inverse), operand, flag);
      this.row(operand, sub(ONE, flag), ZERO);
      this.program.emit('NonZero', inverse, flag.wires[0]!, [Side.B, row]);
      return flag;
    });
  }

  /** The two Boolean wires of c_0·b_0 + c_1·b_1, both c > 0: such a sum is zero only where both bits are. */
  private asTwoBits(x: Lc): readonly [Lc, Lc] | undefined {
    if (x.wires.length !== 2 || x.constant !== 0) return undefined;
    const [u, v] = [x.wires[0]!, x.wires[1]!];
    const bits = this.wireClass.at(u) === WireClass.Bit && this.wireClass.at(v) === WireClass.Bit;
    if (!bits || x.coefs[0]! <= 0 || x.coefs[1]! <= 0) return undefined;
    return [wireLc(u, { lo: 0, hi: 1 }), wireLc(v, { lo: 0, hi: 1 })];
  }

  table(x: Lc, table: FunctionTable): Lc {
    return this.asked('table', 'bits', () => bitTable(this, x, table));
  }

  /**
   * Row q·d = n − rem with rem ≥ 0, d − 1 − rem ≥ 0 and q ∈ [0, 2^kq). All of n, d, rem, q are integers below 2^53, so the row cannot
   * wrap, and over the integers quotient and remainder are unique (d ≥ 1 by its bounds). Cost: 1 + kq + kd, and kd again unless d is
   * a constant power of two; kq bits of floor(n.hi / d.lo), kd bits of d.hi − 1.
   */
  divide(n: Lc, d: Lc): { readonly quotient: Lc; readonly remainder: Lc } {
    return this.asked('divide', 'bits', () => {
      if (n.lo < 0 || d.lo < 1) {
        throw boundOverflow('a division needs n ≥ 0 and d ≥ 1', `n ≥ ${n.lo}, d ≥ ${d.lo}`, this.where());
      }
      const top = Math.floor(n.hi / d.lo);
      if (top === 0) return { quotient: ZERO, remainder: n };
      const kd = bitLength(d.hi - 1);
      if (kd === 0) return { quotient: n, remainder: ZERO };
      const divisor = this.materialise(d);
      const kq = bitLength(top);
      const quotient = this.integerWire({ lo: 0, hi: 2 ** kq - 1 });
      const remainder = this.integerWire({ lo: 0, hi: 2 ** kd - 1 });
      const row = this.row(quotient, divisor, sub(n, remainder));
      const [q, r] = [quotient.wires[0]!, remainder.wires[0]!];
      this.program.emit('Divide', q, r, [Side.H, this.hintRow(n)], [Side.B, row]);
      this.decompose(quotient, [kq]);
      this.decompose(remainder, [kd]);
      const powerOfTwo = isConstant(d) && 2 ** kd === d.constant;
      if (!powerOfTwo) this.decompose(new LcSum().add(d).addConstant(-1).add(remainder, -1).build(), [kd]);
      return {
        quotient: narrow(quotient, { lo: Math.floor(n.lo / d.hi), hi: top }),
        remainder: narrow(remainder, { lo: 0, hi: d.hi - 1 }),
      };
    });
  }

  // ---- whether a value was clamped ----

  expectBelow(u: Lc, shift: number, bits: number): void {
    this.program.emit('Below', shift, bits, this.layerIndex(), [Side.H, this.hintRow(u)]);
  }

  countClamped(part: Lc): void {
    invariant(part.lo >= 0 && !this.bitIsLaid, 'what is counted is not negative, and counted in time', { lo: part.lo });
    this.clamped.push(part);
  }

  /** The statement's bit: 1 where a part that was counted is not 0, else 0. Asked for once, after every gadget. */
  clampedBit(): FieldLc {
    const wires = this.clampedWires();
    this.layClampedBit(wires, this.clamped);
    return toField(wires.bit);
  }

  protected clampedWires(): ClampedWires {
    const [sum, inverse] = [this.newWire(WireClass.Field, Infinity), this.newWire(WireClass.Field, Infinity)];
    return { sum, inverse, bit: this.integerWire({ lo: 0, hi: 1 }) };
  }

  /**
   * S = Σ parts, inv·S = bit, S·(1 − bit) = 0: S ≠ 0 in F_r forces bit = 1 by the last row, S = 0 forces bit = 0 by the second. The parts are
   * integers in [0, 2^53), so S as an integer is below their number·2^53 < r/2: it is 0 in F_r only where every part is 0.
   * inv is free where S = 0 and used nowhere else.
   */
  protected layClampedBit({ sum, inverse, bit }: ClampedWires, parts: readonly Lc[]): void {
    this.bitIsLaid = true;
    invariant(BigInt(parts.length) << 53n < R / 2n, 'the sum of what was clamped does not wrap', {
      parts: parts.length,
    });
    this.asked('clamped', 'bits', () => {
      const total = fieldCombination(parts.map(toField), new Array<bigint>(parts.length).fill(1n));
      const row = this.row(fieldWire(sum), ONE, total);
      this.row(fieldWire(inverse), fieldWire(sum), bit);
      this.row(fieldWire(sum), sub(ONE, bit), ZERO);
      this.program.emit('NonZeroSum', sum, inverse, bit.wires[0]!, [Side.C, row]);
    });
  }

  /**
   * r = floor(√n): r ∈ [0, 2^k), n − r² ∈ [0, 2^m) and 2r − (n − r²) ∈ [0, 2^m) say r² ≤ n < (r + 1)². R = floor(√n.hi), k bits of R, m bits of 2R.
   * No wrap: r² < 2^(2k) ≤ 2^52, and n < 2^52. The two differences alone would do: their sum is 2r, an integer k below 2^(m+1), and k² = 4(n − above)
   * is an equation of integers; so k is even. With r's own range the search for a second witness has a domain to branch over.
   */
  squareRoot(n: Lc): Lc {
    return this.asked('squareRoot', 'bits', () => {
      if (isConstant(n) || n.hi <= 1) return this.plainRoot(n);
      const { root, above, below, rootBits, restBits } = this.claimedRoot(n);
      this.decompose(root, [rootBits]);
      this.decompose(above, [restBits]);
      this.decompose(below, [restBits]);
      return root;
    });
  }

  /** The root of a constant, or of a bit, which is its own. */
  protected plainRoot(n: Lc): Lc {
    this.rootBounds(n);
    return isConstant(n) ? constant(Math.floor(Math.sqrt(n.constant))) : n;
  }

  private rootBounds(n: Lc): Bounds {
    if (n.lo < 0 || n.hi >= 2 ** MAX_ROOT_BITS) {
      throw boundOverflow(`a square root needs 0 ≤ n < 2^${MAX_ROOT_BITS}`, `[${n.lo}, ${n.hi}]`, this.where());
    }
    return { lo: Math.floor(Math.sqrt(n.lo)), hi: Math.floor(Math.sqrt(n.hi)) };
  }

  /** A wire for the root r, and what must not be negative: `above` = n − r², `below` = 2r − (n − r²); with the bits they may have. */
  protected claimedRoot(n: Lc) {
    const bounds = this.rootBounds(n);
    const root = this.integerWire(bounds);
    this.program.emit('Root', root.wires[0]!, [Side.H, this.hintRow(n)]);
    const square = this.product(root, root, { lo: bounds.lo ** 2, hi: bounds.hi ** 2 });
    const rest = { lo: 0, hi: 2 * bounds.hi };
    const above = { ...sub(n, square), ...rest };
    const below = { ...new LcSum().add(root, 2).add(square).add(n, -1).build(), ...rest };
    return { root, above, below, rootBits: bitLength(bounds.hi), restBits: bitLength(rest.hi) };
  }

  matrixProduct(left: readonly (readonly Lc[])[], right: readonly (readonly Lc[])[]): Lc[][] {
    return this.asked('matrixProduct', 'bits', () => productByEntries(this, left, right));
  }

  // ---- comparisons and rounding, by bits ----

  isNonNegative(x: Lc): Lc {
    return this.asked('isNonNegative', 'bits', () => isNonNegativeBits(this, x));
  }

  positive(x: Lc): Lc {
    return this.asked('positive', 'bits', () => positiveBits(this, x));
  }

  max(left: Lc, right: Lc): Lc {
    return this.asked('max', 'bits', () => maxBits(this, left, right));
  }

  quotient(u: Lc, quotient: Quotient): Lc {
    return this.asked('quotient', 'bits', () => quotientBits(this, u, quotient));
  }

  // ---- the result ----

  finish(): Circuit {
    const { nPubOut, nPubIn } = this.options;
    invariant(this.bound.size === nPubOut + nPubIn, 'every public signal is bound', { bound: this.bound.size });
    return this.build();
  }

  protected build(): Circuit {
    const { nPubOut, nPubIn } = this.options;
    invariant(this.bitIsLaid || this.clamped.length === 0, 'what was clamped is stated', {
      parts: this.clamped.length,
    });
    const r1cs: R1cs = {
      nWires: this.wires,
      nPubOut,
      nPubIn,
      nConstraints: this.constraints,
      a: this.a.finish(),
      b: this.b.finish(),
      c: this.c.finish(),
      bigCoefs: [...this.bigCoefs],
      wireClass: this.wireClass.finish(),
    };
    return {
      r1cs,
      program: { code: this.program.finish(), hints: this.hints.finish(), layers: this.layers.map(({ name }) => name) },
      inputs: [...this.inputs],
      outputs: [...this.outputs],
      salts: [...this.salts],
      layers: this.layers.map((layer) => ({ ...layer })),
      origins: this.origins.finish([...this.irOps]),
    };
  }

  // ---- wires, rows, instructions ----

  protected newWire(wireClass: WireClass, max: number): number {
    const wire = this.wires;
    this.wireClass.push(wireClass);
    this.wireMax.push(max);
    return wire;
  }

  /** A fresh wire whose integer bounds the rows about to be emitted prove. */
  protected integerWire(bounds: Bounds): Lc {
    const wireClass = bounds.lo >= 0 && bounds.hi <= 1 ? WireClass.Bit : WireClass.Small;
    return wireLc(this.newWire(wireClass, maxAbs(bounds)), bounds);
  }

  private ownWire(x: Lc): Lc {
    const out = this.integerWire(x);
    const row = this.row(out, ONE, x);
    this.program.emit('Linear', out.wires[0]!, [Side.C, row]);
    return out;
  }

  /** Appends the row a·b = c and returns its number. */
  protected row(a: RowSide, b: RowSide, c: RowSide): number {
    this.append(this.a, a);
    this.append(this.b, b);
    this.append(this.c, c);
    this.layers[this.layerIndex()]!.constraints++;
    invariant(this.kind !== undefined, 'a row answers a question', { row: this.constraints - 1 });
    this.origins.row(this.kind);
    return this.constraints - 1;
  }

  protected hintRow(x: Lc | FieldLc): number {
    this.append(this.hints, x);
    return this.hints.rows - 1;
  }

  private append(rows: SparseRows, x: RowSide): void {
    if (typeof x === 'function') x(rows);
    else if (typeof x.constant === 'bigint') this.appendField(rows, x as FieldLc);
    else this.appendInteger(rows, x as Lc);
    rows.endRow();
  }

  protected appendInteger(rows: SparseRows, x: Lc): void {
    let magnitude = Math.abs(x.constant);
    if (x.constant !== 0) rows.push(0, x.constant);
    for (let i = 0; i < x.wires.length; i++) {
      const [wire, coef] = [x.wires[i]!, x.coefs[i]!];
      magnitude += Math.abs(coef) * this.wireMax.at(wire);
      rows.push(wire, coef);
    }
    if (magnitude < EXACT_LIMIT) return;
    throw boundOverflow('a side of a constraint may leave the exact range', String(magnitude), this.where());
  }

  private appendField(rows: SparseRows, x: FieldLc): void {
    if (x.constant !== 0n) rows.push(0, this.code64(x.constant));
    x.wires.forEach((wire, i) => rows.push(wire, this.code64(x.coefs[i]!)));
  }

  /** A field coefficient as the float64 that stands for it (see r1cs.ts). */
  private code64(coef: bigint): number {
    const small = signed(coef);
    if (small > -BigInt(EXACT_LIMIT) && small < BigInt(EXACT_LIMIT)) return Number(small);
    let index = this.bigIndex.get(small);
    if (index === undefined) {
      index = this.bigCoefs.length;
      this.bigCoefs.push(small < 0n ? small + R : small);
      this.bigIndex.set(small, index);
    }
    return BIG_COEF_BASE + 2 * index;
  }

  protected layerIndex(): number {
    if (this.layers.length === 0) this.layer('circuit', 'circuit');
    return this.layers.length - 1;
  }

  protected where(): string {
    const { name, op } = this.layers[this.layerIndex()]!;
    return name === op ? name : `${name} (${op})`;
  }
}

/** The sum of what was clamped, its inverse, and whether it is not 0. */
export interface ClampedWires {
  readonly sum: number;
  readonly inverse: number;
  readonly bit: Lc;
}

/** The wires of one limb: bit skip + i is bits[i]; bit 0 has no wire where skip = 1. */
interface LimbWires {
  readonly whole: Lc | undefined;
  readonly skip: 0 | 1;
  readonly bits: readonly Lc[];
}

/** Σ 2^(skip + i)·bits[i]. */
function weightedBits(bits: readonly Lc[], skip: number): Lc {
  const sum = new LcSum();
  bits.forEach((bit, i) => sum.add(bit, 2 ** (skip + i)));
  return sum.build();
}

function constantLimbs(value: number, widths: readonly number[]): Lc[] {
  let rest = value;
  return widths.map((width) => {
    const limb = rest % 2 ** width;
    rest = (rest - limb) / 2 ** width;
    return constant(limb);
  });
}
