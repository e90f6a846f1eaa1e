/** Documents say what is so: generated tables are fresh, links lead somewhere, command lines parse, worked examples are right. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { poseidonChain } from '../../src/field/poseidon.js';
import { gadgetParagraphs, paragraphs } from '../../circuits/origin.js';
import { operatorsPage, withTables } from '../../scripts/generate-docs.js';
import { buildProgram } from '../../src/cli/run-cli.js';
import { Session } from '../../src/cli/session.js';
import { compile } from '../../src/compile/compile.js';
import { Opcode } from '../../src/constraint/program.js';
import { KERNEL_POINT_BYTES, mirageKeyPrologue } from '../../src/formats/mirage-key.js';
import { readSamples } from '../../src/inputs/index.js';
import { pack, PACKING_ORDER, publicBytes, type Protocol, type TensorSchema } from '../../src/verify/statement.js';

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');
const documents = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' }).flatMap((file) =>
    file.endsWith('.md') ? [path.join('docs', file)] : [],
  ),
];

describe('documents', () => {
  it('docs/operators.md is what the code says (npm run docs renews it)', () => {
    expect(read('docs/operators.md')).toBe(operatorsPage());
  });

  it('the tables of README.md are fresh', () => {
    const figures = JSON.parse(read('docs/models.json')) as Parameters<typeof withTables>[1];
    expect(read('README.md')).toBe(withTables(read('README.md'), figures));
  });

  it('are found in subfolders too', () => {
    expect(documents).toEqual(expect.arrayContaining(['docs/formats.md', 'docs/soundness/mirage.md']));
  });

  it.each(documents)('%s: relative links exist', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1]!);
    expect(links.filter((link) => !existsSync(path.join(root, path.dirname(file), link)))).toEqual([]);
  });

  it.each(documents)('%s: links to headings lead to one', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
    const strays = links.filter(([, to, anchor]) => {
      const page = to === '' ? file : path.join(path.dirname(file), to!);
      return !anchorsOf(read(page)).includes(anchor!);
    });
    expect(strays.map(([link]) => link)).toEqual([]);
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

/** Headings as GitHub names them: lower case, without punctuation, hyphens for spaces. */
function anchorsOf(markdown: string): string[] {
  const headings = [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return [...headings, ...[...markdown.matchAll(/<a id="([\w-]+)"><\/a>/g)].map(([, id]) => id!)];
}

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
  const tensor = (lo: number, hi: number, bytes: number, size: number): TensorSchema => ({
    ...{ name: 'x', dims: [size], visibility: 'public', dtype: 'float32', scale: 1, zeroPoint: 0 },
    ...{ lo, hi, bytes },
  });

  const [output, input] = [tensor(0, 35822, 2, 3), tensor(0, 65535, 2, 4)];
  const [scores, flower] = [
    [0, 2315, 407],
    [24728, 17314, 31020, 28548],
  ] as const;

  it.each<[Protocol, TensorSchema, readonly number[], string]>([
    ['groth16', output, scores, '0 + 2315·2^16 + 407·2^32 = 1748203405312 '],
    ['groth16', input, flower, '28548·2^48 = 8035680866156044440 '],
    ['groth16', tensor(-2, 13, 1, 3), [-2, 0, 13], '0 + 2·256 + 15·65536 = 983552 in `groth16`'],
    ['mirage', output, scores, '0·2^32 + 2315·2^16 + 407 = 151716247 '],
    ['mirage', input, flower, '24728·2^48 + 17314·2^32 + 31020·2^16 + 28548 = 6960387589197819780 '],
    ['mirage', tensor(-2, 13, 1, 3), [-2, 0, 13], '0·65536 + 2·256 + 15 = 527 in `mirage`'],
  ])('packs its examples as the code does: %s, %#', (protocol, schema, integers, text) => {
    expect(page).toContain(text);
    expect(pack(schema, integers, PACKING_ORDER[protocol])).toEqual([BigInt(/= (\d+)/.exec(text)![1]!)]);
  });

  it('writes the bytes of public values as the code does', () => {
    const signals = [...pack(output, scores, 'big'), ...pack(input, flower, 'big')];
    const bytes = publicBytes({ outputs: [output], inputs: [input] }, signals);
    expect(page).toContain(`\`0x${Buffer.from(bytes).toString('hex')}\``);
  });

  it('gives the sections of a proving key of mirage the sizes that the code writes', () => {
    const [g1, g2] = [new Uint8Array(KERNEL_POINT_BYTES.g1), new Uint8Array(KERNEL_POINT_BYTES.g2)];
    const header = { nWires: 5, firstRound2: 4, nConstraints: 1, domain: { logSize: 1, cosets: 3 } } as const;
    const prologue = mirageKeyPrologue(
      { ...header, setup: 'development', circuitHash: `sha256:${'0'.repeat(64)}` },
      { alpha1: g1, beta1: g1, delta1: g1, delta2: g1, beta2: g2, delta2G2: g2 },
    );
    const file = Buffer.concat([...prologue]);
    expect(page).toContain(`Magic \`${file.toString('latin1', 0, 4)}\`, version ${file.readUInt32LE(4)}.`);
    for (let at = 12; at < file.length; at += 12 + Number(file.readBigUInt64LE(at + 4))) {
      expect(page).toContain(`\n| ${file.readUInt32LE(at)}, ${file.readBigUInt64LE(at + 4)} bytes |`);
    }
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
    const plain = page.replaceAll('_', '');
    for (const [name, code] of Object.entries(Opcode)) expect(plain).toContain(`\n| ${code} ${name.toUpperCase()} |`);
  });
});

