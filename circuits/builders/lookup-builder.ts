/**
 * The `Builder` for two-round circuits (src/constraint/rounds.ts): ranges, maxima, roundings and functions become lookups. Layouts and their
 * rows; T is a range table of 2^b rows, a lookup is one row, L limbs of b bits are L lookups:
 *
 *   x ∈ [0, 2^(L·b))         x = q + Σ_{i>0} 2^(b·i)·h_i, h_i ∈ T, q ∈ T inlined                                   L
 *   positive(x)              p·(p − x) = 0, |x| = 2p − x ∈ [0, 2^(L·b)): p or p − x is zero, the other is |x|      1 + L
 *   max(l, r)                r + positive(l − r)                                                                    1 + L
 *   floor(u / 2^s)           u − 2^s·v = rem ∈ [0, 2^s), exactly: v is the floor because it is an integer in a range
 *     plain                  v = y in a range                                                                       rem + 1
 *     relu                   v = y − n, y·n = 0, y + n in a range                                                   rem + 2
 *     above                  v = y + p, p·(top − y) = 0, p in a range, y ∈ [0, top]                                 rem + 3
 *     clamped                v = y + p − n, p·(top − y) = 0, n·y = 0, p + n in a range, y ∈ [0, top]                rem + 4
 *     table                  (v − lo, y) in a table of the clamp                                                    rem + 2
 *                            An end that is refused has no p, no n, no rows of a table: v stops there. Beyond a counted one p, n, and the
 *                            multiplicities of the table's rows add up to what the statement's bit is of.
 *   f(x)                     (x, y) in a table of f; its first column proves x's range                              2
 *
 * What bounds prove is not proven again: of a range with one side known the other is one cover; y ≤ top alone is one of top − y.
 * Rows and combinations are inlined where they are used: a layer's weights stand on the B side of its lookups. No wrap: each lookup's
 * query is an integer combination below 2^53 in absolute value (checked row by row as in r1cs-builder.ts), a table's rows are integers,
 * and r > 2^253: a query equals a table row in F_r only as an integer. The clamp's products are of integers below 2^53.
 *
 * Where `plan.bits` is 0, and for what a plan gives no table, R1csBuilder answers with bits.
 */
import { invariant } from '../../src/base/errors.js';
import type { Operands, RegisterRef, RowRef } from '../../src/constraint/program-writer.js';
import { Side } from '../../src/constraint/program.js';
import {
  constant,
  OWN_ENDS,
  type Bounds,
  type Builder,
  type End,
  type FieldLc,
  type FunctionTable,
  type Lc,
  type Quotient,
} from '../builder.js';
import { freivaldsRows, proveProduct, transposed, type Matrix, type RoundTwoRows } from '../gadgets/freivalds.js';
import {
  addConstant,
  bitLength,
  boundOverflow,
  EXACT_LIMIT,
  fieldWire,
  isConstant,
  LcSum,
  maxAbs,
  narrow,
  sub,
  toField,
} from '../lc.js';
import { differenceBits } from '../gadgets/max.js';
import {
  clampKey,
  demandRows,
  Demands,
  limbCount,
  quotientCost,
  signBits,
  type Counted,
  type Demand,
  type QuotientForm,
  type TablePlan,
} from './lookup-plan.js';
import { isRound1, RoundsBuilder, type OpenTable } from './rounds-builder.js';
import { ChallengeWire } from '../../src/constraint/rounds.js';

/** A QUOTIENT's top is an operand word. */
const MAX_TOP_BITS = 30;
/** Of what is wider. */
const DIGIT_BITS = 24;

/** The operands of a QUOTIENT but its last, the place of what is divided. */
type Parts = Operands<'Quotient'> extends readonly [...infer Head, unknown] ? Head : never;

export class LookupBuilder extends RoundsBuilder implements Builder {
  private demands = new Demands();
  private readonly measured = new Map<string, Demand>();

  constructor(private readonly plan: TablePlan) {
    super();
  }

  /** What was asked for so far: `choosePlan` takes it. */
  get demanded(): Counted[] {
    return this.demands.list();
  }

