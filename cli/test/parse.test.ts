import { expect, test } from 'vitest';
import { parseDuration } from '../parse/duration.ts';
import { parseBytes, parseFraction, parseInteger } from '../parse/number.ts';
import { parsePairs } from '../parse/pair.ts';
import { parseTime } from '../parse/time.ts';
import { requestOf } from '../run/submit-request.ts';

test.each([
  ['200ms', 200],
  ['5s', 5_000],
  ['1.5m', 90_000],
  ['2h', 7_200_000],
  ['1h30m', 5_400_000],
  ['10', 10_000],
])('the duration %s is %i milliseconds', (text, ms) => {
  expect(parseDuration('--delay', text)).toBe(ms);
});

test.each(['', 's', '-1s', '5S', `${'9'.repeat(20)}d`])('"%s" is not a duration, and the option is named', (text) => {
  expect(() => parseDuration('--delay', text)).toThrow(/^--delay takes a duration such as .*, not "/);
});

test('sizes have binary units, and none means bytes', () => {
  expect(['1048576', '512KiB', '64MiB', '2GiB'].map((text) => parseBytes('--x', text))).toEqual([
    1_048_576, 524_288, 67_108_864, 2_147_483_648,
  ]);
  for (const text of ['64MB', '-1', '1.5GiB', '']) expect(() => parseBytes('--x', text)).toThrow('--x takes a size');
});

test('whole numbers and fractions are taken as such only', () => {
  expect(parseInteger('--priority', '-3')).toBe(-3);
  for (const text of ['1.5', 'x', '', '1e3']) expect(() => parseInteger('--priority', text)).toThrow('--priority takes a whole number');
  expect(parseFraction('--w', '.8')).toBe(0.8);
  for (const text of ['0', '1.1', '-0.5', 'x']) expect(() => parseFraction('--w', text)).toThrow('--w takes a number over 0');
});

test('pairs split at the first equals sign, and each name comes once', () => {
  expect([...parsePairs('--param', ['a=1', 'b=x=y', 'c='])]).toEqual([
    ['a', '1'],
    ['b', 'x=y'],
    ['c', ''],
  ]);
  expect(() => parsePairs('--param', ['=1'])).toThrow('--param takes NAME=VALUE');
  expect(() => parsePairs('--param', ['a=1', 'a=2'])).toThrow('--param names "a" twice');
});

test('a time is a date, or so long ago', () => {
  expect(parseTime('--after', '2026-01-31T12:00:00Z', 0)).toEqual(new Date('2026-01-31T12:00:00Z'));
  expect(parseTime('--after', '2h', 10_000_000)).toEqual(new Date(2_800_000));
  expect(parseTime('--after', '1h 30m', 10_000_000)).toEqual(new Date(4_600_000));
  for (const text of ['yesterday', '2026-13-01', '2026-02-30', '2026', '5', ''])
    expect(() => parseTime('--after', text, 0)).toThrow('--after takes a time');
});

test('a request holds what was given and nothing else', () => {
  expect(requestOf('digits', {})).toEqual({ model: 'digits' });
  expect(
    requestOf('digits', {
      version: '2',
      queue: 'batch',
      priority: '9',
      delay: '5s',
      startWithin: '1m',
      softTimeLimit: '1s',
      hardTimeLimit: '2s',
      maxAttempts: '1',
      resultTtl: '1h',
      ignoreResult: true,
      metadata: ['who=me'],
      idempotencyKey: 'k',
    }),
  ).toEqual({
    model: 'digits',
    version: '2',
    queue: 'batch',
    priority: 9,
    delayMs: 5_000,
    startWithinMs: 60_000,
    softTimeLimitMs: 1_000,
    hardTimeLimitMs: 2_000,
    maxAttempts: 1,
    resultTtlMs: 3_600_000,
    ignoreResult: true,
    metadata: { who: 'me' },
    idempotencyKey: 'k',
  });
});
