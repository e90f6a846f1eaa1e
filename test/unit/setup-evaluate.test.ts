/** The setup on one thread: evaluation beside a BigInt twin, the stream of points, and the memory it was said to take. */
import type * as Crypto from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { coefficient, type R1cs, type SparseMatrix } from '../../src/constraint/r1cs.js';
import { cubeRootOfUnity, fromBytesLE, inverse, mod, pow, R, rootOfUnity, toBytesLE } from '../../src/field/bn254.js';
import { wordsOf } from '../../src/formats/coefficients.js';
import type { ZkeyShape } from '../../src/formats/zkey.js';
import { domainOf, domainPoint, domainSize, smallestDomain, type Domain } from '../../src/kernels/domain.js';
import { pointBytes } from '../../src/kernels/curve.js';
import { instantiateKernels, type Kernels } from '../../src/kernels/module.js';
import { SCALAR_BYTES, type GroupName } from '../../src/kernels/msm.js';
import { SoloTeam, type Team } from '../../src/kernels/team.js';
import { evaluateAtTrapdoor } from '../../src/setup/evaluate.js';
import { chunksOf, makeTables, PointStream, type PointChunk } from '../../src/setup/key-points.js';
import { allocateScalars, kernelBytes, tableBits, type ScalarList } from '../../src/setup/memory.js';
import { drawTrapdoor } from '../../src/setup/trapdoor.js';
import { below, multipleOfGenerator } from './curve-support.js';
import { randomNumbers, randomR1cs } from './random-r1cs.js';

const draws = vi.hoisted(() => ({ values: [] as bigint[] }));

// Only the source of randomness is replaced: what it is asked for and what is refused must be seen.
vi.mock('node:crypto', async (original) => ({
  ...(await original<typeof Crypto>()),
  randomFillSync: (words: Uint32Array) => {
    const value = draws.values.shift()!;
    for (let i = 0; i < words.length; i++) words[i] = Number((value >> BigInt(32 * i)) & 0xffff_ffffn);
    return words;
  },
}));

type Trapdoor = readonly [tau: bigint, alpha: bigint, beta: bigint, delta: bigint];

/** A_j(τ) and so on by the definitions, over BigInt. */
function twin(r1cs: R1cs, { nVars, nPublic, domainSize: n }: ZkeyShape, [tau, alpha, beta, delta]: Trapdoor) {
  const points = Array.from({ length: n }, (_, row) => domainPoint(domainOf(n), row));
  // A root of the double domain that no root of the domain is.
  const shift = rootOfUnity(domainOf(n).logSize + 1);
  const lagrange = (x: bigint, order: bigint) => mod((pow(tau, order) - 1n) * inverse(order) * x * inverse(tau - x));
  const domain = points.map((x) => lagrange(x, BigInt(n)));
  const columns = ({ rowStart, wires, coefs }: SparseMatrix): bigint[] => {
    const sums = new Array<bigint>(nVars).fill(0n);
    for (let row = 0; row < r1cs.nConstraints; row++) {
      for (let e = rowStart[row]!; e < rowStart[row + 1]!; e++) {
        sums[wires[e]!] = mod(sums[wires[e]!]! + coefficient(coefs[e]!, r1cs.bigCoefs) * domain[row]!);
      }
    }
    return sums;
  };
  const [a, b, c] = [columns(r1cs.a), columns(r1cs.b), columns(r1cs.c)];
  for (let s = 0; s <= nPublic; s++) a[s] = mod(a[s]! + domain[r1cs.nConstraints + s]!);
  const sums = a.map((value, j) => mod(beta * value + alpha * b[j]! + c[j]!));
  return {
    a,
    b,
    ic: sums.slice(0, nPublic + 1),
    c: sums.slice(nPublic + 1).map((value) => mod(value * inverse(delta))),
    powers: Array.from({ length: n - 1 }, (_, i) => mod(pow(tau, BigInt(i + n)) - pow(tau, BigInt(i)))),
    h: points.map((x) => mod(lagrange(mod(shift * x), BigInt(2 * n)) * inverse(delta))),
  };
}