  private get byBits(): boolean {
    return this.plan.bits === 0;
  }

  private rangeTable(rows: number): OpenTable {
    return this.openTable(`range ${rows}`, rows);
  }

  // ---- ranges by lookups; the value to be looked up is in the register ----

  /** Register = x, which must lie in [0, 2^width). */
  private load(x: Lc, width: number): RegisterRef {
    return this.program.set('Load', width, this.layerIndex(), [Side.H, this.hintRow(x)]);
  }

  /** x ∈ [0, 2^(b·L)), L limbs: at least `bits` bits. */
  private cover(x: Lc, bits: number, register: RegisterRef): void {
    this.limbs(x, register, new Array<number>(limbCount(this.plan, bits)).fill(this.plan.bits));
  }

  /** `cover` of an x that no instruction has put into the register. */
  private covered(x: Lc, bits: number): void {
    this.cover(x, bits, this.load(x, this.plan.bits * limbCount(this.plan, bits)));
  }

  /** x ∈ [0, rows), exactly. */
  private exact(x: Lc, rows: number, register: RegisterRef): void {
    const { bits: b, spans } = this.plan;
    const k = bitLength(rows - 1);
    if (rows === 2 ** b || spans.has(rows)) this.oneLookup(this.rangeTable(rows), x, register, 0, k);
    else if (rows === 1) this.row(constant(0), constant(0), x);
    else if (2 ** k !== rows) {
      this.cover(x, k, register);
      // x of one limb or more leaves the register as it was: see `limb`.
      this.reflected(x, rows - 1, k, register);
    } else {
      const rest = k % b;
      const widths = new Array<number>((k - rest) / b).fill(b);
      this.limbs(x, register, rest === 0 ? widths : [...widths, rest]);
    }
  }

  /** The second side of a range: top − x is non-negative too. */
  private reflected(x: Lc, top: number, bits: number, register: RegisterRef): void {
    this.cover(new LcSum().addConstant(top).add(x, -1).build(), bits, this.reflect(top, register));
  }

  /** Register = top − register. */
  private reflect(top: number, register: RegisterRef): RegisterRef {
    return this.program.set('Reflect', register, [Side.H, this.hintRow(constant(top))]);
  }

  /** x in limbs of the given widths, the lowest inlined. */
  private limbs(x: Lc, register: RegisterRef, widths: readonly number[]): void {
    const offsets = widths.map((_, i) => widths.slice(0, i).reduce((sum, width) => sum + width, 0));
    const high = widths.slice(1).map((width, i) => {
      // x's own bound may say more than the width: whole limbs of the widest numbers reach beyond the exact integers.
      const limb = this.integerWire({ lo: 0, hi: Math.min(2 ** width - 1, Math.floor(x.hi / 2 ** offsets[i + 1]!)) });
      this.program.emit('Limb', limb.wires[0]!, offsets[i + 1]!, width, register);
      return limb;
    });
    const low = new LcSum().add(x);
    high.forEach((limb, i) => low.add(limb, -(2 ** offsets[i + 1]!)));
    [low.build(), ...high].forEach((limb, i) => {
      this.limb(limb, register, offsets[i]!, widths[i]!);
    });
  }

  /** One limb of `width` ≤ b bits, exactly. */
  private limb(x: Lc, register: RegisterRef, offset: number, width: number): void {
    const { bits: b, spans } = this.plan;
    if (width === b || spans.has(2 ** width)) {
      this.oneLookup(this.rangeTable(2 ** width), x, register, offset, width);
      return;
    }
    const table = this.rangeTable(2 ** b);
    this.oneLookup(table, x, register, offset, width);
    // Limbs below the top one have b bits; so this is the top limb, and what follows may use the register.
    const top = 2 ** width - 1;
    const own = offset > 0 ? this.load(x, width) : register;
    this.oneLookup(table, new LcSum().addConstant(top).add(x, -1).build(), this.reflect(top, own), 0, width);
  }

