import { expect, test } from 'vitest';
import { Chance } from '../../chaos/chance.ts';
import { leaks, type Sample, trendOf } from '../memory/trend.ts';
import { byteTolerance, keyTolerance } from '../settings.ts';

const MiB = 2 ** 20;
const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

/** A sample each second for so many minutes. */
function series(minutes: number, value: (minute: number) => number): Sample[] {
  return Array.from({ length: minutes * 60 }, (_, second) => ({ at: second * 1_000, value: value(second / 60) }));
}

function leaking(samples: Sample[]): boolean {
  return leaks(trendOf(samples), byteTolerance);
}

test.each(seeds)('a flat series with noise passes (seed %i)', (seed) => {
  const chance = new Chance(seed);
  expect(leaking(series(4, () => 120 * MiB + (chance.next() - 0.5) * 10 * MiB))).toBe(false);
});

test.each(seeds)('a series that leaks 1 MB a minute below noise of 5 MB fails (seed %i)', (seed) => {
  const chance = new Chance(seed);
  expect(leaking(series(6, (minute) => 120 * MiB + minute * 1_000_000 + (chance.next() - 0.5) * 5_000_000))).toBe(true);
});

test.each([7, 20, 45, 70])('a saw-tooth of %i seconds and 30 MiB passes', (seconds) => {
  expect(leaking(series(6, (minute) => 120 * MiB + 30 * MiB * (((minute * 60) % seconds) / seconds)))).toBe(false);
});

test('a saw-tooth whose lowest points rise by 1 MB a minute fails', () => {
  expect(leaking(series(15, (minute) => 120 * MiB + minute * 1_000_000 + 10 * MiB * (((minute * 60) % 20) / 20)))).toBe(true);
});

test('one step up, as of a heap that took another page, passes', () => {
  expect(leaking(series(6, (minute) => (minute < 5 ? 120 : 123) * MiB))).toBe(false);
});

test('a series that settles, as of code that is still compiled, passes', () => {
  const chance = new Chance(1);
  expect(leaking(series(8, (minute) => (120 + 12 * (1 - Math.exp(-minute))) * MiB + chance.next() * MiB))).toBe(false);
});

test('a series that grows by less than matters passes, however sure its slope', () => {
  expect(leaking(series(10, (minute) => 120 * MiB + minute * 10_000))).toBe(false);
});

test('a series that shrinks passes', () => {
  expect(leaking(series(6, (minute) => (120 - minute) * MiB))).toBe(false);
});

test('a key left behind by one task in a hundred, at 200 a second, fails', () => {
  const chance = new Chance(1);
  const keys = series(6, (minute) => 8_000 + minute * 120 + (chance.next() - 0.5) * 400);
  expect(leaks(trendOf(keys), keyTolerance)).toBe(true);
  expect(leaks(trendOf(series(6, () => 8_000 + (chance.next() - 0.5) * 400)), keyTolerance)).toBe(false);
});

test('the fitted slope is that of the line below the noise', () => {
  const chance = new Chance(3);
  const { perHour, atLeastPerHour, median } = trendOf(series(10, (minute) => 100 * MiB + minute * MiB + chance.next() * MiB));
  expect(perHour / MiB).toBeGreaterThan(57);
  expect(perHour / MiB).toBeLessThan(63);
  expect(atLeastPerHour).toBeLessThan(perHour);
  expect(median / MiB).toBeGreaterThan(104);
});
