/** Selections, patterns and powers in WebAssembly beside BigInt: edge operands, indices that repeat, parts of a range. */
import { beforeAll, describe, expect, it } from 'vitest';
import { EXT_ZERO, extAdd, extMul, extOf, extPow, extScale, GL, type Ext } from '../../src/field/goldilocks.js';
import { elementsIn, extsIn, readElements, readExts } from '../../src/kernels/clear/elements.js';
import { instantiateClearKernels, type ClearKernels } from '../../src/kernels/clear/module.js';
import { ANY_EDGES, Draws, largest } from './kernels-clear-support.js';

const draws = new Draws();
let kernels: ClearKernels;
beforeAll(async () => {
  kernels = await instantiateClearKernels();
});

const indices = (n: number, below: number) => Uint32Array.from({ length: n }, () => draws.below(below));
const listIn = (list: Uint32Array | Int32Array) => kernels.heap.copyIn(new Uint8Array(list.buffer));

describe('selections', () => {
  it.each([0n, ...ANY_EDGES])('add %s times what is picked, base and extension, over repeated indices', (c) => {
    const [to, from] = [indices(40, 13), indices(40, 17)];
    const [out, input] = [draws.elements(13), draws.elements(17)];
    const pointer = elementsIn(kernels, out);
    kernels.exports.gl_select_add(pointer, listIn(to), elementsIn(kernels, input), listIn(from), c, 3, 38);
    const expected = [...out];
    for (let e = 3; e < 38; e++) expected[to[e]!] = GL.add(expected[to[e]!]!, GL.mul(GL.mod(c), input[from[e]!]!));
    expect(readElements(kernels, pointer, 13)).toEqual(expected);

    const [outs, inputs] = [draws.exts(13), draws.exts(17)];
    const d = ANY_EDGES[draws.below(ANY_EDGES.length)]!;
    const pointers = extsIn(kernels, outs);
    kernels.exports.gl2_select_add(pointers, listIn(to), extsIn(kernels, inputs), listIn(from), c, d, 3, 38);
    const sums = [...outs];
    const factor: Ext = [GL.mod(c), GL.mod(d)];
    for (let e = 3; e < 38; e++) sums[to[e]!] = extAdd(sums[to[e]!]!, extMul(factor, inputs[from[e]!]!));
    expect(readExts(kernels, pointers, 13)).toEqual(sums);
  });

  it('without lists go element to element', () => {
    const [out, input] = [largest(9), largest(9)];
    const pointer = extsIn(kernels, out);
    kernels.exports.gl2_select_add(pointer, 0, extsIn(kernels, input), 0, 1n, 0n, 2, 9);
    expect(readExts(kernels, pointer, 9)).toEqual(out.map((x, i) => (i < 2 ? x : extAdd(x, input[i]!))));
  });
});

describe('matrices of patterns', () => {
  // Rows of 3 patterns, one of them empty, at bases that overlap.
  const start = Uint32Array.of(0, 3, 3, 8);
  const offset = Int32Array.of(0, 2, -1, 0, 1, 2, 3, 4);
  const rows = 11;
  const columns = 20;
  const pattern = Uint32Array.from({ length: rows }, (_, i) => i % 3);
  const base = Int32Array.from({ length: rows }, (_, i) => 1 + ((7 * i) % 14));

  it.each([
    ['drawn', () => draws.exts(rows), () => draws.elements(8), () => draws.exts(columns)],
    ['largest', () => largest(rows), () => largest(8).map(([c]) => c), () => largest(columns)],
  ])('%s: rows times the matrix, and what each weight weighs', (_, drawRows, drawWeights, drawColumns) => {
    const [r, weights, c] = [drawRows(), drawWeights(), drawColumns()];
    const row = new Array<Ext>(columns).fill(EXT_ZERO);
    const outer = new Array<Ext>(8).fill(EXT_ZERO);
    for (let i = 2; i < rows; i++) {
      for (let e = start[pattern[i]!]!; e < start[pattern[i]! + 1]!; e++) {
        const k = base[i]! + offset[e]!;
        row[k] = extAdd(row[k]!, extScale(r[i]!, weights[e]!));
        outer[e] = extAdd(outer[e]!, extMul(r[i]!, c[k]!));
      }
    }
    const lists = [pattern, base, start, offset].map(listIn) as [number, number, number, number];
    const zeros = (n: number) => extsIn(kernels, new Array<Ext>(n).fill(EXT_ZERO));
    const [rowPointer, outerPointer, rowsPointer] = [zeros(columns), zeros(8), extsIn(kernels, r)];
    const { exports } = kernels;
    exports.gl2_patterns_row(rowPointer, rowsPointer, elementsIn(kernels, weights), ...lists, 2, rows);
    exports.gl2_patterns_outer(outerPointer, rowsPointer, extsIn(kernels, c), ...lists, 2, rows);
    expect(readExts(kernels, rowPointer, columns)).toEqual(row);
    expect(readExts(kernels, outerPointer, 8)).toEqual(outer);
  });
});

it.each([1, 2, 3, 4, 7, 64, 67])('%i powers of an element are added', (n) => {
  for (const [c, x] of [[draws.ext(), draws.element()] as const, [largest(1)[0]!, ANY_EDGES.at(-1)!] as const]) {
    const out = draws.exts(n);
    const pointer = extsIn(kernels, out);
    kernels.exports.gl2_geometric_add(pointer, c[0], c[1], x, n);
    const power = (i: number) => extPow(extOf(x), BigInt(i));
    expect(readExts(kernels, pointer, n)).toEqual(out.map((y, i) => extAdd(y, extMul(c, power(i)))));
  }
});
