/**
 * What depends on the protocol is a row of a table (`[P in Protocol]`), and what depends on the rounds of a circuit asks src/constraint/kind.ts.
 * This reads the code, comments aside, and finds who compares instead.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PROTOCOLS } from '../../src/verify/statement.js';

const root = path.resolve(import.meta.dirname, '../..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  cwd: root,
  encoding: 'utf8',
})
  .trim()
  .split('\n')
  .filter((file) => /^(src|circuits|contracts|workers|scripts|bench|examples)\//.test(file));

const name = `['"\`](?:${PROTOCOLS.join('|')})['"\`]`;
const COMPARISON = new RegExp(
  `[=!]==?\\s*${name}|${name}\\s*[=!]==?|case\\s+${name}|${name}\\s*\\]?\\s*\\.includes\\(`,
);
const ROUNDS =
  /\brounds\s*(?:[=!]==?\s*(?:undefined|null)|\?\?|\?\.|\?[^?.:]*\s:)|'rounds' in |\bhasOwn\([^)]*'rounds'/;

/** `file:line: text` of every line of code that matches. */
function found(pattern: RegExp, within = files): string[] {
  return within.flatMap((file) => {
    const code = readFileSync(path.join(root, file), 'utf8').replace(/\/\*[^]*?\*\/|\/\/.*/g, (comment) =>
      comment.replace(/[^\n]/g, ''),
    );
    return code.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : []));
  });
}

it('nobody compares with the name of a protocol', () => {
  expect(files.length).toBeGreaterThan(200);
  expect(found(COMPARISON)).toEqual([]);
});

it('one file looks whether a circuit has rounds', () => {
  expect(found(ROUNDS)).toEqual([
    expect.stringMatching(/^src\/constraint\/kind\.ts:\d+: return circuit\.rounds !== undefined;$/),
  ]);
});

it.each([
  [COMPARISON, `if (protocol === 'mirage') {`],
  [COMPARISON, `if ('groth16' !== key.protocol) {`],
  [COMPARISON, `case "mirage":`],
  [COMPARISON, `return ['groth16'].includes(protocol);`],
  [ROUNDS, `if (circuit.rounds === undefined) return;`],
  [ROUNDS, `const n = circuit.rounds?.lookupRow.length;`],
  [ROUNDS, `const n = rounds ?? none;`],
  [ROUNDS, `const n = rounds ? 2 : 1;`],
])('%s sees %s', (pattern, line) => {
  expect(pattern.test(line)).toBe(true);
});

it.each([
  `const points = PROOF_POINTS.mirage;`,
  `rounds?: Rounds;`,
  `f('groth16', key)`,
  `readonly protocol: 'mirage';`,
])('neither sees %s', (line) => {
  expect(COMPARISON.test(line) || ROUNDS.test(line)).toBe(false);
});
