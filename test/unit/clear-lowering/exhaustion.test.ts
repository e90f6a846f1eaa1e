/**
 * Every gadget over a field of 97 or 193 elements, in every way it can be laid and with limbs cut everywhere: for each input all assignments of cells, outputs
 * and the bit are found, and there is one, the interpreter's. And each constraint in turn is left out, after which there is another.
 */
import { describe, expect, it } from 'vitest';
import { clampWatch } from '../../../src/compile/ir/clamped.js';
import { ZkonnxError } from '../../../src/base/errors.js';
import { ORDER } from '../../../src/field/goldilocks.js';
import type { RelationOptions } from '../../../src/compile/clear/lower.js';
import type { Ends } from '../../../src/compile/ir/graph.js';
import { structuredMap } from '../../../src/compile/real/linear-map.js';
import { elementsOf, type Assignment, type Relation } from '../../../src/verify/clear/relation.js';
import { statementParts } from '../../../src/verify/statement.js';
import type { Growing, Tensor } from '../../../circuits/attack/whole/graphs.js';
import { everyInput, layer, lowered, program, requantised, valuesOf, type Program } from './programs.js';
import { Search, type Fixed, type Solution } from './search.js';

const COUNTED = { lo: 'counted', hi: 'counted' } as const;
const REFUSED = { lo: 'refused', hi: 'refused' } as const;
const OWN = { lo: 'own', hi: 'own' } as const;
const MIXED = { lo: 'own', hi: 'counted' } as const;

interface Case {
  readonly name: string;
  readonly program: Program;
  /** How many ways its largest gadget has at least. */
  readonly ways?: number;
  readonly modulus?: bigint;
  /** An element of a pool's operand that no window reads: where it has a floor of its own, floor and remainder are any that make it. */
  readonly unread?: number;
}

const signed = { lo: -9, hi: 9 };

