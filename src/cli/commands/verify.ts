/** zkonnx verify: is this proof valid, and what does it prove? */
import { Command } from 'commander';
import { oneLine } from '../../base/printable.js';
import { CLAMPED_SENTENCES, clampedWord } from '../../verify/clamped.js';
import type { PreparedKey } from '../../verify/key.js';
import type { VerifyOptions, VerifyResult, Verified } from '../../verify/verify.js';
import { choice, contextBytes, examples, usage } from '../options.js';
import type { VerifyFlags } from '../flags.js';
import { pictureOptions } from '../picture-flags.js';
import type { Outcome, Session } from '../session.js';
import { real, section, SETUP_NOTICES, table, tensor } from '../text.js';

export function verifyCommand(session: Session): Command {
  const command = new Command('verify')
    .description('check a proof and show what was proven; exit code 1 when it is refused')
    .argument('<proof>', 'proof.json, - for stdin, or with --batch a folder of proofs')
    .requiredOption('--key <file>', 'verification_key.json (ezkl: vk.key)')
    .option('--expect-model <hash>', 'refuse a proof of any other model (SHA-256 of the .onnx file)')
    .option('--expect-schema <digest>', 'refuse a proof whose integers mean anything else (names, scales, labels), 0x…')
    .option('--expect-key <digest>', 'refuse every key but this one (keyDigest), 0x…')
    .option('--expect-unclamped', 'refuse a proof in which a value left its calibrated range, or that does not say')
    .option('--expect-output <file>', 'refuse any other output: values by name, or what verify --json printed')
    .option('--expect-input <file>', 'refuse any other input, in any format that prove takes')
    .option('--expect-context <hex>', 'mirage: refuse a proof made for any other context, 0x…', contextBytes)
    .option('--opening <file>', 'proof.opening.json: show the committed values, and let expectations name them')
    .option('--public <file>', "public signals from another source; a plain snarkjs proof needs snarkjs's public.json")
    .option('--batch', 'verify every .json in the folder together; valid only if all are')
    .addOption(choice('--backend <name>', 'check with another proof system', ['ezkl']))
    .option('--settings <file>', 'ezkl: settings.json')
    .option('--srs <file>', 'ezkl: kzg.srs');
  return pictureOptions(command)
    .addHelpText(
      'after',
      examples([
        ['zkonnx verify proof.json --key verification_key.json', 'check one proof'],
        ['zkonnx verify proof.json --key verification_key.json --expect-output expected.json --json', 'in CI'],
        [
          'zkonnx verify proof.json --key verification_key.json --expect-context 0x2a',
          'that was made for this (prove --context)',
        ],
        [
          'zkonnx verify proof.json --key verification_key.json --expect-unclamped',
          'whose outputs are within the stated error',
        ],
        ['zkonnx verify proofs/ --batch --key verification_key.json', 'check all proofs of a folder'],
        [
          'zkonnx verify proof.json --backend ezkl --key vk.key --settings settings.json --srs kzg.srs',
          'check a proof of ezkl',
        ],
      ]),
    )
    .action(session.action((proof: string, flags: VerifyFlags) => run(session, proof, flags)));
}

async function run(session: Session, proof: string, flags: VerifyFlags): Promise<Outcome> {
  if (flags.backend === 'ezkl') {
    const { verifyWithEzkl } = await import('../ezkl.js');
    return verifyWithEzkl(session, proof, flags);
  }
  for (const flag of ['settings', 'srs'] as const) {
    if (flags[flag] !== undefined) throw usage(`--${flag} is for ezkl proofs`, '--backend ezkl beside it', flags[flag]);
  }
  const { readKeyFile } = await import('../proof-files.js');
  const key = await readKeyFile(flags.key);
  return flags.batch === true ? verifyFolder(session, proof, key, flags) : verifyOne(session, proof, key, flags);
}

async function verifyOne(session: Session, file: string, key: PreparedKey, flags: VerifyFlags): Promise<Outcome> {
  const result = await check(session, file, key, await readOptions(session, key, flags));
  return { json: { proof: file, ...result }, text: describe(file, result), exitCode: result.valid ? 0 : 1 };
}

async function check(session: Session, file: string, key: PreparedKey, options: VerifyOptions): Promise<VerifyResult> {
  const { isRefused, readProofFile, readProofStdin } = await import('../proof-files.js');
  const { verify } = await import('../../verify/verify.js');
  const proof = file === '-' ? await readProofStdin(session) : await readProofFile(file);
  return isRefused(proof) ? proof : verify(proof, key, options);
}

async function readOptions(session: Session, key: PreparedKey, flags: VerifyFlags): Promise<VerifyOptions> {
  const { schema } = key.facts;
  const { readExpectation } = await import('../expectations.js');
  const { readText } = await import('../proof-files.js');
  const isOpened = flags.opening !== undefined;
  return {
    ...(flags.expectModel === undefined ? {} : { expectModel: flags.expectModel }),
    ...(flags.expectSchema === undefined ? {} : { expectSchema: flags.expectSchema }),
    ...(flags.expectKey === undefined ? {} : { expectKey: flags.expectKey }),
    ...(flags.expectUnclamped === undefined ? {} : { expectUnclamped: flags.expectUnclamped }),
    ...(isOpened ? { opening: await readText(flags.opening!) } : {}),
    ...(flags.expectOutput === undefined
      ? {}
      : {
          expectOutputs: await readExpectation(session, flags.expectOutput, 'output', schema, {
            pictures: flags,
            isOpened,
          }),
        }),
    ...(flags.expectInput === undefined
      ? {}
      : {
          expectInputs: await readExpectation(session, flags.expectInput, 'input', schema, {
            pictures: flags,
            isOpened,
          }),
        }),
    ...(flags.expectContext === undefined ? {} : { expectContext: flags.expectContext }),
    ...(flags.public === undefined ? {} : { publicSignals: await readText(flags.public) }),
  };
}

