import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDuration } from '../duration.ts';

test.each<[string | number, number]>([
  ['250ms', 250],
  ['10s', 10_000],
  ['1.5m', 90_000],
  ['5 min', 300_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['1h30m', 5_400_000],
  ['1h 30min', 5_400_000],
  ['1d2h3m4s5ms', 93_784_005],
  ['3m500ms', 180_500],
  [' 10 s ', 10_000],
  ['0', 0],
  ['0s', 0],
])('%j is %d ms', (written, ms) => {
  expect(parseDuration(written)).toBe(ms);
});

test('a number counts seconds, with or without the unit, as text and as a number', async () => {
  await fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000 }), (tenths) => {
      const seconds = tenths / 10;
      const ms = parseDuration(`${seconds}s`);
      expect(ms).toBe(tenths * 100);
      expect([parseDuration(String(seconds)), parseDuration(seconds)]).toEqual([ms, ms]);
    }),
  );
});

test.each<string | number>([
  '',
  ' ',
  's',
  '-5s',
  -5,
  '5x',
  '5S',
  '5M',
  '1e3',
  '0x10',
  '1:30',
  '1,5s',
  '30m1h',
  '1h2h',
  '10s5',
  '5 10s',
  'Infinity',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '99999999999999999999',
  '9'.repeat(1_000_000),
  `${'1'.repeat(400)}d`,
])('%j is not a duration', (written) => {
  expect(parseDuration(written)).toBeUndefined();
});
