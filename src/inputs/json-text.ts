/**
 * A JSON reader for tensors. Nested arrays of numbers become one block of float64 with a shape, so that a file costs 8 bytes a
 * number whatever its nesting; depth, numbers and other values are bounded, because JSON.parse of a hostile file of the allowed
 * size exhausts the heap. Beyond JSON's grammar it reads NaN, Infinity and -Infinity, which Python writes, so that the error can
 * name the element; and it refuses duplicate keys, where JSON.parse silently keeps the last.
 */
import { ZkonnxError } from '../base/errors.js';
import { MAX_JSON_DEPTH } from '../base/strict-json.js';
import { sizeOf } from './tensor.js';
import type { ArraySource } from './tensor.js';

/** 64 MiB of float64, and a second or two to read. */
export const MAX_NUMBERS = 2 ** 23;
/** Strings, keys, booleans, objects and arrays that are not part of a regular block. */
export const MAX_OTHER_VALUES = 2 ** 19;
const MAX_NUMBER_LENGTH = 1024;

export type JsonValue = number | string | boolean | null | NumberBlock | JsonItems | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;
/** An array that is no block: ragged, mixed, or not of numbers. Nested blocks stay blocks. */
export type JsonItems = readonly JsonValue[];

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

/** An array of numbers, or of equally shaped blocks: row-major within a buffer that the whole document shares. */
export class NumberBlock implements ArraySource {
  constructor(
    readonly dims: readonly number[],
    private readonly pool: NumberPool,
    private readonly start: number,
  ) {}

  read(start: number, count: number): Float64Array {
    return this.pool.slice(this.start + start, count);
  }

  get length(): number {
    return this.dims[0]!;
  }

  /** An element of the array: a number of a 1-D block, else a block of one dimension less. */
  item(index: number): number | NumberBlock {
    const rest = this.dims.slice(1);
    if (rest.length === 0) return this.read(index, 1)[0]!;
    return new NumberBlock(rest, this.pool, this.start + index * sizeOf(rest));
  }

  /** All elements, as separate objects: an array of empty arrays has any number of them. */
  items(): (number | NumberBlock)[] {
    return Array.from({ length: this.length }, (_, index) => this.item(index));
  }
}

class NumberPool {
  private values = new Float64Array(64);
  length = 0;

  push(value: number): void {
    if (this.length === this.values.length) {
      const grown = new Float64Array(2 * this.length);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = value;
  }

  slice(start: number, count: number): Float64Array {
    return this.values.subarray(start, start + count);
  }
}

/** A JSON array under construction: a block as long as every child is a number, or a block of the dims of the first child. */
class ArrayBuilder {
  private childDims: readonly number[] | undefined;
  private count = 0;
  private items: JsonValue[] | undefined;
  private readonly start: number;

  constructor(
    private readonly pool: NumberPool,
    private readonly spend: (values: number) => void,
  ) {
    this.start = pool.length;
  }

  add(child: JsonValue): void {
    if (this.items === undefined && this.extendsBlock(child)) {
      this.count++;
      return;
    }
    this.spend(1);
    this.asItems().push(child);
  }

  private extendsBlock(child: JsonValue): boolean {
    const dims = typeof child === 'number' ? [] : child instanceof NumberBlock ? child.dims : undefined;
    if (dims === undefined) return false;
    this.childDims ??= dims;
    return dims.length === this.childDims.length && dims.every((dim, axis) => dim === this.childDims![axis]);
  }

  private asItems(): JsonValue[] {
    if (this.items === undefined) {
      this.spend(this.count);
      this.items = this.count === 0 ? [] : this.block().items();
    }
    return this.items;
  }

  private block(): NumberBlock {
    return new NumberBlock([this.count, ...(this.childDims ?? [])], this.pool, this.start);
  }

  finish(): JsonValue {
    return this.items ?? this.block();
  }
}

const CHAR = {
  tab: 0x09,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  space: 0x20,
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

const JSON_NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const WORDS: ReadonlyMap<string, JsonValue> = new Map<string, JsonValue>([
  ['true', true],
  ['false', false],
  ['null', null],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
]);

/** Letters, digits, `+ - . _`: what numbers and bare words are made of. */
function isWordByte(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e ||
    byte === 0x5f
  );
}

class JsonReader {
  private at = 0;
  private readonly pool = new NumberPool();
  private otherValues = 0;

  constructor(
    private readonly bytes: Buffer,
    private readonly origin: string,
    private readonly isQuotable: boolean,
  ) {}

  document(): JsonValue {
    if (this.bytes[0] === 0xef && this.bytes[1] === 0xbb && this.bytes[2] === 0xbf) this.at = 3;
    this.skipSpace();
    const value = this.value(0);
    this.skipSpace();
    if (this.at < this.bytes.length) throw this.syntax('the end of the text after the value');
    return value;
  }

  private value(depth: number): JsonValue {
    switch (this.bytes[this.at]) {
      case CHAR.openArray:
        return this.array(depth + 1);
      case CHAR.openObject:
        return this.object(depth + 1);
      case CHAR.quote:
        return this.string();
      // The text may end here: word says so.
      case undefined:
      default:
        return this.word();
    }
  }

