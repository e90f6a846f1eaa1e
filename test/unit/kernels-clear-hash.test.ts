/** BLAKE3 on the kernels beside @noble/hashes: modes, lengths, streams, many inputs, leaves and trees, grinding. */
import { blake3 } from '@noble/hashes/blake3.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { deriveKeyMode, grind, hash, hashMode, keyedMode, type HashMode } from '../../src/kernels/clear/blake3.js';
import { elementsIn } from '../../src/kernels/clear/elements.js';
import { HASH_SCRATCH_BYTES } from '../../src/kernels/clear/exports.js';
import { buildTree, columnList, hashLeaves, leavesScratchBytes, node, rootOf } from '../../src/kernels/clear/merkle.js';
import { instantiateClearKernels, type ClearKernels } from '../../src/kernels/clear/module.js';
import { Draws } from './kernels-clear-support.js';

const draws = new Draws();
const KEY = draws.bytes(32);
const CONTEXT = 'zkonnx 2026 a test of the kernels';
let kernels: ClearKernels;
let modes: readonly (readonly [HashMode, (input: Uint8Array, dkLen?: number) => Uint8Array])[];
beforeAll(async () => {
  kernels = await instantiateClearKernels();
  const context = new TextEncoder().encode(CONTEXT);
  modes = [
    [hashMode(kernels), (input, dkLen = 32) => blake3(input, { dkLen })],
    [keyedMode(kernels, KEY), (input, dkLen = 32) => blake3(input, { key: KEY, dkLen })],
    [deriveKeyMode(kernels, CONTEXT), (input, dkLen = 32) => blake3(input, { context, dkLen })],
  ];
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

it('has the published digests of nothing and of abc', () => {
  const [[mode]] = modes as [readonly [HashMode, unknown]];
  expect(hex(hash(kernels, mode, new Uint8Array()))).toBe(
    'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
  );
  expect(hex(hash(kernels, mode, new TextEncoder().encode('abc')))).toBe(
    '6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85',
  );
});

const LENGTHS = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2047, 2048, 2049, 3072,
  3073, 4096, 4097, 5120, 5121, 6144, 7168, 8192, 8193, 16384, 31744, 102400,
];

it.each([...LENGTHS, ...Array.from({ length: 20 }, () => draws.below(9000))])(
  'hashes %i bytes in every mode',
  (length) => {
    const input = draws.bytes(length);
    for (const [mode, twin] of modes) expect(hex(hash(kernels, mode, input))).toBe(hex(twin(input)));
  },
);

it('gives streams of any length, from any block', () => {
  for (const length of [0, 40, 64, 1024, 1025, 5000]) {
    const input = draws.bytes(length);
    for (const [mode, twin] of modes) {
      for (const bytes of [1, 32, 63, 64, 65, 200, 256, 257, 1000]) {
        expect(hex(hash(kernels, mode, input, bytes))).toBe(hex(twin(input, bytes)));
      }
      const { exports, heap } = kernels;
      const mark = heap.mark();
      const out = heap.allocate(128);
      exports.b3_xof(out, 3, 2, heap.copyIn(input), length, mode.key, mode.flags, heap.allocate(HASH_SCRATCH_BYTES));
      expect(hex(heap.copyOut(out, 128))).toBe(hex(twin(input, 320).subarray(192)));
      heap.release(mark);
    }
  }
});

it.each([0, 1, 8, 24, 63, 64, 65, 100, 128, 1024, 1030, 2048, 3100])(
  'hashes many inputs of %i bytes, in ranges',
  (length) => {
    const { exports, heap } = kernels;
    const n = 11;
    for (const stride of [length, length + 5]) {
      const inputs = draws.bytes(n * stride + length);
      for (const [mode, twin] of modes) {
        const mark = heap.mark();
        const [out, scratch] = [heap.allocate(32 * n), heap.allocate(HASH_SCRATCH_BYTES)];
        const pointer = heap.copyIn(inputs);
        heap.bytes(out, 32 * n).fill(0);
        for (const [from, to] of [
          [1, 7],
          [7, 7],
          [7, n],
        ] as const) {
          exports.b3_hash_n(out, pointer, length, stride, from, to, mode.key, mode.flags, scratch);
        }
        expect(hex(heap.copyOut(out, 32))).toBe('00'.repeat(32));
        for (let i = 1; i < n; i++) {
          expect(hex(heap.copyOut(out + 32 * i, 32))).toBe(hex(twin(inputs.subarray(i * stride, i * stride + length))));
        }
        heap.release(mark);
      }
    }
  },
);

/** Little-endian rows behind their salts. */
function rowBytes(columns: readonly (readonly bigint[])[], salts: Uint8Array | undefined, i: number): Uint8Array {
  const row = new BigUint64Array(columns.map((column) => column[i]!));
  const elements = new Uint8Array(row.buffer);
  return salts === undefined ? elements : Uint8Array.of(...salts.subarray(16 * i, 16 * i + 16), ...elements);
}

describe.each([1, 2, 5, 6, 7, 8, 30, 126, 127, 128, 129, 140])('leaves of %i columns', (count) => {
  it('are the hashes of salts and rows, whole and in ranges', () => {
    const { exports, heap } = kernels;
    const rows = 32;
    const columns = Array.from({ length: count }, () => draws.elements(rows));
    const saltBytes = draws.bytes(16 * rows);
    const [mode, twin] = modes[2]!;
    for (const salts of [undefined, saltBytes]) {
      const mark = heap.mark();
      const leafRows = {
        columns: columnList(
          kernels,
          columns.map((column) => elementsIn(kernels, column)),
        ),
        count,
        salts: salts === undefined ? 0 : heap.copyIn(salts),
      };
      const scratch = heap.allocate(leavesScratchBytes(exports, leafRows));
      const tree = { pointer: heap.allocate(32 * rows), log: 5 };
      for (const [from, to] of [
        [0, 8],
        [8, 19],
        [19, rows],
      ] as const) {
        hashLeaves(exports, tree, leafRows, mode, { from, to, scratch });
      }
      for (let i = 0; i < rows; i++) {
        expect(hex(node(kernels, tree, 0, i))).toBe(hex(twin(rowBytes(columns, salts, i))));
      }
      heap.release(mark);
    }
  });
});

it.each([0, 1, 2, 3, 7])('builds a tree of 2^%i leaves with a mode for each level', (log) => {
  const columns = [draws.elements(2 ** log), draws.elements(2 ** log), draws.elements(2 ** log)];
  const salts = draws.bytes(16 * 2 ** log);
  const contextOf = (level: number): string => `a node of level ${level}`;
  const node = Array.from({ length: log + 1 }, (_, level) => deriveKeyMode(kernels, contextOf(level)));
  const rows = {
    columns: columnList(
      kernels,
      columns.map((column) => elementsIn(kernels, column)),
    ),
    count: 3,
    salts: kernels.heap.copyIn(salts),
  };
  const tree = buildTree(kernels, rows, log, { leaf: modes[1]![0], node: (level) => node[level]! });
  let level = Array.from({ length: 2 ** log }, (_, i) => modes[1]![1](rowBytes(columns, salts, i)));
  for (let k = 1; k <= log; k++) {
    const context = new TextEncoder().encode(contextOf(k));
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      blake3(Uint8Array.of(...level[2 * i]!, ...level[2 * i + 1]!), { context }),
    );
  }
  expect(hex(rootOf(kernels, tree))).toBe(hex(level[0]!));
});

