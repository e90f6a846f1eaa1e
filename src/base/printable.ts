/**
 * Text for terminals and logs. Names, labels and messages may come from files of strangers: control characters (escape sequences of the
 * terminal), line separators and bidirectional overrides are shown as \u…, in the spelling of JSON. Uses no Node API.
 */

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Lines stay lines, and tabs tabs: for text whose parts are clean already. */
export function printable(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, escaped);
}

/** One line, whatever a name holds. */
export function oneLine(text: string): string {
  return printable(text).replace(/[\n\t]/g, escaped);
}
