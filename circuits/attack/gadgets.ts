/** Every gadget in the parameters that the harness attacks, each beside its meaning in plain integers. */
import { argmax } from '../gadgets/argmax.js';
import { OWN_ENDS, type End, type Ends, type Lc } from '../builder.js';
import { LcSum, toField } from '../lc.js';
import { max, maxOfMany } from '../gadgets/max.js';
import { poseidonChain } from '../../src/field/poseidon.js';
import { poseidonCircuit } from '../gadgets/poseidon.js';
import { positive } from '../gadgets/positive.js';
import { sumOfProducts } from '../gadgets/products.js';
import { requantise, type Requantise } from '../gadgets/requantise.js';
import type { Gadget } from './harness.js';

const bounds = (lo: number, hi: number) => ({ lo, hi });
const ends = (lo: End, hi: End): Ends => ({ lo, hi });
const times = (count: number, lo: number, hi: number) => Array.from({ length: count }, () => bounds(lo, hi));
/** A combination of five terms that equals x: long, so that recompositions get a row of their own. */
const long = (x: readonly Lc[]): Lc =>
  x
    .slice(1)
    .reduce((sum, y) => sum.add(y, 3), new LcSum().add(x[0]!))
    .build();
const longValue = (x: readonly number[]): number => x.slice(1).reduce((sum, y) => sum + 3 * y, x[0]!);

function rangeGadget(lo: number, hi: number): Gadget {
  return {
    name: 'input',
    parameters: `[${lo}, ${hi}]`,
    inputs: [bounds(lo, hi)],
    checked: true,
    build: (_b, x) => x,
    oracle: (x) => x,
  };
}

function narrowedRange(lo: number, hi: number, from: { lo: number; hi: number }): Gadget {
  return {
    name: 'range',
    parameters: `[${lo}, ${hi}] of [${from.lo}, ${from.hi}]`,
    inputs: [from],
    build: (b, [x]) => [b.range(x!, lo, hi)],
    oracle: ([x]) => (x! >= lo && x! <= hi ? [x!] : undefined),
  };
}

function splitGadget(widths: readonly number[], single: readonly number[], wide: boolean): Gadget {
  const total = widths.reduce((sum, width) => sum + width, 0);
  const inputs = wide ? [bounds(-3, 2 ** total + 2), ...times(4, 0, 1)] : [bounds(-3, 2 ** total + 2)];
  return {
    name: 'split',
    parameters: `[${widths.join(' ')}]${wide ? ' of a long x' : ''}${single.length > 0 ? `, ${single.join(' ')} single` : ''}`,
    inputs,
    layouts: 'bits',
    build: (b, x) => b.split(long(x), widths, single),
    oracle: (x) => {
      let rest = longValue(x);
      if (rest < 0 || rest >= 2 ** total) return undefined;
      return widths.map((width) => {
        const limb = rest % 2 ** width;
        rest = Math.floor(rest / 2 ** width);
        return limb;
      });
    },
  };
}

function nonZeroGadget(bits: number): Gadget {
  return {
    name: 'nonZero',
    parameters: `${bits} bits`,
    inputs: times(bits, 0, 1),
    checked: true,
    layouts: 'same',
    build: (b, x) => [b.nonZero(x.reduce((sum, bit, i) => sum.add(bit, 2 ** i), new LcSum()).build())],
    oracle: (x) => [x.some((bit) => bit !== 0) ? 1 : 0],
  };
}

function tableGadget(length: number, from: { lo: number; hi: number }, wide = false): Gadget {
  const values = Float64Array.from({ length }, (_, i) => ((i * 37) % 23) * (i % 3 === 0 ? -1 : 1));
  return {
    name: 'table',
    parameters: `${length} entries, x in [${from.lo}, ${from.hi}]${wide ? ' long' : ''}`,
    inputs: wide ? [from, ...times(4, 0, 1)] : [from],
    build: (b, x) => [b.table(long(x), { name: 'test', values })],
    oracle: (x) => {
      const y = values[longValue(x)];
      return y === undefined ? undefined : [y + 0];
    },
    // One input at least for each of the rows that the high bits choose from.
    edges: wide ? [] : Array.from({ length: 16 }, (_, i) => [Math.floor(((i + 0.3) * length) / 16)]),
  };
}

