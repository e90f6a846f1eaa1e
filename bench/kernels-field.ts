/** Products and inverses of Fr, one thread on either side. */
import { ELEMENT_BYTES } from '../src/kernels/field-exports.js';
import type { KernelExports, Kernels } from '../src/kernels/module.js';
import type { FfCurve } from './ffjavascript.js';
import { alternate, perOperation, type Comparison, type Run, type Section } from './harness.js';
import type { KernelBench } from './kernel-bench.js';
import { randomResidues, scalarBytes } from './random.js';

const ELEMENTS = 4096;
const BYTES = 32;

interface Row {
  readonly name: string;
  readonly ours: Run;
  readonly peer: Run;
}

/** Two arrays of ELEMENTS elements each, on both sides, of the same values. */
interface Operands {
  readonly exports: KernelExports;
  readonly x: number;
  readonly y: number;
  readonly scratch: number;
  readonly peer: FfCurve['tm']['instance']['exports'];
  readonly u: number;
  readonly v: number;
}

export async function benchField({ team, curve, quick, log }: KernelBench): Promise<Section> {
  const operands = prepare(team.kernels, curve);
  const comparisons: Comparison[] = [];
  for (const { name, ours, peer } of rows(operands)) {
    log(name);
    const times = await alternate(ours, peer, { pairs: quick ? 5 : 41, warmUp: quick ? 2 : 12 });
    comparisons.push({
      name,
      ours: { who: 'zkonnx', ms: perOperation(times.ours, ELEMENTS) },
      peer: { who: 'ffjavascript', ms: perOperation(times.peer, ELEMENTS) },
    });
  }
  return {
    title: 'Field Fr',
    notes: [
      `One thread on either side; one operation, the mean of batches of ${ELEMENTS}.`,
      '"called" is one call from JavaScript an element; "loop" loops inside WebAssembly, as transforms and sums do. ffjavascript’s loop ' +
        'of products by one factor is its conversion to Montgomery form.',
    ],
    comparisons,
  };
}

function prepare(kernels: Kernels, curve: FfCurve): Operands {
  const { exports, heap } = kernels;
  const [first, second] = ['field x', 'field y'].map((label) => scalarBytes(randomResidues(label, ELEMENTS))) as [
    Uint8Array,
    Uint8Array,
  ];
  const [x, y] = [first, second].map((bytes) => {
    const elements = heap.allocate(ELEMENTS * ELEMENT_BYTES);
    exports.fr_from_bytes_n(elements, heap.copyIn(bytes), ELEMENTS);
    return elements;
  }) as [number, number];
  const { memory, instance } = curve.tm;
  const peer = instance.exports;
  // The u32 at 0 is where ffjavascript's free memory begins. It allocates for itself between calls and gives all of it back.
  const u = new Uint32Array(memory.buffer)[0]!;
  const v = u + ELEMENTS * BYTES;
  const end = v + ELEMENTS * BYTES;
  if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / 65536));
  new Uint32Array(memory.buffer)[0] = end;
  new Uint8Array(memory.buffer, u, first.length).set(first);
  new Uint8Array(memory.buffer, v, second.length).set(second);
  peer['frm_batchToMontgomery']!(u, ELEMENTS, u);
  peer['frm_batchToMontgomery']!(v, ELEMENTS, v);
  return { exports, x, y, scratch: heap.allocate((ELEMENTS + 2) * ELEMENT_BYTES), peer, u, v };
}

/** Outputs overwrite x and u: every run works on values without pattern. */
function rows({ exports, x, y, scratch, peer, u, v }: Operands): Row[] {
  const peers = (name: string) => peer[`frm_${name}`]!;
  const [mul, square, inverse] = [peers('mul'), peers('square'), peers('inverse')];
  const [batchToMontgomery, batchInverse] = [peers('batchToMontgomery'), peers('batchInverse')];
  const { fr_mul, fr_sqr, fr_inv, fr_scale_n, fr_batch_inv } = exports;
  const called = (
    name: string,
    ours: (x: number, y: number) => void,
    theirs: (u: number, v: number) => unknown,
  ): Row => ({
    name: `${name}, called`,
    ours: () => {
      for (let i = 0; i < ELEMENTS; i++) ours(x + i * ELEMENT_BYTES, y + i * ELEMENT_BYTES);
    },
    peer: () => {
      for (let i = 0; i < ELEMENTS; i++) theirs(u + i * BYTES, v + i * BYTES);
    },
  });
  return [
    called(
      'product',
      (p, q) => fr_mul(p, p, q),
      (p, q) => mul(p, q, p),
    ),
    called(
      'square',
      (p) => fr_sqr(p, p),
      (p) => square(p, p),
    ),
    called(
      'inverse',
      (p, q) => fr_inv(p, q),
      (p, q) => inverse(q, p),
    ),
    {
      name: 'product by one factor, loop',
      ours: () => fr_scale_n(x, x, y, ELEMENTS),
      peer: () => batchToMontgomery(u, ELEMENTS, u),
    },
    {
      name: 'batch inverse, loop',
      ours: () => fr_batch_inv(x, y, ELEMENTS, scratch),
      peer: () => batchInverse(v, BYTES, ELEMENTS, u, BYTES),
    },
  ];
}
