/** `node model-child.js ARTIFACT SAMPLE THREADS PROOFS`: a process that does nothing but prove a model's sample, for its peak memory. */
import { readFile } from 'node:fs/promises';
import { openModelProver } from './model-prover.js';

const [artifact, sample, threads, proofs] = process.argv.slice(2) as [string, string, string, string];
const values = JSON.parse(await readFile(sample, 'utf8')) as Record<string, number[]>;
const tensors = new Map(Object.entries(values).map(([name, list]) => [name, Float64Array.from(list)]));
await using prover = await openModelProver(artifact, Number(threads));
for (let i = 0; i < Number(proofs); i++) await prover.prove(tensors);
