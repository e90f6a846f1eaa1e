/** `npm run bench:models [NAME …]`: the whole pipeline over the fixture models, one row each, with the machine it ran on. */
import { cpus, totalmem } from 'node:os';
import { measureModel, modelCases, type Measured } from './models.js';

const wanted = process.argv.slice(2);
const [cpu] = cpus();
console.log(
  `machine: ${cpus().length} × ${cpu?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`,
);
console.log(
  'method: one run each, default settings, golden samples proven; prove is the median over them, verify the best\n',
);
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
for (const model of modelCases.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
  const measured = await measureModel(model, { proofs: 2, log: (line) => process.stderr.write(`${line}\n`) });
  console.log(row(measured));
}

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
