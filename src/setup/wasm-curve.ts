/**
 * ffjavascript's BN254 as functions on addresses of one WebAssembly memory. Only for worker threads of our pools: importing
 * ffjavascript anywhere else starts its own workers' machinery.
 *
 * F_r elements are 32 bytes; `frm` functions take and give Montgomery form. Affine points are two coordinates, Jacobian three.
 */
import { buildBn128, type Bn128 } from 'ffjavascript';

type Unary = (input: number, output: number) => void;
type Binary = (left: number, right: number, output: number) => void;
type Batch = (input: number, count: number, output: number) => void;

export interface FieldFunctions {
  readonly add: Binary;
  readonly sub: Binary;
  readonly mul: Binary;
  readonly inverse: Unary;
  readonly isZero: (address: number) => number;
  readonly toMontgomery: Unary;
  readonly batchFromMontgomery: Batch;
  /** Zeros stay zero. Steps are bytes between elements. */
  readonly batchInverse: (input: number, inputStep: number, count: number, output: number, outputStep: number) => void;
}

export interface GroupFunctions {
  readonly affineBytes: number;
  readonly jacobianBytes: number;
  /** Address of the generator, Jacobian with Z = 1: its first `affineBytes` are the affine point. */
  readonly generator: number;
  readonly zero: (output: number) => void;
  readonly copy: Unary;
  /** Jacobian plus, minus affine. */
  readonly addMixed: Binary;
  readonly subMixed: Binary;
  readonly doubleAffine: Unary;
  readonly toAffine: Unary;
  readonly batchToAffine: Batch;
  /** Affine Montgomery little-endian to affine canonical big-endian, as snarkjs hashes points. */
  readonly batchToUncompressed: Batch;
  readonly isOnCurve: (affine: number) => number;
}

const PAGE_BYTES = 65_536;

export class WasmCurve {
  readonly fr: FieldFunctions;
  readonly g1: GroupFunctions;
  readonly g2: GroupFunctions;
  /** End of what the innermost scope has used. */
  private used = 0;

  private constructor(private readonly curve: Bn128) {
    const { pG1gen, pG2gen } = curve.tm;
    this.fr = {
      add: this.export('frm_add'),
      sub: this.export('frm_sub'),
      mul: this.export('frm_mul'),
      inverse: this.export('frm_inverse'),
      isZero: this.export('frm_isZero'),
      toMontgomery: this.export('frm_toMontgomery'),
      batchFromMontgomery: this.export('frm_batchFromMontgomery'),
      batchInverse: this.export('frm_batchInverse'),
    };
    this.g1 = this.group('g1m', 64, pG1gen);
    this.g2 = this.group('g2m', 128, pG2gen);
  }

  static async create(): Promise<WasmCurve> {
    return new WasmCurve(await buildBn128(true));
  }

  /** The whole memory. Growing invalidates earlier views: ask again after `allocate` and `reserve`. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.curve.tm.memory.buffer);
  }

  get words(): Uint32Array {
    return new Uint32Array(this.curve.tm.memory.buffer);
  }

  /** `size` bytes, zeroed, at an address divisible by 8. */
  allocate(size: number): number {
    const address = Math.ceil(this.words[0]! / 8) * 8;
    this.grow(address + size);
    this.words[0] = address + size;
    this.bytes.fill(0, address, address + size);
    return address;
  }

  /** Makes room beyond the allocations for what the batch functions allocate themselves. */
  reserve(size: number): void {
    this.grow(this.words[0]! + size);
  }

  /** Runs `use`, then zeroes and frees everything it allocated. */
  scoped<T>(use: () => T): T {
    const start = this.words[0]!;
    const outer = this.used;
    this.used = start;
    try {
      return use();
    } finally {
      this.bytes.fill(0, start, this.used);
      this.words[0] = start;
      this.used = Math.max(outer, start);
    }
  }

  /** e(g1, g2) as snarkjs writes it, numbers as bigint. Points affine, in Montgomery form. */
  pairing(g1: Uint8Array, g2: Uint8Array): unknown {
    return this.curve.Gt.toObject(this.curve.pairing(g1, g2));
  }

  private grow(end: number): void {
    const { memory } = this.curve.tm;
    const missing = end - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.used = Math.max(this.used, end);
  }

  private group(prefix: string, affineBytes: number, generator: number): GroupFunctions {
    return {
      affineBytes,
      jacobianBytes: (affineBytes * 3) / 2,
      generator,
      zero: this.export(`${prefix}_zero`),
      copy: this.export(`${prefix}_copy`),
      addMixed: this.export(`${prefix}_addMixed`),
      subMixed: this.export(`${prefix}_subMixed`),
      doubleAffine: this.export(`${prefix}_doubleAffine`),
      toAffine: this.export(`${prefix}_toAffine`),
      batchToAffine: this.export(`${prefix}_batchToAffine`),
      batchToUncompressed: this.export(`${prefix}_batchLEMtoU`),
      isOnCurve: this.export(`${prefix}_inCurveAffine`),
    };
  }

  private export<F extends (...operands: number[]) => unknown>(name: string): F {
    return this.curve.tm.instance.exports[name]! as F;
  }
}
