/** Our prover and snarkjs on the same artifact: both proofs verify here and under snarkjs, and blinding makes every proof another. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { prove, type ProvenSample } from '../../src/prove/prove.js';
import type { ProverName } from '../../src/prove/tasks.js';
import { setup } from '../../src/setup/setup.js';
import { verify } from '../../src/verify/index.js';

let dir: string;
let artifact: string;
let key: unknown;

beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-provers-'));
  artifact = path.join(dir, 'mlp');
  const model = path.join(dir, 'mlp.onnx');
  await writeFile(model, makeMlp([12, 20, 10, 3]));
  // Committed outputs put full-width wires everywhere; inputs are public and partly zero.
  await writeArtifact(
    artifact,
    await compile(model, { domain: { lo: -1, hi: 1 }, output: 'committed', protocol: 'groth16' }),
    model,
  );
  key = JSON.parse(await readFile((await setup(artifact, { dev: true })).verificationKey, 'utf8'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function proveAll(prover: ProverName, samples: readonly Float64Array[]): Promise<ProvenSample[]> {
  const proven: ProvenSample[] = [];
  const named = samples.map((values, i) => ({ id: String(i), tensors: new Map([['input', values]]) }));
  for await (const sample of prove(artifact, named, { prover })) proven.push(sample);
  return proven;
}

function snarkjsAccepts(name: string): boolean {
  const cli = path.resolve(import.meta.dirname, '../../node_modules/snarkjs/build/cli.cjs');
  const args = [
    'groth16',
    'verify',
    path.join(artifact, 'verification_key.json'),
    `${name}-public.json`,
    `${name}.json`,
  ];
  return execFileSync(process.execPath, [cli, ...args], { cwd: dir, encoding: 'utf8' }).includes('OK!');
}

/** Corners and random points of the domain: all zero, both ends, alternating, uniform. */
const inputs = [0, 1, -1, NaN, ...Array.from({ length: 8 }, () => NaN)].map((value, s) =>
  Float64Array.from({ length: 12 }, (_, i) => (Number.isNaN(value) ? Math.sin(7 * s + 3 * i) : value)),
);

describe.each(['kernels', 'snarkjs'] as const)('%s', (prover) => {
  it('proves every input; we and snarkjs accept', async () => {
    const proven = await proveAll(prover, prover === 'kernels' ? inputs : inputs.slice(0, 3));
    for (const [i, { proof }] of proven.entries()) {
      expect(verify(proof, key)).toMatchObject({ valid: true });
      if (i > 1) continue;
      await writeFile(path.join(dir, `${prover}${i}.json`), JSON.stringify(proof));
      await writeFile(path.join(dir, `${prover}${i}-public.json`), JSON.stringify(proof.publicSignals));
      expect(snarkjsAccepts(`${prover}${i}`)).toBe(true);
    }
  });

  it('two proofs of one statement share no point', async () => {
    const [first, second] = await proveAll(prover, [inputs[3]!, inputs[3]!]);
    const points = ({ proof }: ProvenSample) =>
      Object.entries(proof).flatMap(([name, point]) => (name.startsWith('pi_') ? [JSON.stringify(point)] : []));
    expect(points(first!).filter((point) => points(second!).includes(point))).toEqual([]);
  });
});
