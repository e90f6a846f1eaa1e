/**
 * `npm run attack:circuits [SEED] [GRAPHS]`: searches compiled circuits of random graphs, and of the smallest fixture models, for a second statement of the
 * same inputs, and circuits of weakened builders, which have one; exit code 1 where the first finds one, or the second none.
 */
import path from 'node:path';
import { judgeGraphs, judgeWeak, LAYOUT_NAMES, Tally } from '../circuits/attack/whole/campaign.js';
import { sampleInputs } from '../circuits/attack/whole/graphs.js';
import { weakCircuits } from '../circuits/attack/whole/weak-builders.js';
import { compileInside } from '../src/compile/compile.js';
import { PROTOCOLS } from '../src/verify/statement.js';

const INPUTS = 6;
const root = path.resolve(import.meta.dirname, '../..');
/** Models of a few thousand rows, and the domain that each is compiled for. */
const models = [
  { name: 'iris-mlp-deepprove', lo: 0, hi: 8 },
  { name: 'fraud-mlp-rhods', lo: -2, hi: 2 },
  { name: 'acasxu-1-1', lo: -0.5, hi: 0.5 },
];

const [seed, graphs] = [Number(process.argv[2] ?? 1), Number(process.argv[3] ?? 200)];
const tallies = new Map<string, Tally>();
const seeds = Array.from({ length: graphs }, (_, i) => seed + i);
const ofGraphs = judgeGraphs(seeds, INPUTS, (at) => {
  if ((at - seed + 1) % 50 === 0) console.error(`${at - seed + 1} of ${graphs} graphs`);
});
for (const layout of LAYOUT_NAMES) tallies.set(`random graphs, ${layout}`, ofGraphs[layout]);
for (const { name, lo, hi } of models) {
  for (const protocol of PROTOCOLS) {
    const file = path.join(root, 'test/fixtures/models', name, 'model.onnx');
    const { circuit, schema, quantised } = await compileInside(file, { domain: { lo, hi }, protocol });
    const tally = new Tally();
    tally.judge(
      `${name}, ${protocol}`,
      circuit,
      { ir: quantised.ir, schema },
      sampleInputs(quantised, seed, INPUTS),
      seed,
    );
    tallies.set(`${name}, ${protocol}`, tally);
    console.error(`${name}, ${protocol}`);
  }
}

const columns = [
  'circuits',
  'rows',
  'wires',
  'inputs',
  'unique',
  'refused',
  'undecided',
  'second',
  'faults',
  'harmless',
];
const line = (name: string, cells: readonly (string | number)[]): string =>
  `${name.padEnd(42)}${cells.map((cell) => String(cell).padStart(10)).join('')}`;
console.log(line(`seed ${seed}`, columns));
for (const [name, tally] of tallies) {
  const { circuits, rows, wires, inputs, unique, refused, undecided, second, faults, harmless } = tally;
  console.log(
    line(name, [
      circuits,
      rows,
      wires,
      inputs,
      unique,
      refused,
      undecided.length,
      second.length,
      faults.length,
      harmless,
    ]),
  );
}
const all = [...tallies.values()];
for (const tally of all) {
  for (const entry of tally.undecided) console.log(`undecided: ${entry}`);
  for (const entry of tally.second) console.log(`SECOND STATEMENT: ${entry}`);
  for (const entry of tally.faults) console.log(`FAULT: ${entry}`);
}

const weak = weakCircuits().map((circuit) => judgeWeak(circuit, seed));
for (const { protocol, name, inputs, found } of weak) {
  console.log(
    found === undefined
      ? `MISSED ${protocol}: ${name}`
      : `caught ${protocol}: ${name} (input ${inputs}: ${found.length > 70 ? `${found.slice(0, 70)}…` : found})`,
  );
}
const caught = weak.filter(({ found }) => found !== undefined).length;
console.log(`weakened builders caught: ${caught} of ${weak.length}`);
const held = all.every(({ second, faults }) => second.length + faults.length === 0);
process.exitCode = held && caught === weak.length ? 0 : 1;
