/** Base64 (RFC 4648, section 4) with padding, in its one spelling: no white space, no stray bits. Runs where there is no Node. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const DIGITS = Int8Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)));
/** Characters that are joined at once. */
const CHUNK = 2 ** 13;

export function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  let chunk = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const left = bytes.length - i;
    chunk +=
      ALPHABET[word >> 18]! +
      ALPHABET[(word >> 12) & 63]! +
      (left > 1 ? ALPHABET[(word >> 6) & 63]! : '=') +
      (left > 2 ? ALPHABET[word & 63]! : '=');
    if (chunk.length >= CHUNK) {
      parts.push(chunk);
      chunk = '';
    }
  }
  return parts.join('') + chunk;
}

/** Undefined for what is not the base64 of any bytes. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let [word, next] = [0, 0];
  for (let i = 0; i < digits; i++) {
    const code = text.charCodeAt(i);
    const digit = code < 128 ? DIGITS[code]! : -1;
    if (digit < 0) return undefined;
    word = ((word << 6) | digit) & 0xffffff;
    if ((i & 3) > 0) bytes[next++] = (word >> (6 - 2 * (i & 3))) & 0xff;
  }
  // Bits that no byte takes.
  const isWhole = padding === 0 || (word & (padding === 2 ? 15 : 3)) === 0;
  return isWhole ? bytes : undefined;
}