  private array(depth: number): JsonValue {
    this.enter(depth);
    const builder = new ArrayBuilder(this.pool, (values) => this.spend(values));
    if (!this.take(CHAR.closeArray)) {
      do {
        this.skipSpace();
        builder.add(this.value(depth));
      } while (this.take(CHAR.comma));
      if (!this.take(CHAR.closeArray)) throw this.syntax('"," or "]"');
    }
    return builder.finish();
  }

  private object(depth: number): JsonObject {
    this.enter(depth);
    const entries = new Map<string, JsonValue>();
    if (this.take(CHAR.closeObject)) return entries;
    do {
      this.skipSpace();
      if (this.bytes[this.at] !== CHAR.quote) throw this.syntax('a name in double quotes');
      const name = this.string();
      if (entries.has(name)) throw this.syntax('every name once', `${JSON.stringify(name.slice(0, 64))} a second time`);
      if (!this.take(CHAR.colon)) throw this.syntax('":"');
      this.skipSpace();
      entries.set(name, this.value(depth));
    } while (this.take(CHAR.comma));
    if (!this.take(CHAR.closeObject)) throw this.syntax('"," or "}"');
    return entries;
  }

  private enter(depth: number): void {
    this.at++;
    if (depth > MAX_JSON_DEPTH) throw this.syntax(`at most ${MAX_JSON_DEPTH} levels of nesting`, 'one more');
  }

  private string(): string {
    this.spend(1);
    const start = this.at++;
    let isPlain = true;
    for (let byte = this.bytes[this.at]; byte !== CHAR.quote; byte = this.bytes[this.at]) {
      if (byte === undefined) throw this.syntax('a closing quote');
      isPlain &&= byte >= 0x20 && byte < 0x80 && byte !== CHAR.backslash;
      this.at += byte === CHAR.backslash ? 2 : 1;
    }
    this.at++;
    if (isPlain) return this.bytes.toString('latin1', start + 1, this.at - 1);
    const text = this.bytes.toString('utf8', start, this.at);
    try {
      return JSON.parse(text) as string;
    } catch {
      this.at = start;
      throw this.syntax('a string without raw control characters or unknown escapes');
    }
  }

  private word(): JsonValue {
    const start = this.at;
    while (isWordByte(this.bytes[this.at])) this.at++;
    if (this.at - start > MAX_NUMBER_LENGTH) throw this.syntax(`numbers of at most ${MAX_NUMBER_LENGTH} characters`);
    const text = this.bytes.toString('latin1', start, this.at);
    const value = JSON_NUMBER.test(text) ? Number(text) : WORDS.get(text);
    if (value === undefined) {
      this.at = start;
      throw this.syntax('a value', text === '' || !this.isQuotable ? undefined : JSON.stringify(text.slice(0, 64)));
    }
    if (typeof value !== 'number') {
      this.spend(1);
      return value;
    }
    if (this.pool.length >= MAX_NUMBERS) throw this.overflow(`at most ${MAX_NUMBERS} numbers`);
    this.pool.push(value);
    return value;
  }

  private spend(values: number): void {
    this.otherValues += values;
    if (this.otherValues > MAX_OTHER_VALUES) {
      throw this.overflow(`at most ${MAX_OTHER_VALUES} values beside regular arrays of numbers`);
    }
  }

  /** Skips space, then `byte` if it is next. */
  private take(byte: number): boolean {
    this.skipSpace();
    if (this.bytes[this.at] !== byte) return false;
    this.at++;
    return true;
  }

  private skipSpace(): void {
    for (; ; this.at++) {
      const byte = this.bytes[this.at];
      if (byte !== CHAR.space && byte !== CHAR.lineFeed && byte !== CHAR.carriageReturn && byte !== CHAR.tab) return;
    }
  }

  private syntax(expected: string, got?: string): ZkonnxError {
    const byte = this.bytes[this.at];
    const found =
      byte === undefined
        ? 'the end of the text'
        : !this.isQuotable
          ? 'something else'
          : byte > 0x20 && byte < 0x7f
            ? `"${String.fromCharCode(byte)}"`
            : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    return new ZkonnxError('INPUT_FORMAT', `${this.origin} is not JSON that holds tensors`, {
      expected,
      got: got ?? found,
      where: this.position(),
    });
  }

  private overflow(expected: string): ZkonnxError {
    return new ZkonnxError('FILE_TOO_LARGE', `${this.origin} holds too many values`, {
      expected,
      where: this.position(),
      help: 'use JSONL (one sample a line) or .npz',
    });
  }

  private position(): string {
    const end = Math.min(this.at, this.bytes.length);
    let line = 1;
    let lineStart = 0;
    for (let feed = this.bytes.indexOf(CHAR.lineFeed); feed !== -1 && feed < end;) {
      line++;
      lineStart = feed + 1;
      feed = this.bytes.indexOf(CHAR.lineFeed, lineStart);
    }
    return `${this.origin}, line ${line}, column ${end - lineStart + 1}`;
  }
}

/**
 * Reads one JSON document of UTF-8. `origin` names it in messages, which quote it only where `isQuotable`.
 * @throws ZkonnxError INPUT_FORMAT with line and column, FILE_TOO_LARGE for too many values.
 */
export function parseJsonText(bytes: Buffer, origin: string, isQuotable = true): JsonValue {
  return new JsonReader(bytes, origin, isQuotable).document();
}
