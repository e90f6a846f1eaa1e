/**
 * `npm run test:provers [COUNT] [SEED]`: random small circuits, each with a key of its own, proven by our prover and by snarkjs. Every proof
 * must be accepted by both verifiers, and with another public signal by neither. Exit code 1 where one is not.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildBn128 } from 'ffjavascript';
import * as snarkjs from 'snarkjs';
import { SparseRows } from '../src/constraint/growable.js';
import { WireClass, type R1cs } from '../src/constraint/r1cs.js';
import { mod, R, toBytesLE } from '../src/field/bn254.js';
import { CoefficientEncoder } from '../src/formats/coefficients.js';
import type { SnarkjsVerificationKey } from '../src/formats/snarkjs-json.js';
import { wtnsBytes } from '../src/formats/wtns.js';
import { classifyValues, publicSignalsOf } from '../src/prove/engine/classified-witness.js';
import { loadZkey } from '../src/prove/groth16/load-zkey.js';
import { setupDev } from '../src/setup/groth16-dev.js';
import { checkGroth16 } from '../src/verify/groth16.js';
import { prepareGroth16Key } from '../src/verify/key.js';
import { refusing } from '../src/verify/refusal.js';
import { kernelPool } from '../src/pool/kernel-team.js';

/** What the values of a circuit's free wires and its coefficients are. */
const KINDS = ['bits', 'small', 'negative', 'zero', 'wide', 'mixed'] as const;
export type Kind = (typeof KINDS)[number];

export interface CrossCase {
  readonly name: string;
  readonly r1cs: R1cs;
  readonly witness: readonly bigint[];
}

/** mulberry32. */
function randomBelow(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor(((t ^ (t >>> 14)) >>> 0) * 2 ** -32 * below);
  };
}

/**
 * Case `index` of a seed: rows left·right = new wire over random combinations of earlier wires. Among them are circuits without public wires
 * and with many, wires that are in no row, one row, and as many rows as fill a domain.
 */
export function crossCase(seed: number, index: number): CrossCase {
  const random = randomBelow(Math.imul(seed, 0x9e3779b1) + index);
  const kind = KINDS[index % KINDS.length]!;
  const wide = (): bigint => mod(BigInt(random(2 ** 32)) ** 9n + BigInt(random(2 ** 32)));
  const value = (of: Kind): bigint => {
    if (of === 'zero') return 0n;
    if (of === 'bits') return BigInt(random(2));
    if (of === 'small') return BigInt(random(2 ** 12));
    if (of === 'negative') return mod(-BigInt(random(2 ** 31)));
    if (of === 'wide') return wide();
    return value(KINDS[random(5)]!);
  };
  const publicCounts = [0, 1, 2, 5, 40];
  const [nPubOut, nPubIn] = [publicCounts[random(5)]!, publicCounts[random(4)]!];
  const nConstraints = [1, 2, 7, 30, 64 - (nPubOut + nPubIn) - 1, 90][random(6)]!;
  const encoder = new CoefficientEncoder();
  const sides = [new SparseRows(), new SparseRows(), new SparseRows()] as const;
  const [a, b, c] = sides;
  const nFree = nPubOut + nPubIn + 1 + random(4);
  const witness = [1n, ...Array.from({ length: nFree }, () => value(kind))];
  // Wires that no row mentions: never taken by `combination`.
  const used = witness.map((_, wire) => wire === 0 || random(4) > 0);
  const coefficient = (): bigint =>
    [1n, R - 1n, BigInt(1 + random(2 ** 16)), wide() || 1n][random(kind === 'bits' ? 2 : 4)]!;
  const combination = (side: SparseRows): bigint => {
    const wires = [...new Set(Array.from({ length: 1 + random(4) }, () => random(witness.length)))]
      .filter((wire) => used[wire])
      .sort((left, right) => left - right);
    let sum = 0n;
    for (const wire of wires) {
      const coef = coefficient();
      side.push(wire, encoder.encode(coef));
      sum += coef * witness[wire]!;
    }
    side.endRow();
    return mod(sum);
  };
  for (let row = 0; row < Math.max(1, nConstraints); row++) {
    c.push(witness.length, 1);
    c.endRow();
    witness.push(mod(combination(a) * combination(b)));
    used.push(true);
  }
  const nWires = witness.length;
  const [left, right, product] = sides.map((side) => side.finish()) as [R1cs['a'], R1cs['b'], R1cs['c']];
  return {
    name: `${kind}, ${nPubOut} + ${nPubIn} public, ${left.rowStart.length - 1} rows, ${nWires} wires`,
    r1cs: {
      nWires,
      nPubOut,
      nPubIn,
      nConstraints: Math.max(1, nConstraints),
      a: left,
      b: right,
      c: product,
      bigCoefs: encoder.bigCoefs,
      wireClass: new Uint8Array(nWires).fill(WireClass.Field),
    },
    witness,
  };
}