  private oneLookup(table: OpenTable, x: Lc, register: RegisterRef, offset: number, width: number): void {
    const k = this.lookup(table, x);
    this.program.emit('Lookup', k, offset, width, this.layerIndex(), register);
  }

  protected override rangeOfFresh(x: Lc, lo: number, hi: number): void {
    if (this.byBits) {
      super.rangeOfFresh(x, lo, hi);
      return;
    }
    this.asked('input', 'lookups', () => {
      const rows = hi - lo + 1;
      this.demands.add({ kind: 'exact', rows });
      const above = addConstant(x, -lo);
      this.exact(above, rows, this.load(above, bitLength(hi - lo)));
    });
  }

  override range(x: Lc, lo: number, hi: number): Lc {
    if (this.byBits) return super.range(x, lo, hi);
    return this.asked('range', 'lookups', () => {
      if (x.lo >= lo && x.hi <= hi) return x;
      if (x.hi < lo || x.lo > hi) {
        throw boundOverflow(
          'no value satisfies a range check',
          `[${x.lo}, ${x.hi}] within [${lo}, ${hi}]`,
          this.where(),
        );
      }
      // One side is enough where x's bounds prove the other.
      if (x.hi <= hi) this.nonNegative(addConstant(x, -lo));
      else if (x.lo >= lo) this.nonNegative(new LcSum().addConstant(hi).add(x, -1).build());
      else this.rangeOfFresh(x, lo, hi);
      return narrow(x, { lo, hi });
    });
  }

  /** x ≥ 0, for an x that is bounded above. */
  private nonNegative(x: Lc): void {
    const bits = bitLength(x.hi);
    this.demands.add({ kind: 'cover', bits, extra: 0 });
    this.covered(x, bits);
  }

  /** Bits by Boolean rows; wider limbs by lookups. */
  override split(x: Lc, widths: readonly number[], single: readonly number[] = []): Lc[] {
    if (this.byBits || widths.every((width) => width <= 1)) return super.split(x, widths, single);
    throw boundOverflow('a circuit with lookups splits nothing but bits', widths.join(', '), this.where());
  }

  // ---- comparisons and rounding ----

  /** x + 2^K = low + 2^K·sign, low ∈ [0, 2^K) exactly, sign a bit. */
  override isNonNegative(x: Lc): Lc {
    if (this.byBits) return super.isNonNegative(x);
    return this.asked('isNonNegative', 'lookups', () => {
      const bits = differenceBits(x);
      this.demands.add({ kind: 'sign', bits });
      const k = signBits(this.plan, bits);
      const shifted = addConstant(x, 2 ** k);
      const sign = this.integerWire({ lo: 0, hi: 1 });
      this.boolean(sign);
      const low = new LcSum()
        .add(shifted)
        .add(sign, -(2 ** k))
        .build({ lo: 0, hi: 2 ** k - 1 });
      const hint = this.hintRow(shifted);
      const register = this.program.set('Quotient', sign.wires[0]!, 0, 0, k, 1, this.layerIndex(), [Side.H, hint]);
      this.exact(low, 2 ** k, register);
      return sign;
    });
  }

  override positive(x: Lc): Lc {
    if (this.byBits) return super.positive(x);
    return this.asked('positive', 'lookups', () => {
      const bits = bitLength(maxAbs(x));
      this.demands.add({ kind: 'cover', bits, extra: 1 });
      const p = this.integerWire({ lo: 0, hi: x.hi });
      const width = this.plan.bits * limbCount(this.plan, bits);
      // The row's B side without p is x, for PARTS.
      const row = this.row(p, sub(x, p), constant(0));
      const register = this.program.set('Parts', p.wires[0]!, width, this.layerIndex(), [Side.B, row]);
      this.cover(
        new LcSum()
          .add(p, 2)
          .add(x, -1)
          .build({ lo: 0, hi: maxAbs(x) }),
        bits,
        register,
      );
      return p;
    });
  }

