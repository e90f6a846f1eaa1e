/**
 * `npm run bench:models [-- NAME …] [--out FILE.json]`: the whole pipeline over the fixture models, one row each, with the machine it
 * ran on. `docs/models.json` is such a file; the README's table is generated from it.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { measureModel, modelCases, type Measured } from './models.js';

const args = process.argv.slice(2);
const outAt = args.indexOf('--out');
const out = outAt < 0 ? undefined : args.splice(outAt, 2)[1];
const [cpu] = cpus();
const memory = Math.round(totalmem() / 2 ** 30);
const machine = `${cpus().length} × ${cpu?.model ?? 'unknown'}, ${memory} GiB, Node ${process.version}`;
const method =
  'one run each, default settings, two golden samples proven; prove is their median (the first loads circuit and key), verify the better';
console.log(`machine: ${machine}\nmethod: ${method}\n`);
const columns = [
  'model',
  'constraints',
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
const models: Omit<Measured, 'artifact'>[] = [];
for (const model of modelCases.filter(({ name }) => args.length === 0 || args.includes(name))) {
  const measured = await measureModel(model, { proofs: 2, log: (line) => process.stderr.write(`${line}\n`) });
  console.log(row(measured));
  const { artifact: _folder, ...figures } = measured;
  models.push(figures);
}
if (out !== undefined) await writeFile(out, `${JSON.stringify({ machine, method, models }, null, 2)}\n`);

function row(m: Measured): string {
  const cells = [
    m.name,
    m.constraints.toLocaleString('en'),
    m.publicSignals,
    m.bits,
    m.compileSeconds.toFixed(1),
    m.setupSeconds.toFixed(1),
    m.proveSeconds.toFixed(1),
    m.verifyMs.toFixed(0),
    m.peakMemoryMiB.toFixed(0),
    `${(100 * m.worstError).toFixed(2)} %`,
    `${m.proofs} of ${m.samples}`,
  ];
  return `| ${cells.join(' | ')} |`;
}
