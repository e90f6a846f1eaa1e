/** A network with two million weights compiles with memory and time to spare: weights are typed arrays, never objects. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { makeMlp } from '../../scripts/make-mlp.js';

it('784-2000-60-4000-10 compiles under 2 GB', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'zkonnx-mlp-'));
  try {
    const model = path.join(dir, 'mlp.onnx');
    await writeFile(model, makeMlp());
    const cli = path.resolve(import.meta.dirname, '../../dist/src/cli/main.js');
    // A heap limit instead of a measurement: past 2 GB of objects the compiler would die.
    const args = [
      '--max-old-space-size=2048',
      cli,
      'compile',
      model,
      '-o',
      path.join(dir, 'mlp'),
      '--domain',
      '0..1',
      '--json',
    ];
    const report = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 28 })) as {
      constraints: number;
      timingsMs: { total: number };
      peakMemoryBytes: number;
    };
    process.stderr.write(
      `mlp: ${report.constraints} constraints in ${(report.timingsMs.total / 1000).toFixed(1)} s, ${Math.round(report.peakMemoryBytes / 2 ** 20)} MiB\n`,
    );
    expect(report.peakMemoryBytes).toBeLessThan(2 ** 31);
    expect(report.constraints).toBeLessThan(6060 * 45 + 784 * 16 + 1000);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
