/**
 * What the verifier knows of values that it does not see: affine expressions of committed elements. A padded value is sent as value − pad, so it is what
 * was sent + a committed pad; what follows from it by linear steps is affine in pads.
 */
import { EXT_ZERO, GL, NON_RESIDUE, extAdd, extMul, extNeg, extSub, type Ext } from '../../field/goldilocks.js';
import type { Claim, FunctionalTerm } from './functional.js';

/** known + Σ coefficient·(blinding element). */
export class Affine {
  constructor(
    readonly known: Ext,
    readonly coefficients: ReadonlyMap<number, Ext> = new Map(),
  ) {}

  plus(other: Affine, scale: Ext): Affine {
    const sum = new Map(this.coefficients);
    for (const [index, value] of other.coefficients) {
      sum.set(index, extAdd(sum.get(index) ?? EXT_ZERO, extMul(value, scale)));
    }
    return new Affine(extAdd(this.known, extMul(other.known, scale)), sum);
  }

  times(scale: Ext): Affine {
    return new Affine(EXT_ZERO).plus(this, scale);
  }
}

/** A value of which value − pad was sent. */
export class Padded extends Affine {
  constructor(
    known: Ext,
    /** Index among the blinding's elements. */
    readonly pad: number,
  ) {
    super(known, new Map([[pad, [1n, 0n]]]));
  }
}

/** A sum of known values, of functionals of committed tensors and of blinding elements. */
export class Expression {
  private affine = new Affine(EXT_ZERO);
  private readonly cells: FunctionalTerm[] = [];
  private readonly weights: FunctionalTerm[] = [];

  addKnown(value: Ext): void {
    this.affine = this.affine.plus(new Affine(value), [1n, 0n]);
  }

  addAffine(affine: Affine, scale: Ext): void {
    this.affine = this.affine.plus(affine, scale);
  }

  addTerms(tree: 'cells' | 'weights', terms: readonly FunctionalTerm[]): void {
    this[tree].push(...terms);
  }

  /** The claim that the sum is 0. An element c0 + c1·u of the blinding is its cells 2·index and 2·index + 1. */
  isZero(label: string, blindingTensor: number): Claim {
    const { known, coefficients } = this.affine;
    const own: FunctionalTerm = {
      kind: 'entries',
      tensor: blindingTensor,
      index: Uint32Array.from([...coefficients.keys()].flatMap((index) => [2 * index, 2 * index + 1])),
      weights: [...coefficients.values()].flatMap((value) => [value, timesU(value)]),
    };
    const cells = coefficients.size === 0 ? this.cells : [...this.cells, own];
    return { label, functional: { cells, weights: this.weights }, value: extNeg(known) };
  }
}

/** u·(c0 + c1·u). */
function timesU([c0, c1]: Ext): Ext {
  return [GL.mod(NON_RESIDUE * c1), c0];
}

/**
 * A round of degree 2 or 3: s(0) and the coefficients of X², X³ are sent, s(0) + s(1) = claim gives that of X. Returns s(r) =
 * claim·r + s(0)·(1 − 2r) + Σ_k c_k·(r^k − r).
 */
export function afterRound(claim: Affine, [atZero, ...higher]: readonly Affine[], r: Ext): Affine {
  let result = claim.times(r).plus(atZero!, extSub([1n, 0n], extAdd(r, r)));
  let power = r;
  for (const coefficient of higher) {
    power = extMul(power, r);
    result = result.plus(coefficient, extSub(power, r));
  }
  return result;
}

/**
 * A round of Σ_i eq(z, i)·t(i) with eq(z_k, ·) left out of the polynomial t of degree 2: sent are t(1) − t(0) and the coefficient of X²; claim =
 * (1 − z_k)·t(0) + z_k·t(1) gives t(0). Returns t(r) = claim + (t(1) − t(0))·(r − z_k) + c_2·(r² − r).
 */
export function afterWeightedRound(claim: Affine, [rise, square]: readonly Affine[], z: Ext, r: Ext): Affine {
  return claim.plus(rise!, extSub(r, z)).plus(square!, extSub(extMul(r, r), r));
}