const cases: readonly Case[] = [
  ...(
    [
      ['counted', COUNTED],
      ['refused', REFUSED],
      ['own', OWN],
      ['own and counted', MIXED],
      ['refused and own', { lo: 'refused', hi: 'own' }],
      ['counted and refused', { lo: 'counted', hi: 'refused' }],
    ] as const
  ).flatMap(([name, ends]): Case[] => [
    {
      name: `requantise of a map, ends ${name}`,
      program: program([signed], (g, [x]) => requantised(g, layer(g, x!, [[3]], [1]), 2, -1, 2, ends)),
      ways: name === 'refused' ? 1 : 2,
    },
    {
      name: `requantise by 0 bits, ends ${name}`,
      program: program([signed], (g, [x]) => requantised(g, x!, 0, -2, 2, ends)),
    },
    {
      name: `requantise of cells, ends ${name}`,
      program: program([signed], (g, [x]) =>
        requantised(g, g.push('positive', {}, [g.shifted(x!, 4)], 1), 1, 1, 2, ends),
      ),
    },
    {
      name: `table behind a requantisation, ends ${name}`,
      program: program([signed], (g, [x]) => {
        const y = requantised(g, layer(g, x!, [[2]], [0]), 1, -1, 2, ends);
        return g.push('table', { name: 'f', lo: -1, values: Float64Array.of(5, -3, 0, 7) }, [y], 1);
      }),
    },
    {
      name: `maxima of a map in front of a requantisation, ends ${name}`,
      program: program([{ lo: -4, hi: 4, size: 2 }], (g, [x]) => pooled(g, scaled(g, x!, 2), [[0, 1]], ends)),
      ways: 3,
    },
    {
      name: `maxima in front of a requantisation and a table, ends ${name}`,
      program: program([{ lo: -4, hi: 4, size: 2 }], (g, [x]) => {
        const y = pooled(g, scaled(g, x!, 2), [[0, 1]], ends);
        return g.push('table', { name: 'f', lo: -1, values: Float64Array.of(5, -3) }, [y], 1);
      }),
      ways: 3,
    },
  ]),
  {
    name: 'maxima of overlapping windows in front of a requantisation',
    program: program([{ lo: -2, hi: 2, size: 3 }], (g, [x]) =>
      pooled(
        g,
        scaled(g, x!, 3),
        [
          [0, 1, 2],
          [2, 1],
        ],
        MIXED,
      ),
    ),
    ways: 3,
  },
  {
    name: 'maxima of a map along axes, of whose rows windows leave one out',
    program: program([{ lo: -2, hi: 2, size: 3 }], (g, [x]) => {
      const map = structuredMap({ axes: [{ kind: 'own', size: 3 }], weights: Float64Array.of(2, 3, -1) });
      const rows = g.push('linear', { maps: [map], bias: Float64Array.of(1, 0, 1) }, [x!], 3);
      return pooled(g, rows, [[0, 2]], COUNTED);
    }),
    unread: 1,
    ways: 3,
  },
  {
    name: 'maxima of cells in front of a requantisation',
    program: program([{ lo: -4, hi: 4, size: 2 }], (g, [x]) =>
      pooled(g, g.push('positive', {}, [g.shifted(x!, 1)], 2), [[0, 1]], COUNTED),
    ),
    ways: 3,
  },
  {
    name: 'requantise that nothing leaves',
    program: program([signed], (g, [x]) => requantised(g, layer(g, x!, [[3]], [1]), 2, -8, 4, OWN)),
  },
  { name: 'positive', program: program([signed], (g, [x]) => g.push('positive', {}, [x!], 1)), ways: 2 },
  { name: 'compare', program: program([signed], (g, [x]) => g.push('compare', {}, [x!], 1)), ways: 3 },
  {
    name: 'maximum of three',
    program: program([{ lo: -3, hi: 3, size: 3 }], (g, [x]) =>
      g.push('maxWindows', { start: Uint32Array.of(0, 3), index: Uint32Array.of(0, 1, 2) }, [x!], 1),
    ),
    ways: 2,
  },
  {
    name: 'table',
    program: program([{ lo: -2, hi: 3 }], (g, [x]) =>
      g.push('table', { name: 'f', lo: -2, values: Float64Array.of(4, 4, -1, 0, 9, 2) }, [x!], 1),
    ),
  },
  { name: 'matrix product', program: matrixProducts() },
  {
    name: 'a sum of tensors that a map reads',
    program: program([{ lo: -2, hi: 2, size: 2 }], (g, [x]) => {
      const clipped = requantised(g, x!, 0, -1, 1, COUNTED);
      const sum = g.linear(
        [clipped, x!],
        2,
        (row, source) => [[row, 2 - source]],
        () => 1,
      );
      return layer(g, sum, [[1, -3]], [0]);
    }),
  },
  {
    name: 'products',
    program: program([{ lo: -4, hi: 4, size: 2 }], (g, [x]) =>
      g.push(
        'bilinear',
        { start: Uint32Array.of(0, 2, 3), left: Uint32Array.of(0, 1, 1), right: Uint32Array.of(1, 1, 0) },
        [x!, x!],
        2,
      ),
    ),
  },
  {
    name: 'divide',
    modulus: 193n,
    program: program(
      [
        { lo: 0, hi: 9 },
        { lo: 1, hi: 5 },
      ],
      (g, [n, d]) => g.push('divide', { shift: 1 }, [n!, d!], 1),
    ),
  },
  {
    name: 'square root',
    modulus: 193n,
    program: program([{ lo: 0, hi: 30 }], (g, [x]) => g.push('squareRoot', {}, [x!], 1)),
  },
  ...[false, true].map((last): Case => ({
    name: `argmax, the ${last ? 'last' : 'first'} of equals`,
    modulus: 193n,
    program: program([{ lo: -1, hi: 1, size: 3 }], (g, [x]) =>
      g.push('argmax', { groups: { base: Uint32Array.of(0), size: 3, stride: 1 }, last }, [x!], 1),
    ),
  })),
  {
    name: 'gather with a fill, read twice',
    program: program([{ lo: -2, hi: 2, size: 2 }], (g, [x]) => {
      const moved = g.push('gather', { index: Int32Array.of(1, -1, 0), fill: 3 }, [x!], 3);
      return layer(g, moved, [[1, 2, 3]], [-4]);
    }),
  },
];

