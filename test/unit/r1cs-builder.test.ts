import { describe, expect, it } from 'vitest';
import { originOf } from '../../src/constraint/row-origin.js';
import { squareCircuit } from './circuit-fixture.js';
import { Resolver } from '../../circuits/attack/resolve.js';
import { constant, type Lc } from '../../circuits/builder.js';
import {
  add,
  addConstant,
  bitLength,
  fieldCombination,
  LcSum,
  linearCombination,
  narrow,
  scale,
  sub,
  toField,
  wireLc,
} from '../../circuits/lc.js';
import { R1csBuilder } from '../../circuits/builders/r1cs-builder.js';
import { BIG_COEF_BASE, coefficient, WireClass } from '../../src/constraint/r1cs.js';
import { fromBytesLE, mod, R } from '../../src/field/bn254.js';
import { checkSatisfied, outputsOf, publicSignals, solve, witnessToBytes } from '../../src/constraint/solver.js';

const byte = { lo: 0, hi: 255 };
const x = wireLc(3, byte);
const y = wireLc(1, { lo: -5, hi: 5 });
const plain = ({ wires, coefs, constant: c, lo, hi }: Lc) => ({
  wires: [...Array.from(wires)],
  coefs: Array.from(coefs),
  constant: c,
  lo,
  hi,
});

describe('linear combinations', () => {
  it('keep wires ascending, coefficients merged and bounds by interval', () => {
    expect(plain(linearCombination([x, y, x], [2, -3, 5], 7))).toEqual({
      wires: [1, 3],
      coefs: [-3, 7],
      constant: 7,
      lo: -8,
      hi: 1807,
    });
    expect(plain(sub(x, x))).toEqual({ wires: [], coefs: [], constant: 0, lo: 0, hi: 0 });
    expect(plain(addConstant(scale(y, -2), 1))).toEqual({ wires: [1], coefs: [-2], constant: 1, lo: -9, hi: 11 });
    expect(plain(add(constant(4), constant(-4)))).toEqual({ wires: [], coefs: [], constant: 0, lo: 0, hi: 0 });
  });

  it('merge thousands of unsorted terms', () => {
    const terms = Array.from({ length: 5000 }, (_, i) => wireLc(1 + ((i * 37) % 3000), { lo: 0, hi: 1 }));
    const { wires, coefs } = linearCombination(terms, new Float64Array(5000).fill(3));
    expect(wires.length).toBe(3000);
    expect(Array.from(wires)).toEqual(Array.from({ length: 3000 }, (_, i) => i + 1));
    expect(Array.from(coefs).reduce((sum, coef) => sum + coef, 0)).toBe(15000);
  });

  it('refuse to leave the exact integers', () => {
    const large = wireLc(1, { lo: 0, hi: 2 ** 52 });
    expect(() => scale(large, 2)).toThrow(/BOUND_OVERFLOW/);
    expect(() => new LcSum().add(large).add(large, -1)).toThrow(/9007199254740992/);
    expect(() => addConstant(x, 2 ** 53)).toThrow(/BOUND_OVERFLOW/);
    expect(() => scale(x, 0.5)).toThrow(/BOUND_OVERFLOW/);
    expect(() => narrow(x, { lo: 256, hi: 300 })).toThrow(/BOUND_OVERFLOW/);
    expect(scale(large, 1).hi).toBe(2 ** 52);
  });

  it('know their bit lengths at the powers of two', () => {
    for (let k = 0; k < 53; k++) expect([bitLength(2 ** k - 1), bitLength(2 ** k)]).toEqual([k, k + 1]);
  });

  it('combine over the field', () => {
    const combined = fieldCombination([toField(x), toField(y)], [R - 1n, 2n], -1n);
    expect(combined).toEqual({ wires: [1, 3], coefs: [2n, R - 1n], constant: R - 1n });
    expect(fieldCombination([toField(x), toField(x)], [1n, -1n]).wires).toEqual([]);
  });
});

