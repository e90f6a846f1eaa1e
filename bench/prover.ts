/** Part `prover`: whole proofs, warm, ours and snarkjs in turns in this process on the same files; memory in processes of their own. */
import { fileURLToPath } from 'node:url';
import { circuits, type CircuitFiles } from './circuits.js';
import { runCommand } from './command.js';
import { takeTurns, type Comparison, type Context, type Section } from './harness.js';
import { openOurProver } from './our-prover.js';
import { endSnarkjs, proveWithSnarkjs, requireValid, snarkjsVerificationKey, type Proven } from './snarkjs-prover.js';

const TARGET = 5;
/** Proofs of one process whose peak memory is taken: the second one shows what is not given back. */
const PROOFS_FOR_MEMORY = 2;

export async function benchProver(context: Context): Promise<Section[]> {
  const comparisons: Comparison[] = [];
  try {
    for await (const files of circuits(context)) comparisons.push(...(await benchCircuit(context, files)));
  } finally {
    await endSnarkjs();
  }
  return [
    {
      title: 'Whole proofs, warm',
      notes: [
        'The same .zkey and .wtns, from the file of the witness to the proof, in one process. Ours has loaded the key before; snarkjs has ' +
          'no such state and reads it for every proof.',
        'The first row of a circuit is the same work on both sides. In the second, ours verifies the proof before it hands it out, as it does ' +
          'by default; snarkjs has no such step.',
        'Every proof is verified by snarkjs and by our verifier, outside the measured time.',
        `Peak: resident memory of a process of its own that makes ${PROOFS_FOR_MEMORY} proofs, loading the key included.`,
      ],
      comparisons,
    },
  ];
}

async function benchCircuit(context: Context, files: CircuitFiles): Promise<Comparison[]> {
  const { quick, threads, log } = context;
  const { title, zkey, wtns } = files;
  log(title);
  const proven = { ours: [] as Proven[], snarkjs: [] as Proven[] };
  await using ours = await openOurProver(zkey, threads);
  const run = (check: boolean) => async () => proven.ours.push(await ours.prove(wtns, { check }));
  const peer = async () => proven.snarkjs.push(await proveWithSnarkjs(zkey, wtns));
  const times = await takeTurns([run(false), peer, run(true)], { pairs: quick ? 3 : 7, warmUp: quick ? 1 : 2 });
  const [bare, theirs, checked] = times as [number[], number[], number[]];
  const key = await snarkjsVerificationKey(zkey);
  for (const proof of proven.ours) await requireValid(key, proof, 'ours');
  for (const proof of proven.snarkjs) await requireValid(key, proof, 'snarkjs');
  const peaks = await peakMemory(context, files);
  const row = (name: string, ms: number[]): Comparison => ({
    name,
    ours: { who: 'zkonnx', ms, peakBytes: peaks.ours },
    peer: { who: 'snarkjs', ms: theirs, peakBytes: peaks.peer },
    target: TARGET,
  });
  return [row(title, bare), row(`${title}, ours verified too`, checked)];
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
