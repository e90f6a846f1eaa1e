/**
 * Forgeries carried out. Each leaves one item out of the transcript, on both sides: a false claim is then accepted; the same prover against the
 * transcript as it is, is refused.
 */
import { describe, expect, it } from 'vitest';
import {
  EXT_ONE,
  EXT_ZERO,
  extAdd,
  extEq,
  extInv,
  extMul,
  extNeg,
  extOf,
  extScale,
  extSub,
  GL,
  type Element,
  type Ext,
} from '../../../src/field/goldilocks.js';
import { matrixOf, rowsOf, type CommittedMatrix } from '../../../src/prove/clear/reference/commit.js';
import {
  proveOpening,
  weightsOf,
  type CommittedMatrices,
  type Deviations,
} from '../../../src/prove/clear/reference/opening.js';
import { treeOf } from '../../../src/prove/clear/reference/tree.js';
import { ProverChannel, VerifierChannel, type Exchange } from '../../../src/verify/clear/channel.js';
import type { Claim } from '../../../src/verify/clear/functional.js';
import { bindLowest, eqTable, evaluateAt, innerProduct } from '../../../src/verify/clear/multilinear.js';
import { pointsOf, verifyOpening } from '../../../src/verify/clear/opening.js';
import { domainPoint } from '../../../src/verify/clear/oracle.js';
import { Refusal } from '../../../src/verify/refusal.js';
import { committed, Draws, STATEMENT, tiny, type Committed, type Shape } from './opening-support.js';

const SHAPE: Shape = {
  parameters: tiny(6, [3, 3, 3], 3),
  reserved: 8,
  weights: [[5, 12]],
  cells: [[4, 9], [11]],
};
const FOLDS = [2, 1];
const SHIFT: Ext = [12345n, 678n];
const setting = committed(SHAPE, 'attacks');

/** What a run saw: challenges and indices by label. */
interface Known {
  readonly drawn: ReadonlyMap<string, readonly Ext[]>;
  readonly indices: ReadonlyMap<string, readonly number[]>;
}

type Edit = (label: string, values: readonly Ext[], known: Known) => readonly Ext[];

class CheatingProver extends ProverChannel {
  readonly drawn = new Map<string, readonly Ext[]>();
  readonly seen = new Map<string, readonly number[]>();
  constructor(
    private readonly omitted: string | undefined,
    private readonly edit: (label: string, values: readonly Ext[]) => readonly Ext[],
  ) {
    super(STATEMENT);
  }
  protected override absorb(label: string, data: Uint8Array): void {
    if (label !== this.omitted) super.absorb(label, data);
  }
  override exchange(label: string, values: readonly Ext[], draws: number): Exchange {
    return super.exchange(label, this.edit(label, values), draws);
  }
  override draw(label: string, count: number): Ext[] {
    const drawn = super.draw(label, count);
    this.drawn.set(label, drawn);
    return drawn;
  }
  override indices(label: string, count: number, log: number, bits: number): number[] {
    const indices = super.indices(label, count, log, bits);
    this.seen.set(label, indices);
    return indices;
  }
}

class WeakVerifier extends VerifierChannel {
  constructor(
    private readonly omitted: string | undefined,
    proof: Uint8Array,
  ) {
    super(STATEMENT, proof);
  }
  protected override absorb(label: string, data: Uint8Array): void {
    if (label !== this.omitted) super.absorb(label, data);
  }
}

interface Cheat {
  /** False ones; `known` is what the run before saw, of which there is none at first. */
  readonly claims?: (known: Known) => readonly Claim[];
  readonly matrices?: (known: Known) => CommittedMatrices;
  readonly edit?: Edit;
  readonly polynomial?: (coefficients: readonly Ext[], round: number, known: Known) => readonly Ext[];
}

const NOTHING: Known = { drawn: new Map(), indices: new Map() };
const falseClaims = setting.claims.map((claim, i) =>
  i === 0 ? { ...claim, value: extAdd(claim.value, SHIFT) } : claim,
);

/** Runs the cheat until what it has learnt stands still (ρ, then what follows the changed values), then lets the verifier judge. */
function attack(omitted: string | undefined, cheat: Cheat, runs = 3): string {
  let known = NOTHING;
  let proof: Uint8Array = new Uint8Array();
  let claims: readonly Claim[] = falseClaims;
  let matrices = setting.matrices;
  for (let run = 0; run < runs; run++) {
    const before = known;
    const channel = new CheatingProver(omitted, (label, values) => cheat.edit?.(label, values, before) ?? values);
    claims = cheat.claims?.(before) ?? falseClaims;
    matrices = cheat.matrices?.(before) ?? setting.matrices;
    const { polynomial } = cheat;
    const deviations: Deviations = polynomial ? { polynomial: (f, round) => polynomial(f, round, before) } : {};
    proveOpening(channel, matrices, claims, SHAPE.parameters, deviations);
    known = { drawn: channel.drawn, indices: channel.seen };
    proof = channel.bytes();
  }
  return verdict(new WeakVerifier(omitted, proof), matrices, claims);
}

