/**
 * Zero knowledge of the opening by rank. For fixed challenges everything that the reference prover sends of an opening is linear in the cells and in what it draws.
 * Forms of directions that are drawn span what hides; forms of directions of data that leave every claim's value alone must lie in that span: rank with
 * data less rank without is how many forms leak. Salted hashes are not forms; the words of h and its folds are counted in full, as h itself.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { EXT_ONE, EXT_ZERO, GL, type Element, type Ext } from '../../../src/field/goldilocks.js';
import { matrixOf } from '../../../src/prove/clear/reference/commit.js';
import { columnsOf, combineColumns, proveOpening, weightsOf } from '../../../src/prove/clear/reference/opening.js';
import { ProverChannel, type Exchange } from '../../../src/verify/clear/channel.js';
import type { Claim } from '../../../src/verify/clear/functional.js';
import { layOut, type Layout } from '../../../src/verify/clear/layout.js';
import { eqTable } from '../../../src/verify/clear/multilinear.js';
import { MASK_COLUMNS } from '../../../src/verify/clear/oracle.js';
import type { OpeningParameters } from '../../../src/verify/clear/parameters.js';
import { Draws, STATEMENT, tiny } from './opening-support.js';

/** Challenges and indices do not depend on what is sent; everything sent is kept as residues. */
class FixedChannel extends ProverChannel {
  readonly forms: Element[] = [];
  constructor(private readonly seed: string) {
    super(STATEMENT);
  }
  override draw(label: string, count: number): Ext[] {
    return new Draws(`${this.seed} ${label}`).exts(count);
  }
  /** Exactly `count` different ones. */
  override indices(label: string, count: number, log: number): number[] {
    const draws = new Draws(`${this.seed} ${label}`);
    const drawn = new Set<number>();
    while (drawn.size < count) drawn.add(draws.below(2 ** log));
    return [...drawn].sort((a, b) => a - b);
  }
  override exchange(label: string, values: readonly Ext[], draws: number): Exchange {
    this.forms.push(...values.flat());
    return { values, challenges: this.draw(label, draws) };
  }
  /** Leaves of cells begin with a salt; what has 32 bytes is a sibling. */
  override append(bytes: Uint8Array): void {
    if (bytes.length === 32) return;
    const row = this.rowBytes.has(bytes.length) ? bytes.subarray(16) : bytes;
    const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
    for (let at = 0; at < row.length; at += 8) this.forms.push(view.getBigUint64(at, true));
  }
  rowBytes: ReadonlySet<number> = new Set();
}

interface Setting {
  readonly parameters: OpeningParameters;
  readonly layout: Layout;
  readonly claims: readonly Claim[];
}

/** A tensor that fills all rows of `columns` columns that are not reserved. */
function settingOf(n: number, columns: number, reserved: number, queries: number): Setting {
  const parameters = {
    ...tiny(
      n,
      Array.from({ length: 8 }, (_, i) => (i === 0 ? queries : 3)),
      n % 2,
    ),
    grindingBits: 0,
  };
  const elements = columns * (2 ** n - reserved);
  const layout = layOut([[elements]], n, reserved);
  expect(layout.columns).toBe(columns);
  const draws = new Draws(`claims ${n}`);
  const claims = [0, 1].map((i) => ({
    label: `claim ${i}`,
    value: EXT_ZERO,
    functional: {
      weights: [],
      cells: [
        {
          kind: 'axes' as const,
          tensor: 0,
          coefficient: EXT_ONE,
          vectors: [{ kind: 'values' as const, values: draws.exts(elements) }],
        },
      ],
    },
  }));
  return { parameters, layout, claims };
}

/** What the verifier sees of one direction: a 1 in one row of one column. */
function viewOf({ parameters, layout, claims }: Setting, column: number, row: number): Element[] {
  const columns = Array.from({ length: layout.columns + MASK_COLUMNS }, (_, j) =>
    Array.from({ length: 2 ** layout.n }, (_, i) => (j === column && i === row ? 1n : 0n)),
  );
  const cells = matrixOf('cells', layout, columns, parameters, () => new Uint8Array(16));
  const channel = new FixedChannel('rank');
  channel.rowBytes = new Set([16 + 8 * columns.length]);
  proveOpening(channel, { cells }, claims, parameters);
  const f = columnsOf({ cells });
  const gamma = channel.draw('opening values', 32 - Math.clz32(f.length - 1));
  return [...channel.forms, ...combineColumns(f, eqTable(gamma), layout.n).flat()];
}

