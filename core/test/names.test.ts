import { expect, test } from 'vitest';
import { isName, isVersion, shown, shownList } from '../names.ts';

test.each(['a', 'Z9', 'realtime', 'a.b-c_d', '0', 'x'.repeat(64)])('%j is a name', (text) => {
  expect(isName(text)).toBe(true);
});

test.each(['', 'x'.repeat(65), 'a b', 'a{b}', 'a:b', 'a/b', 'ü', 'a\n', '\u0000', '*', 'x'.repeat(10_000_000)])(
  'a name is none of %.20j',
  (text) => {
    expect(isName(text)).toBe(false);
  },
);

test.each(['1', '10', '999999999'])('%j is a version', (text) => {
  expect(isVersion(text)).toBe(true);
});

test.each(['', '0', '01', '-1', '1.0', '1000000000', '1\n', 'latest', ' 1'])('%j is no version', (text) => {
  expect(isVersion(text)).toBe(false);
});

test('what is shown has no control characters and at most 64 characters', () => {
  expect(shown('plain')).toBe('plain');
  expect(shown('a\u0000b\nc\u001b[31m\u007f\u0085\u2028\u2029')).toBe('a·b·c·[31m····');
  expect(shown('x'.repeat(64))).toBe('x'.repeat(64));
  expect(shown('x'.repeat(65))).toBe(`${'x'.repeat(61)}...`);
});

test('a list shows 20 names and counts the rest', () => {
  const names = Array.from({ length: 21 }, (_, index) => `n${index}`);
  expect(shownList([])).toBe('');
  expect(shownList(['a', 'b\n'])).toBe('a, b·');
  expect(shownList(names.slice(0, 20))).toMatch(/, n19$/);
  expect(shownList(names)).toMatch(/, n19 and 1 more$/);
});