function verdict(channel: VerifierChannel, matrices: CommittedMatrices, claims: readonly Claim[]): string {
  try {
    verifyOpening(channel, matrices, claims, SHAPE.parameters);
    channel.end();
    return 'accepted';
  } catch (error) {
    if (error instanceof Refusal) return error.refused.reason;
    throw error;
  }
}

const one = (known: Known, label: string): Ext | undefined => known.drawn.get(label)?.[0];
const product = (values: readonly (Ext | undefined)[]): Ext =>
  values.reduce<Ext>((p, v) => extMul(p, v ?? EXT_ONE), EXT_ONE);
const divide = (a: Ext, b: Ext): Ext => extMul(a, extInv(b));
const N = SHAPE.parameters.n;
const rho = (known: Known): Ext[] => Array.from({ length: N }, (_, i) => one(known, `opening column ${i}`)!);

/** A message whose claim is off by `error`, right at r that was known before: a change a of s(0) alone changes s(r) by a + r·(error − 2a). */
function hidden(message: readonly Ext[], error: Ext, r: Ext): readonly Ext[] {
  const change = divide(extMul(r, error), extSub(extAdd(r, r), EXT_ONE));
  return [extAdd(message[0]!, change), message[1]!];
}

/** Weights of the columns at ρ. */
function columnWeights(known: Known): Ext[] {
  const weights = { ...pointsOf(known.drawn.get('opening points')!, N), beta: one(known, 'opening masks')! };
  return weightsOf(setting.matrices, falseClaims, weights).map((column) => evaluateAt(column, rho(known)));
}

/** The first value carries what the sumcheck over rows is off by: f_0(ρ) changes by this. */
function firstValueOff(known: Known): Ext {
  return divide(extMul(SHIFT, product(rho(known))), columnWeights(known)[0]!);
}

const editFirstValue: Edit = (label, values, known) =>
  label === 'opening values' && known.drawn.size > 0
    ? [extAdd(values[0]!, firstValueOff(known)), ...values.slice(1)]
    : values;

/** What the claim on h, or on the fold that `round` commits, is off by after editFirstValue and honest rounds. */
function claimOff(known: Known, round: number): Ext {
  const first = extMul(firstValueOff(known), eqTable(known.drawn.get('opening values')!)[0]!);
  const bound = FOLDS.slice(0, round).flatMap((count, i) =>
    Array.from({ length: count }, (_, k) => one(known, `opening fold ${i} ${k}`)),
  );
  return extMul(first, product(bound));
}

const LEAVES = [N + 2, N + 3 - 2, N + 2 - 1];

/** Weights of the running claim on what `round` commits. */
function runningWeights(known: Known, round: number): Ext[] {
  let weights = eqTable(rho(known));
  FOLDS.slice(0, round).forEach((count, i) => {
    const epsilon = one(known, `opening join ${i}`)!;
    let power = epsilon;
    for (const index of known.indices.get(`opening queries ${i}`)!) {
      const x = domainPoint(LEAVES[i]!, index);
      weights = weights.map((w, e) => extAdd(w, extScale(power, GL.pow(x, BigInt(e)))));
      power = extMul(power, epsilon);
    }
    for (let k = 0; k < count; k++) weights = bindLowest(weights, one(known, `opening fold ${i} ${k}`)!);
  });
  return weights;
}

/** Adds c·Z to what `round` commits: Z is 0 wherever the next queries look, c makes the claim true. */
const vanishing =
  (target: number) =>
  (coefficients: readonly Ext[], round: number, known: Known): readonly Ext[] => {
    const indices = known.indices.get(`opening queries ${target}`);
    if (round !== target || indices === undefined) return coefficients;
    let zeros: Element[] = [1n];
    for (const index of indices) {
      const x = domainPoint(LEAVES[target]!, index);
      zeros = [0n, ...zeros].map((c, i) => GL.sub(c, GL.mul(x, zeros[i] ?? 0n)));
    }
    expect(zeros.length).toBeLessThanOrEqual(coefficients.length);
    const z = coefficients.map((_, i) => extOf(zeros[i] ?? 0n));
    const scale = divide(claimOff(known, target), innerProduct(z, runningWeights(known, target)));
    return coefficients.map((c, i) => extAdd(c, extMul(scale, z[i]!)));
  };