/** Which masks are drawn: of columns M1, M2, M3. */
type Masks = readonly [boolean, boolean, boolean];

interface Direction {
  readonly column: number;
  readonly row: number;
  readonly view: readonly Element[];
  /** Of the claims. */
  readonly values: readonly Element[];
}

function directionsOf(setting: Setting): Direction[] {
  const { layout, claims } = setting;
  const cells = matrixOf(
    'cells',
    layout,
    [...new Array<bigint[]>(layout.columns + MASK_COLUMNS)].map(() => new Array<bigint>(2 ** layout.n).fill(0n)),
    setting.parameters,
    () => new Uint8Array(16),
  );
  const weights = claims.map((claim) =>
    weightsOf({ cells }, [claim], { alpha: EXT_ONE, points: [[], []], beta: EXT_ONE }),
  );
  return Array.from({ length: layout.columns + MASK_COLUMNS }, (_, column) =>
    Array.from({ length: 2 ** layout.n }, (_, row) => ({
      column,
      row,
      view: viewOf(setting, column, row),
      values: weights.flatMap((w) => (column < layout.columns ? [...w[column]![row]!] : [0n, 0n])),
    })),
  ).flat();
}

/** Forms of data that what is drawn does not hide. */
function leaks({ layout, claims }: Setting, directions: readonly Direction[], masks: Masks): number {
  const isMask = ({ column }: Direction): boolean => column >= layout.columns;
  const isDrawn = (d: Direction): boolean =>
    isMask(d) ? masks[Math.floor((d.column - layout.columns) / 2)]! : d.row >= 2 ** layout.n - layout.reserved;
  const drawn = directions.filter(isDrawn);
  const data = directions.filter((d) => !isMask(d) && !isDrawn(d));
  const none = new Array<Element>(2 * claims.length).fill(0n);
  const hiding = rank(drawn.map(({ view }) => view));
  const all = rank([...drawn.map(({ view }) => [...none, ...view]), ...data.map((d) => [...d.values, ...d.view])]);
  return all - hiding - rank(data.map(({ values }) => values));
}

function rank(rows: readonly (readonly Element[])[]): number {
  const left = rows.map((row) => [...row]);
  let found = 0;
  const width = left[0]?.length ?? 0;
  for (let column = 0; column < width && found < left.length; column++) {
    const pivot = left.findIndex((row, i) => i >= found && row[column] !== 0n);
    if (pivot < 0) continue;
    [left[found], left[pivot]] = [left[pivot]!, left[found]!];
    const base = left[found]!;
    const inverse = GL.inv(base[column]!);
    for (let i = found + 1; i < left.length; i++) {
      const row = left[i]!;
      if (row[column] === 0n) continue;
      const factor = GL.mul(row[column]!, inverse);
      for (let k = column; k < width; k++) if (base[k] !== 0n) row[k] = GL.sub(row[k]!, factor * base[k]!);
    }
    found++;
  }
  return found;
}

describe.each([
  [4, 2, 8],
  [4, 3, 8],
  [5, 2, 8],
])('2^%i rows, %i columns of cells, %i random rows', (n, columns, reserved) => {
  const setting = settingOf(n, columns, reserved, reserved - 2);
  let directions: Direction[];
  beforeAll(() => {
    directions = directionsOf(setting);
  });

  it('nothing leaks with two masks of the sum and one of h', () => {
    expect(directions[0]!.view.length).toBeGreaterThan(100);
    expect(leaks(setting, directions, [true, true, true])).toBe(0);
  });

  it.each<[string, Masks]>([
    ['no masks', [false, false, false]],
    ['one mask of the sum', [true, false, false]],
    ['one of the sum and one of h', [true, false, true]],
    ['two of the sum, none of h', [true, true, false]],
    ['one of h alone', [false, false, true]],
  ])('%s: leaks', (_, masks) => {
    expect(leaks(setting, directions, masks)).toBeGreaterThan(0);
  });
});

it('one random row more than queries leaks', () => {
  // Two more do not: the settings before have just as many.
  const setting = settingOf(4, 2, 8, 7);
  expect(leaks(setting, directionsOf(setting), [true, true, true])).toBeGreaterThan(0);
});

it('the rank is one', () => {
  const draws = new Draws('rank');
  const [a, b] = [draws.exts(4).flat(), draws.exts(4).flat()];
  const sum = a.map((value, i) => GL.add(value, GL.mul(3n, b[i]!)));
  expect([rank([a]), rank([a, b]), rank([a, b, sum]), rank([a, a]), rank([])]).toEqual([1, 2, 2, 1, 0]);
});
