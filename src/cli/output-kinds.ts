/** What commands write, and how to know it again: a file that is something else is not replaced unasked. */
import { parseJson } from '../base/strict-json.js';
import { isObject } from '../verify/json.js';

interface Kind {
  /** With its article, for messages. */
  readonly title: string;
  /** Whether the bytes of a file look like one, of whatever version and whatever it says. */
  readonly matches: (bytes: Buffer) => boolean;
}

const json =
  (matches: (value: unknown) => boolean): Kind['matches'] =>
  (bytes) => {
    try {
      return matches(parseJson(bytes.toString('utf8')));
    } catch {
      return false;
    }
  };

const fields = (...names: readonly string[]): Kind['matches'] =>
  json((value) => isObject(value) && names.every((name) => Object.hasOwn(value, name)));

const magic =
  (word: string): Kind['matches'] =>
  (bytes) =>
    bytes.subarray(0, word.length).toString('latin1') === word;

const words =
  (...parts: readonly string[]): Kind['matches'] =>
  (bytes) => {
    const text = bytes.toString('utf8');
    return parts.every((part) => text.includes(part));
  };

const KINDS = {
  proof: {
    title: 'a proof',
    matches: json((value) => isObject(value) && 'protocol' in value && ('pi_a' in value || 'publicSignals' in value)),
  },
  ezklProof: { title: 'a proof of ezkl', matches: fields('instances', 'proof') },
  opening: { title: 'an opening', matches: fields('salts', 'values') },
  signals: {
    title: 'public signals',
    matches: json((value) => Array.isArray(value) && value.every((signal) => typeof signal === 'string')),
  },
  contract: { title: 'a contract', matches: words('pragma solidity') },
  abi: {
    title: 'an ABI',
    matches: json((value) => Array.isArray(value) && value.every((entry) => isObject(entry) && 'type' in entry)),
  },
  r1cs: { title: 'an .r1cs file', matches: magic('r1cs') },
  wtns: { title: 'a .wtns file', matches: magic('wtns') },
  zkey: { title: 'a .zkey file', matches: magic('zkey') },
  verifier: { title: 'a verifier module', matches: words('zkonnx', 'export') },
  page: { title: 'a page', matches: words('<html', 'zkonnx') },
  manifest: { title: 'a manifest', matches: fields('formatVersion', 'circuit', 'schema') },
  circuit: { title: 'a circuit', matches: magic('zknx') },
  program: { title: 'a program', matches: magic('zkprogrm') },
  accuracy: { title: 'an accuracy report', matches: fields('reference', 'samples') },
} as const satisfies Readonly<Record<string, Kind>>;

export type OutputKind = keyof typeof KINDS;

export function titleOf(kind: OutputKind): string {
  return KINDS[kind].title;
}

/** An empty file is of every kind: somebody has made it for the output to be written to. */
export function isOfKind(bytes: Buffer, kind: OutputKind): boolean {
  return bytes.length === 0 || KINDS[kind].matches(bytes);
}
