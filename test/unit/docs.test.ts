/** Documents say what is so: generated tables are fresh, links lead somewhere, commands parse. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { operatorsPage, withTables } from '../../scripts/generate-docs.js';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documents = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
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
