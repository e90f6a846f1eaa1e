/** Keys and proofs from files, read whole within bounds; what they hold is for src/verify to judge. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { ZkonnxError } from '../base/errors.js';
import { readBounded, statPath } from '../inputs/files.js';
import { prepareKey } from '../verify/key.js';
import type { PreparedKey } from '../verify/key.js';
import type { Refused } from '../verify/refusal.js';
import { usage } from './options.js';
import type { Session } from './session.js';

/** As many bytes as the verifier takes characters (verify/key.ts); a larger file is not read. */
const MAX_KEY_BYTES = 64 * 2 ** 20;
/** Likewise for proofs (verify/proof.ts). */
const MAX_PROOF_BYTES = 16 * 2 ** 20;

/** Throws FILE_UNREADABLE, FILE_TOO_LARGE, KEY_INVALID. */
export async function readKeyFile(file: string): Promise<PreparedKey> {
  return prepareKey(await readText(file, MAX_KEY_BYTES));
}

/** Text of a JSON file. Throws FILE_UNREADABLE, FILE_TOO_LARGE. */
export async function readText(file: string, maxBytes: number = MAX_KEY_BYTES): Promise<string> {
  return (await readBounded(file, maxBytes)).toString('utf8');
}

/**
 * The text of a proof file, or why it is refused unread: a proof from a stranger may be of any size. A file that is not there is the
 * caller's mistake: FILE_UNREADABLE; so is a folder: USAGE.
 */
export async function readProofFile(file: string): Promise<string | Refused> {
  const stats = await statPath(file);
  if (stats.isDirectory())
    throw usage('the proof is a folder', 'a proof file', file, 'add --batch to verify all in it');
  if (stats.size > MAX_PROOF_BYTES) {
    const message = `a proof has at most ${MAX_PROOF_BYTES} bytes, the file has ${stats.size}`;
    return { valid: false, reason: 'PROOF_TOO_LARGE', message };
  }
  return readText(file, MAX_PROOF_BYTES);
}

/** Likewise from standard input. */
export async function readProofStdin(session: Session): Promise<string | Refused> {
  try {
    return (await session.readStdin('the proof', MAX_PROOF_BYTES)).toString('utf8');
  } catch (error) {
    if (!(error instanceof ZkonnxError) || error.code !== 'FILE_TOO_LARGE') throw error;
    return { valid: false, reason: 'PROOF_TOO_LARGE', message: `a proof has at most ${MAX_PROOF_BYTES} bytes` };
  }
}

export function isRefused(proof: string | Refused): proof is Refused {
  return typeof proof !== 'string';
}

export interface ProofFolder {
  /** Paths of the proofs, in natural order. */
  readonly proofs: readonly string[];
  /** JSON files that are no proofs: openings beside their proof, and the key. */
  readonly skipped: readonly string[];
}

/** `proof.json` → `proof.opening.json`: what opens the commitments of a proof. */
export function openingPath(proof: string): string {
  return `${proof.replace(/\.json$/, '')}.opening.json`;
}

/** The .json files of a folder. Throws USAGE where there is nothing to verify: an empty folder proves nothing. */
export async function listProofs(folder: string, key: string): Promise<ProofFolder> {
  if (!(await statPath(folder)).isDirectory()) throw usage('--batch verifies a folder', 'a folder of proofs', folder);
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new ZkonnxError('FILE_UNREADABLE', `cannot read the folder ${folder}`, { got: String(cause), cause });
  });
  const order = new Intl.Collator('en', { numeric: true });
  const files = names
    .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
    .sort((a, b) => order.compare(a, b) || (a < b ? -1 : 1))
    .map((name) => path.join(folder, name));
  const aside = new Set([path.resolve(key), ...files.map((file) => path.resolve(openingPath(file)))]);
  const proofs = files.filter((file) => !aside.has(path.resolve(file)));
  if (proofs.length === 0) throw usage('the folder holds no proof', 'at least one .json file', folder);
  return { proofs, skipped: files.filter((file) => !proofs.includes(file)) };
}
