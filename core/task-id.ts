/**
 * Task ids: 26 characters of Crockford's base 32 in lower case. The first 10 are the submission time in milliseconds (so ids
 * sort by age), the next 2 the partition, the last 14 are random (70 bits).
 */

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const pattern = /^[0-9a-hjkmnp-tv-z]{26}$/;

/** What an id looks like, for people. */
export const taskIdRule = '26 characters of 0-9 and a-z without i, l, o and u, such as 01kahm3v5e00r8d2m4x6c1t9ab';

function encode(value: number, digits: number): string {
  let text = '';
  for (let rest = value, left = digits; left > 0; left--) {
    text = alphabet[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

function decode(text: string): number {
  let value = 0;
  for (const digit of text) value = value * 32 + alphabet.indexOf(digit);
  return value;
}

/** A new id. `time` is epoch milliseconds; `random` gives 14 bytes, each of which fills one character. */
export function newTaskId(time: number, partition: number, random: Uint8Array): string {
  let tail = '';
  for (let index = 0; index < 14; index++) tail += alphabet[(random[index] ?? 0) & 31];
  return encode(time, 10) + encode(partition, 2) + tail;
}

/** Time and partition of an id, or undefined where the text is no id at all. */
export function parseTaskId(id: string): { time: number; partition: number } | undefined {
  if (!pattern.test(id)) return undefined;
  return { time: decode(id.slice(0, 10)), partition: decode(id.slice(10, 12)) };
}