/** Each element times a factor. */
function scaled(g: Growing, x: Tensor, factor: number): Tensor {
  const { size } = x.fact;
  return layer(
    g,
    x,
    Array.from({ length: size }, (_, row) => Array.from({ length: size }, (_each, i) => (i === row ? factor : 0))),
    Array.from({ length: size }, () => 1),
  );
}

/** Maxima of windows, halved and clamped to −1 and 0. */
function pooled(g: Growing, x: Tensor, windows: readonly (readonly number[])[], ends: Ends): Tensor {
  const start = Uint32Array.from({ length: windows.length + 1 }, (_, i) => windows.slice(0, i).flat().length);
  const maxima = g.push('maxWindows', { start, index: Uint32Array.from(windows.flat()) }, [x], windows.length);
  return requantised(g, maxima, 1, -1, 1, ends);
}

/** Every way that its gadgets have, with tables of as many rows as it takes; of the first ones limbs of one bit, of two and one, and by the plan, else by the plan. */
function layouts({ program: one, modulus = 97n }: Case): RelationOptions[] {
  const limbs = [undefined, [1], [1, 2]];
  const options = (way: number, widths?: number[]): RelationOptions => ({
    modulus,
    tableBits: 6,
    forced: {
      way: (list: readonly unknown[]) => Math.min(way, list.length - 1),
      ...(widths === undefined ? {} : { widths }),
    },
  });
  const count = Math.max(WITH_LIMBS, waysOf(one));
  return [
    { modulus },
    { modulus, tableBits: 3 },
    ...Array.from({ length: count }, (_, way) =>
      (way < WITH_LIMBS ? limbs : limbs.slice(0, 1)).map((widths) => options(way, widths)),
    ).flat(),
  ];
}

const WITH_LIMBS = 4;

/** Ways that its largest gadget can be laid in. */
function waysOf(one: Program): number {
  let most = 1;
  const way = (list: readonly unknown[]) => {
    most = Math.max(most, list.length);
    return 0;
  };
  lowered(one, { tableBits: 6, forced: { way } });
  return most;
}

const INVERSE = 'statement: inverse of the clamped';

/** Inputs are as given: publics of the statement, or cells. */
function fixedOf({ schema, ir }: Program, relation: Relation, inputs: ReadonlyMap<string, Float64Array>): Fixed {
  const publics = new Map<number, readonly bigint[]>();
  const shown = statementParts(schema).filter(({ tensor }) => tensor.visibility === 'public');
  shown.forEach(({ tensor, side }, i) => {
    if (side === 'input') publics.set(i, Array.from(inputs.get(tensor.name)!, BigInt));
  });
  const cells = new Map<number, readonly bigint[]>();
  ir.inputs.forEach((name, i) => {
    if (schema.inputs[i]!.visibility === 'public') return;
    cells.set(
      relation.cells.findIndex((cell) => cell.name === `${name}: ${name}`),
      Array.from(inputs.get(name)!, BigInt),
    );
  });
  return { publics, cells };
}

/** All that an assignment says, but for what is free: the inverse of 0, and the floor of what nobody reads. */
function said(
  { unread }: Pick<Case, 'unread'>,
  relation: Relation,
  { cells, publics }: Pick<Assignment, 'cells' | 'publics'> | Solution,
): string {
  const own = relation.cells.flatMap(({ name, dims }, i) => {
    if (name === INVERSE) return [];
    const isFree = /: (?:rounded|remainder)$/.test(name) && elementsOf(dims) > (unread ?? Infinity);
    return [Array.from(cells[i]!, (value, element) => (isFree && element === unread ? '' : value)).join()];
  });
  return [...own, ...publics.map((tensor) => Array.from(tensor).join())].join(';');
}

