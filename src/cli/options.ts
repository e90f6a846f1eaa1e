/** Values of flags: from what was typed to what the library takes. Everything unusable is a USAGE error naming the flag. */
import { Option } from 'commander';
import { ZkonnxError } from '../base/errors.js';

export interface Range {
  readonly lo: number;
  readonly hi: number;
}

export function usage(what: string, expected: string, got: string, help?: string): ZkonnxError {
  return new ZkonnxError('USAGE', what, {
    expected,
    got: JSON.stringify(got.length > 80 ? `${got.slice(0, 80)}…` : got),
    ...(help === undefined ? {} : { help }),
  });
}

/** Number() takes '' and ' ' for 0, and 'Infinity'. */
function finite(text: string): number {
  return text.trim() === '' ? NaN : Number(text);
}

/** A parser of one flag: an integer in [lo, hi]. */
export function integerIn(flag: string, lo: number, hi: number): (text: string) => number {
  return (text) => {
    const value = finite(text);
    if (Number.isInteger(value) && value >= lo && value <= hi) return value;
    throw usage(`${flag} is not usable`, `an integer from ${lo} to ${hi}`, text);
  };
}

const BINARY_UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A parser of one flag: a number of bytes, or of k, m or g of 1024, 1024² or 1024³ bytes, as `512m` or `1.5g`. */
export function sizeOf(flag: string): (text: string) => number {
  return (text) => {
    const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmg]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
    const bytes = Math.floor(Number(number) * BINARY_UNITS[(unit ?? '').toLowerCase()]!);
    if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
    throw usage(`${flag} is not usable`, 'a size such as 4g or 512m, or a number of bytes', text);
  };
}

/** `--tolerance`: a part such as 0.005, or a percentage such as 0.5%. */
export function parsePart(text: string): number {
  const percentage = text.trim().endsWith('%');
  const number = finite(percentage ? text.trim().slice(0, -1) : text);
  const value = percentage ? number / 100 : number;
  if (value > 0 && value <= 1) return value;
  throw usage('--tolerance is not usable', 'a number above 0 and at most 1, or a percentage such as 1%', text);
}

/** Declared domains: of every input (name ''), and of inputs by name. */
export type Domains = ReadonlyMap<string, Range>;

/** `LO..HI` or `name=LO..HI`; may be repeated. */
export function collectDomain(text: string, previous: Domains = new Map()): Domains {
  const { name, value } = named(text);
  const [lo, hi, ...more] = value.split('..').map(finite);
  const isRange = lo !== undefined && hi !== undefined && more.length === 0 && Number.isFinite(hi - lo) && lo < hi;
  if (!isRange) throw usage('--domain is not usable', 'LO..HI or name=LO..HI with LO below HI, as -1..1', text);
  return withNew('--domain', previous, name ?? '', { lo, hi });
}

export type Shapes = ReadonlyMap<string, readonly number[]>;

/** `name=1,1,28,28`; may be repeated. */
export function collectShape(text: string, previous: Shapes = new Map()): Shapes {
  const { name, value } = named(text);
  const dims = value === '' ? [] : value.split(',').map(finite);
  if (name === undefined || !dims.every((dim) => Number.isSafeInteger(dim) && dim > 0)) {
    throw usage('--input-shape is not usable', 'name=1,1,28,28: the input and its positive dimensions', text);
  }
  return withNew('--input-shape', previous, name, dims);
}

/** Names may hold '=': the value does not, so the last one divides. */
function named(text: string): { readonly name?: string; readonly value: string } {
  const at = text.lastIndexOf('=');
  return at === -1 ? { value: text } : { name: text.slice(0, at), value: text.slice(at + 1) };
}

function withNew<T>(flag: string, previous: ReadonlyMap<string, T>, name: string, value: T): ReadonlyMap<string, T> {
  if (previous.has(name)) throw usage(`${flag} is given twice for the same input`, 'once an input', name);
  return new Map([...previous, [name, value]]);
}

/** Commander's choices, with our default left open: the library knows its own. */
export function choice(flags: string, description: string, values: readonly string[]): Option {
  return new Option(flags, description).choices(values);
}

/** Of every command that writes a file where the user says. */
export const FORCE = [
  '--force',
  'replace a file at the output that is of another kind; without it that is an error',
] as const;

/** Text under a command's help: lines that work as pasted, each with what it is for. */
export function examples(lines: readonly (readonly [command: string, purpose: string])[]): string {
  return `\nExamples:\n${lines.map(([command, purpose]) => `  # ${purpose}\n  $ ${command}`).join('\n')}`;
}

/** Up to 32 bytes in hexadecimal after 0x; `0x` alone is none. An empty text is a variable that was never set. Throws USAGE. */
/** A text of 1 to 1,024 characters, which verification keys carry. */
export function labelText(flag: string): (text: string) => string {
  return (text) => {
    if (text !== '' && text.length <= MAX_LABEL_CHARS) return text;
    throw usage(`${flag} is not usable`, `a text of 1 to ${MAX_LABEL_CHARS} characters`, `${text.length} characters`);
  };
}

const MAX_LABEL_CHARS = 1024;

export function contextBytes(text: string): Uint8Array {
  const digits = text.slice(2);
  if (/^0x([0-9a-fA-F]{2}){0,32}$/.test(text)) return Uint8Array.from(Buffer.from(digits, 'hex'));
  throw usage('the context is not bytes in hexadecimal', '0x and at most 64 hexadecimal digits, two a byte', text);
}
