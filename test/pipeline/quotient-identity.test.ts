/**
 * Prover and setup speak of the same polynomials: for a satisfying witness, the quotient's scalars times the setup's H scalars are
 * A(τ)·B(τ) − C(τ), which is h(τ)·Z(τ), on domains of 2^k and 3·2^k points and with any number of threads.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { fromBytesLE, mod, R, toBytesLE } from '../../src/field/bn254.js';
import { domainSize, smallestDomain, type Domain } from '../../src/kernels/domain.js';
import { instantiateKernels } from '../../src/kernels/module.js';
import { SCALAR_BYTES } from '../../src/kernels/msm.js';
import { createJoinConstants, createNttTable } from '../../src/kernels/ntt.js';
import { SoloTeam, type Team } from '../../src/kernels/team.js';
import { CoefficientRows } from '../../src/prove/groth16/coefficient-rows.js';
import { quotientBytes, quotientScalars } from '../../src/prove/engine/quotient.js';
import { classifyValues } from '../../src/prove/engine/classified-witness.js';
import { coefficientSection } from '../../src/setup/coefficient-section.js';
import { evaluateAtTrapdoor } from '../../src/setup/evaluate.js';
import { allocateScalars, type ScalarList } from '../../src/setup/memory.js';
import { kernelPool, WorkerTeam } from '../../src/pool/kernel-team.js';
import { below } from '../unit/curve-support.js';
import { randomNumbers, randomR1cs, type RandomSystem } from '../unit/random-r1cs.js';

const pools = [2, 3].map((threads) => kernelPool(threads));
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

const random = randomNumbers(4);
const [tau, alpha, beta, delta] = [1, 2, 3, 4].map(() => below(random, R)) as [bigint, bigint, bigint, bigint];

async function teams(): Promise<Team[]> {
  return [
    new SoloTeam(await instantiateKernels()),
    ...(await Promise.all(pools.map(async (pool) => new WorkerTeam(await instantiateKernels(), pool)))),
  ];
}

const read = ({ kernels: { heap } }: Team, { pointer, count }: ScalarList): bigint[] =>
  Array.from({ length: count }, (_, i) => fromBytesLE(heap.bytes(pointer + i * SCALAR_BYTES, SCALAR_BYTES), 0));
const inner = (a: readonly bigint[], b: readonly bigint[]): bigint =>
  a.reduce((sum, value, i) => mod(sum + value * b[i]!), 0n);

/** The wires' scalars and those of H, of the fixed trapdoor. */
async function setup(team: Team, { r1cs }: RandomSystem, domain: Domain) {
  const { heap } = team.kernels;
  const shape = { nVars: r1cs.nWires, nPublic: r1cs.nPubOut + r1cs.nPubIn, domainSize: domainSize(domain) };
  const scalars = allocateScalars(heap, shape);
  [tau, alpha, beta, delta, 1n].forEach((value, i) => {
    toBytesLE(value, heap.bytes(scalars.tau + i * SCALAR_BYTES, SCALAR_BYTES), 0);
  });
  await evaluateAtTrapdoor(team, r1cs, shape, scalars);
  const [a, b, ic, c, h] = [scalars.a, scalars.b, scalars.ic, scalars.c, scalars.h].map((list) => read(team, list)) as [
    bigint[],
    bigint[],
    bigint[],
    bigint[],
    bigint[],
  ];
  return { a, b, k: [...ic, ...c.map((value) => mod(value * delta))], h: h.map((value) => mod(value * delta)) };
}

/** P's values on the odd coset, as the prover finds them. */
async function quotient(team: Team, { r1cs, witnessBytes }: RandomSystem, domain: Domain): Promise<bigint[]> {
  const { kernels } = team;
  const n = domainSize(domain);
  const rows = new CoefficientRows(n, r1cs.nWires);
  let chunks = 0;
  for (const chunk of coefficientSection(r1cs, r1cs.nPubOut + r1cs.nPubIn)) {
    // Entries come after the section's header and the count.
    if (chunks++ >= 2) expect(rows.add(new Uint32Array(chunk.slice().buffer))).toBe(true);
  }
  const [rowsA, rowsB] = rows.store(kernels, domain);
  const out = kernels.heap.allocate(quotientBytes(n));
  const key = {
    domain,
    rowsA,
    rowsB,
    table: createNttTable(kernels, domain.logSize),
    join: createJoinConstants(kernels, domain),
  };
  await quotientScalars(team, key, classifyValues(witnessBytes), out, () => undefined);
  return read(team, { pointer: out, count: n });
}

describe.each<[string, Domain['cosets'], number, number]>([
  ['8 points', 1, 1, 8],
  ['6 points', 3, 1, 6],
  ['128 points', 1, 100, 128],
  ['192 points', 3, 100, 192],
  ['192 points, all of them rows', 3, 188, 192],
  ['2048 points', 1, 1100, 2048],
  ['1536 points', 3, 1100, 1536],
])('on a domain of %s', (_, cosets, nConstraints, points) => {
  it('Σ P(x_i)·L_i(τ) is A(τ)·B(τ) − C(τ), the same on 1, 2 and 3 threads', async () => {
    const system = randomR1cs({ nConstraints, wide: true, seed: nConstraints });
    const { r1cs, witness } = system;
    const domain = smallestDomain(r1cs.nConstraints + r1cs.nPubOut + r1cs.nPubIn + 1, [cosets]);
    expect(domainSize(domain)).toBe(points);
    const results = [];
    for (const team of await teams()) {
      const [scalars, values] = [await setup(team, system, domain), await quotient(team, system, domain)];
      const [a, b] = [inner(witness, scalars.a), inner(witness, scalars.b)];
      const c = mod(inner(witness, scalars.k) - beta * a - alpha * b);
      expect(inner(values, scalars.h)).toBe(mod(a * b - c));
      results.push({ scalars, values });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    // P is not zero, or nothing would have been compared.
    expect(results[0]!.values.filter((value) => value !== 0n).length).toBeGreaterThan(points / 2);
  });
});
