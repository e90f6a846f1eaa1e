/**
 * The witness program: how to compute every wire of a circuit from its inputs. `compile` emits it, `prove` interprets it, and neither
 * the model nor the IR is needed. Instructions are words of an Int32Array; operands refer to linear combinations that are sides of
 * constraint rows (so a dense layer's weights are stored once) or rows of the extra matrix H ("hint" inputs).
 */
import type { R1cs, SparseMatrix } from '../../circuits/r1cs.js';
import type { Rounds } from '../../circuits/rounds.js';

/** Which matrix an operand's row is in; or the register, whose row is 0. */
export const Side = { A: 0, B: 1, C: 2, H: 3, Register: 4 } as const;

/**
 * Instruction = [opcode, ...operands]. `ref` is two words: side, row. Values are exact float64 integers unless the opcode says field.
 */
export const Opcode = {
  /** [LINEAR, out, ref]: w[out] = ref. */
  Linear: 1,
  /** [PRODUCT, out, refLeft, refRight]: w[out] = left·right. */
  Product: 2,
  /**
   * [BITS, first, count, skip, width, layer, ref]: w[first + i] = bit skip + i of ref, i < count;
   * ref outside [0, 2^width) is RANGE_EXCEEDED in that layer. width ≤ 52; count may be 0 (the check alone).
   */
  Bits: 3,
  /** [NONZERO, inverse, flag, ref]: inverse = 1/ref in the field (0 for 0), flag = ref ≠ 0. */
  NonZero: 4,
  /** [DIVIDE, quotient, remainder, refNumerator, refDenominator]. */
  Divide: 5,
  /** [FIELD_LINEAR, out, ref], [FIELD_PRODUCT, out, refLeft, refRight]: the same over full-width field elements. */
  FieldLinear: 6,
  FieldProduct: 7,
  /** [PRODUCT_PLUS, out, refLeft, refRight, refAddend]: w[out] = left·right + addend. */
  ProductPlus: 8,
  /** [LIMB, out, skip, width, ref]: w[out] = floor(ref / 2^skip) mod 2^width; ref non-negative (a BITS of the same ref has checked it). */
  Limb: 9,

  // Of circuits with lookups. They run before the challenges are drawn, which then count as 0. `ref*` leaves out the wires from the
  // instruction's first output on: a row may hold wires that the instruction is about to set.

  /** [LOAD, width, layer, ref]: register = ref; outside [0, 2^width) is RANGE_EXCEEDED. */
  Load: 10,
  /** [REFLECT, ref]: register = ref − register. */
  Reflect: 11,
  /** [LOOKUP, lookup, skip, width, layer, ref]: the lookup's table row is floor(ref / 2^skip) mod 2^width; beyond the table is RANGE_EXCEEDED. */
  Lookup: 12,
  /** [EVALUATE, out, lookup, layer, ref]: the lookup's table row is ref, w[out] = values[ref] of its table; beyond it is RANGE_EXCEEDED. */
  Evaluate: 13,
  /**
   * [QUOTIENT, y, above, below, shift, top, layer, ref*]: v = floor(ref / 2^shift), register = ref − v·2^shift, w[y] = clamp(v, 0, top),
   * w[above] = max(v − top, 0), w[below] = max(−v, 0). `above` or `below` 0: there is no such wire, and the case is RANGE_EXCEEDED.
   */
  Quotient: 14,
  /** [PARTS, positive, width, layer, ref*]: w[positive] = max(ref, 0), register = |ref|; |ref| ≥ 2^width is RANGE_EXCEEDED. */
  Parts: 15,
} as const;

/**
 * What the operands of an instruction are: `out` a wire that it sets, `part` such a wire or 0, `run` first wire and count, `shift` a bit
 * position, `word` any number that is not negative, `layer` an index of the program's layers, `lookup` a lookup, `ref` side and row.
 */
export type OperandKind = 'out' | 'part' | 'run' | 'shift' | 'word' | 'layer' | 'lookup' | 'ref';

export const INSTRUCTIONS = {
  Linear: ['out', 'ref'],
  Product: ['out', 'ref', 'ref'],
  Bits: ['run', 'shift', 'shift', 'layer', 'ref'],
  NonZero: ['out', 'out', 'ref'],
  Divide: ['out', 'out', 'ref', 'ref'],
  FieldLinear: ['out', 'ref'],
  FieldProduct: ['out', 'ref', 'ref'],
  ProductPlus: ['out', 'ref', 'ref', 'ref'],
  Limb: ['out', 'shift', 'shift', 'ref'],
  Load: ['shift', 'layer', 'ref'],
  Reflect: ['ref'],
  Lookup: ['lookup', 'shift', 'shift', 'layer', 'ref'],
  Evaluate: ['out', 'lookup', 'layer', 'ref'],
  Quotient: ['out', 'part', 'part', 'shift', 'word', 'layer', 'ref'],
  Parts: ['out', 'shift', 'layer', 'ref'],
} as const satisfies Record<keyof typeof Opcode, readonly OperandKind[]>;

const BY_OPCODE = new Map<number, readonly OperandKind[]>(
  Object.entries(Opcode).map(([name, code]) => [code, INSTRUCTIONS[name as keyof typeof Opcode]]),
);

/** The operands of an opcode; undefined for none. */
export function operandsOf(opcode: number): readonly OperandKind[] | undefined {
  return BY_OPCODE.get(opcode);
}

/** Words that an operand takes. */
export const operandWords = (kind: OperandKind): number => (kind === 'run' || kind === 'ref' ? 2 : 1);

/** The instructions that compute every wire from the inputs. */
export interface WitnessProgram {
  readonly code: Int32Array;
  readonly hints: SparseMatrix;
  /** Layer names for messages; BITS refers to them. */
  readonly layers: readonly string[];
}

/** A tensor the program reads: element i goes to wire first + i. */
export interface InputBinding {
  readonly name: string;
  readonly first: number;
  readonly count: number;
}

/** An output tensor: element i is row `first + i` of H. */
export interface OutputBinding {
  readonly name: string;
  readonly first: number;
  readonly count: number;
}

/** Everything `prove` needs: constraints, witness program, where values enter and leave. */
export interface Circuit {
  readonly r1cs: R1cs;
  readonly program: WitnessProgram;
  readonly inputs: readonly InputBinding[];
  readonly outputs: readonly OutputBinding[];
  /** Wires of the commitments' salts, by tensor name. */
  readonly salts: readonly { readonly name: string; readonly wire: number }[];
  /** Of a circuit for `mirage`; a plain Groth16 circuit has one round. */
  readonly rounds?: Rounds;
  /** Constraints by layer, in order. */
  readonly layers: readonly { readonly name: string; readonly op: string; readonly constraints: number }[];
}

export type TwoRoundCircuit = Circuit & { readonly rounds: Rounds };
