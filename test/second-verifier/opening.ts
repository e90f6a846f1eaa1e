import {
  add,
  base,
  eqPoints,
  eqTable,
  equal,
  inverse,
  log2Ceil,
  mul,
  ONE,
  P,
  powerOf,
  powers,
  root,
  scale,
  sub,
  sum,
  ZERO,
  type Element,
} from './field.js';
import { derive, elementBytes, join, Refusal, word, type Transcript } from './transcript.js';

/** The parameters that the key holds, by its names. */
export interface Parameters {
  readonly n: number;
  /** κ. */
  readonly rateLog: number;
  /** Most variables that a round binds: 4. */
  readonly foldLog: number;
  /** Variables that are left to the end: 7. */
  readonly finalLog: number;
  /** t_a. */
  readonly queries: readonly number[];
  /** g. */
  readonly grindingBits: number;
}

export interface Matrices {
  /** Where the relation has weights. */
  readonly weights: { readonly root: Uint8Array; readonly columns: number } | null;
  readonly cells: { readonly root: Uint8Array; readonly columns: number };
}

/** w̃_j(ρ), columns of weights and then of cells, of Σ α^i·(functional i). */
export type ColumnWeights = (alpha: Element, rho: readonly Element[]) => readonly Element[];

/** Rows of a tree at indices: what a leaf holds, checked against its root. */
function openRows(
  transcript: Transcript,
  kind: 'weights' | 'cells' | 'fold',
  indices: readonly number[],
  { root: expected, log, width }: { root: Uint8Array; log: number; width: number },
): bigint[][] {
  const rows: bigint[][] = [];
  let known = new Map<number, Uint8Array>();
  for (const index of indices) {
    const salt = transcript.bytes(kind === 'cells' ? 16 : 0);
    const row = transcript.residues(width);
    rows.push(row);
    known.set(index, derive(`leaf ${kind}`, join(salt, ...row.map(word))));
  }
  for (let level = 1; level <= log; level++) {
    const parents = new Map<number, Uint8Array>();
    for (const [index, hash] of known) {
      if (parents.has(index >> 1)) continue;
      const sibling = known.get(index ^ 1) ?? transcript.bytes(32);
      const pair = index & 1 ? join(sibling, hash) : join(hash, sibling);
      parents.set(index >> 1, derive(`node ${level}`, pair));
    }
    known = parents;
  }
  const found = known.get(0);
  if (found?.some((byte, i) => byte !== expected[i]) !== false) throw new Refusal('ROOT_MISMATCH');
  return rows;
}

/** s(r) of a round of degree 2 with s(0), c_2 and s(0) + s(1) = claim. */
function round(transcript: Transcript, label: string, claim: Element): { claim: Element; r: Element } {
  const [s0 = ZERO, c2 = ZERO] = transcript.sent(label, 2);
  const [r = ZERO] = transcript.draw(label, 1);
  const c1 = sub(sub(claim, add(s0, s0)), c2);
  return { claim: add(s0, mul(r, add(c1, mul(r, c2)))), r };
}

const pairs = (residues: readonly bigint[]): Element[] =>
  Array.from({ length: residues.length / 2 }, (_, i): Element => [residues[2 * i] ?? 0n, residues[2 * i + 1] ?? 0n]);

/** A weight on the coefficients of f: Π of one factor a variable, [of bit 0, of bit 1]. */
interface Weight {
  readonly by: Element;
  readonly factors: readonly (readonly [Element, Element])[];
}

function eqWeight(point: readonly Element[]): Weight {
  return { by: ONE, factors: point.map((x) => [sub(ONE, x), x] as const) };
}

function powersWeight(x: bigint, variables: number, by: Element): Weight {
  let power = x;
  const factors = Array.from({ length: variables }, () => {
    const factor = [ONE, base(power)] as const;
    power = (power * power) % P;
    return factor;
  });
  return { by, factors };
}

function bind({ by, factors }: Weight, r: Element): Weight {
  const [zero, one] = factors[0] ?? [ZERO, ZERO];
  return { by: mul(by, add(mul(sub(ONE, r), zero), mul(r, one))), factors: factors.slice(1) };
}

function dense({ by, factors }: Weight): Element[] {
  return factors.reduce((low, [zero, one]) => [...low.map((w) => mul(w, zero)), ...low.map((w) => mul(w, one))], [by]);
}

/** f at x, where a row or a leaf of the last word says what it is. */
interface Value {
  readonly x: bigint;
  readonly y: Element;
}

/** A word that queries go to: 2^log leaves, each a value of the running polynomial. */
interface Word {
  readonly log: number;
  readonly open: (indices: readonly number[]) => Element[];
}

function query(transcript: Transcript, a: number, parameters: Parameters, of: Word): Value[] {
  const count = parameters.queries[a] ?? 0;
  const indices = transcript.indices(`opening queries ${a}`, count, of.log, parameters.grindingBits);
  const values = of.open(indices);
  const omega = root(of.log);
  return indices.map((index, i) => ({ x: powerOf(omega, BigInt(index)), y: values[i] ?? ZERO }));
}

