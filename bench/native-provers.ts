/** Native provers, compared when they are on PATH and never required. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

export interface NativeProvers {
  /** Command of rapidsnark: `rapidsnark ZKEY WTNS PROOF PUBLIC`. */
  readonly rapidsnark: string | undefined;
  /** What was looked for and not found, for the report. */
  readonly notes: readonly string[];
}

export function findNativeProvers(): NativeProvers {
  // Its builds name the command "prover", which may be anything: its usage line tells.
  const rapidsnark = findOnPath('rapidsnark') ?? [findOnPath('prover')].find(isRapidsnark);
  const notes = [
    rapidsnark === undefined
      ? 'rapidsnark: neither `rapidsnark` nor its `prover` found on PATH; not compared.'
      : `rapidsnark: ${rapidsnark}; threads and memory are its own affair, its memory is not measured.`,
    findOnPath('gnark') === undefined
      ? 'gnark: not found on PATH; not compared. It is a Go library without a command for .zkey and .wtns.'
      : 'gnark: found on PATH, but it has no command for .zkey and .wtns; not compared.',
  ];
  return { rapidsnark, notes };
}

/** The first executable file of that name. */
export function findOnPath(name: string, searched = process.env['PATH'] ?? ''): string | undefined {
  return searched
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Called without arguments, rapidsnark's prover says "prover <circuit.zkey> <witness.wtns> …". */
function isRapidsnark(command: string | undefined): boolean {
  if (command === undefined) return false;
  const { stdout, stderr } = spawnSync(command, { encoding: 'utf8', timeout: 5000, stdio: ['ignore', 'pipe', 'pipe'] });
  return /zkey.*wtns/s.test(`${stdout}${stderr}`);
}
