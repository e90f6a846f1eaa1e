/**
 * Packs the official ONNX node tests of every supported operator into test/fixtures/onnx-node/onnx-node.zip.
 * Run it again after adding an operator (the zip is deterministic):
 *
 *   npm run build && node dist/scripts/pack-onnx-node-suite.js path/to/onnx-backend
 *
 * The folder is that of ONNX's backend tests (Apache-2.0): node/<case>/{model.onnx,test_data_set_*}, CASES.json, LICENSE.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import { supportedOperators } from '../src/compile/onnx/import.js';

const [source] = process.argv.slice(2);
if (source === undefined) throw new Error('usage: pack-onnx-node-suite.js path/to/onnx-backend');
const target = 'test/fixtures/onnx-node';

const cases = JSON.parse(readFileSync(path.join(source, 'CASES.json'), 'utf8')) as { case: string; ops: string[] }[];
const supported = new Set(supportedOperators().map(({ op }) => op));
const chosen = cases.filter(
  ({ case: name, ops }) => name.startsWith('node/') && ops.length === 1 && supported.has(ops[0]!),
);

const files: Record<string, Uint8Array> = {};
for (const { case: name } of chosen) {
  const folder = path.join(source, name);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    files[path.relative(path.join(source, 'node'), file)] = readFileSync(file);
  }
}
mkdirSync(target, { recursive: true });
const sorted = Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
// Local midday: the zip's clock has no time zone, and 1980 is its first year.
writeFileSync(path.join(target, 'onnx-node.zip'), zipSync(sorted, { level: 9, mtime: new Date(1980, 0, 1, 12) }));
copyFileSync(path.join(source, 'LICENSE'), path.join(target, 'LICENSE'));
console.log(`${chosen.length} cases, ${Object.keys(files).length} files`);