/** Cells changed in two elements so that Σ α^i·(⟨f, w_i⟩ − v_i) = 0 for an α that does not depend on the root. */
function solvedCells(known: Known): CommittedMatrices {
  const drawn = known.drawn.get('opening points');
  if (drawn === undefined) return setting.matrices;
  const { cells, weights } = setting.matrices;
  const all = weightsOf(setting.matrices, falseClaims, { ...pointsOf(drawn, N), beta: EXT_ONE });
  const first = all[weights!.layout.columns]!;
  const [a, b] = [first[0]!, first[1]!];
  const determinant = GL.sub(GL.mul(a[0], b[1]), GL.mul(a[1], b[0]));
  const x = GL.mul(GL.sub(GL.mul(SHIFT[0], b[1]), GL.mul(SHIFT[1], b[0])), GL.inv(determinant));
  const y = GL.mul(GL.sub(GL.mul(a[0], SHIFT[1]), GL.mul(a[1], SHIFT[0])), GL.inv(determinant));
  const changed = cells.columns.map((column, j) =>
    column.map((value, row) => (j > 0 || row > 1 ? value : GL.add(value, row === 0 ? x : y))),
  );
  return { weights, cells: matrixOf('cells', cells.layout, changed, SHAPE.parameters, () => new Uint8Array(16)) };
}

const ATTACKS: Readonly<Record<string, Cheat>> = {
  'opening roots': { matrices: solvedCells },
  'opening claims': {
    claims: (known) => {
      const alpha = known.drawn.get('opening points')?.[0] ?? EXT_ONE;
      return setting.claims.map((claim, i) => {
        if (i > 1) return claim;
        return { ...claim, value: i === 0 ? extAdd(claim.value, extMul(alpha, SHIFT)) : extSub(claim.value, SHIFT) };
      });
    },
  },
  // The late sum of the masks: β known, S chosen.
  'opening masks': {
    edit: (label, values, known) =>
      label === 'opening masks' && known.drawn.size > 0
        ? [extSub(values[0]!, divide(SHIFT, one(known, label)!))]
        : values,
  },
  ...Object.fromEntries(
    [0, 3, N - 1].map((round): [string, Cheat] => [
      `opening column ${round}`,
      {
        edit: (label, values, known) =>
          label === `opening column ${round}` && known.drawn.size > 0
            ? hidden(values, extMul(SHIFT, product(rho(known).slice(0, round))), one(known, label)!)
            : values,
      },
    ]),
  ),
  'opening values': {
    edit: (label, values, known) => {
      if (label !== 'opening values' || known.drawn.size === 0) return values;
      const [w0, w1] = columnWeights(known) as [Ext, Ext];
      const [g0, g1] = eqTable(known.drawn.get(label)!) as [Ext, Ext];
      // d0·g0 + d1·g1 = 0 and d0·w0 + d1·w1 = what the sumcheck is off by.
      const ratio = extNeg(divide(g0, g1));
      const d0 = divide(extMul(SHIFT, product(rho(known))), extAdd(w0, extMul(ratio, w1)));
      return [extAdd(values[0]!, d0), extAdd(values[1]!, extMul(d0, ratio)), ...values.slice(2)];
    },
  },
  'opening oracle 0': { edit: editFirstValue, polynomial: vanishing(0) },
  'opening fold 0 0': {
    edit: (label, values, known) =>
      label === 'opening fold 0 0' && known.drawn.size > 0
        ? hidden(values, claimOff(known, 0), one(known, label)!)
        : editFirstValue(label, values, known),
  },
  'opening fold 1 0': {
    edit: (label, values, known) =>
      label === 'opening fold 1 0' && known.drawn.size > 0
        ? hidden(values, claimOff(known, 1), one(known, label)!)
        : editFirstValue(label, values, known),
  },
  'opening oracle 1': { edit: editFirstValue, polynomial: vanishing(1) },
  'opening final': { edit: editFirstValue, polynomial: vanishing(2) },
};

