/**
 * What the harness does with each opcode: how a prover follows it honestly from values that may be lies, and which wires in it a prover chooses
 * freely, with the lies worth telling about them. Nothing here is shared with the solver.
 */
import { inverse, mod, R, signed } from '../../src/field/bn254.js';
import type { FieldOpcode } from '../../src/constraint/instructions.js';
import type { Circuit, OpcodeName } from '../../src/constraint/program.js';

/** (r − 1) / 2, the largest positive signed value. */
export const HALF = (R - 1n) / 2n;

/** Value of an operand for a full assignment. */
export type Operand = (values: readonly bigint[]) => bigint;

/** An instruction as a function from the values so far to the wires it writes. */
export type Step = (values: readonly bigint[]) => readonly (readonly [wire: number, value: bigint])[];

/** Values for some wires, and in words what they are. */
export interface Lie {
  readonly how: string;
  readonly overrides: Map<number, bigint>;
}

/** Wires whose values a prover chooses freely, as one instruction gives them. */
export interface Hint {
  readonly name: string;
  readonly wires: readonly number[];
  /** Lies about several of the wires at once, or made from the operands; plausible values of each single wire are tried anyway. */
  readonly lies: (honest: readonly bigint[], random: () => bigint) => Iterable<Lie>;
  /** Wires that may have any value in this assignment, because nothing depends on them. */
  readonly free?: (values: readonly bigint[]) => readonly number[];
}

/** One instruction of a program, its words counted from 1: word 0 is the opcode. */
export interface Decoded {
  readonly circuit: Circuit;
  /** Where the register is kept among the values. */
  readonly register: number;
  word(i: number): number;
  /** The operand whose two words are at i; without its wires from `fresh` on, where that is given. */
  operand(i: number, fresh?: number): Operand;
}

/** What the harness knows of one opcode; nothing is left to a default. */
interface Attacked {
  /** Computes what the instruction sets, from any values; never refuses. */
  readonly follow: (at: Decoded) => Step;
  /** Undefined where the row that the instruction belongs to leaves nothing to choose. */
  readonly hint: (at: Decoded) => Hint | undefined;
}

const determined = (): undefined => undefined;
const noLies = (): readonly Lie[] => [];

function linear(at: Decoded): Step {
  const [out, of] = [at.word(1), at.operand(2)];
  return (values) => [[out, of(values)]];
}

function product(at: Decoded): Step {
  const [out, left, right] = [at.word(1), at.operand(2), at.operand(4)];
  return (values) => [[out, left(values) * right(values)]];
}

const bitWires = (at: Decoded): number[] => Array.from({ length: at.word(2) }, (_, i) => at.word(1) + i);

/** Of a QUOTIENT: the clamped value, and what is above and below where these have wires. */
const quotientParts = (at: Decoded): number[] => [at.word(1), at.word(2), at.word(3)].filter((wire) => wire !== 0);

/** floor(√n) by Newton's iteration from above; 0 where n is negative. */
export function floorRoot(n: bigint): bigint {
  if (n < 2n) return n < 0n ? 0n : n;
  let [root, next] = [n, (n + 1n) / 2n];
  while (next < root) [root, next] = [next, (next + n / next) / 2n];
  return root;
}

