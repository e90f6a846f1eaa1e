/**
 * The witness program: how to compute every wire of a circuit from its inputs. `compile` emits it, `prove` interprets it, and neither
 * the model nor the IR is needed. Instructions are words of an Int32Array; operands refer to linear combinations that are sides of
 * constraint rows (so a dense layer's weights are stored once) or rows of the extra matrix H ("hint" inputs).
 * The register holds what an instruction leaves for those after it: a value whose range limbs and lookups prove.
 */
import type { Origins } from './origins.js';
import type { R1cs, SparseMatrix } from './r1cs.js';
import type { Rounds } from './rounds.js';

/** Which matrix an operand's row is in; or the register, whose row is 0. */
export const Side = { A: 0, B: 1, C: 2, H: 3, Register: 4 } as const;

/**
 * Names and numbers of the opcodes; a number is never given twice, files keep it for ever. What each one is stands in tables over these names,
 * which the compiler holds complete: `instructions` (instructions.ts: operands, register, solving) and the harness's (circuits/attack).
 */
export const Opcode = {
  Linear: 1,
  Product: 2,
  Bits: 3,
  NonZero: 4,
  Divide: 5,
  FieldLinear: 6,
  FieldProduct: 7,
  ProductPlus: 8,
  Limb: 9,
  Load: 10,
  Reflect: 11,
  Lookup: 12,
  Evaluate: 13,
  Quotient: 14,
  Parts: 15,
  NonZeroSum: 16,
  Below: 17,
  Root: 18,
} as const;

export type OpcodeName = keyof typeof Opcode;

/** Kinds of operands, and how many words each takes. */
export const OPERAND_WORDS = {
  /** A wire that the instruction sets. */
  out: 1,
  /** Such a wire, or 0 for none. */
  part: 1,
  /** First wire and count of wires that it sets. */
  run: 2,
  /** A bit position, 0 to 64. */
  shift: 1,
  /** Any number that is not negative. */
  word: 1,
  /** An index of the program's layers. */
  layer: 1,
  lookup: 1,
  /** Side A, B, C or H, and row: the combination there. */
  row: 2,
  /** The same, or the register. */
  value: 2,
  /** The register, which is not written. */
  register: 0,
} as const;

export type OperandKind = keyof typeof OPERAND_WORDS;

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
  /** Of the schema that it was compiled for, "0x…"; circuits of earlier versions do not say. */
  readonly schemaDigest?: string;
  /** Where its rows come from; artifacts of earlier versions do not say. */
  readonly origins?: Origins;
}

export type TwoRoundCircuit = Circuit & { readonly rounds: Rounds };