describe('README.md', () => {
  const model = 'test/fixtures/models/iris-mlp-deepprove/model.onnx';
  const samples = async () => {
    const tensors = [];
    const specs = [{ name: 'input', dims: [1, 4], dtype: 'float32' }];
    const file = path.join(root, path.dirname(model), 'calibration.json');
    for await (const sample of readSamples(file, specs)) tensors.push(sample.tensors);
    return tensors;
  };

  it('shows what compiling its example gives', async () => {
    const page = read('README.md');
    const labels = ['setosa', 'versicolor', 'virginica'];
    const { manifest } = await compile(path.join(root, model), { samples: await samples(), labels });
    const { constraints, wires, publicInputs, hash } = manifest.circuit;
    const counts = `${constraints} constraints, ${wires} wires, ${publicInputs} public signals`;
    expect(page).toContain(`${counts} (${manifest.protocol}, ${manifest.quantisation.bits}-bit activations)`);
    expect(page).toContain(`  circuit   ${hash}\n`);
    expect(page).toContain(`  model     ${manifest.model.hash}\n`);
    const plain = await compile(path.join(root, model), { samples: await samples(), protocol: 'groth16' });
    expect(page).toContain(`by bits: ${plain.manifest.circuit.constraints!.toLocaleString('en')} constraints above`);
  });
});

describe('docs/architecture.md', () => {
  /** As the table names a room: without `src/`. Packages are left out. */
  const shown = (target: string): string[] =>
    /^(?:src\/|circuits|contracts)/.test(target) ? [target.replace(/^src\//, '')] : [];

  it('draws the rooms and arrows that test/unit/architecture.test.ts holds, in their order', () => {
    const walls = [...read('test/unit/architecture.test.ts').matchAll(/^ {2}'?([\w/]+)'?: \[([^\]]*)\]/gm)];
    const rows = [...read('docs/architecture.md').matchAll(/^\| `([\w/]+)` \|.*\| ([^|]*) \|$/gm)];
    expect(rows.map(([, room]) => room)).toEqual(walls.map(([, room]) => room));
    walls.forEach(([, room, list], i) => {
      const held = [...list!.matchAll(/'([^']+)'/g)].flatMap(([, target]) => shown(target!));
      const own = rows[i]![2]!.split(', ').filter((target) => !['–', 'everything before'].includes(target));
      expect({ room, targets: own }).toEqual({ room, targets: held });
    });
  });
});

describe('docs/adding-an-op.md', () => {
  it('shows HardSigmoid as it is', () => {
    const code = read('src/compile/onnx/ops/activation.ts');
    const blocks = [...read('docs/adding-an-op.md').matchAll(/^```ts\n(.*?)^```/gms)].map(([, block]) => block!);
    expect(blocks.length).toBe(2);
    expect(blocks.filter((block) => !code.includes(block))).toEqual([]);
  });
});

describe('docs/soundness.md', () => {
  it('has every paragraph that argues for rows, once', () => {
    const cited = [...Object.values(paragraphs), ...Object.values(gadgetParagraphs)].flatMap(({ bits, lookups }) =>
      [bits, lookups].filter((paragraph) => paragraph !== undefined),
    );
    expect(cited.length).toBeGreaterThan(30);
    const found = cited.map(({ page, anchor }) => ({
      anchor,
      times: anchorsOf(read(`docs/${page}`)).filter((other) => other === anchor).length,
    }));
    expect(found.filter(({ times }) => times !== 1)).toEqual([]);
  });

  it('names every file of gadgets', () => {
    const page = read('docs/soundness.md');
    const files = [...read('circuits/attack/gadgets.ts').matchAll(/from '\.\.\/gadgets\/(\w+)\.js'/g)].map(
      ([, file]) => file!,
    );
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((file) => !page.includes(`circuits/gadgets/${file}.ts`))).toEqual([]);
  });
});
