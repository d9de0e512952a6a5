/**
 * Makes text from users and models safe for a terminal or a log line. Removes what a terminal would interpret (colours, cursor moves,
 * titles, links), what changes the writing direction, and what could look like a separate line.
 */

// Escape sequences (ECMA-48, in their 7-bit and 8-bit forms) up to their last character.
const control = String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*`;
const command = String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*`;
const short = String.raw`\x1b[ -/]*`;
/** Whole sequences, so that their parameters do not stay behind as letters; a command string only if it is terminated. */
const sequences = new RegExp(String.raw`${control}[@-~]|${command}(?:\x07|\x1b\\|\x9c)|${short}[0-~]`, 'g');
/** The beginning of a sequence at the end of a text. */
const unfinished = new RegExp(String.raw`(?:${control}|${command}\x1b?|${short})$`);
/** Anything longer than this without an end is not treated as a sequence. */
const longestSequence = 4_096;

/** C0, DEL and C1, characters that change the writing direction, and Unicode's line separators. */
const unprintable = /[\p{Cc}\p{Bidi_C}\u2028\u2029]/gu;
const unprintableButLines = /(?![\n\t])[\p{Cc}\p{Bidi_C}\u2028\u2029]/gu;
/** Those of them that JSON.stringify does not escape. */
const leftByJson = /[\x7f-\x9f\p{Bidi_C}\u2028\u2029]/gu;
/** A line of JSON without any of these needs no change by `plainJson`. */
const suspicious = /[\x7f-\x9f\p{Bidi_C}\u2028\u2029]|\\u00|\\[bfr]/u;
const breaks = /[\t-\r\x85\u2028\u2029]+/g;

/** Safe text that keeps its line breaks and tabs. */
export function plainText(text: string): string {
  return text.toWellFormed().replace(sequences, '').replace(unprintableButLines, '');
}

/** Safe text on one line, for a table cell or a message. Each run of line breaks and tabs becomes a space. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(sequences, '').replace(breaks, ' ').replace(unprintable, '').trim();
}

/** Shows each control character as a dot: for a name in a message, where the reader should see that something was there. */
export function dotted(text: string): string {
  return text.toWellFormed().replace(unprintable, '\u00b7');
}

/** `plainText` for the chunks of a stream: also removes a sequence that is split between chunks. */
export function plainStream(): (chunk: string) => string {
  let held = '';
  return (chunk) => {
    const text = held + chunk;
    const at = unfinished.exec(text)?.index ?? text.length;
    const end = text.length - at > longestSequence ? text.length : at;
    held = text.slice(end);
    return plainText(text.slice(0, end));
  };
}

/** JSON on one line with the same data, in which every control character is escaped. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(leftByJson, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A line of JSON with `plainText` applied to all its strings. */
export function plainJson(line: string): string {
  if (!suspicious.test(line)) return line;
  const plain = JSON.stringify(JSON.parse(line), (_, value) => (typeof value === 'string' ? plainText(value) : value));
  return `${plain}${line.endsWith('\n') ? '\n' : ''}`;
}
