/** The report on the public surface sees what a user would miss. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { apiReports } from '../../scripts/api-report.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'zkonnx-api-'));
  await writeFile(
    path.join(folder, 'inner.d.ts'),
    'export interface Inner { readonly n: Deep }\nexport interface Deep { readonly m: bigint }\n',
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function reportOn(declarations: string) {
  const file = path.join(folder, 'index.d.ts');
  await writeFile(file, declarations);
  return apiReports(new Map([['thing', file]]), folder)[0]!;
}

it('a type of a signature that is not exported is a fault, and so is what that type needs', async () => {
  const { faults } = await reportOn(
    "import type { Inner } from './inner.js';\n/** Does. */\nexport declare function f(x: Inner): void;\n",
  );
  expect(faults).toEqual([
    'thing: the signature of f has the type Inner (inner.d.ts), which is not exported',
    'thing: the signature of Inner has the type Deep (inner.d.ts), which is not exported',
  ]);
});

it('an export without a doc comment is a fault', async () => {
  const { faults } = await reportOn('export declare const answer: 42;\n');
  expect(faults).toEqual(['thing: answer has no doc comment']);
});

it('whole signatures, under the names they are exported by, without comments', async () => {
  const { faults, text } = await reportOn(
    '/** A. */\nexport declare const answer: 42;\n/** B. */\nexport interface Box<T> {\n    /** it */\n    readonly it: T;\n}\n',
  );
  expect(faults).toEqual([]);
  expect(text).toContain('```ts\nexport interface Box<T> {\n    readonly it: T;\n}\n\nexport const answer: 42;\n```');
});
