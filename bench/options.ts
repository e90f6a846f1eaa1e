/** The bench's own command line. */
import { parseArgs } from 'node:util';

export const PARTS = ['kernels', 'clear', 'verify', 'prover', 'cold', 'setup', 'protocols'] as const;
export type Part = (typeof PARTS)[number];

export interface BenchOptions {
  /** In the order of PARTS, all if none is named. */
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly json: string | undefined;
}

export const USAGE = `usage: npm run bench -- [${PARTS.join('|')}]… [--quick] [--json FILE]`;

/** Throws Error for anything that is not in USAGE. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
    allowPositionals: true,
  });
  const unknown = positionals.find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`no part of the bench is named ${unknown}`);
  const parts = PARTS.filter((part) => positionals.length === 0 || positionals.includes(part));
  return { parts, quick: values.quick, json: values.json };
}
