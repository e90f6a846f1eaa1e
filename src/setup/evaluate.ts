/**
 * The polynomials of a constraint system at the trapdoor τ (Groth16, proof-system notation):
 * A_j(τ) = Σ_i A_ij L_i(τ), likewise B and C, K_j = β·A_j + α·B_j + C_j over its divisor, for the Lagrange basis L_i of the N-th roots of
 * unity, N = 2^k or 3·2^k in the order of kernels/domain.ts, after adding the rows m + s, s = 0 … nPublic, that hold a 1 at wire s of A and
 * bind the public wires.
 *
 * Everything secret stays in the kernels' memory. Time and memory are linear in rows, wires and coefficients.
 */
import type { R1cs } from '../constraint/r1cs.js';
import { invariant } from '../base/errors.js';
import { inverse, mod, pow, rootOfUnity } from '../field/bn254.js';
import { bigCoefWords } from '../formats/coefficients.js';
import { bytesOf } from '../formats/iden3-container.js';
import type { ZkeyShape } from '../formats/zkey.js';
import { cosetRanges, cosetShift, domainOf, type Domain } from '../kernels/domain.js';
import { ELEMENT_BYTES } from '../kernels/field-exports.js';
import { writeElement } from '../kernels/field.js';
import { SCALAR_BYTES } from '../kernels/msm.js';
import { ranges, type Team } from '../kernels/team.js';
import type { TrapdoorTask, WireScalars } from '../kernels/trapdoor.js';
import { allocateColumns, fillColumns } from './columns.js';
import type { EvaluationScalars } from './memory.js';

const RANGES_PER_THREAD = 8;
/** Elements are residues times 2^261. */
const MONTGOMERY_BITS = 261n;

/** Fills the lists of `scalars` from its trapdoor. The heap ends as it began; what it held stays in the memory until that is wiped. */
export async function evaluateAtTrapdoor(
  team: Team,
  r1cs: R1cs,
  shape: ZkeyShape,
  scalars: EvaluationScalars,
): Promise<void> {
  const { heap } = team.kernels;
  const mark = heap.mark();
  try {
    await new Evaluation(team, r1cs, shape, scalars).run();
  } finally {
    heap.release(mark);
  }
}

class Evaluation {
  private readonly domain: Domain;
  /** Pointers to elements, as all below that are not said to be scalars. */
  private readonly tau: number;
  private readonly alpha: number;
  private readonly beta: number;
  private readonly one: number;
  /** L_i(τ), i < N. */
  private readonly basisAtTau: number;

  constructor(
    private readonly team: Team,
    private readonly r1cs: R1cs,
    private readonly shape: ZkeyShape,
    private readonly scalars: EvaluationScalars,
  ) {
    const { heap } = team.kernels;
    this.domain = domainOf(shape.domainSize);
    this.tau = this.fromScalar(scalars.tau);
    this.alpha = this.fromScalar(scalars.alpha);
    this.beta = this.fromScalar(scalars.beta);
    this.one = this.constant(1n);
    this.basisAtTau = heap.allocate(shape.domainSize * ELEMENT_BYTES);
  }

  async run(): Promise<void> {
    const { team, r1cs, shape } = this;
    const { kernels } = team;
    const big = this.bigCoefs();
    const sides = [r1cs.a, r1cs.b, r1cs.c].map((matrix, side) => ({
      matrix,
      extra: side === 0 ? shape.nPublic + 1 : 0,
    }));
    const columns = sides.map(({ matrix, extra }) => allocateColumns(kernels, matrix, shape.nVars, extra, big));
    const running = this.runAll([...this.lagrange(), ...this.oddLagrange(), ...this.vanishingPowers()]);
    try {
      // Meanwhile the team's threads are at work on the sequences.
      for (const [i, { matrix, extra }] of sides.entries()) {
        fillColumns(kernels, columns[i]!, matrix, r1cs.nConstraints, shape.nVars, extra);
      }
    } finally {
      await running;
    }
    await this.runAll(this.wires(columns));
  }

  private runAll(tasks: readonly TrapdoorTask[]): Promise<void> {
    return this.team.run(tasks.map((task) => ({ kind: 'trapdoor', task })));
  }

  private constant(value: bigint): number {
    const element = this.team.kernels.heap.allocate(ELEMENT_BYTES);
    writeElement(this.team.kernels, 'fr', element, value);
    return element;
  }

  private fromScalar(scalar: number): number {
    const { exports, heap } = this.team.kernels;
    const element = heap.allocate(ELEMENT_BYTES);
    exports.fr_from_bytes(element, scalar);
    return element;
  }

  /** The inverse of a scalar at a new place. */
  private inverseOf(scalar: number): number {
    const { exports } = this.team.kernels;
    const element = this.fromScalar(scalar);
    exports.fr_inv(element, element);
    return element;
  }

