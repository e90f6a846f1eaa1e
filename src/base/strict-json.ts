/**
 * JSON of strangers: `JSON.parse` behind one look at the text. A field given twice is refused, because two readers would see two documents
 * (`JSON.parse` silently keeps the last), and so is what would cost more memory than a document of ours: 16 MB of nested arrays become a
 * gigabyte of objects. Uses no Node API.
 */
import { ZkonnxError } from './errors.js';
import type { ErrorCode, ErrorDetails } from './errors.js';

export const MAX_JSON_DEPTH = 32;
/** Objects, arrays and fields: some hundred bytes each. */
export const MAX_JSON_NODES = 2 ** 19;
/** Elements of arrays, 24 bytes each: as many as a tensor of ours may have. */
export const MAX_JSON_ELEMENTS = 2 ** 22;

/** Why a text is not read, and where in it. */
export class JsonFault extends Error {
  constructor(
    readonly kind: 'syntax' | 'duplicate' | 'depth' | 'size',
    message: string,
  ) {
    super(message);
    this.name = 'JsonFault';
  }
}

/** The value of a JSON text. Throws JsonFault. */
export function parseJson(text: string): unknown {
  inspect(text);
  try {
    return JSON.parse(text);
  } catch {
    // The engine's own sentence quotes the text.
    throw new JsonFault('syntax', 'it is not JSON');
  }
}

/** As `parseJson`, for a file: `title` begins the error's sentence, as "the manifest". Throws ZkonnxError `code`. */
export function parseJsonFile(
  code: ErrorCode,
  title: string,
  content: string | Uint8Array,
  details: ErrorDetails = {},
): unknown {
  try {
    return parseJson(typeof content === 'string' ? content : textOf(content));
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    if (fault.kind === 'syntax') throw new ZkonnxError(code, `${title} is not JSON`, details);
    throw new ZkonnxError(code, `${title} cannot be read: ${fault.message}`, details);
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new JsonFault('syntax', 'it is not JSON');
  }
}

/**
 * Follows brackets and strings and nothing else: the text may be no JSON, which is `JSON.parse`'s to say, but what it makes of JSON is exact.
 */
function inspect(text: string): void {
  /** Field names by level; undefined for an array. */
  const open: (Set<string> | undefined)[] = [];
  let nodes = 0;
  let elements = 0;
  let isName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const start = at;
        at = closingQuote(text, at);
        if (!isName) break;
        isName = false;
        nodes++;
        const name = nameOf(text.slice(start, at + 1));
        const names = open.at(-1);
        if (names?.has(name) === true) throw fault('duplicate', `it has the field ${quoted(name)} twice`, text, start);
        names?.add(name);
        break;
      }
      case 0x7b:
      case 0x5b:
        if (open.length === MAX_JSON_DEPTH)
          throw fault('depth', `it is nested deeper than ${MAX_JSON_DEPTH} levels`, text, at);
        isName = text[at] === '{';
        open.push(isName ? new Set() : undefined);
        nodes++;
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        isName = false;
        break;
      case 0x2c:
        isName = open.at(-1) !== undefined;
        elements++;
    }
    if (nodes > MAX_JSON_NODES || elements > MAX_JSON_ELEMENTS)
      throw fault('size', 'it holds too many values', text, at);
  }
}

/** Where the string that opens at `at` ends; the text's end if it does not. */
function closingQuote(text: string, at: number): number {
  for (let end = at + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 0x22) return end;
    if (code === 0x5c) end++;
  }
  return text.length;
}

/** As `JSON.parse` reads it: one name has several spellings. */
function nameOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return JSON.parse(literal) as string;
  } catch {
    return literal;
  }
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}

function fault(kind: JsonFault['kind'], what: string, text: string, at: number): JsonFault {
  let line = 1;
  let start = 0;
  for (let end = text.indexOf('\n'); end !== -1 && end < at; end = text.indexOf('\n', start)) {
    line++;
    start = end + 1;
  }
  return new JsonFault(kind, `${what}, line ${line}, column ${at - start + 1}`);
}
