/**
 * Part `clear`: the kernels of protocol `clear`, one thread, beside the rates that it was designed with and, where they are here, beside the prototypes that those were measured
 * with; hashes beside @noble/hashes too.
 */
import { createHash } from 'node:crypto';
import { blake3 } from '@noble/hashes/blake3.js';
import { ORDER } from '../src/field/goldilocks.js';
import { DIGEST_BYTES, keyedMode } from '../src/kernels/clear/blake3.js';
import { words64 } from '../src/kernels/clear/elements.js';
import { HASH_SCRATCH_BYTES, LIMBS_BYTES, MAC_SCRATCH_BYTES, ROUND_BYTES } from '../src/kernels/clear/exports.js';
import { columnList, hashLeaves, leavesScratchBytes } from '../src/kernels/clear/merkle.js';
import { instantiateClearKernels, type ClearKernels } from '../src/kernels/clear/module.js';
import { createGlTwiddles, evaluate } from '../src/kernels/clear/ntt.js';
import { prototypeRuns, type PrototypeRuns } from './clear-prototypes.js';
import {
  alternate,
  perOperation,
  takeTurns,
  type Comparison,
  type Context,
  type Run,
  type Section,
} from './harness.js';

/** One row: `operations` of the kind that is named are one run. */
interface Rate {
  readonly name: string;
  readonly operations: number;
  readonly run: Run;
  readonly peer?: Peer;
}

interface Peer {
  readonly who: string;
  readonly run: Run;
  /** The least ratio that the project asks. */
  readonly target?: number;
}

/** What the project asks: at most a fifth more than the design's rate, and than its prototype in the same minutes. */
const SLACK = 1.2;

/**
 * Nanoseconds an operation in section 1 of the page "Protocol `clear`: transparent proofs of integer inference" (2 vCPU AMD EPYC, Node 20.20.2, one thread, best of 5).
 * Weights: 22-bit limbs in i64x2. Transforms: a butterfly of radix 2. BLAKE3: 4 × 64 bytes.
 */
const DESIGN_NS = {
  'base multiply-add': 2.3,
  'extension multiply-add': 6.9,
  'weight by extension element, accumulated': 0.82,
  'sumcheck of Σ f·g': 31,
  'layer of GKR': 69,
  'node of GKR upwards': 19,
  '2^12': 2.4,
  '2^16': 2.5,
  '2^20': 2.8,
  nodes: 145,
} as const;

export async function benchClear(context: Context): Promise<Section[]> {
  const kernels = await instantiateClearKernels();
  const prototypes = await prototypeRuns(context.quick);
  context.log(prototypes === undefined ? 'no prototypes here' : 'prototypes found');
  const sections: Section[] = [];
  for (const { title, notes, rates } of [fields, sumchecks, transforms, hashes]) {
    const mark = kernels.heap.mark();
    sections.push({ title, notes, comparisons: await measured(context, rates(kernels, context.quick), prototypes) });
    kernels.heap.release(mark);
  }
  return sections;
}

async function measured(
  { quick, log }: Context,
  rates: readonly Rate[],
  prototypes: PrototypeRuns = {},
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const { name, operations, run, peer } of rates) {
    const designNs: number | undefined = (DESIGN_NS as Readonly<Record<string, number>>)[name];
    const design = designNs === undefined ? {} : { design: { ms: designNs / 1e6, slack: SLACK } };
    const prototype = prototypes[name];
    const peers: readonly Peer[] = [
      ...(prototype === undefined ? [] : [{ who: 'prototype', run: prototype, target: 1 / SLACK }]),
      ...(peer === undefined ? [] : [peer]),
    ];
    log(name);
    // Runs are short: of many some meet nobody else on the machine.
    const options = { pairs: quick ? 3 : operations > 2 ** 17 ? 21 : 61, warmUp: quick ? 1 : 20 };
    for (const { who, run: theirs, ...target } of peers) {
      const times = await alternate(run, theirs, options);
      const ours = { who: 'zkonnx', ms: perOperation(times.ours, operations) };
      comparisons.push({ name, ours, peer: { who, ms: perOperation(times.peer, operations) }, ...design, ...target });
    }
    if (peers.length > 0) continue;
    const [times] = (await takeTurns([run], options)) as [number[]];
    comparisons.push({ name, ours: { who: 'zkonnx', ms: perOperation(times, operations) }, ...design });
  }
  return comparisons;
}

