/**
 * The polynomials of a constraint system at the trapdoor τ (Groth16, proof-system notation):
 * A_j(τ) = Σ_i A_ij L_i(τ), likewise B and C, K_j = β·A_j + α·B_j + C_j, for the Lagrange basis L_i of the N-th roots of unity,
 * after adding the rows m + s, s = 0 … nPublic, that hold a 1 at wire s of A and bind the public wires.
 *
 * Everything runs on ffjavascript's field functions in wasm memory; time and memory are linear in rows, wires and coefficients.
 */
import { BIG_COEF_BASE, type SparseMatrix } from '../../circuits/r1cs.js';
import { invariant } from '../errors.js';
import { rootOfUnity, R } from '../field/bn254.js';
import { FIELD_WORDS, wordsOf } from '../formats/coefficients.js';
import type { ZkeyShape } from '../formats/zkey-file.js';
import { SCALAR_BYTES, scalarLayout, type EvaluationSystem, type ScalarLayout, type ScalarRange } from './tasks.js';
import type { FieldFunctions, WasmCurve } from './wasm-curve.js';

/** Reads τ, α, β, δ from the shared memory and fills the ranges of `scalarLayout`. Leaves no secret in the wasm memory. */
export function evaluateAtTrapdoor(
  curve: WasmCurve,
  system: EvaluationSystem,
  shape: ZkeyShape,
  scalars: SharedArrayBuffer,
): void {
  curve.scoped(() => {
    new Evaluation(curve, system, shape, scalars).run();
  });
}

class Evaluation {
  private readonly fr: FieldFunctions;
  private readonly layout: ScalarLayout;
  private readonly shared: Uint8Array;
  private readonly tau: number;
  private readonly alpha: number;
  private readonly beta: number;
  private readonly deltaInverse: number;
  private readonly one: number;
  private readonly scratch: number;
  /** N elements: L_i(τ), later other lists of that length. */
  private readonly domain: number;

  constructor(
    private readonly curve: WasmCurve,
    private readonly system: EvaluationSystem,
    private readonly shape: ZkeyShape,
    scalars: SharedArrayBuffer,
  ) {
    this.fr = curve.fr;
    this.layout = scalarLayout(shape).layout;
    this.shared = new Uint8Array(scalars);
    [this.tau, this.alpha, this.beta, this.deltaInverse] = this.loadTrapdoor();
    this.one = this.constant(1n);
    this.scratch = curve.allocate(SCALAR_BYTES);
    this.domain = curve.allocate(shape.domainSize * SCALAR_BYTES);
  }

  run(): void {
    this.lagrange(rootOfUnity(Math.log2(this.shape.domainSize)), 1n, this.shape.domainSize, this.one);
    this.wirePolynomials();
    this.oddLagrange();
    this.vanishingPowers();
  }

  private loadTrapdoor(): [number, number, number, number] {
    const first = this.layout.trapdoor.first * SCALAR_BYTES;
    const [tau, alpha, beta, delta] = [0, 1, 2, 3].map((i) => {
      const address = this.curve.allocate(SCALAR_BYTES);
      this.curve.bytes.set(this.shared.subarray(first + i * SCALAR_BYTES, first + (i + 1) * SCALAR_BYTES), address);
      this.fr.toMontgomery(address, address);
      return address;
    }) as [number, number, number, number];
    this.fr.inverse(delta, delta);
    return [tau, alpha, beta, delta];
  }

  /** Address of a constant, Montgomery form. */
  private constant(value: bigint): number {
    const address = this.curve.allocate(SCALAR_BYTES);
    this.curve.words.set(wordsOf(value), address / 4);
    this.fr.toMontgomery(address, address);
    return address;
  }

  /** τ^(2^k) − 1 at a new address. */
  private vanishing(k: number): number {
    const address = this.curve.allocate(SCALAR_BYTES);
    this.curve.bytes.copyWithin(address, this.tau, this.tau + SCALAR_BYTES);
    for (let i = 0; i < k; i++) this.fr.mul(address, address, address);
    this.fr.sub(address, this.one, address);
    // Happens with probability below 2^-225; the key would be useless.
    invariant(this.fr.isZero(address) === 0, 'τ is a root of unity: run setup again');
    return address;
  }

  /**
   * Fills `domain` with factor·L_x(τ) for x = start·root^i, i < N, where L_x belongs to the subgroup of `order` elements that has x:
   * L_x(τ) = (τ^order − 1)/order · x/(τ − x).
   */
  private lagrange(root: bigint, start: bigint, order: number, factor: number): void {
    const { curve, fr, domain, shape } = this;
    const count = shape.domainSize;
    const step = this.constant(root);
    const x = this.constant(start);
    for (let i = 0; i < count; i++) {
      fr.sub(this.tau, x, domain + i * SCALAR_BYTES);
      fr.mul(x, step, x);
    }
    curve.reserve((count + 2) * SCALAR_BYTES);
    fr.batchInverse(domain, SCALAR_BYTES, count, domain, SCALAR_BYTES);
    const scale = this.vanishing(Math.log2(order));
    const orderInverse = this.constant(BigInt(order));
    fr.inverse(orderInverse, orderInverse);
    fr.mul(scale, orderInverse, scale);
    fr.mul(scale, factor, scale);
    fr.mul(scale, this.constant(start), scale);
    for (let i = 0; i < count; i++) {
      fr.mul(domain + i * SCALAR_BYTES, scale, domain + i * SCALAR_BYTES);
      fr.mul(scale, step, scale);
    }
  }