  override max(left: Lc, right: Lc): Lc {
    if (this.byBits) return super.max(left, right);
    return this.asked('max', 'lookups', () => {
      const bounds = { lo: Math.max(left.lo, right.lo), hi: Math.max(left.hi, right.hi) };
      return narrow(
        new LcSum()
          .add(right)
          .add(this.positive(sub(left, right)))
          .build(),
        bounds,
      );
    });
  }

  override quotient(u: Lc, quotient: Quotient): Lc {
    if (this.byBits) return super.quotient(u, quotient);
    return this.asked('quotient', 'lookups', () => {
      if (quotient.bits > MAX_TOP_BITS) return this.wideQuotient(u, quotient);
      this.demands.add({ kind: 'quotient', quotient });
      const { form, exactWhole } = quotientCost(this.plan, quotient);
      if (form === 'table') return this.clampTable(u, quotient);
      return this.clamp(u, quotient, form, exactWhole);
    });
  }

  /**
   * A quotient whose top is beyond an operand word: v = ⌊u / 2^s⌋ as it is proven to be, digit by digit, and where it may leave [0, top]
   * max(v, 0) = positive(v) and min(v, top) = top − positive(top − v).
   */
  private wideQuotient(u: Lc, { shift, bits, ends, proven }: Quotient): Lc {
    const { lo, hi } = proven;
    const top = 2 ** bits - 1;
    const lifted = addConstant(u, -lo * 2 ** shift);
    const v = narrow(addConstant(this.digits(lifted, shift, bitLength(hi - lo)), lo), proven);
    const above = lo < 0 ? this.raised(v, ends.lo) : v;
    if (hi <= top) return above;
    // min(v, top) = top − max(top − v, 0).
    const rest = this.raised(new LcSum().addConstant(top).add(above, -1).build(), ends.hi);
    return new LcSum().addConstant(top).add(rest, -1).build({ lo: 0, hi: top });
  }

  /** max(x, 0) where x may be below; what is added is counted, or has no witness, as the end says. */
  private raised(x: Lc, end: End): Lc {
    if (end === 'refused') return this.range(x, 0, x.hi);
    const p = this.positive(x);
    if (end === 'counted') this.countClamped({ ...sub(p, x), lo: 0, hi: -x.lo });
    return p;
  }

  /** ⌊u / 2^shift⌋ of at most `width` bits, for u ≥ 0: a quotient of the upper digits, whose remainder is proven, and one of that remainder. */
  private digits(u: Lc, shift: number, width: number): Lc {
    const plain = (of: Lc, bits: number): Lc => {
      const bounds = { lo: 0, hi: 2 ** bits - 1 };
      return this.quotient(of, { shift, bits, ends: OWN_ENDS, proven: bounds, paid: bounds });
    };
    if (width <= MAX_TOP_BITS) return plain(u, Math.max(1, width));
    const step = 2 ** (shift + DIGIT_BITS);
    const upper = this.digits(u, shift + DIGIT_BITS, width - DIGIT_BITS);
    const rest = new LcSum()
      .add(u)
      .add(upper, -step)
      .build({ lo: 0, hi: step - 1 });
    return new LcSum()
      .add(upper, 2 ** DIGIT_BITS)
      .add(plain(rest, DIGIT_BITS))
      .build();
  }