/** A 2×2 by a 2×3 matrix, each of two inputs: the left one is cells in their places, the right one has to be copied. */
function matrixProducts(): Program {
  const spread = (g: Growing, x: Tensor, size: number) =>
    g.push('gather', { index: Int32Array.from({ length: size }, (_, i) => i % 2), fill: 0 }, [x], size);
  const entries = Array.from({ length: 12 }, (_, e) => ({ i: Math.floor(e / 6), j: Math.floor(e / 2) % 3, t: e % 2 }));
  const attrs = {
    start: Uint32Array.from({ length: 7 }, (_, i) => 2 * i),
    left: Uint32Array.from(entries, ({ i, t }) => 2 * i + t),
    right: Uint32Array.from(entries, ({ j, t }) => 3 * t + j),
    shape: { batch: 1, m: 2, k: 2, n: 3 },
  };
  return program(
    [
      { lo: -1, hi: 1, size: 2 },
      { lo: 0, hi: 2, size: 2 },
    ],
    (g, [x, y]) => g.push('bilinear', attrs, [requantised(g, spread(g, x!, 4), 0, 0, 1, OWN), spread(g, y!, 6)], 6),
  );
}

interface Judged {
  readonly inputs: number;
  readonly refused: number;
  readonly faults: string[];
}

/** For every input the solutions are the interpreter's run, or none where an end refuses it. */
function judge(of: Case, options: RelationOptions): Judged {
  const { program: one } = of;
  const { modulus = 0n } = options;
  const low = lowered(one, options);
  const search = new Search(low.relation, weightsOf(one, low, modulus), modulus);
  const watch = clampWatch(one.ir);
  let [inputs, refused] = [0, 0];
  const faults: string[] = [];
  for (const given of everyInput(one)) {
    const values = valuesOf(one, given);
    const isRefused = watch(values).some(({ end }) => end === 'refused');
    const label = [...given.values()].map((tensor) => tensor.join()).join(' ');
    const found = new Set(
      search.solutions(fixedOf(one, low.relation, given)).map((solution) => said(of, low.relation, solution)),
    );
    const honest = isRefused ? [] : [said(of, low.relation, low.assign(values))];
    if (isRefused) expect(() => low.assign(values)).toThrow(/RANGE_EXCEEDED/);
    if ([...found].join(' | ') !== honest.join(' | '))
      faults.push(`${label}: ${[...found].join(' | ')} for ${honest.join()}`);
    inputs++;
    refused += Number(isRefused);
  }
  return { inputs, refused, faults };
}

/** Weights do not depend on the run; a refused input has none. */
function weightsOf(one: Program, { assign }: ReturnType<typeof lowered>, modulus: bigint): Assignment['weights'] {
  expect(modulus).toBeGreaterThan(0n);
  for (const given of everyInput(one)) {
    try {
      return assign(valuesOf(one, given)).weights;
    } catch (error) {
      if (!(error instanceof ZkonnxError && error.code === 'RANGE_EXCEEDED')) throw error;
    }
  }
  throw new Error('no input has an assignment');
}

describe.each(cases)('$name', (one) => {
  it('has the interpreter’s run as its only assignment, in every layout', () => {
    const relations = new Set<string>();
    let overflows = 0;
    for (const options of layouts(one)) {
      let judged: Judged;
      try {
        judged = judge(one, options);
      } catch (error) {
        // Some ways have bounds beyond so small a field.
        if (error instanceof ZkonnxError && error.code === 'BOUND_OVERFLOW') {
          overflows++;
          continue;
        }
        throw error;
      }
      expect(judged.faults).toEqual([]);
      const { relation } = lowered(one.program, options);
      relations.add(JSON.stringify([relation.tables, relation.cells]));
    }
    expect(overflows).toBeLessThan(layouts(one).length / 2);
    expect(relations.size).toBeGreaterThanOrEqual(one.ways ?? 1);
  });
});

