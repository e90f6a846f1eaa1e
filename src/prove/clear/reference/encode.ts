/** Reed–Solomon encoding over BigInt: coefficients to values on the subgroup of order 2^log, in the order ω^0, ω^1, … */
import { GL, rootOfUnity, type Element, type Ext } from '../../../field/goldilocks.js';

/** Values of Σ coefficients[i]·X^i on the subgroup; coefficients.length is a power of two ≤ 2^log. */
export function encode(coefficients: readonly Element[], log: number): Element[] {
  const padded = [...coefficients, ...new Array<Element>(2 ** log - coefficients.length).fill(0n)];
  return transform(padded, rootOfUnity(log));
}

/** f(x) = even(x²) + x·odd(x²). */
function transform(values: readonly Element[], root: Element): Element[] {
  if (values.length === 1) return [...values];
  const square = GL.mul(root, root);
  const even = transform(
    values.filter((_, i) => i % 2 === 0),
    square,
  );
  const odd = transform(
    values.filter((_, i) => i % 2 === 1),
    square,
  );
  const half = even.length;
  const out = new Array<Element>(2 * half);
  let x = 1n;
  for (let i = 0; i < half; i++) {
    const product = GL.mul(x, odd[i]!);
    out[i] = GL.add(even[i]!, product);
    out[i + half] = GL.sub(even[i]!, product);
    x = GL.mul(x, root);
  }
  return out;
}

/** Both residues by themselves: the subgroup lies in the base field. */
export function encodeExtension(coefficients: readonly Ext[], log: number): Ext[] {
  const first = encode(
    coefficients.map(([c0]) => c0),
    log,
  );
  const second = encode(
    coefficients.map(([, c1]) => c1),
    log,
  );
  return first.map((c0, i) => [c0, second[i]!] as const);
}