export const attacked = {
  Linear: { follow: linear, hint: determined },
  FieldLinear: { follow: linear, hint: determined },
  Product: { follow: product, hint: determined },
  FieldProduct: { follow: product, hint: determined },
  ProductPlus: {
    follow(at) {
      const [out, left, right, addend] = [at.word(1), at.operand(2), at.operand(4), at.operand(6)];
      return (values) => [[out, left(values) * right(values) + addend(values)]];
    },
    hint: determined,
  },
  Bits: {
    follow(at) {
      const [wires, skip, of] = [bitWires(at), BigInt(at.word(3)), at.operand(6)];
      return (values) => wires.map((wire, i) => [wire, (of(values) >> (skip + BigInt(i))) & 1n]);
    },
    hint(at) {
      const wires = bitWires(at);
      return { name: 'bits', wires, lies: (honest) => liesAboutBits(wires, honest) };
    },
  },
  Limb: {
    follow(at) {
      const [out, skip, mask, of] = [at.word(1), BigInt(at.word(2)), (1n << BigInt(at.word(3))) - 1n, at.operand(4)];
      return (values) => [[out, (of(values) >> skip) & mask]];
    },
    hint: (at) => ({ name: 'limb', wires: [at.word(1)], lies: noLies }),
  },
  NonZero: {
    follow(at) {
      const [inverted, flag, of] = [at.word(1), at.word(2), at.operand(3)];
      return (values) => {
        const x = of(values);
        return [
          [inverted, x === 0n ? 0n : inverse(x)],
          [flag, x === 0n ? 0n : 1n],
        ];
      };
    },
    hint(at) {
      const [inverted, flag, of] = [at.word(1), at.word(2), at.operand(3)];
      return {
        name: 'nonZero',
        wires: [inverted, flag],
        lies: (honest, random) => flippedFlags(inverted, flag, of(honest), honest, random),
        // The one freedom of our gadgets: docs/soundness.md, "Not zero".
        free: (values) => (of(values) === 0n ? [inverted] : []),
      };
    },
  },
  Divide: {
    follow(at) {
      const [quotient, remainder, n, d] = [at.word(1), at.word(2), at.operand(3), at.operand(5)];
      return (values) => {
        const [numerator, denominator] = [signed(n(values)), signed(d(values))];
        const q = denominator === 0n ? 0n : numerator / denominator;
        return [
          [quotient, q],
          [remainder, numerator - q * denominator],
        ];
      };
    },
    hint(at) {
      const [quotient, remainder, d] = [at.word(1), at.word(2), at.operand(5)];
      const lies = (honest: readonly bigint[]): Lie[] =>
        [1n, -1n].map((step) => ({
          how: 'quotient and remainder shifted together',
          overrides: new Map([
            [quotient, honest[quotient]! + step],
            [remainder, honest[remainder]! - step * d(honest)],
          ]),
        }));
      return { name: 'divide', wires: [quotient, remainder], lies };
    },
  },
  Root: {
    follow(at) {
      const [root, of] = [at.word(1), at.operand(2)];
      return (values) => [[root, floorRoot(signed(of(values)))]];
    },
    hint(at) {
      const wire = at.word(1);
      const lies = (honest: readonly bigint[]): Lie[] =>
        [honest[wire]! + 1n, honest[wire]! - 1n, -honest[wire]!].map((root) => ({
          how: 'a neighbour of the root, or its negative',
          overrides: new Map([[wire, root]]),
        }));
      return { name: 'root', wires: [wire], lies };
    },
  },
  Load: {
    follow(at) {
      const of = at.operand(3);
      return (values) => [[at.register, of(values)]];
    },
    hint: determined,
  },
  Reflect: {
    follow(at) {
      const of = at.operand(1);
      return (values) => [[at.register, of(values) - values[at.register]!]];
    },
    hint: determined,
  },
  // Memberships are ideal here, multiplicities are no wires of the system.
  Lookup: { follow: () => () => [], hint: determined },
  Evaluate: {
    follow(at) {
      const [out, of] = [at.word(1), at.operand(4)];
      const { tables, lookupTable } = at.circuit.rounds!;
      const { values: column } = tables[lookupTable[at.word(2)]!]!;
      return (values) => [[out, BigInt(column?.[Number(of(values))] ?? 0)]];
    },
    hint: (at) => ({ name: 'evaluate', wires: [at.word(1)], lies: noLies }),
  },
  Quotient: {
    follow(at) {
      const [y, above, below] = [at.word(1), at.word(2), at.word(3)];
      const [shift, top, of] = [BigInt(at.word(4)), BigInt(at.word(5)), at.operand(7, y)];
      return (values) => {
        const x = signed(of(values));
        const v = x >> shift;
        // Where the case has no wire the interpreter refuses; a liar lets y be v.
        const p = above !== 0 && v > top ? v - top : 0n;
        const n = below !== 0 && v < 0n ? -v : 0n;
        const wires = [
          [y, v - p + n],
          [above, p],
          [below, n],
        ] as const;
        return [...wires.filter(([wire]) => wire !== 0), [at.register, x - (v << shift)]];
      };
    },
    hint(at) {
      const [parts, shift] = [quotientParts(at), at.word(4)];
      return { name: 'quotient', wires: parts, lies: (honest) => liesAboutQuotient(parts, shift, honest) };
    },
  },
  Parts: {
    follow(at) {
      const [positive, of] = [at.word(1), at.operand(4, at.word(1))];
      return (values) => {
        const x = signed(of(values));
        return [
          [positive, x > 0n ? x : 0n],
          [at.register, x > 0n ? x : -x],
        ];
      };
    },
    hint(at) {
      const [positive, of] = [at.word(1), at.operand(4, at.word(1))];
      const lies = (honest: readonly bigint[]): Lie[] => {
        const x = of(honest);
        return [x, -x, x * inverse(2n)].map((value) => ({
          how: 'another part of x',
          overrides: new Map([[positive, mod(value)]]),
        }));
      };
      return { name: 'parts', wires: [positive], lies };
    },
  },
  NonZeroSum: {
    follow(at) {
      const [sum, inverted, flag, of] = [at.word(1), at.word(2), at.word(3), at.operand(4)];
      return (values) => {
        const x = of(values);
        return [
          [sum, x],
          [inverted, x === 0n ? 0n : inverse(x)],
          [flag, x === 0n ? 0n : 1n],
        ];
      };
    },
    hint(at) {
      const [sum, inverted, flag, of] = [at.word(1), at.word(2), at.word(3), at.operand(4)];
      return {
        name: 'nonZeroSum',
        wires: [sum, inverted, flag],
        *lies(honest, random) {
          yield* flippedFlags(inverted, flag, of(honest), honest, random);
          yield* otherSums(sum, inverted, flag, of(honest));
        },
        free: (values) => (of(values) === 0n ? [inverted] : []),
      };
    },
  },
  // A liar goes on: what refuses is the row.
  Below: { follow: () => () => [], hint: determined },
} satisfies { readonly [O in OpcodeName]: Attacked };

