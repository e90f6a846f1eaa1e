/** zkonnx export: an artifact in the forms that other tools take. */
import { Command } from 'commander';
import { artifactInputs } from '../artifact-inputs.js';
import { FORCE, examples, usage } from '../options.js';
import type { OutputKind } from '../output-kinds.js';
import { pictureOptions } from '../picture-flags.js';
import type { PictureFlags } from '../picture-flags.js';
import type { Outcome, Session } from '../session.js';
import { SETUP_NOTICES } from '../text.js';

interface OutFlags {
  readonly out: string;
  readonly force?: boolean;
}

interface SolidityFlags extends OutFlags {
  readonly name?: string;
  readonly allowDevelopmentKey?: boolean;
}

interface WtnsFlags extends OutFlags, PictureFlags {
  readonly in: string;
}

interface PageFlags extends OutFlags {
  readonly proof?: string;
}

const ARTIFACT = 'the folder that compile and setup wrote';
const GROTH16_HELP = 'compile with --protocol groth16';

export function exportCommand(session: Session): Command {
  const parent = new Command('export').description('write a contract, a verifier, or the circuit for other tools');
  const form = (name: string, description: string) => new Command(name).description(description);
  parent.addCommand(
    form('solidity', 'a verifier contract, and its ABI beside it')
      .argument('<artifact>', `${ARTIFACT}, or a verification_key.json`)
      .requiredOption('-o, --out <file>', 'contract to write, as Verifier.sol')
      .option(...FORCE)
      .option('--name <name>', 'name of the contract (default ZkonnxVerifier)')
      .option(
        '--allow-development-key',
        'export a key that no ceremony made, as none is yet; such a contract secures nothing',
      )
      .action(session.action((artifact: string, flags: SolidityFlags) => solidity(session, artifact, flags))),
  );
  parent.addCommand(
    form('r1cs', "the constraints in iden3's .r1cs format")
      .argument('<artifact>', ARTIFACT)
      .requiredOption('-o, --out <file>', '.r1cs to write')
      .option(...FORCE)
      .action(session.action((artifact: string, flags: OutFlags) => r1cs(session, artifact, flags))),
  );
  parent.addCommand(
    pictureOptions(
      form('wtns', "groth16: the witness of one input in iden3's .wtns format; it holds every secret value"),
    )
      .argument('<artifact>', ARTIFACT)
      .requiredOption('--in <input>', 'one sample, in any format that prove takes')
      .requiredOption('-o, --out <file>', '.wtns to write')
      .option(...FORCE)
      .action(session.action((artifact: string, flags: WtnsFlags) => wtns(session, artifact, flags))),
  );
  parent.addCommand(
    form('zkey', "groth16: the proving key in snarkjs's .zkey format")
      .argument('<artifact>', ARTIFACT)
      .requiredOption('-o, --out <file>', '.zkey to write')
      .option(...FORCE)
      .action(session.action((artifact: string, flags: OutFlags) => zkey(session, artifact, flags))),
  );
  parent.addCommand(
    form('verifier', 'the verifier as one ES module without dependencies (Node, Deno, browser)')
      .argument('[artifact]', 'not needed: the module verifies proofs of every key')
      .requiredOption('-o, --out <file>', 'module to write, as verifier.mjs')
      .option(...FORCE)
      .action(session.action((_artifact: string | undefined, flags: OutFlags) => verifier(session, flags))),
  );
  parent.addCommand(
    form('page', 'verify.html: drop a proof and see what was proven')
      .argument('[artifact]', `${ARTIFACT}, or a verification_key.json, whose key the page then holds`)
      .requiredOption('-o, --out <file>', 'page to write, as verify.html')
      .option(...FORCE)
      .option('--proof <file>', 'a proof to show when the page is opened')
      .action(session.action((artifact: string | undefined, flags: PageFlags) => page(session, artifact, flags))),
  );
  return parent.addHelpText(
    'after',
    examples([
      ['zkonnx export solidity artifacts/iris -o Verifier.sol --allow-development-key', 'for a test network'],
      ['zkonnx export r1cs artifacts/iris -o iris.r1cs', 'the constraints, for other tools'],
      [
        'zkonnx export zkey artifacts/iris -o iris.zkey',
        'compiled with --protocol groth16: for snarkjs and rapidsnark',
      ],
      ['zkonnx export wtns artifacts/iris --in flower.json -o flower.wtns', 'and a witness'],
      ['zkonnx export verifier -o verifier.mjs', 'verify without this package'],
      ['zkonnx export page artifacts/iris -o verify.html', 'verify in a browser'],
    ]),
  );
}