it('finds the least nonce with so many zero bits', () => {
  const tail = draws.bytes(32);
  const [mode, twin] = modes[2]!;
  const input = new Uint8Array(40);
  input.set(tail, 8);
  const zeros = (nonce: bigint): number => {
    new DataView(input.buffer).setBigUint64(0, nonce, true);
    return Math.clz32(new DataView(twin(input).slice().buffer).getUint32(0, false));
  };
  for (const bits of [0, 1, 7, 8, 9, 11]) {
    const work = grind(kernels, mode, tail, bits);
    let step = work.next();
    while (step.done !== true) step = work.next();
    const nonce = step.value;
    expect(zeros(nonce)).toBeGreaterThanOrEqual(bits);
    for (let earlier = 0n; earlier < nonce; earlier++) expect(zeros(earlier)).toBeLessThan(bits);
  }
  expect(() => grind(kernels, mode, draws.bytes(57), 1).next()).toThrow(RangeError);
  // A stretch without any: 32 zero bits among 8 nonces.
  const { exports, heap } = kernels;
  const scratch = heap.allocate(HASH_SCRATCH_BYTES);
  expect(exports.b3_grind(2n ** 40n, 8n, 32, heap.copyIn(tail), 32, mode.key, mode.flags, scratch)).toBe(-1n);
});