interface Part {
  readonly title: string;
  readonly notes: readonly string[];
  readonly rates: (kernels: ClearKernels, quick: boolean) => Rate[];
}

const fields: Part = {
  title: 'Goldilocks and its extension',
  notes: ['One operation, the mean of loops over arrays of 2^12 words. Weights are Int16, 1024 rows of 512 columns.'],
  rates: (kernels) => {
    const { exports, heap } = kernels;
    const words = 4096;
    const [x, y] = [random(kernels, 'x', words), random(kernels, 'y', words)];
    const out = heap.allocate(ROUND_BYTES);
    const [c0, c1] = [ORDER - 12345n, ORDER / 3n];
    const repeat =
      (times: number, run: () => void): Run =>
      () => {
        for (let i = 0; i < times; i++) run();
      };
    const [rows, columns] = [1024, 512];
    const weights = heap.copyIn(stream('weights', 2 * rows * columns));
    const limbs = heap.allocate(LIMBS_BYTES * rows);
    exports.mac_limbs(limbs, x, rows);
    const [sums, scratch] = [random(kernels, 'sums', 2 * columns), heap.allocate(MAC_SCRATCH_BYTES)];
    return [
      {
        name: 'base multiply-add',
        operations: 16 * words,
        run: repeat(16, () => exports.gl_mul_add_n(y, x, c0, 0, words)),
      },
      {
        name: 'extension multiply-add',
        operations: 16 * (words / 2),
        run: repeat(16, () => exports.gl2_mul_add_n(y, x, c0, c1, 0, words / 2)),
      },
      {
        name: 'extension inner product',
        operations: 16 * (words / 2),
        run: repeat(16, () => exports.gl2_dot(y, x, 0, words / 2, out)),
      },
      {
        name: 'base by extension inner product',
        operations: 16 * (words / 2),
        run: repeat(16, () => exports.gl2_dot_base(y, x, 0, words / 2, out)),
      },
      {
        name: 'weight by extension element, accumulated',
        operations: rows * columns,
        run: () => exports.mac_i16(sums, weights, 2 * columns, 2, limbs, rows, 0, columns, scratch),
      },
    ];
  },
};

const sumchecks: Part = {
  title: 'Sumchecks and logUp-GKR',
  notes: [
    'All rounds, folds included: Σ f·g an entry of tables of 2^20, a layer of GKR a node of 2^19 with eq factored out; upwards a node.',
  ],
  rates: (kernels, quick) => {
    const { exports, heap } = kernels;
    const n = 2 ** (quick ? 12 : 20);
    const [f, g, weights] = [
      random(kernels, 'f', 2 * n),
      random(kernels, 'g', 2 * n),
      random(kernels, 'weights', n / 2),
    ] as const;
    const [pOut, qOut, out] = [heap.allocate(8 * n), heap.allocate(8 * n), heap.allocate(ROUND_BYTES)];
    const r = [ORDER - 12345n, ORDER / 3n] as const;
    const tables = [f, f + 16, g, g + 16] as const;
    return [
      {
        name: 'sumcheck of Σ f·g',
        operations: n,
        run: () => {
          exports.gl2_round_product(f, g, 0, n / 2, out);
          for (let pairs = n / 4; pairs >= 1; pairs /= 2) {
            exports.gl2_fold_round_product(f, g, f, g, ...r, 0, pairs, out);
          }
          for (const table of [f, g]) exports.gl2_fold_n(table, table, ...r, 0, 1);
        },
      },
      {
        name: 'layer of GKR',
        operations: n / 2,
        run: () => {
          for (let pairs = n / 4; pairs >= 1; pairs /= 2) {
            exports.gkr_round(...tables, 32, weights, 0, pairs, out);
            for (const table of tables) exports.gkr_fold(table, table, 32, ...r, 0, pairs);
            exports.gl2_pair_sums_n(weights, weights, 0, Math.floor(pairs / 2));
          }
        },
      },
      {
        name: 'node of GKR upwards',
        operations: n / 2,
        run: () => exports.gkr_up(pOut, qOut, ...tables, 32, 0, n / 2),
      },
    ];
  },
};

