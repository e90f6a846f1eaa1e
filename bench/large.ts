/**
 * `npm run bench:large [vgg16|resnet18 …]`: networks of the size of VGG-16 through protocol `clear`, each stage in a process of its own, so that its
 * peak of memory is its own: compiled on three samples of noise, committed to, run, proven and verified on one thread.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { CNNS, makeCnn, type CnnName } from '../scripts/make-cnn.js';
import { invariant } from '../src/base/errors.js';
import { worstOutput } from '../src/compile/accuracy.js';
import { lowerToRelation } from '../src/compile/clear/lower.js';
import { openingOf } from '../src/compile/clear/security.js';
import { compileInside } from '../src/compile/compile.js';
import { evaluateReal } from '../src/compile/real/evaluate.js';
import { preparing } from '../src/compile/prepare.js';
import { finish } from '../src/base/work.js';
import { Interpreter } from '../src/compile/ir/program.js';
import { instantiateClearKernels } from '../src/kernels/clear/module.js';
import { SoloClearTeam } from '../src/kernels/clear/team.js';
import { openProgram } from '../src/prove/clear/program.js';
import { RelationProver } from '../src/prove/clear/relation-prover.js';
import { encodeSample } from '../src/prove/encode.js';
import { planOf, verifyClear } from '../src/verify/clear/verify.js';
import type { Schema } from '../src/verify/statement.js';
import { machine } from './harness.js';
import { markdownHeader, markdownTable } from './report.js';

const SAMPLES = 3;

/** Pictures of noise in [0, 1), the same on every machine. */
function pictures(count: number): Map<string, Float64Array>[] {
  let state = 1;
  const next = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from({ length: count }, () => new Map([['input', Float64Array.from({ length: 3 * 32 * 32 }, next)]]));
}

/** What a stage measured: milliseconds, bytes and counts by name. */
type Figures = Readonly<Record<string, number>>;

const STAGES: { readonly [name: string]: (dir: string, model: CnnName) => Promise<Figures> } = {
  async compile(dir, model) {
    const compiled = await compileInside(makeCnn(model), { protocol: 'clear', samples: pictures(SAMPLES) });
    await writeFile(path.join(dir, 'program.bin'), compiled.product.program);
    await writeFile(path.join(dir, 'schema.json'), JSON.stringify(compiled.schema));
    const { worst } = worstOutput(compiled.accuracy);
    return {
      ...compiled.timingsMs,
      ...compiled.product.figures,
      bits: compiled.manifest.quantisation.bits,
      'worst error': worst,
    };
  },
  async prove(dir, model) {
    const schema = JSON.parse(await readFile(path.join(dir, 'schema.json'), 'utf8')) as Schema;
    const figures: Record<string, number> = {};
    const timed = async <T>(name: string, run: () => T | Promise<T>): Promise<T> => {
      const from = performance.now();
      const result = await run();
      figures[name] = performance.now() - from;
      return result;
    };
    const bytes = await readFile(path.join(dir, 'program.bin'));
    const { ir } = await timed('open', () => openProgram(bytes, schema, model));
    const lowered = await timed('lower', () => lowerToRelation(ir, schema));
    const { parameters } = openingOf(lowered.relation);
    const kernels = await instantiateClearKernels();
    const weights = await timed('weights', () => lowered.weights());
    const plan = planOf({ relation: lowered.relation, parameters });
    const team = new SoloClearTeam(kernels);
    const prover = await timed('commit', () => RelationProver.open(team, plan, weights, parameters));
    const [sample] = pictures(1);
    const inputs = encodeSample(schema, sample!, new Map());
    const values = new Map(schema.inputs.map((tensor, i) => [ir.inputs[i]!, inputs.get(tensor.name)!]));
    const interpreter = new Interpreter(ir);
    const key = { digest: new Uint8Array(32), relation: lowered.relation, parameters, weightsRoot: prover.weightsRoot };
    const said = { publicBytes: new Uint8Array(), context: new Uint8Array() };
    for (const turn of ['cold', 'warm']) {
      const assignment = await timed(`witness ${turn}`, () => lowered.assign(interpreter.run(values)));
      const fresh = crypto.getRandomValues(new Uint8Array(32));
      const proof = await timed(`prove ${turn}`, () => prover.prove(key.digest, assignment, said, fresh));
      const refused = await timed(`verify ${turn}`, () =>
        verifyClear(key, { ...said, publics: assignment.publics }, proof, plan),
      );
      invariant(refused === undefined, 'the proof is accepted', { refused: refused?.message });
      figures['proof bytes'] = proof.length;
    }
    const { graph } = finish(preparing(makeCnn(model), {}));
    const float = evaluateReal(graph, sample!).get(graph.outputs[0]!.node)!;
    const { scale, zeroPoint } = schema.outputs[0]!;
    invariant(typeof scale === 'number' && typeof zeroPoint === 'number', 'an output has one scale');
    const integers = interpreter.run(values).get(ir.outputs[0]!.node)!;
    const reals = integers.map((q) => (q - zeroPoint) * scale);
    const magnitude = float.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    figures['error of the largest'] =
      reals.reduce((most, y, i) => Math.max(most, Math.abs(y - float[i]!)), 0) / magnitude;
    figures['kernels’ peak bytes'] = kernels.heap.peakBytes;
    return figures;
  },
};

async function measured(model: CnnName): Promise<string[][]> {
  const dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-large-'));
  try {
    const rows: string[][] = [];
    for (const stage of Object.keys(STAGES)) {
      const args = [import.meta.filename, '--stage', stage, dir, model];
      const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 });
      const figures = JSON.parse(stdout) as Figures;
      for (const [name, value] of Object.entries(figures))
        rows.push([model, stage, name, String(Math.round(value * 1e4) / 1e4)]);
    }
    return rows;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const [first, stage, dir, model] = process.argv.slice(2);
if (first === '--stage') {
  const figures = await STAGES[stage!]!(dir!, model as CnnName);
  const peak = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(JSON.stringify({ ...figures, 'peak bytes': peak }));
} else {
  const models = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(CNNS);
  const rows: string[][] = [];
  for (const name of models) rows.push(...(await measured(name as CnnName)));
  const method = [`one thread; ${SAMPLES} samples of noise in [0, 1); milliseconds where nothing else is said`];
  process.stdout.write(
    `${markdownHeader(machine(), method)}\n\n${markdownTable(['model', 'stage', 'figure', 'value'], rows)}\n`,
  );
}
