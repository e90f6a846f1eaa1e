/** A very small program of protocol `clear`, its key and a proof: seeds for fuzzing, and for tests of formats. */
import { soloCrew } from '../src/prove/clear/crew.js';
import { ClearProver } from '../src/prove/clear/host.js';
import { commitProgram } from '../src/prove/clear/commit.js';
import { openProgram } from '../src/prove/clear/program.js';
import type { IrGraph } from '../src/compile/ir/graph.js';
import { programBytes } from '../src/compile/ir/program-bytes.js';
import { LinearMapBuilder } from '../src/compile/real/linear-map.js';
import { makeVerificationKey, prepareKey, type ClearVerificationKey, type PreparedKeyOf } from '../src/verify/key.js';
import { makeClearProof, type ClearProofFile } from '../src/verify/proof.js';
import { schemaDigest } from '../src/verify/schema.js';
import type { Schema, TensorSchema } from '../src/verify/statement.js';

const WEIGHTS = [
  [3, -5, 7, 11],
  [-13, 2, 0, 9],
  [1, 1, -1, -8],
];

function map(): ReturnType<LinearMapBuilder['build']> {
  const builder = new LinearMapBuilder(4);
  for (const row of WEIGHTS) builder.row(builder.pattern([0, 1, 2, 3], row), 0);
  return builder.build();
}

/** y = clamp((W·x + b) / 2^4) of four integers; what is clamped counts. */
export const SAMPLE_PROGRAM: IrGraph = {
  nodes: [
    { name: 'x', op: 'input', attrs: { lo: 0, hi: 15 }, inputs: [], dims: [4], origin: 'input x' },
    {
      name: 'sum',
      op: 'linear',
      attrs: { maps: [map()], bias: Float64Array.of(10, -20, 30) },
      inputs: ['x'],
      dims: [3],
      origin: 'Gemm',
    },
    {
      name: 'y',
      op: 'requantise',
      attrs: { shift: 4, lo: 0, bits: 4, ends: { lo: 'own', hi: 'counted' } },
      inputs: ['sum'],
      dims: [3],
      origin: 'Relu',
    },
  ],
  inputs: ['x'],
  outputs: [{ name: 'y', node: 'y' }],
};

const tensor = (name: string, count: number): TensorSchema => ({
  name,
  dims: [count],
  visibility: 'public',
  lo: 0,
  hi: 15,
  bytes: 1,
  scale: 1,
  zeroPoint: 0,
  dtype: 'float32',
});

export const SAMPLE_SCHEMA: Schema = {
  outputs: [tensor('y', 3)],
  inputs: [tensor('x', 4)],
  overflow: 'saturate',
  clamped: true,
};

export const sampleBytes = (): Uint8Array =>
  programBytes({ ir: SAMPLE_PROGRAM, schemaDigest: schemaDigest(SAMPLE_SCHEMA) });

export async function sampleKey(): Promise<ClearVerificationKey> {
  const program = openProgram(sampleBytes(), SAMPLE_SCHEMA, 'sample');
  const { key } = await commitProgram(program, SAMPLE_SCHEMA);
  return makeVerificationKey(key, {
    setup: 'none',
    modelHash: `sha256:${'0'.repeat(64)}`,
    circuitHash: program.hash,
    schema: SAMPLE_SCHEMA,
  });
}

/** A proof of the integers' answer, bound to one byte of context. */
export async function sampleProof(key: ClearVerificationKey, x: readonly number[]): Promise<ClearProofFile> {
  const prepared = prepareKey(key) as PreparedKeyOf<'clear'>;
  const between = () => undefined;
  const prover = await ClearProver.open(sampleBytes(), prepared, 'sample', soloCrew(), between);
  const inputs = new Map([['x', Float64Array.from(x)]]);
  const { proof, publicSignals } = await prover.prove(inputs, Uint8Array.of(7), { between });
  return makeClearProof(proof, publicSignals, '0x07', key.zkonnx);
}