  /** Ranges a, b, c and ic. */
  private wirePolynomials(): void {
    const { curve, fr, system, shape, layout } = this;
    const [a, b, k] = [0, 1, 2].map(() => curve.allocate(shape.nVars * SCALAR_BYTES)) as [number, number, number];
    const bigCoefs = curve.allocate(4 * system.bigCoefs.length);
    curve.words.set(system.bigCoefs, bigCoefs / 4);
    this.accumulate(system.a, a, bigCoefs);
    this.accumulate(system.b, b, bigCoefs);
    this.accumulate(system.c, k, bigCoefs);
    for (let s = 0; s <= shape.nPublic; s++) {
      const wire = a + s * SCALAR_BYTES;
      fr.add(wire, this.domain + (system.nConstraints + s) * SCALAR_BYTES, wire);
    }
    for (let j = 0; j < shape.nVars; j++) {
      const at = j * SCALAR_BYTES;
      fr.mul(this.beta, a + at, this.scratch);
      fr.add(k + at, this.scratch, k + at);
      fr.mul(this.alpha, b + at, this.scratch);
      fr.add(k + at, this.scratch, k + at);
      if (j > shape.nPublic) fr.mul(k + at, this.deltaInverse, k + at);
    }
    this.store(k, layout.ic);
    this.store(k + layout.ic.count * SCALAR_BYTES, layout.c);
    this.store(a, layout.a);
    this.store(b, layout.b);
  }

  /** sums[j] += Σ_i M_ij·L_i(τ). */
  private accumulate({ rowStart, wires, coefs }: SparseMatrix, sums: number, bigCoefs: number): void {
    const { fr, curve, scratch } = this;
    const weight = curve.allocate(SCALAR_BYTES);
    const small = curve.allocate(SCALAR_BYTES);
    const rSquared = curve.allocate(SCALAR_BYTES);
    curve.words.set(wordsOf((1n << 512n) % R), rSquared / 4);
    const words = curve.words;
    for (let row = 0; row < this.system.nConstraints; row++) {
      const basis = this.domain + row * SCALAR_BYTES;
      // L·2^256 once more, so that the Montgomery product with a coefficient in plain form is coefficient·L in Montgomery form.
      fr.mul(basis, rSquared, weight);
      for (let k = rowStart[row]!; k < rowStart[row + 1]!; k++) {
        const sum = sums + wires[k]! * SCALAR_BYTES;
        const coef = coefs[k]!;
        if (coef === 1) fr.add(sum, basis, sum);
        else if (coef === -1) fr.sub(sum, basis, sum);
        else if (coef >= BIG_COEF_BASE) {
          fr.mul(weight, bigCoefs + ((coef - BIG_COEF_BASE) / 2) * 4 * FIELD_WORDS, scratch);
          fr.add(sum, scratch, sum);
        } else {
          const magnitude = Math.abs(coef);
          words[small / 4] = magnitude >>> 0;
          words[small / 4 + 1] = Math.floor(magnitude / 2 ** 32);
          fr.mul(weight, small, scratch);
          if (coef > 0) fr.add(sum, scratch, sum);
          else fr.sub(sum, scratch, sum);
        }
      }
    }
  }

  /** Range h: members 2i + 1 of the Lagrange basis of the 2N-th roots of unity at τ, over δ. */
  private oddLagrange(): void {
    const { domainSize } = this.shape;
    const k = Math.log2(domainSize);
    this.lagrange(rootOfUnity(k), rootOfUnity(k + 1), 2 * domainSize, this.deltaInverse);
    this.store(this.domain, this.layout.h);
  }

  /** Range powers: τ^i·(τ^N − 1), i < N − 1. */
  private vanishingPowers(): void {
    const power = this.vanishing(Math.log2(this.shape.domainSize));
    for (let i = 0; i < this.shape.domainSize; i++) {
      this.fr.mul(power, this.one, this.domain + i * SCALAR_BYTES);
      this.fr.mul(power, this.tau, power);
    }
    this.store(this.domain, this.layout.powers);
  }

  /** Puts elements into the shared memory, out of Montgomery form; they stay in wasm memory in plain form. */
  private store(address: number, { first, count }: ScalarRange): void {
    if (count === 0) return;
    this.fr.batchFromMontgomery(address, count, address);
    this.shared.set(this.curve.bytes.subarray(address, address + count * SCALAR_BYTES), first * SCALAR_BYTES);
  }
}