/** Two functions of one x, as many entries each. */
function twoTables(): Gadget {
  const first = Float64Array.from({ length: 13 }, (_, i) => i * i);
  const second = Float64Array.from({ length: 13 }, (_, i) => 7 * i - 20);
  return {
    name: 'tables',
    parameters: 'two of 13 entries',
    layouts: 'functions',
    inputs: [bounds(-2, 20)],
    build: (b, [x]) => [b.table(x!, { name: 'test', values: first }), b.table(x!, { name: 'other', values: second })],
    oracle: ([x]) => (x! < 0 || x! > 12 ? undefined : [first[x!]!, second[x!]!]),
  };
}

/** The sign alone, as argmax and comparisons use it. */
function signGadget(lo: number, hi: number): Gadget {
  return {
    name: 'isNonNegative',
    parameters: `[${lo}, ${hi}]`,
    inputs: [bounds(lo, hi)],
    build: (b, [x]) => [b.isNonNegative(x!)],
    oracle: ([x]) => [x! >= 0 ? 1 : 0],
  };
}

function divideGadget(n: { lo: number; hi: number }, d: { lo: number; hi: number }): Gadget {
  return {
    name: 'divide',
    parameters: `[${n.lo}, ${n.hi}] / [${d.lo}, ${d.hi}]`,
    inputs: [n, d],
    build: (b, [x, y]) => {
      const { quotient, remainder } = b.divide(
        x!,
        d.lo === d.hi ? { ...y!, wires: [], coefs: [], constant: d.lo } : y!,
      );
      return [quotient, remainder];
    },
    oracle: ([x, y]) => [Math.floor(x! / y!), x! % y!],
  };
}

/** floor(√n), of a long combination where there are several inputs. */
function rootGadget(lo: number, hi: number, wide = false): Gadget {
  const squares = [0, 1, 2, 3, 4, 5, 10, 15].map((r) => r * r).flatMap((n) => [n - 1, n, n + 1]);
  return {
    name: 'squareRoot',
    parameters: `[${lo}, ${hi}]${wide ? ' long' : ''}`,
    inputs: wide ? [bounds(lo, hi), ...times(4, 0, 1)] : [bounds(lo, hi)],
    build: (b, x) => [b.squareRoot(long(x))],
    oracle: (x) => [Math.floor(Math.sqrt(longValue(x)))],
    edges: [...squares, lo, hi].filter((n) => n >= lo && n <= hi).map((n) => (wide ? [n, 0, 0, 0, 0] : [n])),
  };
}

/** Bounds of the requantised x, the gadget's parameters, and whether x is a long combination. Where an end counts, the bit is an output too. */
function requantiseGadget(
  lo: number,
  hi: number,
  parameters: Omit<Requantise, 'ends'> & { readonly ends?: Ends },
  wide = false,
): Gadget {
  const how = { ends: OWN_ENDS, ...parameters };
  const { shift, bits, ends } = how;
  const top = how.lo + 2 ** bits - 1;
  const step = 2 ** shift;
  const counts = ends.lo === 'counted' || ends.hi === 'counted';
  const edges = [how.lo, top, how.lo + 1, top + 1].flatMap((z) =>
    [-1, 0].map((d) => z * step - Math.floor(step / 2) + d),
  );
  const named = parameters.ends === undefined ? '' : ` ends ${ends.lo} ${ends.hi}`;
  return {
    name: 'requantise',
    parameters: `s=${shift} b=${bits} lo=${how.lo} x in [${lo}, ${hi}]${wide ? ' long' : ''}${named}`,
    inputs: wide ? [bounds(lo, hi), ...times(4, 0, 1)] : [bounds(lo, hi)],
    build: (b, x) => {
      const y = requantise(b, long(x), how);
      return counts ? [y, b.clampedBit()] : [y];
    },
    oracle: (x) => {
      const value = longValue(x);
      const z = shift === 0 ? value : Math.floor((value + step / 2) / step);
      const beyond = z < how.lo ? ends.lo : z > top ? ends.hi : 'own';
      if (beyond === 'refused') return undefined;
      const y = Math.min(top, Math.max(how.lo, z));
      return counts ? [y, beyond === 'counted' ? 1 : 0] : [y];
    },
    edges: edges.filter((x) => x >= lo && x <= hi).map((x) => (wide ? [x, 0, 0, 0, 0] : [x])),
  };
}