/** The key of an artifact folder, or the key file itself; as text. */
async function keyText(artifact: string): Promise<string> {
  const { kindOf } = await import('../output-file.js');
  const { readText } = await import('../proof-files.js');
  const { artifactPaths, readManifest } = await import('../../formats/manifest.js');
  if ((await kindOf(artifact)) === 'file') return readText(artifact);
  await readManifest(artifact);
  return readText(await requireKey(artifactPaths(artifact).verificationKey));
}

async function requireKey(file: string): Promise<string> {
  const { kindOf } = await import('../output-file.js');
  if ((await kindOf(file)) === 'file') return file;
  const { ZkonnxError } = await import('../../base/errors.js');
  throw new ZkonnxError('FILE_UNREADABLE', 'the artifact has no keys yet', {
    where: file,
    help: 'make them: zkonnx setup ARTIFACT --dev',
  });
}

async function solidity(session: Session, artifact: string, flags: SolidityFlags): Promise<Outcome> {
  const { exportSolidity } = await import('../../export/solidity.js');
  const { prepareKey } = await import('../../verify/key.js');
  const { artifactFiles, claimOutput, jsonText, writeOutputs } = await import('../output-file.js');
  const { force } = flags;
  const from = artifactFiles(artifact);
  const abiFile = `${flags.out.replace(/\.sol$/, '')}.abi.json`;
  await claimOutput(session, flags.out, { kind: 'contract', force, from, beside: 'the ABI' });
  await claimOutput(session, abiFile, { kind: 'abi', force, from });
  const key = prepareKey(await keyText(artifact));
  const { source, abi } = exportSolidity(key, {
    ...(flags.name === undefined ? {} : { name: flags.name }),
    ...(flags.allowDevelopmentKey === undefined ? {} : { allowDevelopmentKey: flags.allowDevelopmentKey }),
  });
  const files = [
    { file: abiFile, content: jsonText(abi) },
    { file: flags.out, content: source },
  ];
  await writeOutputs(files, { signal: session.signal });
  const { setup, keyDigest } = key.facts;
  const notice = `\n${SETUP_NOTICES[setup]}`;
  return {
    product: 'files',
    json: { file: flags.out, abi: abiFile, setup, keyDigest },
    text: `${flags.out}\n${abiFile}${notice}`,
  };
}

async function r1cs(session: Session, artifact: string, flags: OutFlags): Promise<Outcome> {
  const { out } = flags;
  const { circuit } = await openCircuit(session, artifact, 'r1cs', flags);
  const { writeR1csFile } = await import('../../formats/r1cs-file.js');
  await writeR1csFile(out, circuit.r1cs, { signal: session.signal });
  const { nConstraints: constraints, nWires: wires } = circuit.r1cs;
  return {
    product: 'files',
    json: { file: out, constraints, wires },
    text: `${out}: ${constraints} constraints, ${wires} wires`,
  };
}

async function wtns(session: Session, artifact: string, flags: WtnsFlags): Promise<Outcome> {
  const { circuit, manifest } = await openCircuit(session, artifact, 'wtns', flags, [flags.in]);
  const { sampleOf } = await import('../input-files.js');
  const { witnessOf } = await import('../../prove/prove.js');
  const { writeWtnsFile } = await import('../../formats/wtns-file.js');
  const sample = await sampleOf(session, flags.in, await artifactInputs(manifest.schema, flags));
  await writeWtnsFile(flags.out, witnessOf(circuit, manifest, sample), {
    signal: session.signal,
    mode: 0o600,
  });
  session.log(`${flags.out} holds every value of the computation, private ones too`);
  const wires = circuit.r1cs.nWires;
  return { product: 'files', json: { file: flags.out, wires }, text: `${flags.out}: ${wires} wires` };
}