  private clamp(u: Lc, { shift, bits, ends, paid, proven }: Quotient, form: QuotientForm, exactWhole: boolean): Lc {
    const top = 2 ** bits - 1;
    const y = this.integerWire({ lo: 0, hi: top });
    const part = (hi: number): Lc => this.integerWire({ lo: 0, hi: Math.max(0, hi) });
    const above = form === 'above' || form === 'clamped' ? part(proven.hi - top) : undefined;
    const below = form === 'relu' || form === 'clamped' ? part(-proven.lo) : undefined;
    const v = new LcSum().add(y);
    if (above !== undefined) v.add(above);
    if (below !== undefined) v.add(below, -1);
    const wire = (x: Lc | undefined): number => x?.wires[0] ?? 0;
    const operands: Parts = [wire(y), wire(above), wire(below), shift, top, this.layerIndex()];
    this.floor(u, v.build(), shift, operands);

    if (above !== undefined) this.assertProduct(above, new LcSum().addConstant(top).add(y, -1).build(), constant(0));
    if (below !== undefined) this.assertProduct(below, y, constant(0));
    // Neither is negative: of p + n, or y + n, one is 0 by the products, and the other is in the range that follows.
    if (above !== undefined && ends.hi === 'counted') this.countClamped(above);
    if (below !== undefined && ends.lo === 'counted') this.countClamped(below);
    const reach = Math.max(paid.hi - (above === undefined ? 0 : top), -paid.lo);
    const whole = new LcSum();
    if (form === 'plain' || form === 'relu') whole.add(y);
    if (above !== undefined) whole.add(above);
    if (below !== undefined) whole.add(below);
    const ranged = whole.build({ lo: 0, hi: exactWhole ? top : reach });
    if (exactWhole) {
      this.exact(ranged, top + 1, this.load(ranged, bits));
    } else this.covered(ranged, bitLength(reach));
    const bounded = proven.hi <= top && (form === 'relu' || form === 'plain');
    if (exactWhole || bounded) return y;
    if (form === 'relu' || (form === 'above' && proven.lo >= 0)) {
      // y is 0 or y + n, an integer that is not negative; or y is top or v ≥ 0. What is left to prove is that top − y is such an integer.
      const rest = new LcSum().addConstant(top).add(y, -1).build();
      this.covered(rest, bits);
    } else this.exact(y, top + 1, this.load(y, bits));
    return y;
  }

  /**
   * (v − lo, clamp(v)) is looked up: the table proves the range of v and the clamp at once, and ends where an end is refused. Lookups of its rows
   * beyond counted ends are counted by their multiplicities.
   */
  private clampTable(u: Lc, { shift, bits, ends, proven }: Quotient): Lc {
    const top = 2 ** bits - 1;
    const key = clampKey(top, ends);
    const { lo, hi } = this.plan.clamps.get(key)!;
    const rows = hi - lo + 1;
    const clamp = (v: number): number => Math.min(top, Math.max(0, v));
    const isCounted = (v: number): boolean => (v < 0 ? ends.lo : v > top ? ends.hi : 'own') === 'counted';
    const table = this.openTable(
      `clamp ${key} [${lo}, ${hi}]`,
      rows,
      () => Float64Array.from({ length: rows }, (_, t) => clamp(t + lo)),
      Array.from({ length: rows }, (_, t) => t).filter((t) => isCounted(t + lo)),
    );
    const bounds = { lo: Math.max(0, proven.lo - lo), hi: Math.min(rows - 1, proven.hi - lo) };
    const reached = { lo: clamp(bounds.lo + lo), hi: clamp(bounds.hi + lo) };
    const lifted = addConstant(u, -lo * 2 ** shift);
    if (shift === 0) return this.evaluate(table, narrow(lifted, bounds), reached);
    const index = this.integerWire(bounds);
    this.floor(lifted, index, shift, [index.wires[0]!, 0, 0, shift, rows - 1, this.layerIndex()]);
    return this.evaluate(table, index, reached);
  }

  /**
   * Proves u − 2^shift·v ∈ [0, 2^shift) and emits the QUOTIENT that sets v's wires. With shift 0 it is the row u = v.
   * The remainder's first lookup, or that row, holds u: the instruction reads it there, without the wires it sets.
   */
  private floor(u: Lc, v: Lc, shift: number, operands: Parts): void {
    const remainder = new LcSum()
      .add(u)
      .add(v, -(2 ** shift))
      .build();
    if (shift === 0) {
      const row = this.row(constant(0), constant(0), remainder);
      this.program.set('Quotient', ...operands, [Side.C, row]);
      return;
    }
    const first = this.constraints;
    const register = this.program.set('Quotient', ...operands, [Side.B, first]);
    this.exact(narrow(remainder, { lo: 0, hi: 2 ** shift - 1 }), 2 ** shift, register);
    invariant(this.constraints > first, 'the remainder has a first lookup', { shift });
  }