/** Two clamps of which one goes up where the other goes down: differences to the clamped values would cancel. */
function cancellingClamps(): Gadget {
  const how = { shift: 2, lo: 0, bits: 4, ends: ends('counted', 'counted') };
  const beyond = (x: number): boolean => Math.floor((x + 2) / 4) < 0 || Math.floor((x + 2) / 4) > 15;
  const clamped = (x: number): number => Math.min(15, Math.max(0, Math.floor((x + 2) / 4)));
  return {
    name: 'requantise',
    parameters: 'two of one bit',
    inputs: times(2, -100, 160),
    build: (b, x) => [...x.map((one) => requantise(b, one, how)), b.clampedBit()],
    oracle: (x) => [...x.map(clamped), x.some(beyond) ? 1 : 0],
    // 20 above and 20 below: z − y is 5 and −5.
    edges: [
      [82, -22],
      [-22, 82],
      [82, 82],
      [30, 30],
      [30, -3],
      [62, 30],
    ],
  };
}

function argmaxGadget(n: number, lo: number, hi: number, last: boolean): Gadget {
  return {
    name: 'argmax',
    parameters: `${n} of [${lo}, ${hi}], ties ${last ? 'last' : 'first'}`,
    inputs: times(n, lo, hi),
    build: (b, x) => [argmax(b, x, { last })],
    oracle: (x) => [last ? x.lastIndexOf(Math.max(...x)) : x.indexOf(Math.max(...x))],
    edges: [Array.from({ length: n }, () => hi), Array.from({ length: n }, (_, i) => (i % 2 === 1 ? hi : lo))],
  };
}

