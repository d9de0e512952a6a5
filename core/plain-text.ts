/**
 * Text of users and models, made fit for a terminal or a log line: without what a terminal would obey (colours, cursor moves, titles,
 * links), what turns the order of letters around, and what could pass for a line of its own.
 */

// Escape sequences (ECMA-48, in their 7-bit and 8-bit forms) up to their last character.
const control = String.raw`(?:\x1b\[|\x9b)[0-?]*[ -/]*`;
const command = String.raw`(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*`;
const short = String.raw`\x1b[ -/]*`;
/** As a whole, so that their parameters do not stay behind as letters; a command string only where it is terminated. */
const sequences = new RegExp(String.raw`${control}[@-~]|${command}(?:\x07|\x1b\\|\x9c)|${short}[0-~]`, 'g');
/** The beginning of one at the end of a text. */
const unfinished = new RegExp(String.raw`(?:${control}|${command}\x1b?|${short})$`);
/** What goes on longer than this without an end is not taken for a sequence. */
const longestSequence = 4_096;

/** C0, DEL and C1, marks and overrides of writing direction, and Unicode's line separators. */
const unprintable = /[\p{Cc}\p{Bidi_C}\u2028\u2029]/gu;
const unprintableButLines = /(?![\n\t])[\p{Cc}\p{Bidi_C}\u2028\u2029]/gu;
/** Of these, what JSON leaves as it is. */
const leftByJson = /[\x7f-\x9f\p{Bidi_C}\u2028\u2029]/gu;
/** What may be in a line of JSON that `plainJson` has to change. */
const suspicious = /[\x7f-\x9f\p{Bidi_C}\u2028\u2029]|\\u00|\\[bfr]/u;
const breaks = /[\t-\r\x85\u2028\u2029]+/g;

/** Several lines stay several lines, tabs stay tabs. */
export function plainText(text: string): string {
  return text.toWellFormed().replace(sequences, '').replace(unprintableButLines, '');
}

/** For a place that must stay one line: a cell of a table, a message. Breaks and tabs become a blank. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(sequences, '').replace(breaks, ' ').replace(unprintable, '').trim();
}

/** Each control character shown as a dot: for a name in a message, where it should be seen that something was there. */
export function dotted(text: string): string {
  return text.toWellFormed().replace(unprintable, '\u00b7');
}

/** `plainText` for the pieces of a stream: a sequence that is cut in two by them is taken out too. */
export function plainStream(): (piece: string) => string {
  let held = '';
  return (piece) => {
    const text = held + piece;
    const at = unfinished.exec(text)?.index ?? text.length;
    const end = text.length - at > longestSequence ? text.length : at;
    held = text.slice(end);
    return plainText(text.slice(0, end));
  };
}

/** JSON on one line that holds the same data and shows no control character, whatever its texts contain. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(leftByJson, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A line of JSON with all its texts made plain. */
export function plainJson(line: string): string {
  if (!suspicious.test(line)) return line;
  const plain = JSON.stringify(JSON.parse(line), (_, value) => (typeof value === 'string' ? plainText(value) : value));
  return `${plain}${line.endsWith('\n') ? '\n' : ''}`;
}
