/** prove-many for pages and their workers, with the same types: `proveMany('/artifacts/iris', console.log)`, the artifact's files by fetch. */
import { openProver, verify, type ProveProgress, type InputValues } from '../src/prove/browser.js';

const bytes = async (url: string) => new Uint8Array(await (await fetch(url)).arrayBuffer());
const flower = (i: number): InputValues => ({ input: [i % 7, i % 5, i % 3, i % 2].map((x) => x / 9 - 0.4) });

export async function proveMany(artifact: string, onProven: (proofs: number) => void, count = 1000) {
  const verificationKey = await (await fetch(`${artifact}/verification_key.json`)).text();
  const [circuit, provingKey] = [await bytes(`${artifact}/circuit.bin`), await bytes(`${artifact}/proving_key.mirage`)];
  await using prover = await openProver({ circuit, provingKey, verificationKey });
  const stop = new AbortController();
  const onProgress = ({ phase }: ProveProgress) => phase === 'sums' && stop.abort();
  const stopped = await prover.prove(flower(0), { signal: stop.signal, onProgress }).catch((error: unknown) => error);
  const { proof } = await prover.prove(flower(0));
  const started = performance.now();
  for (let i = 0; i < count; i += 2) {
    await Promise.all([prover.prove(flower(i)), prover.prove(flower(i + 1))]);
    onProven(i + 2);
  }
  return {
    stopped,
    after: verify(proof, verificationKey).valid,
    perSecond: count / ((performance.now() - started) / 1000),
  };
}