interface Proven {
  readonly proof: unknown;
  readonly publicSignals: readonly string[];
}

export interface CrossSummary {
  readonly passed: number;
  /** Case and what went wrong with it. */
  readonly failures: readonly string[];
}

export interface CrossOptions {
  readonly count: number;
  readonly seed: number;
  readonly onCase?: (done: number) => void;
}

/** Proves `count` circuits by both provers. Our thread counts alternate. */
export async function crossProve({ count, seed, onCase }: CrossOptions): Promise<CrossSummary> {
  // snarkjs takes the curve it finds here: this one starts no workers, and is built once.
  (globalThis as { curve_bn128?: unknown }).curve_bn128 = await buildBn128(true);
  const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-cross-'));
  const pools = [1, 2, 3].map((threads) => kernelPool(threads));
  const failures: string[] = [];
  try {
    for (let index = 0; index < count; index++) {
      const one = crossCase(seed, index);
      const wrong = await crossCheck(one, path.join(folder, 'key.zkey'), pools[index % pools.length]!);
      if (wrong.length > 0) failures.push(`case ${index} (${one.name}): ${wrong.join('; ')}`);
      onCase?.(index + 1);
    }
  } finally {
    await Promise.all(pools.map((pool) => pool.close()));
    await rm(folder, { recursive: true, force: true });
  }
  return { passed: count - failures.length, failures };
}

async function crossCheck(
  { r1cs, witness }: CrossCase,
  zkey: string,
  pool: ReturnType<typeof kernelPool>,
): Promise<string[]> {
  const key = await setupDev(r1cs, { zkeyPath: zkey, threads: 1 });
  const values = new Uint8Array(32 * witness.length);
  witness.forEach((value, wire) => {
    toBytesLE(value, values, 32 * wire);
  });
  const classified = classifyValues(values);
  const ours: Proven = {
    proof: (await (await loadZkey(zkey, pool)).prove(classified)).proof,
    publicSignals: publicSignalsOf(classified, r1cs.nPubOut + r1cs.nPubIn),
  };
  const theirs: Proven = await snarkjs.groth16.prove(zkey, { type: 'mem', data: wtnsBytes(values) });
  const wrong = String(ours.publicSignals) === String(theirs.publicSignals) ? [] : ['the public signals differ'];
  const verifiers = verifiersOf(key);
  for (const [who, proven] of Object.entries({ ours, snarkjs: theirs })) {
    for (const [by, verify] of Object.entries(verifiers)) {
      if (!(await verify(proven))) wrong.push(`${by} refuses a proof of ${who}`);
      for (const changed of changedSignals(proven)) {
        if (await verify(changed)) wrong.push(`${by} accepts a proof of ${who} with a changed signal`);
      }
    }
  }
  return wrong;
}

function verifiersOf(key: SnarkjsVerificationKey): Record<string, (proven: Proven) => Promise<boolean>> {
  const prepared = prepareGroth16Key(key);
  return {
    we: async ({ publicSignals, proof }) =>
      refusing(
        () =>
          ({ valid: checkGroth16(prepared, publicSignals, { ...(proof as object) }) !== undefined }) as {
            valid: boolean;
          },
      ).valid,
    snarkjs: ({ publicSignals, proof }) => snarkjs.groth16.verify(key, publicSignals, proof),
  };
}

/** The last signal is another one; none where there is none. */
function* changedSignals({ proof, publicSignals }: Proven): Generator<Proven> {
  const last = publicSignals.at(-1);
  if (last !== undefined)
    yield { proof, publicSignals: [...publicSignals.slice(0, -1), String(mod(BigInt(last) + 1n))] };
}

async function main(): Promise<void> {
  const [count, seed] = [
    Number(process.argv[2] ?? 1000),
    Number(process.argv[3] ?? Math.floor(Math.random() * 2 ** 31)),
  ];
  const started = performance.now();
  console.log(`${count} circuits, seed ${seed}`);
  const { passed, failures } = await crossProve({
    count,
    seed,
    onCase: (done) => {
      if (done % 100 === 0) console.log(`${done} after ${Math.round((performance.now() - started) / 1000)} s`);
    },
  });
  for (const failure of failures) console.log(failure);
  console.log(`${passed} passed, ${failures.length} failed (seed ${seed})`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
