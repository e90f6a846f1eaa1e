/**
 * Field kernels and transforms, ours against ffjavascript's, both on one thread, turn about in the same run: the median and the
 * spread (10th to 90th percentile) of repeated batches. Build, then `node dist/bench/kernels-field.js`.
 *
 * "call" rows call one function an element from JavaScript on either side; "loop" rows loop inside WebAssembly, as the transforms and
 * the multi-exponentiation do.
 */
import { cpus } from 'node:os';
import { buildBn128, type Bn128 } from 'ffjavascript';
import { R } from '../src/field/bn254.js';
import { ELEMENT_BYTES } from '../src/kernels/field-exports.js';
import { writeElement } from '../src/kernels/field.js';
import { instantiateKernels, type Kernels } from '../src/kernels/module.js';
import { createNttTable, evaluate, interpolate, type NttTable } from '../src/kernels/ntt.js';

const ELEMENTS = 1024;
const BATCHES = 41;
const WARM_UP = 12;

type FfBn128 = Bn128 & { readonly Fr: { fft(values: Uint8Array): Promise<Uint8Array> } };

interface Row {
  readonly name: string;
  /** What one run of either side does, for the unit. */
  readonly operations: number;
  readonly unit: 'ns' | 'ms';
  readonly batches?: number;
  readonly ours: () => void;
  readonly theirs?: () => unknown;
}

/** Nanoseconds a run, each side's in turn. */
async function measure({ ours, theirs, batches = BATCHES }: Row): Promise<{ ours: number[]; theirs: number[] }> {
  const times = { ours: [] as number[], theirs: [] as number[] };
  const warmUp = Math.min(WARM_UP, batches);
  for (let i = 0; i < batches + warmUp; i++) {
    const start = performance.now();
    ours();
    const middle = performance.now();
    await theirs?.();
    const end = performance.now();
    if (i < warmUp) continue;
    times.ours.push((middle - start) * 1e6);
    times.theirs.push((end - middle) * 1e6);
  }
  return times;
}

const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((x, y) => x - y)[Math.round(q * (values.length - 1))]!;

async function report(row: Row): Promise<void> {
  const times = await measure(row);
  const scale = row.operations * (row.unit === 'ms' ? 1e6 : 1);
  const cell = (values: readonly number[]): string =>
    [0.5, 0.1, 0.9].map((q) => (quantile(values, q) / scale).toFixed(1).padStart(7)).join(' ');
  const ratio = quantile(times.theirs, 0.5) / quantile(times.ours, 0.5);
  const theirs = row.theirs === undefined ? '' : `${cell(times.theirs)}  ${ratio.toFixed(2).padStart(6)}`;
  console.log(`${row.name.padEnd(24)} ${row.unit}  ${cell(times.ours)}  ${theirs}`);
}