describe('an item left out of the transcript', () => {
  it.each(Object.entries(ATTACKS))('%s: the forgery passes without it, and is refused with it', (omitted, cheat) => {
    expect(attack(omitted, cheat)).toBe('accepted');
    expect(attack(undefined, cheat)).not.toBe('accepted');
    // Without a cheat the weak verifier refuses false claims as well: it is the forgery that passes.
    expect(attack(omitted, {}, 1)).toBe('ARGUMENT_FAILED');
  });

  it('the changed cells of the first forgery make a claim false', () => {
    const channel = new CheatingProver('opening roots', (_, values) => values);
    proveOpening(channel, setting.matrices, falseClaims, SHAPE.parameters);
    const { weights, cells } = solvedCells({ drawn: channel.drawn, indices: channel.seen });
    const values = falseClaims.map((claim) => {
      const w = weightsOf({ weights, cells }, [claim], { alpha: EXT_ONE, points: [[], []], beta: EXT_ZERO });
      const columns = [...weights!.columns, ...cells.columns.slice(0, -6)];
      return columns.map((column, j) => innerProduct(column.map(extOf), w[j]!)).reduce(extAdd);
    });
    expect(values.some((value, i) => !extEq(value, falseClaims[i]!.value))).toBe(true);
  });
});

describe('the nonce', () => {
  const label = 'opening queries 0 nonce';
  const draws = new Draws('nonce');
  const half = new Set(Array.from({ length: 2 ** (N + 2) }, (_, i) => i).filter(() => draws.below(2) === 0));
  const far = withFarRows(setting, half);

  /** Indices at once, without any grinding: what a prover knows who is not bound to it. */
  function predicted(omitted: string | undefined, matrices: CommittedMatrices): readonly number[] {
    const channel = new CheatingProver(omitted, (_, values) => values);
    proveOpening(channel, matrices, setting.claims, { ...SHAPE.parameters, grindingBits: 0 });
    return channel.seen.get('opening queries 0')!;
  }

  it('left out, indices are known before the work, and a matrix of far rows passes after one grinding', () => {
    let grindings = 0;
    let attempt = 0;
    for (; grindings === 0; attempt++) {
      const claims = setting.claims.slice(0, 1 + (attempt % 5));
      const order = attempt % 2 === 0 ? claims : [...claims].reverse();
      const channel = (omitted: string | undefined) => new CheatingProver(omitted, (_, values) => values);
      const matrices = withFarRows(setting, half, attempt);
      const dry = channel(label);
      proveOpening(dry, matrices, order, { ...SHAPE.parameters, grindingBits: 0 });
      if (dry.seen.get('opening queries 0')!.some((index) => half.has(index))) continue;
      grindings++;
      const weak = channel(label);
      proveOpening(weak, matrices, order, SHAPE.parameters);
      expect(verdict(new WeakVerifier(label, weak.bytes()), matrices, order)).toBe('accepted');
      expect(weak.seen.get('opening queries 0')).toEqual(dry.seen.get('opening queries 0'));
    }
    expect(attempt).toBeGreaterThan(0);
  });

  it('absorbed, indices are other ones with every nonce', () => {
    const channel = new CheatingProver(undefined, (_, values) => values);
    proveOpening(channel, far, setting.claims, SHAPE.parameters);
    expect(channel.seen.get('opening queries 0')).not.toEqual(predicted(undefined, far));
    expect(predicted(label, far)).not.toEqual(predicted(undefined, far));
  });
});

/** Honest columns, and rows of the cells' tree that are others at `indices`; `variant` gives another root. */
function withFarRows({ matrices }: Committed, indices: ReadonlySet<number>, variant = 0): CommittedMatrices {
  const { cells, weights } = matrices;
  const rows = rowsOf(cells.columns, cells.layout.n + SHAPE.parameters.rateLog).map((row, i) =>
    indices.has(i) ? row.with(0, GL.add(row[0]!, 1n + BigInt(variant))) : row,
  );
  const tree = treeOf('cells', rows, () => new Uint8Array(16).fill(variant % 256));
  return { weights, cells: { ...cells, tree, root: tree.root } };
}

