/**
 * The public surface, as the compiler sees it: every export of every entry point with its whole signature, in etc/api, so that a change of the
 * surface is seen in review. `npm run api` writes the reports, `npm run api:check` compares them and fails where a type in a public signature is
 * not itself exported from the entry point, or an export has no doc comment. Reads the declarations that `npm run build` made.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

export interface ApiReport {
  /** As a user imports it: `zkonnx/verify`. */
  readonly entry: string;
  /** The report, Markdown. */
  readonly text: string;
  /** What is wrong with the surface itself, a sentence each. */
  readonly faults: readonly string[];
}

/** Reports on entry points, by name the path of their .d.ts. */
export function apiReports(entries: ReadonlyMap<string, string>, root: string): ApiReport[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    skipLibCheck: true,
  };
  const program = ts.createProgram([...entries.values()], options);
  return [...entries].map(([entry, file]) => reportOf(program, entry, file, root));
}

function reportOf(program: ts.Program, entry: string, file: string, root: string): ApiReport {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry}: no module at ${file}; run npm run build`);
  const exported = new Map(
    checker
      .getExportsOfModule(module)
      .map((symbol) => [symbol.name, resolved(checker, symbol)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const faults: string[] = [];
  const sections: string[] = [];
  for (const [name, symbol] of exported) {
    sections.push(declarationsOf(symbol).map(printed).join('\n'));
    if (isOurs(symbol) && symbol.getDocumentationComment(checker).length === 0) {
      faults.push(`${entry}: ${name} has no doc comment`);
    }
  }
  for (const [symbol, user] of reachedFrom(checker, [...exported.values()])) {
    const where = relative(root, symbol.declarations![0]!.getSourceFile().fileName);
    faults.push(`${entry}: the signature of ${user} has the type ${symbol.name} (${where}), which is not exported`);
  }
  const text = `# ${entry}\n\nWritten by \`npm run api\`. ${exported.size} exports.\n\n\`\`\`ts\n${sections.join('\n\n')}\n\`\`\`\n`;
  return { entry, text, faults };
}

/** Types of ours that the signatures of these need, directly or through each other, and that are none of these; with who needs them. */
function reachedFrom(checker: ts.TypeChecker, exported: readonly ts.Symbol[]): Map<ts.Symbol, string> {
  const known = new Set(exported);
  const forgotten = new Map<ts.Symbol, string>();
  const visit = (user: ts.Symbol): void => {
    for (const declaration of declarationsOf(user)) {
      for (const used of typesIn(checker, declaration)) {
        if (known.has(used) || forgotten.has(used) || !isOurs(used)) continue;
        forgotten.set(used, user.name);
        visit(used);
      }
    }
  };
  exported.forEach(visit);
  return forgotten;
}

function* typesIn(checker: ts.TypeChecker, node: ts.Node): Generator<ts.Symbol> {
  const name = referredName(node);
  const symbol = name === undefined ? undefined : checker.getSymbolAtLocation(name);
  if (symbol !== undefined && (symbol.flags & ts.SymbolFlags.TypeParameter) === 0) yield resolved(checker, symbol);
  const children: ts.Node[] = [];
  node.forEachChild((child) => void children.push(child));
  for (const child of children) yield* typesIn(checker, child);
}

/** What a node refers to by name, where it is a reference to a type or, by `typeof`, to a value. */
function referredName(node: ts.Node): ts.Node | undefined {
  if (ts.isTypeReferenceNode(node)) return node.typeName;
  if (ts.isExpressionWithTypeArguments(node)) return node.expression;
  if (ts.isTypeQueryNode(node)) return node.exprName;
  if (ts.isImportTypeNode(node)) return node.qualifier;
  return undefined;
}

function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);
}

function isOurs(symbol: ts.Symbol): boolean {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined) return false;
  const { fileName } = declaration.getSourceFile();
  return !fileName.includes('/node_modules/');
}

/** Whole statements: a constant's type stands in its statement, a type's in itself. */
function declarationsOf(symbol: ts.Symbol): ts.Node[] {
  return (symbol.declarations ?? []).map((declaration) =>
    ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration,
  );
}

const printer = ts.createPrinter({ removeComments: true });

function printed(declaration: ts.Node): string {
  return printer
    .printNode(ts.EmitHint.Unspecified, declaration, declaration.getSourceFile())
    .replace(/^export declare /, 'export ');
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
}

/** The entry points of the package that have declarations; a one-file bundle has those of the module it was made of. */
export async function entryPoints(root: string): Promise<Map<string, string>> {
  const { name, exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  const entries = Object.entries(exports).flatMap(([path, target]) =>
    typeof target === 'string' || path.endsWith('/bundle')
      ? []
      : [[name + path.slice(1), join(root, target.types)] as const],
  );
  return new Map(entries);
}

async function main(): Promise<void> {
  const check = process.argv.includes('--check');
  const root = process.cwd();
  const reports = apiReports(await entryPoints(root), root);
  let wrong = reports.flatMap(({ faults }) => faults);
  await mkdir(join(root, 'etc/api'), { recursive: true });
  for (const { entry, text } of reports) {
    const file = join('etc/api', `${entry.replaceAll('/', '-')}.md`);
    if (!check) await writeFile(join(root, file), text);
    else if ((await readFile(join(root, file), 'utf8').catch(() => '')) !== text) {
      wrong = [...wrong, `${file} is not what the build exports: run npm run api, and look at the difference`];
    }
  }
  for (const fault of wrong) console.error(fault);
  const exports = reports.map(({ entry, text }) => `${entry} ${/(\d+) exports/.exec(text)![1]}`);
  console.log(`${exports.join(', ')} exports; ${wrong.length} faults`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