/** Of a run: a short one by itself is a measurement of cold caches. */
const transformsOf = (log: number): number => Math.max(1, 2 ** (16 - log));

const transforms: Part = {
  title: 'Transforms',
  notes: [
    'A butterfly of radix 2, of which 2^k points take k·2^(k−1); natural order to natural order, the bit reversal included.',
    'At rate 1/2 the same, reckoned as if the zeros were transformed too: what that saves is in the figure.',
  ],
  rates: (kernels, quick) => {
    const logs = quick ? [12] : [12, 16, 20];
    const table = createGlTwiddles(kernels, Math.max(...logs));
    const input = random(kernels, 'coefficients', 2 ** Math.max(...logs));
    const out = kernels.heap.allocate(8 * 2 ** Math.max(...logs));
    return logs.flatMap((log) =>
      [log, log - 1].map((logIn): Rate => {
        return {
          name: `2^${log}${logIn === log ? '' : ', rate 1/2'}`,
          operations: transformsOf(log) * log * 2 ** (log - 1),
          run: () => {
            const evaluation = { out, input, logIn, logOut: log };
            for (let i = 0; i < transformsOf(log); i++) evaluate(kernels.exports, table, evaluation);
          },
        };
      }),
    );
  },
};

const hashes: Part = {
  title: 'BLAKE3',
  notes: [
    'Four at a time: 4 nodes of 64 bytes are one operation; 4 leaves of 30 columns and a salt, 256 bytes each, are one.',
  ],
  rates: (kernels, quick) => {
    const { exports, heap } = kernels;
    const count = quick ? 64 : 4096;
    const key = stream('key', 32);
    const mode = keyedMode(kernels, key);
    const nodes = stream('nodes', 64 * count);
    const [input, out, scratch] = [heap.copyIn(nodes), heap.allocate(32 * count), heap.allocate(HASH_SCRATCH_BYTES)];
    const hashNodes = (): void => exports.b3_hash_n(out, input, 64, 64, 0, count, mode.key, mode.flags, scratch);
    const peer = (): Uint8Array[] =>
      Array.from({ length: count }, (_, i) => blake3(nodes.subarray(64 * i, 64 * i + 64), { key }));
    hashNodes();
    peer().forEach((digest, i) => {
      if (Buffer.compare(digest, heap.bytes(out + DIGEST_BYTES * i, DIGEST_BYTES)) !== 0) {
        throw new Error(`BLAKE3 of node ${i}: the digests differ`);
      }
    });
    const columns = Array.from({ length: 30 }, (_, j) => random(kernels, `column ${j}`, count));
    const rows = { columns: columnList(kernels, columns), count: 30, salts: heap.copyIn(stream('salts', 16 * count)) };
    const leafScratch = heap.allocate(leavesScratchBytes(exports, rows));
    const tree = { pointer: out, log: Math.log2(count) };
    return [
      {
        name: 'nodes',
        operations: count / 4,
        run: hashNodes,
        peer: { who: '@noble/hashes', run: peer },
      },
      {
        name: 'leaves',
        operations: count / 4,
        run: () => hashLeaves(exports, tree, rows, mode, { from: 0, to: count, scratch: leafScratch }),
      },
    ];
  },
};

function stream(label: string, length: number): Uint8Array {
  return createHash('shake256', { outputLength: length }).update(label).digest();
}

/** Allocates n residues. */
function random(kernels: ClearKernels, label: string, n: number): number {
  const pointer = kernels.heap.allocate(8 * n, 64);
  const bytes = stream(label, 8 * n);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = words64(kernels, pointer, n);
  for (let i = 0; i < n; i++) words[i] = view.getBigUint64(8 * i, true) % ORDER;
  return pointer;
}
