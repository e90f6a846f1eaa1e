/**
 * `npm run fuzz [-- COUNT [SEED [READER …]]]`: hostile files for every reader, each reader in a process of its own under limits. Whatever is no
 * answer (another error than a ZkonnxError of exit code 2, more than 5 s for a file, more memory than 512 MiB) is printed and fails the run.
 */
import { fork } from 'node:child_process';
import { FUZZED, hostileFile, judge } from './fuzz-readers.js';

const FILE_TIMEOUT_MS = 5_000;
const MAX_MEMORY_MIB = 512;

interface Report {
  readonly accepted: number;
  readonly refused: number;
  readonly worstMs: number;
  readonly peakMiB: number;
}

type Message = { readonly file: number } | { readonly failed: string } | { readonly report: Report };

async function child(name: string, count: number, seed: number): Promise<void> {
  const send = (message: Message) => process.send!(message);
  const reader = FUZZED[name]!;
  const counts = { accepted: 0, refused: 0 };
  let worstMs = 0;
  for (let file = 0; file < count; file++) {
    const bytes = hostileFile(reader, file, seed);
    send({ file });
    const started = performance.now();
    try {
      counts[await judge(reader, bytes)]++;
    } catch (error) {
      send({ failed: `file ${file}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` });
    }
    worstMs = Math.max(worstMs, performance.now() - started);
    // Making the next one is not the reader's time.
    send({ file });
  }
  send({ report: { ...counts, worstMs, peakMiB: process.resourceUsage().maxRSS / 1024 } });
  process.disconnect();
}

function run(name: string, count: number, seed: number): Promise<{ failures: string[]; report?: Report }> {
  return new Promise((resolve) => {
    const failures: string[] = [];
    let report: Report | undefined;
    let file = 0;
    const worker = fork(import.meta.filename, ['--child', name, String(count), String(seed)], {
      execArgv: [`--max-old-space-size=${MAX_MEMORY_MIB}`],
    });
    const hang = () => {
      failures.push(`file ${file}: no answer within ${FILE_TIMEOUT_MS} ms`);
      worker.kill('SIGKILL');
    };
    let timer = setTimeout(hang, 12 * FILE_TIMEOUT_MS);
    worker.on('message', (message: Message) => {
      clearTimeout(timer);
      // A file is made before it is announced.
      timer = setTimeout(hang, FILE_TIMEOUT_MS);
      if ('file' in message) file = message.file;
      else if ('failed' in message) failures.push(message.failed);
      else report = message.report;
    });
    worker.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (report === undefined && failures.length === 0)
        failures.push(`file ${file}: ended by ${signal ?? `code ${code}`}`);
      if (report !== undefined && report.peakMiB > MAX_MEMORY_MIB)
        failures.push(`${Math.round(report.peakMiB)} MiB of memory`);
      resolve({ failures, ...(report === undefined ? {} : { report }) });
    });
  });
}

async function main(count: number, seed: number, names: readonly string[]): Promise<void> {
  console.log(
    `${count} hostile files a reader, seed ${seed}, ${MAX_MEMORY_MIB} MiB, ${FILE_TIMEOUT_MS / 1000} s a file\n`,
  );
  console.log('| reader | files | accepted | refused | worst time | peak memory |\n|---|---|---|---|---|---|');
  for (const name of names) {
    const { failures, report } = await run(name, count, seed);
    const facts = report && [
      report.accepted,
      report.refused,
      `${Math.round(report.worstMs)} ms`,
      `${Math.round(report.peakMiB)} MiB`,
    ];
    console.log(`| ${[name, count, ...(facts ?? ['–', '–', '–', '–'])].join(' | ')} |`);
    for (const failure of failures.slice(0, 5)) console.error(`${name}, seed ${seed}, ${failure}`);
    if (failures.length > 0) process.exitCode = 1;
  }
}

const [first, ...rest] = process.argv.slice(2);
if (first === '--child') {
  const [name, count, seed] = rest;
  await child(name!, Number(count), Number(seed));
} else {
  const [seed, ...names] = rest;
  await main(Number(first ?? 10_000), Number(seed ?? 1), names.length > 0 ? names : Object.keys(FUZZED));
}