describe('R1csBuilder', () => {
  it('refuses rows whose sides may leave the exact integers', () => {
    const b = new R1csBuilder();
    b.layer('deep', 'MatMul');
    const [u, v] = b.input('x', 2, 0, 2 ** 30 - 1);
    expect(() => b.product(u!, v!)).toThrow(/BOUND_OVERFLOW[^]*deep \(MatMul\)/);
    expect(() => b.split({ ...u!, hi: 2 ** 53 - 1 }, [53])).toThrow(/at most 52 bits/);
    // Narrowed bounds do not hide what the terms themselves may reach.
    const cancelling = { wires: [1, 2], coefs: [2 ** 25, -(2 ** 25)], constant: 0, lo: 0, hi: 1 };
    expect(() => b.assertProduct(cancelling, u!, v!)).toThrow(/BOUND_OVERFLOW/);
  });

  it('refuses full-width wires in integer combinations', () => {
    const b = new R1csBuilder();
    const salt = b.salt('s');
    expect(() => b.assertProduct(wireLc(salt, byte), x, constant(0))).toThrow(/BOUND_OVERFLOW/);
  });

  it('refuses what no witness can satisfy', () => {
    const b = new R1csBuilder();
    const [u] = b.input('x', 1, 0, 15);
    expect(() => b.range(u!, 16, 20)).toThrow(/no value/);
    expect(() => b.split(addConstant(u!, -20), [3])).toThrow(/no value/);
    expect(() => b.divide(u!, u!)).toThrow(/d ≥ 1/);
    expect(() => b.table(constant(9), { name: 't', values: Float64Array.of(1, 2) })).toThrow(/BOUND_OVERFLOW/);
  });

  it('binds every public signal exactly once', () => {
    const b = new R1csBuilder({ nPubOut: 1, nPubIn: 1 });
    const [u] = b.input('x', 1, 0, 15);
    b.bindPublic(1, toField(u!));
    expect(() => b.bindPublic(1, toField(u!))).toThrow(/bound once/);
    expect(() => b.bindPublic(2, toField(u!))).toThrow(/bound once/);
    expect(() => b.finish()).toThrow(/every public signal/);
    b.bindPublic(0, fieldCombination([toField(u!)], [1n << 200n], -5n));
    const circuit = b.finish();
    const witness = solve(circuit, new Map([['x', Float64Array.of(9)]]));
    expect(publicSignals(circuit, witness)).toEqual([(9n << 200n) - 5n, 9n]);
    expect(checkSatisfied(circuit.r1cs, witness)).toBeUndefined();
    expect(circuit.r1cs.bigCoefs).toEqual([1n << 200n]);
    expect(coefficient(BIG_COEF_BASE, circuit.r1cs.bigCoefs)).toBe(1n << 200n);
  });

  it('names layers, counts their constraints and classes their wires', () => {
    const b = new R1csBuilder();
    b.layer('in', 'Input');
    const [u, v] = b.input('x', 2, 0, 15);
    b.layer('mul', 'Mul');
    const w = b.product(u!, v!);
    b.nonZero(w);
    const { layers, r1cs } = b.finish();
    expect(layers).toEqual([
      { name: 'in', op: 'Input', constraints: 8 },
      { name: 'mul', op: 'Mul', constraints: 3 },
    ]);
    expect([...r1cs.wireClass.slice(1, 3)]).toEqual([WireClass.Small, WireClass.Small]);
    expect([...r1cs.wireClass.slice(-3)]).toEqual([WireClass.Small, WireClass.Field, WireClass.Bit]);
  });

  it('knows where each row comes from', () => {
    const b = new R1csBuilder();
    b.layer('in', 'Input', 'input');
    const [u, v] = b.input('x', 2, 0, 15);
    b.layer('mul', 'Mul', 'bilinear');
    const w = b.gadget('argmax', () => b.gadget('products', () => b.product(u!, v!)));
    b.nonZero(w);
    b.range(w, 0, 3);
    const circuit = b.finish();
    const origins = Array.from({ length: circuit.r1cs.nConstraints }, (_, row) => originOf(circuit, row));
    const layer = (name: string, op: string) => ({ name, op });
    const asked = (gadget: string, question: string) => ({ gadget, question, layout: 'bits' });
    expect(origins[7]).toEqual({ layer: layer('in', 'Input'), irOp: 'input', ...asked('none', 'input') });
    expect(origins[8]).toEqual({ layer: layer('mul', 'Mul'), irOp: 'bilinear', ...asked('products', 'product') });
    // A range by bits asks for splits: the rows are the range's.
    expect(origins.slice(9).map((origin) => origin?.question)).toEqual(['nonZero', 'nonZero', 'range', 'range']);
    expect(originOf(circuit, circuit.r1cs.nConstraints)).toBeUndefined();
    expect(originOf(squareCircuit(3), 0)).toBeUndefined();
  });

  it('writes rows with wires ascending and distinct', () => {
    const b = new R1csBuilder();
    const inputs = b.input('x', 9, -100, 100);
    b.split(
      linearCombination(
        [...inputs].reverse(),
        inputs.map((_, i) => i - 4),
        5000,
      ),
      [4, 9],
      [1],
    );
    const { a, b: right, c } = b.finish().r1cs;
    for (const { rowStart, wires } of [a, right, c]) {
      for (let row = 0; row + 1 < rowStart.length; row++) {
        for (let k = rowStart[row]! + 1; k < rowStart[row + 1]!; k++) expect(wires[k]!).toBeGreaterThan(wires[k - 1]!);
      }
    }
  });
});

