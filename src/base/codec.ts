/**
 * Binary formats as data: a codec says how a value is written and how it is read, in one description, so that the two cannot differ. Readers are for
 * bytes of strangers: everything is bounded, and what is read is exactly what the writer would write.
 *
 *   varint    unsigned LEB128, least digits of 7 bits first, no leading zero digits; below 2^64
 *   signed    varint of 2v for v ≥ 0, of −2v − 1 below
 *   text      varint of bytes, UTF-8
 *   list      varint of entries, the entries
 *   runs      varint of entries, then pairs (signed difference to the entry before, the first to 0; varint of how many entries it leads to), neighbours different
 */

/** Why bytes are not what a codec writes; the caller makes an error of its own of it. */
export class CodecFault extends Error {
  constructor(
    message: string,
    /** Where in the bytes. */
    readonly offset: number,
  ) {
    super(`${message}, at byte ${offset}`);
    this.name = 'CodecFault';
  }
}

/** Entries that lists and arrays of one reading may have together: what a few bytes of a stranger may make us allocate. */
const MAX_ENTRIES = 2 ** 26;

export class ByteWriter {
  private bytes = new Uint8Array(1024);
  private length = 0;

  byte(value: number): void {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.bytes.length);
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes[this.length++] = value;
  }

  raw(bytes: Uint8Array): void {
    for (const byte of bytes) this.byte(byte);
  }

  varint(value: number | bigint): void {
    let small: number;
    if (typeof value === 'bigint') {
      let rest = value;
      for (; rest >= SAFE; rest >>= 7n) this.byte(Number(rest & 127n) | 128);
      small = Number(rest);
    } else small = value;
    for (; small >= 128; small = Math.floor(small / 128)) this.byte((small % 128) | 128);
    this.byte(small);
  }

  signed(value: number | bigint): void {
    const isSmall = typeof value === 'number' && Math.abs(value) < 2 ** 51;
    if (isSmall) this.varint(value >= 0 ? 2 * value : -2 * value - 1);
    else this.varint(value >= 0 ? 2n * BigInt(value) : -2n * BigInt(value) - 1n);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

const SAFE = 2n ** 53n;

export class ByteReader {
  private next = 0;
  private entries = 0;

  constructor(private readonly bytes: Uint8Array) {}

  byte(): number {
    if (this.next === this.bytes.length) throw this.fault('the bytes end too early');
    return this.bytes[this.next++]!;
  }

  raw(length: number): Uint8Array {
    if (length > this.bytes.length - this.next) throw this.fault('the bytes end too early');
    return this.bytes.subarray(this.next, (this.next += length));
  }

  /** Below 2^64. */
  bigVarint(): bigint {
    let low = 0;
    let factor = 1;
    // Seven digits of seven bits are a safe integer.
    for (let digit = 0; digit < 7; digit++, factor *= 128) {
      const byte = this.byte();
      low += (byte & 127) * factor;
      if (byte < 128) return BigInt(this.whole(low, byte, digit));
    }
    let value = BigInt(low);
    for (let digit = 7n; digit < 10n; digit++) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << (7n * digit);
      if (byte < 128) {
        if (byte === 0 || value >= 1n << 64n) throw this.fault('a number is not in its one spelling');
        return value;
      }
    }
    throw this.fault('a number is too long');
  }

  private whole(value: number, last: number, digit: number): number {
    if (last === 0 && digit > 0) throw this.fault('a number is not in its one spelling');
    return value;
  }

  /** At most `max`, which is a safe integer. */
  varint(max: number): number {
    const value = this.bigVarint();
    if (value > BigInt(max)) throw this.fault(`${value} where at most ${max} may be`);
    return Number(value);
  }

  bigSigned(): bigint {
    const code = this.bigVarint();
    return (code & 1n) === 0n ? code >> 1n : -(code + 1n) / 2n;
  }

  /** A safe integer. */
  signed(): number {
    const value = Number(this.bigSigned());
    if (!Number.isSafeInteger(value)) throw this.fault('a number is too large');
    return value;
  }

  /** A number of entries, of at most `max`, that are about to be read. */
  count(max: number): number {
    const count = this.varint(max);
    this.entries += count;
    if (this.entries > MAX_ENTRIES) throw this.fault('too many entries');
    return count;
  }

  end(): void {
    if (this.next !== this.bytes.length) throw this.fault(`${this.bytes.length - this.next} bytes too many`);
  }

  fault(message: string): CodecFault {
    return new CodecFault(message, this.next);
  }
}

export interface Codec<T> {
  /** Of a value in the codec's range. */
  readonly write: (writer: ByteWriter, value: T) => void;
  /** Throws CodecFault. */
  readonly read: (reader: ByteReader) => T;
}

/** A whole number in [0, max]. */
export const upTo = (max: number): Codec<number> => ({
  write: (writer, value) => {
    writer.varint(value);
  },
  read: (reader) => reader.varint(max),
});

/** A safe integer. */
export const integer: Codec<number> = {
  write: (writer, value) => {
    writer.signed(value);
  },
  read: (reader) => reader.signed(),
};

/** Of 64 bits: in [−2^63, 2^63). */
export const bigInteger: Codec<bigint> = {
  write: (writer, value) => {
    writer.signed(value);
  },
  read: (reader) => reader.bigSigned(),
};

