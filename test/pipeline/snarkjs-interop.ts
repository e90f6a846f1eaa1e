/** snarkjs's own command line against our files: every step it offers for Groth16, as a stranger would run it. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const root = path.resolve(import.meta.dirname, '../..');
const snarkjsCli = path.join(root, 'node_modules/snarkjs/build/cli.cjs');
const zkonnxCli = path.join(root, 'dist/src/cli/main.js');

const plain = (output: Buffer) => stripVTControlCharacters(output.toString('utf8'));

/** Runs snarkjs in `dir` and returns what it printed; throws on a non-zero exit. */
export function snarkjs(dir: string, ...args: readonly string[]): string {
  return plain(execFileSync(process.execPath, [snarkjsCli, ...args], { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** Runs our CLI in `dir` with --json and returns its document. */
export function zkonnx(dir: string, ...args: readonly string[]): Record<string, unknown> {
  const output = execFileSync(process.execPath, [zkonnxCli, ...args, '--json'], {
    cwd: dir,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(plain(output)) as Record<string, unknown>;
}

/** Powers of tau of snarkjs's own making, prepared for phase 2, in `dir`/final.ptau. */
export function makePtau(dir: string, power: number): void {
  snarkjs(dir, 'powersoftau', 'new', 'bn128', String(power), 'pot0.ptau');
  snarkjs(dir, 'powersoftau', 'contribute', 'pot0.ptau', 'pot1.ptau', '--name=test', '-e=some test entropy');
  snarkjs(dir, 'powersoftau', 'prepare', 'phase2', 'pot1.ptau', 'final.ptau');
}
