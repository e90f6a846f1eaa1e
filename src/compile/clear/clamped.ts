/**
 * The statement's bit: S is the sum of the multiplicities of rows that count, and of what exceeds counted ends otherwise; S·inverse = bit and
 * S·(1 − bit) = 0. So bit is 0 where S is, and 1 where it is not; S is no multiple of p but 0, being a sum of non-negative integers below p.
 */
import { ZkonnxError } from '../../base/errors.js';
import type { Form, FormTerm } from '../../verify/clear/relation.js';
import type { CountedPart, RelationWriter, Run } from './writer.js';
import { rangeOf, type Vec } from './vec.js';

/** Writes the bit's two products; `bit` is a public tensor of one element. */
export function writeBit(writer: RelationWriter, bit: Vec): void {
  const parts = [...writer.counted];
  const most = parts.reduce((sum, part) => sum + greatest(part), 0);
  if (most >= Number(writer.modulus)) {
    throw new ZkonnxError('BOUND_OVERFLOW', 'so many values may be clamped that their sum may be 0 in the field', {
      expected: `a sum below ${writer.modulus}`,
      got: `up to ${most}`,
    });
  }
  const sum: Form = { terms: parts.flatMap((part, i) => termsOf(part, parts.slice(0, i))), constant: 0n };
  writer.at('statement');
  const inverse = writer.cell('inverse of the clamped', 1, { lo: 0, hi: 0 }, (run) => {
    const total = BigInt(clampedSum(parts, run));
    return BigUint64Array.of(total === 0n ? 0n : inverseOf(total, writer.modulus));
  });
  const one = (vec: Vec, coefficient: bigint, constant: bigint): Form => ({
    terms: [{ coefficient, source: vec.terms[0]!.source }],
    constant,
  });
  writer.raw({ kind: 'product', dims: [1], a: sum, b: one(inverse, 1n, 0n), c: one(bit, 1n, 0n) });
  writer.raw({ kind: 'product', dims: [1], a: sum, b: one(bit, -1n, 1n), c: { terms: [], constant: 0n } });
}

function greatest(part: CountedPart): number {
  return part.kind === 'lookups' ? part.input.size : part.vec.size * rangeOf(part.vec).hi;
}

/** A table's multiplicities count once, whoever looks up in it. */
function termsOf(part: CountedPart, before: readonly CountedPart[]): FormTerm[] {
  if (part.kind === 'cells') {
    return part.vec.terms.map(({ coefficient, source, index }) => {
      const from = Uint32Array.from(index ?? new Float64Array(part.vec.size).keys());
      return { coefficient: BigInt(coefficient), source, select: { from, to: new Uint32Array(from.length) } };
    });
  }
  if (before.some((other) => other.kind === 'lookups' && other.table === part.table)) return [];
  const from = Uint32Array.from(
    part.rows.flatMap(({ lo, hi }) => Array.from({ length: hi - lo + 1 }, (_, i) => lo + i - part.first)),
  );
  const select = { from, to: new Uint32Array(from.length) };
  return [{ coefficient: 1n, source: { side: 'multiplicity', index: part.table }, select }];
}

/** S of a run. */
export function clampedSum(parts: readonly CountedPart[], run: Run): number {
  return parts.reduce((sum, part) => {
    if (part.kind === 'cells') return run.value(part.vec).reduce((total, value) => total + value, sum);
    const counts = (x: number) => part.rows.some(({ lo, hi }) => x >= lo && x <= hi);
    return sum + run.value(part.input).filter(counts).length;
  }, 0);
}

/** By Fermat: the modulus is a prime. */
function inverseOf(value: bigint, modulus: bigint): bigint {
  let [result, base] = [1n, value % modulus];
  for (let exponent = modulus - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}