/** Opcodes of round 2, from the values of their rows. */
export const attackedRoundTwo = {
  FieldLinear: ([x]) => x!,
  FieldProduct: ([left, right]) => mod(left! * right!),
} satisfies { readonly [O in FieldOpcode]: (rows: readonly bigint[]) => bigint };

function* liesAboutBits(wires: readonly number[], honest: readonly bigint[]): Generator<Lie> {
  yield { how: 'the bits of v + r', overrides: otherDecomposition(wires, honest) };
  for (let i = 0; i + 1 < wires.length; i++) {
    const [low, high] = [wires[i]!, wires[i + 1]!];
    for (const carry of [1n, -1n]) {
      const overrides = new Map([
        [low, honest[low]! + 2n * carry],
        [high, honest[high]! - carry],
      ]);
      yield { how: `a carry between wires ${low} and ${high}`, overrides };
    }
  }
}

/** Low bits of v + r in place of those of v. */
function otherDecomposition(wires: readonly number[], honest: readonly bigint[]): Map<number, bigint> {
  const value = wires.reduce((sum, wire, i) => sum + (honest[wire]! << BigInt(i)), R);
  return new Map(wires.map((wire, i) => [wire, (value >> BigInt(i)) & 1n]));
}

function* flippedFlags(
  inverted: number,
  flag: number,
  x: bigint,
  honest: readonly bigint[],
  random: () => bigint,
): Generator<Lie> {
  for (const value of [1n - honest[flag]!, 2n, HALF]) {
    const inv = x === 0n ? random() : value * inverse(x);
    yield {
      how: 'the flag flipped with its inverse',
      overrides: new Map([
        [flag, value],
        [inverted, inv],
      ]),
    };
  }
}

/** A sum of the liar's choice, with the inverse and flag that belong to it. */
function* otherSums(sum: number, inverted: number, flag: number, x: bigint): Generator<Lie> {
  for (const value of [0n, 1n, mod(-x), x + 1n]) {
    yield {
      how: 'another sum, with its inverse and flag',
      overrides: new Map([
        [sum, value],
        [inverted, mod(value) === 0n ? 0n : inverse(mod(value))],
        [flag, mod(value) === 0n ? 0n : 1n],
      ]),
    };
  }
}

/** v = y + p − n: all of it in one part, steps that keep v, and fractions that move the remainder by a whole number. */
function* liesAboutQuotient(parts: readonly number[], shift: number, honest: readonly bigint[]): Generator<Lie> {
  const fraction = inverse(1n << BigInt(shift));
  for (const [i, wire] of parts.entries()) {
    for (const k of [1n, -1n, 3n]) {
      const value = mod(honest[wire]! + k * fraction);
      yield { how: `a fraction in wire ${wire}`, overrides: new Map([[wire, value]]) };
    }
    for (const other of parts.slice(i + 1)) {
      for (const [d, e] of [
        [1n, 1n],
        [1n, -1n],
        [-1n, 1n],
        [-1n, -1n],
        [honest[other]!, -honest[other]!],
        [-honest[wire]!, honest[wire]!],
        [-honest[wire]!, -honest[wire]!],
      ] as const) {
        const overrides = new Map([
          [wire, mod(honest[wire]! + d)],
          [other, mod(honest[other]! + e)],
        ]);
        yield { how: `wires ${wire} and ${other} shifted together`, overrides };
      }
    }
  }
}