/** Reads a circuit that is to be written in another form, and makes the folder it goes to. */
async function openCircuit(
  session: Session,
  artifact: string,
  kind: OutputKind,
  { out, force }: OutFlags,
  inputs: readonly string[] = [],
) {
  const { artifactPaths, circuitPath, readManifest } = await import('../../formats/manifest.js');
  const { readCircuitFile } = await import('../../formats/circuit-file.js');
  const { requireSchema } = await import('../../formats/circuit-schema.js');
  const { dirname } = await import('node:path');
  const { artifactFiles, claimOutput, makeFolder } = await import('../output-file.js');
  await claimOutput(session, out, { kind, force, from: [...artifactFiles(artifact), ...inputs] });
  const { readingArtifact } = await import('../../formats/artifact-read.js');
  const opened = await readingArtifact(artifact, async () => {
    const manifest = await readManifest(artifact);
    const paths = artifactPaths(artifact);
    const circuit = await readCircuitFile(circuitPath(artifact, manifest.protocol));
    requireSchema(circuit, manifest.schema, paths.manifest);
    return { manifest, circuit };
  });
  await makeFolder(dirname(out));
  return opened;
}

async function zkey(session: Session, artifact: string, { out, force }: OutFlags): Promise<Outcome> {
  const { regularChunks } = await import('../../formats/regular-file.js');
  const { provingKeyPath, readManifest } = await import('../../formats/manifest.js');
  const { PROVERS } = await import('../../prove/protocols.js');
  const { artifactFiles, claimOutput, writeOutput } = await import('../output-file.js');
  await claimOutput(session, out, { kind: 'zkey', force, from: artifactFiles(artifact) });
  const { protocol } = await readManifest(artifact);
  const { provers } = PROVERS[protocol];
  if (!provers.includes('snarkjs')) {
    throw usage(
      `snarkjs has no keys of protocol ${protocol}`,
      'an artifact of protocol groth16',
      artifact,
      GROTH16_HELP,
    );
  }
  const source = await requireKey(provingKeyPath(artifact, protocol));
  await writeOutput(
    out,
    async (file) => {
      for await (const chunk of regularChunks(source)) await file.write(chunk);
    },
    { signal: session.signal },
  );
  return { product: 'files', json: { file: out }, text: out };
}

async function verifier(session: Session, flags: OutFlags): Promise<Outcome> {
  const { exportVerifierModule } = await import('../../export/verifier.js');
  return writeText(session, 'verifier', flags, [], await exportVerifierModule());
}

async function page(session: Session, artifact: string | undefined, flags: PageFlags): Promise<Outcome> {
  const { exportVerifierPage } = await import('../../export/verifier.js');
  const key = artifact === undefined ? undefined : await keyText(artifact);
  const { readText } = await import('../proof-files.js');
  const proof = flags.proof === undefined ? undefined : await readText(flags.proof);
  const { artifactFiles } = await import('../output-file.js');
  const from = [
    ...(artifact === undefined ? [] : artifactFiles(artifact)),
    ...(flags.proof === undefined ? [] : [flags.proof]),
  ];
  return writeText(session, 'page', flags, from, await exportVerifierPage(key, proof));
}

async function writeText(
  session: Session,
  kind: OutputKind,
  { out, force }: OutFlags,
  from: readonly string[],
  text: string,
): Promise<Outcome> {
  const { claimOutput, writeOutput } = await import('../output-file.js');
  await claimOutput(session, out, { kind, force, from });
  await writeOutput(out, text, { signal: session.signal });
  return { product: 'files', json: { file: out }, text: out };
}
