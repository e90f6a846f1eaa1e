/** Reading untrusted JSON without trusting it: own properties only, no unknown fields, every number in its one spelling. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** JSON objects only: no array, no null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first own field of `object` that is not in `known`, or undefined. */
export function unknownField(object: JsonObject, known: readonly string[]): string | undefined {
  return Object.keys(object).find((field) => !known.includes(field));
}

/** A value from a file, cut so that a message stays one line whatever the file held. */
export function excerpt(value: unknown): string {
  const text =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
      ? JSON.stringify(typeof value === 'string' ? value.slice(0, 60) : value)
      : Array.isArray(value)
        ? `an array of ${value.length}`
        : `a value of type ${typeof value}`;
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

/** What `readDecimal` found instead of a number below the modulus. */
export type DecimalFault = 'MALFORMED' | 'TOO_LARGE';

/**
 * The number a decimal string spells, in [0, modulus): digits only, no sign, no leading zero, no space.
 * Its length is looked at before it is parsed, so a long string costs nothing.
 */
export function readDecimal(value: unknown, modulus: bigint): bigint | DecimalFault {
  if (typeof value !== 'string' || value.length === 0) return 'MALFORMED';
  // Both BN254 moduli have 77 digits; looking at no more than that many keeps a megabyte of digits cheap.
  const limit = modulus.toString().length;
  if (!/^(0|[1-9][0-9]*)$/.test(value.slice(0, limit + 1))) return 'MALFORMED';
  if (value.length > limit) return /^[0-9]+$/.test(value) ? 'TOO_LARGE' : 'MALFORMED';
  const number = BigInt(value);
  return number < modulus ? number : 'TOO_LARGE';
}

/**
 * The one text of a JSON value: keys sorted by UTF-16 code unit, no white space, numbers and strings as ECMAScript writes them
 * (the same as RFC 8785). The value must hold nothing but what JSON can: TypeError otherwise.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isObject(value)) {
    const fields = Object.keys(value)
      .filter((key) => value[key] !== undefined)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
    return `{${fields.join(',')}}`;
  }
  const isScalar = value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
  if (!isScalar) throw new TypeError(`not a JSON value: ${excerpt(value)}`);
  return JSON.stringify(value);
}
