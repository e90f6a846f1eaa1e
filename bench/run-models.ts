/**
 * `npm run bench:models [-- NAME …] [--out FILE.json]`: the whole pipeline over the fixture models, one row each, with the machine it
 * ran on. `docs/models.json` is such a file; the README's table is generated from it.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { compile } from '../src/compile/compile.js';
import { measureModel, modelCases, modelPath, type Measured } from './models.js';

type Figures = Omit<Measured, 'artifact'> & {
  /** Of the same model without lookups, by protocol groth16. */
  readonly groth16Constraints: number;
};

const args = process.argv.slice(2);
const outAt = args.indexOf('--out');
const out = outAt < 0 ? undefined : args.splice(outAt, 2)[1];
const [cpu] = cpus();
const memory = Math.round(totalmem() / 2 ** 30);
const machine = `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${memory} GiB, Node ${process.version}`;
const method =
  'one run each, default settings (protocol mirage), three golden samples proven; prove is their median, circuit and key loaded, verify the best';
console.log(`machine: ${machine}\nmethod: ${method}\n`);
const columns = [
  'model',
  'constraints',
  'groth16',
  'public',
  'bits',
  'compile s',
  'setup s',
  'prove s',
  'verify ms',
  'peak MiB',
  'worst error',
  'proofs',
];
console.log(`| ${columns.join(' | ')} |`);
console.log(`|${columns.map(() => '---').join('|')}|`);
const models: Figures[] = [];
for (const model of modelCases.filter(({ name }) => args.length === 0 || args.includes(name))) {
  const measured = await measureModel(model, { proofs: 3, log: (line) => process.stderr.write(`${line}\n`) });
  const plain = await compile(modelPath(model.name), { ...(await model.options()), protocol: 'groth16' });
  const { artifact: _folder, ...rest } = measured;
  const figures = { ...rest, groth16Constraints: plain.circuit.r1cs.nConstraints };
  console.log(row(figures));
  models.push(figures);
}
if (out !== undefined) await writeFile(out, `${JSON.stringify({ machine, method, models }, null, 2)}\n`);

function row(m: Figures): string {
  const cells = [
    m.name,
    m.constraints.toLocaleString('en'),
    m.groth16Constraints.toLocaleString('en'),
    m.publicSignals,
    m.bits,
    m.compileSeconds.toFixed(1),
    m.setupSeconds.toFixed(1),
    m.proveSeconds.toFixed(2),
    m.verifyMs.toFixed(0),
    m.peakMemoryMiB.toFixed(0),
    `${(100 * m.worstError).toFixed(2)} %`,
    `${m.proofs} of ${m.samples}`,
  ];
  return `| ${cells.join(' | ')} |`;
}
