/** Part `prover`: whole proofs, warm, ours and snarkjs in turns in this process on the same files; memory in processes of their own. */
import { fileURLToPath } from 'node:url';
import { circuits, type CircuitFiles } from './circuits.js';
import { runCommand } from './command.js';
import { alternate, type Comparison, type Context, type Section } from './harness.js';
import { openOurProver } from './our-prover.js';
import { endSnarkjs, proveWithSnarkjs, requireValid, snarkjsVerificationKey, type Proven } from './snarkjs-prover.js';

const TARGET = 5;
/** Proofs of one process whose peak memory is taken: the second one shows what is not given back. */
const PROOFS_FOR_MEMORY = 2;

export async function benchProver(context: Context): Promise<Section[]> {
  const comparisons: Comparison[] = [];
  try {
    for await (const files of circuits(context)) comparisons.push(await benchCircuit(context, files));
  } finally {
    await endSnarkjs();
  }
  return [
    {
      title: 'Whole proofs, warm',
      notes: [
        'The same .zkey and .wtns, from the file of the witness to the proof, in one process. Ours has loaded the key before; snarkjs has ' +
          'no such state and reads it for every proof. Ours verifies every proof before it hands it out; snarkjs does not.',
        'Every proof is verified by snarkjs and by our verifier, outside the measured time.',
        `Peak: resident memory of a process of its own that makes ${PROOFS_FOR_MEMORY} proofs, loading the key included.`,
      ],
      comparisons,
    },
  ];
}

async function benchCircuit(context: Context, files: CircuitFiles): Promise<Comparison> {
  const { quick, threads, log } = context;
  const { title, zkey, wtns } = files;
  log(title);
  const proven = { ours: [] as Proven[], snarkjs: [] as Proven[] };
  await using ours = await openOurProver(zkey, threads);
  const times = await alternate(
    async () => proven.ours.push(await ours.prove(wtns)),
    async () => proven.snarkjs.push(await proveWithSnarkjs(zkey, wtns)),
    { pairs: quick ? 3 : 5 },
  );
  const key = await snarkjsVerificationKey(zkey);
  for (const proof of proven.ours) await requireValid(key, proof, 'ours');
  for (const proof of proven.snarkjs) await requireValid(key, proof, 'snarkjs');
  const peaks = await peakMemory(context, files);
  return {
    name: title,
    ours: { who: 'zkonnx', ms: times.ours, peakBytes: peaks.ours },
    peer: { who: 'snarkjs', ms: times.peer, peakBytes: peaks.peer },
    target: TARGET,
  };
}

async function peakMemory({ quick, threads }: Context, { zkey, wtns }: CircuitFiles) {
  const child = fileURLToPath(new URL('prove-child.js', import.meta.url));
  const peak = async (who: string): Promise<number> => {
    const args = [child, who, zkey, wtns, String(threads), String(PROOFS_FOR_MEMORY)];
    return (await runCommand(process.execPath, args)).peakBytes!;
  };
  const peaks = { ours: [] as number[], peer: [] as number[] };
  for (let i = 0; i < (quick ? 1 : 3); i++) {
    peaks.ours.push(await peak('ours'));
    peaks.peer.push(await peak('snarkjs'));
  }
  return peaks;
}