async function verifyFolder(session: Session, folder: string, key: PreparedKey, flags: VerifyFlags): Promise<Outcome> {
  for (const flag of ['expectOutput', 'expectInput', 'opening', 'public'] as const) {
    if (flags[flag] !== undefined) {
      throw usage('this expectation is of one proof, and --batch verifies many', 'no --batch beside it', flags[flag]);
    }
  }
  const { listProofs } = await import('../proof-files.js');
  const { proofs, skipped } = await listProofs(folder, flags.key);
  const options = await readOptions(session, key, flags);
  const results = await checkAll(proofs, key, options);
  const refused = results.filter(({ valid }) => !valid).length;
  const lines = results.map((result) =>
    result.valid
      ? oneLine(`valid    ${result.proof}${topLine(result)}${result.clamped === true ? '  CLAMPED' : ''}`)
      : oneLine(`REFUSED  ${result.proof}: ${result.reason}, ${result.message}`),
  );
  const notice = `\n${SETUP_NOTICES[key.facts.setup]}`;
  const clamped = results.filter((result) => result.valid && result.clamped === true).length;
  const inSome =
    clamped === 0
      ? ''
      : `\n${clamped} of them CLAMPED: a value left its calibrated range, and the outputs may be off by more than the stated error`;
  const summary = `${results.length - refused} of ${results.length} proofs are valid (model ${key.facts.modelHash})${inSome}`;
  return {
    json: { valid: refused === 0, count: results.length, refused, proofs: results, skipped },
    text: `${[...lines, summary].join('\n')}${section('Skipped, no proofs', skipped)}${notice}`,
    exitCode: refused === 0 ? 0 : 1,
  };
}

/** Proofs whose points are looked at together: each batch ends in one final exponentiation, and holds that many proofs in memory. */
const BATCH = 64;

async function checkAll(
  files: readonly string[],
  key: PreparedKey,
  options: VerifyOptions,
): Promise<(VerifyResult & { readonly proof: string })[]> {
  const { isRefused, readProofFile } = await import('../proof-files.js');
  const { verifyBatch } = await import('../../verify/batch.js');
  const results: (VerifyResult & { readonly proof: string })[] = [];
  for (let first = 0; first < files.length; first += BATCH) {
    const names = files.slice(first, first + BATCH);
    // One file is open at a time: a process may have few of them.
    const read = [];
    for (const name of names) read.push(await readProofFile(name));
    const verdicts = verifyBatch(
      read.filter((proof) => !isRefused(proof)),
      key,
      options,
    );
    read.forEach((proof, i) => {
      results.push({ proof: names[i]!, ...(isRefused(proof) ? proof : verdicts.shift()!) });
    });
  }
  return results;
}

function describe(file: string, result: VerifyResult): string {
  if (!result.valid) return `REFUSED  ${oneLine(file)}\n  ${result.reason}: ${oneLine(result.message)}`;
  const committed = Object.entries(result.committed).map(([name, hash]) => `${name}: ${hash}`);
  const { name = '', version = '', card } = result.model;
  const facts = [
    ['model', result.modelHash],
    ...(name === '' && version === '' ? [] : [['', `${name} ${version}`.trim()]]),
    ...(card === undefined ? [] : [['card', card]]),
    ['circuit', result.circuitHash],
    ['schema', result.schemaDigest],
    ['key', result.keyDigest],
    ['bound to', BOUND_TO[result.boundTo]],
    ...(result.review === undefined ? [] : [['protocol', `${result.protocol}, ${result.review}`]]),
    ...(result.context === undefined ? [] : [['context', result.context]]),
    ['clamped', CLAMPED_SENTENCES[clampedWord(result.clamped, result.overflow)]],
  ];
  return (
    `${oneLine(`VALID  ${file}${topLine(result)}`)}\n${table(facts)}\n  ${SETUP_NOTICES[result.setup]}` +
    section('Outputs', tensorLines(result.outputs)) +
    section('Inputs', tensorLines(result.inputs)) +
    section('Committed (Poseidon hash)', committed) +
    section('Opened', tensorLines(result.opened ?? {}))
  );
}

const BOUND_TO: { readonly [B in Verified['boundTo']]: string } = {
  key: 'the key: model, schema and setup are what the proof was made for',
  points: 'the key’s points alone: pin what they mean with --expect-schema and --expect-model, or know whose key it is',
};

function tensorLines(values: Verified['outputs']): string[] {
  return Object.entries(values).map(([name, value]) => tensor(name, value));
}

/** The winner of each public output that has one row: `  scores: right (0.89)`. */
function topLine({ top }: Verified): string {
  return Object.entries(top)
    .filter(([, rows]) => rows.length === 1)
    .map(([name, [row]]) => `  ${name}: ${row!.label ?? `class ${row!.index}`} (${real(row!.value)})`)
    .join('');
}