  /** Quotient q and remainder of n by d: q·d = n − rem, q ≥ 0, rem ≥ 0, d − 1 − rem ≥ 0, all in ranges without wrap-around. */
  override divide(n: Lc, d: Lc): { readonly quotient: Lc; readonly remainder: Lc } {
    const top = Math.floor(n.hi / d.lo);
    if (this.byBits || n.lo < 0 || d.lo < 1 || top === 0 || d.hi === 1) return super.divide(n, d);
    return this.asked('divide', 'lookups', () => {
      const divisor = this.materialise(d);
      const [kq, kd] = [bitLength(top), bitLength(d.hi - 1)];
      this.demands.add({ kind: 'cover', bits: kq, extra: 1 });
      const quotient = this.integerWire({ lo: Math.floor(n.lo / d.hi), hi: top });
      const remainder = this.integerWire({ lo: 0, hi: d.hi - 1 });
      const row = this.row(quotient, divisor, sub(n, remainder));
      const [q, r] = [quotient.wires[0]!, remainder.wires[0]!];
      this.program.emit('Divide', q, r, [Side.H, this.hintRow(n)], [Side.B, row]);
      this.covered(quotient, kq);
      if (isConstant(d)) {
        this.demands.add({ kind: 'exact', rows: d.constant });
        this.exact(remainder, d.constant, this.load(remainder, kd));
      } else {
        this.nonNegative(remainder);
        this.nonNegative(
          new LcSum()
            .add(d)
            .addConstant(-1)
            .add(remainder, -1)
            .build({ lo: 0, hi: d.hi - 1 }),
        );
      }
      return { quotient, remainder };
    });
  }

  /** r in a range, n − r² ≥ 0 and 2r − (n − r²) ≥ 0, all in ranges without wrap-around: limbs let r reach 2^41 at most, so r² is far below the field’s r. */
  override squareRoot(n: Lc): Lc {
    if (this.byBits || isConstant(n) || n.hi <= 1) return super.squareRoot(n);
    return this.asked('squareRoot', 'lookups', () => {
      const { root, above, below, rootBits, restBits } = this.claimedRoot(n);
      this.demands.add({ kind: 'cover', bits: rootBits, extra: 1 });
      this.covered(root, rootBits);
      for (const rest of [above, below]) {
        this.demands.add({ kind: 'cover', bits: restBits, extra: 0 });
        this.covered(rest, restBits);
      }
      return root;
    });
  }

  /** Freivalds' check where it has fewer rows than the products: circuits/freivalds.ts. */
  override matrixProduct(left: readonly (readonly Lc[])[], right: readonly (readonly Lc[])[]): Lc[][] {
    const own = (matrix: readonly (readonly Lc[])[]): Lc[][] =>
      matrix.map((row) => row.map((x) => this.materialise(x)));
    const [a, b] = [own(left), own(right)];
    const proper = a.reduce(
      (sum, row) =>
        sum + row.reduce((n, x, t) => n + (isConstant(x) ? 0 : b[t]!.filter((y) => !isConstant(y)).length), 0),
      0,
    );
    const { rows, transposed: flip } = freivaldsRows({ m: a.length, k: b.length, n: b[0]!.length });
    if (rows >= proper) return super.matrixProduct(a, b);
    const fixed = [...a, ...b].every((row) => row.every((x) => Array.from(x.wires).every(isRound1)));
    invariant(fixed, 'a factor of a claimed product is fixed in round 1');
    return this.asked('matrixProduct', 'lookups', () => {
      const c = this.claimedProduct(a, b);
      const field = (matrix: Matrix<Lc>): Matrix<FieldLc> => matrix.map((row) => row.map(toField));
      const check: RoundTwoRows = {
        theta: fieldWire(ChallengeWire.theta),
        product: (x, y) => this.roundTwoProduct(x, y),
        assert: (x, y, z) => void this.roundTwoRow(x, y, z),
      };
      if (flip) proveProduct(check, transposed(field(b)), transposed(field(a)), transposed(field(c)));
      else proveProduct(check, field(a), field(b), field(c));
      return c;
    });
  }

