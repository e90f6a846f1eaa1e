/**
 * Where the proofs of an input go. Every sample is read and checked against the schema before the first proof is made, so that a bad value in
 * the last row of a batch is an error before anything is written, not after an hour of proving.
 */
import path from 'node:path';
import { encodeNamed } from '../prove/prove.js';
import type { Sample } from '../inputs/tensor.js';
import type { Manifest } from '../formats/manifest.js';
import { usage } from './options.js';
import { kindOf, requireFilePath } from './output-file.js';

export interface ProofPlan {
  /** True when the input is a batch by its nature or by its content; `out` is then a folder. */
  readonly isBatch: boolean;
  /** Proof file by sample id, in order. */
  readonly files: ReadonlyMap<string, string>;
}

/** Throws what reading and encoding the samples throws, USAGE and OUTPUT_UNWRITABLE where `out` does not fit their number. */
export async function planProofs(
  samples: AsyncIterable<Sample>,
  manifest: Pick<Manifest, 'schema' | 'choices'>,
  input: string,
  out: string,
): Promise<ProofPlan> {
  const ids: string[] = [];
  for await (const sample of samples) {
    encodeNamed(manifest, sample);
    ids.push(sample.id);
  }
  // A file's only sample has the file's name; rows and lines have a suffix.
  const isBatch = ids.length !== 1 || ids[0] !== path.basename(input);
  if (!isBatch) {
    await requireFilePath(out);
    return { isBatch, files: new Map([[ids[0]!, out]]) };
  }
  if ((await kindOf(out)) === 'file' || /\.json$/i.test(out)) {
    const help = 'each proof of the batch is a file in it, named after its sample';
    throw usage(`${input} is a batch of ${ids.length}: -o must be a folder`, 'a folder', out, help);
  }
  return { isBatch, files: proofFiles(ids, out) };
}

const INPUT_SUFFIX = /\.(?:json|jsonl|ndjson|npy|npz|pb|png|jpe?g|csv)(?=$|[#:])/i;

/** `rows.npz#3` → `rows-3.json`; samples whose names would meet keep their suffix, or get a number. */
function proofFiles(ids: readonly string[], folder: string): Map<string, string> {
  const taken = new Set<string>();
  const files = new Map<string, string>();
  for (const id of ids) {
    const names = [fileName(id.replace(INPUT_SUFFIX, '')), fileName(id)];
    for (let n = 2; names.every((name) => taken.has(name.toLowerCase())); n++) names.push(`${fileName(id)}-${n}`);
    const name = names.find((candidate) => !taken.has(candidate.toLowerCase()))!;
    taken.add(name.toLowerCase());
    files.set(id, path.join(folder, `${name}.json`));
  }
  return files;
}

/** Letters, digits, dot, dash and underscore: a name on every file system, never hidden, never a way out of the folder. */
function fileName(id: string): string {
  const name = id.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '');
  return name === '' ? 'sample' : name.slice(0, 200);
}