describe('solve', () => {
  function wideCircuit() {
    const b = new R1csBuilder({ nPubOut: 1, nPubIn: 0 });
    b.layer('input', 'Input');
    const [u, v] = b.input('x', 2, -(2 ** 25), 2 ** 25 - 1);
    b.layer('square', 'Mul');
    const w = b.product(u!, v!);
    const limbs = b.split(addConstant(w, 2 ** 51), [7, 31, 14], [1]);
    const flag = b.nonZero(limbs[0]!);
    b.output('y', [w, ...limbs, flag]);
    b.bindPublic(0, toField(w));
    return b.finish();
  }
  const circuit = wideCircuit();
  const run = (...values: number[]) => solve(circuit, new Map([['x', Float64Array.from(values)]]));

  it('is exact up to 2^52, negative numbers included, and agrees with BigInt on every wire', () => {
    for (const [u, v] of [
      [-(2 ** 25), 2 ** 25 - 1],
      [-(2 ** 25), -(2 ** 25)],
      [0, 5],
      [-1, 1],
      [33554431, 33554431],
      [1234567, -7654321],
    ] as const) {
      const witness = run(u, v);
      expect(checkSatisfied(circuit.r1cs, witness)).toBeUndefined();
      const [w, rem, mid, top] = outputsOf(circuit, witness).get('y')!;
      expect(BigInt(w!)).toBe(BigInt(u) * BigInt(v));
      expect(BigInt(rem!) + (BigInt(mid!) << 7n) + (BigInt(top!) << 38n)).toBe(BigInt(u) * BigInt(v) + (1n << 51n));
      const [first] = circuit.inputs;
      const slow = new Resolver(circuit).run(
        new Map([
          [first!.first, BigInt(u)],
          [first!.first + 1, BigInt(v)],
        ]),
      );
      const bytes = witnessToBytes(witness, circuit.r1cs.nWires);
      slow.forEach((value, wire) => expect(fromBytesLE(bytes, 32 * wire)).toBe(value));
    }
  });

  it('writes canonical bytes at the borrows', () => {
    const values = [
      0,
      1,
      -1,
      2 ** 32 - 1,
      -(2 ** 32),
      2 ** 32,
      -(2 ** 32) - 1,
      -0xf0000001,
      -0xf0000002,
      2 ** 53 - 1,
      -(2 ** 53) + 1,
    ];
    const bytes = witnessToBytes({ small: Float64Array.from(values), field: new Map() }, values.length);
    values.forEach((value, i) => expect(fromBytesLE(bytes, 32 * i)).toBe(mod(BigInt(value))));
    expect(() => witnessToBytes({ small: Float64Array.of(2 ** 53), field: new Map() }, 1)).toThrow(/exact integer/);
    expect(() => witnessToBytes({ small: Float64Array.of(NaN), field: new Map() }, 1)).toThrow(/full-width/);
    expect(() => witnessToBytes({ small: Float64Array.of(1), field: new Map() }, 2)).toThrow(/every wire/);
  });

  it('refuses inputs that are not the circuit’s', () => {
    expect(() => solve(circuit, new Map())).toThrow(/INPUT_NAME/);
    expect(() => run(1)).toThrow(/INPUT_SHAPE/);
    for (const bad of [NaN, Infinity, 0.5, 2 ** 53]) expect(() => run(1, bad)).toThrow(/INPUT_TYPE/);
    for (const out of [2 ** 25, -(2 ** 25) - 1, 2 ** 52])
      expect(() => run(1, out)).toThrow(/RANGE_EXCEEDED[^]*where: input/);
    const b = new R1csBuilder();
    b.salt('x');
    expect(() => solve(b.finish(), new Map())).toThrow(/salt/);
    expect(() => solve(b.finish(), new Map(), { salts: new Map([['x', R]]) })).toThrow(/salt/);
  });

  it('reports the first unsatisfied row, exactly also where float64 would round', () => {
    const witness = run(33554431, 33554429);
    const product = circuit.layers[0]!.constraints;
    const wire = [...witness.small].indexOf(33554431 * 33554429);
    const small = witness.small.slice();
    small[wire]! += 1;
    expect(checkSatisfied(circuit.r1cs, { small, field: witness.field })?.row).toBe(product);
    // 2^53 + 1 is no float64: the exact value lives in `field`, and the row still tells it from 2^53.
    const forged = {
      small: witness.small.with(wire, NaN),
      field: new Map(witness.field).set(wire, BigInt(33554431) * 33554429n + 1n),
    };
    const failed = checkSatisfied(circuit.r1cs, forged)!;
    expect(mod(failed.a * failed.b - failed.c)).toBe(R - 1n);
  });

  it('interprets 250,000 wires and satisfies every row', () => {
    const b = new R1csBuilder();
    const inputs = b.input('x', 200, 0, 255);
    const sums = Array.from({ length: 6000 }, (_, i) => {
      const terms = Array.from({ length: 100 }, (_t, k) => inputs[(i * 7 + k) % 200]!);
      return linearCombination(
        terms,
        terms.map((_t, k) => ((i + k * 13) % 255) - 127),
      );
    });
    for (const sum of sums) b.split(addConstant(sum, 2 ** 22), [23]);
    const large = b.finish();
    const values = new Map([['x', Float64Array.from({ length: 200 }, (_, i) => (i * 91) % 256)]]);
    expect(checkSatisfied(large.r1cs, solve(large, values))).toBeUndefined();
  });
});