  /** Wires of a·b and the instructions that compute them, in no row yet; bounds are those of the integer product. */
  private claimedProduct(a: Matrix<Lc>, b: Matrix<Lc>): Lc[][] {
    const hints = (matrix: Matrix<Lc>): number[][] => matrix.map((row) => row.map((x) => this.hintRow(x)));
    const [left, right] = [hints(a), hints(b)];
    return a.map((row, i) =>
      b[0]!.map((_, j) => {
        const out = this.integerWire(
          productBounds(
            row,
            b.map((other) => other[j]!),
            this.where(),
          ),
        );
        const wire = out.wires[0]!;
        const sum = this.hintRow(out);
        row.forEach((_entry, t) => {
          const factors: readonly [RowRef, RowRef] = [
            [Side.H, left[i]![t]!],
            [Side.H, right[t]![j]!],
          ];
          if (t === 0) this.program.emit('Product', wire, ...factors);
          else this.program.emit('ProductPlus', wire, ...factors, [Side.H, sum]);
        });
        return out;
      }),
    );
  }

  override table(x: Lc, table: FunctionTable): Lc {
    const { name, values } = table;
    if (this.byBits || isConstant(x)) return super.table(x, table);
    const isLookedUp = this.plan.survey === true || this.plan.functions.has(name);
    if (!isLookedUp) return this.tableByBits(x, table);
    this.demands.add(this.functionDemand(x, table));
    const index = narrow(x, { lo: 0, hi: values.length - 1 });
    const reached = values.subarray(index.lo, index.hi + 1);
    const bounds = { lo: reached.reduce((p, q) => Math.min(p, q)), hi: reached.reduce((p, q) => Math.max(p, q)) };
    const open = this.openTable(name, values.length, () => values);
    const same = open.values === values || open.values!.every((value, i) => value === values[i]);
    invariant(same, 'tables of one name are one table', { name });
    return this.asked('table', 'lookups', () => this.evaluate(open, index, bounds));
  }

  /** Of a function that is looked up; in a survey with what it would take by bits, as its first use has it. */
  private functionDemand(x: Lc, table: FunctionTable): Demand {
    const { name, values } = table;
    const known = this.measured.get(name);
    if (known !== undefined) return known;
    let demand: Demand = { kind: 'function', name, rows: values.length, byBits: 0, ranges: [] };
    if (this.plan.survey === true) {
      const { survey: _, ...plan } = this.plan;
      const scratch = new LookupBuilder(plan);
      scratch.tableByBits(scratch.input('x', 1, x.lo, x.hi)[0]!, table);
      demand = scratch.demanded.map((counted) => counted.demand).find(({ kind }) => kind === 'function')!;
    }
    this.measured.set(name, demand);
    return demand;
  }

  /** The demand says what it took; that its range is proven by lookups is part of it. */
  private tableByBits(x: Lc, table: FunctionTable): Lc {
    const [outer, inner] = [this.demands, new Demands()];
    const before = this.constraints;
    this.demands = inner;
    const y = super.table(x, table);
    this.demands = outer;
    const ranges = inner.list().map(({ demand }) => demand);
    const byBits = this.constraints - before - ranges.reduce((sum, range) => sum + demandRows(this.plan, range), 0);
    outer.add({ kind: 'function', name: table.name, rows: table.values.length, byBits, ranges });
    return y;
  }
}

/** Bounds of Σ left·right; every partial sum of the witness program stays within the sum of magnitudes. */
function productBounds(left: readonly Lc[], right: readonly Lc[], where: string): Bounds {
  let [lo, hi, magnitude] = [0, 0, 0];
  left.forEach((x, t) => {
    const y = right[t]!;
    const corners = [x.lo * y.lo, x.lo * y.hi, x.hi * y.lo, x.hi * y.hi];
    lo += Math.min(...corners);
    hi += Math.max(...corners);
    magnitude += maxAbs(x) * maxAbs(y);
  });
  if (magnitude >= EXACT_LIMIT)
    throw boundOverflow('a matrix product may leave the exact range', String(magnitude), where);
  return { lo, hi };
}