async function evaluate(r1cs: R1cs, shape: ZkeyShape, trapdoor: Trapdoor) {
  const kernels = await instantiateKernels();
  const team = new SoloTeam(kernels);
  const scalars = allocateScalars(kernels.heap, shape);
  [...trapdoor, 1n].forEach((value, i) => {
    toBytesLE(value, kernels.heap.bytes(scalars.tau + i * SCALAR_BYTES, SCALAR_BYTES), 0);
  });
  const mark = kernels.heap.mark();
  await evaluateAtTrapdoor(team, r1cs, shape, scalars);
  expect(kernels.heap.mark()).toBe(mark);
  return { kernels, team, scalars };
}

const read = ({ heap }: Kernels, { pointer, count }: ScalarList): bigint[] =>
  Array.from({ length: count }, (_, i) => fromBytesLE(heap.bytes(pointer + i * SCALAR_BYTES, SCALAR_BYTES), 0));

function shapeOf(r1cs: R1cs, cosets: Domain['cosets'] = 1): ZkeyShape {
  const nPublic = r1cs.nPubOut + r1cs.nPubIn;
  const domain = smallestDomain(r1cs.nConstraints + nPublic + 1, [cosets]);
  return { nVars: r1cs.nWires, nPublic, domainSize: domainSize(domain) };
}

/** Rows without terms, and wires that occur nowhere. */
function withGaps(r1cs: R1cs): R1cs {
  const gaps = ({ rowStart, wires, coefs }: SparseMatrix): SparseMatrix => ({
    rowStart: new Uint32Array([0, 0, ...rowStart, wires.length]),
    wires: wires.map((wire) => 2 * wire),
    coefs,
  });
  return {
    ...r1cs,
    nWires: 2 * r1cs.nWires,
    nConstraints: r1cs.nConstraints + 3,
    a: gaps(r1cs.a),
    b: gaps(r1cs.b),
    c: gaps(r1cs.c),
  };
}

const none: SparseMatrix = { rowStart: new Uint32Array(2), wires: new Uint32Array(), coefs: new Float64Array() };

describe.each<[string, () => R1cs]>([
  ['full-width coefficients', () => randomR1cs({ nConstraints: 100, wide: true, nPubOut: 2, nPubIn: 3 }).r1cs],
  ['bits', () => randomR1cs({ nConstraints: 300, seed: 2 }).r1cs],
  ['rows and wires without terms', () => withGaps(randomR1cs({ nConstraints: 70, wide: true, seed: 5 }).r1cs)],
  ['no public wires', () => randomR1cs({ nConstraints: 1, wide: true, nPubOut: 0, nPubIn: 0 }).r1cs],
  [
    'nothing but the constant',
    () => ({ ...randomR1cs({ nConstraints: 1 }).r1cs, nWires: 1, nPubOut: 0, nPubIn: 0, a: none, b: none, c: none }),
  ],
])('a system with %s', (_, make) => {
  it.each([1, 3] as const)('evaluates as over BigInt, on %d coset(s)', async (cosets) => {
    const random = randomNumbers(11);
    const r1cs = make();
    const shape = shapeOf(r1cs, cosets);
    const trapdoor = [below(random, R), below(random, R), below(random, R), below(random, R)] as const;
    const { kernels, scalars } = await evaluate(r1cs, shape, trapdoor);
    const { a, b, ic, c, powers, h } = scalars;
    const lists = { a, b, ic, c, powers, h };
    const got = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, read(kernels, list)]));
    expect(got).toEqual(twin(r1cs, shape, trapdoor));
  });
});

it('refuses a τ that is a root of unity', async () => {
  const { r1cs } = randomR1cs({ nConstraints: 10 });
  for (const tau of [1n, rootOfUnity(4), rootOfUnity(5)]) {
    await expect(evaluate(r1cs, shapeOf(r1cs), [tau, 2n, 3n, 4n])).rejects.toMatchObject({ code: 'INTERNAL' });
  }
  // 24 points: their own, and one of the odd coset.
  const shape = shapeOf(r1cs, 3);
  expect(shape.domainSize).toBe(24);
  for (const tau of [cubeRootOfUnity(), mod(cubeRootOfUnity() * rootOfUnity(4))]) {
    await expect(evaluate(r1cs, shape, [tau, 2n, 3n, 4n])).rejects.toMatchObject({ code: 'INTERNAL' });
  }
});

