/** A prover that stays open: 1,000 irises two at a time, with progress, one of them stopped. `node dist/examples/prove-many.js ARTIFACT` */
import { readFile } from 'node:fs/promises';
import { openProver, prepareKey, verify, type ProveProgress, type InputValues } from '../src/index.js';

const artifact = process.argv[2] ?? 'artifacts/iris';
const key = prepareKey(await readFile(`${artifact}/verification_key.json`, 'utf8'));
const flower = (i: number): InputValues => ({ input: [i % 7, i % 5, i % 3, i % 2].map((x) => x / 9 - 0.4) });
const count = 1000;

await using prover = await openProver(artifact);
const stop = new AbortController();
const onProgress = ({ phase }: ProveProgress) => phase === 'sums' && stop.abort();
const stopped = await prover.prove(flower(0), { signal: stop.signal, onProgress }).catch((error: unknown) => error);
const { proof } = await prover.prove(flower(0));
const started = performance.now();
let resident = process.memoryUsage.rss();
for (let i = 0; i < count; i += 2) {
  await Promise.all([prover.prove(flower(i)), prover.prove(flower(i + 1))]);
  if (i === count / 2) resident = process.memoryUsage.rss();
  if (i % 100 === 98) process.stderr.write(`${i + 2} of ${count}\n`);
}
const perSecond = count / ((performance.now() - started) / 1000);
const growth = process.memoryUsage.rss() / resident;
process.stdout.write(JSON.stringify({ stopped, after: verify(proof, key).valid, perSecond, growth }) + '\n');
