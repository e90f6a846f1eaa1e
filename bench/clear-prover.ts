/**
 * `npm run bench:clear -- [MODEL …] [--large] [--alone] [--proofs N] [--threads N] [--json FILE]`: protocol `clear` on whole models beside `mirage`, one after
 * the other in one run. MODEL is a name or a part of one; `--large` takes in the models beside the project; `--alone` leaves `mirage` out. What is in FILE is
 * not measured again, and whatever is measured is there at once: a run that was stopped goes on.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { clearCases } from './clear-cases.js';
import { COLUMNS, type ClearRow } from './clear-columns.js';
import { measure, type BenchProtocol, type Measurement } from './clear-measure.js';
import { machine } from './harness.js';
import { markdownHeader, markdownTable } from './report.js';

const { values, positionals } = parseArgs({
  options: {
    large: { type: 'boolean', default: false },
    alone: { type: 'boolean', default: false },
    proofs: { type: 'string', default: '7' },
    threads: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    json: { type: 'string' },
  },
  allowPositionals: true,
});

const known: Measurement[] = values.json === undefined ? [] : await readMeasurements(values.json);
const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-bench-clear-'));
const log = (line: string) => process.stderr.write(`${line}\n`);
const options = { folder, threads: Number(values.threads), proofs: Number(values.proofs), log };
const protocols: readonly BenchProtocol[] = values.alone ? ['clear'] : ['clear', 'mirage'];

async function readMeasurements(file: string): Promise<Measurement[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Measurement[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

const find = (name: string, protocol: BenchProtocol) =>
  known.find((one) => one.name === name && one.protocol === protocol);

const rows: ClearRow[] = [];
try {
  for (const one of await clearCases()) {
    const isNamed = positionals.some((part) => one.name.includes(part));
    if (positionals.length > 0 ? !isNamed : one.isLarge && !values.large) continue;
    for (const protocol of protocols) {
      if (find(one.name, protocol) !== undefined) continue;
      known.push(await measure(one, protocol, options));
      if (values.json !== undefined) await writeFile(values.json, JSON.stringify(known, undefined, 1));
    }
    const mirage = find(one.name, 'mirage');
    rows.push({ clear: find(one.name, 'clear')!, ...(mirage === undefined ? {} : { mirage }) });
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const method = [
  `${values.threads} threads; the default statement and settings of \`compile\`, one sample; ${values.proofs} warm proofs of one process, each checked before it is handed out; commands twice; checks by \`verify\`, key file and all, three times`,
  'a time is the median with the least and the most; peak is resident memory of the command, all threads',
];
const proven = rows.filter(({ clear }) => clear.refused === undefined);
const table = markdownTable(
  ['model', ...COLUMNS.map(({ title }) => title)],
  proven.map((row) => [row.clear.name, ...COLUMNS.map(({ of }) => of(row))]),
);
const refusals = rows.flatMap(({ clear, mirage }) =>
  [clear, ...(mirage === undefined ? [] : [mirage])].flatMap(({ name, protocol, refused }) =>
    refused === undefined ? [] : [`- ${name}, ${protocol}: ${refused}`],
  ),
);
process.stdout.write(
  `${[markdownHeader(machine(), method), table, ...(refusals.length === 0 ? [] : [`Refused:\n\n${refusals.join('\n')}`])].join('\n\n')}\n`,
);