export const gadgets: readonly Gadget[] = [
  rangeGadget(0, 1),
  rangeGadget(0, 255),
  rangeGadget(-128, 127),
  rangeGadget(-3, 3),
  rangeGadget(5, 5),
  rangeGadget(-1000, 3000),
  narrowedRange(0, 9, bounds(-20, 20)),
  narrowedRange(0, 9, bounds(0, 20)),
  narrowedRange(-4, 11, bounds(-20, 11)),
  narrowedRange(-4, 11, bounds(-20, 20)),
  narrowedRange(0, 0, bounds(0, 3)),
  narrowedRange(0, 0, bounds(-3, 3)),
  splitGadget([], [], false),
  splitGadget([0, 0], [], true),
  splitGadget([3, 4], [], false),
  splitGadget([2, 3, 1], [], true),
  splitGadget([2, 3, 1], [1], true),
  splitGadget([2, 4], [0, 1], false),
  nonZeroGadget(1),
  nonZeroGadget(2),
  nonZeroGadget(3),
  nonZeroGadget(7),
  tableGadget(1, bounds(0, 3)),
  tableGadget(2, bounds(0, 3)),
  tableGadget(8, bounds(0, 7)),
  tableGadget(8, bounds(-5, 15)),
  tableGadget(13, bounds(-2, 20)),
  tableGadget(32, bounds(0, 31), true),
  tableGadget(256, bounds(0, 255)),
  twoTables(),
  divideGadget(bounds(0, 60), bounds(1, 7)),
  divideGadget(bounds(0, 30), bounds(3, 3)),
  divideGadget(bounds(0, 255), bounds(8, 8)),
  divideGadget(bounds(20, 90), bounds(5, 12)),
  rootGadget(0, 1),
  rootGadget(0, 3),
  rootGadget(0, 99),
  rootGadget(0, 99, true),
  rootGadget(17, 300),
  rootGadget(0, 2 ** 20),
  requantiseGadget(-600, 700, { shift: 2, lo: 0, bits: 4 }),
  requantiseGadget(-600, 700, { shift: 2, lo: 0, bits: 4 }, true),
  requantiseGadget(-100, 120, { shift: 2, lo: -8, bits: 4 }),
  requantiseGadget(-64, 62, { shift: 1, lo: 0, bits: 4 }),
  requantiseGadget(-200, 40, { shift: 2, lo: 0, bits: 4 }),
  requantiseGadget(0, 250, { shift: 2, lo: 0, bits: 4 }),
  requantiseGadget(0, 60, { shift: 2, lo: 0, bits: 4 }),
  requantiseGadget(0, 60, { shift: 2, lo: 0, bits: 4 }, true),
  requantiseGadget(-40, 40, { shift: 0, lo: 0, bits: 3 }),
  requantiseGadget(-9, 12, { shift: 1, lo: 0, bits: 1 }),
  requantiseGadget(-30, 30, { shift: 0, lo: 0, bits: 2, ends: ends('refused', 'refused') }),
  requantiseGadget(-5000, 5000, { shift: 2, lo: 0, bits: 4, ends: ends('refused', 'refused') }),
  requantiseGadget(-5000, 5000, { shift: 2, lo: -8, bits: 4, ends: ends('refused', 'refused') }),
  requantiseGadget(-5000, 5000, { shift: 2, lo: 0, bits: 4, ends: ends('own', 'refused') }),
  requantiseGadget(-30, 5000, { shift: 2, lo: 0, bits: 4, ends: ends('own', 'refused') }),
  requantiseGadget(-300, 58, { shift: 2, lo: 0, bits: 4, ends: ends('own', 'refused') }),
  requantiseGadget(-600, 700, { shift: 2, lo: 0, bits: 4, ends: ends('refused', 'own') }),
  requantiseGadget(-40, 300, { shift: 0, lo: 0, bits: 4, ends: ends('own', 'refused') }),
  requantiseGadget(-10, 250, { shift: 2, lo: 0, bits: 4, ends: ends('refused', 'refused') }, true),
  requantiseGadget(-200, 40, { shift: 2, lo: 0, bits: 4, ends: ends('refused', 'refused') }),
  requantiseGadget(-30, 10, { shift: 2, lo: 0, bits: 4, ends: ends('refused', 'own') }),
  requantiseGadget(-600, 700, { shift: 2, lo: 0, bits: 4, ends: ends('counted', 'counted') }),
  requantiseGadget(-600, 700, { shift: 2, lo: 0, bits: 4, ends: ends('own', 'counted') }),
  requantiseGadget(-600, 700, { shift: 2, lo: 0, bits: 4, ends: ends('counted', 'own') }),
  requantiseGadget(-600, 700, { shift: 2, lo: 0, bits: 4, ends: ends('counted', 'refused') }),
  requantiseGadget(-600, 700, { shift: 2, lo: 0, bits: 4, ends: ends('refused', 'counted') }),
  requantiseGadget(-200, 40, { shift: 2, lo: 0, bits: 4, ends: ends('counted', 'counted') }),
  requantiseGadget(0, 250, { shift: 2, lo: 0, bits: 4, ends: ends('counted', 'counted') }),
  requantiseGadget(0, 60, { shift: 2, lo: 0, bits: 4, ends: ends('counted', 'counted') }, true),
  requantiseGadget(-40, 40, { shift: 0, lo: 0, bits: 3, ends: ends('counted', 'counted') }),
  requantiseGadget(-9, 12, { shift: 1, lo: 0, bits: 1, ends: ends('counted', 'counted') }),
  requantiseGadget(-50, 10, { shift: 2, lo: 0, bits: 4, ends: ends('counted', 'own') }),
  requantiseGadget(50, 200, { shift: 2, lo: 0, bits: 4, ends: ends('own', 'counted') }),
  requantiseGadget(-40, 300, { shift: 0, lo: 0, bits: 4, ends: ends('refused', 'counted') }),
  cancellingClamps(),
  requantiseGadget(-500, 40, { shift: 3, lo: 0, bits: 3 }),
  requantiseGadget(-20, 140, { shift: 0, lo: 0, bits: 8 }),
  requantiseGadget(-4000, 5000, { shift: 5, lo: -3, bits: 3 }),
  requantiseGadget(-(2 ** 36), 2 ** 36, { shift: 2, lo: 0, bits: 33 }),
  requantiseGadget(-(2 ** 36), 2 ** 36, { shift: 1, lo: -(2 ** 32), bits: 33 }),
  requantiseGadget(-(2 ** 36), 2 ** 36, { shift: 2, lo: 0, bits: 33, ends: ends('counted', 'counted') }),
  requantiseGadget(-(2 ** 36), 2 ** 36, { shift: 2, lo: 0, bits: 33, ends: ends('refused', 'counted') }),
  requantiseGadget(-(2 ** 36), 2 ** 36, { shift: 2, lo: 0, bits: 33, ends: ends('own', 'refused') }),
  requantiseGadget(-(2 ** 20), 2 ** 20, { shift: 10, lo: 0, bits: 8 }),
  requantiseGadget(-(2 ** 18), 2 ** 17, { shift: 10, lo: 0, bits: 8 }),
  {
    name: 'positive',
    parameters: '[-100, 90]',
    inputs: [bounds(-100, 90)],
    build: (b, [x]) => [positive(b, x!)],
    oracle: ([x]) => [Math.max(0, x!)],
  },
  signGadget(-100, 90),
  signGadget(-8, 7),
  signGadget(-300, 2),
  {
    name: 'positive',
    parameters: '[-7, 9] long',
    inputs: [bounds(-7, 9), ...times(4, 0, 1)],
    build: (b, x) => [positive(b, long(x))],
    oracle: (x) => [Math.max(0, longValue(x))],
  },
  {
    name: 'max',
    parameters: 'two of [-20, 20]',
    inputs: times(2, -20, 20),
    build: (b, [x, y]) => [max(b, x!, y!)],
    oracle: (x) => [Math.max(...x)],
    edges: [
      [3, 3],
      [-20, 20],
      [20, -20],
    ],
  },
  {
    name: 'max',
    parameters: 'of a long and a short',
    inputs: [bounds(-20, 20), ...times(5, 0, 1)],
    build: (b, x) => [max(b, long(x.slice(0, 5)), x[5]!)],
    oracle: (x) => [Math.max(longValue(x.slice(0, 5)), x[5]!)],
  },
  {
    name: 'maxOfMany',
    parameters: '4 of [0, 255]',
    inputs: times(4, 0, 255),
    build: (b, x) => [maxOfMany(b, x)],
    oracle: (x) => [Math.max(...x)],
  },
  {
    name: 'maxOfMany',
    parameters: '5 of uneven bounds',
    inputs: [bounds(-9, 9), bounds(0, 3), bounds(-2, -1), bounds(-30, 5), bounds(1, 2)],
    build: (b, x) => [maxOfMany(b, x)],
    oracle: (x) => [Math.max(...x)],
  },
  {
    name: 'max',
    parameters: 'of 23 bits',
    inputs: times(2, -(2 ** 22), 2 ** 22),
    build: (b, [x, y]) => [max(b, x!, y!)],
    oracle: (x) => [Math.max(...x)],
  },
  argmaxGadget(2, -3, 4, false),
  argmaxGadget(5, 0, 7, false),
  argmaxGadget(5, 0, 7, true),
  argmaxGadget(10, -128, 127, false),
  {
    name: 'sumOfProducts',
    parameters: '3 terms',
    layouts: 'same',
    inputs: times(6, -9, 9),
    build: (b, x) => [
      sumOfProducts(
        b,
        [0, 2, 4].map((i) => ({ left: x[i]!, right: x[i + 1]! })),
      ),
    ],
    oracle: (x) => [x[0]! * x[1]! + x[2]! * x[3]! + x[4]! * x[5]! + 0],
  },
  {
    name: 'sumOfProducts',
    parameters: 'a square and a long factor',
    layouts: 'same',
    inputs: [bounds(-9, 9), ...times(4, 0, 1)],
    build: (b, x) => [
      sumOfProducts(b, [
        { left: x[0]!, right: x[0]! },
        { left: long(x), right: x[1]! },
      ]),
    ],
    oracle: (x) => [x[0]! ** 2 + longValue(x) * x[1]! + 0],
  },
  {
    name: 'materialise',
    parameters: '5 terms',
    layouts: 'same',
    inputs: [bounds(-20, 20), ...times(4, 0, 1)],
    build: (b, x) => [b.materialise(long(x))],
    oracle: (x) => [longValue(x)],
  },
  {
    name: 'poseidon',
    parameters: '2 inputs',
    layouts: 'same',
    inputs: times(2, 0, 1000),
    build: (b, x) => [b.fieldLinear(poseidonCircuit(b, x.map(toField)))],
    oracle: (x) => [poseidonChain(x.map(BigInt))],
  },
];
