/** A row of a circuit as text. */
import { signed } from '../field/bn254.js';
import { isTwoRound } from './kind.js';
import type { Circuit } from './program.js';
import { coefficient, type SparseMatrix } from './r1cs.js';
import { ChallengeWire } from './rounds.js';

/** Terms of a side that are shown. */
const MAX_TERMS = 8;

/** `(3·w5 − w7 + 1) · (w8) = w9`, 0 ≤ row < nConstraints; of two rounds with X, Θ and D for the challenges. */
export function rowText(circuit: Circuit, row: number): string {
  const [a, b, c] = [circuit.r1cs.a, circuit.r1cs.b, circuit.r1cs.c].map((side) => sideText(circuit, side, row));
  return `(${a}) · (${b}) = ${c}`;
}

function sideText(circuit: Circuit, { rowStart, wires, coefs }: SparseMatrix, row: number): string {
  const [from, to] = [rowStart[row]!, rowStart[row + 1]!];
  const shown = Math.min(to, from + MAX_TERMS);
  const terms = Array.from({ length: shown - from }, (_, i) =>
    termText(circuit, wires[from + i]!, signed(coefficient(coefs[from + i]!, circuit.r1cs.bigCoefs))),
  );
  if (to > shown) terms.push(`+ … ${to - shown} more`);
  return terms.length === 0 ? '0' : terms.join(' ').replace(/^\+ /, '').replace(/^− /, '−');
}

/** `+ 3·w12`, `− w5`, `+ 7`. */
function termText(circuit: Circuit, wire: number, coef: bigint): string {
  const size = coef < 0n ? -coef : coef;
  const sign = coef < 0n ? '−' : '+';
  if (wire === 0) return `${sign} ${size}`;
  return `${sign} ${size === 1n ? '' : `${size}·`}${wireName(circuit, wire)}`;
}

function wireName(circuit: Circuit, wire: number): string {
  if (isTwoRound(circuit)) {
    const challenge = { [ChallengeWire.x]: 'X', [ChallengeWire.theta]: 'Θ', [ChallengeWire.d]: 'D' }[wire];
    if (challenge !== undefined) return challenge;
  }
  return `w${wire}`;
}