/** A leaf folded by challenges in order: section 7, last table. `d` is the log of the word's subgroup. */
function foldLeaf(leaf: readonly Element[], index: number, d: number, challenges: readonly Element[]): Element {
  let values = leaf;
  let log = d;
  const half = inverse(2n);
  for (const r of challenges) {
    const count = values.length / 2;
    const omega = root(log);
    const stride = 2 ** log / values.length;
    values = Array.from({ length: count }, (_, q) => {
      const z = powerOf(omega, BigInt(index + q * stride));
      const [plain, opposite] = [values[q] ?? ZERO, values[q + count] ?? ZERO];
      const odd = scale(sub(plain, opposite), inverse(z));
      return scale(add(mul(sub(ONE, r), add(plain, opposite)), mul(r, odd)), half);
    });
    log--;
  }
  return values[0] ?? ZERO;
}

/** The opening of all claims: section 7. */
export function verifyOpening(
  transcript: Transcript,
  parameters: Parameters,
  matrices: Matrices,
  values: readonly Element[],
  columnWeights: ColumnWeights,
): void {
  const { n, rateLog: kappa } = parameters;
  const { weights, cells } = matrices;
  transcript.absorb('opening roots', join(weights?.root ?? new Uint8Array(), cells.root));
  transcript.absorb('opening claims', elementBytes(values));
  const [alpha = ZERO, ...points] = transcript.draw('opening points', 1 + 2 * n);
  const [masks = ZERO] = transcript.sent('opening masks', 1);
  const [beta = ZERO] = transcript.draw('opening masks', 1);
  const combined = sum(powers(alpha, values.length).map((power, i) => mul(power, values[i] ?? ZERO)));
  let claim = add(combined, mul(beta, masks));
  const rho: Element[] = [];
  for (let i = 0; i < n; i++) {
    const next = round(transcript, `opening column ${i}`, claim);
    claim = next.claim;
    rho.push(next.r);
  }

  const columns = (weights?.columns ?? 0) + cells.columns + 3;
  const opened = transcript.sent('opening values', columns);
  const gamma = eqTable(transcript.draw('opening values', log2Ceil(columns)));
  const maskAt = (point: readonly Element[]): Element => mul(beta, eqPoints(point, rho));
  const own = [...columnWeights(alpha, rho), maskAt(points.slice(0, n)), maskAt(points.slice(n)), ZERO];
  if (!equal(sum(opened.map((value, j) => mul(value, own[j] ?? ZERO))), claim)) throw new Refusal('ARGUMENT_FAILED');

  const rows: Word = {
    log: n + kappa,
    open: (indices) => {
      const shape = (matrix: { root: Uint8Array }, width: number) => ({ root: matrix.root, log: n + kappa, width });
      const first = weights === null ? [] : openRows(transcript, 'weights', indices, shape(weights, weights.columns));
      const second = openRows(transcript, 'cells', indices, shape(cells, cells.columns + 6));
      return indices.map((_, i) => {
        const row = second[i] ?? [];
        const residues = [...(first[i] ?? []), ...row.slice(0, cells.columns)].map(base);
        return sum([...residues, ...pairs(row.slice(cells.columns))].map((y, j) => mul(gamma[j] ?? ZERO, y)));
      });
    },
  };
  const combination = sum(opened.map((value, j) => mul(gamma[j] ?? ZERO, value)));
  verifyWord(transcript, parameters, rows, combination, rho);
}

/** That the word of `rows` is that of a polynomial whose extension at ρ is `claim`. */
function verifyWord(
  transcript: Transcript,
  parameters: Parameters,
  rows: Word,
  start: Element,
  rho: readonly Element[],
): void {
  const { n, rateLog: kappa, foldLog: fold, finalLog: last } = parameters;
  let claim = start;
  let running = [eqWeight(rho)];
  let before = rows;
  let variables = n;
  let a = 0;
  for (; variables > last; a++) {
    const k = Math.min(fold, variables - last);
    const d = n + kappa + 1 - a;
    const label = `opening oracle ${a}`;
    const tree = transcript.bytes(32);
    transcript.absorb(label, tree);
    const values = query(transcript, a, parameters, before);
    const [epsilon = ZERO] = transcript.draw(`opening join ${a}`, 1);
    const by = powers(epsilon, values.length + 1);
    values.forEach(({ x, y }, i) => {
      const power = by[i + 1] ?? ZERO;
      claim = add(claim, mul(power, y));
      running.push(powersWeight(x, variables, power));
    });
    const challenges: Element[] = [];
    for (let b = 0; b < k; b++) {
      const next = round(transcript, `opening fold ${a} ${b}`, claim);
      claim = next.claim;
      running = running.map((weight) => bind(weight, next.r));
      challenges.push(next.r);
    }
    before = {
      log: d - k,
      open: (indices) => {
        const leaves = openRows(transcript, 'fold', indices, { root: tree, log: d - k, width: 2 * 2 ** k });
        return indices.map((index, i) => foldLeaf(pairs(leaves[i] ?? []), index, d, challenges));
      },
    };
    variables -= k;
  }
  const final = transcript.sent('opening final', 2 ** variables);
  transcript.draw('opening final', 0);
  for (const { x, y } of query(transcript, a, parameters, before)) {
    let value = ZERO;
    for (const coefficient of [...final].reverse()) value = add(scale(value, x), coefficient);
    if (!equal(value, y)) throw new Refusal('ARGUMENT_FAILED');
  }
  const total = sum(running.flatMap((weight) => dense(weight).map((w, i) => mul(w, final[i] ?? ZERO))));
  if (!equal(total, claim)) throw new Refusal('ARGUMENT_FAILED');
}