  /** The full-width coefficients. */
  private bigCoefs(): number {
    const { exports, heap } = this.team.kernels;
    const words = bigCoefWords(this.r1cs.bigCoefs);
    const elements = heap.allocate(this.r1cs.bigCoefs.length * ELEMENT_BYTES);
    const mark = heap.mark();
    exports.fr_from_bytes_n(elements, heap.copyIn(bytesOf(words)), this.r1cs.bigCoefs.length);
    heap.release(mark);
    return elements;
  }

  /** base^exponent at a new place, exponent ≥ 0. */
  private power(base: number, exponent: number): number {
    const { exports } = this.team.kernels;
    const result = this.constant(1n);
    for (const bit of exponent.toString(2)) {
      exports.fr_sqr(result, result);
      if (bit === '1') exports.fr_mul(result, result, base);
    }
    return result;
  }

  /** τ^order − 1 at a new place. */
  private vanishing(order: number): number {
    const { exports } = this.team.kernels;
    const result = this.power(this.tau, order);
    exports.fr_sub(result, result, this.one);
    // Happens with probability below 2^-225; the key would be useless.
    invariant(exports.fr_is_zero(result) === 0, 'τ is a root of unity: run setup again');
    return result;
  }

  /**
   * Values L_x(τ)·factor for x = start·x_i, i < N, with the domain's points x_i, where L_x belongs to the subgroup of `order` elements that
   * has them all: L_x(τ) = (τ^order − 1)/order · x/(τ − x).
   */
  private basis(
    form: 'elements' | 'scalars',
    out: number,
    order: number,
    start: bigint,
    factor: number,
  ): TrapdoorTask[] {
    const { exports } = this.team.kernels;
    const root = rootOfUnity(this.domain.logSize);
    const ratio = this.constant(root);
    const scale = this.vanishing(order);
    exports.fr_mul(scale, scale, this.constant(inverse(BigInt(order))));
    exports.fr_mul(scale, scale, factor);
    const size = form === 'elements' ? ELEMENT_BYTES : SCALAR_BYTES;
    return this.cut(this.shape.domainSize)
      .flatMap((range) => cosetRanges(this.domain, range.from, range.to))
      .map(({ coset, first, from, to }) => ({
        kind: 'lagrange',
        form,
        out: out + (first + from) * size,
        tau: this.tau,
        first: this.constant(mod(start * cosetShift(coset)) * pow(root, BigInt(from))),
        ratio,
        scale,
        n: to - from,
      }));
  }

  private lagrange(): TrapdoorTask[] {
    return this.basis('elements', this.basisAtTau, this.shape.domainSize, 1n, this.one);
  }

  private oddLagrange(): TrapdoorTask[] {
    const start = rootOfUnity(this.domain.logSize + 1);
    const factor = this.inverseOf(this.scalars.hDivisor);
    return this.basis('scalars', this.scalars.h.pointer, 2 * this.shape.domainSize, start, factor);
  }

  /** τ^i·(τ^N − 1). */
  private vanishingPowers(): TrapdoorTask[] {
    if (this.scalars.powers === undefined) return [];
    const { exports } = this.team.kernels;
    const { pointer, count } = this.scalars.powers;
    const vanishing = this.vanishing(this.shape.domainSize);
    return this.cut(count).map(({ from, to }) => {
      const first = this.power(this.tau, from);
      exports.fr_mul(first, first, vanishing);
      return { kind: 'powers', out: pointer + from * SCALAR_BYTES, first, ratio: this.tau, n: to - from };
    });
  }

  private wires(columns: WireScalars['columns']): TrapdoorTask[] {
    const { a, b, k, divisors } = this.scalars;
    const all = {
      columns,
      values: this.basisAtTau,
      montgomery: this.constant(1n << MONTGOMERY_BITS),
      alpha: this.alpha,
      beta: this.beta,
      a: a.pointer,
      b: b.pointer,
      k: k.pointer,
    };
    const parts = [
      { firstWire: 0, factor: this.one },
      ...divisors.map(({ firstWire, scalar }) => ({ firstWire, factor: this.inverseOf(scalar) })),
    ];
    return parts.flatMap(({ firstWire, factor }, i) => {
      const end = parts[i + 1]?.firstWire ?? this.shape.nVars;
      const wires: WireScalars = { ...all, factor, bare: i === 0 ? end : 0 };
      return this.cut(end - firstWire).map(({ from, to }): TrapdoorTask => {
        return { kind: 'wires', wires, from: firstWire + from, to: firstWire + to };
      });
    });
  }

  /** Columns are of unequal length: who is done with a range takes the next. */
  private cut(n: number): { readonly from: number; readonly to: number }[] {
    return ranges(n, RANGES_PER_THREAD * this.team.size);
  }
}