it('draws elements of F_r other than 0, and draws again for what is none', () => {
  // Of the top word the two lowest bits are dropped.
  const drawn = (value: bigint, dropped = 3n) =>
    (value & ((1n << 224n) - 1n)) | ((((value >> 224n) << 2n) | dropped) << 224n);
  draws.values = [R, 0n, R - 1n, R + 1n, (1n << 254n) - 1n, 1n, 5n].map((value) => drawn(value));
  const words = new Uint32Array(24);
  drawTrapdoor(words);
  expect(draws.values).toEqual([]);
  expect([words.slice(0, 8), words.slice(8, 16), words.slice(16)]).toEqual([wordsOf(R - 1n), wordsOf(1n), wordsOf(5n)]);
});

describe('the stream of points', () => {
  const COUNT = 5000;
  const DISTINCT = 7;

  async function prepare(team: Team): Promise<{ chunks: PointChunk[]; values: bigint[] }> {
    const { heap } = team.kernels;
    const values = Array.from({ length: COUNT }, (_, i) => BigInt(i % DISTINCT));
    const bytes = new Uint8Array(COUNT * SCALAR_BYTES);
    values.forEach((value, i) => {
      bytes[i * SCALAR_BYTES] = Number(value);
    });
    const scalars = { pointer: heap.copyIn(bytes), count: COUNT };
    const both = { scalars, file: true, hash: true };
    return { chunks: [...chunksOf({ group: 'g1', ...both }), ...chunksOf({ group: 'g2', ...both })], values };
  }

  /** A multiple as csHash takes it. */
  function hashed(group: GroupName, value: bigint): Uint8Array {
    const bytes = pointBytes(group, [multipleOfGenerator(group, value)]);
    const half = bytes.length / 2;
    bytes.subarray(0, half).reverse();
    bytes.subarray(half).reverse();
    return bytes;
  }

  it('hands out all of them in order, over several batches', async () => {
    const team = new SoloTeam(await instantiateKernels());
    const { chunks, values } = await prepare(team);
    const multiples = (group: GroupName) => Array.from({ length: DISTINCT }, (_, i) => hashed(group, BigInt(i)));
    const expected = { g1: multiples('g1'), g2: multiples('g2') };
    // Far more chunks than there is room for.
    const repeated = Array.from({ length: 6 }, () => chunks).flat();
    const stream = new PointStream(team, await makeTables(team, { g1: 5, g2: 5 }), repeated);
    let first = 0;
    for (const { group, scalars } of repeated) {
      const { hash, file } = await stream.next();
      expect(file.length).toBe(hash.length);
      const wanted = values.slice(first, first + scalars.count).map((value) => expected[group][Number(value)]!);
      expect(Buffer.concat(wanted).equals(hash)).toBe(true);
      first = (first + scalars.count) % COUNT;
    }
    await stream.close();
  });

  it('reports a failure to the reader, and closes after it', async () => {
    const kernels = await instantiateKernels();
    const solo = new SoloTeam(kernels);
    const { chunks } = await prepare(solo);
    const tables = await makeTables(solo, { g1: 4, g2: 4 });
    let calls = 0;
    const failing: Team = {
      kernels,
      size: 1,
      run: (tasks) => (++calls === 1 ? solo.run(tasks.slice(0, 1)) : Promise.reject(new Error('of a worker'))),
    };
    const stream = new PointStream(failing, tables, Array.from({ length: 4 }, () => chunks).flat());
    for (let i = 0; i < 16; i++) await stream.next();
    await expect(stream.next()).rejects.toThrow('of a worker');
    await stream.close();
  });
});

it('takes no more memory than it says, and not much less', async () => {
  for (const [nConstraints, cosets] of [
    [50, 1],
    [50, 3],
    [3000, 1],
    [5000, 3],
    [30_000, 1],
  ] as const) {
    const { r1cs } = randomR1cs({ nConstraints });
    const shape = shapeOf(r1cs, cosets);
    const { kernels, team, scalars } = await evaluate(r1cs, shape, [3n, 5n, 7n, 9n]);
    const both = { file: true, hash: true };
    const chunks = [
      ...chunksOf({ group: 'g1', scalars: scalars.a, ...both }),
      ...chunksOf({ group: 'g2', scalars: scalars.b, ...both }),
    ];
    const stream = new PointStream(team, await makeTables(team, tableBits(shape)), chunks);
    for (let i = 0; i < chunks.length; i++) await stream.next();
    await stream.close();
    const said = kernelBytes(r1cs, shape, 1);
    expect(kernels.heap.peakBytes).toBeLessThanOrEqual(said);
    expect(kernels.heap.peakBytes).toBeGreaterThan(0.9 * said);
  }
});
