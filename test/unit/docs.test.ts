/** Documents say what is so: generated tables are fresh, links lead somewhere, command lines parse, worked examples are right. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { poseidonChain } from '../../circuits/poseidon.js';
import { operatorsPage, withTables } from '../../scripts/generate-docs.js';
import { buildProgram } from '../../src/cli/run-cli.js';
import { Session } from '../../src/cli/session.js';
import { pack, type TensorSchema } from '../../src/verify/statement.js';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documents = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(path.join(root, 'docs')).flatMap((file) => (file.endsWith('.md') ? [`docs/${file}`] : [])),
];

describe('documents', () => {
  it('docs/operators.md is what the code says (npm run docs renews it)', () => {
    expect(read('docs/operators.md')).toBe(operatorsPage());
  });

  it('the tables of README.md are fresh', () => {
    const figures = JSON.parse(read('docs/models.json')) as Parameters<typeof withTables>[1];
    expect(read('README.md')).toBe(withTables(read('README.md'), figures));
  });

  it.each(documents)('%s: relative links exist', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !existsSync(path.join(root, path.dirname(file), link)))).toEqual([]);
  });

  it.each(documents)('%s: files and scripts it names exist', (file) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [
      ...read(file).matchAll(
        /`((?:src|circuits|test|scripts|workers|contracts|examples|bench)\/[\w./-]+\.(?:ts|csv|py|zip))`/g,
      ),
    ].map((match) => match[1]!);
    expect(named.filter((name) => !existsSync(path.join(root, name)))).toEqual([]);
    const runs = [...read(file).matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1]!);
    expect(runs.filter((script) => scripts[script] === undefined)).toEqual([]);
  });
});

describe('command lines', () => {
  it.each(documents)('%s: every zkonnx command line parses', async (file) => {
    for (const line of commandLines(read(file))) {
      let parsed = 0;
      const program = buildProgram(new Session([], SILENT), SILENT);
      onLeaves(program, (leaf) => leaf.action(() => void parsed++));
      await program.parseAsync(line.split(/\s+/), { from: 'user' });
      expect({ line, parsed }).toEqual({ line, parsed: 1 });
    }
  });

  it('are found', () => {
    expect(commandLines('```console\n$ npx zkonnx compile a \\\n    -o b   # why\nx\n```\n`zkonnx in prose`')).toEqual([
      'compile a     -o b',
    ]);
    const found = documents.filter((file) => commandLines(read(file)).length > 0);
    expect(found).toEqual(expect.arrayContaining(['README.md', 'docs/cli.md', 'docs/ezkl.md']));
  });
});

const SILENT = { stdout: { write: () => true }, stderr: { write: () => true } };

/** Arguments of every `zkonnx` line in fenced blocks, comments cut off, continued lines joined. */
function commandLines(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```[^\n]*\n(.*?)^```/gms)].map(([, block]) => block!.replaceAll('\\\n', ''));
  return blocks.flatMap((block) =>
    [...block.matchAll(/^(?:\$ )?(?:npx )?zkonnx (.*?)(?:\s+#.*)?$/gm)].map(([, line]) => line!),
  );
}

function onLeaves(command: Command, visit: (leaf: Command) => void): void {
  if (command.commands.length === 0) visit(command);
  for (const child of command.commands) onLeaves(child, visit);
}

describe('docs/formats.md', () => {
  const page = read('docs/formats.md');
  const tensor = (lo: number, hi: number, bytes: number): TensorSchema => ({
    ...{ name: 'x', dims: [], visibility: 'public', dtype: 'float32', scale: 1, zeroPoint: 0 },
    ...{ lo, hi, bytes },
  });

  it.each([
    [tensor(0, 4095, 2), [0, 2311, 406], '0 + 2311·2^16 + 406·2^32 = 1743908175872 '],
    [tensor(0, 65535, 2), [24729, 17314, 31020, 28548], '28548·2^48 = 8035680866156044441 '],
    [tensor(-2, 13, 1), [-2, 0, 13], '0 + 2·256 + 15·65536 = 983552.'],
  ])('packs its examples as the code does: %#', (schema, integers, text) => {
    expect(page).toContain(text);
    expect(pack(schema, integers)).toEqual([BigInt(/= (\d+)/.exec(text)![1]!)]);
  });

  it('gives a commitment that its opening opens', () => {
    const numbers = /packed signal (\d+), salt\s+(\d+), commitment\s+(\d+)/.exec(page);
    const [signal, salt, commitment] = numbers!.slice(1).map(BigInt) as [bigint, bigint, bigint];
    expect(poseidonChain([signal, salt])).toBe(commitment);
  });

  it('lists every reason for a refusal and every opcode', () => {
    const reasons = [...read('src/verify/refusal.ts').matchAll(/^ {2}\| '(\w+)'/gm)].map(([, reason]) => reason!);
    expect(reasons.length).toBeGreaterThan(10);
    expect(reasons.filter((reason) => !page.includes(`\`${reason}\``))).toEqual([]);
    const opcodes = [...read('src/prove/program.ts').matchAll(/^ {2}([A-Z]\w+): (\d+),$/gm)];
    expect(opcodes.length).toBeGreaterThan(5);
    const plain = page.replaceAll('_', '');
    for (const [, name, code] of opcodes) expect(plain).toContain(`\n| ${code} ${name!.toUpperCase()} |`);
  });
});

describe('docs/soundness.md', () => {
  it('names every file of gadgets', () => {
    const page = read('docs/soundness.md');
    const gadgets = [...read('circuits/attack/gadgets.ts').matchAll(/from '\.\.\/(\w+)\.js'/g)].map(
      ([, file]) => file!,
    );
    const files = gadgets.filter((file) => !['builder', 'lc'].includes(file));
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !page.includes(`circuits/${file}.ts`))).toEqual([]);
  });
});
