/** Steps along axes in WebAssembly beside BigInt: edge operands, lists that repeat and leave out. */
import { beforeAll, describe, expect, it } from 'vitest';
import { EXT_ZERO, extAdd, extMul, extScale, type Ext } from '../../src/field/goldilocks.js';
import { elementsIn, extsIn, readExts } from '../../src/kernels/clear/elements.js';
import { instantiateClearKernels, type ClearKernels } from '../../src/kernels/clear/module.js';
import { Draws, largest } from './kernels-clear-support.js';

const draws = new Draws();
let kernels: ClearKernels;
beforeAll(async () => {
  kernels = await instantiateClearKernels();
});

const sources = [
  ['drawn', (n: number) => draws.exts(n), (n: number) => draws.elements(n)],
  ['largest', (n: number) => largest(n), (n: number) => largest(n).map(([c]) => c)],
] as const;

describe.each(sources)('%s', (_, exts, elements) => {
  it.each([
    [3, 4, 5, 2, 9],
    [1, 1, 7, 1, 7],
    [4, 6, 1, 3, 6],
  ])('[%i, %i → %i, %i] by %i entries', (outer, ins, outs, inner, entries) => {
    const list = (below: number) => Uint32Array.from({ length: entries }, () => draws.below(below));
    const [to, from] = [list(outs), list(ins)];
    const [out, input, values] = [exts(outer * outs * inner), exts(outer * ins * inner), exts(entries)];
    const expected = [...out];
    for (let a = 0; a < outer; a++) {
      for (let e = 0; e < entries; e++) {
        for (let b = 0; b < inner; b++) {
          const at = (a * outs + to[e]!) * inner + b;
          expected[at] = extAdd(expected[at]!, extMul(values[e]!, input[(a * ins + from[e]!) * inner + b]!));
        }
      }
    }
    const lists = [to, from].map((one) => kernels.heap.copyIn(new Uint8Array(one.buffer))) as [number, number];
    const pointer = extsIn(kernels, out);
    kernels.exports.gl2_axis_add(
      pointer,
      extsIn(kernels, input),
      extsIn(kernels, values),
      ...lists,
      entries,
      outer,
      outs,
      ins,
      inner,
    );
    expect(readExts(kernels, pointer, out.length)).toEqual(expected);
  });

  it('without lists each entry goes to its own place', () => {
    const [input, values] = [exts(2 * 5 * 3), exts(5)];
    const pointer = extsIn(kernels, new Array<Ext>(30).fill(EXT_ZERO));
    const { exports } = kernels;
    exports.gl2_axis_add(pointer, extsIn(kernels, input), extsIn(kernels, values), 0, 0, 5, 2, 5, 5, 3);
    expect(readExts(kernels, pointer, 30)).toEqual(input.map((x, i) => extMul(x, values[Math.floor(i / 3) % 5]!)));
  });

  it.each([
    [1, 1, 1],
    [2, 3, 5],
    [1, 4, 2],
    [3, 11, 1],
    [1, 29, 6],
  ])('sums along the axis of [%i, %i, %i], of base elements', (outer, size, inner) => {
    const [out, values, input] = [exts(outer * inner), exts(size), elements(outer * size * inner)];
    const expected = out.map((x, at) => {
      const [a, b] = [Math.floor(at / inner), at % inner];
      return values.reduce((sum, value, i) => extAdd(sum, extScale(value, input[(a * size + i) * inner + b]!)), x);
    });
    const pointer = extsIn(kernels, out);
    const { exports } = kernels;
    exports.gl2_axis_sum_base(pointer, elementsIn(kernels, input), extsIn(kernels, values), outer, size, inner);
    expect(readExts(kernels, pointer, out.length)).toEqual(expected);
  });

  it('outer products are added', () => {
    const [out, a, b] = [exts(15), exts(5), exts(3)];
    const pointer = extsIn(kernels, out);
    kernels.exports.gl2_outer_add(pointer, extsIn(kernels, a), 5, extsIn(kernels, b), 3);
    expect(readExts(kernels, pointer, 15)).toEqual(
      out.map((x, i) => extAdd(x, extMul(a[Math.floor(i / 3)]!, b[i % 3]!))),
    );
  });
});
