/** Maps along axes in lowered programs: full boxes, copies, shared boxes, and what the same program without structure says. */
import { describe, expect, it } from 'vitest';
import { commonBox, Shapes } from '../../../src/compile/clear/shapes.js';
import { clampWatch } from '../../../src/compile/ir/clamped.js';
import { structuredMap, type LinearMap } from '../../../src/compile/real/linear-map.js';
import { sizesOf, type MapAxis } from '../../../src/compile/real/map-structure.js';
import { ORDER } from '../../../src/field/goldilocks.js';
import { proveClear, referenceKey } from '../../../src/prove/clear/reference/prove.js';
import { checkerOf } from '../../../src/prove/clear/reference/satisfied.js';
import { checkRelation } from '../../../src/verify/clear/relation-check.js';
import type { MatrixTerm, Relation } from '../../../src/verify/clear/relation.js';
import { verifyClear } from '../../../src/verify/clear/verify.js';
import { tiny } from '../clear/opening-support.js';
import { draws } from '../clear/toys.js';
import { expectStatement, lowered, program, requantised, valuesOf, type Program } from './programs.js';

const OWN = { lo: 'own', hi: 'own' } as const;
const COUNTED = { lo: 'own', hi: 'counted' } as const;
const draw = draws(41);

function mapAlong(axes: readonly MapAxis[]): LinearMap {
  const { weights } = sizesOf({ axes });
  return structuredMap({
    axes,
    weights: Float64Array.from({ length: weights }, () => draw(1, 6) * (1 - 2 * draw(0, 1))),
  });
}

const conv = (out: number, inputs: number, size: number, of: { kernel?: number; stride?: number } = {}): MapAxis[] => {
  const { kernel = 3, stride = 1 } = of;
  const pad = (kernel - 1) / 2;
  const reach = Math.floor((size - 1) / stride) + 1;
  const window = { kind: 'window', out: reach, in: size, kernel, stride, dilation: 1, pad } as const;
  return [{ kind: 'shared', size: 1 }, { kind: 'own', size: 1 }, { kind: 'full', out, in: inputs }, window, window];
};

const bias = (size: number) => Float64Array.from({ length: size }, () => draw(-20, 20));
const domain = (size: number) => ({ lo: 0, hi: 15, size });

const programs: Readonly<
  Record<string, { readonly program: Program; readonly structured: number; readonly copies: number }>
> = {
  // The second convolution does not read the last row and column of the first one's outputs: they are dead, and have cells.
  'strided convolutions and a dense layer': {
    structured: 2,
    copies: 0,
    program: program([domain(2 * 49)], (g, [x]) => {
      const first = g.push('linear', { maps: [mapAlong(conv(3, 2, 7))], bias: bias(147) }, [x!], 147);
      const a = requantised(g, first, 4, 0, 4, OWN);
      const window = { kind: 'window', out: 3, in: 7, kernel: 2, stride: 2, dilation: 1, pad: 0 } as const;
      const strided: MapAxis[] = [{ kind: 'full', out: 4, in: 3 }, window, window];
      const second = g.push('linear', { maps: [mapAlong(strided)], bias: bias(36) }, [a], 36);
      const b = requantised(g, second, 3, 0, 4, OWN);
      return g.push('linear', { maps: [mapAlong([{ kind: 'full', out: 3, in: 36 }])], bias: bias(3) }, [b], 3);
    }),
  },
  // y = requantised(conv(a) + 3·a), a read twice.
  'a residual connection': {
    structured: 3,
    copies: 0,
    program: program([domain(3 * 16)], (g, [x]) => {
      const a = requantised(
        g,
        g.push('linear', { maps: [mapAlong(conv(3, 3, 4))], bias: bias(48) }, [x!], 48),
        4,
        0,
        4,
        OWN,
      );
      const maps = [
        mapAlong(conv(3, 3, 4)),
        structuredMap({ axes: [{ kind: 'shared', size: 48 }], weights: Float64Array.of(3) }),
      ];
      return requantised(g, g.push('linear', { maps, bias: bias(48) }, [a, a], 48), 4, 0, 4, COUNTED);
    }),
  },
  // What a map along axes reads is put together of two inputs, the other way round, and zeros beside them: a copy.
  'a gathered operand, groups and a batch': {
    structured: 1,
    copies: 1,
    program: program([domain(16), domain(16)], (g, [x, y]) => {
      const index = Int32Array.from({ length: 40 }, (_, i) => (i < 32 ? 31 - i : -1));
      const gathered = g.push('gather', { index, fill: 0 }, [x!, y!], 40);
      const axes: MapAxis[] = [
        { kind: 'shared', size: 2 },
        { kind: 'own', size: 2 },
        { kind: 'full', out: 3, in: 2 },
        { kind: 'window', out: 4, in: 5, kernel: 3, stride: 1, dilation: 2, pad: 2 },
      ];
      return requantised(g, g.push('linear', { maps: [mapAlong(axes)], bias: bias(48) }, [gathered], 48), 4, 0, 4, OWN);
    }),
  },
  // The statement's digits as the operand, an output that is pending as the statement's.
  'an average over a window, shown': {
    structured: 1,
    copies: 0,
    program: program([domain(3 * 8)], (g, [x]) => {
      const axes: MapAxis[] = [
        { kind: 'shared', size: 3 },
        { kind: 'window', out: 4, in: 8, kernel: 2, stride: 2, dilation: 1, pad: 0 },
      ];
      return g.push(
        'linear',
        { maps: [structuredMap({ axes, weights: Float64Array.of(1, 1) })], bias: new Float64Array(12) },
        [x!],
        12,
      );
    }),
  },
};

