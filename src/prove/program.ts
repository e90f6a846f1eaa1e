/**
 * The witness program: how to compute every wire of a circuit from its inputs. `compile` emits it, `prove` interprets it, and neither
 * the model nor the IR is needed. Instructions are words of an Int32Array; operands refer to linear combinations that are sides of
 * constraint rows (so a dense layer's weights are stored once) or rows of the extra matrix H ("hint" inputs).
 */
import type { R1cs, SparseMatrix } from '../../circuits/r1cs.js';
import type { Rounds } from '../../circuits/rounds.js';

/** Which matrix an operand's row is in. */
export const Side = { A: 0, B: 1, C: 2, H: 3 } as const;

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
} as const;

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
