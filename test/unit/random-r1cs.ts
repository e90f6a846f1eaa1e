/** Random satisfiable constraint systems: sparse rows over bit-like, small or full-width wires, and a witness. */
import { WireClass, type R1cs } from '../../src/constraint/r1cs.js';
import { SparseRows } from '../../src/constraint/growable.js';
import { CoefficientEncoder } from '../../src/formats/coefficients.js';
import { mod, R, toBytesLE } from '../../src/field/bn254.js';

export interface RandomSystem {
  readonly r1cs: R1cs;
  readonly witness: readonly bigint[];
  /** 32 little-endian bytes a wire. */
  readonly witnessBytes: Uint8Array;
}

export interface RandomOptions {
  readonly seed?: number;
  readonly nConstraints: number;
  readonly nPubOut?: number;
  readonly nPubIn?: number;
  /** Terms on each of A and B at most. */
  readonly terms?: number;
  /** Full-width coefficients and values instead of bit rows b·b = b. */
  readonly wide?: boolean;
}

/** mulberry32: the same system for the same seed. */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) * 2 ** -32 * below);
  };
}

/**
 * Row i defines wire 1 + nFree + i: products of random combinations of earlier wires when `wide`, else mostly bit checks
 * (w·w = w on free bits) and sums of bits in C.
 */
export function randomR1cs(options: RandomOptions): RandomSystem {
  const { seed = 1, nConstraints, nPubOut = 1, nPubIn = 2, terms = 4, wide = false } = options;
  const random = randomNumbers(seed);
  const nFree = nPubOut + nPubIn + 3;
  const encoder = new CoefficientEncoder();
  const [a, b, c] = [new SparseRows(), new SparseRows(), new SparseRows()];
  const witness: bigint[] = [1n];
  for (let i = 0; i < nFree; i++) witness.push(wide ? mod(BigInt(random(2 ** 32)) ** 9n) : BigInt(random(2)));

  const combination = (side: SparseRows): bigint => {
    const wires = new Set(Array.from({ length: 1 + random(terms) }, () => random(witness.length)));
    let sum = 0n;
    for (const wire of [...wires].sort((left, right) => left - right)) {
      const coef =
        wide && random(3) === 0
          ? mod(BigInt(random(2 ** 32)) ** 9n + 1n)
          : mod(BigInt(random(2 ** 20)) - 2n ** 19n || 1n);
      side.push(wire, encoder.encode(coef));
      sum += coef * witness[wire]!;
    }
    side.endRow();
    return mod(sum);
  };

  for (let row = 0; row < nConstraints; row++) {
    const wire = witness.length;
    if (!wide && row % 8 !== 0) {
      const bit = random(2);
      witness.push(BigInt(bit));
      for (const side of [a, b, c]) {
        side.push(wire, 1);
        side.endRow();
      }
      continue;
    }
    // left·right = new wire; bit systems put the sum into C against A = new wire, B = 1, as linear layers do.
    if (wide) {
      witness.push(mod(combination(a) * combination(b)));
      c.push(wire, 1);
      c.endRow();
    } else {
      witness.push(combination(c));
      a.push(wire, 1);
      a.endRow();
      b.push(0, 1);
      b.endRow();
    }
  }
  const nWires = witness.length;
  const r1cs: R1cs = {
    nWires,
    nPubOut,
    nPubIn,
    nConstraints,
    a: a.finish(),
    b: b.finish(),
    c: c.finish(),
    bigCoefs: encoder.bigCoefs,
    wireClass: new Uint8Array(nWires).fill(WireClass.Field),
  };
  const witnessBytes = new Uint8Array(32 * nWires);
  witness.forEach((value, wire) => {
    if (value < 2n) witnessBytes[32 * wire] = Number(value);
    else toBytesLE(value, witnessBytes, 32 * wire);
  });
  if (witness.some((value) => value >= R)) throw new Error('unreachable: witness values are residues');
  return { r1cs, witness, witnessBytes };
}
