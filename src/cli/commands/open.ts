/** zkonnx open: is this what a proof's commitments hide, and what is it? */
import { Command } from 'commander';
import { oneLine } from '../../base/printable.js';
import { CLAMPED_SENTENCES } from '../../verify/clamped.js';
import type { Verified, VerifyResult } from '../../verify/verify.js';
import { examples, usage } from '../options.js';
import type { Outcome, Session } from '../session.js';
import { section, SETUP_NOTICES, tensor } from '../text.js';

export function openCommand(session: Session): Command {
  return new Command('open')
    .description(
      "check an opening against its proof and show the committed values; exit code 1 when it is not the proof's",
    )
    .argument('<proof>', 'proof.json')
    .requiredOption('--opening <file>', 'proof.opening.json, which prove wrote beside it')
    .option('--key <file>', 'verification_key.json (default: the one beside the proof)')
    .addHelpText(
      'after',
      examples([
        ['zkonnx open proof.json --opening proof.opening.json --key verification_key.json', 'what was committed to'],
        [
          'zkonnx verify proof.json --key verification_key.json --opening proof.opening.json --expect-input row.json',
          'and whether it is this',
        ],
      ]),
    )
    .action(session.action(run));
}

interface Flags {
  readonly opening: string;
  readonly key?: string;
}

async function run(file: string, flags: Flags): Promise<Outcome> {
  const { isRefused, readKeyFile, readProofFile, readText } = await import('../proof-files.js');
  const { verify } = await import('../../verify/verify.js');
  const proof = await readProofFile(file);
  const key = await readKeyFile(flags.key ?? (await besideProof(file)));
  const result = isRefused(proof)
    ? proof
    : verify(proof, key, { opening: await readText(flags.opening, MAX_OPENING_BYTES) });
  return { json: { proof: file, ...result }, text: describe(file, result), exitCode: result.valid ? 0 : 1 };
}

/** Openings hold numbers of at most 16 digits for each element of at most 256 tensors. */
const MAX_OPENING_BYTES = 64 * 2 ** 20;

/** A key that is found is named by its digest in the proof, so that another one is refused. */
async function besideProof(proof: string): Promise<string> {
  const { dirname, join } = await import('node:path');
  const { kindOf } = await import('../output-file.js');
  const file = join(dirname(proof), 'verification_key.json');
  if ((await kindOf(file)) !== 'nothing') return file;
  throw usage('no verification key is beside the proof', '--key verification_key.json', 'none');
}

function describe(file: string, result: VerifyResult): string {
  if (!result.valid) return `${oneLine(`REFUSED  ${file}`)}\n  ${result.reason}: ${oneLine(result.message)}`;
  const clamped = result.clamped === true ? `\n  clamped ${CLAMPED_SENTENCES.yes}` : '';
  return `${oneLine(`OPENED  ${file}`)}${clamped}\n  ${SETUP_NOTICES[result.setup]}${section('Committed values', lines(result.opened ?? {}))}`;
}

const lines = (values: NonNullable<Verified['opened']>): string[] =>
  Object.entries(values).map(([name, value]) => tensor(name, value));
