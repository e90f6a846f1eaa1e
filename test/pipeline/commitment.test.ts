/** Committed tensors: the proven hash is what circomlibjs computes from the opening, and the proof shows nothing else. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildPoseidon } from 'circomlibjs';
import { expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { prove, type ProvenSample } from '../../src/prove/prove.js';
import { setup } from '../../src/setup/setup.js';
import { verify } from '../../src/verify/index.js';
import { pack, type TensorSchema } from '../../src/verify/statement.js';

it('commitments of input and output, chained past 16 elements', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-commit-'));
  try {
    const model = path.join(dir, 'mlp.onnx');
    await writeFile(model, makeMlp([300, 3, 2]));
    const compiled = await compile(model, {
      domain: { lo: 0, hi: 1 },
      input: 'committed',
      output: 'committed',
      protocol: 'groth16',
    });
    const artifact = path.join(dir, 'mlp');
    await writeArtifact(artifact, compiled, model);
    const keys = await setup(artifact, { dev: true });
    const tensors = new Map([['input', Float64Array.from({ length: 300 }, (_, i) => (i % 7) / 7)]]);
    const proven: ProvenSample[] = [];
    const samples = [
      { id: 'a', tensors },
      { id: 'b', tensors },
    ];
    for await (const result of prove(artifact, samples)) proven.push(result);
    const key = JSON.parse(await readFile(keys.verificationKey, 'utf8')) as unknown;
    const hash = await chainedPoseidon();
    const { schema } = compiled;
    for (const { proof, opening } of proven) {
      const result = verify(proof, key);
      expect(result).toMatchObject({ valid: true, inputs: {}, outputs: {} });
      const expected = [schema.outputs[0]!, schema.inputs[0]!].map((tensor) => {
        const packed = pack(tensor, opening!.values[tensor.name]!);
        return hash([...packed, BigInt(opening!.salts[tensor.name]!)]).toString();
      });
      expect(proof.publicSignals).toEqual(expected);
    }
    expect(packedSignals(schema.inputs[0]!)).toBeGreaterThan(16);
    // Fresh salts: two proofs of one statement share no signal.
    const [first, second] = proven.map(({ proof }) => proof.publicSignals);
    expect(first!.filter((signal) => second!.includes(signal))).toEqual([]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

function packedSignals(tensor: TensorSchema): number {
  return pack(tensor, new Float64Array(300).fill(tensor.lo)).length;
}

/** docs/formats.md: up to 16 elements one permutation; beyond, h = P(first 16), then h = P(h, next 15 at most). */
async function chainedPoseidon(): Promise<(values: readonly bigint[]) => bigint> {
  const poseidon = await buildPoseidon();
  const permute = (values: readonly bigint[]) => poseidon.F.toObject(poseidon([...values]));
  return (values) => {
    let hash = permute(values.slice(0, 16));
    for (let start = 16; start < values.length; start += 15) hash = permute([hash, ...values.slice(start, start + 15)]);
    return hash;
  };
}
