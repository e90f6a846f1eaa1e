/**
 * Writes what documents quote from the code: docs/operators.md, and the tables of README.md between their markers.
 * `node dist/scripts/generate-docs.js`; test/unit/docs.test.ts fails when either is stale.
 */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { suiteExclusions } from '../src/compile/onnx/exclusions.js';
import { supportedOperators } from '../src/compile/onnx/import.js';

interface ModelFigures {
  readonly machine: string;
  readonly method: string;
  readonly models: readonly {
    readonly name: string;
    readonly constraints: number;
    /** Of the same model without lookups. */
    readonly groth16Constraints: number;
    readonly compileSeconds: number;
    readonly setupSeconds: number;
    readonly proveSeconds: number;
    readonly verifyMs: number;
    readonly worstError: number;
  }[];
}

/** The rows between README's markers: operators with what they cost or need. */
export function operatorsTable(): string {
  const rows = supportedOperators().map(({ op, since, notes }) => `| ${op} | ${since} | ${notes} |`);
  return `| operator | since opset | notes |\n|---|---|---|\n${rows.join('\n')}`;
}

/** docs/operators.md, whole. */
export function operatorsPage(): string {
  const byReason = new Map<string, string[]>();
  for (const [name, reason] of Object.entries(suiteExclusions))
    byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
  const exclusions = [...byReason].map(
    ([reason, names]) => `- **${reason}** (${names.length}): ${names.map((name) => `\`${name}\``).join(', ')}`,
  );
  return `# Operators

Generated from the code by \`scripts/generate-docs.ts\`. "Since" is the first opset zkonnx reads the operator from; models of opset 7 to 27
are read. "Constants only" operators fold at compile time.

${operatorsTable()}

Functions of one variable are tables of at most 2^14 rows, chained ones (x·sigmoid(x), a Gelu made of Erf) one table. The argument is rounded
to a step and clamped: sigmoid, tanh and erf to where they settle, others to the calibrated range with headroom. Rows are added until the
worst error is below a quantum of an activation; the manifest declares it by layer, and notes where arguments are clamped
(src/compile/passes/unary.ts). A comparison is of the quantised values: exact for integers, and for floats as fine as their steps. Softmax and LogSoftmax compute exp and log by tables in the circuit
(argument step 1/256), or are left to the reader of the logits with \`--softmax reader\` where they end the model.

## Cases of the official ONNX suite that do not pass

The suite's node tests of these operators (676 cases, packed in test/fixtures/onnx-node) pass twice: as float graphs and, where data is
computed, as integer programs whose circuit the witness satisfies. These do not, for the reasons given:

${exclusions.join('\n')}
`;
}

/** The rows between README's markers. */
export function modelsTable({ machine, method, models }: ModelFigures): string {
  const rows = models.map(
    (m) =>
      `| ${m.name} | ${m.constraints.toLocaleString('en')} | ${m.groth16Constraints.toLocaleString('en')} | ${m.compileSeconds.toFixed(1)} | ${m.setupSeconds.toFixed(1)} | ` +
      `${m.proveSeconds.toFixed(2)} | ${m.verifyMs.toFixed(0)} | ${(100 * m.worstError).toFixed(2)} % |`,
  );
  return `| model | constraints | in Groth16 | compile s | setup s | prove s | verify ms | worst error |
|---|---|---|---|---|---|---|---|
${rows.join('\n')}

Printed by \`npm run bench:models\` on ${machine}; ${method}. Worst error: proven outputs against onnxruntime's, over the largest golden
magnitude. In Groth16: constraints of the same model with \`--protocol groth16\`. Setup is the development setup. Iris is compiled with its
domain declared here, hence another count than in the example.`;
}

/** `readme` with `table` put between the markers of that name. */
export function withTable(readme: string, name: 'models' | 'operators', table: string): string {
  const [opening, closing] = [`<!-- ${name}: generated -->`, `<!-- ${name}: end -->`];
  const [start, end] = [readme.indexOf(opening), readme.indexOf(closing)];
  if (start < 0 || end < start) throw new Error(`README.md lacks the markers of the table of ${name}`);
  return `${readme.slice(0, start + opening.length)}\n${table}\n${readme.slice(end)}`;
}

/** README.md with all its tables made anew. */
export function withTables(readme: string, figures: ModelFigures): string {
  return withTable(withTable(readme, 'models', modelsTable(figures)), 'operators', operatorsTable());
}

if (process.argv[1] !== undefined && path.basename(process.argv[1]).startsWith('generate-docs')) {
  await writeFile('docs/operators.md', operatorsPage());
  const figures = JSON.parse(await readFile('docs/models.json', 'utf8')) as ModelFigures;
  await writeFile('README.md', withTables(await readFile('README.md', 'utf8'), figures));
}