/** The same rows by their patterns. */
function withoutStructure({ ir, schema }: Program): Program {
  const nodes = ir.nodes.map((node) => {
    if (node.op !== 'linear') return node;
    const maps = node.attrs.maps.map(({ inSize, rowPattern, rowBase, patStart, patOffset, patCoef }) => ({
      inSize,
      rowPattern,
      rowBase,
      patStart,
      patOffset,
      patCoef,
    }));
    return { ...node, attrs: { ...node.attrs, maps } };
  });
  return { ir: { ...ir, nodes }, schema };
}

function drawnInputs({ ir }: Program): Map<string, Float64Array> {
  return new Map(
    ir.nodes.flatMap((node) =>
      node.op === 'input'
        ? [[node.name, Float64Array.from({ length: node.dims[0]! }, () => draw(node.attrs.lo, node.attrs.hi))] as const]
        : [],
    ),
  );
}

const mapsOf = ({ constraints }: Relation): MatrixTerm['map'][] =>
  constraints.flatMap((constraint) => (constraint.kind === 'linear' ? constraint.terms.map(({ map }) => map) : []));

describe.each(Object.entries(programs))('%s', (_, { program: whole, structured, copies }) => {
  const { relation, assign, statistics, weights } = lowered(whole);
  const unsatisfied = checkerOf(relation);
  const runs = Array.from({ length: 4 }, () => valuesOf(whole, drawnInputs(whole)));

  it('is written along axes, and nothing of it is walked', () => {
    checkRelation(relation);
    expect(mapsOf(relation).filter(({ kind }) => kind === 'axes').length).toBe(structured);
    expect(mapsOf(relation).some(({ kind }) => kind === 'patterns')).toBe(false);
    expect(statistics.mapEntries).toBe(0);
    expect(relation.cells.filter(({ name }) => name.endsWith('a copy')).length).toBe(copies);
    // But for copies, and rows that count, forms read whole tensors.
    if (copies === 0 && !whole.schema.clamped) expect(statistics.selectEntries).toBe(0);
  });

  it('is satisfied by runs of the interpreter, states its outputs, and is not by another value of any cell that counts', () => {
    const watch = clampWatch(whole.ir);
    let lies = 0;
    for (const values of runs) {
      const assignment = assign(values);
      expect(unsatisfied(assignment)).toBeUndefined();
      expectStatement(whole, assignment, values, watch(values).length > 0, ORDER);
      assignment.publics.forEach((tensor, t) => {
        const changed = tensor.map((value, i) => (i === tensor.length - 1 ? value + 1n : value));
        expect(unsatisfied({ ...assignment, publics: assignment.publics.with(t, changed) })).toBeDefined();
      });
      assignment.cells.forEach((tensor, t) => {
        const element = draw(0, tensor.length - 1);
        // Of a copy zeros that no one reads may be anything.
        if (relation.cells[t]!.name.endsWith('a copy') && element >= 32) return;
        if (relation.cells[t]!.name.includes('inverse')) return;
        const changed = tensor.map((value, i) => (i === element ? (value + 1n) % ORDER : value));
        expect(unsatisfied({ ...assignment, cells: assignment.cells.with(t, changed) })).toBeDefined();
        lies++;
      });
    }
    if (relation.cells.length > 0) expect(lies).toBeGreaterThan(0);
  });

  it('says what the program without structure says', () => {
    const plain = lowered(withoutStructure(whole));
    expect(plain.statistics.mapEntries).toBeGreaterThan(0);
    const check = checkerOf(plain.relation);
    for (const values of runs) {
      const other = plain.assign(values);
      expect(check(other)).toBeUndefined();
      expect(other.publics).toEqual(assign(values).publics);
    }
  });

  it('is proven, and refused with another weight', () => {
    const parameters = tiny(9, [5, 4, 4, 3], 3);
    const said = { publicBytes: Uint8Array.of(1), context: new Uint8Array() };
    const digest = new Uint8Array(32).fill(3);
    const { key, ...rest } = referenceKey(relation, weights(), parameters, digest);
    const assignment = assign(runs[0]!);
    const proof = proveClear({ key, ...rest }, assignment, said, new Uint8Array(32).fill(7));
    expect(verifyClear(key, { ...said, publics: assignment.publics }, proof)).toBeUndefined();
    const own = weights();
    const changed = own.map((tensor, t) => (t === 0 ? tensor.map((value) => (value + 1n) % ORDER) : tensor));
    const other = referenceKey(relation, changed, parameters, digest);
    expect(verifyClear(other.key, { ...said, publics: assignment.publics }, proof)).toBeDefined();
  });
});

