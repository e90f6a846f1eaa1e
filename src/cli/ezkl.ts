/** `--backend ezkl`: ezkl's own verifier and prover, on files that ezkl's own tools made. */
import { oneLine } from '../base/printable.js';
import path from 'node:path';
import type { EzklAccepted } from '../ezkl/verify.js';
import { peakMemoryBytes } from '../base/peak-memory.js';
import type { ProveFlags, VerifyFlags } from './flags.js';
import { usage } from './options.js';
import { claimOutput, kindOf, writeOutput } from './output-file.js';
import type { Outcome, Session } from './session.js';
import { section, tensor, timings } from './text.js';

/** An expectation that nobody checks would be taken for one that is met. */
const NO_EZKL_FLAGS = [
  'batch',
  'expectModel',
  'expectSchema',
  'expectKey',
  'expectUnclamped',
  'expectOutput',
  'expectInput',
  'expectContext',
  'opening',
  'public',
] as const satisfies readonly (keyof VerifyFlags)[];

/** Throws USAGE for flags that ezkl proofs do not know, and what `verifyEzkl` throws. */
export async function verifyWithEzkl(session: Session, proof: string, flags: VerifyFlags): Promise<Outcome> {
  const { settings, srs } = flags;
  for (const flag of NO_EZKL_FLAGS) {
    if (flags[flag] !== undefined)
      throw usage('--backend ezkl checks one proof', 'no expectations and no --batch', flag);
  }
  if (settings === undefined || srs === undefined) {
    throw usage('ezkl verifies with more than a key', '--settings settings.json --srs kzg.srs', proof);
  }
  const { verifyEzkl } = await import('../ezkl/verify.js');
  const verdict = await verifyEzkl({ proof, vk: flags.key, settings, srs }, undefined, { signal: session.signal });
  const json = { proof, backend: 'ezkl', ...verdict };
  if (!verdict.valid) {
    return { json, text: `REFUSED  ${oneLine(proof)}\n  ${verdict.reason}: ${oneLine(verdict.message)}`, exitCode: 1 };
  }
  return { json, text: describe(proof, verdict) };
}

function describe(proof: string, { inputs, outputs, instances }: EzklAccepted): string {
  const lines = (tensors: EzklAccepted['inputs']) =>
    Object.entries(tensors).map(([name, value]) => tensor(name, value));
  return (
    `VALID  ${proof} (ezkl, ${instances.length} public field elements)` +
    section('Outputs', lines(outputs)) +
    section('Inputs', lines(inputs))
  );
}

/** Files by their flags, else by the names that ezkl's documentation gives them, in the folder. */
export async function proveWithEzkl(session: Session, folder: string | undefined, flags: ProveFlags): Promise<Outcome> {
  const { proveEzkl } = await import('../ezkl/prove.js');
  const required = (flag: 'compiled' | 'pk' | 'srs', name: string): string => {
    if (flags[flag] !== undefined) return flags[flag];
    if (folder !== undefined) return path.join(folder, name);
    throw usage('ezkl proves with files of its own', `a folder of them, or --${flag} FILE`, '');
  };
  const compiledCircuit = required('compiled', 'model.compiled');
  const [pk, srs] = [required('pk', 'pk.key'), required('srs', 'kzg.srs')];
  const settings = flags.settings ?? (await settingsOf(folder));
  await claimOutput(session, flags.out, {
    kind: 'ezklProof',
    force: flags.force,
    from: [compiledCircuit, pk, srs, flags.in, ...(settings === undefined ? [] : [settings])],
  });
  if (settings === undefined) session.log('no settings.json: the proof is not checked before it is written');
  const { proof, checked, timingsMs } = await proveEzkl(
    { compiledCircuit, pk, srs, from: { input: flags.in }, ...(settings === undefined ? {} : { settings }) },
    undefined,
    { signal: session.signal },
  );
  await writeOutput(flags.out, proof, { signal: session.signal });
  return {
    product: 'files',
    json: { proof: flags.out, backend: 'ezkl', checked, timingsMs, peakMemoryBytes: peakMemoryBytes() },
    text: `${flags.out}\n${timings({ ...timingsMs })}${checked ? ', checked' : ', NOT checked'}`,
  };
}

async function settingsOf(folder: string | undefined): Promise<string | undefined> {
  if (folder === undefined) return undefined;
  const file = path.join(folder, 'settings.json');
  return (await kindOf(file)) === 'file' ? file : undefined;
}
