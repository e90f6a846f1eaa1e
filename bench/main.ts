/**
 * `npm run bench -- [kernels|clear|verify|prover|cold|setup|protocols]… [--quick] [--json FILE]`: ours against others on this machine, in turns. Markdown goes to
 * stdout, progress to stderr. bench/README.md says what is measured and how to read it.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { defaultThreads } from '../src/pool/worker-pool.js';
import { benchClear } from './clear.js';
import { benchCold } from './cold.js';
import { machine, type Context, type Section } from './harness.js';
import { benchKernels } from './kernels.js';
import { parseOptions, USAGE, type BenchOptions, type Part } from './options.js';
import { benchProver } from './prover.js';
import { benchProtocols } from './protocols.js';
import { markdownHeader, markdownSection, plainSection, withoutTargets } from './report.js';
import { benchSetup } from './setup.js';
import { benchVerify } from './verify.js';

const RUN: Readonly<Record<Part, (context: Context) => Promise<readonly Section[]>>> = {
  kernels: benchKernels,
  clear: benchClear,
  verify: benchVerify,
  prover: benchProver,
  cold: benchCold,
  setup: benchSetup,
  protocols: benchProtocols,
};

async function main({ parts, quick, json }: BenchOptions): Promise<void> {
  const threads = defaultThreads();
  const method = [
    'ours and the peer take turns (ours, peer, ours, peer, …) in one run; a ratio is the peer’s time over ours within one pair;',
    'shown are median (least–most).',
    `Ours uses ${threads} threads, ffjavascript and snarkjs as many as there are processors: ${cpus().length}.`,
    ...(quick ? ['QUICK: a smoke test on small inputs; its figures say nothing.'] : []),
  ];
  console.log(markdownHeader(machine(), method));
  const folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-bench-'));
  const sections: Section[] = [];
  try {
    for (const part of parts) {
      const log = (line: string) => void process.stderr.write(`${part}: ${line}\n`);
      for (const full of await RUN[part]({ quick, threads, folder, log })) {
        const section = quick ? withoutTargets(full) : full;
        console.log(`\n${markdownSection(section)}`);
        sections.push(section);
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  if (json === undefined) return;
  const document = { machine: machine(), method, quick, sections: sections.map(plainSection) };
  await writeFile(json, `${JSON.stringify(document, null, 2)}\n`);
}

/** Its complaint and how to call us, exit code 2, for a command line that is not ours. */
function options(): BenchOptions | undefined {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    process.exitCode = 2;
    return undefined;
  }
}

const chosen = options();
if (chosen !== undefined) await main(chosen);