export const flag: Codec<boolean> = {
  write: (writer, value) => {
    writer.byte(value ? 1 : 0);
  },
  read: (reader) => reader.varint(1) === 1,
};

/** Of at most `max` bytes. Unpaired surrogates are written as U+FFFD. */
export const text = (max: number): Codec<string> => ({
  write(writer, value) {
    const bytes = new TextEncoder().encode(value);
    writer.varint(bytes.length);
    writer.raw(bytes);
  },
  read(reader) {
    const bytes = reader.raw(reader.count(max));
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw reader.fault('a text is not UTF-8');
    }
  },
});

export const list = <T>(entry: Codec<T>, max: number, min = 0): Codec<readonly T[]> => ({
  write(writer, values) {
    writer.varint(values.length);
    for (const value of values) entry.write(writer, value);
  },
  read(reader) {
    const count = reader.count(max);
    if (count < min) throw reader.fault(`${count} entries where at least ${min} belong`);
    return Array.from({ length: count }, () => entry.read(reader));
  },
});

/** Fields in the order of the description. */
export const struct = <T extends object>(fields: { readonly [K in keyof T]: Codec<T[K]> }): Codec<T> => ({
  write(writer, value) {
    for (const field of Object.keys(fields) as (keyof T)[]) fields[field].write(writer, value[field]);
  },
  read(reader) {
    const value: Partial<T> = {};
    for (const field of Object.keys(fields) as (keyof T)[]) value[field] = fields[field].read(reader);
    return value as T;
  },
});

/** One of some names, by its place. */
export const oneOf = <T extends string>(...names: readonly T[]): Codec<T> => ({
  write: (writer, value) => {
    writer.byte(names.indexOf(value));
  },
  read: (reader) => names[reader.varint(names.length - 1)]!,
});

/** A value or none. */
export const optional = <T>(codec: Codec<T>): Codec<T | undefined> => ({
  write(writer, value) {
    flag.write(writer, value !== undefined);
    if (value !== undefined) codec.write(writer, value);
  },
  read: (reader) => (flag.read(reader) ? codec.read(reader) : undefined),
});

/** Variants told apart by a field `kind`: its place among the names, then the variant without it. */
export function variants<T extends { readonly kind: string }>(table: {
  readonly [K in T['kind']]: Codec<Omit<Extract<T, { readonly kind: K }>, 'kind'>>;
}): Codec<T> {
  const names = Object.keys(table) as T['kind'][];
  return {
    write(writer, value) {
      const kind: T['kind'] = value.kind;
      writer.byte(names.indexOf(kind));
      (table[kind] as unknown as Codec<object>).write(writer, value);
    },
    read(reader) {
      const kind = names[reader.varint(names.length - 1)]!;
      return { kind, ...(table[kind] as unknown as Codec<object>).read(reader) } as unknown as T;
    },
  };
}

type Integers = Uint32Array | Int32Array | Float64Array;

/** Arrays of integers that often go on by one difference. */
const runs = <T extends Integers>(make: (length: number) => T, lo: number, hi: number): Codec<T> => ({
  write(writer, values) {
    writer.varint(values.length);
    for (let i = 0, before = 0; i < values.length;) {
      const difference = values[i]! - before;
      let end = i + 1;
      while (end < values.length && values[end]! - values[end - 1]! === difference) end++;
      writer.signed(difference);
      writer.varint(end - i);
      before = values[end - 1]!;
      i = end;
    }
  },
  read(reader) {
    const values: T = make(reader.count(MAX_ENTRIES));
    let [value, last] = [0, Number.NaN];
    for (let i = 0; i < values.length;) {
      const difference = reader.signed();
      const run = reader.varint(values.length - i);
      if (run === 0 || difference === last) throw reader.fault('a run is not in its one spelling');
      for (const end = i + run; i < end; i++) {
        value += difference;
        if (value < lo || value > hi) throw reader.fault(`${value} is not in [${lo}, ${hi}]`);
        values[i] = value;
      }
      last = difference;
    }
    return values;
  },
});

export const u32Array: Codec<Uint32Array> = runs<Uint32Array>((length) => new Uint32Array(length), 0, 2 ** 32 - 1);
export const i32Array: Codec<Int32Array> = runs<Int32Array>(
  (length) => new Int32Array(length),
  -(2 ** 31),
  2 ** 31 - 1,
);
/** Of integers in [−2^52, 2^52], so that differences are safe too. */
export const integerRuns: Codec<Float64Array> = runs<Float64Array>(
  (length) => new Float64Array(length),
  -(2 ** 52),
  2 ** 52,
);

/** Safe integers without any order, one by one. */
export const integers: Codec<Float64Array> = {
  write(writer, values) {
    writer.varint(values.length);
    for (const value of values) writer.signed(value);
  },
  read(reader) {
    const values = new Float64Array(reader.count(MAX_ENTRIES));
    for (let i = 0; i < values.length; i++) values[i] = reader.signed();
    return values;
  },
};

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter();
  codec.write(writer, value);
  return writer.finish();
}

/** The value whose encoding the bytes are, all of them. Throws CodecFault. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = codec.read(reader);
  reader.end();
  return value;
}