describe('a constraint left out', () => {
  it.each(cases)('of $name is missed', (one) => {
    const modulus = one.modulus ?? 97n;
    let relations = 0;
    // Every way once, limbs by the plan.
    for (const options of layouts(one).filter(
      ({ tableBits, forced }) => tableBits !== 3 && forced?.widths === undefined,
    )) {
      let low;
      try {
        low = lowered(one.program, options);
      } catch (error) {
        if (error instanceof ZkonnxError && error.code === 'BOUND_OVERFLOW') continue;
        throw error;
      }
      relations++;
      const weights = weightsOf(one.program, low, modulus);
      const missed = low.relation.constraints.map((_, left) => {
        const relation = { ...low.relation, constraints: low.relation.constraints.toSpliced(left, 1) };
        const search = new Search(relation, weights, modulus);
        for (const given of everyInput(one.program)) {
          const found = new Set(
            search.solutions(fixedOf(one.program, relation, given), 200).map((s) => said(one, relation, s)),
          );
          let honest: string | undefined;
          try {
            honest = said(one, relation, low.assign(valuesOf(one.program, given)));
          } catch {
            honest = undefined;
          }
          if ([...found].some((solution) => solution !== honest)) return true;
        }
        return false;
      });
      const names = low.relation.constraints.map(({ kind }, i) => `${i} ${kind}`);
      expect(names.filter((_, i) => !missed[i])).toEqual([]);
    }
    expect(relations).toBeGreaterThan(0);
  });
});

it('floors of a map along axes are of all its rows, and it is written as such', () => {
  const one = cases.find(({ unread }) => unread !== undefined)!;
  const shapes = layouts(one).flatMap((options) => {
    const { relation } = lowered(one.program, { ...options, modulus: ORDER });
    const floors = relation.cells.filter(({ name, dims }) => name.endsWith(': rounded') && elementsOf(dims) === 3);
    const maps = relation.constraints.flatMap((each) =>
      each.kind === 'linear' ? each.terms.map(({ map }) => map.kind) : [],
    );
    return floors.length > 0 ? [maps.join()] : [];
  });
  expect(shapes.length).toBeGreaterThan(0);
  expect(new Set(shapes)).toEqual(new Set(['axes']));
});

it('a matrix product takes cells in their places, and copies others', () => {
  const { relation } = lowered(matrixProducts());
  expect(relation.constraints.filter(({ kind }) => kind === 'matmul').map(({ dims }) => dims)).toEqual([[1, 2, 3]]);
  expect(relation.cells.filter(({ name }) => name.includes('as a matrix')).map(({ dims }) => dims)).toEqual([
    [1, 2, 3],
  ]);
  expect(relation.cells.filter(({ dims }) => dims.join() === '1,2,2').length).toBe(1);
});

describe('a hidden input', () => {
  const one = program([{ lo: -2, hi: 4 }], (g, [x]) => layer(g, x!, [[3]], [1]), { shown: 'public', given: 'private' });

  it.each([
    ['by a table of its own', { way: (ways: readonly unknown[]) => ways.length - 1 }],
    ['from both sides', { way: () => 0, widths: [1, 2] }],
  ])('is of its domain, %s', (_name, forced) => {
    const low = lowered(one, { modulus: 97n, forced });
    const search = new Search(low.relation, weightsOf(one, low, 97n), 97n);
    const found = search.solutions({ publics: new Map(), cells: new Map() });
    const honest = Array.from(everyInput(one), (given) => said({}, low.relation, low.assign(valuesOf(one, given))));
    expect(found.map((solution) => said({}, low.relation, solution)).sort()).toEqual(honest.sort());
    expect(honest.length).toBe(7);
  });
});
