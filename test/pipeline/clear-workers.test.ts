/** Protocol clear on worker threads: the same proofs for any number of them, phases, abort, workers that die. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenSamples, modelCases, modelPath } from '../../bench/models.js';
import { writeArtifact } from '../../src/compile/artifact.js';
import { compile } from '../../src/compile/compile.js';
import { instantiateClearKernels } from '../../src/kernels/clear/module.js';
import { SoloClearTeam, type ClearTeam } from '../../src/kernels/clear/team.js';
import { clearPool, ClearWorkerTeam, type ClearPool } from '../../src/pool/clear-team.js';
import { openProver as openInPage } from '../../src/prove/browser.js';
import { openClear } from '../../src/prove/clear-host.js';
import { PoolCrew } from '../../src/prove/clear-pool.js';
import { openProver } from '../../src/prove/open-prover.js';
import type { Prover } from '../../src/prove/prover.js';
import { RelationProver } from '../../src/prove/clear/relation-prover.js';
import type { ProvePhase, ProveProgress } from '../../src/prove/tasks.js';
import { setup } from '../../src/setup/setup.js';
import { verify } from '../../src/verify/index.js';
import { prepareKey, type PreparedKeyOf } from '../../src/verify/key.js';
import { planOf, verifyClear } from '../../src/verify/clear/verify.js';
import { tiny } from '../unit/clear/opening-support.js';
import { requantised } from '../unit/clear/toys.js';
import { kill, rejection } from './pool-insides.js';

const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-clear-workers-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const artifact = path.join(folder, 'mnist-12');
const PHASES = ['witness', 'queue', 'commit', 'constraints', 'lookups', 'opening'] as const satisfies ProvePhase[];

let keyText: string;
let sample: ReadonlyMap<string, Float64Array>;
beforeAll(async () => {
  const { options } = modelCases.find(({ name }) => name === 'mnist-12')!;
  const model = modelPath('mnist-12');
  const compiled = await compile(model, { ...(await options()), protocol: 'clear' });
  await writeArtifact(artifact, compiled, model);
  await setup(artifact);
  keyText = await readFile(path.join(artifact, 'verification_key.json'), 'utf8');
  sample = (await goldenSamples('mnist-12'))[0]!.inputs;
}, 120_000);

async function inPage(): Promise<Prover> {
  const circuit = await readFile(path.join(artifact, 'program.bin'));
  return openInPage({ circuit, verificationKey: keyText });
}

it('proofs are the same for any number of threads', async () => {
  const { relation, assignment } = requantised(60, 700);
  const parameters = tiny(14, [5, 4, 4, 3], 3, 4);
  const plan = planOf({ relation, parameters });
  const digest = new Uint8Array(32).fill(3);
  const said = { publicBytes: Uint8Array.of(1), context: Uint8Array.of(2) };
  const made = async (team: ClearTeam) => {
    const prover = await RelationProver.open(team, plan, assignment.weights, parameters);
    const proof = await prover.prove(digest, assignment, said, new Uint8Array(32).fill(1));
    return { proof: Buffer.from(proof), weightsRoot: prover.weightsRoot! };
  };
  const alone = await made(new SoloClearTeam(await instantiateClearKernels()));
  const key = { digest, relation, parameters, weightsRoot: alone.weightsRoot };
  expect(verifyClear(key, { ...said, publics: assignment.publics }, alone.proof)).toBeUndefined();
  for (const threads of [1, 2, 3]) {
    await using pool = clearPool(threads);
    let handedOut = 0;
    const counted: ClearPool = {
      threads,
      run(request) {
        handedOut++;
        return pool.run(request);
      },
    };
    const together = await made(new ClearWorkerTeam(await instantiateClearKernels(), counted));
    expect(together.weightsRoot).toEqual(alone.weightsRoot);
    expect(together.proof.equals(alone.proof)).toBe(true);
    expect(handedOut > 20).toBe(threads > 1);
  }
});

describe.each([
  ['on worker threads', () => openProver(artifact, { threads: 2 })],
  ['on the calling thread', () => openProver(artifact, { threads: 1 })],
  ['as in a page', inPage],
])('%s', (_, open) => {
  it('a proof goes through its phases, says what each took, and verifies', async () => {
    await using prover = await open();
    const heard: ProveProgress[] = [];
    const { proof, timingsMs } = await prover.prove(sample, { onProgress: (progress) => heard.push(progress) });
    expect(verify(proof, keyText)).toMatchObject({ valid: true });
    expect([...new Set(heard.map(({ phase }) => phase))]).toEqual(PHASES);
    expect(heard.at(-1)).toEqual({ phase: 'opening', fraction: 1 });
    expect(Object.keys(timingsMs)).toEqual([...PHASES, 'total']);
    const { total, ...phases } = timingsMs;
    const sum = Object.values(phases).reduce((all, ms) => all + ms, 0);
    expect(sum).toBeLessThanOrEqual(total + 1);
    expect(sum).toBeGreaterThan(0.9 * total);
  });

  it.each(PHASES)('stopped in its %s: ABORTED soon, and the next proof is made', async (phase) => {
    await using prover = await open();
    const controller = new AbortController();
    let stopped = 0;
    const proving = prover.prove(sample, {
      signal: controller.signal,
      onProgress(progress) {
        if (progress.phase !== phase || stopped > 0) return;
        // Not in the prover's own turn.
        setTimeout(() => {
          stopped = performance.now();
          controller.abort();
        });
      },
    });
    const error = await rejection(proving);
    const waited = performance.now() - stopped;
    expect(error).toMatchObject({ code: 'ABORTED' });
    // Tens of milliseconds on a core of one's own; tests share theirs.
    expect(waited).toBeLessThan(500);
    expect(verify((await prover.prove(sample)).proof, keyText)).toMatchObject({ valid: true });
  });

  it('an error of the caller’s progress ends the proof, and the next one is made', async () => {
    await using prover = await open();
    const onProgress = ({ phase }: ProveProgress) => {
      if (phase === 'lookups') throw new RangeError('mine');
    };
    await expect(prover.prove(sample, { onProgress })).rejects.toThrow('mine');
    expect(verify((await prover.prove(sample)).proof, keyText)).toMatchObject({ valid: true });
  });

  it('closed while it proves: ABORTED, and ever after', async () => {
    const prover = await open();
    const proving = rejection(prover.prove(sample));
    await prover.close();
    expect(await proving).toMatchObject({ code: 'ABORTED' });
    expect(await rejection(prover.prove(sample))).toMatchObject({ code: 'ABORTED' });
  });
});

it.each(['commit', 'lookups', 'opening'] as const)(
  'a worker that dies in the %s: WORKER_DIED, and the same prover goes on in a fresh memory',
  async (phase) => {
    const crew = new PoolCrew({ threads: 2 });
    const key = prepareKey(keyText) as PreparedKeyOf<'clear'>;
    const program = await readFile(path.join(artifact, 'program.bin'));
    await using prover = await openClear(program, key, 'program.bin', crew, {}, new Map());
    let killed: Promise<void> | undefined;
    const job: Promise<unknown> = nextTurn().then(() =>
      rejection(
        prover.prove(sample, {
          onProgress(progress) {
            if (progress.phase === phase) killed ??= kill(crew, job);
          },
        }),
      ),
    );
    expect(await job).toMatchObject({ code: 'WORKER_DIED' });
    await killed;
    expect(verify((await prover.prove(sample)).proof, keyText)).toMatchObject({ valid: true });
  },
);

it('a number of threads that is none is refused', async () => {
  await expect(openProver(artifact, { threads: 0 })).rejects.toMatchObject({ code: 'USAGE' });
});

it.each([
  ['in Node', (maxMemoryBytes: number) => openProver(artifact, { threads: 2, maxMemoryBytes })],
  [
    'in pages',
    async (maxMemoryBytes: number) => {
      const circuit = await readFile(path.join(artifact, 'program.bin'));
      return openInPage({ circuit, verificationKey: keyText }, { maxMemoryBytes });
    },
  ],
])('memory that does not suffice is refused beforehand, and what suffices is not: %s', async (_, open) => {
  await expect(open(2 ** 20)).rejects.toMatchObject({
    code: 'MEMORY_EXCEEDED',
    details: {
      expected: expect.stringContaining('at most') as string,
      help: expect.stringContaining('raise') as string,
    },
  });
  await using prover = await open(2 ** 32);
  expect(verify((await prover.prove(sample)).proof, keyText)).toMatchObject({ valid: true });
});