describe('boxes of tensors', () => {
  const cell = (index: number) => ({ side: 'cell', index }) as const;
  const of = (...sizes: number[]) => {
    const shapes = new Shapes();
    sizes.forEach((size, index) => shapes.add(cell(index), size));
    return shapes;
  };

  it('are as coarse as their readers allow, and one for all that stand side by side', () => {
    const shapes = of(72, 72, 72);
    expect(shapes.dimsOf(cell(0))).toEqual([72]);
    expect(shapes.join(cell(0), cell(1))).toBe(true);
    expect(shapes.refine(cell(0), [1, 8, 9])).toBe(true);
    expect(shapes.dimsOf(cell(1))).toEqual([8, 9]);
    expect(shapes.refine(cell(1), [2, 4, 3, 3])).toBe(true);
    expect(shapes.dimsOf(cell(0))).toEqual([2, 4, 3, 3]);
    expect(shapes.refine(cell(0), [6, 12])).toBe(false);
    expect(shapes.dimsOf(cell(2))).toEqual([72]);
    expect(shapes.refine(cell(2), [6, 12])).toBe(true);
    expect(shapes.join(cell(0), cell(2))).toBe(false);
    expect(shapes.dimsOf(cell(2))).toEqual([6, 12]);
  });

  it('are just those that a matrix product asks for, or none', () => {
    const shapes = of(24, 24, 25);
    expect(shapes.refine(cell(0), [4, 6])).toBe(true);
    expect(shapes.fix(cell(0), [1, 24, 1])).toBe(false);
    expect(shapes.fix(cell(0), [1, 4, 6])).toBe(true);
    expect(shapes.dimsOf(cell(0))).toEqual([1, 4, 6]);
    expect(shapes.fix(cell(0), [4, 6])).toBe(false);
    expect(shapes.refine(cell(0), [4, 2, 3])).toBe(false);
    expect(shapes.refine(cell(0), [24])).toBe(true);
    expect(shapes.join(cell(0), cell(2))).toBe(false);
    expect(shapes.join(cell(1), cell(0))).toBe(true);
    expect(shapes.dimsOf(cell(1))).toEqual([1, 4, 6]);
  });

  it.each([
    [
      [[4, 6], [24]],
      [4, 6],
    ],
    [
      [
        [4, 6],
        [2, 12],
      ],
      [2, 2, 6],
    ],
    [
      [
        [4, 6],
        [6, 4],
      ],
      undefined,
    ],
    [[[1, 1]], [1]],
    [
      [
        [1, 24],
        [3, 8],
        [3, 2, 4],
      ],
      [3, 2, 4],
    ],
  ] as const)('%j have in common %j', (boxes, common) => {
    expect(commonBox(boxes)).toEqual(common);
  });
});