describe('words that are no codewords', () => {
  const log = N + SHAPE.parameters.rateLog;

  function opened(matrices: CommittedMatrices, deviations: Deviations, context: number, claims = setting.claims) {
    const statement = { ...STATEMENT, context: Uint8Array.of(context) };
    const prover = new (class extends ProverChannel {
      readonly seen: (readonly number[])[] = [];
      override indices(label: string, count: number, log: number, bits: number): number[] {
        const indices = super.indices(label, count, log, bits);
        this.seen.push(indices);
        return indices;
      }
    })(statement);
    proveOpening(prover, matrices, claims, SHAPE.parameters, deviations);
    const judged = verdict(new VerifierChannel(statement, prover.bytes()), matrices, claims);
    return { judged, seen: prover.seen };
  }

  it.each([0.2, 0.45])('rows far in a part %f, honest h: refused just when a query meets one', (part) => {
    const draws = new Draws(`far ${part}`);
    const far = new Set(Array.from({ length: 2 ** log }, (_, i) => i).filter(() => draws.below(1000) < 1000 * part));
    const matrices = withFarRows(setting, far);
    const verdicts = new Set<string>();
    for (let context = 0; context < 12; context++) {
      const { judged, seen } = opened(matrices, {}, context);
      verdicts.add(judged);
      expect(judged).toBe(seen[0]!.some((index) => far.has(index)) ? 'ARGUMENT_FAILED' : 'accepted');
    }
    expect(verdicts.size).toBe(2);
  });

  it('honest rows, a word of h that is far in half of its leaves: refused just when a query meets one', () => {
    const leaves = 2 ** LEAVES[1]!;
    const verdicts = new Set<string>();
    for (let context = 0; context < 12; context++) {
      const word = (values: readonly Ext[], round: number): readonly Ext[] =>
        values.map((value, i) => (round === 0 && (i % leaves) % 2 === 1 ? extAdd(value, EXT_ONE) : value));
      const { judged, seen } = opened(setting.matrices, { word }, context);
      verdicts.add(judged);
      expect(judged).toBe(seen[1]!.some((leaf) => leaf % 2 === 1) ? 'ARGUMENT_FAILED' : 'accepted');
    }
    expect(verdicts.size).toBe(2);
  });

  it('an h that is a codeword and not the combination', () => {
    const draws = new Draws('other h');
    for (const target of [0, 1, 2]) {
      const polynomial = (f: readonly Ext[], round: number): readonly Ext[] =>
        round === target ? f.with(draws.below(f.length), draws.ext()) : f;
      expect(opened(setting.matrices, { polynomial }, target).judged).toBe('ARGUMENT_FAILED');
    }
  });

  it('a cheating prover who changes a cell and goes on honestly, with claims that are true of the change', () => {
    const { cells, weights } = setting.matrices;
    const changed = { ...cells, columns: cells.columns.with(0, cells.columns[0]!.with(0, 77_777n)) };
    const claims = setting.claims.map((claim) => {
      const w = weightsOf({ weights, cells }, [claim], { alpha: EXT_ONE, points: [[], []], beta: EXT_ZERO });
      const delta = extScale(w[weights!.layout.columns]![0]!, GL.sub(77_777n, cells.columns[0]![0]!));
      return { ...claim, value: extAdd(claim.value, delta) };
    });
    expect(opened({ weights, cells: changed }, {}, 0, claims).judged).toBe('ARGUMENT_FAILED');
    expect(opened({ weights, cells: changed }, {}, 0).judged).toBe('ARGUMENT_FAILED');
  });

  it('a root of weights that is no codeword’s', () => {
    const { cells, weights } = setting.matrices;
    const draws = new Draws('no codeword');
    const tree = treeOf(
      'weights',
      Array.from({ length: 2 ** log }, () => weights!.columns.map(() => draws.element())),
    );
    const noise: CommittedMatrix = { ...weights!, tree, root: tree.root };
    for (let context = 0; context < 5; context++) {
      expect(opened({ cells, weights: noise }, {}, context).judged).toBe('ARGUMENT_FAILED');
    }
  });

  it('10^4 words that differ in a part δ are accepted as often as (1 − δ)^4', () => {
    const leaves = 2 ** 10;
    const runs = 10_000;
    const part = 0.375;
    const draws = new Draws('rate');
    const far = new Set<number>();
    while (far.size < part * leaves) far.add(draws.below(leaves));
    let accepted = 0;
    const channel = new ProverChannel(STATEMENT);
    for (let run = 0; run < runs; run++) {
      // What the tests before show of real proofs: refused just when a query meets a far leaf.
      if (channel.indices(`run ${run}`, 4, 10, 0).every((index) => !far.has(index))) accepted++;
    }
    const expected = (1 - part) ** 4;
    const deviation = Math.sqrt((expected * (1 - expected)) / runs);
    expect(Math.abs(accepted / runs - expected)).toBeLessThan(4 * deviation);
  });

  it('indices drawn twice are opened once', () => {
    const channel = new ProverChannel(STATEMENT);
    const indices = channel.indices('small', 40, 5, 0);
    expect(indices.length).toBeLessThan(40);
    expect(indices).toEqual([...new Set(indices)].sort((a, b) => a - b));
    const many = { ...SHAPE, parameters: tiny(N, [200, 150, 150], 3) };
    const crowded = committed(many, 'crowded');
    const prover = new ProverChannel(STATEMENT);
    proveOpening(prover, crowded.matrices, crowded.claims, many.parameters);
    const verifier = new VerifierChannel(STATEMENT, prover.bytes());
    expect(() => {
      verifyOpening(verifier, crowded.matrices, crowded.claims, many.parameters);
      verifier.end();
    }).not.toThrow();
  });
});
