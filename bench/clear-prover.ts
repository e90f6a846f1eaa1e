/**
 * `npm run bench:clear [MODEL …]`: protocol `clear` on whole models: what lowering and the weights' commitment (setup and opening), a first and later proofs on one thread
 * and on two, and a check of them take, beside what the proof and the prover's memory come to. Every proof that is timed is verified.
 */
import { encodeSample } from '../src/prove/encode.js';
import { compileInside } from '../src/compile/compile.js';
import { lowerToRelation } from '../src/compile/clear/lower.js';
import { openingOf } from '../src/compile/clear/security.js';
import { Interpreter } from '../src/compile/ir/program.js';
import { invariant } from '../src/base/errors.js';
import { instantiateClearKernels } from '../src/kernels/clear/module.js';
import { clearPool, ClearWorkerTeam } from '../src/pool/clear-team.js';
import { SoloClearTeam } from '../src/kernels/clear/team.js';
import { proverBytes } from '../src/prove/clear/memory-estimate.js';
import { RelationProver } from '../src/prove/clear/relation-prover.js';
import type { Assignment } from '../src/verify/clear/relation.js';
import { planOf, verifyClear } from '../src/verify/clear/verify.js';
import { machine } from './harness.js';
import { goldenSamples, modelCases, modelPath } from './models.js';
import { duration, markdownHeader, markdownTable } from './report.js';

const MODELS = ['iris-mlp-deepprove', 'acasxu-1-1', 'mnist-12'];
const PROOFS = 15;
const CHECKS = 3;

/** Milliseconds. */
async function timed<T>(run: () => T | Promise<T>, into: number[]): Promise<T> {
  const from = performance.now();
  const result = await run();
  into.push(performance.now() - from);
  return result;
}

async function measured(name: string): Promise<string[]> {
  const options = await modelCases.find((model) => model.name === name)!.options();
  const { quantised, schema } = await compileInside(modelPath(name), options);
  const { ir } = quantised;
  const none = (): number[] => [];
  const times = {
    lower: none(),
    open: none(),
    witness: none(),
    cold: none(),
    one: none(),
    two: none(),
    verify: none(),
  };
  const lowered = await timed(() => lowerToRelation(ir, schema), times.lower);
  const { parameters } = openingOf(lowered.relation);
  const plan = planOf({ relation: lowered.relation, parameters });
  const kernels = await instantiateClearKernels();
  const weights = lowered.weights();
  const team = new SoloClearTeam(kernels);
  const prover = await timed(() => RelationProver.open(team, plan, weights, parameters), times.open);
  const [sample] = await goldenSamples(name);
  const inputs = encodeSample(schema, sample!.inputs, new Map());
  const values = new Map(schema.inputs.map((tensor, i) => [ir.inputs[i]!, inputs.get(tensor.name)!]));
  const interpreter = new Interpreter(ir);
  const key = { digest: new Uint8Array(32), relation: lowered.relation, parameters, weightsRoot: prover.weightsRoot };
  const said = { publicBytes: new Uint8Array(), context: new Uint8Array() };
  let bytes = 0;
  const prove = (by: RelationProver, assignment: Assignment) =>
    by.prove(key.digest, assignment, said, crypto.getRandomValues(new Uint8Array(32)));
  for (let i = 0; i < PROOFS; i++) {
    const assignment = await timed(() => lowered.assign(interpreter.run(values)), times.witness);
    const proof = await timed(() => prove(prover, assignment), i === 0 ? times.cold : times.one);
    bytes = Math.max(bytes, proof.length);
    const check = () => verifyClear(key, { ...said, publics: assignment.publics }, proof, plan);
    const refused = await timed(check, i < CHECKS ? times.verify : []);
    invariant(refused === undefined, 'a timed proof is accepted', { refused: refused?.message });
  }
  await using pool = clearPool(2);
  const workers = new ClearWorkerTeam(await instantiateClearKernels(), pool);
  const onTwo = await RelationProver.open(workers, plan, weights, parameters);
  const assignment = lowered.assign(interpreter.run(values));
  for (let i = 0; i < PROOFS; i++) await timed(() => prove(onTwo, assignment), i === 0 ? [] : times.two);
  const { cells, lookups, tableRows } = lowered.statistics;
  const mebibytes = (count: number) => (count / 2 ** 20).toFixed(1);
  return [
    name,
    `${cells}, ${lookups} + ${tableRows}`,
    duration(times.lower),
    duration(times.open),
    duration(times.witness),
    duration(times.cold),
    duration(times.one),
    duration(times.two),
    `${(bytes / 1024).toFixed(0)} KiB`,
    duration(times.verify),
    `${mebibytes(proverBytes(plan, parameters).kernels)}, ${mebibytes(kernels.heap.peakBytes)} MiB`,
  ];
}

const method = [
  `one process for all models; ${PROOFS} proofs of one sample each on this thread and on two workers, the first one by itself; median and spread; ${CHECKS} checks in plain JavaScript`,
];
const columns = [
  'model',
  'cells, lookups + rows',
  'lowered',
  'weights committed',
  'witness',
  'first proof',
  'proof, one thread',
  'two threads',
  'bytes',
  'check',
  'kernels’ memory predicted, measured',
];
const rows: string[][] = [];
for (const name of process.argv.length > 2 ? process.argv.slice(2) : MODELS) rows.push(await measured(name));
process.stdout.write(`${markdownHeader(machine(), method)}\n\n${markdownTable(columns, rows)}\n`);
