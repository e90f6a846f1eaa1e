/**
 * `npm run bench:clear [MODEL …]`: protocol `clear` on whole models, on one thread and warm: what setup, a proof and a check of it take, beside what the proof and the
 * prover's memory come to. Every proof that is timed is verified.
 */
import { encodeSample } from '../src/prove/encode.js';
import { compileInside } from '../src/compile/compile.js';
import { lowerToRelation } from '../src/compile/clear/lower.js';
import { openingOf } from '../src/compile/clear/security.js';
import { Interpreter } from '../src/compile/ir/program.js';
import { invariant } from '../src/base/errors.js';
import { instantiateClearKernels } from '../src/kernels/clear/module.js';
import { SoloClearTeam } from '../src/kernels/clear/team.js';
import { RelationProver } from '../src/prove/clear/relation-prover.js';
import { ARITHMETIC_NAMES, arithmeticOf } from '../src/verify/clear/arithmetic-choice.js';
import { planOf, verifyClear } from '../src/verify/clear/verify.js';
import { machine } from './harness.js';
import { goldenSamples, modelCases, modelPath } from './models.js';
import { duration, markdownHeader, markdownTable } from './report.js';

const MODELS = ['iris-mlp-deepprove', 'acasxu-1-1', 'mnist-12'];
const PROOFS = 15;
/** By each arithmetic, the first ones cold. */
const CHECKS = 7;

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
  const times = { setup: [] as number[], witness: [] as number[], prove: [] as number[] };
  const checks = { javascript: [] as number[], webassembly: [] as number[] };
  const lowered = lowerToRelation(ir, schema);
  const { parameters } = openingOf(lowered.relation);
  const plan = planOf({ relation: lowered.relation, parameters });
  const kernels = await instantiateClearKernels();
  const weights = lowered.weights();
  const team = new SoloClearTeam(kernels);
  const prover = await timed(() => RelationProver.open(team, plan, weights, parameters), times.setup);
  const [sample] = await goldenSamples(name);
  const inputs = encodeSample(schema, sample!.inputs, new Map());
  const values = new Map(schema.inputs.map((tensor, i) => [ir.inputs[i]!, inputs.get(tensor.name)!]));
  const interpreter = new Interpreter(ir);
  const key = { digest: new Uint8Array(32), relation: lowered.relation, parameters, weightsRoot: prover.weightsRoot };
  const said = { publicBytes: new Uint8Array(), context: new Uint8Array() };
  let bytes = 0;
  for (let i = 0; i < PROOFS; i++) {
    const assignment = await timed(() => lowered.assign(interpreter.run(values)), times.witness);
    const fresh = crypto.getRandomValues(new Uint8Array(32));
    const proof = await timed(() => prover.prove(key.digest, assignment, said, fresh), times.prove);
    bytes = Math.max(bytes, proof.length);
    for (const name of ARITHMETIC_NAMES) {
      const check = () => verifyClear(key, { ...said, publics: assignment.publics }, proof, plan, arithmeticOf(name));
      const refused = await timed(check, i < CHECKS ? checks[name] : []);
      invariant(refused === undefined, 'a timed proof is accepted', { refused: refused?.message });
    }
  }
  const { cells, lookups, tableRows } = lowered.statistics;
  return [
    name,
    `${cells}, ${lookups} + ${tableRows}`,
    duration(times.setup),
    duration(times.witness),
    duration(times.prove),
    `${(bytes / 1024).toFixed(0)} KiB`,
    duration(checks.javascript),
    duration(checks.webassembly),
    `${(kernels.heap.peakBytes / 2 ** 20).toFixed(1)} MiB`,
  ];
}

const method = [
  `one thread, one process for all models; ${PROOFS} proofs of one sample, the first ones cold; median and spread; ${CHECKS} checks by each arithmetic, in turns`,
];
const columns = [
  'model',
  'cells, lookups + rows',
  'weights committed',
  'witness',
  'proof',
  'bytes',
  'check, JavaScript',
  'check, WebAssembly',
  'kernels’ memory',
];
const rows: string[][] = [];
for (const name of process.argv.length > 2 ? process.argv.slice(2) : MODELS) rows.push(await measured(name));
process.stdout.write(`${markdownHeader(machine(), method)}\n\n${markdownTable(columns, rows)}\n`);