function fieldRows(kernels: Kernels, curve: FfBn128): Row[] {
  const { exports, heap } = kernels;
  const [x, y] = [1, 2].map(() => heap.allocate(ELEMENTS * ELEMENT_BYTES)) as [number, number];
  const scratch = heap.allocate((ELEMENTS + 2) * ELEMENT_BYTES);
  for (let i = 0, value = 3n; i < ELEMENTS; i++, value = (value * value + 1n) % R) {
    writeElement(kernels, 'fr', x + i * ELEMENT_BYTES, value);
    writeElement(kernels, 'fr', y + i * ELEMENT_BYTES, value + 1n);
  }
  const ff = curve.tm.instance.exports;
  const words = new Uint32Array(curve.tm.memory.buffer);
  const [u, v] = [words[0]!, words[0]! + ELEMENTS * 32];
  words[0]! += 2 * ELEMENTS * 32;
  // Any words below 2^30 in the top limb are a residue below the modulus.
  for (let i = u / 4; i < words[0]! / 4; i++) words[i] = Math.imul(i, 0x9e3779b1) >>> (i % 8 === 7 ? 3 : 0);

  const call = (name: string, ours: (x: number, y: number) => void, theirs: (u: number, v: number) => void): Row => ({
    name: `${name} (call)`,
    operations: ELEMENTS,
    unit: 'ns',
    ours: () => {
      for (let i = 0; i < ELEMENTS; i++) ours(x + i * ELEMENT_BYTES, y + i * ELEMENT_BYTES);
    },
    theirs: () => {
      for (let i = 0; i < ELEMENTS; i++) theirs(u + i * 32, v + i * 32);
    },
  });
  const loop = (name: string, ours: () => void, theirs?: () => void): Row => ({
    name: `${name} (loop)`,
    operations: ELEMENTS,
    unit: 'ns',
    ours,
    ...(theirs === undefined ? {} : { theirs }),
  });
  const [mul, square, add, sub, inverse, batchInverse] = ['mul', 'square', 'add', 'sub', 'inverse', 'batchInverse'].map(
    (name) => ff[`frm_${name}`]!,
  ) as [FfFunction, FfFunction, FfFunction, FfFunction, FfFunction, FfFunction];
  const { fr_mul, fr_sqr, fr_add, fr_sub, fr_inv, fr_mul_n, fr_sub_n, fr_scale_n, fr_batch_inv } = exports;
  return [
    call(
      'mul',
      (p, q) => fr_mul(p, p, q),
      (p, q) => mul(p, q, p),
    ),
    call(
      'square',
      (p) => fr_sqr(p, p),
      (p) => square(p, p),
    ),
    call(
      'add',
      (p, q) => fr_add(p, p, q),
      (p, q) => add(p, q, p),
    ),
    call(
      'subtract',
      (p, q) => fr_sub(p, p, q),
      (p, q) => sub(p, q, p),
    ),
    call(
      'invert',
      (p, q) => fr_inv(p, q),
      (p, q) => inverse(q, p),
    ),
    loop('mul, independent', () => fr_mul_n(x, x, y, ELEMENTS)),
    loop('mul, by one factor', () => fr_scale_n(x, x, y, ELEMENTS)),
    loop('subtract', () => fr_sub_n(x, x, y, ELEMENTS)),
    loop(
      'batch inverse',
      () => fr_batch_inv(x, y, ELEMENTS, scratch),
      () => batchInverse(u, 32, ELEMENTS, v, 32),
    ),
  ];
}

type FfFunction = (...operands: number[]) => number;

/**
 * A transform in natural order on both sides, our bit reversal included; and the chain that Groth16 needs of each polynomial, values on
 * the domain to values on the odd coset. Two of their forward transforms stand for their chain, which also shifts and scales.
 */
function transformRows(kernels: Kernels, table: NttTable, curve: FfBn128, k: number): Row[] {
  const n = 2 ** k;
  const data = kernels.heap.allocate(n * ELEMENT_BYTES);
  for (let i = 0; i < n; i++) kernels.exports.fr_one(data + i * ELEMENT_BYTES);
  const values = Uint8Array.from({ length: 32 * n }, (_, i) => (i % 32 === 31 ? 1 : i * 7));
  const common = { operations: 1, unit: 'ms', batches: Math.max(7, Math.min(BATCHES, 2 ** (21 - k))) } as const;
  return [
    {
      ...common,
      name: `transform 2^${k}`,
      ours: () => {
        evaluate(kernels.exports, table, data, k, 'roots');
        kernels.exports.fr_bit_reverse(data, k, 0, n);
      },
      theirs: () => curve.Fr.fft(values),
    },
    {
      ...common,
      name: `coset chain 2^${k}`,
      ours: () => {
        interpolate(kernels, table, data, k, 'roots');
        evaluate(kernels.exports, table, data, k, 'odd-coset');
      },
      theirs: async () => curve.Fr.fft(await curve.Fr.fft(values)),
    },
  ];
}

async function main(): Promise<void> {
  const sizes = [12, 14, 16, 18];
  const kernels = await instantiateKernels({ pages: 256 });
  const curve = (await buildBn128(true)) as FfBn128;
  console.log(`machine: ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}, one thread`);
  console.log(`${''.padEnd(24)}        ours: median, p10, p90     ffjavascript: median, p10, p90  ratio`);
  for (const row of fieldRows(kernels, curve)) await report(row);
  const table = createNttTable(kernels, Math.max(...sizes));
  for (const k of sizes) {
    const mark = kernels.heap.mark();
    for (const row of transformRows(kernels, table, curve, k)) await report(row);
    kernels.heap.release(mark);
  }
}

await main();
