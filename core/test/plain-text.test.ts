import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dotted, oneLine, plainJson, plainStream, plainText, printableJson } from '../plain-text.ts';

/** What none of the functions may let through, but for the two that `plainText` keeps. */
const obeyed = /[\p{Cc}\p{Bidi_C}\u2028\u2029]/u;

const csi = ['\u001b[31m', '\u001b[2J', '\u001b[1;31H', '\u009b31m', '\u001b[?1049h'];
const strings = ['\u001b]0;title\u0007', '\u001b]8;;http://x\u001b\\', '\u009d52;c;aGk=\u009c', '\u001bPq#0\u001b\\'];
const short = ['\u001bc', '\u001b(B', '\u001b7'];

test.each([...csi, ...strings, ...short])('the escape sequence %j disappears with its parameters', (sequence) => {
  expect(plainText(`a${sequence}b`)).toBe('ab');
  expect(oneLine(`a${sequence}b`)).toBe('ab');
});

test('of a string that is not terminated only the introducer disappears: nobody can hide the rest of a message', () => {
  expect(oneLine('failed \u001b]0; because of this')).toBe('failed 0; because of this');
});

test('removing a sequence does not make another one', () => {
  expect(obeyed.test(oneLine('\u001b\u001b[31m[32m'))).toBe(false);
});

test('a message cannot begin a line of its own', () => {
  expect(oneLine('ok\r\n2026-01-01 forged\u2028more\u0085\u000bend\n')).toBe('ok 2026-01-01 forged more end');
});

test('text of several lines keeps its lines and tabs, and cannot overwrite what it said before', () => {
  expect(plainText('one\n\ttwo\rONE\bX\n')).toBe('one\n\ttwoONEX\n');
});

test('marks and overrides of writing direction disappear, letters of every script stay', () => {
  expect(oneLine('abc\u202edcba\u2066x\u200e')).toBe('abcdcbax');
  expect(plainText('שלום، مرحبا 你好 👩‍👩‍👧')).toBe('שלום، مرحبا 你好 👩‍👩‍👧');
});

test('in a name, each control character shows as a dot', () => {
  expect(dotted('a\u0000b\u202ec')).toBe('a·b·c');
});

test('a sequence that the pieces of a stream cut in two disappears as well', () => {
  const whole = `a${csi.join('b')}c${strings.join('d')}e`;
  fc.assert(
    fc.property(fc.array(fc.nat(whole.length), { maxLength: 6 }), (cuts) => {
      const plain = plainStream();
      const ends = [...cuts.sort((a, b) => a - b), whole.length];
      expect(ends.map((end, index) => plain(whole.slice(ends[index - 1] ?? 0, end))).join('')).toBe('abbbbcddde');
    }),
  );
});

test('a stream that never finishes its sequence does not hide what follows for long', () => {
  const plain = plainStream();
  expect(plain('\u001b]')).toBe('');
  expect(plain('x'.repeat(5_000))).toBe('x'.repeat(5_000));
});

test('no text leaves anything that a terminal obeys', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('\u001b', '[', ']', ';', '0', 'm', '\u0007', '\u009b', '\u009c', '\\', '\n', '\u202e', 'é'),
  });
  fc.assert(
    fc.property(hostile, (text) => {
      expect(oneLine(text)).not.toMatch(obeyed);
      expect(plainText(text).replaceAll('\n', '')).not.toMatch(obeyed);
      expect(plainStream()(text).replaceAll('\n', '')).not.toMatch(obeyed);
    }),
  );
});

test('printable JSON is one printable line that holds the same data', () => {
  const value = { text: 'a\u0000\u001b[31m\u009b\u007f\u2028\u202e\n' };
  expect(printableJson(value)).not.toMatch(obeyed);
  expect(JSON.parse(printableJson(value))).toEqual(value);
});

test('a line of a log has plain texts, at any depth, and keeps its end', () => {
  const line = `${JSON.stringify({ level: 30, msg: 'a\u001b[31mb\u009b1mc', err: { stack: 'one\n  two\u0007' }, list: ['\u202e'] })}\n`;
  expect(plainJson(line)).toBe(`${JSON.stringify({ level: 30, msg: 'abc', err: { stack: 'one\n  two' }, list: [''] })}\n`);
});
